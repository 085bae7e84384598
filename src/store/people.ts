import type { Pool } from 'pg'

/** People who cannot be reached, and why. */
export async function unreachablePeople(pool: Pool): Promise<Record<string, string>> {
  const { rows } = await pool.query<{ name: string; unreachable: string }>(
    'select name, unreachable from people where unreachable is not null order by name',
  )
  return Object.fromEntries(rows.map((row) => [row.name, row.unreachable]))
}
