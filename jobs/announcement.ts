import type { Handler } from '../src/outbox.ts'
import { announcementMessage } from '../src/slack/blocks.ts'
import { incidentOf, type JobDeps, keyed, show, tell, voice, whereabouts } from './tell.ts'

/** The incident in the channel of its service, kept up to date. */
export function announcement(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'announcement') throw new Error(`${claim.key} is no announcement`)
    const incident = await incidentOf(deps, claim.about.incident)
    const channel = deps.rules().services[incident.service ?? '']?.channel
    if (!channel) return { outcome: 'never', reason: 'the service has no channel' }
    const message = announcementMessage(await voice(deps), incident)
    const posted = whereabouts(claim.result)
    if (posted) return show(deps, posted, message)
    const call = deps.slack.rest
    return tell(deps, claim, {
      call,
      channel,
      message: { ...message, metadata: keyed(claim) },
      sinceAt: incident.openedAt,
    })
  }
}
