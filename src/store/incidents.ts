import type { Pool } from 'pg'
import { Fact, type Recorded } from '../domain/fact.ts'
import { Incident } from '../domain/incident.ts'

/** Reading the record. Nothing here needs the desk's lock. */
export async function readIncident(pool: Pool, id: number): Promise<Incident | null> {
  const { rows } = await pool.query<{ doc: unknown }>('select doc from incidents where id = $1', [id])
  return rows[0] ? Incident.parse(rows[0].doc) : null
}

/** Open incidents, the latest first. */
export async function openIncidents(pool: Pool): Promise<Incident[]> {
  const { rows } = await pool.query<{ doc: unknown }>(
    `select doc from incidents where state <> 'resolved' order by id desc limit 200`,
  )
  return rows.map((row) => Incident.parse(row.doc))
}

/** The latest incidents, open or not. */
export async function latestIncidents(pool: Pool, limit: number): Promise<Incident[]> {
  const { rows } = await pool.query<{ doc: unknown }>('select doc from incidents order by id desc limit $1', [limit])
  return rows.map((row) => Incident.parse(row.doc))
}

/** The incident whose channel this is. */
export async function incidentOfChannel(pool: Pool, channel: string): Promise<Incident | null> {
  const { rows } = await pool.query<{ doc: unknown }>(
    `select doc from incidents where doc -> 'channel' ->> 'id' = $1 order by id desc limit 1`,
    [channel],
  )
  return rows[0] ? Incident.parse(rows[0].doc) : null
}

const recorded = (row: { id: number; body: unknown }): Recorded => {
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
