import type { Logger } from 'pino'
import { type Clock, machine } from '../clock.ts'

/** A queue that was lost is said to be back once it has run for so long. */
const SOUND_MS = 5_000

/** Whether the queue wakes the timetable; each change is told once, and one that is undone within seconds not at all. */
export interface Standing {
  /** Since when it does not, watch time; null when it does. */
  downSince(): number | null
  down(reason: string): void
  /** It does its part at this moment. */
  up(): void
}

export function standing(name: string, clock: Clock, log: Logger): Standing {
  let downSince: number | null = clock.now()
  let upSince = 0
  let toldDownAt: number | null = null
  return {
    downSince: () => downSince,
    down(reason) {
      downSince ??= clock.now()
      if (toldDownAt !== null) return
      toldDownAt = machine.elapsed()
      log.error({ queue: name, reason }, 'the queue is lost: the timetable goes on by the clock alone')
    },
    up() {
      const now = machine.elapsed()
      if (downSince !== null) upSince = now
      downSince = null
      if (toldDownAt === null || now - upSince < SOUND_MS) return
      log.info({ queue: name, downMs: Math.round(upSince - toldDownAt) }, 'the queue is back')
      toldDownAt = null
    },
  }
}
