import type { Handler } from '../src/outbox.ts'
import { plainMessage } from '../src/slack/blocks.ts'
import { coveredNews, dropApproval } from '../src/slack/coverage.ts'
import { readFact } from '../src/store/incidents.ts'
import { type JobDeps, keyed, tell, voice } from './tell.ts'

/** What somebody decided about a name of the ledger, in the channel of its service. */
export function covered(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'covered') throw new Error(`${claim.key} is about no name`)
    const { fact: id, channel } = claim.about
    const fact = await readFact(deps.store.pool, id)
    if (fact?.type !== 'covered') throw new Error(`${claim.key} is about no decision on record`)
    const { text, blocks } = plainMessage(coveredNews(await voice(deps), fact))
    const message = { text, blocks: [...blocks, ...dropApproval(fact)], metadata: keyed(claim) }
    return tell(deps, claim, { call: deps.slack.rest, channel, message, sinceAt: fact.at })
  }
}
