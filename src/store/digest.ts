import type { Pool } from 'pg'
import { z } from 'zod'
import type { Week } from '../domain/digest.ts'
import { Incident } from '../domain/incident.ts'
import { storable } from '../json.ts'
import { PUBLIC } from './incidents.ts'
import { NOTIFY } from './store.ts'

/** Incidents that were opened in a week. */
export async function incidentsOf(pool: Pool, { fromAt, toAt }: Week): Promise<Incident[]> {
  const { rows } = await pool.query<{ doc: unknown }>(
    `select doc from incidents where opened_at >= $1 and opened_at < $2 and ${PUBLIC} order by id`,
    [fromAt, toAt],
  )
  return rows.map((row) => Incident.parse(row.doc))
}

/** Incidents of any age with tasks that are not done. */
export async function withOpenTasks(pool: Pool): Promise<Incident[]> {
  const { rows } = await pool.query<{ doc: unknown }>(
    `select doc from incidents where ${PUBLIC} and doc -> 'tasks' @> '[{"doneAt": null}]' order by id desc limit 50`,
  )
  return rows.map((row) => Incident.parse(row.doc))
}

const Page = z.strictObject({ at: z.number(), person: z.string() })

/** Every page of a week that was no drill. */
export async function pagesIn(pool: Pool, { fromAt, toAt }: Week): Promise<z.infer<typeof Page>[]> {
  const { rows } = await pool.query(
    `select f.at, f.body -> 'page' ->> 'person' as person from facts f join incidents i on i.id = f.incident
     where f.kind = 'paged' and not f.body -> 'page' ? 'shadow' and f.at >= $1 and f.at < $2 and i.doc ->> 'drill' is null`,
    [fromAt, toAt],
  )
  return rows.map((row) => Page.parse(row))
}

const Alert = z.strictObject({ incident: z.number(), name: z.string() })

/** Every alert of these incidents, by its monitor, or by its key where it has none. */
export async function alertsOf(pool: Pool, incidents: readonly number[]): Promise<z.infer<typeof Alert>[]> {
  const { rows } = await pool.query(
    `select incident, coalesce(body ->> 'monitor', body ->> 'key') as name from facts
       where incident = any ($1) and kind = 'detected'
     union all
     select incident, coalesce(alert ->> 'monitor', alert ->> 'key') from facts, jsonb_array_elements(body -> 'alerts') as alert
       where incident = any ($1) and kind = 'joined'`,
    [incidents],
  )
  return rows.map((row) => Alert.parse(row))
}

/** Owes the digest of a week to a channel, once. */
export async function oweDigest(pool: Pool, { fromAt, toAt }: Week, channel: string, now: number): Promise<void> {
  await pool.query(
    `with born as (
       insert into owed (key, lane, kind, about, due_at) values ($1, $1, 'digest', $2, $3)
       on conflict (key) do nothing returning key
     ) select ${NOTIFY} from born`,
    [`digest/${fromAt}`, storable({ kind: 'digest', channel, fromAt, toAt }), now],
  )
}
