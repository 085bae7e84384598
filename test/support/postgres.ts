import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { pino } from 'pino'
import { inject } from 'vitest'
import type { TestProject } from 'vitest/node'
import { type EmbeddedServer, startEmbedded } from '../../src/store/embedded.ts'

declare module 'vitest' {
  interface ProvidedContext {
    postgres: EmbeddedServer['poolConfig']
  }
}

let running: { server: EmbeddedServer; dataDir: string } | undefined

/** One real server for the whole run (vitest's globalSetup). */
export async function setup(project: TestProject): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'watchbill-test-'))
  const server = await startEmbedded({ dataDir, log: pino({ level: 'error' }, pino.destination(2)) })
  running = { server, dataDir }
  project.provide('postgres', server.poolConfig)
}

export async function teardown(): Promise<void> {
  await running?.server.stop()
  if (running !== undefined) await rm(running.dataDir, { recursive: true, force: true })
}

/** An empty database of the run's server, for one test or one file of them. Whoever is still connected at `drop` is cut off. */
export async function freshDatabase(): Promise<{
  config: pg.PoolConfig & { database: string }
  drop(): Promise<void>
}> {
  const server = inject('postgres')
  const database = `test_${randomBytes(6).toString('hex')}`
  await run(server, `create database ${database}`)
  return {
    config: { ...server, database },
    drop: () => run(server, `drop database if exists ${database} with (force)`),
  }
}

async function run(config: pg.ClientConfig, sql: string): Promise<void> {
  const client = new pg.Client(config)
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
