import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Desk } from '../../src/domain/book.ts'
import { decide, nextDue } from '../../src/domain/decide.ts'
import { evaluateDeploy } from '../../src/domain/deploy/gate.ts'
import { BLACKOUT_TIMES } from '../../src/domain/deploy/rules.ts'
import type { Recorded } from '../../src/domain/fact.ts'
import { edited, Handover, handoverId, RosterEdit, Watch } from '../../src/domain/handover.ts'
import { Alert, Incident } from '../../src/domain/incident.ts'
import type { Rules } from '../../src/domain/rules.ts'
import { clearGate, firing, HOUR, MINUTE, SECOND, T0 } from '../support/builders.ts'
import {
  audit,
  type Case,
  CONFIRM_MS,
  DEDUPE_MS,
  difference,
  GRACE_MS,
  KEEP_MS,
  Ledger,
  LIMIT_MS,
  schedulesOf,
  stepsOf,
  type Visitor,
} from '../support/watch-ledger.ts'
import {
  CREW,
  type Decided,
  inWords,
  type Lived,
  live,
  relive,
  SCHEDULES,
  type Story,
  story,
} from '../support/watch-stories.ts'

/**
 * The invariants of `handover.md` 2.4 over random rosters, edits and inputs. What holds is judged from the facts and the rosters alone;
 * where the rules themselves make an exception, the test says so in a sentence.
 */
/** `FC_RUNS` multiplies the cases, `FC_SEED` tells the same stories again. */
const RUNS = 40 * Number(process.env['FC_RUNS'] ?? 1)

/** Something that must hold, and the sentence that is said if it does not. */
function must(holds: boolean, sentence: () => string): asserts holds {
  if (!holds) throw new Error(sentence())
}

const when = (at: number) => `${((at - T0) / MINUTE).toFixed(3)}m`

function told({ by, inputs, facts }: Lived): string {
  const rosters = Object.values(by.schedules).map(
    ({ name, overrides }) =>
      `${name}: ${overrides.map(({ people, startAt }) => `${when(startAt)} ${people.join('+') || 'nobody'}`).join(', ')}`,
  )
  const policies = Object.values(by.policies).map((policy) => JSON.stringify(policy))
  const came = inputs.map(
    (input) => `${when(input.at)} ${'event' in input ? JSON.stringify(input.event) : 'another configuration'}`,
  )
  return [...rosters, ...policies, ...came, ...facts.map(inWords)].join('\n')
}

