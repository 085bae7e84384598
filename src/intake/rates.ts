import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Count } from '../domain/detect/rate-counts.ts'
import { type Rules, under } from '../domain/rules.ts'
import { instant } from './instant.ts'
import { notReady, notStored, problem, type Wrong } from './problem.ts'
import type { Routes } from './server.ts'

const MOST_COUNTS = 1_000

/** Clocks differ by seconds; what lies further ahead is a mistake, and would be taken for what comes then. */
const AHEAD_MS = 60_000

/** What the route needs of the program; null while it starts. */
export interface Behind {
  rules(): Rules
  now(): number
  /**
   * Takes counts of a monitor, all or none; resolves once they are committed, with how many came too late: their time had been judged.
   * Rejects when the store does not take them.
   */
  takeCounts(monitor: string, counts: readonly Count[]): Promise<{ late: number }>
}

const Pushed = z.strictObject({
  count: z.number().nonnegative(),
  at: z.unknown().optional(),
  from: z.string().min(1).max(100).optional(),
})

/**
 * `POST /v1/rates/:monitor`: `{"count": 42, "at"?: …, "from"?: …}` or a list of them. `at` is when it was counted (now, when left out),
 * `from` who counted: the same `at` and `from` again is the same count, so that it may be sent again. Answered 202 `{accepted, late}` once
 * they are stored.
 */
export function rateRoutes(behind: () => Behind | null, whyNot: () => string): Routes {
  return (server) => {
    server.post('/v1/rates/:monitor', (request, reply) => take(behind(), whyNot, request, reply))
  }
}

async function take(
  program: Behind | null,
  whyNot: () => string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  if (program === null) return notReady(reply, whyNot())
  const { monitor: name } = request.params as { monitor: string }
  const monitor = under(program.rules().monitors, name)
  if (monitor?.kind !== 'rate' || monitor.source.kind !== 'push')
    return problem(
      reply,
      404,
      'Not found',
      `There is no monitor ${JSON.stringify(name.slice(0, 60))} whose counts are pushed: the configuration must have one with rate: { push: true }.`,
    )
  const given = Array.isArray(request.body) ? request.body : [request.body]
  if (given.length > MOST_COUNTS)
    return problem(reply, 413, 'Too many counts', `Nothing was stored: send at most ${MOST_COUNTS} counts at once.`)
  if (given.length === 0) return problem(reply, 400, 'Bad request', 'The list is empty: it must have a count in it.')
  const wrong: Wrong[] = []
  const counts = given.flatMap((each, index) => countOf(each, index, program.now(), wrong) ?? [])
  const [first] = wrong
  if (first) return problem(reply, 400, 'Bad request', `Nothing was stored: ${first.pointer} ${first.detail}.`, wrong)
  try {
    const { late } = await program.takeCounts(name, counts)
    return reply.code(202).send({ accepted: counts.length, late })
  } catch {
    return notStored(reply)
  }
}

function countOf(given: unknown, index: number, now: number, wrong: Wrong[]): Count | null {
  const refuse = (key: string, detail: string) => {
    wrong.push({ pointer: `#/${index}${key}`, detail })
    return null
  }
  const parsed = Pushed.safeParse(given)
  if (!parsed.success)
    return refuse(
      '',
      'must be {"count": 42}, a number that is not negative, with "at" beside it when it was counted earlier, and "from" when several count',
    )
  const { count, at, from } = parsed.data
  const countedAt = at === undefined ? now : instant(at)
  if (countedAt === undefined || countedAt === null)
    return refuse('/at', 'is no instant: write 2026-11-23T07:00:00Z, or UTC milliseconds')
  if (countedAt > now + AHEAD_MS) return refuse('/at', `lies ${Math.round((countedAt - now) / 1_000)} s ahead`)
  return { count, at: countedAt, from: from ?? '' }
}
