import type { Handler } from '../src/outbox.ts'
import { shadowMessage } from '../src/slack/shadow.ts'
import { readFact } from '../src/store/incidents.ts'
import { incidentOf, type JobDeps, keyed, tell, voice } from './tell.ts'

/** Shadow mode: what would be done, said in its channel and nowhere else. */
export function would(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'would') throw new Error(`${claim.key} is nothing of shadow mode`)
    const fact = await readFact(deps.store.pool, claim.about.fact)
    if (!fact) throw new Error(`${claim.key} is about no fact on record`)
    const incident = fact.incident === null ? null : await incidentOf(deps, fact.incident)
    const said = shadowMessage(await voice(deps), fact, incident)
    if (said === null) return { outcome: 'done' }
    const message = { ...said, metadata: keyed(claim) }
    return tell(deps, claim, { call: deps.slack.rest, channel: claim.about.channel, message, sinceAt: fact.at })
  }
}
