import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Rules, Service } from '../domain/rules.ts'
import { serviceOfToken } from '../tokens.ts'
import { notReady } from './problem.ts'
import type { Routes } from './server.ts'

/** As PagerDuty has it. */
const BODY_BYTES = 512 * 1024

/**
 * A route of PagerDuty's Events API: the routing key in the body is the intake token of a service, and what is wrong is answered in
 * PagerDuty's words.
 *
 * @param take what becomes of an event that is as `shape` says
 */
export function pagerRoute<B extends { rules(): Rules }, S extends z.ZodType>(
  path: string,
  shape: S,
  { behind, whyNot }: { behind: () => B | null; whyNot: () => string },
  take: (program: B, service: Service, event: z.output<S>, reply: FastifyReply) => Promise<FastifyReply>,
): Routes {
  const answer = async ({ body }: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const program = behind()
    if (program === null) return notReady(reply, whyNot())
    const invalid = (errors: string[]) =>
      reply.code(400).send({ status: 'invalid event', message: 'Event object is invalid', errors })
    // Before anything is said of the rest: whoever has no key learns nothing.
    const { routing_key: token } = z.object({ routing_key: z.string() }).catch({ routing_key: '' }).parse(body)
    const service = serviceOfToken(token, program.rules().services)
    if (service === null) return invalid(['routing_key is not the intake token of a service'])
    const event = shape.safeParse(body)
    if (!event.success) return invalid(event.error.issues.map(({ path: at, message }) => `${at.join('.')}: ${message}`))
    return take(program, service, event.data, reply)
  }
  return (server) => {
    server.register(async (scope) => {
      // Not every sender says that it is JSON.
      scope.addContentTypeParser('*', { parseAs: 'string' }, scope.getDefaultJsonParser('error', 'error'))
      const config = { open: 'the routing key in the body is the token of a service' }
      scope.post(path, { bodyLimit: BODY_BYTES, config }, answer)
    })
  }
}
