import {
  ABSENT,
  type Answer,
  type Call,
  GENERIC_ERRORS,
  type Handler,
  METHODS,
  Refused,
  refuse,
  refuseScope,
  refuseWith,
} from './call.ts'
import { app } from './methods/app.ts'
import { chat } from './methods/chat.ts'
import { conversations } from './methods/conversations.ts'
import { items } from './methods/items.ts'
import { people } from './methods/people.ts'
import { views } from './methods/views.ts'
import type { Workspace } from './workspace.ts'

/** Every method that the local workspace answers. To add one: its handler, and its facts in `slack-methods.json`. */
export const HANDLERS: Record<string, Handler> = { ...app, ...chat, ...conversations, ...items, ...people, ...views }

export interface Request {
  method: string
  token: string | undefined
  args: Record<string, unknown>
}

export interface Outcome {
  body: Answer & { ok: boolean }
  /** `ok` or Slack's error code. */
  outcome: string
  ts: string | null
}

/** What a handler may use besides the arguments. */
export type Means = Pick<Call, 'ws' | 'base' | 'triggers' | 'openTicket'>

/** Answers a Web API call. Every refusal is one that Slack lists for the method; another one is a mistake of this file's handlers and throws. */
export function answer(means: Means, request: Request): Outcome {
  const { method, args } = request
  const call: Call = {
    ...means,
    method,
    args,
    facts: METHODS[method] ?? { required: [], scopes: [], tier: null, errors: [] },
    bot: means.ws.app.botUser,
    ts: null,
  }
  try {
    const handler = HANDLERS[method]
    if (!handler) {
      const known = ABSENT.has(method) ? `Slack has ${method}, the local workspace does not` : `no such method`
      return refuseWith('unknown_method', [known])
    }
    if (method !== 'api.test') authenticate(means.ws, method, request.token)
    needArguments(call)
    if (call.facts.scopes.length > 0 && !call.facts.scopes.some((scope) => means.ws.scopes.has(scope))) {
      refuseScope(means.ws, call.facts.scopes)
    }
    return { body: { ok: true, ...handler(call) }, outcome: 'ok', ts: call.ts }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    const legal = GENERIC_ERRORS.has(error.code) || call.facts.errors.includes(error.code) || method === 'api.test'
    if (!legal) throw new Error(`${method} of the local workspace refused with ${error.code}, which Slack never does`)
    return { body: { ok: false, error: error.code, ...error.extra }, outcome: error.code, ts: null }
  }
}

function authenticate(ws: Workspace, method: string, token: string | undefined): void {
  if (token === undefined || token === '') refuse('not_authed')
  const wantsApp = method === 'apps.connections.open'
  if (token === ws.botToken) {
    if (ws.botRevoked !== null) refuse(ws.botRevoked)
    if (wantsApp) refuse('not_allowed_token_type')
    return
  }
  if (token !== ws.appToken) refuse('invalid_auth')
  if (!wantsApp) refuse('not_allowed_token_type')
}

/** Methods with a code of their own for an argument that is missing. */
const OWN_CODE: ReadonlySet<string> = new Set(['name of conversations.create', 'name of conversations.rename'])

/** Arguments that may be there and empty: a topic is cleared so. */
const MAY_BE_EMPTY: ReadonlySet<string> = new Set(['topic', 'purpose', 'users'])

function needArguments(call: Call): void {
  const missing = call.facts.required.filter((name) => {
    const value = call.args[name]
    const there = value !== undefined && value !== null && (value !== '' || MAY_BE_EMPTY.has(name))
    return !there && !OWN_CODE.has(`${name} of ${call.method}`)
  })
  if (missing.length > 0)
    refuseWith(
      'invalid_arguments',
      missing.map((name) => `missing required field: ${name}`),
    )
}
