import { pino } from 'pino'
import { afterEach, expect, test } from 'vitest'
import { newProbe } from '../../src/domain/detect/probe.ts'
import { bringBack } from '../../src/store/desk.ts'
import { saveSample } from '../../src/store/monitors.ts'
import { nextOwedAt, pauseLane } from '../../src/store/owed.ts'
import { openStore } from '../../src/store/store.ts'
import { freshDatabase } from '../support/postgres.ts'

const NOW = Date.parse('2026-11-23T03:00:00Z')
const HOUR = 3_600_000
const close: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const each of close.splice(0).reverse()) await each()
})

test('a store that an earlier process left an hour ahead is brought back: checks and what is owed do not wait for it', async () => {
  const database = await freshDatabase()
  close.push(() => database.drop())
  const store = await openStore(database.config, NOW, 'test', pino({ level: 'silent' }))
  close.push(() => store.close())
  const sample = { at: NOW + HOUR, ok: true, saw: '200 OK', ms: 1 }
  await saveSample(store, {
    monitor: 'home',
    slotAt: NOW + HOUR,
    sample,
    state: newProbe(NOW),
    event: null,
    now: NOW + HOUR,
  })
  await store.pool.query('update desk set decided_at = $1', [NOW + HOUR])
  await store.pool.query(
    `insert into owed (key, lane, kind, about, due_at) values ('summary/1', 'incident/1', 'summary', '{}', $1)`,
    [NOW + HOUR],
  )
  await pauseLane(store.pool, 'incident/1', NOW + HOUR, NOW)
  expect(await bringBack(store, NOW)).toBe(HOUR)
  expect(await nextOwedAt(store.pool, NOW)).toBeNull()
  const { rows } = await store.pool.query(
    'select (select decided_at from desk) as desk, (select last_slot from monitors) as slot, (select due_at from owed) as due',
  )
  expect(rows[0]).toEqual({ desk: NOW, slot: NOW, due: NOW })
  expect(await bringBack(store, NOW)).toBe(0)
})
