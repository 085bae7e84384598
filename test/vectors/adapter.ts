import { DateTime } from 'luxon'
import { scheduleOf as rosterOf } from '../../src/domain/book.ts'
import { decide, nextDue } from '../../src/domain/decide.ts'
import { type DeployRequest, evaluateDeploy } from '../../src/domain/deploy/gate.ts'
import { BLACKOUT_TIMES } from '../../src/domain/deploy/rules.ts'
import { blackouts, overrun, type Shifts } from '../../src/domain/deploy/shift.ts'
import { scheduleProblems, segments } from '../../src/domain/duty/schedule.ts'
import { type Layer, Schedule } from '../../src/domain/duty/schedule-types.ts'
import { DAY_MS } from '../../src/domain/duty/time.ts'
import type { Event, Received } from '../../src/domain/event.ts'
import type { Recorded } from '../../src/domain/fact.ts'
import type { Piece } from '../../src/domain/handover.ts'
import type { Page } from '../../src/domain/incident.ts'
import { Rules, Severity } from '../../src/domain/rules.ts'
import { clearGate, emptyDesk } from '../support/builders.ts'

/**
 * From the format of `schedule-vectors.json` to the domain's own, and back. The dialects of other tools (a missing wall time snapped to
 * the end of the gap, other ways to count months) are refused by name; exact hours are evaluated where they can be said in UTC.
 */
export interface ScheduleVector {
  id: string
  timezone: string
  layers: VectorLayer[]
  overrides?: VectorOverride[]
  inactive?: { user: string; from: string }[]
  edits?: { op: string; layer: number; user: string; at: string }[]
  query: { from: string; to: string }
}

interface VectorLayer {
  id?: string
  users: (string | string[])[]
  rotation: VectorRotation
  priority?: number
  timezone?: string
  restrictions?: unknown[]
  from?: string
  until?: string
}

interface VectorRotation extends Record<string, unknown> {
  type: string
  start: string
  interval?: number
  clock?: string
}

interface VectorOverride {
  mode?: string
  users?: string[]
  replaces?: string
  start: string
  end: string
  priority?: number
}

const UNITS = new Map(
  Object.entries({ hourly: 'hour', daily: 'day', weekly: 'week', monthly: 'month', rrule: 'rrule' }),
)

/** The segments of a vector's query, without gaps; ISO 8601 with the offset of the vector's zone. */
export function evaluate(vector: ScheduleVector): { start: string; end: string; users: string[] }[] {
  const schedule = scheduleOf(vector)
  const iso = (at: number) => {
    const text = DateTime.fromMillis(at, { zone: vector.timezone }).toISO({ suppressMilliseconds: true })
    if (text === null) throw new Error(`${at} has no reading in ${vector.timezone}`)
    return text
  }
  return segments(schedule, Date.parse(vector.query.from), Date.parse(vector.query.to)).map((segment) => ({
    start: iso(segment.startAt),
    end: iso(segment.endAt),
    users: segment.people,
  }))
}

/** The vector as a schedule of the domain. */
export function scheduleOf(vector: ScheduleVector): Schedule {
  refuseDialect('gapPolicy', 'shift', vector, ...vector.layers, ...vector.layers.map((layer) => layer.rotation))
  refuseDialect('monthlyPolicy', 'clamp', vector, ...vector.layers, ...vector.layers.map((layer) => layer.rotation))
  const schedule = Schedule.parse({
    name: vector.id,
    zone: vector.timezone,
    layers: vector.layers.map((layer, index) => layerOf(vector, layer, index)),
    overrides: (vector.overrides ?? []).map(overrideOf),
    inactive: (vector.inactive ?? []).map(({ user, from }) => ({ person: user, fromAt: Date.parse(from) })),
  })
  const problems = scheduleProblems(schedule)
  if (problems.length > 0) throw new Error(`${vector.id}: ${problems.join('; ')}`)
  return schedule
}

function refuseDialect(key: string, ours: string, ...places: object[]): void {
  for (const place of places) {
    const value = (place as Record<string, unknown>)[key]
    if (value !== undefined && value !== ours) throw new Error(`dialect ${key} "${String(value)}" is not implemented`)
  }
}

