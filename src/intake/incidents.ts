import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { numberOf } from '../domain/incident.ts'
import { problem, unavailable } from './problem.ts'
import type { Routes } from './server.ts'

/** What is answered: JSON, or a text of some type. */
export interface Document {
  type: string
  body: string | object
}

const TIMELINE_FORMATS = ['json', 'markdown', 'svg'] as const
const DRAFT_FORMATS = ['json', 'markdown'] as const

/** What the routes need of the program; null of it while it starts, null of its answers: there is no such incident. */
export interface Behind {
  record: {
    list(asked: {
      state: 'open' | 'resolved' | null
      service: string | null
      before: number | null
      limit: number
    }): Promise<{ incidents: object[]; next: number | null }>
    incident(id: number): Promise<object | null>
    timeline(id: number, format: (typeof TIMELINE_FORMATS)[number]): Promise<Document | null>
    postmortem(id: number, format: (typeof DRAFT_FORMATS)[number]): Promise<Document | null>
  }
}

const MOST_LISTED = 100

const Listing = z.object({
  state: z.enum(['open', 'resolved']).nullable().default(null),
  service: z.string().max(200).nullable().default(null),
  before: z.coerce.number().int().positive().nullable().default(null),
  limit: z.coerce.number().int().min(1).max(MOST_LISTED).default(50),
})

type One = { Params: { id: string }; Querystring: Record<string, unknown> }

/** `GET /v1/incidents` and what lies beneath it: the record, for whoever reads it afterwards. */
export function incidentRoutes(behind: () => Behind | null, whyNot: () => string): Routes {
  /** Answers with what the program says, or why it does not. */
  async function answer(
    reply: FastifyReply,
    ask: (record: Behind['record']) => Promise<Document | object | null>,
  ): Promise<FastifyReply> {
    const program = behind()
    if (program === null) return unavailable(reply, `Watchbill is not ready: ${whyNot()}.`)
    const found = await ask(program.record).catch(() => undefined)
    if (found === undefined) return unavailable(reply, 'The store does not answer at the moment: ask again.')
    if (found === null)
      return problem(reply, 404, 'Not found', 'There is no such incident: GET /v1/incidents lists them.')
    reply.header('cache-control', 'private, no-cache')
    if (!isDocument(found)) return reply.send(found)
    // Drawn from what others wrote: a browser is to show it and do nothing else.
    reply.headers({
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
      'x-content-type-options': 'nosniff',
    })
    return reply.type(found.type).send(found.body)
  }

  return (server) => {
    server.get('/v1/incidents', async (request, reply) => {
      const asked = Listing.safeParse(request.query)
      if (asked.success) return answer(reply, (record) => record.list(asked.data))
      const wrong = asked.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')
      return problem(
        reply,
        400,
        'Bad request',
        `The query cannot be read (${wrong}): state is open or resolved, limit 1 to ${MOST_LISTED}, before the number of an incident.`,
      )
    })
    server.get<One>('/v1/incidents/:id', (request, reply) =>
      answer(reply, async (record) => {
        const id = numberOf(request.params.id)
        return id === null ? null : record.incident(id)
      }),
    )
    server.get<One>('/v1/incidents/:id/timeline.svg', (request, reply) =>
      answer(reply, async (record) => {
        const id = numberOf(request.params.id)
        return id === null ? null : record.timeline(id, 'svg')
      }),
    )
    formatted('timeline', TIMELINE_FORMATS, (record, id, format) => record.timeline(id, format))
    formatted('postmortem', DRAFT_FORMATS, (record, id, format) => record.postmortem(id, format))

    function formatted<F extends string>(
      path: string,
      formats: readonly F[],
      ask: (record: Behind['record'], id: number, format: F) => Promise<Document | null>,
    ): void {
      server.get<One>(`/v1/incidents/:id/${path}`, async (request, reply) => {
        const wanted = request.query.format ?? (prefersMarkdown(request.headers.accept) ? 'markdown' : 'json')
        const format = formats.find((each) => each === wanted)
        if (format === undefined)
          return problem(reply, 400, 'Bad request', `The query cannot be read: format is one of ${formats.join(', ')}.`)
        const id = numberOf(request.params.id)
        return answer(reply, async (record) => (id === null ? null : ask(record, id, format)))
      })
    }
  }
}

const prefersMarkdown = (accept = '') => accept.startsWith('text/markdown')

const isDocument = (found: Document | object): found is Document => 'type' in found && 'body' in found
