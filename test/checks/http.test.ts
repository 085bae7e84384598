import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { checkTarget } from '../../src/checks/check.ts'
import { machine } from '../../src/clock.ts'
import type { HttpProbe, Rules } from '../../src/domain/rules.ts'
import { rules, T0 } from '../support/builders.ts'

/** A check, and with it that its result comes when it says: nothing is waited for after the deadline. */
const check: ReturnType<typeof checkTarget> = async (...what) => {
  const startedAt = performance.now()
  const sample = await checkTarget(machine.elapsed)(...what)
  expect(performance.now() - startedAt).toBeLessThan(what[0].timeoutMs + 1_000)
  return sample
}
const LOOPBACK = ['127.0.0.0/8', '::1/128']

const cleanUp: (() => unknown)[] = []
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step()
})

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
    socket.on('error', () => {})
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

const http = (answer: RequestListener, host = '127.0.0.1') => listening(createServer(answer), 'http', host)
const tcp = (begin: (socket: Socket) => void) => listening(createTcpServer(begin), 'http', '127.0.0.1')

interface Ask {
  status?: number[]
  bodyContains?: string | null
  timeoutMs?: number
  allow?: string[]
}

function probe(url: string, { status = [], bodyContains = null, timeoutMs = 3_000, allow = LOOPBACK }: Ask = {}) {
  const monitor: HttpProbe = {
    name: 'home',
    service: 'webmail',
    kind: 'http',
    severity: 'critical',
    url,
    everyMs: 30_000,
    timeoutMs,
    failAfter: 2,
    recoverAfter: 2,
    expect: { status, bodyContains },
  }
  const by: Rules = { ...rules(), allowPrivate: allow }
  return check(monitor, by, T0)
}

describe('the status', () => {
  test.for<[answered: number, expected: number[], ok: boolean, saw: string]>([
    [200, [], true, '200 OK'],
    [204, [], true, '204 No Content'],
    [200, [200], true, '200 OK'],
    [401, [200, 401], true, '401 Unauthorized'],
    [503, [], false, '503 Service Unavailable (expected 2xx)'],
    [204, [200], false, '204 No Content (expected 200)'],
    [404, [200, 401], false, '404 Not Found (expected 200 or 401)'],
    [200, [503], false, '200 OK (expected 503)'],
    [599, [], false, '599 (expected 2xx)'],
  ])('%i where %j is expected: %s', async ([answered, expected, ok, saw]) => {
    const { url } = await http((_, response) => response.writeHead(answered).end())
    expect(await probe(url, { status: expected })).toEqual({ at: T0, ok, saw, ms: expect.any(Number) })
  })

  test('is asked for at the path and with the query of the address', async () => {
    const asked: string[] = []
    const { url } = await http(({ url: path, headers, method }, response) => {
      asked.push(`${method} ${path} ${headers['user-agent']} ${headers.connection}`)
      response.end()
    })
    expect((await probe(`${url}health/deep?full=1&x=%20`)).ok).toBe(true)
    expect(asked).toEqual(['GET /health/deep?full=1&x=%20 Watchbill close'])
  })

  test('of a redirect is what is seen: it is not followed', async () => {
    const elsewhere = await http((_, response) => response.end('here'))
    const { url } = await http((_, response) => response.writeHead(302, { location: elsewhere.url }).end())
    expect(await probe(url)).toMatchObject({ ok: false, saw: '302 Found (expected 2xx)' })
    expect(await probe(url, { status: [302] })).toMatchObject({ ok: true })
    expect(elsewhere.connections).toBe(0)
  })

  test('is asked on a new connection each time', async () => {
    const server = await http((_, response) => response.end())
    for (let n = 0; n < 3; n++) await probe(server.url)
    expect(server.connections).toBe(3)
  })
})

