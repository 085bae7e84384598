import type { Handler } from '../src/outbox.ts'
import { entryMessage } from '../src/slack/blocks.ts'
import { entry } from '../src/slack/words.ts'
import { readFact } from '../src/store/incidents.ts'
import { incidentOf, type JobDeps, keyed, tell, voice } from './tell.ts'

/** An entry of the timeline, in the incident's channel; entries go in order because their lane does. */
export function post(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'post') throw new Error(`${claim.key} is no entry`)
    const fact = await readFact(deps.store.pool, claim.about.fact)
    const { channel } = await incidentOf(deps, claim.about.incident)
    if (!channel) return { outcome: 'never', reason: 'no channel' }
    const said = await voice(deps)
    const text = fact && entry(said, fact)
    if (!fact || !text) return { outcome: 'done' }
    const message = { ...entryMessage(said, fact, text), metadata: keyed(claim) }
    return tell(deps, claim, { call: deps.slack.rest, channel: channel.id, message, sinceAt: fact.at })
  }
}
