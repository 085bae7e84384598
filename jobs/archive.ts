import type { Handler } from '../src/outbox.ts'
import { archiveChannel, lastSaidAt } from '../src/slack/furnish.ts'
import { fallShort } from './shortfall.ts'
import { incidentOf, type JobDeps, settled } from './tell.ts'

/** Looked at again this often at least: the configuration may want it sooner by then. */
const LOOK_MS = 86_400_000

/** Archives the channel of an incident that is over, once nobody has said anything there for long enough. */
export function archive(deps: JobDeps): Handler {
  return async (claim) => {
    const { about } = claim
    if (about.kind !== 'archive') throw new Error(`${claim.key} archives nothing`)
    const { id, channel, resolvedAt } = await incidentOf(deps, about.incident)
    const { archiveAfterMs } = deps.rules().incidents
    // It was reopened: the next time that it is resolved has a row of its own.
    if (!channel || resolvedAt !== about.resolvedAt || archiveAfterMs === null) return { outcome: 'done' }
    const wait = (sinceAt: number) => sinceAt + archiveAfterMs - deps.clock.now()
    const again = (ms: number) => ({
      outcome: 'again' as const,
      reason: 'not quiet for long enough',
      afterMs: Math.min(ms, LOOK_MS),
    })
    if (wait(resolvedAt) > 0) return again(wait(resolvedAt))
    const said = await lastSaidAt(deps.slack.rest, channel.id)
    if (!said.ok && said.kind !== 'never') return settled(said, null)
    if (said.ok && said.value !== null && wait(said.value) > 0) return again(wait(said.value))
    const archived = await archiveChannel(deps.slack.rest, channel.id)
    if (archived.ok || archived.kind !== 'never' || archived.reason === 'already_archived')
      return archived.ok || archived.kind === 'never' ? { outcome: 'done' } : settled(archived, null)
    await fallShort(deps, { incident: id, step: 'archive', about: null, reason: archived.reason })
    return { outcome: 'done' }
  }
}
