import type { Pool } from 'pg'
import { z } from 'zod'
import type { SlotCount } from '../domain/detect/log-counts.ts'
import { LogState } from '../domain/detect/log-state.ts'
import { recordable, storable } from '../json.ts'
import type { Entry } from './inbox.ts'
import { TALLY_MS } from './rollups.ts'
import { HEARD_IF_MOVED, type Store } from './store.ts'

const Row = z.object({ name: z.string(), seq: z.number(), state: LogState })

/** What is known of a log: how far it has been read and what that came to, and which state that is, counted from 1. */
export interface KnownLog {
  seq: number
  state: LogState
}

/** What is known of each log, or of those of these names. */
export async function readLogs(pool: Pool, names: readonly string[] | null = null): Promise<Map<string, KnownLog>> {
  const { rows } = await pool.query('select name, seq, state from logs where $1::text[] is null or name = any ($1)', [
    names,
  ])
  return new Map(rows.map((row) => Row.parse(row)).map(({ name, seq, state }) => [name, { seq, state }]))
}

/** Before the first state of a log. */
export const NO_STATE = 0

interface Next {
  monitor: string
  /** The state that this one follows on. */
  after: number
  state: LogState
  /** What the desk must hear of. */
  events: readonly Entry[]
  /** Somebody was or will be told that it is stored: it must outlast a crash. What is read of a file can be read again. */
  mustLast: boolean
  /** What its lines add to the rates that count them. */
  counts: readonly SlotCount[]
  /** Lines of this look that were neither marked nor ignored, and how many of those counted: for whoever asks later why nobody was paged. */
  lines: { read: number; matched: number }
  now: number
}

const MOVE = `
  with moved as (
    insert into logs (name, seq, state) values ($1, $2::bigint + 1, $3)
    on conflict (name) do update set seq = excluded.seq, state = excluded.state where logs.seq = $2
    returning name
  ), counted as (
    insert into rate_counts (monitor, at, sender, count)
    select rate, "slotAt", kind, count from jsonb_to_recordset($6)
      as c (rate text, "slotAt" bigint, kind text, count float8), moved
    on conflict (monitor, at, sender) do update set count = rate_counts.count + excluded.count
  ), tallied as (
    insert into rollups (monitor, width, from_at, count, failed)
    select $1, ${TALLY_MS}, $5::bigint / ${TALLY_MS} * ${TALLY_MS}, $7::int, $8::int from moved where $7::int > 0
    on conflict (monitor, width, from_at) do update set
      count = rollups.count + excluded.count, failed = rollups.failed + excluded.failed
  ), ${HEARD_IF_MOVED}`

/**
 * Stores the next state of a log, and with it, in one statement, what the desk must hear of: a line is neither lost, told nor
 * counted twice, whenever a process dies.
 *
 * @returns whether it followed on the state that is there; if not, another process has read on meanwhile
 */
export async function saveLog(store: Pick<Store, 'pool' | 'samplePool'>, next: Next): Promise<boolean> {
  const pool = next.mustLast || next.events.length > 0 ? store.pool : store.samplePool
  const { rows } = await pool.query<{ moved: number }>(MOVE, [
    next.monitor,
    next.after,
    // Paths and patterns, no foreign text: they must come back as they were.
    storable(next.state),
    recordable(next.events),
    next.now,
    storable(next.counts),
    next.lines.read,
    next.lines.matched,
  ])
  return rows[0]?.moved === 1
}
