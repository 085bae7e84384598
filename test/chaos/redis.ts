import { sleep } from '../../src/clock.ts'
import { peopleOf, type World } from '../support/chaos.ts'
import { redisPath } from '../support/need.ts'
import { eventually, usageOf } from '../support/process.ts'
import type { RedisServer } from '../support/redis.ts'
import { keyOf } from './checker.ts'
import { beating, mustBePrompt, noise } from './load.ts'
import type { Came, Fault, Scene } from './play.ts'
import { needsServer } from './store.ts'
import { everybody, paged, press } from './witness.ts'

/** Redis only wakes (reliability R3): whatever becomes of it, nobody's page is late. */

const missing = redisPath === null ? 'there is no redis-server' : needsServer

/** Its memory is full with this; BullMQ's scripts already need more. */
const TOO_LITTLE = '1mb'

const WAIT = '4s'
const WAIT_MS = 4_000
const FIRST_PAGE_MS = 5_000
/** How late the next level may be, with a margin: to the checker it is late before. */
const NEXT_LEVEL_MS = WAIT_MS + 10_000

/** The queue works again this soon after Redis is back; schedulers are there again this soon after they were lost. */
const BACK_MS = 2_000
const RESCHEDULED_MS = 60_000
const TICKS_MS = 30_000

/** Names of BullMQ's own. */
const SCHEDULERS = 'bull:*:repeat'
const EVENTS = 'bull:*:events'

/** When BullMQ last did anything in this Redis, by its clock; 0: never. */
async function lastTick(redis: RedisServer): Promise<number> {
  const streams = (await redis.cli('keys', EVENTS).catch(() => [])) as string[]
  const ids = await Promise.all(streams.map((key) => redis.cli('xrevrange', key, '+', '-', 'count', 1).catch(() => [])))
  return Math.max(0, ...ids.map((entries) => Number.parseInt((entries as [string][])[0]?.[0] ?? '0', 10)))
}

const schedulers = async (redis: RedisServer) => ((await redis.cli('keys', SCHEDULERS)) as string[]).length

async function fillUp(redis: RedisServer): Promise<void> {
  await redis.cli('config', 'set', 'maxmemory', TOO_LITTLE)
  // It has more than that already.
  const refused = await redis.cli('set', 'ballast', 'x').then(
    () => false,
    (error: unknown) => String(error).includes('OOM'),
  )
  if (!refused) throw new Error('Redis has memory left')
}

const relieve = (redis: RedisServer) => redis.cli('config', 'set', 'maxmemory', '0')

/** The services fail; when everybody has the first page, what happens in the middle of the wait, then the next level. */
async function escalate(scene: Scene, meanwhile: () => Promise<void>): Promise<void> {
  const { world, dice, note } = scene
  await world.fail(world.services)
  await paged(scene, everybody(world.services), FIRST_PAGE_MS)
  await sleep(dice.int(0, WAIT_MS - 2_000))
  note('the wait is in its middle')
  await meanwhile()
  await paged(scene, everybody(world.services, 2), NEXT_LEVEL_MS)
}

/** From now until BullMQ has done something in Redis. */
async function ticking(redis: RedisServer, since: number, withinMs: number): Promise<number> {
  await eventually(async () => (await lastTick(redis)) > since, 'the timetable to tick by Redis', withinMs, 50)
  return Math.max(0, (await lastTick(redis)) - since)
}

export const killedMidLoad: Fault = {
  id: 'F03',
  holds: 'Redis is killed while alerts come: every page is as prompt as ever, and the queue works again',
  missing,
  world: { timetable: 'redis', services: 8 },
  async round(scene) {
    const { world, dice, short, note, most } = scene
    const redis = world.redis()
    const load = beating(scene, world.services.slice(0, 5))
    const hum = noise(scene, world.services.slice(5), 45)
    await sleep(dice.int(500, 1_500))
    note('Redis is killed')
    await redis.kill()
    await sleep(short ? 2_500 : scene.round === 1 ? 30_000 : dice.int(2_000, 6_000))
    await redis.restart()
    const upAt = Date.now()
    note('Redis is there again')
    const recoveryMs = await ticking(redis, upAt, TICKS_MS)
    await hum.stop()
    mustBePrompt(scene, await load.stop())
    if (recoveryMs > most(BACK_MS)) throw new Error(`the queue was back only after ${recoveryMs} ms`)
    return { recoveryMs }
  },
}

export const emptied: Fault = {
  id: 'F04',
  holds:
    'Redis is emptied in the middle of many escalations: all of them go on in time, and the timetable is written anew',
  missing,
  world: { timetable: 'redis', services: 20, wait: WAIT },
  async round(scene) {
    const redis = scene.world.redis()
    let emptiedAt = 0
    await escalate(scene, async () => {
      await redis.cli('flushall')
      emptiedAt = Date.now()
    })
    await eventually(async () => (await schedulers(redis)) > 0, 'the schedulers', RESCHEDULED_MS, 50)
    return { recoveryMs: Date.now() - emptiedAt }
  },
}

