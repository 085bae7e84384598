import { afterEach, expect, test } from 'vitest'
import { type Driver, startBot } from '../support/bot.ts'

let bot: Driver
afterEach(() => bot?.close())

const NOT_REACH = 'a page may not reach'

test('whom a page may not reach hears of it before their shift, and so does their team; each once, with what to do', async () => {
  bot = await startBot({
    probes: false,
    roster: true,
    publicUrl: 'https://watchbill.example.com',
    at: Date.parse('2026-11-23T18:58:30+01:00'),
    config: (config) =>
      config.replace(
        'nora: { slack: U0NORA }',
        'nora: { slack: U0NORA, contact: [{ after: 1m, via: ntfy, to: nora-pager }] }',
      ),
  })
  const told = (texts: string[]) => texts.filter((text) => text.includes(NOT_REACH))
  await bot.advance('1m')
  const team = () => told(bot.channel('ops')).filter((text) => text.includes('U0NORA'))
  expect(told(bot.dm('nora'))).toEqual([expect.stringMatching(/You are on duty for `primary` .* nobody has confirmed/)])
  expect(told(bot.dm('nora'))[0]).toContain('Type `/watchbill test`')
  expect(team()).toEqual([expect.stringContaining('They are told themselves.')])
  // The day is over: an hour is left. Told once more, and no more than that.
  await bot.restart('2m')
  await bot.advance('2m')
  expect(told(bot.dm('nora'))).toHaveLength(2)
  // Slack does not disturb her now: that is another matter.
  bot.slack.changeUser('nora', { dndHours: { from: '22:00', to: '07:00' }, tz: 'Europe/Zurich' })
  await bot.advance('16m')
  expect(told(bot.dm('nora')).at(-1)).toContain('"Do not disturb" is on in Slack')
  await bot.advance('16m')
  expect(told(bot.dm('nora'))).toHaveLength(3)
})