function layerOf(vector: ScheduleVector, layer: VectorLayer, index: number): Layer {
  const elapsed = [vector, layer, layer.rotation].some((place) => (place as { clock?: unknown }).clock === 'elapsed')
  const { type, interval, start, clock: _, gapPolicy: _gap, monthlyPolicy: _monthly, ...rest } = layer.rotation
  if (elapsed && type === 'hourly' && (layer.restrictions ?? rest.handoffTime ?? rest.duration) !== undefined)
    throw new Error('dialect clock "elapsed" is not implemented together with restrictions, handoffs or durations')
  // Exact hours are the hours of a clock that never changes.
  const zone = elapsed && type === 'hourly' ? 'UTC' : (layer.timezone ?? vector.timezone)
  const edits = (vector.edits ?? []).filter((edit) => edit.layer === index)
  return {
    name: layer.id ?? `layer ${index}`,
    zone,
    priority: layer.priority ?? 1,
    people: layer.users.map((element) => [element].flat()),
    rotation: { ...rest, unit: UNITS.get(type) ?? type, every: interval ?? 1, start: wallOf(start, zone) },
    restrictions: layer.restrictions ?? [],
    ...(layer.from === undefined ? {} : { fromAt: Date.parse(layer.from) }),
    ...(layer.until === undefined ? {} : { untilAt: Date.parse(layer.until) }),
    edits: edits.map(({ op, user, at }) => ({ op: op.replace('User', ''), person: user, at: Date.parse(at) })),
  } as Layer
}

function overrideOf({ mode, users, start, end, ...rest }: VectorOverride): Record<string, unknown> {
  return {
    mode: mode ?? 'replaceAll',
    people: users ?? [],
    startAt: Date.parse(start),
    endAt: Date.parse(end),
    ...rest,
  }
}

/** The reading of the zone's clocks at an instant: a rotation starts at a wall time. */
function wallOf(instant: string, zone: string): string {
  return DateTime.fromISO(instant, { zone }).toFormat("yyyy-MM-dd'T'HH:mm:ss")
}

/** A scenario of `handover-scenarios.json`: who is on duty by segments, what comes in, and until when it is lived through. */
export interface Scenario {
  id: string
  timezone: string
  policy: { steps: { target: string; timeout: number }[]; rounds: number; fallback: string[] }
  roster: Record<string, RosterSegment[]>
  events: ScenarioEvent[]
  until: string
}

interface RosterSegment {
  start: string
  end: string
  users: string[]
}

interface ScenarioEvent {
  at: string
  type: string
  incident?: string
  by?: string
  severity?: string
  policy?: string
  paged?: string[]
  until?: string
  schedule?: string
  segments?: RosterSegment[]
  deploy?: string
  duration?: number
  bake?: number
  reason?: string
  rolling?: boolean
}

export interface Played {
  pages: { at: string; to: string; kind: string; incident?: string; incidents?: string[] }[]
  incidents: { at: string; incident: string; state: string; owner?: string }[]
  handovers: { at: string; schedule: string; change: string; state: string; by?: string }[]
  notices: { at: string; kind: string; schedule?: string; to?: string; incident?: string; deploy?: string }[]
  deploys: { at: string; deploy: string; decision: string; nextAllowed?: string }[]
}

const MINUTE_MS = 60_000
const FAR_MS = 10 * 366 * DAY_MS

/**
 * Plays a scenario through the very decisions that run in production: each incident is an alert of a service of its own, rosters are
 * changes by hand of a schedule on which otherwise nobody is. Instants come back in the scenario's zone.
 */
