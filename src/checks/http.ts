import { STATUS_CODES } from 'node:http'
import { buildConnector, Client } from 'undici'
import type { HttpProbe } from '../domain/rules.ts'
import { lookup, refused, refusedHost } from './address.ts'
import type { Look } from './look.ts'

/** Of a body no more is read than this: what is looked for stands at its beginning, and bodies can be endless. */
const BODY_BYTES = 256 * 1024

/**
 * One HTTP probe. Everything is opened afresh (name, connection, TLS), because pooled connections hide the failures that matter; redirects
 * are not followed.
 */
export const httpProbe: Look<HttpProbe> = async (monitor, { allowPrivate, signal }) => {
  const url = new URL(monitor.url)
  const why = refusedHost(url.hostname, allowPrivate)
  if (why !== null) return { ok: false, saw: why }
  const connect = guarded(allowPrivate, monitor.timeoutMs)
  const client = new Client(url.origin, { connect, pipelining: 0, allowH2: false })
  try {
    const { statusCode, body } = await client.request({
      path: `${url.pathname}${url.search}`,
      method: 'GET',
      headers: { 'user-agent': 'Watchbill', accept: '*/*', connection: 'close' },
      signal,
    })
    const { status, bodyContains } = monitor.expect
    const line = `${statusCode} ${STATUS_CODES[statusCode] ?? ''}`.trim()
    const text = bodyContains === null ? '' : await prefix(body)
    if (status.length > 0 ? !status.includes(statusCode) : statusCode < 200 || statusCode > 299)
      return { ok: false, saw: `${line} (expected ${status.length > 0 ? status.join(' or ') : '2xx'})` }
    // What the body says instead stays there: it may hold secrets, and this goes to Slack.
    if (bodyContains !== null && !text.includes(bodyContains))
      return { ok: false, saw: `${line}, but the body does not contain "${bodyContains}"` }
    return { ok: true, saw: line }
  } finally {
    // The body that nobody reads goes with its connection. Not waited for: a connection that never comes about would outlast the deadline.
    client.destroy().catch(() => {})
  }
}

/** Connects, and lets nothing be sent until the address that it connected to is allowed. */
export function guarded(allowPrivate: readonly string[], timeout: number): buildConnector.connector {
  const connect = buildConnector({
    lookup: lookup(allowPrivate),
    timeout,
    maxCachedSessions: 0,
    autoSelectFamily: true,
  })
  return (options, done) =>
    connect(options, (error, socket) => {
      if (error || !socket) return done(error ?? new Error('no connection'), null)
      const why = refused(socket.remoteAddress ?? '0.0.0.0', allowPrivate)
      if (why === null) return done(null, socket)
      socket.destroy()
      done(new Error(why), null)
    })
}

async function prefix(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes >= BODY_BYTES) break
  }
  return Buffer.concat(chunks).subarray(0, BODY_BYTES).toString('utf8')
}
