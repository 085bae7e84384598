import type { Handler } from '../src/outbox.ts'
import { pageMessage } from '../src/slack/blocks.ts'
import { drillMessage } from '../src/slack/drill.ts'
import { resultOf } from '../src/store/owed.ts'
import { besides } from './held-back.ts'
import { incidentOf, type JobDeps, show, voice, whereabouts } from './tell.ts'

/** Keeps the message of a page up to date: who has it, whether it is over. */
export function pageView(deps: JobDeps): Handler {
  return async ({ about, result }) => {
    if (about.kind !== 'page-view') throw new Error('no view of a page')
    const sent = await resultOf(deps.store.pool, about.page)
    // Nothing to keep up to date while the page is on its way: its arrival makes this owed again.
    if (sent?.state === 'open' || sent?.state === 'unknown') return { outcome: 'done' }
    const posted = whereabouts(sent?.result ?? null)
    if (!posted) return { outcome: 'done' }
    const incident = await incidentOf(deps, about.incident)
    const page = incident.pages.find((each) => each.key === about.page)
    if (!page) return { outcome: 'done' }
    const shown = { ...posted, digest: whereabouts(result)?.digest ?? posted.digest }
    // Slack names a message by the instant at which it took it.
    const words = await voice(deps)
    const sentAt = Number(posted.ts) * 1_000
    const message =
      incident.drill === null
        ? pageMessage(words, incident, page, sentAt, ...(await besides(deps, incident)))
        : drillMessage(words, incident, page, sentAt)
    return show(deps, shown, message)
  }
}
