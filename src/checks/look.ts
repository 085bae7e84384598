import type { Probe } from '../domain/rules.ts'
import { messageOf } from '../errors.ts'

/** What came of one look at a target, in words for people: `503 Service Unavailable`. */
interface Seen {
  ok: boolean
  saw: string
}

/**
 * Looks at a target once, everything opened afresh. May reject with what went wrong: `check.ts` puts it into words, and says of whatever
 * ends with the deadline that it did not answer in time.
 */
export type Look<P extends Probe> = (probe: P, around: Around) => Promise<Seen>

export interface Around {
  /** CIDR ranges of addresses that are not public and may be reached all the same. */
  allowPrivate: readonly string[]
  /** The deadline over all of it; nothing is waited for after it. */
  signal: AbortSignal
  /** Watch time, UTC ms: how long a certificate lasts is counted from it. */
  at: number
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
