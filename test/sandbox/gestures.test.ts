import { describe, expect, test } from 'vitest'
import type { LocalSlack } from '../../src/sandbox/server.ts'
import { act, clientOf, connect, eventsIn, listen, type Received, slackWith, stateAs, until } from './support.ts'

const plain = (text: string) => ({ type: 'plain_text' as const, text })
const option = (value: string) => ({ text: plain(value.toUpperCase()), value })
const SHORTCUTS = [
  { type: 'global' as const, callback_id: 'page_somebody', name: 'Page', description: 'Pages somebody' },
  { type: 'message' as const, callback_id: 'declare', name: 'Declare', description: 'Makes an incident of it' },
]

describe('shortcuts', () => {
  test('of the composer', async () => {
    const slack = await slackWith({ shortcuts: SHORTCUTS })
    const received = await listen(slack)
    expect(await act(slack, 'shortcut', { user: 'ada', callback_id: 'page_somebody' })).toMatchObject({
      body: { ok: true, failed: null, shown: null },
    })
    expect(received[0]?.body).toEqual({
      type: 'shortcut',
      token: expect.any(String),
      action_ts: expect.stringMatching(/^\d+\.\d{6}$/),
      team: { id: 'T0LOCAL00', domain: 'local' },
      user: { id: 'UADA00000', username: 'ada', name: 'ada', team_id: 'T0LOCAL00' },
      api_app_id: 'A0LOCAL00',
      is_enterprise_install: false,
      enterprise: null,
      callback_id: 'page_somebody',
      trigger_id: expect.any(String),
    })
    // It opens a modal as a command does.
    const view = { type: 'modal' as const, title: plain('Page'), blocks: [] }
    await clientOf(slack).views.open({ trigger_id: received[0]?.body.trigger_id, view })
    expect((await stateAs(slack, 'ada')).modal).toMatchObject({ title: 'Page', depth: 1 })
  })

  test('of a message, in a thread too', async () => {
    const slack = await slackWith({ shortcuts: SHORTCUTS })
    const received = await listen(slack)
    const parent = slack.say('ada', 'ops', 'it burns')
    const reply = slack.say('bart', 'ops', 'where?', parent.ts)
    await act(slack, 'message-action', { user: 'ada', channel: 'ops', ts: reply.ts, callback_id: 'declare' })
    expect(received[0]?.body).toMatchObject({
      type: 'message_action',
      callback_id: 'declare',
      channel: { id: 'COPS00000', name: 'ops' },
      message_ts: reply.ts,
      message: { text: 'where?', user: 'UBART0000', thread_ts: parent.ts },
      response_url: expect.stringContaining('/response/'),
      trigger_id: expect.any(String),
    })
  })

  test('that the app does not have, or does not answer', async () => {
    const slack = await slackWith({ shortcuts: SHORTCUTS })
    const run = async (callback_id: string) => (await act(slack, 'shortcut', { user: 'ada', callback_id })).body
    expect(await run('declare')).toMatchObject({ error: 'no_such_shortcut' })
    expect(await run('page_somebody')).toMatchObject({ failed: 'dispatch_failed', shown: 'toast' })
  })
})

