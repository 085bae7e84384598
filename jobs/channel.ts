import { DateTime } from 'luxon'
import type { SlackResult } from '../src/deps.ts'
import type { Incident } from '../src/domain/incident.ts'
import type { Handler, Sent } from '../src/outbox.ts'
import { createChannel, findChannel, whoAmI } from '../src/slack/api.ts'
import { isArchived, unarchiveChannel } from '../src/slack/furnish.ts'
import { type Claim, stands } from '../src/store/owed.ts'
import { fallShort } from './shortfall.ts'
import { incidentOf, type JobDeps, OVERTAKEN, settled } from './tell.ts'

/** What it is about, in a few words: Slack's limit is 80 for the whole name, but names are read in a narrow list. */
const SLUG_CHARACTERS = 28
const SAME_NAME_TRIES = 5

/** Creates the incident's channel. Each step may be repeated: a channel that an earlier attempt made is found and taken. */
export function channel(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'channel') throw new Error(`${claim.key} is no channel`)
    const incident = await incidentOf(deps, claim.about.incident)
    const kept = incident.channel === null ? null : await keep(deps, claim, incident.id, incident.channel)
    if (kept) return kept
    const made = await make(deps, claim, channelName(incident, deps.rules().zone), incident.private)
    if (!made.ok) {
      if (made.kind === 'never') {
        await fallShort(deps, { incident: incident.id, step: 'channel', about: null, reason: made.reason })
        return { outcome: 'never', reason: made.reason }
      }
      // Whether it was made shows at the next attempt, by its name.
      return { outcome: 'again', reason: made.reason, afterMs: made.kind === 'again' ? made.afterMs : null }
    }
    const { id, name } = made.value
    await deps.desk.submit({
      source: 'outbox',
      key: claim.key,
      event: { type: 'channel-opened', incident: incident.id, channel: id, name },
    })
    return { outcome: 'done', result: { channel: id, name } }
  }
}

/**
 * The channel of an incident that goes on, out of the archive. Null: it cannot be had back, and another takes its place. Slack lets an app put
 * channels into the archive, and (as its documentation says, by a defect) not take them out again.
 */
async function keep(
  deps: JobDeps,
  claim: Claim,
  incident: number,
  { id, name }: { id: string; name: string },
): Promise<Sent | null> {
  const { rest } = deps.slack
  // That it was there is remembered: its return may be what an earlier attempt came to.
  if (claim.result?.archived !== true) {
    const archived = await isArchived(rest, id)
    if (!archived.ok) return archived.kind === 'never' ? null : settled(archived, null)
    if (!archived.value) return { outcome: 'done' }
    return { outcome: 'again', reason: 'it is in the archive', afterMs: 0, result: { archived: true } }
  }
  const back = await unarchiveChannel(rest, id)
  if (!back.ok && back.kind !== 'never') return settled(back, claim.result)
  if (!back.ok && back.reason !== 'not_archived') return null
  const event = { type: 'channel-opened' as const, incident, channel: id, name, back: true as const }
  await deps.desk.submit({ source: 'outbox', key: claim.key, event })
  return { outcome: 'done' }
}

async function make(
  deps: JobDeps,
  claim: Claim,
  wanted: string,
  isPrivate: boolean,
): Promise<SlackResult<{ id: string; name: string }>> {
  const repeated = claim.uncertain || claim.tries > 1
  for (let n = 1; n <= SAME_NAME_TRIES; n++) {
    const name = n === 1 ? wanted : `${wanted}-${n}`
    const created = await createChannel(deps.slack.rest, name, isPrivate)
    if (created.ok) return { ok: true, value: created.value.channel }
    if (created.kind !== 'never' || created.reason !== 'name_taken') return created
    // One that stood still may find the channel that another process made meanwhile for the same incident.
    if (!(await stands(deps.store.pool, claim))) return { ok: false, kind: 'again', reason: OVERTAKEN, afterMs: null }
    if (!repeated) continue
    const found = await findChannel(deps.slack.rest, name, isPrivate)
    if (!found.ok) return found
    const me = await whoAmI(deps.slack.rest)
    if (!me.ok) return me
    // Somebody else's of that name stays theirs, however often this is tried.
    if (found.value?.creator === me.value.user_id) return { ok: true, value: { id: found.value.id, name } }
  }
  return { ok: false, kind: 'never', reason: 'name_taken' }
}

/** `inc-20261122-7-home-is-down`: date in the configuration's zone, number, what it is about. */
function channelName(incident: Pick<Incident, 'id' | 'title' | 'openedAt'>, zone: string): string {
  const date = DateTime.fromMillis(incident.openedAt, { zone }).toFormat('yyyyMMdd')
  const slug = incident.title
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
  // Cut between words where there is a place for it.
  const short =
    slug.length <= SLUG_CHARACTERS
      ? slug
      : slug
          .slice(0, SLUG_CHARACTERS + 1)
          .replace(/-[^-]*$/, '')
          .slice(0, SLUG_CHARACTERS)
  return `inc-${date}-${incident.id}-${short}`.replace(/-+$/, '')
}
