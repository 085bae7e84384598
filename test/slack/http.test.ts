import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { sleep } from '../../src/clock.ts'
import { type Driver, SIGNING_SECRET, startBot, until } from '../support/bot.ts'
import {
  commandFields,
  FORM_TYPE,
  form,
  interaction,
  JSON_TYPE,
  type Post,
  postBox,
  pressPayload,
  send,
  sendSigned,
  signature,
} from '../support/slack-request.ts'

/** What Slack sends over HTTP, with nothing between it and the bot. The conversations run over HTTP as well. */

let bot: Driver
let post: Post | null = null
afterEach(async () => {
  await bot?.close()
  await post?.close()
  post = null
})

const start = async (options: Parameters<typeof startBot>[0] = {}) => {
  bot = await startBot({ probes: false, mode: 'http', ...options })
}

const typed = (line: string, more = {}) => form(commandFields(bot, 'U0ERIK', line, more))

async function inbox(): Promise<{ key: string; done: boolean }[]> {
  const { rows } = await bot.store.pool.query<{ key: string; done: boolean }>(
    `select key, done_at is not null as done from inbox where lane = 'slack' order by id`,
  )
  return rows
}

describe('what Slack asks of the address itself', () => {
  test('it is verified by its challenge', async () => {
    await start()
    const body = JSON.stringify({ type: 'url_verification', token: 'x', challenge: '3eZbrw1aBm2rZgRNFdxV2595E9CY3gmd' })
    const answered = await sendSigned(bot, body, JSON_TYPE)
    expect(answered.status).toBe(200)
    expect(JSON.parse(answered.body)).toEqual({ challenge: '3eZbrw1aBm2rZgRNFdxV2595E9CY3gmd' })
    expect(await send(bot.slackUrl, body, { 'content-type': JSON_TYPE })).toMatchObject({ status: 401 })
    expect(await inbox()).toEqual([])
  })

  test('its certificate is tried, and nothing is run', async () => {
    await start()
    expect(await sendSigned(bot, 'ssl_check=1&token=x', FORM_TYPE)).toEqual({ status: 200, body: '' })
    const more = form({ ...commandFields(bot, 'U0ERIK', '/incident declare it burns'), ssl_check: '1' })
    expect((await sendSigned(bot, more, FORM_TYPE)).status).toBe(200)
    await bot.rest()
    expect(await inbox()).toEqual([])
    expect(bot.paged()).toEqual([])
  })

  test('without HTTP mode there is no such address', async () => {
    bot = await startBot({ probes: false })
    expect(bot.bot.hearSlack).toBeNull()
  })
})