describe('external selects', () => {
  async function withSelect(answer: (received: Received) => object, element: object = {}) {
    const slack = await slackWith()
    const bodies: Received['body'][] = []
    await connect(slack, (received) => {
      bodies.push(received.body)
      return received.ack(received.body.type === 'block_suggestion' ? answer(received) : {})
    })
    const select = { type: 'external_select', action_id: 'service', min_query_length: 1, ...element }
    const posted = await clientOf(slack).chat.postMessage({
      channel: '#ops',
      text: 'x',
      blocks: [{ type: 'actions', block_id: 'b', elements: [select] }] as never,
    })
    const at = { user: 'ada', channel: 'ops', ts: String(posted.ts), action_id: 'service' }
    const type = async (value: string) => (await act(slack, 'suggest', { ...at, value })).body
    return { slack, bodies, type, at }
  }

  test('ask the app for choices, and the choice comes back with its text', async () => {
    const { slack, bodies, type, at } = await withSelect(() => ({ options: [option('imap'), option('web')] }))
    expect(await type('i')).toEqual({
      ok: true,
      failed: null,
      options: [
        { text: 'IMAP', value: 'imap' },
        { text: 'WEB', value: 'web' },
      ],
    })
    expect(bodies[0]).toMatchObject({ type: 'block_suggestion', action_id: 'service', block_id: 'b', value: 'i' })
    // Nothing can be opened, or answered later, from there.
    expect(bodies[0]).not.toHaveProperty('trigger_id')
    expect(bodies[0]).not.toHaveProperty('response_url')
    await act(slack, 'interact', { ...at, value: 'imap' })
    expect(bodies[1].actions[0]).toMatchObject({ type: 'external_select', selected_option: option('imap') })
  })

  test('show groups', async () => {
    const { type } = await withSelect(() => ({
      option_groups: [{ label: plain('Mail'), options: [option('imap')] }],
    }))
    expect(await type('i')).toMatchObject({ options: [{ text: 'IMAP', value: 'imap', group: 'Mail' }] })
  })

  test('ask only for what is long enough', async () => {
    const { bodies, type } = await withSelect(() => ({ options: [] }), { min_query_length: 3 })
    expect(await type('ab')).toEqual({ ok: true, options: [], failed: null })
    expect(bodies).toHaveLength(0)
  })

  test.for([
    ['no options', {}],
    ['too many', { options: Array.from({ length: 101 }, (_, index) => option(`o${index}`)) }],
    ['one that is too long', { options: [option('x'.repeat(76))] }],
  ] as const)('fail on %s', async ([, answer]) => {
    const { type } = await withSelect(() => answer)
    expect(await type('x')).toMatchObject({ options: [], failed: 'invalid_options' })
  })
})

const input = (id: string, element: object, more: object = {}) => ({
  type: 'input',
  block_id: id,
  label: plain(id),
  element: { action_id: 'a', ...element },
  ...more,
})

/** A workspace whose app answers a form with what `answer` says, and in which ada has this modal open. */
async function withModal(view: object, answer: (body: Received['body']) => object = () => ({})) {
  const slack = await slackWith()
  const client = clientOf(slack)
  const bodies: Received['body'][] = []
  let opened = false
  await connect(slack, async (received) => {
    const { body } = received
    if (body.type !== undefined) {
      bodies.push(body)
      return received.ack(answer(body))
    }
    await received.ack()
    const modal = { type: 'modal', title: plain('First'), submit: plain('Send'), blocks: [], ...view }
    await client.views.open({ trigger_id: body.trigger_id, view: modal as never })
    opened = true
  })
  await slack.command('ada', 'ops', '/page')
  await until(() => opened)
  const modal = async () => (await stateAs(slack, 'ada')).modal
  const submit = async (values: object = {}) =>
    (await act(slack, 'submit', { user: 'ada', view_id: (await modal())?.id, values })).body
  return { slack, client, bodies, modal, submit }
}

const second = { type: 'modal', title: plain('Second'), blocks: [{ type: 'divider' }] }

