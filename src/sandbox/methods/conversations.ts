import { archive, createChannel, join, leave, rename, setPurpose, setTopic } from '../acts.ts'
import {
  type Answer,
  type Call,
  channelOf,
  flag,
  type Handler,
  list,
  need,
  needScopeFor,
  ownChannelOf,
  paged,
  refuse,
  text,
} from '../call.ts'
import { newestFirst, slackChannel, slackMessage } from '../slack-shapes.ts'
import { canSee, findDm, isLater, isTop, openDm, openly, type Room, repliesTo, type Stored } from '../workspace.ts'

export const conversations: Record<string, Handler> = {
  'conversations.open'(call) {
    const known = text(call, 'channel')
    if (known !== undefined) {
      const room = channelOf(call)
      if (room.kind !== 'im') refuse('channel_not_found')
      return opened(call, room, true)
    }
    const users = list(call, 'users')
    if (users.length === 0) refuse('users_list_not_supplied')
    needScopeFor(call, 'im')
    const persons = users.map((id) => call.ws.users.get(id) ?? refuse('user_not_found'))
    if (persons.some((person) => person.deleted)) refuse('user_disabled')
    if (persons.some((person) => person.isBot)) refuse('invalid_user_combination')
    const [person, ...others] = persons
    // Group DMs are not built here; Slack's own answer for too large a group says so best.
    if (!person || others.length > 0) return refuse('too_many_users')
    if (flag(call, 'prevent_creation') && !findDm(call.ws, person.id)) refuse('channel_not_found')
    const { room, existed } = openDm(call.ws, person.id)
    return opened(call, room, existed)
  },

  'conversations.create'(call) {
    const isPrivate = flag(call, 'is_private')
    needScopeFor(call, isPrivate ? 'private' : 'public')
    const name = needName(call)
    return { channel: slackChannel(call.ws, createChannel(call.ws, name, call.bot, isPrivate)) }
  },

  'conversations.rename'(call) {
    const room = namedChannelOf(call)
    if (!room.members.has(call.bot)) refuse('not_in_channel')
    if (room.archived) refuse('is_archived')
    if (room.creator !== call.bot) refuse('not_authorized')
    rename(call.ws, room, call.bot, needName(call))
    return { channel: slackChannel(call.ws, room) }
  },

  'conversations.invite'(call) {
    const room = namedChannelOf(call)
    if (!room.members.has(call.bot)) refuse('not_in_channel')
    if (room.archived) refuse('is_archived')
    const users = list(call, 'users')
    if (users.length === 0) refuse('no_user')
    const judged = users.map((user) => ({ user, error: whyNotInvited(call, room, user) }))
    const errors = judged.flatMap(({ user, error }) => (error === null ? [] : [{ user, ok: false, error }]))
    const [first] = errors
    const goOn = flag(call, 'force') && errors.length < users.length
    if (first && !goOn) refuse(first.error, { errors })
    for (const { user, error } of judged) if (error === null) join(call.ws, room, user, call.bot)
    return { channel: slackChannel(call.ws, room), ...(errors.length > 0 ? { errors } : {}) }
  },

  'conversations.join'(call) {
    const room = namedChannelOf(call)
    if (room.kind !== 'public') refuse('method_not_supported_for_channel_type')
    if (room.archived) refuse('is_archived')
    const already = room.members.has(call.bot)
    if (!already) join(call.ws, room, call.bot, call.bot)
    const warning = { warning: 'already_in_channel', response_metadata: { warnings: ['already_in_channel'] } }
    return { channel: slackChannel(call.ws, room), ...(already ? warning : {}) }
  },

  'conversations.leave'(call) {
    const room = namedChannelOf(call)
    if (room.archived) refuse('is_archived')
    if (!room.members.has(call.bot)) return { not_in_channel: true }
    if (room.name === 'general') refuse('cant_leave_general')
    if (room.kind === 'private' && room.members.size === 1) refuse('last_member')
    leave(call.ws, room, call.bot, call.bot)
    return {}
  },

  'conversations.kick'(call) {
    const room = namedChannelOf(call)
    if (!room.members.has(call.bot)) refuse('not_in_channel')
    const user = call.ws.users.get(need(call, 'user')) ?? refuse('user_not_found')
    if (user.id === call.bot) refuse('cant_kick_self')
    if (room.name === 'general') refuse('cant_kick_from_general')
    if (!room.members.has(user.id)) refuse('not_in_channel')
    leave(call.ws, room, user.id, call.bot)
    return { errors: {} }
  },

  'conversations.archive'(call) {
    const room = namedChannelOf(call)
    if (room.archived) refuse('already_archived')
    if (!room.members.has(call.bot)) refuse('not_in_channel')
    if (room.name === 'general') refuse('cant_archive_general')
    archive(call.ws, room, call.bot)
    return {}
  },

  'conversations.setTopic'(call) {
    const topic = describe(call, 'topic')
    setTopic(call.ws, topic.room, call.bot, topic.value)
    return { channel: slackChannel(call.ws, topic.room) }
  },

  'conversations.setPurpose'(call) {
    const purpose = describe(call, 'purpose')
    setPurpose(call.ws, purpose.room, call.bot, purpose.value)
    return { channel: slackChannel(call.ws, purpose.room), purpose: purpose.value }
  },

  'conversations.info'(call) {
    const room = channelOf(call)
    const count = flag(call, 'include_num_members') ? { num_members: room.members.size } : {}
    return { channel: { ...slackChannel(call.ws, room), ...count } }
  },

  'conversations.list'(call) {
    const rooms = listed(call).filter((room) => canSee(room, call.bot))
    const { page, next_cursor } = paged(call, rooms)
    const channels = page.map((room) => ({ ...slackChannel(call.ws, room), num_members: room.members.size }))
    return { channels, response_metadata: { next_cursor } }
  },

  'conversations.members'(call) {
    const { page, next_cursor } = paged(call, [...channelOf(call).members])
    return { members: page, response_metadata: { next_cursor } }
  },

  'conversations.history'(call) {
    const room = ownChannelOf(call)
    const { page, next_cursor } = paged(call, newestFirst(openly(room).filter(isTop).filter(within(call))), 999)
    return {
      messages: page.map((message) => slackMessage(call.ws, room, message, flag(call, 'include_all_metadata'))),
      has_more: next_cursor !== '',
      pin_count: room.pins.length,
      channel_actions_ts: null,
      channel_actions_count: 0,
      ...(next_cursor === '' ? {} : { response_metadata: { next_cursor } }),
    }
  },

  'conversations.replies'(call) {
    const room = channelOf(call)
    if (!room.members.has(call.bot)) refuse('channel_not_found')
    const asked = room.messages.get(need(call, 'ts'))
    if (!asked || asked.onlyFor !== null) return refuse('thread_not_found')
    const parent = room.messages.get(asked.threadTs ?? asked.ts) ?? asked
    const replies = repliesTo(room, parent.ts).filter(within(call))
    const { page, next_cursor } = paged(call, [parent, ...replies])
    return {
      messages: page.map((message) => slackMessage(call.ws, room, message, flag(call, 'include_all_metadata'))),
      has_more: next_cursor !== '',
      ...(next_cursor === '' ? {} : { response_metadata: { next_cursor } }),
    }
  },

  'users.conversations'(call) {
    const user = text(call, 'user') ?? call.bot
    const rooms = listed(call).filter((room) => room.members.has(user) && canSee(room, call.bot))
    const { page, next_cursor } = paged(call, rooms)
    return { channels: page.map((room) => slackChannel(call.ws, room)), response_metadata: { next_cursor } }
  },
}

