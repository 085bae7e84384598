import { createHmac } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Faults, strikeSocket } from './faults.ts'
import { type Journal, noteDelivery, told } from './journal.ts'
import type { Workspace } from './model.ts'
import type { Delivery } from './wire.ts'

/** How Slack sends something to the app. */
export type Kind = 'slash_commands' | 'interactive' | 'events_api'

export interface Envelope {
  kind: Kind
  payload: Record<string, unknown>
  /** Events only: which retry this is, 0 for the first try, and why there is one. */
  retry: { attempt: number; reason: string }
}

/** What Slack says when the app did not acknowledge as it must. */
export type Failure = 'dispatch_failed' | 'operation_timeout' | 'http_client_error' | 'http_service_error'

/** What came back: what the app said with its acknowledgement (`{}`: only that it has it), or why there is none. */
export type Ack =
  | { ok: true; body: Record<string, unknown> }
  | {
      ok: false
      failed: Failure
      /** Slack's word for a retry: `timeout`, `http_timeout`, `http_error`, `connection_failed`. */
      reason: string
      /** False when the app asked for no retry. */
      again: boolean
    }

/** A way to the app: Socket Mode, or signed HTTP. It sends and hears; how long to wait is not its concern. */
export interface Line {
  via: 'socket' | 'http'
  timedOut: string
  /** Sends so many copies (0: they get lost on the way), `heard` is called for each acknowledgement. Null when nobody is there. */
  send(envelope: Envelope, copies: number, heard: (ack: Ack) => void): { envelopeId: string | null } | null
}

export interface Timing {
  /** How long an app may take to acknowledge, milliseconds. */
  ackMs: number
  /** How long after a failed try an event is sent again; as many retries as there are waits. */
  retryMs: number[]
  /** Time between Slack's pings on a socket. */
  pingMs: number
  /** Life of a `trigger_id`. */
  triggerMs: number
  /** Life of a `response_url`, in the workspace's own time. */
  responseUrlMs: number
}

/** Slack's own times. */
export const SLACKS_TIMING: Timing = {
  ackMs: 3_000,
  retryMs: [0, 60_000, 300_000],
  pingMs: 10_000,
  triggerMs: 3_000,
  responseUrlMs: 30 * 60_000,
}

/** What is needed to send something to the app. */
export interface PostOffice {
  ws: Workspace
  journal: Journal
  faults: Faults
  timing: Timing
  /** The way for this kind of envelope. */
  line(kind: Kind): Line
}

export const first = (kind: Kind, payload: Record<string, unknown>): Envelope => ({
  kind,
  payload,
  retry: { attempt: 0, reason: '' },
})

/** Sends once, and waits for the acknowledgement as long as Slack does. */
export async function deliver(office: PostOffice, envelope: Envelope): Promise<Ack> {
  return (await deliverNoted(office, envelope)).ack
}

/** As {@link deliver}, with its entry of the journal. */
export async function deliverNoted(office: PostOffice, envelope: Envelope): Promise<{ ack: Ack; delivery: Delivery }> {
  const { journal, faults, timing } = office
  const delivery = noteDelivery(journal, office.ws.clock.now(), envelope)
  const late = strikeSocket(faults, 'late_envelopes')
  if (late) await sleep(late.ms, undefined, { ref: false })
  const lost = strikeSocket(faults, 'drop_envelopes')
  const twice = strikeSocket(faults, 'duplicate')
  const noted = [late && 'late', lost && 'lost', twice && 'twice'].filter(Boolean).join(' ')
  delivery.fault = noted === '' ? null : noted
  delivery.sent_at = Date.now()

  const ack = await new Promise<Ack>((resolve) => {
    const line = office.line(envelope.kind)
    delivery.via = line.via
    const settle = (outcome: Ack) => {
      clearTimeout(timer)
      resolve(outcome)
    }
    const timer = setTimeout(
      () => settle({ ok: false, failed: 'operation_timeout', reason: line.timedOut, again: true }),
      timing.ackMs,
    )
    const heard = (outcome: Ack) => {
      if (outcome.ok && delivery.outcome === 'operation_timeout') {
        delivery.outcome = 'too_late'
        told(journal, { type: 'delivery', delivery })
      } else if (outcome.ok) throughFaults(faults, delivery, () => settle(outcome))
      else settle(outcome)
    }
    const sent = line.send(envelope, lost ? 0 : (twice?.times ?? 1), heard)
    if (sent) delivery.envelope_id = sent.envelopeId
    else settle({ ok: false, failed: 'dispatch_failed', reason: 'connection_failed', again: true })
  })
  Object.assign(delivery, {
    outcome: ack.ok ? 'ok' : ack.failed,
    ack: ack.ok ? ack.body : null,
    ack_ms: ack.ok ? Date.now() - delivery.sent_at : null,
  })
  told(journal, { type: 'delivery', delivery })
  return { ack, delivery }
}

