import { randomBytes } from 'node:crypto'
import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { pino } from 'pino'
import { inject } from 'vitest'
import type { TestProject } from 'vitest/node'
import { startEmbedded } from '../../src/store/embedded.ts'
import { migrate } from '../../src/store/migrations.ts'
import { keepCopies, withCluster } from './copies.ts'
import { type Schema, schemaOf } from './schema.ts'
import { startServer } from './server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    postgres: pg.ClientConfig
    /** Of {@link TEMPLATE}. */
    schema: Schema
  }
}

/** A database, until `drop`. */
export interface Lent {
  config: pg.PoolConfig & { database: string }
  drop(): Promise<void>
}

/** The schema, and nobody has ever been there: databases are copied from it. */
export const TEMPLATE = 'watchbill_template'

let stop: () => Promise<void> = async () => {}

/** One real server for the whole run (vitest's globalSetup): the embedded one, or one of its own for the project that is named so. */
export async function setup(project: TestProject): Promise<void> {
  const dropCopies = await keepCopies()
  const { config, drop } = project.name === 'server' ? await startServer() : await embedded()
  stop = () => drop().finally(dropCopies)
  await hurry(config)
  await onServer(config, `create database ${TEMPLATE}`)
  await onServer({ ...config, database: TEMPLATE }, async (client) => {
    await migrate(client)
    project.provide('schema', await schemaOf(client))
  })
  project.provide('postgres', config)
}

export const teardown = (): Promise<void> => stop()

async function embedded(): Promise<{ config: pg.ClientConfig; drop(): Promise<void> }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'watchbill-test-'))
  await withCluster(dataDir)
  // The bot's own is for one program; here are as many as there are workers, each with programs of its own.
  await appendFile(join(dataDir, 'postgres', 'postgresql.auto.conf'), 'max_connections = 200\n')
  const server = await startEmbedded({ dataDir, log: pino({ level: 'error' }, pino.destination(2)) })
  return {
    config: server.poolConfig,
    async drop() {
      await server.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/**
 * This server is not meant to die, and nobody guesses its password: what guards against either takes more time than most tests. Those
 * that look at either have servers of their own.
 */
const HURRIED = { fsync: 'off', full_page_writes: 'off', scram_iterations: '1' }

async function hurry(config: pg.ClientConfig): Promise<void> {
  await onServer(config, async (client) => {
    const known = await client.query<{ name: string }>('select name from pg_settings where name = any($1)', [
      Object.keys(HURRIED),
    ])
    for (const { name } of known.rows)
      await client.query(`alter system set ${name} = ${HURRIED[name as keyof typeof HURRIED]}`)
    await client.query('select pg_reload_conf()')
  })
  // The new settings hold for whoever connects from now on; the password is derived anew.
  await onServer(config, `alter user current_user password ${pg.escapeLiteral(String(config.password))}`)
}

/** An empty database of the run's server, without our schema. Whoever is still connected at `drop` is cut off. */
export async function freshDatabase(): Promise<Lent> {
  const server = inject('postgres')
  const database = `test_${randomBytes(6).toString('hex')}`
  await onServer(server, `create database ${database}`)
  return {
    config: { ...server, database },
    drop: () => onServer(server, `drop database if exists ${database} with (force)`),
  }
}

async function onServer(
  config: pg.ClientConfig,
  what: string | ((client: pg.Client) => Promise<unknown>),
): Promise<void> {
  const client = new pg.Client(config)
  await client.connect()
  try {
    await (typeof what === 'string' ? client.query(what) : what(client))
  } finally {
    await client.end()
  }
}
