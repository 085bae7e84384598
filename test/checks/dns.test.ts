import { afterEach, describe, expect, test } from 'vitest'
import type { DnsProbe } from '../../src/domain/rules.ts'
import { T0 } from '../support/builders.ts'
import { a, mx, nameServer, type Reply, txt } from '../support/name-server.ts'
import { allowing, check, LOOPBACK, probed } from '../support/probed.ts'

const cleanUp: (() => unknown)[] = []
afterEach(async () => {
  for (const step of cleanUp.splice(0)) await step()
})

const serving = async (reply: Reply | null) => {
  const server = await nameServer(() => reply)
  cleanUp.push(server.close)
  return server
}

const look = (resolver: string, more: Partial<DnsProbe> = {}, allow: readonly string[] = LOOPBACK) => {
  const monitor: DnsProbe = {
    ...probed,
    ...{ kind: 'dns', host: 'example-mail.test', type: 'A', resolver, rcode: 'NOERROR', minAnswers: 1, answers: [] },
    ...more,
  }
  return check(monitor, allowing(allow), T0)
}

describe('the answers', () => {
  test.for<[type: DnsProbe['type'], came: Buffer[], wanted: string[], ok: boolean, saw: string]>([
    ['A', [a('192.0.2.1'), a('192.0.2.2')], [], true, '2 A records: 192.0.2.1, 192.0.2.2'],
    ['A', [a('192.0.2.1'), a('192.0.2.2')], ['192.0.2.2'], true, '2 A records: 192.0.2.1, 192.0.2.2'],
    ['A', [a('192.0.2.1')], ['192.0.2.1', '192.0.2.9'], false, '1 A record: 192.0.2.1, but not 192.0.2.9'],
    ['MX', [mx(10, 'mx1.test')], ['MX1.test.'], true, '1 MX record: 10 mx1.test'],
    ['MX', [mx(10, 'mx1.test')], ['10 mx1.test'], true, '1 MX record: 10 mx1.test'],
    ['MX', [mx(10, 'mx1.test')], ['20 mx1.test'], false, '1 MX record: 10 mx1.test, but not 20 mx1.test'],
    ['TXT', [txt('v=spf1 ', '-all')], ['v=spf1 -all'], true, '1 TXT record: v=spf1 -all'],
    ['TXT', [txt('v=spf1 -all')], ['V=SPF1 -all'], false, '1 TXT record: v=spf1 -all, but not V=SPF1 -all'],
  ])('%s', async ([type, answers, wanted, ok, saw]) => {
    const { address } = await serving({ answers })
    expect(await look(address, { type, answers: wanted })).toMatchObject({ ok, saw })
  })

  test('are counted, and not all shown', async () => {
    const { address } = await serving({ answers: Array.from({ length: 8 }, (_, n) => a(`192.0.2.${n}`)) })
    const sample = await look(address, { minAnswers: 9 })
    expect(sample.saw).toMatch(/^8 A records: 192\.0\.2\.\d(, 192\.0\.2\.\d){4} and 3 more, less than 9$/)
  })

  test('are shown on one line, whatever they hold', async () => {
    const { address } = await serving({ answers: [txt(`a\nb\u0000${'x'.repeat(200)}`)] })
    expect((await look(address, { type: 'TXT' })).saw).toMatch(/^1 TXT record: a b x{96}…$/)
  })
})

describe('the code of the answer', () => {
  test.for<[rcode: number, wanted: DnsProbe['rcode'], ok: boolean, saw: string]>([
    [3, 'NXDOMAIN', true, 'NXDOMAIN, as expected'],
    [3, 'NOERROR', false, 'NXDOMAIN (expected NOERROR)'],
    [2, 'NOERROR', false, 'SERVFAIL (expected NOERROR)'],
    [5, 'NOERROR', false, 'REFUSED (expected NOERROR)'],
    [5, 'REFUSED', true, 'REFUSED, as expected'],
    [0, 'NOERROR', false, '0 A records, less than 1'],
    [0, 'NXDOMAIN', false, 'NOERROR (expected NXDOMAIN)'],
  ])('%i where %s is expected', async ([rcode, wanted, ok, saw]) => {
    const { address } = await serving({ rcode })
    expect(await look(address, { rcode: wanted })).toMatchObject({ ok, saw })
  })

  test('and with answers where none should be', async () => {
    const { address } = await serving({ answers: [a('192.0.2.1')] })
    expect((await look(address, { rcode: 'NXDOMAIN' })).saw).toBe(
      'NOERROR with 1 A record: 192.0.2.1 (expected NXDOMAIN)',
    )
  })
})

describe('the name server', () => {
  test('that says nothing is cut off at the deadline', async () => {
    const { address } = await serving(null)
    expect((await look(address, { timeoutMs: 400 })).saw).toBe('the name server did not answer within 0.4 s')
  })

  test('that nobody runs is no answer', async () => {
    const { address, close } = await nameServer(() => null)
    await close()
    const { ok, saw } = await look(address, { timeoutMs: 1_000 })
    expect(ok).toBe(false)
    expect(saw).toMatch(
      /^(connection refused|the name server did not answer within 1 s|the name server does not answer)$/,
    )
  })

  test('is asked only where one may look', async () => {
    const server = await serving({ answers: [a('192.0.2.1')] })
    expect((await look(server.address, {}, [])).saw).toMatch(/^127\.0\.0\.1 is a loopback address/)
    expect((await look('169.254.169.254:53', {}, ['0.0.0.0/0'])).saw).toMatch(/metadata address/)
    expect(server.questions).toEqual([])
  })
})
