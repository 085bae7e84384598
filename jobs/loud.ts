import { isOpen } from '../src/domain/incident.ts'
import type { Handler } from '../src/outbox.ts'
import { loudMessage } from '../src/slack/blocks.ts'
import { readFact } from '../src/store/incidents.ts'
import { incidentOf, type JobDeps, keyed, show, tell, voice, whereabouts } from './tell.ts'

/** Nobody answered: said to everybody in the channel of the service, or in the incident's own, and taken back once somebody has it. */
export function loud(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'loud') throw new Error(`${claim.key} is no loud post`)
    const incident = await incidentOf(deps, claim.about.incident)
    const fact = await readFact(deps.store.pool, claim.about.fact)
    if (fact?.type !== 'exhausted' && fact?.type !== 'refused')
      throw new Error(`${claim.key} is about nothing that is said loudly`)
    const rendered = loudMessage(await voice(deps), incident, fact)
    const posted = whereabouts(claim.result)
    if (posted) return show(deps, posted, rendered)
    const channel = deps.rules().services[incident.service ?? '']?.channel ?? incident.channel?.id
    if (!channel && isOpen(incident)) return { outcome: 'again', reason: 'no channel yet' }
    if (!channel) return { outcome: 'never', reason: 'no channel, and the incident is over' }
    const message = { ...rendered, metadata: keyed(claim) }
    const moot = incident.state === 'exhausted' ? null : `not needed any more: ${incident.state}`
    return tell(deps, claim, { call: deps.slack.pages, channel, message, sinceAt: fact.at, moot })
  }
}
