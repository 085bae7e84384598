import { afterEach, describe, expect, test } from 'vitest'
import { sleep } from '../../src/clock.ts'
import { type Driver, startBot, until } from '../support/bot.ts'

let bot: Driver
afterEach(() => bot?.close())

const start = async (options: Parameters<typeof startBot>[0] = {}) => {
  bot = await startBot({ probes: false, ...options })
}

const twoServices = (config: string) =>
  config
    .replace('services:\n', 'services:\n  imap: { policy: imap, channel: C0OPS }\n')
    .replace('policies:\n', 'policies:\n  imap: { steps: [{ page: [erik], wait: 5m }], rounds: 1, fallback: [mia] }\n')

const pagesOf = (user: string) => bot.dm(user).filter((text) => text.includes('*Why you:*'))
const entries = (word: string) => bot.timeline().filter((text) => text.includes(word))

describe('a page to one person', () => {
  test.each([
    ['429 with Retry-After', { kind: 'ratelimited', retry_after: 7, count: 1 }],
    ['a 503', { kind: 'http', status: 503, count: 1 }],
    ['a 500, twice', { kind: 'http', status: 500, count: 2 }],
    ['a reply that is lost', { kind: 'lost_reply', count: 1 }],
    ['a reply that is lost three times', { kind: 'lost_reply', count: 3 }],
    ['an error of a moment', { kind: 'error', error: 'internal_error', count: 1 }],
    ['a token that is broken for a while', { kind: 'error', error: 'token_revoked', count: 2 }],
  ] as const)('%s: it arrives once, and nobody else is held up', async (_, fault) => {
    await start({ config: twoServices })
    bot.slack.fault({ ...fault, method: 'chat.postMessage', channel: 'nora' })
    await bot.alert()
    await bot.alert({ service: 'imap', key: 'imap' })
    expect(pagesOf('erik')).toHaveLength(1)
    await bot.advance('2m')
    expect(pagesOf('nora')).toHaveLength(1)
    expect(bot.paged().filter((name) => name === 'nora')).toHaveLength(1)
    await bot.advance('3m')
    expect(pagesOf('sam')).toHaveLength(1)
  })

  test('429: Slack is not asked again before it said', async () => {
    await start()
    bot.slack.fault({ kind: 'ratelimited', method: 'chat.postMessage', channel: 'nora', retry_after: 30, count: 1 })
    await bot.alert()
    const tries = () =>
      bot.slack.journal().filter((call) => call.method === 'chat.postMessage' && call.args.channel === 'D0NORA')
    await bot.advance('29s')
    expect(tries()).toHaveLength(1)
    await bot.advance('1s')
    expect(tries()).toHaveLength(2)
  })

  test('replies are lost and the history cannot be read either: at most two', async () => {
    await start()
    bot.slack.fault({ kind: 'lost_reply', method: 'chat.postMessage', channel: 'nora', count: 3 })
    bot.slack.fault({ kind: 'http', method: 'conversations.history', channel: 'nora', status: 500 })
    await bot.alert()
    await bot.advance('4m')
    expect(bot.paged()).toEqual(['nora', 'nora'])
    bot.slack.resetFaults()
    await bot.advance('20s')
    await bot.advance('10s')
    expect(bot.paged()).toEqual(['nora', 'nora'])
    await bot.press('nora', 'Acknowledge')
    expect(bot.dm('nora').at(-1)).toContain('<@U0NORA> has it')
  })

  test('Slack is down for ten minutes: it is tried all the time, and the page comes within 20 s of its return, marked late', async () => {
    await start({ config: (config) => config.replaceAll('wait: 5m', 'wait: 1h') })
    bot.slack.fault({ kind: 'http', status: 503 })
    await bot.alert()
    await bot.advance('10m')
    expect(bot.paged()).toEqual([])
    const tries = bot.slack.journal().filter((call) => call.args.users === 'U0NORA')
    const gaps = tries.slice(1).map((call, n) => call.at - (tries[n]?.at ?? 0))
    expect(Math.max(...gaps)).toBeLessThanOrEqual(15_000)
    bot.slack.resetFaults()
    await bot.advance('20s')
    expect(bot.paged()).toEqual(['nora'])
    expect(bot.dm('nora')[0]).toContain('This page is late by 10 min')
  })

  test('Slack takes the page and hangs: others are paged within a second, and escalation goes on meanwhile', async () => {
    await start({ config: twoServices })
    bot.slack.fault({ kind: 'hang', method: 'chat.postMessage', channel: 'nora', count: 1 })
    const began = Date.now()
    await bot.report()
    await until(() => bot.slack.journal().some((call) => call.outcome === 'hang'), 'the page to hang')
    await bot.report({ service: 'imap', key: 'imap' })
    await until(() => pagesOf('erik').length === 1, 'erik to be paged')
    bot.clock.advanceTo(bot.clock.now() + 300_000)
    await until(() => pagesOf('sam').length === 1, 'sam to be paged')
    expect(Date.now() - began).toBeLessThan(4_000)
    expect(pagesOf('nora')).toEqual([])
    await bot.advance('30s')
    expect(pagesOf('nora')).toHaveLength(1)
  })

  test('acknowledged while the page is still on its way: it is not sent any more', async () => {
    await start()
    bot.slack.fault({ kind: 'ratelimited', method: 'chat.postMessage', channel: 'nora', retry_after: 60, count: 1 })
    await bot.alert()
    await bot.type('erik', '/incident ack INC-1')
    await bot.advance('5m')
    expect(bot.dm('nora')).toEqual([])
  })

  test('Slack refuses the blocks: the page goes out as plain text', async () => {
    await start()
    bot.slack.fault({ kind: 'error', error: 'invalid_blocks', method: 'chat.postMessage', channel: 'nora', count: 1 })
    await bot.alert()
    expect(bot.slack.dm('nora')[0]?.text).toBe(
      'INC-1 critical (webmail): home is down: 503 Service Unavailable. Acknowledge it.',
    )
  })
})

