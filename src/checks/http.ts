import { STATUS_CODES } from 'node:http'
import { Client } from 'undici'
import type { HttpProbe } from '../domain/rules.ts'
import { asksForBody, wrongBody, wrongHeaders, wrongStatus } from './answer.ts'
import { readBody } from './body.ts'
import { guarded } from './connect.ts'
import type { Around, Look, Seen } from './look.ts'

/** Whoever sends us further than this sends us round. */
const MOST_REDIRECTS = 5
const REDIRECTS = new Set([301, 302, 303, 307, 308])

/** Cookies and policies make some kilobytes; megabytes are a fault or an attack. */
const HEADER_BYTES = 64 * 1024

/** What is asked, and where. */
interface Question {
  url: URL
  method: HttpProbe['method']
  headers: Record<string, string>
  body: string | null
}

/**
 * One HTTP probe. Everything is opened afresh (name, connection, TLS), for each redirect too, because pooled connections hide the failures
 * that matter.
 */
export const httpProbe: Look<HttpProbe> = async (probe, around) => {
  const { method, headers, body } = probe
  let question: Question = { url: new URL(probe.url), method, headers, body }
  const asked = new Set<string>()
  for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
    asked.add(`${question.method} ${question.url.href}`)
    const answer = await ask(question, probe, around)
    if (!('to' in answer)) return hops === 0 ? answer : { ...answer, saw: `${answer.saw}, ${after(hops)}` }
    question = redirected(question, answer)
    if (asked.has(`${question.method} ${question.url.href}`))
      return { ok: false, saw: `redirects in a loop, which closes ${after(hops + 1)}` }
  }
  return { ok: false, saw: `redirects more than ${MOST_REDIRECTS} times` }
}

const after = (hops: number) => `after ${hops} redirect${hops === 1 ? '' : 's'}`

interface Redirect {
  status: number
  to: string
}

async function ask(question: Question, probe: HttpProbe, around: Around): Promise<Seen | Redirect> {
  const { url, method, headers, body } = question
  const { expect, redirects, ip } = probe
  const connect = guarded({ ...around, ip })
  const client = new Client(url.origin, { connect, pipelining: 0, allowH2: false, maxHeaderSize: HEADER_BYTES })
  try {
    const answer = await client.request({
      path: `${url.pathname}${url.search}`,
      method,
      headers: {
        'user-agent': 'Watchbill',
        accept: '*/*',
        ...headers,
        'accept-encoding': 'identity',
        connection: 'close',
      },
      body,
      signal: around.signal,
    })
    const to = answer.headers.location?.toString()
    if (redirects === 'follow' && REDIRECTS.has(answer.statusCode) && to !== undefined)
      return { status: answer.statusCode, to }
    const line = `${answer.statusCode} ${STATUS_CODES[answer.statusCode] ?? ''}`.trim()
    const status = wrongStatus(expect, answer.statusCode)
    if (status !== null) return { ok: false, saw: `${line} (${status})` }
    const wrong = wrongHeaders(expect, answer.headers) ?? (await bodyOf(answer, expect, around))
    return wrong === null ? { ok: true, saw: line } : { ok: false, saw: `${line}, but ${wrong}` }
  } finally {
    // The body that nobody reads goes with its connection. Not waited for: a connection that never comes about would outlast the deadline.
    client.destroy().catch(() => {})
  }
}

/** Why the body is not as expected, null when it is, or when nobody asks about it. */
async function bodyOf(
  { headers, body }: Pick<Awaited<ReturnType<Client['request']>>, 'headers' | 'body'>,
  expect: HttpProbe['expect'],
  around: Around,
): Promise<string | null> {
  if (!asksForBody(expect)) return null
  around.enter('body')
  return wrongBody(expect, await readBody(body, headers['content-encoding']?.toString() ?? ''), around)
}

/**
 * What is asked after a redirect. Where it leads is checked when it is connected to, like every address. What the configuration sends
 * along is for the host that it names and for no other: it may hold a secret.
 */
function redirected({ url, method, headers, body }: Question, { status, to }: Redirect): Question {
  const next = URL.parse(to, url)
  if (next === null || !/^https?:$/.test(next.protocol)) throw new Error('redirects to what is no http or https URL')
  if (url.protocol === 'https:' && next.protocol === 'http:') throw new Error('redirects from https to http')
  next.hash = ''
  const elsewhere = next.origin !== url.origin
  const asGet = status === 303 ? method !== 'HEAD' : method === 'POST' && status < 303
  if (elsewhere && body !== null && !asGet) throw new Error('redirects to another host, where what it is sent would go')
  return { url: next, method: asGet ? 'GET' : method, headers: elsewhere ? {} : headers, body: asGet ? null : body }
}
