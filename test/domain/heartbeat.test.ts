import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nextFire } from '../../src/domain/detect/cron.ts'
import {
  type Change,
  due,
  excused,
  expire,
  type HeartbeatState,
  newHeartbeat,
  observe,
  type Ping,
  readopt,
  retire,
  standing,
} from '../../src/domain/detect/heartbeat.ts'
import { signalOf } from '../../src/domain/detect/heartbeat-signal.ts'
import type { Heartbeat } from '../../src/domain/rules.ts'
import { HOUR, MINUTE, SECOND, T0 } from '../support/builders.ts'

const DAY = 24 * HOUR

const beat = (change: Partial<Heartbeat> = {}): Heartbeat => ({
  name: 'backup',
  service: 'webmail',
  severity: 'critical',
  kind: 'heartbeat',
  rhythm: { kind: 'every', everyMs: HOUR },
  graceMs: 10 * MINUTE,
  maxRunMs: null,
  minEveryMs: null,
  ...change,
})

const ping = (at: number, kind: Ping['kind'] = 'success', more: Partial<Ping> = {}): Ping => ({
  at,
  kind,
  exit: null,
  run: null,
  lines: [],
  ...more,
})

/** Plays pings (`[minute, kind, run]`) one after the other, missing in between what is missed; what changed, in words. */
function play(spec: Heartbeat, steps: [minute: number, kind: Ping['kind'] | 'look', run?: string][]) {
  let state = newHeartbeat(T0)
  const told: string[] = []
  const tell = (changes: Change[]) => told.push(...changes.map((each) => ('why' in each ? each.why : each.what)))
  for (const [minute, kind, run = null] of steps) {
    const at = T0 + minute * MINUTE
    const missed = expire(state, at, spec)
    tell(missed.changes)
    if (kind === 'look') {
      state = missed.state
      continue
    }
    const seen = observe(missed.state, ping(at, kind, { run }), spec)
    tell(seen.changes)
    state = seen.state
  }
  return { state, told }
}

