import { STATUS_CODES } from 'node:http'
import { buildConnector, Client } from 'undici'
import type { Check } from '../deps.ts'
import type { Monitor, Rules } from '../domain/rules.ts'
import { messageOf } from '../errors.ts'
import { lookup, refused, refusedHost } from './address.ts'

/** Of a body no more is read than this: what is looked for stands at its beginning, and bodies can be endless. */
const BODY_BYTES = 256 * 1024

/**
 * One HTTP probe. Everything is opened afresh (name, connection, TLS), because pooled connections hide the failures that matter; redirects
 * are not followed; one deadline is over all of it. A sick target is a result, never a throw.
 */
export function httpCheck(elapsed: () => number): Check {
  return async (monitor, rules, at) => {
    const startedAt = elapsed()
    const deadline = AbortSignal.timeout(monitor.timeoutMs)
    const result = (ok: boolean, saw: string) => ({ at, ok, saw, ms: Math.round(elapsed() - startedAt) })
    try {
      const { ok, saw } = await request(monitor, rules, deadline)
      return result(ok, saw)
    } catch (error) {
      return result(false, deadline.aborted ? `no answer within ${monitor.timeoutMs / 1_000} s` : inWords(error))
    }
  }
}

async function request(monitor: Monitor, rules: Rules, signal: AbortSignal): Promise<{ ok: boolean; saw: string }> {
  const url = new URL(monitor.url)
  const why = refusedHost(url.hostname, rules.allowPrivate)
  if (why !== null) return { ok: false, saw: why }
  const connect = guarded(rules.allowPrivate, monitor.timeoutMs)
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

const WORDS: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  ENOTFOUND: 'the name does not resolve',
  ENODATA: 'the name has no address',
  ETIMEOUT: 'the name server does not answer',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'the network is unreachable',
  UND_ERR_SOCKET: 'the connection was closed before the answer came',
  UND_ERR_CONNECT_TIMEOUT: 'the connection timed out',
  CERT_HAS_EXPIRED: 'the certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate chain is incomplete',
}

/** What went wrong, in words; several addresses may each have failed. */
export function inWords(error: unknown): string {
  const { code, errors } = (error ?? {}) as { code?: unknown; errors?: unknown[] }
  if (Array.isArray(errors) && errors.length > 0) return inWords(errors[0])
  return (typeof code === 'string' ? WORDS[code] : undefined) ?? messageOf(error)
}
