import { z } from 'zod'
import type { SlackCall, SlackResult } from '../deps.ts'
import { withoutCharts } from './charts.ts'
import type { Method } from './methods.ts'

/** The calls that the bot makes, with what it reads of their answers. Everything else that Slack says is ignored. */
export async function call<T extends z.ZodType>(
  slack: SlackCall,
  method: Method,
  args: Record<string, unknown>,
  answer: T,
): Promise<SlackResult<z.infer<T>>> {
  const result = await slack(method, args)
  if (!result.ok) return result
  const parsed = answer.safeParse(result.value)
  if (parsed.success) return { ok: true, value: parsed.data }
  return { ok: false, kind: 'unknown', reason: `${method} answered without ${parsed.error.issues[0]?.path.join('.')}` }
}

export const Anything = z.unknown()
const Posted = z.object({ channel: z.string(), ts: z.string() })
export type Posted = z.infer<typeof Posted>

export interface Message {
  /** What notifications and screen readers say. */
  text: string
  blocks: unknown[]
  metadata?: { event_type: string; event_payload: Record<string, string | number> }
}

export const whoAmI = (slack: SlackCall) =>
  call(
    slack,
    'auth.test',
    {},
    z.object({ user_id: z.string(), bot_id: z.string().optional(), team_id: z.string(), url: z.string().optional() }),
  )

export async function openDm(slack: SlackCall, user: string): Promise<SlackResult<string>> {
  const answer = z.object({ channel: z.object({ id: z.string() }) })
  const opened = await call(slack, 'conversations.open', { users: user }, answer)
  return opened.ok ? { ok: true, value: opened.value.channel.id } : opened
}

/** `chartless`: Slack took the message without its charts. */
export type Sent = Posted & { chartless?: true }

/** Posts; links are not unfolded. A message whose blocks Slack refuses goes out as plain text: what must be said is said. */
export async function post(
  slack: SlackCall,
  channel: string,
  message: Message,
  threadTs?: string,
): Promise<SlackResult<Sent>> {
  const thread = threadTs === undefined ? {} : { thread_ts: threadTs }
  const args = { channel, ...message, ...thread, unfurl_links: false, unfurl_media: false }
  const posted = await call(slack, 'chat.postMessage', args, Posted)
  if (posted.ok || posted.kind !== 'never' || !BLOCKS_REFUSED.has(posted.reason)) return posted
  const fewer = withoutCharts(args.blocks)
  if (fewer) {
    const without = await post(slack, channel, { ...message, blocks: fewer }, threadTs)
    return without.ok ? { ok: true, value: { ...without.value, chartless: true } } : without
  }
  const { blocks: _, ...plain } = args
  return call(slack, 'chat.postMessage', plain, Posted)
}

/** Calls; a public channel that the bot is not in yet is joined. */
export async function joining<T>(
  slack: SlackCall,
  channel: string,
  attempt: () => Promise<SlackResult<T>>,
): Promise<SlackResult<T>> {
  const first = await attempt()
  if (first.ok || first.kind !== 'never' || first.reason !== 'not_in_channel') return first
  const joined = await call(slack, 'conversations.join', { channel }, Anything)
  return joined.ok ? attempt() : first
}

const BLOCKS_REFUSED = new Set(['invalid_blocks', 'invalid_blocks_format', 'msg_blocks_too_long'])

export async function update(
  slack: SlackCall,
  posted: Posted,
  { text, blocks }: Pick<Message, 'text' | 'blocks'>,
): Promise<SlackResult<unknown>> {
  const { channel, ts } = posted
  const updated = await call(slack, 'chat.update', { channel, ts, text, blocks }, Anything)
  if (updated.ok || updated.kind !== 'never' || !BLOCKS_REFUSED.has(updated.reason)) return updated
  const fewer = withoutCharts(blocks)
  return fewer ? update(slack, posted, { text, blocks: fewer }) : updated
}

const History = z.object({
  messages: z.array(
    z.object({
      ts: z.string(),
      metadata: z.object({ event_type: z.string(), event_payload: z.record(z.string(), z.unknown()) }).optional(),
    }),
  ),
})

/** Messages looked at to find out whether one arrived. */
const LOOK_BACK = 100

