import type { Pool } from 'pg'
import { z } from 'zod'
import { Silence } from '../domain/detect/silence.ts'
import type { Recorded } from '../domain/fact.ts'
import { Incident } from '../domain/incident.ts'
import type { Place } from '../domain/response.ts'
import { PUBLIC, recorded } from './incidents.ts'
import { NOTIFY } from './store.ts'

/** What is read of the record afterwards: for timelines, exports and reports. Nothing here needs the desk's lock. */

/** Facts that belong to no incident, in [fromAt, toAt], of the kinds that a timeline may tell. */
export async function factsAround(pool: Pool, fromAt: number, toAt: number): Promise<Recorded[]> {
  const { rows } = await pool.query<{ id: number; body: unknown }>(
    `select id, body from facts where at between $1 and $2 and incident is null and kind in
       ('silence', 'changed', 'handover', 'edited', 'watch-paged', 'detected', 'joined', 'recovered', 'receded')
     order by id limit ${MOST_AROUND}`,
    [fromAt, toAt],
  )
  return rows.map(recorded)
}

/** Nobody reads more, and an incident may be open for weeks. */
const MOST_AROUND = 2_000

/**
 * Where the messages lie that told these facts, those of an incident in its channel, others where they were said; by fact. And where the
 * workspace is in a browser; null before Slack has said so.
 */
export async function placesOfFacts(
  pool: Pool,
  incident: number,
  facts: readonly number[],
): Promise<{ places: Map<number, Place>; url: string | null }> {
  const { rows } = await pool.query(
    `with wanted as (
       select unnest($1::text[]) as key union all
       select owed.key from unnest($2::text[]) as prefix join owed
         on owed.key collate "C" >= prefix and owed.key collate "C" < prefix || '~'
     ), told as (
       select (about ->> 'fact')::int as fact, result ->> 'channel' as channel, result ->> 'ts' as ts
       from wanted join owed using (key) where result ->> 'ts' is not null
     )
     select fact, channel, ts, url from (values (true)) as one left join workspace on true left join told on true`,
    [
      facts.flatMap((fact) => [`post/${incident}/${fact}`, `burst/${incident}/${fact}`]),
      facts.flatMap((fact) => [`silence/${fact}/C`, `relief/${fact}/`]),
    ],
  )
  const told = rows.map((row) => Told.parse(row))
  const places = told.flatMap(({ fact, channel, ts }): [number, Place][] =>
    fact === null || channel === null || ts === null ? [] : [[fact, { channel, ts }]],
  )
  return { places: new Map(places), url: told[0]?.url ?? null }
}

const Told = z.strictObject({
  fact: z.number().nullable(),
  channel: z.string().nullable(),
  ts: z.string().nullable(),
  url: z.string().nullable(),
})

export async function keepWorkspaceUrl(pool: Pool, url: string): Promise<void> {
  await pool.query(
    'insert into workspace (url) values ($1) on conflict (id) do update set url = excluded.url where workspace.url <> excluded.url',
    [url],
  )
}

export interface Asked {
  state: 'open' | 'resolved' | null
  service: string | null
  /** Only those with lower numbers. */
  before: number | null
  limit: number
}

/** Incidents, the latest first; drills are none, and what is private is nobody's to list. */
export async function listIncidents(pool: Pool, { state, service, before, limit }: Asked): Promise<Incident[]> {
  const { rows } = await pool.query<{ doc: unknown }>(
    `select doc from incidents
     where ${PUBLIC}
       and ($1::text is null or (state = 'resolved') = ($1 = 'resolved'))
       and ($2::text is null or service = $2) and ($3::int is null or id < $3)
     order by id desc limit $4`,
    [state, service, before, limit],
  )
  return rows.map((row) => Incident.parse(row.doc))
}

/** When another configuration became the active one, in [fromAt, toAt]; the very first is no change. */
export async function reloads(pool: Pool, fromAt: number, toAt: number): Promise<number[]> {
  const { rows } = await pool.query<{ at: number }>(
    'select at from activations where at between $1 and $2 and id > (select min(id) from activations) order by at limit 50',
    [fromAt, toAt],
  )
  return rows.map(({ at }) => at)
}

const Count = z.strictObject({ monitor: z.string(), looks: z.number(), failures: z.number() })

/**
 * How often monitors looked in [fromAt, toAt] (of logs: how many lines they read), and how often they saw a failure: from here or from elsewhere, by single samples as long as
 * those are kept, and what they were gathered into after that. Monitors without a look are left out.
 */
