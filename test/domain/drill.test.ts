import { describe, expect, test } from 'vitest'
import { canDrill, faultOf, type Learned, planted } from '../../src/domain/detect/drill.ts'
import { observe as observeRate } from '../../src/domain/detect/rate.ts'
import { specOf } from '../../src/domain/detect/rate-series.ts'
import { newRate, type RateState } from '../../src/domain/detect/rate-state.ts'
import { learn, newShapes } from '../../src/domain/detect/shapes.ts'
import { witness } from '../../src/domain/detect/witness.ts'
import type { Signal } from '../../src/domain/event.ts'
import type { Heartbeat, LogMonitor, Monitor, RateMonitor } from '../../src/domain/rules.ts'
import { random } from '../bench/rate-series.ts'
import { ack, firing, HOUR, MINUTE, refused, rota, rules, SECOND, T0, unreachable, watch } from '../support/builders.ts'
import { httpMonitor } from '../support/probed.ts'

const home: Monitor = { ...httpMonitor('http://x/'), name: 'home', service: 'webmail', severity: 'critical' }
const log = (expectEmpty: boolean, ignore: string[] = []): Monitor => ({
  ...{ name: 'errors', service: 'webmail', severity: 'critical', kind: 'log', file: '/x', expectEmpty },
  ...{ match: [], ignore, canary: null, quietMs: 1, asks: null, newShapes: null },
})
const company = { ...rules(), monitors: { home } }
const drill = (to: 'nobody' | 'asker' | 'duty', by: string | null = 'nora'): Signal =>
  faultOf(home, { by, to, silence: null }, '2 looks that failed', T0)
const kinds = (w: ReturnType<typeof watch>) => new Set(w.owed.map(({ about }) => about.kind))

const nothing: Learned = { rate: null, shapes: null, zone: 'UTC' }
const matching = (...match: LogMonitor['match']): Monitor => ({ ...(log(false) as LogMonitor), match })
const backup: Heartbeat = {
  ...{ name: 'backup', service: 'webmail', severity: 'critical', kind: 'heartbeat', graceMs: MINUTE },
  ...{ rhythm: { kind: 'every', everyMs: HOUR }, maxRunMs: null, minEveryMs: null },
}
const rate = (more: Partial<RateMonitor> = {}): RateMonitor => ({
  ...{ name: 'orders', service: 'webmail', severity: 'critical', kind: 'rate', source: { kind: 'push' } },
  ...{ everyMs: 10 * MINUTE, timeoutMs: SECOND, detect: ['dip', 'flatline', 'spike'], floor: null, ceiling: null },
  ...{ falseAlarms: 1, ...more },
})

/** Two days of about `mean` counts. */
function learned(monitor: RateMonitor, mean: number): RateState {
  const spec = specOf(monitor, 'UTC')
  const r = random(3)
  let state = newRate(spec)
  for (let at = T0 - 48 * HOUR; at < T0; at += monitor.everyMs)
    state = observeRate(state, { at, value: mean === 0 ? 0 : r.poisson(mean) }, spec, at).state
  return state
}

describe('what a monitor sees', () => {
  test('can be made up, or cannot', () => {
    expect(canDrill(home)).toBe(true)
    expect(canDrill({ ...home, failAfter: 9 } as Monitor)).toBe(true)
    expect([log(true), log(true, ['drill']), log(false)].map(canDrill)).toEqual([true, true, false])
    const impossible = { pattern: 'a\\bb', withinMs: MINUTE, count: 1 }
    expect([backup, rate(), matching(impossible)].map(canDrill)).toEqual([true, true, false])
  })

  test('of a heartbeat is a deadline that passes, and a run that says that it failed', () => {
    expect(planted(backup, nothing, T0)).toBe('a deadline that passed, and a ping that says it failed')
    const never: Heartbeat = { ...backup, rhythm: { kind: 'cron', cron: '0 0 30 2 *', zone: 'UTC' } }
    expect(planted(never, nothing, T0)).toBe('a ping that says it failed')
  })

  test('of a log are lines that its rules wait for, as many as they count, whatever it ignores', () => {
    const rule = { pattern: 'ERROR|FATAL', withinMs: MINUTE, count: 5 }
    expect(planted(matching(rule, { ...rule, pattern: null }), nothing, T0)).toBe('lines that its patterns wait for')
    expect(planted({ ...(matching(rule) as LogMonitor), ignore: ['ERROR'] }, nothing, T0)).not.toBeNull()
    const shapes = learn(newShapes(T0 - HOUR, MINUTE), ['user 7 logged in', 'user 8 logged in']).shapes
    const before = structuredClone(shapes)
    const unseen = { ...(matching(rule) as LogMonitor), newShapes: { learnMs: HOUR } }
    expect(planted(unseen, { ...nothing, shapes }, T0)).toMatch(/ and a line of a shape never seen before$/)
    expect(shapes).toEqual(before)
  })

  test('of a rate is a number that its detector, as it is, finds unusual; and its state stays as it was', () => {
    const state = learned(rate(), 300)
    const before = structuredClone(state)
    const seen = (more: Partial<RateMonitor>, of = state) => planted(rate(more), { ...nothing, rate: of }, T0)
    expect(seen({})).toMatch(/^(a sample|[23] samples) of 0 \(gone silent\)$/)
    expect(seen({ detect: ['dip'] })).toMatch(/of 1\d\.?\d? \(dropped\)$/)
    expect(seen({ detect: ['spike'] })).toMatch(/^a sample of 3\d\d,\d{3} \(risen\)$/)
    expect(seen({ detect: [], floor: 10 })).toBe('a sample of 5 (below its floor)')
    expect(seen({ detect: [], ceiling: 900 })).toBe('a sample of 1,800 (above its ceiling)')
    expect(state).toEqual(before)
    // Where nothing is usual, nothing is no news; that no number comes is.
    expect(seen({ detect: ['flatline'] }, learned(rate(), 0))).toMatch(/samples of no number \(no numbers arrive\)$/)
  })

  test('of a rate that has learned nothing yet is at least that no number comes', () => {
    expect(planted(rate({ detect: ['dip'] }), nothing, T0)).toMatch(/samples of no number/)
  })
})