function judged(lived: Lived, judge: (lived: Lived) => void): void {
  try {
    judge(lived)
  } catch (error) {
    if (fc.PreconditionFailure.isFailure(error)) throw error
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${told(lived)}`)
  }
}

/** All properties look at the same lives: the first of them are lived once. */
const seed = Number(process.env['FC_SEED'] ?? fc.sample(fc.integer(), 1)[0])
const known = new Map<string, Lived>()
const KNOWN = 400

function once(name: string, of: object, make: () => Lived): Lived {
  const key = `${name} ${JSON.stringify(of)}`
  const found = known.get(key) ?? make()
  if (known.size < KNOWN) known.set(key, found)
  return found
}
const lifeOf = (each: Story): Lived => once('life', each, () => live(each))

const check = (judge: (lived: Lived) => void) =>
  fc.assert(
    fc.property(story, (each: Story) => judged(lifeOf(each), judge)),
    { numRuns: RUNS, seed },
  )
const watching = (visitor: () => Visitor) => check((lived) => void audit(lived, visitor()))

const open = (ledger: Ledger) => [...ledger.cases.values()].filter(({ state }) => state !== 'resolved')
const unacked = (ledger: Ledger) => open(ledger).filter(({ state }) => state === 'paging' || state === 'exhausted')
const executedOn = ({ policy, executed }: Case, schedule: string) =>
  stepsOf(policy, schedule).some((step) => executed.has(step))

/** A person has been told of an incident if they were paged since it was raised, or so shortly before that they were not paged again. */
const isTold = ({ told: all, lifeAt }: Case, person: string, sinceAt = lifeAt) =>
  all.some((each) => each.person === person && each.at > sinceAt - DEDUPE_MS)

/** Nobody can page a person who is known to be unreachable: the record says that they were left out. */
const isExcused = (ledger: Ledger, { unreached }: Case, person: string) =>
  unreached.has(person) || ledger.unreachable.has(person)

describe('the watch', () => {
  test('follows the roster in force: each change at its own instant, with who goes, comes and stays', () => {
    watching(() => {
      let before = T0
      return {
        begin(ledger, { now, facts }) {
          for (const name of SCHEDULES) {
            let people = ledger.watch(name).people
            for (const change of ledger.changes(name, before, now - 1)) {
              const met = facts.find(
                (fact) => fact.type === 'changed' && fact.watch.schedule === name && fact.at === change.at,
              )
              people = [...change.staying, ...change.incoming]
              must(
                met !== undefined,
                () => `${name} changes at ${when(change.at)} to ${people} and nothing was decided`,
              )
            }
          }
          before = now
        },
        before(ledger, fact) {
          if (fact.type !== 'changed') return
          const { schedule, people } = fact.watch
          const { outgoing, incoming, staying } = fact.handover
          const is = difference(ledger.watch(schedule).people, ledger.duty(schedule, fact.at))
          expect({ at: fact.at, people, outgoing, incoming, staying }).toEqual({
            at: fact.handover.changeAt,
            people: ledger.duty(schedule, fact.at),
            ...is,
          })
          must(
            is.outgoing.length + is.incoming.length > 0,
            () => `the same people before and after ${when(fact.at)} are a change`,
          )
        },
        end(ledger, { now, desk }) {
          for (const name of SCHEDULES)
            expect(desk.watches[name]?.people, `${name} at ${when(now)}`).toEqual(ledger.duty(name, now))
        },
      }
    })
  })

  test('has limits that its turns allow: half of the turn that begins, a quarter of either for the window (2.1)', () => {
    watching(() => ({
      before(ledger, fact) {
        if (fact.type !== 'changed') return
        const { schedule, changeAt, limitAt, overdueAt, opensAt, outgoing, incoming, staying } = fact.handover
        const isGap = incoming.length + staying.length === 0
        const turn = (ledger.changes(schedule, changeAt)[0]?.at ?? Number.POSITIVE_INFINITY) - changeAt
        // A gap is nobody's turn: nothing is clamped by its length.
        const isBegun = outgoing.length + staying.length > 0
        const before = isBegun ? changeAt - ledger.watch(schedule).sinceAt : Number.POSITIVE_INFINITY
        const limit = isGap ? LIMIT_MS : Math.floor(Math.min(LIMIT_MS, turn / 2))
        must(
          limitAt === changeAt + limit,
          () =>
            `${schedule} at ${when(changeAt)} (${outgoing} to ${incoming}): limit ${when(limitAt)}, allowed ${when(changeAt + limit)}`,
        )
        must(
          overdueAt === changeAt + Math.min(CONFIRM_MS, limit),
          () => `${schedule} at ${when(changeAt)} is overdue at ${when(overdueAt)}`,
        )
        must(
          opensAt >= changeAt - before / 4 - 1,
          () => `the window of ${when(changeAt)} opens ${when(opensAt)}, longer than a quarter of the turn before`,
        )
      },
    }))
  })

  test('is held by somebody whenever somebody is on duty (I6)', () => {
    watching(() => ({
      after(ledger, fact) {
        for (const name of SCHEDULES)
          if (ledger.watch(name).people.length > 0)
            must(ledger.holders(name).length > 0, () => `nobody has the watch of ${name} at ${when(fact.at)}`)
      },
    }))
  })

  test('is left only by relief, at the limit, or with the roster while somebody stays (I6)', () => {
    watching(() => {
      let leaving: { schedule: string; at: number; people: string[] } | null = null
      const relievedEarly = new Set<string>()
      return {
        before(ledger, fact, decided) {
          // Whoever goes off is a holdover or is released: nothing else comes between.
          if (leaving && !(fact.type === 'released' && fact.schedule === leaving.schedule))
            throw new Error(
              `${leaving.people} left the watch of ${leaving.schedule} at ${when(leaving.at)} without a word`,
            )
          leaving = null
          if (fact.type === 'released') mayLeave(ledger, fact, decided)
        },
        after(ledger, fact) {
          // Whoever was relieved early has had that word.
          if (fact.type === 'handover' && fact.handover.state === 'relieved-early')
            for (const person of fact.handover.outgoing)
              relievedEarly.add(`${person}@${fact.handover.schedule}@${fact.handover.changeAt}`)
          if (fact.type !== 'changed') return
          const { schedule, outgoing, changeAt } = fact.handover
          const people = outgoing.filter(
            (person) =>
              !ledger.watch(schedule).holdovers.has(person) && !relievedEarly.has(`${person}@${schedule}@${changeAt}`),
          )
          if (people.length > 0) leaving = { schedule, at: fact.at, people }
        },
      }
    })
  })

  function mayLeave(ledger: Ledger, fact: Recorded & { type: 'released' }, { events, outcomes, facts }: Decided): void {
    const { schedule, at, people, how } = fact
    const { holdovers } = ledger.watch(schedule)
    if (how === 'limit') {
      for (const person of people)
        must(
          (holdovers.get(person)?.untilAt ?? Infinity) <= at,
          () => `${person} was released from ${schedule} before the limit at ${when(at)}`,
        )
      return
    }
    const done = (id: number) => outcomes.find((each) => each.id === id)?.outcome.result === 'done'
    const now = events.filter((each) => each.at === at && done(each.id)).map(({ event }) => event)
    const handover = [...ledger.handovers.values()].filter((each) => each.schedule === schedule)
    const next = ledger.coming(schedule, at)
    const confirmed = now.some(
      (event) =>
        event.type === 'confirm' &&
        event.schedule === schedule &&
        [...ledger.watch(schedule).people, ...(next?.incoming ?? [])].includes(event.by),
    )
    const acked = now.some(
      (event) =>
        (event.type === 'ack' || event.type === 'accept') &&
        handover.some(({ incoming, changeAt }) => changeAt <= at && incoming.includes(event.by)),
    )
    const changed = facts.findLast(
      (each) => each.type === 'changed' && each.at === at && each.handover.schedule === schedule && each.id < fact.id,
    )
    const stayers =
      changed?.type === 'changed' && changed.handover.incoming.length === 0 && changed.handover.staying.length > 0
    const { by, incoming, opensAt } =
      changed?.type === 'changed' ? changed.handover : { by: null, incoming: [], opensAt: 0 }
    const edits = now.some((event) => (event.type === 'override' || event.type === 'edit-answer') && event.by === by)
    const early = handover.some(
      ({ state, changeAt, by: taker }) =>
        (state === 'relieved' || state === 'relieved-early') && changeAt === at && taker === by,
    )
    // Whoever puts themselves on duty has the watch, also where nobody was on duty before.
    const comes: readonly string[] = incoming
    const tookIt = now.some(
      (event) => (event.type === 'override' || event.type === 'edit-answer') && comes.includes(event.by),
    )
    const proven = ledger.acks.some((ack) => comes.includes(ack.by) && ack.at >= opensAt && ack.at < at)
    const taken = tookIt || proven || (by !== null && incoming.includes(by) && (edits || early))
    must(
      confirmed || acked || stayers || taken,
      () => `${people} were released from ${schedule} at ${when(at)} and nobody relieved them`,
    )
  }

  test('passes from state to state as the machine of 2.2 says', () => {
    const legal: Record<string, string[]> = {
      none: ['planned', 'relieved-early', 'due', 'relieved', 'gap', 'started', 'void'],
      planned: ['planned', 'relieved-early', 'due', 'relieved', 'gap', 'started', 'void'],
      void: ['planned', 'relieved-early', 'due', 'relieved', 'gap', 'started'],
      'relieved-early': ['relieved', 'void', 'gap', 'started', 'due'],
      due: ['relieved', 'overdue', 'superseded', 'forced'],
      overdue: ['relieved', 'forced', 'superseded'],
      // Whoever takes the watch early in a gap relieves every earlier holder, too.
      gap: ['gap-open', 'superseded', 'relieved'],
    }
    const lastChanged = new Map<string, number>()
    watching(() => ({
      before(ledger, fact) {
        if (fact.type !== 'changed' && fact.type !== 'handover') return
        const { schedule, changeAt, state, limitAt, overdueAt } = fact.handover
        const known = ledger.handovers.get(`${schedule}@${changeAt}`)
        // An edit in the very millisecond of a change is one more change, which has the same name: it begins anew.
        const again = fact.type === 'changed' && fact.at === lastChanged.get(schedule)
        if (fact.type === 'changed') lastChanged.set(schedule, fact.at)
        const from = again ? 'none' : (known?.state ?? 'none')
        must(
          legal[from]?.includes(state) ?? false,
          () => `${schedule} at ${when(changeAt)} went from ${from} to ${state}`,
        )
        if (state === 'overdue')
          must(fact.at === overdueAt, () => `overdue at ${when(fact.at)}, not ${when(overdueAt)}`)
        if (state === 'forced' || state === 'gap-open')
          must(fact.at === limitAt, () => `${state} at ${when(fact.at)}, not ${when(limitAt)}`)
        if (state === 'forced' && from === 'due')
          must(overdueAt === limitAt, () => `${schedule} at ${when(changeAt)} was never overdue`)
      },
      end(ledger, { now }) {
        for (const { state, limitAt, schedule, changeAt } of ledger.handovers.values())
          if (state === 'due' || state === 'overdue' || state === 'gap')
            must(limitAt > now, () => `${schedule} of ${when(changeAt)} is ${state} at ${when(now)}, after its limit`)
        for (const name of SCHEDULES)
          for (const [person, { untilAt }] of ledger.watch(name).holdovers)
            must(untilAt > now, () => `${person} holds ${name} at ${when(now)}, after the limit`)
      },
    }))
  })

  test('that nobody confirmed is told to the incoming at c + Wconf and to the last resort at c + Wmax (rules 4, 5)', () => {
    watching(() => ({
      after(ledger, fact, { facts }) {
        if (fact.type !== 'handover' || (fact.handover.state !== 'overdue' && fact.handover.state !== 'forced')) return
        const { state, schedule, changeAt, incoming } = fact.handover
        const kind = state === 'overdue' ? 'relief-overdue' : 'relief-failed'
        const paged = facts.flatMap((each) =>
          each.type === 'watch-paged' &&
          each.page.kind === kind &&
          each.page.schedule === schedule &&
          each.page.changeAt === changeAt
            ? [each.page.person]
            : [],
        )
        const resort = Object.values(ledger.by.policies).flatMap((policy) =>
          schedulesOf(policy).includes(schedule) ? policy.fallback : [],
        )
        expect(paged.toSorted()).toEqual([...new Set(state === 'overdue' ? incoming : resort)].sort())
      },
    }))
  })
})

describe('pages', () => {
  test('from raise to ack: everybody on watch of every executed step has been paged (I1)', () => {
    watching(() => ({
      end(ledger, { now }) {
        for (const each of unacked(ledger)) {
          for (const name of schedulesOf(each.policy)) {
            if (!executedOn(each, name)) continue
            const { early, people } = ledger.watch(name)
            // The relieved are not paged any more; whoever took the watch early is on no roster yet.
            for (const person of people.filter((one) => !early?.outgoing.includes(one)))
              must(
                isTold(each, person) || isExcused(ledger, each, person),
                () => `${person} of ${name} knows nothing of incident ${each.id} at ${when(now)}`,
              )
          }
        }
      },
    }))
  })

  test('a step on which nobody is never waits (I1, rule 7)', () => {
    watching(() => ({
      end(ledger, { now }) {
        for (const each of unacked(ledger)) {
          if (each.state !== 'paging') continue
          const targets = each.policy.steps[each.step]?.page ?? []
          const empty = targets.every((to) => to.kind === 'schedule' && ledger.onWatch(to.name).length === 0)
          must(!empty, () => `incident ${each.id} waits at step ${each.step + 1}, on which nobody is, at ${when(now)}`)
        }
      },
    }))
  })

  test('a page at a step reaches everybody who has the watch, and those who are not relieved yet (rule 3)', () => {
    watching(() => ({
      end(ledger, { facts }) {
        for (const fact of facts) {
          if (
            fact.type !== 'stepped' ||
            fact !== facts.findLast((each) => each.type === 'stepped' && each.incident === fact.incident)
          )
            continue
          if (
            facts.some(
              (later) =>
                later.id > fact.id &&
                ['changed', 'released', 'handover', 'edited', 'acked', 'resolved', 'reachability'].includes(later.type),
            )
          )
            continue
          // The remaining steps of a new watch are paged as a carry-over.
          if (fact.reason === 'new-watch') continue
          const each = ledger.case(fact.incident)
          for (const to of each.policy.steps[fact.step]?.page ?? [])
            for (const person of to.kind === 'person' ? [to.name] : ledger.holders(to.name))
              must(
                isTold(each, person, fact.at) || isExcused(ledger, each, person),
                () => `${person} was not paged at step ${fact.step + 1} of incident ${each.id}, ${when(fact.at)}`,
              )
        }
      },
    }))
  })

  test('at a change the incoming hear of everything that nobody has and that their schedule was paged for (rule 1)', () => {
    watching(() => {
      // All changes of an instant come before what follows from them.
      let changes: { change: Recorded & { type: 'changed' }; concerned: number[] }[] = []
      /** Where nobody goes, the row of the change does not say who took the watch before it. */
      const early = new Set<string>()
      const settle = (ledger: Ledger) => {
        for (const { change, concerned } of changes) {
          const { incoming, changeAt, schedule } = change.handover
          for (const id of concerned) {
            const each = ledger.case(id)
            if (each.state !== 'paging' && each.state !== 'exhausted') continue
            for (const person of incoming) {
              // Whoever took the watch early was paged as whoever has it, from then on.
              const taken = change.handover.by !== null || early.has(handoverId(schedule, changeAt))
              const sinceAt = taken ? Math.max(each.lifeAt, change.handover.opensAt) : change.at
              must(
                isTold(each, person, sinceAt) || isTold(each, person, change.at) || isExcused(ledger, each, person),
                () => `${person} came on ${schedule} at ${when(changeAt)} and was not told of incident ${id}`,
              )
            }
          }
        }
        changes = []
      }
      return {
        before(ledger, fact) {
          if (changes.some(({ change }) => change.at < fact.at)) settle(ledger)
          if (fact.type === 'handover' && fact.handover.state === 'relieved-early')
            early.add(handoverId(fact.handover.schedule, fact.handover.changeAt))
          if (fact.type !== 'changed') return
          const concerned = unacked(ledger)
            .filter((each) => executedOn(each, fact.watch.schedule))
            .map(({ id }) => id)
          changes.push({ change: fact, concerned })
        },
        end: (ledger) => settle(ledger),
      }
    })
  })

  test('a page by reason of a schedule goes to whoever has its watch, or comes next and may take it already (I3)', () => {
    watching(() => ({
      before(ledger, fact) {
        if (fact.type === 'paged' && 'schedule' in fact.page.why) {
          const { person, why } = fact.page
          const next = ledger.coming(why.schedule, fact.at)
          const mayComing = next !== null && fact.at >= next.opensAt && next.incoming.includes(person)
          must(
            mayComing || ledger.holders(why.schedule).includes(person),
            () =>
              `${person} was paged at ${when(fact.at)} by reason of ${why.schedule} (${why.kind}), whose watch they do not have`,
          )
          if (why.kind === 'duty')
            must(
              ledger.onWatch(why.schedule).includes(person),
              () => `${person} is told at ${when(fact.at)} that they are on duty, and is not`,
            )
          if (why.kind === 'holdover')
            must(
              ledger.watch(why.schedule).holdovers.has(person),
              () => `${person} is told at ${when(fact.at)} that they are not relieved, and is`,
            )
        }
        // The last resort is told of a failed relief, whoever they are.
        if (fact.type === 'watch-paged' && fact.page.kind !== 'relief-failed')
          must(
            ledger.holders(fact.page.schedule).includes(fact.page.person),
            () =>
              `${fact.page.person} was paged about the watch of ${fact.page.schedule} at ${when(fact.at)} and does not have it`,
          )
      },
    }))
  })

  test('nobody is paged who is known to be unreachable', () => {
    watching(() => ({
      before(ledger, fact) {
        if (fact.type === 'paged')
          must(
            !ledger.unreachable.has(fact.page.person),
            () => `${fact.page.person} cannot be reached at ${when(fact.at)}`,
          )
      },
    }))
  })

  test('nobody is paged twice within two minutes for one incident, but by its exhaustion (I7)', () => {
    watching(() => ({
      before(ledger, fact) {
        const again = (each: Case, person: string) => {
          // A page that could not be delivered has told nobody.
          const last = each.told.findLast((page) => page.person === person && !each.refused.has(page.key))
          must(
            !last || fact.at - last.at >= DEDUPE_MS,
            () => `${person} was paged for incident ${each.id} at ${when(last?.at ?? 0)} and at ${when(fact.at)}`,
          )
        }
        if (fact.type === 'paged' && fact.page.step !== null) again(ledger.case(fact.incident), fact.page.person)
        if (fact.type === 'watch-paged' && fact.page.kind === 'inherit')
          for (const id of fact.page.incidents) again(ledger.case(id), fact.page.person)
      },
    }))
  })

  test('there is one carry-over for a person, incident and change; one page for all that is inherited; one for an overdue watch (rule 11)', () => {
    check(({ facts }) => {
      const seen = new Set<string>()
      for (const fact of facts) {
        const once =
          fact.type === 'watch-paged'
            ? `${fact.page.kind} ${fact.page.person} ${fact.page.schedule}@${fact.page.changeAt}`
            : fact.type === 'paged' && fact.page.why.kind === 'carryover'
              ? `carryover ${fact.page.person} ${fact.incident} ${fact.page.why.schedule}@${fact.page.why.changeAt}`
              : null
        if (once === null) continue
        must(!seen.has(once), () => `twice: ${once}`)
        seen.add(once)
      }
    })
  })

  test('keys of pages are never used twice, and every page that is not void is owed', () => {
    check(({ decisions, facts }) => {
      const keys = facts.flatMap((fact) =>
        fact.type === 'paged' || fact.type === 'watch-paged' ? [fact.page.key] : [],
      )
      const twice = keys.filter((key, n) => keys.indexOf(key) !== n)
      must(twice.length === 0, () => `twice: ${twice}`)
      for (const { facts: all, owed } of decisions)
        for (const fact of all) {
          if (fact.type !== 'paged') continue
          const over = all.some(
            (each) =>
              each.id > fact.id &&
              each.incident === fact.incident &&
              (each.type === 'acked' || each.type === 'resolved'),
          )
          expect(
            owed.some(({ key }) => key === fact.page.key),
            fact.page.key,
          ).toBe(!over)
        }
    })
  })
})

describe('an incident', () => {
  test('that is open has an owner: who acknowledged, who has the watch of its step, or the last resort (I2)', () => {
    watching(() => ({
      end(ledger, { now }) {
        for (const each of unacked(ledger)) {
          const fallback = each.told.some((page) => page.fallback)
          if (each.state === 'exhausted')
            must(
              fallback || each.policy.fallback.every((person) => isExcused(ledger, each, person)),
              () => `incident ${each.id} was given up at ${when(now)} and the last resort knows nothing`,
            )
          else {
            const of = (each.policy.steps[each.step]?.page ?? []).flatMap((to) =>
              to.kind === 'person' ? [to.name] : ledger.holders(to.name),
            )
            must(of.length > 0 || fallback, () => `nobody owns incident ${each.id} at ${when(now)}`)
          }
        }
      },
    }))
  })

  test('is owned by somebody off every roster only to the limit of the change, or to the end of a lease (I2)', () => {
    watching(() => {
      /** When an owner left the last roster of the policy, with the limit of that. */
      const off = new Map<number, { at: number; limitAt: number; owner: string }>()
      return {
        before(ledger, fact) {
          if (fact.type !== 'changed') return
          const { schedule, outgoing, limitAt } = fact.handover
          for (const { id, state, owner, policy } of ledger.cases.values())
            if (
              state === 'acked' &&
              owner !== null &&
              outgoing.includes(owner) &&
              schedulesOf(policy).includes(schedule)
            )
              off.set(id, { at: fact.at, limitAt, owner })
        },
        end(ledger, { now }) {
          for (const each of ledger.cases.values()) {
            const left = off.get(each.id)
            if (!left || each.state !== 'acked' || each.owner !== left.owner) continue
            // Outsiders who acknowledged or accepted after the change are exempt; so is whoever is on a roster of the policy.
            if (each.ownedAt >= left.at || ledger.isOnRoster(each.policy, left.owner, now)) continue
            const untilAt = Math.max(
              each.keptUntilAt !== null && each.keptUntilAt > left.at ? each.keptUntilAt : left.limitAt,
            )
            must(
              now < untilAt,
              () =>
                `${left.owner} has incident ${each.id} at ${when(now)}, off duty since ${when(left.at)}, until ${when(untilAt)}`,
            )
          }
        },
      }
    })
  })

  test('is not asked of others while its owner is on another roster of its policy (rule 2)', () => {
    watching(() => ({
      before(ledger, fact) {
        if (fact.type === 'inherited' || (fact.type === 'reopened' && fact.reason !== 'given-back')) {
          const { policy, owner } = ledger.case(fact.incident)
          must(
            owner === null || !ledger.isOnRoster(policy, owner, fact.at),
            () => `incident ${fact.incident} was ${fact.type} at ${when(fact.at)} though ${owner} is on duty`,
          )
        }
      },
    }))
  })

  test('whose owner goes off duty and keeps it not is offered to those who come, or to those who stay (rule 2)', () => {
    watching(() => ({
      end(ledger, { facts, now }) {
        for (const fact of facts) {
          if (fact.type !== 'changed' || fact.at !== now) continue
          const { schedule, outgoing, incoming, staying } = fact.handover
          for (const each of ledger.cases.values()) {
            if (each.state !== 'acked' || each.ownedAt >= now || each.owner === null || !outgoing.includes(each.owner))
              continue
            if (!schedulesOf(each.policy).includes(schedule) || ledger.isOnRoster(each.policy, each.owner, now))
              continue
            if (each.keptUntilAt !== null && each.keptUntilAt > now) continue
            for (const person of incoming.length > 0 ? incoming : staying)
              must(
                isTold(each, person, now),
                () => `${person} was not asked at ${when(now)} to take incident ${each.id} of ${each.owner}`,
              )
          }
        }
      },
    }))
  })

  test('has one owner at a time, and changes hands only by acknowledging, accepting, or the watch (I8)', () => {
    watching(() => ({
      before(ledger, fact, { events }) {
        if (fact.type !== 'acked' && fact.type !== 'taken' && fact.type !== 'reopened' && fact.type !== 'kept') return
        const { owner, state } = ledger.case(fact.incident)
        const came = events.filter(({ at }) => at === fact.at).map(({ event }) => event)
        if (fact.type === 'acked') {
          must(
            state === 'paging' || state === 'exhausted',
            () => `${fact.by} acknowledged incident ${fact.incident} of ${owner} at ${when(fact.at)}`,
          )
          must(
            came.some((event) => (event.type === 'ack' || event.type === 'accept') && event.by === fact.by),
            () => `${fact.by} never acknowledged`,
          )
        } else must(state === 'acked', () => `incident ${fact.incident} is ${state} and was ${fact.type}`)
        if (fact.type === 'kept') {
          must(owner === fact.by, () => `${fact.by} keeps what ${owner} has`)
          must(fact.untilAt <= fact.at + KEEP_MS, () => `a lease of more than an hour`)
        }
        if (fact.type === 'reopened' || fact.type === 'taken')
          must(fact.from === owner, () => `${fact.type} from ${fact.from}, but ${owner} has it`)
        if (fact.type === 'taken')
          must(
            came.some((event) => (event.type === 'accept' || event.type === 'confirm') && event.by === fact.by),
            () => `${fact.by} never took incident ${fact.incident}`,
          )
      },
    }))
  })

  test('that is kept does not change hands with the watch (rule 2)', () => {
    watching(() => ({
      before(ledger, fact) {
        if (fact.type !== 'taken' || fact.how !== 'with-the-watch') return
        const { keptUntilAt, owner } = ledger.case(fact.incident)
        must(keptUntilAt === null || keptUntilAt <= fact.at, () => `${owner} kept incident ${fact.incident}`)
      },
    }))
  })
})

describe('escalation', () => {
  test('ends in acked, resolved or exhausted with a loud post; its steps bound its pages (I4)', () => {
    watching(() => {
      const steps = new Map<number, number>()
      return {
        before(ledger, fact, { owed }) {
          if (fact.type === 'opened' || fact.type === 'reopened') steps.set(fact.incident, 0)
          // A new watch goes through what remains once more: a bound for each change.
          if (fact.type === 'changed') steps.clear()
          if (fact.type === 'stepped') {
            const { policy } = ledger.case(fact.incident)
            const so = (steps.get(fact.incident) ?? 0) + 1
            steps.set(fact.incident, so)
            must(
              so <= policy.steps.length * policy.rounds,
              () => `step after step of incident ${fact.incident} at ${when(fact.at)}`,
            )
          }
          if (fact.type === 'exhausted')
            must(
              owed.some(({ about }) => about.kind === 'loud' && about.fact === fact.id),
              () => `nobody was told aloud at ${when(fact.at)}`,
            )
        },
      }
    })
    check(({ desk }) => {
      // What a new watch has begun once more may be under way still.
      for (const { id, state, deadlineAt } of Object.values(desk.incidents))
        must(state !== 'paging' || (deadlineAt ?? 0) > desk.decidedAt, () => `incident ${id} escalates for ever`)
    })
  })

  test('comes to the next step no later than its wait and two minutes after the one before, however often the watch changes (I5, rule 13)', () => {
    watching(() => {
      const last = new Map<number, Recorded & { type: 'stepped' }>()
      return {
        before(ledger, fact) {
          if (fact.incident === null) return
          // Somebody has it, or it begins anew: no pause is the escalation's.
          if (['acked', 'reopened', 'resolved', 'exhausted'].includes(fact.type)) {
            const before = last.get(fact.incident)
            if (fact.type === 'exhausted' && before) timely(ledger, before, fact.at)
            last.delete(fact.incident)
          }
          if (fact.type !== 'stepped') return
          const before = last.get(fact.incident)
          if (before && before.epoch === fact.epoch) timely(ledger, before, fact.at)
          last.set(fact.incident, fact)
        },
        end(ledger, { now }) {
          for (const before of last.values()) timely(ledger, before, now)
        },
      }
      function timely(ledger: Ledger, before: Recorded & { type: 'stepped' }, at: number): void {
        const wait = ledger.case(before.incident).policy.steps[before.step]?.waitMs ?? 0
        must(
          at <= before.at + wait + GRACE_MS,
          () =>
            `incident ${before.incident} stood at step ${before.step + 1} from ${when(before.at)} until ${when(at)}`,
        )
      }
    })
  })

  test('comes to the next step not before its deadline, which a change moves by no more than the grace, and only for somebody new (rule 13)', () => {
    watching(() => {
      const last = new Map<number, { deadlineAt: number; moved: boolean }>()
      return {
        before(ledger, fact) {
          if (fact.type === 'stepped') {
            const due = last.get(fact.incident)
            if (fact.reason === 'unanswered')
              must(
                fact.at === due?.deadlineAt,
                () => `incident ${fact.incident} went on at ${when(fact.at)}, not ${when(due?.deadlineAt ?? 0)}`,
              )
            const wait = ledger.case(fact.incident).policy.steps[fact.step]?.waitMs ?? 0
            last.set(fact.incident, { deadlineAt: fact.at + wait, moved: false })
          }
          if (fact.type === 'postponed') {
            const due = last.get(fact.incident)
            must(due !== undefined && !due.moved, () => `the deadline of incident ${fact.incident} was moved twice`)
            must(
              fact.deadlineAt === fact.at + GRACE_MS && fact.deadlineAt > due.deadlineAt,
              () => `moved to ${when(fact.deadlineAt)} at ${when(fact.at)}`,
            )
            last.set(fact.incident, { deadlineAt: fact.deadlineAt, moved: true })
          }
        },
      }
    })
  })
})

/** What the gate must answer, from the ledger: when nothing may be deployed. */
interface Closed {
  fromAt: number
  toAt: number
  changeAt: number
  gap: boolean
}

describe('the deploy gate', () => {
  test('lets nothing start in a blackout but rollbacks and fixes; no blackout outlives the limit but a gap (I9, rule 10)', () => {
    fc.assert(
      fc.property(
        story,
        fc.array(fc.tuple(fc.nat({ max: 1000 }), fc.integer({ min: -40, max: 60 }), fc.integer({ min: 1, max: 45 })), {
          minLength: 4,
          maxLength: 8,
        }),
        (each, asked) => {
          judged(lifeOf(each), (lived) => {
            const { decisions } = lived
            /** Changes that came, with when the outgoing were relieved. */
            const came = new Map<
              string,
              {
                schedule: string
                at: number
                relievedAt: number | null
                limitAt: number
                gap: boolean
                endAt: number | null
              }
            >()
            const turns = new Map(
              asked.map(([pick, minutes, length]) => [pick % decisions.length, { minutes, length }]),
            )
            let turn = 0
            audit(lived, {
              after(ledger, fact) {
                if (fact.type === 'changed') {
                  const { schedule, changeAt, limitAt, incoming, staying, outgoing } = fact.handover
                  for (const before of came.values()) if (before.schedule === schedule) before.endAt ??= changeAt
                  const gap = incoming.length + staying.length === 0
                  const waits = outgoing.some((person) => ledger.watch(schedule).holdovers.has(person))
                  came.set(`${schedule}@${changeAt}`, {
                    schedule,
                    at: changeAt,
                    relievedAt: waits ? null : changeAt,
                    limitAt,
                    gap,
                    endAt: null,
                  })
                }
                for (const each of came.values()) {
                  const { holdovers } = ledger.watch(each.schedule)
                  if (each.relievedAt === null && ![...holdovers.values()].some(({ changeAt }) => changeAt === each.at))
                    each.relievedAt = fact.at
                }
              },
              end(ledger, { now, desk, by }) {
                const question = turns.get(turn++)
                if (!question) return
                const { minutes, length } = question
                const at = Math.max(now, now + minutes * SECOND)
                const schedule = by.schedules['primary']
                if (!schedule || nextDue(desk, by) <= at) return
                const facts = clearGate({
                  schedules: [edited(schedule, desk.edits)],
                  handovers: desk.handovers,
                  times: BLACKOUT_TIMES,
                })
                const closed: Closed[] = [
                  ...[...came.values()]
                    .filter((one) => one.schedule === 'primary')
                    .map(({ at: changeAt, relievedAt, limitAt, gap, endAt }) => ({
                      fromAt: changeAt - BLACKOUT_TIMES.beforeMs,
                      // A gap is closed whole, and as long as those before it may be paged.
                      toAt: gap
                        ? Math.max(
                            endAt ?? ledger.changes('primary', at)[0]?.at ?? Number.POSITIVE_INFINITY,
                            (ledger.handovers.get(handoverId('primary', changeAt))?.state === 'relieved'
                              ? (relievedAt ?? limitAt)
                              : limitAt) + BLACKOUT_TIMES.settleMs,
                          )
                        : Math.max(
                            changeAt + BLACKOUT_TIMES.afterMs,
                            (relievedAt ?? limitAt) + BLACKOUT_TIMES.settleMs,
                          ),
                      changeAt,
                      gap,
                    })),
                  ...ledger.changes('primary', at).map(({ at: changeAt, incoming, staying }, n, all) => ({
                    fromAt: changeAt - BLACKOUT_TIMES.beforeMs,
                    toAt:
                      incoming.length + staying.length === 0
                        ? (all[n + 1]?.at ?? Number.POSITIVE_INFINITY)
                        : changeAt + BLACKOUT_TIMES.afterMs,
                    changeAt,
                    gap: incoming.length + staying.length === 0,
                  })),
                ]
                const meets = (from: number, to: number) =>
                  closed.find(({ fromAt, toAt }) => fromAt < to && toAt > from)
                const request = { estimateMs: length * MINUTE, bakeMs: 0, reason: null }
                const gate = evaluateDeploy(request, facts, at)
                const met = meets(at, at + length * MINUTE)
                // What changed before the desk was there, nobody knows but the roster.
                const shifts = gate.allow ? [] : gate.reasons.flatMap((each) => ('changeAt' in each ? each : []))
                if (shifts.some(({ changeAt }) => changeAt <= T0)) return
                if (gate.allow)
                  must(
                    met === undefined,
                    () =>
                      `a deploy of ${length} min may start at ${when(at)}, in the blackout of ${when(met?.changeAt ?? 0)}`,
                  )
                else {
                  // Of a change that another has overtaken the record does not say when those who waited were relieved: closed up to its limit.
                  const overtaken = shifts.every(
                    ({ changeAt }) => ledger.handovers.get(handoverId('primary', changeAt))?.state === 'superseded',
                  )
                  must(
                    met !== undefined || overtaken,
                    () =>
                      `a deploy of ${length} min may not start at ${when(at)} though there is no blackout: ${shifts.map((one) => `${when(one.startAt)}-${when(one.endAt ?? Infinity)} of ${when(one.changeAt)}`)}`,
                  )
                  must(shifts.length === gate.reasons.length, () => `other reasons: ${JSON.stringify(gate.reasons)}`)
                  for (const { endAt, changeAt, reason } of shifts)
                    must(
                      reason === 'nobody-on-duty' ||
                        (endAt ?? Infinity) <= changeAt + LIMIT_MS + BLACKOUT_TIMES.settleMs,
                      () => `the blackout of ${when(changeAt)} ends ${when(endAt ?? Infinity)}`,
                    )
                  const nextAt = gate.nextAt ?? Infinity
                  const again = meets(nextAt, nextAt + length * MINUTE)
                  must(
                    again === undefined || !Number.isFinite(again.toAt),
                    () =>
                      `the next free instant of ${when(at)} is ${when(nextAt)}, in the blackout of ${when(again?.changeAt ?? 0)}`,
                  )
                  for (const reason of ['rollback', 'fix'] as const)
                    expect(evaluateDeploy({ ...request, reason }, facts, at)).toEqual({ allow: true, because: reason })
                }
              },
            })
          })
        },
      ),
      { numRuns: RUNS, seed },
    )
  })
})

describe('history', () => {
  test('is not rewritten: who was on duty does not depend on later edits by hand (I10)', () => {
    check(({ by: first, decisions, desk }) => {
      // Another configuration says what it says of the past too; the watch that was stood is on record.
      if (decisions.some(({ by }) => by !== first)) return
      const ledger = new Ledger(first)
      for (const edit of desk.edits) ledger.edits.set(edit.id, edit)
      // Of two changes in one millisecond the second was stood.
      const stood = new Map<string, Map<number, readonly string[]>>(SCHEDULES.map((name) => [name, new Map()]))
      for (const { facts } of decisions)
        for (const fact of facts)
          if (fact.type === 'changed') stood.get(fact.watch.schedule)?.set(fact.at, fact.watch.people)
      for (const [name, all] of stood)
        for (const [at, people] of all) expect(ledger.duty(name, at), `${name} at ${when(at)}`).toEqual(people)
    })
  })

  test('goes forward: no decision writes anything before the one that came before it (I10)', () => {
    check(({ decisions }) => {
      let before = T0
      for (const { facts, now } of decisions) {
        for (const fact of facts) {
          // That a window is open is said as of when it opened, also when an edit brought it into sight a moment later.
          if (fact.type === 'handover' && fact.what !== 'settled') continue
          must(
            fact.at >= before && fact.at <= now,
            () => `written at ${when(now)} as of ${when(fact.at)}, after ${when(before)}: ${inWords(fact)}`,
          )
          if (fact.type !== 'edited' || fact.how === 'declined' || fact.edit.state === 'cancelled') continue
          if (fact.how === 'made' || fact.how === 'agreed')
            for (const piece of fact.edit.pieces)
              must(piece.startAt >= fact.at, () => `an edit of ${when(fact.at)} begins at ${when(piece.startAt)}`)
        }
        before = now
      }
    })
  })
})

/** The desk as the store keeps it: written down, and read again by the schemas of its rows. */
function reloaded(desk: Desk): Desk {
  const { incidents, alerts, watches, handovers, edits, ...rest } = JSON.parse(JSON.stringify(desk)) as Desk
  const all = <T extends z.ZodType>(of: T, values: object) => z.record(z.string(), of).parse(values)
  const isOver = new Set(['relieved', 'forced', 'gap-open', 'started', 'superseded'])
  const each = Object.values(all(Handover, handovers))
  // As the store loads them: what is not over, and the latest of each schedule that came.
  const latest = new Set(
    Object.keys(watches).map(
      (name) =>
        each
          .filter(({ schedule, state }) => schedule === name && isOver.has(state))
          .sort((a, b) => b.changeAt - a.changeAt)[0],
    ),
  )
  const kept = Object.entries(all(Handover, handovers)).filter(
    ([, one]) =>
      (!isOver.has(one.state) && one.state !== 'void') ||
      [...latest].some((last) => last?.schedule === one.schedule && last.changeAt === one.changeAt),
  )
  return {
    ...rest,
    incidents: all(Incident, incidents),
    alerts: all(Alert, alerts),
    watches: all(Watch, watches),
    handovers: Object.fromEntries(kept),
    edits: z.array(RosterEdit).parse(edits),
  }
}

/** Everything that anybody was told, and how the watch passed. */
const said = (facts: readonly Recorded[], shiftMs = 0) =>
  facts
    .flatMap((fact) => {
      const at = fact.at - T0 - shiftMs
      if (fact.type === 'paged')
        return [
          `${at} ${fact.incident} ${fact.page.person} ${fact.page.step} ${fact.page.round} ${fact.page.epoch} ${fact.page.why.kind}`,
        ]
      if (fact.type === 'watch-paged')
        return [`${at} ${fact.page.kind} ${fact.page.person} ${fact.page.schedule} ${fact.page.incidents}`]
      if (fact.type === 'changed') return [`${at} ${fact.watch.schedule} ${fact.watch.people} ${fact.handover.state}`]
      if (fact.type === 'handover' && fact.what === 'settled' && fact.handover.state !== 'void')
        return [
          `${at} ${fact.handover.schedule} ${fact.handover.changeAt - T0 - shiftMs} ${fact.handover.state} ${fact.handover.by}`,
        ]
      if (fact.type === 'released') return [`${at} ${fact.schedule} ${fact.people} ${fact.how}`]
      if (fact.type === 'acked' || fact.type === 'taken') return [`${at} ${fact.incident} ${fact.type} ${fact.by}`]
      if (fact.type === 'exhausted' || fact.type === 'reopened')
        return [`${at} ${fact.incident} ${fact.type} ${fact.reason}`]
      return []
    })
    .sort()

const untilOf = ({ inputs }: Lived) => (inputs.at(-1)?.at ?? T0) + 3 * HOUR
const unhurried = (lived: Lived): Lived =>
  once('again', { by: lived.by, inputs: lived.inputs }, () => relive(lived, untilOf(lived)))

/** Two lives of the same inputs give the same; the second is the one that is told of. */
function same(lived: Lived, other: Lived, what = said, shiftMs = 0): void {
  const [one, two] = [what(lived.facts), what(other.facts, shiftMs)]
  const only = (these: string[], those: string[]) => these.filter((line) => !those.includes(line)).join('\n  ')
  must(String(one) === String(two), () => `in time only:\n  ${only(one, two)}\notherwise only:\n  ${only(two, one)}`)
}

describe('a crash', () => {
  const turns = <T>(of: fc.Arbitrary<T>) => fc.array(of, { minLength: 1, maxLength: 8 })

  test('and a restart between any two decisions change nothing (I11)', () => {
    fc.assert(
      fc.property(story, turns(fc.boolean()), (each, crashes) => {
        judged(lifeOf(each), (lived) => {
          const again = relive(lived, untilOf(lived), {
            load: (desk, turn) => (crashes[turn % crashes.length] ? reloaded(desk) : desk),
          })
          same(unhurried(lived), again)
        })
      }),
      { numRuns: RUNS, seed },
    )
  })

  test('of up to five seconds, with all that came in meanwhile decided together, changes nothing, not even an instant (I11)', () => {
    fc.assert(
      fc.property(story, turns(fc.integer({ min: 0, max: 5_000 })), (each, late) => {
        judged(lifeOf(each), (lived) => {
          const again = relive(lived, untilOf(lived), {
            lateMs: (turn) => late[turn % late.length] ?? 0,
            load: reloaded,
          })
          same(unhurried(lived), again)
        })
      }),
      { numRuns: RUNS, seed },
    )
  })

  test('shorter than the shortest timeout loses no page and adds none, while nothing comes in and no roster changes (I11)', () => {
    const stop = fc.record({
      afterMinutes: fc.nat({ max: 25 }),
      pick: fc.nat({ max: 1000 }),
      seconds: fc.integer({ min: 6, max: 59 }),
    })
    fc.assert(
      fc.property(story, stop, (each, { afterMinutes, pick, seconds }) => {
        const before = lifeOf(each)
        const ledger = audit(before, {})
        // Once all rosters have come to rest, everything fails once more.
        const changes = SCHEDULES.flatMap((name) => ledger.changes(name, T0, T0 + 48 * HOUR).map(({ at }) => at))
        const at = Math.max(before.inputs.at(-1)?.at ?? T0, ...changes) + afterMinutes * MINUTE + 1
        const fires = ['webmail', 'imap', 'dns'].map((service, n) => ({
          at: at + n,
          id: 100 + n,
          event: firing('again', { service }),
        }))
        const lived = { ...before, inputs: [...before.inputs, ...fires] }
        const inTime = relive(lived, at + 6 * HOUR)
        const last = inTime.decisions.filter(({ now }) => now > at + 2)
        const turn = inTime.decisions.length - last.length + (pick % last.length)
        const again = relive(lived, at + 6 * HOUR, {
          lateMs: (one) => (one === turn ? seconds * SECOND : 0),
          load: reloaded,
        })
        judged(again, () => same(inTime, again, pagesOnly))
      }),
      { numRuns: RUNS, seed },
    )
  })

  const pagesOnly = (facts: readonly Recorded[]) =>
    facts
      .flatMap((fact) =>
        fact.type === 'paged'
          ? [`${fact.incident} ${fact.page.person}`]
          : fact.type === 'watch-paged'
            ? [fact.page.key]
            : [],
      )
      .sort()
      .filter((line, n, all) => all[n - 1] !== line)

  test('that lasts: changes and limits at their own instants, then each overdue timer once, counting from now (I11)', () => {
    fc.assert(
      fc.property(story, fc.nat({ max: 1000 }), fc.integer({ min: 1, max: 150 }), (each, pick, minutes) => {
        judged(lifeOf(each), (lived) => {
          const inTime = unhurried(lived)
          const start = 1 + (pick % (inTime.decisions.length - 1))
          const again = relive(lived, untilOf(lived), {
            lateMs: (turn) => (turn === start ? minutes * MINUTE : 0),
            load: reloaded,
          })
          judgeStop(inTime, again, start)
        })
      }),
      { numRuns: RUNS, seed },
    )
  })

  function judgeStop(inTime: Lived, again: Lived, start: number): void {
    const woken = again.decisions[start]
    if (!woken) return
    const { now, facts, desk, by } = woken
    const before = inTime.decisions[start]?.now ?? now
    const rosters = (all: readonly Recorded[]) =>
      all
        .flatMap((fact) =>
          fact.type === 'changed' && fact.at >= before && fact.at <= now
            ? [`${fact.at - T0} ${fact.watch.schedule} ${fact.watch.people}`]
            : [],
        )
        .sort()
    // What the watch did is the same as though nobody had slept; who was relieved when may depend on what was not sent.
    if (now - before > 5 * SECOND) expect(rosters(facts)).toEqual(rosters(inTime.facts))
    const fired = new Map<number, number>()
    for (const fact of facts) {
      if (fact.type === 'released' && fact.how === 'limit')
        must(
          facts.every(
            (each) =>
              each.type !== 'stepped' || each.reason !== 'unanswered' || each.id > fact.id || each.at <= fact.at,
          ),
          () => `a timer came before a limit`,
        )
      if (fact.type !== 'stepped' || fact.reason !== 'unanswered' || now - before <= 5 * SECOND) continue
      fired.set(fact.incident, (fired.get(fact.incident) ?? 0) + 1)
      must(
        (fired.get(fact.incident) ?? 0) <= 1,
        () => `the timer of incident ${fact.incident} fired twice at ${when(now)}`,
      )
    }
    must(nextDue(desk, by) > now, () => `something is still due at ${when(now)}`)
    for (const { state, deadlineAt, id } of Object.values(desk.incidents))
      if (state === 'paging') must((deadlineAt ?? 0) > now, () => `incident ${id} waits for an instant that has passed`)
  }

  test('the desk that looks when nothing is due decides nothing', () => {
    check(({ decisions }) => {
      for (const { desk, by } of decisions) {
        const at = Math.min(nextDue(desk, by) - 1, desk.decidedAt + SECOND)
        if (at > desk.decidedAt) expect(decide(desk, [], at, by).facts).toEqual([])
      }
    })
  })
})

describe('instants alone count', () => {
  const shifted = (by: Rules, ms: number): Rules => ({
    ...by,
    schedules: Object.fromEntries(
      Object.entries(by.schedules).map(([name, schedule]) => [
        name,
        {
          ...schedule,
          overrides: schedule.overrides.map((each) => ({
            ...each,
            startAt: each.startAt + ms,
            endAt: each.endAt + ms,
          })),
        },
      ]),
    ),
  })

  test('the same story at any other time gives the same pages (I12)', () => {
    fc.assert(
      // Into summer, over changes of the clock in every zone, and by odd amounts.
      fc.property(
        story,
        fc.constantFrom(-30 * 24 * HOUR, -29 * 24 * HOUR + 17 * MINUTE, 113 * 24 * HOUR, 200 * 24 * HOUR + 1, 123_457),
        (each, ms) => {
          judged(lifeOf(each), (lived) => {
            const inTime = unhurried(lived)
            const inputs = lived.inputs.map((input) => {
              const at = input.at + ms
              if ('by' in input) return { ...input, at, by: shifted(input.by, ms) }
              const { event } = input
              if (event.type === 'keep') return { ...input, at, event: { ...event, untilAt: event.untilAt + ms } }
              // The key of a page names the change by its instant.
              if (event.type === 'page-refused') {
                const page = event.page.replace(/@(\d+)/, (_, changeAt) => `@${Number(changeAt) + ms}`)
                return { ...input, at, event: { ...event, page } }
              }
              if (event.type !== 'override') return { ...input, at }
              return {
                ...input,
                at,
                event: {
                  ...event,
                  pieces: event.pieces.map((piece) => ({
                    ...piece,
                    startAt: piece.startAt + ms,
                    endAt: piece.endAt + ms,
                  })),
                },
              }
            })
            const again = relive({ by: shifted(lived.by, ms), inputs }, untilOf(lived) + ms, {}, T0 + ms)
            same(inTime, again, said, ms)
          })
        },
      ),
      { numRuns: RUNS, seed },
    )
  })

  const ZONES: [zone: string, fixed: string, offsetMinutes: number][] = [
    ['Europe/Zurich', 'UTC+1', 60],
    ['America/New_York', 'UTC-5', -300],
    ['Asia/Kolkata', 'UTC+5:30', 330],
    ['Australia/Lord_Howe', 'UTC+11', 660],
  ]

  test('a zone and the fixed offset that it has give the same pages (I12)', () => {
    const rotating = fc.record({
      zone: fc.constantFrom(...ZONES),
      every: fc.constantFrom(1, 2, 3),
      crew: fc.shuffledSubarray(CREW, { minLength: 2 }),
      from: fc.nat({ max: 5 }),
    })
    fc.assert(
      fc.property(story, rotating, ({ by, deeds }, { zone: [zone, fixed, offset], every, crew, from }) => {
        const wall = new Date(T0 + offset * MINUTE - from * HOUR).toISOString().slice(0, 16)
        const inZone = (name: string): Rules => {
          const layer = {
            name: 'all',
            zone: name,
            priority: 1,
            people: crew.map((one) => [one]),
            rotation: { unit: 'hour' as const, every, start: wall },
            restrictions: [],
          }
          return {
            ...by,
            zone: name,
            schedules: { ...by.schedules, primary: { name: 'primary', zone: name, layers: [layer], overrides: [] } },
          }
        }
        const lived = live(
          { by: inZone(zone), deeds: deeds.filter(({ what }) => what !== 'configure') },
          { restMs: 3 * HOUR },
        )
        judged(lived, () =>
          expect(said(relive({ by: inZone(fixed), inputs: lived.inputs }, untilOf(lived)).facts)).toEqual(
            said(unhurried(lived).facts),
          ),
        )
      }),
      { numRuns: RUNS, seed },
    )
  })
})
