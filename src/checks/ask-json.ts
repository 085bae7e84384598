import { STATUS_CODES } from 'node:http'
import { Client } from 'undici'
import { z } from 'zod'
import { refusedHost } from './address.ts'
import { guarded } from './connect.ts'
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
  const refused = refusedHost(url.hostname, allowPrivate)
  if (refused !== null) return { ok: false, why: `may not be asked: ${refused}` }
  const client = new Client(url.origin, { connect: guarded({ allowPrivate, signal }), pipelining: 0, allowH2: false })
  try {
    const answer = await client.request({
      path: `${url.pathname}${url.search}`,
      method: body === null ? 'GET' : 'POST',
      headers: {
        'user-agent': 'Watchbill',
        accept: 'application/json',
        ...headers,
        ...(body !== null && { 'content-type': 'application/json' }),
        'accept-encoding': 'identity',
        connection: 'close',
      },
      body: body === null ? null : JSON.stringify(body),
      signal,
    })
    const text = await whole(answer.body)
    const line = `answered ${answer.statusCode} ${STATUS_CODES[answer.statusCode] ?? ''}`.trim()
    if (answer.statusCode < 200 || answer.statusCode > 299)
      return { ok: false, why: `${line}${said(text ?? '', answer.headers['content-type']?.toString() ?? '')}` }
    if (text === null) return { ok: false, why: `answered with more than ${BODY_BYTES / 1024} kB`, isTooLarge: true }
    const json = parsed(text)
    return json === undefined ? { ok: false, why: `${line}, but that is no JSON` } : { ok: true, json }
  } catch (error) {
    const why = signal.aborted ? `has not answered within ${timeoutMs / 1_000} s` : `cannot be asked: ${inWords(error)}`
    return { ok: false, why }
  } finally {
    client.destroy().catch(() => {})
  }
}

/** Null when it is too large. */
async function whole(body: AsyncIterable<Uint8Array>): Promise<string | null> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > BODY_BYTES) return null
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const Said = z.union([
  z.object({ error: z.object({ reason: z.string() }) }).transform(({ error }) => error.reason),
  z.object({ error: z.string() }).transform(({ error }) => error),
  z.object({ message: z.string() }).transform(({ message }) => message),
])

/** What a server says of its error; the page of a proxy is for browsers. */
function said(text: string, type: string): string {
  const read = Said.safeParse(parsed(text))
  const sentence = read.success ? read.data : /^text\/plain\b/i.test(type) ? text : ''
  return sentence.trim() === '' ? '' : `: ${shown(sentence.trim(), LONGEST_SAID)}`
}
