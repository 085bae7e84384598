import { afterEach, beforeEach, expect, test } from 'vitest'
import { bringBack } from '../../src/store/desk.ts'
import { claimSlot, hearsNow, othersHear } from '../../src/store/slots.ts'
import { T0 } from '../support/builders.ts'
import { type Database, emptyStore } from '../support/stores.ts'

let database: Database
beforeEach(async () => {
  database = await emptyStore()
})
afterEach(() => database.drop())

test('of many who claim a slot at once, in several processes, one has it', async () => {
  const stores = [await database.open(), await database.open(), await database.open()]
  for (let slotAt = T0; slotAt < T0 + 20_000; slotAt += 1_000) {
    const asked = stores.flatMap(({ pool }) => [1, 2, 3].map(() => claimSlot(pool, 'probes', slotAt)))
    const had = await Promise.all(asked)
    expect(had.filter(Boolean)).toHaveLength(1)
  }
})

test("a slot that was had, and any before it, is nobody else's; the next is free, and so are those of other entries", async () => {
  const { pool } = await database.open()
  expect(await claimSlot(pool, 'probes', T0)).toBe(true)
  expect(await claimSlot(pool, 'probes', T0)).toBe(false)
  expect(await claimSlot(pool, 'probes', T0 - 1_000)).toBe(false)
  expect(await claimSlot(pool, 'digest', T0 - 1_000)).toBe(true)
  expect(await claimSlot(pool, 'probes', T0 + 1_000)).toBe(true)
})

test('a claim is for ever: it survives whoever made it', async () => {
  const one = await database.open()
  expect(await claimSlot(one.pool, 'digest', T0)).toBe(true)
  await database.cut()
  const other = await database.open()
  expect(await claimSlot(other.pool, 'digest', T0)).toBe(false)
})

test('slots that a process with a wrong clock had ahead of time are brought back to now', async () => {
  const store = await database.open()
  expect(await claimSlot(store.pool, 'digest', T0 + 86_400_000)).toBe(true)
  expect(await claimSlot(store.pool, 'digest', T0)).toBe(false)
  expect(await bringBack(store, T0)).toBe(86_400_000)
  expect(await claimSlot(store.pool, 'digest', T0 + 1_000)).toBe(true)
})

test('whoever hears Slack leaves a sign for the others, which is forgotten a day after', async () => {
  const { pool } = await database.open()
  expect(await othersHear(pool, 1, T0)).toBe(false)
  await hearsNow(pool, 2, T0)
  expect(await othersHear(pool, 1, T0)).toBe(true)
  expect(await othersHear(pool, 1, T0 + 1)).toBe(false)
  expect(await othersHear(pool, 2, T0)).toBe(false)
  await hearsNow(pool, 1, T0 + 25 * 3_600_000)
  expect(await othersHear(pool, 1, T0)).toBe(false)
})