describe('what is no payload of Slack is refused', () => {
  test.each<[string, number, string | Buffer, string, object?]>([
    ['more than a megabyte', 413, Buffer.alloc(1024 * 1024 + 1, 'a'), FORM_TYPE],
    ['plain text', 415, 'hello', 'text/plain'],
    ['something like JSON', 415, '{}', 'application/jsonp'],
    ['a form of several parts', 415, '--x--', 'multipart/form-data; boundary=x'],
    ['what is compressed', 415, gzipSync('command=/oncall'), FORM_TYPE, { 'content-encoding': 'gzip' }],
    ['half of JSON', 400, '{"type":"event_', JSON_TYPE],
    ['JSON that is no object', 400, '[1]', JSON_TYPE],
    ['a challenge that is no text', 400, '{"type":"url_verification","challenge":{}}', JSON_TYPE],
    ['an empty form', 400, '', FORM_TYPE],
    ['a form that says nothing we know', 400, 'a=b', FORM_TYPE],
    ['an interaction that is no JSON', 400, 'payload=x', FORM_TYPE],
    ['a form that says something twice', 400, 'command=/oncall&command=/page&text=', FORM_TYPE],
  ])('%s: %i, though it is signed', async (_, status, body, type, headers) => {
    await start()
    const answered = await sendSigned(bot, body, type, { ...headers })
    expect(answered.status).toBe(status)
    expect(JSON.parse(answered.body)).toMatchObject({ status })
    expect(await inbox()).toEqual([])
  })

  test('a text of half a megabyte, in letters that are several bytes, is read as it was written', async () => {
    await start()
    const answered = await sendSigned(bot, typed(`/incident declare ${'é🔥'.repeat(50_000)}`), FORM_TYPE)
    expect(answered.status).toBe(200)
    await bot.rest()
    expect(await inbox()).toEqual([{ key: expect.stringMatching(/^slash_commands\//), done: true }])
  })

  test('content types as Slack and proxies write them', async () => {
    await start()
    expect((await sendSigned(bot, typed('/oncall'), 'Application/X-WWW-Form-Urlencoded; charset=UTF-8')).status).toBe(
      200,
    )
    const event = JSON.stringify({ type: 'event_callback', event_id: 'Ev1', event: { type: 'app_mention' } })
    expect((await sendSigned(bot, event, 'application/json;charset=utf-8')).status).toBe(200)
  })
})

describe('a payload is on record before it is acknowledged, and once', () => {
  test('an event that Slack sends again, because it did not hear us, is taken once', async () => {
    await start()
    const event = JSON.stringify({ type: 'event_callback', event_id: 'Ev0001', event: { type: 'app_mention' } })
    expect((await sendSigned(bot, event, JSON_TYPE)).status).toBe(200)
    const again = { 'x-slack-retry-num': '1', 'x-slack-retry-reason': 'http_timeout' }
    expect((await sendSigned(bot, event, JSON_TYPE, again)).status).toBe(200)
    await bot.rest()
    expect(await inbox()).toEqual([{ key: 'events_api/Ev0001', done: true }])
  })

  test('a retry may be the only delivery: it is taken like any other', async () => {
    await start()
    const event = JSON.stringify({ type: 'event_callback', event_id: 'Ev0002', event: { type: 'app_mention' } })
    const again = { 'x-slack-retry-num': '3', 'x-slack-retry-reason': 'connection_failed' }
    expect((await sendSigned(bot, event, JSON_TYPE, again)).status).toBe(200)
    await bot.rest()
    expect(await inbox()).toEqual([{ key: 'events_api/Ev0002', done: true }])
  })

  test('the same command by both modes is done once', async () => {
    await start({ mode: 'both' })
    await bot.alert()
    await bot.type('erik', '/incident note INC-1 once')
    const [{ key } = { key: '' }] = await inbox()
    const trigger_id = key.replace('slash_commands/', '')
    const again = await sendSigned(bot, typed('/incident note INC-1 once', { trigger_id }), FORM_TYPE)
    expect(again.status).toBe(200)
    await bot.rest()
    expect(await inbox()).toHaveLength(1)
    expect((await bot.facts()).filter(({ type }) => type === 'note')).toHaveLength(1)
    await sendSigned(bot, typed('/incident note INC-1 twice'), FORM_TYPE)
    await bot.rest()
    expect((await bot.facts()).filter(({ type }) => type === 'note')).toHaveLength(2)
  })

  test('with both modes, both are heard', async () => {
    await start({ mode: 'both' })
    expect(await bot.type('erik', '/watchbill status')).toMatch(/Slack: \d connections?, and over HTTP/)
    bot.slack.deliverTo({ signingSecret: SIGNING_SECRET, commands: bot.slackUrl })
    expect(await bot.type('erik', '/oncall')).toContain('<@U0NORA>')
  })
})

describe('the store does not answer', () => {
  test.each([
    ['is away', () => Object.assign(bot.trouble, { storeDown: true })],
    ['is slow', () => Object.assign(bot.trouble, { storeSlowMs: 8_000 })],
  ])('it %s: events are to come again, people are told, and all within the 3 s that Slack waits', async (_, away) => {
    await start()
    await bot.alert()
    post = await postBox()
    const [page] = bot.slack.dm('nora')
    if (!page) throw new Error('no page')
    away()
    const event = JSON.stringify({ type: 'event_callback', event_id: 'Ev0003', event: { type: 'app_mention' } })
    const press = pressPayload(bot, { user: 'U0NORA', message: page, action: 'incident_ack', value: '1' })
    const began = performance.now()
    const [onEvent, onCommand, onPress] = await Promise.all([
      sendSigned(bot, event, JSON_TYPE),
      sendSigned(bot, typed('/incident resolve INC-1'), FORM_TYPE),
      sendSigned(bot, interaction({ ...press, response_url: post.url }), FORM_TYPE),
    ])
    expect(performance.now() - began).toBeLessThan(7_000)
    expect(onEvent.status).toBe(503)
    expect(onCommand.status).toBe(200)
    expect(JSON.parse(onCommand.body)).toMatchObject({
      response_type: 'ephemeral',
      text: expect.stringContaining('cannot reach its store at the moment, so nothing was done'),
    })
    expect(onPress).toEqual({ status: 200, body: '' })
    await until(() => post?.texts().length === 1, 'the word about the press')
    expect(post.texts()[0]).toContain('nothing was done')
    Object.assign(bot.trouble, { storeDown: false, storeSlowMs: 0 })
    // What was promised to be sent again is.
    expect((await sendSigned(bot, event, JSON_TYPE)).status).toBe(200)
    await bot.rest()
    expect((await bot.facts()).map(({ type }) => type)).not.toContain('acked')
    expect((await bot.facts()).map(({ type }) => type)).not.toContain('resolved')
  })
})

describe('answers', () => {
  test.each<[string, number | null]>([
    ['takes it and says nothing', null],
    ['does not know it any more', 404],
    ['points elsewhere', 302],
  ])(
    'the address that came with a command %s: the answer comes another way, and is asked for once',
    async (_, status) => {
      await start({ workspace: { channels: [{ id: 'C0OPS', name: 'ops', bot: true }] } })
      post = await postBox(() => status)
      const began = performance.now()
      await sendSigned(bot, typed('/oncall primary', { response_url: post.url }), FORM_TYPE)
      await bot.rest()
      expect(performance.now() - began).toBeLessThan(20_000)
      expect(post.texts()).toHaveLength(1)
      const said = bot.slack.channel('ops', 'erik').messages.filter(({ ephemeral }) => ephemeral)
      expect(said).toHaveLength(1)
      expect(JSON.stringify(said[0])).toContain('<@U0NORA>')
    },
  )

  test('nobody who is not Slack names an address that is called', async () => {
    await start()
    post = await postBox()
    const body = typed('/oncall', { response_url: post.url })
    const unsigned = await send(bot.slackUrl, body, { 'content-type': FORM_TYPE })
    expect(unsigned.status).toBe(401)
    await bot.rest()
    await sleep(100)
    expect(post.texts()).toEqual([])
  })

  test('choices for a menu that nobody offers are none, and nothing is put on record', async () => {
    await start()
    const suggestion = {
      type: 'block_suggestion',
      user: { id: 'U0ERIK', team_id: bot.slack.workspace.team.id },
      team: { id: bot.slack.workspace.team.id },
      action_id: 'nobody',
      block_id: 'b',
      value: 'a',
    }
    const answered = await sendSigned(bot, interaction(suggestion), FORM_TYPE)
    expect(answered.status).toBe(200)
    expect(JSON.parse(answered.body)).toEqual({ options: [] })
    expect(await inbox()).toEqual([])
  })
})

describe('the process', () => {
  test('is ready without a socket, and says how Slack comes', async () => {
    await start()
    expect(bot.bot.notReady()).toBeNull()
    expect(bot.slack.journal().map(({ method }) => method)).not.toContain('apps.connections.open')
    expect(await bot.type('erik', '/watchbill status')).toContain(':white_check_mark: Slack: over HTTP')
  })

  test('that is stopped says so to people, and lets Slack keep its events', async () => {
    await start()
    const { hearSlack } = bot.bot
    await bot.bot.close()
    const body = typed('/incident declare it burns')
    const request = (text: string, type: string) => {
      const headers: Record<string, string> = { ...signature(text, bot.clock.now()), 'content-type': type }
      return hearSlack?.({ header: (name) => headers[name], body: Buffer.from(text) })
    }
    expect(await request(body, FORM_TYPE)).toMatchObject({
      status: 200,
      body: { text: expect.stringContaining('is being stopped or restarted') },
    })
    const event = JSON.stringify({ type: 'event_callback', event_id: 'Ev0004', event: { type: 'app_mention' } })
    expect(await request(event, JSON_TYPE)).toEqual({ status: 503 })
    expect(await inbox()).toEqual([])
  })

  test('a payload that a dead process had acknowledged is worked on by the next', async () => {
    await start()
    const key = `slash_commands/${randomBytes(8).toString('hex')}`
    const body = { type: 'slash_commands', body: commandFields(bot, 'U0ERIK', '/page @sam come') }
    await bot.store.pool.query(
      `insert into inbox (source, key, lane, body, received_at, owner, lease_until) values ('slack', $1, 'slack', $2, $3, -1, 0)`,
      [key, JSON.stringify(body), bot.clock.now()],
    )
    await until(() => bot.paged().length > 0, 'sam to be paged')
    await bot.rest()
    expect(bot.paged()).toEqual(['sam'])
  })
})
