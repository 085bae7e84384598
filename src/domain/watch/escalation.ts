import type { Book } from '../book.ts'
import { incidentOf, note } from '../book.ts'
import type { Fact } from '../fact.ts'
import type { Handover } from '../handover.ts'
import type { Incident } from '../incident.ts'
import { place } from '../incident.ts'
import { under } from '../rules.ts'
import { timesOf } from './holders.ts'
import {
  incomingAreBusy,
  isExecuted,
  page,
  pageFallback,
  pageIncoming,
  pageStep,
  reachedStill,
  stepOf,
} from './paging.ts'

/**
 * A timer that fires later than this was asleep (a stop of the program): its next deadline counts from now, because nobody's time runs
 * while nobody could be paged (`handover.md` I11). Below it, deadlines are counted from each other, and do not drift.
 */
const LATE_MS = 5_000

type Reason = Extract<Fact, { type: 'stepped' }>['reason']

interface Climb {
  round: number
  step: number
  reason: Reason
  by?: string | null
  dueAt?: number | null
}

/**
 * Goes to a step of the policy and pages it. A step that reaches nobody never waits: the next follows at the same instant, then the next
 * round; when a whole round reaches nobody, or the rounds are over, the fallback is paged, loudly. Nothing is ever dropped.
 */
export function climb(book: Book, id: number, to: Climb, at: number): void {
  const { policy, epoch } = incidentOf(book, id)
  const { by = null, dueAt = null } = to
  let { round, step, reason } = to
  for (let tried = 0; tried < policy.steps.length; tried++) {
    if (step >= policy.steps.length) {
      round += 1
      step = 0
    }
    const stand = policy.steps[step]
    if (round > policy.rounds || !stand) break
    const waitsUntilAt = at + stand.waitMs
    note(book, { type: 'stepped', incident: id, at, epoch, round, step, waitsUntilAt, reason, by })
    const reached = pageStep(book, id, at, dueAt)
    if (reached === 'somebody') return
    reason = reached
    step += 1
  }
  exhaust(
    book,
    id,
    reason === 'start' || reason === 'reopened' || reason === 'new-watch' ? 'nobody' : reason,
    dueAt,
    at,
  )
}

function exhaust(
  book: Book,
  id: number,
  reason: Extract<Fact, { type: 'exhausted' }>['reason'],
  dueAt: number | null,
  at: number,
): void {
  // Nobody answered a drill, or could be paged for it: it is over, and nobody else is woken.
  if (incidentOf(book, id).drill !== null) endDrill(book, id, at)
  else {
    note(book, { type: 'exhausted', incident: id, at, reason })
    pageFallback(book, id, at, dueAt)
  }
}

/** A drill is over once somebody has acknowledged it, or nobody did. */
export const endDrill = (book: Book, id: number, at: number): void =>
  note(book, { type: 'resolved', incident: id, at, by: null, stillFiring: [], recheckAt: null })

/** The step after the one at which the incident stands. */
export function climbOn(book: Book, incident: Incident, why: Omit<Climb, 'round' | 'step'>, at: number): void {
  climb(book, incident.id, { ...why, round: incident.round, step: incident.step + 1 }, at)
}

/** The instant at which a timer counts as fired, and when it was due if that is late. */
export function firing(dueAt: number, now: number): { at: number; dueAt: number | null } {
  return now - dueAt > LATE_MS ? { at: now, dueAt } : { at: dueAt, dueAt: null }
}

/** What the clock brings about, and when. */
export interface Due {
  at: number
  come(book: Book, now: number): void
}

/** What comes at an instant, or as soon after it as somebody looks. */
export const dueAt = (at: number, come: (book: Book, at: number) => void): Due => ({
  at,
  come: (book, now) => come(book, firing(at, now).at),
})

