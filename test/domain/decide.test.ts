import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Desk, evolve } from '../../src/domain/book.ts'
import { type Decision, decide, nextDue } from '../../src/domain/decide.ts'
import { dutyAt } from '../../src/domain/duty/schedule.ts'
import type { Event, Received } from '../../src/domain/event.ts'
import type { Recorded } from '../../src/domain/fact.ts'
import { type Incident, isOpen } from '../../src/domain/incident.ts'
import type { Rules } from '../../src/domain/rules.ts'
import { DEDUPE_MS } from '../../src/domain/watch/paging.ts'
import {
  ack,
  call,
  declare,
  emptyDesk,
  escalate,
  firing,
  following,
  HOUR,
  MINUTE,
  pagesIn,
  recovered,
  refused,
  resolve,
  rota,
  rules,
  SECOND,
  step,
  T0,
  unreachable,
  watch,
} from '../support/builders.ts'

const PEOPLE = ['dana', 'sam', 'nora', 'erik', 'mia']
const SCHEDULES = ['primary', 'secondary', 'third']
const SERVICES = ['webmail', 'imap']
const GRACE_MS = 2 * MINUTE

const person = fc.constantFrom(...PEOPLE)

/** Rosters of nobody to three people, turns of one to three hours; steps that name anybody; waits around the limit of two minutes. */
const someRules: fc.Arbitrary<Rules> = fc
  .record({
    rotas: fc.tuple(
      ...SCHEDULES.map((name) =>
        fc
          .tuple(fc.uniqueArray(person, { maxLength: 3 }), fc.integer({ min: 1, max: 3 }))
          .map(([people, hours]) => rota(name, people, hours)),
      ),
    ),
    steps: fc.array(
      fc
        .tuple(
          fc.constantFrom(20 * SECOND, MINUTE, 3 * MINUTE, 5 * MINUTE),
          fc.uniqueArray(fc.oneof(person, fc.constantFrom(...SCHEDULES.map((name) => `schedule/${name}`))), {
            minLength: 1,
            maxLength: 3,
          }),
        )
        .map(([waitMs, targets]) => step(waitMs, ...targets)),
      { minLength: 1, maxLength: 3 },
    ),
    rounds: fc.integer({ min: 1, max: 3 }),
    fallback: fc.uniqueArray(person, { minLength: 1, maxLength: 2 }),
  })
  .map(({ rotas, ...policy }) =>
    rules({ people: PEOPLE, schedules: rotas, services: { webmail: {}, imap: {} }, ...policy }),
  )

/** What somebody does next; incidents and pages are chosen among those that there are by then. */
interface Deed {
  afterMs: number
  what: 'fire' | 'recover' | 'declare' | 'call' | 'ack' | 'escalate' | 'resolve' | 'note' | 'refuse' | 'check'
  who: string
  service: string
  key: string
  grave: boolean
  pick: number
  forGood: boolean
}

const deed: fc.Arbitrary<Deed> = fc.record({
  afterMs: fc.oneof(
    fc.constantFrom(0, SECOND, 20 * SECOND, MINUTE, 5 * MINUTE),
    fc.integer({ min: 0, max: 12 * MINUTE }),
  ),
  what: fc.oneof(
    { weight: 6, arbitrary: fc.constant('fire' as const) },
    { weight: 4, arbitrary: fc.constant('refuse' as const) },
    {
      weight: 12,
      arbitrary: fc.constantFrom('recover', 'declare', 'call', 'ack', 'escalate', 'resolve', 'note', 'check'),
    },
  ),
  who: person,
  service: fc.constantFrom(...SERVICES),
  key: fc.constantFrom('home', 'login'),
  grave: fc.boolean(),
  pick: fc.nat(),
  forGood: fc.boolean(),
})

const story = fc.record({ by: someRules, deeds: fc.array(deed, { minLength: 1, maxLength: 25 }) })

