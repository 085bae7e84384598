import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import { extname, join, normalize, sep } from 'node:path'
import * as z from 'zod'
import { dmOf, join as joinChannel, markRead, react, say, unreact } from './acts.ts'
import { arm, disarm, type Fault, type Faults, faultSchema } from './faults.ts'
import { actor, command, dismiss, Impossible, press, roomFor, type Switchboard, submit, suggest } from './gestures.ts'
import { changesFor, firstPerson, messageOf, stateFor } from './seen.ts'
import type { DisconnectReason } from './socket.ts'
import type {
  AsRequest,
  Call,
  ChannelRequest,
  CommandRequest,
  Done,
  FaultReply,
  InteractRequest,
  JournalReply,
  MessageReply,
  MessageRequest,
  OpenReply,
  Reaction,
  ReactRequest,
  Refusal,
  SubmitReply,
  SubmitRequest,
  SuggestReply,
  SuggestRequest,
} from './wire.ts'
import { findRoom, findUser, type User, watch } from './workspace.ts'

/** What the control interface of `wire.ts` works on. */
export interface ControlRoom {
  board: Switchboard
  faults: Faults
  journal: readonly Call[]
  disconnect(reason: DisconnectReason | 'cut'): void
  openHome(user: User): void
}

const as = z.object({ user: z.string().min(1) })
const inChannel = as.extend({ channel: z.string().min(1) })
const element = {
  channel: z.string().exactOptional(),
  ts: z.string().exactOptional(),
  view_id: z.string().exactOptional(),
  action_id: z.string().min(1),
  block_id: z.string().exactOptional(),
}
const value = z.union([z.string(), z.array(z.string())])

const DONE: Done = { ok: true }

