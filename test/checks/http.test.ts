import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { T0 } from '../support/builders.ts'
import { certificates, closeTargets, drip, http, probe, tcp } from '../support/probed.ts'

afterEach(closeTargets)

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
    expect(await probe(url, { expect: { status: expected } })).toEqual({
      at: T0,
      ok,
      saw,
      ms: expect.any(Number),
      phases: expect.any(Object),
    })
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
    expect(await probe(url, { expect: { status: [302] } })).toMatchObject({ ok: true })
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
    const sample = await probe(url, { expect: { bodyContains: wanted } })
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
    expect(await probe(url, { expect: { bodyContains: 'all is well' } })).toMatchObject({ ok: true })
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
    const sample = await probe(url, { expect: { bodyContains: 'the end' } })
    expect(sample).toMatchObject({ ok: false, saw: '200 OK, but the body does not contain "the end"' })
    expect(sample.ms).toBeLessThan(8_000)
    expect(written).toBeLessThan(50e6)
  })

  test('that drips is cut off at the deadline, however alive it looks', async () => {
    const { url } = await http((_, response) => {
      const drip = setInterval(() => response.write('.'), 50)
      response.on('close', () => clearInterval(drip))
      response.writeHead(200)
    })
    const sample = await probe(url, { expect: { bodyContains: 'ok' }, timeoutMs: 500 })
    expect(sample).toMatchObject({ ok: false, saw: 'the answer began, but its body did not end within 0.5 s' })
    expect(sample.ms).toBeGreaterThanOrEqual(450)
    expect(sample.ms).toBeLessThan(8_000)
  })

  test('that nobody asked about is not waited for', async () => {
    const { url } = await http((_, response) => {
      response.writeHead(200)
      response.write('...')
    })
    const sample = await probe(url, { timeoutMs: 30_000 })
    expect(sample).toMatchObject({ ok: true, saw: '200 OK' })
    expect(sample.ms).toBeLessThan(15_000)
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
    expect(sample).toMatchObject({ ok: false, saw: 'connected, but no answer within 0.4 s' })
    expect(sample.ms).toBeLessThan(8_000)
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
    expect(sample.ms).toBeLessThan(8_000)
  })

  test('cut off in the middle of the body that matters', async () => {
    const { url } = await tcp((socket) =>
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello')
        setTimeout(() => socket.destroy(), 30)
      }),
    )
    expect(await probe(url, { expect: { bodyContains: 'world' } })).toMatchObject({
      ok: false,
      saw: 'the connection was closed in the middle of the body',
    })
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
  let made: ReturnType<typeof certificates>
  beforeAll(() => {
    made = certificates()
    return () => made.remove()
  })

  test.for<[what: string, name: string, saw: string]>([
    ['self-signed', 'self', 'the certificate is self-signed'],
    ['expired', 'expired', 'the certificate has expired'],
    ['for another name', 'other', 'the certificate is for another name'],
  ])('%s', async ([, name, saw]) => {
    const { url } = await made.https(name)
    expect(await probe(url)).toMatchObject({ ok: false, saw })
  })

  test('that is well', async () => {
    const { url } = await made.https('good')
    expect(await probe(url, { expect: { bodyContains: 'ok' } })).toMatchObject({ ok: true, saw: '200 OK' })
  })

  test('TLS that never answers is cut off at the deadline', async () => {
    const { port } = await tcp(() => {})
    const sample = await probe(`https://127.0.0.1:${port}/`, { timeoutMs: 400 })
    expect(sample).toMatchObject({ ok: false, saw: 'connected, but no TLS handshake within 0.4 s' })
    expect(sample.ms).toBeLessThan(8_000)
  })

  test('plain HTTP where TLS is expected says so', async () => {
    const { port } = await http((_, response) => response.end())
    const sample = await probe(`https://127.0.0.1:${port}/`)
    expect(sample).toMatchObject({ ok: false, saw: 'what answers there is not TLS' })
  })
})

