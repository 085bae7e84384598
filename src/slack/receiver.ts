import type { App, Receiver } from '@slack/bolt'
import { SocketModeClient } from '@slack/socket-mode'
import { z } from 'zod'
import { sleep } from '../clock.ts'
import { messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import { clientOptions, slackLogger } from './client.ts'
import { storeDown } from './words.ts'

/** Two: Slack closes each every few hours, and while one is being replaced the other hears. */
const CONNECTIONS = 2

/** Connections are opened this far apart: `apps.connections.open` is of Slack's slowest tier. */
const STAGGER_MS = 250

/** Own reconnecting, with a ceiling: the SDK's has none, and rejects inside a timer when it gives up (reliability 2.3). */
const FIRST_RETRY_MS = 250
const RETRY_CEILING_MS = 15_000

/** A connection that has not said hello by then is given up. */
const HELLO_MS = 10_000

/** Slack takes an acknowledgement for this long; a store that has not answered by then is down as far as the person can tell. */
const RECORD_MS = 2_500

/** Keeps a payload as Slack sent it. `null`: it has been kept before. */
interface Ledger<T> {
  record(key: string, body: Payload): Promise<T | null>
  finish(receipt: T): Promise<void>
  /** What the payload is known by. */
  name(receipt: T): string
}

const Payload = z.object({ type: z.string(), body: z.record(z.string(), z.unknown()) })
type Payload = z.infer<typeof Payload>

interface SlackEvent {
  ack(response?: Record<string, unknown>): Promise<void>
  envelope_id: string
  type: string
  body: Record<string, unknown>
  retry_num?: number
}

export interface SocketReceiver<T> extends Receiver {
  /** Connections that have said hello. */
  connected(): number
  /** Works on a payload that a dead process left undone. */
  resume(receipt: T, payload: unknown): Promise<void>
  busy(): boolean
}

interface Options<T> {
  appToken: string
  apiUrl: string
  log: Logger
  ledger: Ledger<T>
}

/**
 * Socket Mode that records before it acknowledges, and takes nothing twice (Bolt acknowledges events before any listener has run, so that
 * a crash would lose them). Events may come again under a new envelope: their own id is the key; commands and clicks have the envelope's.
 */
export function socketReceiver<T>({ appToken, apiUrl, log, ledger }: Options<T>): SocketReceiver<T> {
  const live = new Set<SocketModeClient>()
  const working = new Set<Promise<void>>()
  const closing = new AbortController()
  let app: App | null = null
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
      logger: slackLogger(log),
      clientOptions: clientOptions(apiUrl, log),
    })
    const ended = new Promise<void>((resolve) => client.once('disconnected', resolve))
    client.on('slack_event', (event: SlackEvent) => {
      hear(event).catch((error: unknown) => log.error({ err: error }, 'a payload of Slack is unreadable'))
    })
    let gaveUp = false
    const abort = () => {
      gaveUp = true
      client.disconnect().catch(() => {})
    }
    closing.signal.addEventListener('abort', abort, { once: true })
    const patience = setTimeout(abort, HELLO_MS)
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
      live.delete(client)
      closing.signal.removeEventListener('abort', abort)
      client.removeAllListeners('slack_event')
      if (client.websocket?.isActive()) abort()
    }
  }

  async function hear({ ack, envelope_id, type, body, retry_num }: SlackEvent): Promise<void> {
    const payload: Payload = { type, body }
    const recording = ledger.record(keyOf(payload, envelope_id), payload)
    let receipt: T | null
    try {
      receipt = await within(RECORD_MS, recording)
    } catch (error) {
      log.error({ type, reason: messageOf(error) }, 'a payload of Slack could not be recorded')
      // The store may still take it. Events are owed all the same; what people are told here was not done must not be done later.
      recording
        .then((late) => late && (type === 'events_api' ? work(late, payload) : ledger.finish(late)))
        .catch(() => {})
      // Events come again by themselves. People are told.
      if (type === 'slash_commands') await ack({ text: storeDown }).catch(() => {})
      if (type === 'interactive') {
        await ack().catch(() => {})
        await tell(body.response_url, storeDown)
      }
      return
    }
    // Without an acknowledgement (the connection is gone) Slack says that it failed; what is on record is done, and answered.
    await ack().catch((error: unknown) => log.warn({ type, reason: messageOf(error) }, 'an acknowledgement was lost'))
    if (receipt === null) return log.debug({ envelope_id, retry_num }, 'heard before')
    await work(receipt, payload)
  }

  async function work(receipt: T, payload: Payload): Promise<void> {
    const done = (async () => {
      await app?.processEvent({
        body: payload.body,
        ack: async () => {},
        customProperties: { receipt: ledger.name(receipt) },
      })
      await ledger.finish(receipt)
    })()
    working.add(done)
    await done
      .catch((error: unknown) => log.error({ err: error }, 'a payload of Slack could not be worked on'))
      .finally(() => working.delete(done))
  }

  return {
    init(bolt) {
      app = bolt
    },
    async start() {
      loops = Array.from({ length: CONNECTIONS }, (_, turn) => keepConnected(turn))
    },
    async stop() {
      closing.abort(new Error('closing'))
      await Promise.all(loops)
      await Promise.allSettled(working)
    },
    connected: () => live.size,
    resume: async (receipt, payload) => work(receipt, Payload.parse(payload)),
    busy: () => working.size > 0,
  }
}

/** What makes a payload the same payload: deliveries may differ in their envelope. */
function keyOf({ type, body }: Payload, envelopeId: string): string {
  const id = body['event_id'] ?? envelopeId ?? body['trigger_id']
  return `${type}/${String(id)}`
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  const limit = new AbortController()
  try {
    return await Promise.race([
      promise,
      sleep(ms, limit.signal).then(() => {
        throw new Error(`no answer within ${ms} ms`)
      }),
    ])
  } finally {
    limit.abort()
  }
}

async function tell(responseUrl: unknown, text: string): Promise<void> {
  if (typeof responseUrl !== 'string') return
  const body = JSON.stringify({ response_type: 'ephemeral', replace_original: false, text })
  await fetch(responseUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    signal: AbortSignal.timeout(3_000),
  }).catch(() => {})
}
