import { request as start } from 'node:http'
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sleep } from '../../src/clock.ts'
import type { Routes } from '../../src/intake/server.ts'
import { slackRoutes } from '../../src/intake/slack.ts'
import { intakeDigest } from '../../src/tokens.ts'
import { rules } from '../support/builders.ts'
import { BEARER, type Front, startFront } from '../support/front.ts'
import { eventually } from '../support/process.ts'

/** Attacks on the HTTP side (reliability 6.1), against the real server on a real socket. */

let front: Front
afterEach(() => front.close())

const alert = (what: object = {}) => ({
  key: 'disk',
  service: 'webmail',
  status: 'firing',
  severity: 'critical',
  summary: 'The disk is full',
  ...what,
})

/** Nothing hangs on, nothing was logged, and a request of somebody else is answered as ever. */
async function othersAreFine(withinMs = 4_000): Promise<void> {
  const began = Date.now()
  expect((await fetch(`${front.url}/livez`)).status).toBe(200)
  expect(Date.now() - began).toBeLessThan(withinMs)
}

const post = (body: string, headers: Record<string, string> = {}) =>
  fetch(`${front.url}/v1/alerts`, {
    method: 'POST',
    headers: { ...BEARER, 'content-type': 'application/json', ...headers },
    body,
  })

describe('A16 every route without authorisation', () => {
  interface Listed {
    method: string
    url: string
    open: string | undefined
  }

  /** Routes as the router has them, those of Slack's requests included. */
  async function routesOf(more: Routes[] = []): Promise<Listed[]> {
    const routes: Listed[] = []
    const collector: Routes = (server) =>
      server.addHook('onRoute', ({ method, url, config }) => {
        for (const each of [method].flat()) routes.push({ method: each, url, open: config?.open })
      })
    front = await startFront({ more: [collector, slackRoutes(async () => ({ status: 401 })), ...more] })
    return routes
  }

  const call = async ({ method, url }: Pick<Listed, 'method' | 'url'>, headers: Record<string, string> = {}) =>
    (await fetch(`${front.url}${url.replaceAll(/:\w+/g, 'x').replaceAll('*', 'x')}`, { method, headers })).status

  /** Whoever opens a route puts it here, with what it asks for instead. */
  const OPEN = [
    ...['GET /livez', 'HEAD /livez', 'GET /readyz', 'HEAD /readyz', 'POST /slack/events'],
    // The address is the key: 192 bits, of which the store keeps a digest.
    ...['GET /calendar/:token.ics', 'HEAD /calendar/:token.ics'],
    // Likewise, of 122 and 128 bits; whoever has it may say how one thing does.
    ...['', '/:second', '/:second/:third'].flatMap((rest) =>
      ['GET', 'HEAD', 'POST'].map((method) => `${method} /ping/:key${rest}`),
    ),
    // A prober shows the token of its location, of which the configuration keeps a digest.
    ...['POST /v1/probers/:location/work', 'POST /v1/probers/:location/results'],
    // GitHub signs what it sends.
    'POST /github',
    // Whoever sends alerts of a service shows its token, of which the configuration keeps a digest, or the API token.
    ...[
      'POST /v1/alerts/alertmanager/:service',
      'POST /v1/alerts/grafana/:service',
      'POST /v2/enqueue',
      'POST /v2/change/enqueue',
    ],
    // Likewise in the address of mails, beside a signature where their provider makes one.
    ...['mailgun', 'postmark', 'sendgrid'].map((provider) => `POST /callback/${provider}/:token`),
    // The address is the key, of 128 bits, valid while the incident is open; what comes through Twilio is signed besides.
    ...['GET', 'HEAD', 'POST'].map((method) => `${method} /callback/:channel/:token`),
  ]

  test('is refused, but for health, and what has an authorisation of its own', async () => {
    const routes = await routesOf()
    expect(routes.map(({ method, url }) => `${method} ${url}`)).toContain('POST /v1/alerts')
    const open = routes.filter((route) => route.open !== undefined)
    expect(new Set(open.map(({ method, url }) => `${method} ${url}`))).toEqual(new Set(OPEN))
    for (const route of routes.filter(({ open: why }) => why === undefined)) {
      const at = `${route.method} ${route.url}`
      expect(await call(route), at).toBe(401)
      expect(await call(route, { authorization: 'Bearer guessed' }), at).toBe(401)
    }
    expect(await call({ method: 'POST', url: '/slack/events' }), 'unsigned').not.toBe(200)
    expect(front.taken).toEqual([])
  })

  test('a route that forgets to say who may call it is closed', async () => {
    const routes = await routesOf([(server) => server.get('/v1/forgotten', async () => 'a secret')])
    expect(routes.map(({ url }) => url)).toContain('/v1/forgotten')
    expect(await call({ method: 'GET', url: '/v1/forgotten' })).toBe(401)
    expect(await call({ method: 'HEAD', url: '/v1/forgotten' })).toBe(401)
  })

  test('however the address is written', async () => {
    await routesOf()
    for (const url of [
      '/METRICS',
      '/metrics/',
      '//metrics',
      '/./metrics',
      '/%6detrics',
      '/livez/../metrics',
      '/metrics%00',
    ])
      expect([401, 404, 400], url).toContain(await raw(`GET ${url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`))
  })
})

