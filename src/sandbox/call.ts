import type { KnownBlock } from '@slack/types'
import { isRecord, isTooLong, judgeBlocks, withIds } from './blocks.ts'
import methodData from './slack-methods.json' with { type: 'json' }
import { canSee, findRoom, type Room, type Stored, type Workspace } from './workspace.ts'

/** What Slack publishes about a method: `slack-methods.json`, taken from `source` in it. */
export interface MethodFacts {
  required: string[]
  /** Any one of these scopes of a bot token lets it in; where they are named by kind of channel, the one for that kind. */
  scopes: string[]
  tier: string | null
  errors: string[]
}

export const METHODS: Record<string, MethodFacts> = methodData.methods

/** Methods that Slack has and this workspace has not. */
export const ABSENT: ReadonlySet<string> = new Set(methodData.absent)

/** Errors that Slack may give for any method, also where its list for the method leaves them out. */
export const GENERIC_ERRORS: ReadonlySet<string> = new Set([
  'account_inactive',
  'fatal_error',
  'internal_error',
  'invalid_arguments',
  'invalid_auth',
  'invalid_form_data',
  'invalid_json',
  'json_not_object',
  'missing_scope',
  'not_allowed_token_type',
  'not_authed',
  'ratelimited',
  'request_timeout',
  'token_revoked',
  'unknown_method',
])

/** A call as a handler sees it: the arguments are strings from a form, or what JSON made of them. */
export interface Call {
  ws: Workspace
  method: string
  facts: MethodFacts
  args: Record<string, unknown>
  /** The id of the bot's user. */
  bot: string
  /** Where the workspace listens, for addresses that it hands out: `http://127.0.0.1:4200`. */
  base: string
  /** `ts` of the message that the call made or changed, for the journal. */
  ts: string | null
  triggers: Triggers
  openTicket(): string
}

/** `trigger_id`s that were handed out. */
export interface Triggers {
  /** Uses it up: the person who acted, or why it cannot be used. */
  exchange(id: string): { user: string } | 'invalid_trigger_id' | 'expired_trigger_id' | 'exchanged_trigger_id'
}

export type Answer = Record<string, unknown>

/** A handler answers, or throws {@link Refused}. It is synchronous: a call is done whole or not at all. */
export type Handler = (call: Call) => Answer

/** `{ok: false, error}` with what Slack adds to it. */
export class Refused extends Error {
  readonly code: string
  readonly extra: Answer
  constructor(code: string, extra: Answer = {}) {
    super(code)
    this.code = code
    this.extra = extra
  }
}

export function refuse(code: string, extra: Answer = {}): never {
  throw new Refused(code, extra)
}

/** `invalid_arguments` and the like, with the sentences that Slack puts into `response_metadata.messages`. */
export function refuseWith(code: string, problems: readonly string[]): never {
  const messages = problems.map((problem) => `[ERROR] ${problem}`)
  const extra = { response_metadata: { messages } }
  throw new Refused(code, code.startsWith('invalid_blocks') ? { errors: [...problems], ...extra } : extra)
}

