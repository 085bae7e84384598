import { type BackendFactory, createPostgresBackend, type IQueueBackend, runMigrations } from 'bullmq'
import pg from 'pg'
import type { Backend } from './queues.ts'

/**
 * Of each connection to BullMQ's tables. A tick is an alarm clock, not a record: what a crash of the server takes back of the last
 * moments costs one tick more or less, so its commits need not wait for the disk, which the desk's do.
 */
const CONNECTION_OPTIONS = '-c search_path=bullmq -c synchronous_commit=off'
/** Two listening workers, the rest for statements. */
const POOL_SIZE = 6

/** BullMQ's tables, in a schema of their own of the bot's own database, on connections of their own. */
export function postgresBackend(poolConfig: pg.PoolConfig): Backend {
  return {
    name: 'Postgres',
    async connect(onError) {
      const pool = new pg.Pool({
        ...poolConfig,
        max: POOL_SIZE,
        options: CONNECTION_OPTIONS,
        keepAlive: true,
        connectionTimeoutMillis: 5_000,
        query_timeout: 5_000,
        application_name: 'watchbill timetable',
      })
      pool.on('error', onError)
      // The pool hears only idle connections; a lent one that is cut between two statements must not end the process.
      pool.on('connect', (client) => client.on('error', () => {}))
      try {
        const client = await pool.connect()
        try {
          await runMigrations(client)
        } finally {
          client.release()
        }
      } catch (error) {
        await pool.end()
        throw error
      }
      return {
        connection: pool,
        factory: createPostgresBackend as BackendFactory<IQueueBackend, unknown>,
        drainDelay: 60,
        close: () => pool.end(),
      }
    },
  }
}
