import type { Handler } from '../src/outbox.ts'
import { entryMessage } from '../src/slack/blocks.ts'
import { burst as sentence } from '../src/slack/words.ts'
import { readBurst } from '../src/store/incidents.ts'
import { incidentOf, type JobDeps, keyed, show, tell, voice, whereabouts } from './tell.ts'

/** Alerts that came and went within moments of each other: one entry of the timeline for all of them, kept up to date. */
export function burst(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'burst') throw new Error(`${claim.key} is no burst of alerts`)
    const { channel } = await incidentOf(deps, claim.about.incident)
    if (!channel) return { outcome: 'never', reason: 'no channel' }
    const what = await readBurst(deps.store.pool, claim.about.incident, claim.about.fact)
    const said = await voice(deps)
    const message = entryMessage(said, what, sentence(said, what))
    const posted = whereabouts(claim.result)
    if (posted) return show(deps, posted, message)
    return tell(deps, claim, {
      call: deps.slack.rest,
      channel: channel.id,
      message: { ...message, metadata: keyed(claim) },
      sinceAt: what.at,
    })
  }
}
