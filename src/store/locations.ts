import type { Pool } from 'pg'
import { z } from 'zod'
import { Place } from '../domain/detect/location.ts'
import { type Point, ProbeState } from '../domain/detect/probe.ts'
import type { Result } from '../domain/detect/report.ts'
import { recordable, storable } from '../json.ts'
import type { Entry } from './inbox.ts'
import { removeInPortions } from './portions.ts'
import { type Connection, HEARD_IF_MOVED, NOTIFY } from './store.ts'

const PlaceRow = z.object({ doc: Place })

/** Every location that is known, by its name. */
export async function readPlaces(pool: Pool | Connection, lock: '' | 'for update' = ''): Promise<Map<string, Place>> {
  const { rows } = await pool.query(`select doc from locations order by name ${lock}`)
  return new Map(rows.map((row) => PlaceRow.parse(row).doc).map((place) => [place.name, place]))
}

/** What becomes of locations; `gone`: they are not in the configuration any more. */
export interface Moved {
  places: readonly Place[]
  gone: readonly string[]
  /** What the desk must hear of: stored with it, so that an alarm is raised once and never lost. */
  events: readonly Entry[]
}

/** Changes what is known of locations, one change after the other in the whole installation. */
export async function changePlaces(
  pool: Pool,
  now: number,
  decide: (places: ReadonlyMap<string, Place>) => Moved,
): Promise<Moved> {
  return transact(pool, async (client) => {
    const moved = decide(await readPlaces(client, 'for update'))
    if (moved.places.length + moved.gone.length > 0) await writePlaces(client, moved, now)
    return moved
  })
}

async function writePlaces(client: Connection, { places, gone, events }: Moved, now: number): Promise<void> {
  await client.query(
    `with kept as (
       insert into locations (name, doc) select doc ->> 'name', doc from jsonb_array_elements($1::jsonb) as d (doc)
       on conflict (name) do update set doc = excluded.doc
     ), dropped as (delete from locations where name = any($2)),
     unseen as (delete from views where location = any($2)),
     stored as (
       insert into inbox (source, key, lane, body, received_at)
       select source, key, 'desk', event, $4 from jsonb_to_recordset($3) as e (source text, key text, event jsonb)
       on conflict do nothing
     ) select ${events.length > 0 ? NOTIFY : ''}`,
    [storable(places), gone, recordable(events), now],
  )
}

/** What a location makes of a monitor, and up to which slot. */
export interface ViewState {
  location: string
  monitor: string
  lastSlotAt: number
  state: ProbeState
}

const ViewRow = z
  .object({ location: z.string(), monitor: z.string(), last_slot: z.number(), state: ProbeState })
  .transform(({ last_slot, ...row }): ViewState => ({ ...row, lastSlotAt: last_slot }))

/** What remote locations make of monitors: of some, or of all. */
export async function readViews(
  pool: Pool | Connection,
  monitors: readonly string[] | null = null,
): Promise<ViewState[]> {
  const { rows } = await pool.query(
    'select location, monitor, last_slot, state from views where $1::text[] is null or monitor = any($1) order by location',
    [monitors],
  )
  return rows.map((row) => ViewRow.parse(row))
}

/**
 * Stores what came from a location, and what that makes of its monitors: a slot that is there already is left alone, and so is one before
 * the last that was counted. Reports of one location come one after the other, whoever takes them.
 *
 * @param decide given the location and its views, what becomes of both; null: nothing is stored
 */
export async function takeReport(
  pool: Pool,
  location: string,
  results: readonly Result[],
  decide: (place: Place | null, views: ReadonlyMap<string, ViewState>) => { place: Place; views: readonly ViewState[] },
): Promise<void> {
  await transact(pool, async (client) => {
    const { rows } = await client.query('select doc from locations where name = $1 for update', [location])
    const before = await client.query(
      'select location, monitor, last_slot, state from views where location = $1 and monitor = any($2)',
      [location, results.map(({ monitor }) => monitor)],
    )
    const known = new Map(before.rows.map((row) => ViewRow.parse(row)).map((view) => [view.monitor, view]))
    const { place, views } = decide(rows[0] ? PlaceRow.parse(rows[0]).doc : null, known)
    await client.query(
      `with kept as (
         insert into locations (name, doc) values ($1, $2) on conflict (name) do update set doc = excluded.doc
       ), seen as (
         insert into views (location, monitor, last_slot, state)
         select $1, v.monitor, v."lastSlotAt", v.state
           from jsonb_to_recordset($3) as v (monitor text, "lastSlotAt" bigint, state jsonb)
         on conflict (location, monitor) do update set last_slot = excluded.last_slot, state = excluded.state
       )
       insert into view_samples (location, monitor, slot, ok, ms, result)
       select $1, r.monitor, r."slotAt", (r.sample ->> 'ok')::boolean, (r.sample ->> 'ms')::real,
         case when (r.sample ->> 'ok')::boolean then null else r.sample end
         from jsonb_to_recordset($4) as r (monitor text, "slotAt" bigint, sample jsonb)
       on conflict do nothing`,
      [location, storable(place), recordable(views), recordable(results)],
    )
  })
}

