import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { reach } from '../../src/checks/reach.ts'
import type { Notice } from '../../src/deps.ts'
import { BY_DEFAULT, type Notify } from '../../src/domain/contact.ts'
import { carrier } from '../../src/notify/notify.ts'
import { T0 } from '../support/builders.ts'
import { certificates, closeTargets, http, LOOPBACK, tcp } from '../support/probed.ts'

let made: ReturnType<typeof certificates>
beforeAll(() => {
  made = certificates()
  return () => made.remove()
})
const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
  await closeTargets()
})

const notice: Notice = {
  ...{
    id: 'contact/1',
    title: 'CRITICAL INC-1',
    lines: ['it fails'],
    spoken: 'it fails',
    at: T0,
    severity: 'critical',
  },
  ...{ answer: null, data: {} },
}
const carry = carrier(reach)

describe('mail', () => {
  const logins: string[] = []
  const came: string[] = []

  async function server(options: SMTPServerOptions): Promise<number> {
    logins.length = came.length = 0
    const smtp = new SMTPServer({
      ...options,
      onAuth({ username = '', password = '' }, _, done) {
        logins.push(`${username}:${password}`)
        done(null, { user: username })
      },
      onData(stream, _, done) {
        stream.on('data', (chunk: Buffer) => came.push(chunk.toString('utf8')))
        stream.on('end', () => done())
      },
    })
    smtp.on('error', () => {})
    await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', () => resolve()))
    closers.push(() => new Promise((resolve) => smtp.close(() => resolve())))
    return (smtp.server.address() as AddressInfo).port
  }

  const send = (port: number, secure: boolean) => {
    const smtp: Notify['smtp'] = {
      ...{ host: '127.0.0.1', port, secure, from: 'watchbill@example.com' },
      login: { user: 'bot', password: 'mail-pass-1234' },
    }
    return carry({ via: 'mail', to: 'nora@example.com' }, notice, { ...BY_DEFAULT, smtp }, LOOPBACK)
  }

  test.each([
    ['from the first byte', true],
    ['in the middle of the conversation', false],
  ])('goes under TLS %s, with its login', async (_, secure) => {
    expect(await send(await server({ ...made.served('good'), secure } as SMTPServerOptions), secure)).toMatchObject({
      ok: true,
    })
    expect(logins).toEqual(['bot:mail-pass-1234'])
    expect(came.join('')).toContain('it fails')
  })

  test('a password goes to nobody whose certificate is not good, and never in the clear', async () => {
    expect(await send(await server({ ...made.served('self'), secure: true } as SMTPServerOptions), true)).toMatchObject(
      { ok: false },
    )
    expect(
      await send(await server({ ...made.served('self'), secure: false } as SMTPServerOptions), false),
    ).toMatchObject({ ok: false })
    const bare = { disabledCommands: ['STARTTLS'], allowInsecureAuth: true }
    expect(await send(await server(bare), false)).toMatchObject({ ok: false })
    expect([logins, came]).toEqual([[], []])
  })
})

describe('any carrier', () => {
  const ntfy = (url: string, allow: readonly string[] = LOOPBACK) =>
    carry({ via: 'ntfy', to: 'pager' }, notice, { ...BY_DEFAULT, ntfy: { url, token: 'ntfy-token' } }, allow)

  test.each([
    [429, { 'retry-after': '7' }, { kind: 'again', afterMs: 7_000 }],
    [503, {}, { kind: 'again', afterMs: null }],
    [403, {}, { kind: 'never', reason: 'answered 403 Forbidden' }],
    [302, { location: 'http://127.0.0.1:1/' }, { kind: 'never', reason: 'answered 302 Found' }],
  ])('that answers %i', async (status, headers, expected) => {
    const { url } = await http((_, response) => response.writeHead(status, headers).end())
    expect(await ntfy(url)).toMatchObject({ ok: false, ...expected })
  })

  test('that is not to be reached is not asked, one that is away may be asked again, one that hangs up may have it', async () => {
    let asked = 0
    const { url } = await http((_, response) => {
      asked++
      response.end()
    })
    expect(await ntfy(url, [])).toMatchObject({ ok: false, kind: 'again', reason: expect.stringContaining('loopback') })
    expect(asked).toBe(0)
    expect(await ntfy('http://127.0.0.1:1/')).toMatchObject({ ok: false, kind: 'again', reason: 'connection refused' })
    const { port } = await tcp((socket) => socket.once('data', () => socket.destroy()))
    expect(await ntfy(`http://127.0.0.1:${port}/`)).toMatchObject({ ok: false, kind: 'unknown' })
  })
})
