import { afterEach, expect, test } from 'vitest'
import { type Driver, startBot } from '../support/bot.ts'

let bot: Driver
afterEach(() => bot?.close())

const STORY =
  'over %s: a target fails, the person on duty is paged, nobody answers, the next is paged, acknowledges, and it recovers'

test.each(['socket', 'http'] as const)(STORY, async (mode) => {
  bot = await startBot({ mode })
  await bot.advance('2m')
  expect(bot.paged()).toEqual([])

  bot.target.fail()
  await bot.advance('40s')
  expect(bot.paged()).toEqual(['nora'])
  expect(bot.dm('nora')[0]).toContain('home is down: 503 Service Unavailable')
  expect(bot.dm('nora')[0]).toContain('you are on duty for `primary`')
  expect(bot.dm('nora')[0]).toContain('[Acknowledge]')

  await bot.advance('4m')
  expect(bot.paged()).toEqual(['nora'])
  await bot.advance('2m')
  expect(bot.paged()).toEqual(['nora', 'sam'])

  await bot.press('sam', 'Acknowledge')
  expect(bot.dm('sam')[0]).toContain('<@U0SAM> has it')
  expect(bot.dm('nora')[0]).toContain('<@U0SAM> has it')
  expect(bot.dm('nora')[0]).not.toContain('[Acknowledge]')
  await bot.advance('10m')
  expect(bot.paged()).toEqual(['nora', 'sam'])

  bot.target.recover()
  await bot.advance('1m')
  expect(bot.dm('sam')[0]).toContain('Resolved')
  expect(bot.dm('sam').at(-1)).toContain('INC-1 is over')
  const words = ['Opened', 'Detected', 'Paged', 'Escalated', 'Paged', 'Acknowledged', 'Recovered', 'Resolved']
  const entries = bot.channel().flatMap((text) => /\|\d\d:\d\d \S+>\s+:\w+: \*(\w+)/.exec(text)?.[1] ?? [])
  expect(entries).toEqual(words)
})
