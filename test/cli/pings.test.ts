import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { pings } from '../../src/cli/pings.ts'
import { backUp } from '../../src/store/backup.ts'
import { T0 } from '../support/builders.ts'
import { urlOf, written } from '../support/cli.ts'
import { freshDatabase } from '../support/postgres.ts'
import { type Database, emptyStore } from '../support/stores.ts'

/** `watchbill pings` as people type it. */

const CONFIG = `
company: Example Mail
zone: UTC
people: { mia: { slack: U0MIA } }
policies: { mail: { steps: [{ page: [mia], wait: 5m }], rounds: 1, fallback: [mia] } }
services: { webmail: { policy: mail } }
monitors:
  backup: { service: webmail, heartbeat: { cron: "0 3 * * *", grace: 30m } }
  sync: { service: webmail, heartbeat: { every: 5m, grace: 1m } }
`

let database: Database
let folder = ''
beforeEach(async () => {
  database = await emptyStore()
  folder = await mkdtemp(join(tmpdir(), 'watchbill-pings-'))
  await writeFile(join(folder, 'watchbill.yaml'), CONFIG)
})
afterEach(async () => {
  await database.drop()
  await rm(folder, { recursive: true, force: true })
})

async function run(options: Parameters<typeof pings>[0] = {}) {
  const { said, ...streams } = written()
  const env = {
    WATCHBILL_CONFIG: join(folder, 'watchbill.yaml'),
    PUBLIC_URL: 'https://watch.example.com/',
    DATABASE_URL: urlOf(database.config),
  }
  const code = await pings(options, { env, ...streams, now: T0 })
  return { code, ...said }
}

type Row = { monitor: string; url: string; slugUrl: string; state: string; lastPing: string | null; missedAt: string }
const rows = async (options = {}) => JSON.parse((await run({ json: true, ...options })).stdout) as Row[]

test('lists the address of each heartbeat, the same whenever it is asked, and how it does', async () => {
  await database.open()
  const [backup, sync] = await rows()
  expect(backup).toEqual({
    monitor: 'backup',
    url: expect.stringMatching(
      /^https:\/\/watch\.example\.com\/ping\/[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    ),
    slugUrl: expect.stringMatching(/^https:\/\/watch\.example\.com\/ping\/[\w-]{22}\/backup$/),
    state: 'waiting',
    lastPing: null,
    missedAt: '2026-11-24T03:30:00.000Z',
  })
  expect(sync?.url).not.toBe(backup?.url)
  expect(await rows()).toEqual([backup, sync])
  const { code, stdout } = await run()
  expect(code).toBe(0)
  expect(stdout).toContain(`backup  waiting  last ping never\n  ${backup?.url}\n`)
})

test('--rotate gives one another address, --rotate-ping-key all of them another ping key', async () => {
  await database.open()
  const [before, other] = await rows()
  const [after, same] = await rows({ rotate: 'backup' })
  expect(same).toEqual(other)
  expect(after?.url).not.toBe(before?.url)
  expect(after?.slugUrl).toBe(before?.slugUrl)
  expect((await rows({ rotatePingKey: true }))[0]?.slugUrl).not.toBe(before?.slugUrl)
  expect(await run({ rotate: 'bakcup' })).toEqual({
    code: 2,
    stdout: '',
    stderr: 'There is no heartbeat bakcup. Heartbeats: backup, sync.\n',
  })
})

test('a key is nowhere in the store, and the secret that they are made from in no backup; without it they work on, unseen', async () => {
  await database.open()
  const [backup] = await rows()
  const key = backup?.url.split('/').at(-1) ?? ''
  const tables = await database.query<{ name: string }>(
    `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'`,
  )
  for (const { name } of tables) {
    const [found] = await database.query<{ n: number }>(
      `select count(*)::int as n from "${name}" t where to_jsonb(t)::text like $1`,
      [`%${key}%`],
    )
    expect(found?.n, name).toBe(0)
  }
  const path = join(folder, 'copy')
  const made = await backUp(database.config, { path, at: T0, program: 'test', signal: new AbortController().signal })
  expect(made.rows).toMatchObject({ ping_secret: 0, ping_keys: 3, heartbeats: 2 })
  const digests = await database.query('select digest from ping_keys order by 1')
  await database.query('delete from ping_secret')
  expect((await rows())[0]).toMatchObject({ url: null, slugUrl: null })
  expect(await database.query('select digest from ping_keys order by 1')).toEqual(digests)
  expect((await rows({ rotate: 'backup' }))[0]?.url).toMatch(/ping/)
})

test('a store that was never used is left alone, and a sentence says what to do', async () => {
  await database.drop()
  database = await emptyStore(freshDatabase)
  expect(await run()).toMatchObject({
    code: 2,
    stderr: 'This version of Watchbill has not run on this store yet: start it once.\n',
  })
  expect(await database.query(`select to_regclass('desk') as desk`)).toEqual([{ desk: null }])
})
