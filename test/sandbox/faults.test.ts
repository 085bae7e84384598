import { WebAPIHTTPError, WebAPIRateLimitedError, WebAPIRequestError } from '@slack/web-api'
import { describe, expect, test } from 'vitest'
import type { LocalSlack } from '../../src/sandbox/server.ts'
import { clientOf, connect, type Received, refusal, slackWith, until } from './support.ts'

const post = (slack: LocalSlack, channel = '#ops', timeout = 0) =>
  clientOf(slack, { timeout }).chat.postMessage({ channel, text: 'x' })
const said = (slack: LocalSlack) => slack.channel('ops').messages.length
const last = (slack: LocalSlack) => slack.journal().at(-1)

describe('calls', () => {
  test('429 with Retry-After, as often as asked', async () => {
    const slack = await slackWith()
    slack.fault({ kind: 'ratelimited', method: 'chat.postMessage', retry_after: 7, count: 1 })
    const refused = post(slack)
    await expect(refused).rejects.toBeInstanceOf(WebAPIRateLimitedError)
    await expect(refused).rejects.toMatchObject({ retryAfter: 7 })
    expect(last(slack)).toMatchObject({ outcome: 'ratelimited', done: false })
    await post(slack)
    expect(said(slack)).toBe(1)
  })

  test('a page of a broken proxy', async () => {
    const slack = await slackWith()
    slack.fault({ kind: 'http', status: 503 })
    await expect(post(slack)).rejects.toBeInstanceOf(WebAPIHTTPError)
    expect(last(slack)).toMatchObject({ outcome: 'http_503', done: false })
    slack.resetFaults()
    await post(slack)
  })

  test('a call that is never answered is not done', async () => {
    const slack = await slackWith()
    slack.fault({ kind: 'hang', method: 'chat.*' })
    await expect(post(slack, '#ops', 60)).rejects.toBeInstanceOf(WebAPIRequestError)
    expect(said(slack)).toBe(0)
    expect(last(slack)).toMatchObject({ outcome: 'hang', done: false, answered_at: null })
  })

  test('a lost reply: it is done, and nobody is told', async () => {
    const slack = await slackWith()
    slack.fault({ kind: 'lost_reply', count: 1 })
    await expect(post(slack)).rejects.toBeInstanceOf(WebAPIRequestError)
    expect(said(slack)).toBe(1)
    expect(last(slack)).toMatchObject({ outcome: 'lost_reply', done: true, ts: slack.channel('ops').messages[0]?.ts })
  })

  test('a slow answer', async () => {
    const slack = await slackWith()
    slack.fault({ kind: 'slow', ms: 80 })
    const before = performance.now()
    await post(slack)
    expect(performance.now() - before).toBeGreaterThan(75)
  })

  test('an error of Slack’s', async () => {
    const slack = await slackWith()
    slack.fault({ kind: 'error', error: 'fatal_error', channel: 'ops' })
    expect(await refusal(post(slack))).toBe('fatal_error')
    expect(await refusal(post(slack, '#general'))).toBe('ok')
  })

  test('only for one person’s DM', async () => {
    const slack = await slackWith()
    slack.fault({ kind: 'error', error: 'fatal_error', channel: 'ada' })
    expect(await refusal(post(slack, 'UADA00000'))).toBe('fatal_error')
    expect(await refusal(post(slack, 'UBART0000'))).toBe('ok')
  })

  test('by chance', async () => {
    const rolls = [0.4, 0.6]
    const slack = await slackWith({ random: () => rolls.shift() ?? 1 })
    slack.fault({ kind: 'error', error: 'fatal_error', probability: 0.5 })
    expect(await refusal(post(slack))).toBe('fatal_error')
    expect(await refusal(post(slack))).toBe('ok')
  })

  test('a response_url too', async () => {
    const slack = await slackWith()
    slack.fault({ kind: 'http', method: 'response_url', status: 500 })
    const answers: number[] = []
    await connect(slack, async (received) => {
      await received.ack()
      const headers = { 'content-type': 'application/json' }
      answers.push((await fetch(received.body.response_url, { method: 'POST', headers, body: '{"text":"x"}' })).status)
    })
    await slack.command('ada', 'ops', '/oncall')
    await until(() => answers.length === 1)
    expect(answers).toEqual([500])
  })
})

describe('sockets', () => {
  test('an envelope comes twice', async () => {
    const slack = await slackWith()
    slack.fault({ kind: 'duplicate', count: 1 })
    const received: Received[] = []
    await connect(slack, (envelope) => {
      received.push(envelope)
      return envelope.ack('once')
    })
    await slack.command('ada', 'ops', '/oncall')
    await until(() => received.length === 2)
    expect(received[0]?.envelope_id).toBe(received[1]?.envelope_id)
    expect(slack.channel('ops', 'ada').messages).toHaveLength(1)
  })

  test('acks are lost: the person sees a failure, an event comes again', async () => {
    const slack = await slackWith({ events: ['message.channels'] })
    let events = 0
    await connect(slack, (envelope) => {
      if (envelope.type === 'events_api') events += 1
      return envelope.ack('here')
    })
    slack.fault({ kind: 'drop_acks', count: 1 })
    expect((await slack.command('ada', 'ops', '/oncall')).failed).toBe('operation_timeout')
    slack.fault({ kind: 'drop_acks', count: 1 })
    slack.say('ada', 'ops', 'hello')
    await until(() => events === 2)
  })

  test('envelopes are lost', async () => {
    const slack = await slackWith()
    let count = 0
    await connect(slack, () => {
      count += 1
    })
    slack.fault({ kind: 'drop_envelopes', count: 1 })
    expect((await slack.command('ada', 'ops', '/oncall')).failed).toBe('operation_timeout')
    expect(count).toBe(0)
  })

  test('connections are refused for a while', async () => {
    const slack = await slackWith()
    slack.fault({ kind: 'refuse_connections' })
    const { url = '' } = await clientOf(slack, {}, slack.appToken).apps.connections.open({})
    const outcome = await new Promise<string>((resolve) => {
      const socket = new WebSocket(url)
      socket.onopen = () => resolve('open')
      socket.onerror = () => resolve('refused')
    })
    expect(outcome).toBe('refused')
    slack.resetFaults()
    await connect(slack, () => {})
  })
})