export function simulate(scenario: Scenario): Played {
  const zone = scenario.timezone
  const iso = (at: number) => DateTime.fromMillis(at, { zone }).toISO({ suppressMilliseconds: true }) ?? ''
  const segmentsOf = Object.values(scenario.roster).flat()
  const inputs = scenario.events.map((event) => ({ ...event, atMs: Date.parse(event.at) }))
  const startAt = Math.min(...segmentsOf.map(({ start }) => Date.parse(start)), ...inputs.map(({ atMs }) => atMs))
  const untilAt = Date.parse(scenario.until)
  const rules = rulesOf(scenario, zone)
  const play = player(rules, startAt)
  for (const [schedule, roster] of Object.entries(scenario.roster))
    play.prepare({
      type: 'override',
      by: 'roster',
      kind: 'override',
      offeredTo: null,
      pieces: pieces(schedule, roster, 0),
    })
  const names = new Map<number, string>()
  const numbers = new Map<string, number>()
  const deploys: Played['deploys'] = []
  const asked: { deploy: string; startedAt: number; doneAt: number | null; rolling: boolean }[] = []
  for (const input of inputs.sort((a, b) => a.atMs - b.atMs)) {
    if (input.atMs > untilAt) break
    // A deploy that is asked for at the instant of a change finds the new watch.
    play.until(input.atMs, input.type === 'deploy')
    if (input.type === 'deploy') deploys.push(decideDeploy(input))
    else if (input.type === 'deploy-done') {
      for (const each of asked) if (each.deploy === input.deploy) each.doneAt = input.atMs
    } else {
      const outcome = play.at(input.atMs, eventOf(input, numbers))
      if (input.type === 'raise' && outcome?.result === 'done' && outcome.incident !== null && input.incident) {
        names.set(outcome.incident, input.incident)
        numbers.set(input.incident, outcome.incident)
      }
    }
  }
  play.until(untilAt, true)
  const { facts, desk } = play
  const isOurs = (incident: number | null) => incident !== null && policyName(incident) === 'policy'
  const policyName = (id: number) => desk().incidents[id]?.policy.name
  const nameOf = (id: number) => names.get(id) ?? String(id)
  const relevant = facts.filter((fact) => fact.incident === null || isOurs(fact.incident))
  const gate = gateOf(scenario, play)
  return {
    pages: relevant.flatMap((fact) => pageOf(fact)),
    incidents: relevant.flatMap((fact) => stateOf(fact)),
    handovers: relevant.flatMap((fact) => handoverOf(fact)),
    notices: [...relevant.flatMap((fact) => noticeOf(fact)), ...sameBothSides(), ...rollingNotices()],
    deploys,
  }

  function decideDeploy(input: ScenarioEvent & { atMs: number }): Played['deploys'][number] {
    const reason = input.reason === 'rollback' || input.reason === 'fix' ? input.reason : null
    const request: DeployRequest = {
      estimateMs: (input.duration ?? 0) * MINUTE_MS,
      bakeMs: (input.bake ?? 0) * MINUTE_MS,
      reason,
    }
    const decision = evaluateDeploy(request, clearGate(gateOf(scenario, play)), input.atMs)
    const deploy = input.deploy ?? ''
    if (!decision.allow)
      return { at: input.at, deploy, decision: 'deny', nextAllowed: iso(decision.nextAt ?? Number.NaN) }
    const doneAt = input.rolling ? null : input.atMs + request.estimateMs
    asked.push({ deploy, startedAt: input.atMs, doneAt, rolling: input.rolling ?? false })
    return { at: input.at, deploy, decision: 'allow' }
  }

  function pageOf(fact: Recorded): Played['pages'] {
    if (fact.type === 'paged')
      return [{ at: iso(fact.at), to: fact.page.person, kind: kindOf(fact.page), incident: nameOf(fact.incident) }]
    if (fact.type !== 'watch-paged') return []
    const incidents = fact.page.incidents.map(nameOf)
    return [
      { at: iso(fact.at), to: fact.page.person, kind: fact.page.kind, ...(incidents.length > 0 && { incidents }) },
    ]
  }

  function stateOf(fact: Recorded): Played['incidents'] {
    if (fact.incident === null) return []
    const one = (state: string, owner?: string) => [
      { at: iso(fact.at), incident: nameOf(fact.incident ?? 0), state, ...(owner !== undefined && { owner }) },
    ]
    if (fact.type === 'opened' || fact.type === 'reopened') return one('paging')
    if (fact.type === 'stepped' && fact.reason === 'new-watch') return one('paging')
    if (fact.type === 'acked' || fact.type === 'taken') return one('acked', fact.by)
    return fact.type === 'exhausted' || fact.type === 'resolved' ? one(fact.type) : []
  }

  function handoverOf(fact: Recorded): Played['handovers'] {
    if (fact.type !== 'changed' && (fact.type !== 'handover' || fact.what !== 'settled')) return []
    // Before the first instant of the scenario the roster is being set up.
    if (fact.at <= startAt) return []
    const { schedule, changeAt, state, by } = fact.handover
    return [{ at: iso(fact.at), schedule, change: iso(changeAt), state, ...(by !== null && { by }) }]
  }

  function noticeOf(fact: Recorded): Played['notices'] {
    const at = iso(fact.at)
    if (fact.type === 'released')
      return fact.people.map((to) => ({ at, kind: 'released', schedule: fact.schedule, to }))
    if (fact.type === 'gap')
      return [{ at, kind: 'nobody-on-call', schedule: fact.schedule, incident: nameOf(fact.incident) }]
    if (fact.type === 'heads-up')
      return fact.people.map((to) => {
        const incident = nameOf(fact.incident)
        return { at, kind: 'heads-up', schedule: fact.schedule, to, incident }
      })
    if (fact.type === 'stepped' && fact.reason === 'busy') {
      const before = scenario.policy.steps[fact.step - 1] ?? scenario.policy.steps.at(-1)
      return [{ at, kind: 'busy-fan-out', schedule: before?.target ?? '', incident: nameOf(fact.incident) }]
    }
    return []
  }

  /** A boundary of the roster at which nobody changes: the engine must not have made a handover of it. */
  function sameBothSides(): Played['notices'] {
    return Object.entries(scenario.roster).flatMap(([schedule, roster]) =>
      roster.flatMap((segment, n) => {
        const at = Date.parse(segment.start)
        const before = roster[n - 1]
        const isSame = before && Date.parse(before.end) === at && String(before.users) === String(segment.users)
        const changed = facts.some(
          (fact) => fact.type === 'changed' && fact.watch.schedule === schedule && fact.at === at,
        )
        return isSame && !changed && at <= untilAt ? [{ at: iso(at), kind: 'same-person', schedule }] : []
      }),
    )
  }

  function rollingNotices(): Played['notices'] {
    const schedule = scenario.policy.steps[0]?.target ?? ''
    return asked.flatMap(({ deploy, startedAt, doneAt }) => {
      const met = overrun({ startedAt, doneAt }, blackouts(gate, startedAt, untilAt))
      if (!met) return []
      const watch = facts.findLast(
        (fact) =>
          (fact.type === 'changed' || fact.type === 'followed') &&
          fact.watch.schedule === schedule &&
          fact.at <= met.askAt,
      )
      const people = watch && 'watch' in watch ? watch.watch.people : []
      const held = doneAt === null || doneAt > met.holdAt ? [{ at: iso(met.holdAt), kind: 'deploy-hold', deploy }] : []
      return [...people.map((to) => ({ at: iso(met.askAt), kind: 'deploy-decision', deploy, to })), ...held]
    })
  }
}

