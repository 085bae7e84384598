import type { Pool } from 'pg'

import type { Rollup } from '../domain/detect/probe.ts'
import { removeInPortions } from './portions.ts'

/** Lines of logs are counted by pieces of this length. */
export const TALLY_MS = 5 * 60_000

/** What samples are gathered into, by their width, and for how long that is kept. */
const WIDTHS = [
  { widthMs: TALLY_MS, keptMs: 2 * 86_400_000 },
  { widthMs: 3_600_000, keptMs: 30 * 86_400_000 },
] as const

/** A sample is stored this long after its slot at most; what is older can be gathered. */
const SETTLED_MS = 5 * 60_000

/**
 * Gathers samples that have settled, a piece of time by a statement; again is no harm. Goes on where it was the last time, whoever that was.
 *
 * @param now watch time, UTC ms
 */
export async function rollUp(pool: Pool, now: number): Promise<void> {
  for (const { widthMs, keptMs } of WIDTHS) {
    const { rows } = await pool.query<{ from: number | null }>(
      `select coalesce((select last_slot + $1 from slots where name = $2), (select min(slot) from samples)) as from`,
      [widthMs, gathered(widthMs)],
    )
    const from = Math.max(rows[0]?.from ?? now, now - keptMs)
    for (let at = Math.floor(from / widthMs) * widthMs; at + widthMs <= now - SETTLED_MS; at += widthMs)
      await pool.query(GATHER, [widthMs, at, gathered(widthMs)])
  }
}

/** The last piece of time that was gathered, among the slots of the timetable. */
const gathered = (widthMs: number) => `rollup-${widthMs}`

const GATHER = `
  with rolled as (
    insert into rollups (monitor, width, from_at, count, failed, min_ms, avg_ms, max_ms)
    select monitor, $1::bigint, $2::bigint, count(*), count(*) filter (where not ok), min(ms) filter (where ok),
      avg(ms) filter (where ok), max(ms) filter (where ok)
    from samples where slot >= $2 and slot < $2::bigint + $1::bigint group by monitor
    on conflict do nothing
  )
  insert into slots (name, last_slot) values ($3, $2)
  on conflict (name) do update set last_slot = greatest(slots.last_slot, excluded.last_slot)`

/** What was gathered of a monitor since an instant, oldest first: in pieces of five minutes. */
export async function rollupsSince(pool: Pool, monitor: string, sinceAt: number): Promise<Rollup[]> {
  const { rows } = await pool.query<Rollup>(
    `select from_at as "fromAt", count, failed, min_ms as "minMs", avg_ms as "avgMs", max_ms as "maxMs"
     from rollups where monitor = $1 and from_at >= $2 and width = $3 order by from_at`,
    [monitor, sinceAt, WIDTHS[0].widthMs],
  )
  return rows
}

/** Removes what has served its purpose: samples from before an instant, and what was gathered of them, each width in its own time. */
export async function forgetSamples(pool: Pool, samplesBefore: number, now: number): Promise<void> {
  await removeInPortions(pool, 'samples', 'slot < $1', [samplesBefore])
  for (const { widthMs, keptMs } of WIDTHS)
    await removeInPortions(pool, 'rollups', 'width = $1 and from_at < $2', [widthMs, now - keptMs])
}
