import { describe, expect, test } from 'vitest'
import { defaultProbes, type Mark, newMark, withAdopted } from '../../src/domain/detect/adoption.ts'
import { type FoundName, type Known, ledgers, namesOf, serviceOfName } from '../../src/domain/detect/coverage.ts'
import { askedFor, isGraver, isWorkingTime } from '../../src/domain/detect/gap.ts'
import { isBlind, nextAskAt, sourcesOf } from '../../src/domain/detect/name-source.ts'
import { parseZone } from '../../src/domain/detect/zone-file.ts'
import type { Event } from '../../src/domain/event.ts'
import type { Probe, Rules } from '../../src/domain/rules.ts'
import { HOUR, MINUTE, rules, T0, watch } from '../support/builders.ts'

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

  test('has hosts where something answers, and says what they are there for', () => {
    expect(namesOf(parseZone(ZONE).records)).toEqual([
      { name: 'ns1.example-mail.test', role: 'name-server' },
      ...['www', 'mail', 'api.v2', '*.apps', 'deep.sub', 'other', 'upper.sub'].map((name) => ({
        name: `${name}.example-mail.test`,
        role: 'host',
      })),
    ])
  })

  test('names what takes its mail, also where that has no address here', () => {
    const { records } = parseZone('@ MX 10 mx1\n@ 300 IN MX 20 mx2.other.test.\nmx1 A 192.0.2.1\n@ NS mx1', 'x.test')
    expect(namesOf(records)).toEqual([
      { name: 'mx1.x.test', role: 'mail' },
      { name: 'mx2.other.test', role: 'mail' },
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

const host = (name: string): FoundName => ({ name, role: 'host' })
const http = (name: string, url: string) => ({ name, service: 'webmail', kind: 'http', url })
const DOMAIN = 'example-mail.test'
const company = (more: object = {}, coverage: Partial<Rules['coverage']> = {}): Rules =>
  ({
    ...rules({ services: { webmail: { domains: [DOMAIN] }, imap: {} } }),
    coverage: {
      ...rules().coverage,
      ignore: [
        { name: `*.dev.${DOMAIN}`, reason: null },
        { name: `old.${DOMAIN}`, reason: 'a grave' },
      ],
      ...coverage,
    },
    monitors: {
      www: http('www', `https://WWW.${DOMAIN}/health`),
      cert: { name: 'cert', service: 'webmail', kind: 'tls', host: `www.${DOMAIN}`, port: 443 },
      mx: { name: 'mx', service: 'webmail', kind: 'dns', host: `mail.${DOMAIN}`, type: 'A' },
      ...more,
    },
  }) as unknown as Rules

describe('the ledger', () => {
  const known = (names: readonly string[], more: Partial<Known> = {}): Known => ({
    names: names.map((name, n) => ({ ...host(name), source: 'zone', firstSeenAt: T0 - n * HOUR, lastSeenAt: T0 })),
    ...{ marks: [], gaps: [] },
    ...more,
  })
  const ledger = (names: readonly string[], more: Partial<Known> = {}, at = T0) =>
    ledgers(company(), known(names, more), at)[0]

  test('is what the sources have, less what is probed, less what is ignored; the oldest gap first', () => {
    const names = ['www', 'mail', 'a.dev', '*.dev', 'old', '*.apps', 'shop'].map((name) => `${name}.${DOMAIN}`)
    const gap = { role: 'host', sources: ['zone'], lastSeenAt: T0, level: 'info', owner: null, wildcard: false }
    const ignored = { by: null, at: null, reason: null }
    expect(ledger([...names, 'example.org', `not${DOMAIN}`])).toEqual({
      service: 'webmail',
      domains: [DOMAIN],
      watched: [{ name: `www.${DOMAIN}`, monitors: ['www', 'cert'] }],
      ignored: [
        { ...ignored, name: `a.dev.${DOMAIN}` },
        { ...ignored, name: `*.dev.${DOMAIN}` },
        { ...ignored, name: `old.${DOMAIN}`, reason: 'a grave' },
      ],
      gaps: [
        { ...gap, name: `shop.${DOMAIN}`, sinceAt: T0 - 6 * HOUR },
        { ...gap, name: `*.apps.${DOMAIN}`, sinceAt: T0 - 5 * HOUR, wildcard: true },
        // That its name resolves says nothing of what answers there.
        { ...gap, name: `mail.${DOMAIN}`, sinceAt: T0 - HOUR },
      ],
      percent: 25,
    })
  })

  test('is whole only when nothing is left out: 99 of 100 are not all', () => {
    const names = Array.from({ length: 1_000 }, (_, n) => `h${n}.${DOMAIN}`)
    const all = Object.fromEntries(names.slice(1).map((name) => [name, http(name, `http://${name}/`)]))
    expect(ledgers(company(all), known(names), T0)[0]).toMatchObject({ percent: 99, gaps: [{ name: names[0] }] })
    expect(ledger([])).toMatchObject({ percent: 100, gaps: [] })
  })

  test('has the apex and whatever is beneath it, and nothing that only ends alike', () => {
    expect(ledger([DOMAIN, `www.${DOMAIN}`, `my-${DOMAIN}`])?.gaps.map(({ name }) => name)).toEqual([DOMAIN])
  })

  test('has a name once, whoever knows of it, and by what most of its records say', () => {
    const [shop] = known([`shop.${DOMAIN}`]).names
    const names = shop ? [shop, { ...shop, source: 'crt.sh', role: 'mail' as const, firstSeenAt: T0 - 9 * HOUR }] : []
    expect(ledger([], { names })?.gaps).toMatchObject([
      { sources: ['zone', 'crt.sh'], role: 'mail', sinceAt: T0 - 9 * HOUR },
    ])
  })

  test('counts the age of a gap from when it became one, and is louder with it', () => {
    const shop = `shop.${DOMAIN}`
    const gaps = [{ service: 'webmail', name: shop, sinceAt: T0 }]
    const level = (hours: number) => ledger([shop], { gaps }, T0 + hours * HOUR)?.gaps[0]?.level
    expect([0, 23, 24, 167, 168].map(level)).toEqual(['info', 'info', 'warning', 'warning', 'error'])
    expect(isGraver('warning', 'info') && isGraver('info', null)).toBe(true)
    expect(isGraver('warning', 'warning') || isGraver('info', 'error')).toBe(false)
  })

  test('knows whose a gap is, as long as they are there, and what people ignore', () => {
    const [mine, theirs, nobodys] = [`a.${DOMAIN}`, `b.${DOMAIN}`, `c.${DOMAIN}`]
    const own = (name: string, person: string): Mark => ({ ...newMark(name), owner: { person, by: 'mia', at: T0 } })
    const ignored = { ...newMark(nobodys), ignored: { reason: 'parked', by: 'mia', at: T0 } }
    const found = ledger([mine, theirs, nobodys], { marks: [own(mine, 'dana'), own(theirs, 'gone'), ignored] })
    expect(found?.gaps.map(({ name, owner }) => [name, owner])).toEqual([
      [theirs, null],
      [mine, 'dana'],
    ])
    expect(found?.ignored).toEqual([{ name: nobodys, reason: 'parked', by: 'mia', at: T0 }])
  })

  test('gives a name to the service whose domain is nearest', () => {
    const services = { a: { domains: ['x.test'] }, b: { domains: ['y.x.test'] } }
    const both = rules({ services })
    expect(['y.x.test', 'z.y.x.test', 'x.test', 'z.test'].map((name) => serviceOfName(both, name))).toEqual([
      'b',
      'b',
      'a',
      null,
    ])
  })
})

describe('what is adopted', () => {
  const probes = (name: string, role: FoundName['role'] = 'host', taken: string[] = []) =>
    defaultProbes({ name, role }, 'webmail', (monitor) => taken.includes(monitor))
  const brief = (all: readonly Probe[]) =>
    all.map((probe) => `${probe.name} ${probe.kind === 'http' ? probe.url : 'port' in probe ? probe.port : ''}`)
  const mark = (name: string, monitors: Probe[], at = T0): Mark => ({
    ...newMark(name),
    adopted: { service: 'webmail', monitors, by: 'mia', at },
  })

  test('is watched by what fits its records; a wildcard by nothing', () => {
    expect(brief(probes('shop.x.test'))).toEqual(['shop-x-test https://shop.x.test/', 'shop-x-test-tls 443'])
    expect(brief(probes('mx1.x.test', 'mail'))).toEqual(['mx1-x-test 25'])
    expect(brief(probes('ns1.x.test', 'name-server'))).toEqual(['ns1-x-test 53'])
    expect(probes('*.x.test')).toEqual([])
  })

  test('has names that fit monitors, and are nobody else’s', () => {
    const long = probes(`${'very-long-'.repeat(6)}name.x.test`, 'host', ['shop-x-test'])
    for (const { name } of long) expect(name).toMatch(/^[a-z0-9][a-z0-9-]{0,39}$/)
    expect(new Set(long.map(({ name }) => name)).size).toBe(2)
    expect(brief(probes('shop.x.test', 'host', ['shop-x-test', 'shop-x-test-2']))).toEqual([
      'shop-x-test-3 https://shop.x.test/',
      'shop-x-test-tls 443',
    ])
  })

  test('is part of the rules, and gives way to what stands in the configuration, by name or by target', () => {
    const adopted = mark(`shop.${DOMAIN}`, probes(`shop.${DOMAIN}`))
    const both = withAdopted(company(), [adopted])
    expect(Object.keys(both.monitors)).toEqual([
      'www',
      'cert',
      'mx',
      'shop-example-mail-test',
      'shop-example-mail-test-tls',
    ])
    expect(both.adopted['shop-example-mail-test']).toEqual({ name: `shop.${DOMAIN}`, by: 'mia', at: T0 })
    const sameTarget = { shop: http('shop', `https://SHOP.${DOMAIN}:443/cart`) }
    expect(Object.keys(withAdopted(company(sameTarget), [adopted]).adopted)).toEqual(['shop-example-mail-test-tls'])
    const sameName = { 'shop-example-mail-test': http('shop-example-mail-test', 'https://elsewhere.test/') }
    expect(Object.keys(withAdopted(company(sameName), [adopted]).adopted)).toEqual(['shop-example-mail-test-tls'])
    const otherPort = { shop: http('shop', `http://shop.${DOMAIN}/`) }
    expect(Object.keys(withAdopted(company(otherPort), [adopted]).adopted)).toHaveLength(2)
  })

  test('watches for nobody once its service is gone; and without anything adopted nothing differs', () => {
    const plain = company()
    expect(withAdopted(plain, [newMark('a'), { ...mark('b.x.test', probes('b.x.test')), adopted: null }])).toBe(plain)
    const gone = {
      ...newMark('c.x.test'),
      adopted: { service: 'gone', monitors: probes('c.x.test'), by: 'mia', at: T0 },
    }
    expect(withAdopted(plain, [gone])).toBe(plain)
  })

  test('is decided on at the desk: once, undone only where it was done, each with who and when', () => {
    const shop = `shop.${DOMAIN}`
    const story = watch(company())
    let minute = 0
    const cover = (choice: Extract<Event, { type: 'cover' }>['choice'], by = 'dana') =>
      story.at(minute++ * MINUTE, { type: 'cover', by, name: shop, choice })[0]
    const adopt = { what: 'adopt', service: 'webmail', monitors: probes(shop) } as const
    expect(cover({ what: 'drop', reason: 'x' })).toMatchObject({ result: 'refused', refusal: { code: 'not-adopted' } })
    expect(cover({ what: 'heed' })).toMatchObject({ refusal: { code: 'not-ignored' } })
    expect(cover({ what: 'own', person: 'nobody' })).toMatchObject({ refusal: { code: 'unknown-person' } })
    expect(cover({ what: 'ignore', reason: 'parked' })).toMatchObject({ result: 'done', how: 'covered' })
    expect(cover(adopt)).toMatchObject({ result: 'done' })
    expect(story.desk.marks[shop]).toMatchObject({ ignored: null, adopted: { by: 'dana' } })
    expect(cover(adopt)).toMatchObject({ refusal: { code: 'adopted-before', name: shop } })
    expect(cover({ ...adopt, service: 'gone' })).toMatchObject({ refusal: { code: 'unknown-target' } })
    expect(cover({ what: 'drop-approve' }, 'erik')).toMatchObject({ refusal: { code: 'not-dropping' } })
    expect(cover({ what: 'drop', reason: 'old' }, 'dana')).toMatchObject({ result: 'done' })
    minute += 15
    expect(cover({ what: 'drop-approve' }, 'erik')).toMatchObject({ refusal: { code: 'not-dropping' } })
    expect(cover({ what: 'drop', reason: 'moved' }, 'dana')).toMatchObject({ result: 'done' })
    expect(cover({ what: 'drop-approve' }, 'dana')).toMatchObject({ refusal: { code: 'own-drop', name: shop } })
    expect(story.desk.marks[shop]?.adopted).not.toBeNull()
    expect(cover({ what: 'drop-approve' }, 'erik')).toMatchObject({ result: 'done' })
    expect(story.facts.at(-1)).toMatchObject({
      type: 'covered',
      by: 'erik',
      what: 'drop',
      reason: 'moved',
      mark: { adopted: null, dropping: { by: 'dana' } },
    })
    expect(story.owed.filter(({ about }) => about.kind === 'covered')).toHaveLength(5)
  })
})

describe('sources', () => {
  const all = company(
    {},
    {
      zoneFiles: ['/a.zone'],
      ct: ['https://crt.sh/'],
      axfr: [{ server: 'ns1.x.test:53', zone: 'x.test', tsig: null }],
    },
  )

  test('are asked each on its own, the logs for each domain', () => {
    expect(sourcesOf(all).map(({ kind, id }) => `${kind} ${id}`)).toEqual([
      'zone-file /a.zone',
      'axfr x.test from ns1.x.test:53',
      'ct example-mail.test at crt.sh',
    ])
  })

  test('are asked again sooner when they fail, then ever later, and never later than when they are well', () => {
    const waits = (kind: 'ct' | 'zone-file') =>
      [0, 1, 2, 3, 9, 99].map((failures) => (nextAskAt(kind, failures, T0) - T0) / MINUTE)
    expect(waits('ct')).toEqual([1_439, 14, 29, 59, 1_439, 1_439])
    expect(waits('zone-file')).toEqual([4, 4, 4, 4, 4, 4])
  })

  test('that fail for three of their turns make the ledger blind, however often they were asked meanwhile', () => {
    const state = {
      id: 'x',
      triedAt: T0,
      okAt: T0,
      firstAt: T0 - HOUR,
      failures: 1,
      problems: ['is not there'],
      names: 3,
    }
    const blindAfter = (minutes: number, change = {}) =>
      isBlind('zone-file', { ...state, ...change }, T0 + minutes * MINUTE)
    expect([5, 10, 14].map((minutes) => blindAfter(minutes))).toEqual([false, false, true])
    expect(blindAfter(60, { problems: [] })).toBe(false)
    expect(blindAfter(0, { okAt: null })).toBe(true)
    expect(isBlind('ct', state, T0 + 60 * HOUR)).toBe(false)
    expect(isBlind('ct', state, T0 + 72 * HOUR)).toBe(true)
  })
})

describe('who is asked about a gap', () => {
  test.each([
    ['Monday 09:00', '2026-11-23T08:00:00Z', true],
    ['Monday 08:59', '2026-11-23T07:59:00Z', false],
    ['Friday 16:59', '2026-11-27T15:59:00Z', true],
    ['Friday 17:00', '2026-11-27T16:00:00Z', false],
    ['Saturday noon', '2026-11-28T11:00:00Z', false],
  ])('%s in Zürich: in person or later', (_, at, expected) => {
    expect(isWorkingTime(Date.parse(at), 'Europe/Zurich')).toBe(expected)
  })

  test('is whoever is on duty by the first step that reaches anybody, else the last resort', () => {
    const reached = rules()
    const names = askedFor(reached, 'webmail', T0)
    expect(names.length).toBeGreaterThan(0)
    for (const name of names) expect(reached.people).toHaveProperty(name)
    const nobody = {
      ...reached,
      schedules: {},
      policies: {
        mail: { ...reached.policies.mail, steps: [{ page: [{ kind: 'schedule' as const, name: 'gone' }], waitMs: 1 }] },
      },
    } as Rules
    expect(askedFor(nobody, 'webmail', T0)).toEqual(reached.policies.mail?.fallback)
    expect(askedFor(reached, 'nothing', T0)).toEqual([])
  })
})
