import type { Pool } from 'pg'
import { z } from 'zod'
import { HeartbeatState, type Ping } from '../domain/detect/heartbeat.ts'
import { recordable, storable } from '../json.ts'
import type { Entry } from './inbox.ts'
import { type Connection, NOTIFY } from './store.ts'

/** A heartbeat as it is stored. */
const Kept = z.strictObject({
  name: z.string(),
  /** Counts its changes. */
  rev: z.number(),
  dueAt: z.number().nullable(),
  state: HeartbeatState,
})
export type Kept = z.infer<typeof Kept>

const COLUMNS = 'name, rev, due_at as "dueAt", state'

/** A ping as it came: what is folded into the state, and all that it had to say. */
interface Heard extends Pick<Ping, 'at' | 'kind' | 'exit' | 'run'> {
  monitor: string
  n: number
  body: Buffer | null
}

/** What is to be stored together, or not at all. */
export interface Decided {
  kept: Kept[]
  /** What the desk must hear of: in the same transaction, so that a change is never lost. */
  events: Entry[]
  pings: Heard[]
}

/** As many pings of each are kept. */
const PINGS_KEPT = 100

/** Those that have been known before, by name: all, or those of these names. */
export async function readHeartbeats(
  pool: Pool | Connection,
  names: readonly string[] | null = null,
): Promise<Map<string, Kept>> {
  const { rows } = await pool.query(`select ${COLUMNS} from heartbeats where $1::text[] is null or name = any ($1)`, [
    names,
  ])
  return byName(rows)
}

/**
 * Changes heartbeats under a lock: decides by what is there, and stores that with what the desk must hear of.
 *
 * @param names which; null: all
 * @param decide may be called again, when the first attempt came to nothing
 */
export function changeHeartbeats(
  pool: Pool,
  names: readonly string[] | null,
  now: number,
  decide: (kept: ReadonlyMap<string, Kept>) => Decided,
): Promise<void> {
  return transact(pool, (client) => change(client, names, now, decide))
}

/** One after the other in the order of their names: two that change the same do not wait for each other in a circle. */
async function change(
  client: Connection,
  names: readonly string[] | null,
  now: number,
  decide: (kept: ReadonlyMap<string, Kept>) => Decided,
): Promise<void> {
  const { rows } = await client.query(
    `select ${COLUMNS} from heartbeats where $1::text[] is null or name = any($1) order by name for update`,
    [names],
  )
  const { kept, events, pings } = decide(byName(rows))
  if (kept.length === 0) return
  const bodies = pings.map(({ body, ...ping }) => ({ ...ping, body: body?.toString('base64') ?? null }))
  await client.query(
    `with given as (
       select * from jsonb_to_recordset($1) as g (name text, rev bigint, "dueAt" bigint, state jsonb)
     ), changed as (
       update heartbeats h set rev = g.rev, due_at = g."dueAt", state = g.state from given g where h.name = g.name
     ), heard as (
       insert into pings (monitor, n, at, kind, exit_status, run, body)
       select monitor, n, at, kind, exit, run, decode(body, 'base64') from jsonb_to_recordset($2)
         as p (monitor text, n bigint, at bigint, kind text, exit int, run text, body text)
     ), old as (
       delete from pings p using given g where p.monitor = g.name and p.n <= g.rev - ${PINGS_KEPT}
     ), stored as (
       insert into inbox (source, key, lane, body, received_at)
       select source, key, 'desk', event, $4 from jsonb_to_recordset($3) as e (source text, key text, event jsonb)
       on conflict do nothing
     ) select ${events.length > 0 ? NOTIFY : ''}`,
    // A body is kept as it came, byte by byte: what of it goes to people is in the state, without secrets.
    [recordable(kept), storable(bodies), recordable(events), now],
  )
}

/** Those that the configuration has and the store does not know yet are known from now on. */
export async function introduceHeartbeats(pool: Pool, fresh: readonly Kept[]): Promise<void> {
  await pool.query(
    `insert into heartbeats (name, rev, due_at, state)
     select name, rev, "dueAt", state from jsonb_to_recordset($1) as g (name text, rev bigint, "dueAt" bigint, state jsonb)
     on conflict do nothing`,
    [storable(fresh)],
  )
}

const Heartening = z.strictObject({ untilAt: z.number().nullable(), due: z.array(z.string()) })

/** More are for the next look. */
const MOST_DUE = 500

/**
 * Says that pings can be heard at this moment, and asks what is missed. Where they could not be for longer than `deafMs`, that is left for
 * {@link afterSilence}, and nothing is changed.
 *
 * @returns until when they could be heard, as was last said (null: nobody ever has), and the names of those that are due
 */
export async function heard(pool: Pool, now: number, deafMs: number): Promise<z.infer<typeof Heartening>> {
  const { rows } = await pool.query(
    `with moved as (
       insert into hearing (until_at) values ($1)
       on conflict (one) do update set until_at = $1 where hearing.until_at between $1 - $2::bigint and $1
     ) select (select until_at from hearing) as "untilAt",
         array(select name from heartbeats where due_at <= $1 order by due_at limit ${MOST_DUE}) as due`,
    [now, deafMs],
  )
  return Heartening.parse(rows[0])
}

/** Pings can be heard again: once, whichever process comes first, and together with what is allowed for it. */
export async function afterSilence(
  pool: Pool,
  now: number,
  deafMs: number,
  decide: (kept: ReadonlyMap<string, Kept>, deafAt: number) => Decided,
): Promise<void> {
  await transact(pool, async (client) => {
    const { rows } = await client.query<{ until_at: number }>('select until_at from hearing for update')
    const deafAt = rows[0]?.until_at ?? now
    if (now - deafAt <= deafMs) return
    await change(client, null, now, (kept) => decide(kept, deafAt))
    await client.query('update hearing set until_at = $1', [now])
  })
}

/** What the configuration has had no more since `before` is forgotten. */
export async function forgetHeartbeats(pool: Pool, before: number): Promise<void> {
  await pool.query(
    `with gone as (delete from heartbeats where (state ->> 'retiredAt')::bigint < $1 returning name)
     delete from pings where monitor in (select name from gone)`,
    [before],
  )
}

async function transact(pool: Pool, work: (client: Connection) => Promise<void>): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    await work(client)
    await client.query('commit')
    client.release()
  } catch (error) {
    // The connection is closed with whatever was half done on it.
    client.release(true)
    throw error
  }
}

const byName = (rows: unknown[]): Map<string, Kept> =>
  new Map(rows.map((row) => Kept.parse(row)).map((kept) => [kept.name, kept]))
