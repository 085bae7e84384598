import { type Call, channelOf, type Handler, need, refuse, refuseWith, text } from '../call.ts'
import type { Room } from '../model.ts'
import { seconds } from '../slack-shapes.ts'
import type { Bookmark } from '../wire.ts'
import { emit, newId } from '../workspace.ts'

const MOST_BOOKMARKS = 100

export const bookmarks: Record<string, Handler> = {
  'bookmarks.add'(call) {
    const room = roomOf(call)
    if (need(call, 'type') !== 'link') refuse('invalid_bookmark_type')
    const link = linkOf(call) ?? refuse('invalid_link')
    const emoji = emojiOf(call) ?? ''
    if (room.bookmarks.length >= MOST_BOOKMARKS) refuse('too_many_bookmarks')
    const bookmark = { id: newId(call.ws, 'Bk'), title: need(call, 'title'), link, emoji }
    change(call, room, [...room.bookmarks, bookmark])
    return { bookmark: shown(call, room, bookmark) }
  },

  'bookmarks.edit'(call) {
    const room = roomOf(call)
    const before = bookmarkOf(call, room)
    const after: Bookmark = {
      ...before,
      title: text(call, 'title') ?? before.title,
      link: linkOf(call) ?? before.link,
      // An empty emoji takes it away.
      emoji: call.args.emoji === '' ? '' : (emojiOf(call) ?? before.emoji),
    }
    change(
      call,
      room,
      room.bookmarks.map((bookmark) => (bookmark.id === before.id ? after : bookmark)),
    )
    return { bookmark: shown(call, room, after) }
  },

  'bookmarks.list'(call) {
    const room = found(call)
    return { bookmarks: room.bookmarks.map((bookmark) => shown(call, room, bookmark)) }
  },

  'bookmarks.remove'(call) {
    const room = roomOf(call)
    const { id } = bookmarkOf(call, room)
    change(
      call,
      room,
      room.bookmarks.filter((bookmark) => bookmark.id !== id),
    )
    return {}
  },
}

/** Slack's data calls `channel_id` optional; without it there is no channel. */
const found = (call: Call): Room =>
  text(call, 'channel_id') === undefined ? refuse('channel_not_found') : channelOf(call, 'channel_id')

function roomOf(call: Call): Room {
  const room = found(call)
  if (!room.members.has(call.me) || room.archived) refuse('permission_denied')
  return room
}

const bookmarkOf = (call: Call, room: Room): Bookmark =>
  room.bookmarks.find((bookmark) => bookmark.id === text(call, 'bookmark_id')) ?? refuse('not_found')

const LONGEST_LINK = 3_000

function linkOf(call: Call): string | undefined {
  const link = text(call, 'link')
  if (link !== undefined && (!/^https?:\/\/\S+$/.test(link) || link.length > LONGEST_LINK)) refuse('invalid_link')
  return link
}

function emojiOf(call: Call): string | undefined {
  const emoji = text(call, 'emoji')
  if (emoji !== undefined && !/^:[\w+-]+:$/.test(emoji)) refuse('invalid_emoji')
  return emoji
}

const LONGEST_TITLE = 255

function change(call: Call, room: Room, bookmarks: Bookmark[]): void {
  if (bookmarks.some(({ title }) => title.length > LONGEST_TITLE))
    refuseWith('invalid_arguments', ['title is too long'])
  room.bookmarks = bookmarks
  emit(call.ws, { type: 'room', room, reason: 'changed', by: call.me })
}

const shown = (call: Call, room: Room, bookmark: Bookmark) => ({
  ...bookmark,
  channel_id: room.id,
  icon_url: '',
  type: 'link',
  date_created: seconds(call.ws.clock.now()),
  date_updated: 0,
  rank: '',
  last_updated_by_user_id: call.me,
  last_updated_by_team_id: call.ws.team.id,
})
