import { z } from 'zod'

/**
 * How often a series itself has shown evidence of a height: the peaks of its excursions, counted in bins that grow by a fixed ratio, and
 * beyond what was seen a Pareto tail (Hill 1975, Weissman 1978; peaks over threshold, as in SPOT, Siffer et al. 2017). From it follows
 * the height that is passed no more often than a budget allows, whatever the distribution of the counts and however they depend on one
 * another: it is peaks that are counted, as alarms are.
 */
export const Tail = z.strictObject({
  /** Weight of the peaks of each bin; the last one takes in whatever is higher. */
  peaks: z.array(z.number()),
  /** What an alarm needs, in nats, by the budget. Derived; kept because it is asked for with every sample. */
  limit: z.number(),
})
export type Tail = z.infer<typeof Tail>

/** What is believed of a kind of evidence before a series has shown anything, with the weight of so many samples and peaks. */
export interface Prior {
  /** Peaks above {@link PRIOR_HEIGHT} a sample. */
  rate: number
  /** Of the Pareto tail: 1/4 lies between a normal distribution (near 1/6 where limits lie) and counts that burst. */
  shape: number
}

const BINS = 44
const RATIO = 2 ** 0.25
const LOWEST = 1
const PRIOR_HEIGHT = 3
const PRIOR_SAMPLES = 200
const PRIOR_PEAKS = 6

/** So many of the highest peaks make the tail: fewer are noise, more are not the tail. */
const TAIL_PEAKS = 12

const LOG_RATIO = Math.log(RATIO)
const edge = (bin: number) => LOWEST * RATIO ** bin

export const newTail = (): Tail => ({ peaks: Array<number>(BINS).fill(0), limit: Number.POSITIVE_INFINITY })

/** @param height in nats; nothing below one is worth remembering */
export function withPeak(tail: Tail, height: number): Tail {
  if (!(height >= LOWEST)) return tail
  const bin = Math.min(BINS - 1, Math.floor(Math.log(height / LOWEST) / LOG_RATIO))
  const peaks = tail.peaks.slice()
  peaks[bin] = (peaks[bin] ?? 0) + 1
  return { ...tail, peaks }
}

/** What lies long back counts for less. */
export const faded = (tail: Tail, share: number): Tail => ({
  ...tail,
  peaks: tail.peaks.map((weight) => (weight < 1e-3 ? 0 : Math.round(weight * share * 1e4) / 1e4)),
})

/** The Pareto tail: `rate` peaks a sample above `height`, falling with the power 1/shape. */
function shapeOf(tail: Tail, samples: number, prior: Prior): { height: number; rate: number; shape: number } {
  let above = 0
  let excess = 0
  let bin = BINS
  while (bin > 0 && above < TAIL_PEAKS && edge(bin - 1) >= PRIOR_HEIGHT / RATIO) {
    bin--
    const weight = tail.peaks[bin] ?? 0
    excess += above * LOG_RATIO + weight * LOG_RATIO * 0.5
    above += weight
  }
  const height = edge(bin)
  const shape = (excess + PRIOR_PEAKS * prior.shape) / (above + PRIOR_PEAKS)
  const believed = prior.rate * (height / PRIOR_HEIGHT) ** (-1 / prior.shape)
  const rate = (above + PRIOR_SAMPLES * believed) / (samples + PRIOR_SAMPLES)
  return { height, rate, shape }
}

/** How often, a sample, evidence of a height or more is to be expected. */
export function rateAbove(tail: Tail, samples: number, prior: Prior, height: number): number {
  const shaped = shapeOf(tail, samples, prior)
  return shaped.rate * (Math.max(height, shaped.height) / shaped.height) ** (-1 / shaped.shape)
}

/** The height that is passed `budget` times a sample (a small number), by what was seen in so many samples. */
export function limitOf(tail: Tail, samples: number, prior: Prior, budget: number): number {
  const { height, rate, shape } = shapeOf(tail, samples, prior)
  return height * Math.max(1, rate / budget) ** shape
}

/** A peak that rang is remembered as one that just did: that it happened counts, not how bad it was. */
export const asRung = (height: number, limit: number) => Math.min(height, limit * RATIO)
