import type { Desk } from '../../src/domain/book.ts'
import { type Decision, decide, nextDue } from '../../src/domain/decide.ts'
import type { GateFacts } from '../../src/domain/deploy/gate.ts'
import type { Shifts } from '../../src/domain/deploy/shift.ts'
import type { Schedule } from '../../src/domain/duty/schedule-types.ts'
import type { Event, Outcome, Received, Signal } from '../../src/domain/event.ts'
import type { Recorded } from '../../src/domain/fact.ts'
import type { Incident, Page } from '../../src/domain/incident.ts'
import type { Owed } from '../../src/domain/owed.ts'
import { type Policy, Rules, type Service, type Step, type Target } from '../../src/domain/rules.ts'

export const SECOND = 1_000
export const MINUTE = 60_000
export const HOUR = 3_600_000

/** A Monday, ten o'clock in Zurich. */
export const T0 = Date.parse('2026-11-23T09:00:00Z')

/** Somebody on duty all the time: the people take turns of `hours` from `T0` on; no people, nobody ever. */
export function rota(name: string, people: string[], hours = 24 * 365): Schedule {
  // A schedule has people: where nobody is wanted, they come too late.
  const start = people.length > 0 ? '2026-11-23T09:00' : '2036-01-01T00:00'
  const turns = people.length > 0 ? people.map((person) => [person]) : [['nobody']]
  // One person's turns are one long turn; looking for its end among many short ones would take its time.
  const every = people.length > 1 ? hours : 24 * 365
  const rotation = { unit: 'hour', every, start } as const
  return {
    name,
    zone: 'UTC',
    layers: [{ name: 'all', zone: 'UTC', priority: 1, people: turns, rotation, restrictions: [] }],
    overrides: [],
  }
}

/** `schedule/primary` or the name of a person, as in the configuration. */
const target = (text: string): Target =>
  text.startsWith('schedule/')
    ? { kind: 'schedule', name: text.slice('schedule/'.length) }
    : { kind: 'person', name: text }

export const step = (waitMs: number, ...targets: string[]): Step => ({ page: targets.map(target), waitMs })

interface Options {
  people?: string[]
  schedules?: Schedule[]
  steps?: Step[]
  rounds?: number
  fallback?: string[]
  services?: Record<string, Partial<Service>>
  incidents?: Partial<Rules['incidents']>
}

/** dana is on duty, sam behind her, mia the last resort; five minutes a step, two rounds. */
export function rules(options: Options = {}): Rules {
  const people = options.people ?? ['dana', 'sam', 'nora', 'erik', 'mia']
  const schedules = options.schedules ?? [rota('primary', ['dana']), rota('secondary', ['sam'])]
  const policy: Policy = {
    name: 'mail',
    steps: options.steps ?? [step(5 * MINUTE, 'schedule/primary'), step(5 * MINUTE, 'schedule/secondary')],
    rounds: options.rounds ?? 2,
    fallback: options.fallback ?? ['mia'],
  }
  const pages: Service['pages'] = ['critical', 'error']
  const services = Object.entries(options.services ?? { webmail: {} }).map(([name, service]) => [
    name,
    {
      ...{ name, policy: 'mail', channel: 'C0OPS', pages, domains: [], dependsOn: [], links: {}, invite: [] },
      ...{ pool: null, deploy: null },
      ...service,
    },
  ])
  return {
    company: 'Example Mail',
    zone: 'Europe/Zurich',
    allowPrivate: [],
    people: Object.fromEntries(people.map((name) => [name, { name, slack: `U0${name.toUpperCase()}` }])),
    roles: {},
    schedules: Object.fromEntries(schedules.map((schedule) => [schedule.name, schedule])),
    policies: { mail: policy },
    services: Object.fromEntries(services),
    monitors: {},
    locations: {},
    outwardHeartbeat: null,
    incidents: Rules.shape.incidents.parse(options.incidents ?? {}),
    coverage: Rules.shape.coverage.parse({}),
    holidays: { dates: [], calendar: null },
    gate: Rules.shape.gate.parse({}),
    intake: Rules.shape.intake.parse({}),
    adopted: {},
    silences: { maxMs: 8 * HOUR, noticeMs: 10 * MINUTE, returnMs: 120_000 },
    notWatchedYet: [],
  }
}

export const emptyDesk = (decidedAt = T0): Desk => ({
  decidedAt,
  nextIncident: 1,
  nextFact: 1,
  incidents: {},
  alerts: {},
  recheckAt: null,
  tasksDueAt: null,
  unreachable: {},
  watches: {},
  handovers: {},
  nextEdit: 1,
  nextSilence: 1,
  silences: [],
  marks: {},
  nextDeploy: 1,
  deploys: {},
  nextLock: 1,
  locks: [],
  edits: [],
})

