import type { Pool } from 'pg'
import { z } from 'zod'
import type { OpenGap } from '../domain/detect/coverage.ts'
import { LEVELS, type Level } from '../domain/detect/gap.ts'
import { storable } from '../json.ts'
import { NOTIFY } from './store.ts'

const Row = z.object({ service: z.string(), name: z.string(), since_at: z.number(), told: z.enum(LEVELS).nullable() })

/** A gap, and the level at which it was last told. */
export interface ToldGap extends OpenGap {
  told: Level | null
}

export async function readGaps(pool: Pool): Promise<ToldGap[]> {
  const { rows } = await pool.query('select service, name, since_at, told from gaps')
  return rows
    .map((row) => Row.parse(row))
    .map(({ service, name, since_at, told }) => ({ service, name, sinceAt: since_at, told }))
}

/** Where a service announces; null: nowhere. */
export type Channels = Readonly<Record<string, string | null>>

/**
 * The gaps that there are at an instant: new ones begin, and others are over. A service of which none is left says so in its channel, if it
 * had told of one.
 */
export async function keepGaps(
  pool: Pool,
  gaps: readonly Pick<OpenGap, 'service' | 'name'>[],
  channels: Channels,
  now: number,
): Promise<void> {
  await pool.query(
    `with given as (
       select service, name from jsonb_to_recordset($1) as g (service text, name text)
     ), over as (
       delete from gaps where (service, name) not in (select service, name from given) returning service, told
     ), begun as (
       insert into gaps (service, name, since_at) select service, name, $2 from given on conflict do nothing
     ), owed_rows as (
       insert into owed (key, lane, kind, about, due_at)
       select 'gaps/' || channel || '/' || service || '/none/' || $2::text, 'gaps/' || channel, 'gaps', jsonb_build_object(
         'kind', 'gaps', 'to', jsonb_build_object('channel', channel), 'service', service, 'level', null, 'names', '[]'::jsonb, 'at', $2::bigint), $2::bigint
       from (select distinct service, ($3::jsonb) ->> service as channel from over where told is not null) quiet
       where channel is not null and service not in (select service from given)
       on conflict (key) do nothing
     )
     select ${NOTIFY}`,
    [storable(gaps), now, storable(channels)],
  )
}

/** What is told of gaps of a service, at a level that was not told before: in a channel, or to a person. */
export interface GapNews {
  service: string
  level: Level
  names: string[]
  to: ({ channel: string } | { person: string })[]
}

/** Has them told of, each once at each level in the whole installation: whoever was faster has told. */
export async function oweGaps(pool: Pool, { service, level, names, to }: GapNews, now: number): Promise<boolean> {
  const { rows } = await pool.query(
    `with told as (
       update gaps set told = $2 where service = $1 and name = any ($3) and told is distinct from $2 returning name
     ), news as (
       select jsonb_agg(name order by name) as names from told having count(*) > 0
     ), owed_rows as (
       insert into owed (key, lane, kind, about, due_at)
       select 'gaps/' || whom || '/' || $1 || '/' || $2 || '/' || $5::text, 'gaps/' || whom, 'gaps', jsonb_build_object(
         'kind', 'gaps', 'to', place, 'service', $1::text, 'level', $2::text, 'names', names, 'at', $5::bigint), $5::bigint
       from news, jsonb_array_elements($4) as place, coalesce(place ->> 'channel', place ->> 'person') as whom
       on conflict (key) do nothing
     ), noticed as (select ${NOTIFY})
     select from news, noticed`,
    [service, level, names, storable(to), now],
  )
  return rows.length > 0
}
