import { describe, expect, test } from 'vitest'
import { decide, nextDue } from '../../src/domain/decide.ts'
import type { Rules } from '../../src/domain/rules.ts'
import {
  ack,
  declare,
  emptyDesk,
  firing,
  HOUR,
  MINUTE,
  recovered,
  resolve,
  rules,
  SECOND,
  T0,
  watch,
} from '../support/builders.ts'
import { httpMonitor } from '../support/probed.ts'

const both = rules({ services: { webmail: {}, imap: {} } })

describe('a signal', () => {
  test('opens an incident of its service and pages', () => {
    const w = watch()
    expect(w.at(0, firing())).toEqual([{ result: 'done', incident: 1, how: 'recorded', paged: ['dana'] }])
    expect(w.incident()).toMatchObject({
      service: 'webmail',
      title: 'home is down',
      origin: 'alert',
      severity: 'critical',
    })
    expect(w.facts.map(({ type }) => type)).toEqual(['opened', 'detected', 'stepped', 'paged'])
  })

  test('again is the same alert: counted, nothing more', () => {
    const w = watch()
    w.at(0, firing())
    w.at(MINUTE, firing())
    expect(w.facts.at(-1)).toMatchObject({ type: 'repeated', incident: 1 })
    expect(w.last.owed).toEqual([])
    expect(w.desk.alerts['webmail/home']).toMatchObject({ count: 2, firstAt: T0, lastAt: T0 + MINUTE })
  })

  test('of the same service joins its open incident; the gravest severity counts', () => {
    const w = watch()
    w.at(0, firing('home', { severity: 'error' }))
    w.at(MINUTE, firing('login'))
    expect(Object.keys(w.desk.incidents)).toEqual(['1'])
    expect(w.incident()).toMatchObject({ severity: 'critical', alerts: [{ key: 'home' }, { key: 'login' }] })
    expect(w.pages()).toEqual(['0m dana s1'])
  })

  test('of another service opens another incident', () => {
    const w = watch(both)
    w.at(0, firing(), firing('home', { service: 'imap' }))
    expect(Object.values(w.desk.incidents).map(({ service }) => service)).toEqual(['webmail', 'imap'])
  })

  test('joins an incident that people declared, even a warning', () => {
    const w = watch()
    w.at(0, declare('nora', 'odd'))
    w.at(1, firing('disk', { severity: 'warning' }))
    expect(w.incident().alerts).toMatchObject([{ key: 'disk' }])
  })

  test('of a severity that pages nobody is a notice', () => {
    const w = watch()
    w.at(0, firing('disk', { severity: 'warning' }))
    expect(w.desk.incidents).toEqual({})
    expect(w.last.owed).toEqual([
      { key: 'notice/webmail/1', lane: 'notice/webmail', about: { kind: 'notice', service: 'webmail', fact: 1 } },
    ])
    w.at(MINUTE, recovered('disk'))
    expect(w.last.owed).toMatchObject([{ key: 'notice/webmail/2' }])
  })

  test('that becomes graver pages: a warning never hides an outage', () => {
    const w = watch()
    w.at(0, firing('disk', { severity: 'warning' }))
    w.at(MINUTE, firing('disk', { severity: 'critical' }))
    expect(w.pages()).toEqual(['1m dana s1'])
    expect(w.desk.alerts['webmail/disk']).toMatchObject({ severity: 'critical', incident: 1 })
    w.at(2 * MINUTE, recovered('disk'))
    expect(w.incident().state).toBe('resolved')
  })

  test.for(['eve', 'constructor', '__proto__'])('of the unknown service %s is refused', (service) => {
    const w = watch()
    expect(w.at(0, firing('home', { service }))).toEqual([
      { result: 'refused', refusal: { code: 'unknown-target', kind: 'service', name: service } },
    ])
    expect(w.facts).toEqual([])
  })

  test('that ceases without having begun changes nothing', () => {
    const w = watch()
    expect(w.at(0, recovered())).toEqual([{ result: 'done', incident: null, how: 'recorded', paged: [] }])
    expect(w.facts).toEqual([])
  })

  test('with a long text has a title of 200 characters', () => {
    const w = watch()
    w.at(0, firing('home', { headline: '😀'.repeat(150) }))
    const { title } = w.incident()
    expect(title.length).toBeLessThanOrEqual(200)
    expect(title.isWellFormed()).toBe(true)
    expect(title.endsWith('…')).toBe(true)
  })
})

