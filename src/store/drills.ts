import type { Pool } from 'pg'

/** When each page of an incident was taken by Slack; pages that were not are left out. */
export async function sentAt(pool: Pool, pages: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await pool.query<{ key: string; at: number }>(
    `select owed_key as key, min(ended_at) as at from attempts where owed_key = any ($1) and outcome = 'done' group by 1`,
    [pages],
  )
  return new Map(rows.map(({ key, at }) => [key, at]))
}

/** When an injected fault last came out at the other end; null: none ever did. */
export async function lastDrillAt(pool: Pool): Promise<number | null> {
  const { rows } = await pool.query<{ at: number | null }>(
    `select max(shown_at) as at from owed where kind = 'drill' and state = 'done'`,
  )
  return rows[0]?.at ?? null
}

/** The message that an injected fault went out as, the latest that there is; null: none did. */
export async function lastDrillPage(pool: Pool): Promise<{ channel: string; ts: string } | null> {
  const { rows } = await pool.query<{ channel: string; ts: string }>(
    `select result ->> 'channel' as channel, result ->> 'ts' as ts from owed
     where kind = 'drill' and state = 'done' and result ->> 'ts' is not null order by (about ->> 'fact')::bigint desc limit 1`,
  )
  return rows[0] ?? null
}

/** An injected fault that has come out at the other end: when it was decided on, when it came out, and whom a real one would have paged. */
export async function drilled(
  pool: Pool,
  monitor: string,
  injectedAt: number,
): Promise<{ at: number; sentAt: number; people: string[] } | null> {
  const { rows } = await pool.query<{ at: number; sentAt: number; people: string[] }>(
    `select f.at, o.shown_at as "sentAt", f.body -> 'people' as people
     from facts f join owed o on o.key = 'drill/' || f.id
     where f.kind = 'drilled' and o.state = 'done' and f.body ->> 'monitor' = $1 and (f.body ->> 'injectedAt')::bigint = $2
     order by f.id desc limit 1`,
    [monitor, injectedAt],
  )
  return rows[0] ?? null
}

/** Injected faults that came out before this have served their purpose; the latest stays. */
export async function forgetDrills(pool: Pool, before: number): Promise<void> {
  await pool.query(
    `with old as (
       delete from owed where kind = 'drill' and state = 'done' and shown_at < $1
         and key <> (select key from owed where kind = 'drill' and state = 'done' order by shown_at desc limit 1)
       returning key
     )
     delete from attempts using old where owed_key = old.key`,
    [before],
  )
}
