import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Decision } from '../../src/domain/decide.ts'
import type { About, Owed, OwedKind } from '../../src/domain/owed.ts'
import { commit, take } from '../../src/store/desk.ts'
import {
  type Claim,
  claim,
  finish,
  LAZY_MS,
  nextOwedAt,
  owing,
  pauseLane,
  resultOf,
  stands,
} from '../../src/store/owed.ts'
import type { Store } from '../../src/store/store.ts'
import { T0 } from '../support/builders.ts'
import { type Database, emptyStore } from '../support/stores.ts'

const LEASE_MS = 10_000
/** Machine time is something else than watch time. */
const M0 = 5_000_000

let database: Database
let one: Store
let two: Store
beforeAll(async () => {
  database = await emptyStore()
  one = await database.open()
  two = await database.open()
  return () => database.drop()
})
beforeEach(() => database.query('truncate owed, attempts, pauses').then(() => {}))

const row = (key: string, lane = key, kind: OwedKind = 'post'): Owed => {
  const about = {
    post: { kind: 'post', incident: 1, fact: 1 },
    page: { kind: 'page', incident: 1, page: key },
    'page-view': { kind: 'page-view', incident: 1, page: key.replace('view/', '') },
    summary: { kind: 'summary', incident: 1 },
    announcement: { kind: 'announcement', incident: 1 },
  }[kind as 'post'] as About
  return { key, lane, about }
}

/** What a decision writes, without a decision. */
async function owe(store: Store, owed: Owed[], voids: string[] = [], now = T0) {
  const client = await store.deskPool.connect()
  try {
    const taken = await take(client, { only: null, now: T0, known: null })
    if (!taken) throw new Error('no desk')
    const decision: Decision = { desk: taken.desk, facts: [], owed, voids, outcomes: [] }
    return await commit(client, {
      taken,
      decision,
      parked: [],
      now,
      process: store.process,
      machineNow: M0,
      leaseMs: LEASE_MS,
    })
  } finally {
    client.release()
  }
}

const claims = (store: Store, change: Partial<Parameters<typeof claim>[1]> = {}) =>
  claim(store, { now: T0, machineNow: M0, leaseMs: LEASE_MS, limit: 100, urgent: false, inFlight: [], ...change })
const keys = (all: Claim[]) => all.map(({ key }) => key)

async function first(all: Promise<Claim[]>): Promise<Claim> {
  const [claim, more] = await all
  if (!claim || more) throw new Error('not exactly one claim')
  return claim
}

const done = (store: Store, claim: Claim, change: Partial<Parameters<typeof finish>[1]> = {}) =>
  finish(store.pool, {
    claim,
    state: 'done',
    dueAt: T0,
    result: null,
    attempt: { startedAt: T0, endedAt: T0 + 1, outcome: 'done', reason: null },
    ...change,
  })

const stateOf = async (key: string) => (await resultOf(one.pool, key))?.state

