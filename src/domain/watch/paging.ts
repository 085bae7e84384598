import type { Book } from '../book.ts'
import { incidentOf, note } from '../book.ts'
import type { Incident, Page, PageReason } from '../incident.ts'
import { pageKey } from '../owed.ts'
import { type Rules, type Target, under } from '../rules.ts'
import { dutyReason, holders } from './holders.ts'

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

/** Pages one person, or says why not. `new` and `deduplicated` mean that the person has been told; `unreachable` that nobody was. */
function page(book: Book, intent: PageIntent, at: number): 'new' | 'deduplicated' | 'unreachable' {
  const { person, step, why, dueAt } = intent
  const incident = incidentOf(book, intent.incident)
  const unreachable = under(book.desk.unreachable, person)
  if (unreachable !== undefined) {
    note(book, { type: 'skipped', incident: incident.id, at, person, reason: 'unreachable', detail: unreachable })
    return 'unreachable'
  }
  const { epoch, round } = incident
  const key = pageKey(incident.id, person, epoch, round, step)
  const last = incident.pages.filter((p) => p.person === person && p.refused === null).at(-1)
  const before = incident.pages.find((p) => p.key === key)
  // The exhaustion pages in any case: it is the last page there is.
  if (before || (last && step !== null && at - last.at < DEDUPE_MS)) {
    note(book, { type: 'skipped', incident: incident.id, at, person, reason: 'just-paged', detail: key })
    return 'deduplicated'
  }
  const refused = null
  note(book, {
    type: 'paged',
    incident: incident.id,
    at,
    page: { key, person, at, epoch, round, step, why, dueAt, refused },
  })
  return 'new'
}

/** What became of a step: somebody was told, nobody was on duty, or those named cannot be reached. */
export type Reached = 'somebody' | 'nobody' | 'unreachable'

/** Pages everybody whom the current step of the incident names, as the rota stands at this instant. */
export function pageStep(book: Book, id: number, at: number, dueAt: number | null): Reached {
  const { policy, step, origin, by } = incidentOf(book, id)
  const results: string[] = []
  for (const target of policy.steps[step]?.page ?? []) {
    if (target.kind === 'person') {
      const why: PageReason = { kind: 'named', by: origin === 'call' ? by : null }
      results.push(page(book, { incident: id, person: target.name, step, why, dueAt }, at))
      continue
    }
    const { duty } = holders(book.rules, target.name, at)
    if (duty.length === 0) note(book, { type: 'gap', incident: id, at, schedule: target.name, step })
    const why = dutyReason(book.rules, target.name, at)
    for (const person of duty) results.push(page(book, { incident: id, person, step, why, dueAt }, at))
  }
  if (results.some((result) => result !== 'unreachable')) return 'somebody'
  return results.length > 0 ? 'unreachable' : 'nobody'
}

/**
 * Whether anybody whom the current step names has been told: by a page of the step, or by one so shortly before it that the step did not
 * repeat it. Null when the page in question is none of those.
 */
export function reachedStill(rules: Rules, incident: Incident, key: string): boolean | null {
  const current = incident.policy.steps[incident.step]
  const beganAt = (incident.deadlineAt ?? 0) - (current?.waitMs ?? 0)
  const named = new Set(current?.page.flatMap((target) => peopleOf(rules, target, beganAt)))
  const tells = (page: Page) => isOfStep(page, incident) || (named.has(page.person) && beganAt - page.at < DEDUPE_MS)
  const telling = incident.pages.filter(tells)
  return telling.some((page) => page.key === key) ? telling.some((page) => page.refused === null) : null
}

const isOfStep = (page: Page, { epoch, round, step }: Incident) =>
  page.epoch === epoch && page.round === round && page.step === step

const peopleOf = (rules: Rules, target: Target, at: number) =>
  target.kind === 'person' ? [target.name] : holders(rules, target.name, at).duty

/** Pages the last resort: people, whatever the rota says. */
export function pageFallback(book: Book, id: number, at: number, dueAt: number | null): void {
  for (const person of incidentOf(book, id).policy.fallback)
    page(book, { incident: id, person, step: null, why: { kind: 'fallback' }, dueAt }, at)
}
