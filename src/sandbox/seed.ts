import { randomBytes } from 'node:crypto'
import { installed } from './manifest.ts'
import type { Preferences, Room, Team, User, Workspace } from './model.ts'
import type { Shortcut, StepKind } from './wire.ts'
import { addRoom, emit, idFor, needUser, people, SLACKBOT } from './workspace.ts'

/** The workspace as it is at the start: who is there, which channels, what the app may do. */

export interface UserOptions {
  name: string
  id?: string
  realName?: string
  email?: string
  tz?: string
  /** The name of another company: the person is here by Slack Connect. */
  team?: string
  deleted?: boolean
  isAdmin?: boolean
  isRestricted?: boolean
  isUltraRestricted?: boolean
  isBot?: boolean
  presence?: 'active' | 'away'
  dndHours?: { from: string; to: string }
}

interface ChannelOptions {
  name: string
  id?: string
  private?: boolean
  topic?: string
  purpose?: string
  /** Names or ids; everybody (guests, people of other companies and deleted users aside) when omitted. The bot is in it only if it is named or `bot` is true. */
  members?: string[]
  bot?: boolean
  archived?: boolean
}

interface GroupOptions {
  handle: string
  id?: string
  name?: string
  description?: string
  users?: string[]
  disabled?: boolean
}

export interface WorkspaceOptions {
  /** The app's manifest: its commands, scopes, events, shortcuts, steps and domains, where they are not named here one by one. */
  manifest?: unknown
  users: (string | UserOptions)[]
  channels?: (string | ChannelOptions)[]
  groups?: GroupOptions[]
  team?: string
  botName?: string
  /** Scopes of the bot token; {@link DEFAULT_SCOPES} when omitted. */
  scopes?: string[]
  commands?: string[]
  /** Event types that the app subscribes to, as in its manifest. */
  events?: string[]
  shortcuts?: Shortcut[]
  steps?: StepKind[]
  /** At most five. */
  unfurlDomains?: string[]
  /** Emoji of this workspace: name to address. */
  emoji?: Record<string, string>
  preferences?: Partial<Preferences>
  /** Answers 429 as Slack does, by the method's tier. Off when omitted. */
  enforceRateLimits?: boolean
  botToken?: string
  appToken?: string
  /** The workspace's time: timestamps of messages, life of a response_url. The machine's when omitted. */
  clock?: { now(): number }
  /** In place of Math.random, for faults with a probability and for choosing a connection. */
  random?: () => number
}

/** Every scope that the emulated methods and events ask for. */
export const DEFAULT_SCOPES = (
  'app_mentions:read bookmarks:read bookmarks:write canvases:read canvases:write channels:history channels:join channels:manage channels:read ' +
  'channels:write.invites channels:write.topic chat:write chat:write.public commands dnd:read emoji:read files:read files:write groups:history ' +
  'groups:read groups:write groups:write.invites groups:write.topic im:history im:read im:write im:write.topic links:read links:write ' +
  'mpim:history mpim:read mpim:write mpim:write.topic pins:read pins:write reactions:read reactions:write team:read usergroups:read ' +
  'usergroups:write users.profile:read users:read users:read.email users:write'
).split(' ')

export function createWorkspace(given: WorkspaceOptions): Workspace {
  const options = withManifest(given)
  const clock = options.clock ?? { now: () => Date.now() }
  const botName = options.botName ?? 'watchbill'
  const teamName = options.team ?? 'Local'
  const ws: Workspace = {
    team: { id: 'T0LOCAL00', name: teamName, domain: domainOf(teamName) },
    others: new Map(),
    app: {
      id: 'A0LOCAL00',
      botId: 'B0LOCAL00',
      botUser: idFor('U', botName, new Map()),
      name: botName,
      verificationToken: randomBytes(12).toString('hex'),
    },
    base: '',
    clock: { now: () => clock.now() + ws.aheadMs },
    aheadMs: 0,
    random: options.random ?? Math.random,
    botToken: options.botToken ?? `xoxb-local-${randomBytes(12).toString('hex')}`,
    appToken: options.appToken ?? `xapp-1-A0LOCAL00-${randomBytes(12).toString('hex')}`,
    configToken: `xoxe.xoxp-local-${randomBytes(12).toString('hex')}`,
    userTokens: new Map(),
    connections: 0,
    lastMicros: 0,
    counter: 0,
    seq: 0,
    watchers: new Set(),
    ...fresh(options),
  }
  settle(ws, options)
  return ws
}

const withManifest = (options: WorkspaceOptions): WorkspaceOptions =>
  options.manifest === undefined ? options : { ...installed(options.manifest), ...options }

