import type { Handler } from '../src/outbox.ts'
import { rosterWarningMessage } from '../src/slack/blocks.ts'
import { type JobDeps, keyed, tell, voice } from './tell.ts'

/** Problems of the roster, to the channel of the services that they concern. */
export function rosterWarning(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'roster-warning') throw new Error(`${claim.key} is no warning about the roster`)
    const { channel, lead, what, at } = claim.about
    const message = { ...rosterWarningMessage(await voice(deps), lead, what), metadata: keyed(claim) }
    return tell(deps, claim, { call: deps.slack.rest, channel, message, sinceAt: at })
  }
}
