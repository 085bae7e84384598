import { hash } from 'node:crypto'
import type { Pool } from 'pg'
import { z } from 'zod'
import { type Contact, Via } from '../domain/contact.ts'

/** Whether people can be reached beside Slack: when that was last tried out, and what came of it. */
const Test = z.strictObject({
  person: z.string(),
  via: Via,
  /** A digest of where: another number is another target. */
  target: z.string(),
  at: z.number(),
  /** Why it was not taken; null: it was. */
  failed: z.string().nullable(),
  confirmedAt: z.number().nullable(),
})
export type ContactTest = z.infer<typeof Test>

export const targetOf = ({ via, to }: Pick<Contact, 'via' | 'to'>) => hash('sha256', `${via}\n${to}`)

export async function recordTest(pool: Pool, test: Omit<ContactTest, 'confirmedAt'>): Promise<void> {
  const { person, via, target, at, failed } = test
  await pool.query(
    `insert into contact_tests (person, via, target, at, failed) values ($1, $2, $3, $4, $5)
     on conflict (person, via, target) do update set at = $4, failed = $5`,
    [person, via, target, at, failed],
  )
}

/** The person says that it came; whether there was a test to say so of. */
export async function confirmTest(
  pool: Pool,
  { person, via, ...where }: { person: string; via: Via } & ({ target: string } | { to: string }),
  at: number,
): Promise<boolean> {
  const target = 'target' in where ? where.target : targetOf({ via, to: where.to })
  const { rowCount } = await pool.query(
    'update contact_tests set confirmed_at = $4 where person = $1 and via = $2 and target = $3',
    [person, via, target, at],
  )
  return (rowCount ?? 0) > 0
}

export async function readTests(pool: Pool): Promise<ContactTest[]> {
  const { rows } = await pool.query(
    'select person, via, target, at, failed, confirmed_at as "confirmedAt" from contact_tests order by person, via, target',
  )
  return rows.map((row) => Test.parse(row))
}
