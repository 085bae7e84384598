import type { Standstills } from '../clock.ts'
import type { Check } from '../deps.ts'
import type { Phases } from '../domain/detect/probe.ts'
import type { Probe } from '../domain/rules.ts'
import { dnsProbe } from './dns.ts'
import { createHandshakes } from './handshakes.ts'
import { httpProbe } from './http.ts'
import { inWords, isMute, type Look, type Meet, type Phase, type Seen, UNDONE } from './look.ts'
import { sharedNames } from './names.ts'
import { tcpProbe } from './tcp.ts'
import { tlsProbe } from './tls.ts'

/** One file for each kind of probe. */
const looks: { [K in Probe['kind']]: Look<Extract<Probe, { kind: K }>> } = {
  http: httpProbe,
  tls: tlsProbe,
  dns: dnsProbe,
  tcp: tcpProbe,
}

/** Whatever a look left open is closed when it is over. */
const OVER = new Error('the look is over')

/**
 * One probe, whatever its kind. One deadline is over all of it; a sick target is a result, never a throw.
 *
 * @param stood by whom a sample is stamped that was taken while this process stood still
 * @param met told of names that are met by the way
 */
export function checkTarget(elapsed: () => number, stood?: Pick<Standstills, 'mark' | 'since'>, met?: Meet): Check {
  const names = sharedNames(elapsed)
  const handshakes = createHandshakes(elapsed)
  return async (probe, { allowPrivate }, at) => {
    const watch = stopwatch(elapsed)
    const mark = stood?.mark()
    const over = new AbortController()
    let late = false
    const deadline = limit(elapsed, probe.timeoutMs, () => {
      late = true
      over.abort(OVER)
    })
    // What is waited for here is ours, and counts neither against the target nor as its time.
    const handshake = async () => {
      const turn = handshakes.turn()
      if (turn !== null) watch.skip(await deadline.pausedFor(turn))
      return handshakes.begin()
    }
    const result = ({ ok, saw, told, mute }: Seen & { mute?: boolean }) => {
      const phases = watch.stop()
      // However long we stood still: whoever has answered that they are not well is not well.
      const stoodMs = mark && stood && (ok || !told) ? stood.since(mark) : 0
      const more = { ...(stoodMs > 0 && { stoodMs }), ...(mute && { mute: true as const }) }
      return { at, ok, saw, ms: phases.totalMs, phases, ...more }
    }
    try {
      const look = looks[probe.kind] as Look<Probe>
      const seen = await look(probe, {
        ...{ allowPrivate, signal: over.signal, at, names, enter: watch.enter, handshake },
        ...(met && { met }),
      })
      return result(seen)
    } catch (error) {
      const mute = isMute(error, watch.phase(), late)
      const saw = late
        ? `${UNDONE[watch.phase() ?? 'answer']} within ${probe.timeoutMs / 1_000} s`
        : inWords(error, watch.phase())
      return result({ ok: false, saw, mute })
    } finally {
      deadline.stop()
      over.abort(OVER)
    }
  }
}

/** Calls `over` after so many ms, those not counted for which it was paused. */
function limit(elapsed: () => number, ms: number, over: () => void) {
  let left = ms
  let runsSince = elapsed()
  let timer = setTimeout(over, left)
  return {
    /** Resolves to how long that took. */
    async pausedFor(wait: Promise<void>): Promise<number> {
      clearTimeout(timer)
      const from = elapsed()
      left -= from - runsSince
      await wait
      runsSince = elapsed()
      timer = setTimeout(over, Math.max(0, left))
      return runsSince - from
    },
    stop: () => clearTimeout(timer),
  }
}

/** How long each part of a look took. Parts that come again, after a redirect, are added up. */
function stopwatch(elapsed: () => number) {
  let startedAt = elapsed()
  const spent = new Map<Phase, number>()
  let phase: Phase | null = null
  let since = startedAt
  const enter = (next: Phase) => {
    const now = elapsed()
    if (phase !== null) spent.set(phase, (spent.get(phase) ?? 0) + now - since)
    phase = next
    since = now
  }
  /** So many ms up to now are no part of anything. */
  const skip = (ms: number) => {
    startedAt += ms
    since += ms
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
  return { enter, skip, stop, phase: () => phase }
}
