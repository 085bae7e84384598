import { pin, react, unpin, unreact } from '../acts.ts'
import { type Call, channelOf, type Handler, messageOf, need, ownChannelOf, paged, refuse, text } from '../call.ts'
import type { Room, Stored } from '../model.ts'
import { permalink, seconds, slackMessage } from '../slack-shapes.ts'
import { canSee } from '../workspace.ts'

const MOST_PINS = 100
/** Different ones at one message. */
const MOST_KINDS_OF_REACTION = 50
/** Of one person at one message. */
const MOST_REACTIONS = 23

/** Pins and reactions. */
export const items: Record<string, Handler> = {
  'pins.add'(call) {
    const room = ownChannelOf(call)
    const message = itemOf(call, room)
    if (room.archived) refuse('restricted_action')
    if (message.subtype !== null && message.subtype !== 'file_share' && message.subtype !== 'me_message')
      refuse('not_pinnable')
    if (room.pins.some((pinned) => pinned.ts === message.ts)) refuse('already_pinned')
    if (room.pins.length >= MOST_PINS) refuse('too_many_pins')
    pin(call.ws, room, message, call.me)
    call.ts = message.ts
    return {}
  },

  'pins.list'(call) {
    const room = channelOf(call)
    const pinned = room.pins.flatMap((item) => {
      const message = room.messages.get(item.ts)
      return message ? [{ item, message }] : []
    })
    return {
      items: pinned.map(({ item, message }) => ({
        type: 'message',
        channel: room.id,
        created: seconds(item.at),
        created_by: item.by,
        message: { ...slackMessage(call.ws, room, message), permalink: permalink(call.ws, message) },
      })),
    }
  },

  'pins.remove'(call) {
    const room = channelOf(call)
    const message = itemOf(call, room)
    if (!room.pins.some((pinned) => pinned.ts === message.ts)) refuse('no_pin')
    unpin(call.ws, room, message, call.me)
    call.ts = message.ts
    return {}
  },

  'reactions.add'(call) {
    const room = channelOf(call)
    const message = itemOf(call, room)
    const name = emojiOf(call)
    if (room.archived) refuse('is_archived')
    if (message.reactions.get(name)?.includes(call.me)) refuse('already_reacted')
    if (message.reactions.size >= MOST_KINDS_OF_REACTION && !message.reactions.has(name)) refuse('too_many_emoji')
    if ([...message.reactions.values()].filter((users) => users.includes(call.me)).length >= MOST_REACTIONS)
      refuse('too_many_reactions')
    react(call.ws, message, call.me, name)
    call.ts = message.ts
    return {}
  },

  'reactions.remove'(call) {
    const message = itemOf(call, givenChannel(call))
    const name = emojiOf(call)
    if (!message.reactions.get(name)?.includes(call.me)) refuse('no_reaction')
    unreact(call.ws, message, call.me, name)
    call.ts = message.ts
    return {}
  },

  'reactions.get'(call) {
    const room = givenChannel(call)
    const message = itemOf(call, room)
    const shown = { ...slackMessage(call.ws, room, message), permalink: permalink(call.ws, message) }
    return { type: 'message', channel: room.id, message: shown }
  },

  'reactions.list'(call) {
    const { ws } = call
    const user = text(call, 'user') ?? call.me
    if (!ws.users.has(user)) refuse('user_not_found')
    const rooms = [...ws.rooms.values()].filter((room) => canSee(ws, room, call.me))
    const reacted = rooms.flatMap((room) =>
      [...room.messages.values()]
        .filter((message) => message.onlyFor === null)
        .filter(({ reactions }) => [...reactions.values()].some((users) => users.includes(user)))
        .map((message) => ({ type: 'message', channel: room.id, message: slackMessage(ws, room, message) })),
    )
    const { page, next_cursor } = paged(call, reacted)
    return { items: page, response_metadata: { next_cursor } }
  },
}

/** Where Slack's data calls the channel optional, because it could be a file's reaction. */
const givenChannel = (call: Call): Room =>
  text(call, 'channel') === undefined ? refuse('no_item_specified') : channelOf(call)

/** The message that `timestamp` names. */
function itemOf(call: Call, room: Room): Stored {
  const ts = text(call, 'timestamp')
  if (ts === undefined) return refuse('no_item_specified')
  if (!/^\d+\.\d{6}$/.test(ts)) return refuse('bad_timestamp')
  return messageOf(call, room, 'timestamp')
}

function emojiOf(call: Call): string {
  const name = need(call, 'name').replaceAll(':', '')
  return /^[\w+'-]+$/.test(name) ? name : refuse('invalid_name')
}
