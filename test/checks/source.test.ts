import type { RequestListener } from 'node:http'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { checkTarget } from '../../src/checks/check.ts'
import type { Met } from '../../src/checks/look.ts'
import { readNames } from '../../src/checks/source.ts'
import { machine } from '../../src/clock.ts'
import type { NamesRead } from '../../src/deps.ts'
import type { NameSource } from '../../src/domain/detect/name-source.ts'
import { T0 } from '../support/builders.ts'
import { allowing, certificates, closeTargets, drip, http, httpMonitor, LOOPBACK, probed } from '../support/probed.ts'
import { a, mx, soa, type ZoneServer, zoneServer } from '../support/zone-server.ts'

const ZONE = 'example-mail.test'
const SECRET = Buffer.from('a secret of thirty-two bytes !!!').toString('base64')
const KEY = { name: 'watchbill', algorithm: 'hmac-sha256', secret: SECRET } as const

/** A sick source must not take a test's time. */
const read = readNames(machine.now, 1_000)
const patient = readNames(machine.now, 30_000)
const around = { allowPrivate: LOOPBACK, validators: null, at: T0 }
const names = (said: NamesRead) => (said.outcome === 'read' ? said.names.map(({ name }) => name) : said)
const why = (said: NamesRead) => (said.outcome === 'failed' ? said.why : said)

let zone: ZoneServer | null = null
afterEach(async () => {
  await zone?.close()
  zone = null
  await closeTargets()
})

