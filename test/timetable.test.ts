import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { realClock } from '../src/clock.ts'
import { type EmbeddedServer, startEmbedded } from '../src/store/embedded.ts'
import { phaseOf, slotOf } from '../src/timetable/entries.ts'
import { clockTimetable, postgresTimetable, type Timetable } from '../src/timetable.ts'
import { freshDatabase } from './support/postgres.ts'
import { advance, testClock } from './support/test-clock.ts'

const lines: { level: number; msg: string; job?: string; reason?: string }[] = []
const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
const cleanUp: (() => Promise<unknown> | unknown)[] = []

afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step()
  lines.length = 0
})

interface Bench {
  timetable: Timetable
  now(): number
  /** Lets watch time pass, by hand or by itself. */
  pass(ms: number): Promise<void>
}

function onTheClock(): Bench {
  const clock = testClock(1_000_000_000_000)
  const timetable = clockTimetable({ clock, log })
  return { timetable, now: clock.now, pass: (ms) => advance(clock, clock.now() + ms) }
}

async function onPostgres(): Promise<Bench> {
  const database = await freshDatabase()
  cleanUp.push(() => database.drop())
  return onPostgresAt(database.config)
}

function onPostgresAt(poolConfig: pg.PoolConfig): Bench {
  const clock = realClock()
  const timetable = postgresTimetable({ poolConfig, clock, log, processName: 'test' })
  cleanUp.push(() => timetable.close())
  return { timetable, now: clock.now, pass }
}

const pass = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
const ready = (timetable: Timetable) =>
  expect.poll(() => timetable.health().ready, { timeout: 5_000, interval: 10 }).toBe(true)

const implementations: [string, () => Bench | Promise<Bench>][] = [
  ['on the clock alone', onTheClock],
  ['on Postgres', onPostgres],
]

describe.each(implementations)('a timetable %s', (_name, make) => {
  test("calls every entry once per slot, with the slot's beginning, each at a phase of its own", async () => {
    const { timetable, pass, now } = await make()
    const slots: Record<string, number[]> = { 'probe-1': [], 'probe-2': [] }
    const late: number[] = []
    for (const [name, seen] of Object.entries(slots))
      timetable.every(name, 200, async (slotAt) => {
        seen.push(slotAt)
        late.push(now() - slotAt)
      })
    await timetable.start()
    await ready(timetable)
    await pass(2_000)
    await timetable.close()
    for (const [name, seen] of Object.entries(slots)) {
      expect(seen.length).toBeGreaterThanOrEqual(8)
      expect(seen.length).toBeLessThanOrEqual(11)
      expect(new Set(seen).size).toBe(seen.length)
      for (const slotAt of seen) expect(slotAt).toBe(slotOf(name, 200, slotAt))
      expect([...seen]).toEqual(seen.toSorted((a, b) => a - b))
    }
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0)
    expect(phaseOf('probe-1', 200)).not.toBe(phaseOf('probe-2', 200))
  })

  test('never runs an entry beside itself, skips what it missed, and holds up no other', async () => {
    const { timetable, pass } = await make()
    let beside = 0
    let most = 0
    const slow: number[] = []
    let quick = 0
    const release: (() => void)[] = []
    timetable.every('slow', 100, async (slotAt) => {
      slow.push(slotAt)
      most = Math.max(most, ++beside)
      await new Promise<void>((resolve) => release.push(resolve))
      beside--
    })
    timetable.every('quick', 100, async () => {
      quick++
    })
    await timetable.start()
    await ready(timetable)
    await pass(700)
    expect(slow).toHaveLength(1)
    expect(quick).toBeGreaterThanOrEqual(5)
    release[0]?.()
    await pass(150)
    expect(slow.length).toBeGreaterThanOrEqual(2)
    const [first = 0, second = 0] = slow
    expect(second - first).toBeGreaterThanOrEqual(600)
    release[1]?.()
    await pass(10)
    for (const each of release) each()
    await timetable.close()
    expect(most).toBe(1)
  })

  test('goes on after an entry that throws, which is logged', async () => {
    const { timetable, pass } = await make()
    let thrown = 0
    let other = 0
    timetable.every('broken', 100, async () => {
      thrown++
      throw new Error('the shard is broken')
    })
    timetable.every('other', 100, async () => {
      other++
    })
    await timetable.start()
    await ready(timetable)
    await pass(600)
    await timetable.close()
    expect(thrown).toBeGreaterThanOrEqual(3)
    expect(other).toBeGreaterThanOrEqual(3)
    expect(lines.find(({ job }) => job === 'broken')).toMatchObject({ level: 50, reason: 'the shard is broken' })
  })

  test('says when each entry ticked last, and takes an entry that comes later', async () => {
    const { timetable, pass, now } = await make()
    timetable.every('early', 100, async () => {})
    await timetable.start()
    await ready(timetable)
    timetable.every('later', 100, async () => {})
    expect(timetable.health().entries.find(({ name }) => name === 'later')).toEqual({
      ...{ name: 'later', everyMs: 100, lastTickAt: null, lastSlotAt: null, running: false },
    })
    await pass(1_500)
    for (const entry of timetable.health().entries) {
      expect(entry.lastSlotAt).not.toBeNull()
      expect(now() - (entry.lastTickAt ?? 0)).toBeLessThan(300)
    }
    await timetable.close()
    expect(timetable.health().ready).toBe(false)
  })

  test('is quiet after close', async () => {
    const { timetable, pass } = await make()
    let ticks = 0
    timetable.every('probe', 50, async () => {
      ticks++
    })
    await timetable.start()
    await ready(timetable)
    await pass(300)
    const from = performance.now()
    await timetable.close()
    expect(performance.now() - from).toBeLessThan(1_000)
    const atClose = ticks
    expect(atClose).toBeGreaterThan(0)
    await pass(300)
    expect(ticks).toBe(atClose)
  })
})