/** Looks for the message that carries a key in its metadata: Slack has no idempotency key, so this is how a lost reply is made good. */
export async function findByKey(
  slack: SlackCall,
  channel: string,
  key: string,
  sinceAt: number,
  threadTs?: string,
): Promise<SlackResult<Posted | null>> {
  const args = {
    channel,
    oldest: String(sinceAt / 1_000),
    limit: LOOK_BACK,
    inclusive: true,
    include_all_metadata: true,
  }
  const history =
    threadTs === undefined
      ? await call(slack, 'conversations.history', args, History)
      : await call(slack, 'conversations.replies', { ...args, ts: threadTs }, History)
  if (!history.ok) return history
  const found = history.value.messages.find((message) => {
    const payload = message.metadata?.event_payload
    return payload?.page_id === key || payload?.key === key
  })
  return { ok: true, value: found ? { channel, ts: found.ts } : null }
}

const Channel = z.object({ channel: z.object({ id: z.string(), name: z.string() }) })

/** Takes a message of ours away. */
export const remove = (slack: SlackCall, { channel, ts }: Posted) =>
  call(slack, 'chat.delete', { channel, ts }, Anything)

export const createChannel = (slack: SlackCall, name: string, is_private: boolean) =>
  call(slack, 'conversations.create', { name, is_private }, Channel)

function postEphemeral(
  slack: SlackCall,
  channel: string,
  user: string,
  { text, blocks }: Message,
  thread: string | null,
) {
  const where = thread === null ? { channel } : { channel, thread_ts: thread }
  return call(slack, 'chat.postEphemeral', { ...where, user, text, blocks }, Anything)
}

/** Says something to one person, and nobody else: in their DM where no channel is known, as at their Home. */
export async function whisper(
  slack: SlackCall,
  channel: string,
  user: string,
  message: Message,
  thread: string | null = null,
) {
  if (channel !== '') return postEphemeral(slack, channel, user, message, thread)
  const dm = await openDm(slack, user)
  return dm.ok ? post(slack, dm.value, message) : dm
}

/** Opens a form, for whoever has just pressed or typed something. */
export const openForm = (slack: SlackCall, trigger: string, view: object) =>
  call(slack, 'views.open', { trigger_id: trigger, view }, Anything)

/** Shows somebody their Home, in the place of what they saw there. */
export const publishHome = (slack: SlackCall, user: string, blocks: unknown[]) =>
  call(slack, 'views.publish', { user_id: user, view: { type: 'home', blocks } }, Anything)

/** What Slack says of an invitation to whoever is in the channel. */
export const ALREADY_THERE: ReadonlySet<string> = new Set(['already_in_channel', 'cant_invite_self'])

export const invite = (slack: SlackCall, channel: string, user: string) =>
  call(slack, 'conversations.invite', { channel, users: user }, Anything)

export const setTopic = (slack: SlackCall, channel: string, topic: string) =>
  call(slack, 'conversations.setTopic', { channel, topic }, Anything)

export const setPurpose = (slack: SlackCall, channel: string, purpose: string) =>
  call(slack, 'conversations.setPurpose', { channel, purpose }, Anything)

export const pin = (slack: SlackCall, { channel, ts }: Posted) =>
  call(slack, 'pins.add', { channel, timestamp: ts }, Anything)

const List = z.object({
  channels: z.array(z.object({ id: z.string(), name: z.string(), creator: z.string().optional() })),
  response_metadata: z.object({ next_cursor: z.string().optional() }).optional(),
})

/** Pages of the channel list that are gone through at most, of 200 channels each. */
const LIST_PAGES = 10

/** The channel of that name, if the bot can see it, and who made it. */
export async function findChannel(
  slack: SlackCall,
  name: string,
  isPrivate: boolean,
): Promise<SlackResult<{ id: string; creator: string | null } | null>> {
  let cursor = ''
  for (let page = 0; page < LIST_PAGES; page++) {
    const args = {
      types: isPrivate ? 'private_channel' : 'public_channel',
      exclude_archived: true,
      limit: 200,
      ...(cursor ? { cursor } : {}),
    }
    const list = await call(slack, 'conversations.list', args, List)
    if (!list.ok) return list
    const found = list.value.channels.find((channel) => channel.name === name)
    if (found) return { ok: true, value: { id: found.id, creator: found.creator ?? null } }
    cursor = list.value.response_metadata?.next_cursor ?? ''
    if (!cursor) break
  }
  return { ok: true, value: null }
}

const Groups = z.object({
  usergroups: z.array(
    z.object({ id: z.string(), handle: z.string(), users: z.array(z.string()).optional(), date_delete: z.number() }),
  ),
})