describe('the channel of an incident', () => {
  test.each([
    ['lost', { kind: 'lost_reply', count: 1 }],
    ['lost, twice', { kind: 'lost_reply', count: 2 }],
    ['a 429', { kind: 'ratelimited', retry_after: 5, count: 1 }],
    ['a 500', { kind: 'http', status: 500, count: 2 }],
  ] as const)('the answer to each of its calls is %s: one channel, with everything in it once', async (_, fault) => {
    await start()
    const methods = [
      'conversations.create',
      'conversations.invite',
      'pins.add',
      'conversations.setTopic',
      'chat.postMessage',
      'chat.update',
    ]
    for (const method of methods) bot.slack.fault({ ...fault, method })
    await bot.alert()
    await bot.advance('2m')
    await bot.press('nora', 'Acknowledge')
    await bot.advance('2m')
    const rooms = [...bot.slack.workspace.rooms.values()].filter((room) => room.name.startsWith('inc-'))
    expect(rooms.map((room) => room.name)).toEqual(['inc-20261123-1-home-is-down'])
    const [room] = rooms
    expect(room?.members).toContain('U0NORA')
    expect(room?.pins).toHaveLength(1)
    expect(room?.topic).toContain('nora has it')
    expect(bot.channel().filter((text) => text.includes('*Status*'))).toHaveLength(1)
    for (const word of ['*Opened*', '*Detected:*', '*Paged*', '*Acknowledged*']) expect(entries(word)).toHaveLength(1)
    expect(bot.channel('ops').filter((text) => text.includes('INC-1'))).toHaveLength(1)
    expect(bot.channel('ops').find((text) => text.includes('INC-1'))).toContain('<@U0NORA> has it')
  })

  test('the channel cannot be made at all: everybody is paged all the same', async () => {
    await start()
    bot.slack.fault({ kind: 'error', error: 'restricted_action', method: 'conversations.create' })
    await bot.alert()
    await bot.advance('5m')
    expect(bot.paged()).toEqual(['nora', 'sam'])
    expect(await bot.type('sam', '/incident show INC-1')).toContain('*Paged* <@U0SAM>')
  })

  test('429 on the timeline does not hold up a page', async () => {
    await start()
    bot.slack.fault({
      kind: 'ratelimited',
      method: 'conversations.*',
      channel: 'inc-20261123-1-home-is-down',
      retry_after: 600,
    })
    await bot.alert()
    await bot.advance('5m')
    expect(bot.paged()).toEqual(['nora', 'sam'])
  })
})

