import { HOUR_MS } from '../duty/time.ts'
import type { RateMonitor } from '../rules.ts'
import { observe } from './rate.ts'
import { isFamiliar, isHoliday } from './rate-baseline.ts'
import { retuned } from './rate-evidence.ts'
import { feed, newFeed, type RateFeed, type Reading } from './rate-feed.ts'
import { monthsBetween } from './rate-score.ts'
import type { Grounds, Shown } from './rate-signal.ts'
import { budgetOf, type Direction, newRate, type RateSpec, type RateState, type Why } from './rate-state.ts'

/** A rate as a process that watches it has it at hand. */
export interface Series {
  /** The last slot that was judged. */
  slotAt: number
  feed: RateFeed
  state: RateState
  /** What the desk knows to be wrong; null: nothing. Since when it is so. */
  alarm: Why | null
  sinceAt: number
  learning: boolean
  /** The latest samples, the oldest first: what an alarm shows. */
  recent: readonly Shown[]
}

/** What became of the rate, or of its source. */
export type RateChange =
  | { of: 'rate'; to: 'down'; why: Why; grounds: Grounds }
  | { of: 'rate'; to: 'up' }
  | { of: 'source'; to: 'down' | 'up'; why: string }

/** Samples shown with an alarm. */
const RECENT = 5

export const newSeries = (slotAt: number, at: number, spec: RateSpec): Series => ({
  slotAt,
  feed: newFeed(at),
  state: newRate(spec),
  alarm: null,
  sinceAt: at,
  learning: true,
  recent: [],
})

/** A level that has held for so long is the new normal. */
export const ACCEPT_MS = 3 * HOUR_MS

export const specOf = (
  { everyMs, floor, ceiling, falseAlarms }: RateMonitor,
  zone: string,
  holidays: ReadonlySet<number> = new Set(),
): RateSpec => ({
  intervalMs: everyMs,
  zone,
  holidays,
  floor,
  ceiling,
  budget: falseAlarms,
  acceptMs: ACCEPT_MS,
})

const ASKED_FOR: Record<Exclude<Direction, 'nodata'>, RateMonitor['detect'][number]> = {
  up: 'spike',
  down: 'dip',
  flat: 'flatline',
}

/** Limits hold, and a missing number is an alarm, whatever else is asked for. */
export function rings({ detect }: RateMonitor, { alarm }: RateState): Why | null {
  if (alarm === null) return null
  const { direction, why } = alarm
  const always = direction === 'nodata' || why === 'floor' || why === 'ceiling'
  return always || detect.includes(ASKED_FOR[direction]) ? why : null
}

/** Learns from a slot that was counted before: nobody is told. */
export function relearn(series: Series, sample: { at: number; value: number | null }, spec: RateSpec): Series {
  const { state, expected, learning } = observe(series.state, sample, spec, sample.at)
  const recent = [...series.recent, { ...sample, expected }].slice(-RECENT)
  return { ...series, slotAt: sample.at, state, learning, recent }
}

/** From the next sample on it rings by the budget of `spec`, whatever it was before. */
export function withBudget(series: Series, spec: RateSpec): Series {
  const { state } = series
  return { ...series, state: { ...state, threads: retuned(state.threads, state.samples, budgetOf(spec)) } }
}

/** How unusual what rings is, and for how long it has been going on: since its evidence began, which is before it was enough. */
function groundsOf({ base, threads, alarm }: RateState, why: Why, at: number, spec: RateSpec): Grounds {
  const { zone } = spec
  const about = { zone, familiar: base !== null && isFamiliar(base), holiday: isHoliday(at, zone, spec.holidays) }
  if (why === 'floor' || why === 'ceiling') return { ...about, months: null, lastsMs: 0 }
  const lastsMs = Math.max(0, threads[why].run - 1) * spec.intervalMs
  return { ...about, months: monthsBetween(alarm?.best ?? 0), lastsMs }
}

/**
 * What a reading of a slot says after all that was seen before it.
 *
 * @returns the sample to be kept: undefined when nothing can be said of the slot
 */
export function judge(
  before: Series,
  { slotAt, reading }: { slotAt: number; reading: Reading },
  monitor: RateMonitor,
  spec: RateSpec,
  at: number,
): { series: Series; value: number | null | undefined; changes: RateChange[] } {
  const counter = 'counter' in monitor.source && monitor.source.counter
  const fed = feed(before.feed, reading, { counter, everyMs: monitor.everyMs }, at)
  const changes: RateChange[] = []
  if (fed.transition) changes.push({ of: 'source', to: fed.transition, why: fed.feed.why ?? '' })
  if (fed.value === undefined) return { series: { ...before, slotAt, feed: fed.feed }, value: undefined, changes }
  const learned = relearn(before, { at: slotAt, value: fed.value }, spec)
  const why = rings(monitor, learned.state)
  // By what the desk knows, not by what the detector says now: whatever was lost in between is made up for.
  if (why !== null && before.alarm === null)
    changes.push({ of: 'rate', to: 'down', why, grounds: groundsOf(learned.state, why, slotAt, spec) })
  if (why === null && before.alarm !== null) changes.push({ of: 'rate', to: 'up' })
  // What began as a drop and became silence is one alarm, and keeps its name.
  const alarm = why === null ? null : (before.alarm ?? why)
  const sinceAt = (alarm === null) === (before.alarm === null) ? before.sinceAt : at
  return { series: { ...learned, feed: fed.feed, alarm, sinceAt }, value: fed.value, changes }
}
