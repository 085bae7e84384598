import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { changeUser, dmOf, say } from './acts.ts'
import { answer, type Means } from './api.ts'
import { METHODS } from './call.ts'
import { type ControlRoom, control, HEADERS, sendJson, servePage } from './control.ts'
import {
  deliverEvent,
  type HttpDelivery,
  httpLine,
  type Kind,
  type Line,
  SLACKS_TIMING,
  type Timing,
} from './delivery.ts'
import { eventsOf, homeOpened } from './events.ts'
import { arm, type CallFault, disarm, type Fault, type FaultInput, faultSchema, noFaults, strike } from './faults.ts'
import { actor, command, press, roomFor, type Switchboard, triggerBox } from './gestures.ts'
import { type Limits, take } from './limits.ts'
import { type Responses, respond } from './responses.ts'
import { dmFor, messageOf, messagesFor } from './seen.ts'
import { socketMode } from './socket.ts'
import type { Call, Message, Reaction } from './wire.ts'
import {
  createWorkspace,
  findRoom,
  needUser,
  type Room,
  type User,
  type Workspace,
  type WorkspaceOptions,
  watch,
} from './workspace.ts'

export interface SlackOptions extends WorkspaceOptions {
  /** 0 or omitted: any free port. */
  port?: number
  /** Slack's own times where omitted. Tests make them short. */
  timing?: Partial<Timing>
  /** Answers 429 as Slack does, by the method's tier. Off when omitted. */
  enforceRateLimits?: boolean
  /** Sends what has an address here as signed HTTP requests, the rest over Socket Mode. */
  http?: HttpDelivery
  /** The folder of the browser page. */
  page?: string
}

/** A local Slack that runs, for tests and the demo of the same process. The same is there over HTTP: `wire.ts`. */
export interface LocalSlack {
  /** The browser page. */
  url: string
  /** For `SLACK_API_URL`: ends in `/api/`. */
  apiUrl: string
  botToken: string
  appToken: string
  workspace: Workspace
  /** Every Web API call and every use of a response_url so far (the newest 100,000). */
  journal(): readonly Call[]
  /** The person writes a message. */
  say(user: string, channel: string, text: string, threadTs?: string): Message
  /** The person types a command. Answers once it was acknowledged; with `waitMs`, and nothing seen by then, once something was seen. */
  command(user: string, channel: string, text: string, waitMs?: number): Promise<Reaction>
  /** The person clicks a button of a message as it is now. */
  press(user: string, channel: string, ts: string, actionId: string, value?: string): Promise<Reaction>
  /** The person opens the app's Home. */
  openHome(user: string): void
  /** What the person sees in their DM with the bot; nothing when there is none yet. */
  dm(user: string): Message[]
  /** A channel as it is, and its messages as `as` sees them (without ephemeral ones when omitted). */
  channel(which: string, as?: string): { room: Room; messages: Message[] }
  /** Somebody leaves (`deleted`), goes away (`presence`), is not to be disturbed (`dndUntil`), … */
  changeUser(user: string, change: Partial<Omit<User, 'id'>>): void
  /** Something goes wrong from now on, as often as the fault says, or until {@link LocalSlack.resetFaults}. */
  fault(fault: FaultInput): number
  resetFaults(): void
  /** Points deliveries at other addresses, or back at Socket Mode. */
  deliverTo(http: HttpDelivery | null): void
  close(): Promise<void>
}

/** A demo may run for days: the oldest tenth of the journal goes when there is more. */
const JOURNAL_KEEPS = 100_000

/** Slack refuses larger bodies too. */
const MOST_BODY_BYTES = 4_000_000

