import type { Handler } from '../src/outbox.ts'
import { loudMessage } from '../src/slack/blocks.ts'
import { readFact } from '../src/store/incidents.ts'
import { incidentOf, type JobDeps, keyed, tell, voice } from './tell.ts'

/** Nobody answered: said to everybody in the channel of the service, or in the incident's own. */
export function loud(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'loud') throw new Error(`${claim.key} is no loud post`)
    const incident = await incidentOf(deps, claim.about.incident)
    const fact = await readFact(deps.store.pool, claim.about.fact)
    if (fact?.type !== 'exhausted') throw new Error(`${claim.key} is about no exhaustion`)
    const channel = deps.rules().services[incident.service ?? '']?.channel ?? incident.channel?.id
    if (!channel) return { outcome: 'again', reason: 'no channel yet' }
    const message = { ...loudMessage(voice(deps), incident, fact), metadata: keyed(claim) }
    return tell(deps, claim, { call: deps.slack.pages, channel, message, sinceAt: fact.at })
  }
}
