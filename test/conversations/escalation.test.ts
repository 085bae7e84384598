import { afterEach, expect, test } from 'vitest'
import { type Driver, MONDAY_NIGHT, startBot } from '../support/bot.ts'

let bot: Driver
afterEach(() => bot?.close())

const start = async (options: Parameters<typeof startBot>[0] = {}) => {
  bot = await startBot({ probes: false, ...options })
}

const MINUTE = 60_000

/** Nobody has the nights of `primary`. */
const nobodyAtNight = (config: string) => config.replace(/^.*name: nights.*\n/m, '')
/** Nobody has the nights at all. */
const nobodyAnywhere = (config: string) =>
  nobodyAtNight(config).replace(
    '"2026-01-05T08:00" } }\n',
    '"2026-01-05T08:00" }, hours: [{ from: "08:00", to: "20:00" }] }\n',
  )
const oneRound = (config: string) => config.replace('rounds: 2', 'rounds: 1')

test('a step that is not answered in time is followed by the next, and the last round by the last resort', async () => {
  await start()
  await bot.alert()
  expect(bot.paged()).toEqual(['nora'])
  await bot.advance('5m')
  expect(bot.paged()).toEqual(['nora', 'sam'])
  await bot.advance('5m')
  expect(bot.paged()).toEqual(['nora', 'sam', 'nora'])
  expect(bot.timeline().at(-2)).toContain('*Escalated* to step 1 of round 2: nobody acknowledged in time')
  await bot.advance('5m')
  await bot.advance('5m')
  expect(bot.paged()).toEqual(['nora', 'sam', 'nora', 'sam', 'mia'])
  expect(bot.timeline()).toContainEqual(expect.stringContaining('*Exhausted:* every step had its turn in every round'))
  expect(bot.dm('mia')[0]).toContain('you are the last resort')
  await bot.advance('30m')
  expect(bot.paged()).toHaveLength(5)
})

test('a page goes out at its instant, neither before nor after', async () => {
  await start()
  await bot.alert()
  await bot.advance('299s')
  expect(bot.paged()).toEqual(['nora'])
  await bot.advance('1s')
  expect(bot.paged()).toEqual(['nora', 'sam'])
  const [first, second] = bot.calls('chat.postMessage').filter((call) => JSON.stringify(call.args).includes('page_id'))
  expect((second?.at ?? 0) - (first?.at ?? 0)).toBe(5 * MINUTE)
})

test('nobody on duty: the next step is paged at once, and the timeline says why', async () => {
  await start({ config: nobodyAtNight })
  await bot.alert()
  expect(bot.paged()).toEqual(['sam'])
  expect(bot.timeline()).toEqual([
    expect.stringContaining('*Opened* INC-1'),
    expect.stringContaining('*Detected:* home is down'),
    expect.stringContaining('*Nobody on duty* for `primary` (step 1)'),
    expect.stringContaining('*Escalated* to step 2: nobody was on duty for the step before'),
    expect.stringContaining('*Paged* <@U0SAM>: on duty for `secondary` (step 2)'),
  ])
})

test('the summary says beforehand that the next step is empty', async () => {
  await start({
    config: (config) =>
      oneRound(config).replace(
        '"2026-01-05T08:00" } }\n',
        '"2026-01-05T08:00" }, hours: [{ from: "08:00", to: "20:00" }] }\n',
      ),
  })
  await bot.alert()
  expect(bot.paged()).toEqual(['nora'])
  expect(bot.dm('nora')[0]).toContain('nobody is on duty for secondary then')
})

test('nobody on duty on any step: the last resort is paged at once, and everybody is told', async () => {
  await start({ config: nobodyAnywhere })
  await bot.alert()
  expect(bot.paged()).toEqual(['mia'])
  expect(bot.timeline()).toContainEqual(expect.stringContaining('*Exhausted:* nobody is on duty on any step'))
  const loud = bot.channel('ops').find((text) => text.includes('<!channel>'))
  expect(loud).toContain('*INC-1 has nobody.* home is down')
  expect(loud).toContain('Nobody is on duty on any step of the policy. <@U0MIA> is paged as the last resort.')
  expect(loud).toContain('[Acknowledge]')
  expect(loud).not.toContain('[Escalate]')
})

test('exhausted, and then somebody acknowledges from the loud post', async () => {
  await start({ config: nobodyAnywhere })
  await bot.alert()
  expect(await bot.pressIn('erik', 'ops', 'Acknowledge')).toBe('')
  expect(bot.dm('mia')[0]).toContain('<@U0ERIK> has it')
  expect(bot.slack.channel(bot.room()).room.members).toContain('U0ERIK')
  await bot.advance('1h')
  expect(bot.paged()).toEqual(['mia'])
})

test('Escalate goes to the next step at once, and its wait begins then', async () => {
  await start()
  await bot.alert()
  await bot.advance('1m')
  expect(await bot.press('nora', 'Escalate')).toBe('')
  expect(bot.paged()).toEqual(['nora', 'sam'])
  expect(bot.timeline()).toContainEqual(expect.stringContaining('*Escalated* to step 2: asked for by <@U0NORA>'))
  await bot.advance('4m')
  expect(bot.paged()).toEqual(['nora', 'sam'])
  await bot.advance('1m')
  expect(bot.paged()).toEqual(['nora', 'sam', 'nora'])
})

