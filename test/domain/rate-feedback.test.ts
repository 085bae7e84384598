import { expect, test } from 'vitest'
import { HEEDED_MS, heed, type Word } from '../../src/domain/detect/rate-feedback.ts'
import { rarity } from '../../src/domain/detect/rate-score.ts'
import { judge, newSeries, type Series, specOf, withBudget } from '../../src/domain/detect/rate-series.ts'
import { rateSignal } from '../../src/domain/detect/rate-signal.ts'
import type { RateMonitor } from '../../src/domain/rules.ts'

const NOW = Date.UTC(2026, 10, 23, 7)
const word = (alarm: string, verdict: Word['verdict'], at = NOW): Word => ({ alarm, verdict, at })
const budget = (...words: Word[]) => heed(1, words, NOW).budget

test('false alarms make a rate ring later, real ones sooner, and neither beyond its bounds', () => {
  expect(budget()).toBe(1)
  expect(budget(word('1', 'false'))).toBe(1 / 2)
  expect(budget(word('1', 'false'), word('2', 'false'))).toBe(1 / 4)
  expect(budget(word('1', 'real'), word('2', 'real'))).toBeCloseTo(2)
  expect(budget(word('1', 'false'), word('2', 'real'), word('3', 'real'))).toBeCloseTo(1)
  const many = (verdict: Word['verdict']) => Array.from({ length: 9 }, (_, n) => word(String(n), verdict))
  expect(heed(1, many('false'), NOW)).toEqual({ falseAlarms: 9, realAlarms: 0, budget: 1 / 8, bounded: true })
  expect(heed(3, many('real'), NOW)).toEqual({ falseAlarms: 0, realAlarms: 9, budget: 6, bounded: true })
})

test('an alarm counts once however often it is spoken of, by the last word about it, and is forgotten one day', () => {
  expect(budget(word('1', 'false'), word('1', 'false'))).toBe(1 / 2)
  expect(budget(word('1', 'false'), word('1', 'real'))).toBeCloseTo(Math.SQRT2)
  expect(budget(word('1', 'false', NOW - HEEDED_MS))).toBe(1)
})

test('how long one would wait is said in a unit that people count in', () => {
  const said = [0.004, 1 / 30, 0.5, 1, 3.2, 30, 480, 1e6].map(rarity)
  expect(said).toEqual([
    '3 hours',
    '24 hours',
    '15 days',
    'a month',
    '3 months',
    '3 years',
    '40 years',
    'over 1,000 years',
  ])
})

const MINUTE = 60_000
const monitor: RateMonitor = {
  ...{
    kind: 'rate',
    name: 'requests',
    service: 'webmail',
    severity: 'critical',
    everyMs: 5 * MINUTE,
    timeoutMs: 5_000,
  },
  ...{ source: { kind: 'push' }, detect: ['dip', 'flatline', 'spike'], floor: 100, ceiling: null, falseAlarms: 1 },
}
const spec = specOf(monitor, 'Europe/Zurich')

/** A busy series, a value every five minutes; the summaries of what it says. */
function through(from: Series, values: readonly number[]): { series: Series; said: string[] } {
  let series = from
  const said: string[] = []
  for (const value of values) {
    const slotAt = series.slotAt + monitor.everyMs
    const judged = judge(series, { slotAt, reading: { kind: 'value', value } }, monitor, spec, slotAt)
    series = judged.series
    for (const change of judged.changes) {
      if (change.of !== 'rate') continue
      const alarm = change.to === 'down' ? change : null
      said.push(rateSignal(monitor, { alarm, recent: series.recent }, slotAt).summary)
    }
  }
  return { series, said }
}
const busy = (n: number, mean = 800, spread = 30) =>
  Array.from({ length: n }, (_, i) => mean + Math.round(spread * Math.sin(i * i * 7.3)))
const young = through(newSeries(NOW, NOW, spec), busy(3 * 288)).series
const familiar = through(young, busy(6 * 288)).series
const noisy = through(newSeries(NOW, NOW, spec), busy(9 * 288, 800, 250)).series

test('an alarm says what was expected, what was seen, for how long it is so, and how unusual that is', () => {
  expect(through(young, [0, 0]).said.at(-1)).toMatch(
    /^requests has gone silent: usually \d{3} to \d{3} at this time \(by chance once in over 1,000 years\)$/,
  )
  // Nine days on it is Wednesday, and the week is known.
  expect(through(familiar, [0, 0]).said.at(-1)).toMatch(
    /^requests has gone silent: usually \d{3} to \d{3} on Wednesdays at 08:05 \(by chance once in /,
  )
  expect(through(noisy, busy(24, 500, 150)).said[0]).toMatch(
    /^requests has dropped to \d{3}: usually about \d{3} on Wednesdays at \d\d:\d\d, and below that for \d+ min \(by chance once /,
  )
  expect(through(familiar, [99]).said.at(-1)).toMatch(
    /^requests is at 99, below its floor of 100: a limit of the configuration; usually \d{3} to \d{3} on Wednesdays at 08:05$/,
  )
})

test('by a smaller budget it takes more to ring, from the next sample on', () => {
  const patient = withBudget(young, specOf({ ...monitor, falseAlarms: 1 / 8 }, 'Europe/Zurich'))
  const heights = (series: Series) => Object.values(series.state.threads).map(({ tail }) => tail.limit)
  for (const [strand, height] of heights(patient).entries()) expect(height).toBeGreaterThan(heights(young)[strand] ?? 0)
  expect(withBudget(patient, spec).state.threads).toEqual(withBudget(young, spec).state.threads)
})
