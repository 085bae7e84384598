import type { Pool } from 'pg'

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
