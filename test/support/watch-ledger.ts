import { dutyAt } from '../../src/domain/duty/schedule.ts'
import type { Schedule } from '../../src/domain/duty/schedule-types.ts'
import type { Recorded } from '../../src/domain/fact.ts'
import { edited, type Handover, type RosterEdit } from '../../src/domain/handover.ts'
import type { Policy, Rules, Severity } from '../../src/domain/rules.ts'
import { MINUTE, T0 } from './builders.ts'
import type { Decided, Lived } from './watch-stories.ts'

/**
 * Who has the watch, who is not relieved, who owns what: read from the facts alone and from the rosters in force, by the letter of
 * `handover.md` 2.1. It shares with the engine only who is on duty by a schedule at an instant (`dutyAt`, which has tests of its own).
 */
const WINDOW_MS = 15 * MINUTE
export const GRACE_MS = 2 * MINUTE
export const CONFIRM_MS = 10 * MINUTE
export const LIMIT_MS = 30 * MINUTE
export const KEEP_MS = 60 * MINUTE
export const DEDUPE_MS = 2 * MINUTE

interface Told {
  at: number
  person: string
  key: string
  fallback: boolean
}

export interface Case {
  id: number
  policy: Policy
  severity: Severity
  state: 'paging' | 'acked' | 'exhausted' | 'resolved'
  owner: string | null
  ownedAt: number
  keptUntilAt: number | null
  /** When it was raised, or its acknowledgement withdrawn. */
  lifeAt: number
  step: number
  /** Steps gone to since then. */
  executed: Set<number>
  /** Pages for it, and offers to take it over. */
  told: Told[]
  /** Who could not be paged when it was their turn, since then. */
  unreached: Set<string>
  refused: Set<string>
}

interface Watched {
  people: string[]
  sinceAt: number
  early: Handover | null
  holdovers: Map<string, { changeAt: number; untilAt: number }>
}

interface Stretch {
  at: number
  people: string[]
}

const known = new WeakMap<Schedule, Stretch[]>()

/** The people of a schedule that says everything by overrides: a step function of time. */
function stretches(schedule: Schedule): Stretch[] {
  const found = known.get(schedule)
  if (found) return found
  const instants = schedule.overrides
    .filter(({ startAt, endAt }) => startAt < endAt)
    .flatMap(({ startAt, endAt }) => [startAt, endAt])
  const all: Stretch[] = [{ at: Number.NEGATIVE_INFINITY, people: [] }]
  for (const at of [...new Set(instants)].sort((a, b) => a - b)) {
    const people = dutyAt(schedule, at)
    if (String(people) !== String(all.at(-1)?.people)) all.push({ at, people })
  }
  known.set(schedule, all)
  return all
}

interface Change {
  at: number
  outgoing: string[]
  incoming: string[]
  staying: string[]
}

const EMPTY: string[] = []

export class Ledger {
  by: Rules
  readonly edits = new Map<number, RosterEdit>()
  readonly watches = new Map<string, Watched>()
  readonly handovers = new Map<string, Handover>()
  readonly cases = new Map<number, Case>()
  readonly unreachable = new Set<string>()
  /** Acknowledgements, first and later ones. */
  readonly acks: { at: number; by: string; incident: number }[] = []

  constructor(by: Rules) {
    this.by = by
  }

  schedule(name: string): Schedule | undefined {
    const schedule = this.by.schedules[name]
    return schedule && edited(schedule, [...this.edits.values()])
  }

  /** By the roster in force. */
  duty(name: string, at: number): string[] {
    const schedule = this.schedule(name)
    return (schedule && stretches(schedule).findLast((each) => each.at <= at)?.people) ?? EMPTY
  }

  /** Changes of the roster in force, after an instant and not after another. */
  changes(name: string, afterAt: number, untilAt = Number.POSITIVE_INFINITY): Change[] {
    const schedule = this.schedule(name)
    const all = schedule ? stretches(schedule) : []
    return all.flatMap(({ at, people }, n) =>
      at > afterAt && at <= untilAt ? [{ at, ...difference(all[n - 1]?.people ?? [], people) }] : [],
    )
  }

