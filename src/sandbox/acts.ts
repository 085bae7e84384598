import type { KnownBlock } from '@slack/types'
import {
  addRoom,
  emit,
  newId,
  nextTs,
  openDm,
  type Room,
  SLACKBOT,
  type Stored,
  type User,
  type Workspace,
} from './workspace.ts'

/** What can be said in a message. Everything but the text may be left out. */
export interface Saying {
  text: string
  blocks?: KnownBlock[]
  attachments?: unknown[]
  threadTs?: string | null
  broadcast?: boolean
  metadata?: Stored['metadata']
  subtype?: string | null
  /** Only this person sees it. */
  onlyFor?: string | null
}

/** Writes a message; who wrote it has read the channel up to it. */
export function post(ws: Workspace, room: Room, user: string, saying: Saying): Stored {
  const message: Stored = {
    ts: nextTs(ws),
    channel: room.id,
    user,
    byApp: ws.users.get(user)?.isBot ?? false,
    text: saying.text,
    blocks: saying.blocks ?? [],
    attachments: saying.attachments ?? [],
    threadTs: saying.threadTs ?? null,
    broadcast: saying.broadcast ?? false,
    edited: null,
    reactions: new Map(),
    metadata: saying.metadata ?? null,
    subtype: saying.subtype ?? null,
    onlyFor: saying.onlyFor ?? null,
  }
  room.messages.set(message.ts, message)
  const parent = message.threadTs === null ? undefined : room.messages.get(message.threadTs)
  if (parent && parent.threadTs === null) parent.threadTs = parent.ts
  if (message.onlyFor === null) room.lastRead.set(user, message.ts)
  emit(ws, { type: 'message', message })
  if (parent) emit(ws, { type: 'message_changed', message: parent })
  return message
}

/** What Slack itself says to one person: "Only visible to you". */
export function slackbotSays(ws: Workspace, room: Room, to: string, text: string): Stored {
  return post(ws, room, SLACKBOT, { text, onlyFor: to })
}

/** Changes a message in place. `edited: false` for changes that Slack does not mark, such as those through a response_url. */
export function edit(
  ws: Workspace,
  message: Stored,
  by: string,
  change: Partial<Pick<Stored, 'text' | 'blocks' | 'attachments' | 'metadata'>>,
): void {
  Object.assign(message, change)
  message.edited = { user: by, ts: nextTs(ws) }
  emit(ws, { type: 'message_changed', message })
}

export function remove(ws: Workspace, message: Stored): void {
  const room = ws.rooms.get(message.channel)
  room?.messages.delete(message.ts)
  if (room) room.pins = room.pins.filter((pin) => pin.ts !== message.ts)
  emit(ws, { type: 'message_deleted', message })
}

export function createChannel(ws: Workspace, name: string, creator: string, isPrivate: boolean): Room {
  const room = addRoom(ws, {
    id: newId(ws, 'C'),
    name,
    kind: isPrivate ? 'private' : 'public',
    creator,
    archived: false,
    topic: '',
    purpose: '',
    members: new Set(),
    with: null,
  })
  join(ws, room, creator, creator)
  return room
}

/** Brings somebody in; Slack writes "has joined the channel". */
export function join(ws: Workspace, room: Room, user: string, by: string): void {
  room.members.add(user)
  const last = [...room.messages.keys()].at(-1)
  if (last !== undefined) room.lastRead.set(user, last)
  emit(ws, { type: 'joined', room, user, by })
  post(ws, room, user, { text: `<@${user}> has joined the channel`, subtype: 'channel_join' })
}

export function leave(ws: Workspace, room: Room, user: string, by: string): void {
  room.members.delete(user)
  post(ws, room, user, { text: `<@${user}> has left the channel`, subtype: 'channel_leave' })
  room.lastRead.delete(user)
  emit(ws, { type: 'left', room, user, by })
}

export function setTopic(ws: Workspace, room: Room, by: string, topic: string): void {
  room.topic = topic
  emit(ws, { type: 'room', room, reason: 'changed' })
  const text = topic === '' ? 'cleared the channel topic' : `set the channel topic: ${topic}`
  post(ws, room, by, { text, subtype: 'channel_topic' })
}

export function setPurpose(ws: Workspace, room: Room, by: string, purpose: string): void {
  room.purpose = purpose
  emit(ws, { type: 'room', room, reason: 'changed' })
  const text = purpose === '' ? 'cleared the channel description' : `set the channel description: ${purpose}`
  post(ws, room, by, { text, subtype: 'channel_purpose' })
}

