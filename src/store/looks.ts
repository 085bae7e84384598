import type { Pool } from 'pg'

/** When each monitor that goes and looks, or reads, last did, from wherever it looks: that a location has fallen silent is told of by itself. */
export async function lastLooks(pool: Pool): Promise<Map<string, number>> {
  const { rows } = await pool.query<{ name: string; at: number }>(
    `select name, max(at) as at from (
       select name, last_slot as at from monitors
       union all select monitor, last_slot from views
       union all select name, slot_at from rates
       union all select name, (state ->> 'lookedAt')::bigint from logs) looks
     group by name`,
  )
  return new Map(rows.map(({ name, at }) => [name, at]))
}

/**
 * Notes that somebody looks at the monitors at this instant.
 *
 * @param gapMs after so long without that, nobody was there
 * @returns since when somebody has, without such a gap
 */
export async function awakeSince(pool: Pool, now: number, gapMs: number): Promise<number> {
  const { rows } = await pool.query<{ since: number }>(
    `with before as (
       select max(last_slot) filter (where name = 'watching') as seen, max(last_slot) filter (where name = 'awake') as since
       from slots where name in ('watching', 'awake')
     ), seen as (
       insert into slots (name, last_slot) values ('watching', $1)
       on conflict (name) do update set last_slot = greatest(slots.last_slot, excluded.last_slot)
     ), awake as (
       insert into slots (name, last_slot)
       select 'awake', case when since is not null and seen >= $1 - $2 and seen <= $1 + $2 then since else $1 end from before
       on conflict (name) do update set last_slot = excluded.last_slot
       returning last_slot
     )
     select last_slot as since from awake`,
    [now, gapMs],
  )
  return rows[0]?.since ?? now
}

/** The monitors of which an alert fires whose key is their name with this behind it. */
export async function firingWith(pool: Pool, mark: string): Promise<Set<string>> {
  const { rows } = await pool.query<{ monitor: string }>(
    `select monitor from alerts where status = 'firing' and monitor is not null and key = monitor || $1`,
    [mark],
  )
  return new Set(rows.map(({ monitor }) => monitor))
}

/** Alerts that fire under keys that begin so, and when they were last heard of. */
export async function firingUnder(
  pool: Pool,
  mark: string,
): Promise<{ service: string; key: string; lastAt: number }[]> {
  const { rows } = await pool.query<{ service: string; key: string; lastAt: number }>(
    `select service, key, (doc ->> 'lastAt')::bigint as "lastAt" from alerts
     where status = 'firing' and monitor is null and starts_with(key, $1)`,
    [mark],
  )
  return rows
}
