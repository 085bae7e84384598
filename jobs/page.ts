import type { Incident, Page } from '../src/domain/incident.ts'
import type { Claimed, Handler, Sent } from '../src/outbox.ts'
import { openDm, UNREACHABLE } from '../src/slack/api.ts'
import { pageMessage } from '../src/slack/blocks.ts'
import { drillMessage } from '../src/slack/drill.ts'
import type { Claim } from '../src/store/owed.ts'
import { notTaken } from './contact.ts'
import { besides } from './held-back.ts'
import { incidentOf, type JobDeps, paged, refusePage, tell, voice } from './tell.ts'

/** Pages a person by DM. What can never be delivered goes back to the desk, which turns to the next person at once. */
export function page(deps: JobDeps): Handler {
  /** DM channels by Slack id: they never change, and one call less is in the way of a page. */
  const dms = new Map<string, string>()

  return async (claim) => {
    if (claim.about.kind !== 'page') throw new Error(`${claim.key} is no page`)
    const incident = await incidentOf(deps, claim.about.incident)
    const key = claim.about.page
    const found = incident.pages.find((each) => each.key === key)
    if (!found) throw new Error(`${claim.key} is not on its incident`)
    const sent = await attempt(claim, incident, found)
    await notTaken(deps, [key], found.at, claim, sent)
    return sent
  }

  async function attempt(claim: Claimed, incident: Incident, found: Page): Promise<Sent> {
    if (claim.tries === 1) deps.metrics.pageBegun(found, deps.clock.now())
    const settledMeanwhile = incident.state === 'acked' || incident.state === 'resolved'
    const moot = settledMeanwhile ? `not needed any more: ${incident.state}` : null
    const maybeSent = claim.uncertain || claim.result?.looks !== undefined
    if (moot !== null && !maybeSent) return { outcome: 'never', reason: moot }

    const slackId = deps.rules().people[found.person]?.slack
    if (slackId === undefined) return refuse(deps, claim, found.person, 'not_in_configuration', false)
    const dm = dms.get(slackId) ?? (await openDm(deps.slack.pages, slackId))
    if (typeof dm !== 'string') {
      if (dm.ok) {
        dms.set(slackId, dm.value)
      } else {
        if (dm.kind === 'never') return refuse(deps, claim, found.person, dm.reason, UNREACHABLE.has(dm.reason))
        return { outcome: 'again', reason: dm.reason, afterMs: dm.kind === 'again' ? dm.afterMs : null }
      }
    }
    const channel = dms.get(slackId) ?? ''
    const sent = await tell(deps, claim, {
      call: deps.slack.pages,
      channel,
      sinceAt: found.at,
      moot,
      message: {
        ...(incident.drill === null
          ? pageMessage(await wording(deps), incident, found, deps.clock.now(), ...(await besides(deps, incident)))
          : drillMessage(await wording(deps), incident, found, deps.clock.now())),
        metadata: paged(claim, [incident.id]),
      },
    })
    if (sent.outcome === 'done') deps.metrics.pageSent(found, deps.clock.now())
    if (sent.outcome !== 'never' || moot !== null) return sent
    dms.delete(slackId)
    return refuse(deps, claim, found.person, sent.reason, UNREACHABLE.has(sent.reason))
  }
}

/** A page does not wait for the roster: it is only about who would be paged next. */
const wording = (deps: JobDeps) => voice(deps).catch(() => ({ rules: deps.rules(), now: deps.clock.now() }))

/** On record before the row is closed: a crash in between repeats the attempt, and the same event collapses. */
async function refuse(
  deps: JobDeps,
  claim: Claim,
  person: string,
  reason: string,
  unreachable: boolean,
): Promise<Sent> {
  if (claim.about.kind !== 'page') throw new Error(`${claim.key} is no page`)
  const { incident, page: key } = claim.about
  await refusePage(deps, { incident, page: key, person, reason, unreachable })
  return { outcome: 'never', reason }
}
