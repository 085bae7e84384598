import { afterEach, expect, test } from 'vitest'
import { type Driver, startBot } from '../support/bot.ts'

let bot: Driver
afterEach(() => bot?.close())

const SERVICES = ['webmail', 'imap', 'smtp', 'billing', 'search', 'login']
const many = (config: string) =>
  config.replace(
    '  webmail: { policy: mail, channel: C0OPS }\n',
    SERVICES.map((name) => `  ${name}: { policy: mail, channel: C0OPS }\n`).join(''),
  )

/** Everything fails at once, as with a network; the first page is out and the rest waits. */
async function start() {
  bot = await startBot({ probes: false, config: many })
  for (const service of SERVICES)
    await bot.alert({ service, headline: `${service} is down`, summary: `${service} is down: 503 Service Unavailable` })
}

const together = (person: string) => bot.dm(person).filter((text) => text.includes('more incidents for you'))

test('six incidents for one person: three pages, then one for the rest, with a button for all', async () => {
  await start()
  expect(bot.paged()).toEqual(['nora', 'nora', 'nora'])
  await bot.advance('20s')
  expect(bot.paged()).toEqual(['nora', 'nora', 'nora', 'bundle'])
  expect(together('nora')).toEqual([
    expect.stringMatching(/3 more incidents for you: nobody has them yet[\s\S]*Why you:[\s\S]*\[Acknowledge all 3\]/),
  ])
  for (const name of ['INC-4 · billing is down', 'INC-5 · search is down', 'INC-6 · login is down'])
    expect(together('nora')[0]).toContain(name)
  expect(together('nora')[0]).toContain('503 Service Unavailable')
  await bot.advance('10m')
})

test('one press has them all, and the message says so', async () => {
  await start()
  await bot.advance('20s')
  expect(await bot.press('nora', 'Acknowledge all')).toBe('')
  expect(together('nora')[0]).toMatch(/3 more incidents for you: somebody has each/)
  expect(together('nora')[0]).not.toContain('[Acknowledge')
  for (const id of [4, 5, 6]) expect(await bot.type('nora', `/incident show ${id}`)).toMatch(/<@U0NORA> has it\*/)
  await bot.advance('6m')
  // The others go on to the next step: two of them, each a page of its own.
  expect(bot.paged().filter((person) => person === 'sam')).toHaveLength(3)
})

test('one of them has a button of its own, and the count goes down', async () => {
  await start()
  await bot.advance('20s')
  await bot.press('nora', 'Acknowledge')
  expect(together('nora')[0]).toMatch(/3 more incidents for you: 2 have nobody yet[\s\S]*\[Acknowledge all 2\]/)
})

test('when all is over the message says so, and those who were woken hear of each in its thread', async () => {
  await start()
  await bot.advance('20s')
  for (const service of SERVICES) await bot.alert({ service, status: 'resolved', summary: `${service} is up again` })
  expect(together('nora')[0]).toMatch(/3 more incidents for you: all are over/)
  expect(bot.dm('nora').filter((text) => text.includes('is over:'))).toHaveLength(6)
})

test('the bot is restarted while they wait: they go out all the same, once', async () => {
  await start()
  await bot.restart('5s')
  await bot.advance('20s')
  expect(bot.paged()).toEqual(['nora', 'nora', 'nora', 'bundle'])
  await bot.restart('1m')
  expect(bot.paged()).toEqual(['nora', 'nora', 'nora', 'bundle'])
})

test('whoever is gone from Slack when they go out: each incident turns to its next person at once', async () => {
  await start()
  bot.slack.changeUser('nora', { deleted: true })
  await bot.advance('20s')
  expect(bot.paged().filter((person) => person === 'sam').length).toBeGreaterThan(0)
})

test('several are acknowledged with one command, or none when one of them is not there', async () => {
  await start()
  expect(await bot.type('nora', '/incident ack INC-1 2, 3')).toMatch(/INC-1[\s\S]*INC-2[\s\S]*INC-3/)
  expect(await bot.type('nora', '/incident ack INC-4 INC-99')).toContain('There is no INC-99')
  expect(await bot.type('nora', '/incident show 4')).toContain('Nobody has it yet')
})
