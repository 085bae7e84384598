import type { Pool } from 'pg'
import { Silence } from '../domain/detect/silence.ts'

/** As the index `silences_open` has it. */
export const OPEN_SILENCE = `state in ('asked', 'planned', 'active', 'returning', 'overdue')`

/** Silences that are planned, hold, or are over and wait for what they covered; by the number of each. */
export async function readSilences(pool: Pool): Promise<Silence[]> {
  const { rows } = await pool.query<{ doc: unknown }>(`select doc from silences where ${OPEN_SILENCE} order by id`)
  return rows.map((row) => Silence.parse(row.doc))
}

/** One silence, however it stands; null when there is none of that number. */
export async function readSilence(pool: Pool, id: number): Promise<Silence | null> {
  const { rows } = await pool.query<{ doc: unknown }>('select doc from silences where id = $1', [id])
  return rows[0] ? Silence.parse(rows[0].doc) : null
}

/** The monitors that are disabled at an instant: they do not look. */
export async function readDisabled(pool: Pool, at: number): Promise<ReadonlySet<string>> {
  const { rows } = await pool.query<{ name: string }>(
    `select doc -> 'target' ->> 'name' as name from silences
     where state = 'active' and doc ->> 'mode' = 'disable' and until_at > $1`,
    [at],
  )
  return new Set(rows.map(({ name }) => name))
}

/** Keys of the alerts that fire under what a silence covers. */
export async function firingUnder(pool: Pool, { target }: Pick<Silence, 'target'>): Promise<string[]> {
  const { rows } = await pool.query<{ key: string }>(
    `select key from alerts where status = 'firing' and ${target.kind === 'service' ? 'service' : 'monitor'} = $1 order by key`,
    [target.name],
  )
  return rows.map(({ key }) => key)
}
