import type { Book } from '../book.ts'
import { incidentOf, note, scheduleOf } from '../book.ts'
import { ahead, type Change, changeAt as changeOf, dutyAt, shiftAround } from '../duty/schedule.ts'
import { HOUR_MS } from '../duty/time.ts'
import type { Confirm, Outcome } from '../event.ts'
import { digestOf, type Handover, handoverId, type Watch } from '../handover.ts'
import type { Incident } from '../incident.ts'
import { isPaged, lastResortOf, schedulesOf, under } from '../rules.ts'
import { carryOver, climbOn, type Due, firing, reopen } from './escalation.ts'
import {
  bounds,
  coming,
  holders,
  isOf,
  isOnRoster,
  isOpenAt,
  latest,
  planned,
  relievedEarly,
  timesOf,
  unfinished,
} from './holders.ts'
import { refuse } from './incident.ts'
import { notJustTold, pageWatch } from './paging.ts'
import { release, relieve } from './relief.ts'

/** Both sides are told of a change this long before it. */
const LEAD_MS = HOUR_MS

const first = (dues: Iterable<Due>): Due | null => {
  let found: Due | null = null
  for (const due of dues) if (!found || due.at < found.at) found = due
  return found
}

/** The watch of a schedule that is followed for the first time, or has gone from the configuration, or whose configuration is another. */
export function followAll(book: Book, at: number): void {
  for (const name of Object.keys(book.rules.schedules)) if (!under(book.desk.watches, name)) follow(book, name, at)
}

function follow(book: Book, name: string, at: number): void {
  const schedule = scheduleOf(book, name)
  const base = book.rules.schedules[name]
  if (!schedule || !base) return
  const { people, sinceAt } = shiftAround(schedule, at, HOUR_MS * 24)
  const watch = { schedule: name, people, sinceAt: sinceAt ?? 0, holdovers: [], proofs: [], digest: digestOf(base) }
  note(book, { type: 'followed', incident: null, at, watch })
  book.lookedAt.set(name, at)
}

const digestNow = ({ rules }: Pick<Book, 'rules'>, name: string) => {
  const schedule = under(rules.schedules, name)
  return schedule ? digestOf(schedule) : ''
}

/** The calendar of another system says now that others were on duty. */
function isReadAnew(book: Pick<Book, 'desk' | 'rules'>, { schedule: name, people }: Watch): boolean {
  const schedule = scheduleOf(book, name)
  if (!schedule?.imported) return false
  const now = dutyAt(schedule, book.desk.decidedAt)
  return now.length !== people.length || now.some((person) => !people.includes(person))
}

/** Schedules that another configuration has changed since they were last decided on. */
export const reconfigured = (book: Pick<Book, 'desk' | 'rules'>): string[] => {
  const gone = Object.values(book.desk.watches).filter(
    (watch) => watch.digest !== digestNow(book, watch.schedule) || isReadAnew(book, watch),
  )
  const fresh = Object.keys(book.rules.schedules).filter((name) => !under(book.desk.watches, name))
  return [...gone.map(({ schedule }) => schedule), ...fresh]
}

/** Another configuration is a change at the instant at which it is seen: the past stays as it was stood. */
export function reconfigure(book: Book, at: number): void {
  const names = reconfigured(book)
  for (const name of names) if (!under(book.desk.watches, name)) follow(book, name, at)
  rosterEdited(book, names, null, at)
  for (const name of names) {
    const watch = book.desk.watches[name]
    if (watch) note(book, { type: 'followed', incident: null, at, watch: { ...watch, digest: digestNow(book, name) } })
  }
}

/** The roster is another from now on, by a person's hand or by the configuration. */
export function rosterEdited(book: Book, names: readonly string[], by: string | null, at: number): void {
  for (const name of names) voidWhatWasPlanned(book, name, at)
  allArrive(book, names, by, at)
}

/** Handovers that an edit has removed or altered. */
function voidWhatWasPlanned(book: Book, name: string, at: number): void {
  const schedule = scheduleOf(book, name)
  for (const handover of planned(book)) {
    if (handover.schedule !== name || handover.changeAt <= at) continue
    const change = schedule ? changeOf(schedule, handover.changeAt) : null
    if (change && isOf(handover, change)) continue
    voided(book, handover, at)
  }
}

