import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { finishReceipt, forget, outcomes, receive, reclaimReceipts, submit, undone } from '../../src/store/inbox.ts'
import type { Store } from '../../src/store/store.ts'
import { firing, T0 } from '../support/builders.ts'
import { type Database, emptyStore } from '../support/stores.ts'

let database: Database
let one: Store
let two: Store
beforeAll(async () => {
  database = await emptyStore()
  one = await database.open()
  two = await database.open()
  return () => database.drop()
})
beforeEach(() => database.query('truncate inbox').then(() => {}))
afterAll(() => {})

const entry = (key: string, change = {}) => ({ source: 'monitor', key, event: firing('home', change) })

describe('events', () => {
  test('are stored in order, each under a number of its own', async () => {
    const ids = await submit(one.pool, [entry('b'), entry('a'), entry('c')], T0)
    expect(ids).toEqual(ids.toSorted((a, b) => a - b))
    expect(new Set(ids).size).toBe(3)
    expect(await undone(one.pool)).toEqual(ids)
    expect(await database.query('select key from inbox order by id')).toEqual([
      { key: 'b' },
      { key: 'a' },
      { key: 'c' },
    ])
  })

  test('with the same source and key are one, whichever came first stands', async () => {
    const [first] = await submit(one.pool, [entry('a')], T0)
    const [again] = await submit(two.pool, [entry('a', { summary: 'other' })], T0 + 1)
    expect(again).toBe(first)
    const rows = await database.query<{ body: { summary: string }; received_at: number }>('select * from inbox')
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({ received_at: T0, body: { summary: firing('home').summary } })
  })

  test('with the same key of another source are others', async () => {
    const ids = await submit(one.pool, [entry('a'), { ...entry('a'), source: 'grafana' }], T0)
    expect(new Set(ids).size).toBe(2)
  })

  test('twice in one go are one', async () => {
    const ids = await submit(one.pool, [entry('a'), entry('b'), entry('a')], T0)
    expect(ids[0]).toBe(ids[2])
    expect(await undone(one.pool)).toHaveLength(2)
  })

  test('that two processes store at the same time are one, and both learn its number', async () => {
    for (let turn = 0; turn < 20; turn++) {
      const keys = Array.from({ length: 8 }, (_, n) => entry(`${turn}/${n}`))
      // The opposite order, so that they meet in the middle.
      const [ours, theirs] = await Promise.all([
        submit(one.pool, keys, T0),
        submit(two.pool, keys.toReversed(), T0).catch((error: { code?: string }) => error.code),
      ])
      // The server ends a deadlock of the two; whoever loses sends again.
      const again = typeof theirs === 'object' ? theirs : await submit(two.pool, keys.toReversed(), T0)
      expect(again.toReversed()).toEqual(ours)
    }
    expect(await database.query('select count(*)::int as n from inbox')).toEqual([{ n: 160 }])
  })

  test('wait for a twin that is just being stored, and take its number', async () => {
    const client = await two.pool.connect()
    try {
      await client.query('begin')
      const { rows } = await client.query(
        `insert into inbox (source, key, lane, body, received_at) values ('monitor', 'a', 'desk', '{}', 1) returning id`,
      )
      const ours = submit(one.pool, [entry('a')], T0)
      await new Promise((resolve) => setTimeout(resolve, 50))
      await client.query('commit')
      expect(await ours).toEqual([rows[0].id])
    } finally {
      client.release()
    }
  })

  test('may hold NUL and halves of characters, which are taken out', async () => {
    await submit(one.pool, [entry('a', { summary: 'a\u0000b \ud800 c', headline: '\udc00x' })], T0)
    const [row] = await database.query<{ body: { summary: string; headline: string } }>('select body from inbox')
    expect(row?.body).toMatchObject({ summary: 'ab \ufffd c', headline: '\ufffdx' })
  })

  test('wake whoever listens', async () => {
    // In a database of its own: what other tests have stored may still be on its way to whoever listens.
    const own = await emptyStore()
    onTestFinished(() => own.drop())
    const [one, two] = [await own.open(), await own.open()]
    let heard = 0
    const forget = two.onNotice(() => {
      heard++
    })
    await submit(one.pool, [entry('a')], T0)
    await expect.poll(() => heard).toBe(1)
    forget()
  })

  test('have their outcome once they are done, and not before', async () => {
    const ids = await submit(one.pool, [entry('a'), entry('b')], T0)
    expect(await outcomes(one.pool, ids)).toEqual(new Map())
    const outcome = { result: 'done', incident: 7, how: 'recorded', paged: [] }
    await database.query('update inbox set done_at = 1, outcome = $2 where id = $1', [ids[0], JSON.stringify(outcome)])
    expect(await outcomes(one.pool, ids)).toEqual(new Map([[ids[0], outcome]]))
  })
})

describe('payloads of Slack', () => {
  const now = 1_000_000

  test('are stored once, whichever process gets the repeat', async () => {
    expect(await receive(one, 'events_api/Ev1', { a: 1 }, T0, now)).toMatchObject({ key: 'events_api/Ev1' })
    expect(await receive(two, 'events_api/Ev1', { a: 1 }, T0, now)).toBeNull()
  })

  test('are left to whoever works on them, and taken up when that process is dead', async () => {
    const dying = await database.open()
    await receive(dying, 'x', { a: 1 }, T0, now)
    expect(await reclaimReceipts(two, now + 1)).toEqual([])
    await dying.close()
    await expect.poll(() => reclaimReceipts(two, now + 1)).toMatchObject([{ key: 'x', body: { a: 1 } }])
    expect(await reclaimReceipts(one, now + 1)).toEqual([])
  })

  test('are taken up when their process is frozen, once its time is over', async () => {
    await receive(one, 'x', {}, T0, now)
    expect(await reclaimReceipts(two, now + 30_000)).toEqual([])
    expect(await reclaimReceipts(two, now + 30_001)).toHaveLength(1)
  })

  test('are not kept once they are answered', async () => {
    const receipt = await receive(one, 'x', { secret: 'what people wrote' }, T0, now)
    await finishReceipt(one.pool, receipt?.id ?? 0, T0 + 1)
    expect(await database.query('select body from inbox')).toEqual([{ body: {} }])
    expect(await reclaimReceipts(two, now + 60_000)).toEqual([])
    await forget(one.pool, T0 + 1)
    expect(await receive(one, 'x', {}, T0, now)).toBeNull()
    await forget(one.pool, T0 + 2)
    expect(await receive(one, 'x', {}, T0, now)).not.toBeNull()
  })
})

test('what is done is forgotten when its time is over, however much it is; what is not stays', async () => {
  await database.query(
    `insert into inbox (source, key, lane, body, received_at, done_at)
     select 'test', n::text, 'desk', '{}', ${T0}, case n when 7 then null when 12001 then ${T0 + 1} else ${T0} end
       from generate_series(1, 12001) as n`,
  )
  await forget(one.pool, T0 + 1)
  expect(await database.query('select key from inbox order by id')).toEqual([{ key: '7' }, { key: '12001' }])
})