describe('claims', () => {
  test('of two processes never meet: each row is claimed once', async () => {
    for (let turn = 0; turn < 10; turn++) {
      await owe(
        one,
        Array.from({ length: 60 }, (_, n) => row(`post/${turn}/${n}`)),
      )
      const got = await Promise.all([claims(one), claims(two), claims(one), claims(two, { limit: 5 })])
      const all = got.flatMap(keys)
      expect(new Set(all).size).toBe(all.length)
      // Whoever was skipped as locked is free for the next.
      const rest = keys(await claims(two))
      expect(new Set([...all, ...rest]).size).toBe(all.length + rest.length)
      expect(all.length + rest.length).toBe(60)
    }
  })

  test('take what is due, the oldest first, and no more than asked for', async () => {
    await owe(one, [row('a'), row('b'), row('c')])
    expect(await claims(one, { now: T0 - 1 })).toEqual([])
    expect(keys(await claims(one, { limit: 2 })).toSorted((a, b) => a.localeCompare(b))).toEqual(['a', 'b'])
    expect(keys(await claims(one))).toEqual(['c'])
  })

  test('take pages by themselves, and the rest by itself', async () => {
    await owe(one, [row('page/1/dana', 'page/1/dana', 'page'), row('post/1')])
    expect(keys(await claims(one, { urgent: false }))).toEqual(['post/1'])
    const { key } = await first(claims(two, { urgent: true, machineNow: M0 + LEASE_MS + 1 }))
    expect(key).toBe('page/1/dana')
  })

  test('of a process that is dead are free at once', async () => {
    const dying = await database.open()
    await owe(one, [row('a')])
    expect(await first(claims(dying))).toMatchObject({ fence: 1, tries: 1, uncertain: false })
    expect(await claims(two)).toEqual([])
    await dying.close()
    await expect.poll(() => claims(two)).toMatchObject([{ key: 'a', fence: 2, tries: 2, uncertain: true }])
  })

  test('of a process that was killed are free at once: its connection is what counts', async () => {
    const dying = await database.open()
    await owe(one, [row('a')])
    await claims(dying)
    await database.query(
      `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objid = $1 and granted
         and database = (select oid from pg_database where datname = current_database())`,
      [dying.process],
    )
    await expect.poll(() => claims(two)).toMatchObject([{ key: 'a' }])
    // It comes back, under a lock of its own, and finds its claim gone.
    await expect.poll(() => dying.healthy(), { timeout: 5_000 }).toBe(true)
    expect(await claims(dying)).toEqual([])
  })

  test('of a process that is frozen are free when their lease is over, not before', async () => {
    await owe(one, [row('a')])
    await claims(one)
    expect(await claims(two, { machineNow: M0 + LEASE_MS })).toEqual([])
    expect(await first(claims(two, { machineNow: M0 + LEASE_MS + 1 }))).toMatchObject({ fence: 2, uncertain: true })
  })

  test('of our own that are not in flight are free at once, since the answer to the claim was lost; what is in flight is not', async () => {
    await owe(one, [row('a'), row('b')])
    await claims(one)
    const later = { machineNow: M0 + 1 }
    expect(await claims(two, later)).toEqual([])
    expect(await claims(one, { ...later, inFlight: ['a', 'b'] })).toEqual([])
    expect(await claims(one, { ...later, inFlight: ['a'] })).toMatchObject([{ key: 'b', fence: 2, uncertain: true }])
  })

  test('never take what was claimed after they were made: it may have been on its way to us', async () => {
    await owe(one, [row('a')])
    await claims(one)
    expect(await claims(one, { machineNow: M0 })).toEqual([])
    expect(await claims(one, { machineNow: M0 - 5 })).toEqual([])
  })

  test('a process that was overtaken changes nothing any more', async () => {
    await owe(one, [row('a')])
    const stale = await first(claims(one))
    const fresh = await first(claims(two, { machineNow: M0 + LEASE_MS + 1 }))
    expect(await stands(one.pool, stale)).toBe(false)
    expect(await stands(two.pool, fresh)).toBe(true)
    await done(one, stale, { result: { ts: 'stale' } })
    expect(await resultOf(one.pool, 'a')).toEqual({ state: 'open', result: null })
    expect(await database.query('select * from attempts')).toEqual([])
    await done(two, fresh, { result: { ts: 'fresh' } })
    expect(await resultOf(one.pool, 'a')).toEqual({ state: 'done', result: { ts: 'fresh' } })
  })

  test('a row that is owed twice is one row', async () => {
    await owe(one, [row('a')])
    await done(one, await first(claims(one)))
    await owe(two, [row('a')])
    expect(await stateOf('a')).toBe('done')
    expect(await claims(two)).toEqual([])
  })
})

