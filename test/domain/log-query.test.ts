import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { observe } from '../../src/domain/detect/log.ts'
import { type FoundLine, isDue, spanFor, taken } from '../../src/domain/detect/log-query.ts'
import { LogState, newLog, quietLook, stateFor } from '../../src/domain/detect/log-state.ts'
import type { LogMonitor, LogQuery } from '../../src/domain/rules.ts'

const [SECOND, MINUTE] = [1_000, 60_000]
const HOUR = 60 * MINUTE
const T0 = Date.parse('2026-11-23T03:00:00Z')

const query: LogQuery = {
  ...{ kind: 'loki', url: 'http://loki.test/', query: '{app="x"}', headers: { authorization: 'Bearer s3cret' } },
  ...{ everyMs: 30 * SECOND, timeoutMs: 10 * SECOND, lateMs: MINUTE },
}
const spec = (what: Partial<LogMonitor> = {}): LogMonitor => ({
  ...{ name: 'errors', service: 'webmail', severity: 'critical', kind: 'log', file: null, asks: query },
  ...{ expectEmpty: true, match: [], ignore: [], newShapes: null, canary: null, quietMs: 15 * MINUTE },
  ...what,
})

/** A place where lines arrive late, and a monitor that asks it; what is remembered goes through JSON, as through the store. */
function asking(of: LogMonitor) {
  const kept: (FoundLine & { arrivesAt: number })[] = []
  let state = newLog(of, T0)
  const said: string[] = []
  return {
    state: () => state,
    said,
    write(at: number, text: string, lateMs = 0) {
      kept.push({ id: String(kept.length), at: T0 + at, text, cut: false, arrivesAt: T0 + at + lateMs })
    },
    look(after: number, why: string | null = null, most = 1_000) {
      const at = T0 + after
      const known = stateFor(state, of, at)
      const { skippedMs, ...span } = spanFor(known.asked, query, of, at)
      const there = kept
        .filter((line) => line.arrivesAt <= at && line.at >= span.fromAt && line.at < span.toAt)
        .toSorted((a, b) => b.at - a.at)
      const lines = why === null ? there.slice(0, most) : []
      const more = there.length - lines.length
      const found = taken(known.asked, query, span, { why, lines, more })
      const look = { ...quietLook(known, at), ...found, why, more: why === null ? more : 0 }
      const observed = observe(known, look, of)
      state = LogState.parse(JSON.parse(JSON.stringify(observed.state)))
      said.push(...observed.changes.map(({ of, to }) => `${of} ${to} at ${after / SECOND} s`))
      return { lines: found.lines.map(({ text }) => text), skippedMs, changes: observed.changes }
    },
  }
}

test('a line that arrives late counts all the same, and each line once, whatever is down meanwhile', () => {
  const times = fc.record({ at: fc.integer({ min: 0, max: 600 }), late: fc.integer({ min: 0, max: 59 }) })
  fc.assert(
    fc.property(fc.array(times, { maxLength: 60 }), fc.array(fc.boolean(), { maxLength: 25 }), (lines, down) => {
      const errors = asking(spec())
      for (const [n, { at, late }] of lines.entries()) errors.write(at * SECOND, `line ${n}`, late * SECOND)
      const seen: string[] = []
      for (let n = 0; n < down.length; n++) seen.push(...errors.look(n * 30 * SECOND, down[n] ? 'is down' : null).lines)
      for (const at of [15, 16]) seen.push(...errors.look(at * MINUTE).lines)
      const number = (line: string) => Number(line.slice(5))
      expect(seen.map(number).toSorted((a, b) => a - b)).toEqual(lines.map((_, n) => n))
    }),
  )
})

test('what is there at first is an alarm where nothing should be, and else what comes from now on counts', () => {
  const [empty, other] = [spec(), spec({ expectEmpty: false, match: [{ pattern: null, count: 1, withinMs: MINUTE }] })]
  for (const [of, alarms] of [
    [empty, ['lines down at 0 s']],
    [other, []],
  ] as const) {
    const errors = asking(of)
    errors.write(-10 * MINUTE, 'an error')
    errors.look(0)
    expect(errors.said).toEqual(alarms)
  }
})

