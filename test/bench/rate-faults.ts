import { observe } from '../../src/domain/detect/rate.ts'
import { newRate, type RateSpec, type Reading } from '../../src/domain/detect/rate-state.ts'
import { HOUR_MS } from '../../src/domain/duty/time.ts'
import { type Random, random, type Series } from './rate-series.ts'

export const FAULTS = ['zero', 'stuck', 'absent', 'drop30', 'drop50', 'drop80', 'x2', 'x5', 'x10'] as const
export type Fault = (typeof FAULTS)[number]

interface Planted {
  fault: Fault
  from: number
  to: number
  busy: boolean
}

const FACTOR: Partial<Record<Fault, number>> = { drop30: 0.7, drop50: 0.5, drop80: 0.2, x2: 2, x5: 5, x10: 10 }

/** One fault of each kind, in an order and at places by the seed, the first tenth of the series (two days at most) left alone. */
export function plant(series: Series, seed: number): { series: Series; planted: Planted[] } {
  const r = random(seed)
  const values = series.values.slice()
  const n = values.length
  const from = Math.min(Math.floor(n / 10), Math.round((48 * HOUR_MS) / series.intervalMs))
  const order = shuffled([...FAULTS], r)
  const room = (n - from) / order.length
  const integers = values.every((value) => value === null || Number.isInteger(value))
  const planted = order.map((fault, i) => {
    const length = Math.round(Math.min(r.between(6, 36), room / 4))
    const at = Math.floor(from + i * room + r.next() * (room - 2 * length))
    const around = values.slice(Math.max(0, at - 12), at + 12).filter((value) => value !== null)
    const low = around.toSorted((a, b) => a - b)[Math.floor(around.length / 4)] ?? 0
    for (let k = at; k < at + length; k++) {
      const value = values[k] ?? null
      if (value === null) continue
      if (fault === 'zero') values[k] = 0
      else if (fault === 'absent') values[k] = null
      else if (fault === 'stuck') values[k] = values[at - 1] ?? null
      else {
        const exact = value * (FACTOR[fault] ?? 1)
        values[k] = !integers
          ? exact
          : (FACTOR[fault] ?? 1) > 1
            ? Math.round(exact)
            : thinned(value, FACTOR[fault] ?? 1, r)
      }
    }
    return { fault, from: at, to: at + length, busy: low >= 20 }
  })
  return { series: { ...series, values }, planted }
}

function thinned(value: number, share: number, r: Random): number {
  if (value > 200) return Math.round(value * share)
  let left = 0
  for (let i = 0; i < value; i++) if (r.next() < share) left++
  return left
}

function shuffled<T>(list: T[], r: Random): T[] {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(r.next() * (i + 1))
    const [a, b] = [list[i] as T, list[j] as T]
    list[i] = b
    list[j] = a
  }
  return list
}

export interface Rung {
  from: number
  to: number
  direction: string
  why: string
  score: number
}

export const specFor = (intervalMs: number, budget: number): RateSpec => ({
  intervalMs,
  zone: 'UTC',
  holidays: new Set(),
  floor: null,
  ceiling: null,
  budget,
  acceptMs: 3 * HOUR_MS,
})

/** What rang over a series, from when to when (indices). */
export function run(series: Series, spec: RateSpec, each?: (reading: Reading, index: number) => void): Rung[] {
  let state = newRate(spec)
  const rung: Rung[] = []
  let open: Rung | null = null
  series.values.forEach((value, i) => {
    const at = series.startAt + i * series.intervalMs
    const reading = observe(state, { at, value }, spec, at)
    state = reading.state
    each?.(reading, i)
    if (reading.direction === null) open = null
    else if (open) {
      open.to = i + 1
      open.score = Math.max(open.score, reading.score)
    } else {
      open = { from: i, to: i + 1, direction: reading.direction, why: reading.reason, score: reading.score }
      rung.push(open)
    }
  })
  return rung
}

export interface Tally {
  weeks: number
  planted: Record<Fault, number>
  hit: Record<Fault, number>
  falseAlarms: number
  echoes: number
  masked: number
  silences: number
  silencesInTwo: number
  why: Record<string, number>
}

const zeros = () => Object.fromEntries(FAULTS.map((fault) => [fault, 0])) as Record<Fault, number>

export const newTally = (): Tally => ({
  weeks: 0,
  planted: zeros(),
  hit: zeros(),
  falseAlarms: 0,
  echoes: 0,
  masked: 0,
  silences: 0,
  silencesInTwo: 0,
  why: {},
})

/** A hit begins within the fault; a false alarm begins on data that nobody touched. */
export function judge(tally: Tally, series: Series, planted: readonly Planted[], rung: readonly Rung[]): void {
  tally.weeks += (series.values.length * series.intervalMs) / (168 * HOUR_MS)
  for (const { fault, from, to, busy } of planted) {
    tally.planted[fault]++
    const first = rung.find((each) => each.from >= from && each.from < to)
    if (first) tally.hit[fault]++
    else if (rung.some((each) => each.from < from && each.to > from)) tally.masked++
    if (!busy || (fault !== 'zero' && fault !== 'stuck' && fault !== 'absent')) continue
    tally.silences++
    if (first && first.from <= from + 1) tally.silencesInTwo++
  }
  for (const each of rung) {
    if (planted.some(({ from, to }) => each.from >= from && each.from < to)) continue
    tally.falseAlarms++
    if (planted.some(({ to }) => each.from >= to && each.from < to + 24)) tally.echoes++
    else tally.why[each.why] = (tally.why[each.why] ?? 0) + 1
  }
}