describe('the timetable on Postgres', () => {
  test('forgets the schedulers of entries that are no longer in it, and keeps its tables small', async () => {
    const { config, drop } = await freshDatabase()
    cleanUp.push(drop)
    const before = onPostgresAt(config)
    before.timetable.every('kept', 50, async () => {})
    before.timetable.every('removed', 50, async () => {})
    before.timetable.every('removed-digest', 3_600_000, async () => {})
    await before.timetable.start()
    await ready(before.timetable)
    await pass(500)
    await before.timetable.close()
    const after = onPostgresAt(config)
    after.timetable.every('kept', 50, async () => {})
    await after.timetable.start()
    await ready(after.timetable)
    await pass(500)
    const client = new pg.Client(config)
    await client.connect()
    const schedulers = await client.query('select scheduler_id from bullmq.scheduler')
    const jobs = await client.query<{ jobs: number }>('select count(*)::int as jobs from bullmq.job')
    await client.end()
    expect(schedulers.rows).toEqual([{ scheduler_id: 'kept' }])
    expect(jobs.rows[0]?.jobs).toBeLessThanOrEqual(3)
  })

  test('gets back schedulers that were lost, and those that a clock set back would keep asleep', async () => {
    const { config, drop } = await freshDatabase()
    cleanUp.push(drop)
    const { timetable, now } = onPostgresAt(config)
    for (const name of ['lost', 'asleep']) timetable.every(name, 100, async () => {})
    await timetable.start()
    await ready(timetable)
    await pass(300)
    const client = new pg.Client({ ...config, options: '-c search_path=bullmq' })
    await client.connect()
    await client.query(`delete from job where scheduler_id = 'lost'; delete from scheduler where scheduler_id = 'lost'`)
    await client.query(`begin;
      update job set process_at_ms = process_at_ms + 3600000,
          id = 'repeat:asleep:' || (select next_run_ms + 3600000 from scheduler where scheduler_id = 'asleep')
        where scheduler_id = 'asleep' and state = 'delayed';
      update scheduler set next_run_ms = next_run_ms + 3600000 where scheduler_id = 'asleep';
      commit`)
    await client.end()
    const at = now()
    await pass(300)
    const ticked = () => timetable.health().entries.every(({ lastTickAt }) => (lastTickAt ?? 0) > at + 300)
    expect(ticked()).toBe(false)
    await expect.poll(ticked, { timeout: 10_000 }).toBe(true)
  })

  test('shared by two processes, every slot is had once', async () => {
    const { config, drop } = await freshDatabase()
    cleanUp.push(drop)
    const slots: number[] = []
    const both = [onPostgresAt(config), onPostgresAt(config)]
    for (const { timetable } of both) {
      timetable.every('probe', 100, async (slotAt) => void slots.push(slotAt))
      await timetable.start()
    }
    for (const { timetable } of both) await ready(timetable)
    await pass(1_500)
    for (const { timetable } of both) await timetable.close()
    expect(slots.length).toBeGreaterThanOrEqual(12)
    expect(new Set(slots).size).toBe(slots.length)
  })

  describe('with a server of its own', () => {
    let dataDir = ''
    let server: EmbeddedServer
    beforeAll(async () => {
      dataDir = await mkdtemp(join(tmpdir(), 'watchbill-timetable-'))
      server = await startEmbedded({ dataDir, log: pino({ level: 'silent' }) })
    })
    afterAll(async () => {
      await server.stop()
      await rm(dataDir, { recursive: true, force: true })
    })

    test('ticks again by itself within seconds of a crash of the server, and says little about it', async () => {
      const { timetable, now } = onPostgresAt(server.poolConfig)
      timetable.every('probe', 250, async () => {})
      await timetable.start()
      await ready(timetable)
      await pass(600)
      for (let round = 0; round < 2; round++) {
        const at = now()
        process.kill(server.serverPid, 'SIGKILL')
        await expect
          .poll(() => (timetable.health().entries[0]?.lastSlotAt ?? 0) > at + 500, { timeout: 8_000, interval: 10 })
          .toBe(true)
        expect(now() - at).toBeLessThan(6_000)
      }
      expect(lines.length).toBeLessThan(15)
    })

    test('ticks again after a shutdown of the server that took its socket away, without burning the processor', async () => {
      const { timetable, now } = onPostgresAt(server.poolConfig)
      timetable.every('probe', 250, async () => {})
      await timetable.start()
      await ready(timetable)
      await server.stop()
      const before = process.cpuUsage()
      await pass(2_000)
      const { user, system } = process.cpuUsage(before)
      expect((user + system) / 1_000).toBeLessThan(600)
      const at = now()
      server = await startEmbedded({ dataDir, log: pino({ level: 'silent' }) })
      await expect
        .poll(() => (timetable.health().entries[0]?.lastSlotAt ?? 0) > at, { timeout: 8_000, interval: 10 })
        .toBe(true)
      expect(now() - at).toBeLessThan(5_000)
    })

    test('may be started before its server, and closed without it', async () => {
      const { poolConfig } = server
      await server.stop()
      const never = onPostgresAt(poolConfig)
      never.timetable.every('probe', 250, async () => {})
      await never.timetable.start()
      await pass(300)
      expect(never.timetable.health().ready).toBe(false)
      await never.timetable.close()
      const { timetable } = onPostgresAt(poolConfig)
      let ticks = 0
      timetable.every('probe', 250, async () => {
        ticks++
      })
      await timetable.start()
      await pass(1_200)
      server = await startEmbedded({ dataDir, log: pino({ level: 'silent' }) })
      await expect.poll(() => ticks, { timeout: 5_000, interval: 10 }).toBeGreaterThan(1)
      await timetable.close()
    })
  })
})