function eventOf({ what, who, service, key, grave, pick, forGood }: Deed, desk: Desk): Event {
  const ids = Object.keys(desk.incidents).map(Number)
  const incident = ids[pick % ids.length] ?? 1
  switch (what) {
    case 'fire':
      return firing(key, { service, severity: grave ? 'critical' : 'warning' })
    case 'recover':
      return recovered(key, { service })
    case 'declare':
      return declare(who, 'something is odd', service)
    case 'call':
      return call(who, 'please look', forGood ? 'person' : 'schedule', forGood ? who : 'primary')
    case 'ack':
      return ack(who, incident)
    case 'escalate':
      return escalate(who, incident)
    case 'resolve':
      return resolve(who, incident)
    case 'note':
      return { type: 'note', by: who, incident, text: 'it is the disk' }
    case 'refuse': {
      const pages = Object.values(desk.incidents).flatMap((each) => each.pages.filter((page) => page.refused === null))
      // The latest are the likely ones.
      const page = pages.at(-1 - (pick % 3)) ?? pages.at(-1)
      return page ? refused(page.key, forGood) : unreachable(who)
    }
    case 'check':
      return unreachable(who, forGood ? 'user_disabled' : null)
    default:
      return what satisfies never
  }
}

interface Run {
  facts: Recorded[]
  desk: Desk
  /** The events as they were decided. */
  events: Received[]
}

interface Driven {
  /** How late the desk is for its own timers; an event is always decided when it comes. */
  lateMs?: (turn: number) => number
  /** What the desk is on before each decision. */
  load?: (desk: Desk, events: Received[]) => Desk
  after?: (decision: Decision, now: number, before: Desk, events: Received[]) => void
}

/** Long enough for every escalation to end: three rounds of three steps, twice over. */
const REST_MS = 4 * HOUR
const LONGEST_WAIT_MS = 15 * MINUTE

/** Lives through a story; given the events of an earlier run, exactly those come in. */
function live(by: Rules, deeds: readonly Deed[] | Received[], driven: Driven = {}): Run {
  let desk = following(emptyDesk(), by)
  const facts: Recorded[] = []
  const events: Received[] = []
  let turn = 0
  const decideAt = (now: number, batch: Received[]) => {
    const before = driven.load?.(desk, batch) ?? desk
    const decision = decide(before, batch, now, by)
    driven.after?.(decision, now, before, batch)
    desk = driven.load
      ? { ...decision.desk, incidents: { ...desk.incidents, ...decision.desk.incidents } }
      : decision.desk
    if (driven.load) desk = { ...desk, alerts: decision.desk.alerts }
    facts.push(...decision.facts)
  }
  /** What falls due before an instant; what falls due at it is decided with what comes in then. */
  const passTo = (at: number) => {
    for (let due = nextDue(desk, by); due < at; due = nextDue(desk, by))
      decideAt(Math.min(due + (driven.lateMs?.(turn++) ?? 0), at - 1), [])
  }
  let at = T0
  for (const [index, each] of deeds.entries()) {
    at = 'event' in each ? each.at : at + each.afterMs
    passTo(at)
    const received = 'event' in each ? each : { id: index + 1, at, event: eventOf(each, desk) }
    events.push(received)
    decideAt(at, [received])
  }
  passTo(at + REST_MS)
  return { facts, desk, events }
}

const onDuty = (by: Rules, name: string, at: number) => {
  const schedule = by.schedules[name]
  return schedule ? dutyAt(schedule, at) : []
}

const incidents = (desk: Desk): Incident[] => Object.values(desk.incidents)
const told = (facts: readonly Recorded[]) =>
  facts.flatMap((fact) =>
    fact.type === 'paged' ? [`${fact.page.key} at ${fact.page.at - T0}, due ${fact.page.dueAt}`] : [],
  )

const runs = { numRuns: Number(process.env.FC_RUNS ?? 100) }
const check = (holds: (by: Rules, deeds: Deed[]) => void) =>
  fc.assert(
    fc.property(story, ({ by, deeds }) => holds(by, deeds)),
    runs,
  )

