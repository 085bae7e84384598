import type { Signal } from '../event.ts'
import type { Monitor } from '../rules.ts'
import { due, expire, observe as heard, newHeartbeat } from './heartbeat.ts'
import { observe as observeLog } from './log.ts'
import { type LogState, newLog, quietLook } from './log-state.ts'
import { newProbe, observe, type ProbeState, type Sample } from './probe.ts'
import { plantedRate } from './rate-drill.ts'
import type { RateState } from './rate-state.ts'
import { newShapes, type Shapes } from './shapes.ts'
import { witness } from './witness.ts'

/**
 * A drill: a fault is injected where a monitor would see one, and travels the way of a real one, through the same code, in-tray, desk and
 * out-tray. It proves that what a monitor sees is found out, and that whoever is to hear of it does.
 *
 * What sees it is a copy: of a probe, a heartbeat and the rules of a log a fresh one, of what was learned (the rhythm of a rate, the shapes of a
 * log) what is known at that moment. Nothing of it is kept, so that no drill teaches a monitor anything, or hides a fault that is real.
 */
const SAW = 'a fault injected by a drill'

/** What was learned of a monitor; null: nothing is known of it. */
export interface Learned {
  rate: RateState | null
  shapes: Shapes | null
  /** Of the people behind a rate. */
  zone: string
}

const NOTHING: Learned = { rate: null, shapes: null, zone: 'UTC' }

/** Whether what a monitor sees can be made up: which line a pattern waits for cannot always. */
export function canDrill(monitor: Monitor): boolean {
  // Numbers that do not come can be made up of every rate, whatever it has learned.
  return monitor.kind === 'rate' || planted(monitor, NOTHING, 0) !== null
}

/**
 * A made-up fault, seen by a copy of the monitor: it takes it down.
 *
 * @returns what was made up, in words; null when the monitor did not see it
 */
export function planted(monitor: Monitor, learned: Learned, at: number): string | null {
  switch (monitor.kind) {
    case 'http':
    case 'tls':
    case 'dns':
    case 'tcp': {
      let state: ProbeState = newProbe(at)
      const sample: Sample = { at, ok: false, saw: SAW, ms: 0 }
      for (let failures = 0; failures < monitor.failAfter; failures++) state = observe(state, sample, monitor).state
      return state.status === 'down' ? looks(monitor.failAfter) : null
    }
    case 'log':
      return plantedLines(monitor, learned.shapes, at)
    case 'rate':
      return plantedRate(monitor, learned.rate, learned.zone, at)
    case 'heartbeat':
      return plantedPing(monitor, at)
    default:
      return monitor satisfies never
  }
}

const looks = (failures: number) => (failures === 1 ? 'a look that failed' : `${failures} looks that failed`)

/** The deadline passes without a success, where it has one, and a run says that it failed. */
function plantedPing(monitor: Monitor & { kind: 'heartbeat' }, at: number): string | null {
  const fresh = newHeartbeat(at)
  const dueAt = due(fresh, monitor)
  const isMissed = dueAt !== null && expire(fresh, dueAt, monitor).state.status === 'down'
  if (dueAt !== null && !isMissed) return null
  const ping = { at, kind: 'fail', exit: null, run: null, lines: [SAW] } as const
  if (heard(fresh, { ...ping, lines: [...ping.lines] }, monitor).state.status !== 'down') return null
  return isMissed ? 'a deadline that passed, and a ping that says it failed' : 'a ping that says it failed'
}

/** Lines that each rule waits for, as many as it counts. */
function plantedLines(monitor: Monitor & { kind: 'log' }, shapes: Shapes | null, at: number): string | null {
  if (monitor.expectEmpty) return takesDown(monitor, null, [SAW], at) ? 'a line' : null
  const rules = monitor.match.flatMap((rule) => {
    const line = rule.pattern === null ? SAW : witness(rule.pattern)
    return line === null ? [] : [{ rule, line }]
  })
  const found = rules.every(({ rule, line }) =>
    takesDown({ ...monitor, match: [rule], newShapes: null }, null, Array<string>(rule.count).fill(line), at),
  )
  const sees = [...(rules.length > 0 ? ['lines that its patterns wait for'] : [])]
  if (monitor.newShapes !== null) {
    // Whether it learns still is said elsewhere: here it is seen whether what is new to it would be told.
    const known = { ...(shapes ?? newShapes(at, monitor.newShapes.learnMs)), learnsUntilAt: null }
    if (!takesDown({ ...monitor, match: [] }, known, [UNSEEN_LINE], at)) return null
    sees.push('a line of a shape never seen before')
  }
  return found && sees.length > 0 ? sees.join(' and ') : null
}

const UNSEEN_LINE = 'watchbill-drill: this line stands in no log and was made up to be seen as unseen'

function takesDown(monitor: Monitor & { kind: 'log' }, shapes: Shapes | null, texts: readonly string[], at: number) {
  const state: LogState = { ...newLog(monitor, at), shapes }
  const lines = texts.map((text) => ({ text, cut: false, at: null }))
  const { changes } = observeLog(state, { ...quietLook(state, at), lines }, { ...monitor, canary: null, ignore: [] })
  return changes.some(({ of, to }) => of === 'lines' && to === 'down')
}

/**
 * What the desk hears of an injected fault.
 *
 * @param saw what was made up, as {@link planted} says; whether it was seen must be asked before
 */
export function faultOf(
  monitor: Monitor,
  drill: Omit<NonNullable<Signal['drill']>, 'saw'>,
  saw: string,
  at: number,
): Signal {
  const headline = `drill of ${monitor.name}`
  return {
    ...{ type: 'signal', service: monitor.service, key: `${monitor.name}: drill`, monitor: monitor.name },
    ...{ status: 'firing', severity: 'critical', headline, summary: `${headline}: ${SAW}`, evidence: [] },
    ...{ seenAt: at, drill: { ...drill, saw } },
  }
}
