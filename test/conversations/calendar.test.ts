import { afterEach, expect, test } from 'vitest'
import { type Driver, startBot } from '../support/bot.ts'

let bot: Driver
afterEach(() => bot.close())

const start = (publicUrl?: string) =>
  startBot({
    probes: false,
    config: (config) => config.replace('schedules:', 'roles:\n  admin: [mia]\nschedules:'),
    ...(publicUrl === undefined ? {} : { publicUrl }),
  })

/** The path of the calendar that an answer gives. */
const pathOf = (answer: string) => /https:\/\/watch\.example\.com(\/calendar\/[\w-]{32}\.ics)/.exec(answer)?.[1] ?? ''

test('somebody subscribes to a schedule and to their own watches, and ends it again', async () => {
  bot = await start('https://watch.example.com')
  const open = async (path: string) => (await fetch(bot.url + path)).status
  const shown = await bot.type('dana', '/oncall calendar primary')
  expect(shown).toContain('*Calendar 1*, the watch of `primary`')
  const path = pathOf(shown)
  expect(shown).toContain(`webcal://watch.example.com${path}`)
  const text = await (await fetch(bot.url + path)).text()
  expect(text).toContain('SUMMARY:nora on call: primary')
  expect(text).toContain('SUMMARY:dana on call: primary')

  const mine = pathOf(await bot.type('dana', '/oncall calendar'))
  expect(await (await fetch(bot.url + mine)).text()).not.toContain('nora')
  expect(mine).not.toBe(path)

  const list = await bot.type('dana', '/oncall calendar list')
  expect(list).toContain('*1*: the watch of `primary`')
  expect(list).toContain('*2*: the watches of dana')
  expect(list).not.toContain(path)
  expect(await bot.type('nora', '/oncall calendar list')).toContain('You have no calendar')

  expect(await bot.type('nora', '/oncall calendar revoke 1')).toContain('admin')
  expect(await open(path)).toBe(200)
  expect(await bot.type('dana', '/oncall calendar revoke 1')).toContain('Revoked: calendar 1')
  expect([await open(path), await open(mine)]).toEqual([404, 200])
  expect(await bot.type('dana', '/oncall calendar revoke 1')).toContain('There is no calendar 1')

  expect(await bot.type('nora', '/oncall calendar list all')).toContain('admin')
  expect(await bot.type('mia', '/oncall calendar list all')).toContain('*2*: the watches of dana, made by <@U0DANA>')
  expect(await bot.type('mia', '/oncall calendar revoke 2')).toContain('Revoked: calendar 2')
  expect(await open(mine)).toBe(404)

  await bot.type('dana', '/oncall calendar mine')
  await bot.type('dana', '/oncall calendar secondary')
  expect(await bot.type('dana', '/oncall calendar revoke all')).toContain('calendars 3 and 4')
  expect(await bot.type('dana', '/oncall calendar revoke all')).toContain('You have no calendar')

  // Nobody but the asker saw an address.
  expect(bot.channel('ops').join('\n')).not.toContain('/calendar/')
})

test('what cannot be: each with what to type instead', async () => {
  bot = await start('https://watch.example.com')
  expect(await bot.type('dana', '/oncall calendar tertiary')).toContain('There is no schedule `tertiary`')
  expect(await bot.type('dana', '/oncall calendar primary please')).toContain('is more than I understand')
  expect(await bot.type('dana', '/oncall calendar revoke')).toContain('Which one?')
  expect(await bot.type('dana', '/oncall calendar list both')).toContain('is not `all`')
  for (let n = 0; n < 20; n++) await bot.type('dana', '/oncall calendar')
  expect(await bot.type('dana', '/oncall calendar')).toContain('You have 20 calendars already')
  expect(await bot.type('dana', '/oncall help')).toContain('/oncall calendar [SCHEDULE|mine]')
})

test('without PUBLIC_URL nothing is made, and the answer says what to set', async () => {
  bot = await start()
  expect(await bot.type('dana', '/oncall calendar')).toContain('sets `PUBLIC_URL`')
  expect(await bot.type('dana', '/oncall calendar list')).toContain('You have no calendar')
  // Nor does a configuration without calendars of other systems hear of any.
  expect(await bot.type('dana', '/watchbill status')).not.toContain('Calendar')
})
