import type { Change, Channel, Message, Person, State, View } from './wire.ts'
import {
  canSee,
  findDm,
  type Happening,
  isTop,
  people,
  type Room,
  repliesTo,
  type Stored,
  type StoredView,
  type User,
  unreadOf,
  type Workspace,
} from './workspace.ts'

/** The page shows no more of a channel; older messages stay in the history. */
const MESSAGES_SHOWN = 500

const personOf = (user: User): Person => ({
  id: user.id,
  name: user.name,
  real_name: user.realName,
  tz: user.tz,
  is_bot: user.isBot,
  is_restricted: user.isRestricted,
  deleted: user.deleted,
  presence: user.presence,
})

export function messageOf(room: Room, message: Stored): Message {
  const isParent = message.threadTs === message.ts
  return {
    ts: message.ts,
    channel: message.channel,
    user: message.user,
    bot: message.byApp,
    text: message.text,
    blocks: message.blocks,
    thread_ts: message.threadTs,
    reply_count: isParent ? repliesTo(room, message.ts).length : 0,
    broadcast: message.broadcast,
    edited: message.edited,
    ephemeral: message.onlyFor !== null,
    reactions: [...message.reactions].map(([name, users]) => ({ name, users })),
    metadata: message.metadata,
    subtype: message.subtype,
  }
}

/** The messages of a channel that this person sees, oldest first. */
export function messagesFor(room: Room, userId: string): Message[] {
  return [...room.messages.values()]
    .filter((message) => message.onlyFor === null || message.onlyFor === userId)
    .slice(-MESSAGES_SHOWN)
    .map((message) => messageOf(room, message))
}

function channelFor(ws: Workspace, room: Room, userId: string): Channel {
  const last = [...room.messages.values()]
    .filter((message) => (message.onlyFor === null || message.onlyFor === userId) && isTop(message))
    .at(-1)
  const other = room.kind === 'im' ? ([...room.members].find((id) => id !== userId) ?? null) : null
  return {
    id: room.id,
    name: other === null ? room.name : (ws.users.get(other)?.name ?? room.name),
    kind: room.kind,
    with: other,
    is_member: room.members.has(userId),
    is_archived: room.archived,
    topic: room.topic,
    purpose: room.purpose,
    members: [...room.members],
    unread: unreadOf(room, userId),
    last_read: room.lastRead.get(userId) ?? null,
    last_message: last ? messageOf(room, last) : null,
    pins: room.pins.map((pin) => pin.ts),
    bookmarks: room.bookmarks,
    created_at: room.createdAt,
  }
}

const viewOf = (view: StoredView): View => ({
  id: view.id,
  type: view.type,
  callback_id: view.callbackId,
  title: view.title,
  submit: view.submit,
  close: view.close,
  blocks: view.blocks,
})

function topView(ws: Workspace, kind: 'modal' | 'home', userId: string): View | null {
  const id = kind === 'home' ? ws.homes.get(userId) : ws.modals.get(userId)?.at(-1)
  const view = id === undefined ? undefined : ws.views.get(id)
  return view ? viewOf(view) : null
}

/** Everything that this person sees. */
export function stateFor(ws: Workspace, me: User): State {
  const rooms = [...ws.rooms.values()].filter((room) => canSee(room, me.id))
  const order = (room: Room) => `${room.kind === 'im' ? 1 : 0}${room.name}`
  rooms.sort((a, b) => order(a).localeCompare(order(b)))
  const bot = ws.users.get(ws.app.botUser)
  if (!bot) throw new Error('the local workspace has lost its bot user')
  return {
    team: ws.team,
    me: personOf(me),
    bot: personOf(bot),
    users: [...ws.users.values()].map(personOf),
    channels: rooms.map((room) => channelFor(ws, room, me.id)),
    messages: Object.fromEntries(rooms.map((room) => [room.id, messagesFor(room, me.id)])),
    commands: ws.commands,
    home: topView(ws, 'home', me.id),
    modal: topView(ws, 'modal', me.id),
    connections: ws.connections,
    now: ws.clock.now(),
    seq: ws.seq,
  }
}

/** What this person's page has to be told of a change; nothing when they do not see it. */
export function changesFor(ws: Workspace, happening: Happening, userId: string): Change[] {
  switch (happening.type) {
    case 'message':
    case 'message_changed':
    case 'reaction': {
      const { message } = happening
      const room = ws.rooms.get(message.channel)
      if (!room || !canSee(room, userId) || (message.onlyFor !== null && message.onlyFor !== userId)) return []
      const type = happening.type === 'message' ? 'message' : 'message_changed'
      return [
        { type, channel: room.id, message: messageOf(room, message) },
        { type: 'channel', channel: channelFor(ws, room, userId) },
      ]
    }
    case 'message_deleted': {
      const room = ws.rooms.get(happening.message.channel)
      const { onlyFor } = happening.message
      if (!room || !canSee(room, userId) || (onlyFor !== null && onlyFor !== userId)) return []
      return [
        { type: 'message_deleted', channel: room.id, ts: happening.message.ts },
        { type: 'channel', channel: channelFor(ws, room, userId) },
      ]
    }
    case 'room':
      return canSee(happening.room, userId)
        ? [{ type: 'channel', channel: channelFor(ws, happening.room, userId) }]
        : []
    case 'joined':
      if (!canSee(happening.room, userId)) return []
      // Somebody who comes into a private channel sees all of its messages at once.
      return happening.user === userId && happening.room.kind === 'private'
        ? [{ type: 'resync' }]
        : [{ type: 'channel', channel: channelFor(ws, happening.room, userId) }]
    case 'left':
      return canSee(happening.room, userId)
        ? [{ type: 'channel', channel: channelFor(ws, happening.room, userId) }]
        : happening.user === userId
          ? [{ type: 'channel_gone', channel: happening.room.id }]
          : []
    case 'read':
      return happening.user === userId ? [{ type: 'channel', channel: channelFor(ws, happening.room, userId) }] : []
    case 'user':
      return [{ type: 'user', user: personOf(happening.user) }]
    case 'view':
      return happening.user === userId ? [{ type: happening.kind, view: topView(ws, happening.kind, userId) }] : []
    case 'connections':
      return [{ type: 'connections', count: ws.connections }]
    default:
      return happening satisfies never
  }
}

/** The messages of the bot's DM with this person, as the person sees them; none when there is no DM yet. */
export function dmFor(ws: Workspace, userId: string): Message[] {
  const room = findDm(ws, userId)
  return room ? messagesFor(room, userId) : []
}

/** The person whose page it is when nobody is named. */
export const firstPerson = (ws: Workspace): User | undefined => people(ws).find((user) => !user.deleted)
