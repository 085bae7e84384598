import { afterEach, expect, test } from 'vitest'
import { type Driver, startBot } from '../support/bot.ts'

let bot: Driver
afterEach(() => bot?.close())

const start = async (config: (text: string) => string = (text) => text) => {
  bot = await startBot({ probes: false, config })
}

const leaves = (name: string) => bot.slack.changeUser(name, { deleted: true })
const comesBack = (name: string) => bot.slack.changeUser(name, { deleted: false })
const nobodyAtNight = (config: string) => config.replace(/^.*name: nights.*\n/m, '')

test('whoever is on duty has left Slack: the next step is paged at once, and the timeline says so', async () => {
  await start()
  leaves('nora')
  await bot.alert()
  expect(bot.paged()).toEqual(['sam'])
  expect(bot.timeline()).toContainEqual(
    expect.stringContaining('*Page not delivered* to <@U0NORA>: `user_disabled`, the Slack account is deactivated'),
  )
  expect(bot.timeline()).toContainEqual(
    expect.stringContaining('*Escalated* to step 2: nobody of the step before could be reached'),
  )
  expect(bot.dm('sam')[0]).not.toContain('also paged')
})

test('a Slack id that does not exist: the next step is paged at once, and the timeline says so', async () => {
  await start((config) => config.replace('nora: { slack: U0NORA }', 'nora: { slack: U0NOBODY }'))
  await bot.alert()
  expect(bot.paged()).toEqual(['sam'])
  expect(bot.timeline()).toContainEqual(expect.stringContaining('there is no such Slack account in this workspace'))
})

test('once it is known, nobody loses time over it', async () => {
  await start()
  leaves('nora')
  await bot.alert()
  await bot.type('sam', '/incident resolve INC-1')
  const before = bot.slack.journal().length
  await bot.alert({ key: 'imap' })
  expect(bot.paged()).toEqual(['sam', 'sam'])
  expect(
    bot.slack
      .journal()
      .slice(before)
      .map((call) => String(call.args.users)),
  ).not.toContain('U0NORA')
  expect(bot.timeline()).toContainEqual(expect.stringContaining('*Not paged:* <@U0NORA> cannot be reached'))
})

test('the hourly check finds who has left, and who is back', async () => {
  await start()
  leaves('nora')
  await bot.advance('61m')
  expect(await bot.type('erik', '/watchbill status')).toContain('<@U0NORA> (nora) cannot be paged: `user_disabled`')
  await bot.alert()
  expect(bot.paged()).toEqual(['sam'])
  await bot.type('sam', '/incident resolve INC-1')
  await bot.recover()

  comesBack('nora')
  await bot.advance('61m')
  expect(await bot.type('erik', '/watchbill status')).not.toContain('cannot be paged')
  await bot.alert()
  expect(bot.paged()).toEqual(['sam', 'nora'])
})

test('Slack does not answer the check: what was known stands', async () => {
  await start()
  leaves('nora')
  await bot.advance('61m')
  comesBack('nora')
  bot.slack.fault({ kind: 'http', method: 'users.info', status: 503 })
  await bot.advance('61m')
  expect(await bot.type('erik', '/watchbill status')).toContain('(nora) cannot be paged')
})

test('nobody can be reached: the last resort is paged at once, and it is said loudly', async () => {
  await start()
  for (const name of ['nora', 'sam']) leaves(name)
  await bot.alert()
  expect(bot.paged()).toEqual(['mia'])
  const loud = bot.channel('ops').find((text) => text.includes('<!channel>'))
  expect(loud).toContain('Nobody on the policy could be reached. <@U0MIA> is paged as the last resort.')
})

