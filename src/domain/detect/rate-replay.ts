import { observe } from './rate.ts'
import {
  type Direction,
  newRate,
  type RateSample,
  type RateSpec,
  type RateState,
  type Reading,
  type Why,
} from './rate-state.ts'

/** An alarm as it would have rung. */
export interface Rung {
  from: number
  /** The first instant at which it rang no more; null when it still does at the end. */
  until: number | null
  direction: Direction
  why: Why
  /** Of the sample that was most unusual. */
  seen: number | null
  expected: Reading['expected']
  score: number
}

/** Runs the detector over history, in order of time. A hole in it is samples that did not come, as it would have been. */
export function replay(
  samples: Iterable<RateSample>,
  spec: RateSpec,
): { rung: Rung[]; state: RateState; refused: number } {
  let state = newRate(spec)
  let refused = 0
  const rung: Rung[] = []
  let open: Rung | null = null
  for (const sample of samples) {
    for (const each of [...holeBefore(sample, state.lastAt, spec), sample]) {
      const reading = observe(state, each, spec, each.at)
      const taken = reading.state.lastAt === each.at && state.lastAt !== each.at
      if (!taken) refused++
      state = reading.state
      const { alarm } = state
      if (alarm === null) {
        if (open) open.until = each.at
        open = null
        continue
      }
      const told = { seen: each.value, expected: reading.expected, score: reading.score }
      if (open === null) {
        open = { from: each.at, until: null, direction: alarm.direction, why: alarm.why, ...told }
        rung.push(open)
      } else if (reading.score > open.score) Object.assign(open, told)
    }
  }
  return { rung, state, refused }
}

/** More than so many missing samples in a row say no more than these do. */
const MOST_MISSING = 1_000

function holeBefore({ at }: RateSample, lastAt: number | null, { intervalMs }: RateSpec): RateSample[] {
  if (lastAt === null) return []
  const missing = Math.min(MOST_MISSING, Math.round((at - lastAt) / intervalMs) - 1)
  return Array.from({ length: Math.max(0, missing) }, (_, i) => ({ at: lastAt + (i + 1) * intervalMs, value: null }))
}
