import { createHmac } from 'node:crypto'
import type { SlackCall, SlackCalls, SlackResult } from '../../src/deps.ts'
import type { HearRequest } from '../../src/slack/http.ts'
import { inside } from './host.ts'
import type { Instance } from './instance.ts'
import { addRoom, answer, createWorkspace, type Message, post, type Workspace } from './workspace.ts'
import type { Performed, World } from './world.ts'

/** One call of Slack's Web API as it was: the truth that everything is held against. */
export interface Said {
  by: string
  method: string
  /** The key that the message carries, if it does. */
  key: string | null
  channel: string
  /** When the call was made, and when it took effect. */
  calledAt: number
  at: number
  /** It took effect. */
  done: boolean
  outcome: string
  text: string
}

/** What goes wrong with calls; the first that fits strikes. */
export interface Fault {
  method: string
  fits?(args: Args): boolean
  /** So many calls are struck; without it all are. */
  count?: number
  /**
   * lost: takes effect, no reply. unsent: no connection. refused: by that name of an error, for good. http: 503, no effect. limited: 429, wait `ms`. hang: no reply within the limit of
   * the caller; hang-lost: likewise, but it took effect. slow: the effect comes after `ms`; late: the reply does.
   */
  kind: 'lost' | 'unsent' | 'refused' | 'http' | 'limited' | 'hang' | 'hang-lost' | 'slow' | 'late'
  ms?: number
  error?: string
}

type Args = Record<string, unknown>
type Answer = SlackResult<Record<string, unknown>>

export interface Slack {
  readonly ws: Workspace
  readonly said: Said[]
  faults: Fault[]
  /** What was said so lately is in no history yet. */
  staleMs: number
  /** How long a call takes. */
  latency(): number
  /** Calls whose effect is still to come. */
  underWay: number
  callsOf(instance: Instance): SlackCalls
  /** What is sent to a `response_url`. */
  respond(instance: Instance, url: string, body: string): Promise<Response>
  /** Where Slack sends what people do. */
  readonly hearers: { instance: Instance; hear: HearRequest }[]
  /** A person types a command in #ops. What Slack says is wrong; null when the bot has acknowledged it. */
  type(user: string, line: string, times?: number): Promise<string | null>
  /** A person presses a button of the latest page in their DM. Null also when there is no such button any more. */
  press(user: string, action: string, times?: number): Promise<string | null>
}

export const SIGNING_SECRET = 'a secret of the simulation'

/** The limit of our own client for a call. */
const CALL_MS = 5_000

/** Slack waits so long for an acknowledgement. */
const ACK_MS = 3_000

