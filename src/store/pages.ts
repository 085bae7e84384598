import type { Pool } from 'pg'
import { z } from 'zod'

const Row = z.strictObject({ person: z.string(), pages: z.number() })

/** How often each person was paged in [fromAt, toAt). */
export async function pagesReceived(pool: Pool, fromAt: number, toAt: number): Promise<Map<string, number>> {
  const { rows } = await pool.query(
    `select body -> 'page' ->> 'person' as person, count(*)::int as pages from facts
     where kind = 'paged' and not body -> 'page' ? 'shadow' and at >= $1 and at < $2 group by 1`,
    [fromAt, toAt],
  )
  return new Map(rows.map((row) => Row.parse(row)).map(({ person, pages }) => [person, pages]))
}
