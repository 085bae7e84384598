import type { Pool } from 'pg'
import { z } from 'zod'
import { About } from '../domain/owed.ts'
import { storable } from '../json.ts'
import type { Store } from './store.ts'
import { LIVE_PROCESSES, NOTIFY } from './store.ts'

const result = z.record(z.string(), z.unknown()).nullable()
export type Result = z.infer<typeof result>

const Claim = z.strictObject({
  key: z.string(),
  lane: z.string(),
  about: About,
  fence: z.number(),
  tries: z.number(),
  wanted: z.number(),
  /** An earlier send may have arrived: its outcome is not on record. */
  uncertain: z.boolean(),
  result,
})
export type Claim = z.infer<typeof Claim>

/** What wakes somebody. */
export const PAGES = `'page', 'bundle', 'watch-page'`
/** What is never made to wait for anything else. The index `owed_urgent` names the same. */
const URGENT = `${PAGES}, 'loud', 'contact'`

/** A view that changes with every alert is brought up to date this often at most. */
export const LAZY_MS = 30_000
/** A Home is looked at by somebody who wonders what to do. */
export const HOME_MS = 15_000

/** Nothing stands before it in its lane, and nothing behind it is on its way: a view that is wanted again keeps its place in front. */
// One that was shown before and has time until it is again holds up nothing.
const LANE_IS_FREE = `not exists (
  select from owed b where b.lane = o.lane and b.key <> o.key and b.state in ('open', 'unknown')
    and (b.seq < o.seq and (b.shown = 0 or b.due_at <= $1) or (b.lease_until >= $2 and (b.owner = $4 or b.owner in (select * from live)))))`

/**
 * Claims what is due: owner, fence + 1, a lease. One statement, safe between processes. Free is what nobody claims, whose claimer's session
 * lock is gone, or whose lease is over; our own lock may be gone for a moment after an outage of the store, and we still send. Free is also
 * what is claimed by us and not in flight, since the answer to a claim or a commit was lost; but nothing that was claimed after this call
 * was made. Everything but a page waits for what is before it in its lane.
 */
export async function claim(
  store: Store,
  { now, machineNow, leaseMs, limit, urgent, inFlight }: ClaimLimits,
): Promise<Claim[]> {
  const { rows } = await store.pool.query(
    `with live as (${LIVE_PROCESSES}), free as (
       select key, sending from owed o
       where state in ('open', 'unknown') and due_at <= $1
         and kind ${urgent ? '' : 'not '}in (${URGENT})
         and (owner is null or lease_until < $2 or (owner <> $4 and owner not in (select * from live))
           or (owner = $4 and lease_until < $2 + $5 and key <> all ($6)))
         and not exists (select from pauses p where p.lane = o.lane and p.until_at > $1)
         and ${urgent ? `(kind = 'page' or ${LANE_IS_FREE})` : LANE_IS_FREE}
       -- What people have open in Slack keeps its old place in the order, and waits for everything else.
       order by kind = 'home', seq limit $3 for update skip locked
     ), taken as (
       update owed set owner = $4, fence = fence + 1, lease_until = $2 + $5, sending = true, tries = tries + 1, lazy = true
       from free where owed.key = free.key
       returning owed.key, lane, about, fence, tries, wanted, free.sending as uncertain, result, seq
     )
     -- Begun in the order in which they were owed.
     select key, lane, about, fence, tries, wanted, uncertain, result from taken order by seq`,
    [now, machineNow, limit, store.process, leaseMs, inFlight],
  )
  return rows.map((row) => Claim.parse(row))
}

/** What was to go out later, under these keys, goes out now; why is kept with it. What has been tried already waits for its next try. */
export async function hasten(pool: Pool, under: string, now: number, why: Record<string, string>): Promise<void> {
  await pool.query(
    `with hastened as (
       update owed set due_at = $2, result = coalesce(result, '{}') || $3
       where key collate "C" >= $1 and key collate "C" < $1 || '~' and state = 'open' and not sending and tries = 0 and due_at > $2
       returning key
     ) select ${NOTIFY} from hastened`,
    [under, now, storable(why)],
  )
}

