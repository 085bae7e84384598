import type { Canvas, Change, Channel, FileHead, Message, Person, State, Usergroup } from '../wire.ts'
import { instantOf } from './dates.ts'
import type { Armed } from './weather.ts'

/** What is shown of a channel; `home` only of the bot's DM. */
export type Tab = 'messages' | 'home' | 'canvas' | 'files'

/** What went wrong with an element, and with which; `element` is null where it is the whole view. */
interface Warning {
  sentence: string
  element: string | null
}

/** What the person does in this window, beside what the workspace knows. */
export interface Ui {
  /** The channel that is open, or null before one is chosen. */
  channel: string | null
  tab: Tab
  /** Threads that are unfolded, as `channel/ts`. */
  threads: Set<string>
  /** The message whose text is being changed, as `channel/ts`. */
  editing: string | null
  /** What went wrong with a button, by `channel/ts` or view id. */
  warnings: Map<string, Warning>
  /** By view id, then `block_id`: what is wrong with the fields of a modal that was not taken. What is corrected is taken out. */
  errors: Map<string, Map<string, string>>
  /** Buttons that were pressed and wait, as `place block action value`. */
  busy: Set<string>
  /** By channel: the `ts` up to which was read when it was opened; the line "New" stands after it. */
  newAfter: Map<string, string>
  /** Canvases as they were read last, by id; one whose `updated_at` is behind its head is read again. */
  canvases: Map<string, Canvas>
  /** The stream of changes is open. */
  live: boolean
  /** The traffic panel is open. */
  traffic: boolean
  /** What has been set to go wrong. */
  armed: Armed[]
}

export function freshUi(): Ui {
  return {
    channel: null,
    tab: 'messages',
    threads: new Set(),
    editing: null,
    warnings: new Map(),
    errors: new Map(),
    busy: new Set(),
    newAfter: new Map(),
    canvases: new Map(),
    live: true,
    traffic: false,
    armed: [],
  }
}

/** As many as the workspace itself tells of. */
const STEP_RUNS_KEPT = 100

/** The state after a change, as a new object; null when only reading everything again helps. */
export function apply(state: State, change: Change): State | null {
  switch (change.type) {
    case 'resync':
      return null
    case 'message':
    case 'message_changed':
      return withMessages(state, change.channel, (list) => insert(list, change.message))
    case 'message_deleted':
      return withMessages(state, change.channel, (list) => list.filter((message) => message.ts !== change.ts))
    case 'channel':
      return { ...state, channels: replaced(state.channels, change.channel) }
    case 'channel_gone':
      return { ...state, channels: state.channels.filter((channel) => channel.id !== change.channel) }
    case 'user':
      return {
        ...state,
        users: replaced(state.users, change.user),
        me: state.me.id === change.user.id ? change.user : state.me,
        bot: state.bot.id === change.user.id ? change.user : state.bot,
      }
    case 'usergroup':
      return { ...state, usergroups: replaced(state.usergroups, change.usergroup) }
    case 'step_run':
      return { ...state, step_runs: replaced(state.step_runs, change.step_run).slice(-STEP_RUNS_KEPT) }
    case 'scheduled':
      return { ...state, scheduled: change.scheduled }
    case 'settings':
      return { ...state, settings: change.settings }
    case 'clock':
      return { ...state, now: change.now }
    case 'home':
      return { ...state, home: change.view }
    case 'modal':
      return { ...state, modal: change.view }
    case 'connections':
      return { ...state, connections: change.count }
    default:
      return change satisfies never
  }
}

function withMessages(state: State, channel: string, edit: (list: readonly Message[]) => Message[]): State {
  return { ...state, messages: { ...state.messages, [channel]: edit(state.messages[channel] ?? []) } }
}

/** Puts a message in its place by `ts`, in place of the one that has the same. */
function insert(list: readonly Message[], message: Message): Message[] {
  const rest = list.filter((other) => other.ts !== message.ts)
  const at = rest.findIndex((other) => Number(other.ts) > Number(message.ts))
  return at < 0 ? [...rest, message] : [...rest.slice(0, at), message, ...rest.slice(at)]
}

function replaced<T extends { id: string }>(list: readonly T[], item: T): T[] {
  return list.some((other) => other.id === item.id)
    ? list.map((other) => (other.id === item.id ? item : other))
    : [...list, item]
}

/** The workspace's clock as far as this page knows it: it stands still between two changes. */
export function latestNow(state: State): number {
  const newest = Object.values(state.messages).map((list) => instantOf(list.at(-1)?.ts ?? '0'))
  return Math.max(state.now, ...newest)
}

