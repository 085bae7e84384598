import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import type { Complain } from '../complaints.ts'
import { messageOf } from '../errors.ts'

/** Shorter slots would cost more than what they carry. */
const SHORTEST_MS = 10
const LONGEST_MS = 366 * 86_400_000

/** Makes a slot this process's own: true for one process only, and once. Rejects when that cannot be asked; it may be asked again. */
export type Claim = (name: string, slotAt: number) => Promise<boolean>

export interface Entry {
  name: string
  ms: number
  run: (slotAt: number, signal: AbortSignal) => Promise<void>
  running: Promise<boolean> | undefined
  lastSlotAt: number | null
  lastTickAt: number | null
  failingSinceAt: number | null
}

export interface EntryHealth {
  name: string
  everyMs: number
  /** When a slot was last known to be had, by this process or by another. Watch time; null before the first. */
  lastTickAt: number | null
  lastSlotAt: number | null
  running: boolean
  /** Since when each of its runs in this process has failed; null: the last one went well, or there was none. */
  failingSinceAt: number | null
}

export interface Entries {
  all(): Entry[]
  get(name: string): Entry | undefined
  add(name: string, ms: number, run: Entry['run']): void
  /** It has no slot any more; what runs goes on. */
  remove(name: string): void
  /**
   * Claims a slot of an entry and runs it, unless the entry runs still or the slot was had: then it is skipped, not made up for. Never
   * rejects. Resolves when the run has ended, with whether there was one.
   */
  tick(entry: Entry, slotAt: number): Promise<boolean>
  health(): EntryHealth[]
  /** Resolves when nothing runs. */
  idle(): Promise<void>
}

interface EntriesOptions {
  clock: Clock
  log: Logger
  claim: Claim
  complain: Complain
  /** Ends what waits. */
  signal: AbortSignal
}

/** What all timetables share: who is in it, what ran when, and that no entry overlaps itself. */
export function entries({ clock, log, claim, complain, signal }: EntriesOptions): Entries {
  const byName = new Map<string, Entry>()

  async function take(entry: Entry, slotAt: number): Promise<boolean> {
    let ours: boolean
    try {
      ours = await claim(entry.name, slotAt)
    } catch (error) {
      complain('the timetable cannot ask whose turn it is', error)
      return false
    }
    entry.lastSlotAt = slotAt
    entry.lastTickAt = clock.now()
    if (ours) await run(entry, slotAt)
    return ours
  }

  async function run(entry: Entry, slotAt: number): Promise<void> {
    try {
      await entry.run(slotAt, signal)
      entry.failingSinceAt = null
    } catch (error) {
      entry.failingSinceAt ??= clock.now()
      log.error({ job: entry.name, slotAt, err: error, reason: messageOf(error) }, 'an entry of the timetable failed')
    }
  }

  return {
    all: () => [...byName.values()],
    get: (name) => byName.get(name),
    add(name, ms, run) {
      if (name === '' || name.includes(':'))
        throw new Error(`"${name}" cannot name an entry of the timetable: it must be without ":"`)
      if (!Number.isInteger(ms) || ms < SHORTEST_MS || ms > LONGEST_MS)
        throw new Error(`"${name}" cannot run every ${ms} ms: from ${SHORTEST_MS} ms to a year, in whole milliseconds`)
      if (byName.has(name)) throw new Error(`"${name}" is in the timetable already`)
      byName.set(name, { name, ms, run, running: undefined, ...NOTHING_YET })
    },
    remove: (name) => void byName.delete(name),
    async tick(entry, slotAt) {
      if (entry.running !== undefined || had(entry, slotAt)) return false
      entry.running = take(entry, slotAt)
      const ran = await entry.running
      entry.running = undefined
      return ran
    },
    health: () =>
      [...byName.values()].map(({ name, ms, lastTickAt, lastSlotAt, running, failingSinceAt }) => ({
        name,
        everyMs: ms,
        lastTickAt,
        lastSlotAt,
        running: running !== undefined,
        failingSinceAt,
      })),
    async idle() {
      await Promise.all([...byName.values()].map((entry) => entry.running))
    },
  }
}

const NOTHING_YET = { lastSlotAt: null, lastTickAt: null, failingSinceAt: null }

/** Somebody has had it, as far as this process knows. */
export const had = (entry: Entry, slotAt: number) => entry.lastSlotAt !== null && slotAt <= entry.lastSlotAt

/** Where in its slot an entry falls due: stable, from 1 to ms - 1, so that not everything falls due at the same instant. */
export function phaseOf(name: string, ms: number): number {
  // 32 bits of a fraction, since a slot may be longer than 2^32 ms. Never 0, which BullMQ takes for "no offset".
  return 1 + Math.floor((hashOf(name) / 2 ** 32) * (ms - 1))
}

/** 32 bits of a name. */
export function hashOf(name: string): number {
  // FNV-1a, then mixed: names that differ in their last digit (shards) must not be neighbours.
  let hash = 0x811c9dc5
  for (const char of name) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b) >>> 0
  return (hash ^ (hash >>> 13)) >>> 0
}

/** The slot that `at` lies in, named by its beginning. */
export function slotOf(name: string, ms: number, at: number): number {
  const phase = phaseOf(name, ms)
  return Math.floor((at - phase) / ms) * ms + phase
}
