import type { Call, Delivery, Person, State, Traffic } from '../wire.ts'
import { findMessage, groupOf, nameOf, titleOf } from './state.ts'

/** What went between the bot and Slack, both ways, as the traffic panel lists it. Pure. */

/** A row more than this and the oldest goes: a page that stays open for days must not grow. */
export const MOST_ROWS = 500

export type TrafficKind = 'calls' | Delivery['kind']

export interface Filter {
  /** Null: every kind. */
  kind: TrafficKind | null
  /** Every word must stand somewhere in the row or in its JSON. */
  words: string
  /** Only what went wrong. */
  trouble: boolean
  /** The `ts` of the one message that is asked about, or null. */
  about: string | null
}

export const ALL: Filter = { kind: null, words: '', trouble: false, about: null }

export function numberOf(line: Traffic): number {
  return line.type === 'call' ? line.call.n : line.delivery.n
}

/** The list with one line more, in order, or with what became of a line in its place. */
export function taken(list: readonly Traffic[], line: Traffic): Traffic[] {
  const n = numberOf(line)
  const after = list.findLastIndex((other) => numberOf(other) <= n)
  const before = list[after]
  const same = before !== undefined && numberOf(before) === n
  return [...list.slice(0, same ? after : after + 1), line, ...list.slice(after + 1)].slice(-MOST_ROWS)
}

/** From where to ask when the stream was away: behind the last line, or behind the first one that was not over. */
export function resumeAt(list: readonly Traffic[]): number {
  const open = list.find((line) => isWaiting(line))
  if (open) return numberOf(open) - 1
  const last = list.at(-1)
  return last ? numberOf(last) : 0
}

export function kindOf(line: Traffic): TrafficKind {
  return line.type === 'call' ? 'calls' : line.delivery.kind
}

export function isWaiting(line: Traffic): boolean {
  if (line.type === 'delivery') return line.delivery.outcome === 'waiting'
  return line.call.answered_at === null && (line.call.outcome === 'unanswered' || line.call.outcome === 'waiting')
}

/** What went wrong, in Slack's word for it, or null. An answer that was lost is trouble though the thing was done. */
export function troubleOf(line: Traffic): string | null {
  if (isWaiting(line)) return null
  const { outcome } = line.type === 'call' ? line.call : line.delivery
  return outcome === 'ok' ? null : outcome
}

/** How long the answer or the acknowledgement took; null while there is none. */
export function tookMs(line: Traffic): number | null {
  if (line.type === 'delivery') return line.delivery.ack_ms
  return line.call.answered_at === null ? null : line.call.answered_at - line.call.arrived_at
}

export function whatOf(line: Traffic): string {
  return line.type === 'call' ? line.call.method : line.delivery.what
}

/** Every `ts` that a line is about: of the message that a call made or changed, or that was clicked, or that an event tells of. */
export function messagesOf(line: Traffic): string[] {
  const found =
    line.type === 'call'
      ? [line.call.ts, line.call.args['ts'], line.call.args['timestamp']]
      : [
          at(line.delivery.payload, 'container', 'message_ts'),
          at(line.delivery.payload, 'message', 'ts'),
          at(line.delivery.payload, 'event', 'message', 'ts') ?? at(line.delivery.payload, 'event', 'ts'),
          at(line.delivery.payload, 'event', 'deleted_ts'),
          at(line.delivery.payload, 'event', 'item', 'ts'),
        ]
  return [...new Set(found.filter((ts): ts is string => typeof ts === 'string' && ts !== ''))]
}

function at(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[key] : undefined),
    value,
  )
}

const haystacks = new WeakMap<Traffic, string>()

function haystackOf(line: Traffic): string {
  const known = haystacks.get(line) ?? JSON.stringify(line.type === 'call' ? line.call : line.delivery).toLowerCase()
  haystacks.set(line, known)
  return known
}

export function filtered(list: readonly Traffic[], filter: Filter): Traffic[] {
  const words = filter.words.toLowerCase().split(/\s+/).filter(Boolean)
  return list.filter(
    (line) =>
      (filter.kind === null || kindOf(line) === filter.kind) &&
      (!filter.trouble || troubleOf(line) !== null) &&
      (filter.about === null || messagesOf(line).includes(filter.about)) &&
      words.every((word) => haystackOf(line).includes(word)),
  )
}

