import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import pg from 'pg'
import { pino } from 'pino'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { realClock } from '../../src/clock.ts'
import { newProbe } from '../../src/domain/detect/probe.ts'
import { canonical } from '../../src/json.ts'
import { backUp } from '../../src/store/backup.ts'
import { receive, reclaimReceipts, submit, undone } from '../../src/store/inbox.ts'
import { MIGRATION_LOCK, madeOf, SCHEMA, takeSteps } from '../../src/store/migrations.ts'
import { saveSample } from '../../src/store/monitors.ts'
import { examine, restore } from '../../src/store/restore.ts'
import { claimSlot } from '../../src/store/slots.ts'
import { openStore, type Store } from '../../src/store/store.ts'
import { postgresTimetable } from '../../src/timetable.ts'
import { startBot, until } from '../support/bot.ts'
import { firing, T0 } from '../support/builders.ts'
import { postgresBin } from '../support/need.ts'
import { freshDatabase } from '../support/postgres.ts'
import { type Server, startServer } from '../support/server.ts'

/** Copies of the store, put back into a store of either kind. A backup is only as good as its restore, so each is restored. */

const silent = pino({ level: 'silent' })
const NOW = Date.parse('2026-11-23T02:30:00Z')
const cleanUp: (() => Promise<unknown>)[] = []
let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watchbill-backup-'))
  cleanUp.push(() => rm(folder, { recursive: true, force: true }))
})
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step()
})

type Config = pg.PoolConfig & { database: string }

async function embedded(): Promise<Config> {
  const { config, drop } = await freshDatabase()
  cleanUp.push(drop)
  return config
}

let server: Server | undefined
let databases = 0
beforeAll(async () => {
  if (postgresBin !== null) server = await startServer()
  return () => server?.drop()
})
async function onServer(): Promise<Config> {
  if (!server) throw new Error('there is no server')
  return (await server.database(`backup_${++databases}`)).config
}

/** Of whichever kind is there: the server of this file has no fsync to wait for. */
const fresh = () => (server ? onServer() : embedded())

async function query<T extends pg.QueryResultRow>(config: pg.ClientConfig, sql: string, values: unknown[] = []) {
  const client = new pg.Client(config)
  await client.connect()
  try {
    return (await client.query<T>(sql, values)).rows
  } finally {
    await client.end()
  }
}

async function opened(config: Config) {
  const store = await openStore(config, T0, 'test', silent)
  cleanUp.push(() => store.close().catch(() => {}))
  return store
}

let files = 0
const file = () => join(folder, `${++files}.jsonl.gz`)
const signal = new AbortController().signal
const copy = (config: Config, path = file()) => backUp(config, { path, at: NOW, program: '1.2.3', signal })
const putBack = async (config: Config, path: string, force: { keepAs: string } | null = null) =>
  restore(config, await examine(path), { force, at: NOW, program: '1.2.3', signal })

/** Every row of every table of ours, as text; who claimed what is left out, because those processes are no more. */
async function contents(config: Config): Promise<Record<string, string[]>> {
  const tables: Record<string, string[]> = {}
  for (const table of madeOf(SCHEMA).tables) {
    const there = await query<{ there: boolean }>(config, `select to_regclass('${table}') is not null as there`)
    if (!there[0]?.there) continue
    const rows = await query<{ row: string }>(
      config,
      `select (to_jsonb(t) - 'owner' - 'lease_until')::text as row from "${table}" t order by 1`,
    )
    tables[table] = rows.map(({ row }) => row)
  }
  return tables
}

const counted = (tables: Record<string, string[]>) =>
  Object.fromEntries(Object.entries(tables).map(([name, rows]) => [name, rows.length]))

/** The first fact that does not follow from the one before, or is not what was written; null when all is well. */
async function broken(config: Config): Promise<string | null> {
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
  const facts = await query<{ id: string; body: unknown; digest: string; hash: string }>(
    config,
    'select id, body, digest, hash from facts order by id',
  )
  let previous = ''
  for (const { id, body, digest, hash } of facts) {
    if (sha256(canonical(body)) !== digest || sha256(previous + digest) !== hash) return `fact ${id}`
    previous = hash
  }
  const [desk] = await query<{ chain_head: string }>(config, 'select chain_head from desk')
  return desk?.chain_head === previous ? null : 'the end'
}

