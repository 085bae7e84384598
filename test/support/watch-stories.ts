import fc from 'fast-check'
import type { Desk } from '../../src/domain/book.ts'
import { type Decision, decide, nextDue } from '../../src/domain/decide.ts'
import type { Override, Schedule } from '../../src/domain/duty/schedule-types.ts'
import type { Event, Received } from '../../src/domain/event.ts'
import type { Recorded } from '../../src/domain/fact.ts'
import type { Piece } from '../../src/domain/handover.ts'
import type { Policy, Rules } from '../../src/domain/rules.ts'
import {
  ack,
  emptyDesk,
  escalate,
  firing,
  HOUR,
  MINUTE,
  recovered,
  refused,
  resolve,
  rules,
  SECOND,
  step,
  T0,
  unreachable,
} from './builders.ts'

/**
 * Random stories around changes of the watch: rosters with short and long turns, gaps, groups, people who stay, swap or are on both sides
 * of a boundary; edits by hand and by configuration; and inputs that come at, just before and just after what is about to happen.
 */
export const CREW = ['ana', 'ben', 'cleo', 'dan']
/** The last resort; nobody of them stands a watch unless an edit says so. */
const RESORT = ['mia', 'max']
export const SCHEDULES = ['primary', 'secondary', 'third']
const SERVICES = ['webmail', 'imap', 'dns']
const FAR_MS = 400 * 24 * HOUR

const person = fc.constantFrom(...CREW)

interface Turn {
  minutes: number
  people: string[]
}

const turn: fc.Arbitrary<Turn> = fc.record({
  minutes: fc.oneof(fc.integer({ min: 5, max: 40 }), fc.integer({ min: 5, max: 180 }), fc.constantFrom(60, 120)),
  people: fc.oneof(
    { weight: 6, arbitrary: person.map((name) => [name]) },
    { weight: 3, arbitrary: fc.uniqueArray(person, { minLength: 2, maxLength: 2 }) },
    { weight: 1, arbitrary: fc.constant<string[]>([]) },
  ),
})

/** From the first turn on, which began before the story; the last one stays. */
interface Rota {
  leadMinutes: number
  turns: Turn[]
}
const rota: fc.Arbitrary<Rota> = fc.record({
  leadMinutes: fc.integer({ min: 0, max: 90 }),
  turns: fc.array(turn, { minLength: 2, maxLength: 5 }),
})

const nobody = (name: string): Schedule => ({
  name,
  zone: 'UTC',
  layers: [
    {
      name: 'nobody',
      zone: 'UTC',
      priority: 0,
      people: [['somebody']],
      rotation: { unit: 'week', every: 1, start: '2190-01-01T00:00' },
      restrictions: [],
    },
  ],
  overrides: [],
})

function rosterOf(name: string, { leadMinutes, turns }: Rota): Schedule {
  let at = T0 - leadMinutes * MINUTE
  const overrides = turns.map(({ minutes, people }, n): Override => {
    const startAt = at
    at = n === turns.length - 1 ? T0 + FAR_MS : at + minutes * MINUTE
    return { mode: 'replaceAll', people, startAt, endAt: at }
  })
  return { ...nobody(name), overrides }
}

/** The other schedule at the same boundaries, with the people of the next turn: everybody swaps. */
const swapped = ({ leadMinutes, turns }: Rota): Rota => ({
  leadMinutes,
  turns: turns.map(({ minutes }, n) => ({ minutes, people: turns[(n + 1) % turns.length]?.people ?? [] })),
})

const waits = fc.constantFrom(MINUTE, 3 * MINUTE, 5 * MINUTE, 10 * MINUTE)

const someRotas = fc
  .record({ rotas: fc.tuple(rota, rota, rota), swaps: fc.boolean(), swapsBack: fc.boolean() })
  .map(({ rotas: [one, two, three], swaps, swapsBack }) =>
    swaps ? (swapsBack ? [swapped(two), two, three] : [one, swapped(one), three]) : [one, two, three],
  )

