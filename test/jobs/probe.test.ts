import { pino } from 'pino'
import { afterEach, expect, test } from 'vitest'
import { probes } from '../../jobs/probe.ts'
import type { JobDeps } from '../../jobs/tell.ts'
import type { Sample } from '../../src/domain/detect/probe.ts'
import type { Probe, Rules } from '../../src/domain/rules.ts'
import type { Here } from '../../src/here.ts'
import { readMonitors } from '../../src/store/monitors.ts'
import { claimSlot } from '../../src/store/slots.ts'
import { slotOf } from '../../src/timetable/entries.ts'
import { clockTimetable } from '../../src/timetable.ts'
import { rules, T0 } from '../support/builders.ts'
import { httpMonitor } from '../support/probed.ts'
import { type Database, emptyStore } from '../support/stores.ts'
import { advance, testClock } from '../support/test-clock.ts'

/** Monitors of a configuration, looked after by as many processes as a test starts, on a clock that it drives. */
let database: Database
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
  await database.drop()
})

const log = pino({ level: 'silent' })
const HOUR = 3_600_000

async function watching(count: number, everyMs = 30_000) {
  database = await emptyStore()
  const clock = testClock(T0)
  const looks: { monitor: string; at: number; by: number }[] = []
  let underWay = 0
  let statements = 0
  const world = {
    sees: (_monitor: Probe, _nth: number): Partial<Sample> => ({}),
    rules: rules(),
  }
  const configure = (names: readonly string[]) => {
    const monitors: Rules['monitors'] = {}
    for (const name of names) monitors[name] = { ...httpMonitor('http://x/'), name, everyMs }
    world.rules = { ...rules(), monitors }
  }
  const names = Array.from({ length: count }, (_, n) => `m${n}`)
  configure(names)

  async function start(by: number) {
    const store = await database.open()
    const counted =
      <A extends unknown[], R>(call: (...args: A) => Promise<R>, count = true) =>
      async (...args: A): Promise<R> => {
        underWay++
        if (count && String(args[0]).includes('insert into samples')) statements++
        try {
          return await call(...args)
        } finally {
          setImmediate(() => underWay--)
        }
      }
    for (const pool of [store.pool, store.samplePool]) pool.query = counted(pool.query.bind(pool) as never) as never
    store.pool.connect = counted(store.pool.connect.bind(store.pool) as never, false) as never
    const nth = new Map<string, number>()
    const check = async (monitor: Probe, _: Rules, at: number): Promise<Sample> => {
      looks.push({ monitor: monitor.name, at, by })
      nth.set(monitor.name, (nth.get(monitor.name) ?? 0) + 1)
      return { at, ok: true, saw: '200 OK', ms: 5, ...world.sees(monitor, nth.get(monitor.name) ?? 0) }
    }
    const deps = { clock, log, store, check, rules: () => world.rules, desk: { wake: () => {} } }
    // What is seen here is what it is.
    const here = { saw: () => {}, decides: async () => true }
    const engine = probes(deps as unknown as JobDeps, here as unknown as Here)
    const timetable = clockTimetable({ clock, log, claim: (name, slotAt) => claimSlot(store.pool, name, slotAt) })
    for (const shard of engine.shards()) timetable.every(shard.name, shard.turnMs, engine.turn(shard))
    await timetable.start()
    const close = () => timetable.close()
    closing.push(close)
    return { close, store, engine }
  }

  const rest = async () => {
    do await new Promise((resolve) => setImmediate(resolve))
    while (underWay > 0)
  }
  const pass = (ms: number) => advance(clock, clock.now() + ms, rest)
  const pages = () => database.query<{ key: string }>(`select key from inbox where source = 'monitor' order by id`)
  return { clock, looks, names, world, configure, start, pass, rest, pages, statements: () => statements }
}

/** The slots of a monitor that were looked at, and how late. */
const slotsOf = (looks: { monitor: string; at: number }[], name: string, everyMs = 30_000) =>
  looks.filter(({ monitor }) => monitor === name).map(({ at }) => slotOf(name, everyMs, at))

test('every monitor is looked at once in every slot, at its own instant, and its samples are written together', async () => {
  const { looks, names, start, pass, statements } = await watching(600)
  const { store } = await start(1)
  await pass(6_000)
  const from = looks.length
  const written = statements()
  await pass(30_000)
  const even = looks.slice(from)
  expect(even.length).toBe(600)
  for (const name of names) expect(slotsOf(even, name)).toHaveLength(1)
  const late = even.map(({ monitor, at }) => at - slotOf(monitor, 30_000, at))
  expect(late.filter((ms) => ms > 10).length).toBeLessThan(6)
  expect((await readMonitors(store.pool)).size).toBe(600)
  expect(statements() - written).toBeLessThan(70)
})

