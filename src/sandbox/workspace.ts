import { randomBytes } from 'node:crypto'
import type { KnownBlock } from '@slack/types'
import type { Bookmark } from './wire.ts'

/** A person, the bot, or Slackbot. */
export interface User {
  id: string
  name: string
  realName: string
  email: string
  tz: string
  deleted: boolean
  isBot: boolean
  /** A guest: cannot be invited by a bot, may not be in a user group. */
  isRestricted: boolean
  presence: 'active' | 'away'
  /** Do not disturb now and until when, UTC milliseconds, or null. */
  dndUntil: number | null
  updatedAt: number
}

/** A message as it is stored. Ephemeral ones lie among the others, with `onlyFor`. */
export interface Stored {
  ts: string
  channel: string
  user: string
  byApp: boolean
  text: string
  blocks: KnownBlock[]
  attachments: unknown[]
  threadTs: string | null
  broadcast: boolean
  edited: { user: string; ts: string } | null
  reactions: Map<string, string[]>
  metadata: { event_type: string; event_payload: Record<string, unknown> } | null
  subtype: string | null
  /** The only person who sees it, or null. */
  onlyFor: string | null
}

export interface Room {
  id: string
  name: string
  kind: 'public' | 'private' | 'im'
  creator: string
  createdAt: number
  archived: boolean
  topic: string
  purpose: string
  members: Set<string>
  /** DMs: the person at the other end of the bot. */
  with: string | null
  /** By `ts`, oldest first. */
  messages: Map<string, Stored>
  pins: { ts: string; by: string; at: number }[]
  bookmarks: Bookmark[]
  lastRead: Map<string, string>
}

export interface UserGroup {
  id: string
  handle: string
  name: string
  users: string[]
  disabled: boolean
}

export interface StoredView {
  id: string
  type: 'modal' | 'home'
  user: string
  callbackId: string
  externalId: string
  privateMetadata: string
  hash: string
  title: string
  submit: string | null
  close: string | null
  notifyOnClose: boolean
  blocks: KnownBlock[]
  /** What its inputs hold, by block id and action id, as Slack's `state.values`. */
  values: Record<string, Record<string, unknown>>
}

/** What changed. Whoever shows the workspace looks at the state; this only says where. */
export type Happening =
  | { type: 'message' | 'message_changed'; message: Stored }
  | { type: 'message_deleted'; message: Stored }
  | { type: 'room'; room: Room; reason: 'created' | 'archived' | 'renamed' | 'changed' }
  | { type: 'joined' | 'left'; room: Room; user: string; by: string }
  | { type: 'read'; room: Room; user: string }
  | { type: 'reaction'; message: Stored; user: string; name: string; added: boolean }
  | { type: 'user'; user: User }
  | { type: 'view'; kind: 'modal' | 'home'; user: string }
  | { type: 'connections' }

/** The whole state of the local Slack. Plain data; the verbs are functions of this file and of `acts.ts`. */
export interface Workspace {
  team: { id: string; name: string; domain: string }
  app: { id: string; botId: string; botUser: string; name: string; verificationToken: string }
  clock: { now(): number }
  random: () => number
  botToken: string
  appToken: string
  /** Set to make the bot token useless, with the error that Slack then gives. */
  botRevoked: 'account_inactive' | 'token_revoked' | null
  scopes: Set<string>
  commands: string[]
  /** Event types that the app subscribed to: `message.channels`, `message.im`, `app_mention`, … */
  events: Set<string>
  users: Map<string, User>
  rooms: Map<string, Room>
  groups: Map<string, UserGroup>
  views: Map<string, StoredView>
  /** By person: open modals, bottom to top, and the App Home. */
  modals: Map<string, string[]>
  homes: Map<string, string>
  /** Open Socket Mode connections, and the addresses set for signed HTTP delivery. */
  connections: number
  lastMicros: number
  counter: number
  seq: number
  watchers: Set<(happening: Happening) => void>
}

interface UserOptions {
  name: string
  id?: string
  realName?: string
  email?: string
  tz?: string
  deleted?: boolean
  isRestricted?: boolean
  isBot?: boolean
  presence?: 'active' | 'away'
}

interface ChannelOptions {
  name: string
  id?: string
  private?: boolean
  topic?: string
  purpose?: string
  /** Names or ids; everybody (guests and deleted users aside) when omitted. The bot is in it only if it is named or `bot` is true. */
  members?: string[]
  bot?: boolean
  archived?: boolean
}

export interface WorkspaceOptions {
  users: (string | UserOptions)[]
  channels?: (string | ChannelOptions)[]
  groups?: { handle: string; id?: string; name?: string; users?: string[] }[]
  team?: string
  botName?: string
  /** Scopes of the bot token; {@link DEFAULT_SCOPES} when omitted. */
  scopes?: string[]
  commands?: string[]
  events?: string[]
  botToken?: string
  appToken?: string
  /** The workspace's time: timestamps of messages, life of a response_url. The machine's when omitted. */
  clock?: { now(): number }
  /** In place of Math.random, for faults with a probability and for choosing a connection. */
  random?: () => number
}

/** Every scope that the emulated methods ask for. */
export const DEFAULT_SCOPES = (
  'app_mentions:read bookmarks:read bookmarks:write channels:history channels:join channels:manage channels:read channels:write.invites ' +
  'channels:write.topic chat:write chat:write.public commands dnd:read groups:history groups:read groups:write groups:write.invites ' +
  'groups:write.topic im:history im:read im:write im:write.topic mpim:read pins:read pins:write reactions:read reactions:write team:read ' +
  'usergroups:read usergroups:write users:read users:read.email'
).split(' ')

