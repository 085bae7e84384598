import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { About } from '../../src/domain/owed.ts'
import {
  ack,
  firing,
  MINUTE,
  recovered,
  refused,
  resolve,
  rota,
  rules,
  SECOND,
  step,
  T0,
  type Watch,
  watch,
} from '../support/builders.ts'

const NAMES = ['api', 'billing', 'calendar', 'dns', 'edge', 'files', 'gateway', 'home', 'imap', 'jobs']
const company = rules({ services: Object.fromEntries(NAMES.map((name) => [name, {}])) })
const fails = (service: string, severity: 'critical' | 'error' = 'critical') =>
  firing('home', { service, severity, headline: `${service} is down` })
const together = (count: number) => NAMES.slice(0, count).map((service) => fails(service))

type Owes<K extends About['kind']> = Extract<About, { kind: K }>
const owedOf = <K extends About['kind']>(w: Pick<Watch, 'owed'>, kind: K) =>
  w.owed.flatMap(({ about }) => (about.kind === kind ? [about as Owes<K>] : []))
/** Incidents that have a page of their own. */
const alone = (w: Watch) => owedOf(w, 'page').map(({ incident }) => incident)
/** Incidents of each message that names several, with when it went out. */
const bundles = (w: Watch) =>
  w.facts.flatMap((fact) =>
    fact.type === 'bundled' ? [{ at: (fact.at - T0) / SECOND, of: fact.pages.map(({ incident }) => incident) }] : [],
  )

