import type { Pool } from 'pg'
import { z } from 'zod'
import type { Event } from '../domain/event.ts'
import { Outcome } from '../domain/event.ts'
import { recordable, storable } from '../json.ts'
import { removeInPortions } from './portions.ts'
import type { Store } from './store.ts'
import { isDeadlock, LIVE_PROCESSES, NOTIFY } from './store.ts'

/** A payload of Slack is worked on for this long at most before another process may take it up. Machine time. */
const RECEIPT_LEASE_MS = 30_000

export interface Entry {
  /** Who sends, e.g. `monitor` or `slack`; with the key it names the event: a repeat collapses. */
  source: string
  key: string
  event: Event
}

/** Stores events for the desk; rows that are already there stay as they are. Returns the id of each, in order. */
export async function submit(pool: Pool, entries: readonly Entry[], now: number): Promise<number[]> {
  try {
    return await insert(pool, entries, now)
  } catch (error) {
    // Two senders of the same events in opposite order: one of them is let through first, and the other finds them stored.
    if (isDeadlock(error)) return insert(pool, entries, now)
    throw error
  }
}

async function insert(pool: Pool, entries: readonly Entry[], now: number): Promise<number[]> {
  const { rows } = await pool.query<{ id: number | null }>(
    `with given as (
       select * from jsonb_to_recordset($1) as g (source text, key text, event jsonb, ord int)
     ), stored as (
       insert into inbox (source, key, lane, body, received_at)
       select source, key, 'desk', event, $2 from given order by ord
       on conflict (source, key) do nothing
       returning id, source, key
     ), told as (select ${NOTIFY})
     select coalesce(s.id, i.id) as id from given g
       left join stored s using (source, key) left join inbox i using (source, key), told
     order by g.ord`,
    [recordable(entries.map((entry, ord) => ({ ...entry, ord }))), now],
  )
  const ids = rows.flatMap((row) => row.id ?? [])
  // A twin that another process was just storing is in nobody's snapshot: it is there now.
  return ids.length === entries.length ? ids : insert(pool, entries, now)
}

/** Events that the desk has not decided yet, the oldest first. */
export async function undone(pool: Pool): Promise<number[]> {
  const { rows } = await pool.query<{ id: number }>(
    `select id from inbox where done_at is null and lane = 'desk' order by id limit 500`,
  )
  return rows.map((row) => row.id)
}

/** The outcomes of rows that the desk is done with. */
export async function outcomes(pool: Pool, ids: readonly number[]): Promise<Map<number, Outcome>> {
  const { rows } = await pool.query<{ id: number; outcome: unknown }>(
    'select id, outcome from inbox where id = any($1) and done_at is not null and outcome is not null',
    [ids],
  )
  return new Map(rows.map((row) => [row.id, Outcome.parse(row.outcome)]))
}

const Receipt = z.strictObject({ id: z.number(), key: z.string(), body: z.unknown(), received_at: z.number() })
export type Receipt = z.infer<typeof Receipt>

/** Stores a payload as Slack sent it, claimed by this process; null when the same payload has been stored before. */
export async function receive(
  store: Store,
  key: string,
  body: unknown,
  now: number,
  machineNow: number,
): Promise<Receipt | null> {
  const { rows } = await store.pool.query(
    `insert into inbox (source, key, lane, body, received_at, owner, lease_until)
     values ('slack', $1, 'slack', $2, $3, $4, $5)
     on conflict (source, key) do nothing returning id, key, body, received_at`,
    [key, storable(body), now, store.process, machineNow + RECEIPT_LEASE_MS],
  )
  return rows[0] ? Receipt.parse(rows[0]) : null
}

/** Claims payloads that a dead or frozen process left half done. */
export async function reclaimReceipts(store: Store, machineNow: number): Promise<Receipt[]> {
  const { rows } = await store.pool.query(
    `update inbox set owner = $1, lease_until = $2
     where id in (
       select id from inbox
       where lane = 'slack' and done_at is null
         and (lease_until < $3 or (owner <> $1 and owner not in (${LIVE_PROCESSES})))
       order by id limit 50 for update skip locked)
     returning id, key, body, received_at`,
    [store.process, machineNow + RECEIPT_LEASE_MS, machineNow],
  )
  return rows.map((row) => Receipt.parse(row))
}

/** A payload has been answered. Its body is dropped: it holds what people wrote, and single-use addresses. */
export async function finishReceipt(pool: Pool, id: number, now: number): Promise<void> {
  await pool.query(`update inbox set done_at = $2, body = '{}' where id = $1`, [id, now])
}

/** What came in may be large, and what comes in meanwhile waits for none of it. */
const FORGOTTEN_AT_ONCE = 5_000

/** Rows done longer ago than this are only kept for deduplication, and Slack retries within the hour. */
export const forget = (pool: Pool, doneBefore: number): Promise<void> =>
  removeInPortions(pool, 'inbox', 'done_at < $1', [doneBefore], FORGOTTEN_AT_ONCE)