describe('headers', () => {
  const answering = (headers: Record<string, string | string[]>) =>
    http((_, response) => response.writeHead(200, headers).end())

  test.for<[expected: Record<string, string>, saw: string]>([
    [{ 'x-cache': 'HIT' }, '200 OK'],
    [{ 'set-cookie': 'b=2' }, '200 OK'],
    [{ 'x-cache': 'MISS' }, '200 OK, but the header x-cache does not contain "MISS"'],
    [{ 'x-none': 'a' }, '200 OK, but there is no header x-none'],
    [{ constructor: 'a' }, '200 OK, but there is no header constructor'],
  ])('%j', async ([headers, saw]) => {
    const { url } = await answering({ 'X-Cache': 'HIT from hunter2', 'set-cookie': ['a=1', 'b=2'] })
    expect(await probe(url, { expect: { headers } })).toMatchObject({ ok: saw === '200 OK', saw })
  })

  test('are sent as they are told, with the method and the body, and never shown', async () => {
    const asked: unknown[] = []
    const { url } = await http((request, response) => {
      const { method, headers } = request
      request.setEncoding('utf8').on('data', (body) => asked.push([method, headers.authorization, body]))
      request.on('end', () => response.writeHead(500).end())
    })
    const headers = { authorization: 'Bearer hunter2' }
    const sample = await probe(url, { method: 'POST', headers, body: '{"ping":1}' })
    expect(asked).toEqual([['POST', 'Bearer hunter2', '{"ping":1}']])
    expect(JSON.stringify(sample)).not.toContain('hunter2')
  })

  test('of 4 MB are too many', async () => {
    const { url } = await tcp((socket) =>
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\n')
        for (let n = 0; n < 4_096; n++) socket.write(`X-${n}: ${'y'.repeat(1_000)}\r\n`)
      }),
    )
    const sample = await probe(url)
    expect(sample).toMatchObject({ ok: false, saw: 'the headers of the answer are too large to be read' })
  })

  test('without end are too many', async () => {
    const { url } = await tcp((socket) => {
      const more = () => {
        while (!socket.destroyed && socket.write(`X-A: ${'y'.repeat(1_000)}\r\n`));
        if (!socket.destroyed) socket.once('drain', more)
      }
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\n')
        more()
      })
    })
    expect(await probe(url)).toMatchObject({ ok: false, saw: 'the headers of the answer are too large to be read' })
  })

  test('announced for ever (103) are cut off at the deadline', async () => {
    const { url } = await tcp((socket) => {
      const more = () => {
        while (!socket.destroyed && socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(2_000)));
        if (!socket.destroyed) socket.once('drain', more)
      }
      socket.once('data', more)
    })
    const sample = await probe(url, { timeoutMs: 600 })
    expect(sample.saw).toBe('the answer began, but its headers did not end within 0.6 s')
  })

  test('that drip are cut off at the deadline, which says that they began', async () => {
    const { url } = await tcp((socket) => drip(socket, 'HTTP/1.1 200 OK\r\nX-A: bbbbbbbbbbbbbbbbbbbbbb', 50))
    const sample = await probe(url, { timeoutMs: 600 })
    expect(sample.saw).toBe('the answer began, but its headers did not end within 0.6 s')
  })
})