function voided(book: Book, handover: Handover, at: number): void {
  const over = { ...handover, state: 'void' as const, settledAt: at }
  note(book, { type: 'handover', incident: null, at, what: 'settled', handover: over })
}

/** The next change of any schedule that has not been decided on. */
export function nextChangeDue(book: Book): Due | null {
  const changes = Object.keys(book.desk.watches).flatMap((name): Due[] => {
    const schedule = scheduleOf(book, name)
    const since = Math.max(book.desk.decidedAt, book.lookedAt.get(name) ?? 0)
    const change = schedule && ahead(schedule, since).change
    if (!change) return []
    return [{ at: change.at, come: (to) => allArrive(to, changingAt(to, change.at), null, change.at) }]
  })
  return first(changes)
}

/** The schedules whose next change is at this instant. */
const changingAt = (book: Book, at: number): string[] =>
  Object.keys(book.desk.watches).filter((name) => {
    const schedule = scheduleOf(book, name)
    const since = Math.max(book.desk.decidedAt, book.lookedAt.get(name) ?? 0)
    return schedule !== undefined && ahead(schedule, since).change?.at === at
  })

/** Changes of one instant: first all watches are others, then what is open passes on, so that no schedule meets another's past. */
function allArrive(book: Book, names: readonly string[], by: string | null, at: number): void {
  const arrived = names.flatMap((name) => {
    const handover = arrive(book, name, by, at)
    book.lookedAt.set(name, at)
    return handover ?? []
  })
  for (const each of arrived) passOn(book, each, at)
  offer(book, arrived, at)
}

interface Arrived {
  handover: Handover
  /** When somebody took the watch before its change; null: nobody did. */
  takenAt: number | null
}

/** The people on duty are others from this instant on; nothing happens when they are not. */
function arrive(book: Book, name: string, by: string | null, at: number): Arrived | null {
  const before = book.desk.watches[name]
  if (!before) return null
  const schedule = scheduleOf(book, name)
  const people = schedule ? dutyAt(schedule, at) : []
  const change: Change = {
    at,
    outgoing: before.people.filter((person) => !people.includes(person)),
    incoming: people.filter((person) => !before.people.includes(person)),
    staying: before.people.filter((person) => people.includes(person)),
  }
  if (change.outgoing.length + change.incoming.length === 0) return null
  const row = book.desk.handovers[handoverId(name, at)]
  // Somebody took the watch for this very change, and not for one that an edit has made of it.
  const early = row?.state === 'relieved-early' && isOf(row, change) ? row : null
  const limits = plan(book, before, change, schedule)
  const proven = before.proofs.find((proof) => change.incoming.includes(proof.person) && isOpenAt(limits, proof.at))
  const taker = early?.by ?? proven?.person ?? (by !== null && change.incoming.includes(by) ? by : null)
  const state = stateAfter(change, taker)
  // Where nobody goes off duty there is nobody to relieve, but for those who wait since an earlier change.
  const takes = state === 'relieved' || (state === 'started' && taker !== null)
  const settled = takes ? { by: taker, settledAt: at } : { by: null, settledAt: null }
  supersede(book, name, at)
  const handover: Handover = { ...limits, opened: row?.opened ?? false, pages: row?.pages ?? [], state, ...settled }
  const holdovers = holdoversAfter(before, handover, people)
  const watch = { ...before, people, sinceAt: at, proofs: [], holdovers }
  note(book, { type: 'changed', incident: null, at, watch, handover })
  // Whoever was relieved early has been told.
  if (state === 'relieved' && !early)
    note(book, { type: 'released', incident: null, at, schedule: name, people: handover.outgoing, how: 'relieved' })
  if (taker !== null) release(book, name, at)
  return { handover, takenAt: early?.settledAt ?? null }
}

const plan = (book: Book, before: Watch, change: Change, schedule: ReturnType<typeof scheduleOf>): Handover => ({
  ...bounds(
    timesOf(book, before.schedule),
    before,
    change,
    schedule ? (ahead(schedule, change.at).change?.at ?? null) : null,
  ),
  state: 'planned',
  opened: true,
})