describe('the body', () => {
  test.for<[what: string, body: string, wanted: string, ok: boolean]>([
    ['that contains what is expected', '{"status":"ok"}', '"ok"', true],
    ['that does not', 'maintenance: password hunter2', '"ok"', false],
    ['that is empty', '', 'ok', false],
    ['with letters of several bytes', 'grüezi mitenand', 'üez', true],
  ])('%s', async ([, body, wanted, ok]) => {
    const { url } = await http((_, response) => response.end(body))
    const sample = await probe(url, { bodyContains: wanted })
    expect(sample.ok).toBe(ok)
    expect(sample.saw).toBe(ok ? '200 OK' : `200 OK, but the body does not contain "${wanted}"`)
    // What it says instead may be secret.
    expect(sample.saw).not.toContain('hunter2')
  })

  test('in pieces is put together', async () => {
    const { url } = await http(async (_, response) => {
      for (const piece of ['al', 'l is', ' well']) {
        response.write(piece)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      response.end()
    })
    expect(await probe(url, { bodyContains: 'all is well' })).toMatchObject({ ok: true })
  })

  test('that never ends is read to a limit, fast', async () => {
    let written = 0
    const { url } = await http((_, response) => {
      const piece = Buffer.alloc(64 * 1024, 'x')
      const more = () => {
        while (!response.destroyed && written < 1e9) {
          written += piece.length
          if (!response.write(piece)) return response.once('drain', more)
        }
        return response
      }
      more()
    })
    const sample = await probe(url, { bodyContains: 'the end' })
    expect(sample).toMatchObject({ ok: false, saw: '200 OK, but the body does not contain "the end"' })
    expect(sample.ms).toBeLessThan(1_500)
    expect(written).toBeLessThan(50e6)
  })

  test('that drips is cut off at the deadline, however alive it looks', async () => {
    const { url } = await http((_, response) => {
      const drip = setInterval(() => response.write('.'), 50)
      response.on('close', () => clearInterval(drip))
      response.writeHead(200)
    })
    const sample = await probe(url, { bodyContains: 'ok', timeoutMs: 500 })
    expect(sample).toMatchObject({ ok: false, saw: 'no answer within 0.5 s' })
    expect(sample.ms).toBeGreaterThanOrEqual(450)
    expect(sample.ms).toBeLessThan(1_500)
  })

  test('that nobody asked about is not waited for', async () => {
    const { url } = await http((_, response) => {
      response.writeHead(200)
      response.write('...')
    })
    const sample = await probe(url, { timeoutMs: 2_000 })
    expect(sample).toMatchObject({ ok: true, saw: '200 OK' })
    expect(sample.ms).toBeLessThan(1_000)
  })
})

describe('a target that is not well is a result', () => {
  test('refused', async () => {
    const server = createTcpServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    expect(await probe(`http://127.0.0.1:${port}/`)).toMatchObject({ ok: false, saw: 'connection refused', at: T0 })
  })

  test('reset', async () => {
    const { url } = await tcp((socket) => socket.once('data', () => socket.resetAndDestroy()))
    const { ok, saw } = await probe(url)
    expect(ok).toBe(false)
    expect(saw).toMatch(/^(connection reset|the connection was closed before the answer came)$/)
  })

  test('closed without an answer', async () => {
    const { url } = await tcp((socket) => socket.once('data', () => socket.end()))
    expect(await probe(url)).toMatchObject({ ok: false, saw: 'the connection was closed before the answer came' })
  })

  test('silent: cut off at the deadline', async () => {
    const { url } = await tcp(() => {})
    const sample = await probe(url, { timeoutMs: 400 })
    expect(sample).toMatchObject({ ok: false, saw: 'no answer within 0.4 s' })
    expect(sample.ms).toBeLessThan(1_400)
  })

  test.for<[what: string, answer: string]>([
    ['no HTTP', 'SSH-2.0-OpenSSH_9.9\r\n'],
    ['half a header', 'HTTP/1.1 200 OK\r\nContent-Le'],
    ['an impossible length', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n'],
    ['headers without end', `HTTP/1.1 200 OK\r\n${'X-A: b\r\n'.repeat(20_000)}`],
  ])('speaking %s', async ([, answer]) => {
    const { url } = await tcp((socket) => socket.once('data', () => socket.end(answer)))
    const sample = await probe(url)
    expect(sample.ok).toBe(false)
    expect(sample.saw).not.toBe('')
    expect(sample.ms).toBeLessThan(2_500)
  })

  test('cut off in the middle of the body that matters', async () => {
    const { url } = await tcp((socket) =>
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello')
        setTimeout(() => socket.destroy(), 30)
      }),
    )
    expect((await probe(url, { bodyContains: 'world' })).ok).toBe(false)
  })

  test('under a name that does not resolve', async () => {
    const sample = await probe('http://does-not-exist.invalid/', { timeoutMs: 8_000 })
    expect(sample.ok).toBe(false)
    expect(sample.saw).toMatch(/^(the name does not resolve|the name has no address|the name server does not answer)$/)
  })
})

