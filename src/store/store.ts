import { hostname } from 'node:os'
import pg from 'pg'
import { parseIntoClientConfig } from 'pg-connection-string'
import type { Logger } from 'pino'
import { messageOf, UserError } from '../errors.ts'
import { migrate, SCHEMA, schemaOf } from './migrations.ts'

/** Instants are bigint in the store and numbers here: milliseconds fit a double until the year 287,396. */
pg.types.setTypeParser(pg.types.builtins.INT8, Number)

/** The class of the session locks by which processes show that they live (the first key of Postgres' two-key advisory locks). */
const PROCESS_LOCKS = 0x57424c

const CHANNEL = 'watchbill'

/** A statement that takes longer than this is cut off by the server: nothing here is meant to. */
const STATEMENT_MS = 4_500
/** A server that is frozen cuts nothing off: so long at most a caller is kept waiting. */
const ANSWER_MS = 5_000
const CONNECT_MS = 5_000

/** Of what looks after the rest: a store that takes longer for so little does not do its part. */
const AUDIT_MS = 500

/** One connection, lent. */
export type Connection = pg.ClientBase

export interface Store {
  /** For everything but decisions. */
  pool: pg.Pool
  /** One connection, shared with nothing: decisions wait for nobody. */
  deskPool: pg.Pool
  /** For samples without news: thousands a minute, none of which may be in the way of a page, and any of which may be lost in a crash. */
  samplePool: pg.Pool
  /** For whoever asks how things stand, when all else may be stuck: quick, or not at all. What it writes may be lost in a crash. */
  auditPool: pg.Pool
  /** This process, in claims. */
  process: number
  /** The disk of the store has so little room left that what can be done without is better not written. */
  lowDisk(): boolean
  /** For connections beside these: what takes long has one of its own. */
  config: pg.PoolConfig
  /** Calls back when another transaction may have left work; also after every reconnect, when notices may have been lost. */
  onNotice(listener: () => void): () => void
  healthy(): boolean
  /** Asks the store for a word, to see whether it does its part at this moment. */
  answers(): Promise<boolean>
  close(): Promise<void>
}

/** The connection of a database address (DATABASE_URL), with nothing taken from PG* variables that it says itself. */
export const addressed = (url: string): pg.PoolConfig => parseIntoClientConfig(url) as pg.PoolConfig

/** The database's own clock, once: the anchor of watch time, in UTC milliseconds. */
export async function databaseTime(config: pg.ClientConfig): Promise<number> {
  const client = new pg.Client({ ...config, connectionTimeoutMillis: CONNECT_MS, query_timeout: STATEMENT_MS })
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query<{ at: string }>('select extract(epoch from clock_timestamp()) * 1000 as at')
    return Math.floor(Number(rows[0]?.at))
  } finally {
    await client.end().catch(() => {})
  }
}

/** As much of the store as a subcommand needs that looks in for a moment, beside whatever else works on it. */
export interface AtHand {
  pool: pg.Pool
}

/** The store as it is: one that was never used, or that another version works on, is not changed, and that is said. */
export async function atHand<T>(config: pg.PoolConfig, use: (store: AtHand) => Promise<T>): Promise<T> {
  const timeouts = { connectionTimeoutMillis: CONNECT_MS, query_timeout: ANSWER_MS }
  const pool = new pg.Pool({ ...config, ...timeouts, max: 1 })
  pool.on('error', () => {})
  try {
    const client = await pool.connect()
    const schema = await schemaOf(client).finally(() => client.release())
    if (schema !== SCHEMA)
      throw new UserError(
        'other-schema',
        schema !== null && schema > SCHEMA
          ? `The store is at schema ${schema}, this program knows ${SCHEMA}: use the newer version of Watchbill that runs on it.`
          : 'This version of Watchbill has not run on this store yet: start it once.',
      )
    return await use({ pool })
  } finally {
    await pool.end()
  }
}

/** Wrong address, wrong password, no such database, no right to it: waiting does not mend these. */
const HOPELESS: Record<string, string> = {
  '28P01': 'refuses the password',
  '28000': 'refuses the user',
  '3D000': 'has no such database',
  '42501': 'does not let this user make tables',
}

/** Why it is of no use to try again, as a sentence for the operator; null when it may be. */
export function hopeless(error: unknown): string | null {
  const code = error instanceof pg.DatabaseError ? (error.code ?? '') : ''
  const what = HOPELESS[code]
  return what === undefined
    ? null
    : `The database server ${what} (${messageOf(error)}): correct DATABASE_URL, or what the user may do.`
}

