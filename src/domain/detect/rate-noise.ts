/**
 * Over-dispersed counts: the negative binomial with mean m, variance unit·m + spread·m². Values that are no counts (bytes, percent) take
 * the same shape with a unit of their own, and so become close to a gamma distribution.
 */
export interface Noise {
  /** Variance of a small mean over that mean: 1 for counts that come singly, more for counts in clumps. */
  unit: number
  /** Squared coefficient of variation of a large mean. */
  spread: number
  /** By how much this hour is rougher than the others, as a factor of the variance. */
  rough: number
}

/** Of the relative error (y − m) / m. */
export const variance = (mean: number, { unit, spread, rough }: Noise) => (unit / mean + spread) * rough

/** Signed deviance residual: near to standard normal however small the mean (McCullagh and Nelder 1989). */
export function residual(y: number, mean: number, { unit, spread, rough }: Noise): number {
  const k = 1 / spread
  const seen = y / unit
  const m = mean / unit
  const deviance = (seen > 0 ? seen * Math.log(seen / m) : 0) - (seen + k) * Math.log((seen + k) / (m + k))
  return Math.sign(y - mean) * Math.sqrt(Math.max(0, (2 * deviance) / rough))
}

/** By how much a value speaks for a mean of `ratio` times the expected one: the logarithm of the likelihood ratio, in nats. */
export function speaksFor(ratio: number, y: number, mean: number, { unit, spread, rough }: Noise): number {
  const k = 1 / spread
  const m = mean / unit
  const seen = y / unit
  return (seen * Math.log(ratio) - (seen + k) * Math.log((k + ratio * m) / (k + m))) / rough
}

/** How surprising a zero is, in nats. */
export function surpriseOfZero(mean: number, { unit, spread, rough }: Noise): number {
  return Math.log1p((mean / unit) * spread) / spread / rough
}

/** Deviations within which 99 of 100 lie. */
const USUAL = 2.6

/** Where values are usually: by the transformation that makes the variance of the negative binomial one (Anscombe 1948). */
export function usualRange(mean: number, { unit, spread, rough }: Noise): { low: number; mid: number; high: number } {
  const k = unit / spread
  const reach = (USUAL / 2) * Math.sqrt(spread * rough)
  const at = Math.asinh(Math.sqrt(mean / k))
  return { low: k * Math.sinh(Math.max(0, at - reach)) ** 2, mid: mean, high: k * Math.sinh(at + reach) ** 2 }
}