  watch(name: string): Watched {
    const watch = this.watches.get(name)
    if (!watch) throw new Error(`nobody follows ${name}`)
    return watch
  }

  /** D, but after an early relief those who came and not those who went. */
  onWatch(name: string): string[] {
    const { people, early } = this.watch(name)
    if (!early) return people
    return [...new Set([...people.filter((each) => !early.outgoing.includes(each)), ...early.incoming])]
  }

  /** W of 2.1. */
  holders(name: string): string[] {
    return [...new Set([...this.onWatch(name), ...this.watch(name).holdovers.keys()])]
  }

  /** The next change as the roster stands, with its window: at most a quarter of either turn. */
  coming(name: string, at: number): (Change & { opensAt: number }) | null {
    const [next, after] = this.changes(name, at)
    if (!next) return null
    // Where nobody is on duty there is no turn to be clamped by.
    const lasts = (people: readonly string[], ms: number) => (people.length > 0 ? ms : Number.POSITIVE_INFINITY)
    const before = lasts([...next.outgoing, ...next.staying], next.at - this.watch(name).sinceAt)
    const turn = lasts([...next.incoming, ...next.staying], (after?.at ?? Number.POSITIVE_INFINITY) - next.at)
    return { ...next, opensAt: next.at - Math.floor(Math.min(WINDOW_MS, before / 4, turn / 4)) }
  }

  /** On duty by a roster of the policy, as the roster stands at an instant. */
  isOnRoster(policy: Policy, person: string, at: number): boolean {
    return schedulesOf(policy).some((name) => this.duty(name, at).includes(person))
  }

  take(fact: Recorded): void {
    switch (fact.type) {
      case 'edited':
        this.edits.set(fact.edit.id, fact.edit)
        return
      case 'followed':
        if (!this.watches.has(fact.watch.schedule))
          this.watches.set(fact.watch.schedule, {
            people: fact.watch.people,
            sinceAt: fact.watch.sinceAt,
            early: null,
            holdovers: new Map(),
          })
        return
      case 'changed': {
        const { handover, watch } = fact
        this.keep(handover)
        const mine = this.watch(watch.schedule)
        mine.early = null
        mine.people = watch.people
        mine.sinceAt = fact.at
        for (const person of watch.people) mine.holdovers.delete(person)
        if (handover.state === 'due' || handover.state === 'gap')
          for (const person of handover.outgoing)
            mine.holdovers.set(person, { changeAt: handover.changeAt, untilAt: handover.limitAt })
        return
      }
      case 'handover':
        this.keep(fact.handover)
        if (fact.handover.state === 'relieved-early') this.watch(fact.handover.schedule).early = fact.handover
        if (
          fact.handover.state === 'void' &&
          this.watch(fact.handover.schedule).early?.changeAt === fact.handover.changeAt
        )
          this.watch(fact.handover.schedule).early = null
        return
      case 'released':
        for (const person of fact.people) this.watch(fact.schedule).holdovers.delete(person)
        return
      case 'reachability':
        if (fact.unreachable === null) this.unreachable.delete(fact.person)
        else this.unreachable.add(fact.person)
        return
      case 'watch-paged':
        // Whoever is asked to take incidents over is told of each; a reminder of the watch only lists them.
        if (fact.page.kind !== 'inherit') return
        for (const id of fact.page.incidents)
          this.case(id).told.push({ at: fact.at, person: fact.page.person, key: fact.page.key, fallback: false })
        return
      case 'opened':
        this.cases.set(fact.incident, {
          id: fact.incident,
          policy: fact.policy,
          severity: fact.severity,
          state: 'paging',
          owner: null,
          ownedAt: fact.at,
          keptUntilAt: null,
          lifeAt: fact.at,
          step: 0,
          executed: new Set(),
          told: [],
          unreached: new Set(),
          refused: new Set(),
        })
        return
      default:
        if (fact.incident !== null && this.cases.has(fact.incident)) this.move(this.case(fact.incident), fact)
    }
  }

