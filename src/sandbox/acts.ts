import type { KnownBlock } from '@slack/types'
import type { Room, Stored, User, Workspace } from './model.ts'
import { quietUntil } from './quiet.ts'
import type { Attachment } from './wire.ts'
import { addRoom, canSee, emit, isChannel, isSaid, newId, nextTs, openDm, SLACKBOT } from './workspace.ts'

/** What can be said in a message. Everything but the text may be left out. */
export interface Saying {
  text: string
  blocks?: KnownBlock[]
  attachments?: Attachment[]
  files?: string[]
  threadTs?: string | null
  broadcast?: boolean
  metadata?: Stored['metadata']
  subtype?: string | null
  extra?: Record<string, string>
  streaming?: boolean
  /** Only this person sees it. */
  onlyFor?: string | null
}

/** A demo may run for days: the oldest tenth of a channel goes when it holds more. */
const MESSAGES_KEPT = 20_000

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
    files: saying.files ?? [],
    threadTs: saying.threadTs ?? null,
    broadcast: saying.broadcast ?? false,
    edited: null,
    reactions: new Map(),
    metadata: saying.metadata ?? null,
    subtype: saying.subtype ?? null,
    extra: saying.extra ?? {},
    onlyFor: saying.onlyFor ?? null,
    streaming: saying.streaming ?? false,
    notified: new Map(),
  }
  message.notified = notifiedBy(ws, room, message)
  room.messages.set(message.ts, message)
  if (room.messages.size > MESSAGES_KEPT) shed(room)
  room.closedFor.clear()
  const parent = message.threadTs === null ? undefined : room.messages.get(message.threadTs)
  if (parent && parent.threadTs === null) parent.threadTs = parent.ts
  if (message.onlyFor === null) room.lastRead.set(user, message.ts)
  emit(ws, { type: 'message', message })
  if (parent) emit(ws, { type: 'message_changed', message: parent, previous: null })
  return message
}

function shed(room: Room): void {
  const oldest = [...room.messages.keys()].slice(0, MESSAGES_KEPT / 10)
  for (const ts of oldest) room.messages.delete(ts)
}

/** Whose devices hear of it: everybody in a DM, in a channel whoever is mentioned. Not under "do not disturb": they find it later. */
function notifiedBy(ws: Workspace, room: Room, message: Stored): Stored['notified'] {
  const heard: Stored['notified'] = new Map()
  if (message.onlyFor !== null || !isSaid(message)) return heard
  const called = isChannel(room) ? mentionedIn(ws, room, message) : room.members
  for (const id of called) {
    const user = ws.users.get(id)
    if (!user || user.isBot || user.deleted || id === message.user) continue
    heard.set(id, quietUntil(user, ws.clock.now()) === null ? 'sounded' : 'silent')
  }
  return heard
}

function mentionedIn(ws: Workspace, room: Room, message: Stored): Set<string> {
  const words = message.blocks.length > 0 ? JSON.stringify([message.text, message.blocks]) : message.text
  const called = new Set<string>()
  for (const [, id = ''] of words.matchAll(/<@([A-Z0-9]+)[|>]/g)) called.add(id)
  for (const [, id = ''] of words.matchAll(/<!subteam\^([A-Z0-9]+)[|>]/g))
    for (const user of ws.groups.get(id)?.users ?? []) called.add(user)
  if (/<!(channel|everyone)[|>]/.test(words)) for (const id of room.members) called.add(id)
  if (/<!here[|>]/.test(words))
    for (const id of room.members) if (ws.users.get(id)?.presence === 'active') called.add(id)
  return new Set([...called].filter((id) => room.members.has(id)))
}

/** What Slack itself says to one person: "Only visible to you". */
export function slackbotSays(ws: Workspace, room: Room, to: string, text: string): Stored {
  return post(ws, room, SLACKBOT, { text, onlyFor: to })
}

type Change = Partial<Pick<Stored, 'text' | 'blocks' | 'attachments' | 'metadata' | 'files' | 'streaming'>>

/** Changes a message in place, and marks it "(edited)". */
export function edit(ws: Workspace, message: Stored, by: string, change: Change): void {
  alter(ws, message, { ...change, edited: { user: by, ts: nextTs(ws) } })
}

/** As {@link edit}, but as Slack itself changes messages: without a mark. */
export function alter(ws: Workspace, message: Stored, change: Change & Partial<Pick<Stored, 'edited'>>): void {
  const previous = { ...message }
  Object.assign(message, change)
  emit(ws, { type: 'message_changed', message, previous })
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
  const extra: Record<string, string> = by === user ? {} : { inviter: by }
  post(ws, room, user, { text: `<@${user}> has joined the channel`, subtype: 'channel_join', extra })
}

export function leave(ws: Workspace, room: Room, user: string, by: string): void {
  room.members.delete(user)
  post(ws, room, user, { text: `<@${user}> has left the channel`, subtype: 'channel_leave' })
  room.lastRead.delete(user)
  emit(ws, { type: 'left', room, user, by })
}

export function setTopic(ws: Workspace, room: Room, by: string, topic: string): void {
  room.topic = topic
  emit(ws, { type: 'room', room, reason: 'changed', by })
  const text = topic === '' ? 'cleared the channel topic' : `set the channel topic: ${topic}`
  post(ws, room, by, { text, subtype: 'channel_topic', extra: { topic } })
}

