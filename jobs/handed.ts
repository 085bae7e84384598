import type { Handler } from '../src/outbox.ts'
import { handedMessage } from '../src/slack/handover.ts'
import { readFact } from '../src/store/incidents.ts'
import { dmOf, incidentOf, type JobDeps, keyed, show, tell, voice, whereabouts } from './tell.ts'

/** Somebody is asked to take an incident; kept up to date. */
export function handed(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'handed') throw new Error(`${claim.key} asks nobody to take anything`)
    const fact = await readFact(deps.store.pool, claim.about.fact)
    if (fact?.type !== 'handed') throw new Error(`${claim.key} is about nothing that is handed over`)
    const incident = await incidentOf(deps, claim.about.incident)
    const message = handedMessage(await voice(deps), incident, fact, claim.about.person)
    const posted = whereabouts(claim.result)
    if (posted) return show(deps, posted, message)
    const dm = await dmOf(deps.slack.rest, deps, claim.about.person)
    if ('outcome' in dm) return dm
    const isTheirs = incident.state === 'acked' && incident.ackedBy === fact.by
    return tell(deps, claim, {
      call: deps.slack.rest,
      channel: dm.channel,
      message: { ...message, metadata: keyed(claim) },
      sinceAt: fact.at,
      moot: isTheirs ? null : 'not asked any more',
    })
  }
}