function opened(call: Call, room: Room, existed: boolean): Answer {
  const channel = flag(call, 'return_im') ? slackChannel(call.ws, room) : { id: room.id }
  return { ...(existed ? { no_op: true, already_open: true } : {}), channel }
}

/** A channel with a name: a DM cannot be renamed, archived, joined. */
function namedChannelOf(call: Call): Room {
  const room = channelOf(call)
  return room.kind === 'im' ? refuse('method_not_supported_for_channel_type') : room
}

const LONGEST_NAME = 80

/** The `name` argument as a channel's name that is free. Archived channels keep theirs. */
function needName(call: Call): string {
  const name = text(call, 'name')
  if (name === undefined) return refuse('invalid_name_required')
  if (name.length > LONGEST_NAME) return refuse('invalid_name_maxlength')
  if (/^[\p{P}\p{S}]+$/u.test(name)) return refuse('invalid_name_punctuation')
  if (!/^[\p{Ll}\p{Lo}\p{N}_-]+$/u.test(name)) return refuse('invalid_name_specials')
  if ([...call.ws.rooms.values()].some((room) => room.kind !== 'im' && room.name === name)) return refuse('name_taken')
  return name
}

function whyNotInvited(call: Call, room: Room, id: string): string | null {
  const user = call.ws.users.get(id)
  if (!user) return 'user_not_found'
  if (id === call.bot) return 'cant_invite_self'
  if (room.members.has(id)) return 'already_in_channel'
  if (user.deleted || user.isBot) return 'cant_invite'
  if (user.isRestricted) return 'user_is_restricted'
  return null
}

const LONGEST_DESCRIPTION = 250

function describe(call: Call, name: 'topic' | 'purpose'): { room: Room; value: string } {
  const room = namedChannelOf(call)
  if (!room.members.has(call.bot)) refuse('not_in_channel')
  if (room.archived) refuse('is_archived')
  const value = text(call, name) ?? ''
  if (value.length > LONGEST_DESCRIPTION) refuse('too_long')
  return { room, value }
}

const KINDS: Record<string, Room['kind'] | null> = {
  public_channel: 'public',
  private_channel: 'private',
  im: 'im',
  mpim: null,
}

/** The channels of the asked `types`, public ones when nothing is asked. */
function listed(call: Call): Room[] {
  const types = list(call, 'types')
  const kinds = (types.length > 0 ? types : ['public_channel']).map((type) => {
    const kind = KINDS[type]
    return kind === undefined ? refuse('invalid_types') : kind
  })
  for (const kind of kinds) if (kind !== null) needScopeFor(call, kind)
  return [...call.ws.rooms.values()].filter(
    (room) => kinds.includes(room.kind) && !(flag(call, 'exclude_archived') && room.archived),
  )
}

/** Whether a message lies between `oldest` and `latest`. */
function within(call: Call): (message: Stored) => boolean {
  const bound = (name: 'oldest' | 'latest') => {
    const value = text(call, name)
    if (value !== undefined && !/^\d+(\.\d+)?$/.test(value)) refuse(`invalid_ts_${name}`)
    return value
  }
  const oldest = bound('oldest')
  const latest = bound('latest')
  const inclusive = flag(call, 'inclusive')
  const same = (ts: string, bound: string) => inclusive && Number(ts) === Number(bound)
  return ({ ts }) =>
    (oldest === undefined || isLater(ts, oldest) || same(ts, oldest)) &&
    (latest === undefined || isLater(latest, ts) || same(ts, latest))
}
