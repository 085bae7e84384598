import { checkArguments } from './arguments.ts'
import {
  ABSENT,
  type Answer,
  type Call,
  GENERIC_ERRORS,
  type Handler,
  METHODS,
  type MethodFacts,
  Refused,
  refuse,
  refuseScope,
  refuseWith,
  scopesFor,
} from './call.ts'
import { app } from './methods/app.ts'
import { bookmarks } from './methods/bookmarks.ts'
import { canvases } from './methods/canvases.ts'
import { chat } from './methods/chat.ts'
import { conversations } from './methods/conversations.ts'
import { dms } from './methods/dms.ts'
import { dnd } from './methods/dnd.ts'
import { files } from './methods/files.ts'
import { histories } from './methods/histories.ts'
import { items } from './methods/items.ts'
import { people } from './methods/people.ts'
import { scheduled } from './methods/scheduled.ts'
import { steps } from './methods/steps.ts'
import { streams } from './methods/streams.ts'
import { unfurls } from './methods/unfurls.ts'
import { usergroups } from './methods/usergroups.ts'
import { views } from './methods/views.ts'
import type { Workspace } from './model.ts'

/** Every method that the local workspace answers. To add one: its handler, and its facts in `slack-methods.json`. */
export const HANDLERS: Record<string, Handler> = {
  ...app,
  ...bookmarks,
  ...canvases,
  ...chat,
  ...conversations,
  ...dms,
  ...dnd,
  ...files,
  ...histories,
  ...items,
  ...people,
  ...scheduled,
  ...steps,
  ...streams,
  ...unfurls,
  ...usergroups,
  ...views,
}

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
  /** For whoever reads the journal: why it went so, where the code alone does not say. */
  note: string | null
}

/** What a handler may use besides the arguments. */
export type Means = Pick<Call, 'ws' | 'triggers' | 'openTicket' | 'notAfter'>

const UNKNOWN: MethodFacts = { args: {}, scopes: {}, tier: null, errors: [] }

/** Answers a Web API call. Every refusal is one that Slack lists for the method; another one is a mistake of this file's handlers and throws. */
export function answer(means: Means, request: Request): Outcome {
  const { method, args } = request
  const facts = METHODS[method] ?? UNKNOWN
  const call: Call = { ...means, method, args, facts, me: means.ws.app.botUser, scopes: means.ws.scopes, ts: null }
  try {
    const handler = HANDLERS[method] ?? refuseWith('unknown_method', [whyUnknown(method)])
    if (method !== 'api.test') authenticate(call, request.token)
    checkArguments(call)
    const needed = scopesFor(call)
    if (needed.length > 0 && !needed.some((scope) => call.scopes.has(scope))) refuseScope(call, needed)
    return { body: { ok: true, ...handler(call) }, outcome: 'ok', ts: call.ts, note: null }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    const { code, extra } = error
    const legal = GENERIC_ERRORS.has(code) || facts.errors.includes(code) || method === 'api.test'
    if (!legal) throw new Error(`${method} of the local workspace refused with ${code}, which Slack never does`)
    const note = code === 'unknown_method' ? whyUnknown(method) : noteOf(extra)
    return { body: { ok: false, error: code, ...extra }, outcome: code, ts: null, note }
  }
}

const whyUnknown = (method: string): string =>
  ABSENT.has(method)
    ? `NOT BUILT: Slack has ${method}, the local workspace does not.`
    : `Slack has no method ${method} that this workspace knows.`

function noteOf(extra: Answer): string | null {
  const said = extra.response_metadata as { messages?: string[] } | undefined
  return said?.messages?.join(' ') ?? (typeof extra.needed === 'string' ? `needs the scope ${extra.needed}` : null)
}

type Kind = 'bot' | 'user' | 'configuration' | 'app'

/** Finds out whose token it is, and refuses what this kind of token may not call. */
function authenticate(call: Call, token: string | undefined): void {
  const { ws, facts, method } = call
  if (token === undefined || token === '') refuse('not_authed')
  const person = ws.userTokens.get(token)
  const kind = kindOf(ws, token)
  if (kind === 'bot' && ws.botRevoked !== null) refuse(ws.botRevoked)
  if (kind === 'user' && (person === undefined || ws.users.get(person)?.deleted)) refuse('account_inactive')
  const wanted = Object.keys(facts.scopes)
  const fits =
    method === 'apps.connections.open'
      ? kind === 'app'
      : wanted.length > 0
        ? wanted.includes(kind)
        : kind === 'bot' || kind === 'user'
  if (!fits) refuse('not_allowed_token_type')
  if (person !== undefined) {
    call.me = person
    // A person's token may do whatever the person may: its scopes are not what these tests are about.
    call.scopes = new Set(facts.scopes.user)
  }
}

function kindOf(ws: Workspace, token: string): Kind {
  if (token === ws.botToken) return 'bot'
  if (token === ws.appToken) return 'app'
  if (token === ws.configToken) return 'configuration'
  return ws.userTokens.has(token) ? 'user' : refuse('invalid_auth')
}