export const SLACKBOT = 'USLACKBOT'

export function createWorkspace(options: WorkspaceOptions): Workspace {
  const clock = options.clock ?? { now: () => Date.now() }
  const botName = options.botName ?? 'watchbill'
  const teamName = options.team ?? 'Local'
  const ws: Workspace = {
    team: { id: 'T0LOCAL00', name: teamName, domain: teamName.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-') },
    app: {
      id: 'A0LOCAL00',
      botId: 'B0LOCAL00',
      botUser: idFor('U', botName, new Map()),
      name: botName,
      verificationToken: randomBytes(12).toString('hex'),
    },
    clock,
    random: options.random ?? Math.random,
    botToken: options.botToken ?? `xoxb-local-${randomBytes(12).toString('hex')}`,
    appToken: options.appToken ?? `xapp-1-A0LOCAL00-${randomBytes(12).toString('hex')}`,
    botRevoked: null,
    scopes: new Set(options.scopes ?? DEFAULT_SCOPES),
    commands: options.commands ?? [],
    events: new Set(options.events ?? []),
    users: new Map(),
    rooms: new Map(),
    groups: new Map(),
    views: new Map(),
    modals: new Map(),
    homes: new Map(),
    connections: 0,
    lastMicros: 0,
    counter: 0,
    seq: 0,
    watchers: new Set(),
  }
  addUser(ws, { name: 'slackbot', id: SLACKBOT, realName: 'Slackbot', isBot: true })
  addUser(ws, { name: botName, id: ws.app.botUser, isBot: true })
  for (const user of options.users) addUser(ws, typeof user === 'string' ? { name: user } : user)
  for (const channel of options.channels ?? [])
    addChannel(ws, typeof channel === 'string' ? { name: channel } : channel)
  for (const group of options.groups ?? []) {
    const id = group.id ?? idFor('S', group.handle, ws.groups)
    const users = (group.users ?? []).map((user) => needUser(ws, user).id)
    ws.groups.set(id, { id, handle: group.handle, name: group.name ?? group.handle, users, disabled: false })
  }
  return ws
}

/** A readable id that is free: `ada` → `UADA00000`; `UADA000002` where two names come to the same. */
function idFor(letter: string, name: string, taken: ReadonlyMap<string, unknown>): string {
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

/** An id that nobody has yet, for what is made while the workspace runs. */
export function newId(ws: Workspace, letter: string): string {
  ws.counter += 1
  return `${letter}0L${ws.counter.toString(36).toUpperCase().padStart(7, '0')}`
}

function addUser(ws: Workspace, options: UserOptions): User {
  const user: User = {
    id: options.id ?? idFor('U', options.name, ws.users),
    name: options.name,
    realName: options.realName ?? options.name.charAt(0).toUpperCase() + options.name.slice(1),
    email: options.email ?? `${options.name}@${ws.team.domain}.example`,
    tz: options.tz ?? 'Europe/Berlin',
    deleted: options.deleted ?? false,
    isBot: options.isBot ?? false,
    isRestricted: options.isRestricted ?? false,
    presence: options.presence ?? 'active',
    dndUntil: null,
    updatedAt: ws.clock.now(),
  }
  if (ws.users.has(user.id)) throw new Error(`two users of the local workspace have the id ${user.id}`)
  ws.users.set(user.id, user)
  emit(ws, { type: 'user', user })
  return user
}

function addChannel(ws: Workspace, options: ChannelOptions): Room {
  const everybody = people(ws).filter((user) => !user.isRestricted && !user.deleted)
  const members = options.members?.map((name) => needUser(ws, name).id) ?? everybody.map((user) => user.id)
  if (options.bot) members.push(ws.app.botUser)
  return addRoom(ws, {
    id: options.id ?? idFor('C', options.name, ws.rooms),
    name: options.name,
    kind: options.private ? 'private' : 'public',
    creator: members[0] ?? SLACKBOT,
    archived: options.archived ?? false,
    topic: options.topic ?? '',
    purpose: options.purpose ?? '',
    members: new Set(members),
    with: null,
  })
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
  }
  ws.rooms.set(room.id, room)
  emit(ws, { type: 'room', room, reason: 'created' })
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

/** By id, by name, with or without `#`. */
export function findRoom(ws: Workspace, which: string): Room | undefined {
  const name = which.replace(/^#/, '')
  return ws.rooms.get(which) ?? [...ws.rooms.values()].find((room) => room.kind !== 'im' && room.name === name)
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

/** Whether this person can read the channel. */
export const canSee = (room: Room, userId: string): boolean => room.kind === 'public' || room.members.has(userId)

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
    const counts = message.onlyFor === null && message.subtype === null && message.user !== userId
    if (counts && isTop(message) && isLater(message.ts, read)) count += 1
  }
  return count
}

/** Whether it stands in the channel itself, not only in a thread. */
export const isTop = (message: Stored): boolean =>
  message.threadTs === null || message.threadTs === message.ts || message.broadcast

/** Compares two timestamps; `''` is before everything. Seconds have the same number of digits for the next 260 years. */
export const isLater = (ts: string, than: string): boolean => Number(ts) > Number(than || 0)
