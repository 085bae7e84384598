import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Barrier, evaluateDeploy, Gate, type GateFacts } from '../../src/domain/deploy/gate.ts'
import { blackouts } from '../../src/domain/deploy/shift.ts'
import type { Sight } from '../../src/domain/deploy/sight.ts'
import { stretches, type Window } from '../../src/domain/deploy/window.ts'
import type { Silence } from '../../src/domain/detect/silence.ts'
import { changes } from '../../src/domain/duty/schedule.ts'
import { toWall, weekdayOf } from '../../src/domain/duty/time.ts'
import type { Rules } from '../../src/domain/rules.ts'
import { clearGate, HOUR, MINUTE, rota, rules, T0 } from '../support/builders.ts'

const DAY = 24 * HOUR
/** Whoever has the watch has had it for a day. */
const NOW = T0 + DAY
const request = { estimateMs: 20 * MINUTE, bakeMs: 10 * MINUTE, reason: null }
const times = { beforeMs: 30 * MINUTE, afterMs: 15 * MINUTE, settleMs: 15 * MINUTE }

const home: Rules['monitors'][string] = {
  ...{ name: 'home', service: 'webmail', severity: 'critical', everyMs: 30_000, timeoutMs: 5_000, failAfter: 2 },
  ...{ recoverAfter: 2, locations: ['here'], agree: 1, kind: 'tcp', host: 'x.test', port: 25 },
  ...{ ip: null, starttls: null, banner: null },
}
const by = rules({ services: { webmail: {}, other: {} } })
const watched: Rules = { ...by, monitors: { home } }

const sight = (at = NOW, change: Partial<Sight['monitors'][number]> = {}, more: Partial<Sight> = {}): Sight => ({
  at,
  monitors: [{ name: 'home', status: 'up', lastAt: at - 10_000, learnsUntilAt: null, ...change }],
  gaps: [],
  pool: null,
  ...more,
})

/** Nothing is in the way, and everything is asked about. */
const free = (at = NOW, change: Partial<GateFacts> = {}): GateFacts => ({
  ...clearGate({ schedules: [rota('primary', ['dana'])], handovers: {}, times }),
  rules: watched,
  sight: sight(at),
  refuseWhen: ['open_incident', 'blind', 'nobody_on_call', 'silenced_monitor'],
  ...change,
})

const reasonsOf = (gate: Gate) => (gate.allow ? [] : gate.reasons.map((each) => each.reason))

