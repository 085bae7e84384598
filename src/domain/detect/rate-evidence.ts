import { z } from 'zod'
import { faded, limitOf, newTail, type Prior, rateAbove, Tail, withPeak } from './rate-tail.ts'

/**
 * What speaks against a series being as expected, in nats, one strand for each way to be wrong:
 *
 * - `burst`, `plunge`: one sample against the one before it (deviance of a count);
 * - `rise`, `fall`: many samples that are each a little off, and `surge`, `sink`: some that are far off (CUSUM of likelihood ratios: Page
 *   1954, Lorden 1971), against what the days before let expect. No single sample says more than {@link MOST_SAID} there;
 * - `silence`, `stuck`, `nodata`: runs of zeros, of one value, of samples that did not come.
 *
 * Each strand has a tail of its own ({@link Tail}), so that what is common in one series is not an alarm there.
 */
export const STRANDS = ['burst', 'plunge', 'rise', 'fall', 'surge', 'sink', 'silence', 'stuck', 'nodata'] as const
export type Strand = (typeof STRANDS)[number]

const Thread = z.strictObject({
  /** Evidence as it stands. */
  now: z.number(),
  /** The highest of this excursion. */
  peak: z.number(),
  /** Samples since there was any. */
  calm: z.int(),
  /** Samples since this excursion began. */
  run: z.int().default(0),
  tail: Tail,
})
export type Thread = z.infer<typeof Thread>

export const Threads = z.strictObject(
  Object.fromEntries(STRANDS.map((strand) => [strand, Thread])) as Record<Strand, typeof Thread>,
)
export type Threads = z.infer<typeof Threads>

interface Nature {
  prior: Prior
  /** Of the budget. */
  share: number
  /** Below this an excursion has ended once it stays there for `apart` samples. */
  rest: number
  apart: number
}

const SHIFT: Prior = { rate: 0.01, power: 0.25, scale: 0.5, known: true }
const DRIFT: Prior = { rate: 0.004, power: 0.5, scale: 1, known: false }
const RUN: Prior = { rate: 0.05, power: 1, scale: 1, known: true }
/** How probable a repetition is, is only known of counts that lie as their noise says. */
const REPEAT: Prior = { ...RUN, known: false }

const NATURE: Record<Strand, Nature> = {
  burst: { prior: SHIFT, share: 0.13, rest: 1, apart: 3 },
  plunge: { prior: SHIFT, share: 0.13, rest: 1, apart: 3 },
  rise: { prior: DRIFT, share: 0.07, rest: 0.5, apart: 1 },
  fall: { prior: DRIFT, share: 0.07, rest: 0.5, apart: 1 },
  surge: { prior: DRIFT, share: 0.05, rest: 0.5, apart: 1 },
  sink: { prior: DRIFT, share: 0.07, rest: 0.5, apart: 1 },
  silence: { prior: RUN, share: 0.12, rest: 0.1, apart: 1 },
  stuck: { prior: REPEAT, share: 0.2, rest: 0.1, apart: 1 },
  nodata: { prior: RUN, share: 0.5, rest: 0.1, apart: 1 },
}

const NOTHING = { now: 0, peak: 0, calm: 0, run: 0 }

export function newThreads(budget: number): Threads {
  const thread = (strand: Strand): Thread => ({ ...NOTHING, tail: limited(strand, newTail(), 0, budget) })
  return Object.fromEntries(STRANDS.map((strand) => [strand, thread(strand)])) as Threads
}

const limited = (strand: Strand, tail: Tail, samples: number, budget: number): Tail => ({
  ...tail,
  limit: limitOf(tail, samples, NATURE[strand].prior, budget * NATURE[strand].share),
})

/**
 * Evidence as it stands after a sample. An excursion that has come to its end is remembered as one peak.
 *
 * @param samples how many the tail stands for
 * @param budget alarms a sample that may be false
 */
export function spun(strand: Strand, thread: Thread, now: number, samples: number, budget: number): Thread {
  const { rest, apart } = NATURE[strand]
  if (now >= rest) return { ...thread, now, peak: Math.max(thread.peak, now), calm: 0, run: thread.run + 1 }
  const calm = thread.calm + 1
  if (calm < apart || thread.peak === 0) return { ...thread, now, calm }
  return { ...NOTHING, now, calm, tail: remembered(strand, thread, samples, budget) }
}

const remembered = (strand: Strand, { tail, peak }: Thread, samples: number, budget: number): Tail =>
  peak < 1 ? tail : limited(strand, withPeak(tail, peak), samples, budget)

/** After an alarm evidence begins at nothing; what it came to is remembered. */
export const cleared = (strand: Strand, thread: Thread, samples: number, budget: number): Thread => ({
  ...NOTHING,
  tail: remembered(strand, thread, samples, budget),
})

/** The heights that another budget asks for. */
export function retuned(threads: Threads, samples: number, budget: number): Threads {
  const each = (strand: Strand): [Strand, Thread] => {
    const thread = threads[strand]
    return [strand, { ...thread, tail: limited(strand, thread.tail, samples, budget) }]
  }
  return Object.fromEntries(STRANDS.map(each)) as Threads
}

export function fade(threads: Threads, share: number, samples: number, budget: number): Threads {
  const fadedThread = (strand: Strand): Thread => {
    const thread = threads[strand]
    return { ...thread, tail: limited(strand, faded(thread.tail, share), samples, budget) }
  }
  return Object.fromEntries(STRANDS.map((strand) => [strand, fadedThread(strand)])) as Threads
}

/** How often, a sample, such evidence is to be expected of this series. */
export const rateOf = (strand: Strand, { tail, now }: Thread, samples: number): number =>
  rateAbove(tail, samples, NATURE[strand].prior, now)
