import type { RateMonitor } from '../rules.ts'
import { observe } from './rate.ts'
import { forecast } from './rate-baseline.ts'
import { rings, specOf } from './rate-series.ts'
import { amount, WRONG } from './rate-signal.ts'
import { newRate, type RateState } from './rate-state.ts'

/** A drill of a rate: samples that are made up are shown to the detector, on a copy of all that it has learned. */

/** One that takes more of them would be no news: somebody has waited for longer than that. */
const MOST_PLANTED = 40

/**
 * The first fault of those that are watched for which takes the series down: the number that it asks for, and where nothing of it can be told at
 * this hour (a night in which nothing is usual), numbers that do not come.
 *
 * @param learned by the detector, so far; it stays as it is
 * @returns what was made up, in words; null when it was not seen
 */
export function plantedRate(monitor: RateMonitor, learned: RateState | null, zone: string, at: number): string | null {
  const spec = specOf(monitor, zone)
  const fresh = learned ?? newRate(spec)
  const firstAt = Math.max(at, (fresh.lastAt ?? 0) + monitor.everyMs)
  const usual = fresh.base === null ? 0 : forecast(fresh.base, firstAt, spec.zone, spec.holidays).slow
  for (const value of faults(monitor, usual)) {
    let state = fresh
    let sampleAt = firstAt
    for (let n = 1; n <= MOST_PLANTED; n++, sampleAt += monitor.everyMs) {
      state = observe(state, { at: sampleAt, value }, spec, sampleAt).state
      const why = rings(monitor, state)
      if (why !== null) return `${inWords(value, n)} (${WRONG[why]})`
    }
  }
  return null
}

const inWords = (value: number | null, n: number): string => {
  const what = value === null ? 'no number' : amount(value)
  return n === 1 ? `a sample of ${what}` : `${n} samples of ${what}`
}

/** Each kind of fault that is watched for, and what is always an alarm. */
function faults({ detect, floor, ceiling }: RateMonitor, usual: number): (number | null)[] {
  return [
    ...(detect.includes('flatline') ? [0] : []),
    ...(detect.includes('dip') ? [usual / 20] : []),
    ...(detect.includes('spike') ? [Math.min(1e12, (usual + 1) * 1_000)] : []),
    ...(floor !== null && floor > 0 ? [floor / 2] : []),
    ...(ceiling !== null ? [Math.max(1, ceiling * 2)] : []),
    null,
  ]
}
