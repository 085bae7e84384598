import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import { machine } from '../clock.ts'

/** X25519 first: a key for it costs a fraction of the others', and hardly anybody refuses it. */
const CURVES = 'X25519:prime256v1:secp384r1:secp521r1:X25519MLKEM768'

const KEPT_MS = 24 * 3_600_000

let shared: { context: SecureContext; authorities: readonly string[]; madeAt: number } | null = null

/**
 * Whom probes trust: the authorities of this process. One context for all of them, since making one costs a tenth of a handshake; nothing of one
 * handshake is used in another (sessions would have to be handed on by hand). Made anew each day, and when the authorities change.
 */
export function trust(): SecureContext {
  // The same array as long as they are the same.
  const authorities = getCACertificates('default')
  if (shared?.authorities === authorities && machine.elapsed() - shared.madeAt < KEPT_MS) return shared.context
  shared = { context: createSecureContext({ ecdhCurve: CURVES }), authorities, madeAt: machine.elapsed() }
  return shared.context
}