describe('what the body must be', () => {
  const body = '{"status":"ok","n":3,"on":true,"none":null,"a/b":{"~":[1,"two"]},"x":{"y":1}}'
  const wrong = (what: string) => `200 OK, but ${what}`

  test.for<[what: string, expected: Parameters<typeof probe>[1] & object, saw: string]>([
    ['lacks what it must not say', { expect: { bodyLacks: 'error' } }, '200 OK'],
    ['says what it must not', { expect: { bodyLacks: 'two' } }, wrong('the body contains "two"')],
    ['matches', { expect: { bodyMatches: '"n":[0-9]+' } }, '200 OK'],
    ['does not match', { expect: { bodyMatches: '^ok$' } }, wrong('the body does not match ^ok$')],
    ['JSON: text', { expect: { json: [{ pointer: '/status', equals: 'ok' }] } }, '200 OK'],
    ['JSON: a number', { expect: { json: [{ pointer: '/n', equals: 3 }] } }, '200 OK'],
    ['JSON: nothing', { expect: { json: [{ pointer: '/none', equals: null }] } }, '200 OK'],
    ['JSON: escapes and elements', { expect: { json: [{ pointer: '/a~1b/~0/1', equals: 'two' }] } }, '200 OK'],
    [
      'JSON: another value',
      { expect: { json: [{ pointer: '/n', equals: '3' }] } },
      wrong('/n in the JSON of the body is not "3"'),
    ],
    [
      'JSON: a mapping is no value',
      { expect: { json: [{ pointer: '/x', equals: 1 }] } },
      wrong('/x in the JSON of the body is not 1'),
    ],
    [
      'JSON: not there',
      { expect: { json: [{ pointer: '/constructor', equals: 1 }] } },
      wrong('there is no /constructor in the JSON of the body'),
    ],
  ])('%s', async ([, expected, saw]) => {
    const { url } = await http((_, response) => response.end(body))
    expect(await probe(url, expected)).toMatchObject({ ok: saw === '200 OK', saw })
  })

  test('no JSON, or too much of it, says so', async () => {
    const json = [{ pointer: '/a', equals: 1 }]
    const page = await http((_, response) => response.end('<html>'))
    expect((await probe(page.url, { expect: { json } })).saw).toBe(wrong('the body is no JSON'))
    const large = await http((_, response) => response.end(`{"b":"${'x'.repeat(300_000)}","a":1}`))
    expect((await probe(large.url, { expect: { json } })).saw).toBe(
      wrong('the body has more than 256 kB, too much to be read as JSON'),
    )
  })

  test('a pattern that would take other engines for ever takes milliseconds', async () => {
    const { url } = await http((_, response) => response.end('a'.repeat(256 * 1024)))
    const sample = await probe(url, { expect: { bodyMatches: '^(a+)+$b|(a|aa)*c' } })
    expect(sample.saw).toMatch(/does not match/)
    expect(sample.ms).toBeLessThan(5_000)
  })
})

describe('a pattern that takes seconds after all', () => {
  // Each a may be the one that counts: RE2 has to remember them all.
  const pattern = '(a|b)*a(a|b){200}c'
  const body = `c${Array.from({ length: 250_000 }, (_, n) => 'ab'[Math.trunc(Math.sin(n) * 1e4) & 1]).join('')}`

  test('is cut off, and holds up nothing else', async () => {
    const { url } = await http((_, response) => response.end(body))
    let slowest = 0
    let last = performance.now()
    const beat = setInterval(() => {
      slowest = Math.max(slowest, performance.now() - last)
      last = performance.now()
    }, 5)
    const sample = await probe(url, { expect: { bodyMatches: pattern }, timeoutMs: 400 })
    clearInterval(beat)
    expect(sample.saw).toBe('the body came, but the pattern was not through with it within 0.4 s')
    expect(slowest).toBeLessThan(2_000)
    expect(await probe(url, { expect: { bodyMatches: '^c[ab]' } })).toMatchObject({ ok: true })
  })
})

