import type { Book } from '../book.ts'
import { incidentOf, note } from '../book.ts'
import type { Handover, WatchPage } from '../handover.ts'
import type { Incident, Page, PageReason } from '../incident.ts'
import { isOpen } from '../incident.ts'
import { pageKey, watchPageKey } from '../owed.ts'
import { schedulesOf, type Target, under } from '../rules.ts'
import { coming, dutyReason, holders, isOpenAt, relievedEarly, timesOf, unfinished } from './holders.ts'

/** No second page to a person for one incident within this (`handover.md` Tdedupe). */
export const DEDUPE_MS = 2 * 60_000

interface PageIntent {
  incident: number
  person: string
  /** Null for the fallback. */
  step: number | null
  why: PageReason
  /** When the page was due, if it goes out late. */
  dueAt: number | null
}

type Told = 'new' | 'deduplicated' | 'unreachable'

/** Pages one person, or says why not. `new` and `deduplicated` mean that the person has been told; `unreachable` that nobody was. */
export function page(book: Book, intent: PageIntent, at: number): Told {
  const { person, step, why, dueAt } = intent
  const incident = incidentOf(book, intent.incident)
  const unreachable = under(book.desk.unreachable, person)
  if (unreachable !== undefined) {
    note(book, { type: 'skipped', incident: incident.id, at, person, reason: 'unreachable', detail: unreachable })
    return 'unreachable'
  }
  const { epoch, round } = incident
  const key = pageKey(incident.id, person, { epoch, round, step }, why)
  const before = incident.pages.find((p) => p.key === key)
  // The exhaustion pages in any case: it is the last page there is. Only not twice at one instant.
  const sinceMs = at - lastToldAt(incident, person)
  const isAgain = incident.pages.some((p) => p.person === person && p.step === null && p.at === at)
  if (before || (step === null ? isAgain : sinceMs < DEDUPE_MS)) {
    note(book, { type: 'skipped', incident: incident.id, at, person, reason: 'just-paged', detail: key })
    return 'deduplicated'
  }
  const refused = null
  const shadow = incident.shadow && { shadow: true as const }
  note(book, {
    type: 'paged',
    incident: incident.id,
    at,
    page: { key, person, at, epoch, round, step, why, dueAt, refused, ...shadow },
  })
  return 'new'
}

/** When somebody was last paged for an incident, or asked to take it over. Before it came back they heard that it was over. */
function lastToldAt({ pages, offered, cameBack }: Incident, person: string): number {
  const paged = pages
    .filter((p) => p.person === person && p.refused === null && p.epoch >= (cameBack ?? 0))
    .map((p) => p.at)
  const asked = offered.filter((offer) => offer.person === person).map((offer) => offer.at)
  return Math.max(Number.NEGATIVE_INFINITY, ...paged, ...asked)
}

/** What became of a step: somebody was told, nobody was on duty, or those named cannot be reached, or are busy. */
export type Reached = 'somebody' | 'nobody' | 'unreachable' | 'busy'

/** Pages everybody whom the current step of the incident names, as the watch stands at this instant. */
export function pageStep(book: Book, id: number, at: number, dueAt: number | null): Reached {
  const { policy, step, origin, by } = incidentOf(book, id)
  const results: (Told | 'busy')[] = []
  for (const target of policy.steps[step]?.page ?? []) {
    if (target.kind === 'person') {
      const why: PageReason = { kind: 'named', by: origin === 'call' ? by : null }
      results.push(page(book, { incident: id, person: target.name, step, why, dueAt }, at))
    } else results.push(...pageSchedule(book, id, target.name, at, dueAt))
  }
  if (results.some((result) => result === 'new' || result === 'deduplicated')) return 'somebody'
  if (results.includes('busy')) return 'busy'
  return results.length > 0 ? 'unreachable' : 'nobody'
}

/**
 * Whoever has the watch, and with them those who are not relieved yet. Those alone make no step wait: they are on their way home. Nor do
 * incoming people who are busy with something else (`handover.md` rules 3, 7, 12).
 */
function pageSchedule(book: Book, id: number, schedule: string, at: number, dueAt: number | null): (Told | 'busy')[] {
  const { duty, holdover } = holders(book, schedule)
  const { step } = incidentOf(book, id)
  if (duty.length === 0) note(book, { type: 'gap', incident: id, at, schedule, step })
  const why = dutyReason(book, schedule, at)
  const told: (Told | 'busy')[] = duty.map((person) => page(book, { incident: id, person, step, why, dueAt }, at))
  for (const { person, changeAt, untilAt } of holdover)
    page(book, { incident: id, person, step, why: { kind: 'holdover', schedule, changeAt, untilAt }, dueAt }, at)
  if (duty.length + holdover.length > 0 && incidentOf(book, id).drill === null) warnIncoming(book, id, schedule, at)
  return incomingAreBusy(book, id, schedule, at) ? told.map((each) => (each === 'unreachable' ? each : 'busy')) : told
}

/** A page in the window before a change goes to whoever is coming on duty, too, unless it is acknowledged soon; they hear of it at once. */
function warnIncoming(book: Book, id: number, schedule: string, at: number): void {
  const handover = coming(book, schedule, at)
  if (!handover || handover.incoming.length === 0 || !isOpenAt(handover, at) || relievedEarly(book, schedule)) return
  if (incidentOf(book, id).duals.some((dual) => dual.schedule === schedule)) return
  const { changeAt } = handover
  const people = notPagedAnyway(book, schedule, handover)
  if (people.length === 0) return
  const dualAt = Math.min(at + timesOf(book, schedule).dualMs, changeAt)
  note(book, { type: 'heads-up', incident: id, at, schedule, changeAt, people, dualAt })
}

