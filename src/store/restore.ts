import type pg from 'pg'
import { machine, sleep } from '../clock.ts'
import { UserError } from '../errors.ts'
import { type Backup, backUp, columnsOf, connection, newerStore } from './backup.ts'
import { type Header, openBackupFile, type Table, type Trailer, verifyBackupFile } from './backup-file.ts'
import { MIGRATION_LOCK, madeOf, SCHEMA, schemaOf, takeSteps } from './migrations.ts'
import { LIVE_PROCESSES } from './store.ts'

/** A process that is just starting, or a query of a person, is waited for so long. */
const LOCK_MS = 10_000

/** The connections of a process that ended this moment are gone within this. */
const LEAVING_MS = 2_000
const LOOK_MS = 100

/** A backup that was read to its end, and is what was written. */
interface Examined {
  path: string
  header: Header
  rows: Trailer['rows']
}

/** Reads a backup to its end before anything is touched: what is damaged, foreign or too new is said in a sentence. */
export async function examine(path: string): Promise<Examined> {
  const { header, trailer } = await verifyBackupFile(path)
  if (header.schema > SCHEMA) throw newerBackup(path, header)
  const foreign = header.tables.find(({ name }) => !madeOf(header.schema).tables.includes(name))
  if (foreign) throw unknownTo(path, foreign.name)
  return { path, header, rows: trailer.rows }
}

interface RestoreOptions {
  /** Replaces what is there; a copy of it is kept in this file first. */
  force: { keepAs: string } | null
  at: number
  program: string
  signal: AbortSignal
}

export interface Restored {
  /** What the backup says of itself. */
  file: string
  at: string
  program: string
  /** That it was written at; the store is at the schema of this program now. */
  schema: number
  rows: Record<string, number>
  /** The copy of what was there before. */
  kept: Backup | null
}

/**
 * Puts a backup back, all or nothing, as it was: rows, numbers given out, the chain of the record. Only who claimed what is forgotten, for
 * those processes are no more; a send whose outcome is not known stays one, so that it is looked for before it is sent again.
 */
export async function restore(
  config: pg.ClientConfig,
  { path, header, rows }: Examined,
  options: RestoreOptions,
): Promise<Restored> {
  const { force, signal } = options
  const client = await connection(config, {
    application: 'watchbill restore',
    statementMs: 0,
    lockMs: LOCK_MS,
    idleMs: 0,
  })
  const cut = () => void client.end().catch(() => {})
  signal.addEventListener('abort', cut, { once: true })
  try {
    signal.throwIfAborted()
    // A process that starts now waits for us before it shows that it lives.
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK])
    await refuseBesideOthers(client)
    const there = await contentsOf(client)
    if (there.length > 0 && force === null) throw notEmpty(there)
    const kept = there.length > 0 && force !== null ? await backUp(config, { ...options, path: force.keepAs }) : null
    await replace(client, path, header)
    // From here on it cannot be called off: nobody would know whether it was.
    signal.removeEventListener('abort', cut)
    signal.throwIfAborted()
    await client.query('commit')
    return { file: path, at: header.at, program: header.program, schema: header.schema, rows, kept }
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener('abort', cut)
    await client.end().catch(() => {})
  }
}

async function refuseBesideOthers(client: pg.Client): Promise<void> {
  const endAt = machine.elapsed() + LEAVING_MS
  for (let living = await countLiving(client); living > 0; living = await countLiving(client)) {
    if (machine.elapsed() > endAt)
      throw new UserError(
        'store-in-use',
        `Watchbill is running on this store (${living === 1 ? 'one process' : `${living} processes`}): stop it, restore, and start it again.`,
      )
    await sleep(LOOK_MS)
  }
}

/**
 * Those that hold the lock of the living, and those that are connected though an outage has just cost them that lock. Who starts, and waits
 * for us, does not live yet.
 */
async function countLiving(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ n: number }>(
    `select greatest(
       (select count(*) from (${LIVE_PROCESSES}) as live),
       (select 1 from pg_stat_activity
         where datname = current_database() and application_name = 'watchbill'
           and wait_event is distinct from 'advisory' limit 1))::int as n`,
  )
  return rows[0]?.n ?? 0
}

