import type { Pool } from 'pg'
import type { ReachWarning } from '../domain/duty/reach.ts'
import { WARNING, type Warning } from '../domain/duty/warning.ts'
import { storable } from '../json.ts'
import { NOTIFY } from './store.ts'

/** Puts each of the `given` names on record, `born` where it was not there yet; or that it is still so, at $2. */
const TOLD = `
     told as (
       insert into slots (name, last_slot) select distinct name, $2::bigint from given order by name
       on conflict (name) do update set last_slot = greatest(slots.last_slot, excluded.last_slot)
       returning name, xmax = 0 as born
     )`

/**
 * Has problems of the roster told of, each once in the whole installation: a name that is not on record is put there, and what is told under
 * it is owed from the same moment on, in one message for each channel and lead.
 *
 * @returns the names that were new
 */
export async function oweWarnings(pool: Pool, warnings: readonly Warning[], now: number): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `with given as (
       select name, lead, what, channels, ord from jsonb_to_recordset($1)
         as w (name text, lead text, what jsonb, channels jsonb, ord int)
     ), ${TOLD}, owed_rows as (
       insert into owed (key, lane, kind, about, due_at)
       select '${WARNING}' || lead || '/' || channel || '/' || $2::text, '${WARNING}' || channel, 'roster-warning', jsonb_build_object(
         'kind', 'roster-warning', 'channel', channel, 'lead', lead, 'at', $2::bigint, 'what', jsonb_agg(what order by ord)), $2::bigint
       from given join told using (name), jsonb_array_elements_text(channels) as channel
       where born group by lead, channel
       on conflict (key) do nothing
     ), noticed as (select ${NOTIFY})
     select name from told, noticed where born`,
    [storable(warnings.map((warning, ord) => ({ ...warning, ord }))), now],
  )
  return rows.map(({ name }) => name)
}

/** Likewise of people whom a page may not reach: each in a message of its own, to whom it is for. */
export async function oweReachWarnings(pool: Pool, warnings: readonly ReachWarning[], now: number): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `with given as (
       select name, lane, about, ord from jsonb_to_recordset($1) as w (name text, lane text, about jsonb, ord int)
     ), ${TOLD}, owed_rows as (
       insert into owed (key, lane, kind, about, due_at)
       select name || '@' || $2::text, lane, 'reach', about, $2::bigint
       from given join told using (name) where born order by ord
       on conflict (key) do nothing
     ), noticed as (select ${NOTIFY})
     select name from told, noticed where born`,
    [
      storable(
        warnings.map(({ name, ...what }, ord) => {
          const lane = `${WARNING}reach/${Object.values(what.to).join()}`
          return { name, ord, lane, about: { kind: 'reach', at: now, ...what } }
        }),
      ),
      now,
    ],
  )
  return rows.map(({ name }) => name)
}

/** Forgets what has not been a problem since: should it become one again, it is news. */
export async function forgetWarnings(pool: Pool, unseenSince: number): Promise<void> {
  await pool.query(`delete from slots where name like '${WARNING}%' and last_slot < $1`, [unseenSince])
}
