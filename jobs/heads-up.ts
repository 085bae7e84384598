import type { Handler } from '../src/outbox.ts'
import { headsUpMessage } from '../src/slack/handover.ts'
import { readFact } from '../src/store/incidents.ts'
import { dmOf, incidentOf, type JobDeps, keyed, tell, voice } from './tell.ts'

/** Whoever comes on duty next hears of an incident before it becomes a page to them. */
export function headsUp(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'heads-up') throw new Error(`${claim.key} is no heads-up`)
    const fact = await readFact(deps.store.pool, claim.about.fact)
    if (fact?.type !== 'heads-up') throw new Error(`${claim.key} is about no heads-up`)
    const incident = await incidentOf(deps, claim.about.incident)
    const dm = await dmOf(deps.slack.rest, deps, claim.about.person)
    if ('outcome' in dm) return dm
    const moot =
      incident.state === 'acked' || incident.state === 'resolved' ? `not news any more: ${incident.state}` : null
    const message = { ...headsUpMessage(await voice(deps), incident, fact), metadata: keyed(claim) }
    return tell(deps, claim, { call: deps.slack.rest, channel: dm.channel, message, sinceAt: fact.at, moot })
  }
}
