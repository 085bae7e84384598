import { RE2JS } from 're2js'
import type { LogMonitor, RateMonitor } from '../rules.ts'
import type { Line, LogState, Look } from './log-state.ts'
import type { Reading } from './rate-feed.ts'

/** The lines of a log as the counts of a rate. */

/** A rate whose numbers are the lines of a log. */
export type LineRate = RateMonitor & { source: { kind: 'log' } }

/**
 * `lines`: written in this slot, as far as can be told. `backlog`: read in it after a while in which nobody could read, and written whenever.
 * `unseen`: there are more than were fetched, and which of them match nobody knows.
 */
export type CountKind = 'lines' | 'backlog' | 'unseen'

/** What a slot of a rate has more. */
export interface SlotCount {
  rate: string
  slotAt: number
  kind: CountKind
  count: number
}

/**
 * What one look at a log adds to the slots of a rate.
 *
 * @param counting its lines that are neither marked nor ignored
 */
export function slotCounts(
  rate: LineRate,
  log: LogMonitor,
  before: LogState,
  look: Pick<Look, 'at' | 'more'>,
  counting: readonly Line[],
): SlotCount[] {
  const matches = matcher(rate)
  const lines = counting.filter(({ text }) => matches(text))
  const counts = new Map<string, SlotCount>()
  const add = (at: number, kind: CountKind, count: number) => {
    const slotAt = Math.floor(at / rate.everyMs) * rate.everyMs
    const known = counts.get(`${slotAt} ${kind}`)
    counts.set(`${slotAt} ${kind}`, { rate: rate.name, slotAt, kind, count: (known?.count ?? 0) + count })
  }
  const kind = log.asks === null && isCatchingUp(before) ? 'backlog' : 'lines'
  for (const line of lines) add(writtenAt(line, log, look.at), kind, 1)
  if (look.more > 0) add(look.at, rate.source.match === null ? 'lines' : 'unseen', look.more)
  return [...counts.values()]
}

/** What is asked for says when it was written; of other lines it is only known when they came. */
const writtenAt = ({ at }: Line, { asks }: LogMonitor, lookedAt: number) =>
  asks === null ? lookedAt : Math.min(at ?? lookedAt, lookedAt)

const isCatchingUp = ({ reading }: LogState) => reading.failingSinceAt !== null || reading.behindSinceAt !== null

/** Compiled once for as long as the configuration stands. */
const patterns = new WeakMap<LineRate, RE2JS>()

function matcher(rate: LineRate): (text: string) => boolean {
  const { match } = rate.source
  if (match === null) return () => true
  const compiled = patterns.get(rate) ?? RE2JS.compile(match)
  patterns.set(rate, compiled)
  return (text) => compiled.test(text)
}

/** A log that stands still for so long beyond what its questions take is not being read, whatever else it says. */
const PATIENCE_MS = 60_000

/**
 * What a slot says that is over: how many lines there were, zero only where the log was read all along. Null: nobody was reading then, and it
 * is as if the slot had not been. `wait`: it has not been read so far yet.
 */
export function readingOfLines(
  state: LogState | undefined,
  log: LogMonitor,
  { fromAt, untilAt }: { fromAt: number; untilAt: number },
  counted: Readonly<Partial<Record<CountKind, number>>>,
  at: number,
): Reading | 'wait' | null {
  const failed = (why: string): Reading => ({ kind: 'failed', saw: `the log \`${log.name}\` ${why}` })
  const questionMs = log.asks === null ? 0 : log.asks.lateMs + 2 * (log.asks.everyMs + log.asks.timeoutMs)
  const isLate = at - untilAt > PATIENCE_MS + questionMs
  if (state === undefined) return isLate ? failed('has never been read') : 'wait'
  const { reading, resumedAt, lostAt } = state
  if (reading.status === 'down') return failed(`is not being read: ${reading.why}`)
  // It began to be read, or was again, in the middle of it.
  if (resumedAt > fromAt) return null
  if (readUntil(state, log) < untilAt || reading.failingSinceAt !== null)
    return isLate ? failed('is not being read: nobody has looked at it since') : 'wait'
  if (counted.unseen !== undefined)
    return failed('has more lines than are fetched, and which of them match is not known')
  if (counted.backlog !== undefined || (lostAt !== null && lostAt >= fromAt)) return null
  return { kind: 'value', value: counted.lines ?? 0 }
}

/** Up to when every line has been read: what is asked for may come late. */
const readUntil = ({ asked, lookedAt }: LogState, { asks }: LogMonitor) =>
  asks === null ? lookedAt : (asked?.toAt ?? 0) - asks.lateMs