function freeze<T>(value: T): T {
  if (value !== null && typeof value === 'object' && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const each of Object.values(value)) freeze(each)
  }
  return value
}

describe('whatever happens', () => {
  test('every escalation ends in acked, resolved or exhausted, and its pages are bounded (I4)', () => {
    check((by, deeds) => {
      const { desk, facts } = live(by, deeds)
      for (const incident of incidents(desk)) {
        // A new watch begins once more with what was given up.
        const last = facts.findLast((fact) => fact.type === 'stepped' && fact.incident === incident.id)
        if (incident.state === 'paging') expect(last?.at).toBeGreaterThan(desk.decidedAt - LONGEST_WAIT_MS)
        const keys = incident.pages.map(({ key }) => key)
        expect(new Set(keys).size).toBe(keys.length)
        const { steps, rounds, fallback } = incident.policy
        const changes = facts.filter(({ type }) => type === 'changed').length
        // Each change pages whoever comes, and may have what was given up begin again.
        const once = steps.length * rounds * PEOPLE.length + fallback.length
        expect(keys.length).toBeLessThanOrEqual(once * incident.epoch + 2 * PEOPLE.length * changes)
        const exhausted = facts.filter((fact) => fact.type === 'exhausted' && fact.incident === incident.id)
        if (incident.state === 'exhausted') expect(exhausted.length).toBeGreaterThan(0)
      }
    })
  })

  test('an exhaustion pages the whole last resort, or says whom it cannot reach, and is said loudly', () => {
    check((by, deeds) => {
      live(by, deeds, {
        after: ({ facts, owed }, _now, _before, _events) => {
          for (const fact of facts) {
            if (fact.type !== 'exhausted') continue
            const after = facts.filter((each) => each.id > fact.id && each.incident === fact.incident)
            const named = after.flatMap((each) =>
              each.type === 'paged' ? [each.page.person] : each.type === 'skipped' ? [each.person] : [],
            )
            const { fallback } = by.policies['mail'] ?? { fallback: [] }
            const opened = facts.find((each) => each.type === 'opened' && each.incident === fact.incident)
            if (opened?.type !== 'opened' || opened.origin !== 'call')
              expect(named).toEqual(expect.arrayContaining(fallback))
            expect(owed.some(({ about }) => about.kind === 'loud' && about.fact === fact.id)).toBe(true)
          }
        },
      })
    })
  })

  test('the next step is paged no later than its wait and two minutes after the one before (I5)', () => {
    check((by, deeds) => {
      const { desk, facts } = live(by, deeds)
      for (const { id, policy } of incidents(desk)) {
        // Where nobody ever had it, there is no pause to account for.
        if (facts.some((fact) => fact.incident === id && (fact.type === 'acked' || fact.type === 'resolved'))) continue
        const first = new Map<string, number>()
        const place = (epoch: number, round: number, step: number) => `${epoch}/${round}/${step}`
        const pages = pagesIn(facts, id)
        // Whoever is paged because the watch changes is so whenever that is: also for a step that had nobody.
        for (const { epoch, round, step, at, why } of pages)
          if (step !== null && !('changeAt' in why))
            first.set(place(epoch, round, step), first.get(place(epoch, round, step)) ?? at)
        // Each time that the policy began is measured by itself.
        for (const epoch of new Set(pages.map((page) => page.epoch))) {
          for (let round = 1; round <= policy.rounds; round++) {
            for (let k = 0; k + 1 < policy.steps.length; k++) {
              const [one, next] = [first.get(place(epoch, round, k)), first.get(place(epoch, round, k + 1))]
              if (one !== undefined && next !== undefined)
                expect(next - one).toBeLessThanOrEqual((policy.steps[k]?.waitMs ?? 0) + GRACE_MS)
            }
          }
        }
      }
    })
  })

  test('a step that nobody answers is followed by the next at its deadline exactly', () => {
    check((by, deeds) => {
      const { facts } = live(by, deeds)
      const deadlines = new Map<number, number>()
      for (const fact of facts) {
        if (fact.type === 'stepped') {
          if (fact.reason === 'unanswered') expect(fact.at).toBe(deadlines.get(fact.incident))
          deadlines.set(fact.incident, fact.waitsUntilAt)
        }
        if (fact.type === 'postponed') deadlines.set(fact.incident, fact.deadlineAt)
        if (fact.type === 'exhausted' && fact.reason === 'unanswered')
          expect(fact.at).toBe(deadlines.get(fact.incident))
      }
    })
  })

  test('nobody is paged twice within two minutes for one incident, but by its exhaustion (I7)', () => {
    check((by, deeds) => {
      const { facts, desk } = live(by, deeds)
      const refusedAt = new Map(facts.flatMap((fact) => (fact.type === 'refused' ? [[fact.page, fact.at]] : [])))
      for (const { id } of incidents(desk)) {
        const pages = pagesIn(facts, id)
        for (const [index, page] of pages.entries()) {
          const before = pages
            .slice(0, index)
            .filter(({ person, key }) => person === page.person && !((refusedAt.get(key) ?? Infinity) <= page.at))
            .at(-1)
          if (before && page.step !== null) expect(page.at - before.at).toBeGreaterThanOrEqual(DEDUPE_MS)
        }
      }
    })
  })

  test('somebody has been told of every open incident, or has it, or the last resort was called', () => {
    check((by, deeds) => {
      // Not counted back from the deadline, which a change of the watch may have moved.
      const began = new Map<number, number>()
      live(by, deeds, {
        after: ({ desk, facts }, now) => {
          for (const fact of facts) if (fact.type === 'stepped') began.set(fact.incident, fact.at)
          for (const incident of incidents(desk)) {
            if (incident.state !== 'paging') continue
            const { deadlineAt, policy, step: at, pages } = incident
            expect(deadlineAt).toBeGreaterThan(now)
            const beganAt = began.get(incident.id) ?? 0
            const named = policy.steps[at]?.page.flatMap(({ kind, name }) =>
              kind === 'person' ? [name] : onDuty(by, name, beganAt),
            )
            const telling = pages.filter(
              (page) => page.refused === null && named?.includes(page.person) && page.at > beganAt - DEDUPE_MS,
            )
            expect(telling, `nobody of the step knows of incident ${incident.id} at ${now - T0}`).not.toHaveLength(0)
          }
        },
      })
    })
  })

  test('nobody is paged who is known to be unreachable', () => {
    check((by, deeds) => {
      const gone = new Set<string>()
      for (const fact of live(by, deeds).facts) {
        if (fact.type === 'reachability') {
          if (fact.unreachable === null) gone.delete(fact.person)
          else gone.add(fact.person)
        }
        if (fact.type === 'paged') expect([...gone]).not.toContain(fact.page.person)
        if (fact.type === 'skipped' && fact.reason === 'unreachable') expect([...gone]).toContain(fact.person)
      }
    })
  })

  test('whoever cannot be reached never stops the climb: with nobody but the last resort, that is paged at once', () => {
    check((by) => {
      const fallback = by.policies['mail']?.fallback ?? []
      const w = watch(by)
      w.at(0, ...PEOPLE.filter((name) => !fallback.includes(name)).map((name) => unreachable(name)))
      w.at(SECOND, firing())
      w.until(HOUR)
      const people = new Set(w.incident().pages.map((page) => page.person))
      expect([...people].sort()).toEqual(fallback.toSorted())
      // Only steps that name one of them may wait.
      const named = by.policies['mail']?.steps.some(({ page }) =>
        page.some(({ kind, name }) => kind === 'schedule' || fallback.includes(name)),
      )
      if (!named) expect(w.facts.find(({ type }) => type === 'exhausted')?.at).toBe(T0 + SECOND)
    })
  })

  test('there is one open incident of a service', () => {
    check((by, deeds) => {
      live(by, deeds, {
        after: ({ desk }) => {
          const open = incidents(desk).filter((incident) => isOpen(incident) && incident.service !== null)
          expect(new Set(open.map(({ service }) => service)).size).toBe(open.length)
        },
      })
    })
  })

  test('a desk that is up to five seconds late sends the same pages, as of the same instants (I11)', () => {
    fc.assert(
      fc.property(story, fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 1 }), ({ by, deeds }, late) => {
        const inTime = live(by, deeds)
        const lateRun = live(by, inTime.events, { lateMs: (turn) => late[turn % late.length] ?? 0 })
        expect(told(lateRun.facts).sort()).toEqual(told(inTime.facts).sort())
        expect(incidents(lateRun.desk).map(({ state }) => state)).toEqual(
          incidents(inTime.desk).map(({ state }) => state),
        )
      }),
      runs,
    )
  })

  test('a desk that looks when nothing is due decides nothing', () => {
    check((by, deeds) => {
      live(by, deeds, {
        after: ({ desk }, now) => {
          if (nextDue(desk, by) <= now + 1) return
          const idle = decide(desk, [], now + 1, by)
          expect({ ...idle, desk: { ...idle.desk, decidedAt: 0 } }).toEqual({
            desk: { ...desk, decidedAt: 0 },
            facts: [],
            owed: [],
            voids: [],
            outcomes: [],
          })
        },
      })
    })
  })

  test('what the store keeps open is enough to decide on: the same pages', () => {
    check((by, deeds) => {
      const whole = live(by, deeds)
      const load = (desk: Desk, events: Received[]): Desk => {
        const named = new Set(events.map(({ event }) => ('incident' in event ? event.incident : 0)))
        return {
          ...desk,
          incidents: Object.fromEntries(
            incidents(desk)
              .filter((each) => isOpen(each) || named.has(each.id))
              .map((each) => [each.id, each]),
          ),
          alerts: Object.fromEntries(Object.entries(desk.alerts).filter(([, alert]) => alert.status === 'firing')),
        }
      }
      const narrow = live(by, whole.events, { load })
      expect(told(narrow.facts)).toEqual(told(whole.facts))
    })
  })

  test('the facts alone give the desk: folding them all, from one that follows the schedules', () => {
    check((by, deeds) => {
      const { facts, desk } = live(by, deeds)
      const folded = facts.reduce((so, fact) => evolve(so, fact), following(emptyDesk(), by))
      expect(folded.incidents).toEqual(desk.incidents)
      expect(folded.alerts).toEqual(desk.alerts)
      expect(folded.unreachable).toEqual(desk.unreachable)
      expect(folded.nextIncident).toBe(desk.nextIncident)
    })
  })

  test('facts are counted without gaps', () => {
    check((by, deeds) => {
      const { facts, desk } = live(by, deeds)
      expect(facts.map(({ id }) => id)).toEqual(facts.map((_, index) => index + 1))
      expect(desk.nextFact).toBe(facts.length + 1)
    })
  })

  test('deciding changes nothing that it was given, and twice the same is the same', () => {
    check((by, deeds) => {
      freeze(by)
      live(by, deeds, {
        load: (desk, events) => {
          freeze(events)
          return freeze(desk)
        },
        after: (decision, now, before, events) => expect(decide(before, events, now, by)).toEqual(decision),
      })
    })
  })

  test('keys of what is owed are unique in a decision, and every page that is not void is owed', () => {
    check((by, deeds) => {
      live(by, deeds, {
        after: ({ facts, owed, voids }) => {
          const keys = owed.map(({ key }) => key)
          expect(new Set(keys).size).toBe(keys.length)
          for (const fact of facts) {
            if (fact.type !== 'paged') continue
            const { key } = fact.page
            const later = facts.some(
              (each) =>
                each.id > fact.id && each.incident === fact.incident && ['acked', 'resolved'].includes(each.type),
            )
            // One of many for one person waits for the others.
            const waits = facts.some((each) => each.type === 'held' && each.page === key)
            expect(keys.includes(key)).toBe(!later && !waits)
            if (later) expect(voids.some((prefix) => key.startsWith(prefix))).toBe(true)
          }
        },
      })
    })
  })

  test('events are judged in order of their instants, whatever the order they are given in', () => {
    fc.assert(
      fc.property(story, fc.infiniteStream(fc.nat()), ({ by, deeds }, chance) => {
        const { events } = live(by, deeds)
        const keys = new Map(events.map((each) => [each.id, chance.next().value ?? 0]))
        const shuffled = events.toSorted((a, b) => (keys.get(a.id) ?? 0) - (keys.get(b.id) ?? 0))
        const now = (events.at(-1)?.at ?? T0) + SECOND
        expect(decide(emptyDesk(), shuffled, now, by)).toEqual(decide(emptyDesk(), events, now, by))
      }),
      runs,
    )
  })
})

