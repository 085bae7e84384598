import { hash } from 'node:crypto'
import type { Pool } from 'pg'
import { z } from 'zod'
import { Via } from '../domain/contact.ts'
import { storable } from '../json.ts'

/** What somebody answers at an address that only they were given: a page, or a test of how they are reached. */
const About = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('page'), incident: z.int(), page: z.string(), person: z.string(), via: Via }),
  z.strictObject({ kind: z.literal('test'), person: z.string(), via: Via, target: z.string() }),
])
export type Callback = z.infer<typeof About>

/** Of the address no more is kept than what it takes to know it again. */
export const digestOf = (token: string) => hash('sha256', token)

export async function rememberCallback(pool: Pool, token: string, about: Callback, at: number): Promise<void> {
  await pool.query('insert into callbacks (digest, about, at) values ($1, $2, $3)', [
    digestOf(token),
    storable(about),
    at,
  ])
}

export async function readCallback(pool: Pool, token: string): Promise<Callback | null> {
  const { rows } = await pool.query<{ about: unknown }>('select about from callbacks where digest = $1', [
    digestOf(token),
  ])
  return rows[0] ? About.parse(rows[0].about) : null
}

/** The pages that these people were sent in a way, of incidents that are open, the latest first. */
export async function callbacksTo(
  pool: Pool,
  people: readonly string[],
  via: Via,
): Promise<(Callback & { kind: 'page' })[]> {
  const { rows } = await pool.query<{ about: unknown }>(
    `select about from callbacks c join incidents i on i.id = (about ->> 'incident')::int and i.state <> 'resolved'
     where about ->> 'person' = any ($1) and about ->> 'via' = $2 and about ->> 'kind' = 'page' order by c.at desc limit 20`,
    [people, via],
  )
  return rows.map(({ about }) => About.parse(about)).filter((about) => about.kind === 'page')
}

export async function forgetCallbacks(pool: Pool, before: number): Promise<void> {
  await pool.query('delete from callbacks where at < $1', [before])
}