/** An argument as text; numbers are taken as written. `undefined` when it is absent or empty. */
export function text(call: Call, name: string): string | undefined {
  const value = call.args[name]
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A required argument. That it is there was checked before the handler ran; an empty one is refused here. */
export function need(call: Call, name: string): string {
  return text(call, name) ?? refuseWith('invalid_arguments', [`missing required field: ${name}`])
}

export function flag(call: Call, name: string, otherwise = false): boolean {
  const value = call.args[name]
  if (value === undefined || value === '') return otherwise
  return value === true || value === 'true' || value === '1' || value === 1
}

/** An argument that holds JSON: already parsed, or text. `undefined` when absent, `'unreadable'` when it is not JSON. */
export function json(call: Call, name: string): { value: unknown } | 'unreadable' | undefined {
  const value = call.args[name]
  if (value === undefined || value === '') return undefined
  if (typeof value !== 'string') return { value }
  try {
    return { value: JSON.parse(value) }
  } catch {
    return 'unreadable'
  }
}

/** A list of ids: `U1,U2`, or an array. */
export function list(call: Call, name: string): string[] {
  const value = call.args[name]
  if (Array.isArray(value)) return value.map(String)
  if (typeof value !== 'string') return []
  const parsed = value.startsWith('[') ? json(call, name) : undefined
  if (parsed !== undefined && parsed !== 'unreadable' && Array.isArray(parsed.value)) return parsed.value.map(String)
  return value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

/** Refuses with `missing_scope` unless the token has a scope of the method for this kind of channel. */
export function needScopeFor(call: Call, kind: Room['kind']): void {
  const prefix = { public: 'channels:', private: 'groups:', im: 'im:' }[kind]
  const fitting = call.facts.scopes.filter((scope) => scope.startsWith(prefix))
  // Methods such as chat.postMessage have one scope for all kinds of channel.
  if (fitting.length === 0 || fitting.some((scope) => call.ws.scopes.has(scope))) return
  refuseScope(call.ws, fitting)
}

export function refuseScope(ws: Workspace, needed: readonly string[]): never {
  throw new Refused('missing_scope', { needed: needed.join(','), provided: [...ws.scopes].join(',') })
}

/** The channel of a call, if the bot may know of it. A private channel that the bot is not in does not exist for it. */
export function channelOf(call: Call, name = 'channel'): Room {
  const room = call.ws.rooms.get(need(call, name))
  if (!room || !canSee(room, call.bot)) refuse('channel_not_found')
  needScopeFor(call, room.kind)
  return room
}

/** As {@link channelOf}, but the bot has to be in it. */
export function ownChannelOf(call: Call, name = 'channel'): Room {
  const room = channelOf(call, name)
  if (!room.members.has(call.bot)) refuse('not_in_channel')
  return room
}

/** As chat.postMessage finds it: by id, or by `#name`. */
export function channelByNameOf(call: Call): Room {
  const room = findRoom(call.ws, need(call, 'channel'))
  if (!room || !canSee(room, call.bot)) refuse('channel_not_found')
  return room
}

/** A message of the channel that everybody sees, by the argument `name`. */
export function messageOf(call: Call, room: Room, name: string): Stored {
  const message = room.messages.get(need(call, name))
  return message && message.onlyFor === null ? message : refuse('message_not_found')
}

/** Methods' limits on `text`. Longer text is cut by chat.postMessage and refused by the others. */
export const LONGEST_TEXT = 40_000
/** Of chat.update, in bytes, counted after `&` is escaped. */
export const LONGEST_UPDATE_BYTES = 4_000

export interface Content {
  text: string | undefined
  blocks: KnownBlock[] | undefined
  attachments: unknown[] | undefined
  metadata: Stored['metadata'] | undefined
}

/** What a call says, judged: text, blocks, attachments and metadata; each `undefined` when it was not sent. */
export function contentOf(call: Call): Content {
  const markdown = text(call, 'markdown_text')
  const plain = text(call, 'text')
  if (markdown !== undefined && (plain !== undefined || call.args.blocks !== undefined))
    refuse('markdown_text_conflict')
  const blocks =
    markdown === undefined ? blocksOf(call) : judged([{ type: 'markdown', text: markdown }], call.facts.errors)
  return { text: plain ?? markdown, blocks, attachments: attachmentsOf(call), metadata: metadataOf(call) }
}

function blocksOf(call: Call): KnownBlock[] | undefined {
  const sent = json(call, 'blocks')
  if (sent === undefined) return undefined
  if (sent === 'unreadable' || !Array.isArray(sent.value)) return refuse('invalid_blocks_format')
  return judged(sent.value, call.facts.errors)
}

/** Blocks for a message with their ids, or the refusal that Slack gives. Only chat.postMessage has a name for too much text in all. */
export function judged(blocks: readonly unknown[], errors: readonly string[] = []): KnownBlock[] {
  const { problems } = judgeBlocks(blocks, 'message')
  if (problems.length > 0) refuseWith('invalid_blocks', problems)
  const tooLong = errors.includes('msg_blocks_too_long') ? 'msg_blocks_too_long' : 'invalid_blocks'
  if (isTooLong(blocks)) refuseWith(tooLong, ['too much text in all blocks together [json-pointer:/blocks]'])
  return withIds(blocks)
}

const MOST_ATTACHMENTS = 100

function attachmentsOf(call: Call): unknown[] | undefined {
  const sent = json(call, 'attachments')
  if (sent === undefined) return undefined
  if (sent === 'unreadable' || !Array.isArray(sent.value)) return refuseWith('invalid_arguments', ['attachments'])
  if (sent.value.length > MOST_ATTACHMENTS) refuse('too_many_attachments')
  return sent.value
}

const METADATA_BYTES = 16_384

function metadataOf(call: Call): Stored['metadata'] | undefined {
  const sent = json(call, 'metadata')
  if (sent === undefined || call.method === 'chat.postEphemeral') return undefined
  if (sent === 'unreadable' || !isRecord(sent.value)) return refuse('invalid_metadata_format')
  if (Object.keys(sent.value).length === 0) return null
  const { event_type, event_payload, ...others } = sent.value
  const fits = typeof event_type === 'string' && event_type !== '' && isRecord(event_payload)
  if (!fits || Object.keys(others).length > 0) return refuse('invalid_metadata_schema')
  if (Buffer.byteLength(JSON.stringify(sent.value)) > METADATA_BYTES) return refuse('metadata_too_large')
  return { event_type, event_payload }
}

const PAGE = 100

/** One page of a list, by Slack's `limit` and `cursor`. */
export function paged<T>(call: Call, all: readonly T[], most = 1000): { page: T[]; next_cursor: string } {
  const asked = text(call, 'limit')
  const limit = asked === undefined ? PAGE : Number(asked)
  if (!Number.isInteger(limit) || limit < 1) {
    refuseWith(call.facts.errors.includes('invalid_limit') ? 'invalid_limit' : 'invalid_arguments', ['limit'])
  }
  const cursor = text(call, 'cursor')
  const from = cursor === undefined ? 0 : Number(Buffer.from(cursor, 'base64').toString().replace('next:', ''))
  if (!Number.isInteger(from) || from < 0 || from > all.length) refuse('invalid_cursor')
  const to = from + Math.min(limit, most)
  const next_cursor = to < all.length ? Buffer.from(`next:${to}`).toString('base64') : ''
  return { page: all.slice(from, to), next_cursor }
}

export const seconds = (ms: number): number => Math.floor(ms / 1000)
