import type { Pool } from 'pg'
import { DAY_MS } from '../domain/duty/time.ts'

/**
 * Makes a slot of an entry of the timetable this process's own, whatever woke it: true for one caller only, in the whole installation and
 * for ever. A slot before one that was had counts as had. A slot whose answer was lost on the way is nobody's, never two callers'.
 *
 * @param slotAt when the slot begins, watch time
 */
export async function claimSlot(pool: Pool, name: string, slotAt: number): Promise<boolean> {
  const { rowCount } = await pool.query(
    `insert into slots (name, last_slot) values ($1, $2)
     on conflict (name) do update set last_slot = $2 where slots.last_slot < $2`,
    [name, slotAt],
  )
  return rowCount === 1
}

const HEARS = 'hears/'

/** Leaves a sign that a process hears Slack; those of processes that are gone are forgotten. Machine time. */
export async function hearsNow(pool: Pool, process: number, now: number): Promise<void> {
  await pool.query(
    `with gone as (delete from slots where name like '${HEARS}%' and last_slot < $2::bigint - ${DAY_MS} and name <> $1)
     insert into slots (name, last_slot) values ($1, $2) on conflict (name) do update set last_slot = excluded.last_slot`,
    [`${HEARS}${process}`, now],
  )
}

/** Whether another process has heard Slack since. */
export async function othersHear(pool: Pool, process: number, since: number): Promise<boolean> {
  const { rowCount } = await pool.query(
    `select from slots where name like '${HEARS}%' and name <> $1 and last_slot >= $2 limit 1`,
    [`${HEARS}${process}`, since],
  )
  return (rowCount ?? 0) > 0
}
