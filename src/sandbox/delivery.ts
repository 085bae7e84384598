import { createHmac } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

/** How Slack sends something to the app. */
export type Kind = 'slash_commands' | 'interactive' | 'events_api'

interface Envelope {
  kind: Kind
  payload: Record<string, unknown>
  /** Events only: which retry this is, 0 for the first try, and why there is one. */
  retry: { attempt: number; reason: string }
}

/** What the app answered within the time it has; `{}` when it only said that it has it. Or what Slack says when it did not. */
export type Ack = Record<string, unknown> | 'dispatch_failed' | 'operation_timeout'

/** A way to the app: Socket Mode, or signed HTTP. */
export interface Line {
  deliver(envelope: Envelope): Promise<Ack>
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

/** Sends an event until the app acknowledges it or the retries are used up. Commands and interactions are never sent again. */
export async function deliverEvent(
  line: Line,
  payload: Record<string, unknown>,
  timing: Timing,
  stopped: AbortSignal,
): Promise<void> {
  const waits = [0, ...timing.retryMs]
  let reason = ''
  for (const [attempt, waitMs] of waits.entries()) {
    if (attempt > 0) await sleep(waitMs, undefined, { signal: stopped, ref: false })
    const ack = await line.deliver({ kind: 'events_api', payload, retry: { attempt, reason } })
    if (typeof ack !== 'string') return
    reason = ack === 'operation_timeout' ? 'timeout' : 'connection_failed'
  }
}

/** Addresses of the app, and the secret that its requests are signed with. What has no address goes by Socket Mode. */
export interface HttpDelivery {
  signingSecret: string
  commands?: string
  interactions?: string
  events?: string
}

export function httpLine(app: HttpDelivery, url: string, timing: Timing): Line {
  return {
    async deliver({ kind, payload, retry }) {
      const { body, type } = encoded(kind, payload)
      const timestamp = String(Math.floor(Date.now() / 1000))
      const digest = createHmac('sha256', app.signingSecret).update(`v0:${timestamp}:${body}`).digest('hex')
      const headers = {
        'content-type': type,
        'user-agent': 'Slackbot 1.0 (+https://api.slack.com/robots)',
        'x-slack-request-timestamp': timestamp,
        'x-slack-signature': `v0=${digest}`,
        ...(retry.attempt > 0
          ? { 'x-slack-retry-num': String(retry.attempt), 'x-slack-retry-reason': `http_${retry.reason}` }
          : {}),
      }
      try {
        const signal = AbortSignal.timeout(timing.ackMs)
        const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'error' })
        const answer = await response.text()
        if (response.headers.get('x-slack-no-retry') === '1') return {}
        return response.ok ? ackOf(answer) : 'dispatch_failed'
      } catch (error) {
        return error instanceof Error && error.name === 'TimeoutError' ? 'operation_timeout' : 'dispatch_failed'
      }
    },
  }
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
