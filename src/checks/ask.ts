import { type IncomingHttpHeaders, STATUS_CODES } from 'node:http'
import { Client } from 'undici'
import { guarded } from './connect.ts'
import type { Around } from './look.ts'

/** What is asked of a server that is no target: a calendar, a store of logs, whoever hears that we live. */
export interface Ask extends Pick<Around, 'allowPrivate' | 'signal'> {
  /** Told how far it has come. */
  enter?: Around['enter']
  method?: 'GET' | 'POST' | 'DELETE'
  headers?: Record<string, string>
  body?: string | null
  /** Bytes of the answer's body that are read at most; with 0 it is not waited for. */
  most: number
}

export interface Answered {
  status: number
  /** The status as people read it: `503 Service Unavailable`. */
  line: string
  headers: IncomingHttpHeaders
  text: string
  /** The body is longer than what was read of it. */
  cut: boolean
}

/**
 * One request by the rules of probes: the address is looked at before anything is sent there, and the connection is fresh. Redirects are
 * not followed. Rejects with what went wrong; `inWords` says it without the URL, which may hold a secret.
 */
export async function ask(url: URL, { method, headers, body, most, ...way }: Ask): Promise<Answered> {
  const client = new Client(url.origin, { connect: guarded(way), pipelining: 0, allowH2: false })
  try {
    const answer = await client.request({
      path: `${url.pathname}${url.search}`,
      method: method ?? 'GET',
      headers: { 'user-agent': 'Watchbill', 'accept-encoding': 'identity', connection: 'close', ...headers },
      body: body ?? null,
      signal: way.signal,
    })
    const line = `${answer.statusCode} ${STATUS_CODES[answer.statusCode] ?? ''}`.trim()
    return { status: answer.statusCode, line, headers: answer.headers, ...(await beginning(answer.body, most)) }
  } finally {
    client.destroy().catch(() => {})
  }
}

async function beginning(body: AsyncIterable<Uint8Array>, most: number): Promise<{ text: string; cut: boolean }> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  if (most === 0) return { text: '', cut: false }
  for await (const chunk of body) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > most) break
  }
  return { text: Buffer.concat(chunks).subarray(0, most).toString('utf8'), cut: bytes > most }
}
