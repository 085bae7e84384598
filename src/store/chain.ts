import { createHash } from 'node:crypto'
import type { Pool } from 'pg'
import { canonical } from '../json.ts'

/** Facts read at once. */
const BATCH = 2_000

/** What is wrong with the record at a fact, as part of a sentence. */
interface Broken {
  fact: number
  why: string
}

/**
 * Goes through the whole record: every fact is what its digest says, follows on the one before without a gap, and the last is the one that
 * the desk knows. What was erased (its body is empty) is checked by its digest alone.
 *
 * @returns how many facts there are, and what is wrong, the first first
 */
export async function verifyChain(pool: Pick<Pool, 'query'>): Promise<{ facts: number; broken: Broken[] }> {
  const broken: Broken[] = []
  const first = await pool.query<{ chain_head: string; next_fact: number }>('select chain_head, next_fact from desk')
  const head = first.rows[0]
  let previous = ''
  let last = 0
  let facts = 0
  for (;;) {
    const { rows } = await pool.query<{
      id: number
      body: Record<string, unknown> | null
      digest: string
      hash: string
    }>('select id, body, digest, hash from facts where id > $1 and id < $3 order by id limit $2', [
      last,
      BATCH,
      head?.next_fact ?? 1,
    ])
    for (const { id, body, digest, hash } of rows) {
      if (id !== last + 1) broken.push({ fact: id, why: `the facts ${last + 1} to ${id - 1} are missing` })
      if (body !== null && Object.keys(body).length > 0 && sha256(canonical(body)) !== digest)
        broken.push({ fact: id, why: 'it is not what was recorded' })
      if (sha256(previous + digest) !== hash) broken.push({ fact: id, why: 'it does not follow on the one before' })
      previous = hash
      last = id
      facts++
    }
    if (rows.length < BATCH) break
  }
  // What is recorded while this looks is not looked at.
  if (head && (head.chain_head !== previous || head.next_fact !== last + 1))
    broken.push({ fact: last, why: 'it is not the last that was recorded: later ones are missing' })
  return { facts, broken }
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
