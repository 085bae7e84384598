import { z } from 'zod'
import type { LogMonitor, LogQuery } from '../rules.ts'
import type { Line } from './log-state.ts'

/**
 * Lines that are asked for, of a place that keeps logs. They arrive there late and out of order, so that each question reaches back over
 * what was asked before; a line that was seen there is known again.
 */
export const Asked = z.strictObject({
  /** What is asked, of whom: the answers to another question are others. */
  of: z.string(),
  /** The end of what was asked for last and answered in full. */
  toAt: z.number(),
  /** Lines that were seen and will be found again. */
  seen: z.array(z.strictObject({ id: z.string(), at: z.number() })),
})
export type Asked = z.infer<typeof Asked>

/** From and before which instants lines are asked for, UTC ms. */
export interface Span {
  fromAt: number
  toAt: number
}

export interface FoundLine extends Line {
  /** The same for the same line, whenever it is found. */
  id: string
  at: number
}

/** What came of a question: some of the lines, the newest of them; what is missing is not known to be not there. */
export interface LogAnswer {
  /** Why it is not the whole answer, as a sentence without its end; null when it is. */
  why: string | null
  lines: readonly FoundLine[]
  /** How many more there are at least. */
  more: number
}

/** After a stop it is asked for so long back at most: more would be too much for most places. */
const LONGEST_BACK_MS = 24 * 3_600_000
/** More than two answers have. The newest: those are what is found again. */
const MOST_SEEN = 2_500
/** What did not answer is asked again so soon. */
const AGAIN_MS = 10_000

/** A question without what goes along to prove who asks. */
export const questionOf = ({ headers: _, everyMs, timeoutMs, lateMs, ...what }: LogQuery): string =>
  JSON.stringify(what)

/** Whether it is time to ask again. */
export const isDue = ({ everyMs }: LogQuery, lookedAt: number, isFailing: boolean, at: number): boolean =>
  at < lookedAt || at - lookedAt >= (isFailing ? Math.min(everyMs, AGAIN_MS) : everyMs)

/** What is to be asked for now; `skippedMs`: so much more would have been, had it not been too long ago. */
export function spanFor(
  asked: Asked | null,
  query: LogQuery,
  { expectEmpty, quietMs }: Pick<LogMonitor, 'expectEmpty' | 'quietMs'>,
  at: number,
): Span & { skippedMs: number } {
  // What a log that should be empty has in it already is an alarm.
  const firstMs = expectEmpty ? Math.max(quietMs, query.lateMs) : query.lateMs
  const fromAt = asked === null ? at - firstMs : Math.min(asked.toAt, at) - query.lateMs
  const earliest = at - LONGEST_BACK_MS
  return {
    fromAt: Math.max(fromAt, earliest),
    toAt: at,
    skippedMs: asked === null ? 0 : Math.max(0, earliest - fromAt),
  }
}

/** The lines of an answer that are new, the oldest first, and what is known of the question from now on. */
export function taken(
  asked: Asked | null,
  query: LogQuery,
  { fromAt, toAt }: Span,
  { why, lines }: LogAnswer,
): { lines: Line[]; asked: Asked } {
  const known = new Set(asked?.seen.map(({ id }) => id))
  const fresh = new Map(lines.filter(({ id }) => !known.has(id)).map((line) => [line.id, line]))
  const inOrder = [...fresh.values()].toSorted((a, b) => a.at - b.at)
  // What was not answered in full is asked for again; what came of it all the same has been seen.
  const end = why === null ? toAt : (asked?.toAt ?? fromAt + query.lateMs)
  const seen = [...(asked?.seen ?? []), ...inOrder.map(({ id, at }) => ({ id, at }))]
    .filter(({ at }) => at >= end - query.lateMs)
    .toSorted((a, b) => a.at - b.at)
    .slice(-MOST_SEEN)
  return {
    lines: inOrder.map(({ text, cut, at }) => ({ text, cut, at })),
    asked: { of: questionOf(query), toAt: end, seen },
  }
}
