import { createHash } from 'node:crypto'
import type { Pool } from 'pg'
import { z } from 'zod'
import { Rules } from '../domain/rules.ts'
import { storable } from '../json.ts'
import type { Connection, Store } from './store.ts'
import { LIVE_PROCESSES } from './store.ts'

/** Stores the configuration as a row of its history, and makes it the active one of all processes. The same configuration twice is one row. */
export async function activateRules(
  store: Pick<Store, 'pool' | 'process'>,
  rules: Rules,
  now: number,
): Promise<number> {
  const { id } = await keep(store.pool, rules, now)
  await activate(store, id, now)
  return id
}

/**
 * What a process that starts does with the configuration that it read. Beside others that live, one that had its day before and was
 * replaced is stale (a host that was not told): the active one stays. Alone, a process means what it says.
 *
 * @returns the active configuration, and whether the one given is stale
 */
export async function introduceRules(
  store: Store,
  rules: Rules,
  now: number,
): Promise<{ rules: Rules; stale: boolean }> {
  const { id, isNew } = await keep(store.pool, rules, now)
  const { rows } = await store.pool.query<{ active: number | null; others: boolean }>(
    `select rules_id as active, exists (${LIVE_PROCESSES} and objid::int <> $1) as others from desk`,
    [store.process],
  )
  const { active = null, others = false } = rows[0] ?? {}
  if (active === id) return { rules, stale: false }
  if (active !== null && !isNew && others) return { rules: await readRules(store.pool, active), stale: true }
  await activate(store, id, now)
  return { rules, stale: false }
}

async function keep(pool: Pool, rules: Rules, now: number): Promise<{ id: number; isNew: boolean }> {
  const doc = storable(rules)
  const digest = createHash('sha256').update(doc).digest('hex')
  const { rows } = await pool.query(
    `insert into rules (at, digest, doc) values ($1, $2, $3)
     on conflict (digest) do update set digest = excluded.digest returning id, xmax = 0 as "isNew"`,
    [now, digest, doc],
  )
  return z.strictObject({ id: z.number(), isNew: z.boolean() }).parse(rows[0])
}

/** One statement: what is active and the history of it never differ. */
async function activate({ pool, process }: Pick<Store, 'pool' | 'process'>, id: number, now: number): Promise<void> {
  await pool.query(
    `with chosen as (update desk set rules_id = $1 where rules_id is distinct from $1 returning rules_id)
     insert into activations (at, rules_id, process) select $2, rules_id, $3 from chosen`,
    [id, now, process],
  )
}

/** The configuration of that number. Rows are only ever added, so what was read once may be kept. */
export async function readRules(client: Pool | Connection, id: number): Promise<Rules> {
  const { rows } = await client.query<{ doc: unknown }>('select doc from rules where id = $1', [id])
  if (!rows[0]) throw new Error(`the store has no configuration ${id}`)
  return Rules.parse(rows[0].doc)
}
