import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { pino } from 'pino'
import { afterEach, expect, test } from 'vitest'
import { sleep } from '../../src/clock.ts'
import { newProbe } from '../../src/domain/detect/probe.ts'
import { allocated, BALLAST_BYTES } from '../../src/store/embedded/disk.ts'
import { type EmbeddedServer, startEmbedded } from '../../src/store/embedded.ts'
import { submit } from '../../src/store/inbox.ts'
import { saveSample } from '../../src/store/monitors.ts'
import { openStore, type Store } from '../../src/store/store.ts'
import { firing, T0 } from '../support/builders.ts'
import { eventually, treeOf } from '../support/process.ts'
import { smallDisk } from '../support/small-disk.ts'

/** What becomes of the embedded server and its disk, while somebody writes all the time. */

const log = pino({ level: 'silent' })
const cleanUp: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step()
})

async function start(dataDir: string): Promise<{ server: EmbeddedServer; store: Store }> {
  const server = await startEmbedded({ dataDir, log })
  cleanUp.push(() => server.stop())
  const store = await openStore(server.poolConfig, T0, 'test', pino({ level: 'silent' }), server.lowDisk)
  cleanUp.push(() => store.close().catch(() => {}))
  return { server, store }
}

async function query(server: EmbeddedServer, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(server.poolConfig)
  client.on('error', () => {})
  await client.connect()
  return (await client.query<Record<string, unknown>>(sql).finally(() => client.end().catch(() => {}))).rows
}

interface Load {
  /** Keys of what the store has acknowledged. */
  acked: string[]
  refused: number
  stop(): Promise<void>
}

/** Stores events one after the other, several at a time, and remembers which were acknowledged. */
function load(store: Store, bytes: number): Load {
  const state: Load = { acked: [], refused: 0, stop: async () => {} }
  let stopped = false
  let keys = 0
  const write = async () => {
    while (!stopped) {
      const key = `load-${++keys}`
      // Noise, which Postgres cannot compress.
      const summary = Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString('base64')
      await submit(store.pool, [{ source: 'test', key, event: firing(key, { summary }) }], T0).then(
        () => state.acked.push(key),
        async () => {
          state.refused++
          await sleep(20)
        },
      )
    }
  }
  const writers = Array.from({ length: 4 }, write)
  state.stop = async () => {
    stopped = true
    await Promise.all(writers)
  }
  cleanUp.push(() => state.stop())
  return state
}

/** What was acknowledged and is not there. */
async function lost(server: EmbeddedServer, { acked }: Load): Promise<string[]> {
  const there = new Set((await query(server, 'select key from inbox')).map(({ key }) => key))
  return acked.filter((key) => !there.has(key))
}

const acknowledges = (state: Load) => {
  const before = state.acked.length
  return () => state.acked.length > before
}

test('F07 the embedded server, killed with all its processes in mid-load, is back within 3 s, and nothing that was acknowledged is lost', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'watchbill-faults-'))
  cleanUp.push(() => rm(dataDir, { recursive: true, force: true, maxRetries: 5 }))
  const { server, store } = await start(dataDir)
  const state = load(store, 200)
  for (let round = 0; round < 3; round++) {
    await eventually(acknowledges(state), 'the load to go on', 5_000)
    await sleep(100 + 70 * round)
    const tree = await treeOf(server.serverPid)
    expect(tree.length).toBeGreaterThan(5)
    const { refused } = state
    for (const pid of tree) process.kill(pid, 'SIGKILL')
    const from = performance.now()
    await eventually(() => state.refused > refused, 'the load to notice', 3_000)
    await eventually(acknowledges(state), 'the server to be back', 10_000)
    expect(performance.now() - from).toBeLessThan(10_000)
  }
  await state.stop()
  expect(state.acked.length).toBeGreaterThan(20)
  // What was on its way when the last kill came may have been acknowledged after it.
  const isBack = () =>
    lost(server, state).then(
      () => true,
      () => false,
    )
  await eventually(isBack, 'the server to be read', 5_000)
  expect(await lost(server, state)).toEqual([])
})

test('F20 a full disk: the ballast is given up and writing goes on; once nothing fits any more the server panics; with room it is back within 5 s, without us, and nothing that was acknowledged is lost', async ({
  skip,
}) => {
  const disk = await smallDisk()
  if (disk === null) return skip('this user may not mount a small disk')
  cleanUp.push(() => disk.remove())
  const dataDir = join(disk.path, 'data')
  await mkdir(dataDir, { mode: 0o711 })
  const { server, store } = await start(dataDir)
  const ballast = () => allocated(join(dataDir, 'postgres.ballast'))
  const samples = async () => (await query(server, 'select count(*)::int as n from samples'))[0]?.n
  await eventually(async () => (await ballast()) >= BALLAST_BYTES, 'the ballast to be taken', 15_000)
  expect([server.lowDisk(), server.diskTrouble()]).toEqual([false, null])
  expect(await saveSample(store, sample(1))).toBe(true)
  expect(await samples()).toBe(1)

  const state = load(store, 2_000)
  await disk.fill()
  await eventually(async () => (await ballast()) === 0, 'the ballast to be given up', 20_000)
  await eventually(acknowledges(state), 'writing to go on', 20_000)
  await eventually(() => server.lowDisk(), 'the disk to be called low', 20_000)
  expect(server.diskTrouble()).toMatch(/almost full \(\d+ MB left\): make room there/)
  expect(await saveSample(store, sample(2))).toBe(true)
  expect(await saveSample(store, { ...sample(3), event: { source: 'monitor', key: 'home@3', event: firing() } })).toBe(
    true,
  )
  expect(await samples()).toBe(2)

  // A panic takes every connection with it. (Its own words about it may find no room either.)
  let panicked = false
  const witness = new pg.Client(server.poolConfig)
  witness.on('error', () => {
    panicked = true
  })
  await witness.connect()
  cleanUp.push(() => witness.end().catch(() => {}))
  await eventually(
    async () => {
      await disk.fill()
      // Only what is written to the server's log makes it panic.
      const logged = query(server, `select pg_logical_emit_message(true, 'x', repeat('x', 900000)), pg_switch_wal()`)
      await logged.catch(() => {})
      return panicked
    },
    'the server to panic',
    20_000,
  )
  await sleep(1_000)
  await disk.empty()
  const from = performance.now()
  await eventually(acknowledges(state), 'writing to go on', 20_000)
  expect(performance.now() - from).toBeLessThan(20_000)
  await state.stop()
  expect(await lost(server, state)).toEqual([])
  await eventually(async () => (await ballast()) >= BALLAST_BYTES, 'the ballast to be taken again', 15_000)
  expect(server.lowDisk()).toBe(false)

  await store.close()
  await server.stop()
  await disk.fill()
  const next = await start(dataDir)
  expect(await ballast()).toBe(0)
  expect(next.server.lowDisk()).toBe(true)
  await submit(next.store.pool, [{ source: 'test', key: 'next', event: firing() }], T0)
})

const sample = (n: number) => ({
  monitor: 'home',
  slotAt: T0 + n,
  sample: { at: T0 + n, ok: true, saw: '200 OK', ms: 1 },
  state: newProbe(T0 + n),
  event: null,
  now: T0 + n,
})
