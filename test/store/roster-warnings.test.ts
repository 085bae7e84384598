import { beforeAll, expect, test } from 'vitest'
import type { Lead, Warning } from '../../src/domain/duty/warning.ts'
import { About } from '../../src/domain/owed.ts'
import { forgetWarnings, oweWarnings } from '../../src/store/roster-warnings.ts'
import type { Store } from '../../src/store/store.ts'
import { HOUR, T0 } from '../support/builders.ts'
import { type Database, emptyStore } from '../support/stores.ts'

let database: Database
let stores: Store[]
beforeAll(async () => {
  database = await emptyStore()
  stores = [await database.open(), await database.open()]
  return () => database.drop()
})

const warning = (schedule: string, lead: Lead, channels: string[]): Warning => ({
  name: `roster/${lead}/gap/${schedule}`,
  lead,
  what: { kind: 'gap', schedule, people: [], startAt: T0 + HOUR, endAt: T0 + 2 * HOUR },
  channels,
})

async function owed(): Promise<string[]> {
  const rows = await database.query<{ about: unknown }>('select about from owed order by key')
  return rows.map(({ about }) => {
    const parsed = About.parse(about)
    if (parsed.kind !== 'roster-warning') throw new Error('something else is owed')
    return `${parsed.channel} ${parsed.lead}: ${parsed.what.map(({ schedule }) => schedule).join(' ')}`
  })
}

test('each is owed once, whoever finds it, in one message for each channel and lead; what is seen again is kept, the rest forgotten', async () => {
  const all = [
    warning('a', 'day', ['C1', 'C2']),
    warning('b', 'day', ['C1']),
    warning('c', 'soon', []),
    warning('d', 'soon', ['C1']),
  ]
  const found = await Promise.all([...stores, ...stores].map(({ pool }) => oweWarnings(pool, all, T0)))
  expect(found.flat()).toHaveLength(all.length)
  expect(new Set(found.flat())).toEqual(new Set(all.map(({ name }) => name)))
  expect(await owed()).toEqual(['C1 day: a b', 'C2 day: a', 'C1 soon: d'])

  const [{ pool } = stores[1] as Store] = stores
  expect(await oweWarnings(pool, all.slice(0, 2), T0 + HOUR)).toEqual([])
  await forgetWarnings(pool, T0 + HOUR)
  const again = await oweWarnings(pool, all, T0 + 2 * HOUR)
  expect(new Set(again)).toEqual(new Set(['roster/soon/gap/c', 'roster/soon/gap/d']))
  expect(await owed()).toEqual(['C1 day: a b', 'C2 day: a', 'C1 soon: d', 'C1 soon: d'])
})
