import fastify, { type FastifyInstance } from 'fastify'
import { messageOf, UserError } from '../errors.ts'

/** Requests are small; what is larger is no request of ours. */
const BODY_BYTES = 1024 * 1024
const REQUEST_MS = 10_000

export interface IntakeOptions {
  host: string
  port: number
  /** Null when ready, else what is missing, as a sentence. */
  notReady(): string | null
}

/** The HTTP server. For now its health: liveness says that this process runs, readiness that it does its work. */
export async function startIntake({ host, port, notReady }: IntakeOptions): Promise<FastifyInstance> {
  const server = fastify({
    logger: false,
    bodyLimit: BODY_BYTES,
    requestTimeout: REQUEST_MS,
    forceCloseConnections: true,
  })
  server.get('/livez', async () => ({ status: 'ok' }))
  server.get('/readyz', async (_, reply) => {
    const missing = notReady()
    if (missing === null) return { status: 'ok' }
    return reply.code(503).type(PROBLEM).send({ type: 'about:blank', title: 'Not ready', status: 503, detail: missing })
  })
  server.setNotFoundHandler((request, reply) =>
    reply
      .code(404)
      .type(PROBLEM)
      .send({
        type: 'about:blank',
        title: 'Not found',
        status: 404,
        detail: `There is no ${request.method} ${request.url.split('?')[0]}.`,
      }),
  )
  await server.listen({ host, port }).catch((error: unknown) => {
    throw new UserError(
      'cannot-listen',
      `The HTTP server cannot listen on ${host}:${port} (${messageOf(error)}): set PORT or HOST.`,
    )
  })
  return server
}

const PROBLEM = 'application/problem+json'
