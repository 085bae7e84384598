import { expect, test } from 'vitest'
import type { Contact, Notify } from '../../src/domain/contact.ts'
import { decide } from '../../src/domain/decide.ts'
import type { Event } from '../../src/domain/event.ts'
import type { Rules } from '../../src/domain/rules.ts'
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
