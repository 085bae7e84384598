import { hash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { cut, readable } from '../domain/detect/line.ts'
import { ofSubject } from '../domain/intake.ts'
import type { Service } from '../domain/rules.ts'
import { serviceOfToken } from '../tokens.ts'
import type { Mail, Provider } from './mail/mail.ts'
import { mailgun } from './mail/mailgun.ts'
import { postmark } from './mail/postmark.ts'
import { sendgrid } from './mail/sendgrid.ts'
import { notReady, notStored, overQuota, problem } from './problem.ts'
import type { Routes } from './server.ts'
import { type Behind, type Came, takeIn } from './take.ts'

/** With whatever is attached; providers take no larger mails either. */
const BODY_BYTES = 40 * 1024 * 1024

/** Of a mail, what people read in a page: its beginning. */
const SUBJECT = 500
const LINES = 12
const LINE = 300
const KEY = 200

const PROVIDERS: Record<string, Provider> = { mailgun, sendgrid, postmark }

/**
 * `POST /callback/<provider>/<token>`: mails, as those who take them in for others post them. The token is the intake token of a service,
 * looked at before the body is. A mail is an alert: its subject is the title and says which one it is and whether it is over. Answered 200
 * once it is stored; the same mail again is the same.
 */
export function inboundRoutes(behind: () => Behind | null, whyNot: () => string): Routes {
  return (server) => {
    server.register(async (scope) => {
      scope.removeAllContentTypeParsers()
      scope.addContentTypeParser('*', { parseAs: 'buffer' }, async (_: unknown, body: Buffer) => body)
      const config = { open: 'the token in the address is that of a service' }
      for (const [name, provider] of Object.entries(PROVIDERS))
        scope.post<{ Params: { token: string } }>(
          `/callback/${name}/:token`,
          {
            bodyLimit: BODY_BYTES,
            config,
            onRequest: async ({ params }, reply) => {
              const program = behind()
              if (program === null) return notReady(reply, whyNot())
              if (serviceOfToken(params.token, program.rules().services) === null) return unknown(reply)
              return undefined
            },
          },
          (request, reply) => take(behind(), whyNot, provider, request, reply),
        )
    })
  }
}

const unknown = (reply: FastifyReply) =>
  problem(reply, 404, 'Not found', 'This address ends with the intake token of no service.')

async function take(
  program: Behind | null,
  whyNot: () => string,
  provider: Provider,
  { params, body, headers }: FastifyRequest<{ Params: { token: string } }>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  if (program === null) return notReady(reply, whyNot())
  const { services, intake } = program.rules()
  const service = serviceOfToken(params.token, services)
  if (service === null) return unknown(reply)
  const posted = {
    body: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
    contentType: headers['content-type'] ?? '',
    headers,
  }
  const mail = await provider.read(posted, intake.mail).catch(() => null)
  if (mail === null)
    return problem(reply, 400, 'Bad request', 'Nothing was stored: this is no mail as this provider posts it.')
  if ('unsigned' in mail) return problem(reply, 401, 'Not authorised', mail.unsigned)
  const taken = await takeIn(program, 'mail', [cameOf(mail, service, intake.mail, program.now())])
  if (taken === 'failed') return notStored(reply)
  if ('waitS' in taken) return overQuota(reply, taken)
  return reply.send({ accepted: taken.accepted })
}

/** A mail without an id of its own is the same mail for so long: a provider that had no answer posts it again within it. */
const SAME_MAIL_MS = 10 * 60_000

function cameOf(mail: Mail, { name: service }: Service, rules: Parameters<typeof ofSubject>[1], at: number): Came {
  const { from, to, text } = mail
  const subject = cut(readable(mail.subject).replaceAll(/\s+/g, ' ').trim(), SUBJECT)
  const { key, status } = ofSubject(subject, rules)
  const lines = readable(text)
    .split('\n')
    .map((line) => cut(line.trim(), LINE))
    .filter((line) => line !== '')
  const details = [`from: ${cut(readable(from), LINE)}`, ...lines.slice(0, LINES)]
  const id =
    mail.id ?? hash('sha256', `${Math.floor(at / SAME_MAIL_MS)}\n${from}\n${to}\n${mail.subject}\n${text}`, 'base64url')
  return {
    said: {
      key: `mail/${cut(key, KEY)}`,
      service,
      status,
      severity: 'error',
      summary: subject || `A mail without a subject, from ${from}`,
      details,
    },
    labels: { from, to, subject },
    names: [`${service}/${hash('sha256', id, 'base64url')}`],
  }
}