/** An acknowledgement may get lost on its way, or come late. */
function throughFaults(faults: Faults, delivery: Delivery, arrived: () => void): void {
  const note = (what: string) => {
    delivery.fault = delivery.fault === null ? what : `${delivery.fault} ${what}`
  }
  if (strikeSocket(faults, 'drop_acks')) {
    note('ack_lost')
    return
  }
  const slow = strikeSocket(faults, 'slow_acks')
  if (slow) {
    note('ack_late')
    setTimeout(arrived, slow.ms).unref()
  } else arrived()
}

/** Sends an event until the app acknowledges it or the retries are used up. Commands and interactions are never sent again. */
export async function deliverEvent(
  office: PostOffice,
  payload: Record<string, unknown>,
  stopped: AbortSignal,
): Promise<Ack> {
  const waits = [0, ...office.timing.retryMs]
  let reason = ''
  for (const [attempt, waitMs] of waits.entries()) {
    if (attempt > 0) await sleep(waitMs, undefined, { signal: stopped, ref: false })
    const ack = await deliver(office, { kind: 'events_api', payload, retry: { attempt, reason } })
    if (ack.ok || !ack.again || attempt === waits.length - 1) return ack
    reason = ack.reason
  }
  throw new Error('an event was never sent')
}

/** Addresses of the app, and the secret that its requests are signed with. What has no address goes by Socket Mode. */
export interface HttpDelivery {
  signingSecret: string
  commands?: string
  interactions?: string
  events?: string
}

/** `now`: the workspace's time, which the signature tells. */
export function httpLine(app: HttpDelivery, url: string, timing: Timing, now: () => number): Line {
  return {
    via: 'http',
    timedOut: 'http_timeout',
    send(envelope, copies, heard) {
      for (let copy = 1; copy <= copies; copy += 1) {
        // Slack hangs up when the time is over, and whoever waits says so: of two timers that are both due, any may ring first.
        const signal = AbortSignal.timeout(timing.ackMs + 50)
        request(app, url, envelope, now(), signal).then(heard, () => signal.aborted || heard(lineFailed))
      }
      return { envelopeId: null }
    },
  }
}

const lineFailed: Ack = { ok: false, failed: 'dispatch_failed', reason: 'connection_failed', again: true }

async function request(
  app: HttpDelivery,
  url: string,
  envelope: Envelope,
  at: number,
  signal: AbortSignal,
): Promise<Ack> {
  const { kind, payload, retry } = envelope
  const { body, type } = encoded(kind, payload)
  const timestamp = String(Math.floor(at / 1000))
  const digest = createHmac('sha256', app.signingSecret).update(`v0:${timestamp}:${body}`).digest('hex')
  const headers = {
    'content-type': type,
    'user-agent': 'Slackbot 1.0 (+https://api.slack.com/robots)',
    'x-slack-request-timestamp': timestamp,
    'x-slack-signature': `v0=${digest}`,
    ...(retry.attempt > 0 ? { 'x-slack-retry-num': String(retry.attempt), 'x-slack-retry-reason': retry.reason } : {}),
  }
  const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'error' })
  const answer = await response.text()
  if (response.ok) return { ok: true, body: ackOf(answer) }
  const again = response.headers.get('x-slack-no-retry') !== '1'
  const failed = response.status >= 500 ? 'http_service_error' : 'http_client_error'
  return { ok: false, failed, reason: 'http_error', again }
}

function encoded(kind: Kind, payload: Record<string, unknown>): { body: string; type: string } {
  if (kind === 'events_api') return { body: JSON.stringify(payload), type: 'application/json' }
  const fields = kind === 'interactive' ? { payload: JSON.stringify(payload) } : payload
  const body = new URLSearchParams(Object.entries(fields).map(([key, value]) => [key, String(value)])).toString()
  return { body, type: 'application/x-www-form-urlencoded' }
}

/** An answer over HTTP may be JSON, plain text (a message), or nothing. */
function ackOf(answer: string): Record<string, unknown> {
  if (answer.trim() === '') return {}
  try {
    const value: unknown = JSON.parse(answer)
    return typeof value === 'object' && value !== null ? { ...value } : { text: String(value) }
  } catch {
    return { text: answer }
  }
}
