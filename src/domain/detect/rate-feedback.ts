import { z } from 'zod'
import { DAY_MS } from '../duty/time.ts'

/** What people say of the alarms of a rate, and what becomes of its budget by it. */
export const Verdict = z.enum(['false', 'real'])
export type Verdict = z.infer<typeof Verdict>

/** What somebody said of one alarm; of several words about one alarm the last counts, whoever said it. */
export interface Word {
  /** The same for the same alarm. */
  alarm: string
  verdict: Verdict
  at: number
}

/** A service is another one after so long, and so are the people on call. */
export const HEEDED_MS = 90 * DAY_MS

/** Each false alarm halves the budget, each real one brings half of that back. */
const BY_FALSE = 1 / 2
const BY_REAL = Math.SQRT2

/** Beyond these nobody's words carry it: a series that rings too often at the lower bound needs another budget, or another query. */
const [LEAST_SHARE, MOST_SHARE] = [1 / 8, 2]

export interface Heeded {
  /** Alarms of which people have said so. */
  falseAlarms: number
  realAlarms: number
  /** False alarms a month that are put up with now. */
  budget: number
  /** More words of the same kind change nothing. */
  bounded: boolean
}

/**
 * The budget after what was said of alarms.
 *
 * @param configured false alarms a month
 * @param words in the order in which they were said
 */
export function heed(configured: number, words: readonly Word[], now: number): Heeded {
  const last = new Map<string, Verdict>()
  for (const { alarm, verdict, at } of words) if (now - at < HEEDED_MS) last.set(alarm, verdict)
  const falseAlarms = [...last.values()].filter((verdict) => verdict === 'false').length
  const realAlarms = last.size - falseAlarms
  const share = BY_FALSE ** falseAlarms * BY_REAL ** realAlarms
  const held = Math.min(MOST_SHARE, Math.max(LEAST_SHARE, share))
  return { falseAlarms, realAlarms, budget: configured * held, bounded: held !== share }
}
