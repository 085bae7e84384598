import type { X509Certificate } from 'node:crypto'
import type { Probe } from '../domain/rules.ts'
import { messageOf } from '../errors.ts'
import type { Names } from './names.ts'

/** What came of one look at a target, in words for people: `503 Service Unavailable`. */
export interface Seen {
  ok: boolean
  saw: string
  /** The target said so itself, and would have said the same to whoever had been quicker. */
  told?: true
}

/**
 * Looks at a target once, everything opened afresh. May reject with what went wrong: `check.ts` puts it into words, and says of whatever
 * ends with the deadline how far it came.
 */
export type Look<P extends Probe> = (probe: P, around: Around) => Promise<Seen>

export interface Around {
  /** CIDR ranges of addresses that are not public and may be reached all the same. */
  allowPrivate: readonly string[]
  /** The deadline over all of it; nothing is waited for after it. */
  signal: AbortSignal
  /** Watch time, UTC ms: how long a certificate lasts is counted from it. */
  at: number
  /** Who is asked for names; a resolver of its own when omitted. */
  names?: Names
  /** Called with each part of a look as it begins: how long each took is kept, and at the deadline the last one is what was slow. */
  enter(phase: Phase): void
  /** Called with what is met by the way. */
  met?: Meet
  /** Waited for before a connection with a handshake is opened; what it resolves to is called when the handshake is over. */
  handshake?(): Promise<() => void>
}

/** Names that somebody uses, on the way to a target: those of its certificate, and where it sends. */
export type Met = { kind: 'certificate'; certificate: X509Certificate } | { kind: 'redirect'; host: string }
export type Meet = (met: Met) => void

/** The parts of a look, in their order: a redirect goes through them again. */
export type Phase =
  | 'name'
  | 'connection'
  | 'tls'
  | 'answer'
  | 'headers'
  | 'body'
  | 'pattern'
  | 'banner'
  | 'starttls'
  | 'query'

/** What had not happened when the time was over. */
export const UNDONE: Record<Phase, string> = {
  name: 'the name did not resolve',
  connection: 'no connection',
  tls: 'connected, but no TLS handshake',
  answer: 'connected, but no answer',
  headers: 'the answer began, but its headers did not end',
  body: 'the answer began, but its body did not end',
  pattern: 'the body came, but the pattern was not through with it',
  banner: 'connected, but what is expected did not come',
  starttls: 'connected, but STARTTLS was not agreed on',
  query: 'the name server did not answer',
}

const WORDS: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  ENOTFOUND: 'the name does not resolve',
  ENODATA: 'the name has no address',
  ETIMEOUT: 'the name server does not answer',
  ESERVFAIL: 'the name server failed (SERVFAIL)',
  EREFUSED: 'the name server refused to answer (REFUSED)',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'the network is unreachable',
  ETIMEDOUT: 'the connection timed out',
  UND_ERR_SOCKET: 'the connection was closed before the answer came',
  CLOSED: 'the connection was closed before the answer came',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'what answers there is not HTTP',
  UND_ERR_HEADERS_OVERFLOW: 'the headers of the answer are too large to be read',
  CERT_HAS_EXPIRED: 'the certificate has expired',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet',
  CERT_REVOKED: 'the certificate is revoked',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate chain ends in an authority that is not trusted',
  UNABLE_TO_GET_ISSUER_CERT: 'the certificate chain is incomplete',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate chain is incomplete',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate chain is incomplete',
  ERR_SSL_WRONG_VERSION_NUMBER: 'what answers there is not TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'what answers there is not TLS',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'no version of TLS in common: the target offers only what nobody should use any more',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION:
    'no version of TLS in common: the target offers only what nobody should use any more',
}

/** The other side hung up; when it is said in the middle of an answer, that is what matters. */
const CLOSURES = new Set<unknown>(['UND_ERR_SOCKET', 'ECONNRESET', 'CLOSED'])

export const closed = () => Object.assign(new Error('the connection was closed'), { code: 'CLOSED' })

/** What is said of a failure where nobody answered. A name server that cannot be reached counts as one that refuses. */
const MUTE = new Set([
  ...['EAI_AGAIN', 'ECONNABORTED', 'EADDRNOTAVAIL', 'EHOSTDOWN', 'EHOSTUNREACH', 'ENETDOWN', 'ENETUNREACH'],
  ...['ENOTFOUND', 'ESERVFAIL', 'ETIMEDOUT', 'ETIMEOUT'],
])

/** Whether nothing came back at all; what goes wrong after somebody answered is theirs. `late`: it ended with the deadline. */
export function isMute(error: unknown, phase: Phase | null, late: boolean): boolean {
  if (phase !== 'name' && phase !== 'connection' && phase !== 'query') return false
  if (late) return true
  const { code, errors } = (error ?? {}) as { code?: unknown; errors?: unknown[] }
  if (Array.isArray(errors) && errors.length > 0) return errors.every((each) => isMute(each, phase, late))
  return typeof code === 'string' && (MUTE.has(code) || (phase !== 'connection' && code === 'ECONNREFUSED'))
}

/** What went wrong, in words, and in the middle of what; several addresses may each have failed. */
export function inWords(error: unknown, phase: Phase | null = null): string {
  const { code, name, errors } = (error ?? {}) as { code?: unknown; name?: unknown; errors?: unknown[] }
  if (Array.isArray(errors) && errors.length > 0) return inWords(errors[0], phase)
  if ((phase === 'headers' || phase === 'body') && CLOSURES.has(code))
    return `the connection was closed in the middle of the ${phase}`
  if (phase === 'name' && code === 'ECONNREFUSED') return 'the name server cannot be reached'
  if (name === 'HTTPParserError') return 'what answers there is not HTTP'
  return (typeof code === 'string' ? WORDS[code] : undefined) ?? messageOf(error)
}

/** What a target says, fit to be shown: on one line, and not for ever. */
export const shown = (text: string, longest = 100) => {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}]+/gu, ' ')
  return line.length > longest ? `${line.slice(0, longest)}…` : line
}
