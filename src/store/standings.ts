import type { Pool } from 'pg'
import type { Standing } from '../domain/detect/standing.ts'
import { probesOf, type Rules } from '../domain/rules.ts'
import { readHeartbeats } from './heartbeats.ts'
import { readLogs } from './logs.ts'
import { readMonitorsNamed } from './monitors.ts'

/** Every monitor of the configuration, in its order. */
export async function readStandings(pool: Pool, rules: Pick<Rules, 'monitors'>): Promise<Standing[]> {
  const names = probesOf(rules).map(({ name }) => name)
  const [probes, logs, heartbeats] = await Promise.all([
    readMonitorsNamed(pool, names),
    readLogs(pool),
    readHeartbeats(pool),
  ])
  return Object.values(rules.monitors).map((monitor): Standing => {
    const nothing = { monitor, status: 'unknown' as const, sinceAt: null, saw: null, learnsUntilAt: null, lastAt: null }
    if (monitor.kind === 'log') {
      const state = logs.get(monitor.name)?.state
      if (!state) return nothing
      const { status, reading, lines, shapes, lookedAt } = state
      const worse = reading.status === 'down' ? reading : lines
      const saw =
        reading.status === 'down'
          ? `it is not being read: ${reading.why}`
          : lines.count > 0
            ? `${lines.count} ${lines.count === 1 ? 'line' : 'lines'}`
            : null
      return {
        ...{ monitor, status, sinceAt: worse.sinceAt, saw },
        ...{ learnsUntilAt: shapes?.learnsUntilAt ?? null, lastAt: lookedAt },
      }
    }
    if (monitor.kind === 'heartbeat') {
      const state = heartbeats.get(monitor.name)?.state
      if (!state) return nothing
      const { status, sinceAt, lastPingAt, why } = state
      return { ...nothing, status, sinceAt, saw: why, lastAt: lastPingAt }
    }
    const known = probes.get(monitor.name)
    if (!known) return nothing
    const { status, sinceAt, recent } = known.state
    return { ...nothing, status, sinceAt, saw: recent.at(-1)?.saw ?? null, lastAt: recent.at(-1)?.at ?? null }
  })
}
