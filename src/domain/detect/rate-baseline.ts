import { z } from 'zod'
import { DAY_MS, HOUR_MS, modulo, timeOfDay, toWall, weekdayOf } from '../duty/time.ts'
import { type Noise, residual, variance } from './rate-noise.ts'

/**
 * What is expected of a series at an instant: a mean, from what it did before.
 *
 * Fifteen forecasters, weighed by how well each has done lately (prediction with expert advice: Vovk 1990, Cesa-Bianchi and Lugosi 2006): five
 * shapes (none; the time of day, as it was and smoothed; each also with the hour of the week), each with a level that follows the
 * series fast, over hours, or over a day (dynamic generalised linear models: West, Harrison and Migon 1985, with the gain of a
 * local level). All in logarithms of a mean, so growth scales the shape. The fast ones tell whether this sample fits the one before; the
 * slow ones, whether the last hours fit the days before.
 */
export const Baseline = z.strictObject({
  /** Logarithm of the mean by time of day; null where the series has not been yet. */
  day: z.array(z.number().nullable()),
  /** By hour of the week from Monday, on top of that. */
  week: z.array(z.number()),
  /**
   * Logarithm of seen over expected while an alarm rang, by hour of the week: what is not learned the first time. When it comes again a
   * week later it is the rhythm of the series (a shop that is closed on Sundays), and no alarm.
   */
  odd: z.array(z.number()),
  /** The days on which that was. */
  oddDay: z.array(z.int()),
  /** Growth against the shape, over weeks. */
  growth: z.number(),
  /** The bins that the series is in: what they have held so far, and what had been expected of that. */
  dayBin: z.strictObject({ bin: z.int(), seen: z.number(), expected: z.number(), n: z.int() }),
  weekBin: z.strictObject({ bin: z.int(), seen: z.number(), expected: z.number(), n: z.int() }),
  levels: z.array(z.number()),
  losses: z.array(z.number()),
  /** The day on which it began; null before that. */
  since: z.int().nullable(),
  /** Samples since then. */
  n: z.int(),
  days: z.number(),
  unit: z.number(),
  /** Of the fast and of the slow forecast. */
  spread: z.number(),
  slowSpread: z.number(),
  /** Of the variance, by hour of the day. */
  rough: z.array(z.number()),
  /** Sums behind `unit` and `spread` (weighted least squares of squared errors on 1/mean and 1). */
  sums: z.array(z.number()),
  mean: z.number(),
  integers: z.boolean(),
})
export type Baseline = z.infer<typeof Baseline>

export interface Forecast {
  fast: number
  /** Of the last hours or the last day, whichever did better. */
  middle: number
  slow: number
  /** Logarithms, one for each forecaster. */
  each: number[]
  noise: Noise
  slowNoise: Noise
  /** Which shapes had something to say. */
  shapes: (number | null)[]
  /** No day like this one has been seen before it: the first weekend, say. */
  isNewDay: boolean
  /** The mean of this hour of the week, over weeks; null while its time of day is not known. */
  usual: number | null
  slot: Slot
}

interface Slot {
  dayBin: number
  weekBin: number
  hour: number
  /** Of the zone, since 1970. */
  date: number
}

const SHAPES = 5
/** Fast, of the last hours, of the last day. */
const SPEEDS = 3
const FORECASTERS = SPEEDS * SHAPES
const WEEK_HOURS = 168

/** A sample this many standard deviations off moves the baseline no further than one at that distance. */
const CLIP = 2.5

/** Of the middle speed: it takes in a change over so many samples. */
const MIDDLE_GAIN = 1 / 24

const binsOf = (intervalMs: number) => Math.max(1, Math.min(288, Math.floor(DAY_MS / intervalMs)))

/** What is odd need not come again exactly: within so many deviations, and so much of itself. */
const ODD_DEVIATIONS = 2.5
const ODD_SPREAD = 0.15

/** Nothing that is counted or measured is smaller. */
const LEAST = 1e-12

export const newBaseline = (intervalMs: number, value: number): Baseline => {
  const integers = Number.isInteger(value)
  const unit = integers ? 1 : Math.max(LEAST, 0.002 * value)
  const level = Math.log(Math.max(value, unit / 2))
  return {
    day: Array<number | null>(binsOf(intervalMs)).fill(null),
    week: Array<number>(WEEK_HOURS).fill(0),
    odd: Array<number>(WEEK_HOURS).fill(0),
    oddDay: Array<number>(WEEK_HOURS).fill(0),
    growth: 0,
    dayBin: { bin: -1, seen: 0, expected: 0, n: 0 },
    weekBin: { bin: -1, seen: 0, expected: 0, n: 0 },
    levels: Array<number>(FORECASTERS).fill(level),
    losses: Array<number>(FORECASTERS).fill(1),
    since: null,
    n: 0,
    days: 0,
    unit,
    spread: 0.1,
    slowSpread: 0.2,
    rough: Array<number>(24).fill(1),
    sums: [0, 0, 0, 0, 0],
    mean: value,
    integers,
  }
}

