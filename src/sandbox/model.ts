import type { KnownBlock } from '@slack/types'
import type { Attachment, Bookmark, Shortcut, StepKind, StepRun } from './wire.ts'

/** A person, the bot, or Slackbot. */
export interface User {
  id: string
  name: string
  realName: string
  email: string
  tz: string
  /** The company of somebody who is here by Slack Connect; null for our own people. */
  team: string | null
  deleted: boolean
  isBot: boolean
  isAdmin: boolean
  /** A guest: cannot be invited by a bot, may not be in a user group, sees only the channels they are in. */
  isRestricted: boolean
  /** A guest of one channel. Such a one is `isRestricted` too. */
  isUltraRestricted: boolean
  presence: 'active' | 'away'
  /** Do not disturb now and until when, UTC milliseconds, or null. */
  dndUntil: number | null
  /** Do not disturb every night, wall time in their zone; null when they have not set it. */
  dndHours: { from: string; to: string } | null
  /** When they last said that a night's quiet is over, before its end. */
  nightEndedAt: number | null
  statusText: string
  statusEmoji: string
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
  attachments: Attachment[]
  /** Ids of files. */
  files: string[]
  threadTs: string | null
  broadcast: boolean
  edited: { user: string; ts: string } | null
  reactions: Map<string, string[]>
  metadata: { event_type: string; event_payload: Record<string, unknown> } | null
  subtype: string | null
  /** What a message with a subtype tells besides: `inviter`, `topic`, `old_name`. */
  extra: Record<string, string>
  /** The only person who sees it, or null. */
  onlyFor: string | null
  /** chat.startStream began it and nothing has ended it yet. */
  streaming: boolean
  /** Whose devices made a sound, or kept quiet because the person is not to be disturbed. */
  notified: Map<string, 'sounded' | 'silent'>
}

export interface Room {
  id: string
  name: string
  kind: 'public' | 'private' | 'im' | 'mpim'
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
  /** DMs: who has closed it. The next message opens it again. */
  closedFor: Set<string>
  /** The id of its canvas, or null. */
  canvas: string | null
}

export interface UserGroup {
  id: string
  handle: string
  name: string
  description: string
  users: string[]
  disabled: boolean
  /** Channels that its members are brought into. */
  channels: string[]
  createdAt: number
  updatedAt: number
  createdBy: string
  updatedBy: string
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
  clearOnClose: boolean
  submitDisabled: boolean
  blocks: KnownBlock[]
  /** What its inputs hold, by block id and action id, as Slack's `state.values`. */
  values: Record<string, Record<string, Record<string, unknown>>>
  /** Of a modal: the one below it, and the lowest of the stack. */
  previous: string | null
  root: string
}

export interface StoredFile {
  id: string
  name: string
  title: string
  mimetype: string
  filetype: string
  user: string
  createdAt: number
  bytes: Buffer
  altText: string
  deleted: boolean
  /** Where it is: in these messages. */
  shares: { channel: string; ts: string }[]
}

/** Where a file may be uploaded: what files.getUploadURLExternal promised. */
export interface Upload {
  file: string
  name: string
  length: number
  user: string
  altText: string
  filetype: string | null
  bytes: Buffer | null
  until: number
}

export interface CanvasSection {
  id: string
  type: 'h1' | 'h2' | 'h3' | 'other'
  markdown: string
}

export interface StoredCanvas {
  id: string
  title: string
  /** The channel whose canvas it is, or null. */
  channel: string | null
  sections: CanvasSection[]
  creator: string
  createdAt: number
  updatedAt: number
  /** Who may do what besides its creator: by the id of a person or a channel. */
  access: Map<string, 'read' | 'write' | 'owner'>
}

/** What chat.scheduleMessage took. */
export interface ScheduledMessage {
  id: string
  room: Room
  by: string
  postAt: number
  createdAt: number
  saying: Pick<Stored, 'text' | 'blocks' | 'attachments' | 'metadata' | 'threadTs' | 'broadcast'>
}

