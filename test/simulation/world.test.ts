import { expect, test } from 'vitest'
import { caseOf, playCase, referenceOf } from './cases.ts'
import { check, NO_LEEWAY } from './checker.ts'
import { openLanes } from './lanes.ts'
import { type Played, play } from './play.ts'
import { SCENARIOS, type Scenario } from './scenarios.ts'
import { dayOf, playDay } from './seeds.ts'

const lanes = openLanes()

const scenarioOf = (id: string): Scenario => SCENARIOS.find((each) => each.id === id) ?? raise(id)
function raise(id: string): never {
  throw new Error(`there is no scenario ${id}`)
}

/** All that can be seen of a run. */
const journal = ({ trace, said, books, slack, wishes }: Played) =>
  JSON.stringify({ trace, said, books, messages: slack.ws.messages, wishes }, null, 1)

test('the same case is the same run, to the letter', { timeout: 120_000 }, async () => {
  const one = caseOf('unanswered,k=120,lost')
  if (!one) throw new Error('there is no such case')
  const reference = await referenceOf(lanes.lab, one)
  const runs: string[] = []
  for (let n = 0; n < 2; n++) runs.push(journal((await playCase(lanes.lab, reference, one)).played))
  expect(runs[0]).toBe(runs[1])
  expect(runs[0]).toContain('crash after it')
})

test('the same seed is the same day, to the letter, and another seed is another day', {
  timeout: 120_000,
}, async () => {
  const days: string[] = []
  await lanes.each(['3', '3', '4'], async (lab, seed) => {
    days.push(journal((await playDay(lab, dayOf(seed))).played))
  })
  expect(new Set(days).size).toBe(2)
})

const tampered: [what: string, tamper: (played: Played) => void, sentence: RegExp][] = [
  [
    'a page that never arrived',
    ({ said }) => drop(said, (call) => call.key === 'page/1/sam/e1/r1/s2'),
    /^I1: page\/1\/sam/,
  ],
  [
    'an alert that was lost',
    ({ books }) => {
      for (const row of books.inbox) if (row.source === 'alerts') row.outcome = { result: 'done', incident: null }
    },
    /^I1: the alert home#1 was accepted and lost/,
  ],
  [
    'a message twice',
    ({ said }) => void said.push(...said.filter((call) => call.key === 'post/1/4')),
    /^I2: post\/1\/4 is visible 2 times/,
  ],
  ['an early page', ({ said }) => move(said, 'page/1/sam/e1/r1/s2', -1), /^I4: .*before its time/],
  ['a late page', ({ said }) => move(said, 'page/1/sam/e1/r1/s2', 2_001), /^I4: .*1 ms too late/],
  [
    'an early escalation',
    ({ books }) => {
      for (const fact of books.facts) if (fact.kind === 'stepped' && fact.body['step'] === 1) fact.at -= 1
    },
    /^I4: INC-1 escalated 1 ms early/,
  ],
  [
    'a page to somebody although another has it',
    ({ said }) => move(said, 'page/1/nora/e1/r1/s1', 490_000),
    /^I4: .*although somebody had it/,
  ],
  ['entries out of order', ({ said }) => said.reverse(), /^timeline: the entries of INC-1 are out of order/],
  [
    'an entry that is done and not there',
    ({ said }) => drop(said, (call) => call.key === 'post/1/3'),
    /^timeline: post\/1\/3 is done and nobody has seen it/,
  ],
  [
    'a changed fact',
    ({ books }) => {
      for (const fact of books.facts) fact.body = { ...fact.body, at: 0 }
    },
    /^I5: fact 1 is not what was decided/,
  ],
  ['a missing fact', ({ books }) => void books.facts.splice(2, 1), /^I5: fact 3 is missing/],
  [
    'something that is owed for ever',
    ({ books }) => {
      for (const row of books.owed) if (row.kind === 'summary') row.state = 'open'
    },
    /^rest: summary\/1 is still open/,
  ],
]

let sound: Promise<Played> | undefined

test.for(tampered)('the checker sees %s', { timeout: 60_000 }, async ([, tamper, sentence]) => {
  sound ??= play(lanes.lab, { scenario: scenarioOf('unanswered'), seed: 'checker' })
  const played = await sound
  expect(check(played, NO_LEEWAY)).toEqual([])
  const copy = { ...played, said: structuredClone(played.said), books: structuredClone(played.books) }
  tamper(copy)
  expect(check(copy, NO_LEEWAY).join('\n')).toMatch(new RegExp(sentence.source, 'm'))
})

function drop<T>(all: readonly T[], which: (one: T) => boolean): void {
  const kept = all.filter((one) => !which(one))
  ;(all as T[]).splice(0, all.length, ...kept)
}

function move(said: Played['said'], key: string, ms: number): void {
  for (const call of said) if (call.key === key) Object.assign(call, { at: call.at + ms, calledAt: call.calledAt + ms })
}
