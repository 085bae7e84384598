import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { DateTime, IANAZone, Settings } from 'luxon'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { turns } from '../../src/domain/duty/rotation.ts'
import { changes, dutyAt, nextChange, scheduleProblems, segments, shiftAround } from '../../src/domain/duty/schedule.ts'
import type { Layer, Override, Restriction, Rotation, Schedule, Weekday } from '../../src/domain/duty/schedule-types.ts'
import { DAY_MS, HOUR_MS, isZone, toInstant, toWall } from '../../src/domain/duty/time.ts'

const WEEKDAYS: Weekday[] = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']

/** Zones with the instants at which they are interesting. */
const PLACES: [zone: string, near: string[]][] = [
  ['Europe/Zurich', ['2026-03-29T01:00Z', '2026-10-25T01:00Z']],
  ['America/Chicago', ['2026-03-08T08:00Z', '2026-11-01T07:00Z']],
  ['Australia/Lord_Howe', ['2026-04-04T15:00Z', '2026-10-03T15:30Z']],
  ['America/Sao_Paulo', ['2018-11-04T03:00Z', '2019-02-17T02:00Z']],
  ['Pacific/Apia', ['2011-12-30T10:00Z']],
  ['Europe/Dublin', ['2026-03-29T01:00Z', '2026-10-25T01:00Z']],
  ['Asia/Kolkata', ['2026-06-01T00:00Z']],
]

const scene = fc
  .constantFrom(...PLACES)
  .chain(([zone, near]) =>
    fc.record({ zone: fc.constant(zone), nearAt: fc.constantFrom(...near.map((text) => Date.parse(text))) }),
  )

const person = fc.constantFrom('ana', 'ben', 'cleo', 'dan')
const halfHour = fc.integer({ min: 0, max: 47 }).map((n) => new Date(n * 1_800_000).toISOString().slice(11, 16))
const days = fc.subarray(WEEKDAYS, { minLength: 1 })

const restriction: fc.Arbitrary<Restriction> = fc.oneof(
  fc.record(
    { type: fc.constant('daily' as const), start: halfHour, end: halfHour, days },
    { requiredKeys: ['type', 'start', 'end'] },
  ),
  fc.record({
    type: fc.constant('weekly' as const),
    startDay: fc.constantFrom(...WEEKDAYS),
    start: halfHour,
    endDay: fc.constantFrom(...WEEKDAYS),
    end: halfHour,
  }),
)

/** A start up to two months before the instant, on a half hour. */
const startBefore = (nearAt: number) =>
  fc.integer({ min: 0, max: 2880 }).map((n) => {
    return new Date(Math.floor(nearAt / HOUR_MS) * HOUR_MS - n * 1_800_000).toISOString().slice(0, 16)
  })

const rotationNear = (nearAt: number): fc.Arbitrary<Rotation> =>
  fc
    .record(
      {
        unit: fc.constantFrom('hour', 'day', 'week', 'month', 'rrule'),
        every: fc.integer({ min: 1, max: 12 }),
        start: startBefore(nearAt),
        handoffTime: halfHour,
        handoffDay: fc.constantFrom(...WEEKDAYS),
        byDay: days,
        duration: fc.constantFrom('PT12H', 'P1D', 'P9D', 'P1DT90M'),
        rrule: fc.constantFrom(
          'FREQ=DAILY;BYHOUR=2,14',
          'FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU',
          'FREQ=HOURLY;INTERVAL=7',
        ),
      },
      { requiredKeys: ['unit', 'every', 'start', 'rrule'] },
    )
    .map(({ rrule, byDay, handoffDay, handoffTime, unit, ...rest }) => {
      if (unit === 'rrule') return { ...rest, unit, rrule }
      const handoff = { ...(handoffDay ? { handoffDay } : {}), ...(handoffTime ? { handoffTime } : {}) }
      return { ...rest, unit, ...handoff, ...(byDay && unit !== 'hour' ? { byDay } : {}) } as Rotation
    })

