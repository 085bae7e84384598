import type { Change, Channel, Message, Person, State } from '../wire.ts'
import { instantOf } from './dates.ts'

/** What the person does in this window, beside what the workspace knows. */
export interface Ui {
  /** The channel that is open, or null before one is chosen. */
  channel: string | null
  /** The App Home is shown in place of the bot's DM. */
  home: boolean
  /** Threads that are unfolded, as `channel/ts`. */
  threads: Set<string>
  /** What went wrong with a button, by `channel/ts` or view id. */
  warnings: Map<string, string>
  /** Buttons that were pressed and wait, as `place block action value`. */
  busy: Set<string>
  /** By channel: the `ts` up to which was read when it was opened; the line "New" stands after it. */
  newAfter: Map<string, string>
  /** The stream of changes is open. */
  live: boolean
}

export function freshUi(): Ui {
  return {
    channel: null,
    home: false,
    threads: new Set(),
    warnings: new Map(),
    busy: new Set(),
    newAfter: new Map(),
    live: true,
  }
}

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

/** How a channel is called: `#ops`, or the name of the person on the other side. */
export function titleOf(state: State, channel: Channel): string {
  return channel.kind === 'im' ? nameOf(state, channel.with ?? channel.name) : channel.name
}

export function isAppDm(state: State, channel: Channel): boolean {
  return channel.kind === 'im' && channel.with === state.bot.id
}

/** All unread messages of channels that are shown. */
export function unreadTotal(state: State): number {
  return state.channels.reduce((sum, channel) => sum + (channel.is_archived ? 0 : channel.unread), 0)
}

/** Messages that stand in the channel itself: no replies, unless they were sent to the channel as well. */
export function mainMessages(state: State, channel: string): Message[] {
  return (state.messages[channel] ?? []).filter((message) => !isReply(message) || message.broadcast)
}

export function isReply(message: Message): boolean {
  return message.thread_ts !== null && message.thread_ts !== message.ts
}

export function repliesOf(state: State, channel: string, ts: string): Message[] {
  return (state.messages[channel] ?? []).filter((message) => isReply(message) && message.thread_ts === ts)
}

/** The channel to open first: what the address asks for, else one with something unread, else the first the person is in. */
export function firstChannel(state: State, asked: string | null): string | null {
  const open = state.channels.filter((channel) => !channel.is_archived)
  const wanted = open.find((channel) => channel.id === asked)
  const unread = open.find((channel) => channel.unread > 0 && channel.is_member)
  return (wanted ?? unread ?? open.find((channel) => channel.is_member) ?? open[0])?.id ?? null
}
