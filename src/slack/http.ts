import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Logger } from '../log.ts'
import type { Hear, Payload } from './receiver.ts'

/** A signature is good for this long, and may be this far ahead of our clock: what is older may be a replay, what is newer a forgery. */
const OLDEST_S = 5 * 60
const FURTHEST_AHEAD_S = 60

/** Whoever sends us nonsense must not fill the log: one line of it this often. */
const SAY_AGAIN_MS = 10_000

/** A request as it came: nothing of it has been parsed. */
interface SlackRequest {
  /** A header; of one that came twice, both, which is no valid value of any that matters here. */
  header(name: string): string | undefined
  body: Buffer
}

/** 200 with what Slack is to show, 400 unreadable, 401 not from Slack, 503 to be sent again. */
interface SlackAnswer {
  status: 200 | 400 | 401 | 503
  body?: Record<string, unknown>
}

export type HearRequest = (request: SlackRequest) => Promise<SlackAnswer>

interface Options {
  signingSecret: string
  clock: Clock
  log: Logger
  hear: Hear
}

/** HTTP mode: Slack sends what people do as signed requests. Nothing of a request is looked at before its signature is found good. */
export function httpMode({ signingSecret, clock, log, hear }: Options): HearRequest {
  let saidAt = Number.NEGATIVE_INFINITY

  function complain(reason: string): void {
    if (clock.now() - saidAt < SAY_AGAIN_MS) return
    saidAt = clock.now()
    log.warn({ reason }, 'a request to the Slack endpoint was refused')
  }

  return async (request) => {
    const wrong = distrust(signingSecret, request, clock.now())
    if (wrong !== null) {
      complain(wrong)
      return { status: 401 }
    }
    const said = parse(request)
    if ('answer' in said) {
      if (said.answer.status !== 200) complain('unreadable, though it is signed')
      return said.answer
    }
    return new Promise((resolve) => {
      hear(said.payload, async (answer) =>
        resolve(answer.taken ? { status: 200, ...(answer.body ? { body: answer.body } : {}) } : { status: 503 }),
      ).catch((error: unknown) => {
        log.error({ err: error }, 'a payload of Slack could not be heard')
        resolve({ status: 503 })
      })
    })
  }
}

/** Why a request is not Slack's, null when it is: the signature is over the very bytes that came. */
function distrust(secret: string, { header, body }: SlackRequest, now: number): string | null {
  // Everybody knows the signatures of an empty secret.
  if (secret === '') return 'there is no signing secret'
  const sentAt = /^\d{1,12}$/.exec(header('x-slack-request-timestamp') ?? '')?.[0]
  const signature = /^v0=([0-9a-f]{64})$/.exec(header('x-slack-signature') ?? '')?.[1]
  if (sentAt === undefined || signature === undefined) return 'not signed'
  const expected = createHmac('sha256', secret).update(`v0:${sentAt}:`).update(body).digest()
  if (!timingSafeEqual(expected, Buffer.from(signature, 'hex')))
    return 'the signature is wrong: is SLACK_SIGNING_SECRET the one of this app?'
  const age = Math.floor(now / 1_000) - Number(sentAt)
  if (age > OLDEST_S) return 'the signature is too old'
  return age < -FURTHEST_AHEAD_S ? 'the signature is of the future' : null
}

type Parsed = { payload: Payload } | { answer: SlackAnswer }

const UNREADABLE: Parsed = { answer: { status: 400 } }

/** Events come as JSON, all else as a form: commands in its fields, clicks and forms as JSON in one of them. */
function parse({ header, body }: SlackRequest): Parsed {
  const text = body.toString('utf8')
  if (/^application\/json\b/i.test(header('content-type') ?? '')) return parseEvent(record(text))
  const fields = [...new URLSearchParams(text)]
  const form = Object.fromEntries(fields)
  // Slack says everything once. Which of two would count?
  if (fields.length !== Object.keys(form).length) return UNREADABLE
  // Slack tries whether the address has a certificate, and wants nothing done.
  if ('ssl_check' in form) return { answer: { status: 200 } }
  if (form.payload !== undefined) {
    const payload = record(form.payload)
    return payload ? { payload: { type: 'interactive', body: payload } } : UNREADABLE
  }
  return form.command === undefined ? UNREADABLE : { payload: { type: 'slash_commands', body: form } }
}

function parseEvent(event: Record<string, unknown> | null): Parsed {
  if (event?.type === 'url_verification') {
    const { challenge } = event
    return typeof challenge === 'string' ? { answer: { status: 200, body: { challenge } } } : UNREADABLE
  }
  return event ? { payload: { type: 'events_api', body: event } } : UNREADABLE
}

function record(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? { ...value } : null
  } catch {
    return null
  }
}
