import type { Pool } from 'pg'
import { z } from 'zod'
import { ProbeState, Sample } from '../domain/detect/probe.ts'
import { recordable } from '../json.ts'
import type { Entry } from './inbox.ts'
import { NOTIFY, type Store } from './store.ts'

const Row = z.object({ name: z.string(), last_slot: z.number(), state: ProbeState })

/** What is known of a monitor: the last slot in which it was checked, and what it came to. */
export interface Known {
  lastSlotAt: number
  state: ProbeState
}

/** State and last slot of each monitor that has been checked before, or of one. */
export async function readMonitors(pool: Pool, name: string | null = null): Promise<Map<string, Known>> {
  const { rows } = await pool.query('select name, last_slot, state from monitors where name = coalesce($1, name)', [
    name,
  ])
  return new Map(
    rows.map((row) => Row.parse(row)).map((row) => [row.name, { lastSlotAt: row.last_slot, state: row.state }]),
  )
}

/** Before the first slot of a monitor. */
export const NO_SLOT = -1

interface Observation {
  monitor: string
  slotAt: number
  /** The slot that the state follows on; another process may have filled one since. Whichever it is when omitted. */
  after?: number
  sample: Sample
  state: ProbeState
  /** What the desk must hear of: in the same transaction, so that a transition is never lost. */
  event: Entry | null
  now: number
}

const SAMPLE = `
  with moved as (
    insert into monitors (name, last_slot, state) values ($1, $2, $3)
    on conflict (name) do update set last_slot = excluded.last_slot, state = excluded.state
      where monitors.last_slot < excluded.last_slot and monitors.last_slot = coalesce($6, monitors.last_slot)
    returning name
  ), sampled as (
    insert into samples (monitor, slot, ok, result) select name, $2, $4, $5 from moved on conflict do nothing
  )
  select from moved`

/**
 * Stores a sample, the monitor's state and its transition. A slot that somebody else has filled is left alone, and so is a state that does
 * not follow on the one that is there: what another process saw is not undone without a word. A sample without news may be
 * lost in a crash, and is not kept at all on a disk that is almost full; a transition never is: its row of the in-tray is in the same
 * transaction.
 *
 * @returns whether the slot was ours; if not, what is there has to be read before the sample says anything
 */
export async function saveSample(
  store: Pick<Store, 'pool' | 'samplePool' | 'lowDisk'>,
  o: Observation,
): Promise<boolean> {
  const sample = [o.monitor, o.slotAt, recordable(o.state), o.sample.ok, recordable(o.sample), o.after ?? null]
  if (!o.event) return store.lowDisk() || (await store.samplePool.query(SAMPLE, sample)).rowCount === 1
  const client = await store.pool.connect()
  try {
    await client.query('begin')
    const { rowCount } = await client.query(SAMPLE, sample)
    if (rowCount === 1)
      await client.query(
        `with stored as (
           insert into inbox (source, key, lane, body, received_at) values ($1, $2, 'desk', $3, $4) on conflict do nothing
         ) select ${NOTIFY}`,
        [o.event.source, o.event.key, recordable(o.event.event), o.now],
      )
    await client.query('commit')
    client.release()
    return rowCount === 1
  } catch (error) {
    // The connection is closed with whatever was half done on it.
    client.release(true)
    throw error
  }
}

/** More samples than this in one chart are the newest of them. */
const MOST_SAMPLES = 5_000

/** What a monitor has seen since an instant, oldest first. */
export async function samplesSince(pool: Pool, monitor: string, sinceAt: number): Promise<Sample[]> {
  const { rows } = await pool.query<{ result: unknown }>(
    `select result from samples where monitor = $1 and slot >= $2 order by slot desc limit ${MOST_SAMPLES}`,
    [monitor, sinceAt],
  )
  return rows.map(({ result }) => Sample.parse(result)).reverse()
}

/** Samples older than this have served their purpose. */
export async function forgetSamples(pool: Pool, before: number): Promise<void> {
  await pool.query('delete from samples where slot < $1', [before])
}