/** Watches and their handovers, and nothing else that could be in the way of a deploy. */
export const clearGate = (shifts: Shifts): GateFacts => ({
  ...shifts,
  service: 'webmail',
  rules: rules(),
  windows: [],
  barriers: [],
  incidents: [],
  onCall: { people: ['dana'], unreachable: [] },
  sight: null,
  silences: [],
  rollouts: [],
  refuseWhen: [],
})

export const firing = (key = 'home', change: Partial<Signal> = {}): Signal => ({
  type: 'signal',
  service: 'webmail',
  key,
  status: 'firing',
  severity: 'critical',
  headline: `${key} is down`,
  summary: `${key} is down: 503 Service Unavailable`,
  evidence: [],
  monitor: null,
  seenAt: T0,
  ...change,
})
export const recovered = (key = 'home', change: Partial<Signal> = {}): Signal => ({
  ...firing(key, change),
  status: 'resolved',
  summary: `${key} is up again`,
})
export const ack = (by: string, incident = 1): Event => ({ type: 'ack', by, incident })
export const escalate = (by: string, incident = 1): Event => ({ type: 'escalate', by, incident })
export const resolve = (by: string, incident = 1): Event => ({ type: 'resolve', by, incident })
export const declare = (by: string, title: string, service = 'webmail'): Event => ({
  type: 'declare',
  by,
  title,
  severity: 'error',
  service,
})
export const call = (by: string, text: string, kind: 'person' | 'schedule' | 'service', name: string): Event => ({
  type: 'call',
  by,
  text,
  target: { kind, name },
})
export const refused = (page: string, unreachable = true, reason = 'user_disabled'): Event => {
  const [, incident, person = ''] = page.split('/')
  return { type: 'page-refused', incident: Number(incident), page, person, reason, unreachable }
}
export const unreachable = (person: string, reason: string | null = 'user_disabled'): Event => ({
  type: 'checked',
  person,
  unreachable: reason,
})

/** The same desk once it follows the schedules, as though nothing had been put on record for it. */
export const following = (desk: Desk, by: Rules): Desk => ({
  ...decide(desk, [], desk.decidedAt, by).desk,
  nextFact: desk.nextFact,
})

/** A desk as a test drives it: instants are counted from `T0`, events are decided when they come in. */
export interface Watch {
  readonly desk: Desk
  readonly facts: Recorded[]
  /** Everything that was ever owed, in order. */
  readonly owed: Owed[]
  readonly last: Decision
  /** Decides these events at an instant, without looking at what fell due before. */
  at(afterMs: number, ...events: Event[]): Outcome[]
  /** Decides whenever something is due, up to and with an instant. */
  until(afterMs: number): void
  /** Who was paged, as `5m dana s2`: when, whom, at which step. */
  pages(incident?: number): string[]
  incident(id?: number): Incident
  dueAt(): number
}

export function watch(by: Rules = rules(), start: Desk = emptyDesk()): Watch {
  let desk = following(start, by)
  let id = 0
  const facts: Recorded[] = []
  const owed: Owed[] = []
  let last: Decision = { desk, facts: [], owed: [], voids: [], outcomes: [] }
  function decideAt(now: number, events: Received[]): Outcome[] {
    last = decide(desk, events, now, by)
    desk = last.desk
    facts.push(...last.facts)
    owed.push(...last.owed)
    return last.outcomes.map(({ outcome }) => outcome)
  }
  return {
    get desk() {
      return desk
    },
    facts,
    owed,
    get last() {
      return last
    },
    at: (afterMs, ...events) =>
      decideAt(
        T0 + afterMs,
        events.map((event) => ({ id: ++id, at: T0 + afterMs, event })),
      ),
    until(afterMs) {
      for (let due = nextDue(desk, by); due <= T0 + afterMs; due = nextDue(desk, by)) decideAt(due, [])
      decideAt(T0 + afterMs, [])
    },
    pages: (incident = 1) => pagesIn(facts, incident).map(inShort),
    incident: (incident = 1) => {
      const found = desk.incidents[incident]
      if (!found) throw new Error(`incident ${incident} is not on the desk`)
      return found
    },
    dueAt: () => nextDue(desk, by),
  }
}

export const pagesIn = (facts: readonly Recorded[], incident: number): Page[] =>
  facts.flatMap((fact) => (fact.type === 'paged' && fact.incident === incident ? [fact.page] : []))

const inShort = ({ at, person, step: index, round }: Page) =>
  `${inMinutes(at - T0)} ${person} ${index === null ? 'fallback' : `s${index + 1}`}${index !== null && round > 1 ? ` r${round}` : ''}`

const inMinutes = (ms: number) => (ms % MINUTE === 0 ? `${ms / MINUTE}m` : `${ms / SECOND}s`)
