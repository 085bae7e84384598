import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, type TestContext, test } from 'vitest'
import { sleep } from '../src/clock.ts'
import type { Store } from '../src/store/store.ts'
import { redisBackend } from '../src/timetable/redis.ts'
import { parseRedisUrl } from '../src/timetable/redis-address.ts'
import { redisTimetable } from '../src/timetable.ts'
import { redisPath } from './support/need.ts'
import { type Process, processes } from './support/queues.ts'
import { type RedisServer, startRedis, startSentinel } from './support/redis.ts'
import { type Database, emptyStore } from './support/stores.ts'

/** What is Redis' own: how it is addressed, how it runs out of memory, and how Sentinels replace it. */

let database: Database
let store: Store
beforeAll(async () => {
  database = await emptyStore()
  store = await database.open()
})
afterAll(() => database.drop())

async function started({ onTestFinished, expect }: TestContext, url: string, names: Record<string, number>) {
  const installation = processes({ timetable: (options) => redisTimetable({ ...options, url }) }, store.samplePool)
  const process = installation.start()
  onTestFinished(process.close)
  for (const [name, ms] of Object.entries(names)) process.every(name, ms)
  await process.timetable.start()
  await expect.poll(process.downSince, { timeout: 5_000 }).toBeNull()
  return { ...installation, process }
}

/** Besides the one that asks. */
const connectionsTo = async (redis: RedisServer) =>
  String(await redis.cli('client', 'list', 'type', 'normal'))
    .trim()
    .split('\n').length - 1

const late = ({ timetable, now }: Process) => now() - (timetable.health().entries[0]?.lastTickAt ?? 0)

describe.skipIf(redisPath === null)('the timetable on Redis (needs redis-server)', { concurrent: true }, () => {
  test('forgets the schedulers of entries that are no longer in it, and keeps its keys few', async (context) => {
    const { expect } = context
    const redis = await startRedis()
    context.onTestFinished(redis.stop)
    const schedulers = () => redis.cli('zrange', 'bull:watchbill-fast:repeat', 0, -1)
    const before = await started(context, redis.url, { kept: 50, removed: 50, 'removed-digest': 3_600_000 })
    await sleep(500)
    await before.process.close()
    await started(context, redis.url, { kept: 50 })
    await sleep(500)
    expect(await schedulers()).toEqual(['kept'])
    expect(await redis.cli('zcard', 'bull:watchbill-slow:repeat')).toBe(0)
    expect(await redis.cli('dbsize')).toBeLessThan(20)
    expect(await redis.cli('xlen', 'bull:watchbill-fast:events')).toBeLessThan(1_000)
  })

  test('keeps no copy of a connection alive that was let go, even when it is connected again', async (context) => {
    const { expect } = context
    const redis = await startRedis()
    context.onTestFinished(redis.stop)
    const { connection, close } = await redisBackend(redis.url).connect(() => {})
    const copy = (connection as Redis).duplicate()
    await copy.connect()
    expect(await connectionsTo(redis)).toBe(2)
    await close()
    await expect(copy.connect()).rejects.toThrow('let go')
    await expect.poll(() => connectionsTo(redis)).toBe(0)
  })

  test.for(['runs', 'is gone'])('leaves no connection behind when the server %s', async (state, context) => {
    const { expect } = context
    const redis = await startRedis()
    context.onTestFinished(redis.stop)
    const hanging = Promise.withResolvers<void>()
    const { process: bot } = await started(context, redis.url, { probe: 100 })
    bot.every('hanging', 100, () => hanging.promise)
    const runs = () => bot.timetable.health().entries.some(({ name, running }) => name === 'hanging' && running)
    await expect.poll(runs, { timeout: 5_000 }).toBe(true)
    expect(await connectionsTo(redis)).toBeGreaterThan(2)
    if (state === 'is gone') await redis.kill()
    await bot.close()
    if (state === 'is gone') await redis.restart()
    // Those that would come back do so within this.
    await sleep(1_500)
    expect(await connectionsTo(redis)).toBe(0)
    hanging.resolve()
  })

  test('has as many connections after being built anew as before', async (context) => {
    const { expect } = context
    const redis = await startRedis()
    context.onTestFinished(redis.stop)
    const { process: bot } = await started(context, redis.url, { probe: 100 })
    const before = await connectionsTo(redis)
    for (let round = 0; round < 2; round++) {
      await redis.kill()
      await sleep(1_500)
      await redis.restart()
      await expect.poll(bot.downSince, { timeout: 5_000 }).toBeNull()
    }
    // Those that were let go would come back within this.
    await sleep(1_500)
    expect(await connectionsTo(redis)).toBe(before)
  })

  test('speaks to the database of its address, with its password, and says which was wrong', async (context) => {
    const { expect } = context
    const redis = await startRedis({ password: 'of a test/it' })
    context.onTestFinished(redis.stop)
    await started(context, `${redis.url}/3`, { probe: 100 })
    const client = new Redis(`${redis.url}/3`)
    context.onTestFinished(() => client.disconnect())
    expect(await client.exists('bull:watchbill-fast:repeat')).toBe(1)
    await client.select(0)
    expect(await client.dbsize()).toBe(0)

    const wrong = redis.url.replace('of%20a', 'of%20no')
    const { start, count } = processes(
      { timetable: (options) => redisTimetable({ ...options, url: wrong }) },
      store.samplePool,
    )
    const process = start()
    context.onTestFinished(process.close)
    process.every('probe', 100)
    await process.timetable.start()
    await expect
      .poll(() => process.lines.map(({ reason }) => reason), { timeout: 5_000 })
      .toContain('WRONGPASS invalid username-password pair or user is disabled.')
    expect(JSON.stringify(process.lines)).not.toContain('of no')
    await expect.poll(() => count.slots('probe').length).toBeGreaterThan(3)
  })

  test.for<[what: string, lose: 'kill' | 'freeze']>([
    ['is killed', 'kill'],
    ['hangs, its connections open', 'freeze'],
  ])(
    'F03 behind Sentinel: when the master %s, every slot is run once and the queue goes on with the next master',
    { timeout: 60_000 },
    async ([, lose], context) => {
      const { expect } = context
      const master = await startRedis()
      context.onTestFinished(master.stop)
      const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(master.port)] })
      context.onTestFinished(replica.stop)
      const sentinel = await startSentinel(master)
      context.onTestFinished(sentinel.stop)
      const replicas = async () => ((await sentinel.cli('sentinel', 'replicas', 'watch')) as unknown[]).length
      await expect.poll(replicas, { timeout: 15_000 }).toBe(1)

      const url = `redis+sentinel://127.0.0.1:${sentinel.port}/watch`
      const { process: bot, count } = await started(context, url, { probe: 500 })
      await sleep(500)
      const lostAt = bot.now()
      if (lose === 'kill') await master.kill()
      else process.kill(master.pid(), 'SIGSTOP')

      const isMaster = async () => String(((await replica.cli('role')) as unknown[])[0])
      await expect.poll(isMaster, { timeout: 15_000 }).toBe('master')
      // Of the queue and not of the sweep: its scheduler moves on.
      const next = async () => Number(await replica.cli('zscore', 'bull:watchbill-fast:repeat', 'probe'))
      await expect.poll(next, { timeout: 20_000 }).toBeGreaterThan(Date.now())
      await expect.poll(bot.downSince, { timeout: 10_000 }).toBeNull()
      expect(count.twice()).toEqual([])
      expect(count.skipped('probe')).toBeLessThan(0.25)
      expect(count.worstLateMs('probe', lostAt)).toBeLessThan(8_000)
      expect(bot.lines.length).toBeLessThanOrEqual(10)
    },
  )
})