/** The first timer of all incidents. Whoever is coming is paged before the next step is gone to. */
export function nextTimer({ desk }: Pick<Book, 'desk'>): Due | null {
  let first: (Due & { rank: number }) | null = null
  const offer = (at: number, rank: number, come: Due['come']) => {
    if (!first || at < first.at || (at === first.at && rank < first.rank)) first = { at, rank, come }
  }
  for (const { id, state, deadlineAt, duals } of Object.values(desk.incidents)) {
    for (const dual of state === 'paging' || state === 'exhausted' ? duals : [])
      offer(dual.at, 0, (book, now) => {
        const { at, dueAt } = firing(dual.at, now)
        pageIncoming(book, id, dual.schedule, at, dueAt)
      })
    if (deadlineAt !== null)
      offer(deadlineAt, 1, (book, now) => {
        const { at, dueAt } = firing(deadlineAt, now)
        climbOn(book, incidentOf(book, id), { reason: 'unanswered', dueAt }, at)
      })
  }
  return first
}

/** Whether a timer that was due then was slept through. */
export const isLate = (dueAt: number, now: number) => now - dueAt > LATE_MS

/**
 * Those who come on duty are paged for an incident that nobody has yet, and have time before the next step is gone to, once for each step;
 * one that was given up begins once more where they stand. If they are all busy with something else, the next step follows at once.
 */
export function carryOver(
  book: Book,
  id: number,
  handover: Pick<Handover, 'schedule' | 'changeAt' | 'incoming'>,
  at: number,
): void {
  const { schedule, changeAt, incoming } = handover
  const { state, policy, pages } = incidentOf(book, id)
  // A drill is for whoever had the watch when it began.
  if (!isExecuted(incidentOf(book, id), schedule) || incidentOf(book, id).drill !== null) return
  const isNew = (person: string) => !pages.some((each) => each.person === person && !isDual(each, handover))
  const news = incoming.some(isNew)
  const step = stepOf(policy.steps, schedule)
  const reachable = incoming.some((person) => under(book.desk.unreachable, person) === undefined)
  // What this very change has just exhausted does not begin again.
  const isFresh = book.facts.some((fact) => fact.type === 'exhausted' && fact.incident === id && fact.at === at)
  if (state === 'exhausted' && reachable && !isFresh) beginAgain(book, id, step, at)
  const why = { kind: 'carryover', schedule, changeAt } as const
  for (const person of incoming) page(book, { incident: id, person, step, why, dueAt: null }, at)
  // Given up, and whoever comes cannot be reached either.
  if (incidentOf(book, id).state !== 'paging') return
  if (incomingAreBusy(book, id, schedule, at)) climbOn(book, incidentOf(book, id), { reason: 'busy' }, at)
  else if (news) giveTime(book, id, schedule, at)
}

/** Somebody who was paged because they come with this very change is still new to the incident. */
const isDual = ({ why }: Incident['pages'][number], { schedule, changeAt }: Pick<Handover, 'schedule' | 'changeAt'>) =>
  why.kind === 'incoming' && why.schedule === schedule && why.changeAt === changeAt

/** The steps that remain are gone through once more. */
function beginAgain(book: Book, id: number, step: number, at: number): void {
  const { policy, epoch } = incidentOf(book, id)
  const waitsUntilAt = at + (policy.steps[step]?.waitMs ?? 0)
  const where = { epoch: epoch + 1, round: policy.rounds, step }
  note(book, { type: 'stepped', incident: id, at, ...where, waitsUntilAt, reason: 'new-watch', by: null })
}

function giveTime(book: Book, id: number, schedule: string, at: number): void {
  const incident = incidentOf(book, id)
  const deadlineAt = at + timesOf(book, schedule).graceMs
  if (incident.deadlineAt === null || incident.deadlineAt >= deadlineAt || incident.graced === place(incident)) return
  note(book, { type: 'postponed', incident: id, at, schedule, deadlineAt })
}

/** The acknowledgement counts no more: step 1 afresh, with whoever has the watch now. */
export function reopen(
  book: Book,
  id: number,
  why: Pick<Extract<Fact, { type: 'reopened' }>, 'reason' | 'by'>,
  at: number,
): void {
  note(book, { type: 'reopened', incident: id, at, from: incidentOf(book, id).ackedBy, ...why })
  climb(book, id, { round: 1, step: 0, reason: 'reopened', by: why.by }, at)
}

/** A page could not be delivered. When nobody of the current step was reached after all, the next step follows at once. */
export function refused(book: Book, id: number, key: string, at: number): void {
  const incident = incidentOf(book, id)
  if (incident.state !== 'paging') return
  if (reachedStill(book, incident, key) === false) climbOn(book, incident, { reason: 'unreachable' }, at)
}
