import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { observe } from '../../../src/domain/detect/rate.ts'
import { replay } from '../../../src/domain/detect/rate-replay.ts'
import {
  newRate,
  type RateSample,
  type RateSpec,
  RateState,
  type Reading,
} from '../../../src/domain/detect/rate-state.ts'
import { dayOfDate } from '../../../src/domain/duty/holidays.ts'
import { DAY_MS, HOUR_MS } from '../../../src/domain/duty/time.ts'
import { run } from '../../bench/rate-faults.ts'
import { random, TUNED } from '../../bench/rate-series.ts'

const MINUTE_MS = 60_000
const START = Date.UTC(2026, 0, 5)

const specOf = (change: Partial<RateSpec> = {}): RateSpec => ({
  intervalMs: 5 * MINUTE_MS,
  zone: 'UTC',
  holidays: new Set(),
  floor: null,
  ceiling: null,
  budget: 1,
  acceptMs: 3 * HOUR_MS,
  ...change,
})

/** What each value brings, one every interval, from a state on. */
function watch(values: readonly (number | null)[], spec = specOf(), from = newRate(spec)): Reading[] {
  let state = from
  const startAt = from.lastAt === null ? START : from.lastAt + spec.intervalMs
  return values.map((value, i) => {
    const at = startAt + i * spec.intervalMs
    const reading = observe(state, { at, value }, spec, at)
    state = reading.state
    return reading
  })
}

/** Counts around a mean that has a day. */
function busy(n: number, mean = 400, seed = 1, from = 0): number[] {
  const r = random(seed)
  return Array.from({ length: n }, (_, i) => r.poisson(mean * (1 + 0.4 * Math.sin(((i + from) / 288) * 2 * Math.PI))))
}

const last = (readings: readonly Reading[]) => {
  const reading = readings.at(-1)
  if (!reading) throw new Error('no readings')
  return reading
}
const learned = (n: number, spec = specOf()) => last(watch(busy(n), spec)).state

/** Three days of a busy series: once for all tests. */
const DAYS3 = learned(3 * 288)

describe('alarms', () => {
  test.for<[what: string, change: (value: number) => number | null, direction: Reading['direction'], within: number]>([
    ['zero', () => 0, 'flat', 2],
    ['the same value again and again', () => 431, 'flat', 4],
    ['samples that do not come', () => null, 'nodata', 2],
    ['a fifth of what is usual', (value) => Math.round(value / 5), 'down', 1],
    ['half of what is usual', (value) => Math.round(value / 2), 'down', 2],
    ['three times what is usual', (value) => value * 3, 'up', 1],
    ['a fifth more than usual', (value) => Math.round(value * 1.25), 'up', 24],
  ])('%s', ([, change, direction, within]) => {
    const readings = watch(busy(within, 400, 2, 3 * 288).map(change), specOf(), DAYS3)
    const first = readings.findIndex((reading) => reading.transition === 'down')
    expect(first).toBeGreaterThanOrEqual(0)
    // A plunge to zero may be heard first; as it goes on it is silence.
    expect(last(readings).direction).toBe(direction)
  })

  test('an alarm says what was expected, ends once things are as expected, and what follows is no alarm', () => {
    const low = busy(12, 80, 2, 3 * 288)
    const readings = watch([...low, ...busy(60, 400, 3, 3 * 288 + 12)], specOf(), DAYS3)
    const rung = readings.findIndex((reading) => reading.direction === null)
    expect(rung).toBe(13)
    expect(readings[rung]).toMatchObject({ transition: 'up', reason: 'recovered', score: 0 })
    expect(readings.slice(rung + 1).every((reading) => reading.direction === null)).toBe(true)
    const { expected } = readings[0] ?? last(readings)
    expect(expected?.low).toBeGreaterThan(low[0] ?? 0)
    expect(expected?.mid).toBeCloseTo(400, -2)
    expect(expected?.high).toBeLessThan(800)
  })

  test('the rarer, the higher the score, and it has room above', () => {
    const scores = [150, 60, 5].map((mean) => watch(busy(1, mean, 2), specOf(), DAYS3)[0]?.score ?? 0)
    expect(scores).toEqual(scores.toSorted((a, b) => a - b))
    expect(new Set(scores).size).toBe(3)
    expect(Math.max(...scores)).toBeLessThan(0.95)
  })

  test('an incident is not learned: after a day of it the baseline is as it was', () => {
    const spec = specOf({ acceptMs: 7 * DAY_MS })
    const during = last(watch(busy(288, 60, 2), spec, learned(3 * 288, spec))).state
    expect(during.alarm?.direction).toBe('down')
    const after = watch(busy(12, 400, 3), spec, during)
    expect(after[1]).toMatchObject({ transition: 'up', reason: 'recovered' })
    expect(last(after).expected?.mid).toBeGreaterThan(330)
  })

  test('a level that holds is accepted, and the former one may come back unannounced', () => {
    const up = watch(busy(48, 900, 2), specOf(), DAYS3)
    expect(up.filter(({ transition }) => transition !== null).map(({ reason }) => reason)).toEqual([
      'burst',
      'accepted',
    ])
    expect(last(up).expected?.mid).toBeGreaterThan(700)
    const back = watch(busy(24, 400, 4, 48), specOf(), last(up).state)
    expect(back.map(({ reason }) => reason)).toContain('former-level')
    expect(back.every(({ direction }) => direction === null)).toBe(true)
  })

  test('silence is never accepted', () => {
    const readings = watch(Array<number>(3 * 288).fill(0), specOf(), DAYS3)
    expect(last(readings)).toMatchObject({ direction: 'flat', reason: 'silence' })
    expect(readings.filter(({ transition }) => transition === 'down')).toHaveLength(1)
  })

  test('what has always been constant is not stuck', () => {
    expect(watch(Array<number>(2_000).fill(45)).every(({ direction }) => direction === null)).toBe(true)
  })

  test('a sparse series is missed by the time since its last count, not at the first zero', () => {
    const r = random(5)
    const spec = specOf({ intervalMs: MINUTE_MS })
    const state = last(
      watch(
        Array.from({ length: 8 * 1440 }, () => r.poisson(0.2)),
        spec,
      ),
    ).state
    const readings = watch(Array<number>(180).fill(0), spec, state)
    const first = readings.findIndex(({ transition }) => transition === 'down')
    expect(readings[first]?.reason).toBe('silence')
    expect(first).toBeGreaterThan(20)
  })
})