/** The last number that each table gave out. */
const numbers = (config: Config) =>
  query(config, `select sequencename as name, last_value from pg_sequences where schemaname = 'public' order by 1`)

const SAMPLE = {
  monitor: 'home',
  slotAt: T0,
  sample: { at: T0, ok: true, saw: '200 OK', ms: 1.5 },
  state: newProbe(T0),
  event: null,
  now: T0,
}

const kinds: Record<string, () => Promise<Config>> = { 'the embedded server': embedded, 'another server': onServer }

describe.each([
  ['the embedded server', 'another server'],
  ['another server', 'the embedded server'],
] as const)('from %s to %s', (from, to) => {
  const missing = postgresBin === null && (from === 'another server' || to === 'another server')

  test.skipIf(missing)('all is as it was, and the watch goes on where it stood', async () => {
    const [source, target] = [await kinds[from]?.(), await kinds[to]?.()]
    if (!source || !target) throw new Error('no such kind')
    const bot = await startBot({ probes: false })
    cleanUp.push(() => bot.close())
    await bot.restart('0s', source)
    await saveSample(bot.store, SAMPLE)
    await bot.alert()
    expect(bot.paged()).toEqual(['nora'])
    await bot.type('sam', '/page @erik the lift is stuck')
    expect(bot.paged()).toEqual(['nora', 'erik'])
    await bot.press('erik', 'Acknowledge')
    await bot.advance('2m')
    // That Slack is heard is left on record every few seconds, from the first of them on.
    const signs = () => contents(source).then((all) => counted(all)['slots'])
    await expect.poll(signs, { timeout: 15_000 }).toBeGreaterThan(1)

    const made = await copy(source)
    const before = await contents(source)
    expect(made.rows).toEqual(counted(before))
    expect(made.rows).toMatchObject({ incidents: 2, desk: 1, samples: 1, monitors: 1 })
    expect((await stat(made.file)).mode & 0o777).toBe(0o600)
    const { kept, ...restored } = await putBack(target, made.file)
    expect(kept).toBeNull()
    expect(restored).toMatchObject({
      schema: SCHEMA,
      program: '1.2.3',
      at: '2026-11-23T02:30:00.000Z',
      rows: made.rows,
    })
    expect(await contents(target)).toEqual(before)
    expect(await numbers(target)).toEqual(await numbers(source))
    expect(await broken(target)).toBeNull()
    await expect(query(target, `update facts set kind = 'x' where id = 1`)).rejects.toThrow('append-only')
    await expect(query(target, 'truncate facts')).rejects.toThrow('append-only')

    await bot.restart('1s', target)
    expect(bot.paged()).toEqual(['nora', 'erik'])
    await bot.advance('3m')
    expect(bot.paged()).toEqual(['nora', 'erik', 'sam'])
    await bot.type('sam', '/page @mia so is the door')
    expect(bot.dm('mia').at(-1)).toContain('INC-3')
    await bot.press('sam', 'Acknowledge')
    await bot.recover()
    expect((await bot.facts(1)).map(({ type }) => type)).toContain('resolved')
    expect(await broken(target)).toBeNull()
  })
})

test('a page whose send was under way is looked for before it is sent again', async () => {
  const bot = await startBot({ probes: false })
  cleanUp.push(() => bot.close())
  bot.slack.fault({ kind: 'slow', method: 'chat.postMessage', channel: 'nora', ms: 1_500, count: 1 })
  await bot.report()
  const [source, target] = [bot.store.config as Config, await fresh()]
  const sending = (config: Config) =>
    query<{ owner: number | null }>(config, `select owner from owed where kind = 'page' and sending`)
  await until(async () => (await sending(source)).length === 1, 'the page to be on its way')
  const { file } = await copy(source)
  await bot.rest()
  expect(bot.paged()).toEqual(['nora'])
  await putBack(target, file)
  expect(await sending(target)).toEqual([{ owner: null }])
  await bot.restart('1s', target)
  await bot.advance('10s')
  expect(bot.paged()).toEqual(['nora'])
  expect(bot.calls('conversations.history').length).toBeGreaterThan(0)
  expect(await query(target, `select state from owed where kind = 'page'`)).toEqual([{ state: 'done' }])
})