test('two processes share the shards; when one dies the other goes on, and nothing is looked at twice without need', async () => {
  const { looks, names, start, pass } = await watching(600)
  const one = await start(1)
  await start(2)
  await pass(36_000)
  expect(new Set(looks.map(({ by }) => by)).size).toBe(2)
  const twice = names.flatMap((name) => {
    const slots = slotsOf(looks, name)
    return slots.filter((slot, n) => slots.indexOf(slot) !== n)
  })
  expect(twice.length).toBeLessThan(30)
  await one.close()
  const from = looks.length
  await pass(36_000)
  const since = looks.slice(from)
  expect(new Set(since.map(({ monitor }) => monitor)).size).toBe(600)
  const stored = await database.query<{ monitor: string; slot: number; n: number }>(
    'select monitor, slot, count(*)::int as n from samples group by 1, 2 having count(*) > 1',
  )
  expect(stored).toEqual([])
})

test('a configuration that changes is followed', async () => {
  const { looks, configure, start, pass } = await watching(2)
  await start(1)
  await pass(60_000)
  configure(['m1', 'm2'])
  const from = looks.length
  await pass(62_000)
  expect(new Set(looks.slice(from).map(({ monitor }) => monitor))).toEqual(new Set(['m1', 'm2']))
})

test('a jump of an hour is no alarm, and each monitor is looked at once for it, not a hundred times', async () => {
  const { clock, looks, names, start, pass, pages, rest } = await watching(50)
  await start(1)
  await pass(60_000)
  const from = looks.length
  clock.advanceTo(clock.now() + HOUR)
  await rest()
  await pass(5_000)
  const after = looks.slice(from)
  for (const name of names) expect(after.filter(({ monitor }) => monitor === name).length).toBeLessThanOrEqual(2)
  expect(new Set(after.map(({ monitor }) => monitor)).size).toBe(50)
  await pass(60_000)
  expect(await pages()).toEqual([])
})

test('what was seen while the process stood still is looked at again, and pages nobody; what is down pages then', async () => {
  const { looks, names, world, start, pass, pages } = await watching(5)
  await start(1)
  await pass(60_000)
  const stoodTill = looks.length + 15
  // Stopped for 90 s, everything that was under way has failed, and the two tries after it.
  world.sees = () => (looks.length < stoodTill ? { ok: false, saw: 'no answer within 10 s', stoodMs: 90_000 } : {})
  await pass(60_000)
  expect(looks.length).toBeGreaterThan(stoodTill)
  expect(await pages()).toEqual([])
  expect(await database.query('select monitor from samples where not ok')).toEqual([])
  world.sees = ({ name }) => (name === 'm3' ? { ok: false, saw: 'no answer within 10 s' } : {})
  await pass(35_000)
  expect((await pages()).map(({ key }) => key.split('@')[0])).toEqual(['m3'])
  expect(names).toContain('m3')
})

test('a process that stands still for good is not blind for good: what fails each time pages in the end', async () => {
  const { looks, world, start, pass, pages } = await watching(5)
  await start(1)
  await pass(60_000)
  const before = looks.length
  world.sees = ({ name }) =>
    name === 'm4' ? { ok: false, saw: 'no answer within 10 s', stoodMs: 300 } : { stoodMs: 300 }
  await pass(25_000)
  expect(looks.length).toBeGreaterThan(before)
  expect(await pages()).toEqual([])
  await pass(120_000)
  expect((await pages()).map(({ key }) => key.split('@')[0])).toEqual(['m4'])
})

test('a success that was measured standing still counts, if it cannot be had better', async () => {
  const { looks, world, start, pass } = await watching(1)
  world.sees = () => ({ ms: 900, stoodMs: 800 })
  const { store } = await start(1)
  await pass(33_000)
  expect(looks.length).toBeGreaterThanOrEqual(2)
  expect((await readMonitors(store.pool, 'm0')).get('m0')?.state).toMatchObject({ status: 'up', failures: 0 })
})

test('a failure is confirmed in seconds, and its transition is stored with its event', async () => {
  const { clock, world, start, pass, pages } = await watching(3)
  await start(1)
  await pass(60_000)
  world.sees = ({ name }) => (name === 'm1' ? { ok: false, saw: '503' } : {})
  const next = slotOf('m1', 30_000, clock.now()) + 30_000
  await pass(next + 2_000 - clock.now())
  expect((await pages()).map(({ key }) => key.split('@')[0])).toEqual(['m1'])
  const [state] = await database.query<{ state: { status: string } }>(`select state from monitors where name = 'm1'`)
  expect(state?.state.status).toBe('down')
})
