import { Resolver } from 'node:dns/promises'

/** One question to a name server, and how often it is asked. c-ares: the four threads of getaddrinfo would be blocked by one slow resolver. */
const PATIENCE = { timeout: 2_000, tries: 2 }

/** What the name servers of the machine are may change. */
const KEPT_MS = 60_000

/** Asks for the addresses of a name, of IPv4 and of IPv6; rejects when the signal is aborted. Nothing of an answer is kept. */
export type Names = (host: string, signal: AbortSignal) => Promise<Asked>
type Asked = [PromiseSettledResult<string[]>, PromiseSettledResult<string[]>]

const ask = (resolver: Resolver, host: string): Promise<Asked> =>
  Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)])

/** By a resolver of its own for each name, which is closed with the signal. */
export const freshNames: Names = async (host, signal) => {
  const resolver = new Resolver(PATIENCE)
  const cancel = () => resolver.cancel()
  signal.addEventListener('abort', cancel, { once: true })
  const asked = await ask(resolver, host)
  signal.removeEventListener('abort', cancel)
  signal.throwIfAborted()
  return asked
}

/** By one resolver for all names: making one (it reads the machine's settings, and opens a socket) costs as much as the rest of a probe. */
export function sharedNames(elapsed: () => number): Names {
  let resolver: Resolver | null = null
  let madeAt = 0
  return async (host, signal) => {
    if (resolver === null || elapsed() - madeAt > KEPT_MS) {
      resolver = new Resolver(PATIENCE)
      madeAt = elapsed()
    }
    // What it is still waiting for after that ends by itself: cancelling would end the questions of others, too.
    return new Promise((resolve, reject) => {
      const abort = () => reject(signal.reason)
      signal.addEventListener('abort', abort, { once: true })
      void ask(resolver as Resolver, host).then((asked) => {
        signal.removeEventListener('abort', abort)
        resolve(asked)
      })
    })
  }
}