describe('many incidents for one person', () => {
  test('three are three pages', () => {
    const w = watch(company)
    w.at(0, ...together(3))
    w.until(MINUTE)
    expect(alone(w)).toEqual([1, 2, 3])
    expect(bundles(w)).toEqual([])
  })

  test('of five at once the first goes out at once, and the rest as one within the half minute', () => {
    const w = watch(company)
    w.at(0, ...together(5))
    expect(alone(w)).toEqual([1])
    expect(owedOf(w, 'bundle')).toEqual([])
    expect(w.dueAt()).toBe(T0 + 20 * SECOND)
    w.until(20 * SECOND)
    expect(bundles(w)).toEqual([{ at: 20, of: [2, 3, 4, 5] }])
    expect(owedOf(w, 'bundle')).toHaveLength(1)
    expect(alone(w)).toEqual([1])
  })

  test('the gravest is the first', () => {
    const w = watch(company)
    w.at(0, fails('api', 'error'), fails('billing', 'error'), fails('calendar', 'error'), fails('dns'))
    w.until(MINUTE)
    expect(alone(w)).toEqual([4])
    expect(bundles(w)).toEqual([{ at: 20, of: [1, 2, 3] }])
  })

  test('one after the other: from the fourth within five minutes on they wait for each other', () => {
    const w = watch(company)
    NAMES.slice(0, 6).forEach((service, n) => {
      w.at(n * 10 * SECOND, fails(service))
    })
    w.until(2 * MINUTE)
    // The fourth came after 30 s and the fifth while it waited. The sixth came just after that, and nothing joined it.
    expect(alone(w)).toEqual([1, 2, 3, 6])
    expect(bundles(w)).toEqual([
      { at: 50, of: [4, 5] },
      { at: 70, of: [6] },
    ])
  })

  test('the fourth after more than five minutes is a page of its own', () => {
    const w = watch(company)
    for (const [n, service] of NAMES.slice(0, 4).entries()) {
      w.at(n * 100 * SECOND, fails(service))
      w.at(n * 100 * SECOND + SECOND, ack('dana', n + 1))
    }
    w.until(20 * MINUTE)
    expect(alone(w)).toEqual([1, 2, 3, 4])
    expect(bundles(w)).toEqual([])
  })

  test('is counted for each person: another who is paged once hears at once', () => {
    const schedules = [rota('primary', ['dana']), rota('secondary', ['sam'])]
    const w = watch(
      rules({ services: company.services, schedules, steps: [step(5 * MINUTE, 'schedule/primary', 'nora')] }),
    )
    w.at(0, ...together(3))
    w.at(SECOND, { type: 'call', by: 'erik', text: 'help', target: { kind: 'person', name: 'nora' } })
    w.at(2 * SECOND, { type: 'call', by: 'erik', text: 'help', target: { kind: 'person', name: 'sam' } })
    const late = w.facts.flatMap((fact) => (fact.type === 'held' ? [fact.person] : []))
    expect(late).toEqual(['nora'])
  })

  test('changes no decision: who is paged, when, and when the next step is due', () => {
    const w = watch(company)
    w.at(0, ...together(6))
    w.until(6 * MINUTE)
    for (const id of [1, 2, 3, 4, 5, 6]) expect(w.pages(id)).toEqual(['0m dana s1', '5m sam s2'])
  })

  test('what somebody has meanwhile is left out; one that remains is an ordinary page', () => {
    const w = watch(company)
    w.at(0, ...together(5))
    w.at(5 * SECOND, ack('sam', 2), resolve('sam', 3), recovered('home', { service: 'dns' }))
    w.until(MINUTE)
    expect(bundles(w)).toEqual([{ at: 20, of: [5] }])
    expect(owedOf(w, 'bundle')).toEqual([])
    expect(alone(w)).toEqual([1, 5])
  })

  test('when somebody has all of them nothing goes out, and nothing is waited for', () => {
    const w = watch(company)
    w.at(0, ...together(4))
    w.at(5 * SECOND, ack('sam', 2), ack('sam', 3), ack('sam', 4))
    w.until(MINUTE)
    expect(bundles(w)).toEqual([])
    expect(alone(w)).toEqual([1])
  })

  test('after a stop everything goes out that waited, once', () => {
    const w = watch(company)
    w.at(0, ...together(5))
    w.at(3 * MINUTE)
    w.until(4 * MINUTE)
    expect(bundles(w)).toEqual([{ at: 180, of: [2, 3, 4, 5] }])
  })

  test('a message that cannot be delivered turns each incident to its next person', () => {
    const w = watch(company)
    w.at(0, ...together(5))
    w.until(20 * SECOND)
    w.at(21 * SECOND, ...[2, 3, 4, 5].map((id) => refused(w.incident(id).pages[0]?.key ?? '')))
    for (const id of [2, 3, 4, 5]) expect(w.pages(id)).toContain('21s sam s2')
  })

  test('is brought up to date when somebody has one of them', () => {
    const w = watch(company)
    w.at(0, ...together(5))
    w.until(20 * SECOND)
    w.at(30 * SECOND, ack('dana', 3))
    expect(w.last.owed.map(({ about }) => about.kind)).toContain('bundle')
    expect(w.last.owed.filter(({ key }) => key.startsWith('view/page/3/'))).toEqual([])
    w.at(40 * SECOND, resolve('sam', 3))
    const told = owedOf({ owed: w.last.owed }, 'told')
    expect(told).toMatchObject([
      { incident: 3, page: owedOf(w, 'bundle').length > 0 ? expect.stringMatching(/^page\/bundle\//) : '' },
    ])
  })
})

test('the step and the last resort may both page somebody for one incident: it stands in their message once', () => {
  const lonely = rules({
    services: company.services,
    steps: [step(MINUTE, 'schedule/primary')],
    rounds: 1,
    fallback: ['dana'],
  })
  const w = watch(lonely)
  w.at(0, ...together(5))
  w.at(SECOND, { type: 'escalate', by: 'nora', incident: 4 })
  w.until(30 * SECOND)
  expect(bundles(w)).toEqual([{ at: 20, of: [2, 3, 4, 4, 5] }])
})

describe('whatever comes', () => {
  const happening = fc.record({
    afterMs: fc.integer({ min: 0, max: 90 * SECOND }),
    what: fc.oneof(
      { weight: 4, arbitrary: fc.record({ fails: fc.subarray(NAMES, { minLength: 1 }) }) },
      {
        weight: 2,
        arbitrary: fc.record({ acks: fc.constantFrom('dana', 'sam'), incident: fc.integer({ min: 1, max: 12 }) }),
      },
      { weight: 1, arbitrary: fc.record({ isWell: fc.constantFrom(...NAMES) }) },
    ),
  })

  function lived(story: readonly (typeof happening extends fc.Arbitrary<infer T> ? T : never)[]): Watch {
    const w = watch(company)
    let at = 0
    for (const { afterMs, what } of story) {
      at += afterMs
      w.until(at)
      if ('fails' in what) w.at(at, ...what.fails.map((service) => fails(service)))
      else if ('acks' in what) w.at(at, ack(what.acks, what.incident))
      else w.at(at, recovered('home', { service: what.isWell }))
    }
    w.until(at + MINUTE)
    return w
  }

  test('each page goes out once, at once or with others within a minute, unless somebody has it by then', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 12 }), (story) => {
        const w = lived(story)
        const out = new Map<string, number[]>()
        const goes = (key: string, at: number) => out.set(key, [...(out.get(key) ?? []), at])
        const held = new Set(w.facts.flatMap((fact) => (fact.type === 'held' ? [fact.page] : [])))
        for (const fact of w.facts) {
          if (fact.type === 'paged' && !held.has(fact.page.key)) goes(fact.page.key, fact.at)
          if (fact.type === 'bundled') for (const { page } of fact.pages) goes(page, fact.at)
        }
        for (const fact of w.facts) {
          // What came last may wait still.
          if (fact.type !== 'paged' || fact.at > w.desk.decidedAt - MINUTE) continue
          const times = out.get(fact.page.key) ?? []
          const settledAt = w.facts.find(
            ({ type, incident, at }) =>
              incident === fact.incident && at >= fact.at && (type === 'acked' || type === 'resolved'),
          )?.at
          if (times.length === 0) expect(settledAt ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(fact.at + MINUTE)
          else expect(times).toEqual([expect.toSatisfy((at: number) => at - fact.at <= MINUTE)])
        }
      }),
      { numRuns: 300 },
    )
  })

  test('nobody gets more than six pages a minute, however much fails', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 12 }), (story) => {
        const w = lived(story)
        const messages = w.facts.flatMap((fact) => {
          if (fact.type === 'bundled') return [{ person: fact.person, at: fact.at }]
          const isHeld =
            fact.type === 'paged' && w.facts.some((each) => each.type === 'held' && each.page === fact.page.key)
          return fact.type === 'paged' && !isHeld ? [{ person: fact.page.person, at: fact.at }] : []
        })
        for (const { person, at } of messages) {
          const minute = messages.filter((each) => each.person === person && each.at >= at && each.at < at + MINUTE)
          expect(minute.length).toBeLessThanOrEqual(6)
        }
      }),
      { numRuns: 300 },
    )
  })
})
