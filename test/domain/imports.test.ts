import { describe, expect, test } from 'vitest'
import {
  absenceClashes,
  absencesOf,
  afterLook,
  type Import,
  type Look,
  personOf,
  sourcesOf,
  withImports,
} from '../../src/domain/duty/imports.ts'
import { dutyAt, nextChange, segments } from '../../src/domain/duty/schedule.ts'
import type { ImportedLayer, Schedule } from '../../src/domain/duty/schedule-types.ts'
import { DAY_MS } from '../../src/domain/duty/time.ts'
import { Rules } from '../../src/domain/rules.ts'
import { HOUR, rota, rules, T0 } from '../support/builders.ts'

const URL_1 = 'https://rota.example/1.ics'

/** Sam is on duty, unless the calendar says somebody else. */
function imported(change: Partial<ImportedLayer> = {}): Schedule {
  const layer = { name: 'old', zone: 'UTC', priority: 2, calendar: URL_1, spans: [], ...change }
  return { ...rota('primary', ['sam']), imported: [layer] }
}
const active = (schedule = imported()) => rules({ schedules: [schedule] })

const event = (person: string, fromHour: number, toHour: number, title = person) => ({
  person,
  startAt: T0 + fromHour * HOUR,
  endAt: T0 + toHour * HOUR,
  title,
})
const known = (events: Import['events'], change: Partial<Import> = {}): Import => ({
  name: 'layer/primary/old',
  url: URL_1,
  triedAt: T0,
  fetchedAt: T0,
  events,
  problem: null,
  ...change,
})

/** As `dana 1-2`: who is on duty in which hours after T0. */
const duty = (schedule: Schedule | undefined) =>
  (schedule ? segments(schedule, T0, T0 + 10 * HOUR) : []).map(
    ({ people, startAt, endAt }) => `${people.join('+')} ${(startAt - T0) / HOUR}-${(endAt - T0) / HOUR}`,
  )

describe('an imported layer', () => {
  const filled = (events: Import['events'], by = active(), change = {}) =>
    withImports(by, [known(events, change)]).schedules.primary

  test('covers what its calendar says, by its priority', () => {
    const events = [event('dana', 1, 3), event('erik', 2, 4), event('dana', 8, 99)]
    expect(duty(filled(events))).toEqual(['sam 0-1', 'dana 1-2', 'dana+erik 2-3', 'erik 3-4', 'sam 4-8', 'dana 8-10'])
    expect(duty(filled(events, active(imported({ priority: 0 }))))).toEqual(['sam 0-10'])
  })

  test('says nothing before it was read, nor what another address said', () => {
    expect(duty(withImports(active(), []).schedules.primary)).toEqual(['sam 0-10'])
    expect(duty(filled([event('dana', 1, 3)], active(), { url: 'https://rota.example/2.ics' }))).toEqual(['sam 0-10'])
  })

  test('gives no watch to whoever is in the configuration no more', () => {
    expect(duty(filled([event('gone', 1, 3), event('dana', 4, 5)]))).toEqual(['sam 0-4', 'dana 4-5', 'sam 5-10'])
  })

  test('may be all that a schedule has', () => {
    const only = { ...imported(), layers: [] }
    const schedule = filled([event('dana', 1, 3)], active(only))
    expect(duty(schedule)).toEqual(['dana 1-3'])
    expect(schedule && dutyAt(schedule, T0)).toEqual([])
    expect(schedule && nextChange(schedule, T0)).toMatchObject({ at: T0 + HOUR, incoming: ['dana'] })
  })

  test('gives way to what is changed by hand', () => {
    const schedule = filled([event('dana', 1, 3)])
    const override = { mode: 'replaceAll' as const, people: ['mia'], startAt: T0 + 2 * HOUR, endAt: T0 + 5 * HOUR }
    expect(duty(schedule && { ...schedule, overrides: [override] })).toEqual([
      'sam 0-1',
      'dana 1-2',
      'mia 2-5',
      'sam 5-10',
    ])
  })

  test('the same calendar is the same object, and rules without one are left as they are', () => {
    const by = active()
    expect(filled([event('dana', 1, 3)], by)).toBe(filled([event('dana', 1, 3)], by))
    expect(filled([event('dana', 1, 3)], by)).not.toBe(filled([event('dana', 1, 4)], by))
    const plain = rules()
    expect(withImports(plain, [known([])])).toBe(plain)
  })

  test('rules that were stored before there were any are read as ever', () => {
    expect(Rules.parse(JSON.parse(JSON.stringify(rules())))).toEqual(rules())
    expect(Rules.parse(active())).toEqual(active())
  })
})

describe('whose an entry is', () => {
  test.for<[title: string, names: string[], person: string | null]>([
    ['Dana', [], 'dana'],
    ["On call: dana's week", [], 'dana'],
    ['DANA (primary)', ['erik'], 'dana'],
    ['dana and erik', [], null],
    ['dana and erik', ['dana'], null],
    ['dana-maria', [], null],
    ['danas', [], null],
    ['Primary', ['Erik'], 'erik'],
    ['Primary', ['Erik Example'], null],
    ['Primary', ['erik', 'dana'], null],
    ['Primary', ['erik', ' Erik '], 'erik'],
    ['constructor', [], null],
    ['Holiday', [], null],
    ['', [], null],
  ])('%s %j: %s', ([title, names, person]) => {
    expect(personOf(title, names, rules())).toBe(person)
  })
})

