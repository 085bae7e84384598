import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { firstEnvironment, pacing } from '../domain/deploy/rules.ts'
import { type Rules, under } from '../domain/rules.ts'
import type { Answer, Gatekeeper } from '../gatekeeper.ts'
import { notReady, notStored, problem, unavailable } from './problem.ts'
import type { Routes } from './server.ts'

/** What the routes need of the program; null while it starts. */
export interface Behind {
  rules(): Rules
  now(): number
  gatekeeper: Gatekeeper
}

const name = z.string().trim().min(1).max(100)
/** As `/deploy` takes it. */
const version = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._+:@/-]{0,99}$/, 'must be letters, digits and . _ + : @ / -, a hundred at most')
const key = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}]*$/u, 'must not have control characters in it')

const Asked = z.strictObject({
  service: name,
  environment: name.optional(),
  at: z.iso.datetime({ offset: true }).optional(),
})

const Begun = z
  .strictObject({
    service: name,
    version,
    environment: name.optional(),
    by: z.string().trim().min(1).max(200).default('CI'),
    kind: z.enum(['deploy', 'rollback', 'fix']).default('deploy'),
    incident: z.union([z.int(), z.string().regex(/^INC-\d{1,9}$/)]).optional(),
    id: key.optional(),
  })
  .refine(({ kind, incident }) => kind !== 'fix' || incident !== undefined, {
    path: ['incident'],
    message: 'is missing: a fix names the open incident, as "INC-7"',
  })

const Said = z.strictObject({
  type: z.enum(['start', 'step', 'finish', 'failure']),
  message: z.string().max(500).optional(),
  id: key.optional(),
})

/**
 * `GET /v1/gate?service=&environment=&at=`: may this be deployed (200), or why not (409).
 * `POST /v1/deploys` `{service, version, environment?, by?, kind?, incident?, id?}`: the same, on record, for a rollout that CI starts itself
 * as soon as it hears 201. `POST /v1/deploys/:id/events` `{type: start|step|finish|failure, message?, id?}`: how it comes along; answered
 * with where it stands, and `proceed: false` when CI is to stop. `GET /v1/deploys/:id`: where it stands. The same `id` again is the same.
 */
export function deployRoutes(behind: () => Behind | null, whyNot: () => string): Routes {
  return (server) => {
    const route =
      (take: (program: Behind, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>) =>
      async (request: FastifyRequest, reply: FastifyReply) => {
        const program = behind()
        return program === null ? notReady(reply, whyNot()) : take(program, request, reply)
      }
    server.get('/v1/gate', route(gate))
    server.post('/v1/deploys', route(begin))
    server.post('/v1/deploys/:id/events', route(event))
    server.get('/v1/deploys/:id', route(standing))
    server.register(async (scope) => {
      // The signature is over the bytes: nothing is parsed before it is checked.
      scope.removeAllContentTypeParsers()
      scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_: unknown, body: Buffer) => body)
      scope.post('/github', { config: { open: 'GitHub signs what it sends' } }, route(github))
    })
  }
}

async function gate(program: Behind, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const read = Asked.safeParse(request.query)
  if (!read.success) return wrong(reply, read.error)
  const { service, environment, at } = read.data
  const known = under(program.rules().services, service)
  if (!known) return unknownService(program, service, reply)
  const { environments } = pacing(known.deploy)
  const where = environment ?? firstEnvironment(known.deploy)
  if (!environments.includes(where))
    return problem(
      reply,
      404,
      'Not found',
      `${service} has no environment ${JSON.stringify(where)}: there are ${environments.join(', ')}.`,
    )
  const instant = at === undefined ? null : Date.parse(at)
  if (instant !== null && instant < program.now() - PAST_MS)
    return problem(reply, 400, 'Bad request', 'at lies in the past: the gate answers for now, and for times to come.')
  try {
    const verdict = await program.gatekeeper.gate(service, where, instant)
    return reply.code(verdict.decision === 'allow' ? 200 : 409).send(verdict)
  } catch {
    return unavailable(
      reply,
      'The gate cannot look at what it decides on at the moment, and does not say yes: ask again.',
    )
  }
}

