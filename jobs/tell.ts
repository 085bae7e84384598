import { createHash } from 'node:crypto'
import type { Deps, Desk, SlackCall, SlackResult } from '../src/deps.ts'
import type { PageRefused } from '../src/domain/event.ts'
import type { Incident } from '../src/domain/incident.ts'
import type { Claimed, Sent } from '../src/outbox.ts'
import { findByKey, joining, type Message, openDm, type Posted, post, update } from '../src/slack/api.ts'
import { inc, type Voice } from '../src/slack/words.ts'
import { readIncident } from '../src/store/incidents.ts'
import { type Claim, type Result, stands } from '../src/store/owed.ts'
import { HELD_MS, rotaOf } from '../src/store/rota.ts'

export interface JobDeps extends Deps {
  desk: Desk
}

/** Another process has the claim by now: what comes of this one is not on record. */
export const OVERTAKEN = 'overtaken by another process'

/** After a send of unknown outcome its message is looked for this often, this far apart, before it is sent again (reliability R2). */
const LOOKS = 2
/** What nobody needs any more has time: a call that was on its way may still arrive, and what it brings has to be brought up to date. */
const LOOKS_IF_MOOT = 5
const LOOK_MS = 2_000

/** Looks that fail themselves, before the message is sent again without one: a page that may be double beats one that may be lost. */
const FAILED_LOOKS = 3

/** What was sent twice is most likely there: it is not sent a third time before the history has been unreadable for some ten minutes. */
const LAST_LOOKS = 45
const LOOK_CEILING_MS = 15_000

/** How far back messages are looked for: generous, because Slack's clock and ours may differ. */
const BACK_MS = 10 * 60_000

/** A send whose claim is older than this (a look into the history, a process that froze) asks first whether its claim still stands. Machine time. */
const FRESH_MS = 3_000

interface Tell {
  call: SlackCall
  channel: string
  message: Message
  threadTs?: string
  /** When what is told was decided: the message cannot be older. */
  sinceAt: number
  /** Why it is not to be sent any more: an earlier attempt is looked for, so that what arrived is known, and nothing follows. */
  moot?: string | null
}

/**
 * Posts a message at least once and, whenever Slack lets itself be asked, exactly once: the key in its metadata is looked for when an
 * earlier attempt may have arrived.
 */
export async function tell(deps: JobDeps, claim: Claimed, what: Tell): Promise<Sent> {
  const { call, channel, message, threadTs } = what
  /** Sends that may have arrived, and nobody knows. */
  let sends = 0
  if (claim.uncertain || claim.result?.looks !== undefined) {
    const looked = await look(deps, claim, what)
    if ('outcome' in looked) return looked
    sends = looked.sends
  }
  if (what.moot) return { outcome: 'never', reason: what.moot }
  if (deps.machine.elapsed() - claim.claimedAt > FRESH_MS && !(await stands(deps.store.pool, claim)))
    return { outcome: 'again', reason: OVERTAKEN }
  const sent = await joining(call, channel, () => post(call, channel, message, threadTs))
  if (sent.ok) return { outcome: 'done', result: { ...sent.value, digest: digest(message) } }
  switch (sent.kind) {
    case 'again':
      return { outcome: 'again', reason: sent.reason, afterMs: sent.afterMs }
    case 'unknown':
      return {
        outcome: 'unknown',
        reason: sent.reason,
        afterMs: LOOK_MS,
        result: { looks: 0, failed: 0, sends: sends + 1 },
      }
    case 'never':
      return { outcome: 'never', reason: sent.reason }
    default:
      return sent satisfies never
  }
}

