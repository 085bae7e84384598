import { afterEach, expect, test } from 'vitest'
import { type Driver, startBot } from '../support/bot.ts'

let bot: Driver
afterEach(() => bot?.close())

const start = async (config: (text: string) => string = (text) => text) => {
  bot = await startBot({ probes: false, config })
}

/** Messages of the bot, without what Slack itself says into a channel. */
const messages = (channel: string) => bot.slack.channel(channel).messages.filter((each) => each.subtype === null)

test('every copy of an incident changes in place: acknowledged, escalated, resolved', async () => {
  await start()
  await bot.alert()
  const copies = () => [
    bot.dm('nora')[0] ?? '',
    bot.channel('ops')[0] ?? '',
    bot.channel().find((text) => text.includes('*Status*')) ?? '',
  ]
  for (const copy of copies()) expect(copy).toContain('*Nobody has it yet.* Unless somebody acknowledges by')

  await bot.press('nora', 'Acknowledge')
  for (const copy of copies()) {
    expect(copy).toContain('<@U0NORA> has it')
    expect(copy).not.toContain('[Acknowledge]')
  }
  await bot.press('nora', 'Escalate')
  for (const copy of [...copies(), bot.dm('sam')[0]]) {
    expect(copy).toContain('*Nobody has it yet.*')
    expect(copy).toContain('[Acknowledge]')
  }
  await bot.press('sam', 'Resolve')
  for (const copy of [...copies(), bot.dm('sam')[0]]) {
    expect(copy).toContain('*Resolved* at')
    expect(copy).not.toContain('[')
  }
  expect(messages('ops')).toHaveLength(1)
})

test('nothing is updated when nothing has changed', async () => {
  await start()
  await bot.alert()
  const before = bot.calls('chat.update').length
  await bot.alert()
  await bot.type('erik', '/incident list')
  await bot.type('nora', '/incident note INC-1 looking at it')
  await bot.advance('4m')
  expect(bot.calls('chat.update')).toHaveLength(before)
  await bot.press('nora', 'Acknowledge')
  const acked = bot.calls('chat.update').length
  expect(acked).toBe(before + 3)
  await bot.type('nora', '/incident ack INC-1')
  await bot.advance('30m')
  expect(bot.calls('chat.update')).toHaveLength(acked)
})

test('the summary is the first message of the channel, and pinned; the topic says how it stands', async () => {
  await start()
  await bot.alert()
  const { room } = bot.slack.channel(bot.room())
  const [summary] = messages(room.name)
  expect(summary?.text).toBe('INC-1 · webmail: home is down: paging, critical')
  expect(room.pins.map((pin) => pin.ts)).toEqual([summary?.ts])
  expect(room.topic).toBe('INC-1 · critical · nobody has it yet · home is down')
  expect(room.purpose).toBe('INC-1 of webmail: everything about it, kept by Watchbill.')
  await bot.press('nora', 'Acknowledge')
  expect(room.topic).toBe('INC-1 · critical · nora has it · home is down')
  await bot.recover()
  expect(room.topic).toBe('INC-1 · critical · resolved 03:00 CET · home is down')
  expect(room.pins).toHaveLength(1)
})

test('the timeline stands in the channel in the order in which things happened', async () => {
  await start()
  await bot.alert()
  await bot.advance('5m')
  await bot.type('nora', '/incident note INC-1 the pool is empty')
  await bot.press('nora', 'Acknowledge')
  await bot.type('sam', '/incident ack INC-1')
  await bot.recover()
  const words = bot.timeline().map((entry) => /\*([A-Za-z ]+?):?\*/.exec(entry)?.[1])
  expect(words).toEqual([
    'Opened',
    'Detected',
    'Paged',
    'Escalated',
    'Paged',
    'Note',
    'Acknowledged',
    'also responding',
    'Recovered',
    'Resolved',
  ])
  const shown = await bot.type('erik', '/incident show INC-1')
  expect(shown.indexOf('the pool is empty')).toBeGreaterThan(shown.indexOf('Escalated'))
})

test('the channel is named after date, number and what fails; who is paged, and who takes it, is invited', async () => {
  await start()
  await bot.alert()
  expect(bot.room()).toBe('inc-20261123-1-home-is-down')
  const { room } = bot.slack.channel(bot.room())
  const invited = () => [...room.members].filter((id) => id.startsWith('U0'))
  expect(invited()).toEqual(['U0NORA'])
  await bot.advance('5m')
  expect(invited()).toEqual(['U0NORA', 'U0SAM'])
  await bot.type('erik', '/incident ack INC-1')
  expect(invited()).toEqual(['U0NORA', 'U0SAM', 'U0ERIK'])
})