describe.skipIf(redisPath === null)('the timetable on a full Redis (needs redis-server)', () => {
  test('F05 runs every slot, logs little, leaves the processor alone, and has its ticks of the queue soon after', async (context) => {
    const { expect } = context
    const redis = await startRedis()
    context.onTestFinished(redis.stop)
    const { process: bot, count } = await started(context, redis.url, { probe: 200, digest: 90_000 })
    await sleep(500)
    const fullAt = bot.now()
    await redis.cli('config', 'set', 'maxmemory', '1mb')
    await expect.poll(bot.downSince, { timeout: 3_000 }).not.toBeNull()
    const before = process.cpuUsage()
    const from = performance.now()
    await sleep(6_000)
    const { user, system } = process.cpuUsage(before)
    expect((user + system) / 1_000 / (performance.now() - from)).toBeLessThan(0.2)
    expect(count.slots('probe').filter((slotAt) => slotAt > fullAt).length).toBeGreaterThan(20)
    expect(count.worstLateMs('probe', fullAt)).toBeLessThan(8_000)
    expect(late(bot)).toBeLessThan(8_000)
    await redis.cli('config', 'set', 'maxmemory', '0')
    await expect.poll(bot.downSince, { timeout: 10_000 }).toBeNull()
    const next = async () => Number(await redis.cli('zscore', 'bull:watchbill-fast:repeat', 'probe'))
    await expect.poll(next, { timeout: 10_000 }).toBeGreaterThan(Date.now())
    expect(count.twice()).toEqual([])
    expect(bot.lines.length).toBeLessThanOrEqual(10)
  })
})

describe('the address of Redis', () => {
  test.for<[string, ReturnType<typeof parseRedisUrl>]>([
    ['redis://localhost', { host: 'localhost', port: 6379, db: 0 }],
    ['redis://127.0.0.1:6380/', { host: '127.0.0.1', port: 6380, db: 0 }],
    ['redis://:pa%2Fss@cache.example/2', { host: 'cache.example', port: 6379, password: 'pa/ss', db: 2 }],
    [
      'rediss://bot:secret@[2001:db8::1]:6390',
      { host: '2001:db8::1', port: 6390, username: 'bot', password: 'secret', db: 0, tls: {} },
    ],
    [
      'redis+sentinel://:secret@one:26379,two:26380/mymaster/4',
      {
        sentinels: [
          { host: 'one', port: 26379 },
          { host: 'two', port: 26380 },
        ],
        ...{ name: 'mymaster', password: 'secret', db: 4 },
      },
    ],
    ['redis+sentinel://one/watch', { sentinels: [{ host: 'one', port: 26379 }], name: 'watch', db: 0 }],
    [
      'rediss+sentinel://one/watch?sentinel_username=s&sentinel_password=t%26u',
      {
        sentinels: [{ host: 'one', port: 26379 }],
        ...{ name: 'watch', db: 0, sentinelUsername: 's', sentinelPassword: 't&u' },
        ...{ tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true },
      },
    ],
  ])('%s', ([url, address], { expect }) => {
    expect(parseRedisUrl(url)).toEqual(address)
  })

  test.for([
    '',
    'localhost:6379',
    'http://localhost:6379',
    'redis://',
    'redis://localhost:99999',
    'redis://localhost:port',
    'redis://localhost/zero',
    'redis://one:6379,two:6379',
    'redis://one/0/1',
    'redis://one?family=6',
    'redis://%zz@one',
    'redis+sentinel://one:26379',
    'redis+sentinel://one,/mymaster',
    'redis+sentinel://one/mymaster/zero',
    'redis+sentinel://one/mymaster?password=1',
    'redis-sentinel://one/mymaster',
  ])('is not "%s"', (url, { expect }) => {
    expect(parseRedisUrl(url)).toBeNull()
  })
})
