import type { Check } from '../deps.ts'
import type { Phases } from '../domain/detect/probe.ts'
import type { Probe } from '../domain/rules.ts'
import { dnsProbe } from './dns.ts'
import { httpProbe } from './http.ts'
import { inWords, type Look, type Phase, UNDONE } from './look.ts'
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
    const watch = stopwatch(elapsed)
    // Aborted when the look is over, too: whatever it left open closes then.
    const over = new AbortController()
    const deadline = AbortSignal.timeout(probe.timeoutMs)
    const result = (ok: boolean, saw: string) => {
      const phases = watch.stop()
      return { at, ok, saw, ms: phases.totalMs, phases }
    }
    try {
      const look = looks[probe.kind] as Look<Probe>
      const signal = AbortSignal.any([deadline, over.signal])
      const { ok, saw } = await look(probe, { allowPrivate, signal, at, enter: watch.enter })
      return result(ok, saw)
    } catch (error) {
      if (!deadline.aborted) return result(false, inWords(error, watch.phase()))
      return result(false, `${UNDONE[watch.phase() ?? 'answer']} within ${probe.timeoutMs / 1_000} s`)
    } finally {
      over.abort()
    }
  }
}

/** How long each part of a look took. Parts that come again, after a redirect, are added up. */
function stopwatch(elapsed: () => number) {
  const startedAt = elapsed()
  const spent = new Map<Phase, number>()
  let phase: Phase | null = null
  let since = startedAt
  const enter = (next: Phase) => {
    const now = elapsed()
    if (phase !== null) spent.set(phase, (spent.get(phase) ?? 0) + now - since)
    phase = next
    since = now
  }
  const took = (which: Phase) => Math.round(spent.get(which) ?? 0)
  const stop = (): Phases => {
    if (phase !== null) enter(phase)
    return {
      ...((spent.has('name') || spent.has('query')) && { dnsMs: took('name') + took('query') }),
      ...(spent.has('connection') && { connectMs: took('connection') }),
      ...(spent.has('tls') && { tlsMs: took('tls') }),
      ...(spent.has('answer') && { firstByteMs: took('answer') }),
      totalMs: Math.round(elapsed() - startedAt),
    }
  }
  return { enter, stop, phase: () => phase }
}
