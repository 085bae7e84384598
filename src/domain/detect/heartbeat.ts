import { z } from 'zod'
import type { Heartbeat } from '../rules.ts'
import { nextFire } from './cron.ts'

/** What a ping says: a run ended well, began, failed, or only has something to tell. */
const PING_KINDS = ['success', 'start', 'fail', 'log'] as const

/** One ping as it was heard. */
export interface Ping {
  /** Watch time, UTC ms. */
  at: number
  kind: (typeof PING_KINDS)[number]
  /** With which a command ended, where it said so. */
  exit: number | null
  /** Pairs the start of a run with its end; null: whoever pings does not tell runs apart. */
  run: string | null
  /** The last lines of what it had to tell. */
  lines: string[]
}

const Seen = z.strictObject({
  at: z.number(),
  kind: z.enum(PING_KINDS),
  exit: z.int().nullable(),
  /** How long the run took that it ended. */
  ranMs: z.number().nullable(),
})

const Run = z.strictObject({ id: z.string().nullable(), startAt: z.number() })

/** Deadlines are put off after we could not hear: from when until when that was, and until when nobody is missed for it. */
const Excuse = z.strictObject({
  deafAt: z.number(),
  backAt: z.number(),
  untilAt: z.number(),
  /** What was allowed since the last success, in all. */
  ms: z.number(),
})

/**
 * unknown|up --deadline passed, run too long, fail--> down --success--> up; unknown --success--> up
 *
 * Facts alone; whether somebody is late is derived ({@link standing}). *Too often* is an alarm beside it, with an end of its own.
 */
export const HeartbeatState = z.strictObject({
  status: z.enum(['unknown', 'up', 'down']),
  why: z.enum(['missed', 'overran', 'failed']).nullable(),
  /** Since when the status stands. */
  sinceAt: z.number(),
  /** When it was first known. What was never seen is missed from here on: never seen is no excuse. */
  createdAt: z.number(),
  lastSuccessAt: z.number().nullable(),
  /** Of any kind. */
  lastPingAt: z.number().nullable(),
  /** Began and not ended, oldest first. */
  runs: z.array(Run),
  /** When the latest run began as far as is known, and which one ended last. */
  lastRunAt: z.number().nullable(),
  lastRun: z.string().nullable(),
  tooOften: z.boolean(),
  excuse: Excuse.nullable(),
  /** Since when the configuration has it no more; what is back within days goes on where it was. */
  retiredAt: z.number().nullable(),
  /** The last lines that came with a ping. */
  lines: z.array(z.string()),
  /** The latest pings, oldest first. */
  recent: z.array(Seen),
})
export type HeartbeatState = z.infer<typeof HeartbeatState>

/** Pings shown with an alarm. */
const RECENT = 5

/** More runs than this at a time are not told apart. */
const MOST_RUNS = 20

/** The clock of who pings may be ahead of ours: cron's run of 03:00 that reports at 02:59:59 is not the one of yesterday. */
const SKEW_MS = 2_000

export const newHeartbeat = (at: number): HeartbeatState => ({
  status: 'unknown',
  why: null,
  sinceAt: at,
  createdAt: at,
  lastSuccessAt: null,
  lastPingAt: null,
  runs: [],
  lastRunAt: null,
  lastRun: null,
  tooOften: false,
  excuse: null,
  retiredAt: null,
  lines: [],
  recent: [],
})

/** What has changed, for those who have to hear of it. */
export type Change =
  | { what: 'down'; why: NonNullable<HeartbeatState['why']> }
  | { what: 'up' }
  | { what: 'too-often'; gapMs: number }
  | { what: 'spaced' }

export interface Beat {
  state: HeartbeatState
  changes: Change[]
}

type Spec = Pick<Heartbeat, 'rhythm' | 'graceMs' | 'maxRunMs' | 'minEveryMs'>

