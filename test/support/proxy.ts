import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/**
 * A TCP proxy on loopback, to treat a network badly: what goes through it can be dropped without a word, reset, or delayed. Neither side
 * has to know.
 */
export interface Wire {
  readonly port: number
  /** Connections that are open at this moment. */
  connections(): number
  /** Bytes pass again, on connections that are open and on new ones; what was dropped meanwhile is lost, and its connection is cut. */
  pass(): void
  /** Nothing passes any more, in neither direction, and nobody is told: a cable that was pulled. New connections are taken and stay mute. */
  drop(): void
  /** Every connection is reset, and so is every new one. */
  reset(): void
  /** What is there already is cut, once; new connections are served. */
  cut(): void
  /** Every byte arrives so much later, in both directions. */
  delay(ms: number): void
  close(): Promise<void>
}

type Weather = 'pass' | 'drop' | 'reset'

/** @param target the port that a connection goes to, asked for each anew; null: nobody is there */
export async function startProxy(target: () => number | null): Promise<Wire> {
  const pairs = new Set<Pair>()
  let weather: Weather = 'pass'
  let delayMs = 0
  const server = createServer({ allowHalfOpen: false }, (client) => {
    const port = target()
    if (weather === 'reset' || port === null) {
      client.on('error', () => {})
      client.resetAndDestroy()
      return
    }
    const pair: Pair = { client, upstream: connect({ host: '127.0.0.1', port }), lost: weather === 'drop' }
    pairs.add(pair)
    join(pair, () => pairs.delete(pair))
  })

  function join(pair: Pair, ended: () => void): void {
    const { client, upstream } = pair
    const end = () => {
      client.destroy()
      upstream.destroy()
      ended()
    }
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.setNoDelay(true)
      from.on('data', (chunk) => {
        if (weather === 'drop') pair.lost = true
        if (pair.lost) return
        if (delayMs === 0) to.write(chunk)
        else setTimeout(() => !to.destroyed && to.write(chunk), delayMs)
      })
      from.on('error', end)
      // The end of one side is news for the other, and none passes.
      from.on('close', () => (weather === 'drop' ? from.destroy() : setTimeout(end, delayMs)))
    }
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the system gave no port')

  const cut = (which: (pair: Pair) => boolean) => {
    for (const pair of [...pairs].filter(which)) {
      pair.client.resetAndDestroy()
      pair.upstream.resetAndDestroy()
      pairs.delete(pair)
    }
  }
  return {
    port: address.port,
    connections: () => pairs.size,
    pass() {
      weather = 'pass'
      // Their streams have a hole.
      cut(({ lost }) => lost)
    },
    drop() {
      weather = 'drop'
    },
    reset() {
      weather = 'reset'
      cut(() => true)
    },
    cut: () => cut(() => true),
    delay(ms) {
      delayMs = ms
    },
    async close() {
      cut(() => true)
      server.close()
      await once(server, 'close')
    },
  }
}

interface Pair {
  client: Socket
  upstream: Socket
  /** Bytes of it were dropped. */
  lost: boolean
}
