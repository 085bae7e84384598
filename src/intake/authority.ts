import { hash, timingSafeEqual } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { problem } from './problem.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** It shows the API token: for routes that take another as well. */
    bearsApiToken: boolean
  }
  interface FastifyContextConfig {
    /** Why whoever calls this route needs no API token: it asks for something else, or says nothing. Every other route wants the token. */
    open?: string
    /** Bodies are bytes, of whatever kind: nothing is unpacked. */
    bytes?: true
  }
}

/**
 * Who may call: every route wants the API token, unless it says why it does not. A route that forgets to say anything is closed.
 *
 * @param apiToken null: nobody may
 */
export function authority(apiToken: string | null) {
  const expected = apiToken === null ? null : digest(apiToken)
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const [, given = ''] = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '') ?? []
    // Digests are of one length, so that comparing takes one time.
    request.bearsApiToken = expected !== null && timingSafeEqual(digest(given), expected)
    if (request.bearsApiToken || request.is404 || request.routeOptions.config.open !== undefined) return undefined
    if (expected === null)
      return problem(
        reply,
        503,
        'Not set up',
        'WATCHBILL_API_TOKEN is not set: set it for Watchbill, and send it as Authorization: Bearer.',
      )
    reply.header('www-authenticate', 'Bearer realm="watchbill"')
    return problem(reply, 401, 'Not authorised', 'This takes the header Authorization: Bearer WATCHBILL_API_TOKEN.')
  }
}

const digest = (text: string) => hash('sha256', text, 'buffer')