/** One entry per `POST /_control/…`: what it takes, what it does. */
const POSTS = {
  command: post<CommandRequest, Reaction>(
    inChannel.extend({ text: z.string().min(1) }),
    ({ board }, { user, channel, text }) => command(board, user, channel, text),
  ),
  message: post<MessageRequest, MessageReply>(
    inChannel.extend({ text: z.string().min(1), thread_ts: z.string().exactOptional() }),
    ({ board: { ws } }, body) => {
      const user = actor(ws, body.user)
      const room = roomFor(ws, user, body.channel)
      if (body.thread_ts !== undefined && !room.messages.has(body.thread_ts)) {
        throw new Impossible('message_not_found', 'The message that this answers is gone.')
      }
      return { ok: true, message: messageOf(room, say(ws, user, room, body.text, body.thread_ts ?? null)) }
    },
  ),
  interact: post<InteractRequest, Reaction>(
    as.extend({ ...element, value: value.exactOptional() }),
    ({ board }, body) => press(board, body),
  ),
  submit: post<SubmitRequest, SubmitReply>(
    as.extend({ view_id: z.string(), values: z.record(z.string(), value) }),
    ({ board }, body) => submit(board, body),
  ),
  suggest: post<SuggestRequest, SuggestReply>(as.extend({ ...element, value: z.string() }), ({ board }, body) =>
    suggest(board, body),
  ),
  home: post<AsRequest, Done>(as, (room, { user }) => {
    room.openHome(actor(room.board.ws, user))
    return DONE
  }),
  dismiss: post<AsRequest, Done>(as, async ({ board }, { user }) => {
    await dismiss(board, user)
    return DONE
  }),
  'open-dm': post<AsRequest, OpenReply>(as, ({ board: { ws } }, { user }) => ({
    ok: true,
    channel: dmOf(ws, actor(ws, user)).id,
  })),
  join: post<ChannelRequest, Done>(inChannel, ({ board: { ws } }, body) => {
    const user = actor(ws, body.user)
    const room = findRoom(ws, body.channel)
    if (room?.kind !== 'public')
      throw new Impossible('channel_not_found', `There is no channel ${body.channel} to join.`)
    if (room.archived) throw new Impossible('is_archived', `#${room.name} is archived.`)
    if (!room.members.has(user.id)) joinChannel(ws, room, user.id, user.id)
    return DONE
  }),
  read: post<ChannelRequest, Done>(inChannel, ({ board: { ws } }, body) => {
    const user = actor(ws, body.user)
    const room = body.channel === 'dm' ? dmOf(ws, user) : findRoom(ws, body.channel)
    if (room?.members.has(user.id)) markRead(ws, room, user.id)
    return DONE
  }),
  react: post<ReactRequest, Done>(
    inChannel.extend({ ts: z.string(), name: z.string().regex(/^[\w+'-]+$/) }),
    ({ board: { ws } }, body) => {
      const user = actor(ws, body.user)
      const message = roomFor(ws, user, body.channel).messages.get(body.ts)
      if (!message || message.onlyFor !== null) throw new Impossible('message_not_found', 'That message is gone.')
      const had = message.reactions.get(body.name)?.includes(user.id)
      if (had) unreact(ws, message, user.id, body.name)
      else react(ws, message, user.id, body.name)
      return DONE
    },
  ),
  fault: post<Fault, FaultReply>(faultSchema, (room, fault) => {
    if (fault.kind !== 'disconnect') return { ok: true, id: arm(room.faults, fault) }
    room.disconnect(fault.reason)
    return { ok: true, id: 0 }
  }),
  'reset-faults': post<object, Done>(z.object({}), ({ faults }) => {
    disarm(faults)
    return DONE
  }),
}

type Post = (room: ControlRoom, body: unknown) => unknown

function post<Body, Reply>(
  schema: z.ZodType<Body>,
  run: (room: ControlRoom, body: Body) => Reply | Promise<Reply>,
): Post {
  return (room, body) => {
    const parsed = schema.safeParse(body)
    if (!parsed.success) throw new Impossible('bad_request', z.prettifyError(parsed.error))
    return run(room, parsed.data)
  }
}

/** Answers `/_control/…`. `body` is the parsed JSON of a POST. */
export async function control(
  room: ControlRoom,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  body: unknown,
): Promise<void> {
  const name = url.pathname.slice('/_control/'.length)
  try {
    if (request.method === 'POST') {
      const run = isPost(name) ? POSTS[name] : undefined
      if (!run) throw new Impossible('not_found', `There is no /_control/${name}.`)
      return sendJson(response, 200, await run(room, body))
    }
    if (name === 'journal') {
      const since = Number(url.searchParams.get('since') ?? 0)
      const reply: JournalReply = { ok: true, calls: room.journal.filter((call) => call.n > since) }
      return sendJson(response, 200, reply)
    }
    const { ws } = room.board
    const asked = url.searchParams.get('as')
    const me = asked ? findUser(ws, asked) : firstPerson(ws)
    if (!me) throw new Impossible('user_not_found', `There is no person ${asked ?? ''} in this workspace.`)
    if (name === 'state') return sendJson(response, 200, stateFor(ws, me))
    if (name === 'events') return stream(room, response, me)
    throw new Impossible('not_found', `There is no /_control/${name}.`)
  } catch (error) {
    if (!(error instanceof Impossible)) throw error
    const refusal: Refusal = { ok: false, error: error.code, message: error.message }
    sendJson(response, error.code === 'not_found' ? 404 : 400, refusal)
  }
}

const isPost = (name: string): name is keyof typeof POSTS => Object.hasOwn(POSTS, name)

const HEARTBEAT_MS = 15_000

/** Server-sent events: one line of JSON for each change that this person sees. */
function stream({ board: { ws } }: ControlRoom, response: ServerResponse, me: User): void {
  response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream; charset=utf-8' })
  const send = (change: object) => response.write(`id: ${ws.seq}\ndata: ${JSON.stringify(change)}\n\n`)
  response.write('retry: 1000\n')
  send({ type: 'resync' })
  const unwatch = watch(ws, (happening) => {
    for (const change of changesFor(ws, happening, me.id)) send(change)
  })
  const heartbeat = setInterval(() => response.write(': \n\n'), HEARTBEAT_MS)
  heartbeat.unref()
  response.on('close', () => {
    clearInterval(heartbeat)
    unwatch()
  })
}

export const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }

export function sendJson(response: ServerResponse, status: number, body: unknown, headers: object = {}): void {
  response.writeHead(status, { ...HEADERS, ...headers, 'content-type': 'application/json; charset=utf-8' })
  response.end(JSON.stringify(body))
}

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.ts': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.json': 'application/json; charset=utf-8',
  '.woff2': 'font/woff2',
}

/** Serves a file of the page's folder; TypeScript without its types. False when there is no such file. */
export async function servePage(folder: string, path: string, response: ServerResponse): Promise<boolean> {
  const file = normalize(join(folder, path))
  const type = TYPES[extname(file)]
  if (!file.startsWith(folder + sep) || type === undefined) return false
  let content: Buffer | string
  try {
    content = await readFile(file)
  } catch {
    return false
  }
  if (extname(file) === '.ts') content = stripTypeScriptTypes(content.toString())
  const headers = { ...HEADERS, 'content-type': type, 'content-security-policy': "frame-ancestors 'none'" }
  response.writeHead(200, headers)
  response.end(content)
  return true
}