/** More samples than this in one chart are the newest of them. */
const MOST_SAMPLES = 5_000

/** What remote locations saw of a monitor since an instant, oldest first. */
export async function viewSamplesSince(pool: Pool, monitor: string, sinceAt: number): Promise<Point[]> {
  const { rows } = await pool.query<Point>(
    `select slot as at, ok, ms from view_samples where monitor = $1 and slot >= $2 order by slot desc limit ${MOST_SAMPLES}`,
    [monitor, sinceAt],
  )
  return rows.reverse()
}

/** Samples older than this have served their purpose. */
export async function forgetViewSamples(pool: Pool, before: number): Promise<void> {
  await removeInPortions(pool, 'view_samples', 'slot < $1', [before])
}

/** What was last said of a monitor; `held`: it fails from here alone, at a time when nothing is seen from here. */
export interface Told {
  monitor: string
  seq: number
  status: 'up' | 'down' | 'held'
  at: number
}

const ToldRow = z.object({
  monitor: z.string(),
  seq: z.number(),
  status: z.enum(['up', 'down', 'held']),
  at: z.number(),
})

/** What was last said of monitors: of some, or of all. */
export async function readVerdicts(pool: Pool, monitors: readonly string[] | null = null): Promise<Map<string, Told>> {
  const { rows } = await pool.query(
    'select monitor, seq, status, at from verdicts where $1::text[] is null or monitor = any($1)',
    [monitors],
  )
  return new Map(rows.map((row) => ToldRow.parse(row)).map((told) => [told.monitor, told]))
}

/** Monitors on which there may be something to say: those that fail somewhere, and those of which something bad was said last. */
export async function suspects(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ monitor: string }>(
    `select monitor from views where state ->> 'status' = 'down' union select monitor from verdicts where status <> 'up'`,
  )
  return rows.map(({ monitor }) => monitor)
}

/** Monitors whose alert fires. */
export async function firingMonitors(pool: Pool, monitors: readonly string[]): Promise<Set<string>> {
  const { rows } = await pool.query<{ key: string }>(
    `select key from alerts where status = 'firing' and monitor = any($1) and key = monitor`,
    [monitors],
  )
  return new Set(rows.map(({ key }) => key))
}

/** What fails from here is held back, from before it is on record: it is forgotten by nobody, whenever a process dies. */
export async function hold(pool: Pool, monitor: string, now: number): Promise<void> {
  await pool.query(
    `insert into verdicts (monitor, seq, status, at) values ($1, 1, 'held', $2)
     on conflict (monitor) do update set seq = verdicts.seq + 1, status = 'held', at = $2`,
    [monitor, now],
  )
}

/**
 * Says something else of a monitor than was said last, and has the desk hear of it, in one statement.
 *
 * @param after the number of what was said last, 0 for nothing
 * @param status null: nothing is to be remembered any more
 * @returns whether it was the last; if not, somebody else has said something meanwhile
 */
export async function pronounce(pool: Pool, { monitor, after, status, event, now }: Pronounced): Promise<boolean> {
  const { rows } = await pool.query<{ moved: number }>(
    `with moved as (
       ${status === null ? 'delete from verdicts where monitor = $1 and seq = $2 and $3::text is null returning monitor' : SAY}
     ), ${HEARD_IF_MOVED}`,
    [monitor, after, status, recordable(event === null ? [] : [event]), now],
  )
  return rows[0]?.moved === 1
}

interface Pronounced {
  monitor: string
  after: number
  status: Told['status'] | null
  event: Entry | null
  now: number
}

const SAY = `
  insert into verdicts (monitor, seq, status, at) select $1, $2::bigint + 1, $3, $5::bigint
    where $2::bigint = 0 or exists (select from verdicts where monitor = $1)
  on conflict (monitor) do update set seq = excluded.seq, status = excluded.status, at = excluded.at where verdicts.seq = $2
  returning monitor`

async function transact<T>(pool: Pool, work: (client: Connection) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    const result = await work(client)
    await client.query('commit')
    client.release()
    return result
  } catch (error) {
    // The connection is closed with whatever was half done on it.
    client.release(true)
    throw error
  }
}
