import { describe, expect, test } from 'vitest'
import { type Looked, missAudit, type Pings, type Verdict } from '../../src/domain/detect/miss.ts'
import type { Silence } from '../../src/domain/detect/silence.ts'
import type { Fact, Recorded } from '../../src/domain/fact.ts'
import { durationsOf, lanesOf, milestonesOf, participantsOf } from '../../src/domain/milestones.ts'
import type { Heartbeat, LogMonitor } from '../../src/domain/rules.ts'
import { suspected } from '../../src/domain/suspect.ts'
import { timeline } from '../../src/domain/timeline.ts'
import { drawTimeline } from '../../src/picture.ts'
import { asMarkdown, asText, escapeMarkdown } from '../../src/slack/markdown.ts'
import { plain } from '../../src/slack/text.ts'
import { timelineMarkdown } from '../../src/slack/timeline.ts'
import { ack, firing, HOUR, MINUTE, recovered, rules, SECOND, T0, watch } from '../support/builders.ts'
import { httpMonitor } from '../support/probed.ts'

const by = rules()

/** An incident as the desk makes it, at minute 1; seen first 10 s before. */
function played() {
  const monitors = { home: { ...httpMonitor('home'), name: 'home' }, login: { ...httpMonitor('login'), name: 'login' } }
  const w = watch({ ...by, monitors })
  w.at(MINUTE, firing('home', { monitor: 'home', evidence: [{ at: T0 + 50 * SECOND, saw: '503' }] }))
  w.at(4 * MINUTE, ack('dana'))
  w.at(6 * MINUTE, firing('login', { monitor: 'login' }))
  const open = w.incident()
  w.at(9 * MINUTE, recovered('home'), recovered('login'))
  const incident = { ...open, state: 'resolved' as const, resolvedAt: T0 + 9 * MINUTE }
  return { incident, facts: w.facts.filter((fact) => fact.incident === 1) }
}

const recorded = (facts: readonly Fact[]): Recorded[] =>
  facts.map((fact, n) => ({ ...fact, id: 1_000 + n }) as Recorded)

describe('the timeline', () => {
  test('what was noted or said later stands where it belongs, and what was taken off again is not there', () => {
    const { incident, facts } = played()
    const said = (ts: string, text: string, saidAt: number) => ({
      type: 'captured' as const,
      incident: 1,
      at: T0 + 8 * MINUTE,
      by: 'sam',
      said: { message: { channel: 'C1', ts }, thread: null, saidAt, author: 'Erik', text, files: [], permalink: null },
    })
    const later = recorded([
      { type: 'note', incident: 1, at: T0 + 8 * MINUTE, by: 'sam', text: 'it began', happenedAt: T0 - HOUR },
      said('1.0', 'I restarted it', T0 + 2 * MINUTE),
      said('2.0', 'lunch?', T0 + 3 * MINUTE),
      {
        type: 'capture-changed',
        incident: 1,
        at: T0 + 9 * MINUTE,
        message: { channel: 'C1', ts: '2.0' },
        change: { what: 'uncaptured', by: 'sam' },
      },
    ])
    const entries = timeline(incident, [...facts, ...later], [], by)
    expect(entries.map(({ at, kind }) => [(at - T0) / MINUTE, kind])).toEqual([
      [-60, 'note'],
      [1, 'opened'],
      [1, 'detected'],
      [1, 'paged'],
      [2, 'captured'],
      [4, 'acked'],
      [6, 'detected'],
      [9, 'recovered'],
      [9, 'resolved'],
    ])
    expect(entries[4]).toMatchObject({ by: 'Erik', captured: { text: 'I restarted it' } })
  })

  test('whoever shows so much of it waits for no more', () => {
    const { incident, facts } = played()
    const entries = timeline(incident, facts, [], by)
    const lines = (most: number) => timelineMarkdown({ rules: by, now: T0 }, entries, () => null, { most })
    expect(lines(Number.POSITIVE_INFINITY).filter((line) => line.startsWith('- '))).toHaveLength(entries.length)
    expect(lines(0).filter((line) => line.startsWith('- '))).toHaveLength(1)
  })

  test('of what belongs to no incident, it has what is about its service, its monitors and its watch', () => {
    const { incident, facts } = played()
    const silenced = (name: string, at: number): Fact => ({
      type: 'silence',
      incident: null,
      at,
      by: 'erik',
      what: 'begun',
      silence: silence({ target: { kind: 'service', name } }),
    })
    const around = recorded([
      silenced('webmail', T0 - 2 * HOUR),
      silenced('webmail', T0 - 7 * HOUR),
      silenced('imap', T0),
      silenced('webmail', T0 + HOUR),
    ])
    const others = timeline(incident, facts, around, rules({ services: { webmail: {}, imap: {} } })).filter(
      ({ kind }) => kind === 'silence',
    )
    expect(others.map(({ fact }) => fact.id)).toEqual([1_000])
  })
})

