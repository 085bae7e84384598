import { randomUUID } from 'node:crypto'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { type Service, Severity } from '../domain/rules.ts'
import { pagerRoute } from './pager.ts'
import { notStored, overQuota } from './problem.ts'
import type { Routes } from './server.ts'
import type { Said } from './signal.ts'
import { type Behind, labelsOf, takeIn } from './take.ts'

/** As PagerDuty has it. */
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
export const pagerDutyRoutes = (behind: () => Behind | null, whyNot: () => string): Routes =>
  pagerRoute('/v2/enqueue', PagerEvent, { behind, whyNot }, take)

async function take(program: Behind, service: Service, data: PagerEvent, reply: FastifyReply): Promise<FastifyReply> {
  // An empty one names nothing: two alerts without a name are not one.
  const key = data.dedup_key || randomUUID().replaceAll('-', '')
  const done = () => reply.code(202).send({ status: 'success', message: 'Event processed', dedup_key: key })
  if (data.event_action === 'acknowledge') return done()
  const status = data.event_action === 'trigger' ? 'firing' : 'resolved'
  const about = said(data)
  const labels = { ...labelsOf(about.details), key, severity: about.severity ?? '' }
  const taken = await takeIn(program, 'pagerduty', [
    { said: { key, service: service.name, status, ...about }, labels, names: [randomUUID()] },
  ])
  if (taken === 'failed') return notStored(reply)
  if ('waitS' in taken) return overQuota(reply, taken)
  return done()
}

function said(event: Exclude<PagerEvent, { event_action: 'acknowledge' }>): Omit<Said, 'key' | 'service' | 'status'> {
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
