import type { Pool } from 'pg'
import { z } from 'zod'
import type { KnownName } from '../domain/detect/coverage.ts'

const Row = z.object({ name: z.string(), source: z.string(), first_seen_at: z.number() })

/** Every name that a source has now, with when it was first seen. */
export async function readNames(pool: Pool): Promise<KnownName[]> {
  const { rows } = await pool.query('select name, source, first_seen_at from coverage order by name')
  return rows
    .map((row) => Row.parse(row))
    .map(({ name, source, first_seen_at }) => ({ name, source, firstSeenAt: first_seen_at }))
}

/** What a source has now: what is new was first seen at this instant, and what it has no more is forgotten. */
export async function saveNames(pool: Pool, source: string, names: readonly string[], now: number): Promise<void> {
  await pool.query(
    `with gone as (delete from coverage where source = $1 and name <> all ($2))
     insert into coverage (name, source, first_seen_at) select unnest($2::text[]), $1, $3 on conflict do nothing`,
    [source, names, now],
  )
}

/** Names of sources that the configuration has no more. */
export async function forgetSources(pool: Pool, but: readonly string[]): Promise<void> {
  await pool.query('delete from coverage where source <> all ($1)', [but])
}

/** What an alert of a service says while it fires; null while it does not. */
export async function firingOf(pool: Pool, service: string, key: string): Promise<string | null> {
  const { rows } = await pool.query<{ summary: string }>(
    `select doc ->> 'summary' as summary from alerts where service = $1 and key = $2 and status = 'firing'`,
    [service, key],
  )
  return rows[0]?.summary ?? null
}
