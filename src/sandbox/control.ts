import type { IncomingMessage, ServerResponse } from 'node:http'
import { POSTS } from './control-posts.ts'
import type { ControlRoom } from './control-room.ts'
import { canSeeFile } from './filing.ts'
import { Impossible } from './impossible.ts'
import type { User, Workspace } from './model.ts'
import { canvasFor, changesFor, firstPerson, stateFor } from './seen.ts'
import { HEADERS, sendJson, stream } from './web.ts'
import type { CanvasReply, FaultsReply, JournalReply, Refusal, Traffic } from './wire.ts'
import { findUser, watch } from './workspace.ts'

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
      const run = Object.hasOwn(POSTS, name) ? POSTS[name] : undefined
      if (!run) throw new Impossible('not_found', `There is no /_control/${name}.`)
      return sendJson(response, 200, await run(room, body))
    }
    read(room, request, response, url, name)
  } catch (error) {
    if (!(error instanceof Impossible)) throw error
    const refusal: Refusal = { ok: false, error: error.code, message: error.message }
    sendJson(response, error.code === 'not_found' ? 404 : 400, refusal)
  }
}

/** A `GET /_control/…` as it was asked. */
interface Asked {
  room: ControlRoom
  ws: Workspace
  request: IncomingMessage
  response: ServerResponse
  query: URLSearchParams
  since: number
  me(): User
}

function read(room: ControlRoom, request: IncomingMessage, response: ServerResponse, url: URL, name: string): void {
  const { ws } = room.board
  const query = url.searchParams
  const since = Number(query.get('since') ?? 0)
  const asked: Asked = { room, ws, request, response, query, since, me: () => personAsked(ws, query.get('as')) }
  const look = Object.hasOwn(LOOKS, name) ? LOOKS[name] : undefined
  const open = Object.hasOwn(OPENINGS, name) ? OPENINGS[name] : undefined
  if (look) sendJson(response, 200, look(asked))
  else if (open) open(asked)
  else throw new Impossible('not_found', `There is no /_control/${name}.`)
}

function journalSince({ room, since }: Asked): JournalReply {
  const { calls, deliveries } = room.board.journal
  return { ok: true, calls: calls.filter(({ n }) => n > since), deliveries: deliveries.filter(({ n }) => n > since) }
}

/** What is answered with JSON. */
const LOOKS: Record<string, ((asked: Asked) => object) | undefined> = {
  state: ({ ws, me }) => stateFor(ws, me()),
  journal: journalSince,
  log: journalSince,
  canvas({ ws, query, me }): CanvasReply {
    const found = ws.canvases.get(query.get('id') ?? '')
    const canvas = found ? canvasFor(ws, found, me().id) : null
    if (!canvas) throw new Impossible('canvas_not_found', 'There is no such canvas, or it is not for this person.')
    return { ok: true, canvas }
  },
  faults({ room }): FaultsReply {
    const { armed } = room.board.faults
    const set = armed.map(({ id, fault, left }) => ({ id, fault, left: Number.isFinite(left) ? left : null }))
    return { ok: true, faults: set }
  },
}

/** What is answered with a stream, or with bytes. */
const OPENINGS: Record<string, ((asked: Asked) => void) | undefined> = {
  events: ({ ws, response, me }) => streamChanges(ws, response, me()),
  traffic: ({ room, request, response, since }) =>
    streamTraffic(room, response, Number(request.headers['last-event-id'] ?? since)),
  file: ({ ws, response, query, me }) => sendFile(ws, response, query.get('id') ?? '', me()),
}

function personAsked(ws: Workspace, asked: string | null): User {
  const me = asked ? findUser(ws, asked) : firstPerson(ws)
  if (!me) throw new Impossible('user_not_found', `There is no person ${asked ?? ''} in this workspace.`)
  return me
}

/** Server-sent events: one line of JSON for each change that this person sees. */
function streamChanges(ws: Workspace, response: ServerResponse, me: User): void {
  stream(response, (send) => {
    send(ws.seq, { type: 'resync' })
    return watch(ws, (happening) => {
      for (const change of changesFor(ws, happening, me.id)) send(ws.seq, change)
    })
  })
}

/** What went between the app and Slack since entry `since`, and all that goes from now on. */
function streamTraffic({ board: { journal } }: ControlRoom, response: ServerResponse, since: number): void {
  stream(response, (send) => {
    const tell = (traffic: Traffic) => send(traffic.type === 'call' ? traffic.call.n : traffic.delivery.n, traffic)
    const missed: Traffic[] = [
      ...journal.calls.filter((call) => call.n > since).map((call) => ({ type: 'call' as const, call })),
      ...journal.deliveries
        .filter((delivery) => delivery.n > since)
        .map((delivery) => ({ type: 'delivery' as const, delivery })),
    ]
    const n = (traffic: Traffic) => (traffic.type === 'call' ? traffic.call.n : traffic.delivery.n)
    for (const traffic of missed.sort((a, b) => n(a) - n(b)).slice(-TRAFFIC_SHOWN)) tell(traffic)
    journal.watchers.add(tell)
    return () => journal.watchers.delete(tell)
  })
}

/** Whoever opens the page after a long run wants the end of it. */
const TRAFFIC_SHOWN = 500

/** Always as a download: what somebody uploaded must not run in the page. */
function sendFile(ws: Workspace, response: ServerResponse, id: string, me: User): void {
  const file = ws.files.get(id)
  if (!file || file.deleted || !canSeeFile(ws, file, me.id))
    throw new Impossible('file_not_found', 'There is no such file, or it is not for this person.')
  const name = encodeURIComponent(file.name)
  response.writeHead(200, {
    ...HEADERS,
    'content-type': file.mimetype,
    'content-disposition': `attachment; filename*=UTF-8''${name}`,
    'content-security-policy': "sandbox; default-src 'none'",
  })
  response.end(file.bytes)
}