export function rename(ws: Workspace, room: Room, by: string, name: string): void {
  const before = room.name
  room.name = name
  emit(ws, { type: 'room', room, reason: 'renamed' })
  post(ws, room, by, { text: `has renamed the channel from "${before}" to "${name}"`, subtype: 'channel_name' })
}

/** Nobody can write to it any more; it can still be read. */
export function archive(ws: Workspace, room: Room, by: string): void {
  post(ws, room, by, { text: 'archived the channel', subtype: 'channel_archive' })
  room.archived = true
  emit(ws, { type: 'room', room, reason: 'archived' })
}

export function pin(ws: Workspace, room: Room, message: Stored, by: string): void {
  room.pins.unshift({ ts: message.ts, by, at: ws.clock.now() })
  emit(ws, { type: 'room', room, reason: 'changed' })
}

export function unpin(ws: Workspace, room: Room, ts: string): void {
  room.pins = room.pins.filter((pinned) => pinned.ts !== ts)
  emit(ws, { type: 'room', room, reason: 'changed' })
}

export function markRead(ws: Workspace, room: Room, user: string): void {
  const last = [...room.messages.keys()].at(-1)
  if (last !== undefined) room.lastRead.set(user, last)
  emit(ws, { type: 'read', room, user })
}

export function react(ws: Workspace, message: Stored, user: string, name: string): void {
  message.reactions.set(name, [...(message.reactions.get(name) ?? []), user])
  emit(ws, { type: 'reaction', message, user, name, added: true })
}

export function unreact(ws: Workspace, message: Stored, user: string, name: string): void {
  const left = (message.reactions.get(name) ?? []).filter((other) => other !== user)
  if (left.length > 0) message.reactions.set(name, left)
  else message.reactions.delete(name)
  emit(ws, { type: 'reaction', message, user, name, added: false })
}

/** Somebody leaves the company, comes back, goes away from the keyboard, … */
export function changeUser(ws: Workspace, user: User, change: Partial<Omit<User, 'id'>>): void {
  Object.assign(user, change, { updatedAt: ws.clock.now() })
  emit(ws, { type: 'user', user })
}

/** A person writes a message; mentions and channel names that they type become Slack's escapes. */
export function say(ws: Workspace, user: User, room: Room, text: string, threadTs: string | null): Stored {
  return post(ws, room, user.id, { text: escaped(ws, text), threadTs })
}

/** The text that Slack makes of what a person types: `&` `<` `>` escaped, `@ada` → `<@U…>`, `#ops` → `<#C…|ops>`; unknown names stay. */
export function escaped(ws: Workspace, text: string, withNames = false): string {
  const safe = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  // What is escaped already (`<@U…>` typed by a test or made by a menu) is left as it was.
  const kept = safe.replaceAll(/&lt;([@#!][^&\s]*?)&gt;/g, '<$1>')
  return kept
    .replaceAll(/(^|[\s(])@([\p{L}\d][\p{L}\d._-]*)/gu, (all, before: string, name: string) => {
      const [known, rest] = longestKnown(name, (part) => [...ws.users.values()].find((user) => user.name === part))
      if (known) return `${before}<@${known.id}${withNames ? `|${known.name}` : ''}>${rest}`
      const [group, tail] = longestKnown(name, (part) => [...ws.groups.values()].find((item) => item.handle === part))
      if (group) return `${before}<!subteam^${group.id}${withNames ? `|@${group.handle}` : ''}>${tail}`
      if (name === 'here' || name === 'channel' || name === 'everyone') return `${before}<!${name}>`
      return all
    })
    .replaceAll(/(^|[\s(])#([\p{L}\d][\p{L}\d_-]*)/gu, (all, before: string, name: string) => {
      const room = [...ws.rooms.values()].find((item) => item.kind !== 'im' && item.name === name)
      return room ? `${before}<#${room.id}|${room.name}>` : all
    })
}

/** `ada.` at the end of a sentence is ada and a full stop. */
function longestKnown<T>(name: string, find: (part: string) => T | undefined): [T | undefined, string] {
  for (let end = name.length; end > 0; end -= 1) {
    const found = find(name.slice(0, end))
    if (found && (end === name.length || /^[._-]+$/.test(name.slice(end)))) return [found, name.slice(end)]
  }
  return [undefined, '']
}

/** The DM of this person with the bot. */
export const dmOf = (ws: Workspace, user: User): Room => openDm(ws, user.id).room
