import type { FastifyReply } from 'fastify'

/** One thing wrong in a request: where (a JSON pointer as a fragment, `#/0/severity`), and what. */
export interface Wrong {
  pointer: string
  detail: string
}

/** More problems than this are one mistake made many times. */
export const MOST_WRONG = 50

/** Answers with an error as RFC 9457 has it: what is wrong, and what to do next. */
export function problem(
  reply: FastifyReply,
  status: number,
  title: string,
  detail: string,
  wrong?: readonly Wrong[],
): FastifyReply {
  const errors = wrong && { errors: wrong.slice(0, MOST_WRONG) }
  return reply
    .code(status)
    .type('application/problem+json')
    .send({ type: 'about:blank', title, status, detail, ...errors })
}

/** Nothing was done, and the sender should try again: senders of alerts do, on a 503 and not on every other error. */
export function unavailable(reply: FastifyReply, detail: string): FastifyReply {
  return problem(reply.header('retry-after', RETRY_AFTER_S), 503, 'Not available', detail)
}

/** There is no program behind the routes yet; what came is not taken. */
export const notReady = (reply: FastifyReply, why: string): FastifyReply =>
  unavailable(reply, `Watchbill is not ready: ${why}. Nothing was stored.`)

/** It may have been stored, and is not known to be: the same again is the same. */
export const notStored = (reply: FastifyReply): FastifyReply =>
  unavailable(reply, 'The store does not take it at the moment: nothing is known to be stored. Send it again.')

/** More than a service may have sent by one way: what is refused is counted, and people hear of it. */
export const overQuota = (reply: FastifyReply, { waitS, service }: { waitS: number; service: string }, status = 429) =>
  problem(
    reply.header('retry-after', waitS),
    status,
    status === 429 ? 'Too many alerts' : 'Not available',
    `Nothing was stored: service ${service} has had more alerts than intake.quota allows. Send it again in ${waitS} s.`,
  )

/** An outage of the store lasts seconds, or until somebody mends it. */
const RETRY_AFTER_S = 5
