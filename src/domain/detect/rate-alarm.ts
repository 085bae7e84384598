import { DAY_MS } from '../duty/time.ts'
import { type Baseline, type Forecast, forecast, learn, withOdd, withRhythm } from './rate-baseline.ts'
import { cleared, rateOf, STRANDS, type Strand } from './rate-evidence.ts'
import { residual } from './rate-noise.ts'
import { scoreOf } from './rate-score.ts'
import {
  type Alarm,
  budgetOf,
  type Direction,
  type RateSpec,
  type RateState,
  type Reading,
  type Why,
} from './rate-state.ts'

/**
 * none --evidence--> ringing --as expected for CALM samples--> none; ringing --a new level that held--> none, with another baseline.
 *
 * What rings is never learned. A new level is accepted at once and whole, and the former one is kept in mind: the day it comes back is
 * no alarm either.
 */
const CALM = 2

/** A sample within so many deviations is as expected. */
const CALM_DEVIATIONS = 2

const WARY_SAMPLES = 8

/** A level has to hold for as many samples as well as for the time of the configuration. */
const ACCEPTED_SAMPLES = 24

/** After this a series that repeats one value does so by nature. */
const STUCK_ACCEPTED_MS = DAY_MS

const FORMER_MS = 14 * DAY_MS

/** As unusual as what happens once in so long: somebody has thought about it. */
const WRITTEN_DOWN_MONTHS = 1_000

/** A score this much higher than any before is news in an alarm that rings already; else the rest of it counts half. */
const NEWS = 0.05

function directionOf(why: Why): Direction {
  switch (why) {
    case 'burst':
    case 'rise':
    case 'surge':
    case 'ceiling':
      return 'up'
    case 'plunge':
    case 'fall':
    case 'sink':
    case 'floor':
      return 'down'
    case 'silence':
    case 'stuck':
      return 'flat'
    case 'nodata':
      return 'nodata'
    default:
      return why satisfies never
  }
}

export const quiet = (state: RateState): Reading => ({
  state,
  transition: null,
  reason: 'normal',
  direction: state.alarm?.direction ?? null,
  expected: null,
  score: 0,
  learning: (state.base?.days ?? 0) < 1,
})

/** A fall to nothing is silence from its first sample on, where a zero is news. */
const isSilent = ({ threads: { silence } }: RateState, value: number) =>
  value === 0 && silence.now >= silence.tail.limit / 2

/** An alarm begins on a value that is not as expected. */
export function begin(state: RateState, at: number, why: Why, value: number, seen: Forecast, spec: RateSpec): Reading {
  if (isSilent(state, value)) return ring(state, at, 'silence', spec)
  const direction = directionOf(why)
  const shifts = direction === 'up' || direction === 'down'
  const { base } = state
  if (base === null || !shifts) return ring(state, at, why, spec)
  const again = known(state, at, value, seen, spec)
  if (again !== null) return again
  const off = offBy(value, seen.slow, base.unit)
  return withAlarm(ring({ ...state, base: withOdd(base, value, seen, true) }, at, why, spec), {
    drift: off,
    hour: seen.slot.weekBin,
  })
}

/** An alarm begins, goes on, or turns into another. */
export function ring(state: RateState, at: number, why: Why, spec: RateSpec): Reading {
  const direction = directionOf(why)
  const before = state.alarm
  const score = scoreOf(monthsOf(state, why, spec))
  const same = before?.direction === direction ? before : null
  const alarm: Alarm = {
    direction,
    why: same?.why ?? why,
    sinceAt: before?.sinceAt ?? at,
    samples: (before?.samples ?? 0) + 1,
    calm: 0,
    drift: same?.drift ?? 0,
    hour: same?.hour ?? -1,
    best: Math.max(same?.best ?? 0, score),
  }
  return {
    ...quiet({ ...state, alarm }),
    transition: before ? null : 'down',
    reason: alarm.why,
    score: same === null || score > same.best + NEWS ? score : score / 2,
  }
}

/** How long one would wait for such evidence in this series, were nothing wrong. What somebody has written down needs no evidence. */
function monthsOf(state: RateState, why: Why, spec: RateSpec): number {
  if (why === 'floor' || why === 'ceiling') return WRITTEN_DOWN_MONTHS
  const strands: Strand[] = why === 'silence' ? ['silence', 'plunge'] : [why]
  const rates = strands.map((strand) => rateOf(strand, state.threads[strand], state.samples))
  return budgetOf({ ...spec, budget: 1 }) / Math.max(Math.min(...rates), 1e-300)
}