/** One line of plain text that says what it was about: `#ops · webmail is down`, `Dana Weiss · INC-7`. */
export function summaryOf(state: State, line: Traffic): string {
  const parts = line.type === 'call' ? callParts(state, line.call) : deliveryParts(state, line.delivery)
  return parts
    .filter((part) => part !== '')
    .map((part) => part.replaceAll(/\s+/g, ' ').trim())
    .join(' · ')
    .slice(0, MOST_OF_SUMMARY)
}

/** More than the widest panel shows of a line. */
const MOST_OF_SUMMARY = 300

function callParts(state: State, { args, ts, method }: Call): string[] {
  const where = placeName(state, args['channel'] ?? args['channel_id'])
  const text = textIn(args)
  const shown = ts === null ? null : findMessage(state, ts)
  const words = text !== '' ? text : method.startsWith('chat.') && shown ? shown.text : rest(state, args)
  return [where, plain(state, words)]
}

/** Arguments that say nothing to a person who looks at one line. */
const DULL = ['channel', 'channel_id', 'token', 'blocks', 'metadata', 'view', 'trigger_id', 'include_all_metadata']

function rest(state: State, args: Record<string, unknown>): string {
  return Object.entries(args)
    .filter(([name, value]) => !DULL.includes(name) && ['string', 'number', 'boolean'].includes(typeof value))
    .map(([name, value]) => `${name}=${named(state, String(value))}`)
    .join(' ')
}

/** Ids of people and groups become their names. */
function named(state: State, text: string): string {
  return text.replaceAll(/\b[UWS][A-Z0-9]+\b/g, (id) => {
    const group = groupOf(state, id)
    return group ? `@${group.handle}` : nameOf(state, id)
  })
}

function textIn(args: Record<string, unknown>): string {
  const title = at(args, 'view', 'title', 'text')
  const found = [args['text'], args['markdown_text'], title].find((value) => typeof value === 'string' && value !== '')
  return typeof found === 'string' ? found : ''
}

function deliveryParts(state: State, { payload, kind }: Delivery): string[] {
  const event = at(payload, 'event', 'message') ?? at(payload, 'event', 'previous_message') ?? payload['event']
  const who = [payload['user_id'], at(payload, 'user', 'id'), at(event, 'user')]
  const person = who.find((id): id is string => typeof id === 'string')
  const where = [payload['channel_id'], at(payload, 'channel', 'id'), at(payload, 'event', 'channel')]
  const channel = where.find((id): id is string => typeof id === 'string')
  const said =
    kind === 'slash_commands'
      ? [payload['command'], payload['text']].filter((part) => typeof part === 'string').join(' ')
      : [at(event, 'text'), at(payload, 'view', 'title', 'text'), actionText(payload)].find(
          (text) => typeof text === 'string',
        )
  return [
    person === undefined ? '' : nameOf(state, person),
    placeName(state, channel),
    plain(state, typeof said === 'string' ? said : ''),
  ]
}

function actionText(payload: Record<string, unknown>): unknown {
  const actions = payload['actions']
  const first = Array.isArray(actions) ? actions[0] : undefined
  return at(first, 'text', 'text') ?? at(first, 'selected_option', 'text', 'text') ?? at(first, 'value')
}

function placeName(state: State, id: unknown): string {
  if (typeof id !== 'string') return ''
  const channel = state.channels.find((known) => known.id === id || known.name === id)
  if (!channel) {
    // The workspace calls a person's DM with the bot after the person; it is not listed for anybody else.
    const person = state.users.find(
      (user) => user.id === id || (id.startsWith('D') && user.id.slice(1) === id.slice(1)),
    )
    return person ? `DM ${nameOf(state, person.id)}` : id
  }
  if (channel.kind === 'im') return `DM ${titleOf(state, channel)}`
  return channel.kind === 'mpim' ? titleOf(state, channel) : `#${channel.name}`
}

/** mrkdwn as one plain line. */
function plain(state: State, text: string): string {
  const names = (people: readonly Person[], id: string) => people.find((person) => person.id === id)?.name ?? id
  return text
    .replaceAll(/<@([UW]\w+)(?:\|[^>]*)?>/g, (_, id: string) => `@${names(state.users, id)}`)
    .replaceAll(/<#\w+\|([^>]*)>/g, '#$1')
    .replaceAll(/<!date\^[^|>]*\|([^>]*)>/g, '$1')
    .replaceAll(/<[^|>]*\|([^>]*)>/g, '$1')
    .replaceAll(/<([^>]*)>/g, '$1')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}
