import { hash } from 'node:crypto'
import type { Pool } from 'pg'
import { z } from 'zod'

/** A calendar feed: of a schedule, or of a person's watches. Its token is not in the store, only what it hashes to. */
const Feed = z.strictObject({
  /** People name it by this. */
  id: z.int(),
  schedule: z.string().nullable(),
  person: z.string().nullable(),
  madeBy: z.string(),
  madeAt: z.number(),
})
export type Feed = z.infer<typeof Feed>

const COLUMNS = 'id, schedule, person, made_by as "madeBy", made_at as "madeAt"'

interface NewFeed extends Pick<Feed, 'schedule' | 'person' | 'madeBy' | 'madeAt'> {
  token: string
  /** Feeds that one person may have at a time. */
  most: number
}

/** Makes a feed; null where whoever makes it has too many. */
export async function makeFeed(pool: Pool, feed: NewFeed): Promise<Feed | null> {
  const { rows } = await pool.query(
    `insert into feeds (digest, schedule, person, made_by, made_at)
     select $1, $2, $3, $4, $5 where (select count(*) from feeds where made_by = $4 and revoked_at is null) < $6
     returning ${COLUMNS}`,
    [digestOf(feed.token), feed.schedule, feed.person, feed.madeBy, feed.madeAt, feed.most],
  )
  return rows[0] ? Feed.parse(rows[0]) : null
}

/** The feed of a token; null for a token that is unknown or was revoked. */
export async function feedOf(pool: Pool, token: string): Promise<Feed | null> {
  const { rows } = await pool.query(`select ${COLUMNS} from feeds where digest = $1 and revoked_at is null`, [
    digestOf(token),
  ])
  return rows[0] ? Feed.parse(rows[0]) : null
}

/** The feeds that somebody made, or all of them, in the order in which they were made. */
export async function liveFeeds(pool: Pool, madeBy: string | null = null): Promise<Feed[]> {
  const { rows } = await pool.query(
    `select ${COLUMNS} from feeds where revoked_at is null and made_by = coalesce($1, made_by) order by id`,
    [madeBy],
  )
  return rows.map((row) => Feed.parse(row))
}

/** For good: nothing makes the address of a feed that was revoked work again. Who did it, and when, stays on record. */
export async function revokeFeeds(pool: Pool, ids: readonly number[], by: string, at: number): Promise<void> {
  await pool.query(
    'update feeds set revoked_at = $3, revoked_by = $2 where id = any($1::int[]) and revoked_at is null',
    [ids, by, at],
  )
}

/** A token is random enough that nothing slower is needed. */
const digestOf = (token: string) => hash('sha256', token, 'hex')
