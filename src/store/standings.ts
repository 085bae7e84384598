import type { Pool } from 'pg'
import type { ProbeState } from '../domain/detect/probe.ts'
import { WRONG } from '../domain/detect/rate-signal.ts'
import type { Standing } from '../domain/detect/standing.ts'
import {
  HERE,
  heartbeatsOf,
  logsOf,
  type Monitor,
  probesOf,
  type RateMonitor,
  type Rules,
  ratesOf,
} from '../domain/rules.ts'
import { readHeartbeats } from './heartbeats.ts'
import { heldAlerts } from './held.ts'
import { readVerdicts, readViews, type Told } from './locations.ts'
import { readLogs } from './logs.ts'
import { readMonitorsNamed } from './monitors.ts'
import { type RateStanding, readFeeds } from './rates.ts'

const namesOf = (monitors: readonly Pick<Monitor, 'name'>[]) => monitors.map(({ name }) => name)

/** Every monitor of the configuration, in its order. `known`: what its probes last saw, for whoever has asked already. */
export async function readStandings(
  pool: Pool,
  rules: Pick<Rules, 'monitors'>,
  known?: ReturnType<typeof readMonitorsNamed>,
): Promise<Standing[]> {
  const names = namesOf(probesOf(rules))
  const [probes, logs, heartbeats, views, verdicts, rates, held] = await Promise.all([
    known ?? readMonitorsNamed(pool, names),
    readLogs(pool, namesOf(logsOf(rules))),
    readHeartbeats(pool, namesOf(heartbeatsOf(rules))),
    readViews(pool, names),
    readVerdicts(pool, names),
    readFeeds(pool, namesOf(ratesOf(rules))),
    heldAlerts(pool, Object.keys(rules.monitors)),
  ])
  const elsewhere = Map.groupBy(views, ({ monitor }) => monitor)
  const stands = (monitor: Monitor): Standing => {
    const nothing = {
      ...{ monitor, status: 'unknown' as const, held: null, sinceAt: null },
      ...{ saw: null, learnsUntilAt: null, lastAt: null },
    }
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
        ...{ ...nothing, status, sinceAt: worse.sinceAt, saw },
        ...{ learnsUntilAt: shapes?.learnsUntilAt ?? null, lastAt: lookedAt },
      }
    }
    if (monitor.kind === 'heartbeat') {
      const state = heartbeats.get(monitor.name)?.state
      if (!state) return nothing
      const { status, sinceAt, lastPingAt, why } = state
      return { ...nothing, status, sinceAt, saw: why, lastAt: lastPingAt }
    }
    if (monitor.kind === 'rate') return rateStanding(monitor, rates.get(monitor.name)) ?? nothing
    const here = probes.get(monitor.name)
    const remote = (elsewhere.get(monitor.name) ?? []).filter(({ location }) => monitor.locations.includes(location))
    const states = [...(here && monitor.locations.includes(HERE) ? [here] : []), ...remote].map(({ state }) => state)
    const told = verdicts.get(monitor.name)
    if (remote.length > 0 || monitor.locations.length > 1 || !states[0])
      return { ...nothing, ...together(states, told) }
    const seen = asSeen(states[0])
    // It fails from here, at a time when nothing is seen from here.
    return { ...nothing, ...seen, held: seen.status === 'down' && told?.status === 'held' ? { by: null } : null }
  }
  return Object.values(rules.monitors).map((monitor) => {
    const standing = stands(monitor)
    const by = held.get(monitor.name)
    return by === undefined || standing.status !== 'down' ? standing : { ...standing, held: { by } }
  })
}

function asSeen({ status, sinceAt, recent }: ProbeState): Omit<Standing, 'monitor' | 'learnsUntilAt' | 'held'> {
  return { status, sinceAt, saw: recent.at(-1)?.saw ?? null, lastAt: recent.at(-1)?.at ?? null }
}

/** What several locations see, as it was said last: down when they agreed on it. */
function together(states: readonly ProbeState[], told: Told | undefined): Partial<Standing> {
  const status = told?.status === 'down' ? 'down' : 'up'
  const those = states.filter((state) => state.status === status).map(asSeen)
  const [first] = those
  const lastAt = Math.max(told?.at ?? 0, ...states.flatMap(({ recent }) => recent.at(-1)?.at ?? []))
  if (told?.status === 'down') return { status, sinceAt: told.at, saw: first?.saw ?? null, lastAt }
  if (!first) return {}
  return { status, sinceAt: Math.min(...those.map(({ sinceAt }) => sinceAt ?? lastAt)), saw: first.saw, lastAt }
}

function rateStanding(monitor: RateMonitor, known: RateStanding | undefined): Standing | null {
  if (!known) return null
  const base = { monitor, held: null, learnsUntilAt: null }
  const { feed, alarm, sinceAt, slotAt: lastAt } = known
  if (feed.status === 'down') {
    const saw = `its source cannot be read: ${feed.why}`
    return { ...base, status: 'down', sinceAt: feed.sinceAt, saw, lastAt }
  }
  if (alarm !== null) return { ...base, status: 'down', sinceAt, saw: WRONG[alarm], lastAt }
  return { ...base, status: feed.status, sinceAt, saw: null, lastAt }
}
