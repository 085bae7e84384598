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
  const at = (hours: number) => bot.clock.now() - hours * 3_600_000
  await bot.store.pool.query(
    `insert into rollups (monitor, width, from_at, count, failed, min_ms, avg_ms, max_ms)
     values ('home', 300000, $1, 10, 0, 4, 5, 9), ('home', 300000, $2, 10, 10, null, null, null), ('home', 300000, $3, 10, 2, 8, 20, 70)`,
    [at(20), at(10), at(3)],
  )
  expect(await bot.type('erik', '/monitor show home')).toMatch(
    /`·+[▁▂▃▄▅▆▇█]·+×·+×·+.?` the last 24 h: \d+ of \d+ well, \d+ ms on average, the slowest 70 ms/,
  )
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

const kinds = (text: string) =>
  text.replace(
    'monitors:\n',
    `monitors:
  backup: { service: webmail, heartbeat: { every: 1h, grace: 5m } }
  pushed: { service: webmail, log: { push: true, expect: empty } }
`,
  )

test('what reads a log and what reports by itself stand beside what goes and looks', async () => {
  await start({ config: kinds, heartbeats: true, publicUrl: 'https://watch.example.com/' })
  await bot.advance('1m')
  expect(await bot.type('erik', '/monitor')).toMatch(
    /\*Not seen yet \(2\)\*\n:white_circle: `backup` · webmail.*\n:white_circle: `pushed`/,
  )
  expect(await bot.type('erik', '/monitor show backup')).toContain(
    'Is to be pinged every 1 h, and is missed 5 min later. A failure is critical.\nLast heard of: never.',
  )
  expect(await bot.type('erik', '/monitor show pushed')).toContain('Reads the lines that are pushed to it')
  expect(await bot.type('erik', '/monitor test pushed')).toContain('does not go and look, so there is nothing to try')
  const shown = await bot.type('erik', '/monitor ping backup')
  const [, key = ''] = /`https:\/\/watch\.example\.com(\/ping\/[0-9a-f-]{36})`/.exec(shown) ?? []
  expect((await fetch(`${bot.url}${key}`)).status).toBe(200)
  expect(await bot.type('erik', '/monitor list')).toMatch(/\*Up \(2\)\*[\s\S]*`backup`/)
  expect(await bot.type('erik', '/monitor rotate backup')).toContain(
    'has another address, and nobody is heard at the one before',
  )
  expect((await fetch(`${bot.url}${key}`)).status).toBe(404)
  expect(await bot.type('erik', '/monitor ping backup')).not.toContain(key)
  // Nobody else in the channel is shown it.
  expect(bot.channel('ops').join()).not.toContain('/ping/')
  expect(await bot.type('U0NOBODY', '/monitor ping backup').catch(String)).not.toContain('/ping/')
  expect(await bot.type('erik', '/monitor ping home')).toContain(
    '`home` is not pinged: it goes and looks. Heartbeats: `backup`.',
  )
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
