import { archive, createChannel, join, leave, rename, setPurpose, setTopic, unarchive } from '../acts.ts'
import {
  type Answer,
  type Call,
  channelOf,
  flag,
  type Handler,
  list,
  needScopeFor,
  paged,
  refuse,
  text,
} from '../call.ts'
import type { Room } from '../model.ts'
import { isGeneral, slackChannel } from '../slack-shapes.ts'
import { canSee, isChannel, isExternal } from '../workspace.ts'

/** Channels: their life, their members, their descriptions. */
export const conversations: Record<string, Handler> = {
  'conversations.create'(call) {
    const isPrivate = flag(call, 'is_private')
    needScopeFor(call, isPrivate ? 'private' : 'public')
    const name = needName(call)
    if (!call.ws.preferences.everyoneCreatesChannels && !call.ws.users.get(call.me)?.isAdmin)
      refuse('restricted_action')
    return shown(call, createChannel(call.ws, name, call.me, isPrivate))
  },

  'conversations.rename'(call) {
    const room = namedChannelOf(call)
    if (!room.members.has(call.me)) refuse('not_in_channel')
    if (room.archived) refuse('is_archived')
    const isAdmin = call.ws.users.get(call.me)?.isAdmin ?? false
    if ((room.creator !== call.me && !isAdmin) || isGeneral(room)) refuse('not_authorized')
    rename(call.ws, room, call.me, needName(call))
    return shown(call, room)
  },

  'conversations.invite'(call) {
    const room = namedChannelOf(call)
    if (!room.members.has(call.me)) refuse('not_in_channel')
    if (room.archived) refuse('is_archived')
    const users = list(call, 'users')
    if (users.length === 0) refuse('no_user')
    const judged = users.map((user) => ({ user, error: whyNotInvited(call, room, user) }))
    const errors = judged.flatMap(({ user, error }) => (error === null ? [] : [{ user, ok: false, error }]))
    const [first] = errors
    const goOn = flag(call, 'force') && errors.length < users.length
    if (first && !goOn) refuse(first.error, { errors })
    for (const { user, error } of judged) if (error === null) join(call.ws, room, user, call.me)
    return { ...shown(call, room), ...(errors.length > 0 ? { errors } : {}) }
  },

  'conversations.join'(call) {
    const room = namedChannelOf(call)
    if (room.kind !== 'public') refuse('method_not_supported_for_channel_type')
    if (room.archived) refuse('is_archived')
    const already = room.members.has(call.me)
    if (!already) join(call.ws, room, call.me, call.me)
    const warning = { warning: 'already_in_channel', response_metadata: { warnings: ['already_in_channel'] } }
    return { ...shown(call, room), ...(already ? warning : {}) }
  },

  'conversations.leave'(call) {
    const room = namedChannelOf(call)
    if (room.archived) refuse('is_archived')
    if (!room.members.has(call.me)) return { not_in_channel: true }
    if (isGeneral(room)) refuse('cant_leave_general')
    if (room.kind === 'private' && room.members.size === 1) refuse('last_member')
    leave(call.ws, room, call.me, call.me)
    return {}
  },

  'conversations.kick'(call) {
    const room = namedChannelOf(call)
    if (!room.members.has(call.me)) refuse('not_in_channel')
    const user = call.ws.users.get(text(call, 'user') ?? '') ?? refuse('user_not_found')
    if (user.id === call.me) refuse('cant_kick_self')
    if (isGeneral(room)) refuse('cant_kick_from_general')
    if (!room.members.has(user.id)) refuse('not_in_channel')
    leave(call.ws, room, user.id, call.me)
    return { errors: {} }
  },

  'conversations.archive'(call) {
    const room = namedChannelOf(call)
    if (room.archived) refuse('already_archived')
    if (!room.members.has(call.me)) refuse('not_in_channel')
    if (isGeneral(room)) refuse('cant_archive_general')
    archive(call.ws, room, call.me)
    return {}
  },

  'conversations.unarchive'(call) {
    const room = namedChannelOf(call)
    // Slack says so in its documentation, as a known bug: it takes people's tokens alone.
    if (call.me === call.ws.app.botUser) refuse('not_allowed_token_type')
    if (!room.archived) refuse('not_archived')
    unarchive(call.ws, room, call.me)
    return {}
  },

  'conversations.setTopic'(call) {
    const topic = describe(call, 'topic')
    setTopic(call.ws, topic.room, call.me, topic.value)
    return shown(call, topic.room)
  },

  'conversations.setPurpose'(call) {
    const purpose = describe(call, 'purpose')
    setPurpose(call.ws, purpose.room, call.me, purpose.value)
    return shown(call, purpose.room)
  },

  'conversations.info'(call) {
    const room = channelOf(call)
    const count = flag(call, 'include_num_members') ? { num_members: room.members.size } : {}
    const read = room.lastRead.get(call.me)
    const last_read = read === undefined ? {} : { last_read: read }
    return { channel: { ...slackChannel(call.ws, room, call.me), ...last_read, ...count } }
  },

  'conversations.list'(call) {
    const rooms = listed(call).filter((room) => canSee(call.ws, room, call.me))
    const { page, next_cursor } = paged(call, rooms)
    const channels = page.map((room) => ({
      ...slackChannel(call.ws, room, call.me),
      ...(room.kind === 'im' ? {} : { num_members: room.members.size }),
    }))
    return { channels, response_metadata: { next_cursor } }
  },

  'conversations.members'(call) {
    const { page, next_cursor } = paged(call, [...channelOf(call).members])
    return { members: page, response_metadata: { next_cursor } }
  },

  'users.conversations'(call) {
    const user = text(call, 'user') ?? call.me
    const rooms = listed(call).filter((room) => room.members.has(user) && canSee(call.ws, room, call.me))
    const { page, next_cursor } = paged(call, rooms)
    const channels = page.map((room) => {
      // This method does not say whether the caller is in it: they asked for somebody's channels.
      const { is_member: _, ...rest } = { is_member: true, ...slackChannel(call.ws, room, call.me) }
      return rest
    })
    return { channels, response_metadata: { next_cursor } }
  },
}

