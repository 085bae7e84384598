import type { Recorded } from '../src/domain/fact.ts'
import type { Incident, Page } from '../src/domain/incident.ts'
import type { Claimed, Handler, Sent } from '../src/outbox.ts'
import { UNREACHABLE } from '../src/slack/api.ts'
import { bundleMessage } from '../src/slack/bundle.ts'
import { readFact, readIncidents } from '../src/store/incidents.ts'
import { notTaken } from './contact.ts'
import { heldBack } from './held-back.ts'
import { dmOf, type JobDeps, paged, refusePage, show, tell, voice, whereabouts } from './tell.ts'

/** Pages a person for several incidents in one message, and keeps it up to date. */
export function bundle(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'bundle') throw new Error(`${claim.key} is no bundle of pages`)
    const fact = await readFact(deps.store.pool, claim.about.fact)
    if (fact?.type !== 'bundled') throw new Error(`${claim.key} bundles nothing`)
    const sent = await attempt(deps, claim, fact)
    const keys = fact.pages.map(({ page }) => page)
    await notTaken(deps, keys, fact.at, claim, sent)
    return sent
  }
}

async function attempt(deps: JobDeps, claim: Claimed, fact: Recorded & { type: 'bundled' }): Promise<Sent> {
  const pages = await pagesOf(deps, fact)
  const posted = whereabouts(claim.result)
  if (posted) {
    // Slack names a message by the instant at which it took it.
    return show(deps, posted, await messageOf(deps, fact, pages, Number(posted.ts) * 1_000))
  }
  // It came to nothing at its time, and is of no use later.
  if (claim.result?.gaveUp !== undefined) return { outcome: 'done' }
  if (claim.tries === 1) for (const { page } of pages) deps.metrics.pageBegun(page, deps.clock.now())
  const dm = await dmOf(deps.slack.pages, deps, fact.person)
  if ('outcome' in dm) return refused(deps, fact, dm)
  const isMoot = pages.every(({ incident: { state } }) => state === 'acked' || state === 'resolved')
  const message = await messageOf(deps, fact, pages, deps.clock.now())
  const sent = await tell(deps, claim, {
    call: deps.slack.pages,
    channel: dm.channel,
    sinceAt: fact.at,
    moot: isMoot ? 'not needed any more: somebody has each' : null,
    message: {
      ...message,
      metadata: paged(
        claim,
        pages.map(({ incident }) => incident.id),
      ),
    },
  })
  if (sent.outcome === 'done') for (const { page } of pages) deps.metrics.pageSent(page, deps.clock.now())
  return isMoot ? sent : refused(deps, fact, sent)
}

async function messageOf(deps: JobDeps, fact: Recorded & { type: 'bundled' }, pages: Paged[], sentAt: number) {
  const incidents = new Map(pages.map(({ incident }) => [incident.id, incident]))
  const held = await Promise.all(
    [...incidents].map(async ([id, incident]) => [id, await heldBack(deps, incident)] as const),
  )
  return bundleMessage(await voice(deps), fact, pages, sentAt, new Map(held))
}

/** What can never be delivered goes back to the desk, page by page: each incident turns to its next person at once. */
async function refused(deps: JobDeps, fact: Recorded & { type: 'bundled' }, sent: Sent): Promise<Sent> {
  if (sent.outcome !== 'never') return sent
  const { person } = fact
  for (const { incident, page } of fact.pages)
    await refusePage(deps, { incident, page, person, reason: sent.reason, unreachable: UNREACHABLE.has(sent.reason) })
  return sent
}

interface Paged {
  incident: Incident
  page: Page
}

async function pagesOf({ store }: JobDeps, fact: Recorded & { type: 'bundled' }): Promise<Paged[]> {
  const incidents = await readIncidents(
    store.pool,
    fact.pages.map(({ incident }) => incident),
  )
  return fact.pages.map(({ incident: id, page: key }) => {
    const incident = incidents.find((each) => each.id === id)
    const page = incident?.pages.find((each) => each.key === key)
    if (!incident || !page) throw new Error(`page ${key} is bundled but is not on its incident`)
    return { incident, page }
  })
}
