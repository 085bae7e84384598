import { Socket } from 'node:net'
import pg from 'pg'
import { pino } from 'pino'
import { inject } from 'vitest'
import { openStore, type Store } from '../../src/store/store.ts'
import { readyDatabase } from '../support/ready.ts'
import type { Instance } from './instance.ts'
import type { World } from './world.ts'

/** What a query gives, as far as it matters here. */
type Query = (...args: unknown[]) => Promise<unknown>

/** A real database, used for one simulation after another. */
export interface Lab {
  config: pg.PoolConfig
  query<T extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<T[]>
  /** Nothing has ever happened. */
  reset(): Promise<void>
  /** All that is in it, as one short text. */
  digest(): Promise<string>
  /** Something is owed, undone or due: a sweep would find it. */
  due(now: number): Promise<boolean>
  /** Connections that wait for a lock. */
  blocked(): Promise<number>
  /** Waits until the server has noticed that all connections but these many are gone. */
  disconnected(open: number): Promise<void>
  drop(): Promise<void>
}

export async function openLab(): Promise<Lab> {
  const { config, drop } = await readyDatabase()
  const own = new pg.Client({ ...config, application_name: 'simulation' })
  await own.connect()
  const query: Lab['query'] = async (sql, values) => (await own.query(sql, values)).rows
  // The simulated processes die; the server never does. What it has said that it has, it has.
  await query(`alter database ${config.database} set synchronous_commit = off`)
  // A table that is analyzed meanwhile gets other plans, and gives its rows in another order where none is asked for.
  const tables = await query<{ name: string }>(
    `select quote_ident(tablename) as name from pg_tables where schemaname = 'public' order by tablename`,
  )
  for (const { name } of tables) await query(`alter table ${name} set (autovacuum_enabled = off)`)
  const rows = tables.map(
    ({ name }) => `coalesce((select string_agg(t::text, '|' order by t::text) from ${name} t), '')`,
  )
  const DIGEST = `select md5(${rows.join(" || '#' || ")}) as digest`
  return {
    config,
    query,
    async reset() {
      await own.query(inject('schema').emptying)
    },
    digest: async () => String((await query(DIGEST))[0]?.digest),
    async due(now) {
      const [row] = await query(
        `select exists (
             select from owed o where state in ('open', 'unknown') and due_at <= $1 and not exists (
               select from owed b where b.lane = o.lane and b.seq < o.seq and b.state in ('open', 'unknown') and b.due_at > $1)
               and not exists (select from pauses p where p.lane = o.lane and p.until_at > $1))
           or exists (select from inbox where done_at is null)
           or exists (select from incidents where due_at <= $1) as due`,
        [now],
      )
      return row?.due === true
    },
    async blocked() {
      // A waiter that has been given its lock shows up as waiting until it runs again: the lock itself says who has it.
      const [row] = await query(
        `select count(distinct a.pid) as n from pg_locks l join pg_stat_activity a using (pid)
         where a.datname = current_database() and not l.granted`,
      )
      return Number(row?.n)
    },
    async disconnected(open) {
      for (;;) {
        const [row] = await query(
          `select count(*) as n from pg_stat_activity
           where datname = current_database() and application_name = 'watchbill'`,
        )
        if (Number(row?.n) <= open) return
      }
    },
    async drop() {
      await own.end()
      await drop()
    },
  }
}

/** Opens the store for a simulated process: its connections are known, and are cut when it dies. */
export async function openStoreFor(lab: Lab, instance: Instance): Promise<Store> {
  const stream = () => {
    if (instance.state === 'dead') throw new Error(`${instance.name} is dead and connects all the same`)
    const socket = new Socket()
    instance.sockets.add(socket)
    socket.once('close', () => instance.sockets.delete(socket))
    return socket
  }
  // Connections that lie idle stay: that they are closed and opened again is no matter of ours.
  const config = { ...lab.config, idleTimeoutMillis: 0, stream: stream as never }
  return openStore(config, instance.clock.now(), 'test', pino({ level: 'silent' }))
}

/** Who holds the desk's lock, on which connection: nobody else's transaction begins before it is given back. */
export interface DeskLock {
  holder: { instance: Instance; pid: number } | null
}

/** The server cuts off a process that freezes in mid-decision after this (`idle_in_transaction_session_timeout`). */
const CUT_OFF_MS = 2_000

export function cutOff({ world, lab, lock }: Pick<Options, 'world' | 'lab' | 'lock'>, frozen: Instance): void {
  world.alarm(world.now() + CUT_OFF_MS, () => {
    const { holder } = lock
    if (holder?.instance !== frozen || frozen.state !== 'frozen') return
    lock.holder = null
    return lab.query('select pg_terminate_backend($1, 1000)', [holder.pid])
  })
}

interface Options {
  world: World
  instance: Instance
  lab: Lab
  lock: DeskLock
  /** Tells every process that there may be work, as NOTIFY does. */
  notify(): void
}

/** Makes every statement of a store a call of a port, and its notices those of the simulation. */
export function portStore(store: Store, listeners: Set<() => void>, options: Options): Store {
  const { world, instance, lock, notify } = options

  const statement =
    (query: Query, of?: { desk: boolean; pid: number }): Query =>
    (...args) => {
      const sql = textOf(args[0])
      const begins = of?.desk === true && /^\s*begin\b/i.test(sql)
      const ends = of?.desk === true && /\b(commit|rollback)\s*$/i.test(sql)
      return world.call(instance, {
        port: 'store',
        what: inShort(sql),
        ready: () => !begins || lock.holder === null || lock.holder.instance.state === 'dead',
        async perform() {
          if (begins) {
            lock.holder = { instance, pid: of.pid }
            if (instance.state === 'frozen') cutOff(options, instance)
          }
          const result = await query(...args)
          if (ends) lock.holder = null
          // A transaction's notice goes out when it is in.
          if (sql.includes('pg_notify') && (result as pg.QueryResult).rowCount !== 0) notify()
          return { value: result }
        },
      })
    }

  const lent = async (connect: () => Promise<pg.PoolClient>, desk: boolean): Promise<pg.PoolClient> => {
    const take = async () => ({ value: await connect() })
    const client = await world.call(instance, { port: 'store', what: 'connect', perform: take, uncounted: true })
    const { query, release } = client
    const pid = (client as pg.PoolClient & { processID: number }).processID
    client.query = statement(query.bind(client) as Query, { desk, pid }) as never
    client.release = (error) => {
      client.query = query
      client.release = release
      if (desk && lock.holder?.instance === instance) lock.holder = null
      client.release(error)
    }
    return client
  }

  for (const pool of [store.pool, store.samplePool, store.auditPool, store.deskPool]) {
    pool.query = statement(pool.query.bind(pool) as Query) as never
    const connect = pool.connect.bind(pool) as (callback?: unknown) => Promise<pg.PoolClient>
    // pool.query asks for its connection with a callback: it is a call already.
    pool.connect = ((callback?: unknown) =>
      callback ? connect(callback) : lent(connect, pool === store.deskPool)) as never
  }
  store.onNotice = (listener) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }
  return store
}

const textOf = (query: unknown): string =>
  typeof query === 'string' ? query : String((query as { text?: unknown } | null)?.text ?? query)

/** The first words of a statement, and whatever it writes to. */
function inShort(sql: string): string {
  const words = sql.replaceAll(/\s+/g, ' ').trim()
  const writes = [...words.matchAll(/\b(?:insert into|update|delete from) (\w+)/g)].map(([found]) => found)
  return writes.length > 0 ? [...new Set(writes)].join(', ') : words.slice(0, 70)
}
