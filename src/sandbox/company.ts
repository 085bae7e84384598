import { appendFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addressOf } from './web.ts'

/** The simulated mail provider of the demo: web servers behind a pool, on real sockets, with a counter, an error log and a zone. */
export interface Company {
  /** Where its front door is; server N is at `/server/N`, what serves at `/pool`. */
  url: string
  servers: number
  /** Servers that serve. */
  up(): number
  break(server: number): void
  repair(server: number): void
  /** Takes the counter of requests (`/stats`) out of service, or back. */
  maintain(on: boolean): void
  /** Where `antispam-error.log` and `example-mail.localhost.zone` are. */
  folder: string
  /** Servers that had failed when the rollout was told to stop; null: it was not. */
  haltedAt(): number | null
  /** When the first server failed; null while all serve. */
  failedAt(): number | null
  close(): Promise<void>
}

const SERVERS = 4

/** A rollout takes one server after the other. */
const EACH_MS = 2_500
/** The change of the story. Any other version is fine. */
export const TYPO_VERSION = 'antispam-2018-03-15'

/** Requests that all servers together answer in a second. */
const TRAFFIC = 850

/** Half of these were watched in 2018. */
const ZONE = `$ORIGIN example-mail.localhost.
$TTL 300
@        IN SOA ns.provider.test. hostmaster 2018031501 3600 900 604800 300
@        IN NS  ns.provider.test.
@        IN A   192.0.2.10
www      IN A   192.0.2.10
mail     IN A   192.0.2.11
account  IN A   192.0.2.12
api      IN A   192.0.2.13
calendar IN A   192.0.2.14
_dmarc   IN TXT "v=DMARC1; p=reject"
`

/** The pool and its servers. The front door hands each request to the next server that serves, and answers 503 when none is left. */
export async function startCompany(now: () => number, port = 0): Promise<Company> {
  const broken = new Set<number>()
  const door = createServer()
  const backs = await Promise.all(
    Array.from({ length: SERVERS }, (_, index) => listen(webServer(() => broken.has(index + 1)))),
  )
  const folder = await mkdtemp(join(tmpdir(), 'watchbill-company-'))
  const errors = join(folder, 'antispam-error.log')
  await writeFile(errors, '')
  await writeFile(join(folder, 'example-mail.localhost.zone'), ZONE)
  let turn = 0
  let failedAt: number | null = null
  let maintained = false
  const traffic = counter(now, () => (SERVERS - broken.size) / SERVERS)
  /** The class of error that caused the outage goes to a log that is empty otherwise. */
  const fail = (server: number) => {
    if (broken.has(server)) return
    traffic.total()
    broken.add(server)
    failedAt ??= now()
    appendFileSync(errors, `${new Date(now()).toISOString()} web-${server} ${TYPO}\n`)
  }
  const mend = (server: number) => {
    traffic.total()
    broken.delete(server)
  }
  let rolling: NodeJS.Timeout | null = null
  let haltedWith: number | null = null
  const stand = () => {
    if (rolling) clearInterval(rolling)
    rolling = null
  }
  /** What the deploy hook is told: the change with the typo takes one server after the other away, every other version mends them. */
  const roll = (version: string) => {
    stand()
    let server = 0
    rolling = setInterval(
      () => {
        server++
        version === TYPO_VERSION ? fail(server) : mend(server)
        if (server === SERVERS) stand()
      },
      EACH_MS / (version === TYPO_VERSION ? 1 : 4),
    )
  }

  door.on('request', async (request, response) => {
    const { pathname } = addressOf(request, 'http://door')
    const say = (status: number, body: string, type = 'text/html') => {
      response.writeHead(status, { 'content-type': type })
      response.end(body)
    }
    if (pathname === '/pool')
      return say(200, JSON.stringify({ up: SERVERS - broken.size, total: SERVERS }), 'application/json')
    if (request.method === 'POST' && (pathname === '/break' || pathname === '/repair')) {
      // Only from this machine's own tools: a page in a browser has an origin.
      if (request.headers.origin !== undefined) return say(403, 'not from a page')
      for (let server = 1; server <= SERVERS; server++) pathname === '/break' ? fail(server) : mend(server)
      return say(200, `${SERVERS - broken.size} of ${SERVERS} servers serve\n`, 'text/plain')
    }
    if (request.method === 'POST' && (pathname === '/deploy' || pathname === '/halt')) {
      if (request.headers['webhook-signature'] === undefined) return say(401, 'not signed', 'text/plain')
      if (pathname === '/deploy') roll(await versionIn(request))
      else {
        stand()
        haltedWith ??= broken.size
      }
      return say(202, 'heard', 'text/plain')
    }
    if (pathname === '/stats')
      return maintained
        ? say(503, 'under maintenance', 'text/plain')
        : say(200, JSON.stringify({ requests: { total: traffic.total() } }), 'application/json')
    const asked = /^\/server\/(\d+)$/.exec(pathname)?.[1]
    const serving = Array.from({ length: SERVERS }, (_, index) => index + 1).filter((server) => !broken.has(server))
    const server = asked === undefined ? serving[turn++ % Math.max(1, serving.length)] : Number(asked)
    const back = server === undefined ? undefined : backs[server - 1]
    if (!back) {
      return say(
        asked === undefined ? 503 : 404,
        asked === undefined ? '503 no server is left in the pool' : 'no such server',
      )
    }
    try {
      const answer = await fetch(`http://127.0.0.1:${back.port}/`, { signal: AbortSignal.timeout(2_000) })
      say(answer.status, await answer.text())
    } catch {
      say(502, 'the server does not answer')
    }
  })
  const front = await listen(door, port)
  return {
    url: `http://127.0.0.1:${front.port}`,
    servers: SERVERS,
    up: () => SERVERS - broken.size,
    break: fail,
    repair: mend,
    maintain: (on) => {
      maintained = on
    },
    folder,
    failedAt: () => failedAt,
    haltedAt: () => haltedWith,
    async close() {
      stand()
      await Promise.all([front, ...backs].map(({ server }) => stop(server)))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function versionIn(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const part of request) text += String(part)
  const { data } = JSON.parse(text) as { data: { version: string } }
  return data.version
}

const TYPO = 'antispam.conf:12: unknown directive "treshold"'

/** Counts requests that nobody makes: as many in a second as the servers that serve would answer, and never quite as many. */
function counter(now: () => number, share: () => number): { total(): number } {
  let total = 0
  let at = now()
  return {
    total() {
      const until = now()
      const rate = TRAFFIC * (1 + 0.05 * Math.sin(until / 7_000)) * share()
      total += ((until - at) / 1_000) * rate
      at = until
      return Math.round(total)
    },
  }
}

/** A web server of the provider. Its anti-spam configuration has a typo or not. */
const webServer = (broken: () => boolean): Server =>
  createServer((_, response) => {
    if (broken()) {
      response.writeHead(500, { 'content-type': 'text/plain' })
      return response.end(TYPO)
    }
    response.writeHead(200, { 'content-type': 'text/html' })
    response.end('<!doctype html><title>Example Mail</title><h1>Your inbox</h1>inbox')
  })

async function listen(server: Server, port = 0): Promise<{ server: Server; port: number }> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return { server, port: (server.address() as AddressInfo).port }
}

const stop = (server: Server) =>
  new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