const instantNear = (nearAt: number) =>
  fc.integer({ min: -40 * 96, max: 40 * 96 }).map((n) => Math.floor(nearAt / 900_000) * 900_000 + n * 900_000)

const layerNear = (zone: string, nearAt: number): fc.Arbitrary<Layer> =>
  fc.record(
    {
      name: fc.constant('layer'),
      zone: fc.constant(zone),
      priority: fc.integer({ min: 0, max: 2 }),
      people: fc.array(fc.uniqueArray(person, { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 4 }),
      rotation: rotationNear(nearAt),
      restrictions: fc.array(restriction, { maxLength: 2 }),
      fromAt: instantNear(nearAt),
      untilAt: instantNear(nearAt),
      edits: fc.array(fc.record({ op: fc.constantFrom('add', 'remove'), person, at: instantNear(nearAt) }), {
        maxLength: 3,
      }),
    },
    { requiredKeys: ['name', 'zone', 'priority', 'people', 'rotation', 'restrictions'] },
  )

const overrideNear = (nearAt: number): fc.Arbitrary<Override> =>
  fc.record(
    {
      mode: fc.constantFrom('replaceAll', 'replace', 'remove', 'add'),
      people: fc.array(person, { maxLength: 2 }),
      replaces: person,
      startAt: instantNear(nearAt),
      endAt: instantNear(nearAt),
      priority: fc.integer({ min: 0, max: 1 }),
    },
    { requiredKeys: ['mode', 'people', 'startAt', 'endAt'] },
  )

/** A schedule, and a window of up to three weeks around a change of the clock. */
const situation = scene.chain(({ zone, nearAt }) =>
  fc.record({
    schedule: fc.record({
      name: fc.constant('watch'),
      zone: fc.constant(zone),
      layers: fc.array(layerNear(zone, nearAt), { minLength: 1, maxLength: 3 }),
      overrides: fc.array(overrideNear(nearAt), { maxLength: 3 }),
      inactive: fc.array(fc.record({ person, fromAt: instantNear(nearAt) }), { maxLength: 1 }),
    }) satisfies fc.Arbitrary<Schedule>,
    fromAt: fc.integer({ min: -200, max: 0 }).map((hours) => nearAt + hours * HOUR_MS + 7),
    toAt: fc.integer({ min: 1, max: 300 }).map((hours) => nearAt + hours * HOUR_MS + 11),
  }),
)

const runs = { numRuns: 150 }

describe('any schedule', () => {
  test('has segments that are in order, disjoint, maximal, and of somebody', () => {
    fc.assert(
      fc.property(situation, ({ schedule, fromAt, toAt }) => {
        expect(scheduleProblems(schedule)).toEqual([])
        let last = { startAt: fromAt, endAt: fromAt, people: [] as string[] }
        for (const segment of segments(schedule, fromAt, toAt)) {
          expect(segment.startAt).toBeGreaterThanOrEqual(last.endAt)
          expect(segment.endAt).toBeGreaterThan(segment.startAt)
          expect(segment.people).toEqual([...new Set(segment.people)].toSorted())
          expect(segment.people).not.toEqual([])
          if (segment.startAt === last.endAt) expect(segment.people).not.toEqual(last.people)
          last = segment
        }
        expect(last.endAt).toBeLessThanOrEqual(toAt)
      }),
      runs,
    )
  })

  test('has the same people on duty whichever window is asked for', () => {
    fc.assert(
      fc.property(situation, fc.double({ min: 0, max: 1, noNaN: true }), ({ schedule, fromAt, toAt }, part) => {
        const found = segments(schedule, fromAt, toAt)
        const within = (at: number) => found.find(({ startAt, endAt }) => startAt <= at && at < endAt)?.people ?? []
        const middleAt = fromAt + Math.floor((toAt - fromAt) * part)
        const edges = found.flatMap(({ startAt, endAt }) => [startAt - 1, startAt, endAt - 1, endAt])
        for (const at of [middleAt, ...edges].filter((at) => at >= fromAt && at < toAt)) {
          expect(dutyAt(schedule, at)).toEqual(within(at))
        }
        const second = segments(schedule, middleAt, toAt)
        const clipped = found.filter(({ endAt }) => endAt > middleAt)
        expect(second).toEqual(clipped.map((segment) => ({ ...segment, startAt: Math.max(segment.startAt, middleAt) })))
      }),
      runs,
    )
  })

  test('changes exactly where the people just before and at an instant differ', () => {
    fc.assert(
      fc.property(situation, ({ schedule, fromAt, toAt }) => {
        const found = changes(schedule, fromAt, toAt)
        let before = dutyAt(schedule, fromAt)
        for (const { at, outgoing, incoming, staying } of found) {
          expect(at > fromAt && at <= toAt).toBe(true)
          expect([...outgoing, ...staying].toSorted()).toEqual(dutyAt(schedule, at - 1))
          expect([...incoming, ...staying].toSorted()).toEqual(dutyAt(schedule, at))
          expect(dutyAt(schedule, at - 1)).toEqual(before)
          expect(outgoing.length + incoming.length).toBeGreaterThan(0)
          before = dutyAt(schedule, at)
        }
        expect(dutyAt(schedule, toAt)).toEqual(before)
      }),
      runs,
    )
  })

  test('knows the next change, and the shift around an instant', () => {
    fc.assert(
      fc.property(situation, ({ schedule, fromAt, toAt }) => {
        const found = changes(schedule, fromAt, toAt)
        const first = found[0]
        if (first) expect(nextChange(schedule, fromAt)).toEqual(first)
        else expect(nextChange(schedule, fromAt)?.at ?? toAt + 1).toBeGreaterThan(toAt)
        const shift = shiftAround(schedule, toAt)
        expect(shift.people).toEqual(dutyAt(schedule, toAt))
        if (found.length > 0) expect(shift.sinceAt).toBe(found.at(-1)?.at)
        if (first) expect(shiftAround(schedule, first.at).sinceAt).toBe(first.at)
        if (first) expect(shiftAround(schedule, first.at - 1).untilAt).toBe(first.at)
      }),
      { numRuns: 60 },
    )
  })

  test('moves as a whole when every instant and every zone moves', () => {
    // The same wall clocks, once two hours ahead of UTC and once on it.
    const situations = fc.integer({ min: 0, max: 400 }).chain((day) => {
      const nearAt = Date.parse('2026-01-31T00:00Z') + day * DAY_MS
      return fc.tuple(layerNear('UTC+2', nearAt), overrideNear(nearAt), fc.constant(nearAt))
    })
    const moveBy = 2 * HOUR_MS
    fc.assert(
      fc.property(situations, ([layer, override, nearAt]) => {
        const ahead = { name: 'watch', zone: 'UTC+2', layers: [layer], overrides: [override] }
        const edits = (layer.edits ?? []).map((edit) => ({ ...edit, at: edit.at + moveBy }))
        const fromAt = layer.fromAt === undefined ? {} : { fromAt: layer.fromAt + moveBy }
        const untilAt = layer.untilAt === undefined ? {} : { untilAt: layer.untilAt + moveBy }
        const moved = { ...override, startAt: override.startAt + moveBy, endAt: override.endAt + moveBy }
        const onUtc = {
          ...ahead,
          layers: [{ ...layer, zone: 'UTC', edits, ...fromAt, ...untilAt }],
          overrides: [moved],
        }
        const later = segments(onUtc, nearAt + moveBy, nearAt + 20 * DAY_MS + moveBy)
        expect(segments(ahead, nearAt, nearAt + 20 * DAY_MS)).toEqual(
          later.map(({ startAt, endAt, people }) => ({ startAt: startAt - moveBy, endAt: endAt - moveBy, people })),
        )
      }),
      runs,
    )
  })
})

describe('a rotation', () => {
  const simple = scene.chain(({ zone, nearAt }) =>
    fc.record({
      zone: fc.constant(zone),
      nearAt: fc.constant(nearAt),
      start: startBefore(nearAt),
      unit: fc.constantFrom('hour', 'day', 'week', 'month'),
      every: fc.integer({ min: 1, max: 5 }),
    }),
  )

  test('has the turn of the last boundary, counted one by one from the start', () => {
    fc.assert(
      fc.property(simple, fc.integer({ min: -96, max: 96 }), ({ zone, nearAt, start, unit, every }, quarters) => {
        const at = nearAt + quarters * 900_000
        const boundary = (k: number) => {
          const wall = DateTime.fromISO(start, { zone: 'utc' }).plus({ [`${unit}s`]: k * every })
          return toInstant(wall.toMillis(), zone)
        }
        let expected = -1
        for (let k = 0; boundary(k) <= at + 3 * DAY_MS; k++) if (boundary(k) <= at) expected = k
        const found = turns({ unit, every, start }, zone, at, at + 1)
        expect(found.map(({ turn }) => turn)).toEqual(expected < 0 ? [] : [expected])
      }),
      { numRuns: 100 },
    )
  })

  test('gives the incoming at a boundary, never nobody and never both', () => {
    fc.assert(
      fc.property(simple, ({ zone, nearAt, start, unit, every }) => {
        const found = turns({ unit, every, start }, zone, nearAt - 3 * DAY_MS, nearAt + 3 * DAY_MS)
        for (const [n, turn] of found.entries()) {
          const next = found[n + 1]
          if (next) expect(next.startAt).toBe(turn.endAt)
        }
      }),
      { numRuns: 100 },
    )
  })

  test('is the same when it is said as a recurrence rule, from ten years ago', () => {
    const fromAt = Date.parse('2026-03-20T00:00Z')
    const asked = [fromAt, fromAt + 30 * DAY_MS] as const
    const start = '2016-01-04T02:30'
    const pairs: [Rotation['unit'], number, string][] = [
      ['day', 1, 'FREQ=DAILY'],
      ['week', 2, 'FREQ=WEEKLY;INTERVAL=2'],
      ['hour', 12, 'FREQ=DAILY;BYHOUR=2,14'],
      ['hour', 1, 'FREQ=HOURLY'],
    ]
    for (const [unit, every, rrule] of pairs) {
      const counted = turns({ unit, every, start }, 'Europe/Zurich', ...asked)
      const began = performance.now()
      expect(turns({ unit: 'rrule', every: 1, start, rrule }, 'Europe/Zurich', ...asked), rrule).toEqual(counted)
      expect(performance.now() - began).toBeLessThan(20_000)
    }
  })

  test('goes on with its last turn after a rule has ended, whose UNTIL is an instant', () => {
    const rrule = 'FREQ=DAILY;UNTIL=20260603T060000Z'
    const rotation: Rotation = { unit: 'rrule', every: 1, start: '2026-06-01T08:00', rrule }
    const found = turns(rotation, 'Europe/Zurich', Date.parse('2026-06-01T00:00Z'), Date.parse('2026-07-01T00:00Z'))
    expect(found.map(({ turn, startAt }) => [turn, new Date(startAt).toISOString().slice(0, 16)])).toEqual([
      [0, '2026-06-01T06:00'],
      [1, '2026-06-02T06:00'],
      [2, '2026-06-03T06:00'],
    ])
    expect(found.at(-1)?.endAt).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('the membership of a rotation', () => {
  const layer = (edits: Layer['edits'], rotation: Partial<Rotation> = {}): Schedule => ({
    name: 'watch',
    zone: 'UTC',
    overrides: [],
    layers: [
      {
        name: 'all',
        zone: 'UTC',
        priority: 1,
        people: [['ana'], ['ben'], ['cleo']],
        rotation: { unit: 'day', every: 1, start: '2026-06-01T08:00', ...rotation },
        restrictions: [],
        edits: edits ?? [],
      },
    ],
  })
  const at = (day: number, hour: number) => Date.UTC(2026, 5, day, hour)
  /** Who is on duty at 09:00 of these days of June. */
  const mornings = (schedule: Schedule, ...on: number[]) => on.map((day) => dutyAt(schedule, at(day, 9)).join('+'))

  test('removed while on duty: the next takes over at once, the turn after goes to the next after that', () => {
    const schedule = layer([{ op: 'remove', person: 'ben', at: at(2, 12) }])
    expect(mornings(schedule, 1, 2, 3, 4, 5)).toEqual(['ana', 'ben', 'ana', 'cleo', 'ana'])
    expect(changes(schedule, at(2, 9), at(2, 23))).toEqual([
      { at: at(2, 12), outgoing: ['ben'], incoming: ['cleo'], staying: [] },
    ])
  })

  test('removed after their coverage: nobody loses a turn', () => {
    const schedule = layer([{ op: 'remove', person: 'ben', at: at(2, 22) }], { duration: 'PT12H' })
    expect(mornings(schedule, 1, 2, 3, 4, 5)).toEqual(['ana', 'ben', 'cleo', 'ana', 'cleo'])
  })

  test('added: nobody jumps, and the past stays', () => {
    const schedule = layer([{ op: 'add', person: 'dan', at: at(5, 12) }])
    expect(mornings(schedule, 1, 2, 3, 4, 5, 6, 7, 8, 9)).toEqual([
      'ana',
      'ben',
      'cleo',
      'ana',
      'ben',
      'cleo',
      'dan',
      'ana',
      'ben',
    ])
  })

  test('edits before the start, of everybody, and of the same person twice', () => {
    expect(mornings(layer([{ op: 'remove', person: 'ana', at: at(1, 0) }]), 1, 2, 3)).toEqual(['ben', 'cleo', 'ben'])
    const everybody = ['ana', 'ben', 'cleo'].map((who) => ({ op: 'remove' as const, person: who, at: at(2, 12) }))
    expect(mornings(layer(everybody), 1, 2, 3)).toEqual(['ana', 'ben', ''])
    const again = [...everybody, { op: 'add' as const, person: 'dan', at: at(4, 12) }]
    expect(mornings(layer(again), 3, 4, 5, 6)).toEqual(['', '', 'dan', 'dan'])
    expect(dutyAt(layer(again), at(4, 13))).toEqual(['dan'])
    const twice = [at(2, 12), at(2, 13)].map((when) => ({ op: 'remove' as const, person: 'ben', at: when }))
    expect(mornings(layer(twice), 2, 3, 4, 5)).toEqual(['ben', 'ana', 'cleo', 'ana'])
  })

  test('deactivated: a visible gap, also where an override names them', () => {
    const schedule = { ...layer([]), inactive: [{ person: 'ben', fromAt: at(3, 0) }] }
    expect(mornings(schedule, 1, 2, 3, 4, 5, 6)).toEqual(['ana', 'ben', 'cleo', 'ana', '', 'cleo'])
    const replaceAll: Override = { mode: 'replaceAll', people: ['ben'], startAt: at(4, 0), endAt: at(5, 0) }
    expect(mornings({ ...schedule, overrides: [replaceAll] }, 4)).toEqual([''])
  })
})

describe('overrides', () => {
  const at = (hour: number) => Date.UTC(2026, 5, 1, hour)
  const layerOf = (name: string): Layer => ({
    name,
    zone: 'UTC',
    priority: 1,
    people: [[name]],
    rotation: { unit: 'day', every: 1, start: '2026-01-01T00:00' },
    restrictions: [],
  })
  const dutyWith = (...overrides: Partial<Override>[]): string[] => {
    const whole = { mode: 'replaceAll' as const, people: [], startAt: at(8), endAt: at(9) }
    const layers = [layerOf('ana'), layerOf('ben')]
    const list = overrides.map((override) => ({ ...whole, ...override }))
    return dutyAt({ name: 'watch', zone: 'UTC', layers, overrides: list }, at(8))
  }
  const swap = (from: string, to: string): Partial<Override> => ({ mode: 'replace', replaces: from, people: [to] })

  test('are not transitive, and cross over', () => {
    expect(dutyWith(swap('ana', 'cleo'), swap('cleo', 'dan'))).toEqual(['ben', 'cleo'])
    expect(dutyWith(swap('ana', 'ben'), swap('ben', 'ana'))).toEqual(['ana', 'ben'])
  })
  test('a swap with somebody who is not on duty does nothing', () => {
    expect(dutyWith(swap('zoe', 'dan'))).toEqual(['ana', 'ben'])
  })
  test('the higher priority wins, then the later created', () => {
    expect(dutyWith({ people: ['x'] }, { people: ['y'] })).toEqual(['y'])
    expect(dutyWith({ people: ['x'], priority: 1 }, { people: ['y'] })).toEqual(['x'])
    expect(dutyWith(swap('ana', 'x'), { mode: 'remove', replaces: 'ana' })).toEqual(['ben'])
  })
  test('additions come after everything', () => {
    expect(dutyWith({ mode: 'add', people: ['dan'] }, { mode: 'replaceAll', people: [] })).toEqual(['dan'])
    expect(dutyWith({ mode: 'add', people: ['ana'] }, { mode: 'remove', replaces: 'ana' })).toEqual(['ana', 'ben'])
  })
})

/** The schedule mail-primary of the configuration's example. */
const MAIL: Schedule = {
  name: 'mail-primary',
  zone: 'Europe/Zurich',
  overrides: [],
  layers: [
    {
      name: 'days',
      zone: 'Europe/Zurich',
      priority: 1,
      people: [['dana'], ['erik']],
      rotation: { unit: 'week', every: 1, start: '2026-01-05T08:00' },
      restrictions: [{ type: 'daily', start: '08:00', end: '20:00' }],
    },
    {
      name: 'nights',
      zone: 'Europe/Zurich',
      priority: 1,
      people: [['nora'], ['omar']],
      rotation: { unit: 'week', every: 1, start: '2026-01-05T20:00' },
      restrictions: [{ type: 'daily', start: '20:00', end: '08:00' }],
    },
  ],
}

describe('the example', () => {
  const at = (text: string) => Date.parse(text)
  test.for([
    ['spring', '2026-03-28T20:00+01:00', '2026-03-29T08:00+02:00', 11],
    ['autumn', '2026-10-24T20:00+02:00', '2026-10-25T08:00+01:00', 13],
  ] as const)('hands over at 08:00 and 20:00 local time across the change in %s', ([, dusk, dawn, hours]) => {
    const around = segments(MAIL, at(dusk) - 36 * HOUR_MS, at(dawn) + 36 * HOUR_MS)
    expect(around.find(({ startAt }) => startAt === at(dusk))?.endAt).toBe(at(dawn))
    expect(at(dawn) - at(dusk)).toBe(hours * HOUR_MS)
    for (const { startAt } of around.slice(1)) {
      expect(new Date(toWall(startAt, MAIL.zone)).toISOString().slice(11, 16)).toMatch(/^(08|20):00$/)
    }
  })

  test('has somebody, one person, at every instant of a year', () => {
    const found = segments(MAIL, at('2026-01-05T08:00+01:00'), at('2027-01-05T08:00+01:00'))
    expect(found).toHaveLength(730)
    expect(found.every(({ people }) => people.length === 1)).toBe(true)
    expect(found.slice(1).every(({ startAt }, n) => startAt === found[n]?.endAt)).toBe(true)
  })
})

describe('the clock of the machine does not matter:', () => {
  const NOW = Settings.now
  afterEach(() => {
    Settings.now = NOW
    Settings.resetCaches()
  })

  const halfHoursNear = (text: string) =>
    [...Array(192).keys()].map((n) => Math.floor(Date.parse(text) / HOUR_MS) * HOUR_MS + (n - 96) * 1_800_000)

  test('a wall time is the first instant with that reading, or shifted by the gap', () => {
    const reading = (zone: string, at: number) => at + IANAZone.create(zone).offset(at) * 60_000
    for (const [zone, near] of PLACES) {
      for (const around of near.map((text) => Math.floor(Date.parse(text) / HOUR_MS) * HOUR_MS)) {
        for (let wall = around - 40 * HOUR_MS; wall < around + 40 * HOUR_MS; wall += 1_800_000) {
          const candidates = [...Array(121).keys()].map((n) => wall + (n - 60) * 900_000)
          const first = candidates.find((at) => reading(zone, at) === wall)
          const offsetBefore = IANAZone.create(zone).offset(wall - 30 * HOUR_MS) * 60_000
          expect(toInstant(wall, zone), `${zone} ${new Date(wall).toISOString()}`).toBe(first ?? wall - offsetBefore)
        }
      }
    }
  })

  test('not its season', async () => {
    const results: number[][] = []
    const naive: number[] = []
    for (const now of ['2026-01-15T12:00Z', '2026-07-15T12:00Z', '2011-06-01T00:00Z']) {
      Settings.now = () => Date.parse(now)
      Settings.resetCaches()
      // A fresh copy of the module has resolved nothing in another season yet.
      vi.resetModules()
      const { toInstant: fresh } = await import('../../src/domain/duty/time.ts')
      results.push(PLACES.flatMap(([zone, near]) => near.flatMap(halfHoursNear).map((wall) => fresh(wall, zone))))
      naive.push(DateTime.fromISO('2026-10-25T02:30', { zone: 'Europe/Zurich' }).toMillis())
    }
    expect(results[1]).toEqual(results[0])
    expect(results[2]).toEqual(results[0])
    // The season did reach luxon: it is what the one function protects from.
    expect(new Set(naive).size).toBe(2)
  })

  test('nor its zone', () => {
    const module = new URL('../../src/domain/duty/schedule.ts', import.meta.url).href
    const window = `${Date.parse('2026-03-20T00:00Z')}, ${Date.parse('2026-11-10T00:00Z')}`
    const script = `import { segments } from '${module}'
      console.log(JSON.stringify(segments(${JSON.stringify(MAIL)}, ${window})))`
    const answers = ['UTC', 'America/New_York', 'Asia/Tokyo'].map((TZ) =>
      execFileSync(process.execPath, ['--input-type=module', '-e', script], {
        env: { ...process.env, TZ, NODE_OPTIONS: '' },
        encoding: 'utf8',
      }),
    )
    expect(new Set(answers).size).toBe(1)
    expect(JSON.parse(answers[0] ?? '')).toEqual(
      segments(MAIL, Date.parse('2026-03-20T00:00Z'), Date.parse('2026-11-10T00:00Z')),
    )
  })
})

test('a zone is named, and is never that of the process', () => {
  expect(['Europe/Zurich', 'UTC', 'UTC+2', 'Etc/GMT-2', 'Asia/Kolkata'].every(isZone)).toBe(true)
  expect(['local', 'system', 'default', '', 'Europe/Zürich', 'Mars/Base'].some(isZone)).toBe(false)
})

test('what cannot be evaluated is said in sentences', () => {
  const layer = MAIL.layers[0]
  const withRotation = (rotation: Rotation, zone = 'UTC') =>
    scheduleProblems({ ...MAIL, layers: layer ? [{ ...layer, zone, rotation }] : [] })
  expect(withRotation({ unit: 'day', every: 1, start: '2026-02-31T08:00' })).toEqual([
    'layer days: the start 2026-02-31T08:00 is not a date of the calendar',
  ])
  expect(withRotation({ unit: 'day', every: 1, start: '2026-02-01T08:00', duration: 'P1M' })).toHaveLength(1)
  expect(withRotation({ unit: 'rrule', every: 1, start: '2026-02-01T08:00' })).toHaveLength(1)
  expect(withRotation({ unit: 'rrule', every: 1, start: '2026-02-01T08:00', rrule: 'FREQ=NEVER' })).toHaveLength(1)
  expect(withRotation({ unit: 'hour', every: 1, start: '2026-02-01T08:00', byDay: ['MO'] }, 'Mars')).toHaveLength(2)
})
