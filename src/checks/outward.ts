import type { PingOutward } from '../deps.ts'
import { refusedHost } from './address.ts'
import { ask } from './ask.ts'
import { inWords } from './look.ts'

const LONGEST_MS = 5_000

/** Tells the watcher of the watcher that all is well; by the rules of probes. What is said of a failure never repeats the address: it is a key. */
export const pingOutward: PingOutward = async (address, allowPrivate) => {
  const url = new URL(address)
  const why = refusedHost(url.hostname, allowPrivate)
  if (why !== null) return { ok: false, why }
  try {
    const { status, line } = await ask(url, { allowPrivate, signal: AbortSignal.timeout(LONGEST_MS), most: 0 })
    return status >= 200 && status < 300 ? { ok: true } : { ok: false, why: line }
  } catch (error) {
    return { ok: false, why: inWords(error) }
  }
}
