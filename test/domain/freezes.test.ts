import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type FreezePeriod, freezePeriods } from '../../src/domain/deploy/freezes.ts'
import { HOUR, MINUTE, SECOND } from '../support/builders.ts'

const DAY = 24 * HOUR
const at = (text: string) => Date.parse(text)
const NOW = at('2026-12-29T10:07:30Z')

test('each is as long as the minutes it touches; what overlaps is one; what is over is none', () => {
  const closed = [
    { startAt: at('2026-12-30T06:30:30Z'), endAt: at('2026-12-30T07:14:10Z') },
    { startAt: at('2026-12-30T07:00:00Z'), endAt: at('2026-12-30T08:00:00Z') },
    { startAt: at('2026-12-30T08:00:00Z'), endAt: at('2026-12-30T09:00:00Z') },
    { startAt: at('2026-12-31T23:30:00Z'), endAt: at('2027-01-01T00:15:00Z') },
    { startAt: NOW - HOUR, endAt: NOW },
    { startAt: NOW - HOUR, endAt: NOW - MINUTE },
    { startAt: NOW + 20 * DAY, endAt: null },
  ]
  expect(freezePeriods(closed, NOW + MINUTE)).toEqual([
    { starts: '30 6 30 12 *', ends: '0 9 30 12 *' },
    { starts: '30 23 31 12 *', ends: '15 0 1 1 *' },
  ])
})

test('what has no end lasts as far as is looked ahead, and is another one only tomorrow', () => {
  const open = [{ startAt: NOW - HOUR, endAt: null }]
  expect(freezePeriods(open, NOW)).toEqual([{ starts: '7 9 29 12 *', ends: '0 0 6 1 *' }])
  expect(freezePeriods(open, NOW + 13 * HOUR)).toEqual(freezePeriods(open, NOW))
  expect(freezePeriods(open, NOW + 14 * HOUR)).toEqual([{ starts: '7 9 29 12 *', ends: '0 0 7 1 *' }])
})

/** As GitLab decides it (`Ci::FreezePeriodStatus`): it is frozen between the last start and the next end. */
function frozen({ starts, ends }: FreezePeriod, now: number): boolean {
  const times = (cron: string) => {
    const [minute = 0, hour = 0, day = 0, month = 0] = cron.split(' ').map(Number)
    const year = new Date(now).getUTCFullYear()
    return [year - 1, year, year + 1].map((each) => Date.UTC(each, month - 1, day, hour, minute))
  }
  const before = (cron: string) => Math.max(...times(cron).filter((each) => each <= now))
  const after = (cron: string) => Math.min(...times(cron).filter((each) => each > now))
  return before(ends) < before(starts) && after(ends) < after(starts)
}

test('GitLab is frozen when the calendar is closed, to the minute, also over the turn of the year', () => {
  const span = fc
    .record({ fromMs: fc.integer({ min: -2 * DAY, max: 9 * DAY }), ms: fc.integer({ min: SECOND, max: 3 * DAY }) })
    .map(({ fromMs, ms }) => ({ startAt: NOW + fromMs, endAt: NOW + fromMs + ms }))
  fc.assert(
    fc.property(fc.array(span, { maxLength: 5 }), fc.integer({ min: 0, max: 7 * DAY }), (closed, afterMs) => {
      const instant = NOW + afterMs
      const isFrozen = freezePeriods(closed, NOW).some((period) => frozen(period, instant))
      const inside = closed.some(({ startAt, endAt }) => startAt <= instant && instant < endAt)
      const near = closed.some(({ startAt, endAt }) => startAt < instant + MINUTE && instant - MINUTE < endAt)
      if (inside) expect(isFrozen).toBe(true)
      if (!near) expect(isFrozen).toBe(false)
    }),
    { numRuns: 300 },
  )
})
