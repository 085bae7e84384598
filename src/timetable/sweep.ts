import type { Clock } from '../clock.ts'
import { type Entries, type Entry, had, slotOf } from './entries.ts'

/** How long after its beginning a slot may be left to the queue: half of it, and at most this. */
const LONGEST_GRACE_MS = 2_000
/** A claim that could not be asked is asked again after this, as long as the slot lasts. */
const CLAIM_AGAIN_MS = 1_000

interface SweepOptions {
  clock: Clock
  table: Entries
  /** Whether a queue wakes the entries: then a slot is left to it for a while. */
  queueRuns(): boolean
  /** The queue left a slot to us. */
  onMissed(name: string): void
  signal: AbortSignal
}

/**
 * Sees to it that every slot of an entry that begins from now on is had, whoever wakes for it: by our clock, a slot that nobody is known to
 * have had is claimed and run. Alone it is a whole timetable; beside a queue it is why the queue may be missing. Resolves when the signal
 * is aborted.
 */
export async function sweep(entry: Entry, { clock, table, queueRuns, onMissed, signal }: SweepOptions): Promise<void> {
  const current = () => slotOf(entry.name, entry.ms, clock.now())
  const graceMs = () => (queueRuns() ? Math.min(entry.ms / 2, LONGEST_GRACE_MS) : 0)
  const begunAt = current()
  try {
    for (;;) {
      const slotAt = current()
      const settled = slotAt <= begunAt || had(entry, slotAt) || entry.running !== undefined
      const wakeAt = settled ? slotAt + entry.ms : slotAt + graceMs()
      if (clock.now() < wakeAt) {
        await clock.sleepUntil(wakeAt, signal)
        continue
      }
      if (await table.tick(entry, slotAt)) onMissed(entry.name)
      signal.throwIfAborted()
      if (!had(entry, slotAt)) await clock.sleepUntil(Math.min(slotAt + entry.ms, clock.now() + CLAIM_AGAIN_MS), signal)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
