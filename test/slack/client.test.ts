import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { SlackCalls } from '../../src/deps.ts'
import type { FaultInput } from '../../src/sandbox/faults.ts'
import { type LocalSlack, startWorkspace } from '../../src/sandbox/server.ts'
import { slackCalls } from '../../src/slack/client.ts'

const log = pino({ level: 'silent' })
const args = { channel: 'C0OPS', text: 'hello' }
let slack: LocalSlack
let calls: SlackCalls

beforeAll(async () => {
  slack = await startWorkspace({ users: ['ada'], channels: [{ id: 'C0OPS', name: 'ops' }] })
  calls = slackCalls(slack.botToken, slack.apiUrl, log)
})
afterEach(() => slack.resetFaults())
afterAll(() => slack.close())

/** What each kind of trouble means for whoever called: it certainly did not happen, it may have happened, it never will. */
describe("the real client against the local workspace: Slack's answers", () => {
  test('all is well', async () => {
    expect(await calls.pages('chat.postMessage', args)).toMatchObject({ ok: true, value: { channel: 'C0OPS' } })
  })

  test.each<[string, FaultInput, object]>([
    ['429', { kind: 'ratelimited', retry_after: 7 }, { kind: 'again', reason: 'ratelimited', afterMs: 7_000 }],
    ['429 with Retry-After 0', { kind: 'ratelimited', retry_after: 0 }, { kind: 'again', afterMs: 0 }],
    ['ok: false, ratelimited', { kind: 'error', error: 'ratelimited' }, { kind: 'again', afterMs: 1_000 }],
    ['500', { kind: 'http', status: 500 }, { kind: 'unknown', reason: 'HTTP 500' }],
    ['502', { kind: 'http', status: 502 }, { kind: 'unknown', reason: 'HTTP 502' }],
    ['503', { kind: 'http', status: 503 }, { kind: 'unknown', reason: 'HTTP 503' }],
    ['a lost reply', { kind: 'lost_reply' }, { kind: 'unknown' }],
    ['no reply', { kind: 'hang' }, { kind: 'unknown' }],
    ['internal_error', { kind: 'error', error: 'internal_error' }, { kind: 'unknown', reason: 'internal_error' }],
    ['fatal_error', { kind: 'error', error: 'fatal_error' }, { kind: 'unknown', reason: 'fatal_error' }],
    ['request_timeout', { kind: 'error', error: 'request_timeout' }, { kind: 'unknown', reason: 'request_timeout' }],
    ['a broken token', { kind: 'error', error: 'invalid_auth' }, { kind: 'again', afterMs: 15_000 }],
    ['a revoked token', { kind: 'error', error: 'token_revoked' }, { kind: 'again', afterMs: 15_000 }],
    ['a deactivated app', { kind: 'error', error: 'account_inactive' }, { kind: 'again', afterMs: 15_000 }],
    [
      'a channel that is not there',
      { kind: 'error', error: 'channel_not_found' },
      { kind: 'never', reason: 'channel_not_found' },
    ],
    ['a person who is gone', { kind: 'error', error: 'user_disabled' }, { kind: 'never', reason: 'user_disabled' }],
    [
      'blocks that Slack refuses',
      { kind: 'error', error: 'invalid_blocks' },
      { kind: 'never', reason: 'invalid_blocks' },
    ],
    [
      'an error that nobody knows yet',
      { kind: 'error', error: 'brand_new_error' },
      { kind: 'never', reason: 'brand_new_error' },
    ],
  ])(
    '%s',
    async (_, fault, expected) => {
      slack.fault(fault)
      const before = slack.journal().length
      expect(await calls.pages('chat.postMessage', args)).toMatchObject({ ok: false, ...expected })
      // Retries are ours to make: the SDK makes none.
      expect(slack.journal()).toHaveLength(before + 1)
    },
    8_000,
  )

  test('a call that hangs ends after five seconds, and a 429 on one client delays the other by nothing', async () => {
    slack.fault({ kind: 'ratelimited', retry_after: 30, count: 1 })
    expect(await calls.rest('chat.postMessage', args)).toMatchObject({ ok: false, kind: 'again' })
    const began = performance.now()
    expect(await calls.rest('chat.postMessage', args)).toMatchObject({ ok: true })
    expect(await calls.pages('chat.postMessage', args)).toMatchObject({ ok: true })
    expect(performance.now() - began).toBeLessThan(10_000)
  })
})

describe("the real client against what is not Slack's", () => {
  async function answering(listener: RequestListener) {
    const server = createServer(listener)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const { pages } = slackCalls('xoxb-test', `http://127.0.0.1:${port}/api/`, log)
    const result = await pages('chat.postMessage', args)
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    return result
  }

  test('nobody listens: it certainly did not happen', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    const { pages } = slackCalls('xoxb-test', `http://127.0.0.1:${port}/api/`, log)
    expect(await pages('chat.postMessage', args)).toEqual({
      ok: false,
      kind: 'again',
      reason: 'ECONNREFUSED',
      afterMs: null,
    })
  })

  test('the name is not known: it certainly did not happen', async () => {
    const { pages } = slackCalls('xoxb-test', 'http://slack.invalid/api/', log)
    expect(await pages('chat.postMessage', args)).toMatchObject({ ok: false, kind: 'again' })
  })

  test('a page of a proxy in place of an answer: it may have happened', async () => {
    const result = await answering((_, response) => response.end('<html>please log in</html>'))
    expect(result).toMatchObject({ ok: false, kind: 'unknown' })
  })

  test('half an answer: it may have happened', async () => {
    const result = await answering((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' })
      response.write('{"ok":tr')
      setTimeout(() => response.destroy(), 20)
    })
    expect(result).toMatchObject({ ok: false, kind: 'unknown' })
  })

  test('an answer that says neither yes nor no: it may have happened', async () => {
    const result = await answering((_, response) => {
      response.setHeader('content-type', 'application/json')
      response.end('{}')
    })
    expect(result).toMatchObject({ ok: false, kind: 'unknown' })
  })

  test('429 without Retry-After: again', async () => {
    const result = await answering((_, response) => {
      response.statusCode = 429
      response.end()
    })
    expect(result).toMatchObject({ ok: false })
    expect(result).not.toMatchObject({ kind: 'never' })
  })
})
