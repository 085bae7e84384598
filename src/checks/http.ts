import { STATUS_CODES } from 'node:http'
import { Client } from 'undici'
import type { HttpProbe } from '../domain/rules.ts'
import { type Answer, asksForBody, type Question, wrongBody, wrongHeaders, wrongStatus } from './answer.ts'
import { readBody } from './body.ts'
import { guarded, type Way } from './connect.ts'
import { HEADER_BYTES } from './head.ts'
import type { Around, Look, Seen } from './look.ts'
import { askRaw } from './raw.ts'

/** Whoever sends us further than this sends us round. */
const MOST_REDIRECTS = 5
const REDIRECTS = new Set([301, 302, 303, 307, 308])

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
  const { expect, redirects, ip } = probe
  const headers = {
    'user-agent': 'Watchbill',
    accept: '*/*',
    ...question.headers,
    'accept-encoding': 'identity',
    connection: 'close',
  }
  const follows = redirects === 'follow'
  const answer = await (follows ? askUndici : askRaw)({ ...question, headers }, { ...around, ip })
  try {
    const to = answer.headers['location']?.toString()
    const sentTo = REDIRECTS.has(answer.status) && to !== undefined ? URL.parse(to, question.url) : null
    if (sentTo !== null) around.met?.({ kind: 'redirect', host: sentTo.hostname })
    if (follows && REDIRECTS.has(answer.status) && to !== undefined) return { status: answer.status, to }
    const line = `${answer.status} ${STATUS_CODES[answer.status] ?? ''}`.trim()
    const status = wrongStatus(expect, answer.status)
    // Who is told that they took too long may have stood still.
    const told = answer.status === 408 ? {} : { told: true as const }
    if (status !== null) return { ok: false, saw: `${line} (${status})`, ...told }
    const wrong = wrongHeaders(expect, answer.headers) ?? (await bodyOf(answer, expect, around))
    return wrong === null ? { ok: true, saw: line } : { ok: false, saw: `${line}, but ${wrong}`, ...told }
  } finally {
    answer.close()
  }
}

/** A whole client, where one question leads to others. */
async function askUndici({ url, method, headers, body }: Question, around: Around & Pick<Way, 'ip'>): Promise<Answer> {
  const { signal } = around
  const connect = guarded(around)
  const client = new Client(url.origin, { connect, pipelining: 0, allowH2: false, maxHeaderSize: HEADER_BYTES })
  // Not waited for: a connection that never comes about would outlast the deadline.
  const close = () => void client.destroy().catch(() => {})
  try {
    const answer = await client.request({ path: `${url.pathname}${url.search}`, method, headers, body, signal })
    return { status: answer.statusCode, headers: answer.headers, body: answer.body, close }
  } catch (error) {
    close()
    throw error
  }
}

/** Why the body is not as expected, null when it is, or when nobody asks about it. */
async function bodyOf({ headers, body }: Answer, expect: HttpProbe['expect'], around: Around): Promise<string | null> {
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
