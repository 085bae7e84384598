import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { verifySlackRequest } from '@slack/bolt'
import { afterEach, describe, expect, test } from 'vitest'
import { Impossible } from '../../src/sandbox/impossible.ts'
import type { LocalSlack } from '../../src/sandbox/server.ts'
import { clientOf, connect, type Received, refusal, slackWith, until } from './support.ts'

const button = (more: object = {}) => ({
  type: 'button' as const,
  text: { type: 'plain_text' as const, text: 'Acknowledge' },
  action_id: 'incident_ack',
  value: 'INC-7',
  ...more,
})
const page = { text: 'INC-7', blocks: [{ type: 'actions' as const, block_id: 'keys', elements: [button()] }] }

async function paged(slack: LocalSlack, who = 'UADA00000'): Promise<string> {
  const posted = await clientOf(slack).chat.postMessage({ channel: who, ...page })
  return posted.ts ?? ''
}

describe('slash commands', () => {
  test('go to the app with all fields, and its acknowledgement is the answer', async () => {
    const slack = await slackWith()
    let body: unknown
    await connect(slack, (received) => {
      body = received.body
      return received.ack({ text: 'ada is on call', response_type: 'ephemeral' })
    })
    const reaction = await slack.command('ada', 'ops', '/oncall mail at 9 & later for @bart in #random, not @nobody')
    expect(reaction).toMatchObject({
      failed: null,
      saw: [{ text: 'ada is on call', ephemeral: true, user: 'UWATCHBILL' }],
    })
    expect(body).toEqual({
      token: expect.any(String),
      team_id: 'T0LOCAL00',
      team_domain: 'local',
      channel_id: 'COPS00000',
      channel_name: 'ops',
      user_id: 'UADA00000',
      user_name: 'ada',
      command: '/oncall',
      text: 'mail at 9 &amp; later for <@UBART0000|bart> in <#CRANDOM00|random>, not @nobody',
      api_app_id: 'A0LOCAL00',
      is_enterprise_install: 'false',
      response_url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/response\//),
      trigger_id: expect.any(String),
    })
    expect(slack.channel('ops', 'bart').messages).toEqual([])
  })

  test('an in_channel answer is seen by all; a bare text is ephemeral', async () => {
    const slack = await slackWith()
    const answers: (object | string)[] = [{ text: 'all', response_type: 'in_channel' }, 'me', {}]
    await connect(slack, (received) => received.ack(answers.shift()))
    await slack.command('ada', 'ops', '/oncall')
    await slack.command('ada', 'ops', '/oncall')
    expect((await slack.command('ada', 'ops', '/oncall')).saw).toEqual([])
    expect(slack.channel('ops', 'bart').messages).toMatchObject([{ text: 'all', ephemeral: false }])
    expect(slack.channel('ops', 'ada').messages).toHaveLength(2)
  })

  test('one that nobody registered is answered by Slack', async () => {
    const slack = await slackWith()
    const { saw } = await slack.command('ada', 'ops', '/nonsense x')
    expect(saw).toMatchObject([
      { user: 'USLACKBOT', text: expect.stringContaining('`/nonsense` is not a valid command') },
    ])
  })

  test('fail at once when nobody is connected, and the person reads it', async () => {
    const slack = await slackWith()
    const reaction = await slack.command('ada', 'ops', '/oncall')
    expect(reaction.failed).toBe('dispatch_failed')
    expect(reaction.saw).toMatchObject([{ user: 'USLACKBOT', text: '/oncall failed with the error "dispatch_failed"' }])
  })

  test('fail when they are not acknowledged in time; a late acknowledgement changes nothing', async () => {
    const slack = await slackWith()
    let late: Promise<void> | undefined
    await connect(slack, async (received) => {
      await new Promise((resolve) => setTimeout(resolve, 600))
      late = received.ack({ text: 'too late' })
    })
    const reaction = await slack.command('ada', 'ops', '/oncall')
    expect(reaction).toMatchObject({
      failed: 'operation_timeout',
      warning: '/oncall failed with the error "operation_timeout"',
    })
    await until(() => late !== undefined)
    await late
    expect(slack.channel('ops', 'ada').messages).toHaveLength(1)
  })

  test('answer with blocks that Slack would not show: the person sees an error', async () => {
    const slack = await slackWith()
    await connect(slack, (received) => received.ack({ blocks: [{ type: 'bogus' }] }))
    expect(await slack.command('ada', 'ops', '/oncall')).toMatchObject({ failed: 'invalid_blocks' })
  })

  test.for([
    ['ada', 'nowhere', 'channel_not_found'],
    ['bart', 'secret', 'channel_not_found'],
    ['gus', 'ops', 'not_in_channel'],
    ['ada', 'old', 'is_archived'],
    ['lea', 'ops', 'user_disabled'],
    ['zoe', 'ops', 'user_not_found'],
  ] as const)('%s cannot type one in %s: %s', async ([who, where, code]) => {
    const slack = await slackWith()
    const typed = slack.command(who, where, '/oncall')
    await expect(typed).rejects.toBeInstanceOf(Impossible)
    await expect(typed).rejects.toMatchObject({ code })
  })
})