/** Clocks differ. */
const PAST_MS = 60_000

async function github(program: Behind, { headers, body }: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const header = (name: string) => headers[name]?.toString()
  const sent = {
    ...{ name: header('x-github-event') ?? '', delivery: header('x-github-delivery') ?? '' },
    ...{ body: Buffer.isBuffer(body) ? body : Buffer.alloc(0), signature: header('x-hub-signature-256') },
  }
  try {
    const came = await program.gatekeeper.github(sent)
    switch (came) {
      case 'taken':
        return reply.code(202).send({ taken: true })
      case 'ignored':
        return reply.send({ taken: false })
      case 'forged':
        return problem(reply, 401, 'Not from GitHub', 'X-Hub-Signature-256 is not that of gate.github.webhook_secret.')
      case 'off':
        return problem(
          reply,
          503,
          'Not set up',
          'The configuration has no gate.github: GitHub is answered by nobody here.',
        )
      default:
        return came satisfies never
    }
  } catch {
    return notStored(reply)
  }
}

async function begin(program: Behind, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const read = Begun.safeParse(request.body)
  if (!read.success) return wrong(reply, read.error)
  const { service, by: asker, id, incident, ...what } = read.data
  if (!under(program.rules().services, service)) return unknownService(program, service, reply)
  const fixes = incident === undefined ? null : Number(String(incident).replace('INC-', ''))
  const report = {
    service,
    ...what,
    environment: what.environment,
    asker,
    incident: what.kind === 'fix' ? fixes : null,
    key: id ?? null,
  }
  return answer(reply, () => program.gatekeeper.report(report), 201)
}

async function event(program: Behind, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const id = numberOf(request)
  if (id === null) return problem(reply, 404, 'Not found', 'A deploy has a number, as POST /v1/deploys answers it.')
  const read = Said.safeParse(request.body)
  if (!read.success) return wrong(reply, read.error)
  const { type, message, id: named } = read.data
  return answer(reply, () => program.gatekeeper.progress(id, type, message ?? null, named ?? null), 200)
}

async function standing(program: Behind, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const id = numberOf(request)
  try {
    const found = id === null ? null : await program.gatekeeper.standing(id)
    return found ? reply.send(found) : problem(reply, 404, 'Not found', 'There is no deploy of that number.')
  } catch {
    return unavailable(reply, 'The store does not say at the moment how it stands: ask again.')
  }
}

function numberOf(request: FastifyRequest): number | null {
  const { id } = request.params as { id: string }
  return /^\d{1,9}$/.test(id) ? Number(id) : null
}

async function answer(reply: FastifyReply, ask: () => Promise<Answer>, status: number): Promise<FastifyReply> {
  try {
    const said = await ask()
    if (!said.ok) return problem(reply, STATUS[said.code] ?? 409, 'Refused', said.sentence)
    const { standing: of } = said
    return reply.code(status === 201 && !of.proceed ? 409 : status).send(of)
  } catch {
    return notStored(reply)
  }
}

const STATUS: Record<string, number> = {
  'unknown-deploy': 404,
  'unknown-target': 404,
  'unknown-environment': 404,
  'not-to-fix': 400,
}

function wrong(reply: FastifyReply, { issues }: z.ZodError): FastifyReply {
  const all = issues.map(({ path, message }) => ({
    pointer: `#${path.map((each) => `/${String(each)}`).join('')}`,
    detail: message,
  }))
  const [first] = all
  return problem(
    reply,
    400,
    'Bad request',
    `Nothing was done: ${first?.pointer.slice(2) ?? ''} ${first?.detail ?? ''}.`,
    all,
  )
}

function unknownService(program: Behind, service: string, reply: FastifyReply): FastifyReply {
  const known = Object.keys(program.rules().services).slice(0, 50).join(', ')
  return problem(reply, 404, 'Not found', `There is no service ${JSON.stringify(service)}: there are ${known}.`)
}
