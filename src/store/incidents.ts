import type { Pool } from 'pg'
import { z } from 'zod'
import { Fact, Joining, type Recorded } from '../domain/fact.ts'
import type { Situation } from '../domain/handover.ts'
import { Incident, mayKnow } from '../domain/incident.ts'
import { type Place, placeKey } from '../domain/response.ts'

/** Reading the record. Nothing here needs the desk's lock. */
export async function readIncident(pool: Pool, id: number): Promise<Incident | null> {
  const { rows } = await pool.query<{ doc: unknown }>('select doc from incidents where id = $1', [id])
  return rows[0] ? Incident.parse(rows[0].doc) : null
}

/** Those of these numbers that there are, in the order of their numbers. */
export async function readIncidents(pool: Pool, ids: readonly number[]): Promise<Incident[]> {
  const { rows } = await pool.query<{ doc: unknown }>('select doc from incidents where id = any ($1) order by id', [
    ids,
  ])
  return rows.map((row) => Incident.parse(row.doc))
}

/** Drills are none. */
const REAL = `doc ->> 'drill' is null`

/** And of what is private nobody is told. */
export const PUBLIC = `${REAL} and not coalesce((doc ->> 'private')::boolean, false)`

/** Open incidents that a reader may know of ({@link mayKnow}), the latest first. */
export async function openIncidents(pool: Pool, reader: string | null): Promise<Incident[]> {
  const { rows } = await pool.query<{ doc: unknown }>(
    `select doc from incidents where state <> 'resolved' and ${REAL} order by id desc limit 200`,
  )
  return rows.map((row) => Incident.parse(row.doc)).filter((incident) => mayKnow(incident, reader))
}

/** The latest incidents that a reader may know of, open or not. */
export async function latestIncidents(pool: Pool, limit: number, reader: string | null): Promise<Incident[]> {
  const { rows } = await pool.query<{ doc: unknown }>(
    `select doc from incidents where ${REAL} order by id desc limit $1`,
    [limit],
  )
  return rows.map((row) => Incident.parse(row.doc)).filter((incident) => mayKnow(incident, reader))
}

/** The incidents on whose timelines a message is. */
export async function incidentsWith(pool: Pool, message: Place): Promise<number[]> {
  const { rows } = await pool.query<{ id: number }>(
    `select id from incidents where doc -> 'captured' ? $1 order by id`,
    [placeKey(message)],
  )
  return rows.map(({ id }) => id)
}

/** The incident whose channel this is. */
export async function incidentOfChannel(pool: Pool, channel: string): Promise<Incident | null> {
  const { rows } = await pool.query<{ doc: unknown }>(
    `select doc from incidents where doc -> 'channel' ->> 'id' = $1 order by id desc limit 1`,
    [channel],
  )
  return rows[0] ? Incident.parse(rows[0].doc) : null
}

export const recorded = (row: { id: number; body: unknown }): Recorded => {
  const { id: _, ...body } = row.body as { id: unknown }
  return { ...Fact.parse(body), id: row.id }
}

export async function readFact(pool: Pool, id: number): Promise<Recorded | null> {
  const { rows } = await pool.query<{ id: number; body: unknown }>('select id, body from facts where id = $1', [id])
  return rows[0] ? recorded(rows[0]) : null
}

/** All facts of an incident, in order. */
export async function factsOf(pool: Pool, incident: number): Promise<Recorded[]> {
  const { rows } = await pool.query<{ id: number; body: unknown }>(
    'select id, body from facts where incident = $1 order by id',
    [incident],
  )
  return rows.map(recorded)
}

/** What was noted last about each of these incidents. */
export async function latestNotes(pool: Pool, ids: readonly number[]): Promise<Situation['notes']> {
  const { rows } = await pool.query<{ id: number; body: unknown }>(
    `select distinct on (incident) id, body from facts where incident = any ($1) and kind = 'note' order by incident, id desc`,
    [ids],
  )
  return Object.fromEntries(rows.map(recorded).flatMap((fact) => (fact.type === 'note' ? [[fact.incident, fact]] : [])))
}

const BurstRow = z.strictObject({
  at: z.number(),
  joined: z.number(),
  receded: z.number(),
  begun: z.array(Joining),
  ended: z.array(z.object({ key: z.string(), summary: z.string() })),
})

/** Of each of the two lists; nobody reads more of them in a message. */
const BURST_SAMPLE = 8

/** Alerts that came and went together, from a fact on until one was told alone: how many, and the first of them. */
export async function readBurst(pool: Pool, incident: number, from: number): Promise<z.infer<typeof BurstRow>> {
  const { rows } = await pool.query(
    `with mine as (
       select id, at, kind, body -> 'alerts' as alerts from facts
       where incident = $1 and id >= $2 and kind in ('joined', 'receded') and not exists (
         select from facts alone where alone.incident = $1 and alone.id > $2 and alone.id < facts.id
           and alone.kind in ('detected', 'recovered'))
     ), listed as (
       select kind, alert, row_number() over (partition by kind order by id, n) as place
       from mine, jsonb_array_elements(alerts) with ordinality as a (alert, n)
     )
     select (select min(at) from mine) as at,
       (select coalesce(sum(jsonb_array_length(alerts)), 0)::int from mine where kind = 'joined') as joined,
       (select coalesce(sum(jsonb_array_length(alerts)), 0)::int from mine where kind = 'receded') as receded,
       (select coalesce(jsonb_agg(alert order by place), '[]') from listed where kind = 'joined' and place <= $3) as begun,
       (select coalesce(jsonb_agg(alert order by place), '[]') from listed where kind = 'receded' and place <= $3) as ended`,
    [incident, from, BURST_SAMPLE],
  )
  return BurstRow.parse(rows[0])
}