/** Sends bytes as they are; the status that comes back. */
async function raw(bytes: string): Promise<number> {
  const socket = connect(front.port, '127.0.0.1')
  let answer = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    answer += chunk
  })
  socket.on('error', () => {})
  socket.write(bytes)
  await new Promise((resolve) => socket.once('close', resolve))
  return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])
}

describe('A17 requests made to hurt', () => {
  beforeEach(async () => {
    front = await startFront()
  })

  /** Sends a body in chunks for as long as anybody takes it; the status, and how much of it was taken. */
  async function stream(headers: Record<string, string>, bytes: number): Promise<{ status: number; sent: number }> {
    const chunk = Buffer.alloc(64 * 1024, ' ')
    let sent = 0
    const outgoing = start(`${front.url}/v1/alerts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
    })
    const status = new Promise<number>((resolve) => {
      outgoing.on('response', (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      })
      outgoing.on('error', () => resolve(0))
    })
    let over = false
    void status.then(() => {
      over = true
    })
    while (sent < bytes && !over && !outgoing.destroyed) {
      if (!outgoing.write(chunk)) await Promise.race([new Promise((go) => outgoing.once('drain', go)), status])
      sent += chunk.length
      await new Promise((go) => setImmediate(go))
    }
    const answered = await status
    outgoing.destroy()
    return { status: answered, sent }
  }

  test('100 MB in chunks: 413 long before their end, and not even begun without a token', async () => {
    const [known, unknown] = await Promise.all([stream(BEARER, 100e6), stream({}, 100e6)])
    expect(known.status).toBe(413)
    expect(unknown.status).toBe(401)
    expect(Math.max(known.sent, unknown.sent)).toBeLessThan(20e6)
    await othersAreFine()
  })

  test('100 MB announced: 413 before anything is sent', async () => {
    const length = `POST /v1/alerts HTTP/1.1\r\nHost: x\r\nAuthorization: ${BEARER.authorization}\r\nContent-Type: application/json\r\nContent-Length: 100000000\r\nConnection: close\r\n\r\n`
    expect(await raw(length)).toBe(413)
  })

  test.each([
    ['lists', '['.repeat(10_000) + ']'.repeat(10_000)],
    ['mappings', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`],
    ['details', JSON.stringify(alert()).replace('}', `,"details":${'['.repeat(10_000)}${']'.repeat(10_000)}}`)],
  ])('%s 10,000 deep: 400', async (_, body) => {
    const answer = await post(body)
    expect(answer.status).toBe(400)
    expect(JSON.stringify(await answer.json())).toMatch(/levels deep/)
    expect(front.taken).toEqual([])
    await othersAreFine()
  })

  test('a million keys: 413; as many as fit: 400 with some of them named', async () => {
    const keys = (count: number) => `{${Array.from({ length: count }, (_, n) => `"k${n}":1`).join()}}`
    expect((await post(keys(1_000_000))).status).toBe(413)
    const fitting = await post(keys(300_000))
    expect(fitting.status).toBe(400)
    expect((await fitting.text()).length).toBeLessThan(50_000)
    await othersAreFine()
  })

  test('500 connections that never come to an end: 408, and others are answered meanwhile', async () => {
    const statuses: number[] = []
    const open: Socket[] = []
    const head = `POST /v1/alerts HTTP/1.1\r\nHost: x\r\nAuthorization: ${BEARER.authorization}\r\nContent-Type: application/json\r\n`
    for (let n = 0; n < 500; n++) {
      const socket = connect(front.port, '127.0.0.1')
      open.push(socket)
      socket.setEncoding('latin1').once('data', (answer: string) => statuses.push(Number(answer.slice(9, 12))))
      socket.on('error', () => {})
      // Half of them drip their head, the others their body.
      socket.write(n % 2 ? head : `${head}Content-Length: 1000\r\n\r\n`)
    }
    const drip = setInterval(() => {
      for (const socket of open) if (socket.writable) socket.write('x')
    }, 500)
    const until = Date.now() + 5_000
    let slowest = 0
    while (Date.now() < until) {
      const began = Date.now()
      expect((await post(JSON.stringify(alert()))).status).toBe(202)
      slowest = Math.max(slowest, Date.now() - began)
      await sleep(50)
    }
    expect(slowest).toBeLessThan(4_000)
    await eventually(() => statuses.length === 500, 'everybody to be sent away', 15_000)
    clearInterval(drip)
    for (const socket of open) socket.destroy()
    expect(new Set(statuses)).toEqual(new Set([408]))
  }, 40_000)

  test('what is no HTTP: 400, or nothing, and no more', async () => {
    const head = `POST /v1/alerts HTTP/1.1\r\nHost: x\r\nAuthorization: ${BEARER.authorization}\r\nContent-Type: application/json\r\nConnection: close\r\n`
    for (const bytes of [
      '\u0016\u0003\u0001\u0002\u0000\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
      `${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      `${head}Content-Length: 5\r\nContent-Length: 6\r\n\r\n12345`,
      `${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
    ])
      expect([400, 505], JSON.stringify(bytes)).toContain(await raw(bytes))
    expect(await raw(`GET /livez HTTP/1.1\r\nHost: x\r\n${'X-A: b\r\n'.repeat(20_000)}\r\n`)).toBe(431)
    expect(front.taken).toEqual([])
    await othersAreFine()
  })
})

