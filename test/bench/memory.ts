import { readFile } from 'node:fs/promises'
import { sleep } from '../../src/clock.ts'
import { postmasters, treeOf } from '../support/process.ts'
import { type Result, result } from './result.ts'
import { startRig } from './rig.ts'

const MONITORS = 1_000
const AFTER_MS = 60_000
const MB = 1024 * 1024
/** Clock ticks of /proc, of 10 ms on every Linux that Node runs on. */
const TICK_MS = 10

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

async function rss(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024
}

/** Shared pages divided among those who share them. Null where the system does not let us look. */
async function pss(pid: number): Promise<number | null> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')
  const kilobytes = /^Pss:\s+(\d+) kB/m.exec(rollup)?.[1]
  return kilobytes === undefined ? null : Number(kilobytes) * 1024
}

async function cpuMs(pids: readonly number[]): Promise<number> {
  const each = await Promise.all(
    pids.map(async (pid) => {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      // utime, stime, and those of children that have ended.
      return [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index] ?? 0), 0)
    }),
  )
  return each.reduce((sum, ticks) => sum + ticks * TICK_MS, 0)
}
