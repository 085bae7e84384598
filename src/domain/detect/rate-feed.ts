import { z } from 'zod'

/** What a source answered. `saw` is a sentence without its subject. */
export type Reading =
  | { kind: 'value'; value: number }
  /** It answers, and has no number: nothing is counted there. */
  | { kind: 'absent'; saw: string }
  /** It cannot be asked, or what it answers is none. */
  | { kind: 'failed'; saw: string }

/**
 * What lies between a source and the detector. That a source cannot be read says nothing of the rate, and is an alarm of its own; a rate of
 * zero is a number like others.
 *
 * unknown --read--> up; unknown|up --not read for AWAY_MS--> down --read--> up
 */
export const RateFeed = z.strictObject({
  status: z.enum(['unknown', 'up', 'down']),
  sinceAt: z.number(),
  /** Consecutive failures; the last of them in words. */
  failures: z.int(),
  why: z.string().nullable(),
  /** Of a number that only grows: what it was, and when. */
  counter: z.strictObject({ value: z.number(), at: z.number() }).nullable(),
})
export type RateFeed = z.infer<typeof RateFeed>

/** A source may be away for so long: whoever keeps rates is restarted now and then. */
export const AWAY_MS = 30_000

/** Slots that have to fail in a row. Within a longer slot a source is asked again until it was away for so long. */
const failAfter = (everyMs: number) => Math.ceil(AWAY_MS / Math.max(everyMs, 1))

export const newFeed = (at: number): RateFeed => ({
  status: 'unknown',
  sinceAt: at,
  failures: 0,
  why: null,
  counter: null,
})

export interface Fed {
  feed: RateFeed
  /** What the detector hears: a number, null for "nothing arrived"; undefined: nothing can be said of this slot. */
  value: number | null | undefined
  /** Of the source, not of the rate. */
  transition: 'down' | 'up' | null
}

/**
 * Folds a reading of a slot.
 *
 * @param everyMs the length of a slot: growth of a counter is counted for so long, however long it was since the last reading
 */
export function feed(
  before: RateFeed,
  reading: Reading,
  { counter, everyMs }: { counter: boolean; everyMs: number },
  at: number,
): Fed {
  if (reading.kind === 'failed') {
    const failures = before.failures + 1
    const down = before.status !== 'down' && failures >= failAfter(everyMs)
    const next = { ...before, failures, why: reading.saw, ...(down && { status: 'down' as const, sinceAt: at }) }
    return { feed: next, value: undefined, transition: down ? 'down' : null }
  }
  const well = {
    ...before,
    status: 'up' as const,
    sinceAt: before.status === 'up' ? before.sinceAt : at,
    failures: 0,
    why: reading.kind === 'absent' ? reading.saw : null,
  }
  const transition = before.status === 'down' ? ('up' as const) : null
  if (reading.kind === 'absent') return { feed: well, value: null, transition }
  if (!counter) return { feed: well, value: reading.value, transition }
  const { value } = reading
  return { feed: { ...well, counter: { value, at } }, value: growth(before.counter, value, everyMs, at), transition }
}

/**
 * By how much a counter grew in the time of a slot. One that is smaller than before began anew from zero, as Prometheus takes it. Undefined
 * for the first reading, and for one that follows on none in time: what grew in an hour says nothing of a minute.
 */
function growth(before: RateFeed['counter'], value: number, everyMs: number, at: number): number | undefined {
  if (before === null || at <= before.at || at - before.at > LONGEST_GAP * everyMs) return undefined
  const grown = value < before.value ? value : value - before.value
  return (grown * everyMs) / (at - before.at)
}

/** Slots without a reading over which the growth of a counter is still spread. */
const LONGEST_GAP = 3
