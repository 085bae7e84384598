import { RE2JS } from 're2js'
import type { LogMonitor } from '../rules.ts'
import { cut } from './line.ts'
import { inShort, shown } from './log-evidence.ts'
import { type Change, type Line, type LogState, type Look, stateFor } from './log-state.ts'
import { learn, learnsUntil, newShapes, type Shapes } from './shapes.ts'

/** A file may be gone for a moment while it is rotated. */
const GONE_MS = 10_000
/** A marked line of ours must be back after so long; one that is not is written once more before, because a rotation may swallow one. */
const BACK_MS = 30_000
const AGAIN_MS = 10_000
const MOST_OUT = 6
/** Marked lines of others may be so late, as a share of their interval and within bounds. */
const [LATE_SHARE, LEAST_LATE_MS, MOST_LATE_MS] = [0.5, 10_000, 60_000]
/** Nobody has looked for so long: a stop, a machine that slept. */
const GAP_MS = 30_000
/** A log that is written faster than it is read for so long is not being read. */
const BEHIND_MS = 5 * 60_000
const TOO_FAST = 'it is written faster than it can be read'
const TOO_MANY = 'its query finds more lines than can be looked through: narrow it'

const LONGEST_PATTERN_SHOWN = 80

const UNSEEN = 'a line of a shape never seen before'

const MARK = 'watchbill-canary'
/** A marked line of ours; whatever stood before it on its line was written by others. */
const OURS = /watchbill-canary ([0-9a-f]{16}) \d{4}-\d\d-\d\dT[\d:.]{8,12}Z/g

export const canaryLine = (token: string, at: number) => `${MARK} ${token} ${new Date(at).toISOString()}`

/** Whether a marked line of ours has to go out. */
export function canaryDue({ canary }: LogState, spec: LogMonitor, at: number): boolean {
  if (spec.canary?.by !== 'own') return false
  const { out, firstAt, lastAt, unwritten } = canary
  if (firstAt === null || lastAt === null) return true
  return at - (out.length > 0 || unwritten !== null ? lastAt + AGAIN_MS : firstAt + spec.canary.everyMs) >= 0
}

/** Folds one look into the state of its log. `counting`: its lines that are neither marked nor ignored; `matched`: how many of those count. */
export function observe(
  before: LogState,
  look: Look,
  spec: LogMonitor,
): { state: LogState; changes: Change[]; counting: readonly Line[]; matched: number } {
  const known = stateFor(before, spec, look.at)
  const resumedAt = look.at - known.lookedAt > gapMs(spec) ? look.at : known.resumedAt
  const sorted = sort(look.lines, spec)
  const canary = canaryAfter(known.canary, sorted.tokens, sorted.marked, look)
  const here = { ...known, follow: look.follow, asked: look.asked, lookedAt: look.at, resumedAt, canary }
  const reading = readingAfter(here, look, spec)
  const learned = shapesAfter(known, sorted.counting, look, spec)
  const lines = linesAfter({ ...here, reading: reading.reading }, sorted.counting, learned.unseen, look, spec)
  const lost = lostAfter(known, look, spec)
  const state = {
    ...here,
    reading: reading.reading,
    lines: lines.lines,
    windows: lines.windows,
    shapes: learned.shapes,
    lostAt: lost.lostAt,
  }
  return {
    state: { ...state, status: statusOf(state) },
    changes: [lines.change, reading.change, lost.change].flatMap((change) => change ?? []),
    counting: sorted.counting,
    matched: lines.matched,
  }
}

/** The lines whose shapes were never seen, with those, once it has learned for long enough. */
function shapesAfter(
  before: LogState,
  lines: readonly Line[],
  { at, why }: Look,
  spec: LogMonitor,
): { shapes: Shapes | null; unseen: Map<Line, string> } {
  const unseen = new Map<Line, string>()
  if (spec.newShapes === null) return { shapes: null, unseen }
  const known = before.shapes ?? newShapes(at, spec.newShapes.learnMs)
  const awayMs = at - before.lookedAt
  const learnsUntilAt = learnsUntil(known, at, why !== null || awayMs > gapMs(spec) ? awayMs : 0)
  const { shapes, found } = learn(
    known,
    lines.map(({ text }) => text),
  )
  if (known.learnsUntilAt === null)
    for (const { index, shape } of found) {
      const line = lines[index]
      if (line) unseen.set(line, shape)
    }
  return { shapes: { ...shapes, learnsUntilAt }, unseen }
}

/** Lines that nobody read cannot be had any more: it is said once, and over when it has not come again for a while. */
function lostAfter(
  { lostAt, lookedAt }: LogState,
  { at, lost }: Look,
  { quietMs }: LogMonitor,
): { lostAt: number | null; change: Change | null } {
  if (lost !== null) {
    const change: Change = { of: 'lost', to: 'down', why: lost, unseenMs: at - lookedAt }
    return { lostAt: at, change: lostAt === null ? change : null }
  }
  if (lostAt === null || at - lostAt < quietMs) return { lostAt, change: null }
  return { lostAt: null, change: { of: 'lost', to: 'up' } }
}

