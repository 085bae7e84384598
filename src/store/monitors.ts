import type { Pool } from 'pg'
import { z } from 'zod'
import { type Point, ProbeState, type Sample } from '../domain/detect/probe.ts'
import { recordable } from '../json.ts'
import type { Entry } from './inbox.ts'
import { type Connection, NOTIFY, type Store } from './store.ts'

const Row = z.object({ name: z.string(), last_slot: z.number(), state: ProbeState })

/** What is known of a monitor: the last slot in which it was checked, and what it came to. */
export interface Known {
  lastSlotAt: number
  state: ProbeState
}

/** State and last slot of each monitor that has been checked before, or of one. */
export async function readMonitors(pool: Pool, name: string | null = null): Promise<Map<string, Known>> {
  return known(await pool.query('select name, last_slot, state from monitors where name = coalesce($1, name)', [name]))
}

/** The same of those of these names. */
export async function readMonitorsNamed(pool: Pool, names: readonly string[]): Promise<Map<string, Known>> {
  return known(await pool.query('select name, last_slot, state from monitors where name = any($1)', [names]))
}

const known = ({ rows }: { rows: unknown[] }): Map<string, Known> =>
  new Map(rows.map((row) => Row.parse(row)).map((row) => [row.name, { lastSlotAt: row.last_slot, state: row.state }]))

/** Before the first slot of a monitor. */
export const NO_SLOT = -1

export interface Observation {
  monitor: string
  slotAt: number
  /** The slot that the state follows on; another process may have filled one since. Whichever it is when omitted. */
  after?: number
  sample: Sample
  state: ProbeState
}

interface Transition extends Observation {
  /** What the desk must hear of: in the same transaction, so that a transition is never lost. */
  event: Entry | null
  now: number
}

/** Of a success nothing is kept but when and how long: of ten thousand monitors that is most of all there is. */
const SAMPLES = `
  with given as (
    select * from unnest($1::text[], $2::bigint[], $3::bigint[], $4::jsonb[], $5::boolean[], $6::real[], $7::jsonb[])
      as g (name, slot, after, state, ok, ms, result)
  ), moved as (
    update monitors m set last_slot = g.slot, state = g.state from given g
      where m.name = g.name and m.last_slot < g.slot and m.last_slot = coalesce(g.after, m.last_slot)
    returning m.name
  ), begun as (
    insert into monitors (name, last_slot, state) select name, slot, state from given
      where coalesce(after, ${NO_SLOT}) = ${NO_SLOT}
    on conflict (name) do nothing returning name
  ), had as (select name from moved union all select name from begun
  ), sampled as (
    insert into samples (monitor, slot, ok, ms, result) select name, slot, ok, ms, result from given join had using (name)
    on conflict do nothing
  )
  select name from had`

/**
 * Stores samples without news, one of a monitor at most, with the state that each leads to. A slot that somebody else has filled is left alone,
 * and so is a state that does not follow on the one that is there: what another process saw is not undone without a word. They may be lost
 * in a crash, and are not kept at all on a disk that is almost full.
 *
 * @returns the monitors whose slot was ours; of the others, what is there has to be read before the sample says anything
 */
export async function saveSamples(
  store: Pick<Store, 'samplePool' | 'lowDisk'>,
  observations: readonly Observation[],
): Promise<Set<string>> {
  if (store.lowDisk()) return new Set(observations.map(({ monitor }) => monitor))
  return write(store.samplePool, observations)
}

async function write(to: Connection | Pool, all: readonly Observation[]): Promise<Set<string>> {
  // In one order everywhere: two processes that write the same monitors never wait for each other.
  const sorted = all.toSorted((a, b) => (a.monitor < b.monitor ? -1 : 1))
  const { rows } = await to.query<{ name: string }>(SAMPLES, [
    sorted.map(({ monitor }) => monitor),
    sorted.map(({ slotAt }) => slotAt),
    sorted.map(({ after }) => after ?? null),
    sorted.map(({ state }) => recordable(state)),
    sorted.map(({ sample }) => sample.ok),
    sorted.map(({ sample }) => sample.ms),
    sorted.map(({ sample }) => (sample.ok ? null : recordable(sample))),
  ])
  return new Set(rows.map(({ name }) => name))
}

/**
 * Stores one sample at once, with its transition where it has one: a transition is never lost, since its row of the in-tray is in the same
 * transaction, which waits for the disk. Otherwise like {@link saveSamples}.
 *
 * @returns whether the slot was ours
 */
export async function saveSample(
  store: Pick<Store, 'pool' | 'samplePool' | 'lowDisk'>,
  { event, now, ...observation }: Transition,
): Promise<boolean> {
  if (!event) return (await saveSamples(store, [observation])).size === 1
  const client = await store.pool.connect()
  try {
    await client.query('begin')
    const { size } = await write(client, [observation])
    if (size === 1)
      await client.query(
        `with stored as (
           insert into inbox (source, key, lane, body, received_at) values ($1, $2, 'desk', $3, $4) on conflict do nothing
         ) select ${NOTIFY}`,
        [event.source, event.key, recordable(event.event), now],
      )
    await client.query('commit')
    client.release()
    return size === 1
  } catch (error) {
    // The connection is closed with whatever was half done on it.
    client.release(true)
    throw error
  }
}

/** More samples than this in one chart are the newest of them. */
const MOST_SAMPLES = 5_000

/** What a monitor has seen since an instant, oldest first. */
export async function samplesSince(pool: Pool, monitor: string, sinceAt: number): Promise<Point[]> {
  const { rows } = await pool.query<Point>(
    `select slot as at, ok, ms from samples where monitor = $1 and slot >= $2 order by slot desc limit ${MOST_SAMPLES}`,
    [monitor, sinceAt],
  )
  return rows.reverse()
}