test('the last resort turns out to be unreachable: it is said loudly, and the incident stays open for whoever reads it', async () => {
  await start(nobodyAtNight)
  for (const name of ['sam', 'mia']) leaves(name)
  await bot.alert()
  expect(bot.paged()).toEqual([])
  const loud = bot.channel('ops').filter((text) => text.includes('<!channel>'))
  expect(loud.at(-1)).toContain('*INC-1 still has nobody.* home is down')
  expect(loud.at(-1)).toContain('<@U0MIA> is the last resort and could not be paged: `user_disabled`')
  expect(loud.at(0)).toContain('<@U0MIA> is the last resort and cannot be reached.')
  expect(bot.channel('ops').join('\n')).not.toContain('<@U0MIA> is paged')
  expect(await bot.type('erik', '/incident list')).toContain('*nobody answered*')

  expect(await bot.pressIn('erik', 'ops', 'Acknowledge')).toBe('')
  expect(bot.channel('ops').join('\n')).not.toContain('<!channel>')
  expect(bot.channel('ops').at(-1)).toContain('*INC-1 had nobody.* home is down')
  expect(bot.channel('ops').at(-1)).toContain('<@U0ERIK> has it')
})

test('the last resort is known to be unreachable: the first loud post says so', async () => {
  await start()
  for (const name of ['nora', 'sam', 'mia']) leaves(name)
  await bot.advance('61m')
  await bot.alert()
  expect(bot.paged()).toEqual([])
  const loud = bot.channel('ops').filter((text) => text.includes('<!channel>'))
  expect(loud).toHaveLength(1)
  expect(loud[0]).toContain('Nobody on the policy could be reached. <@U0MIA> is the last resort and cannot be reached.')
})

test('two of the last resort, one of them gone: both are named as what they are', async () => {
  await start((config) => nobodyAtNight(config).replace('fallback: [mia]', 'fallback: [mia, erik]'))
  for (const name of ['sam', 'mia']) leaves(name)
  await bot.advance('61m')
  await bot.alert()
  expect(bot.paged()).toEqual(['erik'])
  expect(bot.channel('ops').join('\n')).toContain('<@U0ERIK> is paged as the last resort. <@U0MIA> cannot be reached.')
})

test('of two people of a step one is gone: the other has the page, and the step is waited for', async () => {
  await start((config) => config.replace('page: [schedule/primary]', 'page: [schedule/primary, erik]'))
  leaves('nora')
  await bot.alert()
  expect(bot.paged()).toEqual(['erik'])
  await bot.advance('299s')
  expect(bot.paged()).toEqual(['erik'])
  await bot.advance('1s')
  expect(bot.paged()).toEqual(['erik', 'sam'])
})

test('a person called by name has left: the last resort is paged at once', async () => {
  await start()
  leaves('sam')
  await bot.type('erik', '/page @sam the door is locked')
  expect(bot.paged()).toEqual(['mia'])
})

test('a listed person who is a guest in Slack is paged, and may read, but not act', async () => {
  await start()
  bot.slack.changeUser('nora', { isRestricted: true })
  await bot.advance('1h')
  await bot.alert()
  expect(bot.paged()).toEqual(['nora'])
  expect(await bot.press('nora', 'Acknowledge')).toContain('Guests of the workspace may read, but not act')
  expect(await bot.type('nora', '/incident note INC-1 hello')).toContain(
    'Guests of the workspace may read, but not act',
  )
  expect(await bot.type('nora', '/incident list')).toContain('*nobody has it yet*')
  bot.slack.changeUser('nora', { isRestricted: false })
  await bot.advance('1h')
  expect(await bot.type('nora', '/incident ack INC-1')).toContain('<@U0NORA> has *INC-1*')
})

test('a token that Slack takes no more: the bot is not ready and says why, and the page goes out once it is mended', async () => {
  await start()
  bot.slack.workspace.botRevoked = 'token_revoked'
  await bot.alert()
  expect(bot.bot.notReady()).toBe('Slack refuses our calls: token_revoked')
  expect((await bot.bot.status()).slackTrouble).toBe('token_revoked')
  bot.slack.workspace.botRevoked = null
  await bot.advance('20s')
  expect(bot.paged()).toEqual(['nora'])
  expect(bot.bot.notReady()).toBeNull()
})
