import type { Pool } from 'pg'

/** Removed by one statement at most: none may take long. Where rows are large, fewer. */
const PORTION = 20_000

type Table = 'inbox' | 'rate_counts' | 'rate_samples' | 'rollups' | 'samples' | 'view_samples'

/** Removes rows of a table, however many there are, in statements that hold up nobody. */
export async function removeInPortions(
  pool: Pool,
  table: Table,
  which: string,
  values: number[],
  portion = PORTION,
): Promise<void> {
  for (let removed = portion; removed === portion; ) {
    const { rowCount } = await pool.query(
      `delete from ${table} where ctid = any(array(select ctid from ${table} where ${which} limit ${portion}))`,
      values,
    )
    removed = rowCount ?? 0
  }
}
