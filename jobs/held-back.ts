import { dependents } from '../src/domain/detect/depends.ts'
import { type HeldBack, NONE_HELD } from '../src/domain/holding.ts'
import { downIn, type Incident } from '../src/domain/incident.ts'
import { messageOf } from '../src/errors.ts'
import { heldBackBy } from '../src/store/held.ts'
import { charts } from './charts.ts'
import type { JobDeps } from './tell.ts'

/** What goes with a page beside its words. Neither fails it, and what there is nothing of costs nothing. */
export const besides = (deps: JobDeps, incident: Incident) =>
  Promise.all([charts(deps, incident), heldBack(deps, incident)])

/** What an incident holds back, because it depends on what is down in it. */
export async function heldBack(deps: JobDeps, incident: Incident): Promise<HeldBack> {
  const down = downIn(incident).filter((name) => dependents(deps.rules(), name).length > 0)
  if (down.length === 0) return NONE_HELD
  return heldBackBy(deps.store.pool, down).catch((error: unknown) => {
    deps.log.debug({ incident: incident.id, reason: messageOf(error) }, 'what it holds back could not be read')
    return NONE_HELD
  })
}
