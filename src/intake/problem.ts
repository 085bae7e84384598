import type { FastifyReply } from 'fastify'

/** Answers with an error as RFC 9457 has it: what is wrong, and what to do next. */
export function problem(reply: FastifyReply, status: number, title: string, detail: string): FastifyReply {
  return reply.code(status).type('application/problem+json').send({ type: 'about:blank', title, status, detail })
}
