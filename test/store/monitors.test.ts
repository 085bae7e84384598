import { beforeAll, expect, test } from 'vitest'
import { newProbe } from '../../src/domain/detect/probe.ts'
import { NO_SLOT, readMonitors, saveSample, saveSamples } from '../../src/store/monitors.ts'
import { forgetSamples, rollUp, rollupsSince } from '../../src/store/rollups.ts'
import type { Store } from '../../src/store/store.ts'
import { firing, T0 } from '../support/builders.ts'
import { type Database, emptyStore } from '../support/stores.ts'

let database: Database
let stores: Store[]
beforeAll(async () => {
  database = await emptyStore()
  stores = [await database.open(), await database.open()]
  return () => database.drop()
})

const [SLOT, NEXT] = [T0, T0 + 30_000]
const observation = (monitor: string, slotAt: number, saw = '503', event = true) => ({
  monitor,
  slotAt,
  sample: { at: slotAt, ok: false, saw, ms: 3 },
  state: newProbe(slotAt),
  event: event ? { source: 'monitor', key: `${monitor}@${slotAt}`, event: firing(monitor) } : null,
  now: T0,
})
const save = (store: Store | undefined, ...what: Parameters<typeof observation>) => {
  if (!store) throw new Error('no store')
  return saveSample(store, observation(...what))
}

test('a slot is filled exactly once, by whichever process comes first, with its transition', async () => {
  for (let slot = 0; slot < 25; slot++) {
    const at = SLOT + slot * 30_000
    const filled = await Promise.all([...stores, ...stores].map((store, n) => save(store, 'home', at, `try ${n}`)))
    expect(filled.filter(Boolean)).toHaveLength(1)
  }
  expect(await database.query('select count(*)::int as n from samples')).toEqual([{ n: 25 }])
  expect(await database.query('select count(*)::int as n, count(distinct key)::int as keys from inbox')).toEqual([
    { n: 25, keys: 25 },
  ])
})

test('a slot that is past is not filled any more, and leaves state and in-tray alone', async () => {
  await save(stores[0], 'late', NEXT, 'new')
  expect(await save(stores[1], 'late', SLOT, 'old')).toBe(false)
  const [state] = await database.query('select last_slot, state from monitors where name = $1', ['late'])
  expect(state).toMatchObject({ last_slot: NEXT, state: { sinceAt: NEXT } })
  expect(await database.query(`select key from inbox where key like 'late@%'`)).toEqual([{ key: `late@${NEXT}` }])
})

test('a state that does not follow on what another process saw is not stored, nor is its transition', async () => {
  const [one, two] = stores
  if (!one || !two) throw new Error('no store')
  await saveSample(one, { ...observation('both', SLOT), after: NO_SLOT })
  expect(await saveSample(two, { ...observation('both', NEXT), after: NO_SLOT })).toBe(false)
  expect((await readMonitors(two.pool, 'both')).get('both')?.lastSlotAt).toBe(SLOT)
  expect(await saveSample(two, { ...observation('both', NEXT), after: SLOT })).toBe(true)
  expect(await database.query(`select key from inbox where key like 'both@%' order by id`)).toEqual([
    { key: `both@${SLOT}` },
    { key: `both@${NEXT}` },
  ])
})

test('what another process saw is read', async () => {
  await save(stores[0], 'shared', SLOT)
  const [, two] = stores
  if (!two) throw new Error('no store')
  expect((await readMonitors(two.pool)).get('shared')).toEqual({ lastSlotAt: SLOT, state: newProbe(SLOT) })
})

test('a sample whose transition cannot be stored is not stored either', async () => {
  await database.query(`alter table inbox add constraint refused check (key not like 'torn@%')`)
  await expect(save(stores[0], 'torn', SLOT)).rejects.toThrow(/refused/)
  expect(await database.query(`select from samples where monitor = 'torn'`)).toEqual([])
  expect(await save(stores[0], 'torn', SLOT, '503', false)).toBe(true)
})

test('texts of targets may hold anything', async () => {
  await save(stores[0], 'odd', SLOT, 'a\u0000b \ud83d c')
  const [row] = await database.query<{ result: { saw: string } }>(`select result from samples where monitor = 'odd'`)
  expect(row?.result.saw).toBe('ab \ufffd c')
})

test('old samples are forgotten, what the monitor stands at is not', async () => {
  await save(stores[0], 'old', SLOT)
  await save(stores[0], 'old', NEXT)
  const [one] = stores
  if (!one) throw new Error('no store')
  await forgetSamples(one.pool, NEXT, NEXT)
  expect(await database.query(`select slot from samples where monitor = 'old'`)).toEqual([{ slot: NEXT }])
  expect((await readMonitors(one.pool)).has('old')).toBe(true)
})

test('many samples are stored by one statement, each only where its slot is free and its state follows on', async () => {
  const [one, two] = stores
  if (!one || !two) throw new Error('no store')
  const many = (names: readonly string[], slotAt: number, after: number) =>
    names.map((name) => ({ ...observation(name, slotAt), after }))
  expect(await saveSamples(one, many(['b1', 'b2', 'b3'], SLOT, NO_SLOT))).toEqual(new Set(['b1', 'b2', 'b3']))
  await saveSample(two, { ...observation('b2', NEXT, 'other', false), after: SLOT })
  const both = await Promise.all([one, two].map((store) => saveSamples(store, many(['b3', 'b2', 'b1'], NEXT, SLOT))))
  expect(both.flatMap((had) => [...had]).toSorted()).toEqual(['b1', 'b3'])
  expect(await saveSamples(one, many(['b1', 'b2'], SLOT, NO_SLOT))).toEqual(new Set())
  expect(
    await database.query(
      `select monitor, count(*)::int as n from samples where monitor ~ '^b[0-9]$' group by 1 order by 1`,
    ),
  ).toEqual(['b1', 'b2', 'b3'].map((monitor) => ({ monitor, n: 2 })))
})

test('samples are gathered in five minutes and in hours before they go, once, whoever does it', async () => {
  const [one, two] = stores
  if (!one || !two) throw new Error('no store')
  const hour = Math.ceil(T0 / 3_600_000) * 3_600_000 + 86_400_000
  const minutes = Array.from({ length: 70 }, (_, n) => n)
  await database.query(
    `insert into samples (monitor, slot, ok, ms) select 'slow', $1::bigint + n * 60000, n <> 7, 10 + n from unnest($2::int[]) as n`,
    [hour, minutes],
  )
  const now = hour + 71 * 60_000
  await Promise.all([rollUp(one.pool, now), rollUp(two.pool, now)])
  await rollUp(one.pool, now)
  const found = await rollupsSince(one.pool, 'slow', hour)
  expect(found).toHaveLength(13)
  expect(found[1]).toEqual({ fromAt: hour + 300_000, count: 5, failed: 1, minMs: 15, avgMs: 17, maxMs: 19 })
  await rollUp(one.pool, now + 3_600_000)
  expect(await rollupsSince(one.pool, 'slow', hour)).toHaveLength(14)
  const hours = await database.query(
    `select count, failed, max_ms from rollups where monitor = 'slow' and width = 3600000`,
  )
  expect(hours[0]).toEqual({ count: 60, failed: 1, max_ms: 69 })
  await forgetSamples(one.pool, now + 3_600_000, now + 3 * 86_400_000)
  expect(await database.query(`select from samples where monitor = 'slow'`)).toEqual([])
  expect(await database.query(`select width from rollups where monitor = 'slow' and width = 300000`)).toEqual([])
})