/** Starts a local Slack on the loopback interface. */
export async function startWorkspace(options: SlackOptions): Promise<LocalSlack> {
  const ws = createWorkspace(options)
  const timing: Timing = { ...SLACKS_TIMING, ...options.timing }
  const faults = noFaults(ws.random)
  const sockets = socketMode(ws, faults, timing)
  const stopped = new AbortController()
  const responses: Responses = new Map()
  const journal: Call[] = []
  let calls = 0
  const limits: Limits = new Map()
  const pageFolder = options.page ?? fileURLToPath(new URL('page', import.meta.url))
  let http = options.http ?? null

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      // A mistake of the local workspace itself: loud, so that no test takes it for Slack.
      console.error('the local Slack workspace failed:', error)
      if (!response.headersSent) sendJson(response, 500, { ok: false, error: 'internal_error', message: String(error) })
      else response.destroy()
    })
  })
  server.on('upgrade', (request, socket, head) => {
    const known = isHere(request) && new URL(request.url ?? '/', base).pathname === '/ws'
    if (known) sockets.upgrade(request, socket, head)
    else socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n')
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const base = `http://127.0.0.1:${port}`

  const line = (kind: Kind): Line => {
    const url = { slash_commands: http?.commands, interactive: http?.interactions, events_api: http?.events }[kind]
    return http && url !== undefined ? httpLine(http, url, timing) : sockets
  }
  const board: Switchboard = {
    ws,
    line,
    timing,
    triggers: triggerBox(timing.triggerMs),
    responses,
    base,
    offered: new Map(),
  }
  const means: Means = {
    ws,
    base,
    triggers: board.triggers,
    openTicket: () => `ws://127.0.0.1:${port}/ws?${sockets.openTicket()}`,
  }
  const sendEvent = (payload: Record<string, unknown>): void => {
    deliverEvent(line('events_api'), payload, timing, stopped.signal).catch((error: unknown) => {
      if (!stopped.signal.aborted) throw error
    })
  }
  const unwatch = watch(ws, (happening) => {
    for (const payload of eventsOf(ws, happening)) sendEvent(payload)
  })
  const openHome = (user: User): void => {
    const payload = homeOpened(ws, user.id, dmOf(ws, user).id)
    if (payload) sendEvent(payload)
  }
  const controlRoom: ControlRoom = { board, faults, journal, disconnect: sockets.disconnect, openHome }

  const hosts = new Set([`127.0.0.1:${port}`, `localhost:${port}`])
  /** A page of another site cannot talk to us: neither by its own name that points here (Host) nor from its own pages (Origin). */
  const isHere = ({ headers }: IncomingMessage): boolean =>
    hosts.has(headers.host ?? '') &&
    (headers.origin === undefined || [...hosts].some((host) => headers.origin === `http://${host}`))

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', base)
    if (!isHere(request)) {
      const message = 'This workspace answers its own page only.'
      return sendJson(response, 403, { ok: false, error: 'forbidden', message })
    }
    const path = url.pathname
    if (path.startsWith('/api/')) return serveApi(request, response, url)
    if (path.startsWith('/response/')) return serveResponse(request, response, path.slice('/response/'.length))
    if (path.startsWith('/_control/')) {
      const body = request.method === 'POST' ? await readJson(request) : undefined
      if (body === BAD_BODY) return sendJson(response, 400, { ok: false, error: 'bad_request', message: 'Send JSON.' })
      return control(controlRoom, request, response, url, body)
    }
    const file = path === '/' || path.startsWith('/archives/') ? 'index.html' : path.replace(/^\/page\//, '')
    if (request.method === 'GET' && (await servePage(pageFolder, file, response))) return
    response.writeHead(404, { ...HEADERS, 'content-type': 'text/plain; charset=utf-8' })
    response.end('not found\n')
  }

  function entry(method: string, args: Record<string, unknown>): Call {
    calls += 1
    if (journal.length >= JOURNAL_KEEPS) journal.splice(0, JOURNAL_KEEPS / 10)
    const call: Call = {
      n: calls,
      method,
      args: readable(args),
      outcome: 'unanswered',
      done: false,
      ts: null,
      at: ws.clock.now(),
      arrived_at: Date.now(),
      answered_at: null,
    }
    journal.push(call)
    return call
  }

  async function serveApi(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const method = url.pathname.slice('/api/'.length)
    const sent = await readArguments(request, url)
    if (typeof sent === 'string') return sendJson(response, 200, { ok: false, error: sent })
    const { token: tokenArgument, ...args } = sent
    const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]
    const token = bearer ?? (typeof tokenArgument === 'string' ? tokenArgument : undefined)
    const call = entry(method, args)
    const names = channelNames(ws, args)
    const tier = METHODS[method]?.tier ?? null
    const waitS = options.enforceRateLimits ? take(limits, method, tier, names[0] ?? '', Date.now()) : 0
    const fault: CallFault | null =
      waitS > 0 ? { kind: 'ratelimited', retry_after: waitS } : strike(faults, method, names)
    if (!(await survives(fault, call, response))) return
    const { body, outcome, ts } = answer(means, { method, token, args })
    Object.assign(call, { outcome, ts, done: outcome === 'ok' })
    if (fault?.kind === 'lost_reply') {
      call.outcome = 'lost_reply'
      request.socket.destroy()
      return
    }
    call.answered_at = Date.now()
    const accepted = METHODS[method]?.scopes.join(',') ?? ''
    sendJson(response, 200, body, {
      'x-oauth-scopes': [...ws.scopes].join(','),
      'x-accepted-oauth-scopes': accepted,
      'x-slack-req-id': String(call.n),
    })
  }

  /** Plays a fault that comes before the thing is done. False when the call ends there. */
  async function survives(fault: CallFault | null, call: Call, response: ServerResponse): Promise<boolean> {
    switch (fault?.kind) {
      case undefined:
      case 'lost_reply':
        return true
      case 'slow':
        await new Promise((resolve) => setTimeout(resolve, fault.ms).unref())
        return true
      case 'hang':
        call.outcome = 'hang'
        return false
      case 'ratelimited':
        Object.assign(call, { outcome: 'ratelimited', answered_at: Date.now() })
        sendJson(response, 429, { ok: false, error: 'ratelimited' }, { 'retry-after': String(fault.retry_after) })
        return false
      case 'http':
        Object.assign(call, { outcome: `http_${fault.status}`, answered_at: Date.now() })
        response.writeHead(fault.status, { 'content-type': 'text/html' })
        response.end('<html>upstream trouble</html>')
        return false
      case 'error':
        Object.assign(call, { outcome: fault.error, answered_at: Date.now() })
        sendJson(response, 200, { ok: false, error: fault.error })
        return false
      default:
        return fault satisfies never
    }
  }

  async function serveResponse(request: IncomingMessage, response: ServerResponse, token: string): Promise<void> {
    const body = await readJson(request)
    const call = entry('response_url', typeof body === 'object' && body !== null ? { ...body } : {})
    const slot = responses.get(token)
    const fault = strike(faults, 'response_url', slot ? [slot.room.id, slot.room.name] : [])
    if (!(await survives(fault, call, response))) return
    const answered = respond(ws, responses, token, body)
    Object.assign(call, { outcome: answered.outcome, ts: answered.ts, done: answered.outcome === 'ok' })
    if (fault?.kind === 'lost_reply') {
      call.outcome = 'lost_reply'
      request.socket.destroy()
      return
    }
    call.answered_at = Date.now()
    response.writeHead(answered.status, { ...HEADERS, 'content-type': 'text/plain; charset=utf-8' })
    response.end(answered.body)
  }

  return {
    url: `${base}/`,
    apiUrl: `${base}/api/`,
    botToken: ws.botToken,
    appToken: ws.appToken,
    workspace: ws,
    journal: () => journal,
    say(user, channel, text, threadTs) {
      const person = actor(ws, user)
      const room = roomFor(ws, person, channel)
      return messageOf(room, say(ws, person, room, text, threadTs ?? null))
    },
    async command(user, channel, text, waitMs = 0) {
      const person = actor(ws, user)
      const room = roomFor(ws, person, channel)
      const reaction = await command(board, user, channel, text)
      if (reaction.saw.length > 0 || waitMs === 0) return reaction
      return { ...reaction, saw: await nextSeen(ws, person, room, waitMs) }
    },
    press: (user, channel, ts, action_id, value) =>
      press(board, { user, channel, ts, action_id, ...(value === undefined ? {} : { value }) }),
    openHome: (user) => openHome(actor(ws, user)),
    dm: (user) => dmFor(ws, needUser(ws, user).id),
    channel(which, as) {
      const room = findRoom(ws, which)
      if (!room) throw new Error(`the local workspace has no channel ${which}`)
      return { room, messages: messagesFor(room, as === undefined ? '' : needUser(ws, as).id) }
    },
    changeUser: (user, change) => changeUser(ws, needUser(ws, user), change),
    fault(input) {
      const fault: Fault = faultSchema.parse(input)
      if (fault.kind !== 'disconnect') return arm(faults, fault)
      sockets.disconnect(fault.reason)
      return 0
    },
    resetFaults: () => disarm(faults),
    deliverTo(next) {
      http = next
    },
    async close() {
      stopped.abort()
      unwatch()
      sockets.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The first message that a person sees in a channel from now on; none when there is none in time. */
function nextSeen(ws: Workspace, user: User, room: Room, waitMs: number): Promise<Message[]> {
  return new Promise((resolve) => {
    const done = (seen: Message[]) => {
      clearTimeout(timer)
      unwatch()
      resolve(seen)
    }
    const timer = setTimeout(() => done([]), waitMs)
    const unwatch = watch(ws, (happening) => {
      if (happening.type !== 'message' || happening.message.channel !== room.id) return
      const { onlyFor } = happening.message
      if (onlyFor === null || onlyFor === user.id) done([messageOf(room, happening.message)])
    })
  })
}

/** The id and the name of the channel that a call is about, and of a DM the person's. */
function channelNames(ws: Workspace, args: Record<string, unknown>): string[] {
  const asked = args.channel ?? args.channel_id
  if (typeof asked !== 'string' || asked === '') return []
  const room = findRoom(ws, asked)
  const person = ws.users.get(room?.with ?? asked)
  return [room?.id, asked, room?.name, person?.id, person?.name].filter((name) => name !== undefined)
}

const BAD_BODY = Symbol('bad body')

async function readBody(request: IncomingMessage): Promise<string | typeof BAD_BODY> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > MOST_BODY_BYTES) return BAD_BODY
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const body = await readBody(request)
  // A form of another site can send text/plain without asking; JSON it cannot.
  if (body === BAD_BODY || !isJson(request)) return BAD_BODY
  try {
    return JSON.parse(body)
  } catch {
    return BAD_BODY
  }
}

const isJson = ({ headers }: IncomingMessage): boolean => /^application\/json\b/i.test(headers['content-type'] ?? '')

/** A call's arguments: the query, and a form or JSON. Slack's error code when the body is neither. */
async function readArguments(request: IncomingMessage, url: URL): Promise<Record<string, unknown> | string> {
  const query = Object.fromEntries(url.searchParams)
  const body = await readBody(request)
  if (body === BAD_BODY) return 'request_timeout'
  if (body === '') return query
  if (!isJson(request)) {
    const form = /^application\/x-www-form-urlencoded\b/i.test(request.headers['content-type'] ?? '')
    return form ? { ...query, ...Object.fromEntries(new URLSearchParams(body)) } : 'invalid_form_data'
  }
  try {
    const value: unknown = JSON.parse(body)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? { ...query, ...value } : 'json_not_object'
  } catch {
    return 'invalid_json'
  }
}

const HOLD_JSON = ['blocks', 'attachments', 'metadata', 'view']

/** Arguments for the journal: JSON in them parsed, so that a test can look inside. */
function readable(args: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(args).map(([name, value]) => {
      if (!HOLD_JSON.includes(name) || typeof value !== 'string') return [name, value]
      try {
        return [name, JSON.parse(value)]
      } catch {
        return [name, value]
      }
    }),
  )
}