/** Whether every day of the week has been seen: what is expected is of this very day. */
export const isFamiliar = ({ days }: Baseline) => days >= 7

export const isHoliday = (at: number, zone: string, holidays: ReadonlySet<number>) =>
  holidays.has(Math.floor(toWall(at, zone) / DAY_MS))

function slotOf(bins: number, at: number, zone: string, holidays: ReadonlySet<number>): Slot {
  const wall = toWall(at, zone)
  const time = timeOfDay(wall)
  const hour = Math.floor(time / HOUR_MS)
  const date = Math.floor(wall / DAY_MS)
  const day = holidays.has(date) ? 6 : weekdayOf(wall)
  return { dayBin: Math.min(bins - 1, Math.floor((time * bins) / DAY_MS)), weekBin: day * 24 + hour, hour, date }
}

/** Working days are like one another; a Saturday and a Sunday are like themselves. */
function isNewDay(since: number | null, { date, weekBin }: Slot): boolean {
  const before = since === null ? 0 : date - since
  if (before >= 7) return false
  const isWorking = (day: number) => modulo(day, 7) < 5
  const weekday = Math.floor(weekBin / 24)
  if (!isWorking(weekday)) return true
  return !Array.from({ length: before }, (_, i) => weekday - 1 - i).some(isWorking)
}

export function forecast(base: Baseline, at: number, zone: string, holidays: ReadonlySet<number>): Forecast {
  const slot = slotOf(base.day.length, at, zone, holidays)
  const raw = base.day[slot.dayBin] ?? null
  const smooth = smoothed(base.day, slot.dayBin)
  const week = base.week[slot.weekBin] ?? 0
  const shapes = [0, smooth, raw, smooth === null ? null : smooth + week, raw === null ? null : raw + week]
  const each: number[] = []
  let fast = 0
  let slow = 0
  let fastWeight = 0
  let slowWeight = 0
  let middle = 0
  let middleWeight = 0
  for (let i = 0; i < FORECASTERS; i++) {
    const shape = shapes[i % SHAPES] ?? null
    const level = base.levels[i] ?? 0
    const known = base.levels[i - (i % SHAPES)]
    const log = shape === null ? (known ?? 0) : shape + level
    each.push(log)
    if (shape === null) continue
    const weight = (base.losses[i] ?? 1) ** -4
    fast += weight * log
    fastWeight += weight
    if (i < SHAPES) continue
    if (i < 2 * SHAPES) {
      middle += weight * log
      middleWeight += weight
      continue
    }
    slow += weight * log
    slowWeight += weight
  }
  const rough = base.rough[slot.hour] ?? 1
  return {
    fast: Math.exp(fast / fastWeight),
    middle: Math.exp((middle + slow) / (middleWeight + slowWeight)),
    slow: Math.exp(slow / slowWeight),
    each,
    noise: { unit: base.unit, spread: base.spread, rough },
    slowNoise: { unit: base.unit, spread: base.slowSpread, rough },
    shapes,
    isNewDay: isNewDay(base.since, slot),
    usual: raw === null ? null : Math.exp(raw + week + base.growth),
    slot,
  }
}

/** The bin and its neighbours within half an hour or so, for the days in which one visit is all that is known of each. */
function smoothed(day: readonly (number | null)[], bin: number): number | null {
  const reach = Math.min(3, Math.floor(day.length / 48))
  let sum = 0
  let weight = 0
  for (let step = -reach; step <= reach; step++) {
    const value = day[modulo(bin + step, day.length)] ?? null
    if (value === null) continue
    const share = reach + 1 - Math.abs(step)
    sum += share * value
    weight += share
  }
  return weight === 0 ? null : sum / weight
}

/** The gain of a local level whose drift has `drift` times the spread as variance: a single count of a sparse series says little. */
function gainOf(drift: number, spread: number, noise: number): number {
  const q = drift * spread
  const before = (q + Math.sqrt(q * q + 4 * q * noise)) / 2
  return before / (before + noise)
}

