import { closeDm, markRead } from '../acts.ts'
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
  refuse,
  text,
} from '../call.ts'
import type { Room } from '../model.ts'
import { slackChannel } from '../slack-shapes.ts'
import { findDm, isChannel, openDm, openGroupDm } from '../workspace.ts'

/** Besides the one who opens it. */
const MOST_IN_A_GROUP = 8

/** DMs of one and of several, opened and closed; and how far a conversation was read. */
export const dms: Record<string, Handler> = {
  'conversations.open'(call) {
    if (text(call, 'channel') !== undefined) {
      const room = channelOf(call)
      if (isChannel(room)) refuse('method_not_supported_for_channel_type')
      return opened(call, room, !room.closedFor.delete(call.me))
    }
    const users = [...new Set(list(call, 'users'))].filter((id) => id !== call.me || list(call, 'users').length === 1)
    if (users.length === 0) refuse('users_list_not_supplied')
    needScopeFor(call, users.length > 1 ? 'mpim' : 'im')
    const persons = users.map((id) => call.ws.users.get(id) ?? refuse('user_not_found'))
    if (persons.some((person) => person.deleted)) refuse('user_disabled')
    if (persons.some((person) => person.isBot)) refuse('invalid_user_combination')
    if (persons.length > MOST_IN_A_GROUP) refuse('too_many_users')
    const [person, ...others] = persons
    if (!person) return refuse('not_enough_users')
    if (flag(call, 'prevent_creation') && others.length === 0 && !findDm(call.ws, person.id))
      refuse('channel_not_found')
    const { room, existed } =
      others.length === 0 ? openDm(call.ws, person.id) : openGroupDm(call.ws, [call.me, ...users], call.me)
    return opened(call, room, existed && !room.closedFor.delete(call.me))
  },

  'conversations.close'(call) {
    const room = channelOf(call)
    if (isChannel(room)) refuse('method_not_supported_for_channel_type')
    if (room.closedFor.has(call.me)) return { no_op: true, already_closed: true }
    closeDm(call.ws, room, call.me)
    return {}
  },

  'conversations.mark'(call) {
    const room = ownChannelOf(call)
    const ts = need(call, 'ts')
    if (!/^\d+\.\d{6}$/.test(ts)) refuse('invalid_timestamp')
    markRead(call.ws, room, call.me, ts)
    return {}
  },
}

function opened(call: Call, room: Room, existed: boolean): Answer {
  const channel = flag(call, 'return_im') ? slackChannel(call.ws, room, call.me) : { id: room.id }
  return { ...(existed ? { no_op: true, already_open: true } : {}), channel }
}
