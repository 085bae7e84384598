import type { Pool } from 'pg'

/** People who cannot be reached, and why. */
export async function unreachablePeople(pool: Pool): Promise<Record<string, string>> {
  const { rows } = await pool.query<{ name: string; unreachable: string }>(
    'select name, unreachable from people where unreachable is not null order by name',
  )
  return Object.fromEntries(rows.map((row) => [row.name, row.unreachable]))
}

/** Notes what Slack says of an account: not who is paged, but who may act. */
export async function rememberGuest(pool: Pool, name: string, guest: boolean): Promise<void> {
  await pool.query(
    'insert into people (name, guest) values ($1, $2) on conflict (name) do update set guest = excluded.guest',
    [name, guest],
  )
}

/** People of the configuration who are guests in Slack. */
export async function guests(pool: Pool): Promise<ReadonlySet<string>> {
  const { rows } = await pool.query<{ name: string }>('select name from people where guest')
  return new Set(rows.map((row) => row.name))
}