const policy = (name: string, schedules: string[]): fc.Arbitrary<Policy> =>
  fc
    .record({
      waits: fc.tuple(waits, waits, waits),
      last: fc.constantFrom<'nobody' | 'person' | 'both'>('nobody', 'nobody', 'person', 'both'),
      who: person,
      rounds: fc.integer({ min: 1, max: 3 }),
      fallback: fc.constantFrom<string[]>(['mia'], ['max'], ['mia', 'max']),
    })
    .map(({ waits: each, last, who, rounds, fallback }) => {
      const steps = schedules.map((schedule, n) => step(each[n] ?? MINUTE, `schedule/${schedule}`))
      const third = step(each[2], ...(last === 'both' ? [who, `schedule/${schedules[0]}`] : [who]))
      return { name, steps: last === 'nobody' ? steps : [...steps, third], rounds, fallback }
    })

/** Two policies that share a schedule: `mail` of two services, `net` of one. */
const someRules: fc.Arbitrary<Rules> = fc
  .record({
    rotas: someRotas,
    mail: policy('mail', ['primary', 'secondary']),
    net: policy('net', ['secondary', 'third']),
  })
  .map(({ rotas, mail, net }) => {
    const schedules = SCHEDULES.flatMap((name, n) => (rotas[n] ? [rosterOf(name, rotas[n])] : []))
    const services = { webmail: {}, imap: {}, dns: { policy: 'net' } }
    return { ...rules({ people: [...CREW, ...RESORT], schedules, services }), policies: { mail, net } }
  })

/** What happens next, and when; whom and what it is about is found among what there is by then. */
interface Deed {
  when: { kind: 'after' | 'due' | 'boundary' | 'limit' | 'deadline'; ms: number }
  what: (typeof WHAT)[number]
  who: string
  role: 'anybody' | 'incoming' | 'outgoing' | 'duty' | 'owner'
  service: string
  schedule: string
  grave: boolean
  pick: number
  people: string[]
  fromMinutes: number
  minutes: number
}

const WHAT = [
  'fire',
  'ack',
  'unack',
  'accept',
  'keep',
  'hand-over',
  'confirm',
  'resolve',
  'recover',
  'escalate',
  'unreachable',
  'reachable',
  'refuse',
  'override',
  'swap',
  'offer',
  'agree',
  'cancel',
  'configure',
] as const

const weighted = (weights: Partial<Record<Deed['what'], number>>) =>
  fc.oneof(...WHAT.map((what) => ({ weight: weights[what] ?? 1, arbitrary: fc.constant(what) })))

/** A hair's breadth, moments and minutes around what is about to happen. */
const NEAR = [0, 0, 0, 1, -1, SECOND, -SECOND, 2 * SECOND, 59 * SECOND, -61 * SECOND, 2 * MINUTE, -2 * MINUTE]

const deed: fc.Arbitrary<Deed> = fc.record({
  when: fc.oneof(
    fc.record({
      kind: fc.constant('after' as const),
      ms: fc.oneof(
        fc.constantFrom(0, SECOND, 20 * SECOND, MINUTE, 5 * MINUTE),
        fc.integer({ min: 0, max: 20 * MINUTE }),
      ),
    }),
    fc.record({
      kind: fc.constantFrom(
        'due' as const,
        'boundary' as const,
        'boundary' as const,
        'limit' as const,
        'deadline' as const,
      ),
      ms: fc.constantFrom(...NEAR),
    }),
  ),
  what: weighted({ fire: 9, ack: 7, confirm: 6, keep: 2, accept: 2, override: 4, swap: 2 }),
  who: person,
  role: fc.constantFrom('anybody', 'incoming', 'incoming', 'outgoing', 'duty', 'owner'),
  service: fc.constantFrom(...SERVICES),
  schedule: fc.constantFrom(...SCHEDULES),
  grave: fc.boolean(),
  pick: fc.nat({ max: 30 }),
  people: fc.oneof(
    { weight: 8, arbitrary: fc.uniqueArray(person, { minLength: 1, maxLength: 2 }) },
    { weight: 1, arbitrary: fc.constant<string[]>([]) },
  ),
  fromMinutes: fc.constantFrom(0, 0, 0, -30, 5, 20, 60),
  minutes: fc.integer({ min: 2, max: 120 }),
})

