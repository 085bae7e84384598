import type { Pool } from 'pg'
import type { HeldBack } from '../domain/holding.ts'

/** Monitors whose alerts are held back, because what they depend on is down; each with that. */
export async function heldAlerts(pool: Pool, monitors: readonly string[]): Promise<Map<string, string>> {
  const { rows } = await pool.query<{ monitor: string; by: string }>(
    `select monitor, doc -> 'held' ->> 'by' as by from alerts
     where held and status = 'firing' and monitor = any($1) and (doc -> 'held' ->> 'sure')::boolean`,
    [monitors],
  )
  return new Map(rows.map(({ monitor, by }) => [monitor, by]))
}

/** So many are named. */
const NAMED = 8

/** What is held back by any of some monitors. */
export async function heldBackBy(pool: Pool, monitors: readonly string[]): Promise<HeldBack> {
  const { rows } = await pool.query<HeldBack['some'][number] & { all: number }>(
    `select monitor, service, (doc -> 'held' ->> 'sinceAt')::bigint as "sinceAt", count(*) over ()::int as all from alerts
     where held and status = 'firing' and doc -> 'held' ->> 'by' = any($1) and (doc -> 'held' ->> 'sure')::boolean
     order by "sinceAt", monitor limit ${NAMED}`,
    [monitors],
  )
  return { some: rows.map(({ all: _, ...each }) => each), all: rows[0]?.all ?? 0 }
}
