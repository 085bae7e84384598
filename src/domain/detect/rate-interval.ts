/** When nothing can be told: what most people sample by. */
const USUAL_MS = 60_000

/** The time between two samples, by the times of some (ms): the median, so that a gap or a repeated row does no harm. */
export function intervalOf(times: readonly number[]): number {
  const steps = times
    .slice(1)
    .map((at, i) => at - (times[i] ?? at))
    .filter((step) => step > 0)
    .toSorted((a, b) => a - b)
  return steps[Math.floor(steps.length / 2)] ?? USUAL_MS
}