describe('what becomes of pings', () => {
  const timed = beat({ maxRunMs: 90 * MINUTE })
  const paced = beat({ minEveryMs: 30 * MINUTE })
  test.for<[string, Heartbeat, Parameters<typeof play>[1], string[]]>([
    [
      'in time',
      beat(),
      [
        [50, 'success'],
        [110, 'success'],
        [179, 'look'],
      ],
      [],
    ],
    [
      'never seen: from when it was first known',
      beat(),
      [
        [69, 'look'],
        [70, 'look'],
      ],
      ['missed'],
    ],
    [
      'missed once, not at each look',
      beat(),
      [
        [70, 'look'],
        [71, 'look'],
        [500, 'look'],
      ],
      ['missed'],
    ],
    [
      'missed, then well',
      beat(),
      [
        [70, 'look'],
        [80, 'success'],
        [149, 'look'],
        [150, 'look'],
      ],
      ['missed', 'up', 'missed'],
    ],
    ['a fail at once', beat(), [[5, 'fail']], ['failed']],
    [
      'a fail again is no news',
      beat(),
      [
        [5, 'fail'],
        [6, 'fail'],
      ],
      ['failed'],
    ],
    [
      'a fail after it was missed is',
      beat(),
      [
        [70, 'look'],
        [71, 'fail'],
      ],
      ['missed', 'failed'],
    ],
    [
      'a log changes nothing',
      beat(),
      [
        [5, 'fail'],
        [6, 'log'],
        [69, 'log'],
      ],
      ['failed'],
    ],
    [
      'a log is no sign of life',
      beat(),
      [
        [69, 'log'],
        [70, 'look'],
      ],
      ['missed'],
    ],
    [
      'neither is a start',
      beat(),
      [
        [69, 'start'],
        [70, 'look'],
      ],
      ['missed'],
    ],
    [
      'nor does a start end anything',
      beat(),
      [
        [5, 'fail'],
        [6, 'start'],
      ],
      ['failed'],
    ],
    [
      'a run under way that may last is waited for',
      timed,
      [
        [65, 'start'],
        [154, 'success'],
        [155, 'look'],
      ],
      [],
    ],
    [
      'and no longer than it may last',
      timed,
      [
        [65, 'start'],
        [155, 'look'],
      ],
      ['overran'],
    ],
    [
      'one that starts over and over is one',
      timed,
      [
        [65, 'start'],
        [100, 'start'],
        [150, 'start'],
        [155, 'look'],
      ],
      ['overran'],
    ],
    ['one that began too late helps nobody', timed, [[71, 'start']], ['missed']],
    [
      'runs by their names',
      timed,
      [
        [1, 'start', 'a'],
        [2, 'start', 'b'],
        [60, 'success', 'b'],
        [91, 'look'],
      ],
      ['overran'],
    ],
    [
      'ended by a fail',
      timed,
      [
        [1, 'start', 'a'],
        [60, 'fail', 'a'],
        [61, 'success'],
        [92, 'look'],
      ],
      ['failed', 'up'],
    ],
    [
      'what was missed of a run is over with the next success',
      timed,
      [
        [1, 'start', 'a'],
        [60, 'success'],
        [91, 'look'],
        [92, 'success', 'b'],
        [100, 'look'],
      ],
      ['overran', 'up'],
    ],
    [
      'too soon after another',
      paced,
      [
        [10, 'success'],
        [39, 'success'],
        [69, 'success'],
      ],
      ['too-often', 'spaced'],
    ],
    [
      'a run is counted where it begins',
      paced,
      [
        [10, 'start'],
        [39, 'success'],
        [41, 'start'],
        [42, 'success'],
      ],
      [],
    ],
    [
      'said twice is one run',
      paced,
      [
        [10, 'success', 'a'],
        [11, 'success', 'a'],
      ],
      [],
    ],
    [
      'too often, and missed all the same',
      paced,
      [
        [10, 'success'],
        [11, 'success'],
        [81, 'look'],
      ],
      ['too-often', 'missed'],
    ],
  ])('%s', ([, spec, steps, told]) => {
    expect(play(spec, steps).told).toEqual(told)
  })

  test('a ping that comes late does not take time back', () => {
    const { state } = play(beat(), [[50, 'success']])
    const late = observe(state, ping(T0 + 20 * MINUTE), beat())
    expect(late.state).toMatchObject({ lastSuccessAt: T0 + 50 * MINUTE, lastPingAt: T0 + 50 * MINUTE })
  })

  test('however many start and never end, what is kept of them is bounded, and the oldest are missed', () => {
    const spec = beat({ maxRunMs: HOUR, rhythm: { kind: 'every', everyMs: DAY } })
    let state = newHeartbeat(T0)
    for (let n = 0; n < 1_000; n++) state = observe(state, ping(T0 + n, 'start', { run: `run ${n}` }), spec).state
    expect(state.runs).toHaveLength(20)
    expect(due(state, spec)).toBe(T0 + HOUR)
  })

  test('how it does, in a word', () => {
    const at = (spec: Heartbeat, steps: Parameters<typeof play>[1], minute: number) =>
      standing(play(spec, steps).state, T0 + minute * MINUTE, spec)
    expect(at(beat(), [], 1)).toBe('waiting')
    expect(at(beat(), [[1, 'success']], 2)).toBe('up')
    expect(at(beat(), [[1, 'success']], 62)).toBe('late')
    expect(at(beat(), [[1, 'start']], 2)).toBe('running')
    expect(at(beat(), [[1, 'fail']], 2)).toBe('down')
  })
})

describe('an edit of the configuration', () => {
  test('moves the deadline by its schedule alone, counted from the last ping or from when it was first known', () => {
    expect(due(newHeartbeat(T0), beat())).toBe(T0 + 70 * MINUTE)
    expect(due(newHeartbeat(T0), beat({ severity: 'error' }))).toBe(T0 + 70 * MINUTE)
    expect(due(newHeartbeat(T0), beat({ rhythm: { kind: 'every', everyMs: 2 * HOUR } }))).toBe(T0 + 130 * MINUTE)
    const { state } = play(beat(), [[30, 'success']])
    expect(due(state, beat({ rhythm: { kind: 'every', everyMs: 2 * HOUR } }))).toBe(T0 + 160 * MINUTE)
  })

  test('that loses it ends its alarm, and one that brings it back goes on where it was', () => {
    const { state } = play(beat(), [
      [30, 'success'],
      [200, 'look'],
    ])
    const gone = retire(state, T0 + 201 * MINUTE)
    expect(due(gone, beat())).toBeNull()
    const back = readopt(gone)
    expect(due(back, beat())).toBe(T0 + 100 * MINUTE)
    expect(expire(back, T0 + 202 * MINUTE, beat()).changes).toEqual([{ what: 'down', why: 'missed' }])
    const waiting = retire(newHeartbeat(T0), T0 + MINUTE)
    expect(due(readopt(waiting), beat())).toBe(T0 + 70 * MINUTE)
  })
})