/** What changed. Whoever shows the workspace looks at the state; this only says where. */
export type Happening =
  | { type: 'message'; message: Stored }
  /** `previous` is how it was; null when nothing of it is another, only what hangs on it (replies, pins). */
  | { type: 'message_changed'; message: Stored; previous: Stored | null }
  | { type: 'message_deleted'; message: Stored }
  | {
      type: 'room'
      room: Room
      reason: 'created' | 'archived' | 'unarchived' | 'renamed' | 'changed'
      by: string
    }
  | { type: 'joined' | 'left'; room: Room; user: string; by: string }
  | { type: 'read'; room: Room; user: string }
  | { type: 'reaction'; message: Stored; user: string; name: string; added: boolean }
  | { type: 'pin'; room: Room; message: Stored; user: string; added: boolean }
  /** `presence`: nothing that the app would hear of. */
  | { type: 'user'; user: User; reason: 'joined' | 'changed' | 'presence' }
  | { type: 'quiet'; user: User }
  | { type: 'usergroup'; group: UserGroup; reason: 'created' | 'updated'; before: readonly string[] }
  | { type: 'file'; file: StoredFile; reason: 'created' | 'shared' | 'deleted'; channel: string | null }
  | { type: 'canvas'; canvas: StoredCanvas; room: Room | null }
  | { type: 'step'; run: StepRun }
  | { type: 'scheduled' }
  | { type: 'view'; kind: 'modal' | 'home'; user: string }
  | { type: 'revoked' }
  | { type: 'settings' }
  | { type: 'connections' }
  | { type: 'clock' }
  | { type: 'reset' }

export interface Team {
  id: string
  name: string
  domain: string
}

/** What an administrator, or the plan, allows. */
export interface Preferences {
  plan: 'free' | 'paid'
  everyoneManagesGroups: boolean
  everyoneCreatesChannels: boolean
  canvases: boolean
  rateLimits: boolean
}

/** The whole state of the local Slack. Plain data; the verbs are functions of this file and of `acts.ts`. */
export interface Workspace {
  team: Team
  /** Companies whose people are here by Slack Connect. */
  others: Map<string, Team>
  app: { id: string; botId: string; botUser: string; name: string; verificationToken: string }
  /** Where it listens, for addresses that it hands out: `http://127.0.0.1:4200`; empty until it does. */
  base: string
  clock: { now(): number }
  /** How far the clock was advanced by hand, milliseconds. */
  aheadMs: number
  random: () => number
  botToken: string
  appToken: string
  /** For apps.manifest.validate, which takes no other. */
  configToken: string
  /** Tokens of people, for the methods that no bot may call: by token. */
  userTokens: Map<string, string>
  /** Set to make the bot token useless, with the error that Slack then gives. */
  botRevoked: 'account_inactive' | 'token_revoked' | null
  preferences: Preferences
  scopes: Set<string>
  commands: string[]
  shortcuts: Shortcut[]
  steps: StepKind[]
  /** Links to these hosts, and to hosts below them, are shown to the app. */
  unfurlDomains: string[]
  /** Event types that the app subscribed to: `message.channels`, `message.im`, `app_mention`, … */
  events: Set<string>
  emoji: Map<string, string>
  users: Map<string, User>
  rooms: Map<string, Room>
  groups: Map<string, UserGroup>
  files: Map<string, StoredFile>
  uploads: Map<string, Upload>
  canvases: Map<string, StoredCanvas>
  scheduled: Map<string, ScheduledMessage>
  stepRuns: Map<string, StepRun>
  views: Map<string, StoredView>
  /** By person: open modals, bottom to top, and the App Home. */
  modals: Map<string, string[]>
  homes: Map<string, string>
  /** Links that were shown to the app: where they stand, by unfurl_id. */
  unfurls: Map<string, { channel: string; ts: string }>
  /** Open Socket Mode connections, and the addresses set for signed HTTP delivery. */
  connections: number
  lastMicros: number
  counter: number
  seq: number
  watchers: Set<(happening: Happening) => void>
}