const kindOf = ({ why, epoch, step, round }: Page) => {
  if (why.kind === 'incoming') return 'dual'
  if (why.kind === 'fallback') return 'exhausted'
  if (why.kind === 'holdover' || why.kind === 'carryover') return why.kind
  return epoch > 1 && step === 0 && round === 1 ? 'reopen' : 'page'
}

function rulesOf({ policy, roster, events }: Scenario, zone: string): Rules {
  const raised = events.filter(({ type }) => type === 'raise')
  const people = new Set([
    'roster',
    'somebody',
    ...policy.fallback,
    ...Object.values(roster).flatMap((all) => all.flatMap(({ users }) => users)),
    ...events.flatMap(({ by, paged, segments: all }) => [
      ...(by === undefined ? [] : [by]),
      ...(paged ?? []),
      ...(all ?? []).flatMap(({ users }) => users),
    ]),
  ])
  const others = raised.filter((event) => event.policy !== undefined)
  const ofSteps = policy.steps.map(({ target, timeout }) => ({
    page: [Object.hasOwn(roster, target) ? { kind: 'schedule', name: target } : { kind: 'person', name: target }],
    waitMs: timeout * MINUTE_MS,
  }))
  return Rules.parse({
    company: 'Scenario',
    zone,
    allowPrivate: [],
    people: Object.fromEntries([...people].map((name) => [name, { name, slack: `U${name.toUpperCase()}` }])),
    roles: {},
    schedules: Object.fromEntries(Object.keys(roster).map((name) => [name, empty(name, zone)])),
    policies: {
      policy: { name: 'policy', steps: ofSteps, rounds: policy.rounds, fallback: policy.fallback },
      // Incidents of other policies are inputs: whom those have paged, and nobody else.
      ...Object.fromEntries(
        others.map(({ incident, paged }) => [
          `of-${incident}`,
          {
            name: `of-${incident}`,
            steps: [{ page: (paged ?? ['somebody']).map((name) => ({ kind: 'person', name })), waitMs: DAY_MS }],
            rounds: 1,
            fallback: ['somebody'],
          },
        ]),
      ),
    },
    services: Object.fromEntries(
      raised.map(({ incident, policy: other }) => [
        incident,
        {
          name: incident,
          policy: other === undefined ? 'policy' : `of-${incident}`,
          channel: null,
          pages: ['critical', 'error', 'warning', 'info'],
        },
      ]),
    ),
    monitors: {},
    outwardHeartbeat: null,
    coverage: {},
    silences: { maxMs: 86_400_000, noticeMs: 600_000 },
    notWatchedYet: [],
  })
}

