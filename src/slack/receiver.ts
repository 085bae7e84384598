import { createHash } from 'node:crypto'
import type { App, Receiver as BoltReceiver } from '@slack/bolt'
import { z } from 'zod'
import { sleep } from '../clock.ts'
import { messageOf } from '../errors.ts'
import { canonical } from '../json.ts'
import type { Logger } from '../log.ts'
import { respond } from './respond.ts'
import { stopping, storeDown } from './words.ts'

/** Slack waits for an acknowledgement for 3 s; a store that has not answered by then is down as far as the person can tell. */
const RECORD_MS = 2_500

/** Keeps a payload as Slack sent it. `null`: it has been kept before. */
interface Ledger<T> {
  record(key: string, body: Payload): Promise<T | null>
  finish(receipt: T): Promise<void>
  /** What the payload is known by. */
  name(receipt: T): string
}

const Payload = z.object({
  /** `events_api`, `slash_commands` or `interactive`, as Socket Mode names them. */
  type: z.string(),
  body: z.record(z.string(), z.unknown()),
})
export type Payload = z.infer<typeof Payload>

/** What Slack is answered: that we have it (with what is to be shown, if anything), or that it has to come again. */
type Answer = { taken: true; body?: Record<string, unknown> } | { taken: false }

/** Takes a payload from either mode. `answer` is called once, in time. */
export type Hear = (payload: Payload, answer: (answer: Answer) => Promise<void>) => Promise<void>

export interface Receiver<T> extends BoltReceiver {
  hear: Hear
  /** Works on a payload that a dead process left undone. */
  resume(receipt: T, payload: unknown): Promise<void>
  busy(): boolean
}

interface Options<T> {
  log: Logger
  ledger: Ledger<T>
  /** Whether an event is worth a record: channels are full of what concerns nobody here. */
  heeds?(event: unknown): boolean
  /** What is wrong with a form, by its fields: that is said in it, and nothing is kept of it. Null: nothing is. */
  wrongIn?(view: unknown): Record<string, string> | null
}

/**
 * What Socket Mode and HTTP mode share: a payload is on record before it is acknowledged, and is worked on once, whichever way and however
 * often it comes (Bolt acknowledges events before any listener has run, so that a crash would lose them).
 */
export function createReceiver<T>({ log, ledger, heeds, wrongIn }: Options<T>): Receiver<T> {
  const working = new Set<Promise<void>>()
  let app: App | null = null
  let stopped = false

  function tracked(work: Promise<void>): Promise<void> {
    working.add(work)
    return work.finally(() => working.delete(work))
  }

  async function take(payload: Payload, answer: (answer: Answer) => Promise<void>): Promise<void> {
    if (stopped) return turnAway(payload, answer, stopping)
    if (payload.body.type === 'block_suggestion') return suggest(payload, answer)
    if (payload.type === 'events_api' && heeds?.(payload.body.event) === false)
      return answer({ taken: true }).catch(() => {})
    const errors = payload.body.type === 'view_submission' ? (wrongIn?.(payload.body.view) ?? null) : null
    if (errors !== null) return answer({ taken: true, body: { response_action: 'errors', errors } }).catch(() => {})
    const recording = ledger.record(keyOf(payload), payload)
    let receipt: T | null
    try {
      receipt = await within(RECORD_MS, recording)
    } catch (error) {
      log.error({ type: payload.type, reason: messageOf(error) }, 'a payload of Slack could not be recorded')
      // The store may still take it. Events are owed all the same; what people are told here was not done must not be done later.
      recording
        .then((late) => late && (payload.type === 'events_api' ? tracked(work(late, payload)) : ledger.finish(late)))
        .catch(() => {})
      return turnAway(payload, answer, storeDown)
    }
    // Without an acknowledgement (the connection is gone) Slack says that it failed; what is on record is done, and answered.
    await answer({ taken: true }).catch((error: unknown) =>
      log.warn({ type: payload.type, reason: messageOf(error) }, 'an acknowledgement was lost'),
    )
    if (receipt === null) return log.debug({ type: payload.type }, 'heard before')
    await work(receipt, payload)
  }

  async function work(receipt: T, payload: Payload): Promise<void> {
    try {
      await app?.processEvent({
        body: payload.body,
        ack: async () => {},
        customProperties: { receipt: ledger.name(receipt) },
      })
      await ledger.finish(receipt)
    } catch (error) {
      log.error({ err: error }, 'a payload of Slack could not be worked on')
    }
  }

  /** Choices for a menu are only read: nothing is recorded, and an answer that comes late is no answer. */
  async function suggest({ body }: Payload, answer: (answer: Answer) => Promise<void>): Promise<void> {
    let choices: Record<string, unknown> = { options: [] }
    const ack = async (given?: unknown) => {
      choices = { ...choices, ...(given as object) }
    }
    await within(RECORD_MS, Promise.resolve(app?.processEvent({ body, ack }))).catch((error: unknown) =>
      log.warn({ reason: messageOf(error) }, 'choices for a menu could not be given'),
    )
    await answer({ taken: true, body: choices })
  }

  /** Events come again by themselves. People are told. */
  async function turnAway({ type, body }: Payload, answer: (answer: Answer) => Promise<void>, why: string) {
    if (type === 'slash_commands')
      return answer({ taken: true, body: { response_type: 'ephemeral', text: why } }).catch(() => {})
    if (type !== 'interactive') return answer({ taken: false }).catch(() => {})
    await answer({ taken: true }).catch(() => {})
    const told = { response_type: 'ephemeral', replace_original: false, text: why }
    if (typeof body.response_url === 'string') await respond(body.response_url, told).catch(() => {})
  }

  return {
    hear: (payload, answer) => tracked(take(payload, answer)),
    init(bolt) {
      app = bolt
    },
    async start() {},
    async stop() {
      stopped = true
      await Promise.allSettled(working)
    },
    resume: async (receipt, payload) => tracked(work(receipt, Payload.parse(payload))),
    busy: () => working.size > 0,
  }
}

/**
 * What makes a payload the same payload, whichever way it comes: an event's own id (it may come again in a new envelope), the trigger of a
 * command, a click or a form; what has neither is known by all that it says.
 */
function keyOf({ type, body }: Payload): string {
  const id = type === 'events_api' ? body.event_id : body.trigger_id
  if (typeof id === 'string' && id !== '') return `${type}/${id}`
  return `${type}/${createHash('sha256').update(canonical(body)).digest('base64url')}`
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
