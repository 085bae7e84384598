import type { Handler } from '../src/outbox.ts'
import { ALREADY_THERE, invite as inviteTo } from '../src/slack/api.ts'
import { fallShort } from './shortfall.ts'
import { incidentOf, type JobDeps, settled } from './tell.ts'

/** Brings somebody into the incident's channel. */
export function invite(deps: JobDeps): Handler {
  return async ({ about }) => {
    if (about.kind !== 'invite') throw new Error('no invitation')
    const { channel } = await incidentOf(deps, about.incident)
    const slackId = deps.rules().people[about.person]?.slack
    if (!channel || slackId === undefined)
      return { outcome: 'never', reason: channel ? 'unknown person' : 'no channel' }
    const invited = await inviteTo(deps.slack.rest, channel.id, slackId)
    if (!invited.ok && ALREADY_THERE.has(invited.reason)) return { outcome: 'done' }
    if (!invited.ok && invited.kind === 'never')
      await fallShort(deps, { incident: about.incident, step: 'invite', about: about.person, reason: invited.reason })
    return settled(invited, null)
  }
}