/** What is asked for is looked at less often. */
const gapMs = ({ asks }: LogMonitor) => (asks === null ? GAP_MS : Math.max(GAP_MS, 2 * (asks.everyMs + asks.timeoutMs)))

const statusOf = ({ lines, reading }: Pick<LogState, 'lines' | 'reading'>): LogState['status'] =>
  lines.status === 'down' ? 'down' : reading.status

interface Sorted {
  /** Lines that the rules see. */
  counting: Line[]
  /** Of marked lines of ours. */
  tokens: string[]
  /** A marked line of somebody else's was there. */
  marked: boolean
}

/** Marked lines never count as lines. */
function sort(lines: readonly Line[], spec: LogMonitor): Sorted {
  const { ignored } = compiled(spec)
  const sorted: Sorted = { counting: [], tokens: [], marked: false }
  for (const line of lines) {
    const rest = withoutMarks(line, spec, sorted)
    if (rest !== null && !ignored.some((pattern) => pattern.test(rest.text))) sorted.counting.push(rest)
  }
  return sorted
}

function withoutMarks(line: Line, spec: LogMonitor, sorted: Sorted): Line | null {
  if (!line.text.includes(MARK)) return line
  // Whoever writes the line puts a time and a name before the mark: all of it is one marked line.
  if (spec.canary?.by === 'external') {
    sorted.marked = true
    return null
  }
  const tokens = [...line.text.matchAll(OURS)].flatMap(([, token]) => token ?? [])
  if (tokens.length === 0) return line
  sorted.tokens.push(...tokens)
  const text = line.text.replaceAll(OURS, '')
  return text.trim() === '' ? null : { ...line, text }
}

function canaryAfter(
  canary: LogState['canary'],
  tokens: readonly string[],
  marked: boolean,
  { at, wrote }: Look,
): LogState['canary'] {
  const back = tokens.some((token) => canary.out.includes(token))
  const seen = back || marked ? { ...canary, out: [], seenAt: at } : canary
  if (wrote === null) return seen
  const firstAt = seen.out.length === 0 ? at : seen.firstAt
  if (wrote.why !== null) return { ...seen, firstAt, lastAt: at, unwritten: wrote.why }
  return { ...seen, firstAt, lastAt: at, unwritten: null, out: [...seen.out, wrote.token].slice(-MOST_OUT) }
}

type Here = Omit<LogState, 'status'>

function readingAfter(
  state: Here,
  look: Look,
  spec: LogMonitor,
): { reading: LogState['reading']; change: Change | null } {
  const { at, behind } = look
  const inTheWay = look.why ?? (spec.canary?.by === 'own' ? state.canary.unwritten : null)
  const failingSinceAt = inTheWay === null ? null : (state.reading.failingSinceAt ?? at)
  const behindSinceAt = behind === 0 ? null : (state.reading.behindSinceAt ?? at)
  const reading = { ...state.reading, failingSinceAt, behindSinceAt }
  const why =
    failingSinceAt !== null && at - failingSinceAt >= GONE_MS
      ? inTheWay
      : (lostCanary(state, spec, at) ??
        (behindSinceAt !== null && at - behindSinceAt >= BEHIND_MS ? (spec.asks ? TOO_MANY : TOO_FAST) : null))
  if (why !== null) {
    const isNew = reading.status !== 'down'
    const next = { ...reading, status: 'down' as const, why, sinceAt: isNew ? at : reading.sinceAt }
    return { reading: next, change: isNew ? { of: 'reading', to: 'down', why, behind } : null }
  }
  if (inTheWay !== null || reading.status === 'up') return { reading, change: null }
  const change: Change | null = reading.status === 'down' ? { of: 'reading', to: 'up' } : null
  return { reading: { ...reading, status: 'up', why: null, sinceAt: at }, change }
}

/** What the silence of the canary says; null while it is in time. */
function lostCanary({ canary, resumedAt }: Here, spec: LogMonitor, at: number): string | null {
  if (spec.canary?.by === 'own') {
    const { out, firstAt } = canary
    const lost = out.length > 0 && firstAt !== null && at - Math.max(firstAt, resumedAt) >= BACK_MS
    return lost ? 'a marked line that Watchbill wrote into it has not come back' : null
  }
  if (spec.canary === null) return null
  const { everyMs } = spec.canary
  const lateMs = Math.min(Math.max(everyMs * LATE_SHARE, LEAST_LATE_MS), MOST_LATE_MS)
  // What is asked for comes with the next question.
  const underWayMs = spec.asks === null ? 0 : spec.asks.lateMs + spec.asks.everyMs
  const late = at - Math.max(canary.seenAt ?? 0, resumedAt) > everyMs + lateMs + underWayMs
  return late ? 'the marked line that must arrive in it at intervals has not come' : null
}

