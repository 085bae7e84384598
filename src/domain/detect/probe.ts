import { z } from 'zod'
import type { Probe } from '../rules.ts'

/** What one probe saw. */
export const Sample = z.strictObject({
  at: z.number(),
  ok: z.boolean(),
  /** In words, for people: `503 Service Unavailable`, `connection refused`. */
  saw: z.string(),
  ms: z.number(),
})
export type Sample = z.infer<typeof Sample>

/** unknown --ok--> up; unknown|up --failAfter failures in a row--> down; down --recoverAfter successes in a row--> up */
export const ProbeState = z.strictObject({
  status: z.enum(['unknown', 'up', 'down']),
  /** Consecutive failures and successes. */
  failures: z.int(),
  successes: z.int(),
  /** Since when the status stands. */
  sinceAt: z.number(),
  /** The latest observations, oldest first. */
  recent: z.array(Sample),
})
export type ProbeState = z.infer<typeof ProbeState>

/** Observations shown with an alarm. */
const RECENT = 5

/** After a failure the next try comes this soon, until the failure is confirmed or refuted. */
export const CONFIRM_MS = 1_000

export const newProbe = (at: number): ProbeState => ({
  status: 'unknown',
  failures: 0,
  successes: 0,
  sinceAt: at,
  recent: [],
})

export interface Observed {
  state: ProbeState
  transition: 'down' | 'up' | null
  reason: string
}

/** Folds one sample into the state of its monitor. A monitor that was never up goes down like any other: never seen is no excuse. */
export function observe(state: ProbeState, sample: Sample, spec: Pick<Probe, 'failAfter' | 'recoverAfter'>): Observed {
  const recent = [...state.recent, sample].slice(-RECENT)
  const failures = sample.ok ? 0 : state.failures + 1
  const successes = sample.ok ? state.successes + 1 : 0
  const next = { ...state, recent, failures, successes }
  if (!sample.ok && state.status !== 'down') {
    const reason = `${failures} of ${spec.failAfter} failures in a row`
    if (failures < spec.failAfter) return { state: next, transition: null, reason }
    return { state: { ...next, status: 'down', sinceAt: sample.at }, transition: 'down', reason }
  }
  if (sample.ok && state.status === 'unknown')
    return { state: { ...next, status: 'up', sinceAt: sample.at }, transition: null, reason: 'first success' }
  if (sample.ok && state.status === 'down') {
    const reason = `${successes} of ${spec.recoverAfter} successes in a row`
    if (successes < spec.recoverAfter) return { state: next, transition: null, reason }
    return { state: { ...next, status: 'up', sinceAt: sample.at }, transition: 'up', reason }
  }
  return { state: next, transition: null, reason: sample.ok ? 'still up' : 'still down' }
}

/** Whether the next try is due at once rather than at the next interval. */
export const unconfirmed = (state: ProbeState) => state.status !== 'down' && state.failures > 0
