import { createHmac } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { standIn } from './stand-in.ts'

/** Stand-ins for those who carry pages beside Slack, on loopback: what each was handed, and what it answers. */
export interface Carriers {
  /** http://127.0.0.1:port/ ; all of them behind one. */
  url: string
  smtp: string
  /** What came, in order. */
  came: Came[]
  mails: { from: string; to: string[]; text: string }[]
  /** What a carrier answers from now on: a status, or nothing at all. Null: as ever. */
  answer(carrier: Carrier, status: number | 'hang' | null, headers?: Record<string, string>): void
  /** What came by one of them but mail. */
  of(carrier: Carrier): Came[]
  /** Who was handed something, each once, in the order of their first. */
  asked(): Carrier[]
  close(): Promise<void>
}

export type Carrier = 'ntfy' | 'push' | 'call' | 'sms' | 'webhook' | 'mail'

interface Came {
  carrier: Carrier
  path: string
  headers: IncomingMessage['headers']
  body: string
  /** The body, of a form or of JSON. */
  fields: Record<string, unknown>
}

export async function startCarriers(): Promise<Carriers> {
  const came: Came[] = []
  const asked = new Set<Carrier>()
  const mails: Carriers['mails'] = []
  const answers = new Map<Carrier, { status: number | 'hang'; headers: Record<string, string> }>()
  const server = await standIn((request, response, body) => {
    const carrier = carrierOf(request.url ?? '')
    asked.add(carrier)
    came.push({ carrier, path: request.url ?? '', headers: request.headers, body, fields: fieldsOf(request, body) })
    const answer = answers.get(carrier)
    if (answer?.status === 'hang') return
    response.writeHead(answer?.status ?? 200, { 'content-type': 'application/json', ...answer?.headers })
    response.end(JSON.stringify(answer ? { message: 'no such thing' } : { id: 'n1', sid: 'CA1', receipt: 'r1' }))
  })
  const mail = new SMTPServer({
    disabledCommands: ['STARTTLS', 'AUTH'],
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        asked.add('mail')
        const answer = answers.get('mail')
        if (answer?.status === 'hang') return
        if (answer) return done(Object.assign(new Error('no such thing'), { responseCode: answer.status }))
        const { mailFrom, rcptTo } = session.envelope
        mails.push({
          from: mailFrom === false ? '' : (mailFrom?.address ?? ''),
          to: rcptTo.map(({ address }) => address),
          text: Buffer.concat(chunks).toString('utf8'),
        })
        done()
      })
    },
  })
  await new Promise<void>((resolve) => mail.listen(0, '127.0.0.1', () => resolve()))
  return {
    url: `${server.url}/`,
    smtp: `smtp://127.0.0.1:${(mail.server.address() as AddressInfo).port}`,
    came,
    mails,
    answer(carrier, status, headers = {}) {
      if (status === null) answers.delete(carrier)
      else answers.set(carrier, { status, headers })
    },
    of: (carrier) => came.filter((each) => each.carrier === carrier),
    asked: () => [...asked],
    async close() {
      await new Promise<void>((resolve) => mail.close(() => resolve()))
      await server.close()
    },
  }
}

function carrierOf(path: string): Carrier {
  if (path.endsWith('/Calls.json')) return 'call'
  if (path.endsWith('/Messages.json')) return 'sms'
  if (path.endsWith('/messages.json') || path.includes('/receipts/')) return 'push'
  return path.startsWith('/hook') ? 'webhook' : 'ntfy'
}

function fieldsOf({ headers }: IncomingMessage, body: string): Record<string, unknown> {
  if (headers['content-type'] === 'application/json') return JSON.parse(body) as Record<string, unknown>
  return Object.fromEntries(new URLSearchParams(body))
}

/** A request as Twilio makes it: signed over the address under which the bot is reached, sent to where it really is. */
export function asTwilio(
  { url, publicUrl, token }: { url: string; publicUrl: string; token: string },
  path: string,
  params: Record<string, string>,
  signature?: string,
): Promise<Response> {
  const signed = Object.entries(params)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .reduce((so, [name, value]) => `${so}${name}${value}`, `${publicUrl}${path}`)
  return fetch(`${url}${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': signature ?? createHmac('sha1', token).update(signed).digest('base64'),
    },
    body: new URLSearchParams(params).toString(),
  })
}
