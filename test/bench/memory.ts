import { sleep } from '../../src/clock.ts'
import { postmasters, treeOf } from '../support/process.ts'
import { cpuMs, pss, rss } from './cost.ts'
import { type Result, result } from './result.ts'
import { startRig } from './rig.ts'

const MONITORS = 1_000
const AFTER_MS = 60_000
const MB = 1024 * 1024

/** What a thousand monitors at 30 s cost after a minute: memory of the bot and of its server, and processor time per probe. */
export async function memory(): Promise<Result[]> {
  const rig = await startRig({ services: 10, monitors: MONITORS, everyS: 30 })
  try {
    await rig.bot.ready(30_000)
    const [postmaster = 0] = await postmasters(rig.dataDir)
    const cpu = async () => cpuMs([rig.bot.pid, ...(await treeOf(postmaster))])
    // The first tick has every monitor due; what follows is the even course of things.
    await sleep(5_000)
    const from = { cpu: await cpu(), requests: rig.targets.requests(), at: performance.now() }
    await sleep(AFTER_MS - 5_000)
    const probes = rig.targets.requests() - from.requests
    const cpuPerProbe = ((await cpu()) - from.cpu) / probes
    const perSecond = (probes * 1_000) / (performance.now() - from.at)
    const bot = (await rss(rig.bot.pid)) / MB
    const tree = await treeOf(postmaster)
    const shares = await Promise.all(tree.map(pss))
    const resident = await Promise.all(tree.map(rss))
    const known = shares.every((share) => share !== null)
    const server = shares.reduce<number>((sum, share, index) => sum + (share ?? resident[index] ?? 0), 0) / MB
    const note = `${tree.length} processes, ${known ? 'PSS' : 'RSS, since this system hides PSS: shared pages count in each'}`
    const goal = { of: 'max', value: 250 } as const
    return [
      result('memory', `bot, ${MONITORS} monitors at 30 s`, 'MB', [bot]),
      result('memory', 'embedded Postgres', 'MB', [server], { note }),
      result('memory', 'both', 'MB', [bot + server], { goal }),
      result('memory', 'processor time per probe, Postgres included', 'ms', [cpuPerProbe], {
        note: `${perSecond.toFixed(1)} probes/s`,
      }),
    ]
  } finally {
    await rig.close()
  }
}
