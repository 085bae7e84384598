import { describe, expect, test } from 'vitest'
import { type Problem, recurring, rosterProblems } from '../../src/domain/duty/gaps.ts'
import { gapIn, loadOf } from '../../src/domain/duty/load.ts'
import type { Layer, Override, Schedule } from '../../src/domain/duty/schedule-types.ts'
import { warnings, windowAround } from '../../src/domain/duty/warning.ts'
import { HOUR, MINUTE, rota, rules, step, T0 } from '../support/builders.ts'

const DAY = 24 * HOUR
const at = (iso: string) => Date.parse(iso)

/** A schedule of Zurich, of one person and these hours, `20:00-08:00`; changed by hand. */
function hours(name: string, person: string, window: string, overrides: Override[] = []): Schedule {
  const [start = '', end = ''] = window.split('-')
  const layer: Layer = {
    name: 'all',
    zone: 'Europe/Zurich',
    priority: 1,
    people: [[person]],
    rotation: { unit: 'week', every: 1, start: '2026-01-05T08:00' },
    restrictions: [{ type: 'daily', start, end }],
  }
  return { name, zone: 'Europe/Zurich', layers: [layer], overrides }
}

const put = (people: string[], from: string, until: string): Override => ({
  mode: 'replaceAll',
  people,
  startAt: at(from),
  endAt: at(until),
})
const whole = (name: string, person: string, overrides: Override[] = []) =>
  hours(name, person, '08:00-08:00', overrides)

/** Problems as lines: `gap primary 11-24T10:00 -> 11-24T12:00`. */
function lines(problems: readonly Problem[]): string[] {
  const time = (instant: number) => new Date(instant).toISOString().slice(5, 16)
  return problems.map(({ kind, schedule, people, with: other, startAt, endAt }) =>
    [kind, schedule, ...(other ? [`with ${other}`] : []), ...people, time(startAt), '->', time(endAt)].join(' '),
  )
}

const problemsOf = (schedules: Schedule[], unreachable: Record<string, string> = {}, days = 2) =>
  lines(rosterProblems(rules({ schedules }), unreachable, T0, T0 + days * DAY))

describe('problems of the roster', () => {
  const sam = whole('secondary', 'sam')
  const cases: [what: string, schedules: Schedule[], unreachable: string[], expected: string[]][] = [
    ['somebody is always there', [whole('primary', 'dana'), sam], [], []],
    [
      'hours that nobody has are gaps, though the next step has somebody',
      [hours('primary', 'dana', '08:00-20:00'), sam],
      [],
      ['gap primary 11-23T19:00 -> 11-24T07:00', 'gap primary 11-24T19:00 -> 11-25T07:00'],
    ],
    [
      'an override makes a hole',
      [whole('primary', 'dana', [put([], '2026-11-24T10:00Z', '2026-11-24T12:00Z')]), sam],
      [],
      ['gap primary 11-24T10:00 -> 11-24T12:00'],
    ],
    [
      'two holes that touch are one',
      [
        whole('primary', 'dana', [
          put([], '2026-11-24T10:00Z', '2026-11-24T12:00Z'),
          put([], '2026-11-24T12:00Z', '2026-11-24T13:00Z'),
        ]),
        sam,
      ],
      [],
      ['gap primary 11-24T10:00 -> 11-24T13:00'],
    ],
    [
      'nobody ever: one gap, clipped to what is looked at',
      [rota('primary', []), sam],
      [],
      ['gap primary 11-23T09:00 -> 11-25T09:00'],
    ],
    [
      'one person alone on both',
      [whole('primary', 'dana', [put(['sam'], '2026-11-24T10:00Z', '2026-11-24T12:00Z')]), sam],
      [],
      ['clash primary with secondary sam 11-24T10:00 -> 11-24T12:00'],
    ],
    [
      'one person on both, but not alone on one of them',
      [whole('primary', 'dana', [put(['nora', 'sam'], '2026-11-24T10:00Z', '2026-11-24T12:00Z')]), sam],
      [],
      [],
    ],
    [
      'whoever is on duty cannot be paged, whose hours touch: one stretch',
      [
        whole('primary', 'dana', [
          put(['nora'], '2026-11-24T10:00Z', '2026-11-24T12:00Z'),
          put(['erik'], '2026-11-24T12:00Z', '2026-11-24T13:00Z'),
        ]),
        sam,
      ],
      ['nora', 'erik'],
      ['unreachable primary erik nora 11-24T10:00 -> 11-24T13:00'],
    ],
    [
      'one of two cannot be paged: the other can',
      [whole('primary', 'dana', [put(['nora', 'erik'], '2026-11-24T10:00Z', '2026-11-24T12:00Z')]), sam],
      ['nora'],
      [],
    ],
    [
      'a schedule that no policy uses',
      [whole('primary', 'dana'), sam, hours('office', 'dana', '08:00-20:00')],
      ['nobody'],
      [],
    ],
  ]

  test.for(cases)('%s', ([, schedules, unreachable, expected]) => {
    const gone = Object.fromEntries(unreachable.map((name) => [name, 'user_disabled']))
    expect(problemsOf(schedules, gone)).toEqual(expected)
  })

  test('each two schedules of policies are compared once, however often they are used together', () => {
    const given = rules({ schedules: [whole('primary', 'sam'), whole('secondary', 'sam'), whole('third', 'sam')] })
    const policy = given.policies['mail']
    if (!policy) throw new Error('no policy')
    const backwards = [step(MINUTE, 'schedule/secondary'), step(MINUTE, 'schedule/primary', 'schedule/third')]
    given.policies['other'] = { ...policy, name: 'other', steps: backwards }
    expect(lines(rosterProblems(given, {}, T0, T0 + HOUR)).map((line) => line.split(' sam')[0])).toEqual([
      'clash primary with secondary',
      'clash secondary with third',
      'clash primary with third',
    ])
  })
})

