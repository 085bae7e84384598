import type { IncomingMessage, ServerResponse } from 'node:http'
import { answer, type Means } from './api.ts'
import { METHODS } from './call.ts'
import { type CallFault, type Faults, strike } from './faults.ts'
import { canSeeFile, takeUpload } from './filing.ts'
import { type Journal, noteCall, told } from './journal.ts'
import { type Limits, take } from './limits.ts'
import type { StoredFile, Workspace } from './model.ts'
import { type Responses, respond } from './responses.ts'
import { BAD_BODY, HEADERS, readArguments, readBytes, readJson, sendJson, sendText } from './web.ts'
import type { Call } from './wire.ts'
import { findRoom } from './workspace.ts'

/** What the app asks of Slack over HTTP: the Web API, `response_url`s, uploads and downloads. Each is an entry of the journal. */
export interface Front {
  means: Means
  journal: Journal
  faults: Faults
  limits: Limits
  responses: Responses
}

/** Answers what is the app's; false when the path is not. */
export async function serveApp(
  front: Front,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<boolean> {
  const [, first = '', ...rest] = url.pathname.split('/')
  switch (first) {
    case 'api':
      await serveApi(front, request, response, url)
      return true
    case 'response':
      await serveResponse(front, request, response, rest.join('/'))
      return true
    case 'upload':
      await serveUpload(front, request, response, rest.at(-1) ?? '')
      return true
    case 'files-pri':
      serveFile(front, request, response, rest[0] ?? '')
      return true
    default:
      return false
  }
}

const bearerOf = (request: IncomingMessage): string | undefined =>
  /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]

async function serveApi(front: Front, request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
  const { ws } = front.means
  const method = url.pathname.slice('/api/'.length)
  const sent = await readArguments(request, url)
  if (typeof sent === 'string') return sendJson(response, 200, { ok: false, error: sent })
  const { token: tokenArgument, ...args } = sent
  const token = bearerOf(request) ?? (typeof tokenArgument === 'string' ? tokenArgument : undefined)
  const call = begin(front, method, args)
  const names = channelNames(ws, args)
  const tier = METHODS[method]?.tier ?? null
  const waitS = ws.preferences.rateLimits ? take(front.limits, method, tier, names[0] ?? '', Date.now()) : 0
  const fault: CallFault | null =
    waitS > 0 ? { kind: 'ratelimited', retry_after: waitS } : strike(front.faults, method, names)
  if (!(await survives(front, fault, call, response))) return
  const notAfter = fault?.kind === 'stale' ? ws.clock.now() - fault.ms : null
  const { body, outcome, ts, note } = answer({ ...front.means, notAfter }, { method, token, args })
  Object.assign(call, { outcome, ts, note, done: outcome === 'ok' })
  if (fault?.kind === 'lost_reply') return loseReply(front, call, request)
  end(front, call)
  const facts = METHODS[method]
  sendJson(response, 200, body, {
    'x-oauth-scopes': [...ws.scopes].join(','),
    'x-accepted-oauth-scopes': (facts?.scopes.bot ?? []).join(','),
    'x-slack-req-id': String(call.n),
  })
}

const begin = (front: Front, method: string, args: Record<string, unknown>): Call =>
  noteCall(front.journal, front.means.ws.clock.now(), method, args)

function end(front: Front, call: Call): void {
  call.answered_at = Date.now()
  told(front.journal, { type: 'call', call })
}

/** The thing is done, and the app never hears of it. */
function loseReply(front: Front, call: Call, request: IncomingMessage): void {
  call.outcome = 'lost_reply'
  told(front.journal, { type: 'call', call })
  request.socket.destroy()
}

/** Plays a fault that comes before the thing is done. False when the call ends there. */
async function survives(front: Front, fault: CallFault | null, call: Call, response: ServerResponse): Promise<boolean> {
  const ended = (outcome: string) => {
    call.outcome = outcome
    end(front, call)
  }
  switch (fault?.kind) {
    case undefined:
    case 'lost_reply':
    case 'stale':
      return true
    case 'slow':
      await new Promise((resolve) => setTimeout(resolve, fault.ms).unref())
      return true
    case 'hang':
      call.outcome = 'hang'
      told(front.journal, { type: 'call', call })
      return false
    case 'ratelimited':
      ended('ratelimited')
      sendJson(response, 429, { ok: false, error: 'ratelimited' }, { 'retry-after': String(fault.retry_after) })
      return false
    case 'http':
      ended(`http_${fault.status}`)
      response.writeHead(fault.status, { 'content-type': 'text/html' })
      response.end('<html>upstream trouble</html>')
      return false
    case 'error':
      ended(fault.error)
      sendJson(response, 200, { ok: false, error: fault.error })
      return false
    default:
      return fault satisfies never
  }
}

