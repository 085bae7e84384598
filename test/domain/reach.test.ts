import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/config.ts'
import { doubts, type Reachability, reachWarnings, slackAlone } from '../../src/domain/duty/reach.ts'
import type { Rules } from '../../src/domain/rules.ts'

const WAY = 'contact: [{ after: 1m, via: ntfy, to: pager }]'

/** Ana has the day, ben the night, cid everything behind them. */
function company(ways: Partial<Record<'ana' | 'ben' | 'cid', string>>): Rules {
  const person = (name: 'ana' | 'ben' | 'cid') =>
    `  ${name}: { slack: U0${name.toUpperCase()}${ways[name] ? `, ${ways[name]}` : ''} }`
  const config = parseConfig(
    `
company: Reach
zone: Europe/Zurich
people:
${person('ana')}
${person('ben')}
${person('cid')}
schedules:
  first:
    layers:
      - { name: days, people: [ana], rotation: { every: 1 day, start: "2026-01-05T05:00" }, hours: [{ from: "05:00", to: "20:00" }] }
      - { name: nights, people: [ben], rotation: { every: 1 day, start: "2026-01-05T20:00" }, hours: [{ from: "20:00", to: "05:00" }] }
policies:
  all: { steps: [{ page: [schedule/first], wait: 5m }], fallback: [cid] }
services:
  web: { policy: all, channel: C0OPS }
`,
    'watchbill.yaml',
    {},
  )
  if ('problems' in config) throw new Error(JSON.stringify(config.problems))
  return config.rules
}

const at = (time: string) => Date.parse(`2026-11-${time}+01:00`)
const known = (what: Partial<Reachability> = {}): Reachability => ({
  ...{ unreachable: {}, confirmed: new Set(), quiet: new Map() },
  ...what,
})
const kinds = (rules: Rules, what: Partial<Reachability>, now = at('23T12:00')) =>
  doubts(rules, known(what), now).map(({ person, kind, startAt }) => `${person} ${kind} ${(startAt - now) / 3_600_000}`)

describe('whom a page may not reach', () => {
  test('is nobody where all live by Slack alone, or all have confirmed', () => {
    expect(kinds(company({}), {})).toEqual([])
    expect(kinds(company({ ana: WAY, ben: WAY }), { confirmed: new Set(['ana', 'ben']) })).toEqual([])
  })

  test('who has confirmed nothing, and who has nothing though others have; each shift under way or in the next two days', () => {
    expect(kinds(company({ ana: WAY }), {})).toEqual([
      'ana unconfirmed -7',
      'ben alone 8',
      'ana unconfirmed 17',
      'ben alone 32',
      'ana unconfirmed 41',
    ])
  })

  test('who is not disturbed during it, today or as every day, unless something beside Slack is known to work', () => {
    const quiet = new Map([['ben', { fromAt: at('23T22:00'), toAt: at('24T06:00') }]])
    expect(kinds(company({}), { quiet })).toEqual(['ben quiet 8', 'ben quiet 32'])
    expect(kinds(company({ ana: WAY, ben: WAY }), { quiet, confirmed: new Set(['ana', 'ben']) })).toEqual([])
    const byDay = new Map([['ben', { fromAt: at('23T12:00'), toAt: at('23T18:00') }]])
    expect(kinds(company({}), { quiet: byDay })).toEqual([])
  })

  test('whom Slack does not know, beside somebody whom it does: alone on duty they are a problem of the roster', () => {
    expect(kinds(company({}), { unreachable: { ben: 'user_disabled' } })).toEqual([])
    const rules = company({})
    const nights = rules.schedules.first?.layers[1]
    if (nights) nights.people = [['ben', 'cid']]
    expect(kinds(rules, { unreachable: { ben: 'user_disabled' } })).toEqual(['ben gone 8', 'ben gone 32'])
  })

  test('is named by the check of the configuration', () => {
    expect(slackAlone(company({}))).toEqual([])
    expect(slackAlone(company({ ben: WAY }))).toEqual([expect.stringMatching(/no contact: ana, cid$/)])
  })
})

describe('it is told', () => {
  const rules = company({ ana: WAY, ben: WAY })
  const due = (now: number, confirmed = ['ben']) =>
    reachWarnings(rules, doubts(rules, known({ confirmed: new Set(confirmed) }), now), now)
      .filter(({ doubt }) => doubt.startAt === at('24T05:00'))
      .map(({ to, lead }) => `${'person' in to ? to.person : to.channel} ${lead}`)

  test.each([
    ['not two days ahead', '22T20:00', []],
    ['to the team while it is awake', '22T21:00', ['C0OPS day']],
    ['to the person a day ahead', '23T05:00', ['ana day']],
    ['and to the team in the morning, when that was missed', '23T08:00', ['ana day', 'C0OPS day']],
    ['to the team for the last time in the evening', '23T21:00', ['ana day', 'C0OPS hour']],
    ['to the person an hour ahead, though it is four in the morning', '24T04:00', ['ana hour', 'C0OPS hour']],
  ])('%s', (_, now, expected) => {
    expect(due(at(now))).toEqual(expected)
  })

  test('under names that stay, and no more once it is mended', () => {
    const names = (now: number) => reachWarnings(rules, doubts(rules, known(), now), now).map(({ name }) => name)
    expect(names(at('23T12:00'))).toEqual(names(at('23T12:30')))
    expect(due(at('23T12:00'), ['ana', 'ben'])).toEqual([])
  })
})
