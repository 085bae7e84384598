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

const MONTH_DAYS = 30
const LONGEST_YEARS = 1_000

/** `6 hours`, `a month`, `40 years`: how long one would wait for such a thing, were nothing wrong. */
export function rarity(months: number): string {
  const hours = months * MONTH_DAYS * 24
  if (hours < 48) return counted(Math.max(1, hours), 'hour')
  if (months < 0.95) return counted(months * MONTH_DAYS, 'day')
  if (months < 24) return counted(months, 'month')
  return months < 12 * LONGEST_YEARS ? counted(months / 12, 'year') : `over ${LONGEST_YEARS.toLocaleString('en')} years`
}

/** `once a month`, `once in 40 years` */
export const once = (months: number): string => {
  const long = rarity(months)
  return /^an? /.test(long) ? `once ${long}` : `once in ${long}`
}

function counted(value: number, unit: string): string {
  const rounded = Number(value.toPrecision(value < 10 ? 1 : 2))
  return rounded === 1 ? `${unit === 'hour' ? 'an' : 'a'} ${unit}` : `${rounded} ${unit}s`
}