/** Tables that hold anything; that a process merely started, or the desk has its row, does not count. */
async function contentsOf(client: pg.Client): Promise<string[]> {
  const schema = await schemaOf(client)
  if (schema === null) return []
  if (schema > SCHEMA) throw newerStore(schema)
  const tables = madeOf(schema).tables.filter((table) => !['desk', 'processes'].includes(table))
  const held: string[] = []
  for (const table of tables) {
    const { rows } = await client.query<{ any: boolean }>(`select exists (select from "${table}") as any`)
    if (rows[0]?.any) held.push(table)
  }
  return held
}

/** Begins the transaction, and does all that is to be done in it. */
async function replace(client: pg.Client, path: string, header: Header): Promise<void> {
  await client.query('begin')
  await clear(client)
  await takeSteps(client, 0, header.schema)
  // What a step put there comes out of the backup too.
  for (const table of madeOf(header.schema).tables.toReversed()) await client.query(`delete from "${table}"`)
  await fill(client, path, header)
  await takeSteps(client, header.schema, SCHEMA)
  await forgetClaims(client)
  // A store that was just filled knows nothing of itself, and plans badly.
  for (const table of madeOf(SCHEMA).tables) await client.query(`analyze "${table}"`)
}

/** The tables go and are made anew: an append-only one can be emptied in no other way. */
async function clear(client: pg.Client): Promise<void> {
  const schema = await schemaOf(client)
  if (schema === null) return
  const { tables, functions } = madeOf(schema)
  await client.query(`drop table ${tables.map((table) => `"${table}"`).join(', ')}`)
  for (const name of functions) await client.query(`drop function "${name}"`)
}

/** Rows are added in the order of the file; read again, they are checked again. */
async function fill(client: pg.Client, path: string, header: Header): Promise<void> {
  const { batches } = await openBackupFile(path)
  const inserts = new Map<Table['name'], string>()
  for await (const { table, rows } of batches) {
    const insert = inserts.get(table.name) ?? (await insertOf(client, path, table))
    inserts.set(table.name, insert)
    await client.query(insert, [`[${rows.join(',')}]`])
  }
  for (const { name, identity } of header.tables)
    if (identity?.last != null)
      await client.query('select setval(pg_get_serial_sequence($1, $2), $3)', [name, identity.column, identity.last])
}

/** Rows as a backup has them, each column back from its text. */
async function insertOf(client: pg.Client, path: string, { name, columns }: Table): Promise<string> {
  const types = new Map((await columnsOf(client, name)).map((column) => [column.name, column.type]))
  const strange = columns.find((column) => !types.has(column))
  if (strange !== undefined) throw unknownTo(path, `${name}.${strange}`)
  const values = columns.map((column, index) => `(r ->> ${index})::${types.get(column)}`)
  const names = columns.map((column) => `"${column}"`)
  return `insert into "${name}" (${names.join(', ')}) overriding system value
    select ${values.join(', ')} from json_array_elements($1::json) as r`
}

/** Those who claimed what is open are no more. A payload of Slack without an owner is taken up when its lease is over. */
async function forgetClaims(client: pg.Client): Promise<void> {
  await client.query('update owed set owner = null, lease_until = null where owner is not null')
  await client.query(
    `update inbox set owner = null, lease_until = case when lane = 'slack' and done_at is null then 0 end
     where owner is not null`,
  )
}

const notEmpty = (held: string[]) =>
  new UserError(
    'store-not-empty',
    `The store is not empty (there are rows in ${held.join(', ')}): --force replaces all of it, and keeps a copy of it first.`,
  )

const newerBackup = (path: string, { program, schema }: Header) =>
  new UserError(
    'newer-backup',
    `${path} was written by Watchbill ${program} at schema ${schema}, this program knows ${SCHEMA}: restore it with that version or a newer one.`,
  )

const unknownTo = (path: string, what: string) =>
  new UserError(
    'newer-backup',
    `${path} holds ${what}, which this version of Watchbill does not know: restore it with the version that wrote it.`,
  )
