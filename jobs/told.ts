import type { Incident } from '../src/domain/incident.ts'
import type { Handler } from '../src/outbox.ts'
import { overMessage, plainMessage } from '../src/slack/blocks.ts'
import { drillReport, type Stages } from '../src/slack/drill.ts'
import { sentAt } from '../src/store/drills.ts'
import { readFact } from '../src/store/incidents.ts'
import { resultOf } from '../src/store/owed.ts'
import { incidentOf, type JobDeps, keyed, tell, voice, whereabouts } from './tell.ts'

/** A word in the thread of a page, to somebody whom it woke: it is over. */
export function told(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'told') throw new Error(`${claim.key} is no word in a thread`)
    const fact = await readFact(deps.store.pool, claim.about.fact)
    const page = await resultOf(deps.store.pool, claim.about.page)
    const posted = whereabouts(page?.result ?? null)
    if (!posted && (page?.state === 'open' || page?.state === 'unknown'))
      return { outcome: 'again', reason: 'whether the page arrived is not known yet' }
    if (!posted || (fact?.type !== 'resolved' && fact?.type !== 'merged')) return { outcome: 'done' }
    const incident = await incidentOf(deps, fact.incident)
    const said = await voice(deps)
    const over =
      incident.drill === null
        ? overMessage(said, fact)
        : plainMessage(drillReport(said, incident, await stagesOf(deps, incident)))
    const message = { ...over, metadata: keyed(claim) }
    const { channel, ts } = posted
    return tell(deps, claim, { call: deps.slack.rest, channel, threadTs: ts, message, sinceAt: fact.at })
  }
}

/** How long each part of the way took that an injected fault went. */
async function stagesOf({ store }: JobDeps, { drill, openedAt, pages, ackedBy, ackedAt }: Incident): Promise<Stages> {
  const from = drill?.injectedAt ?? openedAt
  const sent = await sentAt(
    store.pool,
    pages.map(({ key }) => key),
  )
  return {
    decidedMs: openedAt - from,
    sent: pages.map(({ key, person }) => ({ person, afterMs: sent.has(key) ? (sent.get(key) ?? from) - from : null })),
    acked: ackedBy === null || ackedAt === null ? null : { person: ackedBy, afterMs: ackedAt - from },
  }
}