describe('response_url', () => {
  async function withUrl(): Promise<{
    slack: LocalSlack
    respond: (body: object) => Promise<string>
    clock: { at: number }
  }> {
    const clock = { at: 1_521_129_600_000 }
    const slack = await slackWith({ clock: { now: () => clock.at } })
    let url = ''
    await connect(slack, (received) => {
      url = received.body.response_url
      return received.ack()
    })
    await slack.command('ada', 'ops', '/oncall')
    const respond = async (body: object) => {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
      return `${response.status} ${await response.text()}`
    }
    return { slack, respond, clock }
  }

  test('answers later, to the person or to the channel, five times', async () => {
    const { slack, respond } = await withUrl()
    expect(await respond({ text: 'mine' })).toBe('200 ok')
    expect(await respond({ text: 'ours', response_type: 'in_channel' })).toBe('200 ok')
    for (let use = 3; use <= 5; use += 1) await respond({ text: `${use}` })
    expect(await respond({ text: 'six' })).toBe('404 {"ok":false,"error":"used_url"}')
    expect(slack.channel('ops', 'ada').messages).toHaveLength(5)
    expect(slack.channel('ops', 'bart').messages).toMatchObject([{ text: 'ours' }])
    expect(slack.journal().filter((call) => call.method === 'response_url')).toHaveLength(6)
  })

  test('is gone after half an hour', async () => {
    const { respond, clock } = await withUrl()
    clock.at += 30 * 60_000
    expect(await respond({ text: 'x' })).toBe('404 {"ok":false,"error":"expired_url"}')
  })

  test('refuses what is no message', async () => {
    const { respond } = await withUrl()
    expect(await respond({})).toBe('400 no_text')
    expect(await respond({ blocks: [{ type: 'bogus' }] })).toBe('400 invalid_blocks')
  })

  test('of a click replaces or deletes the message', async () => {
    const slack = await slackWith()
    const bodies = [{ text: 'taken', replace_original: true }, { delete_original: true }]
    await connect(slack, async (received) => {
      await received.ack()
      const headers = { 'content-type': 'application/json' }
      await fetch(received.body.response_url, { method: 'POST', headers, body: JSON.stringify(bodies.shift()) })
    })
    const first = await paged(slack)
    const second = await paged(slack)
    await slack.press('ada', 'dm', first, 'incident_ack')
    await until(() => slack.dm('ada')[0]?.text === 'taken')
    expect(slack.dm('ada')[0]).toMatchObject({ ts: first, blocks: [] })
    await slack.press('ada', 'dm', second, 'incident_ack')
    await until(() => slack.dm('ada').length === 1)
  })
})

