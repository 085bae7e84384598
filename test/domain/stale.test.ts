import { describe, expect, test } from 'vitest'
import { stale, staleSignal } from '../../src/domain/detect/stale.ts'
import type { Monitor } from '../../src/domain/rules.ts'
import { MINUTE, SECOND, T0 } from '../support/builders.ts'
import { httpMonitor } from '../support/probed.ts'

const probe = (everyMs: number): Monitor => ({
  ...httpMonitor('http://x/'),
  name: 'home',
  everyMs,
  timeoutMs: 5 * SECOND,
})
const log: Monitor = {
  ...{ name: 'errors', service: 'webmail', severity: 'critical', kind: 'log', file: '/x', expectEmpty: true },
  ...{ match: [], ignore: [], canary: null, quietMs: 1, asks: null, newShapes: null },
}
const every = { everyMs: 5 * MINUTE, timeoutMs: 5 * SECOND, lateMs: 1 }
const asking: Monitor = {
  ...log,
  file: null,
  asks: { kind: 'loki', url: 'http://x/', query: '{}', headers: {}, ...every },
}
const backup: Monitor = {
  ...{ name: 'backup', service: 'webmail', severity: 'critical', kind: 'heartbeat' },
  ...{ rhythm: { kind: 'every', everyMs: 1 }, graceMs: 1, maxRunMs: null, minEveryMs: null },
}
const names = (monitor: Monitor, seen: { lastAt?: number; sinceAt?: number; backAt?: number }, now: number) =>
  stale(
    [monitor],
    {
      looks: new Map(seen.lastAt === undefined ? [] : [[monitor.name, T0 + seen.lastAt]]),
      sinceAt: T0 + (seen.sinceAt ?? 0),
      backAt: new Map(seen.backAt === undefined ? [] : [[monitor.name, T0 + seen.backAt]]),
    },
    T0 + now,
  ).map((each) => each.monitor.name)

describe('a monitor is not watched', () => {
  test.for<[string, Monitor, Parameters<typeof names>[1], number, boolean]>([
    ['within three intervals and the time of a look', probe(30 * SECOND), { lastAt: 0 }, 95 * SECOND, false],
    ['after that', probe(30 * SECOND), { lastAt: 0 }, 95 * SECOND + 1, true],
    ['that looks each second, within a minute', probe(SECOND), { lastAt: 0 }, MINUTE, false],
    ['that looks each second, after that', probe(SECOND), { lastAt: 0 }, MINUTE + 1, true],
    ['that never looked, from when it could have', probe(SECOND), { sinceAt: MINUTE }, 2 * MINUTE, false],
    ['that never looked, after that', probe(SECOND), { sinceAt: MINUTE }, 2 * MINUTE + 1, true],
    ['after a stop', probe(SECOND), { lastAt: 0, sinceAt: 60 * MINUTE }, 61 * MINUTE, false],
    ['that was switched on again just now', probe(SECOND), { lastAt: 0, backAt: 9 * MINUTE }, 10 * MINUTE, false],
    ['that reads a log, after a minute', log, { lastAt: 0 }, MINUTE + 1, true],
    ['that asks for a log every five minutes, after two of them', asking, { lastAt: 0 }, 10 * MINUTE, false],
    ['that asks for a log every five minutes, after three', asking, { lastAt: 0 }, 16 * MINUTE, true],
    ['that is reported to: it has a deadline of its own', backup, {}, 60 * MINUTE, false],
  ])('%s', ([, monitor, seen, now, isStale]) => {
    expect(names(monitor, seen, now)).toEqual(isStale ? [monitor.name] : [])
  })

  test('is as grave as what it would have said', () => {
    expect(staleSignal({ ...probe(1), severity: 'warning' }, 'firing', 'it never was', T0)).toMatchObject({
      ...{ key: 'home: not watched', monitor: 'home', severity: 'warning', status: 'firing' },
      summary: 'home is not being watched: it never was',
    })
  })
})
