import type { Pool } from 'pg'
import { z } from 'zod'
import type { CountKind } from '../domain/detect/log-counts.ts'
import type { Count } from '../domain/detect/rate-counts.ts'
import { RateFeed } from '../domain/detect/rate-feed.ts'
import type { SlotSample } from '../domain/detect/rate-signal.ts'
import { WHYS, type Why } from '../domain/detect/rate-state.ts'
import { recordable, storable } from '../json.ts'
import type { Entry } from './inbox.ts'
import { removeInPortions } from './portions.ts'
import { NOTIFY, type Store } from './store.ts'

/**
 * What a detector has learned is some kilobytes for each series, too much to be written with every sample. Stored are the samples, and now
 * and then all that was learned up to one of them: the samples after that one lead to the same again.
 */
const Row = z.strictObject({
  monitor: z.string(),
  /** The last slot that was judged. */
  slotAt: z.number(),
  feed: RateFeed,
  /** As the desk knows it: what is wrong, null when nothing is; since when it is so. */
  alarm: z.enum(WHYS).nullable(),
  sinceAt: z.number(),
  /** Too little has been seen to know what is usual. */
  learning: z.boolean(),
  /** What was learned up to the slot in which it was written down; read by whoever wrote it. */
  learned: z.unknown(),
  learnedAt: z.number().nullable(),
})
export type KnownRate = z.infer<typeof Row>

const STANDING = 'slot_at as "slotAt", feed, alarm, since_at as "sinceAt", learning'
const COLUMNS = `name as monitor, ${STANDING}, learned, learned_at as "learnedAt"`

/** What is known of a rate; null when it was never judged. */
export async function readRate(pool: Pool, monitor: string): Promise<KnownRate | null> {
  const { rows } = await pool.query(`select ${COLUMNS} from rates where name = $1`, [monitor])
  return rows[0] ? Row.parse(rows[0]) : null
}

const StandingRow = Row.omit({ monitor: true, learned: true, learnedAt: true })
export type RateStanding = z.infer<typeof StandingRow>

/** How each of some rates stands, without what was learned. */
export async function readFeeds(pool: Pool, monitors: readonly string[]): Promise<Map<string, RateStanding>> {
  const { rows } = await pool.query<{ name: string }>(`select name, ${STANDING} from rates where name = any($1)`, [
    monitors,
  ])
  return new Map(rows.map(({ name, ...row }) => [name, StandingRow.parse(row)]))
}

const SampleRow = z.strictObject({
  at: z.number(),
  value: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
})

/** The samples of a rate after an instant and up to another, the oldest first. */
export async function rateSamples(
  pool: Pool,
  monitor: string,
  afterAt: number,
  untilAt = Number.MAX_SAFE_INTEGER,
): Promise<SlotSample[]> {
  const { rows } = await pool.query(
    'select slot_at as at, value, low, high from rate_samples where monitor = $1 and slot_at > $2 and slot_at <= $3 order by slot_at',
    [monitor, afterAt, untilAt],
  )
  return rows.map((row) => SampleRow.parse(row))
}

/** The latest slot of each rate in which something could be read. */
export async function latestSamples(pool: Pool, monitors: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await pool.query<{ monitor: string; at: number }>(
    'select monitor, max(slot_at) as at from rate_samples where monitor = any($1) group by monitor',
    [monitors],
  )
  return new Map(rows.map(({ monitor, at }) => [monitor, at]))
}

/** Before the first slot of a rate. */
export const NO_SLOT = -1

/** A slot that was judged. */
export interface Judged {
  monitor: string
  /** The slot that it follows on. */
  after: number
  slotAt: number
  /** Null: nothing arrived; undefined: nothing can be said of this slot, and no sample is kept. */
  value: number | null | undefined
  expected: { low: number; high: number } | null
  feed: RateFeed
  alarm: Why | null
  sinceAt: number
  learning: boolean
  /** All that was learned, when it is time to write it down. */
  learned: unknown
  /** What the desk must hear of. */
  events: readonly Entry[]
}

