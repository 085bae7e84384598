import type { Handler, Sent } from '../src/outbox.ts'
import { pin, setTopic } from '../src/slack/api.ts'
import { summaryMessage, topic } from '../src/slack/blocks.ts'
import { heldBack } from './held-back.ts'
import { fallShort } from './shortfall.ts'
import { incidentOf, type JobDeps, keyed, settled, show, tell, voice, whereabouts } from './tell.ts'

/** The pinned live summary and the topic of the incident's channel, rendered from the record each time. */
export function summary(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'summary') throw new Error(`${claim.key} is no summary`)
    const incident = await incidentOf(deps, claim.about.incident)
    if (!incident.channel) return { outcome: 'never', reason: 'no channel' }
    const said = await voice(deps)
    const message = summaryMessage(said, incident, await heldBack(deps, incident))
    const known = whereabouts(claim.result)
    // Another channel has a summary of its own.
    const posted = known?.channel === incident.channel.id ? known : null
    const sent = posted
      ? await show(deps, posted, message)
      : await tell(deps, claim, {
          call: deps.slack.rest,
          channel: incident.channel.id,
          message: { ...message, metadata: keyed(claim) },
          sinceAt: incident.openedAt,
        })
    const place = sent.outcome === 'done' ? whereabouts(sent.result ?? null) : null
    if (!place) return sent
    const before = posted ? (claim.result ?? {}) : {}
    const result = { ...place, pinned: before.pinned === true, topic: before.topic ?? '' }
    if (!result.pinned) {
      const pinned = await pin(deps.slack.rest, place)
      if (!pinned.ok && pinned.kind !== 'never') return { ...again(pinned.reason), result }
      if (!pinned.ok && pinned.reason !== 'already_pinned')
        await fallShort(deps, { incident: incident.id, step: 'pin', about: null, reason: pinned.reason })
      // A workspace that forbids pins still has its summary.
      result.pinned = true
    }
    const wanted = topic(said, incident)
    if (result.topic === wanted) return { outcome: 'done', result }
    const set = await setTopic(deps.slack.rest, place.channel, wanted)
    if (!set.ok && set.kind === 'never') {
      await fallShort(deps, { incident: incident.id, step: 'topic', about: null, reason: set.reason })
      return { outcome: 'done', result }
    }
    return set.ok
      ? settled(set, { ...result, topic: wanted })
      : { ...again(set.reason, set.kind === 'again' ? set.afterMs : null), result }
  }
}

const again = (reason: string, afterMs: number | null = null): Sent => ({ outcome: 'again', reason, afterMs })
