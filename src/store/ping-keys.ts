import { hash } from 'node:crypto'
import type { Pool } from 'pg'
import { z } from 'zod'

/** A key that opens one heartbeat, or, without one, any by its name. Itself it is not in the store, only what it hashes to. */
const PingKey = z.strictObject({
  digest: z.string(),
  monitor: z.string().nullable(),
  /** How many there were before it. */
  generation: z.int(),
})
export type PingKey = z.infer<typeof PingKey>

/** The secret from which keys are made; where there is none yet it is `fresh`. */
export async function pingSecret(pool: Pool, fresh: string): Promise<string> {
  await pool.query('insert into ping_secret (secret) values ($1) on conflict do nothing', [fresh])
  const { rows } = await pool.query<{ secret: string }>('select secret from ping_secret')
  return rows[0]?.secret ?? fresh
}

/** All keys that work, or those of these digests. */
export async function liveKeys(pool: Pool, digests: readonly string[] | null = null): Promise<PingKey[]> {
  const { rows } = await pool.query(
    `select digest, monitor, generation from ping_keys
     where revoked_at is null and ($1::text[] is null or digest = any($1))`,
    [digests],
  )
  return rows.map((row) => PingKey.parse(row))
}

/** How many keys each heartbeat had; '' are those that go with a name. */
export async function generations(pool: Pool): Promise<Map<string, number>> {
  const { rows } = await pool.query<{ monitor: string; n: number }>(
    `select coalesce(monitor, '') as monitor, max(generation) as n from ping_keys group by 1`,
  )
  return new Map(rows.map(({ monitor, n }) => [monitor, n]))
}

/** Those of heartbeats that have one already stay as they are. */
export async function addKeys(pool: Pool, keys: readonly PingKey[], at: number): Promise<void> {
  await pool.query(
    `insert into ping_keys (digest, monitor, generation, made_at)
     select digest, monitor, generation, $2 from jsonb_to_recordset($1) as k (digest text, monitor text, generation int)
     on conflict do nothing`,
    [JSON.stringify(keys), at],
  )
}

/** The key that was is revoked for good, and another takes its place. Who did it, and when, stays on record. */
export async function replaceKey(pool: Pool, key: PingKey, by: string, at: number): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    await client.query(
      'update ping_keys set revoked_at = $2, revoked_by = $3 where monitor is not distinct from $1 and revoked_at is null',
      [key.monitor, at, by],
    )
    await client.query('insert into ping_keys (digest, monitor, generation, made_at) values ($1, $2, $3, $4)', [
      key.digest,
      key.monitor,
      key.generation,
      at,
    ])
    await client.query('commit')
    client.release()
  } catch (error) {
    client.release(true)
    throw error
  }
}

/** A key is random enough that nothing slower is needed. */
export const digestOf = (key: string) => hash('sha256', key, 'hex')