/** Opens the store: migrates it, registers this process and keeps its session lock and its ear (LISTEN) on one direct connection. */
export async function openStore(
  config: pg.PoolConfig,
  now: number,
  version: string,
  log: Logger,
  lowDisk: () => boolean = () => false,
): Promise<Store> {
  const options: pg.PoolConfig = {
    ...config,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    query_timeout: ANSWER_MS,
    application_name: 'watchbill',
    // A JIT compilation costs more than every statement of this program.
    options: `${config.options ?? ''} -c jit=off`.trim(),
  }
  const pool = new pg.Pool({ ...options, max: 10 })
  const deskPool = new pg.Pool({ ...options, max: 1 })
  const sampling = { ...options, max: 3, options: `${options.options} -c synchronous_commit=off` }
  const samplePool = new pg.Pool(sampling)
  const auditPool = new pg.Pool({
    ...sampling,
    max: 3,
    // Kept: when the server takes no more, these are there.
    idleTimeoutMillis: 0,
    connectionTimeoutMillis: AUDIT_MS,
    statement_timeout: AUDIT_MS,
    query_timeout: AUDIT_MS,
  })
  const pools = [pool, deskPool, samplePool, auditPool]
  for (const each of pools) {
    each.on('error', (error) => log.warn({ reason: messageOf(error) }, 'a connection to the store was lost'))
    // The pool hears only those that lie idle. One that is lent, between two statements of a transaction, would end the process; whoever
    // holds it learns of the loss by its next statement.
    each.on('connect', (client) => client.on('error', () => {}))
  }
  try {
    await migrateOnce(pool)
    const process = await register(pool, now, version)
    const ear = await listen(options, process, log)
    return {
      pool,
      deskPool,
      samplePool,
      auditPool,
      process,
      lowDisk,
      config,
      onNotice: ear.onNotice,
      healthy: ear.healthy,
      answers: () =>
        auditPool.query('select 1').then(
          () => true,
          () => false,
        ),
      async close() {
        await ear.close()
        await Promise.all(pools.map((each) => each.end()))
      },
    }
  } catch (error) {
    await Promise.all(pools.map((each) => each.end()))
    throw error
  }
}

async function migrateOnce(pool: pg.Pool): Promise<void> {
  const client = await pool.connect()
  try {
    const schema = await migrate(client)
    if (schema > SCHEMA)
      throw new UserError(
        'newer-store',
        `The store is at schema ${schema}, this program knows ${SCHEMA}: start the newer version of Watchbill.`,
      )
  } finally {
    client.release()
  }
}

async function register(pool: pg.Pool, now: number, version: string): Promise<number> {
  const { rows } = await pool.query<{ id: number }>(
    'insert into processes (started_at, pid, host, version) values ($1, $2, $3, $4) returning id',
    [now, process.pid, hostname(), version],
  )
  const [row] = rows
  if (!row) throw new Error('the store gave this process no number')
  return row.id
}

interface Ear {
  onNotice(listener: () => void): () => void
  healthy(): boolean
  close(): Promise<void>
}

/** Holds the session lock of this process and listens; comes back by itself when the connection is lost. */
async function listen(options: pg.PoolConfig, process: number, log: Logger): Promise<Ear> {
  const listeners = new Set<() => void>()
  const tell = () => {
    for (const listener of listeners) listener()
  }
  let client: pg.Client | null = null
  let closed = false
  let retry: NodeJS.Timeout | null = null

  async function connect(): Promise<void> {
    const next = new pg.Client({ ...options, keepAlive: true })
    next.on('notification', tell)
    next.on('error', lost)
    next.on('end', lost)
    await next.connect()
    await next.query('select pg_advisory_lock_shared($1, $2)', [PROCESS_LOCKS, process])
    await next.query(`listen ${CHANNEL}`)
    client = next
    tell()

    function lost(error?: Error) {
      next.removeAllListeners()
      next.on('error', () => {})
      if (client === next) client = null
      if (closed || retry) return
      log.warn({ reason: error ? messageOf(error) : 'ended' }, 'the listening connection to the store was lost')
      retry = setTimeout(reconnect, 200)
    }
  }

  function reconnect() {
    retry = null
    if (closed) return
    connect().catch((error: unknown) => {
      log.debug({ reason: messageOf(error) }, 'the store does not answer yet')
      if (!closed && !retry) retry = setTimeout(reconnect, 500)
    })
  }

  await connect()
  return {
    onNotice(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    healthy: () => client !== null,
    async close() {
      closed = true
      if (retry) clearTimeout(retry)
      await client?.end().catch(() => {})
    },
  }
}

/**
 * Whether the store is at fault and not what was given to it: of its errors only those about data (SQLSTATE classes 22 and 23) and about
 * its size (54: a key that no index holds) come from a row.
 */
export function isOutage(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return !/^(2[23]|54)/.test(error.code ?? '')
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' || /timeout|terminated|Connection|not queryable/i.test(messageOf(error))
}

/** SQL that tells the other processes, on commit, that there may be work. */
export const NOTIFY = `pg_notify('${CHANNEL}', '')`

/**
 * The end of a statement that moves something in `moved`: once it has, the desk hears of the events in `$4`, stored at `$5`. Answers how many
 * rows `moved`.
 */
export const HEARD_IF_MOVED = `
  stored as (
    insert into inbox (source, key, lane, body, received_at)
    select e.source, e.key, 'desk', e.event, $5
      from jsonb_to_recordset($4) as e (source text, key text, event jsonb), moved
    on conflict do nothing returning id
  ), told as (select ${NOTIFY} from stored limit 1)
  select (select count(*) from moved) as moved, (select count(*) from told)`

/** Rows of processes that live: each holds its session lock. */
export const LIVE_PROCESSES = `select objid::int from pg_locks
  where locktype = 'advisory' and classid = ${PROCESS_LOCKS} and granted
    and database = (select oid from pg_database where datname = current_database())`

/** Two transactions waited for each other, and this one was given up: it may simply be tried again. */
export const isDeadlock = (error: unknown) => error instanceof pg.DatabaseError && error.code === '40P01'