describe('recovery', () => {
  test('of the last alert resolves what alerts opened', () => {
    const w = watch()
    w.at(0, firing('home'), firing('login'))
    w.at(MINUTE, recovered('home'))
    expect(w.incident().state).toBe('paging')
    w.at(2 * MINUTE, recovered('login'))
    expect(w.incident()).toMatchObject({ state: 'resolved', resolvedBy: null, resolvedAt: T0 + 2 * MINUTE })
    expect(w.last.voids).toEqual(['page/1/', 'contact/1/'])
    w.until(HOUR)
    expect(w.pages()).toEqual(['0m dana s1'])
  })

  test('does not resolve what people declared', () => {
    const w = watch()
    w.at(0, declare('nora', 'odd'), firing())
    w.at(MINUTE, recovered())
    expect(w.incident().state).toBe('paging')
  })

  test('resolves what somebody has acknowledged, and tells those who were woken', () => {
    const w = watch()
    w.at(0, firing())
    w.until(5 * MINUTE)
    w.at(6 * MINUTE, ack('dana'))
    w.at(7 * MINUTE, recovered())
    expect(w.last.owed.filter(({ about }) => about.kind === 'told').map(({ key }) => key)).toEqual([
      `told/page/1/dana/e1/r1/s1/${w.facts.at(-1)?.id}`,
      `told/page/1/sam/e1/r1/s2/${w.facts.at(-1)?.id}`,
    ])
  })

  test('and then failing again opens a new incident', () => {
    const w = watch()
    w.at(0, firing())
    w.at(MINUTE, recovered())
    w.at(12 * MINUTE, firing())
    expect(w.incident(2).state).toBe('paging')
    expect(w.pages(2)).toEqual(['12m dana s1'])
  })

  test('and failing again while another alert fires joins the open incident, once', () => {
    const w = watch()
    w.at(0, firing('home'), firing('login'))
    w.at(MINUTE, recovered('home'))
    w.at(2 * MINUTE, firing('home'))
    expect(w.incident().alerts).toMatchObject([
      { key: 'login', recoveredAt: null },
      { key: 'home', recoveredAt: null },
    ])
  })
})