describe('modals', () => {
  test('are answered by another view in their place, or on top, three deep and no deeper', async () => {
    const { modal, submit, slack } = await withModal({}, () => ({
      response_action: 'push',
      view: { ...second, submit: plain('On') },
    }))
    expect((await modal())?.depth).toBe(1)
    await submit()
    await submit()
    expect(await modal()).toMatchObject({ title: 'Second', depth: 3 })
    expect(await submit()).toMatchObject({ failed: 'push_limit_reached', shown: 'modal' })
    await act(slack, 'dismiss', { user: 'ada' })
    expect((await modal())?.depth).toBe(2)
    await act(slack, 'dismiss', { user: 'ada', all: true })
    expect(await modal()).toBeNull()
  })

  test('update keeps what was typed where the input stays', async () => {
    const blocks = [
      input('why', { type: 'plain_text_input' }),
      input('gone', { type: 'plain_text_input' }, { optional: true }),
    ]
    const { modal, submit } = await withModal({ blocks }, () => ({
      response_action: 'update',
      view: { ...second, submit: plain('Send'), blocks: [blocks[0]] },
    }))
    await submit({ why: 'fire', gone: 'x' })
    expect((await modal())?.values).toEqual({ why: { a: { type: 'plain_text_input', value: 'fire' } } })
  })

  test('clear takes the whole stack away', async () => {
    let count = 0
    const { modal, submit } = await withModal({}, () => {
      count += 1
      return count === 1
        ? { response_action: 'push', view: { ...second, submit: plain('On') } }
        : { response_action: 'clear' }
    })
    await submit()
    expect((await modal())?.depth).toBe(2)
    await submit()
    expect(await modal()).toBeNull()
  })

  test.for([
    [
      'an error for a block that is no input',
      { response_action: 'errors', errors: { nothing: 'No.' } },
      'invalid_errors',
    ],
    ['errors without any', { response_action: 'errors', errors: {} }, 'invalid_errors'],
    ['a view that Slack would not take', { response_action: 'update', view: { type: 'modal' } }, 'invalid_view'],
    ['something else', { response_action: 'explode' }, 'invalid_response_action'],
  ] as const)('%s: the person reads of trouble', async ([, ack, failed]) => {
    const { submit, modal } = await withModal({ blocks: [input('why', { type: 'plain_text_input' })] }, () => ack)
    expect(await submit({ why: 'x' })).toMatchObject({
      failed,
      shown: 'modal',
      warning: expect.stringContaining('trouble'),
    })
    expect(await modal()).not.toBeNull()
  })

  test('what an input starts with is what is sent, unless the person changes it', async () => {
    const blocks = [
      input('text', { type: 'plain_text_input', initial_value: 'as it was' }),
      input('pick', { type: 'static_select', options: [option('a'), option('b')], initial_option: option('a') }),
      input('who', { type: 'users_select', initial_user: 'UADA00000' }),
      input('when', { type: 'datetimepicker' }, { optional: true }),
    ]
    const { bodies, submit } = await withModal({ blocks })
    expect(await submit({ pick: 'b' })).toMatchObject({ errors: {}, failed: null })
    expect(bodies[0].view.state.values).toEqual({
      text: { a: { type: 'plain_text_input', value: 'as it was' } },
      pick: { a: { type: 'static_select', selected_option: option('b') } },
      who: { a: { type: 'users_select', selected_user: 'UADA00000' } },
      when: { a: { type: 'datetimepicker', selected_date_time: null } },
    })
  })

  test('a chosen channel gets an address to answer to, where the menu asks for one', async () => {
    const blocks = [input('where', { type: 'conversations_select', response_url_enabled: true })]
    const { slack, bodies, submit } = await withModal({ blocks })
    await submit({ where: 'COPS00000' })
    const [address] = bodies[0].response_urls
    expect(address).toMatchObject({ block_id: 'where', action_id: 'a', channel_id: 'COPS00000' })
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ text: 'paged', response_type: 'in_channel' })
    await fetch(address.response_url, { method: 'POST', headers, body })
    expect(slack.channel('ops').messages.at(-1)).toMatchObject({ text: 'paged', bot: true })
  })

  test('the app hears of a modal that is closed, if it asked', async () => {
    const { slack, bodies } = await withModal({ notify_on_close: true, private_metadata: 'INC-7' })
    await act(slack, 'dismiss', { user: 'ada' })
    await until(() => bodies.length === 1)
    expect(bodies[0]).toMatchObject({ type: 'view_closed', is_cleared: false, view: { private_metadata: 'INC-7' } })
    expect(bodies[0]).not.toHaveProperty('trigger_id')
  })

  test('one that clears on close takes those below with it', async () => {
    const { slack, submit, bodies, modal } = await withModal({ notify_on_close: true }, (body) =>
      body.type === 'view_submission'
        ? { response_action: 'push', view: { ...second, clear_on_close: true, notify_on_close: true } }
        : {},
    )
    await submit()
    await act(slack, 'dismiss', { user: 'ada' })
    await until(() => bodies.length === 3)
    expect(bodies.slice(1).map((body) => [body.type, body.is_cleared])).toEqual(Array(2).fill(['view_closed', true]))
    expect(await modal()).toBeNull()
  })

  test('a button in it is heard with the view and what is typed so far', async () => {
    const button = { type: 'button', action_id: 'more', text: plain('More') }
    const blocks = [
      input('why', { type: 'plain_text_input' }, { dispatch_action: true }),
      { type: 'actions', block_id: 'keys', elements: [button] },
    ]
    const { slack, bodies, modal } = await withModal({ blocks })
    const view_id = (await modal())?.id
    await act(slack, 'interact', { user: 'ada', view_id, action_id: 'a', value: 'half' })
    await act(slack, 'interact', { user: 'ada', view_id, action_id: 'more' })
    expect(bodies[0].actions).toMatchObject([{ type: 'plain_text_input', value: 'half' }])
    expect(bodies[1]).toMatchObject({
      container: { type: 'view', view_id },
      view: { state: { values: { why: { a: { value: 'half' } } } }, root_view_id: view_id, previous_view_id: null },
    })
    expect(await act(slack, 'interact', { user: 'bart', view_id, action_id: 'more' })).toMatchObject({
      body: { error: 'view_not_found' },
    })
  })
})