describe('pages', () => {
  const page = row('page/1/dana/e1/r1/s1', 'page/1/dana/e1/r1/s1', 'page')

  test('are born claimed by the process that decided them, once', async () => {
    expect(await owe(one, [page])).toEqual([{ ...page, kind: 'page', fence: 1 }])
    expect(await owe(two, [page])).toEqual([])
    expect(await claims(two, { urgent: true })).toEqual([])
    expect(await first(claims(two, { urgent: true, machineNow: M0 + LEASE_MS + 1 }))).toMatchObject({ uncertain: true })
  })

  test('that are being sent are not void; those that wait are', async () => {
    const waiting = row('page/1/sam/e1/r1/s2', 'page/1/sam/e1/r1/s2', 'page')
    const [born] = await owe(one, [page])
    await owe(one, [waiting])
    const again = { ...waiting, fence: 1, tries: 1, wanted: 1, uncertain: false, result: null }
    await done(one, again, {
      state: 'open',
      dueAt: T0 + 500,
      attempt: { startedAt: 1, endedAt: 2, outcome: 'again', reason: 'x' },
    })
    await owe(two, [], ['page/1/'])
    expect(await stateOf(page.key)).toBe('open')
    expect(await stateOf(waiting.key)).toBe('void')
    expect(await claims(one, { urgent: true, now: T0 + 1_000 })).toEqual([])
    if (!born) throw new Error('not born')
    await done(one, { ...born, tries: 1, wanted: 1, uncertain: false, result: null }, { result: { ts: '1' } })
    expect(await resultOf(one.pool, page.key)).toEqual({ state: 'done', result: { ts: '1' } })
  })

  test('of another incident whose number begins alike are not void', async () => {
    const other = row('page/10/dana/e1/r1/s1', 'page/10/dana/e1/r1/s1', 'page')
    await owe(one, [other])
    await database.query('update owed set sending = false, owner = null')
    await owe(one, [], ['page/1/'])
    expect(await stateOf(other.key)).toBe('open')
  })

  test('bring their message up to date once they were sent: something may have changed on the way', async () => {
    const view = row(`view/${page.key}`, `view/${page.key}`, 'page-view')
    const [born] = await owe(one, [page, view])
    if (!born) throw new Error('not born')
    // The view was looked at too early: nothing to show yet.
    await done(two, await first(claims(two)))
    expect(await stateOf(view.key)).toBe('done')
    await done(one, { ...born, tries: 1, wanted: 1, uncertain: false, result: null }, { result: { ts: '1' } })
    expect(keys(await claims(two, { now: T0 + 1 }))).toEqual([view.key])
  })

  test('never wait for each other, whatever their number', async () => {
    await owe(
      one,
      Array.from({ length: 50 }, (_, n) => row(`page/${n}`, 'same-lane', 'page')),
    )
    expect(await claims(two, { urgent: true, machineNow: M0 + LEASE_MS + 1 })).toHaveLength(50)
  })
})

