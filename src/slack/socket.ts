import { SocketModeClient } from '@slack/socket-mode'
import { sleep } from '../clock.ts'
import { messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import { clientOptions, slackLogger } from './client.ts'
import type { Hear } from './receiver.ts'

/** Two: Slack closes each every few hours, and while one is being replaced the other hears. */
const CONNECTIONS = 2

/** Connections are opened this far apart: `apps.connections.open` is of Slack's slowest tier. */
const STAGGER_MS = 250

/** Own reconnecting, with a ceiling: the SDK's has none, and rejects inside a timer when it gives up (reliability 2.3). */
const FIRST_RETRY_MS = 250
const RETRY_CEILING_MS = 15_000

/** A connection on which pings, one a second, go unanswered for so long is given up. */
const PONG_MS = 3_000

/**
 * The SDK then asks the other side to agree, which one that is gone never does, for another 30 s. Nobody is heard over it meanwhile, so it
 * is cut as soon as it is given up.
 */
const LOOK_MS = 500

/** A connection that has not said hello by then is given up. */
const HELLO_MS = 10_000

interface SlackEvent {
  ack(response?: Record<string, unknown>): Promise<void>
  type: string
  body: Record<string, unknown>
}

export interface SocketMode {
  start(): void
  stop(): Promise<void>
  /** Connections that have said hello. */
  connected(): number
}

interface Options {
  appToken: string
  apiUrl: string
  log: Logger
  hear: Hear
}

/** Socket Mode: connections that we open, over which Slack sends what people do. */
export function socketMode({ appToken, apiUrl, log, hear }: Options): SocketMode {
  const live = new Set<SocketModeClient>()
  const closing = new AbortController()
  let loops: Promise<void>[] = []

  async function keepConnected(turn: number): Promise<void> {
    await sleep(turn * STAGGER_MS, closing.signal).catch(() => {})
    for (let failures = 0; !closing.signal.aborted; ) {
      const lasted = await connectOnce()
      failures = lasted ? 0 : failures + 1
      const pause = Math.min(RETRY_CEILING_MS, FIRST_RETRY_MS * 2 ** Math.min(failures, 10))
      await sleep(lasted ? FIRST_RETRY_MS : pause * (0.75 + Math.random() / 4), closing.signal).catch(() => {})
    }
  }

  /** One connection, from opening to its end; whether it came to a hello. */
  async function connectOnce(): Promise<boolean> {
    const client = new SocketModeClient({
      appToken,
      autoReconnectEnabled: false,
      clientPingTimeout: PONG_MS,
      logger: slackLogger(log),
      clientOptions: clientOptions(apiUrl, log),
    })
    const ended = new Promise<void>((resolve) => client.once('disconnected', resolve))
    client.on('slack_event', (event: SlackEvent) => {
      listen(event).catch((error: unknown) => log.error({ err: error }, 'a payload of Slack is unreadable'))
    })
    let gaveUp = false
    const abort = () => {
      gaveUp = true
      client.disconnect().catch(() => {})
    }
    closing.signal.addEventListener('abort', abort, { once: true })
    const patience = setTimeout(abort, HELLO_MS)
    const look = setInterval(() => {
      if (!live.has(client) || client.websocket?.readyState === WebSocket.OPEN) return
      if (live.delete(client)) log.warn({ connections: live.size }, 'a connection to Slack is deaf, or was closed')
      abort()
    }, LOOK_MS)
    try {
      await client.start()
      clearTimeout(patience)
      // Given up meanwhile, though the SDK went on to connect.
      if (gaveUp) return false
      live.add(client)
      log.info({ connections: live.size }, 'connected to Slack')
      await ended
      return true
    } catch (error) {
      if (!closing.signal.aborted) log.warn({ reason: messageOf(error) }, 'cannot connect to Slack; trying again')
      return false
    } finally {
      clearTimeout(patience)
      clearInterval(look)
      live.delete(client)
      closing.signal.removeEventListener('abort', abort)
      client.removeAllListeners('slack_event')
      if (client.websocket?.isActive()) abort()
    }
  }

  async function listen({ ack, type, body }: SlackEvent): Promise<void> {
    await hear({ type, body }, async (answer) => {
      // What is not acknowledged comes again.
      if (answer.taken) await ack(answer.body)
    })
  }

  return {
    start() {
      loops = Array.from({ length: CONNECTIONS }, (_, turn) => keepConnected(turn))
    },
    async stop() {
      closing.abort(new Error('closing'))
      await Promise.all(loops)
    },
    connected: () => live.size,
  }
}
