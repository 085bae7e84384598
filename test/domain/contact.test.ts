import { describe, expect, test } from 'vitest'
import type { Contact, Notify } from '../../src/domain/contact.ts'
import { decide } from '../../src/domain/decide.ts'
import type { Event } from '../../src/domain/event.ts'
import { heldUntil } from '../../src/domain/quiet.ts'
import type { Quiet, Rules } from '../../src/domain/rules.ts'
import { ack, emptyDesk, firing, MINUTE, resolve, rules, T0 } from '../support/builders.ts'

const WAYS: Contact[] = [
  { afterMs: MINUTE, via: 'ntfy', to: 'pager' },
  { afterMs: 3 * MINUTE, via: 'call', to: '+41790000001' },
]
const TWILIO = { url: 'https://api.twilio.com/', account: 'AC1', token: 't', from: '+41440000000' }
const whole: Notify = {
  ...{ ntfy: { url: 'https://ntfy.sh/', token: null }, push: null, twilio: TWILIO },
  ...{ smtp: null, webhook: null },
}

function company(notify?: Notify): Rules {
  const plain = rules()
  const dana = { name: 'dana', slack: 'U0DANA', contact: WAYS }
  return { ...plain, people: { ...plain.people, dana }, ...(notify && { notify }) }
}

const decided = (under: Rules, ...events: Event[]) =>
  decide(
    emptyDesk(),
    events.map((event, n) => ({ id: n + 1, at: T0 + n * 1_000, event })),
    T0 + 60_000,
    under,
  )
const contacts = (of: ReturnType<typeof decided>) =>
  of.owed.filter(({ about }) => about.kind === 'contact').map(({ key, dueAt }) => [key, dueAt])

test('a page owes each way of its person in its time, and an acknowledgement leaves none', () => {
  expect(contacts(decided(company(whole), firing()))).toEqual([
    ['contact/1/dana/e1/r1/s1/0', T0 + MINUTE],
    ['contact/1/dana/e1/r1/s1/1', T0 + 3 * MINUTE],
  ])
  for (const answer of [ack('dana'), resolve('sam')]) {
    const over = decided(company(whole), firing(), answer)
    expect(contacts(over)).toEqual([])
    expect(over.voids).toContain('contact/1/')
  }
})

test('what nothing carries is not owed', () => {
  expect(contacts(decided(company(), firing()))).toEqual([['contact/1/dana/e1/r1/s1/0', T0 + MINUTE]])
})

test('what came of it is on record while the incident is open, and not of what is none', () => {
  const contacted = (incident: number): Event => ({
    ...{ type: 'contacted', incident, page: 'page/1/dana/e1/r1/s1', person: 'dana' },
    ...{ via: 'call', what: 'answered', detail: null },
  })
  const { desk, outcomes } = decided(company(whole), firing(), contacted(1), contacted(7), resolve('sam'), contacted(1))
  expect(desk.incidents[1]?.contacted).toMatchObject([{ via: 'call', what: 'answered', at: T0 + 1_000 }])
  expect(outcomes.map(({ outcome }) => outcome.result)).toEqual(['done', 'done', 'refused', 'done', 'done'])
})

test('who acknowledges beside Slack is shown to, until somebody else takes it', () => {
  const { desk } = decided(company(whole), firing(), { type: 'ack', by: 'dana', incident: 1, via: 'call' })
  expect(desk.incidents[1]).toMatchObject({ state: 'acked', ackedBy: 'dana', ackedVia: 'call' })
  const taken = decided(
    company(whole),
    firing(),
    { type: 'ack', by: 'dana', incident: 1, via: 'call' },
    { type: 'accept', by: 'sam', incident: 1 },
  )
  expect(taken.desk.incidents[1]).toMatchObject({ ackedBy: 'sam', ackedVia: null })
})

test('what arrives only when it is over is put right where it lies', () => {
  const taken: Event = {
    ...{ type: 'contacted', incident: 1, page: 'page/1/dana/e1/r1/s1', person: 'dana' },
    ...{ via: 'push', what: 'taken', detail: null },
  }
  const over = (...events: Event[]) =>
    decided(company(whole), firing(), ...events).owed.filter(({ about }) => about.kind === 'contact-over')
  expect(over(taken, resolve('sam'))).toMatchObject([{ key: 'over/page/1/dana/e1/r1/s1/push' }])
  for (const settled of [ack('dana'), resolve('sam')])
    expect(over(settled, taken)).toMatchObject([{ about: { page: 'page/1/dana/e1/r1/s1', via: 'push' } }])
  // Another of the same way, that was still on its way.
  expect(over(taken, ack('dana'), taken)).toHaveLength(2)
})