describe('lanes', () => {
  test('go in order, one at a time', async () => {
    await owe(one, [row('a1', 'a'), row('a2', 'a'), row('b1', 'b'), row('a3', 'a')])
    const both = await claims(one)
    expect(keys(both).toSorted((a, b) => a.localeCompare(b))).toEqual(['a1', 'b1'])
    expect(await claims(two)).toEqual([])
    for (const each of both) await done(one, each)
    const a2 = await first(claims(two))
    expect(a2.key).toBe('a2')
    await done(two, a2)
    expect(keys(await claims(one))).toEqual(['a3'])
  })

  test('wait for what is to be tried again', async () => {
    await owe(one, [row('a1', 'a'), row('a2', 'a')])
    await done(one, await first(claims(one)), { state: 'open', dueAt: T0 + 500 })
    expect(await claims(two, { now: T0 + 499 })).toEqual([])
    expect(keys(await claims(two, { now: T0 + 500 }))).toEqual(['a1'])
  })

  test('that are paused delay only themselves', async () => {
    await owe(one, [row('a1', 'a'), row('a2', 'a'), row('b1', 'b')])
    const [a1] = (await claims(one)).filter(({ key }) => key === 'a1')
    if (!a1) throw new Error('not claimed')
    await done(one, a1, { state: 'open', dueAt: T0 + 30_000 })
    await pauseLane(one.pool, 'a', T0 + 30_000, T0)
    await owe(one, [row('a3', 'a'), row('b2', 'b')])
    expect(await claims(two, { now: T0 + 29_999, limit: 10 })).toEqual([])
    await database.query(`update owed set state = 'done' where key = 'b1'`)
    expect(keys(await claims(two, { now: T0 + 29_999 }))).toEqual(['b2'])
    expect(keys(await claims(two, { now: T0 + 30_000 }))).toEqual(['a1'])
  })

  test('stay paused for what is wanted again meanwhile', async () => {
    await owe(one, [row('summary/1', 'a', 'summary')])
    await done(one, await first(claims(one)))
    await owe(one, [row('post/1', 'a')])
    await done(one, await first(claims(one)), { state: 'open', dueAt: T0 + 30_000 })
    await pauseLane(one.pool, 'a', T0 + 30_000, T0)
    await owe(one, [row('summary/1', 'a', 'summary')])
    expect(await claims(two, { now: T0 + 29_999 })).toEqual([])
    expect(keys(await claims(two, { now: T0 + 30_000 }))).toEqual(['summary/1'])
  })

  test('are paused no shorter by a second request, and forgotten when that is over', async () => {
    await pauseLane(one.pool, 'a', T0 + 30_000, T0)
    await pauseLane(one.pool, 'a', T0 + 1_000, T0)
    expect(await nextOwedAt(one.pool, T0)).toBe(T0 + 30_000)
    await pauseLane(two.pool, 'b', T0 + 40_000, T0 + 30_001)
    expect(await database.query('select lane, until_at::float8 from pauses')).toEqual([
      { lane: 'b', until_at: T0 + 40_000 },
    ])
  })

  test('have one in flight also when an earlier view is wanted again meanwhile', async () => {
    await owe(one, [row('summary/1', 'a', 'summary')])
    await done(one, await first(claims(one)))
    await owe(one, [row('post/1', 'a')])
    const post = await first(claims(one))
    await owe(one, [row('summary/1', 'a', 'summary')])
    expect(await claims(two)).toEqual([])
    await done(one, post)
    expect(keys(await claims(two))).toEqual(['summary/1'])
  })

  test('whose one in flight died go on', async () => {
    const dying = await database.open()
    await owe(one, [row('summary/1', 'a', 'summary')])
    await done(one, await first(claims(one)))
    await owe(one, [row('post/1', 'a')])
    await claims(dying)
    await owe(one, [row('summary/1', 'a', 'summary')])
    await dying.close()
    await expect.poll(async () => keys(await claims(two))).toEqual(['summary/1'])
  })
})