export async function looksOf(
  pool: Pool,
  monitors: readonly string[],
  fromAt: number,
  toAt: number,
): Promise<Map<string, { looks: number; failures: number }>> {
  const { rows } = await pool.query(
    `select monitor, max(looks)::int as looks, max(failures)::int as failures from (
       select monitor, count(*) as looks, count(*) filter (where not ok) as failures from samples
         where monitor = any ($1) and slot between $2 and $3 group by 1
       union all
       select monitor, count(*), count(*) filter (where not ok) from view_samples
         where monitor = any ($1) and slot between $2 and $3 group by 1
       union all
       select monitor, count(value), 0 from rate_samples where monitor = any ($1) and slot_at between $2 and $3 group by 1
       union all
       select monitor, sum(count), sum(failed) from rollups
         where monitor = any ($1) and width = 300000 and from_at between $2 - 300000 and $3 group by 1
     ) as counted group by 1`,
    [monitors, fromAt, toAt],
  )
  return new Map(rows.map((row) => Count.parse(row)).map(({ monitor, ...counts }) => [monitor, counts]))
}

const Pinged = z.strictObject({
  monitor: z.string(),
  count: z.number(),
  lastAt: z.number().nullable(),
  lastSuccessAt: z.number().nullable(),
})
export type Pinged = Omit<z.infer<typeof Pinged>, 'monitor'>

/** Of the latest pings of heartbeats: how many came in [fromAt, toAt], and which was the last by then. */
export async function pingsIn(
  pool: Pool,
  monitors: readonly string[],
  fromAt: number,
  toAt: number,
): Promise<Map<string, Pinged>> {
  const { rows } = await pool.query(
    `select monitor, count(*) filter (where at between $2 and $3)::int as count, max(at) filter (where at <= $3) as "lastAt",
       max(at) filter (where at <= $3 and kind = 'success') as "lastSuccessAt"
     from pings where monitor = any ($1) group by monitor`,
    [monitors, fromAt, toAt],
  )
  return new Map(rows.map((row) => Pinged.parse(row)).map(({ monitor, ...pinged }) => [monitor, pinged]))
}

/** Silences that held at some instant of [fromAt, toAt], however they stand now. */
export async function silencesIn(pool: Pool, fromAt: number, toAt: number): Promise<Silence[]> {
  const { rows } = await pool.query<{ doc: unknown }>(
    `select doc from silences where state not in ('asked', 'planned', 'cancelled')
       and (doc ->> 'fromAt')::bigint <= $2 and coalesce((doc ->> 'endedAt')::bigint, until_at) > $1 order by id`,
    [fromAt, toAt],
  )
  return rows.map((row) => Silence.parse(row.doc))
}

/** Offered to whoever looks for a place to begin. */
const MOST_LIKE = 3

/**
 * Resolved incidents before this one, those first that the same alert or monitor had a part in, then others of the service; of what is private
 * nothing.
 */
export async function incidentsLike(pool: Pool, { id, service, alerts }: Incident): Promise<Incident[]> {
  const { rows } = await pool.query<{ doc: unknown }>(
    `select doc from (
       select id, doc, exists (
         select from jsonb_array_elements(doc -> 'alerts') as a where a ->> 'key' = any ($3) or a ->> 'monitor' = any ($4)
       ) as same
       from incidents where id < $1 and service = $2 and state = 'resolved' and ${PUBLIC}
       order by id desc limit ${LOOK_BACK}) as those
     order by same desc, id desc limit ${MOST_LIKE}`,
    [id, service, alerts.map(({ key }) => key), alerts.flatMap(({ monitor }) => monitor ?? [])],
  )
  return rows.map((row) => Incident.parse(row.doc))
}

/** Older ones have little to say. */
const LOOK_BACK = 200

/** Incidents that are older than this were archived, or are nobody's any more. */
const ARCHIVED_MS = 90 * 86_400_000

/** Owes the channels to the archive of incidents that were resolved before an instant; and again those that were still talked about. */
export async function oweArchives(pool: Pool, resolvedBefore: number, now: number): Promise<void> {
  await pool.query(
    `with owed_rows as (
       insert into owed (key, lane, kind, about, due_at)
       select name, name, 'archive', jsonb_build_object('kind', 'archive', 'incident', id, 'resolvedAt', at), $2
       from (select id, (doc ->> 'resolvedAt')::bigint as at, 'archive/' || id || '/' || (doc ->> 'resolvedAt') as name
         from incidents where state = 'resolved' and opened_at > $3 and doc -> 'channel' ->> 'id' is not null) as over
       where at <= $1 order by id
       on conflict (key) do update set state = 'open', due_at = $2, result = null
         where owed.state = 'done' and (owed.result ->> 'againAt')::bigint <= $2
       returning key
     ) select ${NOTIFY} from owed_rows`,
    [resolvedBefore, now, resolvedBefore - ARCHIVED_MS],
  )
}