/** What an earlier attempt came to; or the message is to be sent (again), after so many sends that may have arrived all the same. */
async function look(deps: JobDeps, claim: Claim, what: Tell): Promise<Sent | { sends: number }> {
  const looks = Number(claim.result?.looks ?? 0)
  const failed = Number(claim.result?.failed ?? 0)
  const found = await joining(deps.slack.rest, what.channel, () =>
    findByKey(deps.slack.rest, what.channel, claim.key, what.sinceAt - BACK_MS, what.threadTs),
  )
  if (found.ok && found.value) {
    // Nothing is known of how it looks: an empty digest has its view brought up to date.
    return { outcome: 'done', result: { ...found.value, digest: '' } }
  }
  const sends = Number(claim.result?.sends ?? 1)
  const next = found.ok ? { looks: looks + 1, failed: 0, sends } : { looks, failed: failed + 1, sends }
  const patience = sends < 2 ? FAILED_LOOKS : LAST_LOOKS
  const cannotLook = !found.ok && (found.kind === 'never' || next.failed >= patience)
  if (cannotLook) return { sends }
  if (next.looks >= (what.moot ? LOOKS_IF_MOOT : LOOKS)) return { sends: 0 }
  const reason = found.ok ? 'not in the history yet' : `the history cannot be read: ${found.reason}`
  const afterMs = Math.min(LOOK_CEILING_MS, LOOK_MS * 2 ** Math.max(0, next.failed - FAILED_LOOKS))
  return { outcome: 'unknown', reason, afterMs, result: next }
}

/** Names how a message looks. */
export const digest = ({ text, blocks }: Pick<Message, 'text' | 'blocks'>) =>
  createHash('sha256')
    .update(JSON.stringify([text, blocks]))
    .digest('base64url')

/** Brings a message up to date if it does not look like that already. */
export async function show(
  deps: JobDeps,
  shown: Posted & { digest: unknown },
  message: Pick<Message, 'text' | 'blocks'>,
): Promise<Sent> {
  const wanted = digest(message)
  const result = { channel: shown.channel, ts: shown.ts, digest: wanted }
  if (shown.digest === wanted) return { outcome: 'done', result }
  return settled(await update(deps.slack.rest, shown, message), result)
}

/** For calls that may be repeated without harm: what is unknown is simply done again. */
export function settled(sent: SlackResult<unknown>, result: Result): Sent {
  if (sent.ok) return { outcome: 'done', result }
  if (sent.kind === 'never') return { outcome: 'never', reason: sent.reason }
  return { outcome: 'again', reason: sent.reason, afterMs: sent.kind === 'again' ? sent.afterMs : null }
}

/** Where a message of ours lies, as kept with its row; null before it was posted. */
export function whereabouts(result: Result): (Posted & { digest: unknown }) | null {
  const { channel, ts, digest: known } = result ?? {}
  return typeof channel === 'string' && typeof ts === 'string' ? { channel, ts, digest: known } : null
}

/** Metadata of everything that is not a page: its key, to find it by. */
export const keyed = (claim: Claim) => ({
  event_type: 'watchbill_message',
  event_payload: { key: claim.key },
})

/** Metadata of a page: who looks for it, or counts pages, knows it by these names. */
export const paged = (claim: Claim, incidents: readonly number[], more: Record<string, string> = {}) => ({
  event_type: 'watchbill_page',
  event_payload: { page_id: claim.key, incident: incidents.map(inc).join(' '), ...more, attempt: claim.tries },
})

/** With the roster as it is stood at this moment. */
export async function voice(deps: Deps): Promise<Voice> {
  const now = deps.clock.now()
  return { rules: await rotaOf(deps.store.pool, deps.rules(), now - HELD_MS), now }
}

/** The DM with a person. */
export async function dmOf(
  call: SlackCall,
  deps: Deps,
  person: string,
): Promise<{ channel: string } | Exclude<Sent, { outcome: 'done' | 'unknown' }>> {
  const slackId = deps.rules().people[person]?.slack
  if (slackId === undefined) return { outcome: 'never', reason: 'not_in_configuration' }
  const dm = await openDm(call, slackId)
  if (dm.ok) return { channel: dm.value }
  if (dm.kind === 'never') return { outcome: 'never', reason: dm.reason }
  return { outcome: 'again', reason: dm.reason, afterMs: dm.kind === 'again' ? dm.afterMs : null }
}

/** A page can never be delivered: the desk turns to the next person. */
export async function refusePage({ desk }: JobDeps, what: Omit<PageRefused, 'type'>): Promise<void> {
  await desk.submit({ source: 'outbox', key: `refused/${what.page}`, event: { type: 'page-refused', ...what } })
}

export async function incidentOf(deps: Deps, id: number): Promise<Incident> {
  const incident = await readIncident(deps.store.pool, id)
  if (!incident) throw new Error(`incident ${id} is owed something but is not on record`)
  return incident
}