describe('buttons', () => {
  test('send block_actions with all that Slack sends', async () => {
    const slack = await slackWith()
    let body: unknown
    await connect(slack, (received) => {
      body = received.body
      return received.ack()
    })
    const ts = await paged(slack)
    expect(await slack.press('ada', 'dm', ts, 'incident_ack')).toEqual({
      ok: true,
      saw: [],
      failed: null,
      warning: null,
      shown: null,
    })
    expect(body).toMatchObject({
      type: 'block_actions',
      user: { id: 'UADA00000', username: 'ada', name: 'ada', team_id: 'T0LOCAL00' },
      api_app_id: 'A0LOCAL00',
      container: { type: 'message', message_ts: ts, channel_id: 'DADA00000', is_ephemeral: false },
      team: { id: 'T0LOCAL00', domain: 'local' },
      channel: { id: 'DADA00000', name: 'directmessage' },
      message: { ts, text: 'INC-7', bot_id: 'B0LOCAL00' },
      state: { values: {} },
      trigger_id: expect.any(String),
      response_url: expect.any(String),
      actions: [
        {
          type: 'button',
          action_id: 'incident_ack',
          block_id: 'keys',
          value: 'INC-7',
          text: { type: 'plain_text', text: 'Acknowledge' },
          action_ts: expect.any(String),
        },
      ],
    })
  })

  test('that are gone, or not the person’s to see, cannot be pressed', async () => {
    const slack = await slackWith()
    const client = clientOf(slack)
    const ts = await paged(slack)
    const pressed = (who: string, where: string, action = 'incident_ack') =>
      slack.press(who, where, ts, action).catch((error: unknown) => (error instanceof Impossible ? error.code : error))
    expect(await pressed('ada', 'dm', 'incident_resolve')).toBe('no_such_button')
    expect(await pressed('bart', 'DADA00000')).toBe('channel_not_found')
    expect(await pressed('ada', 'ops')).toBe('message_not_found')
    await client.chat.update({ channel: 'DADA00000', ts, text: 'acked by bart', blocks: [] })
    expect(await pressed('ada', 'dm')).toBe('no_such_button')
  })

  test('warn when nobody answers', async () => {
    const slack = await slackWith()
    const ts = await paged(slack)
    expect(await slack.press('ada', 'dm', ts, 'incident_ack')).toMatchObject({ failed: 'dispatch_failed' })
    await connect(slack, () => {})
    const reaction = await slack.press('ada', 'dm', ts, 'incident_ack')
    expect(reaction).toMatchObject({
      failed: 'operation_timeout',
      warning: expect.stringContaining('did not respond in time'),
    })
  })

  test('menus send what was chosen, and only what is there', async () => {
    const slack = await slackWith()
    const actions: unknown[] = []
    await connect(slack, (received) => {
      actions.push(received.body.actions[0])
      return received.ack()
    })
    const option = (value: string) => ({ text: { type: 'plain_text' as const, text: value.toUpperCase() }, value })
    const elements = [
      { type: 'static_select' as const, action_id: 'pick', options: [option('a'), option('b')] },
      { type: 'users_select' as const, action_id: 'who' },
    ]
    const posted = await clientOf(slack).chat.postMessage({
      channel: '#ops',
      text: 'x',
      blocks: [{ type: 'actions', elements }],
    })
    await slack.press('ada', 'ops', posted.ts ?? '', 'pick', { value: 'b' })
    await slack.press('ada', 'ops', posted.ts ?? '', 'who', { value: 'bart' })
    expect(actions).toMatchObject([{ selected_option: option('b') }, { selected_user: 'UBART0000' }])
    await expect(slack.press('ada', 'ops', posted.ts ?? '', 'pick', { value: 'z' })).rejects.toMatchObject({
      code: 'no_such_option',
    })
  })
})

describe('events', () => {
  const say = (slack: LocalSlack) => slack.say('ada', 'ops', 'hello @watchbill')

  test('are sent only when subscribed, and only from where the bot is', async () => {
    const slack = await slackWith({ events: ['message.channels', 'app_mention'] })
    const events: Received[] = []
    await connect(slack, (received) => {
      events.push(received)
      return received.ack()
    })
    slack.say('ada', 'random', 'not for the bot')
    await clientOf(slack).chat.postMessage({ channel: 'UADA00000', text: 'a DM, not subscribed' })
    const { ts } = say(slack)
    await until(() => events.length === 2)
    expect(new Set(events.map(({ body }) => body.event.type))).toEqual(new Set(['app_mention', 'message']))
    const message = events.find(({ body }) => body.event.type === 'message')?.body
    expect(message).toMatchObject({
      type: 'event_callback',
      event_id: expect.stringMatching(/^Ev/),
      event: { user: 'UADA00000', ts, text: 'hello <@UWATCHBILL>', channel: 'COPS00000', channel_type: 'channel' },
      authorizations: [{ user_id: 'UWATCHBILL', is_bot: true }],
    })
  })

  test('are sent again until they are acknowledged, each time in a new envelope', async () => {
    const slack = await slackWith({ events: ['message.channels'] })
    const tries: Received[] = []
    await connect(slack, (received) => {
      tries.push(received)
      return tries.length === 3 ? received.ack() : undefined
    })
    say(slack)
    await until(() => tries.length === 3)
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(tries.map((received) => [received.retry_num, received.retry_reason])).toEqual([
      [0, ''],
      [1, 'timeout'],
      [2, 'timeout'],
    ])
    expect(new Set(tries.map(({ body }) => body.event_id)).size).toBe(1)
    expect(new Set(tries.map(({ envelope_id }) => envelope_id)).size).toBe(3)
  })

  test('that came while nobody was connected arrive as retries', async () => {
    const slack = await slackWith({
      events: ['message.channels'],
      timing: { ackMs: 400, retryMs: [0, 500, 1000] },
    })
    say(slack)
    const tries: Received[] = []
    await connect(slack, (received) => {
      tries.push(received)
      return received.ack()
    })
    await until(() => tries.length === 1)
    expect(tries[0]?.retry_num).toBeGreaterThan(0)
  })

  test('commands and clicks are never sent again', async () => {
    const slack = await slackWith()
    let count = 0
    await connect(slack, () => {
      count += 1
    })
    await slack.command('ada', 'ops', '/oncall')
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(count).toBe(1)
  })
})