export function setPurpose(ws: Workspace, room: Room, by: string, purpose: string): void {
  room.purpose = purpose
  emit(ws, { type: 'room', room, reason: 'changed', by })
  const text = purpose === '' ? 'cleared the channel description' : `set the channel description: ${purpose}`
  post(ws, room, by, { text, subtype: 'channel_purpose', extra: { purpose } })
}

export function rename(ws: Workspace, room: Room, by: string, name: string): void {
  const before = room.name
  room.name = name
  emit(ws, { type: 'room', room, reason: 'renamed', by })
  const extra = { old_name: before, name }
  post(ws, room, by, { text: `has renamed the channel from "${before}" to "${name}"`, subtype: 'channel_name', extra })
}

/** Nobody can write to it any more; it can still be read. */
export function archive(ws: Workspace, room: Room, by: string): void {
  post(ws, room, by, { text: 'archived the channel', subtype: 'channel_archive' })
  room.archived = true
  emit(ws, { type: 'room', room, reason: 'archived', by })
}

/** Whoever brings it back is in it afterwards. */
export function unarchive(ws: Workspace, room: Room, by: string): void {
  room.archived = false
  room.members.add(by)
  post(ws, room, by, { text: 'un-archived the channel', subtype: 'channel_unarchive' })
  emit(ws, { type: 'room', room, reason: 'unarchived', by })
}

/** Somebody closes a DM: it is out of their list until the next message. */
export function closeDm(ws: Workspace, room: Room, by: string): void {
  room.closedFor.add(by)
  emit(ws, { type: 'room', room, reason: 'changed', by })
}

export function pin(ws: Workspace, room: Room, message: Stored, by: string): void {
  room.pins.unshift({ ts: message.ts, by, at: ws.clock.now() })
  emit(ws, { type: 'pin', room, message, user: by, added: true })
}

export function unpin(ws: Workspace, room: Room, message: Stored, by: string): void {
  room.pins = room.pins.filter((pinned) => pinned.ts !== message.ts)
  emit(ws, { type: 'pin', room, message, user: by, added: false })
}

/** Up to this message; without one, everything. */
export function markRead(ws: Workspace, room: Room, user: string, ts?: string): void {
  const upTo = ts ?? [...room.messages.keys()].at(-1)
  if (upTo !== undefined) room.lastRead.set(user, upTo)
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

/** Somebody leaves the company, comes back, goes away from the keyboard, is not to be disturbed, … */
export function changeUser(ws: Workspace, user: User, change: Partial<Omit<User, 'id'>>): void {
  const { presence, dndUntil, dndHours, ...profile } = change
  Object.assign(user, change)
  if (Object.keys(profile).length > 0) {
    user.updatedAt = ws.clock.now()
    emit(ws, { type: 'user', user, reason: 'changed' })
  }
  if (change.deleted) leaveGroups(ws, user)
  if (presence !== undefined) emit(ws, { type: 'user', user, reason: 'presence' })
  if (dndUntil !== undefined || dndHours !== undefined) emit(ws, { type: 'quiet', user })
}

/** Slack takes somebody who left out of the user groups. */
function leaveGroups(ws: Workspace, user: User): void {
  for (const group of ws.groups.values()) {
    if (!group.users.includes(user.id)) continue
    const before = group.users
    group.users = before.filter((id) => id !== user.id)
    group.updatedAt = ws.clock.now()
    emit(ws, { type: 'usergroup', group, reason: 'updated', before })
  }
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
  return linked(kept)
    .replaceAll(/(^|[\s(])@([\p{L}\d][\p{L}\d._-]*)/gu, (all, before: string, name: string) => {
      const [known, rest] = longestKnown(name, (part) => [...ws.users.values()].find((user) => user.name === part))
      if (known) return `${before}<@${known.id}${withNames ? `|${known.name}` : ''}>${rest}`
      const [group, tail] = longestKnown(name, (part) => [...ws.groups.values()].find((item) => item.handle === part))
      if (group) return `${before}<!subteam^${group.id}${withNames ? `|@${group.handle}` : ''}>${tail}`
      if (name === 'here' || name === 'channel' || name === 'everyone') return `${before}<!${name}>`
      return all
    })
    .replaceAll(/(^|[\s(])#([\p{L}\d][\p{L}\d_-]*)/gu, (all, before: string, name: string) => {
      const room = [...ws.rooms.values()].find((item) => isChannel(item) && item.name === name)
      return room ? `${before}<#${room.id}|${room.name}>` : all
    })
}

/** Addresses that people type become links: `https://a.example/b` → `<https://a.example/b>`. */
const linked = (text: string): string => text.replaceAll(/(^|[\s(])(https?:\/\/[^\s<>|]*[^\s<>|.,;:!?)])/g, '$1<$2>')

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

/** The message, where this person sees it. */
export function seenBy(ws: Workspace, room: Room, ts: string, user: User): Stored | undefined {
  const message = room.messages.get(ts)
  const theirs = message?.onlyFor === null || message?.onlyFor === user.id
  return message && theirs && canSee(ws, room, user.id) ? message : undefined
}