/** What a sample teaches. @param y not of an incident, or it becomes what is expected */
export function learn(base: Baseline, y: number, seen: Forecast, intervalMs: number): Baseline {
  const perDay = DAY_MS / intervalMs
  const n = base.n + 1
  const noise = variance(seen.fast, seen.noise)
  const slowNoise = variance(seen.slow, seen.slowNoise)
  const clipped = (mean: number, v: number) => {
    const reach = CLIP * Math.sqrt(v)
    return Math.min(reach * 1.2, Math.max(-Math.min(reach, 1), (y - mean) / mean))
  }
  const fastGain = gainOf(0.1, base.spread, noise)
  const patient = (gain: number) => Math.min(fastGain / 2, gainOf(gain * gain, base.slowSpread, slowNoise))
  const gains = [fastGain, patient(MIDDLE_GAIN), patient(Math.max(1e-3, Math.min(2 / perDay, MIDDLE_GAIN / 2)))]
  const start = 1 / (n + 1)
  const levels = base.levels.slice()
  const losses = base.losses.slice()
  const lossGain = Math.max(1 / (n + 1), 1 / Math.max(40, Math.min(perDay, 2000)))
  for (let i = 0; i < FORECASTERS; i++) {
    const log = seen.each[i] ?? 0
    const isFast = i < SHAPES
    const v = isFast ? noise : slowNoise
    const error = clipped(Math.exp(log), v)
    const gain = Math.max(start, gains[Math.floor(i / SHAPES)] ?? 0)
    const level = log + Math.log1p(Math.max(-0.95, gain * error))
    const shape = seen.shapes[i % SHAPES] ?? null
    levels[i] = shape === null ? 0 : level - shape
    const loss = base.losses[i] ?? 1
    losses[i] =
      shape === null
        ? (losses[i - (i % SHAPES)] ?? 1)
        : loss + lossGain * (Math.min(9, (error * error) / noise) + 0.02 - loss)
  }
  return {
    ...learnShape(base, y, seen, intervalMs),
    ...learnNoise(base, y, seen, noise, perDay),
    levels,
    losses,
    since: base.since ?? seen.slot.date,
    n,
    days: base.days + 1 / perDay,
  }
}

/** The shape learns a bin at a time, as it is left. */
function learnShape(base: Baseline, y: number, { slot, slow, slowNoise, usual }: Forecast, intervalMs: number) {
  const reach = 3 * Math.sqrt(variance(slow, slowNoise)) * slow
  const value = Math.min(y, slow + reach)
  const growth = base.growth
  let { day, week, dayBin, weekBin } = base
  let grown = growth
  if (dayBin.bin !== slot.dayBin) {
    if (dayBin.bin >= 0) {
      day = day.slice()
      const before = day[dayBin.bin] ?? null
      const mean = (dayBin.seen + base.unit) / (dayBin.n + (base.unit * dayBin.n) / Math.max(dayBin.expected, 1e-9))
      if (before === null) day[dayBin.bin] = rounded(Math.log(mean))
      else {
        const gain = Math.max(0.12, 1 / (Math.floor(base.days) + 1))
        day[dayBin.bin] = rounded(before + stepOf(dayBin, gain, base.unit, day.length * intervalMs, intervalMs))
      }
    }
    dayBin = { bin: slot.dayBin, seen: 0, expected: 0, n: 0 }
  }
  if (weekBin.bin !== slot.weekBin) {
    if (weekBin.bin >= 0 && base.days > 1) {
      week = week.slice()
      const gain = wasOdd(base, weekBin.bin, slot.date) ? 1 : Math.max(0.25, 1 / (Math.floor(base.days / 7) + 2))
      const step = stepOf(weekBin, gain, base.unit, HOUR_MS, intervalMs)
      week[weekBin.bin] = rounded((week[weekBin.bin] ?? 0) + step)
      const drift = stepOf(weekBin, Math.max(1 / 168, 1 / (base.days * 24)), base.unit, HOUR_MS, intervalMs)
      grown = growth + drift
    }
    weekBin = { bin: slot.weekBin, seen: 0, expected: 0, n: 0 }
  }
  const shape = usual ?? slow
  dayBin = { ...dayBin, seen: dayBin.seen + value, expected: dayBin.expected + shape, n: dayBin.n + 1 }
  weekBin =
    usual === null
      ? weekBin
      : { ...weekBin, seen: weekBin.seen + value, expected: weekBin.expected + shape, n: weekBin.n + 1 }
  return { ...base, day, week, dayBin, weekBin, growth: grown }
}

/** Towards what a bin has held: less by what little a few counts say, and by what was not seen of it. */
function stepOf(bin: Baseline['dayBin'], gain: number, unit: number, lengthMs: number, intervalMs: number): number {
  if (bin.n === 0 || bin.expected <= 0) return 0
  const whole = Math.min(1, bin.n / Math.max(1, lengthMs / intervalMs))
  const said = bin.expected / (bin.expected + 2 * unit)
  return Math.log1p(Math.max(-0.9, gain * said * whole * (bin.seen / bin.expected - 1)))
}

