import type { Pool } from 'pg'
import type { FreezePeriod } from '../domain/deploy/freezes.ts'
import { recordable } from '../json.ts'
import { NOTIFY } from './store.ts'

/** A freeze period of a project that is ours; `id` is null while nobody knows whether GitLab has it. */
export interface OurFreeze extends FreezePeriod {
  id: number | null
}

export async function ourFreezes(pool: Pool, project: string): Promise<OurFreeze[]> {
  const { rows } = await pool.query<OurFreeze>(
    'select starts, ends, gitlab_id as id from gitlab_freezes where project = $1 order by made_at, starts',
    [project],
  )
  return rows
}

/** Projects that have freeze periods of ours. */
export async function frozenProjects(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ project: string }>('select distinct project from gitlab_freezes order by project')
  return rows.map(({ project }) => project)
}

/**
 * Says that a freeze period is about to be asked for, so that it is ours whatever becomes of the answer.
 *
 * @returns whether it was not on record yet: another process may be at it
 */
export async function intendFreeze(pool: Pool, project: string, { starts, ends }: FreezePeriod, now: number) {
  const { rowCount } = await pool.query(
    `insert into gitlab_freezes (project, starts, ends, made_at) values ($1, $2, $3, $4)
     on conflict (project, starts, ends) do nothing`,
    [project, starts, ends, now],
  )
  return rowCount === 1
}

export async function knowFreeze(pool: Pool, project: string, { starts, ends }: FreezePeriod, id: number) {
  await pool.query('update gitlab_freezes set gitlab_id = $4 where project = $1 and starts = $2 and ends = $3', [
    ...[project, starts, ends, id],
  ])
}

export async function forgetFreeze(pool: Pool, project: string, { starts, ends }: FreezePeriod): Promise<void> {
  await pool.query('delete from gitlab_freezes where project = $1 and starts = $2 and ends = $3', [
    project,
    starts,
    ends,
  ])
}

/** How long what may end by itself lasts before people hear of it. */
const PATIENCE_MS = 15 * 60_000

/**
 * The freeze periods of a project cannot be kept. People are told once for as long as that lasts: at once when GitLab refuses, and after a
 * quarter of an hour when it is away. In one statement: whoever dies in it has told nobody, or has it on record.
 */
export async function freezeTrouble(
  pool: Pool,
  { project, service, why, sure, people }: Trouble,
  now: number,
): Promise<void> {
  await pool.query(
    `with before as (
       select since_at, told from gitlab_troubles where project = $1
     ), lasting as (
       select coalesce((select since_at from before), $3::bigint) as since_at
     ), due as (
       select since_at from lasting
       where not coalesce((select told from before), false) and ($4 or $3::bigint - since_at >= ${PATIENCE_MS})
     ), trouble as (
       insert into gitlab_troubles (project, reason, since_at, told) values ($1, $2, $3::bigint, exists (select from due))
       on conflict (project) do update set reason = excluded.reason, told = gitlab_troubles.told or excluded.told
     ), owed_rows as (
       insert into owed (key, lane, kind, about, due_at)
       select 'freeze-trouble/' || $1 || '/' || since_at || '/' || person, 'freeze-trouble/' || person, 'freeze-trouble',
         $5::jsonb || jsonb_build_object('person', person), $3::bigint
       from due, unnest($6::text[]) as person
       on conflict (key) do nothing
     )
     select ${NOTIFY} from due`,
    [project, why, now, sure, recordable({ kind: 'freeze-trouble', service, project, why, at: now }), people],
  )
}

export interface Trouble {
  project: string
  service: string
  /** A sentence without its subject. */
  why: string
  sure: boolean
  people: readonly string[]
}

/** @returns whether there was any */
export async function freezesWell(pool: Pool, project: string): Promise<boolean> {
  return (await pool.query('delete from gitlab_troubles where project = $1', [project])).rowCount === 1
}
