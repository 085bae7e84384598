import { z } from 'zod'
import { DAY_MS } from '../duty/time.ts'
import { Baseline, type Forecast, forecast, learn, newBaseline } from './rate-baseline.ts'
import { STRANDS, type Strand, type Thread, Threads, cleared, fade, newThreads, rateOf, spun } from './rate-evidence.ts'
import { type Noise, residual, speaksFor, surpriseOfZero, variance } from './rate-noise.ts'

export interface RateSpec {
  intervalMs: number
  zone: string
  /** Local days that are spent like a Sunday: `2026-12-25`. */
  holidays: ReadonlySet<number>
  /** A count below (above) is an alarm from the first sample on. */
  floor: number | null
  ceiling: number | null
  /** False alarms of a month (30 days) that are worth it. */
  budget: number
  /** A level that has held for so long is the new normal. */
  acceptMs: number
}

export interface RateSample {
  at: number
  /** null: it was asked for and did not come. */
  value: number | null
}

export type Direction = 'up' | 'down' | 'flat' | 'nodata'

const Alarm = z.strictObject({
  direction: z.enum(['up', 'down', 'flat', 'nodata']),
  why: z.enum(['floor', 'ceiling', ...STRANDS]),
  sinceAt: z.number(),
  samples: z.int(),
  calm: z.int(),
  /** Logarithm of seen / expected while it lasts. */
  drift: z.number(),
  best: z.number(),
})
type Alarm = z.infer<typeof Alarm>

/** How often zero, the same value, or nothing came, and came again after that. */
const Habit = z.strictObject({ of: z.number(), first: z.number(), again: z.number() })
type Habit = z.infer<typeof Habit>

export const RateState = z.strictObject({
  version: z.literal(1),
  startedAt: z.number(),
  lastAt: z.number(),
  last: z.number().nullable(),
  /** Missing samples in a row, samples of the last value in a row, zeros in a row. */
  missing: z.int(),
  same: z.int(),
  zeros: z.int(),
  backwards: z.int(),
  base: Baseline.nullable(),
  threads: Threads,
  samples: z.number(),
  fadedAt: z.number(),
  repeats: Habit,
  gaps: Habit,
  alarm: Alarm.nullable(),
  /** Samples for which an alarm that just ended keeps the bar higher. */
  wary: z.int(),
  former: z.strictObject({ shift: z.number(), untilAt: z.number() }).nullable(),
})
export type RateState = z.infer<typeof RateState>

export interface Reading {
  state: RateState
  transition: 'down' | 'up' | null
  reason: string
  direction: Direction | null
  expected: { low: number; mid: number; high: number } | null
  score: number
  learning: boolean
}

const MONTH_MS = 30 * DAY_MS
const KEEP_PER_DAY = 1 - 1 / 42
const MOST_SAID = 4
const RISE = 1.5
const FALL = 0.65
const SURGE = 4
const SINK = 0.2
const WARY = 8
const CALM = 2
const HUGE = 1e15

export function newRate(at: number, spec: RateSpec): RateState {
  return {
    version: 1,
    startedAt: at,
    lastAt: Number.NEGATIVE_INFINITY === at ? 0 : at - spec.intervalMs,
    last: null,
    missing: 0,
    same: 0,
    zeros: 0,
    backwards: 0,
    base: null,
    threads: newThreads(perSample(spec)),
    samples: 0,
    fadedAt: at,
    repeats: { of: 0, first: 0, again: 0 },
    gaps: { of: 0, first: 0, again: 0 },
    alarm: null,
    wary: 0,
    former: null,
  }
}

const perSample = ({ budget, intervalMs }: RateSpec) => (budget * intervalMs) / MONTH_MS

export function observe(before: RateState, sample: RateSample, spec: RateSpec): Reading {
  const refused = refusal(before, sample, spec)
  if (refused) return { ...quiet(before, spec), reason: refused }
  let state = aged(before, sample.at, spec)
  if (sample.value === null) return missed(state, sample.at, spec)
  if (state.base === null) state = { ...state, base: newBaseline(spec.intervalMs, sample.value) }
  return counted(state, sample.at, sample.value, spec)
}