describe('after a time in which we could not hear', () => {
  const deadline = T0 + 70 * MINUTE
  const after = (from: number, to: number, state: HeartbeatState = newHeartbeat(T0)) =>
    due(excused(state, { fromAt: T0 + from * MINUTE, toAt: T0 + to * MINUTE }, beat()), beat())

  test.for<[string, number, number, number]>([
    ['who was missed meanwhile has as long as that was', 65, 72, 79],
    ['and one grace at most', 20, 600, 610],
    ['who is due soon has it too', 60, 66, 72],
    ['who is due later needs none', 20, 25, 70],
    ['who was missed before has none', 71, 75, 70],
  ])('%s', ([, from, to, minute]) => {
    expect(after(from, to)).toBe(T0 + minute * MINUTE)
  })

  test('however often we stop, it is one grace in all; a success begins anew', () => {
    let state = newHeartbeat(T0)
    for (let n = 0; n < 100; n++) {
      const fromAt = deadline - MINUTE + n * 2 * MINUTE
      state = excused(state, { fromAt, toAt: fromAt + MINUTE + SECOND }, beat())
    }
    expect(state.excuse?.ms).toBe(10 * MINUTE)
    expect(observe(state, ping(T0 + 300 * MINUTE), beat()).state.excuse).toBeNull()
  })
})

describe('cron', () => {
  const zurich = (expression: string, from: string) => {
    const at = nextFire(expression, 'Europe/Zurich', Date.parse(from))
    return at === null ? null : new Date(at).toISOString()
  }
  const TABLE: [string, string, string, string | null][] = [
    ['in winter', '0 3 * * *', '2026-01-10T12:00:00Z', '2026-01-11T02:00:00.000Z'],
    ['in summer', '0 3 * * *', '2026-07-10T12:00:00Z', '2026-07-11T01:00:00.000Z'],
    ['left out: as the gap ends', '30 2 * * *', '2026-03-28T12:00:00Z', '2026-03-29T01:00:00.000Z'],
    ['left out of a list, likewise', '30 2,14 * * *', '2026-03-28T20:00:00Z', '2026-03-29T01:00:00.000Z'],
    ['after it was made up for: the day after', '30 2 * * *', '2026-03-29T01:05:00Z', '2026-03-30T00:30:00.000Z'],
    ['twice: the first', '30 2 * * *', '2026-10-24T12:00:00Z', '2026-10-25T00:30:00.000Z'],
    ['and only that', '30 2 * * *', '2026-10-25T00:30:00Z', '2026-10-26T01:30:00.000Z'],
    [
      'every so often: on through the repeated hour',
      '*/30 * * * *',
      '2026-10-25T00:30:00Z',
      '2026-10-25T01:00:00.000Z',
    ],
    ['a day of the month or of the week', '0 3 1 * mon', '2026-11-24T12:00:00Z', '2026-11-30T02:00:00.000Z'],
    ['never', '0 3 31 2 *', '2026-11-24T12:00:00Z', null],
  ]
  test.for(TABLE)('%s', ([, expression, from, wanted]) => {
    expect(zurich(expression, from)).toBe(wanted)
  })

  test('whatever the zone of the machine', () => {
    const module = new URL('../../src/domain/detect/cron.ts', import.meta.url).href
    const program = `import { nextFire } from ${JSON.stringify(module)}
      console.log(JSON.stringify(${JSON.stringify(TABLE)}.map(([, e, from]) => nextFire(e, 'Europe/Zurich', Date.parse(from)))))`
    const told = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
      env: { ...process.env, TZ: 'Asia/Tokyo', NODE_OPTIONS: '' },
    })
    const wanted = TABLE.map(([, , , at]) => (at === null ? null : Date.parse(at)))
    expect(JSON.parse(told.toString())).toEqual(wanted)
  })

  test('the deadline is the next fire after the last ping, and its grace; clocks that are a second ahead do not matter', () => {
    const nightly = beat({ rhythm: { kind: 'cron', cron: '0 3 * * *', zone: 'Europe/Zurich' }, graceMs: 30 * MINUTE })
    const deadlineAfter = (at: string) => {
      const { state } = observe(newHeartbeat(T0), ping(Date.parse(at)), nightly)
      return new Date(due(state, nightly) ?? 0).toISOString()
    }
    expect(deadlineAfter('2026-11-24T02:10:00Z')).toBe('2026-11-25T02:30:00.000Z')
    expect(deadlineAfter('2026-11-24T01:59:59Z')).toBe('2026-11-25T02:30:00.000Z')
    expect(deadlineAfter('2026-11-24T01:59:00Z')).toBe('2026-11-24T02:30:00.000Z')
  })
})