describe('connections', () => {
  test('several share the work; each envelope goes to one of them', async () => {
    let roll = 0
    const slack = await slackWith({ random: () => (roll++ % 2) / 2 })
    const by: string[] = []
    for (const name of ['first', 'second']) {
      await connect(slack, (received) => {
        by.push(name)
        return received.ack()
      })
    }
    expect(slack.workspace.connections).toBe(2)
    for (let count = 0; count < 4; count += 1) await slack.command('ada', 'ops', '/oncall')
    expect(by).toHaveLength(4)
    expect(new Set(by).size).toBe(2)
  })

  test('ten at most: the eleventh is told too_many_websockets', async () => {
    const slack = await slackWith()
    const open = async () => {
      const { url } = await clientOf(slack, {}, slack.appToken).apps.connections.open({})
      const socket = new WebSocket(url ?? '')
      const frame = await new Promise<string>((resolve) => {
        socket.onmessage = (event) => resolve(String(event.data))
      })
      return JSON.parse(frame)
    }
    for (let count = 1; count <= 10; count += 1)
      expect(await open()).toMatchObject({ type: 'hello', num_connections: count })
    expect(await open()).toMatchObject({ type: 'disconnect', reason: 'too_many_websockets' })
    expect(slack.workspace.connections).toBe(10)
  })

  test('a ticket opens one connection only', async () => {
    const slack = await slackWith()
    const { url = '' } = await clientOf(slack, {}, slack.appToken).apps.connections.open({})
    const opened = (address: string) =>
      new Promise<boolean>((resolve) => {
        const socket = new WebSocket(address)
        socket.onopen = () => resolve(true)
        socket.onerror = () => resolve(false)
      })
    expect(await opened(url)).toBe(true)
    expect(await opened(url)).toBe(false)
    expect(await opened(url.replace(/ticket=.*/, 'ticket=guess'))).toBe(false)
  })

  test.for(['warning', 'refresh_requested', 'cut'] as const)('the client comes back after %s', async (reason) => {
    const slack = await slackWith()
    await connect(slack, (received) => received.ack('here'), { clientPingTimeout: 300 })
    slack.fault({ kind: 'disconnect', reason })
    expect((await slack.command('ada', 'ops', '/oncall')).failed).toBe('dispatch_failed')
    await until(() => slack.workspace.connections === 1)
    expect((await slack.command('ada', 'ops', '/oncall')).saw).toMatchObject([{ text: 'here' }])
  })

  test('pings keep the client content', async () => {
    const slack = await slackWith({ timing: { pingMs: 20 } })
    const client = await connect(slack, () => {})
    let closed = false
    client.on('close', () => {
      closed = true
    })
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(closed).toBe(false)
  })
})

