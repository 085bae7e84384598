import pg from 'pg'
import { machine, sleep } from '../clock.ts'
import { UserError } from '../errors.ts'
import { type Contents, type Table, writeBackupFile } from './backup-file.ts'
import { madeOf, SCHEMA, schemaOf } from './migrations.ts'

/** Rows are fetched in portions of about this size, so that a store of any size fits. */
const PORTION_BYTES = 256 * 1024
const FIRST_PORTION = 50
const LARGEST_PORTION = 5_000

/** A table that somebody changes the shape of is waited for so long. */
const LOCK_MS = 10_000
/** A portion takes milliseconds. A server that takes so long for one is better left alone. */
const PORTION_MS = 30_000
/** A disk that takes so long for a portion holds up the server's cleaning; the next try may find it faster. */
const IDLE_MS = 60_000

interface BackupOptions {
  /** Where it goes. */
  path: string
  at: number
  /** The version of this program. */
  program: string
  /** Gives it up. */
  signal: AbortSignal
  /** Nobody waits for it: it rests as long as it works, for whoever else wants something of the server. */
  gentle?: boolean
}

export interface Backup {
  file: string
  at: string
  schema: number
  /** Of each table. */
  rows: Record<string, number>
  bytes: number
  sha256: string
}

/**
 * A copy of all that is ours, in one snapshot: as the store was at one moment, while everybody goes on working. BullMQ's tables are not in
 * it: a timetable makes them anew.
 */
export async function backUp(
  config: pg.ClientConfig,
  { path, at, program, signal, gentle = false }: BackupOptions,
): Promise<Backup> {
  const client = await connection(config, {
    application: 'watchbill backup',
    statementMs: PORTION_MS,
    lockMs: LOCK_MS,
    idleMs: IDLE_MS,
  })
  const cut = () => void client.end().catch(() => {})
  signal.addEventListener('abort', cut, { once: true })
  try {
    signal.throwIfAborted()
    await client.query('begin isolation level repeatable read, read only')
    const schema = await knownSchema(client)
    const tables = await tablesOf(client, schema)
    const header: Contents['header'] = {
      format: 'watchbill backup',
      edition: 1,
      program,
      schema,
      at: new Date(at).toISOString(),
      tables,
    }
    const written = await writeBackupFile(path, { header, rows: (table) => rowsOf(client, table, gentle) }, signal)
    return { file: path, at: header.at, schema, ...written }
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener('abort', cut)
    await client.end().catch(() => {})
  }
}

interface Connection {
  application: string
  statementMs: number
  lockMs: number
  idleMs: number
}

/** A connection of its own: what takes long shares none with pages, and none of their limits. */
export async function connection(
  config: pg.ClientConfig,
  { application, statementMs, lockMs, idleMs }: Connection,
): Promise<pg.Client> {
  const client = new pg.Client({
    ...config,
    application_name: application,
    connectionTimeoutMillis: 10_000,
    statement_timeout: statementMs,
    lock_timeout: lockMs,
    idle_in_transaction_session_timeout: idleMs,
    options: `${config.options ?? ''} -c jit=off`.trim(),
    keepAlive: true,
  })
  // Whoever works with it learns of its loss by the next statement.
  client.on('error', () => {})
  await client.connect()
  return client
}

async function knownSchema(client: pg.Client): Promise<number> {
  const schema = await schemaOf(client)
  if (schema === null || schema === 0)
    throw new UserError('nothing-to-back-up', 'There is nothing to back up: Watchbill has not run on this store yet.')
  if (schema > SCHEMA) throw newerStore(schema)
  return schema
}

export const newerStore = (schema: number) =>
  new UserError(
    'newer-store',
    `The store is at schema ${schema}, this program knows ${SCHEMA}: use the newer version of Watchbill that runs on it.`,
  )

/** Our tables as they are, each after those it refers to. */
async function tablesOf(client: pg.ClientBase, schema: number): Promise<Table[]> {
  const tables: Table[] = []
  for (const name of madeOf(schema).tables) {
    const columns = await columnsOf(client, name)
    const identity = columns.find(({ numbers }) => numbers)
    tables.push({
      name,
      columns: columns.map((column) => column.name),
      identity: identity ? { column: identity.name, last: identity.last } : null,
    })
  }
  return tables
}

interface Column {
  name: string
  type: string
  /** It numbers the rows, and this was the last number. */
  numbers: boolean
  last: number | null
}

/** Those that are stored; what is computed from them is computed again. */
export async function columnsOf(client: pg.ClientBase, table: string): Promise<Column[]> {
  const { rows } = await client.query<Column>(
    `select attname as name, format_type(atttypid, atttypmod) as type, attidentity <> '' as numbers,
       case when attidentity <> '' then pg_sequence_last_value(pg_get_serial_sequence($1, attname)::regclass)::float8 end as last
     from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum`,
    [table],
  )
  return rows
}

/** What it holds is in no copy: from the secret of the ping keys every key can be made. Without it they work on, but are not shown again. */
const STAYS = ['ping_secret']

/** The rows of a table, a portion at a time. Portions are counted by size: a thousand samples, or a few long documents. */
async function* rowsOf(client: pg.Client, { name, columns }: Table, gentle: boolean): AsyncGenerator<string[]> {
  const texts = columns.map((column) => `"${column}"::text`).join(', ')
  await client.query(
    `declare portion no scroll cursor for select json_build_array(${texts})::text as row from "${name}"
     ${STAYS.includes(name) ? 'where false' : ''}`,
  )
  for (let count = FIRST_PORTION; ; ) {
    const startedAt = machine.elapsed()
    const { rows } = await client.query<{ row: string }>(`fetch ${count} from portion`)
    if (rows.length === 0) break
    yield rows.map(({ row }) => row)
    if (gentle) await sleep(machine.elapsed() - startedAt)
    const bytes = rows.reduce((sum, { row }) => sum + row.length, 0)
    const fitting = Math.floor((PORTION_BYTES * rows.length) / bytes)
    count = Math.max(1, Math.min(LARGEST_PORTION, fitting, count * 4))
  }
  await client.query('close portion')
}
