import { type Logger, LogLevel, SocketModeClient } from '@slack/socket-mode'
import { WebClient, type WebClientOptions } from '@slack/web-api'
import { onTestFinished } from 'vitest'
import { type LocalSlack, type SlackOptions, startWorkspace } from '../../src/sandbox/server.ts'
import type { State } from '../../src/sandbox/wire.ts'

/** Quick enough for tests, long enough for a busy machine. */
const QUICK = { ackMs: 400, retryMs: [0, 40, 80] }

/** Refusals are what these tests are about: nobody needs to read of them. */
const quiet: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  setLevel() {},
  getLevel: () => LogLevel.ERROR,
  setName() {},
}

/** A workspace with ada, bart, a guest, somebody who left, and the bot in #ops and #secret. */
export async function slackWith(options: Partial<SlackOptions> = {}): Promise<LocalSlack> {
  const slack = await startWorkspace({
    users: ['ada', 'bart', { name: 'gus', isRestricted: true }, { name: 'lea', deleted: true }],
    channels: [
      { name: 'general', bot: true },
      { name: 'ops', bot: true },
      'random',
      { name: 'secret', private: true, members: ['ada'], bot: true },
      { name: 'hidden', private: true, members: ['ada'] },
      { name: 'old', bot: true, archived: true },
    ],
    groups: [{ handle: 'oncall', users: ['ada'] }],
    commands: ['/oncall', '/page'],
    timing: QUICK,
    ...options,
  })
  onTestFinished(() => slack.close())
  return slack
}

/** A clock that a test moves. */
export interface HandClock {
  at: number
  now(): number
}

/** 2018-03-15 16:00 in Berlin. */
export const handClock = (at = Date.parse('2018-03-15T16:00:00+01:00')): HandClock => ({
  at,
  now() {
    return this.at
  },
})

/** The real client, without its retries. */
export function clientOf(slack: LocalSlack, options: WebClientOptions = {}, token = slack.botToken): WebClient {
  return new WebClient(token, {
    slackApiUrl: slack.apiUrl,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    logger: quiet,
    ...options,
  })
}

/** What the real Socket Mode client hands on. */
export interface Received {
  type: string
  envelope_id: string
  // biome-ignore lint/suspicious/noExplicitAny: payloads are looked into freely here
  body: any
  ack: (response?: object | string) => Promise<void>
  retry_num: number | undefined
  retry_reason: string | undefined
}

/** The real Socket Mode client, connected. */
export async function connect(
  slack: LocalSlack,
  onEnvelope: (received: Received) => unknown,
  options: { clientPingTimeout?: number } = {},
): Promise<SocketModeClient> {
  const client = new SocketModeClient({
    appToken: slack.appToken,
    clientOptions: { slackApiUrl: slack.apiUrl },
    logger: quiet,
    clientPingTimeout: 1000,
    ...options,
  })
  client.on('slack_event', onEnvelope)
  await client.start()
  onTestFinished(() => client.disconnect())
  return client
}

/** Everything that the app is sent from now on, acknowledged at once. */
export async function listen(slack: LocalSlack): Promise<Received[]> {
  const received: Received[] = []
  await connect(slack, (each) => {
    received.push(each)
    return each.ack()
  })
  return received
}

/** The events among what was received. */
export const eventsIn = (received: readonly Received[]) =>
  received.filter(({ type }) => type === 'events_api').map(({ body }) => body.event)

/** The error code that a call was refused with. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call
  } catch (error) {
    return codeIn(error)
  }
  return 'ok'
}

function codeIn(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error)
  if ('data' in error && typeof error.data === 'object' && error.data !== null && 'error' in error.data)
    return String(error.data.error)
  return error instanceof Error ? error.message : String(error)
}

/** A person, or an administrator, does something through the control interface. */
export async function act(slack: LocalSlack, name: string, body: object) {
  const response = await fetch(`${slack.url}_control/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely here
  return { status: response.status, body: (await response.json()) as any }
}

/** What one person sees. */
export async function stateAs(slack: LocalSlack, who: string): Promise<State> {
  const response = await fetch(`${slack.url}_control/state?as=${who}`)
  return (await response.json()) as State
}

/** Waits until it holds. */
export async function until(holds: () => boolean, ms = 15_000): Promise<void> {
  const end = Date.now() + ms
  while (!holds()) {
    if (Date.now() > end) throw new Error(`still not so after ${ms} ms: ${holds}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
