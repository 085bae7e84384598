import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { TlsProbe } from '../../src/domain/rules.ts'
import { T0 } from '../support/builders.ts'
import { allowing, certificates, check, closeTargets, drip, http, LOOPBACK, probed, tcp } from '../support/probed.ts'

const DAY = 86_400_000

let made: ReturnType<typeof certificates>
/** The certificates are of today, and days are counted from the watch's now. */
let now = T0
beforeAll(() => {
  made = certificates()
  now = Date.now()
  return () => made.remove()
})
afterEach(closeTargets)

const look = (port: number, more: Partial<TlsProbe> = {}, at = now) => {
  const monitor: TlsProbe = {
    ...probed,
    ...{ kind: 'tls', host: '127.0.0.1', port, ip: null, starttls: null },
    ...{ daysLeft: 14, names: [], protocol: 'TLSv1.2' },
    ...more,
  }
  return check(monitor, allowing(LOOPBACK), at)
}

describe('a certificate', () => {
  test('that is well says for how long, and by which version', async () => {
    const { port } = await made.tls(made.served('good'))
    const sample = await look(port)
    expect(sample).toMatchObject({
      ok: true,
      saw: expect.stringMatching(/^the certificate is valid for (89|90) days more \(TLSv1\.3\)$/),
    })
    expect(sample.phases).toEqual({ connectMs: expect.any(Number), tlsMs: expect.any(Number), totalMs: sample.ms })
  })

  test('that ends soon is not well', async () => {
    const { port } = await made.tls(made.served('good'))
    const sample = await look(port, {}, now + 80 * DAY)
    expect(sample).toMatchObject({ ok: false, saw: expect.stringMatching(/valid for 9 days more .*, less than 14$/) })
  })

  test('counts with its whole chain: the first that ends is named', async () => {
    const { port } = await made.tls(made.served('below', 'between'))
    const sample = await look(port, { daysLeft: 30 })
    expect(sample.ok).toBe(false)
    expect(sample.saw).toMatch(
      /^the certificate of the authority "Between" is valid for (19|20) days more \(TLSv1\.3\), less than 30$/,
    )
    expect((await look(port)).ok).toBe(true)
  })

  test.for<[what: string, name: string, saw: string]>([
    ['expired', 'expired', 'the certificate has expired'],
    ['self-signed', 'self', 'the certificate is self-signed'],
    ['for another name', 'other', 'the certificate is for another name'],
    ['without what vouches for it', 'below', 'the certificate chain is incomplete'],
  ])('%s', async ([, name, saw]) => {
    const { port } = await made.tls(made.served(name))
    expect(await look(port)).toMatchObject({ ok: false, saw })
  })

  test('must be for every name that is expected', async () => {
    const { port } = await made.tls(made.served('good'))
    expect(await look(port, { names: ['mail.test', 'a.wild.test'] })).toMatchObject({ ok: true })
    expect((await look(port, { names: ['mail.test', 'a.b.wild.test', 'www.test'] })).saw).toBe(
      'the certificate is not valid for a.b.wild.test, www.test',
    )
  })
})

describe('the version', () => {
  test('that is too old is named', async () => {
    const { port } = await made.tls({ ...made.served('good'), maxVersion: 'TLSv1.2' })
    expect(await look(port)).toMatchObject({ ok: true })
    expect(await look(port, { protocol: 'TLSv1.3' })).toMatchObject({
      ok: false,
      saw: 'the target speaks TLSv1.2, and at least TLSv1.3 is expected',
    })
  })

  test('that nobody should use any more is none', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const
    const { port } = await made.tls({ ...made.served('good'), ...old })
    expect((await look(port)).saw).toMatch(/^no version of TLS in common/)
  })
})