function linesAfter(
  state: Here,
  counting: readonly Line[],
  unseen: ReadonlyMap<Line, string>,
  look: Look,
  spec: LogMonitor,
): { lines: LogState['lines']; windows: LogState['windows']; change: Change | null; matched: number } {
  const { at } = look
  const rules = matches(state.windows, counting, at, spec)
  const { windows } = rules
  const matched = counting.filter((line) => unseen.has(line) || rules.matched.has(line))
  const why = rules.why ?? (unseen.size > 0 ? UNSEEN : null)
  const lastAt = matched.length > 0 ? at : state.lines.lastAt
  // Those that were not fetched count where every line does.
  const isAny = spec.expectEmpty || spec.match.some(({ pattern }) => pattern === null)
  const more = isAny && matched.length > 0 ? look.more : 0
  const found = matched.length + more
  const lines = { ...state.lines, lastAt, count: state.lines.count + found }
  const seen = { windows, matched: matched.length }
  if (lines.status === 'up') {
    if (why === null) return { lines: { ...lines, count: 0 }, ...seen, change: null }
    const down = { status: 'down' as const, sinceAt: at, lastAt, count: found }
    const evidence = shown(matched, unseen, at, spec, more)
    return { lines: down, ...seen, change: { of: 'lines', to: 'down', why, first: inShort(matched[0]), evidence } }
  }
  // What nobody read may have been such a line: only quiet that was listened to counts.
  const quietSinceAt = Math.max(lastAt ?? 0, state.resumedAt, state.reading.sinceAt)
  const isHeard = state.reading.status === 'up' && state.reading.failingSinceAt === null && look.behind === 0
  if (!isHeard || at - quietSinceAt < spec.quietMs) return { lines, ...seen, change: null }
  const change: Change = { of: 'lines', to: 'up', quietMs: spec.quietMs, count: lines.count }
  return { lines: { ...lines, status: 'up', sinceAt: at, count: 0 }, ...seen, change }
}

/** The lines that count, and why they are an alarm; null when they are none (yet). */
function matches(
  windows: LogState['windows'],
  lines: readonly Line[],
  at: number,
  spec: LogMonitor,
): { matched: Set<Line>; windows: LogState['windows']; why: string | null } {
  if (spec.expectEmpty)
    return {
      matched: new Set(lines),
      windows: [],
      why: lines.length > 0 ? 'a line in a log that should be empty' : null,
    }
  const rules = compiled(spec).rules
  const hits = rules.map((pattern) => (pattern ? lines.filter(({ text }) => pattern.test(text)) : [...lines]))
  // What is asked for may come late, and says when it was written; of other lines it is only known when they came.
  const lateMs = spec.asks?.lateMs ?? 0
  const when = (line: Line) => (spec.asks ? Math.min(line.at ?? at, at) : at)
  const next = spec.match.map(({ pattern, withinMs, count }, index) => {
    const earlier = windows.find((window) => window.pattern === (pattern ?? ''))?.at ?? []
    const all = [...earlier, ...(hits[index] ?? []).slice(-count).map(when)].toSorted((a, b) => a - b)
    const kept = all.filter((each) => at - each < withinMs + lateMs)
    return { pattern: pattern ?? '', at: kept.slice(spec.asks ? -2 * count : -count) }
  })
  const full = spec.match.find(
    ({ count, withinMs }, index) => hits[index]?.length && isFull(next[index]?.at ?? [], count, withinMs),
  )
  return { matched: new Set(hits.flat()), windows: next, why: full ? inWords(full) : null }
}

/** Whether so many of these instants, which are in order, lie within so long. */
const isFull = (at: readonly number[], count: number, withinMs: number) =>
  at.some((each, index) => index >= count - 1 && each - (at[index - count + 1] ?? 0) < withinMs)

function inWords({ pattern, count }: LogMonitor['match'][number]): string {
  const lines = count === 1 ? 'a line' : `${count} lines`
  if (pattern === null) return `${lines} that its query finds`
  return `${lines} that ${count === 1 ? 'matches' : 'match'} ${cut(pattern, LONGEST_PATTERN_SHOWN)}`
}

interface Compiled {
  ignored: RE2JS[]
  /** Null: every line matches. */
  rules: (RE2JS | null)[]
}
const patterns = new WeakMap<LogMonitor, Compiled>()

/** Compiled once for as long as the configuration stands: that costs more than matching. */
function compiled(spec: LogMonitor): Compiled {
  const known = patterns.get(spec)
  if (known) return known
  const made = {
    ignored: spec.ignore.map((pattern) => RE2JS.compile(pattern)),
    rules: spec.match.map(({ pattern }) => (pattern === null ? null : RE2JS.compile(pattern))),
  }
  patterns.set(spec, made)
  return made
}
