import type { Handler } from '../src/outbox.ts'
import { reliefMessage } from '../src/slack/handover.ts'
import { readFact } from '../src/store/incidents.ts'
import { type JobDeps, keyed, tell, voice } from './tell.ts'

/** Who has the watch now, said in a channel. */
export function relief(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'relief') throw new Error(`${claim.key} is no relief`)
    const fact = await readFact(deps.store.pool, claim.about.fact)
    if (fact?.type !== 'handover' && fact?.type !== 'changed') throw new Error(`${claim.key} is about no handover`)
    const message = { ...reliefMessage(await voice(deps), fact.handover, fact.at), metadata: keyed(claim) }
    return tell(deps, claim, { call: deps.slack.rest, channel: claim.about.channel, message, sinceAt: fact.at })
  }
}