export function createSlack(world: World, people: Readonly<Record<string, string>>): Slack {
  const ws = createWorkspace(world.now, people)
  addRoom(ws, { id: 'C0OPS', name: 'ops', members: Object.values(people) })
  const addresses = new Map<string, { room: string; user: string }>()
  let sent = 0

  const slack: Slack = {
    ws,
    said: [],
    faults: [],
    staleMs: 0,
    latency: () => 0,
    underWay: 0,
    hearers: [],
    callsOf: (instance) => ({
      ...{ pages: caller(instance), rest: caller(instance), trouble: () => null },
    }),
    respond(instance, url, body) {
      return world.call(instance, {
        port: 'slack',
        what: 'response_url',
        async perform() {
          const { room, user } = addresses.get(url) ?? { room: '', user: '' }
          const said = JSON.parse(body) as { text: string; blocks?: unknown[]; response_type?: string }
          post(ws, {
            room,
            text: said.text,
            blocks: said.blocks ?? [],
            onlyFor: said.response_type === 'in_channel' ? null : user,
          })
          return { value: new Response('ok') }
        },
      })
    },
    type(user, line, times = 1) {
      const [, command = '', text = ''] = /^(\S+)\s*(.*)$/.exec(line) ?? []
      const form = { ...asker(user), channel_id: 'C0OPS', channel_name: 'ops', command, text }
      return deliver(new URLSearchParams(form).toString(), times)
    },
    async press(user, action, times = 1) {
      const page = ws.messages.findLast(
        ({ room, metadata }) => room === ws.dmOf(user) && metadata?.event_type === 'watchbill_page',
      )
      const button = page && buttonOf(page.blocks, action)
      if (!page || !button) return null
      return deliver(new URLSearchParams({ payload: JSON.stringify(pressed(user, page, button)) }).toString(), times)
    },
  }
  return slack

  function asker(user: string) {
    const trigger_id = `trigger-${++sent}`
    const response_url = `https://slack.test/response/${sent}`
    const user_id = people[user] ?? ''
    addresses.set(response_url, { room: 'C0OPS', user: user_id })
    return { team_id: 'T0SIM', user_id, user_name: user, api_app_id: 'A0SIM', trigger_id, response_url }
  }

  function pressed(user: string, { room, ts }: Message, button: Record<string, unknown>) {
    const { trigger_id, response_url, user_id } = asker(user)
    return {
      type: 'block_actions',
      user: { id: user_id, username: user, team_id: 'T0SIM' },
      team: { id: 'T0SIM', domain: 'simulation' },
      channel: { id: room, name: 'directmessage' },
      container: { type: 'message', message_ts: ts, channel_id: room },
      message: { ts },
      trigger_id,
      response_url,
      actions: [{ ...button, block_id: 'buttons', action_ts: ts }],
    }
  }

  /** Sends a signed request, to one process after another. */
  function deliver(text: string, times: number): Promise<string | null> {
    const able = slack.hearers.filter(({ instance }) => instance.state !== 'dead')
    if (able.length === 0) return Promise.resolve('dispatch_failed')
    const body = Buffer.from(text)
    return new Promise((resolve) => {
      const giveUp = world.alarm(world.now() + ACK_MS, () => resolve('operation_timeout'))
      const acknowledged = () => {
        giveUp()
        resolve(null)
      }
      for (let n = 0; n < times; n++) {
        const hearer = able[(sent + n) % able.length]
        if (hearer) hear(hearer, body, acknowledged)
      }
    })
  }

  function hear({ instance, hear: take }: Slack['hearers'][number], body: Buffer, acknowledged: () => void): void {
    const timestamp = String(Math.floor(world.now() / 1_000))
    const mac = createHmac('sha256', SIGNING_SECRET).update(`v0:${timestamp}:`).update(body)
    const headers: Record<string, string> = {
      'x-slack-request-timestamp': timestamp,
      'x-slack-signature': `v0=${mac.digest('hex')}`,
      'content-type': 'application/x-www-form-urlencoded',
    }
    const arrive = async () => {
      const { status } = await inside(instance.host, () => take({ header: (name) => headers[name], body }))
      const perform = async () => {
        if (status === 200) acknowledged()
        return { value: undefined }
      }
      await world.call(instance, { port: 'slack', what: `acknowledge ${status}`, perform })
    }
    // A frozen process hears when it wakes.
    world.alarm(world.now(), () => void arrive(), { of: instance })
  }

  function caller(instance: Instance): SlackCall {
    return (method, args) => {
      const calledAt = world.now()
      const perform = async () => performed(instance, method, args, calledAt)
      return world.call(instance, { port: 'slack', what: described(method, args), perform })
    }
  }

  function performed(instance: Instance, method: string, args: Args, calledAt: number): Performed<Answer> {
    const fault = strike(method, args)
    const record = (outcome: string, done: boolean) =>
      slack.said.push({
        by: instance.name,
        method,
        key: keyOf(args),
        channel: String(args['channel'] ?? args['users'] ?? ''),
        calledAt,
        at: world.now(),
        done,
        outcome: fault ? `${outcome} (${fault.kind})` : outcome,
        text: String(args['text'] ?? args['topic'] ?? ''),
      })
    const effect = (): Answer => {
      const given = answer(ws, method, args, world.now() - slack.staleMs)
      record(typeof given === 'string' ? given : 'ok', typeof given !== 'string')
      return typeof given === 'string' ? { ok: false, kind: 'never', reason: given } : { ok: true, value: given }
    }
    const nothing = (result: Answer): Answer => {
      record('nothing happened', false)
      return result
    }
    const unknown = (reason: string): Answer => ({ ok: false, kind: 'unknown', reason })
    const ms = fault?.ms ?? 1_000
    switch (fault?.kind ?? 'none') {
      case 'none':
        return slack.latency() > 0 ? after(slack.latency(), effect) : { value: effect() }
      case 'lost':
        effect()
        return { value: unknown('ECONNRESET') }
      case 'refused':
        return { value: nothing({ ok: false, kind: 'never', reason: fault?.error ?? 'fatal_error' }) }
      case 'unsent':
        return { value: nothing({ ok: false, kind: 'again', reason: 'ECONNREFUSED', afterMs: null }) }
      case 'http':
        return { value: nothing(unknown('HTTP 503')) }
      case 'limited':
        return { value: nothing({ ok: false, kind: 'again', reason: 'ratelimited', afterMs: ms }) }
      case 'hang':
        return after(CALL_MS, () => nothing(unknown('timeout')))
      case 'hang-lost':
        effect()
        return after(CALL_MS, () => unknown('timeout'))
      case 'slow':
        return after(ms, effect)
      default: {
        const result = effect()
        return after(ms, () => result)
      }
    }
  }

  /** What was sent arrives, whether or not its sender lives that long. */
  function after<T>(afterMs: number, effect: () => T): Performed<T> {
    slack.underWay += 1
    const come = () => {
      slack.underWay -= 1
      return effect()
    }
    return { afterMs, come }
  }

  function strike(method: string, args: Args): Fault | undefined {
    const found = slack.faults.find((each) => each.method === method && (each.fits?.(args) ?? true))
    if (found?.count === undefined) return found
    found.count -= 1
    if (found.count <= 0) slack.faults = slack.faults.filter((each) => each !== found)
    return found
  }
}

/** A button of a message, wherever in its blocks it is. */
function buttonOf(node: unknown, action: string): Record<string, unknown> | null {
  if (node === null || typeof node !== 'object') return null
  const record = node as Record<string, unknown>
  if (record['type'] === 'button' && record['action_id'] === action) return record
  for (const each of Object.values(record)) {
    const found = buttonOf(each, action)
    if (found) return found
  }
  return null
}

/** The key that a message carries, by which it is known again. */
function keyOf({ metadata }: { metadata?: unknown }): string | null {
  const { event_payload: payload } = (metadata ?? {}) as { event_payload?: { page_id?: unknown; key?: unknown } }
  const key = payload?.page_id ?? payload?.key
  return typeof key === 'string' ? key : null
}

const described = (method: string, args: Args) =>
  [method, keyOf(args) ?? args['channel'] ?? args['users'] ?? args['user'] ?? args['name'] ?? ''].join(' ').trim()