/** Folds a ping into the state. One that comes late, out of the hands of a slow process, does not take time back. */
export function observe(before: HeartbeatState, ping: Ping, spec: Spec): Beat {
  const at = Math.max(ping.at, before.lastPingAt ?? before.createdAt)
  const { kind, exit, lines } = ping
  const ended = kind === 'success' || kind === 'fail' ? before.runs.find(({ id }) => id === ping.run) : undefined
  const seen = { at, kind, exit, ranMs: ended ? at - ended.startAt : null }
  const state: HeartbeatState = {
    ...before,
    lastPingAt: at,
    lines: lines.length > 0 ? lines : before.lines,
    recent: [...before.recent, seen].slice(-RECENT),
  }
  if (kind === 'log') return { state, changes: [] }
  const paced = pace(state, ping.run, at, { isEnd: kind !== 'start', wasStarted: ended !== undefined }, spec)
  switch (kind) {
    case 'start':
      return { ...paced, state: started(paced.state, ping.run, at, spec) }
    case 'fail': {
      const failed = down({ ...paced.state, ...afterEnd(paced.state, ping.run) }, 'failed', at)
      return { state: failed.state, changes: [...paced.changes, ...failed.changes] }
    }
    case 'success': {
      const well = succeeded({ ...paced.state, ...afterEnd(paced.state, ping.run) }, at, spec)
      return { state: well.state, changes: [...paced.changes, ...well.changes] }
    }
    default:
      return kind satisfies never
  }
}

const afterEnd = ({ runs }: HeartbeatState, run: string | null) => ({
  runs: runs.filter(({ id }) => id !== run),
  lastRun: run,
})

/** A run that began twice under one name is timed from its first beginning: what starts over and over must not look alive. */
function started(state: HeartbeatState, run: string | null, at: number, { maxRunMs }: Spec): HeartbeatState {
  if (state.runs.some(({ id }) => id === run)) return state
  const runs = [...state.runs, { id: run, startAt: at }]
  // Of runs that are timed the oldest are first to be missed, of others they are the ones that nobody will hear of again.
  return { ...state, runs: maxRunMs === null ? runs.slice(-MOST_RUNS) : runs.slice(0, MOST_RUNS) }
}

function succeeded(state: HeartbeatState, at: number, { maxRunMs }: Spec): Beat {
  // Runs that were missed already are told of, and over with.
  const runs = state.runs.filter(({ startAt }) => maxRunMs === null || startAt + maxRunMs > at)
  const next = { ...state, runs, lastSuccessAt: at, excuse: null }
  if (state.status === 'up') return { state: next, changes: [] }
  const changes: Change[] = state.status === 'down' ? [{ what: 'up' }] : []
  return { state: { ...next, status: 'up', why: null, sinceAt: at }, changes }
}

/** Somebody hears of it once for each reason. */
function down(state: HeartbeatState, why: NonNullable<HeartbeatState['why']>, at: number): Beat {
  if (state.status === 'down' && state.why === why) return { state, changes: [] }
  const sinceAt = state.status === 'down' ? state.sinceAt : at
  return { state: { ...state, status: 'down', why, sinceAt }, changes: [{ what: 'down', why }] }
}

/**
 * Whether runs follow each other too soon. A run is counted where it is first heard of: at its start, else at its end. The end said twice
 * (a client that did not get our answer) is one, where it has a name.
 */
function pace(
  state: HeartbeatState,
  run: string | null,
  at: number,
  { isEnd, wasStarted }: { isEnd: boolean; wasStarted: boolean },
  { minEveryMs }: Spec,
): Beat {
  const isKnown = run !== null && (run === state.lastRun || state.runs.some(({ id }) => id === run))
  if (isKnown || (isEnd && wasStarted)) return { state, changes: [] }
  const gapMs = state.lastRunAt === null ? Number.POSITIVE_INFINITY : at - state.lastRunAt
  const next = { ...state, lastRunAt: at }
  if (minEveryMs !== null && gapMs < minEveryMs)
    return { state: { ...next, tooOften: true }, changes: state.tooOften ? [] : [{ what: 'too-often', gapMs }] }
  return { state: { ...next, tooOften: false }, changes: state.tooOften ? [{ what: 'spaced' }] : [] }
}

