import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { cut, readable } from '../domain/detect/line.ts'
import { notReady, notStored, problem } from './problem.ts'
import type { Routes } from './server.ts'

/** As much of a body is kept, and clients are told so; what is longer is cut, never refused: a long log must not look like a dead job. */
const BODY_BYTES = 100_000

/** Of a body, what people read in a page: its end, where a log says what went wrong. */
const LINES = 8
const LINE = 200

/** Numbers that a command can end with. */
const MOST_EXIT = 255

/** More guesses than these a minute from one address are answered 429. A key that works is heard however many there were. */
const MOST_GUESSES = 60
const MINUTE_MS = 60_000

/** Addresses that are counted; when there are more, all begin anew. */
const MOST_ADDRESSES = 10_000

const KINDS = ['start', 'fail', 'log'] as const
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** What an address says beside its key. */
interface Said {
  kind: 'success' | (typeof KINDS)[number]
  exit: number | null
}

interface Ping extends Said {
  key: string
  /** The name of the heartbeat, where the key opens any. */
  slug: string | null
  /** Of this run, where it was named. */
  run: string | null
  body: Buffer | null
  lines: string[]
}

/** What the routes need of the program; null while it starts. */
export interface Behind {
  /** Resolves once it is stored; `unknown` is a key that opens nothing, or a name that is none. Rejects when the store does not take it. */
  ping(ping: Ping): Promise<'stored' | 'unknown'>
  now(): number
  /** One that can be nobody's, however it is looked at. */
  pingRefused(): void
}

/**
 * `/ping/<key>[/start|/fail|/log|/<exit status>]`, and `/ping/<ping key>/<name>[/…]`: heartbeats, as clients of Healthchecks send them.
 * Answered `OK` once they are stored, 404 where nobody hears them, 503 when they are to be sent again.
 */
export function pingRoutes(behind: () => Behind | null, whyNot: () => string): Routes {
  return (server) => {
    server.register(async (pings) => add(pings, behind, whyNot))
  }
}

type Address = { Params: { key: string; second?: string; third?: string }; Querystring: Record<string, unknown> }

function add(server: FastifyInstance, behind: () => Behind | null, whyNot: () => string): void {
  // Whatever a client calls its body, and whether it calls it anything: it is bytes.
  server.removeAllContentTypeParsers()
  server.addHook('onRequest', async (request) => {
    request.raw.headers['content-type'] = 'application/octet-stream'
  })
  server.addContentTypeParser('*', (_, payload, done) => {
    readSome(payload).then((body) => done(null, body), done)
  })
  const guessed = guesses()
  const config = { open: 'whoever has the address of a heartbeat may say how it does', bytes: true as const }
  const answer = async (request: FastifyRequest<Address>, reply: FastifyReply) => {
    const program = behind()
    if (program === null) return notReady(reply, whyNot())
    reply.headers({ 'ping-body-limit': String(BODY_BYTES), 'cache-control': 'no-store' })
    const { query } = request
    if (query.rid !== undefined && !(typeof query.rid === 'string' && UUID.test(query.rid)))
      return problem(
        reply,
        400,
        'Bad request',
        'The parameter rid, which pairs the start of a run with its end, must be a UUID.',
      )
    const body = Buffer.isBuffer(request.body) && request.body.length > 0 ? request.body : null
    const run = query.rid?.toLowerCase() ?? null
    const meant = readings(request.params).map((said) => ({ ...said, run, body, lines: body ? lastLines(body) : [] }))
    for (const ping of meant) {
      const received = await program.ping(ping).catch(() => undefined)
      if (received === undefined) return notStored(reply)
      if (received === 'stored') return reply.type('text/plain; charset=utf-8').send('OK')
    }
    program.pingRefused()
    const waitS = guessed(request.ip, program.now())
    if (waitS !== null) return problem(reply.header('retry-after', waitS), 429, 'Too many requests', TOO_MANY)
    return problem(reply, 404, 'Not found', query.create === undefined ? UNKNOWN : CREATE)
  }
  for (const url of ['/ping/:key', '/ping/:key/:second', '/ping/:key/:second/:third'])
    server.route<Address>({
      method: ['GET', 'HEAD', 'POST'],
      url,
      bodyLimit: Number.MAX_SAFE_INTEGER,
      config,
      handler: answer,
    })
}

const TOO_MANY =
  'Too many addresses that nobody hears were tried from here: Retry-After says when to go on, in seconds.'

/** Counts guesses by where they come from; says after how many seconds the next is looked at again, null while there are few. */
function guesses() {
  const counted = new Map<string, { fromAt: number; count: number }>()
  return (ip: string, now: number): number | null => {
    const last = counted.get(ip)
    const one = last && now - last.fromAt < MINUTE_MS ? last : { fromAt: now, count: 0 }
    one.count++
    if (counted.size >= MOST_ADDRESSES) counted.clear()
    counted.set(ip, one)
    return one.count > MOST_GUESSES ? Math.max(1, Math.ceil((one.fromAt + MINUTE_MS - now) / 1_000)) : null
  }
}

const UNKNOWN =
  'Nobody hears this: no heartbeat has this address (any more). `watchbill pings` lists those that there are.'
const CREATE = `${UNKNOWN} None is made by a ping: heartbeats are in the configuration.`

/** What an address may mean: of one heartbeat by its own key, or of any by its name. Which it is, the key decides; it is never both. */
function readings({ key, second, third }: Address['Params']): (Said & { key: string; slug: string | null })[] {
  const own = third === undefined ? said(second) : null
  const named = second === undefined ? null : said(third)
  return [
    ...(own ? [{ key, slug: null, ...own }] : []),
    ...(named && second !== undefined ? [{ key, slug: second, ...named }] : []),
  ]
}

/** The last part of an address; null where it says nothing that can be said. */
function said(word: string | undefined): Said | null {
  if (word === undefined) return { kind: 'success', exit: null }
  const kind = KINDS.find((each) => each === word)
  if (kind) return { kind, exit: null }
  const exit = /^\d{1,3}$/.test(word) ? Number(word) : Number.POSITIVE_INFINITY
  return exit <= MOST_EXIT ? { kind: exit === 0 ? 'success' : 'fail', exit } : null
}

/** The beginning of a body, as bytes. What comes after it goes nowhere, and is not waited for. */
function readSome(payload: NodeJS.ReadableStream): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const end = () => {
      payload.off('data', take)
      payload.resume()
      resolve(Buffer.concat(chunks).subarray(0, BODY_BYTES))
    }
    const take = (chunk: Buffer) => {
      chunks.push(chunk)
      size += chunk.length
      if (size >= BODY_BYTES) end()
    }
    payload.on('data', take).once('end', end).once('error', reject)
  })
}

/** The last lines that say anything, as text: what is not UTF-8 shows as what it is, unreadable. */
const lastLines = (body: Buffer): string[] =>
  readable(body.toString('utf8'))
    .split('\n')
    .map((line) => cut(line.trimEnd(), LINE))
    .filter((line) => line !== '')
    .slice(-LINES)