test('a payload of Slack that somebody was answering is taken up after the restore', async () => {
  const [source, target] = [await fresh(), await fresh()]
  const store = await opened(source)
  await receive(store, 'half done', { text: 'x' }, T0, T0)
  const { file } = await copy(source)
  await putBack(target, file)
  expect(await reclaimReceipts(await opened(target), T0 - 1)).toMatchObject([{ key: 'half done', body: { text: 'x' } }])
})

test('the tables of the timetable are not in it: a timetable makes them anew', async () => {
  const [source, target] = [await fresh(), await fresh()]
  const clock = realClock()
  const schedulers = (config: Config) => query(config, 'select scheduler_id from bullmq.scheduler').catch(() => [])
  const onTimetable = async (config: Config) => {
    const store = await opened(config)
    const claim = (name: string, slotAt: number) => claimSlot(store.pool, name, slotAt)
    const timetable = postgresTimetable({ poolConfig: config, clock, log: silent, processName: 'test', claim })
    timetable.every('digest', 50, async () => {})
    await timetable.start()
    await until(async () => (await schedulers(config)).length === 1, 'the timetable to be there')
    await timetable.close()
    await store.close()
  }
  await onTimetable(source)
  const { file } = await copy(source)
  await putBack(target, file)
  expect(await query(target, `select to_regnamespace('bullmq') as there`)).toEqual([{ there: null }])
  await onTimetable(target)
})

test('what is hard to write down comes back as it was: null in a document and null beside it, every letter, large numbers', async () => {
  const [source, target] = [await fresh(), await fresh()]
  await opened(source)
  const inbox = `insert into inbox (source, key, lane, body, received_at, outcome) values ('raw', $1, 'desk', $2, $3, $4)`
  const bodies = [
    'null',
    '"\\u2028 \\" \\\\ \\n \u{1f525} <!channel>"',
    '[1e400, 123456789012345678901234567890, -0.10]',
    '{"b": {}, "a": [null]}',
  ]
  for (const [n, body] of bodies.entries())
    await query(source, inbox, [`${n}`, body, Number.MAX_SAFE_INTEGER, n ? null : 'null'])
  await query(source, `insert into attempts values ('a', 1, -1, 2, $1, null)`, ['it\ts "so"\nand {so} \\N'])
  const { file } = await copy(source)
  await putBack(target, file)
  expect(await contents(target)).toEqual(await contents(source))
  const nulls = `select outcome is null as gone, outcome = 'null' as said from inbox order by id limit 2`
  expect(await query(target, nulls)).toEqual([
    { gone: false, said: true },
    { gone: true, said: null },
  ])
})

test('is of one moment, however much is written meanwhile', async () => {
  const [source, target] = [await fresh(), await fresh()]
  const store = await opened(source)
  const stop = new AbortController()
  const writing = (async () => {
    for (let n = 0; !stop.signal.aborted; n++)
      await store.pool.query(
        `with event as (insert into inbox (source, key, lane, body, received_at) values ('t', $1, 'desk', '{}', 1))
         insert into attempts values ($1, 1, 1, 1, 'done', null)`,
        [`${n}`],
      )
  })()
  await until(async () => (await query(source, 'select from inbox')).length > 50, 'some rows')
  const made = await copy(source)
  stop.abort()
  await writing
  const { inbox = 0, attempts = 0 } = made.rows
  expect(inbox).toBeGreaterThan(50)
  expect(attempts).toBe(inbox)
  expect((await query(source, 'select from inbox')).length).toBeGreaterThan(inbox)
  await putBack(target, made.file)
  expect(await query(target, 'select from attempts')).toHaveLength(attempts)
})