describe('in words', () => {
  const zone = 'Europe/Zurich'
  const words = (spec: Heartbeat, steps: Parameters<typeof play>[1], minute: number, change: Change) => {
    const { state } = play(spec, steps)
    return signalOf({ monitor: spec, state, change, at: T0 + minute * MINUTE, zone })
  }
  test('with what was seen', () => {
    expect(words(beat(), [], 1560, { what: 'down', why: 'missed' })).toMatchObject({
      headline: 'backup was never seen',
      summary: 'backup: never pinged since at 10:00 Mon 23 Nov, 26 h ago, expected every 1 h (+10 min grace)',
      status: 'firing',
      key: 'backup',
      monitor: 'backup',
      severity: 'critical',
    })
    expect(
      words(beat({ rhythm: { kind: 'every', everyMs: DAY } }), [[0, 'success']], 1560, { what: 'down', why: 'missed' })
        .summary,
    ).toBe('backup: last ping 26 h ago, expected every 24 h (+10 min grace)')
    expect(words(beat(), [], 5, { what: 'too-often', gapMs: 90 * SECOND })).toMatchObject({
      key: 'backup/too-often',
      severity: 'warning',
    })
  })
})

/**
 * Never silent: whatever comes in and however often we stop, whoever had no success for longer than may be is down as soon as we have
 * heard for so long that a ping would have come in.
 */
test('nothing that is dead stays unsaid', () => {
  const wait = (min: number) =>
    fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min, max: MINUTE }) },
      { weight: 1, arbitrary: fc.integer({ min, max: 40 * MINUTE }) },
    )
  const word = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom('start' as const, 'log' as const) },
    { weight: 1, arbitrary: fc.constantFrom('success' as const, 'fail' as const) },
  )
  const step = fc.oneof(
    fc.record({ what: word, run: fc.constantFrom(null, 'a', 'b'), waitMs: wait(0) }),
    fc.record({ what: fc.constant('stop' as const), run: fc.constant(null), waitMs: wait(6 * SECOND) }),
  )
  const minutes = (min: number, max: number) => fc.integer({ min, max }).map((n) => n * MINUTE)
  const spec = fc.record({
    everyMs: fc.oneof(minutes(1, 3), minutes(1, 120)),
    graceMs: fc.oneof(minutes(1, 3), minutes(1, 30)),
    maxRunMs: fc.option(minutes(1, 60)),
  })
  fc.assert(
    fc.property(
      spec,
      fc.array(step, { minLength: 10, maxLength: 80, size: 'max' }),
      ({ everyMs, graceMs, maxRunMs }, steps) => {
        const monitor = beat({ rhythm: { kind: 'every', everyMs }, graceMs, maxRunMs })
        let state = newHeartbeat(T0)
        let now = T0
        let lastSuccess = T0
        /** Since the last success, the time in which we heard. */
        let heard = 0
        const isWell = () => expect(state.status === 'down' || heard <= bound, 'silent').toBe(true)
        const bound = everyMs + 2 * graceMs + (maxRunMs ?? 0)
        for (const { what, run, waitMs } of steps) {
          now += waitMs
          if (what === 'stop') {
            state = expire(excused(state, { fromAt: now - waitMs, toAt: now }, monitor), now, monitor).state
          } else {
            heard += waitMs
            state = expire(state, now, monitor).state
            isWell()
            state = observe(state, ping(now, what, { run }), monitor).state
            if (what === 'success') [lastSuccess, heard] = [now, 0]
            // Nobody is woken for nothing: what is missed was really expected, and not excused.
            if (state.why === 'missed') expect(now).toBeGreaterThanOrEqual(lastSuccess + everyMs + graceMs)
          }
        }
        heard += bound + 1
        now += bound + 1
        state = expire(state, now, monitor).state
        isWell()
        expect(due(state, monitor)).toBeNull()
      },
    ),
    { numRuns: 1_000 },
  )
})
