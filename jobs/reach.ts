import type { Handler } from '../src/outbox.ts'
import { reachMessage } from '../src/slack/blocks.ts'
import { dmOf, type JobDeps, keyed, tell, voice } from './tell.ts'

/** That a page may not reach somebody during their shift: to themselves, or to their team. */
export function reach(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'reach') throw new Error(`${claim.key} is nothing about reaching somebody`)
    const { to, doubt, at } = claim.about
    if (doubt.endAt <= deps.clock.now()) return { outcome: 'never', reason: 'their shift is over' }
    const place = 'person' in to ? await dmOf(deps.slack.rest, deps, to.person) : to
    if ('outcome' in place) return place
    const message = { ...reachMessage(await voice(deps), doubt, 'person' in to), metadata: keyed(claim) }
    return tell(deps, claim, { call: deps.slack.rest, channel: place.channel, message, sinceAt: at })
  }
}
