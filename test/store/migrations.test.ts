import pg from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { madeOf, migrate, SCHEMA } from '../../src/store/migrations.ts'
import { freshDatabase } from '../support/postgres.ts'
import { type Database, emptyStore } from '../support/stores.ts'

let database: Database
beforeEach(async () => {
  database = await emptyStore(freshDatabase)
})
afterEach(() => database.drop())

async function migrated(): Promise<number> {
  const client = new pg.Client(database.config)
  await client.connect()
  try {
    return await migrate(client)
  } finally {
    await client.end()
  }
}

/** Everything that the schema is made of. */
const shape = () =>
  database.query(
    `select table_name, column_name, data_type, is_nullable, column_default from information_schema.columns
     where table_schema = 'public' order by 1, 2`,
  )

describe('migrations', () => {
  test('make the schema from nothing', async () => {
    expect(await migrated()).toBe(SCHEMA)
    expect(await database.query('select schema, decided_at, next_incident, next_fact, chain_head from desk')).toEqual([
      { schema: SCHEMA, decided_at: 0, next_incident: 1, next_fact: 1, chain_head: '' },
    ])
  })

  test('a second time change nothing', async () => {
    await migrated()
    const before = await shape()
    await database.query('update desk set next_incident = 7')
    expect(await migrated()).toBe(SCHEMA)
    expect(await shape()).toEqual(before)
    expect(await database.query('select next_incident from desk')).toEqual([{ next_incident: 7 }])
  })

  test('of several processes that start together are made once', async () => {
    expect(await Promise.all(Array.from({ length: 4 }, migrated))).toEqual(Array(4).fill(SCHEMA))
    expect(await database.query('select schema from desk')).toEqual([{ schema: SCHEMA }])
  })

  test('are known by what they make: what a backup takes, and what a restore replaces', async () => {
    await migrated()
    const tables = await database.query(
      `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm')`,
    )
    const functions = await database.query(
      `select proname as name from pg_proc where pronamespace = 'public'::regnamespace`,
    )
    const names = (rows: pg.QueryResultRow[]) => new Set(rows.map(({ name }) => name))
    expect(new Set(madeOf(SCHEMA).tables)).toEqual(names(tables))
    expect(new Set(madeOf(SCHEMA).functions)).toEqual(names(functions))
    const types = `select typname from pg_type where typnamespace = 'public'::regnamespace and typtype in ('d', 'e', 'm')`
    expect(await database.query(types)).toEqual([])
  })

  test('that fail half-way leave nothing behind', async () => {
    await database.query('create table incidents (id int)')
    await expect(migrated()).rejects.toThrow(/already exists/)
    expect(await database.query(`select to_regclass('desk') as desk`)).toEqual([{ desk: null }])
  })
})

describe('opening the store', () => {
  test('registers each process under a number of its own', async () => {
    const [one, two] = [await database.open(), await database.open()]
    expect(one.process).not.toBe(two.process)
    expect(await database.query('select count(*)::int as n from processes')).toEqual([{ n: 2 }])
  })

  test('of a database that is ahead of the program is refused with a sentence, and changes nothing there', async () => {
    await migrated()
    await database.query('update desk set schema = $1', [SCHEMA + 1])
    await expect(database.open()).rejects.toThrow(
      `The store is at schema ${SCHEMA + 1}, this program knows ${SCHEMA}: start the newer version of Watchbill.`,
    )
    expect(await database.query('select schema from desk')).toEqual([{ schema: SCHEMA + 1 }])
    expect(await database.query('select count(*)::int as n from processes')).toEqual([{ n: 0 }])
    const left = await database.query(
      `select pid from pg_stat_activity where datname = current_database() and application_name = 'watchbill'`,
    )
    expect(left.length).toBeLessThanOrEqual(1)
  })

  test('listens again after its connection was cut, and says so', async () => {
    const store = await database.open()
    let notices = 0
    store.onNotice(() => {
      notices++
    })
    await database.cut()
    await expect.poll(() => store.healthy(), { timeout: 5_000 }).toBe(true)
    await expect.poll(() => notices, { timeout: 5_000 }).toBeGreaterThan(0)
    notices = 0
    await database.query(`select pg_notify('watchbill', '')`)
    await expect.poll(() => notices, { timeout: 5_000 }).toBe(1)
    expect(await store.answers()).toBe(true)
  })
})
