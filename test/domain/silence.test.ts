import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decide } from '../../src/domain/decide.ts'
import type { Event } from '../../src/domain/event.ts'
import type { Rules } from '../../src/domain/rules.ts'
import {
  ack,
  declare,
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

const probe = (name: string, service = 'webmail') => ({
  ...{
    name,
    service,
    kind: 'http',
    severity: 'critical',
    url: 'http://x/',
    everyMs: 30 * SECOND,
    timeoutMs: 5 * SECOND,
  },
  ...{ failAfter: 2, recoverAfter: 2, locations: ['here'], agree: 1, expect: { status: [], bodyContains: null } },
})
const company = {
  ...rules({ services: { webmail: {}, imap: {} } }),
  monitors: { home: probe('home'), login: probe('login'), mailbox: probe('mailbox', 'imap') },
} as unknown as Rules

const quiet = (name: string, untilAt: number, more: object = {}): Event =>
  ({
    ...{ type: 'silence', by: 'nora', target: { kind: 'monitor', name }, reason: 'new disk', fromAt: null },
    ...{ untilAt: T0 + untilAt, ...more },
  }) as Event
const service = { target: { kind: 'service', name: 'webmail' } }
const end = (by: string, silence = 1): Event => ({ type: 'silence-end', by, silence })
const fails = (key = 'home', more: object = {}) => firing(key, { monitor: key, ...more })
const isWell = (key = 'home') => recovered(key, { monitor: key })
const proof = (of: 'sample' | 'fault', monitor: string, silence = 1): Event => ({
  type: 'reported',
  silence,
  monitor,
  proof: of,
})
const reported = (monitor: string, silence = 1): Event[] => [
  proof('sample', monitor, silence),
  proof('fault', monitor, silence),
]
const what = (w: ReturnType<typeof watch>) => w.facts.flatMap((fact) => (fact.type === 'silence' ? [fact.what] : []))

describe('what is silenced', () => {
  test('pages nobody, is recorded, and pages at the end if it fails still', () => {
    const w = watch(company)
    w.at(0, quiet('home', HOUR))
    w.at(MINUTE, fails())
    expect(w.facts.at(-1)).toMatchObject({ type: 'detected', incident: null, quietUntilAt: T0 + HOUR })
    expect(w.desk.alerts['webmail/home']).toMatchObject({ status: 'firing', recheckAt: T0 + HOUR })
    w.until(HOUR - 1)
    expect(w.desk.incidents).toEqual({})
    expect(w.owed.filter(({ about }) => about.kind === 'notice')).toEqual([])
    w.until(HOUR)
    expect(w.pages()).toEqual(['60m dana s1'])
    expect(w.facts.find(({ type, incident }) => type === 'detected' && incident === 1)).toMatchObject({ still: true })
  })

  test('and recovers in time pages nobody', () => {
    const w = watch(company)
    w.at(0, quiet('home', HOUR))
    w.at(MINUTE, fails())
    w.at(30 * MINUTE, isWell())
    w.until(2 * HOUR)
    expect(w.facts.find(({ type }) => type === 'recovered')).toMatchObject({ quiet: true })
    expect(w.owed.filter(({ about }) => about.kind === 'notice')).toEqual([])
    expect(w.pages(2)).toEqual([])
  })

  test('is this monitor alone; a whole service is everything about it, also what others say', () => {
    const w = watch(company)
    w.at(0, quiet('home', HOUR))
    w.at(MINUTE, fails('login'))
    expect(w.pages()).toEqual(['1m dana s1'])
    const whole = watch(company)
    whole.at(0, quiet('', HOUR, service))
    whole.at(MINUTE, fails(), fails('login'), firing('from-elsewhere'))
    expect(whole.desk.incidents).toEqual({})
    whole.at(2 * MINUTE, fails('mailbox', { service: 'imap' }))
    expect(whole.pages()).toEqual(['2m dana s1'])
  })

  test('joins an incident that is open already, which goes on', () => {
    const w = watch(company)
    w.at(0, declare('nora', 'odd'))
    w.at(MINUTE, quiet('home', HOUR))
    w.at(2 * MINUTE, fails())
    w.until(6 * MINUTE)
    expect(w.incident().joined).toBe(1)
    expect(w.pages()).toEqual(['0m dana s1', '5m sam s2'])
  })

  test('is not raised again in its silence, though its incident was resolved by hand', () => {
    const w = watch(company)
    w.at(0, fails())
    w.at(MINUTE, quiet('home', HOUR), resolve('nora'))
    w.until(HOUR - SECOND)
    expect(Object.values(w.desk.incidents).filter(({ state }) => state !== 'resolved')).toEqual([])
    w.until(HOUR)
    expect(w.pages(2)).toEqual(['60m dana s1'])
  })

  test('under two silences pages when the longer is over', () => {
    const w = watch(company)
    w.at(0, quiet('home', HOUR), quiet('', 2 * HOUR, service))
    w.at(MINUTE, fails())
    w.until(2 * HOUR - 1)
    expect(w.pages()).toEqual([])
    w.until(2 * HOUR)
    expect(w.pages()).toEqual(['120m dana s1'])
  })
})

describe('a silence', () => {
  test('has an end, no further than the configuration lets it, and not in the past', () => {
    const w = watch(company)
    for (const untilAt of [0, -MINUTE, 8 * HOUR + 1])
      expect(w.at(0, quiet('home', untilAt))).toMatchObject([
        { refusal: { code: 'bad-silence', latestAt: T0 + 8 * HOUR } },
      ])
    expect(w.at(0, quiet('gone', HOUR))).toMatchObject([{ refusal: { code: 'unknown-target', kind: 'monitor' } }])
    expect(w.desk.silences).toEqual([])
  })

  test('tells its owner before it ends, and the channel all that becomes of it', () => {
    const w = watch(company)
    w.at(0, quiet('home', HOUR))
    w.until(50 * MINUTE)
    const news = w.facts.findLast(({ type }) => type === 'silence')?.id
    const to = w.owed.flatMap(({ about }) => (about.kind === 'silence' && about.fact === news ? [about.to] : []))
    expect(to).toEqual([{ channel: 'C0OPS' }, { person: 'nora' }])
    w.until(HOUR)
    expect(what(w)).toEqual(['begun', 'ending', 'ended'])
  })

  test('that is too short for a notice ends without one', () => {
    const w = watch(company)
    w.at(0, quiet('home', 10 * MINUTE))
    w.until(10 * MINUTE)
    expect(what(w)).toEqual(['begun', 'ended'])
  })

  test('that is extended holds what fails until its new end, and is told of again', () => {
    const w = watch(company)
    w.at(0, quiet('home', HOUR))
    w.at(MINUTE, fails())
    w.until(55 * MINUTE)
    // Never shorter: that would be a way round the second person.
    expect(w.at(55 * MINUTE, { type: 'silence-extend', by: 'dana', silence: 1, untilAt: T0 + HOUR - 1 })).toMatchObject(
      [{ refusal: { code: 'bad-silence' } }],
    )
    w.at(55 * MINUTE, { type: 'silence-extend', by: 'dana', silence: 1, untilAt: T0 + 2 * HOUR })
    w.until(2 * HOUR - 1)
    expect(w.pages()).toEqual([])
    w.until(2 * HOUR)
    expect(w.pages()).toEqual(['120m dana s1'])
    expect(what(w)).toEqual(['begun', 'ending', 'extended', 'ending', 'ended'])
  })

  test('that is planned begins in its time; what began to fail before pages', () => {
    const w = watch(company)
    w.at(0, quiet('home', 2 * HOUR, { fromAt: T0 + HOUR }))
    w.at(MINUTE, fails())
    expect(w.pages()).toEqual(['1m dana s1'])
    w.at(2 * MINUTE, isWell())
    w.until(HOUR)
    w.at(HOUR + MINUTE, fails())
    expect(w.pages(2)).toEqual([])
    expect(what(w)).toEqual(['planned', 'begun'])
  })

  test('is ended by its owner at once, and what fails pages at that moment', () => {
    const w = watch(company)
    w.at(0, quiet('home', HOUR))
    w.at(MINUTE, fails())
    expect(w.at(5 * MINUTE, end('nora'))).toMatchObject([{ how: 'ended' }])
    expect(w.pages()).toEqual(['5m dana s1'])
    expect(w.at(6 * MINUTE, end('nora'))).toMatchObject([{ refusal: { code: 'silence-over' } }])
  })

  test('of somebody else takes two people, and one who asks twice is one', () => {
    const w = watch(company)
    w.at(0, quiet('home', HOUR))
    expect(w.at(MINUTE, end('dana'), end('dana'))).toMatchObject([{ how: 'end-asked' }, { how: 'end-asked' }])
    expect(w.desk.silences[0]?.state).toBe('active')
    expect(w.at(2 * MINUTE, end('sam'))).toMatchObject([{ how: 'ended' }])
    expect(what(w)).toEqual(['begun', 'end-asked', 'ended'])
  })

  test('that slept through its end ends once, late, and what fails pages then', () => {
    const w = watch(company)
    w.at(0, quiet('home', HOUR))
    w.at(MINUTE, fails())
    w.at(3 * HOUR)
    expect(w.pages()).toEqual(['180m dana s1'])
    expect(what(w).filter((each) => each === 'ended')).toHaveLength(1)
  })
})

describe('the proof of return', () => {
  test('a monitor that reports is back', () => {
    const w = watch(company)
    w.at(0, quiet('', HOUR, service))
    w.until(HOUR)
    expect(w.desk.silences[0]).toMatchObject({
      state: 'returning',
      awaiting: ['home', 'login'],
      returnBy: T0 + HOUR + 2 * MINUTE,
    })
    w.at(HOUR + 30 * SECOND, ...reported('home'))
    w.at(HOUR + 40 * SECOND, ...reported('login'), ...reported('login'))
    w.until(3 * HOUR)
    expect(what(w)).toEqual(['begun', 'ending', 'ended', 'reported', 'reported', 'reported', 'back'])
    expect(w.pages()).toEqual([])
  })

  test('a look alone is no proof: a fault injected into it since has to come through, and not before it has looked', () => {
    const w = watch(company)
    w.at(0, quiet('home', HOUR))
    w.until(HOUR)
    w.at(HOUR + SECOND, proof('fault', 'home'))
    w.at(HOUR + 2 * SECOND, proof('sample', 'home'), proof('sample', 'home'))
    expect(w.desk.silences[0]).toMatchObject({ state: 'returning', awaiting: ['home'], seen: ['home'] })
    w.until(HOUR + 2 * MINUTE)
    expect(w.pages()).toEqual(['62m nora s1'])
    expect(w.incident().title).toBe(
      'home looks, but a fault injected into it has not come through since its silence ended',
    )
    w.at(HOUR + 3 * MINUTE, proof('fault', 'home'))
    expect(w.incident().state).toBe('resolved')
    expect(what(w).at(-1)).toBe('back')
  })

  test('of a heartbeat, which has nothing to show before its deadline, is the fault alone', () => {
    const backup = { name: 'backup', service: 'webmail', kind: 'heartbeat', severity: 'critical', maxRunMs: null }
    const beat = { ...backup, rhythm: { kind: 'every', everyMs: HOUR }, graceMs: MINUTE, minEveryMs: null }
    const w = watch({ ...company, monitors: { ...company.monitors, backup: beat } } as unknown as Rules)
    w.at(0, quiet('backup', HOUR))
    w.until(HOUR)
    expect(w.desk.silences[0]).toMatchObject({ state: 'returning', awaiting: ['backup'], seen: ['backup'] })
    w.until(HOUR + 2 * MINUTE)
    expect(w.incident().title).toBe('a fault injected into backup has not come through since its silence ended')
    w.at(HOUR + 3 * MINUTE, proof('fault', 'backup'))
    expect([what(w).at(-1), w.incident().state]).toEqual(['back', 'resolved'])
  })

  test('one that does not pages its owner, then whoever is on duty, until it reports', () => {
    const w = watch(company)
    w.at(0, quiet('home', HOUR))
    w.until(HOUR + 8 * MINUTE)
    expect(w.pages()).toEqual(['62m nora s1', '67m dana s2'])
    expect(w.incident().title).toBe('home has not reported since its silence ended')
    w.at(HOUR + 9 * MINUTE, ...reported('home'))
    expect(w.incident().state).toBe('resolved')
    expect(what(w).at(-1)).toBe('back')
  })

  test('where an incident of the service is open, it is one of its own, and pages all the same', () => {
    const w = watch(company)
    w.at(0, quiet('home', HOUR))
    w.at(30 * MINUTE, declare('dana', 'odd'))
    w.at(31 * MINUTE, ack('dana'))
    w.until(HOUR + 8 * MINUTE)
    expect(w.incident(2)).toMatchObject({ service: null, alerts: [{ key: 'home: return' }] })
    expect(w.pages(2)).toEqual(['62m nora s1', '67m dana s2'])
    w.at(HOUR + 9 * MINUTE, ...reported('home'))
    expect(w.incident(2).state).toBe('resolved')
    expect(w.incident().state).toBe('acked')
  })

  test('is asked for anew after a stop: nobody could look meanwhile', () => {
    const w = watch(company)
    w.at(0, quiet('home', HOUR))
    w.until(HOUR)
    w.at(2 * HOUR)
    expect(w.pages()).toEqual([])
    expect(w.desk.silences[0]).toMatchObject({ state: 'returning', returnBy: T0 + 2 * HOUR + 2 * MINUTE })
    w.until(3 * HOUR)
    expect(w.pages().slice(0, 1)).toEqual(['122m nora s1'])
  })

  test('one that never comes may be given up, by the same people who may end a silence', () => {
    const w = watch(company)
    w.at(0, quiet('home', HOUR))
    w.until(HOUR + 3 * MINUTE)
    expect(w.at(HOUR + 4 * MINUTE, end('dana'))).toMatchObject([{ how: 'end-asked' }])
    expect(w.at(HOUR + 4 * MINUTE, end('sam'))).toMatchObject([{ how: 'ended' }])
    expect(w.desk.silences[0]).toMatchObject({ state: 'back', awaiting: [] })
  })

  test('of what another system watches there is none', () => {
    const w = watch(rules())
    w.at(0, quiet('', HOUR, service))
    w.until(HOUR)
    expect(w.desk.silences[0]).toMatchObject({ state: 'back', awaiting: [] })
  })
})

describe('another configuration meanwhile', () => {
  /** Decides at an instant under another configuration, on the desk as it stands. */
  const under = (w: ReturnType<typeof watch>, by: Rules, at: number) => decide(w.desk, [], T0 + at, by)
  const pagedBy = ({ facts }: ReturnType<typeof decide>) =>
    facts.flatMap((fact) => (fact.type === 'paged' ? [fact.page.person] : []))

  test('that gives the service another name: what fails pages under that one, at once', () => {
    const w = watch(company)
    w.at(0, quiet('', HOUR, service))
    w.at(MINUTE, fails())
    const { webmail, ...others } = company.services
    const renamed = {
      ...company,
      services: { ...others, mail: { ...webmail, name: 'mail' } },
      monitors: { home: probe('home', 'mail'), login: probe('login', 'mail') },
    } as unknown as Rules
    const after = under(w, renamed, 2 * MINUTE)
    expect(pagedBy(after)).toEqual(['dana'])
    expect(after.desk.incidents[1]).toMatchObject({ service: 'mail', state: 'paging' })
  })

  test('that has the service no more: what others say of it still pages the last resort when the silence ends', () => {
    const w = watch(company)
    w.at(0, quiet('', HOUR, service))
    w.at(MINUTE, firing('from-elsewhere'))
    const { webmail: _, ...services } = company.services
    const gone = { ...company, services, monitors: {} } as unknown as Rules
    const after = under(w, gone, HOUR)
    expect(pagedBy(after)).toEqual(['mia'])
    expect(after.desk.incidents[1]).toMatchObject({ service: null, title: 'from-elsewhere is down' })
  })

  test('that has a monitor no more does not wait for it', () => {
    const w = watch(company)
    w.at(0, quiet('', HOUR, service))
    w.until(HOUR)
    w.at(HOUR + SECOND, ...reported('home'))
    const { login: _, ...monitors } = company.monitors
    const after = under(w, { ...company, monitors }, HOUR + MINUTE)
    expect(after.desk.silences[0]).toMatchObject({ state: 'back', awaiting: [] })
    expect(pagedBy(after)).toEqual([])
  })
})

test('whatever is silenced, extended and ended, what fails at the end of it all has paged', () => {
  const step = fc.record({
    afterMs: fc.integer({ min: 0, max: 40 * MINUTE }),
    deed: fc.constantFrom(
      'fail',
      'well',
      'silence',
      'service',
      'extend',
      'end',
      'end by dana',
      'end by sam',
      'resolve',
    ),
    n: fc.integer({ min: 1, max: 3 }),
    forMs: fc.integer({ min: MINUTE, max: 3 * HOUR }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (story) => {
      const w = watch(company)
      let now = 0
      for (const { afterMs, deed, n, forMs } of story) {
        now += afterMs
        w.until(now)
        if (deed === 'fail') w.at(now, fails())
        else if (deed === 'well') w.at(now, isWell())
        else if (deed === 'silence') w.at(now, quiet('home', now + forMs))
        else if (deed === 'service') w.at(now, quiet('', now + forMs, service))
        else if (deed === 'extend')
          w.at(now, { type: 'silence-extend', by: 'sam', silence: n, untilAt: T0 + now + forMs })
        else if (deed === 'resolve') w.at(now, resolve('nora', n))
        else w.at(now, end(deed === 'end' ? 'nora' : deed.slice(7), n))
        for (const { id, awaiting } of w.desk.silences)
          w.at(now, ...awaiting.flatMap((monitor) => reported(monitor, id)))
        // While something holds it back nobody is paged anew by it: it is on record as held back until then.
        const alert = w.desk.alerts['webmail/home']
        if (alert?.status !== 'firing') continue
        const isOpen = Object.values(w.desk.incidents).some(({ state }) => state !== 'resolved')
        expect(isOpen || alert.recheckAt !== null).toBe(true)
      }
      w.until(now + 9 * HOUR)
      const alert = w.desk.alerts['webmail/home']
      if (alert?.status === 'firing')
        expect(Object.values(w.desk.incidents).some(({ state, firing: n }) => state !== 'resolved' && n > 0)).toBe(true)
    }),
    { numRuns: 200 },
  )
})
