import fc from 'fast-check'
import { expect, test } from 'vitest'
import { feed, newFeed, type RateFeed, type Reading } from '../../src/domain/detect/rate-feed.ts'

const MINUTE = 60_000
const GAUGE = { counter: false, everyMs: MINUTE }
const COUNTER = { counter: true, everyMs: MINUTE }
const value = (number: number): Reading => ({ kind: 'value', value: number })
const failed: Reading = { kind: 'failed', saw: 'connection refused' }

/** Readings one after the other, a minute apart unless an instant is given; what the detector hears, and the alarms of the source. */
function through(spec: typeof GAUGE, ...readings: (Reading | [at: number, reading: Reading])[]) {
  let state: RateFeed = newFeed(0)
  return readings.map((each, index) => {
    const [at, reading] = Array.isArray(each) ? each : [index * MINUTE, each]
    const fed = feed(state, reading, spec, at)
    state = fed.feed
    return fed
  })
}
const heard = (...args: Parameters<typeof through>) => through(...args).map((each) => each.value)

test('a rate of zero is a number; that nothing is there is none; a source that fails says nothing at all', () => {
  const absent: Reading = { kind: 'absent', saw: 'the query has no result' }
  expect(heard(GAUGE, value(5), value(0), absent, failed)).toEqual([5, 0, null, undefined])
})

test('a source is down when it was away for half a minute, up with the first answer, and says so once', () => {
  const often = { counter: false, everyMs: 15_000 }
  const seen = through(often, value(5), failed, failed, failed, value(5), failed, value(5))
  expect(seen.map(({ transition }) => transition)).toEqual([null, null, 'down', null, 'up', null, null])
  expect(seen[2]?.feed).toMatchObject({ status: 'down', sinceAt: 2 * MINUTE, why: 'connection refused' })
  // Within a slot of a minute it was asked again before it counts as failed.
  const rarely = through(GAUGE, value(5), failed, failed, value(5))
  expect(rarely.map(({ transition }) => transition)).toEqual([null, 'down', null, 'up'])
})

test('a source that never answered goes down like any other', () => {
  expect(through(GAUGE, failed).map(({ transition }) => transition)).toEqual(['down'])
})

test('of a counter counts by how much it grew in a slot', () => {
  expect(heard(COUNTER, value(100), value(160), value(160))).toEqual([undefined, 60, 0])
  expect(heard(COUNTER, [0, value(100)], [2 * MINUTE, value(160)])).toEqual([undefined, 30])
})

test('a counter that began anew counts from zero', () => {
  expect(heard(COUNTER, value(100), value(7))).toEqual([undefined, 7])
})

test('what grew over a long gap says nothing of a slot', () => {
  expect(heard(COUNTER, [0, value(100)], [4 * MINUTE, value(160)], [5 * MINUTE, value(170)])).toEqual([
    undefined,
    undefined,
    10,
  ])
})

test('time that stands or goes back gives no number', () => {
  expect(heard(COUNTER, [MINUTE, value(1)], [MINUTE, value(5)], [0, value(9)])).toEqual([
    undefined,
    undefined,
    undefined,
  ])
})

test('whatever comes, in whatever order: a counter never counts less than nothing, nor what is no number', () => {
  const reading = fc.oneof(
    fc.double({ min: 0, max: 1e300, noNaN: true }).map(value),
    fc.constant(failed),
    fc.constant<Reading>({ kind: 'absent', saw: '' }),
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 1e7 }), reading), { maxLength: 30 }), (readings) => {
      for (const each of heard(COUNTER, ...readings)) {
        if (typeof each !== 'number') continue
        expect(each).toBeGreaterThanOrEqual(0)
        expect(Number.isFinite(each)).toBe(true)
      }
    }),
  )
})
