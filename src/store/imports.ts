import type { Pool } from 'pg'
import { z } from 'zod'
import { Import } from '../domain/duty/imports.ts'
import { recordable, storable } from '../json.ts'
import type { Connection } from './store.ts'

const Row = z.strictObject({ doc: Import })

/** What is known of every calendar that was ever looked at and not forgotten, or of one. */
export async function readImports(pool: Pool | Connection, name: string | null = null): Promise<Import[]> {
  const { rows } = await pool.query('select doc from imports where name = coalesce($1, name) order by name', [name])
  return rows.map((row) => Row.parse(row).doc)
}

/** Stores what a look came to, unless another process has looked since. */
export async function saveImport(pool: Pool, known: Import): Promise<void> {
  await pool.query(
    `insert into imports (name, tried_at, doc) values ($1, $2, $3)
     on conflict (name) do update set tried_at = excluded.tried_at, doc = excluded.doc
       where imports.tried_at <= excluded.tried_at`,
    // The address is how the calendar is known again; nobody is shown it.
    [known.name, known.triedAt, storable({ ...JSON.parse(recordable(known)), url: known.url })],
  )
}

/** Calendars that nobody has looked at since are in the configuration no more. */
export async function forgetImports(pool: Pool, before: number): Promise<void> {
  await pool.query('delete from imports where tried_at < $1', [before])
}