function refusal(state: RateState, { at, value }: RateSample, spec: RateSpec): string | null {
  if (!Number.isFinite(at)) return 'no-time'
  if (value !== null && Number.isNaN(value)) return 'not-a-number'
  if (value !== null && value < 0) return 'negative'
  if (value !== null && value > HUGE) return 'too-large'
  if (at === state.lastAt) return 'duplicate'
  if (at < state.lastAt) return 'late'
  return null
}

function quiet(state: RateState, spec: RateSpec): Reading {
  return {
    state,
    transition: null,
    reason: 'normal',
    direction: state.alarm?.direction ?? null,
    expected: null,
    score: 0,
    learning: (state.base?.days ?? 0) < 1,
  }
}

function aged(state: RateState, at: number, spec: RateSpec): RateState {
  if (at - state.fadedAt < DAY_MS) return state
  const samples = state.samples * KEEP_PER_DAY
  return { ...state, samples, fadedAt: at, threads: fade(state.threads, KEEP_PER_DAY, samples, perSample(spec)) }
}

const surprise = (habit: Habit, run: number, least: number) => {
  const share = run <= 1 ? (habit.first + 0.5) / (habit.of + 60) : (habit.again + 0.02) / (habit.first + 2)
  return Math.min(9, -Math.log(Math.min(1, Math.max(share, least))))
}

function missed(before: RateState, at: number, spec: RateSpec): Reading {
  const missing = before.missing + 1
  const thread = before.threads.nodata
  const now = thread.now + (before.alarm?.direction === 'nodata' ? 0 : surprise(before.gaps, missing, 0))
  const gaps = habitAfter(before.gaps, missing, before.alarm !== null)
  const threads = { ...before.threads, nodata: spun('nodata', thread, now, before.samples, perSample(spec)) }
  const state = { ...before, lastAt: at, missing, gaps, threads }
  if (state.alarm) return { ...ring(state, at, 'nodata', 'nodata', spec) }
  if (now >= thread.tail.limit) return ring(state, at, 'nodata', 'nodata', spec)
  return { ...quiet(state, spec), reason: 'missing' }
}

/** @param run how long the run is with this sample; 0 it is none */
function habitAfter(habit: Habit, run: number, ringing: boolean): Habit {
  if (ringing || run > 2) return habit
  return { of: habit.of + 1, first: habit.first + (run === 1 ? 1 : 0), again: habit.again + (run === 2 ? 1 : 0) }
}

