import { createHash } from 'node:crypto'
import type { Pool } from 'pg'

/** Files that were captured with messages, by what they hold: the same one twice is kept once. */

/** More than this of all files together is not kept: the disk is there for the record. */
const MOST_BYTES = 512 * 1_048_576

/** Keeps a file. Its digest in hex, or null when no more fits. */
export async function keepFile(pool: Pool, bytes: Buffer, mime: string, now: number): Promise<string | null> {
  const digest = createHash('sha256').update(bytes).digest('hex')
  const { rows } = await pool.query<{ kept: boolean }>(
    `with full_up as (select coalesce(sum(length(bytes)), 0) + $5 > $6 as yes from files where digest <> $1),
       kept as (
         insert into files (digest, mime, at, bytes) select $1, $2, $3, $4 from full_up where not yes
         on conflict (digest) do nothing)
     select not yes as kept from full_up`,
    [digest, mime, now, bytes, bytes.length, MOST_BYTES],
  )
  return rows[0]?.kept ? digest : null
}

export async function readFile(pool: Pool, digest: string): Promise<{ mime: string; bytes: Buffer } | null> {
  const { rows } = await pool.query<{ mime: string; bytes: Buffer }>(
    'select mime, bytes from files where digest = $1',
    [digest],
  )
  return rows[0] ?? null
}