  private keep(handover: Handover): void {
    this.handovers.set(`${handover.schedule}@${handover.changeAt}`, handover)
  }

  case(id: number): Case {
    const found = this.cases.get(id)
    if (!found) throw new Error(`incident ${id} was never opened`)
    return found
  }

  private move(each: Case, fact: Recorded): void {
    switch (fact.type) {
      case 'stepped':
        // Also when its owner asked for help.
        each.state = 'paging'
        each.step = fact.step
        each.executed.add(fact.step)
        return
      case 'paged':
        each.told.push({ at: fact.at, person: fact.page.person, key: fact.page.key, fallback: fact.page.step === null })
        return
      case 'skipped':
        if (fact.reason === 'unreachable') each.unreached.add(fact.person)
        return
      case 'refused':
        each.refused.add(fact.page)
        return
      case 'acked':
        this.acks.push({ at: fact.at, by: fact.by, incident: each.id })
        Object.assign(each, { state: 'acked', owner: fact.by, ownedAt: fact.at, keptUntilAt: null })
        return
      case 'responding':
        this.acks.push({ at: fact.at, by: fact.by, incident: each.id })
        return
      case 'taken':
        Object.assign(each, { owner: fact.by, ownedAt: fact.at, keptUntilAt: null })
        return
      case 'kept':
        each.keptUntilAt = fact.untilAt
        return
      case 'reopened':
        Object.assign(each, { state: 'paging', owner: null, keptUntilAt: null, lifeAt: fact.at })
        each.executed.clear()
        each.unreached.clear()
        return
      case 'exhausted':
        each.state = 'exhausted'
        return
      case 'resolved':
        each.state = 'resolved'
        return
      default:
        return
    }
  }
}

export function difference(before: readonly string[], after: readonly string[]): Omit<Change, 'at'> {
  return {
    outgoing: before.filter((person) => !after.includes(person)),
    incoming: after.filter((person) => !before.includes(person)),
    staying: before.filter((person) => after.includes(person)),
  }
}

export const schedulesOf = (policy: Policy): string[] => [
  ...new Set(policy.steps.flatMap((step) => step.page.flatMap((to) => (to.kind === 'schedule' ? [to.name] : [])))),
]

export const stepsOf = (policy: Policy, schedule: string): number[] =>
  policy.steps.flatMap(({ page }, n) => (page.some((to) => to.kind === 'schedule' && to.name === schedule) ? [n] : []))

export interface Visitor {
  /** Before the ledger takes the fact. */
  before?(ledger: Ledger, fact: Recorded, decided: Decided): void
  after?(ledger: Ledger, fact: Recorded, decided: Decided): void
  /** With the roster and the watch as they were, before anything of the decision. */
  begin?(ledger: Ledger, decided: Decided): void
  end?(ledger: Ledger, decided: Decided): void
}

/** Goes through all facts of a life in their order, decision by decision. */
export function audit({ by, decisions, desk: _ }: Lived, visitor: Visitor): Ledger {
  const ledger = new Ledger(by)
  for (const name of Object.keys(by.schedules)) {
    const people = ledger.duty(name, T0)
    const sinceAt = ledger.changes(name, T0 - 86_400_000, T0).at(-1)?.at ?? 0
    ledger.watches.set(name, { people, sinceAt, early: null, holdovers: new Map() })
  }
  for (const decided of decisions) {
    visitor.begin?.(ledger, decided)
    ledger.by = decided.by
    for (const fact of decided.facts) {
      visitor.before?.(ledger, fact, decided)
      ledger.take(fact)
      visitor.after?.(ledger, fact, decided)
    }
    visitor.end?.(ledger, decided)
  }
  return ledger
}