/** A user group of the workspace. */
export interface Group {
  id: string
  handle: string
  /** Slack ids. */
  users: string[]
  disabled: boolean
}

/** Every user group, those too that are disabled. */
export async function listGroups(slack: SlackCall): Promise<SlackResult<Group[]>> {
  const list = await call(slack, 'usergroups.list', { include_users: true, include_disabled: true }, Groups)
  if (!list.ok) return list
  const value = list.value.usergroups.map(({ id, handle, users = [], date_delete }) => ({
    id,
    handle,
    users,
    disabled: date_delete > 0,
  }))
  return { ok: true, value }
}

const Created = z.object({ usergroup: z.object({ id: z.string() }) })

export const createGroup = (slack: SlackCall, group: { name: string; handle: string; description: string }) =>
  call(slack, 'usergroups.create', group, Created)

export const enableGroup = (slack: SlackCall, usergroup: string) =>
  call(slack, 'usergroups.enable', { usergroup }, Anything)

export const disableGroup = (slack: SlackCall, usergroup: string) =>
  call(slack, 'usergroups.disable', { usergroup }, Anything)

/** Replaces the members of a group, all of them; by nobody it is not possible. */
export const setGroup = (slack: SlackCall, usergroup: string, users: readonly string[]) =>
  call(slack, 'usergroups.users.update', { usergroup, users: users.join(',') }, Anything)

const flag = z.boolean().optional()
const User = z.object({
  user: z.object({
    deleted: flag,
    is_bot: flag,
    is_restricted: flag,
    is_ultra_restricted: flag,
    is_stranger: flag,
  }),
})

/** What Slack says of somebody's account. */
export interface Standing {
  /** Why they cannot be paged, null when they can. */
  unreachable: string | null
  /** A guest, or of another workspace: may read, never act. */
  guest: boolean
}

export async function standingOf(slack: SlackCall, user: string): Promise<SlackResult<Standing>> {
  const info = await call(slack, 'users.info', { user }, User)
  if (info.ok) {
    const { deleted, is_bot, is_restricted, is_ultra_restricted, is_stranger } = info.value.user
    const unreachable = deleted ? 'user_disabled' : is_bot ? 'cannot_dm_bot' : null
    const guest = [is_restricted, is_ultra_restricted, is_stranger].includes(true)
    return { ok: true, value: { unreachable, guest } }
  }
  if (info.kind === 'never' && UNREACHABLE.has(info.reason))
    return { ok: true, value: { unreachable: info.reason, guest: false } }
  return info
}

/** The time zone that somebody has set in Slack; null when Slack does not say. */
export async function zoneOfUser(slack: SlackCall, user: string): Promise<string | null> {
  const info = await call(slack, 'users.info', { user }, z.object({ user: z.object({ tz: z.string().optional() }) }))
  return info.ok ? (info.value.user.tz ?? null) : null
}

/** Slack tells of no more people at once. */
const MOST_ASKED = 50

const Quiet = z.object({
  users: z.record(
    z.string(),
    z.object({ dnd_enabled: z.boolean(), next_dnd_start_ts: z.number(), next_dnd_end_ts: z.number() }),
  ),
})

/** By Slack id, when somebody is not disturbed next, or at this moment; what Slack does not say is left out. */
export async function quietTimes(
  slack: SlackCall,
  users: readonly string[],
): Promise<Map<string, { fromAt: number; toAt: number }>> {
  const found = new Map<string, { fromAt: number; toAt: number }>()
  for (let from = 0; from < users.length; from += MOST_ASKED) {
    const asked = users.slice(from, from + MOST_ASKED)
    const told = await call(slack, 'dnd.teamInfo', { users: asked.join(',') }, Quiet)
    if (!told.ok) continue
    // It says 1 for never.
    for (const [user, { dnd_enabled, next_dnd_start_ts: start, next_dnd_end_ts: end }] of Object.entries(
      told.value.users,
    ))
      if (dnd_enabled && end > start && start > 1) found.set(user, { fromAt: start * 1_000, toAt: end * 1_000 })
  }
  return found
}

/** Errors that say something about the person, not about the message. */
export const UNREACHABLE = new Set([
  'user_not_found',
  'users_not_found',
  'user_disabled',
  'user_not_visible',
  'user_not_in_team',
  'cannot_dm_bot',
])
