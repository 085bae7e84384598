import { expect, test } from 'vitest'
import { dayOfDate, holidaysAround } from '../../src/domain/duty/holidays.ts'
import { afterLook, holidayEntries, type Occurrence, type Source } from '../../src/domain/duty/imports.ts'
import { rules } from '../support/builders.ts'

const ZONE = 'Europe/Zurich'
const NOW = Date.UTC(2026, 10, 23)
const dates = (days: ReadonlySet<number>) =>
  [...days].toSorted((a, b) => a - b).map((day) => new Date(day * 86_400_000).toISOString().slice(0, 10))

test('a date is a day, and one without a year a day of each year that has it', () => {
  const around = (...written: string[]) => dates(holidaysAround({ dates: written }, [], ZONE, NOW))
  expect(around('2026-04-06')).toEqual(['2026-04-06'])
  expect(around('12-25')).toEqual(['2025-12-25', '2026-12-25', '2027-12-25'])
  expect(around('02-29')).toEqual([])
  expect(dayOfDate('1970-01-02')).toBe(1)
})

test('of a calendar whole days count, in the zone of the company, also when the clocks change', () => {
  const url = 'https://x.test/ch.ics'
  const source: Source = { kind: 'holidays', name: 'holidays', url, zone: ZONE }
  const entry = (from: string, to: string): Occurrence => ({
    ...{ startAt: Date.parse(from), endAt: Date.parse(to), title: 'Weihnachten', names: [] },
  })
  const occurrences = [
    entry('2026-12-25T00:00+01:00', '2026-12-27T00:00+01:00'),
    entry('2026-10-25T00:00+02:00', '2026-10-26T00:00+01:00'),
    entry('2026-12-31T14:00+01:00', '2026-12-31T18:00+01:00'),
  ]
  const look = { ok: true as const, occurrences, notes: [] }
  const read = afterLook(source, null, look, rules(), NOW)
  expect(read.problem).toBeNull()
  const around = (calendar: string) => {
    const holidays = { dates: [], calendar }
    return dates(holidaysAround(holidays, holidayEntries({ holidays }, [read]), ZONE, NOW))
  }
  expect(around(url)).toEqual(['2026-10-25', '2026-12-25', '2026-12-26'])
  expect(around('https://x.test/other.ics')).toEqual([])
})
