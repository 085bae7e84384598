import type { Handover } from '../src/domain/handover.ts'
import { graver, type Incident } from '../src/domain/incident.ts'
import { schedulesOf } from '../src/domain/watch/holders.ts'
import type { Situation } from '../src/slack/handover.ts'
import { openIncidents } from '../src/store/incidents.ts'
import { unreachablePeople } from '../src/store/people.ts'
import { pagesOf, readHandover } from '../src/store/rota.ts'
import type { JobDeps } from './tell.ts'

/** What goes with a watch: read afresh each time that it is shown. */
export async function situationOf({ store }: JobDeps, handover: Handover): Promise<Situation> {
  const [open, unreachable, shift] = await Promise.all([
    openIncidents(store.pool),
    unreachablePeople(store.pool),
    handover.outgoing.length > 0 ? pagesOf(store.pool, handover.outgoing, handover.sinceAt) : null,
  ])
  const ours = open.filter(({ policy }) => schedulesOf(policy).includes(handover.schedule))
  return { open: ours.sort(byGravity), shift, unreachable }
}

const byGravity = (a: Incident, b: Incident) =>
  a.severity === b.severity ? a.id - b.id : graver(a.severity, b.severity) === a.severity ? -1 : 1

export async function handoverOf({ store }: JobDeps, schedule: string, changeAt: number): Promise<Handover> {
  const handover = await readHandover(store.pool, schedule, changeAt)
  if (!handover) throw new Error(`the handover of ${schedule} at ${changeAt} is owed something but is not on record`)
  return handover
}
