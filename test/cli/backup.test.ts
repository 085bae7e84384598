import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { pino } from 'pino'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { backup } from '../../src/cli/backup.ts'
import { restore } from '../../src/cli/restore.ts'
import { startEmbedded } from '../../src/store/embedded.ts'
import { submit } from '../../src/store/inbox.ts'
import { openStore, type Store } from '../../src/store/store.ts'
import { firing, T0 } from '../support/builders.ts'
import { withCluster } from '../support/copies.ts'
import { freshDatabase } from '../support/postgres.ts'
import { COMPILED, dataFolder, eventually, postmasters } from '../support/process.ts'

/** `watchbill backup` and `watchbill restore` as people type them. */

const BINARY = fileURLToPath(new URL('../../src/cli/watchbill.js', import.meta.url))
const silent = pino({ level: 'silent' })

const cleanUp: (() => Promise<unknown>)[] = []
let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watchbill-cli-'))
  cleanUp.push(() => rm(folder, { recursive: true, force: true }))
})
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step()
})

/** A data folder made once and copied, since initdb takes a second. */
let template = ''
beforeAll(async () => {
  template = await mkdtemp(join(tmpdir(), 'watchbill-cli-template-'))
  await withCluster(template)
  const server = await startEmbedded({ dataDir: template, log: silent })
  const store = await openStore(server.poolConfig, T0, 'test', silent)
  await submit(store.pool, [{ source: 'test', key: 'kept', event: firing() }], T0)
  await store.close()
  await server.stop()
  return () => rm(template, { recursive: true, force: true })
})

async function used(): Promise<string> {
  const { dataDir, remove } = await dataFolder()
  cleanUp.push(remove)
  await cp(join(template, 'postgres'), join(dataDir, 'postgres'), { recursive: true })
  return dataDir
}
async function empty(): Promise<string> {
  const { dataDir, remove } = await dataFolder()
  cleanUp.push(remove)
  return dataDir
}

interface Said {
  code: number
  stdout: string
  stderr: string
}
type Options = { file?: string; json?: boolean; force?: boolean }

/** As the binary calls it, without the second that a process takes to start. */
async function watchbill(
  env: Record<string, string>,
  command: 'backup' | 'restore',
  { file, ...options }: Options = {},
): Promise<Said> {
  const said: Said = { code: 0, stdout: '', stderr: '' }
  const io = {
    env,
    stdout: { write: (text: string) => (said.stdout += text) },
    stderr: { write: (text: string) => (said.stderr += text) },
    now: T0,
    program: '1.2.3',
  }
  const path = file === undefined ? {} : { file: join(folder, file) }
  said.code =
    command === 'backup'
      ? await backup({ ...path, ...options }, io)
      : await restore({ file: '', ...path, ...options }, io)
  return said
}

/** As DATABASE_URL has it; the embedded server is reached through a socket. */
const urlOf = ({ user, password, database, host }: pg.PoolConfig) =>
  `postgres://${user}:${password}@localhost/${database}?host=${encodeURIComponent(host ?? '')}`

async function query(config: pg.ClientConfig, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(config)
  await client.connect()
  return (await client.query<Record<string, unknown>>(sql).finally(() => client.end())).rows
}
const keys = async (config: pg.ClientConfig) =>
  (await query(config, 'select key from inbox order by id')).map(({ key }) => key)

/** The bot, as far as the data folder and the store are concerned. */
async function living(dataDir: string): Promise<Store> {
  const server = await startEmbedded({ dataDir, log: silent })
  cleanUp.push(() => server.stop())
  const store = await openStore(server.poolConfig, T0, 'test', silent)
  cleanUp.push(() => store.close())
  return store
}

