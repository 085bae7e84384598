import { afterEach, beforeEach, expect, test } from 'vitest'
import { activateRules, introduceRules, readRules } from '../../src/store/rules.ts'
import type { Store } from '../../src/store/store.ts'
import { rules, T0 } from '../support/builders.ts'
import { type Database, emptyStore } from '../support/stores.ts'

const first = rules()
const second = { ...first, company: 'Second' }
const third = { ...first, company: 'Third' }

let database: Database
let store: Store
beforeEach(async () => {
  database = await emptyStore()
  store = await database.open()
})
afterEach(() => database.drop())

const active = async () => {
  const [row] = await database.query<{ rules_id: number }>('select rules_id from desk')
  return (await readRules(store.pool, row?.rules_id ?? 0)).company
}
const history = async () =>
  (await database.query<{ rules_id: number }>('select rules_id from activations order by id')).map(
    (row) => row.rules_id,
  )

test('a configuration is kept once, however often it is made the active one, and each change stands in the history', async () => {
  await activateRules(store, first, T0)
  await activateRules(store, first, T0 + 1)
  await activateRules(store, second, T0 + 2)
  await activateRules(store, first, T0 + 3)
  expect(await active()).toBe(first.company)
  expect(await history()).toEqual([1, 3, 1])
  expect(await database.query('select count(*)::int as n from rules')).toEqual([{ n: 2 }])
})

test('a process that starts alone means what it says, also when it goes back to an earlier configuration', async () => {
  await introduceRules(store, first, T0)
  await introduceRules(store, second, T0)
  expect(await introduceRules(store, first, T0)).toEqual({ rules: first, stale: false })
  expect(await active()).toBe(first.company)
})

test('beside others, a configuration that was replaced is stale: the active one stays; one that is new is made active', async () => {
  await introduceRules(store, first, T0)
  await introduceRules(store, second, T0)
  const other = await database.open()
  expect(await introduceRules(other, first, T0)).toEqual({ rules: second, stale: true })
  expect(await active()).toBe('Second')
  expect(await introduceRules(other, third, T0)).toEqual({ rules: third, stale: false })
  expect(await active()).toBe('Third')
})

test('by hand an earlier configuration is made active again, beside others too', async () => {
  await introduceRules(store, first, T0)
  await introduceRules(store, second, T0)
  await database.open()
  await activateRules(store, first, T0)
  expect(await active()).toBe(first.company)
})
