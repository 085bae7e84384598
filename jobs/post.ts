import type { Handler } from '../src/outbox.ts'
import { entryMessage } from '../src/slack/blocks.ts'
import { entry } from '../src/slack/words.ts'
import { readFact } from '../src/store/incidents.ts'
import { fallShort } from './shortfall.ts'
import { incidentOf, type JobDeps, keyed, tell, voice } from './tell.ts'

/** Somebody has archived or removed the channel. */
const GONE = new Set(['is_archived', 'channel_not_found'])

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
    const sent = await tell(deps, claim, { call: deps.slack.rest, channel: channel.id, message, sinceAt: fact.at })
    // The record has the entry all the same; that nobody reads it there any more is worth an entry of its own.
    if (sent.outcome === 'never' && GONE.has(sent.reason))
      await fallShort(deps, { incident: claim.about.incident, step: 'channel', about: null, reason: sent.reason })
    return sent
  }
}
