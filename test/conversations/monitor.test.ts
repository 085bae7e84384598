import { afterEach, expect, test } from 'vitest'
import { type Driver, startBot } from '../support/bot.ts'

let bot: Driver
afterEach(() => bot?.close())

const start = async (options: Parameters<typeof startBot>[0] = {}) => {
  bot = await startBot(options)
}

test('what is watched: what fails comes first, with what was seen and who silenced it', async () => {
  await start()
  await bot.advance('1m')
  expect(await bot.type('erik', '/monitor')).toMatch(/^\*Up \(1\)\*\n:large_green_circle: `home` · webmail, since /)
  bot.target.fail(503)
  await bot.advance('1m')
  const failing = await bot.type('erik', '/monitor list')
  expect(failing).toMatch(/^\*Down \(1\)\*\n:red_circle: `home` · webmail, since .*: 503 Service Unavailable/)
  await bot.type('nora', '/silence home 30m reason')
  expect(await bot.type('erik', '/monitor list down')).toContain(':mute: silence 1 until')
  expect(await bot.type('erik', '/monitor list up')).toBe('No monitor is up.')
})

test('one monitor: what it looks at, the last hour, the latest results', async () => {
  await start()
  await bot.advance('10m')
  bot.target.fail(503)
  await bot.advance('2m')
  const shown = await bot.type('erik', '/monitor show home')
  expect(shown).toContain('every 30 s; down after 2 failures in a row, up after 2 successes')
  expect(shown).toMatch(/`·+[▁▂▃▄▅▆▇█]+×+` the last 1 h: \d+ of \d+ well, half of them within \d+ ms/)
  expect(shown.match(/:x: .* 503 Service Unavailable/g)?.length).toBeGreaterThan(1)
  expect(shown).toMatch(/http:\/\/127\.0\.0\.1:\d+\//)
})

test('a look by hand says what it saw, pages nobody and counts for nothing', async () => {
  await start({ probes: false })
  bot.target.fail(503)
  for (let n = 0; n < 4; n++)
    expect(await bot.type('erik', '/monitor test home')).toMatch(
      /:x: `home` at .*: 503 Service Unavailable .*, after \d+ ms/,
    )
  expect(bot.paged()).toEqual([])
  expect(await bot.type('erik', '/monitor list')).toMatch(/\*Not seen yet \(1\)\*/)
})

test.each([
  ['/monitor show', 'Which monitor? There are `home`'],
  ['/monitor show nothing', 'There is no monitor `nothing`. There are `home`'],
  ['/monitor show home now', 'There is no monitor `home now`'],
  ['/monitor test constructor', 'There is no monitor `constructor`'],
  ['/monitor list broken', '`broken` is no state of a monitor'],
  ['/monitor restart', 'has no verb `restart`'],
  ['/monitor help', 'what is watched, how it stands'],
])('%s: what is wrong, and what to type', async (typed, sentence) => {
  await start({ probes: false })
  expect(await bot.type('erik', typed)).toContain(sentence)
})