export function personOf(state: State, id: string): Person | null {
  return state.users.find((user) => user.id === id) ?? (state.bot.id === id ? state.bot : null)
}

/** The name shown for an id; Slack's own notices have no person. */
export function nameOf(state: State, id: string): string {
  if (id === 'USLACKBOT') return 'Slackbot'
  const person = personOf(state, id)
  return person?.real_name || person?.name || id
}

export function groupOf(state: State, id: string): Usergroup | null {
  return state.usergroups.find((group) => group.id === id) ?? null
}

/** How a channel is called: `ops`, or the names of the people on the other side. */
export function titleOf(state: State, channel: Channel): string {
  if (channel.kind === 'im') return nameOf(state, channel.with ?? channel.name)
  if (channel.kind !== 'mpim') return channel.name
  const others = channel.members.filter((id) => id !== state.me.id)
  return others.length === 0 ? channel.name : others.map((id) => nameOf(state, id)).join(', ')
}

/** A conversation between people, not a channel with a name. */
export function isDirect(channel: Channel): boolean {
  return channel.kind === 'im' || channel.kind === 'mpim'
}

/** `#ops`, or the names of the people: as a sentence calls it. */
export function labelOf(state: State, channel: Channel): string {
  return `${isDirect(channel) ? '' : '#'}${titleOf(state, channel)}`
}

export function isAppDm(state: State, channel: Channel): boolean {
  return channel.kind === 'im' && channel.with === state.bot.id
}

/** All unread messages of channels that are shown. */
export function unreadTotal(state: State): number {
  return state.channels.reduce((sum, channel) => sum + (channel.is_archived ? 0 : channel.unread), 0)
}

/** The workspace lists no more of a channel. */
const MESSAGES_LISTED = 500

/**
 * Messages that stand in the channel itself: no replies, unless they were sent to the channel as well. Where a thread has lost its first
 * message a tombstone stands for it, so that the replies can be read.
 */
export function mainMessages(state: State, channel: string): Message[] {
  const list = state.messages[channel] ?? []
  const main = list.filter((message) => !isReply(message) || message.broadcast)
  const here = new Set(list.map((message) => message.ts))
  // Of a channel with more messages than are listed, an older first message is there, only not here.
  const since = list.length < MESSAGES_LISTED ? 0 : Number(list[0]?.ts ?? 0)
  const lost = list.filter(({ thread_ts }) => thread_ts !== null && !here.has(thread_ts) && Number(thread_ts) > since)
  const roots = new Map(lost.map((reply) => [reply.thread_ts ?? reply.ts, reply]))
  return [...roots].reduce<Message[]>((all, [ts, reply]) => insert(all, tombstone(reply, ts)), main)
}

function tombstone(reply: Message, ts: string): Message {
  const nothing = { text: '', blocks: [], attachments: [], files: [], reactions: [], metadata: null, edited: null }
  const quiet = { ephemeral: false, streaming: false, broadcast: false, notified: null, bot: false }
  return { ...reply, ...nothing, ...quiet, ts, thread_ts: ts, user: 'USLACKBOT', subtype: 'tombstone' }
}

/** Subtypes of messages that somebody wrote; every other one is Slack's own line about something that happened. */
const WRITTEN = ['file_share', 'thread_broadcast', 'bot_message']

export function isNotice({ subtype }: Message): boolean {
  return subtype !== null && !WRITTEN.includes(subtype)
}

export function isReply(message: Message): boolean {
  return message.thread_ts !== null && message.thread_ts !== message.ts
}

export function repliesOf(state: State, channel: string, ts: string): Message[] {
  return (state.messages[channel] ?? []).filter((message) => isReply(message) && message.thread_ts === ts)
}

/** Every file of a channel's messages, newest first. */
export function filesIn(state: State, channel: string): { file: FileHead; message: Message }[] {
  const held = (state.messages[channel] ?? []).flatMap((message) => message.files.map((file) => ({ file, message })))
  return held.reverse()
}

/** Where a message stands, wherever it is; its `ts` is unique in the workspace. */
export function findMessage(state: State, ts: string): Message | null {
  for (const list of Object.values(state.messages)) {
    const found = list.find((message) => message.ts === ts)
    if (found) return found
  }
  return null
}

/** The channel to open first: what the address asks for, else one with something unread, else the first the person is in. */
export function firstChannel(state: State, asked: string | null): string | null {
  const open = state.channels.filter((channel) => !channel.is_archived)
  const wanted = open.find((channel) => channel.id === asked)
  const unread = open.find((channel) => channel.unread > 0 && channel.is_member)
  return (wanted ?? unread ?? open.find((channel) => channel.is_member) ?? open[0])?.id ?? null
}
