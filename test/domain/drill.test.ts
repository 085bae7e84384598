import { describe, expect, test } from 'vitest'
import { canDrill, faultOf } from '../../src/domain/detect/drill.ts'
import type { Signal } from '../../src/domain/event.ts'
import type { Monitor } from '../../src/domain/rules.ts'
import { ack, firing, HOUR, MINUTE, refused, rota, rules, SECOND, T0, unreachable, watch } from '../support/builders.ts'
import { httpMonitor } from '../support/probed.ts'

const home: Monitor = { ...httpMonitor('http://x/'), name: 'home', service: 'webmail', severity: 'critical' }
const log = (expectEmpty: boolean, ignore: string[] = []): Monitor => ({
  ...{ name: 'errors', service: 'webmail', severity: 'critical', kind: 'log', file: '/x', expectEmpty },
  ...{ match: [], ignore, canary: null, quietMs: 1, asks: null, newShapes: null },
})
const company = { ...rules(), monitors: { home } }
const drill = (to: 'nobody' | 'asker' | 'duty', by: string | null = 'nora'): Signal =>
  faultOf(home, { by, to, silence: null }, T0)
const kinds = (w: ReturnType<typeof watch>) => new Set(w.owed.map(({ about }) => about.kind))

test('what a monitor sees can be made up, or cannot', () => {
  expect(canDrill(home)).toBe(true)
  expect(canDrill({ ...home, failAfter: 9 } as Monitor)).toBe(true)
  expect([log(true), log(true, ['drill']), log(false)].map(canDrill)).toEqual([true, true, false])
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