/** A schedule with nobody on it. */
const empty = (name: string, zone: string) => ({
  name,
  zone,
  layers: [
    {
      name: 'nobody',
      zone,
      priority: 0,
      people: [['somebody']],
      rotation: { unit: 'week', every: 1, start: '2190-01-01T00:00' },
      restrictions: [],
    },
  ],
  overrides: [],
})

/** The roster from an instant on, whatever it was before: also where it has nobody. */
function pieces(schedule: string, roster: readonly RosterSegment[], fromAt: number): Piece[] {
  const found: Piece[] = []
  let at = fromAt
  const add = (people: string[], startAt: number, endAt: number) => {
    if (startAt < endAt) found.push({ schedule, mode: 'replaceAll', people, startAt, endAt })
  }
  for (const { start, end, users } of roster) {
    const startAt = Math.max(Date.parse(start), at)
    add([], at, startAt)
    add(users, startAt, Date.parse(end))
    at = Math.max(startAt, Date.parse(end))
  }
  add([], at, Math.max(at, fromAt) + FAR_MS)
  return found
}

function eventOf(input: ScenarioEvent & { atMs: number }, numbers: ReadonlyMap<string, number>): Event {
  const incident = numbers.get(input.incident ?? '') ?? 0
  const by = input.by ?? 'roster'
  switch (input.type) {
    case 'raise':
    case 'resolve': {
      const severity = Severity.parse(input.severity ?? 'error')
      const service = input.incident ?? ''
      const what = { headline: service, summary: service, evidence: [], monitor: null, seenAt: input.atMs }
      const status = input.type === 'raise' ? 'firing' : 'resolved'
      return { type: 'signal', service, key: service, status, severity, ...what }
    }
    case 'ack':
    case 'accept':
    case 'unack':
      return { type: input.type, by, incident }
    case 'keep':
      return { type: 'keep', by, incident, untilAt: Date.parse(input.until ?? '') }
    case 'confirm':
      return { type: 'confirm', by, schedule: input.schedule ?? '' }
    case 'roster': {
      const changed = pieces(input.schedule ?? '', input.segments ?? [], input.atMs)
      return { type: 'override', by, kind: 'override', offeredTo: null, pieces: changed }
    }
    default:
      throw new Error(`an event of type "${input.type}" is not known`)
  }
}

/** The desk as the store would keep it: driven from one due instant to the next. */
function player(rules: Rules, startAt: number) {
  let desk = emptyDesk(startAt - 1)
  let id = 0
  const facts: Recorded[] = []
  const decideAt = (now: number, events: Received[]) => {
    const decision = decide(desk, events, now, rules)
    desk = decision.desk
    facts.push(...decision.facts)
    return decision.outcomes
  }
  const at = (now: number, event: Event) => decideAt(now, [{ id: ++id, at: now, event }])[0]?.outcome
  return {
    facts,
    desk: () => desk,
    rules,
    at,
    prepare: (event: Event) => at(startAt - 1, event),
    until(to: number, inclusive: boolean) {
      for (let due = nextDue(desk, rules); inclusive ? due <= to : due < to; due = nextDue(desk, rules))
        decideAt(due, [])
    },
  }
}

/** What the gate decides by: the schedule of step 1, and the handovers on record. */
function gateOf({ policy }: Scenario, { desk, rules }: ReturnType<typeof player>): Shifts {
  const schedule = rosterOf({ desk: desk(), rules }, policy.steps[0]?.target ?? '')
  return { schedules: schedule ? [schedule] : [], handovers: desk().handovers, times: BLACKOUT_TIMES }
}