describe('slots', () => {
  test("a name's phase is stable, lies inside the slot, and shards spread out", () => {
    expect(phaseOf('probe-1', 30_000)).toBe(phaseOf('probe-1', 30_000))
    const phases = Array.from({ length: 100 }, (_, shard) => phaseOf(`probe-${shard}`, 30_000))
    for (const phase of phases) {
      expect(phase).toBeGreaterThanOrEqual(1)
      expect(phase).toBeLessThan(30_000)
    }
    for (const tenth of Array(10).keys())
      expect(phases.filter((phase) => Math.floor(phase / 3_000) === tenth).length).toBeLessThan(25)
  })

  test('a slot is half-open', () => {
    const begin = slotOf('digest', 60_000, 1_700_000_000_000)
    expect(slotOf('digest', 60_000, begin)).toBe(begin)
    expect(slotOf('digest', 60_000, begin + 59_999)).toBe(begin)
    expect(slotOf('digest', 60_000, begin + 60_000)).toBe(begin + 60_000)
    expect(slotOf('digest', 60_000, begin - 1)).toBe(begin - 60_000)
  })

  test('names and intervals that cannot be are refused at once', () => {
    const { timetable } = onTheClock()
    const run = async () => {}
    expect(() => timetable.every('a:b', 100, run)).toThrow(/without ":"/)
    expect(() => timetable.every('a', 0.5, run)).toThrow(/whole milliseconds/)
    timetable.every('a', 100, run)
    expect(() => timetable.every('a', 100, run)).toThrow(/already/)
  })
})