describe('the socket', () => {
  const connections = () => bot.slack.workspace.connections

  test.each(['cut', 'refresh_requested', 'warning'] as const)(
    '%s: connected again by itself, and nothing is done twice',
    async (reason) => {
      await start()
      await bot.alert()
      bot.slack.fault({ kind: 'disconnect', reason })
      await until(() => connections() > 0, 'a new connection', 5_000)
      expect(await bot.press('nora', 'Acknowledge')).toBe('')
      expect((await bot.facts()).filter((fact) => fact.type === 'acked')).toHaveLength(1)
    },
  )

  test('an envelope that comes twice is worked on once', async () => {
    await start()
    await bot.alert()
    bot.slack.fault({ kind: 'duplicate', count: 3 })
    await bot.type('erik', '/incident note INC-1 once')
    await bot.press('nora', 'Escalate')
    await bot.type('erik', '/page @mia come')
    expect(entries('*Note*')).toHaveLength(0)
    expect((await bot.facts()).filter((fact) => fact.type === 'note')).toHaveLength(1)
    expect(bot.paged()).toEqual(['nora', 'sam', 'mia'])
  })

  test('acknowledgements are lost: Slack says that it failed, and it was done once', async () => {
    await start({ timing: { ackMs: 300 } })
    await bot.alert()
    bot.slack.fault({ kind: 'drop_acks', count: 1 })
    const said = await bot.type('nora', '/incident ack INC-1')
    expect(said).toContain('operation_timeout')
    expect(said).toContain('<@U0NORA> has *INC-1*')
    expect((await bot.facts()).filter((fact) => fact.type === 'acked')).toHaveLength(1)
  })

  test('the connection goes after a command was recorded and before it was acknowledged: it is done, once, and not denied', async () => {
    await start({ timing: { ackMs: 1_500 } })
    await bot.alert()
    bot.trouble.storeSlowMs = 300
    const typing = bot.slack.command('nora', 'ops', '/incident ack INC-1')
    await sleep(100)
    bot.slack.fault({ kind: 'disconnect' })
    await sleep(400)
    bot.trouble.storeSlowMs = 0
    await typing
    await bot.rest()
    expect((await bot.facts()).filter((fact) => fact.type === 'acked')).toHaveLength(1)
    expect(
      bot.slack
        .channel('ops', 'nora')
        .messages.map((each) => each.text)
        .join('\n'),
    ).not.toContain('nothing was done')
  })

  test('no connection for a while: pages go out, escalation goes on, and buttons work once it is back', async () => {
    await start()
    bot.slack.fault({ kind: 'refuse_connections' })
    bot.slack.fault({ kind: 'disconnect' })
    await until(() => connections() === 0, 'the connections to be gone')
    await bot.alert()
    expect(await bot.press('nora', 'Acknowledge')).toContain('dispatch_failed')
    await bot.advance('5m')
    expect(bot.paged()).toEqual(['nora', 'sam'])
    bot.slack.resetFaults()
    await until(() => connections() > 0, 'a new connection', 10_000)
    expect(await bot.press('sam', 'Acknowledge')).toBe('')
    await bot.advance('30m')
    expect(bot.paged()).toEqual(['nora', 'sam'])
  })
})

describe.each(['socket', 'http'] as const)('over %s the store is down', (mode) => {
  const ephemeral = (user: string, channel: string) =>
    bot.slack
      .channel(channel, user)
      .messages.filter((each) => each.ephemeral)
      .map((each) => each.text)

  test('a command and a press are answered with a sentence, and not done, not even later', async () => {
    await start({ mode })
    await bot.alert()
    bot.trouble.storeDown = true
    const page = bot.slack.dm('nora')[0]
    const typed = await bot.slack.command('nora', 'ops', '/incident resolve INC-1')
    await bot.slack.press('nora', page?.channel ?? '', page?.ts ?? '', 'incident_ack')
    await until(() => ephemeral('nora', page?.channel ?? '').length > 0, 'an answer to the press')
    bot.trouble.storeDown = false
    expect(typed.saw[0]?.text).toContain('Watchbill cannot reach its store at the moment, so nothing was done.')
    expect(ephemeral('nora', page?.channel ?? '')[0]).toContain('nothing was done')
    await bot.rest()
    await sleep(1_100)
    await bot.advance('5m')
    expect(bot.paged()).toEqual(['nora', 'sam'])
    expect((await bot.facts()).map((fact) => fact.type)).not.toContain('acked')
  })

  test('the store answers after the person was told that nothing was done: it stays undone', async () => {
    await start({ mode, timing: { ackMs: 6_000 } })
    await bot.alert()
    bot.trouble.storeSlowMs = 2_800
    const typed = bot.slack.command('nora', 'ops', '/incident resolve INC-1')
    await sleep(100)
    bot.trouble.storeSlowMs = 0
    expect((await typed).saw[0]?.text).toContain('nothing was done')
    await sleep(700)
    await bot.rest()
    const { rows } = await bot.store.pool.query(`select id from inbox where lane = 'slack' and done_at is null`)
    expect(rows).toEqual([])
    expect((await bot.facts()).map((fact) => fact.type)).not.toContain('resolved')
  })

  test('a page that is due meanwhile goes out when the store is back', async () => {
    await start({ mode })
    await bot.alert()
    bot.trouble.storeDown = true
    bot.clock.advanceTo(bot.clock.now() + 300_000)
    await sleep(300)
    expect(bot.paged()).toEqual(['nora'])
    bot.trouble.storeDown = false
    await until(() => bot.paged().length === 2, 'sam to be paged', 3_000)
  })
})
