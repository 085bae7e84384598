import { expect, test } from 'vitest'
import { observe } from '../../src/domain/detect/log.ts'
import { type LineRate, readingOfLines, slotCounts } from '../../src/domain/detect/log-counts.ts'
import { type LogState, type Look, newLog, quietLook } from '../../src/domain/detect/log-state.ts'
import type { LogMonitor } from '../../src/domain/rules.ts'

const MINUTE = 60_000
const AT = 100 * MINUTE
const log: LogMonitor = {
  ...{ name: 'access', service: 'webmail', severity: 'critical', kind: 'log', file: '/var/log/access.log', asks: null },
  ...{ expectEmpty: false, match: [], ignore: ['GET /health'], newShapes: null, quietMs: MINUTE },
  canary: { by: 'own', everyMs: 5 * MINUTE },
}
const asked: LogMonitor = {
  ...log,
  ...{ file: null, canary: null },
  asks: {
    ...{ kind: 'loki', url: 'http://127.0.0.1:3100', query: '{app="x"}', headers: {} },
    ...{ everyMs: 30_000, timeoutMs: 5_000, lateMs: MINUTE },
  },
}
const rate = (match: string | null = null): LineRate => ({
  ...{ kind: 'rate', name: 'errors', service: 'webmail', severity: 'critical', everyMs: MINUTE, timeoutMs: 5_000 },
  ...{ source: { kind: 'log', log: 'access', match }, detect: ['spike'], floor: null, ceiling: null, falseAlarms: 1 },
})
const state = (what: Partial<LogState> = {}, of = log): LogState => {
  const fresh = newLog(of, 0)
  return { ...fresh, lookedAt: AT + MINUTE, reading: { ...fresh.reading, status: 'up' }, ...what }
}
const line = (text: string, at: number | null = null) => ({ text, cut: false, at })
const look = (before: LogState, at: number, ...lines: ReturnType<typeof line>[]) => ({
  ...quietLook(before, at),
  lines,
})

/** Of the lines that count for the log itself. */
const counted = (of: LineRate, spec: LogMonitor, before: LogState, seen: Look) =>
  slotCounts(of, spec, before, seen, observe(before, seen, spec).counting)

test('lines count in the slot in which they were read, but those that are marked, ignored, or do not match', () => {
  const lines = [
    line('500 /a'),
    line('200 /b'),
    line('GET /health'),
    line(`watchbill-canary ${'0'.repeat(16)} 2026-11-23T07:00:00Z`),
  ]
  const counts = (match: string | null) => counted(rate(match), log, state(), look(state(), AT + 5, ...lines))
  expect(counts(null)).toEqual([{ rate: 'errors', slotAt: AT, kind: 'lines', count: 2 }])
  expect(counts('^5\\d\\d')).toEqual([{ rate: 'errors', slotAt: AT, kind: 'lines', count: 1 }])
  expect(counts('nothing')).toEqual([])
})

test('lines that are asked for count when they were written; more than were fetched are not matched by anybody', () => {
  const late = { ...look(state(), AT + 5, line('500 /a', AT - 1), line('500 /b', AT + 1)), more: 40 }
  expect(counted(rate(), asked, state(), late)).toEqual([
    { rate: 'errors', slotAt: AT - MINUTE, kind: 'lines', count: 1 },
    { rate: 'errors', slotAt: AT, kind: 'lines', count: 41 },
  ])
  expect(counted(rate('500'), asked, state(), late).at(-1)).toMatchObject({ kind: 'unseen', count: 40 })
})

test('what is read after a while in which nobody could is no burst', () => {
  const before = state({ reading: { ...state().reading, failingSinceAt: AT - 5 } })
  expect(counted(rate(), log, before, look(before, AT, line('500')))[0]).toMatchObject({ kind: 'backlog' })
})

const slot = { fromAt: AT, untilAt: AT + MINUTE }
const read = (what: Partial<LogState>, counted = {}, at = AT + MINUTE + 1_000, of = log) =>
  readingOfLines(state(what, of), of, slot, counted, at)
const unread = (why: string) => ({ kind: 'failed', saw: `the log \`access\` ${why}` })

test('a slot without lines is zero only where the log was read all along', () => {
  expect(read({}, { lines: 7 })).toEqual({ kind: 'value', value: 7 })
  expect(read({})).toEqual({ kind: 'value', value: 0 })
  const { reading } = state()
  expect(read({ reading: { ...reading, status: 'down', why: 'there is no such file' } })).toEqual(
    unread('is not being read: there is no such file'),
  )
  expect(read({ reading: { ...reading, failingSinceAt: AT } })).toBe('wait')
  expect(read({ lookedAt: AT + MINUTE - 1 })).toBe('wait')
  expect(read({ lookedAt: AT }, {}, AT + 3 * MINUTE)).toEqual(
    unread('is not being read: nobody has looked at it since'),
  )
  expect(readingOfLines(undefined, log, slot, {}, AT + 3 * MINUTE)).toEqual(unread('has never been read'))
})

test('a slot in which nobody was reading says nothing, and neither does one in which lines were lost or caught up with', () => {
  expect(read({ resumedAt: AT + 1 })).toBeNull()
  expect(read({}, { lines: 2, backlog: 900 })).toBeNull()
  expect(read({ lostAt: AT + 1 })).toBeNull()
  expect(read({ lostAt: AT - 1 })).toEqual({ kind: 'value', value: 0 })
  expect(read({}, { lines: 2, unseen: 1 })).toMatchObject({ kind: 'failed' })
})

test('of what is asked for, lines that come late are waited for', () => {
  const of = (toAt: number) => ({ asked: { of: '', toAt, seen: [] } })
  expect(read(of(AT + MINUTE), {}, AT + MINUTE, asked)).toBe('wait')
  expect(read(of(AT + 2 * MINUTE), { lines: 3 }, AT + 2 * MINUTE, asked)).toEqual({ kind: 'value', value: 3 })
  expect(read(of(AT), {}, AT + 5 * MINUTE, asked)).toEqual(unread('is not being read: nobody has looked at it since'))
})