describe('resolved by hand while it still fires', () => {
  test('it is raised again after five minutes', () => {
    const w = watch()
    w.at(0, firing())
    w.at(MINUTE, resolve('dana'))
    expect(w.facts.at(-1)).toMatchObject({ stillFiring: ['home'], recheckAt: T0 + 6 * MINUTE })
    expect(w.dueAt()).toBe(T0 + 6 * MINUTE)
    w.until(6 * MINUTE)
    expect(w.incident(2)).toMatchObject({ state: 'paging', title: 'home is down' })
    expect(w.facts.find((fact) => fact.type === 'detected' && fact.incident === 2)).toMatchObject({ still: true })
    expect(w.pages(2)).toEqual(['6m dana s1'])
  })

  test('repeats in between change nothing', () => {
    const w = watch()
    w.at(0, firing())
    w.at(MINUTE, resolve('dana'))
    w.at(2 * MINUTE, firing())
    expect(w.dueAt()).toBe(T0 + 6 * MINUTE)
    expect(Object.keys(w.desk.incidents)).toEqual(['1'])
  })

  test('not, when it recovers in time', () => {
    const w = watch()
    w.at(0, firing())
    w.at(MINUTE, resolve('dana'))
    w.at(2 * MINUTE, recovered())
    expect(w.dueAt()).toBeGreaterThan(w.desk.decidedAt + 11 * HOUR)
    w.until(HOUR)
    expect(Object.keys(w.desk.incidents)).toEqual(['1'])
  })

  test('joins what is open by then', () => {
    const w = watch()
    w.at(0, firing('home'))
    w.at(MINUTE, resolve('dana'))
    w.at(2 * MINUTE, firing('login'))
    w.until(6 * MINUTE)
    expect(Object.keys(w.desk.incidents)).toEqual(['1', '2'])
    expect(w.incident(2).alerts).toMatchObject([{ key: 'login' }, { key: 'home' }])
  })

  test('several alerts together are one incident again', () => {
    const w = watch()
    w.at(0, firing('home'), firing('login'))
    w.at(MINUTE, resolve('dana'))
    w.until(HOUR)
    expect(Object.keys(w.desk.incidents)).toEqual(['1', '2'])
    expect(w.incident(2).alerts).toHaveLength(2)
  })

  test('a desk that is seconds late judges it at its own instant', () => {
    const w = watch()
    w.at(0, firing())
    w.at(MINUTE, resolve('dana'))
    w.at(6 * MINUTE + 3 * SECOND)
    expect(w.incident(2)).toMatchObject({ openedAt: T0 + 6 * MINUTE, deadlineAt: T0 + 11 * MINUTE })
  })

  test('what people declared is not raised again', () => {
    const w = watch()
    w.at(0, declare('nora', 'odd'))
    w.at(MINUTE, resolve('dana'))
    expect(w.dueAt()).toBeGreaterThan(w.desk.decidedAt + 11 * HOUR)
  })
})

describe('declaring', () => {
  test('opens an incident of the service', () => {
    const w = watch()
    expect(w.at(0, declare('nora', 'mail is slow'))).toEqual([
      { result: 'done', incident: 1, how: 'opened', paged: ['dana'] },
    ])
  })

  test('a second time is a note in the open one, and the next step is paged', () => {
    const w = watch()
    w.at(0, declare('nora', 'mail is slow'))
    expect(w.at(MINUTE, declare('erik', 'here too'))).toEqual([
      { result: 'done', incident: 1, how: 'joined', paged: ['sam'] },
    ])
    expect(w.facts.some((fact) => fact.type === 'note' && fact.text === 'here too')).toBe(true)
  })

  test('a second time while somebody has it pages nobody', () => {
    const w = watch()
    w.at(0, declare('nora', 'mail is slow'))
    w.at(1, ack('dana'))
    expect(w.at(MINUTE, declare('erik', 'here too'))).toMatchObject([{ how: 'joined', paged: [] }])
    expect(w.incident().state).toBe('acked')
  })

  test('of a service that is not there is refused', () => {
    const w = watch()
    expect(w.at(0, declare('nora', 'x', 'gone'))).toMatchObject([{ refusal: { code: 'unknown-target' } }])
  })
})

describe('a monitor that the configuration has no more', () => {
  const watched = rules({})
  const monitors: Rules['monitors'] = { home: httpMonitor('http://x/') }

  test('holds no incident open, and raises none again', () => {
    const before = decide(emptyDesk(), [{ id: 1, at: T0, event: { ...firing(), monitor: 'home' } }], T0, {
      ...watched,
      monitors,
    })
    expect(Object.values(before.desk.incidents)).toMatchObject([{ state: 'paging' }])
    const after = decide(before.desk, [], T0 + SECOND, watched)
    expect(after.facts).toMatchObject([
      { type: 'recovered', summary: 'home is not watched any more' },
      { type: 'resolved', by: null },
    ])
    expect(nextDue(after.desk, rules())).toBeGreaterThan(after.desk.decidedAt + 11 * HOUR)
  })
})

