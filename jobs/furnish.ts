import type { SlackResult } from '../src/deps.ts'
import { dutyAt } from '../src/domain/duty/schedule.ts'
import type { Shortfall } from '../src/domain/event.ts'
import type { Incident } from '../src/domain/incident.ts'
import { type Service, under } from '../src/domain/rules.ts'
import type { Handler } from '../src/outbox.ts'
import { ALREADY_THERE, invite, setPurpose } from '../src/slack/api.ts'
import { addBookmark, listBookmarks } from '../src/slack/furnish.ts'
import { inc } from '../src/slack/words.ts'
import { rotaOf } from '../src/store/rota.ts'
import { fallShort } from './shortfall.ts'
import { incidentOf, type JobDeps } from './tell.ts'

interface Step {
  /** Names it among those that are done. */
  name: string
  what: Pick<Shortfall, 'step' | 'about'>
  run(): Promise<SlackResult<unknown>>
}

/**
 * Gives the channel its purpose and its bookmarks, and brings in whoever the service wants there. Each step may be repeated; those that are
 * done are remembered, so that a limit of Slack's costs one step and no more. What Slack refuses is said, and the rest is done all the same.
 */
export function furnish(deps: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'furnish') throw new Error(`${claim.key} furnishes nothing`)
    const incident = await incidentOf(deps, claim.about.incident)
    if (!incident.channel) return { outcome: 'never', reason: 'no channel' }
    const done = new Set(Array.isArray(claim.result?.done) ? claim.result.done.map(String) : [])
    for (const { name, what, run } of await stepsOf(deps, incident, incident.channel.id)) {
      if (done.has(name)) continue
      const result = await run()
      if (!result.ok && result.kind !== 'never')
        return {
          outcome: 'again',
          reason: result.reason,
          afterMs: result.kind === 'again' ? result.afterMs : null,
          result: { done: [...done] },
        }
      if (!result.ok && !ALREADY_THERE.has(result.reason))
        await fallShort(deps, { incident: incident.id, ...what, reason: result.reason })
      done.add(name)
    }
    return { outcome: 'done', result: { done: [...done] } }
  }
}

async function stepsOf(deps: JobDeps, incident: Incident, channel: string): Promise<Step[]> {
  const { rest } = deps.slack
  const service = under(deps.rules().services, incident.service ?? '')
  const purpose = `${inc(incident.id)}${incident.service === null ? '' : ` of ${incident.service}`}: everything about it, kept by Watchbill.`
  const links = Object.entries(service?.links ?? {})
  return [
    { name: 'purpose', what: { step: 'purpose', about: null }, run: () => setPurpose(rest, channel, purpose) },
    // Of what is private nobody hears but who is in it.
    ...(service && !incident.private ? await invitations(deps, service, channel) : []),
    ...(links.length === 0
      ? []
      : [
          {
            name: 'bookmarks',
            what: { step: 'bookmark' as const, about: null },
            run: () => addBookmarks(deps, channel, links),
          },
        ]),
  ]
}

async function invitations(deps: JobDeps, { invite: whom }: Service, channel: string): Promise<Step[]> {
  if (whom.length === 0) return []
  const { people, schedules } = await rotaOf(deps.store.pool, deps.rules())
  const names = whom.flatMap(({ kind, name }) => {
    const schedule = kind === 'schedule' ? under(schedules, name) : undefined
    return kind === 'person' ? name : schedule ? dutyAt(schedule, deps.clock.now()) : []
  })
  return [...new Set(names)].flatMap((name): Step[] => {
    const slackId = under(people, name)?.slack
    if (slackId === undefined) return []
    return [
      {
        name: `invite/${name}`,
        what: { step: 'invite', about: name },
        run: () => invite(deps.slack.rest, channel, slackId),
      },
    ]
  })
}

/** Those that are not there yet: an earlier attempt may have brought some. */
async function addBookmarks(
  { slack: { rest } }: JobDeps,
  channel: string,
  links: readonly (readonly [title: string, link: string])[],
): Promise<SlackResult<unknown>> {
  const known = await listBookmarks(rest, channel)
  if (!known.ok) return known
  for (const [title, link] of links) {
    if (known.value.has(title)) continue
    const added = await addBookmark(rest, channel, title, link)
    if (!added.ok) return added
  }
  return known
}