test('a backup is taken while nothing runs, and nothing runs afterwards; it is put back elsewhere, once', async () => {
  const [source, target] = [await used(), await empty()]
  const made = await watchbill({ WATCHBILL_DATA: source }, 'backup', { json: true })
  expect(made).toMatchObject({ code: 0, stderr: '' })
  const said = JSON.parse(made.stdout)
  expect(said).toMatchObject({ schema: expect.any(Number), rows: { inbox: 1, desk: 1 }, bytes: expect.any(Number) })
  expect(said.file).toMatch(/\/backups\/watchbill-\d{8}-\d{6}Z-by-hand\.jsonl\.gz$/)
  expect(said.file.startsWith(source)).toBe(true)
  expect((await stat(said.file)).mode & 0o777).toBe(0o600)
  expect(await postmasters(source)).toEqual([])

  const file = relative(folder, said.file)
  const restored = await watchbill({ WATCHBILL_DATA: target }, 'restore', { file, json: true })
  expect(restored).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(restored.stdout)).toMatchObject({ file: said.file, rows: said.rows, kept: null })
  expect(await postmasters(target)).toEqual([])
  expect(await readdir(target)).not.toContain('watchbill.pid')

  const again = await watchbill({ WATCHBILL_DATA: target }, 'restore', { file })
  expect(again).toMatchObject({ code: 2, stdout: '' })
  expect(again.stderr).toMatch(/^The store is not empty \(there are rows in inbox\): --force replaces all of it/)

  const forced = await watchbill({ WATCHBILL_DATA: target }, 'restore', { file, force: true })
  expect(forced).toMatchObject({ code: 0, stderr: '' })
  expect(forced.stdout).toMatch(
    /^Restored \d+ rows from .*, taken at 20.*Z by Watchbill 1\.2\.3\.\nWhat was there before is kept: /,
  )
  const [kept = ''] = await readdir(join(target, 'backups'))
  expect(kept).toMatch(/^watchbill-\d{8}-\d{6}Z-before-restore\.jsonl\.gz$/)
})

test('a backup is taken beside the bot, whose server goes on; nothing is put back beside it', async () => {
  const dataDir = await used()
  const bot = await living(dataDir)
  const servers = await postmasters(dataDir)
  const file = 'sub/copy.gz'
  const made = await watchbill({ WATCHBILL_DATA: dataDir, ...COMPILED }, 'backup', { file })
  expect(made).toMatchObject({ code: 0, stderr: '' })
  expect(made.stdout).toMatch(
    new RegExp(`^${join(folder, file)} holds the store as it was: \\d+ rows in \\d+ tables, 0\\.0 MB\\.\\n$`),
  )
  expect(await postmasters(dataDir)).toEqual(servers)
  await submit(bot.pool, [{ source: 'test', key: 'later', event: firing() }], T0)
  const restored = await watchbill({ WATCHBILL_DATA: dataDir }, 'restore', { file, force: true })
  expect(restored).toMatchObject({ code: 2, stdout: '' })
  expect(restored.stderr).toMatch(/^Watchbill is running on this store \(one process\): stop it, restore, and start it/)
  expect(await keys(bot.config)).toEqual(['kept', 'later'])
  expect(await postmasters(dataDir)).toEqual(servers)
  // While it starts, or stops, it is known by its pid file alone.
  await writeFile(join(dataDir, 'watchbill.pid'), `${process.ppid}\n`)
  const other = await watchbill({ WATCHBILL_DATA: dataDir }, 'restore', { file, force: true })
  expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining('Another Watchbill works on') })
})

test('on DATABASE_URL, from and to; the data folder only takes what is kept', async () => {
  const [from, to] = [await freshDatabase(), await freshDatabase()]
  cleanUp.push(from.drop, to.drop)
  const store = await openStore(from.config, T0, 'test', silent)
  await submit(store.pool, [{ source: 'test', key: 'elsewhere', event: firing() }], T0)
  const data = join(folder, 'data')
  const made = await watchbill({ DATABASE_URL: urlOf(from.config), WATCHBILL_DATA: data }, 'backup', {
    file: 'copy.gz',
  })
  expect(made).toMatchObject({ code: 0, stderr: '' })
  await store.close()
  const restored = await watchbill({ DATABASE_URL: urlOf(to.config), WATCHBILL_DATA: data }, 'restore', {
    file: 'copy.gz',
  })
  expect(restored).toMatchObject({ code: 0, stderr: '' })
  expect(await keys(to.config)).toEqual(['elsewhere'])
  const forced = await watchbill({ DATABASE_URL: urlOf(to.config), WATCHBILL_DATA: data }, 'restore', {
    file: 'copy.gz',
    force: true,
  })
  expect(forced).toMatchObject({ code: 0, stderr: '' })
  expect(await readdir(data)).toEqual(['backups'])
})

