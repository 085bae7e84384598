import { describe, expect, test } from 'vitest'
import { ENTRIES, endsOf, type Graph, graphOf, looseEnds, type Node } from '../../src/domain/detect/graph.ts'
import type { Monitor, Rules } from '../../src/domain/rules.ts'
import { rules } from '../support/builders.ts'
import { httpMonitor } from '../support/probed.ts'

const outwardHeartbeat = { url: 'https://outside.example/ping', everyMs: 60_000, drillTo: null }
const of = { service: 'webmail', severity: 'critical' } as const
const log = (name: string, file: string | null, canary: 'own' | 'external' | null): Monitor => ({
  ...{
    name,
    ...of,
    kind: 'log',
    file,
    expectEmpty: true,
    match: [],
    ignore: [],
    quietMs: 1,
    asks: null,
    newShapes: null,
  },
  canary: canary === null ? null : { by: canary, everyMs: 60_000 },
})
const company = (monitors: Monitor[] = [], more: Partial<Rules> = {}): Rules => ({
  ...{ ...rules(), outwardHeartbeat, monitors: Object.fromEntries(monitors.map((each) => [each.name, each])) },
  ...more,
})
const backup: Monitor = {
  ...{ name: 'backup', ...of, kind: 'heartbeat', rhythm: { kind: 'every', everyMs: 1 } },
  ...{ graceMs: 1, maxRunMs: null, minEveryMs: null },
}
const everyKind = [
  httpMonitor('http://x/'),
  log('errors', '/var/log/x', 'own'),
  log('pushed', null, 'external'),
  backup,
]

const handMade = (edges: Record<string, string[]>): Graph =>
  new Map(
    Object.entries(edges).map(([name, by]): [string, Node] => [
      name,
      {
        ...{ name, what: name, watchedBy: by.map((each) => ({ by: each, how: '' })) },
        kind: name === 'outside' ? 'outside' : 'part',
      },
    ]),
  )

describe('the watch graph', () => {
  test('has whatever watches, and all of it is watched from outside in the end', () => {
    expect(looseEnds(company(everyKind))).toEqual([])
    const names = [...graphOf(company(everyKind)).keys()]
    const monitors = ['monitor/home', 'monitor/errors', 'canary/errors', 'feed/pushed', 'monitor/backup']
    for (const name of [...monitors, 'service/webmail', 'location/here', 'auditor', ...Object.keys(ENTRIES)])
      expect(names).toContain(name)
  })

  test('of a service whose alerts others send, somebody misses whoever sends them', () => {
    const intake = company([httpMonitor('http://x/')])
    const service = { ...intake.services.webmail, intake: ['digest'] } as Rules['services'][string]
    const deaf = { ...intake, services: { webmail: service } }
    expect(looseEnds(deaf)).toMatchObject([{ node: 'source/webmail', refused: false }])
    const hears = { source: 'alertmanager', when: null } as const
    const heard = { ...deaf, monitors: { ...deaf.monitors, prometheus: { ...backup, name: 'prometheus', hears } } }
    expect(looseEnds(heard)).toEqual([])
    expect(graphOf(heard).get('source/webmail')?.watchedBy).toMatchObject([{ by: 'monitor/prometheus' }])
  })

  test('names no watcher that is not in it', () => {
    const graph = graphOf(company(everyKind))
    const named = [...graph.values()].flatMap(({ watchedBy }) => watchedBy.map(({ by }) => by))
    expect(named.filter((by) => !graph.has(by))).toEqual([])
  })

  test('without an outward heartbeat has one loose end: Watchbill itself; it may run all the same', () => {
    expect(looseEnds(company(everyKind, { outwardHeartbeat: null }))).toEqual([
      {
        node: 'outward_heartbeat',
        sentence: expect.stringMatching(/^nobody notices when Watchbill itself stops: set outward_heartbeat/),
        refused: false,
      },
    ])
  })

  test('lines that others send look like health when they stop: without a canary that is a loose end', () => {
    expect(looseEnds(company([log('pushed', null, null), log('file', '/var/log/x', null)]))).toMatchObject([
      { node: 'feed/pushed', sentence: expect.stringContaining('monitor "pushed"'), refused: false },
    ])
  })

  test('a warning of a service without a channel is heard by nobody', () => {
    const quiet = { ...httpMonitor('http://x/'), severity: 'warning' as const }
    const services = rules({ services: { webmail: { channel: null } } }).services
    expect(looseEnds(company([quiet], { services }))).toMatchObject([
      { node: 'monitor/home', sentence: expect.stringContaining('nobody hears of monitor "home"'), refused: false },
    ])
    expect(looseEnds(company([quiet]))).toEqual([])
  })

  test('what is watched by nothing, or only by what it watches itself, is refused', () => {
    expect(endsOf(handMade({ outside: [], outward: ['outside'], new: [] }))).toMatchObject([
      { node: 'new', sentence: 'new is watched by nothing: nobody notices when it stops', refused: true },
    ])
    expect(endsOf(handMade({ outside: [], a: ['b'], b: ['a'], c: ['outside', 'a'] }))).toMatchObject([
      { node: 'a', refused: true },
      { node: 'b', refused: true },
    ])
  })
})
