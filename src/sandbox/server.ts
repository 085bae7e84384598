import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { dmOf } from './acts.ts'
import { control } from './control.ts'
import type { ControlRoom } from './control-room.ts'
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
import { disarm, type FaultInput, type Faults, noFaults } from './faults.ts'
import { type Front, serveApp } from './front.ts'
import { type Switchboard, triggerBox } from './gestures.ts'
import { inHands } from './hands.ts'
import { clearJournal, newJournal } from './journal.ts'
import type { Limits } from './limits.ts'
import type { Room, User, Workspace } from './model.ts'
import { wake } from './schedule.ts'
import { createWorkspace, resetWorkspace, type WorkspaceOptions } from './seed.ts'
import { type SocketMode, socketMode } from './socket.ts'
import { addressOf, BAD_BODY, HEADERS, readJson, sendJson, sendText, servePage } from './web.ts'
import type { Call, Delivery, Message, Reaction } from './wire.ts'
import { watch } from './workspace.ts'

export interface SlackOptions extends WorkspaceOptions {
  /** 0 or omitted: any free port. */
  port?: number
  /** Slack's own times where omitted. Tests make them short. */
  timing?: Partial<Timing>
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
  /** A person's token, for the methods that no bot may call. */
  userToken(user: string): string
  workspace: Workspace
  /** Every Web API call and every use of a response_url so far (the newest 100,000). */
  journal(): readonly Call[]
  /** Everything that was sent to the app so far (the newest 20,000). */
  deliveries(): readonly Delivery[]
  /** The person writes a message. */
  say(user: string, channel: string, text: string, threadTs?: string): Message
  /** The person types a command. Answers once it was acknowledged; with `waitMs`, and nothing seen by then, once something was seen. */
  command(user: string, channel: string, text: string, waitMs?: number): Promise<Reaction>
  /** The person clicks a button of a message as it is now. */
  press(
    user: string,
    channel: string,
    ts: string,
    actionId: string,
    /** What is chosen in a menu; which block, where several have such an element. */
    which?: { value?: string; block_id?: string },
  ): Promise<Reaction>
  /** The person opens the app's Home. */
  openHome(user: string): void
  /** The person clicks a button of the app's Home as it is now. */
  pressHome(user: string, actionId: string, blockId: string): Promise<Reaction>
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

/** How often it is looked whether a scheduled message is due: the workspace's clock may be anybody's, and cannot be waited for. */
const LOOK_MS = 100

/** Starts a local Slack on the loopback interface. */
export async function startWorkspace(options: SlackOptions): Promise<LocalSlack> {
  const ws = createWorkspace(options)
  const timing: Timing = { ...SLACKS_TIMING, ...options.timing }
  const faults = noFaults(ws.random)
  const sockets = socketMode(ws, faults, timing)
  const server = createServer()
  const { port } = await listening(server, options.port ?? 0)
  ws.base = `http://127.0.0.1:${port}`

  const stopped = new AbortController()
  const room = controlRoom(options, { ws, timing, faults, sockets }, stopped.signal)
  const { board } = room
  const front: Front = {
    means: {
      ws,
      triggers: board.triggers,
      notAfter: null,
      openTicket: () => `ws://127.0.0.1:${port}/ws?${sockets.openTicket()}`,
    },
    journal: board.journal,
    faults,
    limits: room.limits,
    responses: board.responses,
  }
  const unwatch = watch(ws, (happening) => {
    for (const payload of eventsOf(ws, happening)) room.sendEvent(payload)
  })
  const alarm = setInterval(() => wake(ws), LOOK_MS)
  alarm.unref()

  const isHere = doorkeeper(port)
  const page = options.page ?? fileURLToPath(new URL('page', import.meta.url))
  server.on('request', (request, response) => {
    const served = isHere(request) ? serve(room, front, page, request, response) : turnAway(response)
    served.catch((error: unknown) => {
      // A mistake of the local workspace itself: loud, so that no test takes it for Slack.
      console.error('the local Slack workspace failed:', error)
      if (!response.headersSent) sendJson(response, 500, { ok: false, error: 'internal_error', message: String(error) })
      else response.destroy()
    })
  })
  server.on('upgrade', (request, socket, head) => {
    const known = isHere(request) && addressOf(request, ws.base).pathname === '/ws'
    if (known) sockets.upgrade(request, socket, head)
    else socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n')
  })

  return inHands(room, async () => {
    stopped.abort()
    clearInterval(alarm)
    unwatch()
    sockets.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
}

async function listening(server: Server, port: number): Promise<AddressInfo> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return server.address() as AddressInfo
}

/** A page of another site cannot talk to us: neither by its own name that points here (Host) nor from its own pages (Origin). */
function doorkeeper(port: number): (request: IncomingMessage) => boolean {
  const hosts = new Set([`127.0.0.1:${port}`, `localhost:${port}`])
  return ({ headers }) =>
    hosts.has(headers.host ?? '') &&
    (headers.origin === undefined || [...hosts].some((host) => headers.origin === `http://${host}`))
}

async function turnAway(response: ServerResponse): Promise<void> {
  sendJson(response, 403, { ok: false, error: 'forbidden', message: 'This workspace answers its own page only.' })
}

interface Parts {
  ws: Workspace
  timing: Timing
  faults: Faults
  sockets: SocketMode
}

/** What people, administrators and the app's events go through. */
function controlRoom(options: SlackOptions, parts: Parts, stopped: AbortSignal): ControlRoom & { limits: Limits } {
  const { ws, timing, faults, sockets } = parts
  let http = options.http ?? null
  const line = (kind: Kind): Line => {
    const url = { slash_commands: http?.commands, interactive: http?.interactions, events_api: http?.events }[kind]
    return http && url !== undefined ? httpLine(http, url, timing, () => ws.clock.now()) : sockets
  }
  const limits: Limits = new Map()
  const board: Switchboard = {
    ...parts,
    journal: newJournal(),
    line,
    triggers: triggerBox(timing.triggerMs),
    responses: new Map(),
    offered: new Map(),
  }
  const sendEvent = (payload: Record<string, unknown>): void => {
    deliverEvent(board, payload, stopped).catch((error: unknown) => {
      if (!stopped.aborted) throw error
    })
  }
  return {
    board,
    limits,
    disconnect: sockets.disconnect,
    openHome(user, tab) {
      const payload = homeOpened(ws, user.id, dmOf(ws, user).id, tab)
      if (payload) sendEvent(payload)
    },
    sendEvent,
    deliverTo(next) {
      http = next
    },
    reset() {
      disarm(faults)
      clearJournal(board.journal)
      limits.clear()
      board.responses.clear()
      board.offered.clear()
      http = options.http ?? null
      resetWorkspace(ws, options)
    },
  }
}

async function serve(
  room: ControlRoom,
  front: Front,
  page: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { ws } = room.board
  const url = addressOf(request, ws.base)
  const path = url.pathname
  wake(ws)
  if (await serveApp(front, request, response, url)) return
  if (path.startsWith('/_control/')) {
    const body = request.method === 'POST' ? await readJson(request) : undefined
    if (body === BAD_BODY) return sendJson(response, 400, { ok: false, error: 'bad_request', message: 'Send JSON.' })
    return control(room, request, response, url, body)
  }
  if (path === '/signin') return sendSignIn(response)
  const file = path === '/' || path.startsWith('/archives/') ? 'index.html' : path.replace(/^\/page\//, '')
  if (request.method === 'GET' && (await servePage(page, file, response))) return
  sendText(response, 404, 'not found\n')
}

/** Where Slack sends whoever wants a file without a token that may read it. */
function sendSignIn(response: ServerResponse): void {
  response.writeHead(200, { ...HEADERS, 'content-type': 'text/html; charset=utf-8' })
  response.end('<!doctype html><title>Sign in</title><h1>Sign in to your workspace</h1>')
}
