import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { sleep } from '../src/clock.ts'
import { type EmbeddedServer, startEmbedded } from '../src/store/embedded.ts'
import { openStore, type Store } from '../src/store/store.ts'
import { postgresTimetable } from '../src/timetable.ts'
import { withCluster } from './support/copies.ts'
import { freshDatabase } from './support/postgres.ts'
import { type Process, processes } from './support/queues.ts'

/** What is Postgres' own, where the queue and the store that claims are asked of are one server. */

const silent = pino({ level: 'silent' })
const cleanUp: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step()
})

async function installation(config: pg.PoolConfig & { database: string }) {
  const store: Store = await openStore(config, 0, 'test', silent)
  cleanUp.push(() => store.close())
  return processes({ timetable: (options) => postgresTimetable({ ...options, poolConfig: config }) }, store.pool)
}

async function started(process: Process, names: Record<string, number>): Promise<Process> {
  cleanUp.push(process.close)
  for (const [name, ms] of Object.entries(names)) process.every(name, ms)
  await process.timetable.start()
  await expect.poll(process.downSince, { timeout: 5_000 }).toBeNull()
  return process
}

async function freshQueues() {
  const { config, drop } = await freshDatabase()
  cleanUp.push(drop)
  const client = new pg.Client({ ...config, options: '-c search_path=bullmq' })
  await client.connect()
  cleanUp.push(() => client.end())
  return { ...(await installation(config)), client }
}

describe('the timetable on Postgres', () => {
  test('forgets the schedulers of entries that are no longer in it, and keeps its tables small', async () => {
    const { start, client } = await freshQueues()
    const before = await started(start(), { kept: 50, removed: 50, 'removed-digest': 3_600_000 })
    await sleep(500)
    await before.close()
    await started(start(), { kept: 50 })
    await sleep(500)
    const schedulers = await client.query('select scheduler_id from scheduler')
    const jobs = await client.query<{ jobs: number }>('select count(*)::int as jobs from job')
    expect(schedulers.rows).toEqual([{ scheduler_id: 'kept' }])
    expect(jobs.rows[0]?.jobs).toBeLessThanOrEqual(3)
  })

  test('gets back schedulers that were lost, and those that a clock set back would keep asleep', async () => {
    const { start, count, client } = await freshQueues()
    await started(start(), { lost: 1_000, asleep: 1_000 })
    await client.query(`delete from job where scheduler_id = 'lost'; delete from scheduler where scheduler_id = 'lost'`)
    await client.query(`begin;
      update job set process_at_ms = process_at_ms + 3600000,
          id = 'repeat:asleep:' || (select next_run_ms + 3600000 from scheduler where scheduler_id = 'asleep')
        where scheduler_id = 'asleep' and state = 'delayed';
      update scheduler set next_run_ms = next_run_ms + 3600000 where scheduler_id = 'asleep';
      commit`)
    const due = () =>
      client
        .query<{ id: string; due: number }>('select scheduler_id as id, next_run_ms::float8 as due from scheduler')
        .then(({ rows }) =>
          rows.filter((row) => row.due < Date.now() + 1_100 && row.due > Date.now() - 500).map((row) => row.id),
        )
    expect(await due()).toEqual([])
    await expect.poll(due, { timeout: 10_000 }).toHaveLength(2)
    expect(count.twice()).toEqual([])
    for (const name of ['lost', 'asleep']) expect(count.skipped(name)).toBeLessThan(0.25)
  })
})

describe('the timetable on the embedded server', () => {
  let dataDir = ''
  let server: EmbeddedServer
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'watchbill-timetable-'))
    await withCluster(dataDir)
    server = await startEmbedded({ dataDir, log: silent })
  })
  afterAll(async () => {
    await server.stop()
    await rm(dataDir, { recursive: true, force: true })
  })

  test('F07 ticks again by itself within seconds of a crash of the server, each slot once, and says little about it', async () => {
    const { start, count } = await installation(server.poolConfig)
    const { lines, now } = await started(start(), { probe: 250 })
    for (let round = 0; round < 2; round++) {
      const at = now()
      process.kill(server.serverPid, 'SIGKILL')
      const after = () => count.slots('probe').some((slotAt) => slotAt > at + 500)
      await expect.poll(after, { timeout: 8_000, interval: 10 }).toBe(true)
      expect(now() - at).toBeLessThan(8_000)
    }
    expect(count.twice()).toEqual([])
    expect(lines.length).toBeLessThan(15)
  })

  test('F08 ticks again after a shutdown of the server that took its socket away, without burning the processor', async () => {
    const { start, count } = await installation(server.poolConfig)
    const { now, lines } = await started(start(), { probe: 250 })
    await server.stop()
    const before = process.cpuUsage()
    await sleep(2_000)
    const { user, system } = process.cpuUsage(before)
    // Whoever asked again without a pause would have burnt 2,000.
    expect((user + system) / 1_000).toBeLessThan(1_200)
    const at = now()
    server = await startEmbedded({ dataDir, log: silent })
    const after = () => count.slots('probe').some((slotAt) => slotAt > at)
    await expect.poll(after, { timeout: 8_000, interval: 10 }).toBe(true)
    expect(now() - at).toBeLessThan(8_000)
    expect(count.twice()).toEqual([])
    expect(lines.length).toBeLessThan(15)
  })
})
