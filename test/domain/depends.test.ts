import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ancestors, dependents, servicesAbove, servicesBelow } from '../../src/domain/detect/depends.ts'
import type { Event } from '../../src/domain/event.ts'
import type { Monitor } from '../../src/domain/rules.ts'
import { ack, firing, HOUR, MINUTE, recovered, resolve, rules, SECOND, T0, watch } from '../support/builders.ts'
import { httpMonitor } from '../support/probed.ts'

const monitor = (name: string, service: string, more: Partial<Monitor> = {}): Monitor =>
  ({
    ...{ ...httpMonitor('http://x/'), name, service, severity: 'critical' },
    ...{ everyMs: 10 * SECOND, timeoutMs: 5 * SECOND, failAfter: 2, recoverAfter: 2, ...more },
  }) as Monitor

/** shop depends on smtp, which depends on the switch; each is a service of its own. */
const company = {
  ...rules({ services: { net: {}, mail: {}, web: {} } }),
  monitors: {
    switch: monitor('switch', 'net'),
    smtp: monitor('smtp', 'mail', { dependsOn: ['switch'] }),
    shop: monitor('shop', 'web', { dependsOn: ['smtp', 'elsewhere'] }),
    till: monitor('till', 'web'),
  },
}
const SERVICES = { switch: 'net', smtp: 'mail', shop: 'web', till: 'web' } as const
type Name = keyof typeof SERVICES
const down = (name: Name, more: object = {}) => firing(name, { service: SERVICES[name], monitor: name, ...more })
const up = (name: Name) => recovered(name, { service: SERVICES[name], monitor: name })
/** When and for what somebody was paged first. */
const opened = (w: ReturnType<typeof watch>) =>
  w.facts.flatMap((fact) => (fact.type === 'opened' ? [`${(fact.at - T0) / SECOND}s ${fact.service}`] : []))
const notices = (w: ReturnType<typeof watch>) =>
  w.owed.flatMap(({ about }) => (about.kind === 'notice' ? [about.service] : []))
const silenced = (name: Name, untilAt: number): Event => ({
  ...{ type: 'silence', by: 'nora', target: { kind: 'monitor', name }, reason: 'new disk', fromAt: null },
  untilAt: T0 + untilAt,
})

test('what a monitor depends on is all that is above it, whatever is left out of it', () => {
  expect(ancestors(company, 'shop')).toEqual(['smtp', 'switch'])
  expect(ancestors(company, 'shop', new Set(['smtp']))).toEqual(['switch'])
  expect(dependents(company, 'smtp')).toEqual(['shop'])
})

test('a service depends on what it names, and on those whose monitors its own depend on', () => {
  const services = { ...rules({ services: { net: {}, mail: {}, web: { dependsOn: ['cdn'] }, cdn: {} } }).services }
  const both = { services, monitors: company.monitors }
  expect(servicesAbove(both, 'web')).toEqual(['cdn', 'mail', 'net'])
  expect(servicesBelow(both, 'net')).toEqual(['mail', 'web'])
  // Another configuration with the same monitors is another answer.
  expect(servicesAbove(company, 'web')).toEqual(['mail', 'net'])
})

