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
  /** Weight of those that rang. How much higher they would have come nobody knows: an alarm is acted upon. */
  rung: z.number(),
  /** What an alarm needs, in nats, by the budget. Derived; kept because it is asked for with every sample. */
  limit: z.number(),
})
export type Tail = z.infer<typeof Tail>

/** What is believed of a kind of evidence before a series has shown anything, with the weight of so many samples and peaks. */
export interface Prior {
  /** Peaks above {@link PRIOR_HEIGHT} a sample. */
  rate: number
  /** Beyond, they fall exponentially in height^power, with this scale: 1 is what likelihoods do that are right, 0 (the logarithm) a Pareto tail. */
  power: number
  scale: number
  /** The scale follows from how probable a run is, and is not guessed from a few peaks. */
  known: boolean
}

const BINS = 44
const RATIO = 2 ** 0.25
const LOWEST = 1
const PRIOR_HEIGHT = 3
const PRIOR_SAMPLES = 60
const PRIOR_PEAKS = 6

/** So many of the highest peaks make the tail: fewer are noise, more are not the tail. */
const TAIL_PEAKS = 12

const LOG_RATIO = Math.log(RATIO)
const edge = (bin: number) => LOWEST * RATIO ** bin

export const newTail = (): Tail => ({ peaks: Array<number>(BINS).fill(0), rung: 0, limit: Number.POSITIVE_INFINITY })

/** @param height in nats; nothing below one is worth remembering */
export function withPeak(tail: Tail, height: number): Tail {
  if (!(height >= LOWEST)) return tail
  const rang = height >= tail.limit
  const bin = Math.min(BINS - 1, Math.floor(Math.log(Math.min(height, tail.limit) / LOWEST) / LOG_RATIO))
  const peaks = tail.peaks.slice()
  peaks[bin] = (peaks[bin] ?? 0) + 1
  return { ...tail, peaks, rung: tail.rung + (rang ? 1 : 0) }
}

/** What lies long back counts for less. */
export const faded = (tail: Tail, share: number): Tail => ({
  ...tail,
  rung: tail.rung * share,
  peaks: tail.peaks.map((weight) => (weight < 1e-3 ? 0 : Math.round(weight * share * 1e4) / 1e4)),
})

/** Where the tail is exponential. */
const stretched = (height: number, power: number) => (power === 0 ? Math.log(height) : (height ** power - 1) / power)
const unstretched = (value: number, power: number) =>
  power === 0 ? Math.exp(value) : (value * power + 1) ** (1 / power)

const believed = (height: number, { rate, power, scale }: Prior) =>
  rate * Math.exp((stretched(PRIOR_HEIGHT, power) - stretched(height, power)) / scale)

/** `rate` peaks a sample above `height`, and how they fall beyond: a `scale` that so many `peaks` tell of. */
interface Shape {
  height: number
  rate: number
  scale: number
  peaks: number
}

function shapeOf(tail: Tail, samples: number, prior: Prior): Shape {
  let above = 0
  let sum = 0
  let bin = BINS
  while (bin > 0 && above < TAIL_PEAKS && edge(bin - 1) >= PRIOR_HEIGHT / RATIO) {
    bin--
    const weight = tail.peaks[bin] ?? 0
    sum += weight * stretched(edge(bin + 0.5), prior.power)
    above += weight
  }
  const height = edge(bin)
  const excess = sum - above * stretched(height, prior.power)
  const peaks = Math.max(0, above - tail.rung) + PRIOR_PEAKS
  const rate = (above + PRIOR_SAMPLES * believed(height, prior)) / (samples + PRIOR_SAMPLES)
  return { height, rate, scale: (excess + PRIOR_PEAKS * prior.scale) / peaks, peaks }
}

/**
 * How likely a peak of a tail comes this far beyond its height (in scales). A scale that a few peaks tell of is itself uncertain, so that what lies
 * further out is more likely than the scale alone says: the predictive distribution of exponentials, which is a Pareto (Aitchison and
 * Dunsmore 1975). Without it budgets were overshot the more, the smaller they are.
 */
const beyond = (excess: number, peaks: number, { known }: Prior) =>
  known ? Math.exp(-excess) : (1 + excess / peaks) ** -peaks

/** How far that is which is passed once in so many times. */
const farOff = (times: number, peaks: number, { known }: Prior) =>
  known ? Math.log(times) : peaks * (times ** (1 / peaks) - 1)

/** How often, a sample, evidence of a height or more is to be expected. */
export function rateAbove(tail: Tail, samples: number, prior: Prior, height: number): number {
  const { height: from, rate, scale, peaks } = shapeOf(tail, samples, prior)
  const { power } = prior
  const excess = (stretched(Math.max(height, from), power) - stretched(from, power)) / scale
  return rate * beyond(excess, peaks, prior)
}

/** The height that is passed `budget` times a sample (a small number), by what was seen in so many samples. */
export function limitOf(tail: Tail, samples: number, prior: Prior, budget: number): number {
  const { height, rate, scale, peaks } = shapeOf(tail, samples, prior)
  const excess = farOff(Math.max(1, rate / budget), peaks, prior)
  return unstretched(stretched(height, prior.power) + scale * excess, prior.power)
}