export const fullUp: Fault = {
  id: 'F05',
  holds: 'Redis has no memory left in the middle of escalations: they go on in time, with few words and little work',
  missing,
  world: { timetable: 'redis', services: 6, wait: WAIT },
  async round(scene) {
    const { world, dice, short, round, note } = scene
    const redis = world.redis()
    const [bot] = world.bots
    if (!bot) throw new Error('there is no process')
    let fullAt = 0
    await escalate(scene, async () => {
      await fillUp(redis)
      fullAt = Date.now()
    })
    await world.heal()
    await world.rest()
    const before = await usageOf(bot.pid)
    const idleFrom = Date.now()
    await sleep(short ? 1_000 : round === 1 ? 60_000 : dice.int(3_000, 8_000))
    const { cpuMs } = await usageOf(bot.pid)
    const share = (cpuMs - before.cpuMs) / (Date.now() - idleFrom)
    const lines = complaints(bot.lines(), fullAt).length
    note(`${lines} complaints, ${Math.round(share * 100)} % of a core`)
    if (lines > 10 * Math.ceil((Date.now() - fullAt) / 60_000)) throw new Error(`${lines} complaints about Redis`)
    if (share > 0.2) throw new Error(`a Redis without memory costs ${Math.round(share * 100)} % of a core`)
    await relieve(redis)
    return { recoveryMs: await ticking(redis, Date.now(), TICKS_MS) }
  },
}

/** Lines of a log since an instant that somebody should read. */
const WARNING = 40
const complaints = (lines: Record<string, unknown>[], since: number) =>
  lines.filter(({ level, time }) => Number(level) >= WARNING && Number(time) >= since)

export const nobodyThere: Fault = {
  id: 'F06',
  holds: 'nobody listens where REDIS_URL says: probes, pages, escalation, acknowledgement and recovery work as ever',
  missing: needsServer,
  world: { timetable: 'nobody', services: 3, wait: '2s', probed: true },
  async round(scene) {
    const { world } = scene
    const [first = '', second = '', third = ''] = world.services
    const failedAt = Date.now()
    await world.fail([first, second])
    const alert = await world.alert(third)
    const byAlert = await paged(scene, peopleOf(third), FIRST_PAGE_MS)
    await press(scene, `${third}a`, 'incident_ack')
    // Each second a probe, and one that is not believed at once a second later.
    await paged(scene, everybody([first, second]), 2_500 + FIRST_PAGE_MS, { from: failedAt })
    await press(scene, `${first}b`, 'incident_ack')
    await paged(scene, peopleOf(second, 2), 2_000 + FIRST_PAGE_MS)
    mustBePrompt(scene, [{ service: third, takenAt: alert.endedAt, seenAt: byAlert }])
    world.targets.recover()
    const told = () =>
      world.slack.journal().filter((each) => each.n > scene.since.call && each.done && keyOf(each)?.startsWith('told/'))
    await eventually(() => told().length >= 5, 'all to be told that it is over', 20_000, 20)
    return { recoveryMs: null }
  },
}

type Kind = 'emptied' | 'out of memory' | 'stopped' | 'out of reach'

export const midEscalation: Fault = {
  id: null,
  holds: 'Redis emptied, out of memory or stopped in the middle of an escalation: the next level is paged in time',
  missing,
  world: { timetable: 'redis', services: 2, wait: WAIT, wired: ['redis'] },
  rounds: 12,
  async round(scene): Promise<Came> {
    const { world, note, short, round } = scene
    const kinds: readonly Kind[] = ['emptied', 'out of memory', 'stopped', 'out of reach']
    // In one round of npm test those that the name names, one after the other: that they differ is the point.
    const these = short ? kinds.slice(0, 3) : kinds.slice(round % kinds.length).slice(0, 1)
    for (const kind of these) {
      note(kind)
      const since = { ...scene.since, call: world.slack.journal().at(-1)?.n ?? 0 }
      await escalate({ ...scene, since }, () => spoil(world, kind))
      await mend(world, kind)
      await world.heal()
      await world.rest()
    }
    return { recoveryMs: null }
  },
}

async function spoil(world: World, kind: Kind): Promise<void> {
  const redis = world.redis()
  if (kind === 'emptied') await redis.cli('flushall')
  if (kind === 'out of memory') await fillUp(redis)
  if (kind === 'stopped') await redis.kill()
  if (kind === 'out of reach') world.wire('redis', 0).drop()
}

async function mend(world: World, kind: Kind): Promise<void> {
  if (kind === 'out of memory') await relieve(world.redis())
  if (kind === 'stopped') await world.redis().restart()
  if (kind === 'out of reach') world.wire('redis', 0).pass()
}
