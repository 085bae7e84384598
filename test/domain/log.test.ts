import { describe, expect, test } from 'vitest'
import { canaryDue, canaryLine, observe } from '../../src/domain/detect/log.ts'
import { type LogState, type Look, newLog, quietLook } from '../../src/domain/detect/log-state.ts'
import type { LogMonitor } from '../../src/domain/rules.ts'

const [SECOND, MINUTE] = [1_000, 60_000]

const spec = (what: Partial<LogMonitor> = {}): LogMonitor => ({
  ...{ name: 'errors', service: 'webmail', severity: 'critical', kind: 'log', file: '/var/log/errors.log', asks: null },
  ...{ expectEmpty: true, match: [], ignore: [], newShapes: null, canary: null, quietMs: 15 * MINUTE },
  ...what,
})
const match = (pattern: string, count = 1, withinMs = MINUTE) => ({ pattern, count, withinMs })
const own = { by: 'own', everyMs: 5 * MINUTE } as const
const external = { by: 'external', everyMs: 5 * MINUTE } as const

/** A log under watch: looks at instants, with lines; what each brought, in short. */
function log(of: LogMonitor) {
  let state: LogState = newLog(of, 0)
  return {
    state: () => state,
    look(at: number, lines: string[] = [], what: Partial<Look> = {}) {
      const all = lines.map((text) => ({ text, cut: false, at: null }))
      const observed = observe(state, { ...quietLook(state, at), lines: all, ...what }, of)
      state = observed.state
      return observed.changes.map(({ of, to }) => `${of} ${to}`)
    },
    /** Looks each second that bring nothing; what they came to, with when. */
    until(from: number, to: number, what: Partial<Look> = {}) {
      const found: string[] = []
      for (let at = from; at <= to; at += SECOND)
        found.push(...this.look(at, [], what).map((change) => `${change} at ${at / SECOND} s`))
      return found
    },
    last(at: number, lines: string[]) {
      const all = lines.map((text) => ({ text, cut: false, at: null }))
      return observe(state, { ...quietLook(state, at), lines: all }, of).changes[0]
    },
  }
}

describe('lines', () => {
  test.for<[what: string, of: Partial<LogMonitor>, lines: string[], alarm: boolean]>([
    ['any, where none should be', {}, ['x'], true],
    ['an empty one, too', {}, [''], true],
    ['none', {}, [], false],
    ['one that is ignored', { ignore: ['^debug'] }, ['debug: x'], false],
    ['one that is ignored, and another', { ignore: ['^debug'] }, ['debug: x', 'y'], true],
    ['one that matches', { expectEmpty: false, match: [match('ERR')] }, ['an ERR'], true],
    ['one that does not', { expectEmpty: false, match: [match('ERR')] }, ['an err'], false],
    [
      'one that matches and is ignored',
      { expectEmpty: false, match: [match('ERR')], ignore: ['known'] },
      ['known ERR'],
      false,
    ],
    ['the second of several patterns', { expectEmpty: false, match: [match('A'), match('B')] }, ['B'], true],
    ['too few', { expectEmpty: false, match: [match('ERR', 3)] }, ['ERR', 'ERR'], false],
    ['enough', { expectEmpty: false, match: [match('ERR', 3)] }, ['ERR', 'ERR', 'ERR'], true],
    [
      'two of one and two of another are not three of any',
      { expectEmpty: false, match: [match('A', 3), match('B', 3)] },
      ['A', 'A', 'B', 'B'],
      false,
    ],
    ['our canary', {}, [canaryLine('0123456789abcdef', 0)], false],
    ['what somebody had written before our canary', {}, [`half ${canaryLine('0123456789abcdef', 0)}`], true],
    ['what only looks like a canary', {}, ['watchbill-canary, said the log'], true],
    [
      'the canary of somebody else, with a time before it',
      { canary: external },
      ['Nov 23 mx1 app: watchbill-canary 7'],
      false,
    ],
  ])('%s', ([, of, lines, alarm]) => {
    expect(log(spec(of)).look(SECOND, lines)).toEqual(alarm ? ['lines down'] : [])
  })

  test('enough in the window, across looks, and not across more than the window', () => {
    const errors = log(spec({ expectEmpty: false, match: [match('ERR', 3)] }))
    expect(errors.look(0, ['ERR'])).toEqual([])
    expect(errors.look(30 * SECOND, ['ERR'])).toEqual([])
    expect(errors.look(61 * SECOND, ['ERR'])).toEqual([])
    expect(errors.look(89 * SECOND, ['ERR'])).toEqual(['lines down'])
  })

  test('are shown, the first ten and how many more, readable and cut', () => {
    const errors = log(spec())
    const odd = `\u001b[31m<!channel>\u0000 \u0007${'é'.repeat(400)}`
    const change = errors.last(SECOND, [odd, ...Array.from({ length: 99 }, (_, n) => `line ${n}`)])
    if (change?.of !== 'lines' || change.to !== 'down') throw new Error('no alarm')
    expect(change.first).toMatch(/^<!channel> é{285,300}…$/)
    expect(change.evidence).toHaveLength(10)
    expect(change.evidence.at(-1)).toEqual({ at: null, saw: 'and 91 more lines' })
  })

  test('page once; well again after quiet, which begins with each line anew and is only counted while the log is read', () => {
    const errors = log(spec())
    expect(errors.look(0, ['x'])).toEqual(['lines down'])
    expect(errors.until(SECOND, 10 * MINUTE)).toEqual([])
    expect(errors.look(10 * MINUTE, ['y'])).toEqual([])
    expect(errors.until(10 * MINUTE, 20 * MINUTE)).toEqual([])
    expect(errors.until(20 * MINUTE, 21 * MINUTE, { why: 'there is no such file' })).toEqual(['reading down at 1210 s'])
    expect(errors.until(21 * MINUTE, 36 * MINUTE)).toEqual(['reading up at 1260 s', 'lines up at 2160 s'])
  })

  test('that were left for later looks may be more of them: nothing is well until all is read', () => {
    const errors = log(spec({ quietMs: MINUTE }))
    errors.look(0, ['x'])
    expect(errors.until(SECOND, 2 * MINUTE, { behind: 1 })).toEqual([])
    expect(errors.look(2 * MINUTE)).toEqual(['lines up'])
  })
})