describe('what does not answer', () => {
  test('twice in a row is an alarm of its own, and nothing is well again meanwhile', () => {
    const errors = asking(spec())
    errors.write(5 * SECOND, 'an error')
    errors.look(30 * SECOND)
    for (let at = 60; at < 1_200; at += 30) errors.look(at * SECOND, 'Loki answered 500')
    expect(errors.said).toEqual(['lines down at 30 s', 'reading down at 90 s'])
    for (let at = 1_200; at <= 2_130; at += 30) errors.look(at * SECOND)
    expect(errors.said.slice(2)).toEqual(['reading up at 1200 s', 'lines up at 2100 s'])
  })

  test('once is none', () => {
    const errors = asking(spec())
    errors.look(0)
    errors.look(30 * SECOND, 'Loki answered 500')
    errors.look(40 * SECOND)
    expect(errors.said).toEqual([])
  })

  test('is asked again soon', () => {
    expect(isDue(query, T0, false, T0 + 29 * SECOND)).toBe(false)
    expect(isDue(query, T0, false, T0 + 30 * SECOND)).toBe(true)
    expect(isDue(query, T0, true, T0 + 10 * SECOND)).toBe(true)
    expect(isDue(query, T0, false, T0 - 1)).toBe(true)
  })

  test('for days is asked for the last day alone, and that is known', () => {
    const errors = asking(spec())
    errors.look(0)
    expect(errors.look(23 * HOUR).skippedMs).toBe(0)
    expect(errors.look(49 * HOUR).skippedMs).toBe(2 * HOUR + MINUTE)
  })

  test('in full: what came all the same counts, once, and the rest is asked for again', () => {
    const span = { fromAt: T0 - MINUTE, toAt: T0 }
    const line = (id: string, at: number): FoundLine => ({ id, at, text: id, cut: false })
    const first = taken(null, query, span, { why: 'in part', lines: [line('b', T0 - 1)], more: 0 })
    expect(first.lines.map(({ text }) => text)).toEqual(['b'])
    const next = spanFor(first.asked, query, spec(), T0 + 30 * SECOND)
    expect(next.fromAt).toBeLessThanOrEqual(span.fromAt)
    const second = taken(first.asked, query, next, {
      why: null,
      lines: [line('b', T0 - 1), line('a', T0 - 2)],
      more: 0,
    })
    expect(second.lines.map(({ text }) => text)).toEqual(['a'])
  })
})

describe('lines in a window', () => {
  const counted = (count: number) => spec({ expectEmpty: false, match: [{ pattern: null, count, withinMs: MINUTE }] })

  test('count by when they were written, in whatever order they arrive', () => {
    const errors = asking(counted(3))
    errors.look(0)
    errors.write(70 * SECOND, 'a')
    errors.write(80 * SECOND, 'b')
    // Written between them, and seen a question later.
    errors.write(75 * SECOND, 'late', 20 * SECOND)
    errors.look(90 * SECOND)
    expect(errors.said).toEqual([])
    errors.look(120 * SECOND)
    expect(errors.said).toEqual(['lines down at 120 s'])
  })

  test('that are spread over an outage of the place are not many at once', () => {
    const errors = asking(counted(3))
    errors.look(0)
    for (let n = 1; n <= 20; n++) errors.write(n * 31 * SECOND, `line ${n}`)
    errors.look(11 * MINUTE)
    expect(errors.said).toEqual([])
  })

  test('the newest are shown, and how many more there are', () => {
    const errors = asking(spec())
    for (let n = 0; n < 500; n++) errors.write(n, `line ${n}`)
    const [change] = errors.look(SECOND, null, 100).changes
    if (change?.of !== 'lines' || change.to !== 'down') throw new Error('no alarm')
    expect(change.evidence).toHaveLength(10)
    expect(change.evidence.slice(-2)).toEqual([
      { at: T0 + 499, saw: 'line 499' },
      { at: null, saw: 'and at least 491 more lines' },
    ])
    expect(errors.state().lines.count).toBe(500)
  })
})

test('another question knows nothing of the one before; another key is the same question', () => {
  const errors = asking(spec())
  errors.look(0)
  const same = spec({ asks: { ...query, headers: {}, everyMs: MINUTE } })
  expect(stateFor(errors.state(), same, T0 + 1).asked).toEqual(errors.state().asked)
  expect(JSON.stringify(errors.state())).not.toContain('s3cret')
  const other = spec({ asks: { ...query, query: '{app="y"}' } })
  expect(stateFor(errors.state(), other, T0 + 1).asked).toBe(null)
})

test('the marked line of somebody else may come as late as lines may', () => {
  const errors = asking(spec({ canary: { by: 'external', everyMs: 5 * MINUTE } }))
  errors.write(0, 'error: watchbill-canary')
  for (let at = 0; at <= 8 * MINUTE; at += 30 * SECOND) errors.look(at)
  expect(errors.said).toEqual([])
  for (let at = 8.5 * MINUTE; at <= 10 * MINUTE; at += 30 * SECOND) errors.look(at)
  expect(errors.said).toEqual([expect.stringContaining('reading down')])
})
