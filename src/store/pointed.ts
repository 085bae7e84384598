import type { Pool } from 'pg'
import { storable } from '../json.ts'

/** Messages that somebody opened a form on: kept until the form comes back, which is given their key and believed nothing else. */

/** A form that is left open for longer is forgotten. */
const KEPT_MS = 3_600_000

interface Pointed {
  user: string
  channel: string
  message: unknown
}

export async function keepPointed(pool: Pool, key: string, what: Pointed, now: number): Promise<void> {
  await pool.query(
    `insert into pointed (key, slack_user, channel, message, at) values ($1, $2, $3, $4, $5) on conflict (key) do nothing`,
    [key, what.user, what.channel, storable(what.message), now],
  )
}

/** The message that this very person pointed at; null when there is none. */
export async function readPointed(
  pool: Pool,
  key: string,
  user: string,
): Promise<{ channel: string; message: unknown } | null> {
  const { rows } = await pool.query<{ channel: string; message: unknown }>(
    'select channel, message from pointed where key = $1 and slack_user = $2',
    [key, user],
  )
  return rows[0] ?? null
}

export async function forgetPointed(pool: Pool, now: number): Promise<void> {
  await pool.query('delete from pointed where at < $1', [now - KEPT_MS])
}