describe('after a look', () => {
  const [source] = sourcesOf(active())
  if (!source) throw new Error('there is a calendar')
  const now = T0 + HOUR
  const entry = (title: string, fromHour: number, toHour: number) => {
    const { person: _, ...rest } = event(title, fromHour, toHour)
    return { ...rest, names: [] }
  }
  const seen = (...occurrences: ReturnType<typeof entry>[]): Look => ({ ok: true, occurrences, notes: [] })
  const knownAfter = (look: Look, before: Import | null = null) => afterLook(source, before, look, active(), now)

  test('that went well what it says is known', () => {
    expect(knownAfter(seen(entry('dana', 2, 3)))).toEqual(
      known([event('dana', 2, 3)], { triedAt: now, fetchedAt: now }),
    )
    expect(knownAfter(seen(), known([event('dana', 0, 1)]))).toMatchObject({ events: [], problem: null })
  })

  test('that failed what was known stays, with the reason', () => {
    const before = known([event('dana', 2, 3)])
    expect(knownAfter({ ok: false, why: 'is no calendar' }, before)).toEqual({
      ...before,
      triedAt: now,
      problem: 'is no calendar',
    })
    expect(knownAfter({ ok: false, why: 'is no calendar' })).toMatchObject({ fetchedAt: null, events: [] })
  })

  test('in which nothing is left of what was to come, what was known stays', () => {
    const before = known([event('dana', 2, 3)])
    expect(knownAfter(seen(), before)).toEqual({
      ...before,
      triedAt: now,
      problem: 'is suddenly empty; what it said before still holds',
    })
    expect(knownAfter(seen(entry('Diana', 2, 3)), before)).toMatchObject({
      events: before.events,
      fetchedAt: T0,
      problem: expect.stringContaining('names nobody any more (1 entry does not name exactly one person: "Diana")'),
    })
  })

  test('at another address nothing is known of the one before', () => {
    const before = known([event('dana', 2, 3)], { url: 'https://rota.example/2.ics' })
    expect(knownAfter({ ok: false, why: 'is no calendar' }, before)).toMatchObject({
      url: URL_1,
      fetchedAt: null,
      events: [],
    })
    expect(knownAfter(seen(), before)).toMatchObject({ fetchedAt: now, events: [], problem: null })
  })

  test('entries of nobody are said, and the others count', () => {
    const nobodys = ['Holiday', 'Diana', 'Dina', 'Party', 'Party'].map((title) => entry(title, 4, 5))
    expect(knownAfter(seen(entry('dana', 2, 3), ...nobodys))).toMatchObject({
      events: [event('dana', 2, 3)],
      fetchedAt: now,
      problem: '5 entries do not name exactly one person: "Holiday", "Diana", "Dina" and others',
    })
  })
})

describe('absences', () => {
  const by: Rules = rules({
    schedules: [rota('primary', ['dana', 'erik'], 12), rota('secondary', ['sam', 'dana'], 24)],
  })
  by.people.dana = { name: 'dana', slack: 'U0DANA', absence: 'https://pto.example/dana.ics' }
  const away = known([event('dana', 6, 30, 'holiday')], { name: 'absence/dana', url: 'https://pto.example/dana.ics' })

  test('are those of the calendar that the configuration names', () => {
    expect(sourcesOf(by)).toMatchObject([
      { kind: 'absence', name: 'absence/dana', person: 'dana', zone: 'Europe/Zurich' },
    ])
    expect(absencesOf(by, [away])).toEqual(away.events)
    expect(absencesOf(rules(), [away])).toEqual([])
    expect(absencesOf(by, [{ ...away, url: 'https://pto.example/other.ics' }])).toEqual([])
  })

  test('whatever an entry says, it is theirs', () => {
    const [source] = sourcesOf(by)
    if (!source) throw new Error('there is a calendar')
    const look: Look = { ok: true, occurrences: [{ startAt: 1, endAt: 2, title: 'with erik', names: [] }], notes: [] }
    expect(afterLook(source, null, look, by, T0)).toMatchObject({
      events: [{ person: 'dana', startAt: 1, endAt: 2, title: 'with erik' }],
      problem: null,
    })
  })

  test('make no hole: where they meet a watch, that is said', () => {
    const clashes = absenceClashes(by, absencesOf(by, [away]), T0, T0 + 10 * DAY_MS)
    expect(clashes).toEqual([
      { person: 'dana', schedule: 'primary', startAt: T0 + 6 * HOUR, endAt: T0 + 12 * HOUR, title: 'holiday' },
      { person: 'dana', schedule: 'primary', startAt: T0 + 24 * HOUR, endAt: T0 + 30 * HOUR, title: 'holiday' },
      { person: 'dana', schedule: 'secondary', startAt: T0 + 24 * HOUR, endAt: T0 + 30 * HOUR, title: 'holiday' },
    ])
    expect(absenceClashes(by, [event('dana', 12, 24, '')], T0, T0 + DAY_MS)).toEqual([])
    expect(absenceClashes(by, [event('dana', 30, 99)], T0, T0 + DAY_MS)).toEqual([])
    expect(absenceClashes(by, [event('sam', -1, 1, '')], T0, T0 + DAY_MS)).toEqual([
      { person: 'sam', schedule: 'secondary', startAt: T0, endAt: T0 + HOUR },
    ])
  })
})