/** Puts everything back to how it was at the start. Tokens, connections and the running numbers stay: the app goes on. */
export function resetWorkspace(ws: Workspace, given: WorkspaceOptions): void {
  const options = withManifest(given)
  const watchers = ws.watchers
  // What goes and comes is not told one by one.
  ws.watchers = new Set()
  ws.aheadMs = 0
  ws.others.clear()
  Object.assign(ws, fresh(options))
  settle(ws, options)
  ws.watchers = watchers
  emit(ws, { type: 'reset' })
}

/** What the workspace gathers while it runs, empty, and what can be switched, as asked for. */
function fresh(options: WorkspaceOptions) {
  const preferences: Preferences = {
    plan: 'paid',
    everyoneManagesGroups: true,
    everyoneCreatesChannels: true,
    canvases: true,
    rateLimits: options.enforceRateLimits ?? false,
    ...options.preferences,
  }
  return {
    botRevoked: null,
    preferences,
    scopes: new Set(options.scopes ?? DEFAULT_SCOPES),
    commands: options.commands ?? [],
    shortcuts: options.shortcuts ?? [],
    steps: options.steps ?? [],
    unfurlDomains: options.unfurlDomains ?? [],
    events: new Set(options.events ?? []),
    emoji: new Map(Object.entries(options.emoji ?? {})),
    users: new Map(),
    rooms: new Map(),
    groups: new Map(),
    files: new Map(),
    uploads: new Map(),
    canvases: new Map(),
    scheduled: new Map(),
    stepRuns: new Map(),
    views: new Map(),
    modals: new Map(),
    homes: new Map(),
    unfurls: new Map(),
  } satisfies Partial<Workspace>
}

function settle(ws: Workspace, options: WorkspaceOptions): void {
  addUser(ws, { name: 'slackbot', id: SLACKBOT, realName: 'Slackbot', isBot: true })
  addUser(ws, { name: ws.app.name, id: ws.app.botUser, isBot: true })
  for (const user of options.users) addUser(ws, typeof user === 'string' ? { name: user } : user)
  for (const channel of options.channels ?? [])
    addChannel(ws, typeof channel === 'string' ? { name: channel } : channel)
  for (const group of options.groups ?? []) addGroup(ws, group)
}

const domainOf = (name: string) => name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')

/** Another company, by its name; known from then on. */
function otherTeam(ws: Workspace, name: string): Team {
  const known = [...ws.others.values()].find((team) => team.name === name)
  if (known) return known
  const team = { id: idFor('T', name, ws.others), name, domain: domainOf(name) }
  ws.others.set(team.id, team)
  return team
}

export function addUser(ws: Workspace, options: UserOptions): User {
  const team = options.team === undefined ? null : otherTeam(ws, options.team)
  const user: User = {
    id: options.id ?? idFor('U', options.name, ws.users),
    name: options.name,
    realName: options.realName ?? options.name.charAt(0).toUpperCase() + options.name.slice(1),
    email: options.email ?? `${options.name}@${(team ?? ws.team).domain}.example`,
    tz: options.tz ?? 'Europe/Berlin',
    team: team?.id ?? null,
    deleted: options.deleted ?? false,
    isBot: options.isBot ?? false,
    isAdmin: options.isAdmin ?? false,
    isRestricted: (options.isRestricted ?? false) || (options.isUltraRestricted ?? false),
    isUltraRestricted: options.isUltraRestricted ?? false,
    presence: options.presence ?? 'active',
    dndUntil: null,
    dndHours: options.dndHours ?? null,
    nightEndedAt: null,
    statusText: '',
    statusEmoji: '',
    updatedAt: ws.clock.now(),
  }
  if (ws.users.has(user.id)) throw new Error(`two users of the local workspace have the id ${user.id}`)
  ws.users.set(user.id, user)
  emit(ws, { type: 'user', user, reason: 'joined' })
  return user
}

function addChannel(ws: Workspace, options: ChannelOptions): Room {
  const everybody = people(ws).filter((user) => !user.isRestricted && !user.deleted && user.team === null)
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

function addGroup(ws: Workspace, options: GroupOptions): void {
  const id = options.id ?? idFor('S', options.handle, ws.groups)
  const by = people(ws)[0]?.id ?? SLACKBOT
  ws.groups.set(id, {
    id,
    handle: options.handle,
    name: options.name ?? options.handle,
    description: options.description ?? '',
    users: (options.users ?? []).map((user) => needUser(ws, user).id),
    disabled: options.disabled ?? false,
    channels: [],
    createdAt: ws.clock.now(),
    updatedAt: ws.clock.now(),
    createdBy: by,
    updatedBy: by,
  })
}