describe('an alert of another system that flaps', () => {
  const outside = (over: object = {}) => firing('disk', { monitor: null, ...over })

  test('is one incident, which pages each time that it comes back', () => {
    const w = watch()
    for (const minute of [0, 3, 6, 9]) {
      w.at(minute * MINUTE, outside())
      w.at(minute * MINUTE + MINUTE, recovered('disk'))
    }
    expect(Object.keys(w.desk.incidents)).toEqual(['1'])
    expect(w.incident()).toMatchObject({ state: 'resolved', resolvedBy: null, firing: 0 })
    expect(w.pages().filter((page) => page.includes('s1'))).toEqual([
      '0m dana s1',
      '3m dana s1',
      '6m dana s1',
      '9m dana s1',
    ])
  })

  test('much later, after somebody has resolved it by hand, or of a monitor, is another incident', () => {
    const late = watch()
    late.at(0, outside())
    late.at(MINUTE, recovered('disk'))
    late.at(12 * MINUTE, outside())
    expect(Object.keys(late.desk.incidents)).toEqual(['1', '2'])
    const byHand = watch()
    byHand.at(0, outside())
    byHand.at(MINUTE, resolve('dana'))
    byHand.at(2 * MINUTE, recovered('disk'))
    byHand.at(3 * MINUTE, outside())
    expect(Object.keys(byHand.desk.incidents)).toEqual(['1', '2'])
    const probed = watch({ ...rules(), monitors: { home: httpMonitor('http://x/') } })
    for (const minute of [0, 2]) {
      probed.at(minute * MINUTE, firing('home', { monitor: 'home' }))
      probed.at((minute + 1) * MINUTE, recovered('home'))
    }
    expect(Object.keys(probed.desk.incidents)).toEqual(['1', '2'])
  })
})

describe('alerts of other systems', () => {
  test('of what depends on a service that is down are held in its incident, and page nobody anew', () => {
    const base = rules({ services: { webmail: {}, imap: { dependsOn: ['webmail'] } } })
    const w = watch(base)
    w.at(0, firing('db', { monitor: null }))
    w.at(MINUTE, ...Array.from({ length: 30 }, (_, n) => firing(`child-${n}`, { service: 'imap', monitor: null })))
    expect(Object.keys(w.desk.incidents)).toEqual(['1'])
    expect(w.pages()).toEqual(['0m dana s1'])
    expect(w.incident().joined).toBe(31)
    expect(w.facts.at(-1)).toMatchObject({ type: 'joined', incident: 1, service: 'imap', related: true })
    w.at(2 * MINUTE, recovered('db'))
    expect(w.incident().state).toBe('paging')
  })

  test('in a storm become one incident for each service: few facts, one page, every one on record', () => {
    const w = watch(both)
    const storm = Array.from({ length: 1_500 }, (_, n) =>
      firing(`alert-${n}`, { service: n % 2 === 0 ? 'webmail' : 'imap', monitor: null }),
    )
    for (let from = 0; from < storm.length; from += 500) w.at(from, ...storm.slice(from, from + 500))
    expect(Object.values(w.desk.incidents).map(({ joined }) => joined)).toEqual([750, 750])
    expect([w.pages(1), w.pages(2)]).toEqual([['0m dana s1'], ['0m dana s1']])
    expect(w.facts.length).toBeLessThan(20)
    const recorded = w.facts.flatMap((fact) =>
      fact.type === 'joined' ? fact.alerts.map(({ key }) => key) : fact.type === 'detected' ? [fact.key] : [],
    )
    expect(new Set(recorded).size).toBe(1_500)
  })

  test('the first of a group pages at once; what follows within its window only joins', () => {
    const w = watch()
    w.at(0, firing('a', { monitor: null }))
    expect(w.pages()).toEqual(['0m dana s1'])
    w.at(SECOND, firing('b', { monitor: null }), firing('c', { monitor: null }))
    expect(w.pages()).toEqual(['0m dana s1'])
    expect(w.incident().joined).toBe(3)
  })
})
