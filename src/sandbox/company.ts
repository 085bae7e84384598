import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { addressOf } from './web.ts'

/** The simulated mail provider of the demo: web servers behind a pool, on real sockets. */
export interface Company {
  /** Where its front door is; server N is at `/server/N`, what serves at `/pool`. */
  url: string
  servers: number
  /** Servers that serve. */
  up(): number
  break(server: number): void
  repair(server: number): void
  /** When the front door first answered that nothing is left; null while it has not. */
  failedAt(): number | null
  close(): Promise<void>
}

const SERVERS = 4

/** The pool and its servers. The front door hands each request to the next server that serves, and answers 503 when none is left. */
export async function startCompany(now: () => number, port = 0): Promise<Company> {
  const broken = new Set<number>()
  const door = createServer()
  const backs = await Promise.all(
    Array.from({ length: SERVERS }, (_, index) => listen(webServer(() => broken.has(index + 1)))),
  )
  let turn = 0
  let failedAt: number | null = null

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
      for (let server = 1; server <= SERVERS; server++)
        pathname === '/break' ? broken.add(server) : broken.delete(server)
      return say(200, `${SERVERS - broken.size} of ${SERVERS} servers serve\n`, 'text/plain')
    }
    const asked = /^\/server\/(\d+)$/.exec(pathname)?.[1]
    const serving = Array.from({ length: SERVERS }, (_, index) => index + 1).filter((server) => !broken.has(server))
    const server = asked === undefined ? serving[turn++ % Math.max(1, serving.length)] : Number(asked)
    const back = server === undefined ? undefined : backs[server - 1]
    if (!back) {
      if (asked === undefined) failedAt ??= now()
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
    break: (server) => void broken.add(server),
    repair: (server) => void broken.delete(server),
    failedAt: () => failedAt,
    async close() {
      await Promise.all([front, ...backs].map(({ server }) => stop(server)))
    },
  }
}

/** A web server of the provider. Its anti-spam configuration has a typo or not. */
const webServer = (broken: () => boolean): Server =>
  createServer((_, response) => {
    if (broken()) {
      response.writeHead(500, { 'content-type': 'text/plain' })
      return response.end('antispam.conf:12: unknown directive "treshold"')
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
