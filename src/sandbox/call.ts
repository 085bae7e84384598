import type { Room, Stored, Workspace } from './model.ts'
import methodData from './slack-methods.json' with { type: 'json' }
import { canSee, findRoom } from './workspace.ts'

/** What Slack publishes about a method: `slack-methods.json`, taken from `source` in it. */
export interface MethodFacts {
  /** By name: Slack's word for the type, `required ` before it where Slack wants it. `any`: it does not say. */
  args: Record<string, string | undefined>
  /** By kind of token: any one of these scopes lets it in; where they are named by kind of channel, the one for that kind. Empty: every kind of token. */
  scopes: { bot?: string[]; user?: string[]; configuration?: string[] }
  tier: string | null
  /** Every error that it may give. */
  errors: string[]
}

export const METHODS: Record<string, MethodFacts> = Object.fromEntries(
  Object.entries(methodData.methods).map(([name, facts]) => [
    name,
    { ...facts, errors: [...methodData.common_errors, ...facts.errors] },
  ]),
)

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
  /** Whose token it is: the bot's user, or a person. */
  me: string
  /** What the token may do. */
  scopes: ReadonlySet<string>
  /** `ts` of the message that the call made or changed, for the journal. */
  ts: string | null
  triggers: Triggers
  openTicket(): string
  /** Reads leave out what is newer, milliseconds of the workspace's clock; null: nothing (the fault `stale`). */
  notAfter: number | null
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

/** The first of these codes that Slack lists for the method: the same mistake has several names there. */
export function refuseAs(call: Call, codes: readonly string[], problem: string): never {
  const code = codes.find((each) => call.facts.errors.includes(each))
  return code === undefined ? refuseWith('invalid_arguments', [problem]) : refuse(code)
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

const PREFIX: Record<Room['kind'], string> = { public: 'channels:', private: 'groups:', im: 'im:', mpim: 'mpim:' }

/** The method's scopes for the kind of token that is used. */
export const scopesFor = (call: Call): string[] =>
  (call.me === call.ws.app.botUser ? call.facts.scopes.bot : call.facts.scopes.user) ?? []

/** Refuses with `missing_scope` unless the token has a scope of the method for this kind of channel. */
export function needScopeFor(call: Call, kind: Room['kind']): void {
  const fitting = scopesFor(call).filter((scope) => scope.startsWith(PREFIX[kind]))
  // Methods such as chat.postMessage have one scope for all kinds of channel.
  if (fitting.length === 0 || fitting.some((scope) => call.scopes.has(scope))) return
  refuseScope(call, fitting)
}

export function refuseScope(call: Pick<Call, 'scopes'>, needed: readonly string[]): never {
  throw new Refused('missing_scope', { needed: needed.join(','), provided: [...call.scopes].join(',') })
}

/** The channel of a call, if the caller may know of it. A private channel that they are not in does not exist for them. */
export function channelOf(call: Call, name = 'channel'): Room {
  const room = call.ws.rooms.get(need(call, name))
  if (!room || !canSee(call.ws, room, call.me)) refuse('channel_not_found')
  needScopeFor(call, room.kind)
  return room
}

/** As {@link channelOf}, but the caller has to be in it. */
export function ownChannelOf(call: Call, name = 'channel'): Room {
  const room = channelOf(call, name)
  if (!room.members.has(call.me)) refuse('not_in_channel')
  return room
}

/** As chat.postMessage finds it: by id, or by `#name`. */
export function channelByNameOf(call: Call): Room {
  const room = findRoom(call.ws, need(call, 'channel'))
  if (!room || !canSee(call.ws, room, call.me)) refuse('channel_not_found')
  return room
}

/** A message of the channel that everybody sees, by the argument `name`. */
export function messageOf(call: Call, room: Room, name: string): Stored {
  const message = room.messages.get(need(call, name))
  return message && message.onlyFor === null ? message : refuse('message_not_found')
}

const PAGE = 100

/** One page of a list, by Slack's `limit` and `cursor`. */
export function paged<T>(call: Call, all: readonly T[], most = 1000): { page: T[]; next_cursor: string } {
  const asked = text(call, 'limit')
  const limit = asked === undefined ? PAGE : Number(asked)
  if (!Number.isInteger(limit) || limit < 1) refuseAs(call, ['invalid_limit'], 'limit')
  const cursor = text(call, 'cursor')
  const from = cursor === undefined ? 0 : Number(Buffer.from(cursor, 'base64').toString().replace('next:', ''))
  if (!Number.isInteger(from) || from < 0 || from > all.length) refuseAs(call, ['invalid_cursor'], 'cursor')
  const to = from + Math.min(limit, most)
  const next_cursor = to < all.length ? Buffer.from(`next:${to}`).toString('base64') : ''
  return { page: all.slice(from, to), next_cursor }
}