test('takes the same memory, however much there is', async () => {
  const source = await fresh()
  await opened(source)
  // Text that Postgres stores in a few bytes, and that is 80 MB when it is read.
  await query(
    source,
    `insert into samples select 'home', n, true, jsonb_build_object('saw', repeat('x', 4000)) from generate_series(1, 20000) n`,
  )
  // Counted from the least there was: what earlier tests left may be given back meanwhile.
  let least = process.memoryUsage.rss()
  let most = 0
  const watch = setInterval(() => {
    const now = process.memoryUsage.rss()
    least = Math.min(least, now)
    most = Math.max(most, now - least)
  }, 5)
  const { file, rows } = await copy(source)
  expect(rows.samples).toBe(20_000)
  expect((await examine(file)).rows).toEqual(rows)
  clearInterval(watch)
  expect(most).toBeGreaterThan(0)
  // What the engine lets lie about before it tidies up is 130 MB, whether there are 80 MB or 800; held as a whole, these would take 330.
  expect(most / 1e6).toBeLessThan(230)
}, 60_000)

test('of a store that is at an older schema: it is put back at that, and brought up', async () => {
  const [source, target] = [await fresh(), await fresh()]
  const client = new pg.Client(source)
  await client.connect()
  await client.query('begin')
  await takeSteps(client, 0, 1)
  await client.query(`insert into processes (started_at, pid, host, version) values (1, 2, 'host', '0.0.9')`)
  await client.query(`insert into facts values (1, null, 5, 'note', '{"n": 1}', 'digest', 'hash')`)
  await client.query('commit')
  await client.end()
  const made = await copy(source)
  expect(made).toMatchObject({ schema: 1, rows: { processes: 1, facts: 1 } })
  expect(made.rows).not.toHaveProperty('activations')
  await putBack(target, made.file)
  expect(await query(target, 'select schema from desk')).toEqual([{ schema: SCHEMA }])
  expect(await query(target, 'select id, body from facts')).toEqual([{ id: 1, body: { n: 1 } }])
  expect((await opened(target)).process).toBe(2)
})

describe('a store that is not empty', () => {
  const withEvent = async (key: string) => {
    const config = await fresh()
    const store = await opened(config)
    await submit(store.pool, [{ source: 'test', key, event: firing(key) }], T0)
    await store.close()
    return config
  }

  test('is left as it is', async () => {
    const [source, target] = [await withEvent('a'), await withEvent('b')]
    const { file } = await copy(source)
    const before = await contents(target)
    await expect(putBack(target, file)).rejects.toThrow(
      'The store is not empty (there are rows in inbox): --force replaces all of it, and keeps a copy of it first.',
    )
    expect(await contents(target)).toEqual(before)
  })

  test('is replaced by force, and what was there is kept: as good a backup as any', async () => {
    const [source, target] = [await withEvent('a'), await withEvent('b')]
    const before = await contents(target)
    const { file } = await copy(source)
    const keepAs = join(folder, 'kept', 'before.jsonl.gz')
    const { kept } = await putBack(target, file, { keepAs })
    expect(await contents(target)).toEqual(await contents(source))
    expect(kept).toMatchObject({ file: keepAs, rows: counted(before) })
    const third = await fresh()
    await putBack(third, keepAs)
    expect(await contents(third)).toEqual(before)
  })

  test('is left as it is when it cannot be kept first', async () => {
    const [source, target] = [await withEvent('a'), await withEvent('b')]
    const before = await contents(target)
    const { file } = await copy(source)
    await writeFile(join(folder, 'taken'), '')
    await expect(putBack(target, file, { keepAs: join(folder, 'taken', 'x.gz') })).rejects.toThrow(
      /The backup cannot be written to .*: make room there, or give another path/,
    )
    expect(await contents(target)).toEqual(before)
  })

  test('nothing is put back beside a process that lives on it', async () => {
    const [source, target] = [await withEvent('a'), await fresh()]
    const { file } = await copy(source)
    const store = await opened(target)
    await expect(putBack(target, file, { keepAs: join(folder, 'kept.gz') })).rejects.toThrow(
      'Watchbill is running on this store (one process): stop it, restore, and start it again.',
    )
    expect(await query(target, 'select from inbox')).toEqual([])
    expect(await readdir(folder)).toEqual(['1.jsonl.gz'].map(() => expect.any(String)))
    await store.close()
    await putBack(target, file)
    expect(await query(target, 'select key from inbox')).toEqual([{ key: 'a' }])
  })

  test('nor does one that starts meanwhile come in between: it finds all that was put back', async () => {
    const [source, target] = [await withEvent('a'), await fresh()]
    const { file } = await copy(source)
    const examined = await examine(file)
    const holder = new pg.Client(target)
    await holder.connect()
    await holder.query('select pg_advisory_lock($1)', [MIGRATION_LOCK])
    const waiting = async (count: number) =>
      (await query(target, `select from pg_locks where locktype = 'advisory' and not granted`)).length === count
    const restoring = restore(target, examined, { force: null, at: NOW, program: '1.2.3', signal })
    await until(() => waiting(1), 'the restore to wait')
    // It asks again when it has waited too long, as a process does that starts.
    const starting: Promise<Store> = opened(target).catch(() => opened(target))
    await until(() => waiting(2), 'the process to wait')
    await holder.end()
    await restoring
    expect(await undone((await starting).pool)).toHaveLength(1)
  })
})