function stateAfter({ outgoing, incoming, staying }: Change, taker: string | null): Handover['state'] {
  if (incoming.length + staying.length === 0) return 'gap'
  if (outgoing.length === 0) return 'started'
  return incoming.length === 0 || taker !== null ? 'relieved' : 'due'
}

/** What was open is overtaken; the limits of those who wait to be relieved stay. */
function supersede(book: Book, name: string, at: number): void {
  const open = unfinished(book, name)
  if (!open) return
  const handover = { ...open, state: 'superseded' as const, settledAt: at }
  note(book, { type: 'handover', incident: null, at, what: 'settled', handover })
}

/** Those before who wait still, and now the outgoing; whoever is on duty again waits for nothing. */
function holdoversAfter(before: Watch, { state, changeAt, limitAt, outgoing }: Handover, people: string[]) {
  const waiting = before.holdovers.filter(({ person }) => !people.includes(person))
  const more = state === 'due' || state === 'gap' ? outgoing : []
  return [...waiting, ...more.map((person) => ({ person, changeAt, untilAt: limitAt }))]
}

/** What nobody has passes to the new watch, which is paged for it. */
function passOn(book: Book, { handover, takenAt }: Arrived, at: number): void {
  const { schedule, incoming } = handover
  for (const { id, state } of Object.values(book.desk.incidents)) {
    if (state !== 'paging' && state !== 'exhausted') continue
    // As it stands by now: the change of another schedule may just have moved it.
    const incident = incidentOf(book, id)
    if (incoming.length > 0)
      carryOver(book, id, takenAt === null ? handover : butPaged(handover, takenAt, incident), at)
    else if (isGapOfStep(book, incident, schedule)) climbOn(book, incident, { reason: 'gap' }, at)
  }
}

/** Whoever took the watch before the change has been paged since like anybody on duty; what was given up is offered to them all the same. */
function butPaged(handover: Handover, takenAt: number, { pages, state }: Incident): Handover {
  const isPaged = (person: string) => pages.some((each) => each.person === person && each.at >= takenAt)
  if (state === 'exhausted') return handover
  return { ...handover, incoming: handover.incoming.filter((person) => !isPaged(person)) }
}

/** What the outgoing have, and nobody of whose policy's rosters they are on any more, is offered to the new watch: one page to each person. */
function offer(book: Book, arrived: readonly Arrived[], at: number): void {
  for (const { handover } of arrived) {
    const { schedule, incoming, staying, limitAt: untilAt, changeAt } = handover
    const to = incoming.length > 0 ? incoming : staying
    const inherited: number[] = []
    for (const incident of Object.values(book.desk.incidents)) {
      if (incident.state !== 'acked' || !goesOff(book, incident, handover) || (incident.keptUntilAt ?? at) > at)
        continue
      inherited.push(incident.id)
      // Off two rosters at once: the first to be asked is the first of the policy, and both are.
      if (incident.inherited?.changeAt === changeAt) continue
      const what = { schedule, changeAt, from: incident.ackedBy ?? '', to, untilAt }
      note(book, { type: 'inherited', incident: incident.id, at, ...what })
    }
    for (const person of to) {
      const incidents = notJustTold(book, inherited, person, at)
      if (incidents.length > 0) pageWatch(book, handover, { kind: 'inherit', person, incidents, dueAt: null }, at)
    }
  }
}

/** Its owner goes off duty with this change, and is on no other roster of its policy. */
const goesOff = (book: Book, { ackedBy, policy }: Incident, { outgoing, schedule }: Handover) =>
  ackedBy !== null &&
  outgoing.includes(ackedBy) &&
  schedulesOf(policy).includes(schedule) &&
  !isOnRoster(book, policy, ackedBy)

/** The step at which an incident stands has nobody any more. */
function isGapOfStep(book: Book, { state, policy, step }: Incident, schedule: string): boolean {
  const targets = policy.steps[step]?.page ?? []
  if (state !== 'paging' || !targets.some((to) => to.kind === 'schedule' && to.name === schedule)) return false
  return targets.every((to) => to.kind === 'schedule' && holders(book, to.name).duty.length === 0)
}

/** Limits: of handovers, of those not relieved, of incidents whose owner is off duty, of leases. */
export function nextLimit(book: Book): Due | null {
  return first(limits(book))
}

