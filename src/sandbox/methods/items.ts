import { pin, react, unpin, unreact } from '../acts.ts'
import { type Call, channelOf, type Handler, messageOf, need, ownChannelOf, refuse, seconds, text } from '../call.ts'
import { slackMessage } from '../slack-shapes.ts'
import { emit, newId, type Room, type Stored } from '../workspace.ts'

const MOST_PINS = 100
const MOST_BOOKMARKS = 100
const MOST_KINDS_OF_REACTION = 50

/** Pins, reactions, bookmarks. */
export const items: Record<string, Handler> = {
  'pins.add'(call) {
    const room = ownChannelOf(call)
    const message = itemOf(call, room)
    if (room.pins.some((pinned) => pinned.ts === message.ts)) refuse('already_pinned')
    if (room.pins.length >= MOST_PINS) refuse('too_many_pins')
    pin(call.ws, room, message, call.bot)
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
        message: { ...slackMessage(call.ws, room, message), permalink: '' },
      })),
    }
  },

  'pins.remove'(call) {
    const room = channelOf(call)
    const message = itemOf(call, room)
    if (!room.pins.some((pinned) => pinned.ts === message.ts)) refuse('no_pin')
    unpin(call.ws, room, message.ts)
    call.ts = message.ts
    return {}
  },

  'reactions.add'(call) {
    const room = channelOf(call)
    const message = itemOf(call, room)
    const name = emojiOf(call)
    if (room.archived) refuse('is_archived')
    if (message.reactions.get(name)?.includes(call.bot)) refuse('already_reacted')
    if (message.reactions.size >= MOST_KINDS_OF_REACTION && !message.reactions.has(name)) refuse('too_many_emoji')
    react(call.ws, message, call.bot, name)
    call.ts = message.ts
    return {}
  },

  'reactions.remove'(call) {
    const message = itemOf(call, channelOf(call))
    const name = emojiOf(call)
    if (!message.reactions.get(name)?.includes(call.bot)) refuse('no_reaction')
    unreact(call.ws, message, call.bot, name)
    call.ts = message.ts
    return {}
  },

  'reactions.get'(call) {
    const room = channelOf(call)
    const message = itemOf(call, room)
    return { type: 'message', channel: room.id, message: slackMessage(call.ws, room, message) }
  },

  'bookmarks.add'(call) {
    const room = channelOf(call, 'channel_id')
    if (!room.members.has(call.bot)) refuse('permission_denied')
    if (need(call, 'type') !== 'link') refuse('invalid_bookmark_type')
    const link = text(call, 'link')
    if (link === undefined || !/^https?:\/\/\S+$/.test(link)) return refuse('invalid_link')
    const emoji = text(call, 'emoji') ?? ''
    if (emoji !== '' && !/^:[\w+-]+:$/.test(emoji)) refuse('invalid_emoji')
    if (room.bookmarks.length >= MOST_BOOKMARKS) refuse('too_many_bookmarks')
    const bookmark = { id: newId(call.ws, 'Bk'), title: need(call, 'title'), link, emoji }
    room.bookmarks.push(bookmark)
    emit(call.ws, { type: 'room', room, reason: 'changed' })
    return { bookmark: bookmarkOf(call, room, bookmark) }
  },

  'bookmarks.list'(call) {
    const room = channelOf(call, 'channel_id')
    return { bookmarks: room.bookmarks.map((bookmark) => bookmarkOf(call, room, bookmark)) }
  },

  'bookmarks.remove'(call) {
    const room = channelOf(call, 'channel_id')
    const id = need(call, 'bookmark_id')
    if (!room.bookmarks.some((bookmark) => bookmark.id === id)) refuse('not_found')
    room.bookmarks = room.bookmarks.filter((bookmark) => bookmark.id !== id)
    emit(call.ws, { type: 'room', room, reason: 'changed' })
    return {}
  },
}

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

const bookmarkOf = (call: Call, room: Room, bookmark: Room['bookmarks'][number]) => ({
  ...bookmark,
  channel_id: room.id,
  icon_url: '',
  type: 'link',
  entity_id: null,
  date_created: seconds(call.ws.clock.now()),
  date_updated: 0,
  rank: '',
  last_updated_by_user_id: call.bot,
  last_updated_by_team_id: call.ws.team.id,
  shortcut_id: null,
  app_id: null,
})
