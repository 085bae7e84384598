import fastify, { type FastifyInstance } from 'fastify'
import { messageOf, UserError } from '../errors.ts'
import { problem } from './problem.ts'

/** Requests are small; what is larger is no request of ours. */
const BODY_BYTES = 1024 * 1024
const REQUEST_MS = 10_000

/** A group of routes: one file each, one line in {@link IntakeOptions.routes}. */
export type Routes = (server: FastifyInstance) => void

interface IntakeOptions {
  host: string
  port: number
  routes: readonly Routes[]
}

/** The HTTP server. Errors are `application/problem+json` (RFC 9457). */
export async function startIntake({ host, port, routes }: IntakeOptions): Promise<FastifyInstance> {
  const server = fastify({
    logger: false,
    bodyLimit: BODY_BYTES,
    requestTimeout: REQUEST_MS,
    forceCloseConnections: true,
  })
  for (const group of routes) group(server)
  server.setNotFoundHandler((request, reply) =>
    problem(reply, 404, 'Not found', `There is no ${request.method} ${request.url.split('?')[0]}.`),
  )
  await server.listen({ host, port }).catch((error: unknown) => {
    throw new UserError(
      'cannot-listen',
      `The HTTP server cannot listen on ${host}:${port} (${messageOf(error)}): set PORT or HOST.`,
    )
  })
  return server
}
