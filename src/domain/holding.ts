import type { Desk } from './book.ts'
import { begunIn, endedIn, type Recorded } from './fact.ts'
import { alertId, downIn, isOpen } from './incident.ts'
import { type Owed, views } from './owed.ts'

/** What is held back by something that is down: some of it, the longest first, and how much that is in all. */
export interface HeldBack {
  some: readonly { monitor: string; service: string; sinceAt: number }[]
  all: number
}
export const NONE_HELD: HeldBack = { some: [], all: 0 }

/** Whoever was paged for what holds others back sees which: what a fact changes of that is owed to their views, in its time. */
export function owesOfHolding(fact: Recorded, before: Desk, desk: Desk): Owed[] {
  if (!('service' in fact) || fact.service === null) return []
  const { service } = fact
  const keys = [...begunIn(fact), ...endedIn(fact)].map(({ key }) => alertId(service, key))
  const by = new Set(
    keys.flatMap((id) =>
      [before.alerts[id], desk.alerts[id]].flatMap((alert) => (alert?.held?.sure ? alert.held.by : [])),
    ),
  )
  if (by.size === 0) return []
  return Object.values(desk.incidents)
    .filter((incident) => isOpen(incident) && downIn(incident).some((name) => by.has(name)))
    .flatMap((incident) => views(incident).map((view): Owed => ({ ...view, lazy: true })))
}
