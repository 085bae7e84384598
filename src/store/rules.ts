import { createHash } from 'node:crypto'
import type { Pool } from 'pg'
import { Rules } from '../domain/rules.ts'
import { storable } from '../json.ts'

/** Stores the configuration as a row of its history, and makes it the active one. The same configuration twice is one row. */
export async function activateRules(pool: Pool, rules: Rules, now: number): Promise<number> {
  const doc = storable(rules)
  const digest = createHash('sha256').update(doc).digest('hex')
  const { rows } = await pool.query<{ id: number }>(
    `insert into rules (at, digest, doc) values ($1, $2, $3)
     on conflict (digest) do update set digest = excluded.digest returning id`,
    [now, digest, doc],
  )
  const [row] = rows
  if (!row) throw new Error('the store took no configuration')
  await pool.query('update desk set rules_id = $1', [row.id])
  return row.id
}

const parsed = new WeakMap<Pool, { id: number; rules: Rules }>()

/** The configuration of that number. Rows are only ever added, so the last one read is kept. */
export async function readRules(pool: Pool, id: number): Promise<Rules> {
  const known = parsed.get(pool)
  if (known?.id === id) return known.rules
  const { rows } = await pool.query<{ doc: unknown }>('select doc from rules where id = $1', [id])
  if (!rows[0]) throw new Error(`the store has no configuration ${id}`)
  const rules = Rules.parse(rows[0].doc)
  parsed.set(pool, { id, rules })
  return rules
}