const shown = (call: Call, room: Room): Answer => ({ channel: slackChannel(call.ws, room, call.me) })

/** A channel with a name: a DM cannot be renamed, archived, joined. */
function namedChannelOf(call: Call): Room {
  const room = channelOf(call)
  return isChannel(room) ? room : refuse('method_not_supported_for_channel_type')
}

const LONGEST_NAME = 80

/** The `name` argument as a channel's name that is free. Archived channels keep theirs. */
function needName(call: Call): string {
  const name = text(call, 'name')
  if (name === undefined) return refuse('invalid_name_required')
  const wrong = whyNoName(name)
  if (wrong !== null) return refuse(wrong)
  if ([...call.ws.rooms.values()].some((room) => isChannel(room) && room.name === name)) return refuse('name_taken')
  return name
}

/** Slack's code for a name that no channel may have, or null. */
export function whyNoName(name: string): string | null {
  if (name.length > LONGEST_NAME) return 'invalid_name_maxlength'
  if (/^[\p{P}\p{S}]+$/u.test(name)) return 'invalid_name_punctuation'
  return /^[\p{Ll}\p{Lo}\p{N}_-]+$/u.test(name) ? null : 'invalid_name_specials'
}

function whyNotInvited(call: Call, room: Room, id: string): string | null {
  const user = call.ws.users.get(id)
  if (!user) return 'user_not_found'
  if (id === call.me) return 'cant_invite_self'
  if (room.members.has(id)) return 'already_in_channel'
  if (user.deleted || user.isBot) return 'cant_invite'
  if (isExternal(user)) return 'no_external_invite_permission'
  const elsewhere = [...call.ws.rooms.values()].some((other) => isChannel(other) && other.members.has(id))
  if (user.isUltraRestricted && elsewhere) return 'ura_max_channels'
  return user.isRestricted ? 'user_is_restricted' : null
}

const LONGEST_DESCRIPTION = 250

function describe(call: Call, name: 'topic' | 'purpose'): { room: Room; value: string } {
  const room = namedChannelOf(call)
  if (!room.members.has(call.me)) refuse('not_in_channel')
  if (room.archived) refuse('is_archived')
  const value = text(call, name) ?? ''
  if (value.length > LONGEST_DESCRIPTION) refuse('too_long')
  return { room, value }
}

const KINDS: Record<string, Room['kind'] | undefined> = {
  public_channel: 'public',
  private_channel: 'private',
  im: 'im',
  mpim: 'mpim',
}

/** The channels of the asked `types`, public ones when nothing is asked. */
function listed(call: Call): Room[] {
  const types = list(call, 'types')
  const kinds = (types.length > 0 ? types : ['public_channel']).map((type) => KINDS[type] ?? refuse('invalid_types'))
  for (const kind of kinds) needScopeFor(call, kind)
  return [...call.ws.rooms.values()].filter(
    (room) => kinds.includes(room.kind) && !(flag(call, 'exclude_archived') && room.archived),
  )
}
