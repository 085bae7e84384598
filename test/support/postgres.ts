import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { pino } from 'pino'
import { inject } from 'vitest'
import type { TestProject } from 'vitest/node'
import { startEmbedded } from '../../src/store/embedded.ts'
import { startServer } from './server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    postgres: pg.ClientConfig
  }
}

let stop: () => Promise<void> = async () => {}

/** One real server for the whole run (vitest's globalSetup): the embedded one, or one of its own for the project that is named so. */
export async function setup(project: TestProject): Promise<void> {
  const { config, drop } = project.name === 'server' ? await startServer() : await embedded()
  stop = drop
  project.provide('postgres', config)
}

export const teardown = (): Promise<void> => stop()

async function embedded(): Promise<{ config: pg.ClientConfig; drop(): Promise<void> }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'watchbill-test-'))
  const server = await startEmbedded({ dataDir, log: pino({ level: 'error' }, pino.destination(2)) })
  return {
    config: server.poolConfig,
    async drop() {
      await server.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
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