describe('shapes of lines', () => {
  const learning = spec({ expectEmpty: false, newShapes: { learnMs: 10 * MINUTE } })

  test('are learned first; then a line of a new one is an alarm, with the line and its shape', () => {
    const errors = log(learning)
    for (let n = 0; n <= 600; n++) expect(errors.look(n * SECOND, [`request ${n} took ${n % 7} ms`])).toEqual([])
    expect(errors.state().shapes).toMatchObject({ learnsUntilAt: null, lines: 601 })
    expect(errors.look(601 * SECOND, ['request 7 took 70 ms'])).toEqual([])
    const change = errors.last(602 * SECOND, ['request 8 took 80 ms', 'cannot parse rule 17 of antispam.conf'])
    expect(change).toMatchObject({
      why: 'a line of a shape never seen before',
      first: 'cannot parse rule 17 of antispam.conf',
      evidence: [
        { at: 602 * SECOND, saw: 'cannot parse rule 17 of antispam.conf' },
        { at: null, saw: 'of the shape: cannot parse rule <num> of antispam.conf' },
      ],
    })
  })

  test('while they are learned patterns page all the same', () => {
    const errors = log({ ...learning, match: [match('ERR')] })
    expect(errors.look(SECOND, ['an ERR'])).toEqual(['lines down'])
  })

  test('learning goes on only while the log is read', () => {
    const errors = log(learning)
    errors.look(0, ['usual'])
    errors.until(SECOND, 5 * MINUTE)
    errors.until(5 * MINUTE + SECOND, 8 * MINUTE, { why: 'gone' })
    errors.until(8 * MINUTE + SECOND, 12 * MINUTE)
    expect(errors.state().shapes?.learnsUntilAt).toBe(13 * MINUTE)
    // Nobody looked for an hour.
    errors.look(72 * MINUTE)
    expect(errors.state().shapes?.learnsUntilAt).toBe(73 * MINUTE)
  })

  test('of another file are others, and none are kept where nobody asks', () => {
    const errors = log(learning)
    errors.look(0, ['usual'])
    const elsewhere = { ...learning, file: '/elsewhere' }
    expect(observe(errors.state(), quietLook(errors.state(), SECOND), elsewhere).state.shapes?.lines).toBe(0)
    const without = { ...learning, newShapes: null }
    expect(observe(errors.state(), quietLook(errors.state(), SECOND), without).state.shapes).toBe(null)
  })
})

describe('reading', () => {
  test('a file that is gone for a moment is being rotated; for longer it is an alarm, until it is read again', () => {
    const errors = log(spec())
    expect(errors.until(0, 9 * SECOND, { why: 'gone' })).toEqual([])
    expect(errors.look(10 * SECOND)).toEqual([])
    expect(errors.until(11 * SECOND, 60 * SECOND, { why: 'gone' })).toEqual(['reading down at 21 s'])
    expect(errors.look(61 * SECOND)).toEqual(['reading up'])
    expect(errors.state().status).toBe('up')
  })

  test('what was never read is no better', () => {
    expect(log(spec()).until(0, MINUTE, { why: 'gone' })).toEqual(['reading down at 10 s'])
  })

  test('a log that is written faster than it is read', () => {
    expect(log(spec()).until(0, 6 * MINUTE, { behind: 7 })).toEqual(['reading down at 300 s'])
  })

  test('both alarms may stand at once', () => {
    const errors = log(spec())
    errors.look(0, ['x'])
    expect(errors.until(SECOND, MINUTE, { why: 'gone' })).toEqual(['reading down at 11 s'])
    expect(errors.look(61 * SECOND)).toEqual(['reading up'])
    expect(errors.state()).toMatchObject({ status: 'down', lines: { status: 'down' }, reading: { status: 'up' } })
  })
})

