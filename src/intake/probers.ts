import type { FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { Pull, Report, type Work } from '../domain/detect/report.ts'
import { type Location, type Rules, under } from '../domain/rules.ts'
import { UserError } from '../errors.ts'
import { locationOf } from '../tokens.ts'
import { notReady, notStored, problem } from './problem.ts'
import type { Routes } from './server.ts'

/** What the routes need of the program; null while it starts. */
export interface Behind {
  rules(): Rules
  prober: {
    /** What a location is to look at. */
    work(location: string, pull: Pull): Promise<z.infer<typeof Work>>
    /** Takes what it saw; resolves once that is committed, with how much of it is about monitors of that location. */
    take(location: string, report: Report): Promise<number>
  }
}

/**
 * `POST /v1/probers/:location/work` and `…/results`: remote locations pull their work and report what they saw. Each shows the token of its
 * location. What is asked of targets may hold secrets, and so does the token: both come over https, or from this machine, or not at all.
 */
export function proberRoutes(behind: () => Behind | null, whyNot: () => string): Routes {
  return (server) => {
    const config = { open: 'a prober shows the token of its location' }
    server.post('/v1/probers/:location/work', { config }, async (request, reply) =>
      answer(behind(), whyNot, request, reply, Pull, (program, { name }, pull) => program.prober.work(name, pull)),
    )
    server.post('/v1/probers/:location/results', { config }, async (request, reply) =>
      answer(behind(), whyNot, request, reply, Report, async (program, { name }, report) => ({
        stored: await program.prober.take(name, report),
      })),
    )
  }
}

async function answer<T>(
  program: Behind | null,
  whyNot: () => string,
  request: FastifyRequest,
  reply: FastifyReply,
  shape: z.ZodType<T>,
  act: (program: Behind, location: Location, asked: T) => Promise<unknown>,
): Promise<FastifyReply> {
  if (!isPrivate(request)) return problem(reply, 403, 'Not over https', INSECURE)
  if (program === null) return notReady(reply, whyNot())
  const { location: name } = request.params as { location: string }
  const { locations } = program.rules()
  const [, token = ''] = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '') ?? []
  const known = locationOf(token, Object.values(locations))
  if (known === null) {
    reply.header('www-authenticate', 'Bearer realm="watchbill prober"')
    return problem(reply, 401, 'Not authorised', UNKNOWN_TOKEN)
  }
  // Only whoever is a location may know which others there are.
  const asked = under(locations, name)
  if (!asked)
    return problem(reply, 404, 'Not found', `The configuration has no location ${JSON.stringify(name.slice(0, 60))}.`)
  if (known !== asked)
    return problem(reply, 403, 'Not that location', `This is the token of location ${known.name}, not of ${name}.`)
  const body = shape.safeParse(request.body)
  if (!body.success)
    return problem(
      reply,
      400,
      'Bad request',
      'Nothing was stored: this is no request of a prober.',
      body.error.issues.map(({ path, message }) => ({ pointer: `#/${path.join('/')}`, detail: message })),
    )
  try {
    return reply.send(await act(program, known, body.data))
  } catch (error) {
    if (error instanceof UserError) return problem(reply, 400, 'Bad request', `Nothing was stored: ${error.message}`)
    return notStored(reply)
  }
}

const UNKNOWN_TOKEN =
  'This takes the header Authorization: Bearer with the token that locations has for it in the configuration.'
const INSECURE =
  'A prober shows a token and is given what may hold secrets: that goes over https only. Put a proxy with TLS in front of Watchbill, which sets X-Forwarded-Proto, and give the prober its https URL.'

/** Whether nobody in between can read along: a proxy says how it was asked; without one it must be this machine. */
function isPrivate({ headers, ip }: FastifyRequest): boolean {
  const forwarded = headers['x-forwarded-proto']?.toString().split(',')[0]?.trim()
  if (forwarded !== undefined) return forwarded === 'https'
  return /^(::ffff:)?127\.|^::1$/.test(ip)
}
