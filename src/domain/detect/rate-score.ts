/** The logarithm of ten times the months at which a score is one half. */
const HALF = 10

/**
 * 0 to 1 by the months that would pass between two such alarms. Logarithmic, and open at its end: it still tells one in a year from one in
 * a million, between series as within one.
 */
export function scoreOf(months: number): number {
  const logarithm = Math.log1p(10 * months)
  return logarithm / (logarithm + HALF)
}

/** The months of a score. */
export const monthsBetween = (score: number): number => Math.expm1((HALF * score) / (1 - score)) / 10
