import type { Handler } from '../src/outbox.ts'
import { plainMessage } from '../src/slack/blocks.ts'
import { approval, silenceEnds, silenceNews } from '../src/slack/silence.ts'
import { readFact } from '../src/store/incidents.ts'
import { firingUnder } from '../src/store/silences.ts'
import { dmOf, type JobDeps, keyed, tell, voice } from './tell.ts'

/** What becomes of a silence, in the channel of its service or to its owner. */
export function silence(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'silence') throw new Error(`${claim.key} is about no silence`)
    const { to } = claim.about
    const fact = await readFact(deps.store.pool, claim.about.fact)
    if (fact?.type !== 'silence') throw new Error(`${claim.key} is about no silence on record`)
    const firing = await firingUnder(deps.store.pool, fact.silence)
    const said = await voice(deps)
    const text = 'person' in to ? silenceEnds(said, fact, firing) : silenceNews(said, fact, firing)
    if (text === null) return { outcome: 'done' }
    const place = 'person' in to ? await dmOf(deps.slack.rest, deps, to.person) : to
    if ('outcome' in place) return place
    const { text: spoken, blocks } = plainMessage(text)
    const message = { text: spoken, blocks: [...blocks, ...approval(fact)], metadata: keyed(claim) }
    return tell(deps, claim, { call: deps.slack.rest, channel: place.channel, message, sinceAt: fact.at })
  }
}