/** The next of them alone, of those that quiet hours do not hold back: the page itself is in Slack. */
export async function hastenNext(pool: Pool, under: string, now: number): Promise<void> {
  await pool.query(
    `with hastened as (
       update owed set due_at = $2 where key = (
         select key from owed where key collate "C" >= $1 and key collate "C" < $1 || '~'
           and state = 'open' and not sending and tries = 0 and due_at > $2
           and coalesce((about ->> 'heldUntil')::bigint <= $2, true) order by due_at, seq limit 1)
       returning key
     ) select ${NOTIFY} from hastened`,
    [under, now],
  )
}

interface ClaimLimits {
  now: number
  machineNow: number
  leaseMs: number
  limit: number
  /** Pages, or everything else. */
  urgent: boolean
  /** Keys that this process is sending, or about to send. */
  inFlight: readonly string[]
}

/** When the next row falls due after `now`, or the pause of a lane ends; null when neither does. What is due already is being sent, or waits for its lane. */
export async function nextOwedAt(pool: Pool, now: number): Promise<number | null> {
  const { rows } = await pool.query<{ at: number | null }>(
    `select least(
       (select min(due_at) from owed where state in ('open', 'unknown') and due_at > $1),
       (select min(until_at) from pauses where until_at > $1)) as at`,
    [now],
  )
  return rows[0]?.at ?? null
}

/** Whether this claim still stands: asked before a send that took long to prepare, so that a frozen process sends nothing stale. */
export async function stands(pool: Pool, { key, fence }: Pick<Claim, 'key' | 'fence'>): Promise<boolean> {
  const { rowCount } = await pool.query(
    `select from owed where key = $1 and fence = $2 and state in ('open', 'unknown')`,
    [key, fence],
  )
  return rowCount === 1
}

interface Finish {
  claim: Pick<Claim, 'key' | 'fence' | 'wanted'>
  state: 'done' | 'open' | 'unknown'
  /** When to try again, for 'open' and 'unknown'. */
  dueAt: number
  result: Result
  attempt: { startedAt: number; endedAt: number; outcome: string; reason: string | null }
}

/**
 * Records what came of an attempt, under its fence: a process that was overtaken changes nothing. A page that was sent has its message kept
 * up to date from then on: something may have changed while it was on its way.
 */
export async function finish(pool: Pool, { claim, state, dueAt, result, attempt }: Finish): Promise<void> {
  const { key, fence, wanted } = claim
  await pool.query(
    `with finished as (
       update owed set
         state = case when $3 = 'done' and wanted > $4 then 'open' else $3 end,
         shown = case when $3 = 'done' then $4 else shown end,
         tries = case when $3 = 'done' then 0 else tries end,
         shown_at = case when $3 = 'done' then $5 else shown_at end,
         due_at = $5 + case when $3 <> 'done' or not lazy then 0 when kind = 'home' then ${HOME_MS} else ${LAZY_MS} end, result = coalesce($6, result), owner = null, lease_until = null, sending = false
       where key = $1 and fence = $2
       returning key, kind, wanted, state
     ), evidence as (
       insert into attempts (owed_key, n, started_at, ended_at, outcome, reason)
       select $1, $2, $7, $8, $9, $10 from finished on conflict do nothing
     ), views as (
       update owed set state = 'open', wanted = wanted + 1, due_at = $8, lazy = false
       where key = 'view/' || $1 and exists (select from finished where kind = 'page' and state = 'done')
     )
     select ${NOTIFY} from finished where kind = 'page' or state = 'open'`,
    [
      key,
      fence,
      state,
      wanted,
      dueAt,
      result === null ? null : storable(result),
      attempt.startedAt,
      attempt.endedAt,
      attempt.outcome,
      attempt.reason,
    ],
  )
}

