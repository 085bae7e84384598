import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { changes, dutyAt, segments } from '../../src/domain/duty/schedule.ts'
import type { Layer, Restriction, Rotation, Schedule } from '../../src/domain/duty/schedule-types.ts'
import { toWall } from '../../src/domain/duty/time.ts'
import { evaluate, type ScheduleVector, scheduleOf } from '../vectors/adapter.ts'

interface Case extends ScheduleVector {
  expected: { start: string; end: string; users: string[] }[]
  expectedGaps: { start: string; end: string }[]
  samples?: { at: string; users: string[] }[]
}

const file = new URL('../vectors/schedule-vectors.json', import.meta.url)
const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { vectors: Case[] }

const instants = <T extends { start: string; end: string }>(spans: T[]) =>
  spans.map((span) => ({ ...span, start: Date.parse(span.start), end: Date.parse(span.end) }))

/** What the segments leave open of the query. */
function gapsOf(vector: Case): { start: number; end: number }[] {
  const ends = [Date.parse(vector.query.from), ...instants(evaluate(vector)).map(({ end }) => end)]
  const starts = [...instants(evaluate(vector)).map(({ start }) => start), Date.parse(vector.query.to)]
  return ends.map((start, n) => ({ start, end: starts[n] ?? start })).filter(({ start, end }) => start < end)
}

describe('the vectors', () => {
  test('are all here', () => expect(vectors).toHaveLength(29))

  test.for(vectors.map((vector) => [vector.id, vector] as const))('%s', ([, vector]) => {
    expect(instants(evaluate(vector))).toEqual(instants(vector.expected))
    expect(gapsOf(vector)).toEqual(instants(vector.expectedGaps))
    for (const { at, users } of vector.samples ?? []) {
      expect(dutyAt(scheduleOf(vector), Date.parse(at)), at).toEqual(users)
    }
  })
})

/** One layer of ana, ben and cleo. */
function schedule(
  zone: string,
  rotation: Rotation,
  restrictions: Restriction[] = [],
  layer: Partial<Layer> = {},
): Schedule {
  const people = [['ana'], ['ben'], ['cleo']]
  return {
    name: 'watch',
    zone,
    layers: [{ name: 'all', zone, priority: 1, people, rotation, restrictions, ...layer }],
    overrides: [],
  }
}

/** The segments as lines, `local start -> local end people`. */
function lines(of: Schedule, from: string, to: string): string[] {
  const local = (at: number) => new Date(toWall(at, of.zone)).toISOString().slice(5, 16).replace('T', ' ')
  return segments(of, Date.parse(from), Date.parse(to)).map(
    ({ startAt, endAt, people }) => `${local(startAt)} -> ${local(endAt)} ${people.join('+')}`,
  )
}

