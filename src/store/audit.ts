import type { Pool } from 'pg'
import { z } from 'zod'
import { PAGES } from './owed.ts'

/**
 * What the auditor reads and writes, on connections of its own with a tight budget: it must see what is wrong when the rest is stuck. Its
 * alarms are slots (who claims one says it), named after what they are about.
 */
const PULSE = 'audit'
const ALARM = 'alarm/'

/** Pages that are told of at once: more of them are one trouble. */
const MOST_PAGES = 50

const LatePage = z.object({
  key: z.string(),
  /** Null: it is about the watch of a schedule. */
  incident: z.number().nullable(),
  watch: z.string().nullable().default(null),
  person: z.string(),
  /** When it was first owed. */
  at: z.number(),
  service: z.string().nullable(),
  fallback: z.array(z.string()),
  /** What became of the latest attempt; null before the first has ended. */
  reason: z.string().nullable(),
})
export type LatePage = z.infer<typeof LatePage>

/**
 * Pages owed since before an instant and not sent, whose incident nobody has yet. Also leaves a sign: a store that only reads, or has no
 * room any more, does not do its part.
 */
export async function latePages(pool: Pool, owedBefore: number, now: number): Promise<LatePage[]> {
  const { rows } = await pool.query({
    // To plan it takes several times as long as to run it, and it runs for ever.
    name: 'late-pages',
    text: `with pulse as (
       insert into slots (name, last_slot) values ('${PULSE}', $2)
       on conflict (name) do update set last_slot = excluded.last_slot
     )
     select o.key, i.id as incident, page ->> 'person' as person, (page ->> 'at')::bigint as at, i.service,
       i.doc -> 'policy' -> 'fallback' as fallback,
       (select a.reason from attempts a where a.owed_key = o.key order by a.n desc limit 1) as reason,
       null::text as watch, o.seq
     from owed o join incidents i on i.id = (o.about ->> 'incident')::int,
       jsonb_array_elements(i.doc -> 'pages') as page
     where o.kind = 'page' and o.state in ('open', 'unknown') and i.state in ('paging', 'exhausted')
       and page ->> 'key' = o.key and (page ->> 'at')::bigint <= $1
     union all
     select o.key, null, f.body -> 'page' ->> 'person', (f.body -> 'page' ->> 'at')::bigint, null, '[]',
       (select a.reason from attempts a where a.owed_key = o.key order by a.n desc limit 1),
       f.body -> 'page' ->> 'schedule', o.seq
     from owed o join facts f on f.id = (o.about ->> 'fact')::bigint
     where o.kind = 'watch-page' and o.state in ('open', 'unknown') and o.shown = 0
       and (f.body -> 'page' ->> 'at')::bigint <= $1
     union all
     -- Several in one message: told of by the first of them that nobody has.
     select * from (
       select distinct on (o.key) o.key, i.id, f.body ->> 'person', f.at, i.service, i.doc -> 'policy' -> 'fallback',
         (select a.reason from attempts a where a.owed_key = o.key order by a.n desc limit 1), null, o.seq
       from owed o join facts f on f.id = (o.about ->> 'fact')::bigint,
         jsonb_array_elements(f.body -> 'pages') as page join incidents i on i.id = (page ->> 'incident')::int
       where o.kind = 'bundle' and o.state in ('open', 'unknown') and o.shown = 0
         and i.state in ('paging', 'exhausted') and f.at <= $1
       order by o.key, i.id) bundles
     order by seq limit ${MOST_PAGES}`,
    values: [owedBefore, now],
  })
  return rows.map((row) => LatePage.parse(row))
}

/** What became of a page that an alarm was raised about. */
const Settled = LatePage.extend({
  /** Sent, not deliverable, or not needed any more. */
  how: z.enum(['sent', 'refused', 'void']),
  /** When the latest attempt ended; null when there was none. */
  endedAt: z.number().nullable(),
})
export type Settled = z.infer<typeof Settled>

