import { BY_DEFAULT } from '../src/domain/contact.ts'
import { handoverId, type WatchPage } from '../src/domain/handover.ts'
import { type Incident, mayKnow } from '../src/domain/incident.ts'
import { under } from '../src/domain/rules.ts'
import { backoff, type Claimed, type Handler, type Sent } from '../src/outbox.ts'
import { UNREACHABLE } from '../src/slack/api.ts'
import { watchPageNotice } from '../src/slack/contact-words.ts'
import { watchPageMessage } from '../src/slack/handover.ts'
import { readFact, readIncidents } from '../src/store/incidents.ts'
import { readHandover } from '../src/store/rota.ts'
import { PATIENCE_MS } from './contact.ts'
import { dmOf, type JobDeps, paged, show, tell, voice, whereabouts } from './tell.ts'

/** Pages a person about the watch itself: to take over, to confirm, or because nobody did. */
export function watchPage(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'watch-page') throw new Error(`${claim.key} is no page about a watch`)
    const fact = await readFact(deps.store.pool, claim.about.fact)
    if (fact?.type !== 'watch-paged') throw new Error(`${claim.key} is about no page`)
    const { page } = fact
    const handover = await readHandover(deps.store.pool, page.schedule, page.changeAt)
    if (!handover) return { outcome: 'done' }
    const named = await readIncidents(deps.store.pool, page.incidents)
    const incidents = named.filter((incident) => mayKnow(incident, page.person))
    const message = watchPageMessage(await voice(deps), page, handover, incidents)
    const posted = whereabouts(claim.result)
    if (posted) return show(deps, posted, message)
    // It came to nothing at its time, and is of no use later.
    if (claim.result?.gaveUp !== undefined) return { outcome: 'done' }
    const dm = await dmOf(deps.slack.pages, deps, page.person)
    if ('outcome' in dm) return beside(deps, claim, page, message.text, await unreached(deps, page, dm))
    const settled = page.kind === 'relief-overdue' && handover.state !== 'overdue'
    const isAsked = ({ inherited }: Incident) =>
      inherited?.schedule === page.schedule && inherited.changeAt === page.changeAt
    const taken = page.kind === 'inherit' && !incidents.some(isAsked)
    const sent = await tell(deps, claim, {
      call: deps.slack.pages,
      channel: dm.channel,
      sinceAt: page.at,
      moot: settled || taken ? 'not needed any more: the watch is taken' : null,
      message: {
        ...message,
        metadata: paged(claim, page.incidents, { handover: handoverId(page.schedule, page.changeAt) }),
      },
    })
    if (settled || taken) return sent
    return beside(deps, claim, page, message.text, await unreached(deps, page, sent))
  }
}

/** What Slack does not take soon goes out by the first of the person's ways that takes it: once, and Slack is asked on. */
async function beside(
  deps: JobDeps,
  claim: Claimed,
  { key, person, at }: WatchPage,
  text: string,
  sent: Sent,
): Promise<Sent> {
  if (sent.outcome === 'done' || claim.result?.beside === true) return sent
  const isRefused = sent.outcome === 'never'
  const nextAt = deps.clock.now() + (isRefused ? 0 : (sent.afterMs ?? backoff(claim.tries)))
  if (!isRefused && nextAt - at < PATIENCE_MS) return sent
  const { people, notify = BY_DEFAULT, allowPrivate } = deps.rules()
  const said = { rules: deps.rules(), now: deps.clock.now() }
  const notice = watchPageNotice(said, key, text, isRefused ? 'refused' : 'down')
  for (const way of under(people, person)?.contact ?? []) {
    const carried = await deps.carry(way, notice, notify, allowPrivate)
    deps.log.info({ owed: key, via: way.via, taken: carried.ok }, 'a page about the watch goes out beside Slack')
    if (!carried.ok) continue
    return isRefused ? sent : { ...sent, result: { ...(sent.result ?? claim.result), beside: true } }
  }
  return sent
}

/** Whoever cannot be reached is known from now on. */
async function unreached(deps: JobDeps, { key, person }: WatchPage, sent: Sent): Promise<Sent> {
  if (sent.outcome === 'never' && UNREACHABLE.has(sent.reason))
    await deps.desk.submit({
      source: 'outbox',
      key: `refused/${key}`,
      event: { type: 'checked', person, unreachable: sent.reason },
    })
  return sent
}