describe('the app’s Home', () => {
  test('is told of with the tab, and with the view once there is one', async () => {
    const slack = await slackWith({ events: ['app_home_opened'] })
    const received = await listen(slack)
    await act(slack, 'open-home', { user: 'ada' })
    await clientOf(slack).views.publish({ user_id: 'UADA00000', view: { type: 'home', blocks: [{ type: 'divider' }] } })
    await act(slack, 'open-home', { user: 'ada', tab: 'messages' })
    await act(slack, 'open-home', { user: 'ada', tab: 'home' })
    await until(() => received.length === 3)
    const tabs = eventsIn(received).map(({ tab, view }) => [tab, view?.type])
    expect(tabs).toEqual(
      expect.arrayContaining([
        ['home', undefined],
        ['messages', undefined],
        ['home', 'home'],
      ]),
    )
  })
})

describe('steps of workflows', () => {
  const steps = [
    {
      callback_id: 'who_is_on_call',
      title: 'Who is on call',
      description: 'Says who has the watch',
      inputs: [{ name: 'schedule', title: 'Schedule', type: 'string', required: true }],
      outputs: [{ name: 'person', title: 'Person', type: 'slack#/types/user_id' }],
    },
  ]
  const run = (slack: LocalSlack, inputs: object = { schedule: 'primary' }) =>
    act(slack, 'run-step', { user: 'ada', callback_id: 'who_is_on_call', inputs })

  test('are reached, and completed by the app', async () => {
    const slack = await slackWith({ steps, events: ['function_executed'] })
    const received = await listen(slack)
    const { body } = await run(slack)
    expect(body.step_run).toMatchObject({ state: 'running', inputs: { schedule: 'primary' } })
    await until(() => received.length === 1)
    const [event] = eventsIn(received)
    expect(event).toMatchObject({
      type: 'function_executed',
      function: { callback_id: 'who_is_on_call', input_parameters: [{ name: 'schedule', is_required: true }] },
      inputs: { schedule: 'primary' },
      function_execution_id: body.step_run.id,
      bot_access_token: slack.botToken,
    })
    const { functions } = clientOf(slack)
    const done = { function_execution_id: event.function_execution_id, outputs: { person: 'UADA00000' } }
    await functions.completeSuccess(done)
    await expect(functions.completeSuccess(done)).rejects.toMatchObject({
      data: { error: 'execution_not_in_running_state' },
    })
    expect((await stateAs(slack, 'ada')).step_runs).toMatchObject([
      { state: 'succeeded', outputs: { person: 'UADA00000' } },
    ])
    // The journal holds no tokens.
    expect(JSON.stringify(slack.deliveries())).not.toContain(slack.botToken)
  })

  test('fail with the app’s sentence; outputs that they do not have are refused', async () => {
    const slack = await slackWith({ steps, events: ['function_executed'] })
    const { body } = await run(slack)
    const function_execution_id = body.step_run.id
    const { functions } = clientOf(slack)
    await expect(functions.completeSuccess({ function_execution_id, outputs: { x: 1 } })).rejects.toMatchObject({
      data: { error: 'parameter_validation_failed' },
    })
    await functions.completeError({ function_execution_id, error: 'Nobody is.' })
    expect((await stateAs(slack, 'ada')).step_runs).toMatchObject([{ state: 'failed', error: 'Nobody is.' }])
    expect(await run(slack, {})).toMatchObject({ body: { error: 'missing_input' } })
    expect(await run(await slackWith({ steps }))).toMatchObject({ body: { error: 'not_subscribed' } })
  })
})