export interface Story {
  by: Rules
  deeds: Deed[]
}
export const story: fc.Arbitrary<Story> = fc.record({
  by: someRules,
  deeds: fc.array(deed, { minLength: 1, maxLength: 22 }),
})

/** What came in at an instant: an event, or another configuration. */
type Input = { at: number; id: number } & ({ event: Event } | { by: Rules })

/** One decision, with what it was made on. */
export interface Decided extends Decision {
  now: number
  by: Rules
  events: Received[]
}

export interface Lived {
  by: Rules
  decisions: Decided[]
  facts: Recorded[]
  inputs: Input[]
  desk: Desk
}

function nextBoundary(by: Rules, desk: Desk, at: number): number | undefined {
  const config = Object.values(by.schedules).flatMap(({ overrides }) => overrides)
  const edits = desk.edits.flatMap(({ pieces }) => pieces)
  const all = [...config, ...edits].flatMap(({ startAt, endAt }) => [startAt, endAt])
  return Math.min(...all.filter((each) => each > at && each < at + 12 * HOUR))
}

function instantOf({ kind, ms }: Deed['when'], by: Rules, desk: Desk, at: number): number {
  const handovers = Object.values(desk.handovers)
  const ahead = {
    after: () => at,
    due: () => nextDue(desk, by),
    boundary: () => nextBoundary(by, desk, at),
    limit: () =>
      Math.min(
        ...handovers.flatMap(({ opensAt, overdueAt, limitAt }) => [opensAt, overdueAt, limitAt]).filter((x) => x > at),
      ),
    deadline: () =>
      Math.min(
        ...Object.values(desk.incidents).flatMap((each) =>
          [each.deadlineAt, ...each.duals.map((dual) => dual.at)].filter((x) => x !== null),
        ),
      ),
  }[kind]()
  const from = ahead !== undefined && ahead < at + 6 * HOUR ? ahead : at + MINUTE
  return Math.max(at, from + ms)
}

function whoOf({ role, who, schedule, pick }: Deed, desk: Desk, at: number): string {
  const watch = desk.watches[schedule]
  const handovers = Object.values(desk.handovers).filter((each) => each.schedule === schedule)
  const near =
    handovers.find(({ state }) => state === 'due' || state === 'overdue') ??
    handovers.find(({ changeAt }) => changeAt > at)
  const owners = Object.values(desk.incidents).flatMap(({ ackedBy, state }) =>
    state === 'acked' && ackedBy ? [ackedBy] : [],
  )
  const some = {
    anybody: [who],
    incoming: near?.incoming ?? [],
    outgoing: near?.outgoing ?? [],
    duty: watch?.people ?? [],
    owner: owners,
  }[role]
  return some[pick % some.length] ?? who
}

/** The configuration with this roster for a while, as though it had always said so. */
function configured(by: Rules, schedule: string, piece: Override): Rules {
  const before = by.schedules[schedule]
  if (!before) return by
  return { ...by, schedules: { ...by.schedules, [schedule]: { ...before, overrides: [...before.overrides, piece] } } }
}

