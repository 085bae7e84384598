import { z } from 'zod'
import { DAY_MS } from '../duty/time.ts'
import { Baseline } from './rate-baseline.ts'
import { newThreads, STRANDS, Threads } from './rate-evidence.ts'

/** What is asked of the detector of one series. */
export interface RateSpec {
  /** Between two samples. */
  intervalMs: number
  /** IANA name: the day and the week of the people behind the counts. */
  zone: string
  /** Days of that zone which are spent like a Sunday, counted from 1 January 1970 ({@link dayOfDate}). */
  holidays: ReadonlySet<number>
  /** A sample below (above) is an alarm from the first one on, learning or not. */
  floor: number | null
  ceiling: number | null
  /** How many false alarms in 30 days are worth what is found. */
  budget: number
  /** A level that has held for so long is the new normal. Silence never is. */
  acceptMs: number
}

export interface RateSample {
  /** UTC ms. */
  at: number
  /** null: it was due and did not come. */
  value: number | null
}

/** How unlike the expected: more, less, silent or stuck, not to be had at all. */
export type Direction = 'up' | 'down' | 'flat' | 'nodata'

/** Why an alarm rings: a strand of evidence, or the limits that somebody has written down. */
export const WHYS = [...STRANDS, 'floor', 'ceiling'] as const
export type Why = (typeof WHYS)[number]

export const Alarm = z.strictObject({
  direction: z.enum(['up', 'down', 'flat', 'nodata']),
  why: z.enum(WHYS),
  sinceAt: z.number(),
  samples: z.int(),
  /** Samples in a row that were as expected. */
  calm: z.int(),
  /** Logarithm of seen over expected, over the last samples. */
  drift: z.number(),
  /** The hour of the week of its latest sample. */
  hour: z.int(),
  /** The highest score so far. */
  best: z.number(),
})
export type Alarm = z.infer<typeof Alarm>

/** How often something happened `of` so many times, and how often again right after that. */
export const Habit = z.strictObject({ of: z.number(), first: z.number(), again: z.number() })
export type Habit = z.infer<typeof Habit>

/** All that is known of a series: some kilobytes as JSON, however long it has been watched. */
export const RateState = z.strictObject({
  version: z.literal(1),
  /** null before the first sample. */
  lastAt: z.number().nullable(),
  last: z.number().nullable(),
  /** Samples in a row that did not come; that repeated the one before. */
  missing: z.int(),
  same: z.int(),
  zero: z.int().default(0),
  /** The latest sample refused for its time, and how many in a row went forward from it. */
  late: z.strictObject({ at: z.number(), n: z.int() }).nullable(),
  /** null before the first value. */
  base: Baseline.nullable(),
  threads: Threads,
  /** That the tails of the threads stand for; what is long past counts for less. */
  samples: z.number(),
  fadedAt: z.number(),
  repeats: Habit,
  zeros: Habit.default({ of: 0, first: 0, again: 0 }),
  gaps: Habit,
  alarm: Alarm.nullable(),
  /** Samples for which an alarm that has just ended keeps the bar higher: what comes back swings. */
  wary: z.int(),
  /** The level before the last one that was accepted, which may come back unannounced. */
  former: z.strictObject({ shift: z.number(), untilAt: z.number() }).nullable(),
})
export type RateState = z.infer<typeof RateState>

const MONTH_MS = 30 * DAY_MS

/** The budget of one sample. */
export const budgetOf = ({ budget, intervalMs }: RateSpec) => (budget * intervalMs) / MONTH_MS

export const newRate = (spec: RateSpec): RateState => ({
  version: 1,
  lastAt: null,
  last: null,
  missing: 0,
  same: 0,
  zero: 0,
  late: null,
  base: null,
  threads: newThreads(budgetOf(spec)),
  samples: 0,
  fadedAt: 0,
  repeats: { of: 0, first: 0, again: 0 },
  zeros: { of: 0, first: 0, again: 0 },
  gaps: { of: 0, first: 0, again: 0 },
  alarm: null,
  wary: 0,
  former: null,
})

/** In words of the store and of people: `normal`, why an alarm rings or has ended, or why a sample was not taken. */
export type Reason =
  | 'normal'
  | 'missing'
  | Why
  | 'recovered'
  | 'accepted'
  | 'former-level'
  | 'as-a-week-ago'
  | 'not-a-time'
  | 'not-a-number'
  | 'negative'
  | 'too-large'
  | 'duplicate'
  | 'late'
  | 'ahead'

export interface Reading {
  state: RateState
  transition: 'down' | 'up' | null
  reason: Reason
  /** While an alarm rings. */
  direction: Direction | null
  /** 99 in 100 samples lie within; null while nothing is known, and for a sample that was not taken. */
  expected: { low: number; mid: number; high: number } | null
  /** How unusual what this sample adds is, 0 to 1: by the time in which one would expect such a thing once. 0 without an alarm. */
  score: number
  /** No whole day has been seen. Floor, ceiling, silence and the crude rules hold all the same. */
  learning: boolean
}