/** A value while an alarm rings. */
export function ringing(
  state: RateState,
  alarm: Alarm,
  at: number,
  value: number,
  seen: Forecast,
  spec: RateSpec,
): Reading {
  const { base } = state
  if (base === null) return quiet(state)
  const stuck = state.same > 0 && value !== 0 && passes(state, 'stuck')
  if (stuck && at - alarm.sinceAt >= STUCK_ACCEPTED_MS) {
    const repeats = { ...state.repeats, first: state.repeats.of, again: state.repeats.of }
    return ended({ ...state, repeats }, spec, 'accepted')
  }
  if (stuck) return ring(state, at, 'stuck', spec)
  if (isSilent(state, value)) return ring(state, at, 'silence', spec)
  const beyond = beyondLimits(value, spec)
  if (beyond) return ring(state, at, beyond, spec)
  const sign = alarm.direction === 'up' ? 1 : alarm.direction === 'down' ? -1 : 0
  // What was silent or stuck has ended with the first value that is neither.
  if (sign === 0) return ended(state, spec, 'recovered')
  const off = (mean: number, noise: Forecast['noise']) => sign * residual(value, mean, noise)
  const isCalm =
    off(seen.slow, seen.slowNoise) < CALM_DEVIATIONS ||
    off(seen.fast, seen.noise) < CALM_DEVIATIONS ||
    withRhythm(base, value, seen) !== null
  const calm = isCalm ? alarm.calm + 1 : 0
  if (calm >= CALM) return ended(state, spec, 'recovered')
  const drift = alarm.drift + 0.15 * (offBy(value, seen.slow, base.unit) - alarm.drift)
  if (!isCalm && alarm.samples >= ACCEPTED_SAMPLES && at - alarm.sinceAt >= spec.acceptMs) {
    const former = { shift: drift, untilAt: at + FORMER_MS }
    return ended({ ...state, base: shifted(base, drift), former }, spec, 'accepted')
  }
  const strand = strongest(state, sign > 0 ? ['burst', 'rise', 'surge'] : ['plunge', 'fall', 'sink'])
  const hour = seen.slot.weekBin
  const odd = withOdd(base, value, seen, hour !== alarm.hour)
  return withAlarm(ring({ ...state, base: odd }, at, strand, spec), { calm, drift, hour })
}

const withAlarm = (reading: Reading, change: Partial<Alarm>): Reading => {
  const { alarm } = reading.state
  return alarm ? { ...reading, state: { ...reading.state, alarm: { ...alarm, ...change } } } : reading
}

/** Logarithm of seen over expected. */
const offBy = (value: number, mean: number, unit: number) => Math.log(Math.max(value, unit / 2) / mean)

const passes = ({ threads }: RateState, strand: Strand) => threads[strand].now >= threads[strand].tail.limit

const strongest = ({ threads }: RateState, among: readonly Strand[]): Strand =>
  among.reduce((a, b) => (threads[a].now / threads[a].tail.limit >= threads[b].now / threads[b].tail.limit ? a : b))

export function beyondLimits(value: number, { floor, ceiling }: RateSpec): 'floor' | 'ceiling' | null {
  if (floor !== null && value < floor) return 'floor'
  return ceiling !== null && value > ceiling ? 'ceiling' : null
}

function ended(state: RateState, spec: RateSpec, reason: 'recovered' | 'accepted'): Reading {
  const calm = { ...settled(state, spec), alarm: null, wary: WARY_SAMPLES }
  return { ...quiet(calm), transition: 'up', reason }
}

/** Evidence begins at nothing; what it came to is remembered. */
function settled(state: RateState, spec: RateSpec): RateState {
  const threads = { ...state.threads }
  for (const strand of STRANDS) threads[strand] = cleared(strand, threads[strand], state.samples, budgetOf(spec))
  return { ...state, threads, same: 0 }
}

const shifted = (base: Baseline, by: number): Baseline => ({ ...base, levels: base.levels.map((level) => level + by) })

/** What would ring now but is known: the level from before the last one that was accepted, or what rang at this hour a week ago. */
function known(state: RateState, at: number, value: number, seen: Forecast, spec: RateSpec): Reading | null {
  const { former, base } = state
  if (base === null) return null
  if (former !== null && at <= former.untilAt) {
    const mean = seen.slow * Math.exp(-former.shift)
    if (Math.abs(residual(value, mean, seen.slowNoise)) < CALM_DEVIATIONS)
      return {
        ...quiet({ ...explained(state), base: shifted(base, -former.shift), former: null }),
        reason: 'former-level',
      }
  }
  const again = withRhythm(base, value, seen)
  if (again === null) return null
  const learned = learn(again, value, forecast(again, at, spec.zone, spec.holidays), spec.intervalMs)
  return { ...quiet({ ...explained(state), base: learned }), reason: 'as-a-week-ago' }
}

/** Evidence of what is known is none, and nothing to remember. */
function explained(state: RateState): RateState {
  const threads = { ...state.threads }
  for (const strand of STRANDS) threads[strand] = { ...threads[strand], now: 0, peak: 0, calm: 0, run: 0 }
  return { ...state, threads }
}