describe('every reason by itself', () => {
  const silence: Silence = {
    ...{ id: 1, mode: 'silence', by: 'sam', approvedBy: null, target: { kind: 'monitor', name: 'home' }, reason: 'x' },
    ...{
      madeAt: NOW,
      fromAt: NOW - 1,
      untilAt: NOW + HOUR,
      state: 'active',
      noticed: false,
      endedAt: null,
      endedBy: null,
    },
    ...{ endAskedBy: null, awaiting: [], seen: [], returnBy: null },
  }
  const lock: Barrier = { id: 1, kind: 'lock', by: null, reason: 'x', fromAt: NOW - 1, untilAt: null }
  const cases: [string, Partial<GateFacts>, string[]][] = [
    ['nothing', {}, []],
    ['an open incident', { incidents: [{ id: 7, service: 'other', openedAt: NOW }] }, ['open-incident']],
    ['nobody on duty who would be paged', { onCall: { people: [], unreachable: [] } }, ['nobody-on-call']],
    ['nobody who can be reached', { onCall: { people: ['dana'], unreachable: ['dana'] } }, ['nobody-on-call']],
    ['another rollout', { rollouts: [{ id: 3, version: 'v1', startedAt: NOW }] }, ['in-progress']],
    ['a lock', { barriers: [lock] }, ['lock']],
    [
      'a freeze that begins while it would roll',
      { barriers: [{ ...lock, kind: 'freeze', fromAt: NOW + 25 * MINUTE, untilAt: NOW + HOUR }] },
      ['freeze'],
    ],
    [
      'a freeze that begins when it is over',
      { barriers: [{ ...lock, kind: 'freeze', fromAt: NOW + 30 * MINUTE, untilAt: NOW + HOUR }] },
      [],
    ],
    ['a monitor that is silenced', { silences: [silence] }, ['silenced-monitor']],
    [
      'a monitor that will be silenced',
      { silences: [{ ...silence, state: 'planned', fromAt: NOW + 10 * MINUTE }] },
      ['silenced-monitor'],
    ],
    ['a monitor that is disabled', { silences: [{ ...silence, mode: 'disable' }] }, ['blind']],
    [
      'a monitor that has to show that it is back',
      { silences: [{ ...silence, state: 'returning', untilAt: NOW, awaiting: ['home'] }] },
      ['blind'],
    ],
    ['a monitor that was never seen', { sight: sight(NOW, { status: 'unknown', lastAt: null }) }, ['blind']],
    ['a monitor that nobody has looked after', { sight: sight(NOW, { lastAt: NOW - 10 * MINUTE }) }, ['blind']],
    ['a monitor that learns', { sight: sight(NOW, { learnsUntilAt: NOW + DAY }) }, ['blind']],
    ['a monitor that fails', { sight: sight(NOW, { status: 'down' }) }, ['blind']],
    ['a name that nothing watches', { sight: sight(NOW, {}, { gaps: ['api.example.test'] }) }, ['blind']],
    ['a service that nothing watches', { rules: by, sight: sight(NOW, {}, { monitors: [] }) }, ['blind']],
    ['a monitor that nobody has told of', { sight: sight(NOW, {}, { monitors: [] }) }, ['blind']],
    ['what was seen half a minute ago', { sight: sight(NOW - 31_000) }, ['unknown']],
    ['what was seen in times to come', { sight: sight(NOW + 31_000) }, ['unknown']],
  ]
  test.each(cases)('%s', (_, change, expected) => {
    const gate = evaluateDeploy(request, free(NOW, change), NOW)
    expect(reasonsOf(gate)).toEqual(expected)
    expect(Gate.parse(gate)).toEqual(gate)
    for (const reason of ['rollback', 'fix'] as const)
      expect(evaluateDeploy({ ...request, reason }, free(NOW, change), NOW)).toEqual({ allow: true, because: reason })
  })

  test('what was switched off in the configuration is not asked about', () => {
    const open = { incidents: null, onCall: null, sight: null, silences: null, refuseWhen: [] }
    expect(evaluateDeploy(request, free(NOW, open), NOW)).toEqual({ allow: true, because: 'free' })
  })
})

test('whatever is not known denies, one by one and together', () => {
  const facts = [
    'rules',
    'schedules',
    'handovers',
    'windows',
    'barriers',
    'incidents',
    'onCall',
    'sight',
    'silences',
    'rollouts',
  ]
  fc.assert(
    fc.property(fc.subarray(facts, { minLength: 1 }), (missing) => {
      const without = { ...free(), ...Object.fromEntries(missing.map((each) => [each, null])) }
      expect(reasonsOf(evaluateDeploy(request, without, NOW))).toContain('unknown')
    }),
    { numRuns: 100 },
  )
})

test('what makes no sense denies too, and never throws', () => {
  const broken = { ...rota('primary', ['dana']), zone: 'Nowhere/Land' }
  const layers = broken.layers.map((layer) => ({ ...layer, zone: 'Nowhere/Land' }))
  expect(reasonsOf(evaluateDeploy(request, free(NOW, { schedules: [{ ...broken, layers }] }), NOW))).toEqual([
    'unknown',
  ])
  for (const at of [Number.NaN, Number.POSITIVE_INFINITY]) expect(evaluateDeploy(request, free(), at).allow).toBe(false)
  expect(evaluateDeploy({ ...request, estimateMs: Number.NaN }, free(), NOW).allow).toBe(false)
})

const ZONES = [
  'Europe/Zurich',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kolkata',
  'America/Sao_Paulo',
  'Europe/Dublin',
]
/** Around every change of the clocks of a year, and between. */
const instants = fc
  .integer({ min: Date.UTC(2026, 0, 1) / MINUTE, max: Date.UTC(2027, 11, 1) / MINUTE })
  .map((n) => n * MINUTE)