test('Escalate after the last step pages the last resort', async () => {
  await start({ config: oneRound })
  await bot.alert()
  await bot.advance('5m')
  expect(await bot.type('sam', '/incident escalate INC-1')).toContain(
    '<@U0SAM> escalated *INC-1* past the last step. <@U0MIA> is being paged.',
  )
  expect(bot.paged()).toEqual(['nora', 'sam', 'mia'])
  expect(await bot.type('sam', '/incident escalate INC-1')).toContain('Everybody on the policy of INC-1 has been paged')
  expect(bot.paged()).toHaveLength(3)
})

test('whoever has acknowledged may still escalate: the next step is paged, and escalation runs again', async () => {
  await start()
  await bot.alert()
  await bot.press('nora', 'Acknowledge')
  await bot.advance('20m')
  expect(bot.paged()).toEqual(['nora'])
  await bot.press('nora', 'Escalate')
  expect(bot.paged()).toEqual(['nora', 'sam'])
  await bot.advance('5m')
  expect(bot.paged()).toEqual(['nora', 'sam', 'nora'])
  await bot.press('sam', 'Acknowledge')
  expect(bot.dm('sam')[0]).toContain('<@U0SAM> has it')
})

test('the last resort is woken once: who needs more help is told to call somebody by name', async () => {
  await start({ config: nobodyAnywhere })
  await bot.alert()
  await bot.press('mia', 'Acknowledge')
  await bot.advance('1h')
  expect(await bot.type('mia', '/incident escalate INC-1')).toContain('Call somebody by name: `/page @person TEXT`')
  expect(bot.paged()).toEqual(['mia'])
  expect(bot.dm('mia')[0]).not.toContain('[Escalate]')
})

test('acknowledged with the button: nobody else is paged', async () => {
  await start()
  await bot.alert()
  expect(await bot.press('nora', 'Acknowledge')).toBe('')
  expect(bot.timeline().at(-1)).toContain('*Acknowledged* by <@U0NORA>')
  await bot.advance('1h')
  expect(bot.paged()).toEqual(['nora'])
})

test("acknowledged with a command: in the incident's channel without its number, elsewhere with it", async () => {
  await start()
  await bot.alert()
  await bot.type('nora', '/incident ack', bot.room())
  expect(bot.dm('nora')[0]).toContain('<@U0NORA> has it')
  await bot.recover()
  await bot.alert({ key: 'login' })
  expect(await bot.type('erik', '/incident ack INC-2')).toContain(
    '<@U0ERIK> has *INC-2*. It is not escalated any further.',
  )
  await bot.advance('1h')
  expect(bot.paged()).toEqual(['nora', 'nora'])
})

test('a second acknowledgement is "also responding"; repeating one changes nothing', async () => {
  await start()
  await bot.alert()
  await bot.press('nora', 'Acknowledge')
  expect(await bot.type('sam', '/incident ack INC-1')).toContain('<@U0SAM> is responding to *INC-1* too')
  await bot.type('sam', '/incident ack INC-1')
  await bot.type('nora', '/incident ack INC-1')
  expect(bot.timeline().filter((text) => text.includes('Acknowledged'))).toHaveLength(1)
  expect(bot.timeline().filter((text) => text.includes('also responding'))).toHaveLength(1)
  expect(bot.dm('nora')[0]).toContain('<@U0NORA> has it*')
  expect(bot.dm('nora')[0]).toContain('with <@U0SAM>')
})

test('one who was responding and then acknowledges again is not with themselves', async () => {
  await start()
  await bot.alert()
  await bot.press('nora', 'Acknowledge')
  await bot.type('sam', '/incident ack INC-1')
  await bot.type('nora', '/incident escalate INC-1')
  await bot.type('sam', '/incident ack INC-1')
  expect(bot.dm('nora')[0]).toContain('<@U0SAM> has it')
  expect(bot.dm('nora')[0]).toContain('with <@U0NORA>')
  expect(bot.dm('nora')[0]).not.toContain('with <@U0SAM>')
})

test('a double click on Acknowledge does nothing twice', async () => {
  await start()
  await bot.alert()
  await Promise.all([bot.press('nora', 'Acknowledge'), bot.press('nora', 'Acknowledge')])
  expect((await bot.facts()).filter((fact) => fact.type === 'acked')).toHaveLength(1)
  expect((await bot.facts()).filter((fact) => fact.type === 'responding')).toHaveLength(0)
})

test('a double click on Escalate, or two people who press it at once, go one step and not two', async () => {
  await start()
  await bot.alert()
  const said = await Promise.all([bot.press('nora', 'Escalate'), bot.press('nora', 'Escalate')])
  expect(bot.paged()).toEqual(['nora', 'sam'])
  expect(said.join('')).toContain('INC-1 was escalated a moment before')
})