function* limits(book: Book): Generator<Due> {
  // A change that was planned and never came: nobody has the watch by it.
  for (const handover of planned(book))
    if (handover.changeAt <= Math.max(book.desk.decidedAt, book.lookedAt.get(handover.schedule) ?? 0))
      yield { at: handover.changeAt, come: (to, now) => voided(to, handover, now) }
  for (const handover of Object.values(book.desk.handovers))
    if (handover.state === 'due' || handover.state === 'overdue' || handover.state === 'gap')
      yield { at: handover.limitAt, come: (to) => expire(to, handover) }
  for (const { schedule, holdovers } of Object.values(book.desk.watches))
    for (const { untilAt } of holdovers) yield { at: untilAt, come: (to) => releaseBy(to, schedule, untilAt) }
  for (const incident of Object.values(book.desk.incidents)) {
    if (incident.state !== 'acked') continue
    const { id, inherited, keptUntilAt, policy, ackedBy } = incident
    if (isOnRoster(book, policy, ackedBy ?? '')) continue
    if (inherited)
      yield {
        at: inherited.untilAt,
        come: (to) => reopen(to, id, { reason: 'off-duty', by: null }, inherited.untilAt),
      }
    else if (keptUntilAt !== null)
      yield { at: keptUntilAt, come: (to) => reopen(to, id, { reason: 'lease-over', by: null }, keptUntilAt) }
  }
}

/** Nobody confirmed: the outgoing are released all the same, and the last resort hears of it. */
function expire(book: Book, handover: Handover): void {
  const { schedule, limitAt: at, state } = handover
  // In a watch so short that both fall together, whoever is on duty is asked before others are.
  if (state === 'due') callIncoming(book, handover, null, at)
  const asked = book.desk.handovers[handoverId(schedule, handover.changeAt)] ?? handover
  const over = { ...asked, state: state === 'gap' ? ('gap-open' as const) : ('forced' as const), settledAt: at }
  note(book, { type: 'handover', incident: null, at, what: 'settled', handover: over })
  releaseBy(book, schedule, at)
  if (state === 'gap') return
  for (const person of lastResortOf(book.rules, schedule))
    pageWatch(book, handover, { kind: 'relief-failed', person, incidents: [], dueAt: null }, at)
}

function releaseBy(book: Book, schedule: string, at: number): void {
  const over = (book.desk.watches[schedule]?.holdovers ?? []).filter(({ untilAt }) => untilAt <= at)
  const people = over.map(({ person }) => person)
  if (people.length > 0) note(book, { type: 'released', incident: null, at, schedule, people, how: 'limit' })
}

/** What a handover does by itself: being planned, its window opening, being overdue. */
export function nextPrompt(book: Book): Due | null {
  return first(prompts(book))
}

function* prompts(book: Book): Generator<Due> {
  for (const name of Object.keys(book.desk.watches)) {
    const next = coming(book, name, Math.max(book.desk.decidedAt, book.lookedAt.get(name) ?? 0))
    if (!next) continue
    const row = book.desk.handovers[handoverId(name, next.changeAt)]
    const plannedAt = Math.min(next.changeAt - LEAD_MS, next.opensAt)
    // Also anew, when an edit has made the turns on either side others.
    const isPlanned = row !== undefined && row.state !== 'void'
    if (!isPlanned || row.opensAt !== next.opensAt || row.limitAt !== next.limitAt)
      yield { at: plannedAt, come: (to, now) => announce(to, next, 'planned', timely(plannedAt, now)) }
    else if (!next.opened)
      yield {
        at: next.opensAt,
        come: (to, now) => announce(to, { ...next, opened: true }, 'opened', timely(next.opensAt, now)),
      }
  }
  for (const handover of Object.values(book.desk.handovers))
    if (handover.state === 'due') yield { at: handover.overdueAt, come: (to, now) => remind(to, handover, now) }
}

/** What was slept through, or came into sight late, happens now. */
const timely = (dueAt: number, now: number) => firing(dueAt, now).at

function announce(book: Book, handover: Handover, what: 'planned' | 'opened', at: number): void {
  note(book, { type: 'handover', incident: null, at, what, handover })
}

