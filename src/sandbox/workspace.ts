import type { Happening, Room, Stored, User, Workspace } from './model.ts'

export const SLACKBOT = 'USLACKBOT'

/** An id that nobody has yet, for what is made while the workspace runs. */
export function newId(ws: Workspace, letter: string): string {
  ws.counter += 1
  return `${letter}0L${ws.counter.toString(36).toUpperCase().padStart(7, '0')}`
}

/** A readable id that is free: `ada` → `UADA00000`; `UADA000002` where two names come to the same. */
export function idFor(letter: string, name: string, taken: ReadonlyMap<string, unknown>): string {
  const id =
    letter +
    name
      .toUpperCase()
      .replaceAll(/[^A-Z0-9]/g, '')
      .padEnd(8, '0')
      .slice(0, 20)
  let free = id
  for (let count = 2; taken.has(free); count += 1) free = `${id}${count}`
  return free
}

type NewRoom = Pick<Room, 'id' | 'name' | 'kind' | 'creator' | 'archived' | 'topic' | 'purpose' | 'members' | 'with'>

export function addRoom(ws: Workspace, part: NewRoom): Room {
  if (ws.rooms.has(part.id)) throw new Error(`two channels of the local workspace have the id ${part.id}`)
  const room: Room = {
    ...part,
    createdAt: ws.clock.now(),
    messages: new Map(),
    pins: [],
    bookmarks: [],
    lastRead: new Map(),
    closedFor: new Set(),
    canvas: null,
  }
  ws.rooms.set(room.id, room)
  emit(ws, { type: 'room', room, reason: 'created', by: room.creator })
  return room
}

export function emit(ws: Workspace, happening: Happening): void {
  ws.seq += 1
  for (const watcher of ws.watchers) watcher(happening)
}

/** Calls `watcher` after every change, until the returned function is called. */
export function watch(ws: Workspace, watcher: (happening: Happening) => void): () => void {
  ws.watchers.add(watcher)
  return () => ws.watchers.delete(watcher)
}

/** The next message timestamp: the clock's, but always later than the last one. */
export function nextTs(ws: Workspace): string {
  const micros = Math.max(Math.floor(ws.clock.now()) * 1000, ws.lastMicros + 1)
  ws.lastMicros = micros
  return `${Math.floor(micros / 1_000_000)}.${String(micros % 1_000_000).padStart(6, '0')}`
}

/** People: no bots. */
export const people = (ws: Workspace): User[] => [...ws.users.values()].filter((user) => !user.isBot)

/** Of another company. */
export const isExternal = (user: User): boolean => user.team !== null

/** The company of a person, by their id or as they are; ours of whoever is not known. */
export function teamOf(ws: Workspace, who: User | string): string {
  const user = typeof who === 'string' ? ws.users.get(who) : who
  return user?.team ?? ws.team.id
}

/** Whether people of another company are in it. */
export const isShared = (ws: Workspace, room: Room): boolean =>
  [...room.members].some((id) => teamOf(ws, id) !== ws.team.id)

/** By id, by handle, with or without `@`. */
export function findUser(ws: Workspace, who: string): User | undefined {
  const name = who.replace(/^@/, '')
  return ws.users.get(who) ?? [...ws.users.values()].find((user) => user.name === name)
}

export function needUser(ws: Workspace, who: string): User {
  const user = findUser(ws, who)
  if (!user) throw new Error(`the local workspace has no user ${who}`)
  return user
}

/** Channels have names that people use; DMs have not. */
export const isChannel = (room: Room): boolean => room.kind === 'public' || room.kind === 'private'

/** By id, by name, with or without `#`. */
export function findRoom(ws: Workspace, which: string): Room | undefined {
  const name = which.replace(/^#/, '')
  return ws.rooms.get(which) ?? [...ws.rooms.values()].find((room) => isChannel(room) && room.name === name)
}

export const findDm = (ws: Workspace, userId: string): Room | undefined =>
  [...ws.rooms.values()].find((room) => room.kind === 'im' && room.with === userId)

/** The DM between the bot and this person; made when there is none. */
export function openDm(ws: Workspace, userId: string): { room: Room; existed: boolean } {
  const found = findDm(ws, userId)
  if (found) return { room: found, existed: true }
  const room = addRoom(ws, {
    id: `D${userId.slice(1)}`,
    name: needUser(ws, userId).name,
    kind: 'im',
    creator: ws.app.botUser,
    archived: false,
    topic: '',
    purpose: '',
    members: new Set([ws.app.botUser, userId]),
    with: userId,
  })
  return { room, existed: false }
}

/** The group DM of exactly these people; made when there is none. */
export function openGroupDm(ws: Workspace, ids: readonly string[], by: string): { room: Room; existed: boolean } {
  const members = new Set(ids)
  const found = [...ws.rooms.values()].find(
    (room) =>
      room.kind === 'mpim' && room.members.size === members.size && [...room.members].every((id) => members.has(id)),
  )
  if (found) return { room: found, existed: true }
  const names = [...members].map((id) => needUser(ws, id).name)
  const room = addRoom(ws, {
    id: newId(ws, 'C'),
    name: `mpdm-${names.join('--')}-1`,
    kind: 'mpim',
    creator: by,
    archived: false,
    topic: '',
    purpose: `Group messaging with: ${names.map((name) => `@${name}`).join(' ')}`,
    members,
    with: null,
  })
  return { room, existed: false }
}

/** Whether this person can read the channel. Guests and people of other companies see only what they are in. */
export function canSee(ws: Workspace, room: Room, userId: string): boolean {
  if (room.members.has(userId)) return true
  const user = ws.users.get(userId)
  return room.kind === 'public' && user !== undefined && !user.isRestricted && !isExternal(user)
}

/** Messages that everybody in the channel sees, oldest first. */
export const openly = (room: Room): Stored[] =>
  [...room.messages.values()].filter((message) => message.onlyFor === null)

/** Replies of a thread, without its first message. */
export const repliesTo = (room: Room, ts: string): Stored[] =>
  openly(room).filter((message) => message.threadTs === ts && message.ts !== ts)

/** Messages of others that this person has not read: no replies in threads, nothing ephemeral, nothing that Slack itself wrote. */
export function unreadOf(room: Room, userId: string): number {
  if (!room.members.has(userId)) return 0
  const read = room.lastRead.get(userId) ?? ''
  let count = 0
  for (const message of room.messages.values()) {
    const counts = message.onlyFor === null && isSaid(message) && message.user !== userId
    if (counts && isTop(message) && isLater(message.ts, read)) count += 1
  }
  return count
}

/** Subtypes of what people and apps say; the others are Slack's own notices. */
const SAID: ReadonlySet<string | null> = new Set([null, 'me_message', 'file_share'])

/** Whether somebody said it, not Slack itself. */
export const isSaid = (message: Stored): boolean => SAID.has(message.subtype)

/** Whether it stands in the channel itself, not only in a thread. */
export const isTop = (message: Stored): boolean =>
  message.threadTs === null || message.threadTs === message.ts || message.broadcast

/** Compares two timestamps; `''` is before everything. Seconds have the same number of digits for the next 260 years. */
export const isLater = (ts: string, than: string): boolean => Number(ts) > Number(than || 0)
