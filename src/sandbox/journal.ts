import type { Kind } from './delivery.ts'
import type { Call, Delivery, Traffic } from './wire.ts'

/** All that went between the app and Slack, in both directions. Only the newest is kept. */
export interface Journal {
  calls: Call[]
  deliveries: Delivery[]
  /** Entries are counted together, so that their order can be seen. */
  last: number
  watchers: Set<(traffic: Traffic) => void>
}

/** A demo may run for days: the oldest tenth goes when there is more. */
const CALLS_KEPT = 100_000
/** Payloads are larger than calls. */
const DELIVERIES_KEPT = 20_000

export const newJournal = (): Journal => ({ calls: [], deliveries: [], last: 0, watchers: new Set() })

function append<T>(list: T[], entry: T, kept: number): void {
  if (list.length >= kept) list.splice(0, kept / 10)
  list.push(entry)
}

function next(journal: Journal): number {
  journal.last += 1
  return journal.last
}

/** A call has arrived. Whoever answers it completes the entry and says so with {@link told}. */
export function noteCall(journal: Journal, at: number, method: string, args: Record<string, unknown>): Call {
  const call: Call = {
    n: next(journal),
    method,
    args: readable(args),
    outcome: 'unanswered',
    note: null,
    done: false,
    ts: null,
    at,
    arrived_at: Date.now(),
    answered_at: null,
  }
  append(journal.calls, call, CALLS_KEPT)
  told(journal, { type: 'call', call })
  return call
}

/** Something is about to be sent to the app. */
export function noteDelivery(
  journal: Journal,
  at: number,
  envelope: { kind: Kind; payload: Record<string, unknown>; retry: { attempt: number; reason: string } },
): Delivery {
  const payload = withoutTokens(envelope.payload)
  const delivery: Delivery = {
    n: next(journal),
    kind: envelope.kind,
    what: whatOf(payload),
    envelope_id: null,
    via: null,
    payload,
    retry_num: envelope.retry.attempt,
    retry_reason: envelope.retry.reason,
    at,
    sent_at: Date.now(),
    ack_ms: null,
    ack: null,
    outcome: 'waiting',
    fault: null,
  }
  append(journal.deliveries, delivery, DELIVERIES_KEPT)
  told(journal, { type: 'delivery', delivery })
  return delivery
}

function withoutTokens({ token: _, ...payload }: Record<string, unknown>): Record<string, unknown> {
  const { event } = payload
  if (typeof event !== 'object' || event === null || !('bot_access_token' in event)) return payload
  const { bot_access_token: __, ...rest } = event
  return { ...payload, event: rest }
}

/** An entry begins, or is complete. */
export function told(journal: Journal, traffic: Traffic): void {
  for (const watcher of journal.watchers) watcher(traffic)
}

export function clearJournal(journal: Journal): void {
  journal.calls.length = 0
  journal.deliveries.length = 0
}

interface Payload {
  command?: unknown
  type?: unknown
  event?: { type?: unknown; subtype?: unknown; channel_type?: unknown }
  actions?: { action_id?: unknown }[]
  action_id?: unknown
  callback_id?: unknown
  view?: { callback_id?: unknown }
}

/** A payload in a few words. */
function whatOf(payload: Payload): string {
  if (payload.command !== undefined) return String(payload.command)
  const { event } = payload
  if (event) return [event.type, event.subtype ?? event.channel_type].filter(Boolean).join(' ')
  const name = payload.actions?.[0]?.action_id ?? payload.action_id ?? payload.callback_id ?? payload.view?.callback_id
  return [payload.type, name].filter(Boolean).join(' ')
}

const HOLD_JSON = ['blocks', 'attachments', 'metadata', 'view', 'chunks', 'changes', 'unfurls', 'files', 'outputs']

/** Arguments for the journal: JSON in them parsed, so that a test can look inside. */
function readable(args: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(args).map(([name, value]) => {
      if (!HOLD_JSON.includes(name) || typeof value !== 'string') return [name, value]
      try {
        return [name, JSON.parse(value)]
      } catch {
        return [name, value]
      }
    }),
  )
}
