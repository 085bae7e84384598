import type { Socket } from 'node:net'
import type { Carried, Notice } from '../deps.ts'
import type { Notify } from '../domain/contact.ts'
import { cut } from '../domain/detect/line.ts'
import { parsedJson } from '../json.ts'

/** What carries a page beside Slack: a file for each, a line in `notify.ts`. */
export type Provider = (to: string, notice: Notice, around: Around) => Promise<Carried>

export interface Around {
  by: Notify
  reach: Reach
  allowPrivate: readonly string[]
  /** The deadline over all of it. */
  signal: AbortSignal
}

/** How the outside is reached: by the rules of probes, which look at every address before anything is sent there. */
export interface Reach {
  ask(url: URL, request: Request): Promise<Response>
  connect(to: { host: string; port: number }, way: Pick<Request, 'allowPrivate' | 'signal'>): Promise<Socket>
  /** What went wrong, without the address. */
  inWords(error: unknown): string
}

interface Request extends Pick<Around, 'allowPrivate' | 'signal'> {
  method: 'POST'
  headers: Record<string, string>
  body: string
  most: number
}

interface Response {
  status: number
  line: string
  headers: Record<string, string | string[] | undefined>
  text: string
}

/** Answers of carriers are short. */
const ANSWER_BYTES = 16 * 1024
const LONGEST_SAID = 150
/** Somebody who asks for a longer pause is passed over meanwhile anyway. */
const LONGEST_PAUSE_MS = 60_000

interface Post {
  url: URL
  headers?: Record<string, string>
  body: string
}

/** Posts; what is answered is given to `read` when it was taken. A redirect is a refusal: where it leads nobody sends our keys. */
export async function post(
  { reach, allowPrivate, signal }: Around,
  { url, headers = {}, body }: Post,
  read: (json: unknown) => string | null = () => null,
): Promise<Carried> {
  let answer: Response
  try {
    answer = await reach.ask(url, { ...{ allowPrivate, signal, headers, body }, method: 'POST', most: ANSWER_BYTES })
  } catch (error) {
    return failure(error, signal, reach)
  }
  const { status, line, text } = answer
  if (status >= 200 && status < 300) return { ok: true, value: read(parsedJson(text)) }
  const reason = `answered ${line}${said(parsedJson(text))}`
  if (status === 429 || status >= 500) return { ok: false, kind: 'again', reason, afterMs: pauseOf(answer) }
  return { ok: false, kind: 'never', reason }
}

/** What never left us may be sent again without a second thought; what may have arrived, with one. */
export function failure(
  error: unknown,
  signal: AbortSignal,
  reach: Pick<Reach, 'inWords'>,
): Exclude<Carried, { ok: true }> {
  if (signal.aborted) return { ok: false, kind: 'unknown', reason: 'did not answer in time' }
  const { code } = (error ?? {}) as { code?: unknown }
  const reason = reach.inWords(error)
  if (typeof code === 'string' && MAY_HAVE_ARRIVED.has(code)) return { ok: false, kind: 'unknown', reason }
  return { ok: false, kind: 'again', reason, afterMs: null }
}

const MAY_HAVE_ARRIVED = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'CLOSED', 'ESOCKET'])

/** What a carrier says of its error, in whichever way it says it. */
function said(json: unknown): string {
  const { message, error, errors } = (typeof json === 'object' && json !== null ? json : {}) as Record<string, unknown>
  const words = [message, error, Array.isArray(errors) ? errors[0] : null].find((each) => typeof each === 'string')
  return typeof words === 'string' ? `: ${oneLine(words, LONGEST_SAID)}` : ''
}

function pauseOf({ headers }: Response): number | null {
  const seconds = Number(headers['retry-after']?.toString())
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1_000, LONGEST_PAUSE_MS) : null
}

/** Text for a place that has one line: without control characters, and not for ever. */
export function oneLine(text: string, longest: number): string {
  const line = text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
  return cut(line, longest)
}

/** Lines, each made harmless, as one text of at most so many characters. */
export function lines(all: readonly string[], longest: number): string {
  return cut(all.map((line) => oneLine(line, longest)).join('\n'), longest)
}

/** Where a carrier's API has something, whatever its address ends in. */
export const within = (base: string, path: string) => new URL(path, base.endsWith('/') ? base : `${base}/`)

export const form = (fields: Record<string, string>): Pick<Post, 'body' | 'headers'> => ({
  body: new URLSearchParams(fields).toString(),
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
})

/** A part of a carrier's answer. */
export function part(json: unknown, key: string): string | null {
  const value = typeof json === 'object' && json !== null ? (json as Record<string, unknown>)[key] : null
  return typeof value === 'string' ? oneLine(value, LONGEST_SAID) : null
}

/** Of what is not configured: said once more where it would be used. */
export const notConfigured = (what: string): Carried => ({
  ok: false,
  kind: 'never',
  reason: `notify.${what} is not configured`,
})