describe('nothing is changed by', () => {
  let good = Buffer.alloc(0)
  let target: Config
  let before: Record<string, string[]>
  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'watchbill-backup-'))
    const [source, other] = [await freshDatabase(), await freshDatabase()]
    const [full, empty] = await Promise.all([source, other].map(({ config }) => openStore(config, T0, 'test', silent)))
    const entries = Array.from({ length: 40 }, (_, n) => ({ source: 'test', key: `${n}`, event: firing(`${n}`) }))
    if (full) await submit(full.pool, entries, T0)
    await Promise.all([full?.close(), empty?.close()])
    good = await readFile((await copy(source.config, join(folder, 'good.gz'))).file)
    target = other.config
    before = await contents(target)
    return async () => {
      await Promise.all([source.drop(), other.drop()])
      await rm(folder, { recursive: true })
    }
  })
  afterEach(async () => expect(await contents(target)).toEqual(before))

  const attempt = async (bytes: Buffer | string) => {
    const path = file()
    await writeFile(path, bytes)
    return putBack(target, path).then(
      () => 'it was restored',
      (error: Error) => error.message.replace(path, 'FILE'),
    )
  }
  const CUT =
    'FILE is damaged (its end is missing): it was cut off or altered, and nothing was taken from it. Use another backup.'

  test('a file that was cut off, wherever', async () => {
    for (const part of [0.2, 0.5, 0.9])
      expect(await attempt(good.subarray(0, Math.floor(good.length * part)))).toBe(CUT)
    for (const bytes of [1, 4, 8, 9, 20]) expect(await attempt(good.subarray(0, good.length - bytes))).toBe(CUT)
    // Cut off between two lines, and compressed again.
    const lines = gunzipSync(good).toString().trimEnd().split('\n')
    for (const count of [1, 2, 10, lines.length - 1])
      expect(await attempt(gzipSync(`${lines.slice(0, count).join('\n')}\n`))).toBe(CUT)
  })

  test('a file of which any byte is another', async () => {
    // The first ten are gzip's own, some of which say nothing of the content.
    for (let at = 10; at < good.length; at += Math.ceil(good.length / 60)) {
      const altered = Buffer.from(good)
      altered[at] = (altered[at] ?? 0) ^ 0x10
      // One that hits the number of its format makes it another version's.
      expect(await attempt(altered), `byte ${at}`).toMatch(
        /^FILE (is (damaged|not a backup of Watchbill)|was written by Watchbill \S+ in a way that this version cannot read)/,
      )
    }
  })

  test('a file that somebody edited, and compressed again', async () => {
    const text = gunzipSync(good).toString()
    const lines = text.trimEnd().split('\n')
    const last = lines.at(-1) ?? ''
    const row = lines.findIndex((line) => line.includes('39 is down'))
    for (const [what, edited] of Object.entries({
      'a word': text.replace('39 is down', '39 is fine'),
      'a row less': lines.filter((_, n) => n !== row).join('\n'),
      'a row twice': lines.toSpliced(row, 0, lines[row] ?? '').join('\n'),
      'rows that changed places': lines.toSpliced(row - 1, 2, lines[row] ?? '', lines[row - 1] ?? '').join('\n'),
      'another count': text.replace(/"inbox":40/, '"inbox":41'),
      'another time': text.replace('2026-11-23T02', '2026-11-22T02'),
      'something after its end': `${text}x\n`,
      'its end twice': `${text}${last}\n`,
    })) {
      expect(edited, what).not.toBe(text)
      expect(await attempt(gzipSync(edited.endsWith('\n') ? edited : `${edited}\n`)), what).toMatch(/^FILE is damaged/)
    }
    expect(await attempt(Buffer.concat([good, Buffer.from('x')]))).toMatch(/^FILE is damaged/)
    expect(await attempt(Buffer.concat([good, gzipSync('x\n')]))).toMatch(/^FILE is damaged/)
  })

  test('a foreign file', async () => {
    const sentence = 'FILE is not a backup of Watchbill: give the file that "watchbill backup" wrote.'
    expect(await attempt('just text')).toBe(sentence)
    expect(await attempt('')).toBe(sentence)
    expect(await attempt(gzipSync('just text\n'))).toBe(sentence)
    expect(await attempt(gzipSync('{"format": "another"}\n'))).toBe(sentence)
    expect(await attempt(gzipSync(Buffer.alloc(70_000_000, 'x')))).toBe(sentence)
    await expect(putBack(target, join(folder, 'nothing'))).rejects.toThrow(
      /nothing cannot be read \(ENOENT.*give the path/,
    )
    await expect(putBack(target, folder)).rejects.toThrow(/cannot be read \(EISDIR/)
  })

  test('a file of a newer version', async () => {
    expect(await attempt(rewritten((header) => ({ ...header, schema: SCHEMA + 1, program: '9.0.0' })))).toBe(
      `FILE was written by Watchbill 9.0.0 at schema ${SCHEMA + 1}, this program knows ${SCHEMA}: restore it with that version or a newer one.`,
    )
    expect(await attempt(rewritten((header) => ({ ...header, edition: 2, program: '9.0.0', more: 1 })))).toBe(
      'FILE was written by Watchbill 9.0.0 in a way that this version cannot read: restore it with that version or a newer one.',
    )
  })

  test('a file with a table that is none of ours', async () => {
    const rename = (text: string) => text.replaceAll('"samples"', '"pg_authid"')
    expect(await attempt(rewritten((header) => JSON.parse(rename(JSON.stringify(header))), rename))).toBe(
      'FILE holds pg_authid, which this version of Watchbill does not know: restore it with the version that wrote it.',
    )
  })

  /** A backup that is whole, and says something else of itself. */
  function rewritten(change: (header: object) => object, rest = (text: string) => text): Buffer {
    const [first = '', ...others] = gunzipSync(good).toString().trimEnd().split('\n')
    const body = [JSON.stringify(change(JSON.parse(first))), ...others.slice(0, -1).map(rest)]
      .map((line) => `${line}\n`)
      .join('')
    const { rows } = JSON.parse(rest(others.at(-1) ?? ''))
    const sha256 = createHash('sha256').update(body).digest('hex')
    return gzipSync(`${body}${JSON.stringify({ rows, sha256 })}\n`)
  }
})

describe('there is no backup of', () => {
  test('a store that nothing ran on', async () => {
    await expect(copy(await fresh())).rejects.toThrow(
      'There is nothing to back up: Watchbill has not run on this store yet.',
    )
    expect(await readdir(folder)).toEqual([])
  })

  test('a store that is newer than the program', async () => {
    const source = await fresh()
    await (await opened(source)).close()
    await query(source, 'update desk set schema = $1', [SCHEMA + 1])
    await expect(copy(source)).rejects.toThrow(
      `The store is at schema ${SCHEMA + 1}, this program knows ${SCHEMA}: use the newer version of Watchbill that runs on it.`,
    )
  })

  test('a moment that was called off: nothing is left of it', async () => {
    const source = await fresh()
    await opened(source)
    await query(source, `insert into samples select 'home', n, true, '{}' from generate_series(1, 50000) n`)
    const stop = new AbortController()
    const made = backUp(source, { path: file(), at: NOW, program: 'x', signal: stop.signal })
    await until(async () => (await readdir(folder)).length > 0, 'it to be begun')
    stop.abort(new Error('called off'))
    await expect(made).rejects.toThrow('called off')
    expect(await readdir(folder)).toEqual([])
  })
})
