import type { Handler } from '../src/outbox.ts'
import { archiveChannel, lastSaidAt } from '../src/slack/furnish.ts'
import { oweArchives } from '../src/store/record.ts'
import { fallShort } from './shortfall.ts'
import { incidentOf, type JobDeps, settled } from './tell.ts'

/** Channels of incidents that have been over for long enough are owed to the archive. */
export const archives = (deps: JobDeps) => async (): Promise<void> => {
  const { archiveAfterMs } = deps.rules().incidents
  const now = deps.clock.now()
  if (archiveAfterMs !== null) await oweArchives(deps.store.pool, now - archiveAfterMs, now)
}

/** Archives the channel of an incident that is over, unless somebody has said something there since; then it is looked at again later. */
export function archive(deps: JobDeps): Handler {
  return async (claim) => {
    const { about } = claim
    if (about.kind !== 'archive') throw new Error(`${claim.key} archives nothing`)
    const { id, channel, resolvedAt } = await incidentOf(deps, about.incident)
    const { archiveAfterMs } = deps.rules().incidents
    // It was reopened: the next time that it is resolved has a row of its own.
    if (!channel || resolvedAt !== about.resolvedAt || archiveAfterMs === null) return { outcome: 'done' }
    const said = await lastSaidAt(deps.slack.rest, channel.id)
    if (!said.ok && said.kind !== 'never') return settled(said, null)
    const againAt = ((said.ok && said.value) || resolvedAt) + archiveAfterMs
    if (againAt > deps.clock.now()) return { outcome: 'done', result: { againAt } }
    const archived = await archiveChannel(deps.slack.rest, channel.id)
    if (archived.ok || (archived.kind === 'never' && archived.reason === 'already_archived')) return { outcome: 'done' }
    if (archived.kind === 'never')
      await fallShort(deps, { incident: id, step: 'archive', about: null, reason: archived.reason })
    return settled(archived, null)
  }
}
