import type { Pool } from 'pg'
import type { Handover, Situation } from '../domain/handover.ts'
import { gravestFirst } from '../domain/incident.ts'
import { schedulesOf } from '../domain/rules.ts'
import { latestNotes, openIncidents } from './incidents.ts'
import { unreachablePeople } from './people.ts'
import { pagesOf } from './rota.ts'

/** What goes with a watch: read afresh each time that it is shown. */
export async function situationOf(pool: Pool, handover: Handover): Promise<Situation> {
  const [open, unreachable, shift] = await Promise.all([
    openIncidents(pool),
    unreachablePeople(pool),
    handover.outgoing.length > 0 ? pagesOf(pool, handover.outgoing, handover.sinceAt) : null,
  ])
  const ours = open.filter(({ policy }) => schedulesOf(policy).includes(handover.schedule))
  const notes = await latestNotes(
    pool,
    ours.map(({ id }) => id),
  )
  return { open: ours.sort(gravestFirst), notes, shift, unreachable }
}
