import type { Clock } from './clock.ts'
import { type Observation, saveSamples } from './store/monitors.ts'
import { isOutage, type Store } from './store/store.ts'

/** A sample that says nothing new waits so long for others to be written with. Watch time. */
const LINGER_MS = 500

/** Written by one statement at most. */
const MOST = 500

export interface Samples {
  /**
   * Stores a sample, together with others; at once when somebody waits for it.
   *
   * @returns whether its slot was ours, as {@link saveSamples} has it; rejects when it could not be stored
   */
  add(observation: Observation, urgent: boolean): Promise<boolean>
  /** What waits is written now. */
  flush(): void
}

interface Waiting {
  observation: Observation
  done(ours: boolean): void
  failed(error: unknown): void
}

/** Samples without news, written in bulk: a statement for each would cost more than the probe. One of a monitor waits at a time. */
export function createSamples({ clock, store }: { clock: Clock; store: Store }): Samples {
  const queue: Waiting[] = []
  let writing = false
  let lingering: AbortController | null = null

  async function write(): Promise<void> {
    if (writing) return
    writing = true
    lingering?.abort()
    lingering = null
    while (queue.length > 0) await writeGroup(queue.splice(0, MOST))
    writing = false
  }

  async function writeGroup(group: Waiting[]): Promise<void> {
    try {
      const ours = await saveSamples(
        store,
        group.map(({ observation }) => observation),
      )
      for (const { observation, done } of group) done(ours.has(observation.monitor))
    } catch (error) {
      // What one of them has in it must not be in the way of the others.
      if (group.length > 1 && !isOutage(error)) for (const each of group) await writeGroup([each])
      else for (const { failed } of group) failed(error)
    }
  }

  return {
    add(observation, urgent) {
      return new Promise((done, failed) => {
        queue.push({ observation, done, failed })
        if (urgent || queue.length >= MOST) void write()
        else if (lingering === null && !writing) {
          lingering = new AbortController()
          clock.sleepUntil(clock.now() + LINGER_MS, lingering.signal).then(write, () => {})
        }
      })
    },
    flush: () => void write(),
  }
}
