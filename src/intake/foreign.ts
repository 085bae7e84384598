import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Source } from '../domain/intake.ts'
import { type Service, type Severity, under } from '../domain/rules.ts'
import { serviceOfToken } from '../tokens.ts'
import { notReady, notStored, overQuota, problem } from './problem.ts'
import type { Routes } from './server.ts'
import { type Behind, type Came, takeIn } from './take.ts'

/** A group of thousands of alerts is one request. */
const BODY_BYTES = 16 * 1024 * 1024

/** The store's index takes no longer names. */
const NAME = 200

const text = z.string().catch('')
const words = z.record(z.string(), z.string()).catch({})

/** Of Alertmanager's webhook (version 4) and Grafana's, which has more keys: what is read of an alert. The rest may be anything. */
const Alert = z.object({
  status: z.enum(['firing', 'resolved']),
  labels: words,
  annotations: words,
  startsAt: text,
  fingerprint: text,
  generatorURL: text,
  dashboardURL: text,
  panelURL: text,
  valueString: text,
})
type Alert = z.infer<typeof Alert>
const Group = z.object({ alerts: z.array(Alert) })

/**
 * `POST /v1/alerts/alertmanager/:service` and `/v1/alerts/grafana/:service`: groups of alerts as those systems send them, firing and resolved
 * mixed. Answered 202 `{accepted}` once all are stored. They send again on 5xx alone: what cannot be read is 400, and lost. The same group again
 * is the same, and an alert that comes after its own end opens nothing.
 */
export function foreignRoutes(behind: () => Behind | null, whyNot: () => string): Routes {
  return (server) => {
    const config = { open: 'a service takes its own intake token as well as the API token' }
    for (const source of ['alertmanager', 'grafana'] as const)
      server.post(`/v1/alerts/${source}/:service`, { bodyLimit: BODY_BYTES, config }, (request, reply) =>
        take(behind(), whyNot, source, request, reply),
      )
  }
}

async function take(
  program: Behind | null,
  whyNot: () => string,
  source: Source,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  if (program === null) return notReady(reply, whyNot())
  const { service: name } = request.params as { service: string }
  const { services } = program.rules()
  const shown = serviceOfToken(tokenOf(request.headers.authorization ?? ''), services)
  if (!request.bearsApiToken && (shown === null || shown.name !== name)) {
    reply.header('www-authenticate', 'Bearer realm="watchbill"')
    const detail =
      'This takes Authorization: Bearer with the intake token of the service (services: { NAME: { intake: … } }), or WATCHBILL_API_TOKEN.'
    return problem(reply, 401, 'Not authorised', detail)
  }
  const service = under(services, name)
  if (!service) return problem(reply, 404, 'Not found', `There is no service ${JSON.stringify(name.slice(0, 60))}.`)
  const group = Group.safeParse(request.body)
  if (!group.success) {
    const where = group.error.issues[0]?.path.join('.') ?? ''
    const detail = `Nothing was stored: this takes the webhook of Alertmanager (version 4) or Grafana, {"alerts": [{"status": …}]}, and ${where || 'the body'} is not as there.`
    return problem(reply, 400, 'Bad request', detail)
  }
  const taken = await takeIn(
    program,
    source,
    group.data.alerts.map((alert) => cameOf(alert, service, program.now())),
  )
  if (taken === 'failed') return notStored(reply)
  // They give up what is answered 429, and send again what is answered 503.
  if ('waitS' in taken) return overQuota(reply, taken, 503)
  return reply.code(202).send({ accepted: taken.accepted })
}

/** Of Bearer, or the password of Basic: not every sender can do both. */
function tokenOf(authorization: string): string {
  const [, scheme = '', given = ''] = /^(Bearer|Basic) +(\S+) *$/i.exec(authorization) ?? []
  if (scheme.toLowerCase() !== 'basic') return given
  return Buffer.from(given, 'base64')
    .toString('utf8')
    .replace(/^[^:]*:/, '')
}

/** What is sent again within so long is the same message, and a beginning that comes so long after its end is late. */
const SAME_MS = 60_000

/**
 * An alert is named by its labels, and one time that it fires by when that began. Its end takes the place of a beginning that comes a moment later,
 * and of no other: an alert that ended because nobody repeated it fires again with the time at which it began first.
 */
function cameOf(alert: Alert, service: Service, at: number): Came {
  const { status, labels, fingerprint, startsAt } = alert
  // The fingerprint is of all labels; the name is for people.
  const key = (fingerprint ? `${labels.alertname ?? 'alert'}/${fingerprint}` : named(labels)).slice(0, NAME)
  const name = (what: string, later = 0) =>
    `${service.name}/${key}/${startsAt}/${what}@${Math.floor(at / SAME_MS) + later}`
  return {
    said: { key, service: service.name, status, severity: severityOf(labels), ...said(alert) },
    labels,
    names: status === 'firing' ? [name('firing')] : [name('firing'), name('firing', 1), name('resolved')],
  }
}

const named = (labels: Record<string, string>) =>
  Object.entries(labels)
    .map(([label, value]) => `${label}=${value}`)
    .sort()
    .join(',')

function said({ labels, annotations, generatorURL, dashboardURL, panelURL, valueString }: Alert) {
  const { alertname = 'alert', instance } = labels
  const { summary, description, message } = annotations
  const about = instance === undefined ? alertname : `${alertname} of ${instance}`
  const link = panelURL || dashboardURL || generatorURL
  return {
    summary: summary ?? message ?? description ?? about,
    details: {
      ...(description !== undefined && summary !== undefined && { description }),
      ...(valueString !== '' && { values: valueString }),
      ...(annotations.runbook_url !== undefined && { runbook: annotations.runbook_url }),
      ...(link !== '' && { link }),
      ...labels,
    },
  }
}

/** How others call how bad it is. What says nothing, or something else, pages: too loud is the safe side. */
const SEVERITIES: Record<Severity, readonly string[]> = {
  critical: ['critical', 'crit', 'page', 'fatal', 'emergency', 'disaster', 'p1'],
  error: ['error', 'high', 'major', 'p2'],
  warning: ['warning', 'warn', 'medium', 'moderate', 'minor', 'average', 'p3'],
  info: ['info', 'information', 'informational', 'low', 'none', 'debug', 'notice', 'ok', 'p4', 'p5'],
}
const OURS = new Map(
  (Object.entries(SEVERITIES) as [Severity, readonly string[]][]).flatMap(([ours, theirs]) =>
    theirs.map((word): [string, Severity] => [word, ours]),
  ),
)
const severityOf = ({ severity = '' }: Record<string, string>): Severity => OURS.get(severity.toLowerCase()) ?? 'error'
