import type { Handler } from '../src/outbox.ts'
import { handoverMessage } from '../src/slack/handover.ts'
import { readHandover } from '../src/store/rota.ts'
import { situationOf } from '../src/store/situation.ts'
import { type JobDeps, keyed, show, tell, voice, whereabouts } from './tell.ts'

/** The handover in a channel of the services that the schedule answers for, kept up to date. */
export function handover(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'handover') throw new Error(`${claim.key} is no handover`)
    const { schedule, changeAt, channel } = claim.about
    const found = await readHandover(deps.store.pool, schedule, changeAt)
    // A clock that was wrong had it planned.
    if (!found) return { outcome: 'done' }
    const message = handoverMessage(
      await voice(deps),
      found,
      await situationOf(deps.store.pool, deps.rules(), found, deps.clock.now(), null),
    )
    const posted = whereabouts(claim.result)
    if (posted) return show(deps, posted, message)
    return tell(deps, claim, {
      call: deps.slack.rest,
      channel,
      message: { ...message, metadata: keyed(claim) },
      sinceAt: Math.min(found.opensAt, deps.clock.now()),
    })
  }
}
