import type pg from 'pg'
import { pino } from 'pino'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { newProbe } from '../../src/domain/detect/probe.ts'
import { submit, undone } from '../../src/store/inbox.ts'
import { saveSample } from '../../src/store/monitors.ts'
import { checkServer, whyUnfit } from '../../src/store/server.ts'
import { openStore, type Store } from '../../src/store/store.ts'
import { firing, T0 } from '../support/builders.ts'
import { postgresBin } from '../support/need.ts'
import { eventually } from '../support/process.ts'
import { type Server, startServer } from '../support/server.ts'

/** A server of the operator's: whether it will do, and what becomes of the store when it does not answer. */

describe.skipIf(postgresBin === null)('a server of the operator (needs PostgreSQL)', () => {
  let server: Server
  beforeAll(async () => {
    server = await startServer()
    return () => server.drop()
  })
  const cleanUp: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const step of cleanUp.splice(0).reverse()) await step()
  })

  let databases = 0
  const fresh = async (more = '') => {
    const name = `fit_${++databases}`
    await server.query(`create database ${name} ${more}`)
    return { ...server.config, database: name }
  }
  /** Somebody who may do nothing but connect. */
  const guest = async (database: string) => {
    const user = `guest_${databases}`
    await server.query(`create user ${user} password 'x'`)
    return { ...server.config, database, user, password: 'x' }
  }
  async function start(config: pg.PoolConfig): Promise<Store> {
    const store = await openStore(config, T0, 'test', pino({ level: 'silent' }))
    cleanUp.push(() => store.close())
    return store
  }

  describe('is fit, or what is to be done about it is said', () => {
    test('with an empty database, and with one that we were on', async () => {
      const config = await fresh()
      await checkServer(config, { timetable: true })
      await start(config)
      await checkServer(config, { timetable: true })
    })

    test('as a user who owns the database', async () => {
      const config = await fresh()
      const owner = await guest(config.database)
      await server.query(`alter database ${config.database} owner to ${owner.user}`)
      await checkServer(owner, { timetable: true })
      await start(owner)
    })

    test('not as a user who may not make tables, nor as one who may not make the schema of the timetable', async () => {
      const { database } = await fresh()
      const user = await guest(database)
      await expect(checkServer(user, { timetable: true })).rejects.toThrow(
        `The user ${user.user} may not make tables in the database ${database}. As its owner run: grant create on schema public to "${user.user}"`,
      )
      await server.query(`grant create on schema public to "${user.user}"`, database)
      await checkServer(user, { timetable: false })
      await expect(checkServer(user, { timetable: true })).rejects.toThrow(
        `grant create on database "${database}" to "${user.user}"`,
      )
      await server.query(`grant create on database "${database}" to "${user.user}"`)
      await checkServer(user, { timetable: true })
      await start(user)
    })

    test('not beside tables that are another user’s', async () => {
      const config = await fresh()
      await start(config)
      const user = await guest(config.database)
      await server.query(`grant create on schema public to ${user.user}`, config.database)
      await expect(checkServer(user, { timetable: true })).rejects.toThrow(
        /belong to postgres, and guest_\d+ may not change them: .*grant "postgres" to "guest_\d+"$/,
      )
    })

    test('not with a database that is read only, or in letters that hold no emoji', async () => {
      const config = await fresh()
      await server.query(`alter database ${config.database} set default_transaction_read_only = on`)
      await expect(checkServer(config, { timetable: true })).rejects.toThrow(/lets its users only read/)
      const latin = await fresh(`encoding 'LATIN1' lc_collate 'C' lc_ctype 'C' template template0`)
      await expect(checkServer(latin, { timetable: true })).rejects.toThrow(
        /stores text in LATIN1.*make one with encoding 'UTF8'/,
      )
    })

    test('what does not answer is no verdict: waiting may mend it', async () => {
      await expect(checkServer({ ...server.config, port: 1 }, { timetable: true })).rejects.toThrow(/ECONNREFUSED/)
    })
  })

  test('F08 frozen, calls end within 5 s and say so; thawed, all of them go on by themselves within 5 s', async () => {
    const store = await start(await fresh())
    const entry = (key: string) => [{ source: 'test', key, event: firing(key) }]
    await submit(store.pool, entry('before'), T0)
    await server.freeze()
    cleanUp.push(() => server.thaw())
    const from = performance.now()
    const calls = await Promise.all(
      [
        submit(store.pool, entry('during'), T0),
        undone(store.pool),
        store.deskPool.query('select from desk for update'),
        saveSample(store, { monitor: 'home', slotAt: T0, sample: SAMPLE, state: STATE, event: null, now: T0 }),
        store.answers(),
      ].map((call) =>
        call.then(
          (answer) => answer,
          (error: Error) => error.message,
        ),
      ),
    )
    expect(performance.now() - from).toBeLessThan(15_000)
    expect(calls).toEqual([...Array(4).fill(expect.stringMatching(/timeout/i)), false])
    await server.thaw()
    const thawedAt = performance.now()
    let notices = 0
    store.onNotice(() => {
      notices++
    })
    await eventually(
      async () => {
        await submit(store.pool, entry('after'), T0)
        await store.deskPool.query('select from desk for update')
        await store.samplePool.query('select 1')
        return store.healthy() && (await store.answers())
      },
      'every part of the store to answer',
      5_000,
    )
    await server.query(`select pg_notify('watchbill', '')`, store.config.database)
    await eventually(() => notices > 0, 'notices to be heard', 5_000)
    expect(performance.now() - thawedAt).toBeLessThan(15_000)
    expect((await undone(store.pool)).length).toBeGreaterThanOrEqual(2)
  })

  test('F07 killed with all its processes and started again, the store goes on by itself within 5 s, and nothing is lost', async () => {
    const store = await start(await fresh())
    const acked: number[] = []
    const stop = new AbortController()
    const writing = (async () => {
      for (let n = 0; !stop.signal.aborted; n++)
        await submit(store.pool, [{ source: 'test', key: `${n}`, event: firing(`${n}`) }], T0).then(
          (ids) => acked.push(...ids),
          () => new Promise((resolve) => setTimeout(resolve, 10)),
        )
    })()
    await eventually(() => acked.length > 20, 'some events to be stored', 10_000)
    await server.kill()
    expect(await store.answers()).toBe(false)
    await server.start()
    const [upAt, before] = [performance.now(), acked.length]
    await eventually(() => acked.length > before && store.healthy(), 'the store to go on', 5_000)
    expect(performance.now() - upAt).toBeLessThan(15_000)
    stop.abort()
    await writing
    const { rows } = await store.pool.query<{ id: number }>('select id from inbox')
    const there = new Set(rows.map(({ id }) => id))
    expect(acked.filter((id) => !there.has(id))).toEqual([])
  })
})