/** When the next success is expected, without grace: counted from the last one, or from when it was first known. */
export function expectedAt(
  state: Pick<HeartbeatState, 'lastSuccessAt' | 'createdAt'>,
  { rhythm }: Pick<Spec, 'rhythm'>,
): number {
  const fromAt = state.lastSuccessAt ?? state.createdAt
  if (rhythm.kind === 'every') return fromAt + rhythm.everyMs
  return nextFire(rhythm.cron, rhythm.zone, fromAt + SKEW_MS) ?? Number.POSITIVE_INFINITY
}

/**
 * The instant at which it is missed, unless something is heard first; null when there is nothing more to miss (it is down already, or is
 * not watched). It follows from the facts and the configuration as that is now: an edit arms nothing anew.
 */
export function due(state: HeartbeatState, spec: Spec): number | null {
  if (state.status === 'down' || state.retiredAt !== null) return null
  const first = Math.min(overdueAt(state, spec), ...state.runs.map(({ startAt }) => overrunAt(startAt, spec)))
  return Number.isFinite(first) ? Math.max(first, state.excuse?.untilAt ?? first) : null
}

/** While a run lasts that began in time, and may last that long, nobody misses its end. */
function overdueAt(state: HeartbeatState, spec: Spec): number {
  const deadlineAt = expectedAt(state, spec) + spec.graceMs
  if (spec.maxRunMs === null) return deadlineAt
  const inTime = Math.max(deadlineAt, state.excuse?.untilAt ?? deadlineAt)
  const since = state.lastSuccessAt ?? state.createdAt
  const underWay = state.runs.find(({ startAt }) => startAt >= since && startAt <= inTime)
  return underWay ? Math.max(deadlineAt, underWay.startAt + spec.maxRunMs) : deadlineAt
}

const overrunAt = (startAt: number, { maxRunMs }: Spec) => startAt + (maxRunMs ?? Number.POSITIVE_INFINITY)

/** What has become of it when nothing was heard until `now`. */
export function expire(state: HeartbeatState, now: number, spec: Spec): Beat {
  const dueAt = due(state, spec)
  if (dueAt === null || now < dueAt) return { state, changes: [] }
  const overran = state.runs.some(({ startAt }) => overrunAt(startAt, spec) <= now)
  return down(state, overran ? 'overran' : 'missed', now)
}

/** While we could not hear: what was sent then is lost, unless it is sent again. */
export interface Deaf {
  fromAt: number
  toAt: number
}

/**
 * After a time in which we could not hear (a stop, a store that was away) nobody is missed at once: for as long as that lasted, and for
 * one grace at most, whoever tries again still comes in time. Since the last success no more than one grace is allowed in all, however
 * often we stop: what is dead is paged at most one grace late, counting only the time in which we could hear it.
 */
export function excused(state: HeartbeatState, { fromAt, toAt }: Deaf, spec: Spec): HeartbeatState {
  const dueAt = due(state, spec)
  // It was missed before, while we heard: there is nothing to wait for.
  if (dueAt === null || dueAt <= fromAt) return state
  const spent = state.excuse?.ms ?? 0
  const ms = Math.min(toAt - fromAt, spec.graceMs - spent)
  if (ms <= 0 || dueAt >= toAt + ms) return state
  return { ...state, excuse: { deafAt: fromAt, backAt: toAt, untilAt: toAt + ms, ms: spent + ms } }
}

/** The configuration has it no more: its alarms end with it. Should it come back, what is wrong then is told anew. */
export const retire = (state: HeartbeatState, at: number): HeartbeatState =>
  state.retiredAt === null
    ? {
        ...state,
        retiredAt: at,
        ...(state.status === 'down' ? { status: 'unknown', why: null, sinceAt: at } : {}),
        tooOften: false,
      }
    : state

/** It is back, with all that was known of it. */
export const readopt = (state: HeartbeatState): HeartbeatState =>
  state.retiredAt === null ? state : { ...state, retiredAt: null }

/** How it does at this moment, in a word. */
export type Standing = 'waiting' | 'up' | 'running' | 'late' | 'down'

export function standing(state: HeartbeatState, now: number, spec: Spec): Standing {
  if (state.status === 'down') return 'down'
  if (state.runs.length > 0) return 'running'
  if (now > expectedAt(state, spec)) return 'late'
  return state.status === 'unknown' ? 'waiting' : 'up'
}
