import { hashOf } from './entries.ts'

/** So many monitors make a shard: what several processes share, and what one turn of one of them is about. */
const SHARD = 500
const TURN_MS = 1_000
/** What a process that dies had begun is had by others after this at most. */
const LONGEST_TURN_MS = 10_000

/** One entry of the timetable: for a turn, whoever has it looks after the monitors of this shard. */
export interface Shard {
  /** Its entry; says how many there are, so that two layouts are never taken for one another. */
  name: string
  /** From 0. */
  index: number
  of: number
  turnMs: number
}

/**
 * How so many monitors are shared out. Turns are the longer the more shards there are: the queue is asked once or twice a second, whatever it
 * is that is watched, since a job costs more than a probe.
 */
export function shardsFor(monitors: number): Shard[] {
  const of = Math.max(1, Math.ceil(monitors / SHARD))
  const turnMs = Math.min(of * TURN_MS, LONGEST_TURN_MS)
  const nameOf = (index: number) => (of === 1 ? 'probes' : `probes-${index + 1}-of-${of}`)
  return Array.from({ length: of }, (_, index) => ({ name: nameOf(index), index, of, turnMs }))
}

/**
 * The shard of a name, from 0: the same for ever, and with one shard more only those names move that move to it (jump consistent hash,
 * Lamping and Veach, 2014).
 */
export function shardOf(name: string, of: number): number {
  let key = hashOf(name)
  let found = 0
  for (let next = 0; next < of; ) {
    found = next
    key = (Math.imul(key, 1_664_525) + 1_013_904_223) >>> 0
    next = Math.floor((found + 1) * (2 ** 32 / (key + 1)))
  }
  return found
}