describe('a rotation', () => {
  test('by months from the 31st keeps the end of the month, counted from the anchor', () => {
    const monthly = schedule('UTC', { unit: 'month', every: 1, start: '2026-01-31T08:00' })
    expect(lines(monthly, '2026-02-01T00:00Z', '2026-05-01T00:00Z')).toEqual([
      '02-01 00:00 -> 02-28 08:00 ana',
      '02-28 08:00 -> 03-31 08:00 ben',
      '03-31 08:00 -> 04-30 08:00 cleo',
      '04-30 08:00 -> 05-01 00:00 ana',
    ])
  })

  test('by weeks with a handoff time alone hands off on the weekday of the start', () => {
    const weekly = schedule('UTC', { unit: 'week', every: 1, start: '2026-05-06T14:30', handoffTime: '09:00' })
    expect(lines(weekly, '2026-05-01T00:00Z', '2026-05-21T00:00Z')).toEqual([
      '05-06 14:30 -> 05-13 09:00 ana',
      '05-13 09:00 -> 05-20 09:00 ben',
      '05-20 09:00 -> 05-21 00:00 cleo',
    ])
  })

  test('by months with a handoff time alone hands off on the day of the start', () => {
    const monthly = schedule('UTC', { unit: 'month', every: 2, start: '2026-01-31T14:30', handoffTime: '09:00' })
    expect(lines(monthly, '2026-01-01T00:00Z', '2026-05-01T00:00Z')).toEqual([
      '01-31 14:30 -> 02-28 09:00 ana',
      '02-28 09:00 -> 04-30 09:00 ben',
      '04-30 09:00 -> 05-01 00:00 cleo',
    ])
  })

  test('whose handoff is that of the start has no short first turn', () => {
    const same: Rotation = { unit: 'week', every: 2, start: '2026-05-04T09:00', handoffTime: '09:00', handoffDay: 'MO' }
    expect(lines(schedule('UTC', same), '2026-05-04T09:00Z', '2026-05-19T09:00Z')).toEqual([
      '05-04 09:00 -> 05-18 09:00 ana',
      '05-18 09:00 -> 05-19 09:00 ben',
    ])
  })

  test('by days counts included days, two for each', () => {
    const daily: Rotation = { unit: 'day', every: 2, start: '2026-05-06T08:00', byDay: ['MO', 'WE', 'FR'] }
    expect(lines(schedule('UTC', daily), '2026-05-01T00:00Z', '2026-05-20T00:00Z')).toEqual([
      '05-06 08:00 -> 05-07 08:00 ana',
      '05-08 08:00 -> 05-09 08:00 ana',
      '05-11 08:00 -> 05-12 08:00 ben',
      '05-13 08:00 -> 05-14 08:00 ben',
      '05-15 08:00 -> 05-16 08:00 cleo',
      '05-18 08:00 -> 05-19 08:00 cleo',
    ])
  })

  test('by weeks with days changes with the Monday-based week, the first partial one being turn 0', () => {
    const weekly: Rotation = { unit: 'week', every: 2, start: '2026-05-08T08:00', byDay: ['MO', 'FR'] }
    expect(lines(schedule('UTC', weekly), '2026-05-01T00:00Z', '2026-05-23T00:00Z')).toEqual([
      '05-08 08:00 -> 05-09 08:00 ana',
      '05-11 08:00 -> 05-12 08:00 ana',
      '05-15 08:00 -> 05-16 08:00 ana',
      '05-18 08:00 -> 05-19 08:00 ben',
      '05-22 08:00 -> 05-23 00:00 ben',
    ])
  })

  test('by months with days changes with the calendar month', () => {
    const monthly: Rotation = { unit: 'month', every: 1, start: '2026-05-25T08:00', byDay: ['MO'], duration: 'PT1H' }
    expect(lines(schedule('UTC', monthly), '2026-05-01T00:00Z', '2026-06-09T00:00Z')).toEqual([
      '05-25 08:00 -> 05-25 09:00 ana',
      '06-01 08:00 -> 06-01 09:00 ben',
      '06-08 08:00 -> 06-08 09:00 ben',
    ])
  })

  test('with days and a handoff of its own begins with the day that is under way', () => {
    const daily: Rotation = {
      unit: 'day',
      every: 1,
      start: '2026-05-06T14:30',
      handoffTime: '08:00',
      byDay: ['WE', 'TH'],
    }
    expect(lines(schedule('UTC', daily), '2026-05-01T00:00Z', '2026-05-14T00:00Z')).toEqual([
      '05-06 14:30 -> 05-07 08:00 ana',
      '05-07 08:00 -> 05-08 08:00 ben',
      '05-13 08:00 -> 05-14 00:00 cleo',
    ])
  })

  test('with a duration longer than a turn has two people on duty together', () => {
    const overlapping: Rotation = { unit: 'day', every: 1, start: '2026-05-06T08:00', duration: 'P1DT2H' }
    expect(lines(schedule('UTC', overlapping), '2026-05-06T00:00Z', '2026-05-07T12:00Z')).toEqual([
      '05-06 08:00 -> 05-07 08:00 ana',
      '05-07 08:00 -> 05-07 10:00 ana+ben',
      '05-07 10:00 -> 05-07 12:00 ben',
    ])
  })

  test('hands over at one in Sao Paulo on the day without a midnight', () => {
    const daily = schedule('America/Sao_Paulo', { unit: 'day', every: 1, start: '2018-11-01T00:00' })
    expect(lines(daily, '2018-11-03T00:00-03:00', '2018-11-06T00:00-02:00')).toEqual([
      '11-03 00:00 -> 11-04 01:00 cleo',
      '11-04 01:00 -> 11-05 00:00 ana',
      '11-05 00:00 -> 11-06 00:00 ben',
    ])
  })

  test('by hours has no turn in the day that Samoa left out', () => {
    const hourly = schedule('Pacific/Apia', { unit: 'hour', every: 6, start: '2011-12-29T00:00' })
    expect(lines(hourly, '2011-12-29T12:00-10:00', '2011-12-31T18:00+14:00')).toEqual([
      '12-29 12:00 -> 12-29 18:00 cleo',
      '12-29 18:00 -> 12-31 00:00 ana',
      '12-31 00:00 -> 12-31 06:00 cleo',
      '12-31 06:00 -> 12-31 12:00 ana',
      '12-31 12:00 -> 12-31 18:00 ben',
    ])
  })
})

