import type { Pool } from 'pg'
import { Mark, withAdopted } from '../domain/detect/adoption.ts'
import type { Rules } from '../domain/rules.ts'
import type { Connection } from './store.ts'

/** What people decided about names of the ledger. */
export async function readMarks(pool: Pool): Promise<Mark[]> {
  const { rows } = await pool.query<{ doc: unknown }>('select doc from marks order by name')
  return rows.map(({ doc }) => Mark.parse(doc))
}

/** The configuration with the monitors that were adopted: what is really watched. */
export async function withAdoptions(client: Pool | Connection, rules: Rules): Promise<Rules> {
  const { rows } = await client.query<{ doc: unknown }>('select doc from marks where adopted order by name')
  return withAdopted(
    rules,
    rows.map(({ doc }) => Mark.parse(doc)),
  )
}