describe('views', () => {
  const summary = row('summary/1', 'a', 'summary')

  test('that are wanted again while they are shown are shown again', async () => {
    await owe(one, [summary])
    const shown = await first(claims(one))
    expect(shown.wanted).toBe(1)
    await owe(two, [summary])
    expect(await claims(two)).toEqual([])
    await done(one, shown, { result: { ts: '1' } })
    const again = await first(claims(two, { now: T0 + 1 }))
    expect(again).toMatchObject({ wanted: 2, uncertain: false, result: { ts: '1' } })
    await done(two, again)
    expect(await stateOf('summary/1')).toBe('done')
    expect(await database.query('select wanted, shown from owed')).toEqual([{ wanted: 2, shown: 2 }])
  })

  test('that are wanted often while they wait are shown once', async () => {
    for (let n = 0; n < 5; n++) await owe(one, [summary])
    const shown = await first(claims(one))
    await done(one, shown)
    expect(await claims(two)).toEqual([])
  })

  test('that were shown are opened again, and try from the beginning', async () => {
    await owe(one, [summary])
    await done(one, await first(claims(one)))
    await owe(one, [summary], [], T0 + 60_000)
    expect(await claims(two)).toEqual([])
    expect(await first(claims(two, { now: T0 + 60_000 }))).toMatchObject({ tries: 1, wanted: 2 })
  })

  test('that are lazy are shown at once, and then every so often; anything else about them is shown at once', async () => {
    const lazy = { ...summary, lazy: true } as const
    await owe(one, [lazy])
    await done(one, await first(claims(one)))
    await owe(one, [lazy], [], T0 + 1_000)
    expect(await claims(one, { now: T0 + LAZY_MS - 1 })).toEqual([])
    await owe(one, [lazy], [], T0 + 2_000)
    // Wanted while it is being shown: that has to wait as well.
    const shown = await first(claims(one, { now: T0 + LAZY_MS }))
    await owe(one, [lazy], [], T0 + LAZY_MS)
    await done(one, shown, { dueAt: T0 + LAZY_MS })
    expect(await claims(one, { now: T0 + LAZY_MS + 1_000 })).toEqual([])
    await owe(one, [summary], [], T0 + LAZY_MS + 2_000)
    await done(one, await first(claims(one, { now: T0 + LAZY_MS + 2_000 })))
    expect(await stateOf('summary/1')).toBe('done')
  })

  test('that have time hold up nothing behind them in their lane, once they were shown', async () => {
    const lazy = { ...summary, lazy: true } as const
    await owe(one, [lazy, row('post/1', lazy.lane)])
    const shown = await first(claims(one))
    expect(shown.key).toBe('summary/1')
    await done(one, shown)
    await owe(one, [lazy], [], T0 + 1_000)
    expect(keys(await claims(one, { now: T0 + 1_000 }))).toEqual(['post/1'])
  })

  test('keep their pause when they are wanted again', async () => {
    await owe(one, [summary])
    await done(one, await first(claims(one)), { state: 'open', dueAt: T0 + 30_000 })
    await owe(one, [summary])
    expect(await claims(two)).toEqual([])
    expect(keys(await claims(two, { now: T0 + 30_000 }))).toEqual(['summary/1'])
  })
})

describe('the record of attempts', () => {
  test('has each, with what came of it', async () => {
    await owe(one, [row('a')])
    await done(one, await first(claims(one)), {
      state: 'unknown',
      dueAt: T0 + 2_000,
      result: { looks: 0 },
      attempt: { startedAt: T0, endedAt: T0 + 5_000, outcome: 'unknown', reason: 'no answer' },
    })
    expect(await resultOf(one.pool, 'a')).toEqual({ state: 'unknown', result: { looks: 0 } })
    const second = await first(claims(two, { now: T0 + 2_000 }))
    expect(second).toMatchObject({ tries: 2, result: { looks: 0 } })
    await done(two, second, { attempt: { startedAt: T0 + 2_000, endedAt: T0 + 2_100, outcome: 'done', reason: null } })
    expect(await database.query('select n, outcome, reason, started_at from attempts order by n')).toEqual([
      { n: 1, outcome: 'unknown', reason: 'no answer', started_at: T0 },
      { n: 2, outcome: 'done', reason: null, started_at: T0 + 2_000 },
    ])
  })

  test('keeps the result of before when an attempt brings none', async () => {
    await owe(one, [row('a')])
    await done(one, await first(claims(one)), { state: 'open', dueAt: T0, result: { ts: '1' } })
    await done(one, await first(claims(one)))
    expect(await resultOf(one.pool, 'a')).toEqual({ state: 'done', result: { ts: '1' } })
  })
})

test('the next due instant is that of what is not due yet', async () => {
  await owe(one, [row('a')])
  await owe(one, [row('b')], [], T0 + 5_000)
  await owe(one, [row('c')], [], T0 + 9_000)
  expect(await nextOwedAt(one.pool, T0)).toBe(T0 + 5_000)
  expect(await owing(one.pool, T0)).toBe(true)
  expect(await owing(one.pool, T0 - 1)).toBe(false)
  await claims(one)
  expect(await owing(one.pool, T0 - 1)).toBe(true)
  await database.query(`update owed set state = 'done', owner = null`)
  expect(await nextOwedAt(one.pool, T0)).toBeNull()
  expect(await owing(one.pool, T0 + 10_000)).toBe(false)
})