/** The page that goes to whoever is coming on duty next, if anybody still is. */
export function pageIncoming(book: Book, id: number, schedule: string, at: number, dueAt: number | null): void {
  note(book, { type: 'dual', incident: id, at, schedule })
  const handover = coming(book, schedule, at)
  // The roster may have changed since: nobody is woken days before their watch.
  if (!handover || !isOpenAt(handover, at)) return
  const { policy } = incidentOf(book, id)
  const step = stepOf(policy.steps, schedule)
  const why: PageReason = { kind: 'incoming', schedule, changeAt: handover.changeAt }
  for (const person of notPagedAnyway(book, schedule, handover))
    page(book, { incident: id, person, step, why, dueAt }, at)
}

/** Of those who come on duty, whoever is not paged as having the watch still. */
function notPagedAnyway(book: Book, schedule: string, { incoming }: Handover): string[] {
  const { duty, holdover } = holders(book, schedule)
  return incoming.filter((name) => !duty.includes(name) && !holdover.some(({ person }) => person === name))
}

/** The first step that pages a schedule. */
export const stepOf = (steps: Incident['policy']['steps'], schedule: string) =>
  steps.findIndex(({ page: to }) => to.some((target) => target.kind === 'schedule' && target.name === schedule))

/** Whether, with somebody who has just come on duty and is not proven, all who are on duty have their hands full. */
export function incomingAreBusy(book: Book, id: number, schedule: string, at: number): boolean {
  const handover = unfinished(book, schedule)
  const { duty } = holders(book, schedule)
  if (!handover || !duty.some((person) => handover.incoming.includes(person))) return false
  return duty.every((person) => busy(book, person, schedule, id, at))
}

/** Owns another critical incident, or has left the page of another schedule unanswered for longer than the grace (`handover.md` rule 12). */
export function busy(book: Book, person: string, schedule: string, but: number, at: number): boolean {
  const { graceMs } = timesOf(book, schedule)
  const waits = ({ pages, answers }: Incident) =>
    pages.some(
      (each) =>
        each.person === person &&
        each.refused === null &&
        at - each.at > graceMs &&
        isOfAnother(each, schedule) &&
        (under(answers, person) ?? Number.NEGATIVE_INFINITY) < each.at,
    )
  return Object.values(book.desk.incidents).some((incident) => {
    if (incident.id === but || !isOpen(incident) || incident.drill !== null) return false
    if (incident.state === 'acked') return incident.ackedBy === person && incident.severity === 'critical'
    return waits(incident)
  })
}

const isOfAnother = ({ why }: Page, schedule: string) => !('schedule' in why) || why.schedule !== schedule

/**
 * Whether anybody whom the current step names has been told: by a page of the step, or by one so shortly before it that the step did not
 * repeat it. Null when the page in question is none of those.
 */
export function reachedStill(book: Book, incident: Incident, key: string): boolean | null {
  const current = incident.policy.steps[incident.step]
  const beganAt = (incident.deadlineAt ?? 0) - (current?.waitMs ?? 0)
  const named = new Set(current?.page.flatMap((target) => peopleOf(book, target)))
  const tells = (page: Page) => isOfStep(page, incident) || (named.has(page.person) && beganAt - page.at < DEDUPE_MS)
  const telling = incident.pages.filter(tells)
  return telling.some((page) => page.key === key) ? telling.some((page) => page.refused === null) : null
}

const isOfStep = (page: Page, { epoch, round, step }: Incident) =>
  page.epoch === epoch && page.round === round && page.step === step

const peopleOf = (book: Book, target: Target) =>
  target.kind === 'person' ? [target.name] : holders(book, target.name).duty

/** Pages the last resort: people, whatever the rota says. */
export function pageFallback(book: Book, id: number, at: number, dueAt: number | null): void {
  for (const person of incidentOf(book, id).policy.fallback)
    page(book, { incident: id, person, step: null, why: { kind: 'fallback' }, dueAt }, at)
}

/** Whether a step that pages this schedule has been executed since the incident was opened, or reopened. */
export function isExecuted({ policy, step, swept }: Incident, schedule: string): boolean {
  const first = stepOf(policy.steps, schedule)
  return first >= 0 && (swept || first <= step)
}

/** Pages whoever has a watch that an executed step names, and was never paged since the policy began. */
export function pageNewcomers(book: Book, id: number, at: number): void {
  const { policy, pages, epoch } = incidentOf(book, id)
  for (const schedule of schedulesOf(policy).filter((name) => isExecuted(incidentOf(book, id), name))) {
    const step = stepOf(policy.steps, schedule)
    const why = dutyReason(book, schedule, at)
    for (const person of holders(book, schedule).duty)
      if (!pages.some((each) => each.person === person && each.epoch === epoch))
        page(book, { incident: id, person, step, why, dueAt: null }, at)
  }
}

/** A page about the watch itself; once for each person, change and kind. */
export function pageWatch(
  book: Book,
  { schedule, changeAt }: Pick<Handover, 'schedule' | 'changeAt'>,
  what: Pick<WatchPage, 'kind' | 'person' | 'incidents' | 'dueAt'>,
  at: number,
): void {
  const key = watchPageKey(schedule, changeAt, what.kind, what.person)
  if (book.owed.has(key)) return
  note(book, { type: 'watch-paged', incident: null, at, page: { key, schedule, changeAt, at, ...what } })
}

/** The incidents of those that this person has not been told of just now. */
export const notJustTold = (book: Book, ids: readonly number[], person: string, at: number): number[] =>
  ids.filter((id) => at - lastToldAt(incidentOf(book, id), person) >= DEDUPE_MS)