/** The slot of the alarm about a page. */
const alarmOf = (page: string) => `${ALARM}${page}`

/**
 * Makes an alarm about a page this process's own, as `claimSlot` does: of a page that is still owed. One that has gone out since it was
 * looked for is no news, and whoever told of that would have to tell it twice.
 */
export async function claimAlarm(pool: Pool, page: string, slotAt: number): Promise<boolean> {
  const { rowCount } = await pool.query(
    `insert into slots (name, last_slot) select $1, $2 from owed where key = $3 and state in ('open', 'unknown')
     on conflict (name) do update set last_slot = $2 where slots.last_slot < $2`,
    [alarmOf(page), slotAt, page],
  )
  return rowCount === 1
}

/**
 * Makes an alarm about something of the watch itself this process's own, or keeps it: true for one caller only in the whole installation, until
 * that one has not asked for `forMs`. Whoever has it asks with 0.
 */
export async function claimAilment(pool: Pool, about: string, now: number, forMs: number): Promise<boolean> {
  const { rowCount } = await pool.query(
    `insert into slots (name, last_slot) values ($1, $2)
     on conflict (name) do update set last_slot = $2 where slots.last_slot <= $2 - $3::bigint`,
    [alarmOf(about), now, forMs],
  )
  return rowCount === 1
}

/** Pages that were late and are not any more, each told to one asker only. */
export async function settledPages(pool: Pool): Promise<Settled[]> {
  const { rows } = await pool.query({
    name: 'settled-pages',
    text: `with over as (
       delete from slots s using owed o
       where s.name like '${ALARM}page/%' and o.key = substr(s.name, ${ALARM.length + 1}) and o.state in ('done', 'void')
       returning o.key, o.state, o.result, o.about
     )
     select over.key, i.id as incident, page ->> 'person' as person, (page ->> 'at')::bigint as at, i.service,
       i.doc -> 'policy' -> 'fallback' as fallback, over.result ->> 'gaveUp' as reason,
       case when over.state = 'done' and not coalesce(over.result ? 'gaveUp', false) then 'sent'
         when page ->> 'refused' is not null then 'refused' else 'void' end as how,
       (select max(ended_at) from attempts where owed_key = over.key) as "endedAt"
     from over join incidents i on i.id = (over.about ->> 'incident')::int, jsonb_array_elements(i.doc -> 'pages') as page
     where page ->> 'key' = over.key`,
  })
  return rows.map((row) => Settled.parse(row))
}

const Readings = z.object({
  inbox: z.object({ depth: z.number(), oldestMs: z.number() }),
  owed: z.object({
    page: z.object({ open: z.number(), overdueMs: z.number() }),
    other: z.object({ open: z.number(), overdueMs: z.number() }),
  }),
  monitors: z.record(z.string(), z.number()),
})
export type StoreReadings = z.infer<typeof Readings>

/** How much lies there and how old it is, in one statement over what is not done yet; and how the monitors stand. */
export async function storeReadings(pool: Pool, now: number): Promise<StoreReadings> {
  const open = (kinds: string) =>
    `(select jsonb_build_object('open', count(*), 'overdueMs', greatest(0, $1 - coalesce(min(due_at), $1)))
      from owed where state in ('open', 'unknown') and kind ${kinds} (${PAGES}))`
  const { rows } = await pool.query(
    `select
       (select jsonb_build_object('depth', count(*), 'oldestMs', greatest(0, $1 - coalesce(min(received_at), $1)))
        from inbox where done_at is null) as inbox,
       jsonb_build_object('page', ${open('in')}, 'other', ${open('not in')}) as owed,
       (select coalesce(jsonb_object_agg(status, n), '{}')
        from (select state ->> 'status' as status, count(*) as n
              from (select state from monitors union all select state from logs union all select state from heartbeats) as s
              group by 1) as m) as monitors`,
    [now],
  )
  return Readings.parse(rows[0])
}