describe('quiet hours', () => {
  const NIGHT: Quiet = {
    zone: 'Europe/Zurich',
    from: 22 * 60 * MINUTE,
    to: 7 * 60 * MINUTE,
    ways: ['call', 'ntfy'],
    through: 'error',
  }
  const at = (time: string) => Date.parse(time)

  test.each([
    ['before they begin', 'call', 'warning', '2026-01-05T21:59:59.999+01:00', null],
    ['from their first moment', 'call', 'warning', '2026-01-05T22:00+01:00', '2026-01-06T07:00+01:00'],
    ['past midnight', 'call', 'info', '2026-01-06T03:00+01:00', '2026-01-06T07:00+01:00'],
    ['at their end', 'call', 'warning', '2026-01-06T07:00+01:00', null],
    ['by a way that may come', 'mail', 'warning', '2026-01-06T03:00+01:00', null],
    ['what is grave', 'call', 'error', '2026-01-06T03:00+01:00', null],
    ['what is graver still', 'call', 'critical', '2026-01-06T03:00+01:00', null],
    ['over the change of the clock', 'call', 'warning', '2026-03-28T23:00+01:00', '2026-03-29T07:00+02:00'],
  ] as const)('%s', (_, via, severity, now, until) => {
    expect(heldUntil(NIGHT, via, severity, at(now))).toBe(at(until ?? now))
  })

  test('within a day, and of nobody who has none', () => {
    const siesta = { ...NIGHT, from: 13 * 60 * MINUTE, to: 15 * 60 * MINUTE }
    expect(heldUntil(siesta, 'call', 'warning', at('2026-01-05T14:00+01:00'))).toBe(at('2026-01-05T15:00+01:00'))
    expect(heldUntil(siesta, 'call', 'warning', at('2026-01-05T16:00+01:00'))).toBe(at('2026-01-05T16:00+01:00'))
    expect(heldUntil(undefined, 'call', 'warning', 1)).toBe(1)
  })

  /** Always quiet but for a minute, and services page for warnings too. */
  const sleepy: Rules = (() => {
    const base = company(whole)
    const quiet: Quiet = { ...NIGHT, from: 0, to: 24 * 60 * MINUTE - MINUTE, ways: ['call'] }
    const { people, services, policies } = base
    return {
      ...base,
      people: { ...people, dana: { ...people.dana, name: 'dana', slack: 'U0DANA', contact: WAYS, quiet } },
      services: Object.fromEntries(
        Object.entries(services).map(([name, each]) => [
          name,
          { ...each, pages: ['critical', 'error', 'warning', 'info'] as const },
        ]),
      ) as Rules['services'],
      policies: Object.fromEntries(
        Object.entries(policies).map(([name, each]) => [name, { ...each, fallback: ['dana'] }]),
      ),
    }
  })()
  const rows = (of: ReturnType<typeof decided>) =>
    of.owed.flatMap(({ key, dueAt, about }) =>
      about.kind === 'contact' ? [{ key, afterMs: (dueAt ?? 0) - T0, held: about.heldUntil !== undefined }] : [],
    )

  test('hold back what has time, by the ways that they are about, and nothing of what is grave', () => {
    const night = rows(decided(sleepy, { ...firing(), severity: 'warning' } as Event))
    expect(night).toMatchObject([{ afterMs: MINUTE, held: false }, { held: true }])
    expect(night[1]?.afterMs).toBeGreaterThan(3 * MINUTE)
    expect(rows(decided(sleepy, firing()))).toMatchObject([{ held: false }, { afterMs: 3 * MINUTE, held: false }])
  })

  test('at their end the first goes out, and the others follow it in their distance', () => {
    const { people } = sleepy
    const { dana } = people
    const contact = [1, 2, 12].map((minutes) => ({ ...WAYS[1], afterMs: minutes * MINUTE })) as typeof WAYS
    const calls = { ...sleepy, people: { ...people, dana: { ...dana, contact } as typeof dana } } as Rules
    const [one, two, three] = rows(decided(calls, { ...firing(), severity: 'warning' } as Event))
    expect((two?.afterMs ?? 0) - (one?.afterMs ?? 0)).toBe(MINUTE)
    expect((three?.afterMs ?? 0) - (one?.afterMs ?? 0)).toBe(11 * MINUTE)
  })

  test('end for an incident that becomes graver, and not for one that somebody has', () => {
    const graver: Event = { type: 'set-severity', by: 'sam', incident: 1, severity: 'critical' }
    const first = { ...firing(), severity: 'warning' } as Event
    expect(rows(decided(sleepy, first, graver)).slice(2)).toEqual([
      { key: 'contact/1/dana/e1/r1/s1/1/critical', afterMs: 3 * MINUTE, held: false },
    ])
    expect(rows(decided(sleepy, first, ack('dana'), graver))).toEqual([])
  })
})