describe('a packed body', () => {
  const packed = (encoding: string, body: Buffer) =>
    http((_, response) => response.writeHead(200, { 'content-encoding': encoding }).end(body))

  test.for<[encoding: string, pack: (body: string) => Buffer]>([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ])('(%s) is not asked for, and read all the same', async ([encoding, pack]) => {
    const asked: unknown[] = []
    const { url } = await http(({ headers }, response) => {
      asked.push(headers['accept-encoding'])
      response.writeHead(200, { 'content-encoding': encoding }).end(pack('all is well'))
    })
    expect(await probe(url, { expect: { bodyContains: 'is well' } })).toMatchObject({ ok: true, saw: '200 OK' })
    expect(asked).toEqual(['identity'])
  })

  test('that is cut off by the limit is read as far as it goes', async () => {
    // Noise does not shrink: what is packed is longer than what is read.
    const noise = Array.from({ length: 60_000 }, (_, n) => `${Math.sin(n)}`).join('')
    const { url } = await packed('gzip', gzipSync(`begin ${noise}`))
    expect(await probe(url, { expect: { bodyContains: 'begin' } })).toMatchObject({ ok: true })
  })

  test.for<[encoding: string, pack: (body: Buffer) => Buffer]>([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ])('that is a bomb (%s) is one in words, and is never unpacked', async ([encoding, pack]) => {
    const { url } = await packed(encoding, pack(Buffer.alloc(32 * 1024 * 1024)))
    const before = process.memoryUsage().arrayBuffers
    const sample = await probe(url, { expect: { bodyContains: 'ok' } })
    expect(sample).toMatchObject({
      ok: false,
      saw: 'the body is a compression bomb: more than 4 MB come out of it',
    })
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20e6)
  })

  test('that is not what it says, or twice packed, is not guessed at', async () => {
    const asks = { expect: { bodyContains: 'ok' } }
    expect((await probe((await packed('gzip', Buffer.from('plain'))).url, asks)).saw).toBe(
      'the body says that it is gzip, and cannot be unpacked',
    )
    expect((await probe((await packed('gzip, gzip', Buffer.from('plain'))).url, asks)).saw).toBe(
      'the body is packed in a way that was not asked for and is not known',
    )
  })
})

describe('redirects that are followed', () => {
  /** A server that sends from each path to where the table says, and is well everywhere else. */
  const sending = (to: Record<string, string>, status = 302, asked: string[] = []) =>
    http(({ url = '/', method, headers }, response) => {
      asked.push(`${method} ${url} ${headers.authorization ?? '-'}`)
      const location = Object.hasOwn(to, url) ? to[url] : undefined
      response.writeHead(location === undefined ? 200 : status, location === undefined ? {} : { location }).end('ok')
    })

  test('lead to what is judged', async () => {
    const server = await sending({ '/': '/a', '/a': 'b' })
    const follow = { redirects: 'follow', expect: { bodyContains: 'ok' } } as const
    expect(await probe(server.url, follow)).toMatchObject({ ok: true, saw: '200 OK, after 2 redirects' })
    expect(server.connections).toBe(3)
  })

  test('in a loop are named', async () => {
    const { url } = await sending({ '/': '/a', '/a': '/b', '/b': '/a' })
    expect(await probe(url, { redirects: 'follow' })).toMatchObject({
      ok: false,
      saw: 'redirects in a loop, which closes after 3 redirects',
    })
  })

  test('that never end are five', async () => {
    let n = 0
    const server = await http((_, response) => response.writeHead(302, { location: `/${++n}` }).end())
    expect(await probe(server.url, { redirects: 'follow' })).toMatchObject({
      ok: false,
      saw: 'redirects more than 5 times',
    })
    expect(server.connections).toBe(6)
  })

  test('lead nowhere that a probe may not go', async () => {
    const hidden = await tcp(() => {})
    const { url } = await sending({ '/': `http://[::1]:${hidden.port}/`, '/meta': 'http://169.254.169.254/latest' })
    const follow = { redirects: 'follow', allow: ['127.0.0.0/8'] } as const
    expect((await probe(url, follow)).saw).toMatch(/^::1 is a loopback address, and network\.allow_private/)
    expect((await probe(`${url}meta`, follow)).saw).toMatch(/metadata address, which is never probed/)
  })

  test.for(['ftp://127.0.0.1/', 'file:///etc/passwd', 'http://['])('lead to no %s', async (to) => {
    const { url } = await sending({ '/': to })
    expect((await probe(url, { redirects: 'follow' })).saw).toBe('redirects to what is no http or https URL')
  })

  test('take what is sent along nowhere else', async () => {
    const there: string[] = []
    const here: string[] = []
    const other = await sending({}, 200, there)
    const { url } = await sending({ '/': '/same', '/same': other.url }, 307, here)
    const sent = { redirects: 'follow', headers: { authorization: 'hunter2' } } as const
    expect(await probe(url, sent)).toMatchObject({ ok: true })
    expect(here).toEqual(['GET / hunter2', 'GET /same hunter2'])
    expect(there).toEqual(['GET / -'])
    expect((await probe(url, { ...sent, method: 'POST', body: 'secret' })).saw).toBe(
      'redirects to another host, where what it is sent would go',
    )
  })

  test('never go back from https to http', async () => {
    const made = certificates()
    const plain = await http((_, response) => response.end())
    const secure = await made.https('good', (_, response) => response.writeHead(301, { location: plain.url }).end())
    expect((await probe(secure.url, { redirects: 'follow' })).saw).toBe('redirects from https to http')
    expect(plain.connections).toBe(0)
    const up = await made.https('good')
    const upwards = await sending({ '/': up.url })
    expect(await probe(upwards.url, { redirects: 'follow' })).toMatchObject({ ok: true })
    made.remove()
  })

  test('make a GET of a POST, as browsers do', async () => {
    const asked: string[] = []
    const { url } = await sending({ '/': '/a' }, 303, asked)
    expect(await probe(url, { redirects: 'follow', method: 'POST', body: 'x' })).toMatchObject({ ok: true })
    expect(asked).toEqual(['POST / -', 'GET /a -'])
  })
})