test('lines that may have been lost are an alarm of their own, once, until it has not come again for a while', () => {
  const errors = log(spec({ quietMs: MINUTE }))
  const lost = 'it was emptied'
  errors.look(0)
  expect(errors.look(SECOND, [], { lost })).toEqual(['lost down'])
  expect(errors.look(30 * SECOND, [], { lost })).toEqual([])
  expect(errors.until(31 * SECOND, 2 * MINUTE)).toEqual(['lost up at 90 s'])
  expect(errors.state().status).toBe('up')
})

describe('the canary', () => {
  const [one, two] = ['0123456789abcdef', 'fedcba9876543210']
  const out = (token: string, why: string | null = null) => ({ wrote: { token, why } })

  test('goes out at intervals, and is well when it comes back', () => {
    const of = spec({ canary: own })
    const errors = log(of)
    expect(canaryDue(errors.state(), of, 0)).toBe(true)
    expect(errors.look(0, [], out(one))).toEqual([])
    expect(canaryDue(errors.state(), of, SECOND)).toBe(false)
    expect(errors.look(SECOND, [canaryLine(one, 0)])).toEqual([])
    expect(canaryDue(errors.state(), of, 5 * MINUTE - 1)).toBe(false)
    expect(canaryDue(errors.state(), of, 5 * MINUTE)).toBe(true)
  })

  test('that does not come back is written again, and is then an alarm; another one that does ends it', () => {
    const of = spec({ canary: own })
    const errors = log(of)
    errors.look(0, [], out(one))
    expect(errors.until(SECOND, 9 * SECOND)).toEqual([])
    expect(canaryDue(errors.state(), of, 10 * SECOND)).toBe(true)
    expect(errors.look(10 * SECOND, [], out(two))).toEqual([])
    expect(errors.until(11 * SECOND, MINUTE)).toEqual(['reading down at 30 s'])
    expect(errors.look(61 * SECOND, [canaryLine('00000000ffffffff', 0)])).toEqual([])
    expect(errors.look(62 * SECOND, [canaryLine(two, 0)])).toEqual(['reading up'])
  })

  test('that cannot be written is an alarm with what to do, until one can', () => {
    const of = spec({ canary: own })
    const errors = log(of)
    expect(errors.look(0, [], out(one, 'permission denied: let …'))).toEqual([])
    expect(errors.until(SECOND, 10 * SECOND)).toEqual(['reading down at 10 s'])
    expect(errors.state().reading.why).toMatch(/permission denied/)
    expect(errors.look(11 * SECOND, [], out(two))).toEqual(['reading up'])
    expect(errors.look(12 * SECOND, [canaryLine(two, 0)])).toEqual([])
  })

  test('of somebody else: its silence is an alarm, and the mark ends it', () => {
    const errors = log(spec({ canary: external }))
    expect(errors.until(0, 7 * MINUTE)).toEqual(['reading down at 361 s'])
    expect(errors.look(7 * MINUTE, ['x watchbill-canary'])).toEqual(['reading up'])
    expect(errors.until(7 * MINUTE, 14 * MINUTE)).toEqual(['reading down at 781 s'])
  })

  test('while nobody listened its silence says nothing', () => {
    const errors = log(spec({ canary: external }))
    errors.look(0, ['watchbill-canary'])
    expect(errors.look(60 * MINUTE)).toEqual([])
    expect(errors.until(60 * MINUTE + SECOND, 65 * MINUTE)).toEqual([])
  })
})

test('another file under the same name is read from its own beginning, and what stood still stands', () => {
  const errors = log(spec())
  errors.look(0, ['x'])
  const other = spec({ file: '/elsewhere', expectEmpty: false, match: [match('ERR')] })
  const place = {
    device: '1',
    inode: '2',
    path: '/',
    offset: 3,
    fingerprint: '',
    writtenMs: null,
    waitsSinceAt: null,
    rest: null,
  }
  const known = { ...errors.state(), follow: { ...errors.state().follow, place } }
  const follow = newLog(other, 0).follow
  const { state } = observe(known, { ...quietLook(known, 1), follow }, other)
  expect(state).toMatchObject({ file: '/elsewhere', lines: { status: 'down' } })
  expect(state.follow).toEqual({ place: null, before: [], from: 'end' })
})
