import type { Pool } from 'pg'
import { z } from 'zod'
import { FoundName, type Known, type KnownName } from '../domain/detect/coverage.ts'
import { SEEN, type SourceState, type Validators } from '../domain/detect/name-source.ts'
import { storable } from '../json.ts'
import { readGaps } from './gaps.ts'
import { readMarks } from './marks.ts'

const Row = z
  .object({ ...FoundName.shape, source: z.string(), first_seen_at: z.number(), last_seen_at: z.number() })
  .transform(({ first_seen_at, last_seen_at, ...row }) => ({
    ...{ ...row, firstSeenAt: first_seen_at, lastSeenAt: last_seen_at },
  }))

/** Every name that a source has, or had a while ago. */
async function readNames(pool: Pool): Promise<KnownName[]> {
  const { rows } = await pool.query(
    'select name, role, source, first_seen_at, last_seen_at from coverage order by name, source',
  )
  return rows.map((row) => Row.parse(row))
}

/** All that the ledger is made of beside the configuration. */
export async function readKnown(pool: Pool): Promise<Known> {
  const [names, marks, gaps] = await Promise.all([readNames(pool), readMarks(pool), readGaps(pool)])
  return { names, marks, gaps }
}

/**
 * What a source has at an instant, added to what it had.
 *
 * @param goneBefore names that it has not had since are forgotten; null where it was not read whole: nothing is
 */
export async function saveNames(
  pool: Pool,
  source: string,
  names: readonly FoundName[],
  now: number,
  goneBefore: number | null,
): Promise<void> {
  await pool.query(
    `with gone as (
       delete from coverage where source = $1 and last_seen_at < $4
         and name not in (select name from jsonb_to_recordset($2) as found (name text))
     )
     insert into coverage (name, role, source, first_seen_at, last_seen_at)
     select name, role, $1, $3, $3 from jsonb_to_recordset($2) as found (name text, role text)
     on conflict (name, source) do update set role = excluded.role, last_seen_at = excluded.last_seen_at`,
    [source, storable(names), now, goneBefore],
  )
}

/** The source has what it had. */
export async function sawAgain(pool: Pool, source: string, now: number): Promise<void> {
  await pool.query('update coverage set last_seen_at = $2 where source = $1', [source, now])
}

/** Names of sources that the configuration has no more, how those did, and names that no probe has met since. */
export async function forgetSources(pool: Pool, but: readonly string[], unmetSince: number): Promise<void> {
  await pool.query(
    `with asked as (delete from name_sources where id <> all ($1))
     delete from coverage where source <> all ($1) or source = any ($2) and last_seen_at < $3`,
    [but, SEEN, unmetSince],
  )
}

const State = z.strictObject({
  triedAt: z.number(),
  okAt: z.number().nullable(),
  firstAt: z.number(),
  failures: z.int(),
  problems: z.array(z.string()),
  names: z.int(),
  validators: z.record(z.string(), z.string()).nullable(),
})
/** How a source does, and what makes its next answer short. */
export type KnownSource = SourceState & { validators: Validators | null }

/** How each source does that was ever asked. */
export async function readSources(pool: Pool): Promise<Map<string, KnownSource>> {
  const { rows } = await pool.query<{ id: string; doc: unknown }>('select id, doc from name_sources order by id')
  return new Map(rows.map(({ id, doc }) => [id, { id, ...State.parse(doc) }]))
}

/** Whoever asks has so long for it, before another process does. */
const ASK_MS = 2 * 60_000

/**
 * Takes the turn of a source.
 *
 * @returns how it does; null when it is not its turn, or another process has it
 */
export async function takeTurn(pool: Pool, id: string, now: number): Promise<KnownSource | null> {
  const first = { triedAt: now, okAt: null, firstAt: now, failures: 0, problems: [], names: 0, validators: null }
  const { rows } = await pool.query<{ doc: unknown }>(
    `insert into name_sources as known (id, next_at, doc) values ($1, $2::bigint + ${ASK_MS}, $3)
     on conflict (id) do update set next_at = excluded.next_at where known.next_at <= $2 returning doc`,
    [id, now, storable(first)],
  )
  return rows[0] ? { id, ...State.parse(rows[0].doc) } : null
}

/** What its turn came to, and when the next is. */
export async function endTurn(pool: Pool, { id, ...state }: KnownSource, nextAt: number): Promise<void> {
  await pool.query('update name_sources set next_at = $2, doc = $3 where id = $1', [id, nextAt, storable(state)])
}

/** What an alert of a service says while it fires; null while it does not. */
export async function firingOf(pool: Pool, service: string, key: string): Promise<string | null> {
  const { rows } = await pool.query<{ summary: string }>(
    `select doc ->> 'summary' as summary from alerts where service = $1 and key = $2 and status = 'firing'`,
    [service, key],
  )
  return rows[0]?.summary ?? null
}
