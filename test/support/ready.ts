import pg from 'pg'
import { inject } from 'vitest'
import { sleep } from '../../src/clock.ts'
import { type Lent, TEMPLATE } from './postgres.ts'
import { shapeOf } from './schema.ts'

/**
 * Databases with the schema in them, lent to one test after another and emptied between: to make one takes longer than most tests. Whoever
 * holds the lock of one, which ends with its process, has it for itself.
 */
interface Ready {
  number: number
  name: string
  /** Stays connected, for the next test. */
  own: pg.Client
}

/** The class of these locks. */
const LENT = 0x6c656e74

/** Connections of a test that has closed its store take so long to go, in steps of {@link STEP_MS}. */
const GOING_STEPS = 20
const STEP_MS = 10

/** Holds the locks; lost, it takes them with it, and another begins anew. */
let keeper: Promise<pg.Client> | undefined
const free: Ready[] = []
/** All that are this process's: a lock that one has is given to one again. */
const held = new Set<number>()

/** A database in which nothing has ever happened. Whoever is still connected at `drop` is cut off. */
export async function readyDatabase(): Promise<Lent> {
  keeper ??= connected(inject('postgres'), () => {
    keeper = undefined
    // They are nobody's any more; those that are lent are not lent twice.
    free.length = 0
  })
  const client = await keeper
  const ready = free.pop() ?? (await next(client))
  if (!(await empty(ready))) {
    // A test has changed the schema.
    await discard(client, ready)
    return readyDatabase()
  }
  return {
    config: { ...inject('postgres'), database: ready.name },
    async drop() {
      if (await isLeft(ready)) free.push(ready)
      else await discard(client, ready)
    },
  }
}

/** The first that nobody holds; made, if it is not there. */
async function next(client: pg.Client): Promise<Ready> {
  const server = inject('postgres')
  for (let number = 1; ; number++) {
    if (held.has(number)) continue
    const { rows } = await client.query('select pg_try_advisory_lock($1, $2) as ours', [LENT, number])
    if (rows[0]?.ours !== true) continue
    held.add(number)
    const name = `ready_${number}`
    const made = await client.query('select from pg_database where datname = $1', [name])
    if (made.rows.length === 0) await client.query(`create database ${name} template ${TEMPLATE}`)
    return { number, name, own: await connected({ ...server, database: name }, () => {}) }
  }
}

async function discard(client: pg.Client, { number, name, own }: Ready): Promise<void> {
  await own.end()
  await client.query(`drop database ${name} with (force)`)
  held.delete(number)
  await client.query('select pg_advisory_unlock($1, $2)', [LENT, number])
}

/** False, and nothing was done, where the schema is another. */
async function empty({ own }: Ready): Promise<boolean> {
  const { shape, emptying } = inject('schema')
  if ((await shapeOf(own)) !== shape) return false
  await own.query(emptying)
  return true
}

/** Whether nobody else is connected any more. */
async function isLeft({ own }: Ready): Promise<boolean> {
  for (let step = 0; step < GOING_STEPS; step++) {
    const { rows } = await own.query(
      `select from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`,
    )
    if (rows.length === 0) return true
    await sleep(STEP_MS)
  }
  return false
}

async function connected(config: pg.ClientConfig, lost: () => void): Promise<pg.Client> {
  const client = new pg.Client({ ...config, application_name: 'test' })
  // Whoever uses it next hears of it.
  client.on('error', lost)
  await client.connect()
  // Its process ends with its tests; the types do not know that a client can be let go of.
  ;(client as pg.Client & { unref(): void }).unref()
  return client
}