describe('one decision', () => {
  const received = (...events: [afterMs: number, event: Event][]): Received[] =>
    events.map(([afterMs, event], index) => ({ id: index + 1, at: T0 + afterMs, event }))

  test('answers each event under its id, in order of time', () => {
    const batch = received([2, ack('dana')], [1, firing()], [3, ack('sam')])
    const { outcomes } = decide(emptyDesk(), batch, T0 + 10, rules())
    expect(outcomes.map(({ id, outcome }) => [id, outcome.result === 'done' && outcome.how])).toEqual([
      [2, 'recorded'],
      [1, 'acked'],
      [3, 'responding'],
    ])
  })

  test('judges an event from before the last decision at that decision, and one from the future now', () => {
    const desk = emptyDesk(T0 + MINUTE)
    const { facts } = decide(desk, received([0, firing('home')]), T0 + 2 * MINUTE, rules())
    expect(facts[0]?.at).toBe(T0 + MINUTE)
    const ahead = decide(desk, received([HOUR, firing('home')]), T0 + 2 * MINUTE, rules())
    expect(ahead.facts[0]?.at).toBe(T0 + 2 * MINUTE)
  })

  test('sends no page that was overtaken in the same batch', () => {
    const batch = received([0, firing()], [1, ack('dana')])
    const { owed, voids, facts } = decide(emptyDesk(), batch, T0 + 10, rules())
    expect(facts.map(({ type }) => type)).toContain('paged')
    expect(owed.filter(({ about }) => about.kind === 'page')).toEqual([])
    expect(voids).toEqual(['page/1/', 'contact/1/'])
  })

  test('but sends the page of an escalation after that', () => {
    const batch = received([0, firing()], [1, ack('dana')], [2, escalate('dana')])
    const { owed } = decide(emptyDesk(), batch, T0 + 10, rules())
    expect(owed.filter(({ about }) => about.kind === 'page').map(({ key }) => key)).toEqual(['page/1/sam/e1/r1/s2'])
  })

  test('does not void the pages of an incident whose number begins alike', () => {
    const w = watch(rules({ services: { webmail: {}, imap: {} } }))
    w.at(0, firing())
    w.at(1, ack('dana'))
    for (const prefix of w.last.voids) expect('page/10/dana/e1/r1/s1'.startsWith(prefix)).toBe(false)
  })

  test('owes the channel, the views, the page, the invitation and the entries, under keys of meaning', () => {
    const { owed } = decide(following(emptyDesk(), rules()), received([0, firing()]), T0, rules())
    expect(owed.map(({ key }) => key)).toEqual([
      'channel/1',
      'summary/1',
      'announcement/1',
      'post/1/1',
      'post/1/2',
      'view/page/1/dana/e1/r1/s1',
      'page/1/dana/e1/r1/s1',
      'invite/1/dana',
      'post/1/4',
    ])
    const lanes = new Map(owed.map(({ key, lane }) => [key, lane]))
    expect(lanes.get('page/1/dana/e1/r1/s1')).toBe('page/1/dana/e1/r1/s1')
    expect(new Set(['channel/1', 'summary/1', 'post/1/1', 'invite/1/dana'].map((key) => lanes.get(key)))).toEqual(
      new Set(['incident/1']),
    )
  })
})
