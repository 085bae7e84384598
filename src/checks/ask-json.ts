import { z } from 'zod'
import { parsedJson } from '../json.ts'
import { ask } from './ask.ts'
import { inWords, shown } from './look.ts'

/** More than this is parsed and looked through in one go, and nothing else happens meanwhile. */
const BODY_BYTES = 1024 * 1024

/** Of a sentence that a server says about an error. */
const LONGEST_SAID = 200

export interface Question {
  url: URL
  headers: Record<string, string>
  /** Sent as JSON by POST; null: it is a GET. */
  body: unknown
}

/** The JSON of an answer, or why there is none: a sentence without its subject. */
export type Json = { ok: true; json: unknown } | { ok: false; why: string; isTooLarge?: true }

/** Asks a server that answers in JSON, by the rules of probes. Redirects are not followed: where they lead nobody sends our keys. */
export async function askJson(
  { url, headers, body }: Question,
  { allowPrivate, signal, timeoutMs }: { allowPrivate: readonly string[]; signal: AbortSignal; timeoutMs: number },
): Promise<Json> {
  try {
    const answer = await ask(url, {
      ...{ allowPrivate, signal, most: BODY_BYTES },
      headers: { accept: 'application/json', ...headers, ...(body !== null && { 'content-type': 'application/json' }) },
      ...(body !== null && { method: 'POST', body: JSON.stringify(body) }),
    })
    const line = `answered ${answer.line}`
    if (answer.status < 200 || answer.status > 299)
      return { ok: false, why: `${line}${said(answer.text, answer.headers['content-type'] ?? '')}` }
    if (answer.cut) return { ok: false, why: `answered with more than ${BODY_BYTES / 1024} kB`, isTooLarge: true }
    const json = parsedJson(answer.text)
    return json === undefined ? { ok: false, why: `${line}, but that is no JSON` } : { ok: true, json }
  } catch (error) {
    const why = signal.aborted ? `has not answered within ${timeoutMs / 1_000} s` : `cannot be asked: ${inWords(error)}`
    return { ok: false, why }
  }
}

const Said = z.union([
  z.object({ error: z.object({ reason: z.string() }) }).transform(({ error }) => error.reason),
  z.object({ error: z.string() }).transform(({ error }) => error),
  z.object({ message: z.string() }).transform(({ message }) => message),
])

/** What a server says of its error; the page of a proxy is for browsers. */
function said(text: string, type: string): string {
  const read = Said.safeParse(parsedJson(text))
  const sentence = read.success ? read.data : /^text\/plain\b/i.test(type) ? text : ''
  return sentence.trim() === '' ? '' : `: ${shown(sentence.trim(), LONGEST_SAID)}`
}
