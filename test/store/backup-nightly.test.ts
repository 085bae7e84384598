import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { backup } from '../../jobs/backup.ts'
import type { JobDeps } from '../../jobs/tell.ts'
import { machine } from '../../src/clock.ts'
import { latestBackupAt } from '../../src/store/backup-folder.ts'
import { examine } from '../../src/store/restore.ts'
import type { Store } from '../../src/store/store.ts'
import { HOUR, MINUTE, rules } from '../support/builders.ts'
import { type Database, emptyStore } from '../support/stores.ts'
import { type TestClock, testClock } from '../support/test-clock.ts'

/** The backup of each night, as the timetable asks for it every quarter of an hour. The configuration is in Zurich. */

/** Monday afternoon there. */
const START = Date.parse('2026-11-23T13:00:00Z')
const DAY = 24 * HOUR

let database: Database
let store: Store
let folder = ''
let lowDisk = false
let clock: TestClock
let slot: (at: number) => Promise<void>
beforeEach(async () => {
  database = await emptyStore()
  store = await database.open()
  const parent = await mkdtemp(join(tmpdir(), 'watchbill-nightly-'))
  folder = join(parent, 'backups')
  clock = testClock(START)
  const log = pino({ level: 'silent' })
  const deps = {
    clock,
    machine,
    log,
    store: { ...store, lowDisk: () => lowDisk },
    rules: () => rules(),
    version: '1.2.3',
    backups: folder,
  }
  const run = backup(deps as unknown as JobDeps)
  slot = async (at) => {
    clock.advanceTo(at)
    await run()
  }
  return () => rm(parent, { recursive: true, force: true })
})
afterEach(() => database.drop())

const taken = async () => (await readdir(folder)).toSorted((a, b) => (a < b ? -1 : 1))

/** Every quarter of an hour from one instant to another. */
async function pass(from: number, to: number): Promise<void> {
  for (let at = from; at < to; at += 15 * MINUTE) await slot(at)
}

test('is taken once a night, at half past four by the wall clocks there, and is whole', async () => {
  await pass(START, START + 2 * DAY)
  expect(await taken()).toEqual([
    // The first at once: there was none.
    'watchbill-20261123-130000Z.jsonl.gz',
    'watchbill-20261124-033000Z.jsonl.gz',
    'watchbill-20261125-033000Z.jsonl.gz',
  ])
  const [first = ''] = await taken()
  expect(await examine(join(folder, first))).toMatchObject({
    header: { at: '2026-11-23T13:00:00.000Z', program: '1.2.3' },
    rows: { processes: 1 },
  })
  expect((await stat(folder)).mode & 0o777).toBe(0o700)
  expect((await stat(join(folder, first))).mode & 0o777).toBe(0o600)
  expect(await latestBackupAt(folder, clock.now())).toBe(Date.parse('2026-11-25T03:30:00Z'))
})

test('is not taken on a disk that is almost full', async () => {
  lowDisk = true
  await expect(slot(START)).rejects.toThrow('the disk has no room for a backup')
  lowDisk = false
  await slot(START + 15 * MINUTE)
  expect(await taken()).toEqual(['watchbill-20261123-131500Z.jsonl.gz'])
})

test('of a night that was missed is made up for as soon as somebody is there', async () => {
  await slot(START)
  await slot(START + 3 * DAY)
  await slot(START + 3 * DAY + 15 * MINUTE)
  expect(await taken()).toEqual(['watchbill-20261123-130000Z.jsonl.gz', 'watchbill-20261126-130000Z.jsonl.gz'])
})

test('that failed is tried again at the next slot', async () => {
  await mkdir(join(folder, '..'), { recursive: true })
  await writeFile(folder, 'in the way')
  await expect(slot(START)).rejects.toThrow(/The backup cannot be written to .*: make room there/)
  await rm(folder)
  await slot(START + 15 * MINUTE)
  expect(await taken()).toEqual(['watchbill-20261123-131500Z.jsonl.gz'])
})

test('is kept for a week of nights; what somebody else put there, and what is being written, stays', async () => {
  await mkdir(folder)
  const others = [
    'watchbill-20261101-120000Z-by-hand.jsonl.gz',
    'watchbill-20261101-120000Z-before-restore.jsonl.gz',
    'notes.txt',
    'watchbill-20261101-120000Z.jsonl.gz.part-12345678',
  ]
  for (const name of others) await writeFile(join(folder, name), '')
  const abandoned = join(folder, 'watchbill-20261101-110000Z.jsonl.gz.part-abcdef01')
  await writeFile(abandoned, '')
  const dayBefore = (machine.now() - DAY - HOUR) / 1_000
  await utimes(abandoned, dayBefore, dayBefore)
  for (let night = 0; night < 9; night++) await slot(Date.parse('2026-11-24T03:30:00Z') + night * DAY)
  const nights = ['1126', '1127', '1128', '1129', '1130', '1201', '1202']
  expect(new Set(await taken())).toEqual(
    new Set([...others, ...nights.map((date) => `watchbill-2026${date}-033000Z.jsonl.gz`)]),
  )
})

test('one that a wrong clock took in the future is none', async () => {
  await mkdir(folder)
  await writeFile(join(folder, 'watchbill-20361123-033000Z.jsonl.gz'), '')
  await slot(START)
  await slot(START + 15 * MINUTE)
  expect(await taken()).toEqual(['watchbill-20261123-130000Z.jsonl.gz', 'watchbill-20361123-033000Z.jsonl.gz'])
})
