import { describe, expect, test } from 'vitest'
import { burdens } from '../../src/domain/duty/burden.ts'
import { segments } from '../../src/domain/duty/schedule.ts'
import type { Override, Schedule } from '../../src/domain/duty/schedule-types.ts'
import { differences, replacing, stints, taking } from '../../src/domain/duty/substitute.ts'

const at = (text: string) => Date.parse(`${text}+01:00`)
const MONDAY = { startAt: at('2026-11-23T00:00'), endAt: at('2026-11-24T00:00') }

/** Dana by day, nora by night, in Zürich. */
const schedule: Schedule = {
  name: 'primary',
  zone: 'Europe/Zurich',
  overrides: [],
  layers: [
    {
      name: 'days',
      zone: 'Europe/Zurich',
      priority: 1,
      people: [['dana']],
      rotation: { unit: 'week', every: 1, start: '2026-01-05T08:00' },
      restrictions: [{ type: 'daily', start: '08:00', end: '20:00' }],
    },
    {
      name: 'nights',
      zone: 'Europe/Zurich',
      priority: 0,
      people: [['nora']],
      rotation: { unit: 'week', every: 1, start: '2026-01-05T20:00' },
      restrictions: [{ type: 'daily', start: '20:00', end: '08:00' }],
    },
  ],
}
const edited = (before: Schedule, more: readonly Override[]): Schedule => ({
  ...before,
  overrides: [...before.overrides, ...more],
})
const clock = (instant: number) => new Date(instant + 3_600_000).toISOString().slice(11, 16)
const shown = (of: Schedule, within = MONDAY) =>
  segments(of, within.startAt, within.endAt).map(
    ({ startAt, endAt, people }) => `${clock(startAt)}-${clock(endAt)} ${people.join('+')}`,
  )

describe('one person stands the duty of another', () => {
  const fromNoon = { startAt: at('2026-11-23T12:00'), endAt: at('2026-11-23T22:00') }

  test('only while that one is on duty: nothing is added', () => {
    const after = edited(schedule, replacing(schedule, 'dana', 'erik', fromNoon))
    expect(shown(after)).toEqual(['00:00-08:00 nora', '08:00-12:00 dana', '12:00-20:00 erik', '20:00-00:00 nora'])
    expect(replacing(schedule, 'sam', 'erik', fromNoon)).toEqual([])
  })

  test('also of one who stands it for a third, and back again', () => {
    const once = edited(schedule, replacing(schedule, 'dana', 'erik', fromNoon))
    const twice = edited(once, replacing(once, 'erik', 'mia', { ...fromNoon, endAt: at('2026-11-23T14:00') }))
    expect(shown(twice)).toContain('12:00-14:00 mia')
    expect(shown(twice)).toContain('14:00-20:00 erik')
    const back = edited(twice, replacing(twice, 'mia', 'dana', fromNoon))
    expect(shown(back)).toEqual(['00:00-08:00 nora', '08:00-14:00 dana', '14:00-20:00 erik', '20:00-00:00 nora'])
  })

  test('and a swap of two adds nothing either', () => {
    const night = { startAt: at('2026-11-23T20:00'), endAt: at('2026-11-24T08:00') }
    const after = edited(schedule, [
      ...replacing(schedule, 'dana', 'nora', fromNoon),
      ...replacing(schedule, 'nora', 'dana', night),
    ])
    expect(shown(after)).toEqual(['00:00-08:00 nora', '08:00-12:00 dana', '12:00-20:00 nora', '20:00-00:00 dana'])
  })
})

describe('a watch is taken', () => {
  const span = { startAt: at('2026-11-23T18:00'), endAt: at('2026-11-23T21:00') }

  test('from whoever has it, over their changes, and those are named', () => {
    const pieces = taking(schedule, 'erik', span)
    expect(shown(edited(schedule, pieces))).toContain('18:00-21:00 erik')
    expect(pieces.map(({ mode, replaces }) => `${mode} ${replaces}`)).toEqual(['replaceAll dana', 'replaceAll nora'])
  })

  test('by whoever gave it away before, and taken away from the taker again', () => {
    const given = edited(schedule, replacing(schedule, 'dana', 'erik', span))
    const back = edited(given, taking(given, 'dana', span))
    expect(shown(back)).toContain('08:00-21:00 dana')
    const taken = edited(schedule, taking(schedule, 'erik', span))
    const covered = edited(taken, replacing(taken, 'erik', 'mia', span))
    expect(shown(covered)).toContain('18:00-21:00 mia')
    expect(shown(edited(covered, taking(covered, 'erik', span)))).toContain('18:00-21:00 erik')
  })
})

test('stints are whole, and what differs is named', () => {
  expect(stints(schedule, 'nora', MONDAY).map(({ startAt, endAt }) => `${clock(startAt)}-${clock(endAt)}`)).toEqual([
    '20:00-08:00',
    '20:00-08:00',
  ])
  const span = { startAt: at('2026-11-23T12:00'), endAt: at('2026-11-23T22:00') }
  const after = edited(schedule, replacing(schedule, 'dana', 'erik', span))
  expect(differences(schedule, after, MONDAY)).toEqual([
    {
      schedule: 'primary',
      outgoing: ['dana'],
      incoming: ['erik'],
      startAt: span.startAt,
      endAt: at('2026-11-23T20:00'),
    },
  ])
})

test('what a person carries: hours, nights and weekends by the clocks of the schedule, on the long day too', () => {
  const HOUR = 3_600_000
  const week = burdens([schedule], at('2026-11-23T00:00'), at('2026-11-30T00:00'))
  expect(week.get('dana')).toEqual({ ms: 84 * HOUR, nightMs: 0, weekendMs: 24 * HOUR })
  expect(week.get('nora')).toEqual({ ms: 84 * HOUR, nightMs: 56 * HOUR, weekendMs: 24 * HOUR })
  const long = burdens([schedule], Date.parse('2026-10-25T00:00+02:00'), at('2026-10-26T00:00'))
  expect(long.get('nora')).toEqual({ ms: 13 * HOUR, nightMs: 9 * HOUR, weekendMs: 13 * HOUR })
})