describe('how long each part took', () => {
  test('is kept', async () => {
    const { url } = await http(async (_, response) => {
      await new Promise((resolve) => setTimeout(resolve, 120))
      response.write('o')
      setTimeout(() => response.end('k'), 120)
    })
    const { phases, ms } = await probe(url.replace('127.0.0.1', 'localhost'), { expect: { bodyContains: 'ok' } })
    const parts = { dnsMs: expect.any(Number), connectMs: expect.any(Number), firstByteMs: expect.any(Number) }
    expect(phases).toEqual({ ...parts, totalMs: ms })
    expect(phases?.firstByteMs).toBeGreaterThanOrEqual(110)
    expect(phases?.firstByteMs).toBeLessThan(ms - 100)
  })

  test('ends with the part that was never over', async () => {
    const { url } = await tcp(() => {})
    const { phases } = await probe(url, { timeoutMs: 300 })
    expect(phases?.firstByteMs).toBeGreaterThan(250)
    const { port } = await tcp(() => {})
    const secure = await probe(`https://127.0.0.1:${port}/`, { timeoutMs: 300 })
    expect(secure.phases?.tlsMs).toBeGreaterThan(250)
    expect(secure.phases).not.toHaveProperty('firstByteMs')
  })
})

describe('the family of addresses', () => {
  test('may be chosen', async () => {
    const server = await http((_, response) => response.end(), '::1')
    const named = server.url.replace('[::1]', 'localhost')
    expect(await probe(named)).toMatchObject({ ok: true })
    expect(await probe(named, { ip: 6 })).toMatchObject({ ok: true })
    expect(await probe(named, { ip: 4 })).toMatchObject({ ok: false, saw: 'connection refused' })
  })
})

describe('a connection that is only half there', () => {
  test('is no answer, and is closed by us', async () => {
    const { url } = await tcp((socket) => socket.end(), true)
    expect(await probe(url)).toMatchObject({ ok: false, saw: 'the connection was closed before the answer came' })
  })

  test('one byte a second is cut off at the deadline', async () => {
    const { url } = await tcp((socket) => drip(socket, 'HTTP/1.1 200 OK\r\n'))
    const sample = await probe(url, { timeoutMs: 1_500 })
    expect(sample.saw).toBe('the answer began, but its headers did not end within 1.5 s')
  })
})