describe('what comes back', () => {
  const found = (schedule: Schedule, from: string, days: number) => {
    const given = rules({ schedules: [schedule, whole('secondary', 'sam')] })
    return recurring(given, rosterProblems(given, {}, at(from), at(from) + days * DAY))
  }
  const nights = { kind: 'gap', schedule: 'primary', people: [], zone: 'Europe/Zurich', nights: 1 }

  test('every night is one pattern, by the wall clock, also when the clock changes', () => {
    for (const from of ['2026-11-23T09:00Z', '2026-10-21T09:00Z', '2026-03-25T09:00Z']) {
      const { patterns, once } = found(hours('primary', 'dana', '08:00-20:00'), from, 7)
      expect(once).toEqual([])
      expect(patterns).toEqual([
        { ...nights, days: ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'], from: 20 * HOUR, to: 8 * HOUR },
      ])
    }
  })

  test('three times is no pattern yet', () => {
    const { patterns, once } = found(hours('primary', 'dana', '08:00-20:00'), '2026-11-23T09:00Z', 3)
    expect([patterns.length, once.length]).toEqual([0, 3])
  })

  test('a hole of another shape among them stands by itself', () => {
    const hole = put([], '2026-11-25T10:00Z', '2026-11-25T12:00Z')
    const { patterns, once } = found(hours('primary', 'dana', '08:00-20:00', [hole]), '2026-11-23T09:00Z', 7)
    expect(patterns).toHaveLength(1)
    expect(lines(once)).toEqual(['gap primary 11-25T10:00 -> 11-25T12:00'])
  })

  test('names the days on which it begins', () => {
    const weekdays = hours('primary', 'dana', '08:00-20:00')
    const [layer] = weekdays.layers
    if (!layer) throw new Error('no layer')
    const weekends = {
      type: 'daily' as const,
      start: '08:00',
      end: '08:00',
      days: ['FR' as const, 'SA' as const, 'SU' as const],
    }
    weekdays.layers = [{ ...layer, restrictions: [...layer.restrictions, weekends] }]
    const { patterns } = found(weekdays, '2026-11-23T09:00Z', 7)
    expect(patterns).toEqual([{ ...nights, days: ['MO', 'TU', 'WE', 'TH'], from: 20 * HOUR, to: 8 * HOUR }])
  })
})

describe('what is told of, and when', () => {
  /** The leads under which a problem is told of as time goes by, each with how long before. */
  function told(schedules: Schedule[], from: number, until: number): string[] {
    const given = rules({ schedules })
    const known = new Set<string>()
    const found: string[] = []
    for (let now = from; now <= until; now += MINUTE) {
      if (now > from && (now - from) % (15 * MINUTE) !== 0) continue
      const { fromAt, toAt } = windowAround(now)
      for (const { name, lead } of warnings(given, rosterProblems(given, {}, fromAt, toAt), now)) {
        if (known.has(name)) continue
        known.add(name)
        found.push(`${lead} at ${new Date(now).toISOString().slice(5, 16)}`)
      }
    }
    return found
  }
  const secondary = whole('secondary', 'sam')

  test('a hole is told of a week, a day and a quarter of an hour ahead, and not while it lasts', () => {
    const hole = put([], '2026-12-02T10:00Z', '2026-12-03T10:00Z')
    const from = at('2026-11-25T09:00Z')
    expect(told([whole('primary', 'dana', [hole]), secondary], from, at('2026-12-03T12:00Z'))).toEqual([
      'week at 11-25T10:15',
      'day at 12-01T10:00',
      'soon at 12-02T09:45',
    ])
  })

  test('one that is found late is told of at once, under the nearest lead', () => {
    const hole = put([], '2026-11-24T13:00Z', '2026-11-24T14:00Z')
    const schedules = [whole('primary', 'dana', [hole]), secondary]
    expect(told(schedules, at('2026-11-24T10:00Z'), at('2026-11-24T15:00Z'))).toEqual([
      'day at 11-24T10:00',
      'soon at 11-24T12:45',
    ])
    expect(told(schedules, at('2026-11-24T13:30Z'), at('2026-11-24T15:00Z'))).toEqual(['soon at 11-24T13:30'])
  })

  test('what comes back every night is told of once', () => {
    const schedules = [hours('primary', 'dana', '08:00-20:00'), secondary]
    expect(told(schedules, at('2026-11-24T10:00Z'), at('2026-11-27T10:00Z'))).toEqual(['recurring at 11-24T10:00'])
  })

  test('a schedule with nobody on it is told of again each week, not each minute', () => {
    const begun = told([rota('primary', []), secondary], at('2026-11-24T10:00Z'), at('2026-12-04T10:00Z'))
    expect(begun).toEqual(['soon at 11-24T10:00', 'soon at 11-26T00:00', 'soon at 12-03T00:00'])
  })

  test('the channels are those of the services whose policy is concerned', () => {
    const services = { webmail: {}, imap: { channel: 'C0IMAP' }, quiet: { channel: null }, other: { policy: 'none' } }
    const given = rules({ schedules: [rota('primary', []), secondary], services })
    const problems = rosterProblems(given, {}, T0 - DAY, T0 + DAY)
    expect(warnings(given, problems, T0).map(({ channels }) => channels)).toEqual([['C0OPS', 'C0IMAP']])
  })
})

describe('what a rota asks of people', () => {
  const given = rules({
    schedules: [
      hours('primary', 'dana', '08:00-20:00'),
      hours('secondary', 'sam', '20:00-08:00', [put(['dana'], '2026-11-20T18:00Z', '2026-11-20T21:00Z')]),
      whole('office', 'erik'),
    ],
  })
  const { gaps, onDutyMs } = loadOf(given, T0)

  test('hours of two watches at once count once, and those of schedules that page nobody not at all', () => {
    // Until 20:00 in Zurich (19:00Z) she has both.
    expect(onDutyMs.get('dana')).toBe((28 * 12 + 2) * HOUR)
    expect(onDutyMs.get('sam')).toBe((28 * 12 - 2) * HOUR)
    expect(onDutyMs.get('erik')).toBe(0)
  })

  test.for<[now: string, expected: number]>([
    ['2026-11-23T09:00Z', 10 * HOUR],
    ['2026-11-23T18:59Z', MINUTE],
    ['2026-11-23T19:00Z', 0],
    ['2026-11-24T06:59Z', 0],
    ['2026-11-24T07:00Z', 12 * HOUR],
    ['2027-11-24T07:00Z', Number.POSITIVE_INFINITY],
  ])('at %s nobody is on duty in %d ms', ([now, expected]) => {
    expect(gapIn(gaps.get('primary') ?? [], at(now))).toBe(expected)
  })
})