describe('an address that is not allowed', () => {
  test.for<[what: string, host: string]>([
    ['loopback', '127.0.0.1'],
    ['loopback by name', 'localhost'],
    ['loopback as a number', '2130706433'],
    ['loopback, short', '127.1'],
    ['loopback in octal', '0177.0.0.1'],
    ['loopback in hex', '0x7f000001'],
    ['loopback dressed as IPv6', '[::ffff:127.0.0.1]'],
    ['any address of this machine', '0.0.0.0'],
  ])('%s is refused before a byte is sent, also under TLS', async ([, host]) => {
    const server = await tcp(() => {})
    for (const scheme of ['http', 'https']) {
      const sample = await probe(`${scheme}://${host}:${server.port}/`, { allow: [] })
      expect(sample.ok).toBe(false)
      expect(sample.saw, scheme).toMatch(/is a .* address, and network\.allow_private does not list it/)
    }
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(server.bytes).toBe(0)
  })

  test('of IPv6 is refused likewise, unless it is listed', async () => {
    const server = await http((_, response) => response.end(), '::1')
    expect(await probe(server.url, { allow: ['127.0.0.0/8'] })).toMatchObject({ ok: false })
    expect(server.bytes).toBe(0)
    expect(await probe(server.url, { allow: ['::1/128'] })).toMatchObject({ ok: true })
  })

  test.for(['169.254.169.254', '100.100.100.200', '[fd00:ec2::254]', '[::ffff:169.254.169.254]'])(
    'because clouds keep credentials there (%s) is refused, whatever is allowed',
    async (host) => {
      const sample = await probe(`http://${host}/latest/meta-data`, { allow: ['0.0.0.0/0', '::/0'], timeoutMs: 1_500 })
      expect(sample).toMatchObject({ ok: false, saw: expect.stringMatching(/metadata address, which is never probed/) })
    },
  )

  test('is allowed where the range lists it', async () => {
    const server = await http((_, response) => response.end())
    expect(await probe(server.url, { allow: ['10.0.0.0/8', '127.0.0.1/32'] })).toMatchObject({ ok: true })
    expect(await probe(server.url, { allow: ['10.0.0.0/8', '::1/128'] })).toMatchObject({ ok: false })
    expect(await probe(`http://localhost:${server.port}/`)).toMatchObject({ ok: true })
  })
})

describe('certificates', () => {
  let folder = ''
  const file = (name: string) => join(folder, name)
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'watchbill-tls-'))
    const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
    openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Test CA', '-days', '2')
    const issue = (name: string, subject: string, ...validity: string[]) => {
      openssl(
        'req',
        ...key,
        '-keyout',
        `${name}.key`,
        '-out',
        `${name}.csr`,
        '-subj',
        '/CN=test',
        '-addext',
        `subjectAltName=${subject}`,
      )
      const signed = [
        '-CA',
        'ca.pem',
        '-CAkey',
        'ca.key',
        '-CAcreateserial',
        '-copy_extensions',
        'copy',
        '-out',
        `${name}.pem`,
      ]
      openssl('x509', '-req', '-in', `${name}.csr`, ...signed, ...validity)
    }
    issue('other', 'DNS:other.test', '-days', '2')
    openssl(
      'req',
      '-x509',
      ...key,
      '-keyout',
      'self.key',
      '-out',
      'self.pem',
      '-subj',
      '/CN=x',
      '-addext',
      'subjectAltName=IP:127.0.0.1',
      '-days',
      '2',
    )
    issue('expired', 'IP:127.0.0.1', '-days', '-1')
    issue('good', 'IP:127.0.0.1', '-days', '2')
    // The authority is ours for this process: of it, only what is wrong with the certificate itself is left.
    setDefaultCACertificates([...getCACertificates('default'), readFileSync(file('ca.pem'), 'utf8')])
    return () => rmSync(folder, { recursive: true, force: true })
  })

  async function tls(name: string): Promise<Served> {
    const server = createTlsServer(
      { key: readFileSync(file(`${name}.key`)), cert: readFileSync(file(`${name}.pem`)) },
      (_, response) => response.end('ok'),
    )
    server.on('tlsClientError', () => {})
    return listening(server, 'https', '127.0.0.1')
  }

  test.for<[what: string, name: string, saw: string]>([
    ['self-signed', 'self', 'the certificate is self-signed'],
    ['expired', 'expired', 'the certificate has expired'],
    ['for another name', 'other', 'the certificate is for another name'],
  ])('%s', async ([, name, saw]) => {
    const { url } = await tls(name)
    expect(await probe(url)).toMatchObject({ ok: false, saw })
  })

  test('that is well', async () => {
    const { url } = await tls('good')
    expect(await probe(url, { bodyContains: 'ok' })).toMatchObject({ ok: true, saw: '200 OK' })
  })

  test('TLS that never answers is cut off at the deadline', async () => {
    const { port } = await tcp(() => {})
    const sample = await probe(`https://127.0.0.1:${port}/`, { timeoutMs: 400 })
    expect(sample).toMatchObject({ ok: false, saw: 'no answer within 0.4 s' })
    expect(sample.ms).toBeLessThan(1_400)
  })

  test('plain HTTP where TLS is expected says so', async () => {
    const { port } = await http((_, response) => response.end())
    const sample = await probe(`https://127.0.0.1:${port}/`)
    expect(sample.ok).toBe(false)
    expect(sample.saw).not.toBe('')
  })
})