async function serveResponse(
  front: Front,
  request: IncomingMessage,
  response: ServerResponse,
  token: string,
): Promise<void> {
  const { ws } = front.means
  const body = await readJson(request)
  const call = begin(front, 'response_url', typeof body === 'object' && body !== null ? { ...body } : {})
  const slot = front.responses.get(token)
  const fault = strike(front.faults, 'response_url', slot ? [slot.room.id, slot.room.name] : [])
  if (!(await survives(front, fault, call, response))) return
  const answered = respond(ws, front.responses, token, body)
  Object.assign(call, { outcome: answered.outcome, ts: answered.ts, done: answered.outcome === 'ok' })
  if (fault?.kind === 'lost_reply') return loseReply(front, call, request)
  end(front, call)
  sendText(response, answered.status, answered.body)
}

/** Slack's own limit is a gigabyte. */
const LARGEST_UPLOAD_BYTES = 20 * 1_048_576

/** The bytes as they are, or as the only file of a form. */
async function serveUpload(
  front: Front,
  request: IncomingMessage,
  response: ServerResponse,
  token: string,
): Promise<void> {
  const { ws } = front.means
  const upload = ws.uploads.get(token)
  const call = begin(front, 'upload', { file: upload?.file ?? '', filename: upload?.name ?? '' })
  const body = await readBytes(request, LARGEST_UPLOAD_BYTES)
  const fault = strike(front.faults, 'upload', [])
  if (!(await survives(front, fault, call, response))) return
  const bytes = body === BAD_BODY ? null : await bytesIn(body, request.headers['content-type'] ?? '')
  const why = bytes === null ? 'no file came' : takeUpload(ws, token, bytes)
  Object.assign(call, { outcome: why === null ? 'ok' : 'upload_failed', note: why, done: why === null })
  if (fault?.kind === 'lost_reply') return loseReply(front, call, request)
  end(front, call)
  if (why === null) return sendText(response, 200, `OK - ${bytes?.length ?? 0}`)
  sendText(response, upload ? 400 : 404, why)
}

async function bytesIn(body: Buffer, type: string): Promise<Buffer | null> {
  if (!/^multipart\/form-data\b/i.test(type)) return body
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData()
  const file = [...form.values()].find((value) => typeof value !== 'string')
  return file === undefined ? null : Buffer.from(await file.arrayBuffer())
}

/** `T…-F…`. Whoever has no token that may read the file is sent to where people sign in, as Slack does. */
function serveFile(front: Front, request: IncomingMessage, response: ServerResponse, names: string): void {
  const { ws } = front.means
  const id = names.split('-')[1] ?? ''
  const call = begin(front, 'download', { file: id })
  const file = ws.files.get(id)
  const why = whyNotServed(ws, file, bearerOf(request))
  Object.assign(call, { outcome: why ?? 'ok', done: why === null })
  end(front, call)
  if (why !== null || !file) {
    const back = encodeURIComponent(request.url ?? '/')
    response.writeHead(302, { ...HEADERS, location: `${ws.base}/signin?redir=${back}` })
    response.end()
    return
  }
  const name = encodeURIComponent(file.name)
  response.writeHead(200, {
    ...HEADERS,
    'content-type': file.mimetype,
    'content-length': String(file.bytes.length),
    'content-disposition': `attachment; filename*=UTF-8''${name}`,
    'content-security-policy': "sandbox; default-src 'none'",
  })
  response.end(file.bytes)
}

function whyNotServed(ws: Workspace, file: StoredFile | undefined, token: string | undefined): string | null {
  if (token === undefined) return 'not_authed'
  const user = token === ws.botToken && ws.botRevoked === null ? ws.app.botUser : ws.userTokens.get(token)
  if (user === undefined) return 'invalid_auth'
  if (user === ws.app.botUser && !ws.scopes.has('files:read')) return 'missing_scope'
  return file && !file.deleted && canSeeFile(ws, file, user) ? null : 'file_not_found'
}

/** The id and the name of the channel that a call is about, and of a DM the person's. */
function channelNames(ws: Workspace, args: Record<string, unknown>): string[] {
  const asked = args.channel ?? args.channel_id
  if (typeof asked !== 'string' || asked === '') return []
  const room = findRoom(ws, asked)
  const person = ws.users.get(room?.with ?? asked)
  return [room?.id, asked, room?.name, person?.id, person?.name].filter((name) => name !== undefined)
}