const SAMPLE = { at: T0, ok: true, saw: '200 OK', ms: 1 }
const STATE = newProbe(T0)

const GOOD = {
  version: 140_000,
  named: '14.0',
  encoding: 'UTF8',
  standby: false,
  readOnly: false,
  user: 'watchbill',
  database: 'watchbill',
  schema: 'public',
  mayMakeTables: true,
  mayMakeSchemas: true,
  otherOwner: null,
}

test.for<[named: string, version: number, unfit: RegExp | null]>([
  ['9.6.24', 90_624, /is PostgreSQL 9\.6\.24, and Watchbill needs 14 or newer: upgrade it/],
  ['13.20', 130_020, /is PostgreSQL 13\.20, and Watchbill needs 14 or newer/],
  ['14.0', 140_000, null],
  ['18.4', 180_004, null],
])('PostgreSQL %s', ([named, version, unfit]) => {
  const why = whyUnfit({ ...GOOD, named, version }, { timetable: true })
  if (unfit === null) expect(why).toBeNull()
  else expect(why).toMatch(unfit)
})

test('a standby is not written to, and its primary is asked for', () => {
  expect(whyUnfit({ ...GOOD, standby: true, readOnly: true }, { timetable: true })).toMatch(
    /is a standby.*name its primary/,
  )
})