describe('a zone that is transferred', () => {
  const records = [a(`www.${ZONE}`), a(`hidden.${ZONE}`), mx(ZONE, `mx1.${ZONE}`)]
  const WHOLE = [[soa(ZONE), ...records.slice(0, 1)], records.slice(1), [soa(ZONE)]]
  const transfer = async (
    options: Partial<Parameters<typeof zoneServer>[0]>,
    tsig: typeof KEY | null = null,
    by = read,
  ) => {
    zone = await zoneServer({ messages: WHOLE, ...options })
    const source: NameSource = { kind: 'axfr', id: 'x', server: zone.server, zone: ZONE, tsig }
    return by(source, around)
  }

  test('says all its names, over several messages, and which of them take mail', async () => {
    expect(await transfer({})).toEqual({
      outcome: 'read',
      names: [
        { name: `www.${ZONE}`, role: 'host' },
        { name: `hidden.${ZONE}`, role: 'host' },
        { name: `mx1.${ZONE}`, role: 'mail' },
      ],
      problems: [],
      validators: null,
    })
    expect(zone?.questions).toEqual([{ zone: ZONE, signed: false }])
  })

  test.each([
    ['each message', []],
    ['not each message', [1]],
  ])('with a key, where the server signs %s', async (_, unsigned) => {
    expect(names(await transfer({ key: KEY, unsigned }, KEY))).toHaveLength(3)
    expect(zone?.questions).toEqual([{ zone: ZONE, signed: true }])
  })

  const late = () => machine.now() / 1_000 - 3_600
  test.each<[string, Partial<Parameters<typeof zoneServer>[0]>, typeof KEY | null, string]>([
    ['refuses', { messages: [[]], rcode: 5 }, null, 'refuses the transfer (REFUSED)'],
    ['has no such zone', { messages: [[]], rcode: 9 }, null, 'is not in charge of the zone'],
    ['cannot serve it', { messages: [[]], rcode: 2 }, null, '(SERVFAIL)'],
    ['answers with nothing', { messages: [[]] }, null, 'answers without the zone'],
    [
      'sends another zone',
      { messages: [[soa('other.test'), soa('other.test')]] },
      null,
      'something else than the zone',
    ],
    ['breaks off', { messages: WHOLE.slice(0, 2) }, null, 'broke off in the middle of the zone'],
    ['never answers', { instead: () => {} }, null, 'did not end within 1 s'],
    ['answers a byte at a time', { instead: (socket) => drip(socket, 'aaaa', 50) }, null, 'did not end within 1 s'],
    ['speaks HTTP', { instead: (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n') }, null, 'broke off'],
    ['has another secret', { key: { ...KEY, secret: 'AAAA' } }, KEY, 'BADSIG'],
    ['does not sign', {}, KEY, 'without a signature'],
    ['ends without a signature', { key: KEY, unsigned: [1, 2] }, KEY, 'ends without a signature'],
    ['was changed on the way', { key: KEY, tamper: flipped }, KEY, 'a signature that is wrong'],
    ['signed long ago', { key: KEY, now: late }, KEY, 'the clocks of the two machines differ'],
  ])('is none where the server %s', async (_, options, tsig, sentence) => {
    expect(why(await transfer(options, tsig))).toContain(sentence)
  })

  test('has a size: one without an end is given up', async () => {
    const text = { type: 'TXT' as const, name: ZONE, data: Array.from({ length: 200 }, () => 'x'.repeat(250)) }
    const messages = [[soa(ZONE)], ...Array.from({ length: 350 }, () => [text])]
    expect(why(await transfer({ messages }, null, patient))).toBe('has more than 16 MB')
  })

  test('is asked for nowhere but at addresses that may be reached', async () => {
    zone = await zoneServer({ messages: WHOLE })
    const source: NameSource = { kind: 'axfr', id: 'x', server: zone.server, zone: ZONE, tsig: null }
    expect(why(await read(source, { ...around, allowPrivate: [] }))).toContain('network.allow_private does not list it')
    expect(zone.questions).toEqual([])
  })
})

/** Another address in what was signed. */
function flipped(message: Buffer, n: number): Buffer {
  const at = n === 1 ? message.indexOf(Buffer.from([192, 0, 2, 1])) : -1
  if (at >= 0) message.writeUInt8(2, at + 3)
  return message
}

describe('certificate transparency', () => {
  const certificate = (name_value: string, days = 30) => ({
    ...{ issuer_ca_id: 1, common_name: name_value.split('\n')[0], name_value, serial_number: '0' },
    ...{ not_before: '2026-01-01T00:00:00', not_after: new Date(T0 + days * 86_400_000).toISOString().slice(0, 19) },
  })
  const search = async (answer: RequestListener, validators: Record<string, string> | null = null) => {
    const { url } = await http(answer)
    return read({ kind: 'ct', id: 'x', url, domain: ZONE }, { ...around, validators })
  }

  test('has every name on certificates that are valid, and nobody else’s', async () => {
    const asked: string[] = []
    const said = await search((request, response) => {
      asked.push(request.url ?? '')
      response
        .setHeader('etag', '"a"')
        .end(
          JSON.stringify([
            certificate(`shop.${ZONE}\nWWW.${ZONE}`),
            certificate(`*.apps.${ZONE}\nneighbour.test\nsomebody@${ZONE}\nnot${ZONE}`),
            certificate(`gone.${ZONE}`, -1),
            certificate(`shop.${ZONE}`),
          ]),
        )
    })
    expect(names(said)).toEqual([`shop.${ZONE}`, `www.${ZONE}`, `*.apps.${ZONE}`])
    expect(said).toMatchObject({ problems: [], validators: { 'if-none-match': '"a"' } })
    expect(asked).toEqual(['/?q=%25.example-mail.test&output=json'])
  })

  test('is asked for what is new', async () => {
    const said = await search(
      (request, response) => {
        response.statusCode = request.headers['if-none-match'] === '"a"' ? 304 : 200
        response.end()
      },
      { 'if-none-match': '"a"' },
    )
    expect(said).toEqual({ outcome: 'unchanged' })
  })

  const well = JSON.stringify([certificate(`shop.${ZONE}`), certificate(`www.${ZONE}`)])
  const ended =
    (status: number, body: string, type = 'application/json'): RequestListener =>
    (_, response) => {
      response.writeHead(status, { 'content-type': type }).end(body)
    }
  test.each<[string, RequestListener, string]>([
    ['502', ended(502, '<html>Bad Gateway</html>', 'text/html'), 'answers 502 Bad Gateway'],
    ['a page under 200', ended(200, '\n<!DOCTYPE html><html>'), 'answers with a web page instead of JSON'],
    ['NDJSON', ended(200, '{"name_value":"a"}\n{"name_value":"b"}\n'), 'NDJSON'],
    ['half an answer', ended(200, well.slice(0, -20)), 'answers with JSON that breaks off'],
    ['words', ended(200, 'come back later'), 'something that is no JSON'],
    ['nothing', ended(200, ''), 'something that is no JSON'],
    ['other JSON', ended(200, '{"error":"busy"}'), 'no list of certificates'],
    ['a redirect', (_, response) => response.writeHead(302, { location: '/x' }).end(), 'answers 302 Found'],
    ['a connection that closes', (_, response) => response.destroy(), 'the connection was closed'],
    ['no answer at all', () => {}, 'did not end within 1 s'],
    [
      'a byte at a time',
      (_, response) => {
        const timer = setInterval(() => response.write('['), 50)
        response.on('close', () => clearInterval(timer))
      },
      'did not end within 1 s',
    ],
    ['304 to whom it gave nothing', ended(304, ''), 'answers 304'],
  ])('that answers with %s is a problem with a name', async (_, answer, sentence) => {
    expect(why(await search(answer))).toContain(sentence)
  })

  test('has a size', async () => {
    const chunk = Buffer.alloc(1024 * 1024, ' ')
    const said = await search((_, response) => {
      for (let n = 0; n < 10; n++) response.write(chunk)
      response.end('[]')
    })
    expect(why(said)).toBe('answers with more than 8 MB')
  })
})

describe('a probe meets', () => {
  let ca: ReturnType<typeof certificates>
  beforeAll(() => {
    ca = certificates()
  })
  afterAll(() => ca.remove())
  const meeting = async (monitor: Parameters<ReturnType<typeof checkTarget>>[0]) => {
    const met: Met[] = []
    await checkTarget(machine.elapsed, undefined, (each) => met.push(each))(monitor, allowing(LOOPBACK), T0)
    return met.map((each) => (each.kind === 'redirect' ? each.host : each.certificate.subjectAltName))
  }
  const SAN = 'IP Address:127.0.0.1, DNS:mail.test, DNS:*.wild.test'

  test('the names of the certificate, whatever it looks for there', async () => {
    const web = await ca.https('good')
    expect(await meeting(httpMonitor(web.url))).toEqual([SAN])
    const bare = await ca.tls(ca.served('good'))
    const tls = { kind: 'tls' as const, host: '127.0.0.1', port: bare.port, ip: null, starttls: null }
    expect(await meeting({ ...probed, ...tls, daysLeft: 1, names: [], protocol: 'TLSv1.2' })).toEqual([SAN])
  })

  test('where it is sent, followed or not', async () => {
    const { url } = await http((_, response) => response.writeHead(302, { location: 'http://sent.mail.test/' }).end())
    expect(await meeting(httpMonitor(url))).toEqual(['sent.mail.test'])
    const near = await http((request, response) =>
      request.url === '/' ? response.writeHead(301, { location: '/home' }).end() : response.end('ok'),
    )
    expect(await meeting(httpMonitor(near.url, { redirects: 'follow' }))).toEqual(['127.0.0.1'])
  })
})
