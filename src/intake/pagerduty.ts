import { randomUUID } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { Severity } from '../domain/rules.ts'
import { serviceOfToken } from '../tokens.ts'
import { type Behind, signalOf } from './alerts.ts'
import { notReady, notStored } from './problem.ts'
import type { Routes } from './server.ts'

/** As PagerDuty has it. */
const BODY_BYTES = 512 * 1024
const KEY = 255
const SUMMARY = 1_024

const link = z.object({ href: z.string(), text: z.string().optional() })

/** Events API v2. What PagerDuty takes and nobody here reads is not looked at. */
const common = { routing_key: z.string(), dedup_key: z.string().max(KEY).optional(), links: z.array(link).optional() }
const Trigger = z.object({
  ...common,
  event_action: z.literal('trigger'),
  payload: z.object({
    summary: z
      .string()
      .min(1)
      .transform((summary) => summary.slice(0, SUMMARY)),
    source: z.string().min(1),
    severity: Severity,
    component: z.string().nullish(),
    group: z.string().nullish(),
    class: z.string().nullish(),
    custom_details: z.unknown().optional(),
  }),
})
const named = { ...common, dedup_key: z.string().min(1).max(KEY) }
const PagerEvent = z.discriminatedUnion('event_action', [
  Trigger,
  z.object({ ...named, event_action: z.literal('acknowledge') }),
  z.object({ ...named, event_action: z.literal('resolve') }),
])
type PagerEvent = z.infer<typeof PagerEvent>

/**
 * `POST /v2/enqueue`: what sends to PagerDuty sends here with another address; the routing key is the intake token of a service. Answers are
 * PagerDuty's. An acknowledgement by a machine is taken and acknowledges nothing: it says of nobody that they have it.
 */
export function pagerDutyRoutes(behind: () => Behind | null, whyNot: () => string): Routes {
  return (server) => {
    server.register(async (scope) => {
      // Not every sender says that it is JSON.
      scope.addContentTypeParser('*', { parseAs: 'string' }, scope.getDefaultJsonParser('error', 'error'))
      const config = { open: 'the routing key in the body is the token of a service' }
      scope.post('/v2/enqueue', { bodyLimit: BODY_BYTES, config }, (request, reply) =>
        take(behind(), whyNot, request, reply),
      )
    })
  }
}

async function take(
  program: Behind | null,
  whyNot: () => string,
  { body }: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  if (program === null) return notReady(reply, whyNot())
  const invalid = (errors: string[]) =>
    reply.code(400).send({ status: 'invalid event', message: 'Event object is invalid', errors })
  // Before anything is said of the rest: whoever has no key learns nothing.
  const { routing_key: token } = z.object({ routing_key: z.string() }).catch({ routing_key: '' }).parse(body)
  const service = serviceOfToken(token, program.rules().services)
  if (service === null) return invalid(['routing_key is not the intake token of a service'])
  const event = PagerEvent.safeParse(body)
  if (!event.success) return invalid(event.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`))
  const key = event.data.dedup_key ?? randomUUID().replaceAll('-', '')
  const done = () => reply.code(202).send({ status: 'success', message: 'Event processed', dedup_key: key })
  const { data } = event
  if (data.event_action === 'acknowledge') return done()
  const status = data.event_action === 'trigger' ? 'firing' : 'resolved'
  const signal = signalOf({ key, service: service.name, status, ...said(data) }, program.now())
  try {
    await program.take([{ source: 'pagerduty', key: randomUUID(), event: signal }])
    return done()
  } catch {
    return notStored(reply)
  }
}

function said(event: Exclude<PagerEvent, { event_action: 'acknowledge' }>) {
  if (event.event_action === 'resolve') return {}
  const { summary, severity, source, component, group, class: kind, custom_details: custom } = event.payload
  const details =
    typeof custom === 'object' && custom !== null ? custom : custom === undefined ? {} : { details: custom }
  const links = (event.links ?? []).map(({ href, text }, n): [string, string] => [
    `link ${n + 1}`,
    text ? `${text} ${href}` : href,
  ])
  const about = Object.entries({ source, component, group, class: kind }).filter(([, value]) => value != null)
  return { summary, severity, details: { ...Object.fromEntries(about), ...details, ...Object.fromEntries(links) } }
}
