import pg, { type Pool } from 'pg'
import { z } from 'zod'
import { withImports } from '../domain/duty/imports.ts'
import { DAY_MS } from '../domain/duty/time.ts'
import { edited, Handover, RosterEdit, Watch } from '../domain/handover.ts'
import type { Rules } from '../domain/rules.ts'
import { readImports } from './imports.ts'
import type { Connection } from './store.ts'

/** Changes by hand that ended so long ago change nothing that is decided, or told as of now. */
export const HELD_MS = 2 * DAY_MS

/**
 * The configuration with the roster as it is really stood: schedules with what other systems' calendars say of them, and with everything
 * that was changed by hand. Whoever shows or asks who is on duty asks this, so that all views agree.
 */
export async function rotaOf(pool: Pool | Connection, rules: Rules, sinceAt = 0): Promise<Rules> {
  return withEdits(await withCalendars(pool, rules), await rosterEdits(pool, sinceAt))
}

/** The same for a subcommand that looks in for a moment; a store that was never used knows nothing. */
export async function rotaFrom(config: pg.PoolConfig, rules: Rules): Promise<Rules> {
  const pool = new pg.Pool({ ...config, max: 1, connectionTimeoutMillis: 5_000, query_timeout: 5_000 })
  try {
    const { rows } = await pool.query<{ known: boolean }>(`select to_regclass('roster_edits') is not null as known`)
    return rows[0]?.known ? await rotaOf(pool, rules) : rules
  } finally {
    await pool.end()
  }
}

/** With what other systems' calendars say; the store is not asked where the configuration names none. */
export async function withCalendars(pool: Pool | Connection, rules: Rules): Promise<Rules> {
  const asks = Object.values(rules.schedules).some(({ imported }) => imported)
  return asks ? withImports(rules, await readImports(pool)) : rules
}

export const withEdits = (rules: Rules, edits: readonly RosterEdit[]): Rules => ({
  ...rules,
  schedules: Object.fromEntries(
    Object.entries(rules.schedules).map(([name, schedule]) => [name, edited(schedule, edits)]),
  ),
})

/** Every change by hand that holds, held at an instant or later, or waits for an answer; in order. */
export async function rosterEdits(pool: Pool | Connection, sinceAt = 0): Promise<RosterEdit[]> {
  const { rows } = await pool.query<{ doc: unknown }>(
    `select doc from roster_edits where state in ('offered', 'active') and until_at > $1 order by id`,
    [sinceAt],
  )
  return rows.map((row) => RosterEdit.parse(row.doc))
}

/** One change by hand, however it stands; null when there is none of that number. */
export async function readEdit(pool: Pool, id: number): Promise<RosterEdit | null> {
  const { rows } = await pool.query<{ doc: unknown }>('select doc from roster_edits where id = $1', [id])
  return rows[0] ? RosterEdit.parse(rows[0].doc) : null
}

const State = z.object({ watches: z.array(Watch), handovers: z.array(Handover) })

/** Not over. */
const OPEN_HANDOVER = `state in ('planned', 'relieved-early', 'due', 'overdue', 'gap')`

/** The handovers that are not over, and the latest that came, of each schedule. */
export const HANDOVERS_OF_NOW = `
  select doc from handovers where ${OPEN_HANDOVER}
  union select last.doc from watches w cross join lateral (
    select doc from handovers h where h.schedule = w.schedule
      and h.state in ('relieved', 'forced', 'gap-open', 'started', 'superseded')
    order by change_at desc limit 1) last`

/** Who answers for each schedule by the last decision, and the handovers that are not over. */
export async function readWatches(pool: Pool): Promise<z.infer<typeof State>> {
  const { rows } = await pool.query(
    `select (select coalesce(jsonb_agg(doc order by schedule), '[]') from watches) as watches,
       (select coalesce(jsonb_agg(doc order by change_at), '[]') from handovers
        where ${OPEN_HANDOVER}) as handovers`,
  )
  return State.parse(rows[0])
}

/** The handover of a change; a row is there from an hour before it. */
export async function readHandover(pool: Pool, schedule: string, changeAt: number): Promise<Handover | null> {
  const { rows } = await pool.query<{ doc: unknown }>(
    'select doc from handovers where schedule = $1 and change_at = $2',
    [schedule, changeAt],
  )
  return rows[0] ? Handover.parse(rows[0].doc) : null
}

/** A handover that is over, and a later one of the schedule may be confirmed, or has come. */
export async function isOvertaken(pool: Pool, { schedule, changeAt, state }: Handover): Promise<boolean> {
  if (state === 'superseded' || state === 'void') return true
  if (['planned', 'due', 'overdue', 'gap'].includes(state)) return false
  const { rowCount } = await pool.query(
    `select from handovers where schedule = $1 and change_at > $2 and state <> 'void'
       and (state <> 'planned' or (doc ->> 'opened')::boolean) limit 1`,
    [schedule, changeAt],
  )
  return rowCount === 1
}

/** Pages that went to these people since an instant, and of how many incidents. */
export async function pagesOf(
  pool: Pool,
  people: readonly string[],
  sinceAt: number,
): Promise<{ pages: number; incidents: number }> {
  const { rows } = await pool.query<{ pages: number; incidents: number }>(
    `select count(*)::int as pages, count(distinct incident)::int as incidents from facts
     where kind = 'paged' and not body -> 'page' ? 'shadow' and at >= $2 and body -> 'page' ->> 'person' = any ($1)
       and not exists (select from incidents i where i.id = facts.incident and i.doc ->> 'drill' is not null)`,
    [people, sinceAt],
  )
  return rows[0] ?? { pages: 0, incidents: 0 }
}
