import { beforeAll, expect, test } from 'vitest'
import { newLog } from '../../src/domain/detect/log-state.ts'
import { NO_STATE, readLogs, saveLog } from '../../src/store/logs.ts'
import { looksOf } from '../../src/store/record.ts'
import type { Store } from '../../src/store/store.ts'
import { firing, T0 } from '../support/builders.ts'
import { type Database, emptyStore } from '../support/stores.ts'

let database: Database
let stores: [Store, Store]
beforeAll(async () => {
  database = await emptyStore()
  stores = [await database.open(), await database.open()]
  return () => database.drop()
})

const next = (monitor: string, after: number, event = true) => ({
  ...{
    monitor,
    after,
    state: newLog({ file: '/x', expectEmpty: true }, T0 + after),
    mustLast: false,
    counts: [],
    lines: { read: 3, matched: 1 },
    now: T0,
  },
  events: event ? [{ source: 'monitor', key: `${monitor}#${after + 1}/lines`, event: firing(monitor) }] : [],
})
const inTray = async (monitor: string) =>
  (await database.query<{ key: string }>(`select key from inbox where key like $1 order by id`, [`${monitor}#%`])).map(
    ({ key }) => key,
  )

test('each state follows on the one before, whichever process was faster, with its event', async () => {
  for (let seq = NO_STATE; seq < 25; seq++) {
    const saved = await Promise.all([...stores, ...stores].map((store) => saveLog(store, next('app', seq))))
    expect(saved.filter(Boolean)).toHaveLength(1)
  }
  expect(await inTray('app')).toEqual(Array.from({ length: 25 }, (_, n) => `app#${n + 1}/lines`))
  expect((await readLogs(stores[1].pool, ['app'])).get('app')).toEqual({ seq: 25, state: next('app', 24).state })
  // Of each look once.
  expect(await looksOf(stores[0].pool, ['app'], T0, T0)).toEqual(new Map([['app', { looks: 75, failures: 25 }]]))
})

test('a state whose event cannot be stored is not stored either', async () => {
  await database.query(`alter table inbox add constraint refused check (key not like 'torn#%')`)
  await expect(saveLog(stores[0], next('torn', NO_STATE))).rejects.toThrow(/refused/)
  expect((await readLogs(stores[0].pool, ['torn'])).size).toBe(0)
  expect(await saveLog(stores[0], next('torn', NO_STATE, false))).toBe(true)
})

test('what a pattern or a path looks like is not taken for a secret: it must come back as it was', async () => {
  const state = { ...newLog({ file: '/var/log/?token=abcdef123456', expectEmpty: false }, T0) }
  state.windows = [{ pattern: 'password=abcdefgh1 Bearer abcdef0123456789', at: [T0] }]
  await saveLog(stores[0], { ...next('odd', NO_STATE, false), state })
  expect((await readLogs(stores[0].pool, ['odd'])).get('odd')?.state).toEqual(state)
})