test('the channel is named by the day of the configured zone', async () => {
  bot = await startBot({ probes: false, at: Date.parse('2026-11-23T00:30:00+01:00') })
  await bot.alert()
  expect(bot.room()).toBe('inc-20261123-1-home-is-down')
})

test('a channel of that name is there already: the next free name is taken', async () => {
  await start()
  bot.slack.workspace.rooms.set('C0OLD', {
    ...bot.slack.channel('ops').room,
    id: 'C0OLD',
    name: 'inc-20261123-1-home-is-down',
    messages: new Map(),
  })
  await bot.alert()
  expect(bot.room()).toBe('inc-20261123-1-home-is-down-2')
})

test('when it is over, everybody who was woken hears it in the thread of their page, but who resolved it does not', async () => {
  await start()
  await bot.alert()
  await bot.advance('5m')
  await bot.press('sam', 'Resolve')
  const [page, word] = bot.slack.dm('nora')
  expect(word?.thread_ts).toBe(page?.ts)
  expect(bot.dm('nora')[1]).toContain('*INC-1 is over:* resolved by <@U0SAM>. :warning: Still failing: `home`.')
  expect(bot.dm('sam')).toHaveLength(1)
})

test('a warning is told to the channel and pages nobody', async () => {
  await start()
  await bot.alert({ severity: 'warning', key: 'disk', headline: 'disk is filling', summary: 'disk is filling: 91 %' })
  expect(bot.paged()).toEqual([])
  expect(bot.channel('ops')).toEqual([':warning: disk is filling: 91 % · service `webmail` · warning: nobody is paged'])
  await bot.recover('disk')
  expect(bot.channel('ops')[1]).toContain(':white_check_mark: disk is up: 200 OK')
  expect(await bot.type('erik', '/incident list')).toContain('No open incident')
})

test('a warning that becomes critical pages', async () => {
  await start()
  await bot.alert({ severity: 'warning', key: 'disk' })
  await bot.alert({ severity: 'critical', key: 'disk' })
  expect(bot.paged()).toEqual(['nora'])
})

test('a second alert of the service joins the open incident, which lasts until both are well', async () => {
  await start()
  await bot.alert()
  await bot.alert({ key: 'smtp' })
  expect(bot.paged()).toEqual(['nora'])
  // What follows so soon is shown with whatever else has come by then.
  await bot.advance('30s')
  expect(bot.dm('nora')[0]).toContain('*Also:* smtp is down')
  expect(bot.timeline()).toContainEqual(expect.stringContaining('*Detected:* smtp is down'))
  await bot.recover('home')
  expect(bot.dm('nora')[0]).toContain('`home` recovered at')
  expect(await bot.type('erik', '/incident list')).toContain('*Open (1)*')
  await bot.recover('smtp')
  expect(await bot.type('erik', '/incident list')).toContain('No open incident')
})

test('what fails again minutes after its end is the same incident, and pages anew', async () => {
  await start()
  await bot.alert()
  await bot.recover()
  await bot.advance('1m')
  await bot.alert()
  expect(bot.paged()).toEqual(['nora', 'nora'])
  expect(bot.timeline().join('\n')).toContain('*It fails again*, minutes after its end')
  await bot.recover()
  // It is over once it has been quiet.
  expect(await bot.type('erik', '/incident list')).toContain('INC-1')
})

test('what fails beside it, once it is over, is a new incident', async () => {
  await start()
  await bot.alert()
  await bot.recover()
  await bot.alert({ key: 'login' })
  expect(bot.dm('nora').filter((text) => text.includes('INC-2'))).toHaveLength(1)
  expect(bot.room()).toBe('inc-20261123-2-login-is-down')
})

test('somebody deletes the summary: the next change posts it again', async () => {
  await start()
  await bot.alert()
  const { room } = bot.slack.channel(bot.room())
  const [summary] = messages(room.name)
  room.messages.delete(summary?.ts ?? '')
  await bot.press('nora', 'Acknowledge')
  await bot.recover()
  expect(bot.channel().some((text) => text.includes('*Status*') && text.includes('*Resolved* at'))).toBe(true)
})

test('a page that Slack took late says by how much', async () => {
  await start()
  bot.slack.fault({ kind: 'ratelimited', method: 'chat.postMessage', channel: 'nora', retry_after: 240, count: 1 })
  await bot.alert()
  await bot.advance('4m')
  expect(bot.paged()).toEqual(['nora'])
  const late =
    'This page is late by 4 min: it was due at <!date^1795399200^{time}|03:00 CET>, but Slack did not take it before.'
  expect(bot.dm('nora')[0]).toContain(late)
  await bot.type('erik', '/incident ack INC-1')
  expect(bot.dm('nora')[0]).toContain(late)
})
