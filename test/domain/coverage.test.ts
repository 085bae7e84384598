import { describe, expect, test } from 'vitest'
import { hostsOf, type KnownName, ledgers } from '../../src/domain/detect/coverage.ts'
import { parseZone } from '../../src/domain/detect/zone-file.ts'
import type { Rules } from '../../src/domain/rules.ts'
import { HOUR, rules, T0 } from '../support/builders.ts'

const ZONE = `$TTL 3600
$ORIGIN example-mail.test.
@ IN SOA ns1 hostmaster (
   2026112201 ; serial
   7200 3600 1209600 3600 )
   IN NS ns1
ns1 IN A 192.0.2.1
www 300 IN A 192.0.2.2 ; web
    IN AAAA 2001:db8::2
mail IN 600 A 192.0.2.3
api.v2 CNAME www
*.apps IN A 192.0.2.4
_dmarc IN TXT "v=DMARC1; p=none"
_sip._tcp IN SRV 0 5 5060 sip
$ORIGIN sub.example-mail.test.
deep A 192.0.2.5
other.example-mail.test. IN A 192.0.2.6
semi TXT "a ; b (c"
UPPER IN A 192.0.2.8
`

describe('a zone file', () => {
  test('says every name in it, whatever the order of TTL and class, and whose turn $ORIGIN is', () => {
    const { records, problems } = parseZone(ZONE)
    expect(problems).toEqual([])
    expect(records.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'example-mail.test SOA',
      'example-mail.test NS',
      'ns1.example-mail.test A',
      'www.example-mail.test A',
      'www.example-mail.test AAAA',
      'mail.example-mail.test A',
      'api.v2.example-mail.test CNAME',
      '*.apps.example-mail.test A',
      '_dmarc.example-mail.test TXT',
      '_sip._tcp.example-mail.test SRV',
      'deep.sub.example-mail.test A',
      'other.example-mail.test A',
      'semi.sub.example-mail.test TXT',
      'upper.sub.example-mail.test A',
    ])
  })

  test('has hosts where something answers', () => {
    expect(hostsOf(parseZone(ZONE).records)).toEqual([
      'ns1.example-mail.test',
      'www.example-mail.test',
      'mail.example-mail.test',
      'api.v2.example-mail.test',
      '*.apps.example-mail.test',
      'deep.sub.example-mail.test',
      'other.example-mail.test',
      'upper.sub.example-mail.test',
    ])
  })

  test.each([
    ['a name where TTL, class and type have the names of others', 'in 600 IN A 192.0.2.1', ['in.x.test A']],
    ['an owner that looks like a TTL', '300 A 192.0.2.1', ['300.x.test A']],
    [
      'Windows line ends, tabs and a byte order mark',
      '\ufeffa\tIN\tA\t192.0.2.1\r\nb\tA\t192.0.2.2\r\n',
      ['a.x.test A', 'b.x.test A'],
    ],
    [
      'a record over several lines that is not SOA',
      'a TXT ( "one"\n "two" )\nb A 192.0.2.1',
      ['a.x.test TXT', 'b.x.test A'],
    ],
    [
      'types that nobody here knows',
      'a TYPE65534 \\# 1 00\nb NSEC3PARAM 1 0 0 -',
      ['a.x.test TYPE65534', 'b.x.test NSEC3PARAM'],
    ],
    [
      'comments and empty lines between an owner and its further records',
      'a A 192.0.2.1\n\n ; nothing\n AAAA ::1',
      ['a.x.test A', 'a.x.test AAAA'],
    ],
    ['nothing at all', '', []],
  ])('%s', (_, text, names) => {
    const { records, problems } = parseZone(text, 'x.test.')
    expect(records.map(({ name, type }) => `${name} ${type}`)).toEqual(names)
    expect(problems).toEqual([])
  })

  test.each([
    ['$INCLUDE other.zone', 'line 1: $INCLUDE is not followed here'],
    ['$GENERATE 1-9 host$ A 192.0.2.$', 'line 1: $GENERATE is not followed here'],
    ['a A (', 'line 1: a parenthesis is never closed'],
    ['a IN 300', 'line 1: no record that can be read'],
    ['<!doctype html>', 'line 1: no record that can be read'],
  ])('%s: what may be hidden is said', (text, problem) => {
    expect(parseZone(text, 'x.test').problems.join()).toContain(problem)
  })

  test('without $ORIGIN and without a domain says that it cannot be read', () => {
    expect(parseZone('www A 192.0.2.1').problems).toEqual([
      'line 1: a record without a name that it is about, or without $ORIGIN',
    ])
  })
})

describe('the ledger', () => {
  const http = (name: string, url: string) => ({ name, service: 'webmail', kind: 'http', url })
  const company = (more: object = {}): Rules =>
    ({
      ...rules({ services: { webmail: { domains: ['example-mail.test'] }, imap: {} } }),
      coverage: { zoneFiles: ['zone'], ignore: ['*.dev.example-mail.test', 'old.example-mail.test'] },
      monitors: {
        www: http('www', 'https://WWW.example-mail.test/health'),
        cert: { name: 'cert', service: 'webmail', kind: 'tls', host: 'www.example-mail.test', port: 443 },
        mx: { name: 'mx', service: 'webmail', kind: 'dns', host: 'mail.example-mail.test', type: 'A' },
        ...more,
      },
    }) as unknown as Rules
  const known = (...names: string[]): KnownName[] =>
    names.map((name, n) => ({ name, source: 'zone', firstSeenAt: T0 - n * HOUR }))

  test('is what the zones have, less what is probed, less what is ignored; the oldest gap first', () => {
    const names = ['www', 'mail', 'a.dev', '*.dev', 'old', '*.apps', 'shop'].map((name) => `${name}.example-mail.test`)
    expect(ledgers(company(), known(...names, 'example.org', 'notexample-mail.test'))).toEqual([
      {
        service: 'webmail',
        domains: ['example-mail.test'],
        watched: [{ name: 'www.example-mail.test', monitors: ['www', 'cert'] }],
        ignored: ['a.dev.example-mail.test', '*.dev.example-mail.test', 'old.example-mail.test'],
        gaps: [
          { name: 'shop.example-mail.test', source: 'zone', firstSeenAt: T0 - 6 * HOUR, wildcard: false },
          { name: '*.apps.example-mail.test', source: 'zone', firstSeenAt: T0 - 5 * HOUR, wildcard: true },
          // That its name resolves says nothing of what answers there.
          { name: 'mail.example-mail.test', source: 'zone', firstSeenAt: T0 - HOUR, wildcard: false },
        ],
        percent: 25,
      },
    ])
  })

  test('is whole only when nothing is left out: 99 of 100 are not all', () => {
    const names = Array.from({ length: 1_000 }, (_, n) => `h${n}.example-mail.test`)
    const all = Object.fromEntries(names.slice(1).map((name) => [name, http(name, `http://${name}/`)]))
    expect(ledgers(company(all), known(...names))[0]).toMatchObject({ percent: 99, gaps: [{ name: names[0] }] })
    expect(ledgers(company(), [])[0]).toMatchObject({ percent: 100, gaps: [] })
  })

  test('has the apex and whatever is beneath it, and nothing that only ends alike', () => {
    const [ledger] = ledgers(company(), known('example-mail.test', 'www.example-mail.test', 'my-example-mail.test'))
    expect(ledger?.gaps.map(({ name }) => name)).toEqual(['example-mail.test'])
  })
})