describe('restrictions', () => {
  const weekly: Rotation = { unit: 'week', every: 1, start: '2026-01-05T08:00' }
  const weekend: Restriction = { type: 'weekly', startDay: 'FR', start: '20:00', endDay: 'MO', end: '08:00' }

  test('a weekend that wraps the week keeps its hours across both changes of the clock, without phantom nights', () => {
    const solo = schedule('Europe/Zurich', weekly, [weekend], { people: [['ana']] })
    expect(lines(solo, '2026-03-23T12:00+01:00', '2026-04-07T00:00+02:00')).toEqual([
      '03-27 20:00 -> 03-30 08:00 ana',
      '04-03 20:00 -> 04-06 08:00 ana',
    ])
    expect(lines(solo, '2026-10-19T12:00+02:00', '2026-11-03T00:00+01:00')).toEqual([
      '10-23 20:00 -> 10-26 08:00 ana',
      '10-30 20:00 -> 11-02 08:00 ana',
    ])
  })

  test('a night is listed once on the day of 25 hours, also from the middle of it', () => {
    const nights = schedule('Europe/Zurich', weekly, [{ type: 'daily', start: '22:00', end: '06:00', days: ['SA'] }])
    expect(lines(nights, '2026-10-24T12:00+02:00', '2026-10-26T12:00+01:00')).toEqual([
      '10-24 22:00 -> 10-25 06:00 cleo',
    ])
    expect(lines(nights, '2026-10-25T02:30+01:00', '2026-10-26T12:00+01:00')).toEqual([
      '10-25 02:30 -> 10-25 06:00 cleo',
    ])
  })

  test('equal ends are 24 hours, a week for a weekly one', () => {
    const day = schedule('UTC', weekly, [{ type: 'daily', start: '06:00', end: '06:00', days: ['WE'] }])
    expect(lines(day, '2026-01-05T08:00Z', '2026-01-12T08:00Z')).toEqual(['01-07 06:00 -> 01-08 06:00 ana'])
    const week = schedule('UTC', weekly, [{ ...weekend, endDay: 'FR', end: '20:00' }])
    expect(lines(week, '2026-01-05T08:00Z', '2026-01-12T08:00Z')).toEqual(['01-05 08:00 -> 01-12 08:00 ana'])
  })
})

describe('changes', () => {
  const at = (text: string) => Date.parse(text)
  const base = schedule('UTC', { unit: 'day', every: 1, start: '2026-05-06T08:00' })

  test('a boundary with the same person is none', () => {
    const solo = schedule('UTC', { unit: 'day', every: 1, start: '2026-05-06T08:00' }, [], {
      people: [['ana'], ['ana']],
    })
    expect(changes(solo, at('2026-05-07T00:00Z'), at('2026-06-07T00:00Z'))).toEqual([])
  })

  test('simultaneous boundaries give one, with who stays', () => {
    const second = { ...base.layers[0], name: 'second', people: [['ana'], ['dan'], ['ana']] } as Layer
    const both = { ...base, layers: [...base.layers, second] }
    expect(changes(both, at('2026-05-07T08:00Z'), at('2026-05-09T08:00Z'))).toEqual([
      { at: at('2026-05-08T08:00Z'), outgoing: ['ben', 'dan'], incoming: ['ana', 'cleo'], staying: [] },
      { at: at('2026-05-09T08:00Z'), outgoing: ['cleo'], incoming: [], staying: ['ana'] },
    ])
  })

  test('into a gap and out of it', () => {
    const hole = {
      mode: 'replaceAll' as const,
      people: [],
      startAt: at('2026-05-06T12:00Z'),
      endAt: at('2026-05-06T13:00Z'),
    }
    expect(changes({ ...base, overrides: [hole] }, at('2026-05-06T11:00Z'), at('2026-05-06T13:00Z'))).toEqual([
      { at: hole.startAt, outgoing: ['ana'], incoming: [], staying: [] },
      { at: hole.endAt, outgoing: [], incoming: ['ana'], staying: [] },
    ])
  })
})
