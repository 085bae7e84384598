import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer, getCACertificates, setDefaultCACertificates, type TlsOptions } from 'node:tls'
import { expect } from 'vitest'
import { checkTarget } from '../../src/checks/check.ts'
import { machine } from '../../src/clock.ts'
import type { HttpExpectation, HttpProbe, Rules } from '../../src/domain/rules.ts'
import { rules, T0 } from './builders.ts'

/** Targets on loopback, well and sick, and a check that holds what every check must hold. */

export const LOOPBACK = ['127.0.0.0/8', '::1/128']

const cleanUp: (() => unknown)[] = []
/** Connections that a probe has opened and not closed. */
const open = new Set<Socket>()

export async function closeTargets(): Promise<void> {
  for (const step of cleanUp.splice(0).reverse()) await step()
  open.clear()
}

/** A check whose result comes when it says, nothing is waited for after the deadline; and that leaves no connection open. */
export const check: ReturnType<typeof checkTarget> = async (...what) => {
  const startedAt = performance.now()
  const sample = await checkTarget(machine.elapsed)(...what)
  expect(performance.now() - startedAt).toBeLessThan(what[0].timeoutMs + 1_000)
  await expect.poll(() => open.size, { message: 'connections left open', interval: 5 }).toBe(0)
  return sample
}

export const allowing = (allow: readonly string[]): Rules => ({ ...rules(), allowPrivate: [...allow] })

/** Whether connections came, and what was sent through them. */
interface Served {
  port: number
  url: string
  connections: number
  bytes: number
}

async function listening(server: Server, scheme: string, host: string): Promise<Served> {
  const served: Served = { port: 0, url: '', connections: 0, bytes: 0 }
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    served.connections++
    sockets.add(socket)
    open.add(socket)
    // Its side is closed, whatever becomes of ours.
    for (const event of ['end', 'close', 'error']) socket.on(event, () => open.delete(socket))
    socket.on('data', (chunk) => {
      served.bytes += chunk.length
    })
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  cleanUp.push(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  served.port = (server.address() as AddressInfo).port
  served.url = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${served.port}/`
  return served
}

export const http = (answer: RequestListener, host = '127.0.0.1') => listening(createServer(answer), 'http', host)
export const tcp = (begin: (socket: Socket) => void, allowHalfOpen = false) =>
  listening(createTcpServer({ allowHalfOpen }, begin), 'http', '127.0.0.1')

/** Says something once a second, until nobody listens. */
export function drip(socket: Pick<Socket, 'write' | 'on'>, text: string, everyMs = 1_000): void {
  let at = 0
  const say = () => socket.write(text.charAt(at++ % text.length))
  say()
  const timer = setInterval(say, everyMs)
  for (const event of ['close', 'error', 'end']) socket.on(event, () => clearInterval(timer))
}

const watched = { name: 'home', service: 'webmail', severity: 'critical', everyMs: 30_000 } as const
export const probed = { ...watched, timeoutMs: 3_000, failAfter: 2, recoverAfter: 2, locations: ['here'], agree: 1 }

export interface Ask extends Partial<Omit<HttpProbe, 'expect'>> {
  expect?: Partial<HttpExpectation>
  allow?: readonly string[]
}

/** An HTTP monitor that asks for nothing but what is given. */
export function httpMonitor(url: string, { expect: wanted, ...more }: Omit<Ask, 'allow'> = {}): HttpProbe {
  const nothing = { status: [], headers: {}, bodyContains: null, bodyLacks: null, bodyMatches: null, json: [] }
  return {
    ...probed,
    kind: 'http',
    url,
    method: 'GET',
    headers: {},
    body: null,
    redirects: 'refuse',
    ip: null,
    ...more,
    expect: { ...nothing, ...wanted },
  }
}

export const probe = (url: string, { allow = LOOPBACK, ...ask }: Ask = {}) =>
  check(httpMonitor(url, ask), allowing(allow), T0)

/** Certificates of an authority of ours, which this process trusts from now on; and the folder that they are in. */
export function certificates() {
  const folder = mkdtempSync(join(tmpdir(), 'watchbill-tls-'))
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const own = (name: string, subject: string, ...more: string[]) =>
    openssl('req', '-x509', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.pem`, '-subj', subject, ...more)
  const issue = (name: string, subject: string, extension: string, days: number, by = 'ca') => {
    const request = ['-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', subject, '-addext', extension]
    openssl('req', ...newKey, ...request)
    const signed = ['-CA', `${by}.pem`, '-CAkey', `${by}.key`, '-CAcreateserial', '-copy_extensions', 'copy']
    openssl('x509', '-req', '-in', `${name}.csr`, ...signed, '-out', `${name}.pem`, '-days', String(days))
  }
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  own('ca', '/CN=Test CA', '-days', '900')
  own('self', '/CN=x', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2')
  issue('good', '/CN=test', 'subjectAltName=IP:127.0.0.1,DNS:mail.test,DNS:*.wild.test', 90)
  issue('other', '/CN=test', 'subjectAltName=DNS:other.test', 90)
  issue('expired', '/CN=test', 'subjectAltName=IP:127.0.0.1', -1)
  issue('between', '/CN=Between', 'basicConstraints=critical,CA:TRUE', 20)
  issue('below', '/CN=test', 'subjectAltName=IP:127.0.0.1', 90, 'between')
  // The authority is ours for this process: of it, only what is wrong with the certificate itself is left.
  setDefaultCACertificates([...getCACertificates('default'), read('ca.pem')])
  const served = (name: string, ...chain: string[]): TlsOptions => ({
    key: read(`${name}.key`),
    cert: [name, ...chain].map((each) => read(`${each}.pem`)).join(''),
  })
  return {
    served,
    remove: () => rmSync(folder, { recursive: true, force: true }),
    https: (name: string, answer: RequestListener = (_, response) => response.end('ok')) => {
      const server = createHttpsServer(served(name), answer)
      server.on('tlsClientError', () => {})
      return listening(server, 'https', '127.0.0.1')
    },
    tls: (options: TlsOptions) => {
      const server = createTlsServer(options, (socket) => socket.on('error', () => {}).resume())
      server.on('tlsClientError', () => {})
      return listening(server, 'https', '127.0.0.1')
    },
  }
}
