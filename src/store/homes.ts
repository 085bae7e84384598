import type { Pool } from 'pg'
import { HOME_MS } from './owed.ts'
import { NOTIFY } from './store.ts'

/** A Home is kept up to date for so long after somebody opened it, or pressed something there. */
const KEPT_MS = 86_400_000

/** What has happened is told first, in the channels of the incident: the rows of Homes are old, and would stand before it. */
const AFTER_MS = 1_000

/**
 * Owes everybody who opened their Home lately a look at how things are now: a row each, however often something changes. Each row has a lane
 * of its own and is paid by one process at a time, so that no Home is overtaken by an older one, and Slack's `hash` is not needed.
 *
 * @param now the parameter that holds the instant
 * @param wanted the parameter that says whether there is anything new to see
 */
export const OWE_HOMES = (now: string, wanted = 'true') => `
  insert into owed (key, lane, kind, about, due_at, lazy)
  select 'home/' || slack_user, 'home/' || slack_user, 'home', jsonb_build_object('kind', 'home', 'user', slack_user),
    ${now}::bigint + ${AFTER_MS}, true
  from homes where ${wanted} and opened_at > ${now}::bigint - ${KEPT_MS} order by slack_user
  on conflict (key) do update set wanted = owed.wanted + 1, state = 'open', lazy = owed.lazy or owed.state = 'done',
    -- What is owed already, or failed, has its time; what was shown a moment ago is shown again in a while.
    due_at = case when owed.state = 'open' then owed.due_at else greatest(excluded.due_at, owed.shown_at + ${HOME_MS}) end`

/** Whether anybody has opened their Home lately. */
export async function anyHome(pool: Pool, now: number): Promise<boolean> {
  const { rowCount } = await pool.query('select from homes where opened_at > $1 limit 1', [now - KEPT_MS])
  return rowCount === 1
}

export async function oweHomes(pool: Pool, now: number): Promise<void> {
  await pool.query(`with home_rows as (${OWE_HOMES('$1')}) select ${NOTIFY}`, [now])
}

/** Somebody looks at their Home: it is shown to them at once, whatever was shown before. */
export async function openHome(pool: Pool, user: string, now: number): Promise<void> {
  await pool.query(
    `with opened as (
       insert into homes (slack_user, opened_at) values ($1, $2)
       on conflict (slack_user) do update set opened_at = greatest(homes.opened_at, excluded.opened_at)
     ), owed_row as (
       insert into owed (key, lane, kind, about, due_at)
       values ('home/' || $1, 'home/' || $1, 'home', jsonb_build_object('kind', 'home', 'user', $1::text), $2)
       on conflict (key) do update set wanted = owed.wanted + 1, state = 'open', lazy = false, result = null,
         -- What failed waits for its next try.
         due_at = case when owed.state = 'open' and owed.tries > 0 then owed.due_at else excluded.due_at end
     )
     select ${NOTIFY}`,
    [user, now],
  )
}

/** Nobody looks at it any more. */
export async function forgetHome(pool: Pool, user: string): Promise<void> {
  await pool.query('delete from homes where slack_user = $1', [user])
}

export async function forgetHomes(pool: Pool, now: number): Promise<void> {
  await pool.query('delete from homes where opened_at < $1', [now - KEPT_MS])
}
