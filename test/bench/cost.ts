import { readFile } from 'node:fs/promises'

/** What a process costs, as Linux counts it. */

/** Clock ticks of /proc, of 10 ms on every Linux that Node runs on. */
const TICK_MS = 10

/** Resident bytes. */
export async function rss(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024
}

/** Shared pages divided among those who share them. Null where the system does not let us look. */
export async function pss(pid: number): Promise<number | null> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')
  const kilobytes = /^Pss:\s+(\d+) kB/m.exec(rollup)?.[1]
  return kilobytes === undefined ? null : Number(kilobytes) * 1024
}

/** Processor time so far, of the system for them included. */
export async function cpuMs(pids: readonly number[]): Promise<number> {
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