function inputOf(deed: Deed, by: Rules, desk: Desk, at: number): Event | Rules {
  const { what, service, schedule, grave, pick, people, minutes } = deed
  const who = whoOf(deed, desk, at)
  const open = Object.values(desk.incidents).filter(({ state }) => state !== 'resolved')
  const incident = open[pick % open.length]?.id ?? 1
  const startAt = at + deed.fromMinutes * MINUTE
  const endAt = startAt + minutes * MINUTE
  const edit = desk.edits[pick % desk.edits.length]
  switch (what) {
    case 'fire':
      return firing('home', { service, severity: grave ? 'critical' : 'error' })
    case 'recover':
      return recovered('home', { service })
    case 'ack':
      return ack(who, incident)
    case 'unack':
    case 'accept':
      return { type: what, by: who, incident }
    case 'keep':
      return { type: 'keep', by: who, incident, untilAt: at + minutes * MINUTE }
    case 'hand-over':
      return { type: 'hand-over', by: who, incident, to: grave ? null : (people[0] ?? null) }
    case 'confirm':
      return { type: 'confirm', by: who, schedule }
    case 'resolve':
      return resolve(who, incident)
    case 'escalate':
      return escalate(who, incident)
    case 'unreachable':
      return unreachable(who)
    case 'reachable':
      return unreachable(Object.keys(desk.unreachable)[0] ?? who, null)
    case 'refuse': {
      const pages = open.flatMap((each) => each.pages.filter((page) => page.refused === null))
      const page = pages.at(-1 - (pick % 3)) ?? pages.at(-1)
      return page ? refused(page.key, grave) : unreachable(who)
    }
    case 'override':
    case 'offer': {
      const on = desk.watches[schedule]?.people[0]
      const piece: Piece =
        pick % 3 === 0 && on !== undefined
          ? { schedule, mode: 'replace', replaces: on, people: people.slice(0, 1), startAt, endAt }
          : { schedule, mode: pick % 5 === 0 ? 'add' : 'replaceAll', people, startAt, endAt }
      const by = grave ? (people[0] ?? who) : who
      return { type: 'override', by, kind: 'override', offeredTo: what === 'offer' ? deed.who : null, pieces: [piece] }
    }
    case 'swap': {
      const one = grave ? 'primary' : 'secondary'
      const two = grave ? 'secondary' : 'primary'
      const pieces = [
        { schedule: one, mode: 'replaceAll', people: desk.watches[two]?.people ?? [], startAt, endAt },
        { schedule: two, mode: 'replaceAll', people: desk.watches[one]?.people ?? [], startAt, endAt },
      ] satisfies Piece[]
      return { type: 'override', by: who, kind: 'swap', offeredTo: null, pieces }
    }
    case 'agree':
      return {
        type: 'edit-answer',
        by: edit?.offeredTo ?? who,
        edit: edit?.id ?? 1,
        answer: grave ? 'agree' : 'decline',
      }
    case 'cancel':
      return { type: 'edit-answer', by: edit?.by ?? who, edit: edit?.id ?? 1, answer: 'cancel' }
    case 'configure':
      return configured(by, schedule, { mode: 'replaceAll', people, startAt, endAt })
    default:
      return what satisfies never
  }
}

interface Driven {
  /** What the desk is on before each decision. */
  load?: (desk: Desk, turn: number) => Desk
  /** By how much each decision is late, at most: what comes in meanwhile is decided together. */
  lateMs?: (turn: number) => number
  /** How long the story goes on after the last input. */
  restMs?: number
}

const isRules = (input: Event | Rules): input is Rules => 'policies' in input