test.for([
  'ERROR|FATAL',
  '(?i)^out of memory: kill(ed)? process \\d+',
  'status=(?:5\\d\\d|499) in [0-9.]{3,}ms$',
  '\\bpanic\\b.*\\Q[core]\\E',
  '[^a-z0-9 ]{2}[[:upper:]]+\\pL\\x41',
  '(?P<code>[A-Z]{2}-\\d{4})+?\\s?\\]',
  'x*\\by{2}',
  '^$',
])('a line is found that %s waits for', (pattern) => {
  expect(witness(pattern)).toMatch(new RegExp(/^\^\$$/.test(pattern) ? '^$' : '.'))
})

describe('a fault that ends before a person', () => {
  test('is decided, says whom it would have paged, is owed, and changes nothing else', () => {
    const w = watch(company)
    w.at(0, drill('nobody', null))
    expect(w.facts).toMatchObject([{ type: 'drilled', monitor: 'home', people: ['dana'], injectedAt: T0 }])
    expect(w.owed).toEqual([{ key: 'drill/1', lane: 'drill', about: { kind: 'drill', fact: 1 } }])
    expect([w.desk.incidents, w.desk.alerts]).toEqual([{}, {}])
  })

  test('leaves an alert that fires alone, and is not held up by a silence', () => {
    const w = watch(company)
    w.at(0, {
      type: 'silence',
      by: 'nora',
      target: { kind: 'monitor', name: 'home' },
      reason: 'x',
      fromAt: null,
      untilAt: T0 + HOUR,
    })
    w.at(1, firing('home', { monitor: 'home' }), drill('nobody'))
    expect(w.facts.at(-1)).toMatchObject({ type: 'drilled' })
    expect(w.desk.alerts['webmail/home']?.status).toBe('firing')
  })
})

describe('a drill', () => {
  test('pages whoever asked, and nobody else, with no channel, no announcement and no summary', () => {
    const w = watch(company)
    expect(w.at(0, drill('asker'))).toMatchObject([{ result: 'done', incident: 1, paged: ['nora'] }])
    expect(w.incident()).toMatchObject({ service: null, drill: { by: 'nora', monitor: 'home' } })
    w.until(2 * HOUR)
    expect(w.pages()).toEqual(['0m nora s1'])
    expect(w.incident().state).toBe('resolved')
    expect(w.incident().resolvedAt).toBe(T0 + 5 * MINUTE)
    expect(kinds(w)).toEqual(new Set(['page', 'page-view', 'told']))
  })

  test('goes to whoever is on duty where that is asked for, and no further', () => {
    const w = watch(company)
    w.at(0, drill('duty'))
    w.until(2 * HOUR)
    expect(w.pages()).toEqual(['0m dana s1'])
    expect(w.incident()).toMatchObject({ state: 'resolved', ackedBy: null })
  })

  test('is over with the acknowledgement, and whoever gave it hears how it went', () => {
    const w = watch(company)
    w.at(0, drill('duty'))
    w.at(9 * SECOND, ack('dana'))
    expect(w.incident()).toMatchObject({ state: 'resolved', ackedBy: 'dana', ackedAt: T0 + 9 * SECOND })
    expect(w.owed.filter(({ about }) => about.kind === 'told').map(({ key }) => key)).toEqual([
      expect.stringMatching(/^told\/page\/1\/dana\//),
    ])
  })

  test('joins no incident, and none joins it', () => {
    const w = watch(company)
    w.at(0, drill('duty'))
    w.at(1, firing('home', { monitor: 'home' }))
    expect(w.incident(2)).toMatchObject({ service: 'webmail', drill: null, state: 'paging' })
    w.at(2, drill('asker'))
    expect(w.incident(3).drill).not.toBeNull()
    expect(w.incident(2).alerts).toHaveLength(1)
  })

  test('that reaches nobody is over at once: unreachable, refused, or nobody on duty', () => {
    const away = watch(company)
    away.at(0, unreachable('nora'))
    away.at(1, drill('asker'))
    expect(away.incident().state).toBe('resolved')
    const gone = watch(company)
    gone.at(0, drill('asker'))
    gone.at(1, refused(gone.incident().pages[0]?.key ?? ''))
    expect(gone.incident().state).toBe('resolved')
    const empty = watch({
      ...rules({ schedules: [rota('primary', []), rota('secondary', ['sam'])] }),
      monitors: { home },
    })
    empty.at(0, drill('duty'))
    expect(empty.incident()).toMatchObject({ state: 'resolved', pages: [] })
  })

  test('makes nobody busy, and no real page wait for others', () => {
    const w = watch(company)
    for (let n = 0; n < 5; n++) w.at(n, drill('duty'))
    w.at(10, firing('home', { monitor: 'home' }))
    expect(w.facts.filter(({ type }) => type === 'held')).toEqual([])
    expect(w.pages(6)).toEqual(['0.01s dana s1'])
  })
})
