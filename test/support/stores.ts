import pg from 'pg'
import { pino } from 'pino'
import { openStore, type Store } from '../../src/store/store.ts'
import { T0 } from './builders.ts'
import { readyDatabase } from './ready.ts'

export interface Database {
  config: pg.PoolConfig & { database: string }
  /** A process of the bot, as far as the store is concerned. */
  open(): Promise<Store>
  /** A statement of nobody's. */
  query<T extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<T[]>
  /** Cuts every connection of the bot's processes, as a restart of the server does. */
  cut(): Promise<void>
  drop(): Promise<void>
}

/** A store in which nothing has happened, whose connections are all closed when it is dropped; `from` is where its database comes from. */
export async function emptyStore(from = readyDatabase): Promise<Database> {
  const { config, drop } = await from()
  const stores: Store[] = []
  const own = new pg.Pool({ ...config, max: 2, application_name: 'test' })
  own.on('error', () => {})
  const query: Database['query'] = async (sql, values) => (await own.query(sql, values)).rows
  return {
    config,
    async open() {
      const store = await openStore(config, T0, 'test', pino({ level: 'silent' }))
      stores.push(store)
      return store
    },
    query,
    async cut() {
      await query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and application_name = 'watchbill'`,
      )
    },
    async drop() {
      await Promise.allSettled(stores.map((store) => store.close()))
      await own.end()
      await drop()
    },
  }
}