const rounded = (value: number) => Math.round(value * 1e4) / 1e4

function learnNoise(base: Baseline, y: number, seen: Forecast, noise: number, perDay: number) {
  const n = base.n + 1
  const integers = base.integers && Number.isInteger(y)
  const mean =
    base.mean + Math.max(1 / (n + 1), 0.2 / perDay) * (Math.min(y, 5 * base.mean + 5 * base.unit) - base.mean)
  const error = (y - seen.fast) / seen.fast
  const square = Math.min(9 * noise, error * error) / seen.noise.rough
  const plain = noise / seen.noise.rough
  const weight = 1 / (plain * plain)
  const x = 1 / seen.fast
  const keep = 1 - Math.min(0.02, 1 / (14 * perDay))
  const [a = 0, b = 0, c = 0, d = 0, e = 0] = base.sums
  const sums = [
    a * keep + weight,
    b * keep + weight * x,
    c * keep + weight * x * x,
    d * keep + weight * square,
    e * keep + weight * x * square,
  ]
  const { unit, spread } = split(sums, integers ? 1 : Math.max(LEAST, 0.02 * base.spread * mean), base, n)
  const slowError = (y - seen.slow) / seen.slow
  const slowSquare = Math.min(9 * variance(seen.slow, seen.slowNoise), slowError * slowError) / seen.noise.rough
  const slowGain = Math.max(1 / (n + 10), 0.5 / perDay / 7)
  const slowSpread = Math.max(spread, base.slowSpread + slowGain * (slowSquare - unit / seen.slow - base.slowSpread))
  const z = residual(y, seen.fast, seen.noise)
  const rough = base.rough.slice()
  const before = rough[seen.slot.hour] ?? 1
  const roughGain = Math.min(0.05, 24 / perDay / 4)
  rough[seen.slot.hour] = rounded(Math.min(8, Math.max(0.25, before * (1 + roughGain * (Math.min(9, z * z) - 1)))))
  return { integers, mean, sums, unit, spread, slowSpread, rough }
}

/** Squared errors = unit / mean + spread, by least squares, within what is possible; a prior of some samples at first. */
function split(sums: number[], least: number, base: Baseline, n: number): { unit: number; spread: number } {
  const [a = 0, b = 0, c = 0, d = 0, e = 0] = sums
  if (n < 5) return { unit: least, spread: base.spread }
  const prior = (8 * a) / n
  const determinant = (a + prior) * c - b * b
  const level = d + prior * 0.05
  const unit = determinant > 1e-9 * a * c ? ((a + prior) * e - b * level) / determinant : least
  const bounded = Math.max(least, Math.min(unit, 50 * least))
  return { unit: bounded, spread: Math.min(4, Math.max(1e-4, (level - bounded * b) / (a + prior))) }
}

/** Keeps in mind what was seen while an alarm rang. @param isFirst in this hour of this alarm */
export function withOdd(base: Baseline, y: number, { slot, usual }: Forecast, isFirst: boolean): Baseline {
  if (usual === null) return base
  const off = Math.log(Math.max(y, base.unit / 2) / usual)
  const odd = base.odd.slice()
  const before = isFirst ? off : (odd[slot.weekBin] ?? 0)
  odd[slot.weekBin] = rounded(before + 0.3 * (off - before))
  if (base.oddDay[slot.weekBin] === slot.date) return { ...base, odd }
  const oddDay = base.oddDay.slice()
  oddDay[slot.weekBin] = slot.date
  return { ...base, odd, oddDay }
}

/** The baseline that knows what was odd in this hour a week ago; null when nothing was, or that is not what is seen now. */
export function withRhythm(base: Baseline, y: number, { slot, usual, slowNoise }: Forecast): Baseline | null {
  const off = base.odd[slot.weekBin] ?? 0
  if (usual === null || !wasOdd(base, slot.weekBin, slot.date)) return null
  const noise = { ...slowNoise, spread: slowNoise.spread + (ODD_SPREAD * off) ** 2 }
  if (Math.abs(residual(y, usual * Math.exp(off), noise)) > ODD_DEVIATIONS) return null
  const [week, odd] = [base.week.slice(), base.odd.slice()]
  week[slot.weekBin] = rounded((week[slot.weekBin] ?? 0) + off)
  odd[slot.weekBin] = 0
  return { ...base, week, odd }
}

/** Whether an alarm rang in this hour a week ago. */
const wasOdd = (base: Baseline, weekBin: number, date: number) =>
  base.odd[weekBin] !== 0 && Math.abs(date - (base.oddDay[weekBin] ?? 0) - 7) <= 1
