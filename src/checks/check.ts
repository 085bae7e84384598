import type { Check } from '../deps.ts'
import type { Probe } from '../domain/rules.ts'
import { dnsProbe } from './dns.ts'
import { httpProbe } from './http.ts'
import { inWords, type Look } from './look.ts'
import { tcpProbe } from './tcp.ts'
import { tlsProbe } from './tls.ts'

/** One file for each kind of probe. */
const looks: { [K in Probe['kind']]: Look<Extract<Probe, { kind: K }>> } = {
  http: httpProbe,
  tls: tlsProbe,
  dns: dnsProbe,
  tcp: tcpProbe,
}

/** One probe, whatever its kind. One deadline is over all of it; a sick target is a result, never a throw. */
export function checkTarget(elapsed: () => number): Check {
  return async (probe, { allowPrivate }, at) => {
    const startedAt = elapsed()
    const deadline = AbortSignal.timeout(probe.timeoutMs)
    const result = (ok: boolean, saw: string) => ({ at, ok, saw, ms: Math.round(elapsed() - startedAt) })
    try {
      const look = looks[probe.kind] as Look<Probe>
      const { ok, saw } = await look(probe, { allowPrivate, signal: deadline, at })
      return result(ok, saw)
    } catch (error) {
      return result(false, deadline.aborted ? `no answer within ${probe.timeoutMs / 1_000} s` : inWords(error))
    }
  }
}