test('an incident is measured from the first failure that was seen, and its lanes are those of its monitors', () => {
  const { incident, facts } = played()
  const milestones = milestonesOf(incident, facts)
  expect(durationsOf(milestones)).toEqual({
    detect: 10 * SECOND,
    page: 0,
    ack: 3 * MINUTE,
    mitigate: 8 * MINUTE + 10 * SECOND,
    resolve: 8 * MINUTE + 10 * SECOND,
  })
  expect(participantsOf(facts)).toEqual([{ name: 'dana', paged: true, acted: true }])
  const lanes = lanesOf(facts)
  expect([...lanes]).toEqual([
    ['home', [{ fromAt: T0 + 50 * SECOND, toAt: T0 + 9 * MINUTE }]],
    ['login', [{ fromAt: T0 + 6 * MINUTE, toAt: T0 + 9 * MINUTE }]],
  ])
  const title = 'INC-1 · <script>alert("&")</script>\u0000'
  const svg = drawTimeline({ title, zone: 'Europe/Zurich', milestones, lanes, now: T0 + HOUR })
  expect(svg).toContain('&lt;script&gt;alert(&quot;&amp;&quot;)&lt;/script&gt;\ufffd')
  const inStrokes = drawTimeline({ title, zone: 'Europe/Zurich', milestones, lanes, now: T0 + HOUR }, 'strokes')
  expect(inStrokes).not.toContain('<text')
  for (const drawn of [svg, inStrokes]) expect(drawn).not.toMatch(/<script|NaN|undefined/)
})

const silence = (change: Partial<Silence>): Silence => ({
  ...{ id: 3, mode: 'silence', by: 'erik', approvedBy: null, target: { kind: 'monitor', name: 'home' }, reason: 'r' },
  ...{ madeAt: T0, fromAt: T0 - HOUR, untilAt: T0 + HOUR, state: 'active', noticed: false, endedAt: null },
  ...{ endedBy: null, endAskedBy: null, awaiting: [], seen: [], returnBy: null },
  ...change,
})

