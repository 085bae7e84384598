import { afterEach, expect, test } from 'vitest'
import { type Driver, startBot } from '../support/bot.ts'

let bot: Driver
afterEach(() => bot?.close())

const start = async (options: Parameters<typeof startBot>[0] = {}) => {
  bot = await startBot({ probes: false, ...options })
}
const ops = () => bot.channel('ops').join('\n---\n')

test('silenced: nobody is paged, everybody reads why, and at the end what fails still pages', async () => {
  await start()
  const said = await bot.type('nora', '/silence home 30m new <disk> & reboot')
  expect(said).toMatch(/<@U0NORA> silenced monitor `home` until .* \(30 min\): _new &lt;disk&gt; &amp; reboot_\./)
  expect(said).toContain('`/silence end 1`')
  expect(ops()).toContain('*Silenced:* monitor `home`, by <@U0NORA> until')
  await bot.alert({ monitor: 'home' })
  expect(bot.paged()).toEqual([])
  expect(bot.channel('ops')).toHaveLength(1)
  expect(await bot.type('sam', '/silence')).toMatch(
    /\*Silences \(1\)\*\n:mute: \*1\* monitor `home`, until .* \(30 min more\), by <@U0NORA>/,
  )
  await bot.advance('20m')
  expect(bot.dm('nora').join()).toMatch(
    /Your silence of monitor `home` ends at .*Failing now: `home`, which pages then/,
  )
  await bot.advance('10m')
  expect(bot.paged()).toEqual(['nora'])
  expect(ops()).toContain(
    'The silence of monitor `home` is over. Failing now: `home`. What of that nobody has, pages now.',
  )
  expect(bot.timeline()).toContainEqual(expect.stringContaining('or it was silenced'))
})

test('ended: by its owner alone, by others together', async () => {
  await start()
  await bot.type('nora', '/silence webmail 1h the migration')
  await bot.alert()
  expect(await bot.type('dana', '/silence end 1')).toContain("is <@U0NORA>'s, so ending it takes two people")
  expect(bot.paged()).toEqual([])
  expect(await bot.type('sam', '/silence end 1')).toContain('The silence 1 of service `webmail` is over')
  expect(bot.paged()).toEqual(['nora'])
  expect(await bot.type('sam', '/silence list')).toContain('*1* service `webmail` is over; `home` is to report by')
  expect(await bot.type('sam', '/silence end 1')).toContain('The silence 1 is over, and nothing was done')
})

test('extended: it holds until its new end', async () => {
  await start()
  await bot.type('nora', '/silence home 30m reason')
  await bot.alert({ monitor: 'home' })
  await bot.advance('25m')
  expect(await bot.type('dana', '/silence extend 1 1h')).toMatch(/The silence 1 of monitor `home` now lasts until/)
  await bot.advance('64m')
  expect(bot.paged()).toEqual([])
  await bot.advance('1m')
  expect(bot.paged()).toEqual(['nora'])
})

test('planned: from its beginning on', async () => {
  await start()
  expect(await bot.type('nora', '/silence home 04:00-05:00 maintenance')).toMatch(
    /silenced monitor `home` from .* until .* \(1 h\)/,
  )
  await bot.advance('59m')
  expect(ops()).toContain('will silence monitor `home` from')
  await bot.advance('2m')
  expect(ops()).toContain('*Silenced:* monitor `home`')
  await bot.alert({ monitor: 'home' })
  expect(bot.paged()).toEqual([])
})

test('what comes back has to show it: a monitor that nobody runs any more pages whoever silenced it', async () => {
  await start()
  await bot.type('sam', '/silence home 30m reason')
  await bot.advance('31m')
  expect(bot.paged()).toEqual([])
  await bot.advance('2m')
  expect(bot.paged()).toEqual(['sam'])
  expect(bot.dm('sam').join()).toContain('home has not reported since its silence ended')
  await bot.advance('5m')
  expect(bot.paged()).toEqual(['sam', 'nora'])
})

test('and one that is watched is back without a word to anybody but the channel', async () => {
  await start({ probes: true, returns: true })
  await bot.type('sam', '/silence home 2m reason')
  await bot.advance('4m')
  // Beside its look, a fault that was injected into it came through.
  const { rows } = await bot.store.pool.query(`select body ->> 'silence' as silence from facts where kind = 'drilled'`)
  expect(rows).toEqual([{ silence: '1' }])
  expect(ops()).toContain('monitor `home` is watched again: everything has reported since its silence ended')
  expect(await bot.type('sam', '/silence')).toContain('Nothing is silenced')
  expect(bot.paged()).toEqual([])
})

test('the bot is restarted in between: nothing is forgotten', async () => {
  await start()
  await bot.type('nora', '/silence home 30m reason')
  await bot.alert({ monitor: 'home' })
  await bot.restart('10m')
  expect(bot.paged()).toEqual([])
  await bot.restart('25m')
  expect(bot.paged()).toEqual(['nora'])
})

test.each([
  ['/silence home', 'For how long is `home` to be silent'],
  ['/silence home 30m', 'A silence has a reason'],
  ['/silence home soon reason', '`soon` is no time to be silent for'],
  ['/silence home 0m reason', '`0m` is no time to be silent for'],
  ['/silence home 30d reason', 'lasts no longer than until'],
  ['/silence nothing 30m reason', 'There is no monitor or service `nothing`'],
  ['/silence end', 'Its number is missing'],
  ['/silence end 9', 'There is no silence `9`'],
  ['/silence end x', 'There is no silence `x`'],
  ['/silence extend 1 1h', 'There is no silence `1`'],
  ['/silence help', 'nobody is paged for a monitor or a service'],
])('%s: what is wrong, and what to type', async (typed, sentence) => {
  await start()
  expect(await bot.type('nora', typed)).toContain(sentence)
  const { rows } = await bot.store.pool.query('select from silences')
  expect(rows).toEqual([])
})

test('a stranger silences nothing', async () => {
  await start()
  expect(await bot.type('U0NOBODY', '/silence home 30m reason').catch(String)).toMatch(/is not|nobody/i)
  expect((await bot.store.pool.query('select from silences')).rows).toEqual([])
})

test('what other systems say of the service is silenced with it, and the open incident is named', async () => {
  await start()
  await bot.alert({ key: 'other', headline: 'other is down', summary: 'other is down' })
  expect(await bot.type('nora', '/silence webmail 1h reason')).toContain(
    'INC-1 is open for this service already and goes on',
  )
})