describe('A20 keys that reach prototypes', () => {
  beforeEach(async () => {
    front = await startFront()
  })
  const clean = () => {
    const nothing: Record<string, unknown> = {}
    expect(nothing['polluted']).toBeUndefined()
    expect(Object.keys(Object.prototype)).toEqual([])
  }

  test.each([
    ['__proto__', '{"__proto__":{"polluted":1},"key":"a"}'],
    ['__proto__ in details', JSON.stringify(alert()).replace('}', ',"details":{"__proto__":{"polluted":1}}}')],
    ['__proto__, escaped', JSON.stringify(alert()).replace('}', ',"details":{"\\u005f_proto__":{"polluted":1}}}')],
    [
      'constructor.prototype',
      JSON.stringify(alert()).replace('}', ',"details":{"constructor":{"prototype":{"polluted":1}}}}'),
    ],
    ['a key called __proto__ in a list', '[{"__proto__":{"polluted":1}}]'],
  ])('%s in the body: 400, nothing stored, nothing changed', async (_, body) => {
    const answer = await post(body)
    expect(answer.status).toBe(400)
    expect(await answer.text()).toContain('__proto__')
    expect(front.taken).toEqual([])
    clean()
  })

  test.each(['__proto__[polluted]=1', 'constructor[prototype][polluted]=1', '__proto__.polluted=1', '__proto__=1'])(
    '?%s: 400',
    async (query) => {
      const answer = await fetch(`${front.url}/v1/alerts?${query}`, {
        method: 'POST',
        headers: { ...BEARER, 'content-type': 'application/json' },
        body: JSON.stringify(alert()),
      })
      expect(answer.status).toBe(400)
      expect(front.taken).toEqual([])
      expect((await fetch(`${front.url}/readyz?${query}`)).status).toBe(200)
      clean()
    },
  )

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'a service called %s is none',
    async (service) => {
      expect((await post(JSON.stringify(alert({ service })))).status).toBe(400)
      expect(front.taken).toEqual([])
    },
  )
})

test('A14 guessed addresses of heartbeats: 404, then 429; a beat from the same place is heard all the same', async () => {
  front = await startFront({ behind: { ping: async ({ key }) => (key === 'real' ? 'stored' : 'unknown') } })
  const guess = async (n: number) => fetch(`${front.url}/ping/guess-${n}`)
  const answers = await Promise.all(Array.from({ length: 200 }, (_, n) => guess(n)))
  expect(answers.filter(({ status }) => status === 404)).toHaveLength(60)
  const refused = answers.filter(({ status }) => status === 429)
  expect(refused).toHaveLength(140)
  expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(0)
  expect((await fetch(`${front.url}/ping/real`)).status).toBe(200)
})

describe('A15 tokens of intakes', () => {
  const KEY = '0123456789abcdef0123456789abcdef'
  const known = rules({ services: { webmail: { intake: [intakeDigest(KEY)] } } })
  const group = JSON.stringify({ alerts: [{ status: 'firing', labels: { alertname: 'DiskFull' } }] })
  const to = (path: string, token = '') =>
    fetch(`${front.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      body: group,
    })

  test('missing, short, wrong, or in the query: one answer, and nothing is logged of them', async () => {
    front = await startFront({ behind: { rules: () => known } })
    const path = '/v1/alerts/alertmanager/webmail'
    const answers = [
      await to(path),
      await to(path, KEY.slice(0, 31)),
      await to(path, `${KEY.slice(0, 31)}e`),
      await to(path, `${KEY}0`),
      await to(`${path}?token=${KEY}`),
    ]
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]))
    expect(new Set(await Promise.all(answers.map((answer) => answer.text()))).size).toBe(1)
    expect((await to(`/callback/mailgun/${KEY.slice(0, 31)}`)).status).toBe(404)
    expect((await to(`/callback/mailgun/${KEY}`)).status).toBe(400)
    expect(front.taken).toEqual([])
    expect((await to(path, KEY)).status).toBe(202)
    expect(front.lines.join()).not.toContain(KEY.slice(0, 31))
  })
})

describe('A27 packed bodies', () => {
  test.each(['gzip', 'br', 'deflate', 'gzip, gzip', 'zstd'])('%s: 415, unread', async (encoding) => {
    front = await startFront()
    const answer = await post('\u001f\u008b'.repeat(500), { 'content-encoding': encoding })
    expect(answer.status).toBe(415)
    expect(answer.headers.get('accept-encoding')).toBe('identity')
    expect(front.taken).toEqual([])
    await othersAreFine()
  })
})
