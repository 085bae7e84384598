import { afterEach, expect, test } from 'vitest'
import { type Driver, startBot } from '../support/bot.ts'
import { standIn } from '../support/stand-in.ts'

let bot: Driver
const ends: (() => unknown)[] = []
afterEach(async () => {
  await bot?.close()
  for (const end of ends.splice(0)) await end()
})

/** Whoever watches Watchbill from outside: how often it was heard of. */
async function watcher() {
  let heard = 0
  let status = 200
  const server = await standIn((_, response) => {
    if (status === 200) heard++
    response.writeHead(status).end()
  })
  ends.push(server.close)
  return {
    url: `${server.url}/ping/secret-key`,
    heard: () => heard,
    answer: (next: number) => {
      status = next
    },
  }
}

async function start() {
  const outside = await watcher()
  bot = await startBot({
    probes: false,
    outward: true,
    config: (text) => `${text}\noutward_heartbeat: { url: "${outside.url}", every: 1m }\n`,
  })
  return outside
}

test('whoever watches us hears every minute that all is well', async () => {
  const outside = await start()
  await bot.advance('5m')
  expect(outside.heard()).toBeGreaterThanOrEqual(5)
  expect(outside.heard()).toBeLessThanOrEqual(6)
})

test('and nothing while a page is owed that Slack does not take: a process that lives is not enough', async () => {
  const outside = await start()
  await bot.advance('1m')
  bot.slack.fault({ kind: 'http', status: 503 })
  await bot.report()
  for (let n = 0; n < 40; n++) await bot.clock.advanceTo(bot.clock.now() + 5_000)
  await new Promise((resolve) => setTimeout(resolve, 500))
  const before = outside.heard()
  for (let n = 0; n < 40; n++) {
    bot.clock.advanceTo(bot.clock.now() + 5_000)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  expect(outside.heard()).toBe(before)
})

test('one that does not take it is asked again soon', async () => {
  const outside = await start()
  outside.answer(500)
  await bot.advance('3m')
  expect(outside.heard()).toBeLessThanOrEqual(1)
  outside.answer(200)
  await bot.advance('10s')
  expect(outside.heard()).toBeGreaterThan(0)
})