/** Nothing more of a lane is sent before this, whatever is owed there later: the receiver asked for a pause. Those that are over are forgotten. */
export async function pauseLane(pool: Pool, lane: string, untilAt: number, now: number): Promise<void> {
  await pool.query(
    `with over as (delete from pauses where until_at < $3 and lane <> $1)
     insert into pauses (lane, until_at) values ($1, $2)
     on conflict (lane) do update set until_at = greatest(pauses.until_at, excluded.until_at)`,
    [lane, untilAt, now],
  )
}

/** What came of a row: its state and what was kept with it. */
export async function resultOf(
  pool: Pool,
  key: string,
): Promise<{ state: 'open' | 'unknown' | 'done' | 'void'; result: Result } | null> {
  const { rows } = await pool.query('select state, result from owed where key = $1', [key])
  return rows[0] ? z.object({ state: z.enum(['open', 'unknown', 'done', 'void']), result }).parse(rows[0]) : null
}

/** What the receiver knows each message by that has gone out by one of these rows. */
export async function sentAs(pool: Pool, keys: readonly string[]): Promise<unknown[]> {
  const { rows } = await pool.query<{ id: unknown }>(
    `select result -> 'id' as id from owed where key = any ($1) and state = 'done' and result ? 'id' order by seq`,
    [keys],
  )
  return rows.map(({ id }) => id)
}

/**
 * Where the messages of these rows lie. Unsure when one may lie where nobody knows: it is on its way, or the reply to an attempt was lost.
 */
export async function placesOf(pool: Pool, { keys, under }: Rows): Promise<{ places: Place[]; unsure: boolean }> {
  const { rows } = await pool.query<Partial<Place> & { unsure: boolean }>(
    `select result ->> 'channel' as channel, result ->> 'ts' as ts,
       kind <> 'page-view' and result ->> 'ts' is null and (sending or state = 'unknown')
         or exists (select from attempts a where a.owed_key = o.key and a.outcome = 'unknown') as unsure
     from owed o where key in (
       select unnest($1::text[]) union all
       select owed.key from unnest($2::text[]) as prefix join owed
         on owed.key collate "C" >= prefix and owed.key collate "C" < prefix || '~')`,
    [keys, under],
  )
  const places = rows.flatMap(({ channel, ts }) => (channel && ts ? [{ channel, ts }] : []))
  return { places, unsure: rows.some((row) => row.unsure) }
}

/** Keys of pages about a watch, of those whose keys begin so, that ask somebody to take an incident. */
export async function pagesNaming(pool: Pool, under: string, incident: number): Promise<string[]> {
  const { rows } = await pool.query<{ key: string }>(
    `select o.key from owed o join facts f on f.id = (o.about ->> 'fact')::bigint
     where o.key collate "C" >= $1 and o.key collate "C" < $1 || '~' and f.body -> 'page' -> 'incidents' @> to_jsonb($2::bigint)`,
    [under, incident],
  )
  return rows.map(({ key }) => key)
}

/** Rows by their keys, and by what their keys begin with. */
export interface Rows {
  keys: readonly string[]
  under: readonly string[]
}

interface Place {
  channel: string
  ts: string
}

/** Whether anything is on its way, or due and not behind something of its lane that has to wait. */
export async function owing(pool: Pool, now: number): Promise<boolean> {
  const { rows } = await pool.query<{ owing: boolean }>(
    `select exists (
       select from owed o where state in ('open', 'unknown') and (owner is not null or due_at <= $1 and (kind = 'page'
         or not exists (select from owed b where b.lane = o.lane and b.state in ('open', 'unknown') and b.seq < o.seq
           and (b.shown = 0 or b.due_at <= $1))))
     ) as owing`,
    [now],
  )
  return rows[0]?.owing ?? false
}