describe('cannot run: a sentence, and nothing is made', () => {
  const nothing = () => join(folder, 'data')

  test('without a store to back up', async () => {
    const made = await watchbill({ WATCHBILL_DATA: nothing() }, 'backup')
    expect(made).toMatchObject({ code: 2, stdout: '' })
    expect(made.stderr).toMatch(
      /^There is no store in .*data: set WATCHBILL_DATA to the data folder of the bot, or DATABASE_URL/,
    )
    expect(await readdir(folder)).toEqual([])
  })

  test('without a file to restore, or with one that is none', async () => {
    await writeFile(join(folder, 'notes.txt'), 'hello')
    const env = { WATCHBILL_DATA: nothing() }
    expect(await watchbill(env, 'restore', { file: 'none.gz' })).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/none\.gz cannot be read \(ENOENT/),
    })
    expect(await watchbill(env, 'restore', { file: 'notes.txt' })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/notes\.txt is not a backup of Watchbill/),
    })
    expect(await readdir(folder)).toEqual(['notes.txt'])
  })

  test('with a damaged file: exit code 1', async () => {
    const { config, drop } = await freshDatabase()
    cleanUp.push(drop)
    await (await openStore(config, T0, 'test', silent)).close()
    await watchbill({ DATABASE_URL: urlOf(config), WATCHBILL_DATA: nothing() }, 'backup', { file: 'copy.gz' })
    const whole = await readFile(join(folder, 'copy.gz'))
    await writeFile(join(folder, 'cut.gz'), whole.subarray(0, whole.length - 30))
    const restored = await watchbill({ DATABASE_URL: urlOf(config), WATCHBILL_DATA: nothing() }, 'restore', {
      file: 'cut.gz',
      force: true,
    })
    expect(restored).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/cut\.gz is damaged/) })
  })

  test('where the file cannot be written', async () => {
    await writeFile(join(folder, 'file'), '')
    const made = await watchbill({ WATCHBILL_DATA: await used() }, 'backup', { file: 'file/copy.gz' })
    expect(made).toMatchObject({ code: 2, stdout: '' })
    expect(made.stderr).toMatch(/^The backup cannot be written to .*: make room there, or give another path\.\n$/)
  })

  test('with a database that does not answer', async () => {
    for (const host of ['127.0.0.1', 'localhost']) {
      const env = { DATABASE_URL: `postgres://u:p@${host}:1/x`, WATCHBILL_DATA: nothing() }
      const made = await watchbill(env, 'backup', { file: 'copy.gz' })
      expect(made.code).toBe(2)
      expect(made.stderr).toMatch(/^The database does not answer \(.*ECONNREFUSED.*\): see that it runs/)
    }
    expect(await readdir(folder)).toEqual([])
  })

  test('with a database that refuses us', async () => {
    const { config, drop } = await freshDatabase()
    cleanUp.push(drop)
    const wrong = urlOf({ ...config, password: 'wrong' })
    const made = await watchbill({ DATABASE_URL: wrong, WATCHBILL_DATA: nothing() }, 'backup', { file: 'copy.gz' })
    expect(made.code).toBe(2)
    expect(made.stderr).toMatch(/^The database server refuses the password .*: correct DATABASE_URL/)
    expect(made.stderr).not.toContain('wrong')
  })
})

/** The binary itself, in the folder of the test. */
const spawned = (dataDir: string, ...args: string[]) =>
  spawn(process.execPath, [BINARY, ...args], {
    env: { PATH: process.env.PATH ?? '', HOME: '/', TMPDIR: tmpdir(), WATCHBILL_DATA: dataDir },
    cwd: folder,
    stdio: 'ignore',
  })

test('the binary knows both; Ctrl-C leaves nothing behind, and a server that runs running', async () => {
  const dataDir = await used()
  const bot = await living(dataDir)
  await query(bot.config, `insert into samples select 'home', n, true, '{}' from generate_series(1, 100000) n`)
  const servers = await postmasters(dataDir)
  const child = spawned(dataDir, 'backup', 'copy.gz')
  const exited = once(child, 'exit')
  await eventually(async () => (await readdir(folder)).length > 0, 'the backup to be begun', 25_000, 1)
  child.kill('SIGINT')
  expect(await exited).toEqual([2, null])
  expect(await readdir(folder)).toEqual([])
  expect(await postmasters(dataDir)).toEqual(servers)
  await writeFile(join(folder, 'notes.txt'), 'hello')
  expect(await once(spawned(dataDir, 'restore', 'notes.txt'), 'exit')).toEqual([1, null])
})
