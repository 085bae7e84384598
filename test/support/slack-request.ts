import { createHmac, randomUUID } from 'node:crypto'
import { type OutgoingHttpHeaders, request } from 'node:http'
import type { Message } from '../../src/sandbox/wire.ts'
import { type Driver, SIGNING_SECRET } from './bot.ts'
import { standIn } from './stand-in.ts'

/** Requests as Slack sends them in HTTP mode, and as somebody might who is not Slack. */

export const JSON_TYPE = 'application/json'
export const FORM_TYPE = 'application/x-www-form-urlencoded'

export interface Answered {
  status: number
  body: string
}

type Signature = { 'x-slack-request-timestamp': string; 'x-slack-signature': string }

/** The headers that make a body Slack's. */
export function signature(body: string | Buffer, atMs: number, secret = SIGNING_SECRET): Signature {
  const timestamp = String(Math.floor(atMs / 1_000))
  const digest = createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest('hex')
  return { 'x-slack-request-timestamp': timestamp, 'x-slack-signature': `v0=${digest}` }
}

/** Sends as it is: nothing is added but the length. An array of values is a header that comes as often. */
export function send(url: string, body: string | Buffer, headers: OutgoingHttpHeaders): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const sending = request(url, { method: 'POST', headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }))
      response.on('error', reject)
    })
    sending.on('error', reject)
    sending.end(body)
  })
}

/** Signed by Slack, at this instant of the bot's clock unless it says otherwise. */
export const sendSigned = (bot: Driver, body: string | Buffer, type: string, more: OutgoingHttpHeaders = {}) =>
  send(bot.slackUrl, body, { 'content-type': type, ...signature(body, bot.clock.now()), ...more })

export const form = (fields: Record<string, string>) => new URLSearchParams(fields).toString()

type Fields = Record<string, string>

/** A slash command as Slack says it. `line` is what was typed. */
export function commandFields(bot: Driver, user: string, line: string, more: Fields = {}): Fields {
  const { app, team } = bot.slack.workspace
  const [, command = '', text = ''] = /^(\S+)\s*([\s\S]*)$/.exec(line) ?? []
  return {
    token: app.verificationToken,
    team_id: team.id,
    team_domain: team.domain,
    channel_id: 'C0OPS',
    channel_name: 'ops',
    user_id: user,
    user_name: user.toLowerCase(),
    command,
    text,
    api_app_id: app.id,
    is_enterprise_install: 'false',
    trigger_id: randomUUID(),
    ...more,
  }
}

interface Press {
  user: string
  message: Pick<Message, 'channel' | 'ts'>
  action: string
  value: string
  responseUrl?: string
  team?: string
}

/** A click on a button as Slack says it. */
export function pressPayload(bot: Driver, { user, message, action, value, responseUrl, team }: Press) {
  const { workspace } = bot.slack
  const { channel, ts } = message
  return {
    type: 'block_actions',
    user: { id: user, username: user.toLowerCase(), name: user.toLowerCase(), team_id: team ?? workspace.team.id },
    api_app_id: workspace.app.id,
    token: workspace.app.verificationToken,
    container: { type: 'message', message_ts: ts, channel_id: channel, is_ephemeral: false },
    trigger_id: randomUUID(),
    team: { id: team ?? workspace.team.id, domain: 'local' },
    enterprise: null,
    is_enterprise_install: false,
    channel: { id: channel, name: 'directmessage' },
    message: { type: 'message', user: workspace.app.botUser, ts, text: '' },
    state: { values: {} },
    ...(responseUrl === undefined ? {} : { response_url: responseUrl }),
    actions: [{ type: 'button', action_id: action, block_id: 'b', value, action_ts: '1.0' }],
  }
}

export const interaction = (payload: object) => form({ payload: JSON.stringify(payload) })

/** An address for answers, and what came there. */
export interface Post {
  url: string
  bodies(): { text?: string; response_type?: string }[]
  texts(): string[]
  close(): Promise<void>
}

export async function postBox(answer: (n: number) => number | null = () => 200): Promise<Post> {
  const got: string[] = []
  const server = await standIn((_, response, body) => {
    got.push(body)
    const status = answer(got.length)
    // Taken, and never answered.
    if (status === null) return
    response.writeHead(status, status >= 300 && status < 400 ? { location: '/elsewhere' } : {})
    response.end('ok')
  })
  return {
    url: `${server.url}/answer`,
    bodies: () => got.map((body) => JSON.parse(body) as { text?: string; response_type?: string }),
    texts: () => got.map((body) => String((JSON.parse(body) as { text?: unknown }).text)),
    close: server.close,
  }
}