function counted(before: RateState, at: number, value: number, spec: RateSpec): Reading {
  const base = before.base
  if (base === null) throw new Error('no baseline')
  const budget = perSample(spec)
  const holiday = (day: number) => spec.holidays.has(day)
  const seen = forecast(base, at, spec.zone, holiday)
  const zf = residual(value, seen.fast, seen.noise)
  const zs = residual(value, seen.slow, seen.slowNoise)
  const samples = before.samples + 1
  const gap = at - before.lastAt > 1.5 * spec.intervalMs
  const same = value === before.last && !gap ? before.same + 1 : 0
  const zeros = value === 0 ? before.zeros + 1 : 0
  const ready = base.n >= 8
  const t = before.threads
  const said = (ratio: number) => (ready ? Math.max(-MOST_SAID * 1.5, Math.min(MOST_SAID, speaksFor(ratio, value, seen.slow, seen.slowNoise))) : 0)
  const sum = (strand: Strand, ratio: number) => Math.max(0, Math.min(t[strand].now + said(ratio), 2 * t[strand].tail.limit))
  const one = ready ? (zf * zf) / 2 : 0
  const density = base.integers ? 1 / (2.5 * Math.max(0.3, seen.fast * Math.sqrt(variance(seen.fast, seen.noise)))) : 0.01
  const now: Record<Strand, number> = {
    burst: zf > 0 ? one : 0,
    plunge: zf < 0 ? one : 0,
    rise: sum('rise', RISE),
    fall: sum('fall', FALL),
    surge: sum('surge', SURGE),
    sink: sum('sink', SINK),
    silence: value === 0 ? Math.min(2 * t.silence.tail.limit, t.silence.now + Math.min(8, surpriseOfZero(seen.slow, seen.slowNoise))) : 0,
    stuck: same > 0 && value !== 0 && before.repeats.of - before.repeats.first >= 10 ? Math.min(2 * t.stuck.tail.limit, t.stuck.now + surprise(before.repeats, same, density)) : 0,
    nodata: 0,
  }
  const repeats = habitAfter(before.repeats, same, before.alarm !== null)
  const gaps = habitAfter(before.gaps, 0, before.alarm !== null)
  const threads = { ...t }
  const ringing = before.alarm !== null
  for (const strand of STRANDS) {
    threads[strand] = ringing ? { ...t[strand], now: now[strand], peak: Math.max(t[strand].peak, now[strand]) } : spun(strand, t[strand], now[strand], samples, budget)
  }
  const state: RateState = { ...before, lastAt: at, last: value, missing: 0, same, zeros, repeats, gaps, threads, samples, wary: Math.max(0, before.wary - 1) }
  const expected = rangeOf(seen)
  if (before.alarm) return { ...going(state, before.alarm, at, value, seen, zf, zs, spec), expected }
  const unseen = base.days < 8 ? 1.6 : 1
  const early = base.days < 2 ? 1.3 : base.days < 8 ? 1.15 : 1
  const wary = state.wary > 0 ? 1.6 : 1
  const bars: Record<Strand, number> = { burst: wary * early, plunge: wary * early, rise: wary * unseen, fall: wary * unseen, surge: wary * unseen, sink: wary * unseen, silence: 1, stuck: 1, nodata: 1 }
  let found: Strand | null = null
  let best = 0
  for (const strand of STRANDS) {
    const excess = now[strand] / (t[strand].tail.limit * bars[strand])
    if (excess >= 1 && excess > best) {
      best = excess
      found = strand
    }
  }
  if (found !== null) {
    const direction = directionOf(found)
    if (before.former && (direction === 'up' || direction === 'down')) {
      const zFormer = residual(value, seen.slow * Math.exp(-before.former.shift), seen.slowNoise)
      if (Math.abs(zFormer) < 2) {
        const back = shifted(base, -before.former.shift)
        return { ...quiet({ ...calmed(state, budget), base: back, former: null }, spec), reason: 'former-level', expected }
      }
    }
    return { ...ring(state, at, direction, found, spec, Math.log(Math.max(value, base.unit / 2) / seen.slow)), expected }
  }
  return { ...quiet({ ...state, base: learn(base, value, seen, spec.intervalMs) }, spec), expected }
}

function directionOf(strand: Strand): Direction {
  switch (strand) {
    case 'burst':
    case 'rise':
    case 'surge':
      return 'up'
    case 'plunge':
    case 'fall':
    case 'sink':
      return 'down'
    case 'silence':
    case 'stuck':
      return 'flat'
    case 'nodata':
      return 'nodata'
    default:
      return strand satisfies never
  }
}

function rangeOf({ slow, slowNoise }: Forecast) {
  const reach = 3 * Math.sqrt(variance(slow, slowNoise))
  return { low: slow * Math.max(0, 1 - reach), mid: slow, high: slow * (1 + reach) }
}

function scoreOf(state: RateState, why: Strand, spec: RateSpec): number {
  const months = spec.intervalMs / MONTH_MS / Math.max(rateOf(why, state.threads[why], state.samples), 1e-300)
  const x = Math.log1p(10 * months)
  return x / (x + 10)
}

