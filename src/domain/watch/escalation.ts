import type { Book } from '../book.ts'
import { incidentOf, note } from '../book.ts'
import type { Incident } from '../incident.ts'
import { pageFallback, pageStep, reachedStill } from './paging.ts'

/**
 * A timer that fires later than this was asleep (a stop of the program): its next deadline counts from now, because nobody's time runs
 * while nobody could be paged (`handover.md` I11). Below it, deadlines are counted from each other, and do not drift.
 */
const LATE_MS = 5_000

type Reason = 'start' | 'unanswered' | 'asked' | 'nobody' | 'unreachable'

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
  exhaust(book, id, reason === 'start' ? 'nobody' : reason, dueAt, at)
}

function exhaust(book: Book, id: number, reason: Exclude<Reason, 'start'>, dueAt: number | null, at: number): void {
  note(book, { type: 'exhausted', incident: id, at, reason })
  pageFallback(book, id, at, dueAt)
}

/** The step after the one at which the incident stands. */
export function climbOn(book: Book, incident: Incident, why: Omit<Climb, 'round' | 'step'>, at: number): void {
  climb(book, incident.id, { ...why, round: incident.round, step: incident.step + 1 }, at)
}

/** The instant at which a timer counts as fired, and when it was due if that is late. */
export function firing(dueAt: number, now: number): { at: number; dueAt: number | null } {
  return now - dueAt > LATE_MS ? { at: now, dueAt } : { at: dueAt, dueAt: null }
}

/** Fires what is due. Each overdue timer fires once. */
export function timers(book: Book, now: number): void {
  for (;;) {
    const due = nextDeadline(book)
    if (due?.deadlineAt == null || due.deadlineAt > now) return
    const { at, dueAt } = firing(due.deadlineAt, now)
    climbOn(book, due, { reason: 'unanswered', dueAt }, at)
  }
}

function nextDeadline(book: Book): Incident | null {
  let first: Incident | null = null
  for (const incident of Object.values(book.desk.incidents)) {
    if (incident.deadlineAt === null) continue
    if (first?.deadlineAt == null || incident.deadlineAt < first.deadlineAt) first = incident
  }
  return first
}

/** A page could not be delivered. When nobody of the current step was reached after all, the next step follows at once. */
export function refused(book: Book, id: number, key: string, at: number): void {
  const incident = incidentOf(book, id)
  if (incident.state !== 'paging') return
  if (reachedStill(book.rules, incident, key) === false) climbOn(book, incident, { reason: 'unreachable' }, at)
}
