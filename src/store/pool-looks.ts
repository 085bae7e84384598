import type { Pool } from 'pg'

/** What is remembered of the pool of a rollout from one look to the next; null: it is not so. */
export interface PoolLook {
  /** Since when fewer servers serve than there are. */
  shortAt: number | null
  /** Since when nobody answers for it. */
  unseenAt: number | null
}

export async function readPoolLook(pool: Pool, deploy: number): Promise<PoolLook> {
  const { rows } = await pool.query<PoolLook>(
    'select short_at as "shortAt", unseen_at as "unseenAt" from pool_looks where deploy = $1',
    [deploy],
  )
  return rows[0] ?? { shortAt: null, unseenAt: null }
}

export async function savePoolLook(pool: Pool, deploy: number, { shortAt, unseenAt }: PoolLook): Promise<void> {
  await pool.query(
    `insert into pool_looks (deploy, short_at, unseen_at) values ($1, $2, $3)
     on conflict (deploy) do update set short_at = excluded.short_at, unseen_at = excluded.unseen_at`,
    [deploy, shortAt, unseenAt],
  )
}
