import type { Pool } from 'pg'
import type { Standings } from '../domain/authority.ts'
import { readRoleGroups } from './role-groups.ts'

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

/** People of the configuration who may not act, by what Slack says of their accounts. */
export async function standings(pool: Pool): Promise<Standings> {
  const [{ rows }, groups] = await Promise.all([
    pool.query<{ name: string; guest: boolean; gone: boolean }>(
      'select name, guest, unreachable is not null as gone from people where guest or unreachable is not null',
    ),
    readRoleGroups(pool),
  ])
  const named = (which: 'guest' | 'gone') => new Set(rows.filter((row) => row[which]).map((row) => row.name))
  return {
    ...{ guests: named('guest'), gone: named('gone') },
    groups: new Map(groups.map(({ handle, users }) => [handle, users])),
  }
}