describe('while it learns', () => {
  test('a floor and a ceiling hold from the first sample on', () => {
    const spec = specOf({ floor: 10, ceiling: 1_000 })
    expect(watch([5], spec)[0]).toMatchObject({
      transition: 'down',
      direction: 'down',
      reason: 'floor',
      learning: true,
    })
    expect(watch([1_001], spec)[0]).toMatchObject({ transition: 'down', direction: 'up', reason: 'ceiling' })
    const held = watch([...Array<number>(90).fill(5), 50, 52], spec)
    expect(held.slice(0, 90).every(({ reason }) => reason === 'floor')).toBe(true)
    expect(last(held)).toMatchObject({ transition: 'up', reason: 'recovered' })
  })

  test('an hour of a busy series is enough to hear that it has fallen silent', () => {
    const readings = watch([...busy(12), 0, 0])
    expect(last(readings)).toMatchObject({ direction: 'flat', learning: true })
  })
})

describe('what is not taken', () => {
  const at = (DAYS3.lastAt ?? 0) + 5 * MINUTE_MS
  test.for<[what: string, sample: RateSample]>([
    ['not-a-number', { at, value: Number.NaN }],
    ['negative', { at, value: -1 }],
    ['too-large', { at, value: Number.POSITIVE_INFINITY }],
    ['too-large', { at, value: 1e300 }],
    ['not-a-time', { at: Number.NaN, value: 400 }],
    ['duplicate', { at: at - 5 * MINUTE_MS, value: 400 }],
    ['late', { at: at - HOUR_MS, value: 400 }],
    ['ahead', { at: at + DAY_MS, value: 400 }],
  ])('%s', ([reason, sample]) => {
    const reading = observe(DAYS3, sample, specOf(), at)
    expect(reading).toMatchObject({ reason, transition: null, direction: null })
    expect({ ...reading.state, late: null }).toEqual(DAYS3)
  })

  test('the clock of a source that was set back is believed after some samples', () => {
    const back = (DAYS3.lastAt ?? 0) - DAY_MS
    let state = DAYS3
    const reasons = busy(14).map((value, i) => {
      const reading = observe(state, { at: back + i * 5 * MINUTE_MS, value }, specOf(), at)
      state = reading.state
      return reading.reason
    })
    expect(reasons.slice(0, 9)).toEqual(Array(9).fill('late'))
    expect(reasons.slice(9)).not.toContain('late')
  })
})