describe('modals and the Home', () => {
  const plain = (text: string) => ({ type: 'plain_text' as const, text })
  const modal = {
    type: 'modal' as const,
    callback_id: 'page',
    title: plain('Page'),
    submit: plain('Send'),
    blocks: [
      {
        type: 'input' as const,
        block_id: 'why',
        label: plain('Why'),
        element: { type: 'plain_text_input' as const, action_id: 'text' },
      },
    ],
  }

  test('a trigger opens one modal, in its time; the form comes back', async () => {
    const slack = await slackWith()
    const client = clientOf(slack)
    const outcomes: string[] = []
    let submitted: unknown
    await connect(slack, async (received) => {
      if (received.body.type === 'view_submission') {
        submitted = received.body.view.state.values
        const { why } = received.body.view.state.values
        return received.ack(why.text.value === 'no' ? { response_action: 'errors', errors: { why: 'Say more.' } } : {})
      }
      await received.ack()
      const { trigger_id } = received.body
      outcomes.push(await refusal(client.views.open({ trigger_id, view: modal })))
      outcomes.push(await refusal(client.views.open({ trigger_id, view: modal })))
    })
    await slack.command('ada', 'ops', '/page')
    await until(() => outcomes.length === 2)
    expect(outcomes).toEqual(['ok', 'exchanged_trigger_id'])

    const post = async (name: string, body: object) => {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(`${slack.url}_control/${name}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      })
      return response.json()
    }
    const state = async () => (await fetch(`${slack.url}_control/state?as=ada`)).json()
    const view_id = (await state()).modal.id
    expect(await post('submit', { user: 'ada', view_id, values: {} })).toMatchObject({
      errors: { why: expect.any(String) },
    })
    expect(submitted).toBeUndefined()
    expect(await post('submit', { user: 'ada', view_id, values: { why: 'no' } })).toMatchObject({
      errors: { why: 'Say more.' },
    })
    expect((await state()).modal).not.toBeNull()
    expect(await post('submit', { user: 'ada', view_id, values: { why: 'fire' } })).toMatchObject({
      ok: true,
      errors: {},
    })
    expect(submitted).toMatchObject({ why: { text: { type: 'plain_text_input', value: 'fire' } } })
    expect((await state()).modal).toBeNull()
  })

  test('a trigger that is too old opens nothing', async () => {
    const slack = await slackWith({ timing: { triggerMs: 30 } })
    const outcomes: string[] = []
    await connect(slack, async (received) => {
      await received.ack()
      await new Promise((resolve) => setTimeout(resolve, 60))
      outcomes.push(await refusal(clientOf(slack).views.open({ trigger_id: received.body.trigger_id, view: modal })))
    })
    await slack.command('ada', 'ops', '/page')
    await until(() => outcomes.length === 1)
    expect(outcomes).toEqual(['expired_trigger_id'])
  })

  test('the Home is published per person, against a stale hash too', async () => {
    const slack = await slackWith({ events: ['app_home_opened'] })
    const client = clientOf(slack)
    const opened: unknown[] = []
    await connect(slack, (received) => {
      opened.push(received.body.event)
      return received.ack()
    })
    slack.openHome('ada')
    await until(() => opened.length === 1)
    expect(opened).toMatchObject([{ type: 'app_home_opened', user: 'UADA00000', tab: 'home' }])
    const view = { type: 'home' as const, blocks: [{ type: 'divider' as const }] }
    const first = await client.views.publish({ user_id: 'UADA00000', view })
    const hash = first.view?.hash ?? ''
    await client.views.publish({ user_id: 'UADA00000', view, hash })
    expect(await refusal(client.views.publish({ user_id: 'UADA00000', view, hash }))).toBe('hash_conflict')
  })
})

describe('signed HTTP delivery', () => {
  const servers: { close(): void }[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) server.close()
  })

  test('in place of Socket Mode, with Slack’s signature', async () => {
    const signingSecret = 'shh'
    const seen: string[] = []
    const server = createServer(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      const { headers } = request
      verifySlackRequest({
        signingSecret,
        body,
        headers: {
          'x-slack-signature': String(headers['x-slack-signature']),
          'x-slack-request-timestamp': Number(headers['x-slack-request-timestamp']),
        },
      })
      seen.push(request.url ?? '')
      if (request.url === '/events' && headers['x-slack-retry-num'] === undefined) response.statusCode = 500
      response.end(request.url === '/commands' ? `got ${new URLSearchParams(body).get('text')}` : '')
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const slack = await slackWith({
      events: ['message.channels'],
      http: {
        signingSecret,
        commands: `${base}/commands`,
        interactions: `${base}/interactions`,
        events: `${base}/events`,
      },
    })
    expect((await slack.command('ada', 'ops', '/oncall mail')).saw).toMatchObject([{ text: 'got mail' }])
    const ts = await paged(slack)
    expect((await slack.press('ada', 'dm', ts, 'incident_ack')).failed).toBeNull()
    slack.say('ada', 'ops', 'hello')
    await until(() => seen.filter((path) => path === '/events').length === 2)
  })
})