describe('the miss audit', () => {
  const alert = (change: Record<string, unknown> = {}): Recorded =>
    recorded([
      {
        ...{
          type: 'detected',
          incident: 1,
          service: 'webmail',
          at: T0,
          key: 'home',
          monitor: 'home',
          severity: 'critical',
        },
        ...{ headline: '', summary: '', evidence: [], still: false, quietUntilAt: null, held: null },
        ...change,
      } as Fact,
    ])[0] as Recorded
  const looked: Looked = {
    monitor: { ...httpMonitor('home'), name: 'home', service: 'webmail' },
    looks: 20,
    failures: 0,
    lastAt: T0,
    learnsUntilAt: null,
  }
  const log: LogMonitor = {
    ...{ name: 'home', service: 'webmail', severity: 'critical', kind: 'log', file: '/x', asks: null },
    ...{ expectEmpty: false, match: [], ignore: [], newShapes: null, canary: null, quietMs: MINUTE },
  }
  const backup: Heartbeat = {
    ...{ name: 'home', service: 'webmail', severity: 'critical', kind: 'heartbeat', graceMs: 5 * MINUTE },
    ...{ rhythm: { kind: 'every', everyMs: HOUR }, maxRunMs: null, minEveryMs: null },
  }
  const read = (looks: number, failures: number): Looked => {
    const match = [3, 5].map((count) => ({ pattern: 'error', count, withinMs: MINUTE }))
    return { ...looked, looks, failures, monitor: { ...log, match } }
  }
  const beat = (pings: Partial<Pings>): Looked => {
    const known = {
      createdAt: T0 - 9 * HOUR,
      lastAt: T0 - HOUR / 2,
      lastSuccessAt: T0 - HOUR / 2,
      count: 0,
      deaf: null,
    }
    return { ...looked, looks: null, monitor: backup, pings: { ...known, ...pings } }
  }
  const audit = (part: Partial<Parameters<typeof missAudit>[0]>): Verdict | undefined =>
    missAudit({
      ...{
        rules: { notWatchedYet: [] },
        facts: [],
        silences: [],
        looked: [looked],
        span: { fromAt: T0, toAt: T0 + HOUR },
      },
      ...part,
    })[0]

  test.each<[string, Partial<Parameters<typeof missAudit>[0]>, Partial<Verdict>]>([
    ['it fired', { facts: [alert()] }, { what: 'fired', at: T0 }],
    [
      'it saw it, and was silenced',
      { facts: [alert({ incident: null, quietUntilAt: T0 + HOUR })], silences: [silence({})] },
      { what: 'silenced', at: T0 },
    ],
    [
      'its service was silenced',
      { silences: [silence({ target: { kind: 'service', name: 'webmail' } })] },
      { what: 'silenced', at: null },
    ],
    ['it was disabled', { silences: [silence({}), silence({ mode: 'disable' })] }, { what: 'disabled' }],
    [
      'what it depends on was down',
      { facts: [alert({ quietUntilAt: T0 + HOUR, held: { by: 'smtp', sinceAt: T0, sure: true } })] },
      { what: 'held', by: 'smtp' },
    ],
    ['nobody looked after it', { facts: [alert({ key: 'home: not watched' })] }, { what: 'unwatched' }],
    ['its source was silent', { facts: [alert({ key: 'home (source)' })] }, { what: 'no-data' }],
    [
      'its log was not read',
      { facts: [alert({ key: 'home (reading)', summary: 'gone' })] },
      { what: 'no-data', why: 'gone' },
    ],
    ['it did not look', { looked: [{ ...looked, looks: 0 }] }, { what: 'no-data', lastAt: T0 }],
    [
      'everything failed from where it looks, and nothing was believed',
      { looked: [{ ...looked, failures: 9, blind: [{ place: 'here', fromAt: T0 - MINUTE, toAt: null }] }] },
      { what: 'blind', fromAt: T0 - MINUTE, toAt: null, places: ['here'] },
    ],
    [
      'its location was blind before that time',
      { looked: [{ ...looked, blind: [{ place: 'here', fromAt: T0 - 9 * MINUTE, toAt: T0 - MINUTE }] }] },
      { what: 'scope' },
    ],
    [
      'one of its locations was blind, and another saw',
      {
        looked: [
          {
            ...{ ...looked, monitor: { ...looked.monitor, locations: ['here', 'fra'] } as Looked['monitor'] },
            blind: [
              { place: 'here', fromAt: T0, toAt: T0 + 9 * MINUTE },
              { place: 'fra', fromAt: T0 + 9 * MINUTE, toAt: T0 + HOUR },
            ],
          },
        ],
      },
      { what: 'scope' },
    ],
    ['it was learning', { looked: [{ ...looked, learnsUntilAt: T0 + 1 }] }, { what: 'learning' }],
    ['it saw too little', { looked: [{ ...looked, failures: 1 }] }, { what: 'threshold', failures: 1, looks: 20 }],
    ['it watches something else', {}, { what: 'scope' }],
    [
      'its kind is not built',
      { looked: [], rules: { notWatchedYet: ['later'] } },
      { monitor: 'later', what: 'not-built' },
    ],
    ['nothing was written where it reads', { looked: [read(0, 0)] }, { what: 'no-lines' }],
    [
      'it read lines, and none that it looks for',
      { looked: [read(40, 0)] },
      { what: 'no-match', lines: 40, patterns: 2 },
    ],
    [
      'it read too few of them',
      { looked: [read(40, 2)] },
      { what: 'threshold', failures: 2, looks: 40, takes: { count: 3, withinMs: MINUTE } },
    ],
    [
      'it could not be read',
      { looked: [{ ...read(0, 0), unread: { why: 'it is gone', sinceAt: T0 - HOUR } }] },
      { what: 'no-data', why: 'it is gone' },
    ],
    ['nobody ever read it', { looked: [{ ...read(0, 0), lastAt: null }] }, { what: 'no-data', lastAt: null }],
    ['it was never pinged', { looked: [beat({ lastAt: null })] }, { what: 'never-pinged', sinceAt: T0 - 9 * HOUR }],
    ['it was pinged in time', { looked: [beat({ count: 2 })] }, { what: 'in-time', pings: 2, lastAt: T0 - HOUR / 2 }],
    ['it was not due', { looked: [beat({})] }, { what: 'not-due', dueAt: T0 + HOUR / 2 + 5 * MINUTE }],
    [
      'it could not be heard',
      { looked: [beat({ deaf: { fromAt: T0 - MINUTE, toAt: T0 + MINUTE } })] },
      { what: 'deaf', toAt: T0 + MINUTE },
    ],
  ])('%s', (_, part, expected) => {
    expect(audit(part)).toMatchObject(expected)
  })
})