/** Lives through a story as production does, one decision at each instant at which something is due or comes in. */
export function live({ by: first, deeds }: Story, { load = (desk) => desk, restMs = REST_MS }: Driven = {}): Lived {
  let by = first
  let desk = emptyDesk()
  const lived: Lived = { by: first, decisions: [], facts: [], inputs: [], desk }
  const decideAt = (now: number, events: Received[]) => {
    const decision = decide(load(desk, lived.decisions.length), events, now, by)
    desk = decision.desk
    lived.decisions.push({ ...decision, now, by, events })
    lived.facts.push(...decision.facts)
  }
  const passTo = (at: number) => {
    for (let due = nextDue(desk, by); due < at; due = nextDue(desk, by)) {
      if (lived.decisions.length > 5_000) throw new Error(`the desk never rests: due at ${due - T0}`)
      decideAt(due, [])
    }
  }
  let at = T0
  decideAt(at, [])
  for (const [n, each] of deeds.entries()) {
    // What falls due on the way may move what the deed aims at: it is the desk of now that says when.
    at = Math.max(instantOf(each.when, by, desk, at), at + 1)
    passTo(at)
    const input = inputOf(each, by, desk, at)
    if (isRules(input)) by = input
    lived.inputs.push({ at, id: n + 1, ...(isRules(input) ? { by: input } : { event: input }) })
    decideAt(at, isRules(input) ? [] : [{ id: n + 1, at, event: input }])
  }
  passTo(at + restMs)
  return { ...lived, desk }
}

/** Long enough for every limit, lease and escalation to be over. */
const REST_MS = 6 * HOUR

/** The same inputs once more, by a desk that may be late, and may be loaded anew each time. */
export function relive(
  { by: firstRules, inputs }: Pick<Lived, 'by' | 'inputs'>,
  untilAt: number,
  driven: Driven = {},
  startAt = T0,
): Lived {
  const { load = (desk) => desk, lateMs = () => 0 } = driven
  let by = firstRules
  let desk = emptyDesk(startAt)
  const lived: Lived = { by: firstRules, decisions: [], facts: [], inputs: [...inputs], desk }
  let turn = 0
  for (let next = 0; ; ) {
    const waiting = inputs[next]
    const first = lived.decisions.length === 0
    const wanted = first ? startAt : Math.min(nextDue(desk, by), waiting?.at ?? Number.POSITIVE_INFINITY)
    if (wanted > untilAt) return { ...lived, desk }
    if (turn > 5_000) throw new Error(`the desk never rests: due at ${wanted - T0}`)
    // Another configuration is seen when it comes: until then it is none of the desk's business.
    const configuredAt = inputs.slice(next).find((input) => 'by' in input)?.at ?? Number.POSITIVE_INFINITY
    const now = Math.min(
      wanted + (first ? 0 : lateMs(turn)),
      Math.max(wanted, configuredAt - (wanted < configuredAt ? 1 : 0)),
      untilAt,
    )
    turn++
    const events: Received[] = []
    if (waiting && 'by' in waiting && waiting.at <= now) {
      by = waiting.by
      next++
    } else
      for (let input = inputs[next]; input && 'event' in input && input.at <= now; input = inputs[++next])
        events.push({ id: input.id, at: input.at, event: input.event })
    const decision = decide(load(desk, turn), events, now, by)
    desk = decision.desk
    lived.decisions.push({ ...decision, now, by, events })
    lived.facts.push(...decision.facts)
  }
}

/** A fact in a line, to be read in a failure. */
export function inWords({ id: _, at, type, ...fact }: Recorded): string {
  const rest = Object.entries({ ...fact, ...('page' in fact && typeof fact.page === 'object' ? fact.page : {}) })
  const left = new Set([
    'key',
    'policy',
    'page',
    'digest',
    'proofs',
    'title',
    'summary',
    'headline',
    'evidence',
    'monitor',
    'opened',
    'origin',
  ])
  const relative = (key: string, value: unknown) => {
    if (left.has(key) || value === null) return undefined
    return typeof value === 'number' && (/At$/.test(key) || key === 'at')
      ? `${((value - T0) / MINUTE).toFixed(3)}m`
      : value
  }
  const kept = rest.filter(([key, value]) => !left.has(key) && value !== null)
  const text = kept.map(([key, value]) => `${key} ${JSON.stringify(relative(key, value), relative)}`).join(' ')
  return `${((at - T0) / MINUTE).toFixed(3)}m ${type} ${text.replaceAll('"', '')}`
}