const edge = fc.record({
  day: fc.integer({ min: 0, max: 6 }),
  time: fc.constantFrom('00:00', '01:30', '02:30', '07:00', '16:00', '23:30'),
})
const weekly = fc.record({ from: edge, to: edge, zone: fc.constantFrom(...ZONES) })
const windowsOf = fc.array(
  weekly.map((when): Window => ({ name: 'window', services: null, when: { kind: 'weekly', ...when } })),
  { maxLength: 3 },
)
const people = fc.constantFrom<string[]>(['dana'], ['dana', 'nora'], ['dana', 'nora', 'erik'], [])
const rotas = fc.record({ people, hours: fc.constantFrom(4, 12, 24 * 7) })

test('what is allowed meets no window and no change of the watch; the next free instant is the first', () => {
  fc.assert(
    fc.property(
      windowsOf,
      rotas,
      instants,
      fc.integer({ min: 1, max: 90 }),
      (windows, { people: names, hours }, at, minutes) => {
        const schedule = rota('primary', names, hours)
        const facts = free(at, { windows, schedules: [schedule] })
        const asked = { estimateMs: minutes * MINUTE, bakeMs: 0, reason: null }
        const closed = (fromAt: number, toAt: number) => [
          ...windows.flatMap((window) => stretches(window, fromAt, toAt)),
          // By the roster alone: from half an hour before each change until a quarter after; and while nobody is on duty.
          ...changes(schedule, fromAt - 15 * MINUTE, toAt + 30 * MINUTE - 1),
          ...blackouts({ schedules: [schedule], handovers: {}, times }, fromAt, toAt),
        ]
        const gate = evaluateDeploy(asked, facts, at)
        const met = closed(at, at + minutes * MINUTE)
        if (gate.allow) expect(met).toEqual([])
        else expect(met).not.toEqual([])
        if (gate.allow || gate.nextAt === null) return
        expect(gate.nextAt).toBeGreaterThan(at)
        expect(evaluateDeploy(asked, { ...facts, sight: sight(gate.nextAt) }, gate.nextAt)).toEqual({
          allow: true,
          because: 'free',
        })
        // Not a minute sooner, wherever before it.
        const before = at + Math.floor((gate.nextAt - at) / 2 / MINUTE) * MINUTE
        for (const sooner of [gate.nextAt - MINUTE, before])
          if (sooner > at) expect(evaluateDeploy(asked, { ...facts, sight: sight(sooner) }, sooner).allow).toBe(false)
      },
    ),
    { numRuns: 150 },
  )
})

test('a weekly window stands where its wall clock says, whatever the clocks do', () => {
  fc.assert(
    fc.property(weekly, instants, (when, at) => {
      const all = stretches({ name: 'x', services: null, when: { kind: 'weekly', ...when } }, at, at + 8 * DAY)
      expect(all.length).toBeGreaterThan(0)
      for (const { startAt, endAt } of all) {
        const wall = toWall(startAt, when.zone)
        const clock = new Date(wall).toISOString().slice(11, 16)
        // A time that is missing is shifted by the gap, which may be half an hour.
        if (clock !== when.from.time) expect(['02:30', '01:30', '00:00']).toContain(when.from.time)
        else expect(weekdayOf(wall)).toBe(when.from.day)
        expect(endAt).toBeGreaterThan(startAt)
        expect(endAt - startAt).toBeLessThanOrEqual(7 * DAY + HOUR)
      }
    }),
    { numRuns: 150 },
  )
})

test('who continues is no change: a rota of one person, whatever its turns, has no blackout', () => {
  const schedule = { ...rota('primary', ['dana']), layers: rota('primary', ['dana', 'nora'], 4).layers }
  const alone = { ...schedule, layers: schedule.layers.map((layer) => ({ ...layer, people: [['dana'], ['dana']] })) }
  expect(blackouts({ schedules: [alone], handovers: {}, times }, NOW, NOW + 2 * DAY)).toEqual([])
  expect(blackouts({ schedules: [schedule], handovers: {}, times }, NOW, NOW + 2 * DAY)).toHaveLength(13)
})