function ring(state: RateState, at: number, direction: Direction, why: Strand, spec: RateSpec, drift = 0): Reading {
  const score = scoreOf(state, why, spec)
  const before = state.alarm
  if (before !== null && before.direction === direction) {
    const isNew = score > before.best + 0.05
    const alarm = { ...before, best: Math.max(before.best, score), calm: 0, samples: before.samples + 1 }
    return { ...quiet({ ...state, alarm }, spec), reason: before.why, direction, score: isNew ? score : score / 2 }
  }
  const alarm: Alarm = { direction, why, sinceAt: before?.sinceAt ?? at, samples: 1, calm: 0, drift, best: score }
  return { ...quiet({ ...state, alarm }, spec), transition: before ? null : 'down', reason: why, direction, score }
}

/** A sample while an alarm rings: nothing is learned of it, until it has become the new normal. */
function going(state: RateState, alarm: Alarm, at: number, value: number, seen: Forecast, zf: number, zs: number, spec: RateSpec): Reading {
  const base = state.base
  if (base === null) throw new Error('no baseline')
  const budget = perSample(spec)
  const silent = value === 0 && state.threads.silence.now >= state.threads.silence.tail.limit * 0.5
  const stuck = state.same > 0 && value !== 0 && state.threads.stuck.now >= state.threads.stuck.tail.limit
  if (stuck && at - alarm.sinceAt >= DAY_MS) {
    const repeats = { ...state.repeats, first: state.repeats.of, again: state.repeats.of }
    return { ...quiet({ ...calmed({ ...state, repeats }, budget), alarm: null }, spec), transition: 'up', reason: 'accepted', direction: null }
  }
  if (silent || stuck) return ring(state, at, 'flat', silent ? 'silence' : 'stuck', spec)
  const off = Math.log(Math.max(value, base.unit / 2) / seen.slow)
  const drift = alarm.drift + 0.15 * (off - alarm.drift)
  const sign = alarm.direction === 'up' ? 1 : alarm.direction === 'down' ? -1 : 0
  const isCalm = sign === 0 ? true : sign * zs < 2 || sign * zf < 2
  const calm = isCalm ? alarm.calm + 1 : 0
  const needed = sign === 0 ? 1 : CALM
  if (calm >= needed) {
    return { ...quiet({ ...calmed(state, budget), alarm: null, wary: WARY }, spec), transition: 'up', reason: 'recovered', direction: null }
  }
  const next = { ...alarm, calm, drift, samples: alarm.samples + 1 }
  if (sign !== 0 && next.samples >= 24 && at - alarm.sinceAt >= spec.acceptMs) {
    const calmState = calmed(state, budget)
    const former = { shift: drift, untilAt: at + 14 * DAY_MS }
    return {
      ...quiet({ ...calmState, base: shifted(base, drift), alarm: null, wary: WARY, former }, spec),
      transition: 'up',
      reason: 'accepted',
      direction: null,
    }
  }
  const strand = sign > 0 ? strongest(state, ['burst', 'rise', 'surge']) : strongest(state, ['plunge', 'fall', 'sink'])
  const reading = sign === 0 ? quiet({ ...state, alarm: next }, spec) : ring({ ...state, alarm: next }, at, alarm.direction, strand, spec)
  return { ...reading, state: { ...reading.state, alarm: { ...next, best: reading.state.alarm?.best ?? next.best } }, reason: alarm.why, direction: alarm.direction }
}

const strongest = (state: RateState, among: Strand[]): Strand =>
  among.reduce((a, b) =>
    state.threads[a].now / state.threads[a].tail.limit >= state.threads[b].now / state.threads[b].tail.limit ? a : b,
  )

function calmed(state: RateState, budget: number): RateState {
  const threads = { ...state.threads }
  for (const strand of STRANDS) threads[strand] = cleared(strand, threads[strand], state.samples, budget)
  return { ...state, threads, same: 0 }
}

const shifted = (base: Baseline, by: number): Baseline => ({ ...base, levels: base.levels.map((level) => level + by) })