describe('calendars', () => {
  /** Six weeks of an hourly series with empty Sundays; a holiday on a weekday. */
  const spec = specOf({ intervalMs: HOUR_MS, zone: 'America/New_York' })
  const shop = (at: number, closed: ReadonlySet<number>) => {
    const local = at - 5 * HOUR_MS
    const day = Math.floor(local / DAY_MS)
    const isSunday = (day + 3) % 7 === 6
    return isSunday || closed.has(day) ? 40 : 400
  }
  const holidays = new Set([dayOfDate('2026-02-11')])
  const from = Date.UTC(2026, 0, 5, 5)

  test.for<[what: string, known: ReadonlySet<number>, alarms: boolean]>([
    ['a holiday that is known is no alarm', holidays, false],
    ['one that is not known is', new Set(), true],
  ])('%s', ([, known, alarms]) => {
    const r = random(3)
    const samples = Array.from({ length: 38 * 24 }, (_, i) => {
      const at = from + i * HOUR_MS
      return { at, value: r.poisson(shop(at, holidays)) }
    })
    const { rung } = replay(samples, { ...spec, holidays: known })
    expect(rung.some((each) => each.from >= Date.UTC(2026, 1, 11, 5))).toBe(alarms)
  })

  test.for([
    ['summer', Date.UTC(2026, 1, 9, 5), Date.UTC(2026, 2, 8, 7), 5, 4],
    ['winter', Date.UTC(2026, 9, 5, 4), Date.UTC(2026, 10, 1, 6), 4, 5],
  ] as const)('the change to %s time moves the day with the people', ([, fromAt, changeAt, before, after]) => {
    const r = random(4)
    const samples = Array.from({ length: 35 * 24 }, (_, i) => {
      const at = fromAt + i * HOUR_MS
      const hour = new Date(at - (at >= changeAt ? after : before) * HOUR_MS).getUTCHours()
      return { at, value: r.poisson(hour >= 8 && hour < 20 ? 900 : 90) }
    })
    const { rung } = replay(samples, spec)
    expect(rung.filter((each) => each.from >= changeAt - 7 * HOUR_MS)).toEqual([])
  })
})

describe('properties', () => {
  const value = fc.oneof(
    { weight: 12, arbitrary: fc.nat(500) },
    { weight: 2, arbitrary: fc.constant(0) },
    { weight: 2, arbitrary: fc.constant(null) },
    { weight: 2, arbitrary: fc.double({ min: 0, max: 1e12, noNaN: true }) },
    { weight: 1, arbitrary: fc.constantFrom(Number.NaN, -1, Number.POSITIVE_INFINITY, 1e308, 5e-324) },
  )
  const step = fc.oneof(
    { weight: 20, arbitrary: fc.constant(1) },
    { weight: 1, arbitrary: fc.integer({ min: -50, max: 500 }) },
  )

  test('whatever comes, it never throws, its numbers stay numbers, and it goes on after a restart as if there had been none', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(value, step, fc.boolean()), { maxLength: 250 }), (rows) => {
        const spec = specOf({ floor: 1, ceiling: 1e9 })
        let state = newRate(spec)
        let restarted = newRate(spec)
        let at = START
        for (const [each, steps, restart] of rows) {
          at += steps * spec.intervalMs
          const reading = observe(state, { at, value: each }, spec, START + DAY_MS * 365)
          if (restart) restarted = RateState.parse(JSON.parse(JSON.stringify(restarted)))
          const again = observe(restarted, { at, value: each }, spec, START + DAY_MS * 365)
          expect(again).toEqual(reading)
          expect(reading.score).toBeGreaterThanOrEqual(0)
          expect(reading.score).toBeLessThan(1)
          state = reading.state
          restarted = again.state
        }
        expect(() => RateState.parse(state)).not.toThrow()
      }),
      { numRuns: 40 },
    )
  })

  test('a state is some kilobytes, however long it has been watched', () => {
    const series = TUNED.web(3)
    const sizes: number[] = []
    run(series, specOf({ intervalMs: series.intervalMs }), ({ state }, i) => {
      if (i % 4_000 === 3_999) sizes.push(JSON.stringify(state).length)
    })
    expect(sizes.length).toBeGreaterThan(1)
    expect(Math.max(...sizes)).toBeLessThan(9_000)
  })

  test('a busy series of any size that falls silent is heard within two samples, on any day', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 50, max: 1_000_000 }),
        fc.integer({ min: 12, max: 700 }),
        fc.constantFrom(0, null),
        fc.nat(),
        (mean, n, silent, seed) => {
          const readings = watch([...busy(n, mean, seed), silent, silent])
          expect(last(readings).direction).toBe(silent === null ? 'nodata' : 'flat')
        },
      ),
      { numRuns: 40 },
    )
  })

  test('the budget of false alarms is kept within two times over many calm series', () => {
    const budget = 10
    let alarms = 0
    let months = 0
    for (let seed = 1; seed <= 12; seed++) {
      const r = random(seed)
      const mean = r.between(2, 5_000)
      const rough = r.between(3, 100)
      const values = Array.from({ length: 30 * 96 }, (_, i) =>
        r.poisson((mean * (1 + 0.5 * Math.sin((i / 96) * 2 * Math.PI)) * r.gamma(rough)) / rough),
      )
      const series = { name: 'calm', intervalMs: 15 * MINUTE_MS, startAt: START, values }
      alarms += run(series, specOf({ intervalMs: series.intervalMs, budget })).length
      months++
    }
    expect(alarms / months).toBeLessThan(2 * budget)
    expect(alarms / months).toBeGreaterThan(budget / 8)
  })
})
