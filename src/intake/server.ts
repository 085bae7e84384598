import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { messageOf, UserError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { authority } from './authority.ts'
import { problem } from './problem.ts'

/** Requests are small; what is larger is no request of ours. Routes for which that is too small say so. */
const BODY_BYTES = 1024 * 1024

/** A request that has not arrived by then never will; its head even less. Looked at this often. */
const REQUEST_MS = 10_000
const HEAD_MS = 5_000
const LOOK_MS = 1_000

/** Ten thousand alerts may come at once; beyond that connections would eat up what Slack and the store need. */
const MOST_CONNECTIONS = 12_000

/** Connections that wait to be taken: with Node's 511 a burst waits for the kernel's next try, a second later. */
const BACKLOG = 4_096

/** JSON nested deeper than this is no request of anybody's; Postgres and JSON.stringify have limits of their own. */
const DEEPEST = 32

/** A group of routes: one file each, one line in `routes.ts`. */
export type Routes = (server: FastifyInstance) => void

interface IntakeOptions {
  host: string
  port: number
  /** What every route wants that does not say otherwise; null: nobody has it. */
  apiToken: string | null
  log: Logger
  routes: readonly Routes[]
  /** Hears of every answer: the route as it is declared (null: there is none), its status, and how long it took. */
  answered?(route: string | null, status: number, ms: number): void
}

/** The HTTP server. Errors are `application/problem+json` (RFC 9457). */
export async function startIntake(options: IntakeOptions): Promise<FastifyInstance> {
  const { host, port, apiToken, log, routes, answered } = options
  const failed = (error: FastifyError, request: FastifyRequest, reply: FastifyReply) =>
    answerFailure(log, error, request, reply)
  const server = fastify({
    logger: false,
    bodyLimit: BODY_BYTES,
    requestTimeout: REQUEST_MS,
    http: { headersTimeout: HEAD_MS, connectionsCheckingInterval: LOOK_MS },
    forceCloseConnections: true,
    frameworkErrors: failed,
    clientErrorHandler: answerGarbage,
  })
  server.server.maxConnections = MOST_CONNECTIONS
  // Fastify would take it as a body; a route that wants lines of text says so itself.
  server.removeContentTypeParser('text/plain')
  server.decorateRequest('bearsApiToken', false)
  server.addHook('onRequest', authority(apiToken))
  server.addHook('onRequest', refuseEncoded)
  server.addHook('preValidation', refuseDeep)
  if (answered)
    server.addHook('onResponse', async (request, reply) =>
      answered(request.is404 ? null : (request.routeOptions.url ?? null), reply.statusCode, reply.elapsedTime),
    )
  for (const group of routes) group(server)
  server.setErrorHandler(failed)
  server.setNotFoundHandler((request, reply) =>
    problem(reply, 404, 'Not found', `There is no ${request.method} ${request.url.split('?')[0]}.`),
  )
  await server.listen({ host, port, backlog: BACKLOG }).catch((error: unknown) => {
    throw new UserError(
      'cannot-listen',
      `The HTTP server cannot listen on ${host}:${port} (${messageOf(error)}): set PORT or HOST.`,
    )
  })
  return server
}

/** A few packed bytes may be gigabytes, and no sender of ours packs. */
async function refuseEncoded(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  const encoding = request.headers['content-encoding']
  if (encoding === undefined || encoding === 'identity' || request.routeOptions.config.bytes) return undefined
  reply.header('accept-encoding', 'identity')
  return problem(reply, 415, 'Unsupported encoding', 'Bodies are not accepted packed: leave out Content-Encoding.')
}

async function refuseDeep(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  if (!isDeep(request.body)) return undefined
  return problem(reply, 400, 'Bad request', `The body is nested more than ${DEEPEST} levels deep.`)
}

/** Level by level, not by recursion: what is too deep is too deep for that too. */
function isDeep(body: unknown): boolean {
  let level: unknown[] = [body]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) return true
    level = level.flatMap((each) =>
      typeof each === 'object' && each !== null && !Buffer.isBuffer(each)
        ? Object.values(each).filter((inner) => typeof inner === 'object' && inner !== null)
        : [],
    )
  }
  return false
}

/** What a request can be refused for before it reaches its route. */
const REFUSED: Record<string, string> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'The body must be JSON: set Content-Type: application/json.',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'The body is empty, and must be JSON.',
  // Fastify says the same of keys that reach prototypes.
  FST_ERR_CTP_INVALID_JSON_BODY: 'The body is not valid JSON, or has a key in it that is never accepted (__proto__).',
  FST_ERR_CTP_BODY_TOO_LARGE: 'The body is too large: send less at once.',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'The body is not as long as Content-Length says.',
}

const TOO_OFTEN = 'Asked too often: Retry-After says when to ask again, in seconds.'

function answerFailure(log: Logger, error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const status = error.statusCode ?? 500
  if (status < 500) {
    // Fastify would hang up on who is sending still, and they would never read why. What comes after this goes nowhere, for REQUEST_MS.
    if (status === 413) reply.removeHeader('connection')
    const detail = (status === 429 ? TOO_OFTEN : REFUSED[error.code]) ?? 'The request cannot be read.'
    return problem(reply, status, STATUS_CODES[status] ?? 'Bad request', detail)
  }
  const reference = randomUUID().slice(0, 8)
  log.error({ err: error, reference, route: request.routeOptions.url }, 'a request failed')
  return problem(
    reply,
    500,
    'Internal error',
    `That went wrong on our side (reference ${reference}), and nothing says that it was done: send it again.`,
  )
}

/** What is no HTTP, or does not get done: answered as far as possible, and cut off. */
function answerGarbage(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const status = GARBAGE[error.code ?? ''] ?? 400
  const title = STATUS_CODES[status]
  const body = JSON.stringify({ type: 'about:blank', title, status, detail: 'This is not a request that can be read.' })
  if (socket.writable)
    socket.write(
      `HTTP/1.1 ${status} ${title}\r\nContent-Type: application/problem+json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    )
  socket.destroySoon()
}

const GARBAGE: Record<string, number> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
}
