import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { verifySlackRequest } from '@slack/bolt'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Delivery, Traffic } from '../../src/sandbox/wire.ts'
import { act, clientOf, connect, handClock, listen, slackWith, until } from './support.ts'

const SECRET = 'shh'

interface Request {
  path: string
  headers: IncomingMessage['headers']
  body: string
}

/** The app as an HTTP server that notes what comes and answers as `answer` does. */
async function httpApp(answer: (request: Request, response: ServerResponse, nth: number) => void) {
  const requests: Request[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const noted = { path: request.url ?? '', headers: request.headers, body }
    requests.push(noted)
    answer(noted, response, requests.length)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const http = {
    signingSecret: SECRET,
    commands: `${base}/commands`,
    interactions: `${base}/interactions`,
    events: `${base}/events`,
  }
  return { requests, http }
}

const status =
  (code: number, headers: Record<string, string> = {}) =>
  (_: Request, response: ServerResponse) => {
    response.writeHead(code, headers)
    response.end()
  }

describe('signed HTTP', () => {
  test('is signed with the workspace’s time', async () => {
    const clock = handClock()
    const { requests, http } = await httpApp(status(200))
    const slack = await slackWith({ http, clock })
    await slack.command('ada', 'ops', '/oncall')
    const [request] = requests
    expect(request?.headers['x-slack-request-timestamp']).toBe(String(clock.at / 1000))
    const headers = {
      'x-slack-signature': String(request?.headers['x-slack-signature']),
      'x-slack-request-timestamp': clock.at / 1000,
    }
    const verify = (body: string) =>
      verifySlackRequest({ signingSecret: SECRET, body, headers, nowMilliseconds: clock.at })
    verify(request?.body ?? '')
    expect(() => verify(`${request?.body}&x=1`)).toThrow()
  })

  test.for([
    [500, 'http_service_error'],
    [503, 'http_service_error'],
    [404, 'http_client_error'],
  ] as const)('a command that is answered %i: the person reads %s', async ([code, failed]) => {
    const { http } = await httpApp(status(code))
    const slack = await slackWith({ http })
    expect(await slack.command('ada', 'ops', '/oncall')).toMatchObject({
      failed,
      shown: 'message',
      saw: [{ user: 'USLACKBOT', ephemeral: true, text: `/oncall failed with the error "${failed}"` }],
    })
  })

  test('one that hangs: operation_timeout; nobody there: dispatch_failed', async () => {
    const { http } = await httpApp(() => {})
    const slack = await slackWith({ http })
    expect((await slack.command('ada', 'ops', '/oncall')).failed).toBe('operation_timeout')
    slack.deliverTo({ signingSecret: SECRET, commands: 'http://127.0.0.1:9/' })
    expect((await slack.command('ada', 'ops', '/oncall')).failed).toBe('dispatch_failed')
    slack.deliverTo(null)
    await connect(slack, (received) => received.ack('here'))
    expect((await slack.command('ada', 'ops', '/oncall')).saw).toMatchObject([{ text: 'here' }])
  })

  test('one that hangs while this process hangs too: operation_timeout still', async () => {
    const { requests, http } = await httpApp((_, response, nth) => {
      if (nth === 1) response.end()
    })
    const ackMs = 200
    const slack = await slackWith({ http, timing: { ackMs } })
    await slack.command('ada', 'ops', '/oncall')
    // The end of the first one's time is due together with all of the second's.
    await new Promise((resolve) => setTimeout(resolve, ackMs / 4))
    const hangs = slack.command('ada', 'ops', '/oncall')
    await until(() => requests.length === 2)
    const wakesAt = performance.now() + 2 * ackMs
    while (performance.now() < wakesAt);
    expect((await hangs).failed).toBe('operation_timeout')
  })

  test('an event that fails comes again at once, later, and later still; then never', async () => {
    const { requests, http } = await httpApp((_, response, nth) => {
      if (nth === 2) return
      response.writeHead(500)
      response.end()
    })
    const slack = await slackWith({ http, events: ['message.channels'] })
    slack.say('ada', 'ops', 'hello')
    await until(() => requests.length === 4)
    await new Promise((resolve) => setTimeout(resolve, 200))
    const retries = requests.map(({ headers }) => [headers['x-slack-retry-num'], headers['x-slack-retry-reason']])
    expect(retries).toEqual([
      [undefined, undefined],
      ['1', 'http_error'],
      ['2', 'http_timeout'],
      ['3', 'http_error'],
    ])
    const ids = new Set(requests.map(({ body }) => JSON.parse(body).event_id))
    expect(ids.size).toBe(1)
    expect(slack.deliveries().map(({ outcome }) => outcome)).toEqual([
      'http_service_error',
      'operation_timeout',
      'http_service_error',
      'http_service_error',
    ])
  })

  test('and not at all when the app asks for no retry', async () => {
    const { requests, http } = await httpApp(status(500, { 'x-slack-no-retry': '1' }))
    const slack = await slackWith({ http, events: ['message.channels'] })
    slack.say('ada', 'ops', 'hello')
    await until(() => slack.deliveries()[0]?.outcome === 'http_service_error')
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect(requests).toHaveLength(1)
  })

  test('comes twice, gets lost, comes late, as asked', async () => {
    const { requests, http } = await httpApp(status(200))
    const slack = await slackWith({ http })
    slack.fault({ kind: 'duplicate', count: 1, times: 3 })
    await slack.command('ada', 'ops', '/oncall')
    await until(() => requests.length === 3)
    expect(new Set(requests.map(({ body }) => body)).size).toBe(1)
    slack.fault({ kind: 'drop_envelopes', count: 1 })
    expect((await slack.command('ada', 'ops', '/oncall')).failed).toBe('operation_timeout')
    expect(requests).toHaveLength(3)
    slack.fault({ kind: 'late_envelopes', count: 1, ms: 50 })
    expect((await slack.command('ada', 'ops', '/oncall')).failed).toBeNull()
    slack.fault({ kind: 'drop_acks', count: 1 })
    expect((await slack.command('ada', 'ops', '/oncall')).failed).toBe('operation_timeout')
    expect(slack.deliveries().map(({ fault }) => fault)).toEqual(['twice', 'lost', 'late', 'ack_lost'])
  })

  test('can be set from outside', async () => {
    const { requests, http } = await httpApp(status(200))
    const slack = await slackWith()
    const { signingSecret: signing_secret, commands } = http
    expect(await act(slack, 'deliver-to', { commands })).toMatchObject({ status: 400 })
    await act(slack, 'deliver-to', { signing_secret, commands })
    expect((await slack.command('ada', 'ops', '/oncall')).failed).toBeNull()
    await act(slack, 'deliver-to', {})
    expect((await slack.command('ada', 'ops', '/oncall')).failed).toBe('dispatch_failed')
    expect(requests).toHaveLength(1)
  })
})

describe('the journal of what was sent', () => {
  test('says what, when, how long the acknowledgement took, and what came of it', async () => {
    const slack = await slackWith({ events: ['message.channels'] })
    await connect(slack, async (received) => {
      if (received.type === 'slash_commands') await new Promise((resolve) => setTimeout(resolve, 60))
      return received.ack(received.type === 'slash_commands' ? { text: 'done' } : undefined)
    })
    await slack.command('ada', 'ops', '/oncall help')
    slack.say('ada', 'ops', 'hello')
    const ended = () => slack.deliveries().filter(({ outcome }) => outcome === 'ok')
    await until(() => ended().length === 2)
    const [command, event] = slack.deliveries()
    expect(command).toMatchObject({
      kind: 'slash_commands',
      what: '/oncall',
      via: 'socket',
      envelope_id: expect.any(String),
      payload: { text: 'help', user_id: 'UADA00000' },
      retry_num: 0,
      ack: { text: 'done' },
      outcome: 'ok',
      fault: null,
    })
    expect(command?.ack_ms).toBeGreaterThanOrEqual(55)
    expect(command?.payload).not.toHaveProperty('token')
    expect(event).toMatchObject({ kind: 'events_api', what: 'message channel', ack: {} })
    // Calls and deliveries are counted together: their order can be seen.
    await clientOf(slack).api.test()
    expect(slack.journal().at(-1)?.n).toBe(Number(event?.n) + 1)
  })

  test('knows an acknowledgement that came too late from one that never came', async () => {
    const slack = await slackWith()
    const late: Promise<unknown>[] = []
    await connect(slack, (received) => {
      if (received.body.text !== 'late') return
      late.push(new Promise((resolve) => setTimeout(resolve, 600)).then(() => received.ack()))
    })
    await slack.command('ada', 'ops', '/oncall late')
    await slack.command('ada', 'ops', '/oncall never')
    await Promise.all(late)
    await until(() => slack.deliveries()[0]?.outcome === 'too_late')
    expect(slack.deliveries()[1]?.outcome).toBe('operation_timeout')
  })

  test('slow acknowledgements: within three seconds nobody notices, after them nobody listens', async () => {
    const slack = await slackWith()
    await connect(slack, (received) => received.ack('done'))
    slack.fault({ kind: 'slow_acks', ms: 50, count: 1 })
    expect((await slack.command('ada', 'ops', '/oncall')).saw).toMatchObject([{ text: 'done' }])
    slack.fault({ kind: 'slow_acks', ms: 1_000, count: 1 })
    expect((await slack.command('ada', 'ops', '/oncall')).failed).toBe('operation_timeout')
    expect(slack.deliveries().map(({ fault, outcome }) => [fault, outcome])).toEqual([
      ['ack_late', 'ok'],
      ['ack_late', 'operation_timeout'],
    ])
  })

  test('is read as a stream, in both directions, when it begins and when it ends', async () => {
    const slack = await slackWith()
    await listen(slack)
    await clientOf(slack).api.test()
    const stop = new AbortController()
    const response = await fetch(`${slack.url}_control/traffic?since=1`, { signal: stop.signal })
    const traffic: Traffic[] = []
    const reading = (async () => {
      let text = ''
      for await (const chunk of response.body ?? []) {
        text += Buffer.from(chunk).toString()
        const lines = text.split('\n')
        text = lines.pop() ?? ''
        for (const line of lines) if (line.startsWith('data: ')) traffic.push(JSON.parse(line.slice(6)))
      }
    })().catch(() => {})
    await slack.command('ada', 'ops', '/oncall')
    await until(() => traffic.length === 3)
    stop.abort()
    await reading
    expect(traffic).toMatchObject([
      { type: 'call', call: { method: 'api.test', outcome: 'ok' } },
      { type: 'delivery', delivery: { outcome: 'waiting' } },
      { type: 'delivery', delivery: { outcome: 'ok' } },
    ])
  })
})

test('whatever somebody makes up goes to the app as it is, signed', async () => {
  const slack = await slackWith()
  const received = await listen(slack)
  const payload = {
    type: 'block_actions',
    team: { id: 'T0OTHER00' },
    user: { id: 'U1', team_id: 'T0OTHER00' },
    actions: [],
  }
  const sent = await act(slack, 'deliver', { kind: 'interactive', payload })
  expect(received).toMatchObject([{ type: 'interactive', body: payload }])
  expect(sent.body.delivery).toMatchObject({ outcome: 'ok', what: 'block_actions' } satisfies Partial<Delivery>)
  const { requests, http } = await httpApp((request, response) => {
    response.end(JSON.stringify({ challenge: JSON.parse(request.body).challenge }))
  })
  slack.deliverTo(http)
  const verification = { type: 'url_verification', challenge: 'c4a11e' }
  const asked = await act(slack, 'deliver', {
    kind: 'events_api',
    payload: verification,
    retry_num: 2,
    retry_reason: 'x',
  })
  expect(asked.body.delivery.ack).toEqual({ challenge: 'c4a11e' })
  expect(requests[0]?.headers).toMatchObject({ 'x-slack-retry-num': '2', 'x-slack-retry-reason': 'x' })
})

test('a stale read lacks what was just written', async () => {
  const clock = handClock()
  const slack = await slackWith({ clock })
  const client = clientOf(slack)
  await client.chat.postMessage({ channel: '#ops', text: 'old' })
  clock.at += 10_000
  await client.chat.postMessage({ channel: '#ops', text: 'new' })
  slack.fault({ kind: 'stale', method: 'conversations.history', ms: 5_000, count: 1 })
  const texts = async () =>
    (await client.conversations.history({ channel: 'COPS00000' })).messages?.map(({ text }) => text)
  expect(await texts()).toEqual(['old'])
  expect(await texts()).toEqual(['new', 'old'])
})