describe('a target that is not well is a result', () => {
  test('no TLS at all', async () => {
    const { port } = await http((_, response) => response.end())
    expect((await look(port)).saw).toBe('what answers there is not TLS')
    const talker = await tcp((socket) => socket.write('220 mail.test ESMTP\r\n'))
    expect((await look(talker.port)).saw).toBe('what answers there is not TLS')
  })

  test('a handshake that stalls', async () => {
    const { port } = await tcp(() => {})
    expect((await look(port, { timeoutMs: 400 })).saw).toBe('connected, but no TLS handshake within 0.4 s')
  })

  test('one byte a second', async () => {
    // The beginning of a record of the handshake, as long as records can be.
    const { port } = await tcp((socket) => drip(socket, '\x16\x03\x03\x3f\x00'))
    expect((await look(port, { timeoutMs: 1_500 })).saw).toBe('connected, but no TLS handshake within 1.5 s')
  })

  test('closed in the middle, or half', async () => {
    for (const target of [
      await tcp((socket) => socket.once('data', () => socket.destroy())),
      await tcp((socket) => socket.end(), true),
    ])
      expect((await look(target.port)).saw).toBe('the connection was closed during the handshake')
  })
})

/** A server that says these lines, each when it has heard one, and then TLS. */
const mail = (lines: string[]) =>
  tcp((socket: Socket) => {
    const [greeting = '', ...answers] = lines
    if (greeting !== '') socket.write(greeting)
    const hear = (heard: Buffer) => {
      const answer = heard[0] === 0x16 ? undefined : answers.shift()
      if (answer === undefined) return
      if (answers.length > 0) return void socket.write(answer)
      socket.off('data', hear)
      socket.removeAllListeners('data')
      socket.write(answer)
      new TLSSocket(socket, { isServer: true, ...made.served('good') }).on('error', () => {}).resume()
    }
    socket.on('data', hear)
  })

describe('STARTTLS', () => {
  test('of SMTP: the certificate behind it is looked at', async () => {
    const { port } = await mail([
      '220 mail.test ESMTP\r\n',
      '250-mail.test\r\n250-SIZE 1\r\n250 STARTTLS\r\n',
      '220 go\r\n',
    ])
    expect(await look(port, { starttls: 'smtp' })).toMatchObject({
      ok: true,
      saw: expect.stringMatching(/^the certificate is valid/),
    })
  })

  test('of IMAP likewise', async () => {
    const { port } = await mail(['* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n', '* CAPABILITY X\r\nw1 OK begin\r\n'])
    expect(await look(port, { starttls: 'imap' })).toMatchObject({
      ok: true,
      saw: expect.stringMatching(/^the certificate is valid/),
    })
  })

  test.for<[what: string, protocol: 'smtp' | 'imap', lines: string[], saw: string]>([
    ['not offered', 'smtp', ['220 a\r\n', '250 mail.test\r\n', ''], 'the server does not offer STARTTLS'],
    [
      'refused',
      'smtp',
      ['220 a\r\n', '250 STARTTLS\r\n', '454 not now\r\n', ''],
      'the answer to STARTTLS is "454 not now"',
    ],
    ['too busy', 'smtp', ['554 go away\r\n', ''], 'the greeting is "554 go away"'],
    ['another protocol', 'smtp', ['SSH-2.0-x\r\n', ''], 'what answers there is not SMTP'],
    ['another protocol', 'imap', ['220 a\r\n', ''], 'what answers there is not IMAP'],
    ['refused', 'imap', ['* OK a\r\n', 'w1 BAD what\r\n', ''], 'the answer to STARTTLS is "w1 BAD what"'],
    [
      'with words put in before the encryption',
      'smtp',
      ['220 a\r\n', '250 STARTTLS\r\n', '220 go\r\n250 injected\r\n', ''],
      'the server went on talking in the clear after it agreed to STARTTLS',
    ],
    ['a line without end', 'smtp', [`220 ${'x'.repeat(64 * 1024)}`, ''], 'the greeting does not end'],
  ])('%s (%s)', async ([, starttls, lines, saw]) => {
    const { port } = await mail(lines)
    expect(await look(port, { starttls })).toMatchObject({ ok: false, saw })
  })

  test('that nobody answers is cut off at the deadline', async () => {
    const { port } = await tcp(() => {})
    expect((await look(port, { starttls: 'smtp', timeoutMs: 400 })).saw).toBe(
      'connected, but STARTTLS was not agreed on within 0.4 s',
    )
  })
})
