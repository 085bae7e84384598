import { hash, randomUUID } from 'node:crypto'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { cut, readable } from '../domain/detect/line.ts'
import type { Service } from '../domain/rules.ts'
import { canonical } from '../json.ts'
import type { Behind } from './deploys.ts'
import { pagerRoute } from './pager.ts'
import { notStored } from './problem.ts'
import type { Routes } from './server.ts'

/** As PagerDuty has it. */
const SUMMARY = 1_024
const NAME = 100

const line = (longest: number) => z.string().transform((text) => cut(readable(text).replaceAll('\n', ' '), longest))

/** A change event of PagerDuty's. What nobody here reads is not looked at. */
const ChangeEvent = z.object({
  payload: z.object({
    summary: line(SUMMARY).pipe(z.string().min(1)),
    source: line(NAME).nullish(),
    timestamp: z.string().nullish(),
    custom_details: z.record(z.string(), z.unknown()).nullish().catch(null),
  }),
  links: z.array(z.object({ href: z.string() })).nullish(),
})

/** Under these names those who send change events say it, in lower case. */
const ENVIRONMENT = ['environment', 'env', 'stage']
const VERSION = ['version', 'revision', 'release', 'tag', 'sha', 'commit']
const WHO = ['user', 'author', 'actor', 'by']

/**
 * `POST /v2/change/enqueue`: what reports changes to PagerDuty reports them here with another address; the routing key is the intake token of a
 * service. `custom_details.environment` says that it is a deploy, and where. Answered 202 once it is on record; a body with a `timestamp` that
 * is sent again is the same.
 */
export const changeRoutes = (behind: () => Behind | null, whyNot: () => string): Routes =>
  pagerRoute('/v2/change/enqueue', ChangeEvent, { behind, whyNot }, take)

async function take(
  program: Behind,
  service: Service,
  event: z.output<typeof ChangeEvent>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { payload, links } = event
  const details = new Map(
    Object.entries(payload.custom_details ?? {}).map(([key, value]) => [key.toLowerCase(), value]),
  )
  const named = (names: readonly string[]) => names.map((each) => details.get(each)).find(isWord) ?? null
  const who = named(WHO)
  const link = links?.[0]?.href
  try {
    await program.gatekeeper.changed({
      service: service.name,
      environment: named(ENVIRONMENT)?.toLowerCase() ?? null,
      version: named(VERSION),
      asker: [payload.source ?? 'a change event', ...(who === null ? [] : [who])].join(', '),
      text: link === undefined ? payload.summary : `${payload.summary} ${cut(link, SUMMARY)}`,
      key: payload.timestamp == null ? randomUUID() : hash('sha256', canonical([service.name, event])),
    })
    return reply.code(202).send({ status: 'success', message: 'Change event processed' })
  } catch {
    return notStored(reply)
  }
}

const isWord = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= NAME && /^[^\p{Cc}]+$/u.test(value)