describe('what depends on something that is down', () => {
  test('pages nobody, is told in its channel, and recovers without having woken anybody', () => {
    const w = watch(company)
    w.at(0, down('smtp'))
    w.at(MINUTE, down('shop'))
    expect(opened(w)).toEqual(['0s mail'])
    expect(w.facts.at(-1)).toMatchObject({ type: 'detected', incident: null, held: { by: 'smtp', sure: true } })
    expect(notices(w)).toEqual(['web'])
    w.at(2 * MINUTE, up('shop'))
    w.at(3 * MINUTE, up('smtp'))
    w.until(2 * HOUR)
    expect(opened(w)).toEqual(['0s mail'])
    expect(notices(w)).toEqual(['web', 'web'])
  })

  test('pages as soon as that is back and it is not, with time to be seen well again', () => {
    const w = watch(company)
    w.at(0, down('smtp'))
    w.at(MINUTE, ack('dana'), down('shop'))
    w.at(5 * MINUTE, up('smtp'))
    // Two looks of ten seconds, and the time of one.
    expect(w.dueAt()).toBe(T0 + 5 * MINUTE + 25 * SECOND)
    w.until(10 * MINUTE)
    expect(opened(w)).toEqual(['0s mail', '325s web'])
    expect(w.incident(2).alerts).toMatchObject([{ key: 'shop' }])
  })

  test('is held back by what is further above just so', () => {
    const w = watch(company)
    w.at(0, down('switch'))
    w.at(SECOND, down('smtp'), down('shop'))
    expect(opened(w)).toEqual(['0s net'])
  })

  test('pages after half an hour in any case: somebody sees to the one, and nobody to the other', () => {
    const w = watch(company)
    w.at(0, down('smtp'), ack('dana'))
    w.at(MINUTE, down('shop'))
    w.until(31 * MINUTE - 1)
    expect(opened(w)).toEqual(['0s mail'])
    w.until(31 * MINUTE)
    expect(opened(w)).toEqual(['0s mail', '1860s web'])
  })

  test('pages where nobody is told of that: it is silenced, a warning, resolved by hand, or nobody answered', () => {
    const quiet = watch(company)
    quiet.at(0, silenced('smtp', HOUR))
    quiet.at(SECOND, down('smtp'), down('shop'))
    expect(opened(quiet)).toEqual(['1s web'])
    const mild = watch(company)
    mild.at(0, down('smtp', { severity: 'warning' }), down('shop'))
    expect(opened(mild)).toEqual(['0s web'])
    const byHand = watch(company)
    byHand.at(0, down('smtp'), down('shop'))
    byHand.at(MINUTE, resolve('dana'))
    byHand.until(MINUTE + 25 * SECOND)
    expect(opened(byHand)).toEqual(['0s mail', '85s web'])
    const unanswered = watch(company)
    unanswered.at(0, down('smtp'), down('shop'))
    unanswered.until(20 * MINUTE + 25 * SECOND)
    expect(unanswered.incident(1).state).toBe('exhausted')
    expect(opened(unanswered)).toEqual(['0s mail', '1225s web'])
  })

  test('joins what is open for its service, which pages as ever', () => {
    const w = watch(company)
    w.at(0, down('till'))
    w.at(SECOND, down('shop'))
    expect(w.incident(1).alerts).toMatchObject([{ key: 'till' }, { key: 'shop' }])
    expect(opened(w)).toEqual(['0s web'])
  })
})

describe('what depends on something that fails and is not confirmed', () => {
  const suspects = { suspects: ['smtp'] }

  test('waits ten seconds for it, without a word', () => {
    const w = watch(company)
    w.at(0, down('shop', suspects))
    expect(notices(w)).toEqual([])
    w.at(2 * SECOND, down('smtp'))
    w.until(10 * SECOND)
    expect(opened(w)).toEqual(['2s mail'])
    expect(notices(w)).toEqual(['web'])
  })

  test('and pages then if nothing has come of it, as what has just begun', () => {
    const w = watch(company)
    w.at(0, down('shop', suspects))
    w.until(10 * SECOND)
    expect(opened(w)).toEqual(['10s web'])
    expect(w.facts.findLast(({ type }) => type === 'detected')).toMatchObject({ still: false, incident: 1 })
  })

  test('only what it depends on counts', () => {
    const w = watch(company)
    w.at(0, down('till', suspects))
    expect(opened(w)).toEqual(['0s web'])
  })
})

test('whatever happens, what fails in the end has somebody who is told, within half an hour', () => {
  const name = fc.constantFrom<Name>('switch', 'smtp', 'shop', 'till')
  const step = fc.record({
    afterMs: fc.constantFrom(0, SECOND, 20 * SECOND, 3 * MINUTE, 20 * MINUTE),
    deed: fc.constantFrom('down', 'down', 'up', 'suspect', 'silence', 'ack', 'resolve'),
    name,
    n: fc.integer({ min: 1, max: 4 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (story) => {
      const w = watch(company)
      let now = 0
      for (const { afterMs, deed, name: of, n } of story) {
        now += afterMs
        w.until(now)
        if (deed === 'down') w.at(now, down(of))
        else if (deed === 'up') w.at(now, up(of))
        else if (deed === 'suspect') w.at(now, down(of, { suspects: ['smtp', 'switch'] }))
        else if (deed === 'silence') w.at(now, silenced(of, now + HOUR))
        else if (deed === 'ack') w.at(now, ack('dana', n))
        else w.at(now, resolve('nora', n))
        for (const { status, incident, recheckAt, held } of Object.values(w.desk.alerts)) {
          if (status !== 'firing') continue
          const isOpen = incident !== null && w.desk.incidents[incident]?.state !== 'resolved'
          // Nobody is told of it only where it is known when somebody will be.
          expect(isOpen || recheckAt !== null).toBe(true)
          if (held) expect((recheckAt ?? 0) - held.sinceAt).toBeLessThanOrEqual(31 * MINUTE)
        }
      }
      // Silences are over, and nothing was done since.
      w.until(now + 2 * HOUR)
      for (const { status, incident } of Object.values(w.desk.alerts))
        if (status === 'firing')
          expect(['paging', 'acked', 'exhausted']).toContain(w.desk.incidents[incident ?? 0]?.state)
    }),
    { numRuns: 150 },
  )
})
