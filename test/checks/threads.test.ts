import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Met } from '../../src/checks/look.ts'
import { inThreads, type Threaded } from '../../src/checks/threads.ts'
import type { Check } from '../../src/deps.ts'
import { T0 } from '../support/builders.ts'
import { allowing, certificates, closeTargets, http, httpMonitor, LOOPBACK, probed, tcp } from '../support/probed.ts'

let made: ReturnType<typeof certificates>
beforeAll(() => {
  made = certificates()
})
afterAll(() => made.remove())
afterEach(closeTargets)

/** The authorities of this test are none of a thread's: what it says of its certificates is what it says of a stranger's. */
const STRANGE = 'the certificate chain ends in an authority that is not trusted'

/** What is looked at without a thread. */
let hereToo: string[] = []
let met: Met[] = []
let elapsed = 0
let threaded: Threaded
const here: Check = async (probe, _, at) => {
  hereToo.push(probe.name)
  return { at, ok: true, saw: 'here', ms: 1, phases: { totalMs: 1 } }
}

function open(bearable = { perS: 0, atOnce: 0 }): Threaded['check'] {
  threaded = inThreads({ here, elapsed: () => elapsed, met: (each) => met.push(each), threads: 2, bearable })
  return threaded.check
}
beforeEach(() => {
  ;[hereToo, met, elapsed] = [[], [], 0]
})
afterEach(() => threaded.close())

const rules = allowing(LOOPBACK)

describe('a look that needs a handshake, where there are many of them', () => {
  test('sees in a thread what it would have seen here, and tells of what it met', async () => {
    const check = open()
    const strange = await made.https('good')
    const silent = await tcp(() => {})
    const bare = await made.tls(made.served('good'))
    const tls = { kind: 'tls' as const, host: '127.0.0.1', port: bare.port, ip: null, starttls: null }
    const looks = await Promise.all([
      check(httpMonitor(strange.url), rules, T0),
      check(httpMonitor(silent.url.replace('http:', 'https:'), { timeoutMs: 500 }), rules, T0),
      check(httpMonitor(strange.url), allowing([]), T0),
      check({ ...probed, ...tls, daysLeft: 1, names: [], protocol: 'TLSv1.2' }, rules, T0),
    ])
    expect(looks.map(({ saw }) => saw)).toEqual([
      STRANGE,
      'connected, but no TLS handshake within 0.5 s',
      '127.0.0.1 is a loopback address, and network.allow_private does not list it',
      STRANGE,
    ])
    expect(looks[0]).toMatchObject({ at: T0, ok: false, phases: { tlsMs: expect.any(Number) } })
    expect(hereToo).toEqual([])
    const names = met.map((each) => each.kind === 'certificate' && each.certificate.subjectAltName)
    expect(names).toEqual(['IP Address:127.0.0.1, DNS:mail.test, DNS:*.wild.test'])
  })

  test('goes to a thread only beyond what is bearable; one without a handshake never does', async () => {
    const check = open({ perS: 10, atOnce: 2 })
    const well = await made.https('good')
    const plain = await http((_, response) => response.end())
    const secure = () => check(httpMonitor(well.url), rules, T0).then(({ saw }) => saw)
    expect([await secure(), await secure()]).toEqual(['here', 'here'])
    elapsed += 1_000
    expect(await secure()).toBe('here')
    expect(await secure()).toBe('here')
    expect(await secure()).toBe(STRANGE)
    // Once there are threads, they are used.
    elapsed += 60_000
    expect(await secure()).toBe(STRANGE)
    expect((await check(httpMonitor(plain.url), rules, T0)).saw).toBe('here')
  })

  test('rejects when its thread ends; then looks are made here for a minute, and in threads again', async () => {
    const check = open()
    const well = await made.https('good')
    expect((await check(httpMonitor(well.url), rules, T0)).saw).toBe(STRANGE)
    // No thread understands that.
    const broken = { ...probed, kind: 'tls', host: null, port: 443, starttls: null } as unknown as Parameters<Check>[0]
    await expect(check({ ...broken, timeoutMs: 10n as unknown as number }, rules, T0)).rejects.toThrow()
    expect((await check(httpMonitor(well.url), rules, T0)).saw).toBe('here')
    elapsed += 61_000
    expect((await check(httpMonitor(well.url), rules, T0)).saw).toBe(STRANGE)
  })

  test('a thread that answers nothing any more is given up', async () => {
    const check = open()
    const silent = await tcp(() => {})
    const url = silent.url.replace('http:', 'https:')
    const first = check(httpMonitor(url, { timeoutMs: 60_000 }), rules, T0)
    const second = check(httpMonitor(url, { timeoutMs: 60_000 }), rules, T0)
    const given = Promise.allSettled([first, second])
    elapsed += 91_000
    await expect(check(httpMonitor(url), rules, T0)).rejects.toThrow('the thread that was to look does not answer')
    await threaded.close()
    expect((await given).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })
})
