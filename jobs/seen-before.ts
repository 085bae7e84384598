import type { Handler } from '../src/outbox.ts'
import { plainMessage } from '../src/slack/blocks.ts'
import { seenBefore as words } from '../src/slack/channel.ts'
import { latestNotes } from '../src/store/incidents.ts'
import { incidentsLike } from '../src/store/record.ts'
import { incidentOf, type JobDeps, keyed, tell, voice } from './tell.ts'

/** Incidents of the same monitor, or else of the same service, with how each ended: offered to whoever looks for a place to begin. */
export function seenBefore(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'seen-before') throw new Error(`${claim.key} tells of nothing before`)
    const incident = await incidentOf(deps, claim.about.incident)
    if (!incident.channel) return { outcome: 'never', reason: 'no channel' }
    const { pool } = deps.store
    const before = await incidentsLike(pool, incident)
    if (before.length === 0) return { outcome: 'done' }
    const notes = await latestNotes(
      pool,
      before.map(({ id }) => id),
    )
    const message = { ...plainMessage(words(await voice(deps), before, notes)), metadata: keyed(claim) }
    const channel = incident.channel.id
    return tell(deps, claim, { call: deps.slack.rest, channel, message, sinceAt: incident.openedAt })
  }
}