const JUDGE = `
  with given as (
    select * from jsonb_to_recordset($1) as g (
      monitor text, after bigint, slot bigint, counts boolean, value float8, low float4, high float4, feed jsonb,
      alarm text, since bigint, learning boolean, learned jsonb)
  ), fresh as (
    insert into rates (name, slot_at, feed, alarm, since_at, learning, learned, learned_at)
    select monitor, slot, feed, alarm, since, learning, learned, case when learned is not null then slot end from given where after = ${NO_SLOT}
    on conflict do nothing returning name
  ), moved as (
    update rates r set slot_at = g.slot, feed = g.feed, alarm = g.alarm, since_at = g.since, learning = g.learning,
        learned = coalesce(g.learned, r.learned),
        learned_at = case when g.learned is null then r.learned_at else g.slot end
      from given g where r.name = g.monitor and r.slot_at = g.after and g.after <> ${NO_SLOT} returning r.name
  ), taken as (select name from fresh union all select name from moved
  ), sampled as (
    insert into rate_samples (monitor, slot_at, value, low, high)
    select g.monitor, g.slot, g.value, g.low, g.high from given g join taken t on t.name = g.monitor where g.counts
    on conflict do nothing
  ), stored as (
    insert into inbox (source, key, lane, body, received_at)
    select e.source, e.key, 'desk', e.event, $3
      from jsonb_to_recordset($2) as e (monitor text, source text, key text, event jsonb) join taken t on t.name = e.monitor
    on conflict do nothing returning id
  ), told as (select ${NOTIFY} from stored limit 1)
  select array(select name from taken) as taken, (select count(*) from told)`

/**
 * Stores slots that were judged, of a different monitor each, with what the desk must hear of, in one statement.
 *
 * @returns of each whether it followed on the slot that is there; if not, another process has judged one meanwhile
 */
export async function saveRates(
  store: Pick<Store, 'pool' | 'samplePool' | 'lowDisk'>,
  judged: readonly Judged[],
  now: number,
): Promise<boolean[]> {
  const events = judged.flatMap((each) => each.events.map((event) => ({ monitor: each.monitor, ...event })))
  // Without news it need not outlast a crash: whoever starts again judges the slot anew.
  const pool = events.length > 0 ? store.pool : store.samplePool
  const keeps = !store.lowDisk()
  const rows = judged.map(({ monitor, after, slotAt, value, expected, feed, alarm, sinceAt, learning, learned }) => ({
    ...{ monitor, after, slot: slotAt, counts: keeps && value !== undefined, value: value ?? null },
    ...{ low: expected?.low ?? null, high: expected?.high ?? null },
    ...{ feed, alarm, since: sinceAt, learning, learned: learned ?? null },
  }))
  const { rows: found } = await pool.query<{ taken: string[] }>(JUDGE, [storable(rows), recordable(events), now])
  const taken = new Set(found[0]?.taken)
  return judged.map(({ monitor }) => taken.has(monitor))
}

/**
 * Stores counts that were pushed. The same `at` and `from` again is the same count, and its last number counts.
 */
export async function addCounts(pool: Pool, monitor: string, counts: readonly Count[]): Promise<void> {
  await pool.query(
    `insert into rate_counts (monitor, at, sender, count)
     select distinct on (at, sender) $1, at, sender, count from jsonb_to_recordset($2) as c (at bigint, sender text, count float8, n bigint) order by at, sender, n desc
     on conflict (monitor, at, sender) do update set count = excluded.count`,
    [monitor, storable(counts.map(({ at, from, count }, n) => ({ at, sender: from, count, n })))],
  )
}

/** A stretch of time of a rate, `untilAt` not included. */
export interface Stretch {
  monitor: string
  fromAt: number
  untilAt: number
}

/** What was pushed for each stretch of time, in their order; null: nothing was. */
export async function countsWithin(pool: Pool, stretches: readonly Stretch[]): Promise<(number | null)[]> {
  const { rows } = await pool.query<{ sum: number | null }>(
    `select (select sum(count) from rate_counts c where c.monitor = s.monitor and at >= s.from_at and at < s.until_at)
     from unnest($1::text[], $2::bigint[], $3::bigint[]) with ordinality as s (monitor, from_at, until_at, n) order by n`,
    [
      stretches.map(({ monitor }) => monitor),
      stretches.map(({ fromAt }) => fromAt),
      stretches.map(({ untilAt }) => untilAt),
    ],
  )
  return rows.map(({ sum }) => sum)
}

/** How many lines of a log there were in the slot of a rate, by what is known of them. */
export async function linesIn(
  pool: Pool,
  monitor: string,
  slotAt: number,
): Promise<Partial<Record<CountKind, number>>> {
  const { rows } = await pool.query<{ sender: CountKind; count: number }>(
    'select sender, count from rate_counts where monitor = $1 and at = $2',
    [monitor, slotAt],
  )
  return Object.fromEntries(rows.map(({ sender, count }) => [sender, count]))
}

/** Samples and counts of a time before `before` are kept no longer. */
export async function forgetRates(pool: Pool, before: number): Promise<void> {
  await removeInPortions(pool, 'rate_samples', 'slot_at < $1', [before])
  await removeInPortions(pool, 'rate_counts', 'at < $1', [before])
}