describe('the most likely cause', () => {
  const change = (kind: 'deploy' | 'configuration' | 'silence' | 'roster', minutes: number) => ({
    ...{ at: T0 - minutes * MINUTE, kind, what: kind },
  })
  test.each([
    ['a deploy before a younger silence', [change('silence', 5), change('deploy', 20)], 'deploy'],
    [
      'a configuration that is much younger than a deploy',
      [change('deploy', 180), change('configuration', 2)],
      'configuration',
    ],
    ['nothing, where all is long ago', [change('configuration', 300)], undefined],
    ['never a roster, and nothing that came after', [change('roster', 1), change('deploy', -1)], undefined],
  ] as const)('%s', (_, changes, expected) => {
    expect(suspected(changes, T0).find(({ suspect }) => suspect !== null)?.kind).toBe(expected)
  })
})

describe('what the bot says, elsewhere', () => {
  const around = { rules: by, at: T0 }
  test('names instead of ids, full days where it is another, and no marks', () => {
    const said = `:bell: *Paged* <@U0DANA>: on duty for \`mail_primary\` since <!date^${T0 / 1_000}^{time}|x>, until <!date^${(T0 + 24 * HOUR) / 1_000}^{time}|x>\n>seen`
    expect(asText(said, around)).toBe('Paged dana: on duty for mail_primary since 10:00, until 24 Nov 2026 10:00')
    expect(asMarkdown(said, around)).toBe(
      '**Paged** dana: on duty for `mail_primary` since 10:00, until 24 Nov 2026 10:00',
    )
  })

  test.each([
    ['*b* _i_ `c` ~s~', '\\*b\\* \\_i\\_ \\`c\\` \\~s\\~'],
    ['<b>&amp;</b>', '\\<b\\>\\&amp;\\</b\\>'],
    ['[x](https://e.test) ![](@U07) www.e.test', '\\[x\\](https\\://e.test) !\\[\\](@\u200bU07) www\\.e.test'],
    ['<@U07> <!channel> @here', '\\<@\u200bU07\\> \\<!channel\\> @\u200bhere'],
    ['a|b\nc | d', 'a\\|b c \\| d'],
    ['body_contains __init__', 'body_contains \\_\\_init\\_\\_'],
  ])('%j in Markdown is nothing but text', (foreign, expected) => {
    expect(escapeMarkdown(foreign)).toBe(expected)
    expect(asMarkdown(`*Detected:* ${plain(foreign.replaceAll('\n', ' '))}`, around)).toBe(`**Detected:** ${expected}`)
    expect(asText(`*Detected:* ${plain(foreign)}`, around)).toBe(`Detected: ${foreign}`)
  })

  test.each(['# h', '- item', '1. one', '> quote', '=== ', '+ x', '    code'])(
    'a line that begins with %j begins nothing',
    (line) => {
      const [, second = ''] = asMarkdown(`*Note* by dana: x\n${plain(line)}`, around).split('\n')
      expect(second).toMatch(/^(?:\\[#\-+>=]|1\\\.|code)/)
    },
  )
})

test('no page shares a lane with anything else: whatever is slow about a channel holds up none', () => {
  const w = watch()
  for (let n = 0; n < 5; n++) w.at(n * MINUTE, firing(`key ${n}`))
  w.at(6 * MINUTE, ack('dana'))
  const pages = w.owed.filter(({ about }) => about.kind === 'page')
  const others = new Set(w.owed.filter(({ about }) => about.kind !== 'page').map(({ lane }) => lane))
  expect(pages.length).toBeGreaterThan(0)
  expect(pages.filter(({ lane }) => others.has(lane))).toEqual([])
})
