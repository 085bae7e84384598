import type { Signal } from '../event.ts'
import type { Monitor } from '../rules.ts'
import { observe as observeLog } from './log.ts'
import { type LogState, newLog } from './log-state.ts'
import { newProbe, observe, type ProbeState, type Sample } from './probe.ts'

/**
 * A drill: a fault is injected where a monitor would see one, and travels the way of a real one, through the same code, in-tray, desk and
 * out-tray. It proves that what a monitor sees is found out, and that whoever is to hear of it does.
 */
const SAW = 'a fault injected by a drill'

/** Whether what a monitor sees can be made up: which line a pattern waits for, or who fails to report, cannot. */
export const canDrill = (monitor: Monitor): boolean => seesFault(monitor, 0)

/** Of a look that found what it found and nothing else. */
const NOTHING_MORE = { asked: null, behind: 0, more: 0, lost: null }

/** Whether a made-up fault, seen by a monitor of its own that nobody has heard of, takes it down. */
function seesFault(monitor: Monitor, at: number): boolean {
  switch (monitor.kind) {
    case 'http':
    case 'tls':
    case 'dns':
    case 'tcp': {
      let state: ProbeState = newProbe(at)
      const sample: Sample = { at, ok: false, saw: SAW, ms: 0 }
      for (let failures = 0; failures < monitor.failAfter; failures++) state = observe(state, sample, monitor).state
      return state.status === 'down'
    }
    case 'log': {
      if (!monitor.expectEmpty) return false
      const state: LogState = newLog(monitor, at)
      const line = { text: SAW, cut: false, at: null }
      const look = { at, why: null, lines: [line], follow: state.follow, wrote: null, ...NOTHING_MORE }
      return observeLog(state, look, { ...monitor, ignore: [] }).changes.some(({ to }) => to === 'down')
    }
    // What is unusual depends on what was learned.
    case 'rate':
    case 'heartbeat':
      return false
    default:
      return monitor satisfies never
  }
}

/** What the desk hears of an injected fault; whether it was seen must be asked before. */
export function faultOf(monitor: Monitor, drill: NonNullable<Signal['drill']>, at: number): Signal {
  const headline = `drill of ${monitor.name}`
  return {
    ...{ type: 'signal', service: monitor.service, key: `${monitor.name}: drill`, monitor: monitor.name },
    ...{ status: 'firing', severity: 'critical', headline, summary: `${headline}: ${SAW}`, evidence: [] },
    ...{ seenAt: at, drill },
  }
}
