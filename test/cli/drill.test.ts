import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { drill } from '../../src/cli/drill.ts'
import { type Driver, startBot, until } from '../support/bot.ts'
import { urlOf, written } from '../support/cli.ts'

/** `watchbill drill` beside a bot that runs. */

const CONFIG = String.raw`
company: Example Mail
zone: UTC
people: { erik: { slack: U0ERIK } }
policies: { mail: { steps: [{ page: [erik], wait: 5m }], rounds: 1, fallback: [erik] } }
services: { webmail: { policy: mail } }
monitors:
  home: { service: webmail, probe: "https://www.example.com/" }
  backup: { service: webmail, heartbeat: { every: 1h, grace: 5m } }
  never: { service: webmail, log: { push: true, match: { pattern: 'a\bb', count: 1, within: 1m } } }
`

let bot: Driver
let folder = ''
beforeAll(async () => {
  bot = await startBot({ probes: false })
  folder = await mkdtemp(join(tmpdir(), 'watchbill-drill-'))
  await writeFile(join(folder, 'watchbill.yaml'), CONFIG)
})
afterAll(async () => {
  await bot.close()
  await rm(folder, { recursive: true, force: true })
})

async function run(monitor: string, options: Parameters<typeof drill>[1] = {}, now = bot.clock.now) {
  const { said, ...streams } = written()
  const env = { WATCHBILL_CONFIG: join(folder, 'watchbill.yaml'), DATABASE_URL: urlOf(bot.store.config) }
  const code = await drill(monitor, options, { env, ...streams, now })
  return { code, ...said }
}

test('a fault goes the whole way, wakes nobody, and each part of the way is measured', async () => {
  const { code, stdout } = await run('home')
  expect(stdout).toMatch(
    /^Drill of home passed: decided after \d+ ms, out of the out-tray after \d+ ms\. A real fault would page nora\.\n$/,
  )
  expect(code).toBe(0)
  expect(bot.paged()).toEqual([])
})

test('a heartbeat is drilled by a deadline that passes in a copy of it, and misses nothing itself', async () => {
  const { code, stdout } = await run('backup')
  expect(stdout).toMatch(/^Drill of backup passed: /)
  expect(code).toBe(0)
  const { rows } = await bot.store.pool.query(
    `select body ->> 'saw' as saw from facts where kind = 'drilled' order by id desc limit 1`,
  )
  expect(rows).toEqual([{ saw: 'a deadline that passed, and a ping that says it failed' }])
})

test('one that pages waits for the acknowledgement', async () => {
  const running = run('home', { to: 'erik', json: true })
  await until(() => bot.paged().length === 1, 'the page')
  await bot.rest()
  bot.clock.advanceTo(bot.clock.now() + 9_000)
  await bot.press('erik', 'Acknowledge')
  const { code, stdout } = await running
  expect(JSON.parse(stdout)).toEqual({
    ...{ monitor: 'home', ok: true, incident: 1, people: ['erik'] },
    ...{ decidedMs: expect.any(Number), sentMs: expect.any(Number), ackedMs: 9_000 },
  })
  expect(code).toBe(0)
})

test.for<[string, Parameters<typeof drill>[1], RegExp]>([
  ['gone', {}, /^There is no monitor gone: there are home, backup\.\n$/],
  ['never', {}, /^Nothing can be injected into never: there are home, backup\.\n$/],
  ['home', { to: 'eve' }, /^There is no person eve: there are erik\.\n$/],
  ['home', { to: 'erik', duty: true }, /^Either --to or --duty/],
])('%s %j: it cannot be done, and why', async ([monitor, options, sentence]) => {
  const { code, stderr } = await run(monitor, options)
  expect(stderr).toMatch(sentence)
  expect(code).toBe(2)
})

test('without a bot nothing decides it, and it exits 1', async () => {
  await bot.bot.close()
  // Whoever looks at the clock sees ten seconds pass each time.
  let now = bot.clock.now()
  const { code, stdout } = await run('home', {}, () => {
    now += 10_000
    return now
  })
  expect(stdout).toMatch(/^Drill of home failed: nothing decided it within 30 s\. Does the bot run, on this store\?\n$/)
  expect(code).toBe(1)
})
