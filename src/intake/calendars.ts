import { hash } from 'node:crypto'
import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { problem, unavailable } from './problem.ts'
import type { Routes } from './server.ts'

/** What the route needs of the program; null while it starts. */
export interface Behind {
  /** The calendar behind a token; null for one that is unknown or revoked. Rejects when the store does not answer. */
  calendar(token: string): Promise<{ etag: string; text(): string } | null>
}

/**
 * `GET /calendar/<token>.ics`: who has the watch, as a calendar to subscribe to. Calendars cannot log in, so whoever has the address may
 * read; what is wrong with a token that opens nothing is nobody's business.
 */
export function calendarRoutes(behind: () => Behind | null, whyNot: () => string): Routes {
  return (server) => {
    server.register(async (calendars) => {
      await calendars.register(rateLimit, { global: false })
      add(calendars, behind, whyNot)
    })
  }
}

/** Programs ask every few minutes. Who asks for the same calendar more often than this, an address, is told to wait. */
const MOST_A_MINUTE = 30

type Token = { Params: { token: string } }

function add(server: FastifyInstance, behind: () => Behind | null, whyNot: () => string): void {
  const config = {
    open: 'whoever has the address of a calendar may read it',
    rateLimit: {
      max: MOST_A_MINUTE,
      timeWindow: 60_000,
      keyGenerator: (request: FastifyRequest) => hash('sha256', (request.params as Token['Params']).token),
    },
  }
  server.get<Token>('/calendar/:token.ics', { config }, async (request, reply) => {
    const program = behind()
    if (program === null) return unavailable(reply, `Watchbill is not ready: ${whyNot()}.`)
    const found = await program.calendar(request.params.token).catch(() => undefined)
    if (found === undefined) return unavailable(reply, 'The store does not answer at the moment: ask again.')
    if (found === null) return problem(reply, 404, 'Not found', 'There is no such calendar.')
    reply.headers({ etag: found.etag, 'cache-control': 'private, no-cache' })
    if (isKnown(request.headers['if-none-match'], found.etag)) return reply.code(304).send()
    return reply.type('text/calendar; charset=utf-8').send(found.text())
  })
}

/** Compared as RFC 9110 has it: weakly, and * is any. */
const isKnown = (known = '', etag: string) =>
  known.split(',').some((each) => each.trim() === '*' || bare(each.trim()) === bare(etag))

const bare = (etag: string) => etag.replace(/^W\//, '')
