import { eventually } from '../support/process.ts'
import { type Result, result } from './result.ts'
import { lastCall, monitorOf, pageTo, personOf, startRig } from './rig.ts'

const ROUNDS = 10
const SERVICES = 10

/** Killed between the decision and the send of four pages: how soon the first, and the last, is out after the next start. */
export async function restart(): Promise<Result[]> {
  const rig = await startRig({ services: SERVICES, monitors: SERVICES, everyS: 1 })
  const { slack, targets } = rig
  const figures: { ready: number; firstFromReady: number; firstFromSpawn: number; lastFromReady: number }[] = []
  try {
    await rig.bot.ready(30_000)
    for (let round = 0; round < ROUNDS; round++) {
      const struck = [0, 1, 2, 3].map((n) => (round + n) % SERVICES)
      const since = lastCall(slack)
      slack.fault({ kind: 'hang', method: 'conversations.open' })
      slack.fault({ kind: 'hang', method: 'chat.postMessage' })
      targets.fail(struck.map(monitorOf))
      const paging = () => rig.bot.lines().filter((line) => line['msg'] === 'paged').length
      const before = paging()
      await eventually(() => paging() >= before + struck.length, 'four pages to be owed', 15_000)
      rig.bot.signal('SIGKILL')
      await rig.bot.exited
      slack.resetFaults()
      const bot = rig.boot()
      const readyAt = await bot.ready()
      const arrived = () =>
        struck.flatMap((n) => {
          const call = pageTo(slack, personOf(n), since)
          return call?.done ? [call.arrived_at] : []
        })
      await eventually(() => arrived().length === struck.length, 'the owed pages', 20_000)
      const first = Math.min(...arrived())
      figures.push({
        ready: readyAt - bot.spawnedAt,
        firstFromReady: first - readyAt,
        firstFromSpawn: first - bot.spawnedAt,
        lastFromReady: Math.max(...arrived()) - readyAt,
      })
      targets.recover()
      await eventually(
        () => bot.lines().filter((line) => line['msg'] === 'resolved').length >= struck.length,
        'the end of it',
        20_000,
      )
    }
    const goal = { of: 'max', value: 5_000 } as const
    return [
      result(
        'restart',
        'ready → first owed page out',
        'ms',
        figures.map((f) => f.firstFromReady),
        { goal },
      ),
      result(
        'restart',
        'spawned → first owed page out',
        'ms',
        figures.map((f) => f.firstFromSpawn),
        { goal },
      ),
      result(
        'restart',
        'ready → last of four out',
        'ms',
        figures.map((f) => f.lastFromReady),
        { goal },
      ),
      result(
        'restart',
        'spawned → ready, store adopted',
        'ms',
        figures.map((f) => f.ready),
        { goal },
      ),
    ]
  } finally {
    await rig.close()
  }
}
