import { type Result, result } from './result.ts'
import { startRig } from './rig.ts'

const TIMES = 5

/** From the spawn of the process to /readyz 200: with a new store, and with the one of the last time. */
export async function start(): Promise<Result[]> {
  const cold: number[] = []
  const warm: number[] = []
  for (let n = 0; n < TIMES; n++) {
    const rig = await startRig({ services: 4, monitors: 4, everyS: 30 })
    try {
      cold.push((await rig.bot.ready(30_000)) - rig.bot.spawnedAt)
      rig.bot.signal('SIGTERM')
      await rig.bot.exited
      const bot = rig.boot()
      warm.push((await bot.ready(30_000)) - bot.spawnedAt)
    } finally {
      await rig.close()
    }
  }
  const goal = { of: 'max', value: 5_000 } as const
  return [
    result('start', 'spawned → ready, new data folder', 'ms', cold, { goal }),
    result('start', 'spawned → ready, known data folder', 'ms', warm, { goal }),
  ]
}