test('who is on duty is found when the page is sent: nora at night, dana after eight', async () => {
  await start({ at: MONDAY_NIGHT + 4 * 60 * MINUTE + 52 * MINUTE })
  await bot.alert()
  expect(bot.paged()).toEqual(['nora'])
  await bot.advance('5m')
  await bot.advance('5m')
  // dana is next: at 7:55 and, still unanswered, as the watch begins; at 8:02 nora has not been relieved either.
  expect(bot.paged().slice(0, 4)).toEqual(['nora', 'dana', 'sam', 'dana'])
  expect(new Set(bot.paged().slice(4))).toEqual(new Set(['dana', 'nora']))
  expect(bot.dm('dana').join('\n')).toContain('you are on duty for `primary` since')
})

test('at eight o’clock sharp it is dana already', async () => {
  await start({ at: MONDAY_NIGHT + 5 * 60 * MINUTE })
  await bot.alert()
  expect(bot.paged()).toEqual(['dana'])
})

test('a wait is counted from when its step was due, not from when the page arrived', async () => {
  await start()
  bot.slack.fault({ kind: 'ratelimited', method: 'chat.postMessage', channel: 'nora', retry_after: 60, count: 1 })
  await bot.alert()
  expect(bot.paged()).toEqual([])
  await bot.advance('60s')
  expect(bot.paged()).toEqual(['nora'])
  await bot.advance('4m')
  expect(bot.paged()).toEqual(['nora', 'sam'])
})

test('nobody is paged twice for one incident within two minutes', async () => {
  await start({
    config: (config) => config.replaceAll('wait: 5m', 'wait: 1m').replace('page: [schedule/secondary]', 'page: [nora]'),
  })
  await bot.alert()
  await bot.advance('1m')
  expect(bot.paged()).toEqual(['nora'])
  await bot.advance('1m')
  expect(bot.paged()).toEqual(['nora', 'nora'])
})

test('the bot is restarted in the middle: deadlines stand, nobody is paged twice', async () => {
  await start()
  await bot.alert()
  await bot.advance('2m')
  await bot.restart('1m')
  expect(bot.paged()).toEqual(['nora'])
  await bot.advance('119s')
  expect(bot.paged()).toEqual(['nora'])
  await bot.advance('1s')
  expect(bot.paged()).toEqual(['nora', 'sam'])
  expect(bot.dm('sam')[0]).not.toContain('This page is late')
})

test('a stop that lasts longer than a deadline: the page says that it is late, and the next deadline counts from then', async () => {
  await start()
  await bot.alert()
  await bot.advance('1m')
  await bot.restart('20m')
  expect(bot.paged()).toEqual(['nora', 'sam'])
  expect(bot.dm('sam')[0]).toContain('This page is late by 16 min: it was due at')
  expect(bot.timeline().at(-1)).toContain('late by 16 min')
  await bot.advance('299s')
  expect(bot.paged()).toEqual(['nora', 'sam'])
  await bot.advance('1s')
  expect(bot.paged()).toEqual(['nora', 'sam', 'nora'])
})

test('acknowledged during a stop: nobody is paged after it', async () => {
  await start()
  await bot.alert()
  await bot.press('nora', 'Acknowledge')
  await bot.restart('3h')
  await bot.advance('1h')
  expect(bot.paged()).toEqual(['nora'])
})

test('a person called by name is paged, and the last resort if they do not answer', async () => {
  await start()
  expect(await bot.type('erik', '/page @sam the door is locked')).toContain(
    '<@U0ERIK> opened *INC-1*. <@U0SAM> is being paged.',
  )
  expect(bot.dm('sam')[0]).toContain('INC-1 · the door is locked')
  expect(bot.dm('sam')[0]).toContain('<@U0ERIK> called for you')
  await bot.advance('5m')
  expect(bot.paged()).toEqual(['sam', 'mia'])
  expect(bot.channel().join('\n')).toContain('*INC-1 has nobody.*')
})

test('two incidents escalate each by its own clock', async () => {
  await start({
    config: (config) => `${config.replace('services:\n', 'services:\n  imap: { policy: mail, channel: C0OPS }\n')}`,
  })
  await bot.alert()
  await bot.advance('2m')
  await bot.alert({ service: 'imap', key: 'imap' })
  await bot.advance('3m')
  expect(bot.paged()).toEqual(['nora', 'nora', 'sam'])
  await bot.type('sam', '/incident ack INC-1')
  await bot.advance('2m')
  expect(bot.paged()).toEqual(['nora', 'nora', 'sam', 'sam'])
})

test('somebody who was paged a moment ago is not paged again, and the timeline says so', async () => {
  bot = await startBot({
    probes: false,
    config: (text) => text.replaceAll('wait: 5m', 'wait: 30s'),
  })
  await bot.alert()
  await bot.advance('2m')
  expect(bot.paged()).toEqual(['nora', 'sam', 'mia'])
  expect(bot.timeline()).toContainEqual(
    expect.stringContaining('*Not paged again:* <@U0NORA> was paged for this less than two minutes ago'),
  )
})
