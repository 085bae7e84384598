import type { Standing } from '../detect/standing.ts'
import type { Evidence } from '../incident.ts'
import { isProbe } from '../rules.ts'
import type { Deploy } from './deploy.ts'
import type { Deploying } from './rules.ts'

/** What is seen of a service while it is deployed. */
export interface Look {
  at: number
  /** Null: it has no pool. `shortAt`: since when fewer than all serve; `since`: nobody has answered since then. */
  pool: { up: number; total: number; shortAt: number | null } | { since: number; why: string } | null
  standings: readonly Standing[]
  /** Probes whose last two looks failed, since when, and what they saw; whether anybody has confirmed it or not. */
  failing: readonly { monitor: string; sinceAt: number; saw: string }[]
}

/** As much of a deploy as matters to it. */
export type Rolling = Pick<Deploy, 'startedAt' | 'sinceAt' | 'poolTotal' | 'estimateMs' | 'step'>

export interface Regression {
  why: string
  evidence: Evidence[]
}

/**
 * One server away at a time is what a rollout does that restarts them. It has a minute to come back, or half of its turn where the estimate
 * leaves each server less: before the rollout takes the next, which would be one too many, it is clear that it does not come back.
 */
const RESTART_MS = 60_000
const OF_ITS_TURN = 0.5

/** A pool that nobody can see for so long is not being watched. */
const UNSEEN_MS = 5_000

/**
 * Whether a rollout does harm: what fails since it began, or takes servers away. What failed before is not its doing.
 *
 * @returns null: it does not, as far as anybody sees
 */
export function regression(
  deploy: Rolling,
  { poolBelow, restartMs, probesFailing, rateDip }: Deploying['haltWhen'],
  { at, pool, standings, failing }: Look,
): Regression | null {
  const since = deploy.startedAt ?? deploy.sinceAt
  const down = standings.filter(({ status, sinceAt }) => status === 'down' && sinceAt !== null && sinceAt >= since)
  const saw = ({ monitor, saw: what, sinceAt }: Standing): Evidence => ({
    ...{ at: sinceAt, saw: `${monitor.name}: ${what ?? 'it fails'}` },
  })
  const lines = down.filter(({ monitor }) => monitor.kind === 'log')
  if (lines.length > 0) return { why: `${names(lines)} says so since it began`, evidence: lines.map(saw) }
  const probes = new Map([
    ...down.filter(({ monitor }) => isProbe(monitor)).map((each) => [each.monitor.name, saw(each)] as const),
    ...failing
      .filter(({ sinceAt }) => sinceAt >= since)
      .map(({ monitor, sinceAt, saw: what }) => [monitor, { at: sinceAt, saw: `${monitor}: ${what}` }] as const),
  ])
  if (probesFailing !== null && probes.size >= probesFailing)
    return {
      why: `${[...probes.keys()].join(', ')} fail${probes.size > 1 ? '' : 's'} since it began`,
      evidence: [...probes.values()],
    }
  const rates = down.filter(({ monitor }) => monitor.kind === 'rate')
  if (rateDip && rates.length > 0)
    return { why: `${names(rates)} is out of the usual since it began`, evidence: rates.map(saw) }
  return poolBelow === null ? null : poolRegression(deploy, { poolBelow, restartMs }, pool, at)
}

const names = (all: readonly Standing[]) => all.map(({ monitor }) => monitor.name).join(', ')

/**
 * Halted before less than the share serves: when one server less would be too few. In a small pool that is so as soon as one is away: it is
 * halted when that one does not come back, or another goes. Servers that have gone from the pool count as lost.
 */
function poolRegression(
  { poolTotal, estimateMs, step }: Rolling,
  { poolBelow, restartMs }: { poolBelow: number; restartMs: number | null },
  pool: Look['pool'],
  at: number,
): Regression | null {
  if (pool === null) return null
  if ('since' in pool) {
    if (at - pool.since < UNSEEN_MS) return null
    const why = 'nobody can say how much of its pool serves'
    return { why, evidence: [{ at, saw: `the pool ${pool.why}` }] }
  }
  const { up, shortAt } = pool
  const total = Math.max(pool.total, poolTotal ?? 0)
  if (up >= total || (up - 1) / total >= poolBelow / 100) return null
  // A rollout that says that it goes on has the next server away, and not the one before any more.
  const awayMs = at - Math.max(shortAt ?? at, step?.at ?? 0)
  const mayMs = restartMs ?? Math.min(RESTART_MS, (OF_ITS_TURN * estimateMs) / total)
  if (up === total - 1 && awayMs < mayMs) return null
  const long = up === total - 1 && awayMs >= 1_000 ? `, one is away for ${Math.floor(awayMs / 1_000)} s` : ''
  const why = `${up} of ${total} servers serve${long}, and one less is below ${poolBelow}%`
  return { why, evidence: [{ at, saw: `pool: ${up} of ${total} up` }] }
}