/** Nobody has confirmed: the incoming are paged, which shows whether they can be. */
function remind(book: Book, handover: Handover, now: number): void {
  const { at, dueAt } = firing(handover.overdueAt, now)
  const overdue = { ...handover, state: 'overdue' as const }
  note(book, { type: 'handover', incident: null, at, what: 'settled', handover: overdue })
  callIncoming(book, overdue, dueAt, at)
}

function callIncoming(book: Book, handover: Handover, dueAt: number | null, at: number): void {
  const { schedule, incoming } = handover
  const incidents = Object.values(book.desk.incidents).flatMap(({ id, state, inherited }) =>
    state === 'acked' && inherited?.schedule === schedule ? [id] : [],
  )
  if (!isPaged(book.rules, schedule)) return
  const { duty } = holders(book, schedule)
  for (const person of incoming.filter((each) => duty.includes(each)))
    pageWatch(book, handover, { kind: 'relief-overdue', person, incidents, dueAt }, at)
}

const done = (): Outcome => ({ result: 'done', incident: null, how: 'confirmed', paged: [] })

/**
 * *I have the watch.* In the window before a change by one of the incoming: the outgoing stand relieved at once. After it by anybody on
 * duty: likewise. With the watch go the incidents of those who are relieved, but those that they keep.
 */
export function confirm(book: Book, { schedule, by }: Confirm, at: number): Outcome {
  if (!under(book.rules.schedules, schedule))
    return refuse({ code: 'unknown-target', kind: 'schedule', name: schedule })
  const next = coming(book, schedule, at)
  const before = book.desk.watches[schedule]
  if (next && isOpenAt(next, at) && next.incoming.includes(by)) return takeEarly(book, next, by, at)
  const waiting = unfinished(book, schedule)
  const last = latest(book, schedule)
  const onDuty = before?.people.includes(by) ?? false
  const offered = Object.values(book.desk.incidents).some(({ inherited }) => inherited?.schedule === schedule)
  const isSettled = last?.by === by || (last?.state === 'forced' && onDuty)
  const isAtHand = waiting !== undefined || (before?.holdovers.length ?? 0) > 0 || offered || isSettled
  if (!isAtHand)
    return next && isOpenAt(next, at)
      ? refuse({ code: 'not-incoming', schedule, people: next.incoming })
      : refuse({ code: 'no-handover', schedule, opensAt: next?.opensAt ?? null })
  if (!onDuty) return refuse({ code: 'not-incoming', schedule, people: before?.people ?? [] })
  const relieved = [...(before?.holdovers ?? []).map(({ person }) => person), ...(waiting?.outgoing ?? [])]
  relieve(book, schedule, by, at)
  takeOver(book, schedule, relieved, by, at)
  return done()
}

function takeEarly(book: Book, next: Handover, by: string, at: number): Outcome {
  const { schedule, outgoing } = next
  if (relievedEarly(book, schedule)) return done()
  const relieved = [...outgoing, ...(book.desk.watches[schedule]?.holdovers ?? []).map(({ person }) => person)]
  relieve(book, schedule, by, at)
  const early = { ...next, state: 'relieved-early' as const, opened: true, by, settledAt: at }
  note(book, { type: 'handover', incident: null, at, what: 'settled', handover: early })
  if (outgoing.length > 0)
    note(book, { type: 'released', incident: null, at, schedule, people: outgoing, how: 'relieved' })
  // They are on this roster still, for some minutes.
  takeOver(book, schedule, relieved, by, at, schedule)
  return done()
}

function takeOver(
  book: Book,
  schedule: string,
  relieved: readonly string[],
  by: string,
  at: number,
  but?: string,
): void {
  for (const { id, state, policy, ackedBy, inherited, keptUntilAt } of Object.values(book.desk.incidents)) {
    if (state !== 'acked' || ackedBy === null || ackedBy === by || !schedulesOf(policy).includes(schedule)) continue
    if (keptUntilAt !== null && keptUntilAt > at) continue
    const isTheirs = inherited?.schedule === schedule || relieved.includes(ackedBy)
    if (!isTheirs || isOnRoster(book, policy, ackedBy, but)) continue
    note(book, { type: 'taken', incident: id, at, by, from: ackedBy, how: 'with-the-watch' })
  }
}
