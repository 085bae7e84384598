import { z } from 'zod'
import type { Signal } from '../event.ts'
import type { Evidence } from '../incident.ts'
import type { Probe } from '../rules.ts'

/** How long the parts of a probe took; parts that it had not, or did not come to, are left out. What is left of the total is the body. */
export const Phases = z.strictObject({
  dnsMs: z.number().optional(),
  connectMs: z.number().optional(),
  tlsMs: z.number().optional(),
  /** From the moment at which the question could be asked. */
  firstByteMs: z.number().optional(),
  totalMs: z.number(),
})
export type Phases = z.infer<typeof Phases>

/** What one probe saw. */
export const Sample = z.strictObject({
  at: z.number(),
  ok: z.boolean(),
  /** In words, for people: `503 Service Unavailable`, `connection refused`. */
  saw: z.string(),
  ms: z.number(),
  phases: Phases.optional(),
  /** For so long whoever looked stood still meanwhile; left out when it did not. */
  stoodMs: z.number().optional(),
  /** Nothing came back at all, not even a refusal: the fault may be on our side as well. */
  mute: z.literal(true).optional(),
})
export type Sample = z.infer<typeof Sample>

/** When a look was, what came of it, and how long it took. */
export type Point = Pick<Sample, 'at' | 'ok' | 'ms'>

/** What a monitor saw within a piece of time. */
export interface Rollup {
  fromAt: number
  count: number
  failed: number
  /** Of the successes; null when there were none. */
  minMs: number | null
  avgMs: number | null
  maxMs: number | null
}

/**
 * unknown --ok--> up; unknown|up --failAfter failures in a row--> down; down --recoverAfter successes in a row--> up. A monitor that
 * flaps needs more successes: what goes up and down all night pages each time, and the person on duty learns to ignore it.
 */
export const ProbeState = z.strictObject({
  status: z.enum(['unknown', 'up', 'down']),
  /** Consecutive failures and successes. */
  failures: z.int(),
  successes: z.int(),
  /** Since when the status stands. */
  sinceAt: z.number(),
  /** The latest observations, oldest first. */
  recent: z.array(Sample),
  /** When it went down in the last hour, oldest first. States that are older than this list have none. */
  downs: z.array(z.number()).default([]),
})
export type ProbeState = z.infer<typeof ProbeState>

/** Observations shown with an alarm. */
const RECENT = 5

/** What went down within this time counts as flapping. */
const FLAP_MS = 3_600_000

/** Twice in an hour can be bad luck, or a deploy that was rolled back; from then on each more asks for `recoverAfter` successes more. */
const CALM_DOWNS = 2

/** No recovery is delayed beyond this many times `recoverAfter`: what is well for that long is well. */
const MOST_PATIENCE = 4

/** More than these need not be known: patience is at its end by then. */
const MOST_DOWNS = CALM_DOWNS + MOST_PATIENCE

/** After a failure the next try comes this soon, until the failure is confirmed or refuted. */
export const CONFIRM_MS = 1_000

/** A success is one however late it was noticed; what it took is tried for again so often: with too much to do each try takes long. */
const MOST_DOUBTS = 1

/**
 * So many failures in a row, a second and more apart, are one, whoever stood still in each: a machine that has too much to do for good is not to be
 * blind for good.
 */
const MOST_FAILED = 30

/**
 * Whether a sample says something of the target, and not of whoever looked: who stood still finds the other side gone or the time over. Such a
 * failure does not count; the look is made again until one is honest, or none will be.
 *
 * @param doubts how many samples before it, of the same slot, were not believed
 */
export const isHonest = ({ ok, stoodMs }: Sample, doubts: number): boolean =>
  stoodMs === undefined || doubts >= (ok ? MOST_DOUBTS : MOST_FAILED)

export const newProbe = (at: number): ProbeState => ({
  status: 'unknown',
  failures: 0,
  successes: 0,
  sinceAt: at,
  recent: [],
  downs: [],
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
  const downs = state.downs.filter((at) => at > sample.at - FLAP_MS)
  const next = { ...state, recent, failures, successes, downs }
  if (!sample.ok && state.status !== 'down') {
    const reason = `${failures} of ${spec.failAfter} failures in a row`
    if (failures < spec.failAfter) return { state: next, transition: null, reason }
    // Never delayed, however often it happens: only the way back is.
    const counted = [...downs, sample.at].slice(-MOST_DOWNS)
    return { state: { ...next, status: 'down', sinceAt: sample.at, downs: counted }, transition: 'down', reason }
  }
  if (sample.ok && state.status === 'unknown')
    return { state: { ...next, status: 'up', sinceAt: sample.at }, transition: null, reason: 'first success' }
  if (sample.ok && state.status === 'down') {
    const needed = successesNeeded(downs.length, spec.recoverAfter)
    const often = `${downs.length} times${downs.length === MOST_DOWNS ? ' or more' : ''}`
    const flapping = needed > spec.recoverAfter ? `, because it went down ${often} within an hour` : ''
    const reason = `${successes} of ${needed} successes in a row${flapping}`
    if (successes < needed) return { state: next, transition: null, reason }
    return { state: { ...next, status: 'up', sinceAt: sample.at }, transition: 'up', reason }
  }
  return { state: next, transition: null, reason: sample.ok ? 'still up' : 'still down' }
}

/** How many successes in a row bring a monitor back that went down so often within the last hour. */
function successesNeeded(downs: number, recoverAfter: number): number {
  return recoverAfter * Math.min(MOST_PATIENCE, Math.max(1, downs - CALM_DOWNS + 1))
}

/** Whether the next try is due at once rather than at the next interval. */
export const unconfirmed = (state: ProbeState) => state.status !== 'down' && state.failures > 0

/** What the desk hears of a probe: `says` stands behind its headline, `failed` is the evidence of what is down. */
export function probeSignal(
  { name, service, severity }: Pick<Probe, 'name' | 'service' | 'severity'>,
  {
    status,
    says,
    failed,
    seenAt,
  }: { status: 'up' | 'down'; says: string; failed: readonly Evidence[]; seenAt: number },
): Signal {
  const headline = `${name} is ${status === 'down' ? 'down' : 'up again'}`
  return {
    ...{ type: 'signal', service, key: name, monitor: name, severity, headline, seenAt },
    status: status === 'down' ? 'firing' : 'resolved',
    summary: `${headline}: ${says}`,
    evidence: status === 'down' ? [...failed] : [],
  }
}

/** A failed look, as evidence. */
export const failure = ({ at, saw, ms }: Pick<Sample, 'at' | 'saw' | 'ms'>, from = ''): Evidence => ({
  at,
  saw: `${from}${saw}, after ${Math.round(ms)} ms`,
})
