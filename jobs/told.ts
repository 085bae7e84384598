import type { Handler } from '../src/outbox.ts'
import { overMessage } from '../src/slack/blocks.ts'
import { readFact } from '../src/store/incidents.ts'
import { resultOf } from '../src/store/owed.ts'
import { type JobDeps, keyed, tell, voice, whereabouts } from './tell.ts'

/** A word in the thread of a page, to somebody whom it woke: it is over. */
export function told(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'told') throw new Error(`${claim.key} is no word in a thread`)
    const fact = await readFact(deps.store.pool, claim.about.fact)
    const page = await resultOf(deps.store.pool, claim.about.page)
    const posted = whereabouts(page?.result ?? null)
    if (!posted && (page?.state === 'open' || page?.state === 'unknown'))
      return { outcome: 'again', reason: 'whether the page arrived is not known yet' }
    if (!posted || fact?.type !== 'resolved') return { outcome: 'done' }
    const message = { ...overMessage(await voice(deps), fact), metadata: keyed(claim) }
    const { channel, ts } = posted
    return tell(deps, claim, { call: deps.slack.rest, channel, threadTs: ts, message, sinceAt: fact.at })
  }
}
