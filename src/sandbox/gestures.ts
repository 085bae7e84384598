import { randomBytes } from 'node:crypto'
import { dmOf, escaped, post, seenBy, slackbotSays } from './acts.ts'
import { Refused, type Triggers } from './call.ts'
import { type Ack, deliver, type Failure, first, type PostOffice } from './delivery.ts'
import { Impossible } from './impossible.ts'
import type { Offered } from './inputs.ts'
import type { Room, Stored, User, Workspace } from './model.ts'
import { answerIn, grant, type Responses } from './responses.ts'
import { messageOf } from './seen.ts'
import { slackMessage } from './slack-shapes.ts'
import type { MessageActionRequest, Reaction, ShortcutRequest } from './wire.ts'
import { findRoom, findUser, isExternal, teamOf, watch } from './workspace.ts'

/** What people do in the workspace that the app hears of at once: commands and shortcuts. Clicks are in `clicks.ts`, modals in `forms.ts`. */

export interface Switchboard extends PostOffice {
  triggers: TriggerBox
  responses: Responses
  offered: Offered
}

export interface TriggerBox extends Triggers {
  issue(user: string): string
}

const FORGET_AFTER_MS = 60_000

/** Makes `trigger_id`s: each good for one modal, for a short while. */
export function triggerBox(lifeMs: number): TriggerBox {
  const issued = new Map<string, { user: string; until: number; used: boolean }>()
  return {
    issue(user) {
      // What is long past is forgotten: it is then unknown instead of expired.
      for (const [old, { until }] of issued) {
        if (until > Date.now() - FORGET_AFTER_MS) break
        issued.delete(old)
      }
      const id = `${Date.now()}.${randomBytes(4).readUInt32BE()}.${randomBytes(12).toString('hex')}`
      issued.set(id, { user, until: Date.now() + lifeMs, used: false })
      return id
    },
    exchange(id) {
      const trigger = issued.get(id)
      if (!trigger) return 'invalid_trigger_id'
      if (trigger.used) return 'exchanged_trigger_id'
      if (trigger.until < Date.now()) return 'expired_trigger_id'
      trigger.used = true
      return { user: trigger.user }
    },
  }
}

export function actor(ws: Workspace, who: string): User {
  const user = findUser(ws, who)
  if (!user || user.isBot) throw new Impossible('user_not_found', `There is no person ${who} in this workspace.`)
  if (user.deleted) throw new Impossible('user_disabled', `${user.realName} has left the company.`)
  return user
}

/** A channel that this person sees. `dm` and the bot's name are the DM with the bot. */
export function roomSeen(ws: Workspace, user: User, which: string): Room {
  const isDm = which === 'dm' || which === ws.app.botUser || which === `@${ws.app.name}`
  const room = isDm ? dmOf(ws, user) : findRoom(ws, which)
  if (!room || (room.kind !== 'public' && !room.members.has(user.id))) {
    throw new Impossible('channel_not_found', `There is no channel ${which} that ${user.realName} can see.`)
  }
  return room
}

/** A channel that this person is in and can write to. */
export function roomFor(ws: Workspace, user: User, which: string): Room {
  const room = roomSeen(ws, user, which)
  if (!room.members.has(user.id)) {
    throw new Impossible('not_in_channel', `${user.realName} is not in #${room.name}. Join it first.`)
  }
  if (room.archived) throw new Impossible('is_archived', `#${room.name} is archived.`)
  return room
}

/** A message that this person sees. */
export function messageFor(ws: Workspace, user: User, room: Room, ts: string): Stored {
  const message = seenBy(ws, room, ts, user)
  if (!message) throw new Impossible('message_not_found', 'That message is gone.')
  return message
}

/** What appeared for a person in a channel while something ran. */
export function witness(ws: Workspace, user: User, room: Room): { saw: Stored[]; end(): void } {
  const saw: Stored[] = []
  const end = watch(ws, (happening) => {
    if (happening.type !== 'message' || happening.message.channel !== room.id) return
    const { onlyFor } = happening.message
    if (onlyFor === null || onlyFor === user.id) saw.push(happening.message)
  })
  return { saw, end }
}

/** What failed, as the person reads it. */
interface Trouble {
  failed: string
  warning: string
  shown: NonNullable<Reaction['shown']>
}

export function reaction(ws: Workspace, user: User, room: Room, saw: readonly Stored[], trouble?: Trouble): Reaction {
  const there = saw.filter((message) => room.messages.has(message.ts))
  const messages = there.map((message) => messageOf(ws, room, message, user.id))
  return { ok: true, saw: messages, failed: null, warning: null, shown: null, ...trouble }
}

/** The person types a slash command and sends it. Answers once the app acknowledged it, or Slack gave up. */
export async function command(board: Switchboard, who: string, where: string, line: string): Promise<Reaction> {
  const { ws } = board
  const user = actor(ws, who)
  const room = roomFor(ws, user, where)
  const [, name = '', rest = ''] = /^(\S+)\s*([\s\S]*)$/.exec(line.trim()) ?? []
  const { saw, end } = witness(ws, user, room)
  try {
    // People of another company have the commands of their own company's apps only.
    if (!ws.commands.includes(name) || isExternal(user)) {
      slackbotSays(ws, room, user.id, `\`${name}\` is not a valid command. ${NOT_A_COMMAND}`)
      return reaction(ws, user, room, saw)
    }
    const payload = commandPayload(board, user, room, name, rest.trim())
    const ack = await deliver(board, first('slash_commands', payload))
    const failed = ack.ok ? sayAck(ws, user, room, ack.body) : ack.failed
    if (failed === null) return reaction(ws, user, room, saw)
    const warning = `${name} failed with the error "${failed}"`
    slackbotSays(ws, room, user.id, warning)
    return reaction(ws, user, room, saw, { failed, warning, shown: 'message' })
  } finally {
    end()
  }
}

const NOT_A_COMMAND =
  'In Slack, all messages that start with the "/" character are interpreted as commands. To send a message and not a command, try preceding the "/" with an empty space.'

/** An acknowledgement may hold the answer. Returns the error that Slack shows when it cannot be shown. */
function sayAck(ws: Workspace, user: User, room: Room, ack: Record<string, unknown>): string | null {
  try {
    const said = answerIn(ack)
    if (said) post(ws, room, ws.app.botUser, { ...said, onlyFor: ack.response_type === 'in_channel' ? null : user.id })
    return null
  } catch (error) {
    if (error instanceof Refused) return error.code
    throw error
  }
}

/** What payloads call a channel. */
export const payloadName = (room: Room): string =>
  ({ public: room.name, private: 'privategroup', im: 'directmessage', mpim: room.name })[room.kind]

function commandPayload(board: Switchboard, user: User, room: Room, name: string, rest: string) {
  const { ws } = board
  return {
    token: ws.app.verificationToken,
    team_id: ws.team.id,
    team_domain: ws.team.domain,
    channel_id: room.id,
    channel_name: payloadName(room),
    user_id: user.id,
    user_name: user.name,
    command: name,
    text: escaped(ws, rest, true),
    api_app_id: ws.app.id,
    is_enterprise_install: 'false',
    response_url: responseUrl(board, room, user, null),
    trigger_id: board.triggers.issue(user.id),
  }
}

export function responseUrl(board: Switchboard, room: Room, user: User, original: string | null): string {
  const token = grant(board.ws, board.responses, board.timing.responseUrlMs, { room, user: user.id, original })
  return `${board.ws.base}/response/${token}`
}

/** The fields that every interaction has. */
export function common(board: Switchboard, user: User): Record<string, unknown> {
  const { ws } = board
  return {
    user: { id: user.id, username: user.name, name: user.name, team_id: teamOf(ws, user) },
    api_app_id: ws.app.id,
    token: ws.app.verificationToken,
    trigger_id: board.triggers.issue(user.id),
    team: { id: ws.team.id, domain: ws.team.domain },
    enterprise: null,
    is_enterprise_install: false,
  }
}

export const actionTs = (ws: Workspace): string => (ws.clock.now() / 1000).toFixed(6)

/** What people read where an app does not answer as it must. */
export const troubleWith = (ws: Workspace, failed: Failure): string =>
  failed === 'operation_timeout'
    ? `Operation timed out. ${ws.app.name} did not respond in time (${failed}).`
    : `We had some trouble connecting to ${ws.app.name}. Try again? (${failed})`

function shortcutOf(board: Switchboard, user: User, type: 'global' | 'message', callbackId: string): void {
  const known = board.ws.shortcuts.some((each) => each.type === type && each.callback_id === callbackId)
  if (!known || isExternal(user))
    throw new Impossible('no_such_shortcut', `There is no ${type} shortcut ${callbackId}.`)
}

/** The person runs a shortcut from the composer's menu. */
export async function shortcut(board: Switchboard, request: ShortcutRequest): Promise<Reaction> {
  const { ws } = board
  const user = actor(ws, request.user)
  shortcutOf(board, user, 'global', request.callback_id)
  const payload = {
    type: 'shortcut',
    ...common(board, user),
    action_ts: actionTs(ws),
    callback_id: request.callback_id,
  }
  return runShortcut(board, user, dmOf(ws, user), payload)
}

/** The person runs a shortcut from a message's menu. */
export async function messageAction(board: Switchboard, request: MessageActionRequest): Promise<Reaction> {
  const { ws } = board
  const user = actor(ws, request.user)
  shortcutOf(board, user, 'message', request.callback_id)
  const room = roomFor(ws, user, request.channel)
  const message = messageFor(ws, user, room, request.ts)
  if (message.onlyFor !== null) throw new Impossible('message_not_found', 'Ephemeral messages have no shortcuts.')
  const payload = {
    type: 'message_action',
    ...common(board, user),
    action_ts: actionTs(ws),
    callback_id: request.callback_id,
    channel: { id: room.id, name: payloadName(room) },
    message_ts: message.ts,
    message: slackMessage(ws, room, message, true),
    response_url: responseUrl(board, room, user, message.ts),
  }
  return runShortcut(board, user, room, payload)
}

async function runShortcut(
  board: Switchboard,
  user: User,
  room: Room,
  payload: Record<string, unknown>,
): Promise<Reaction> {
  const { ws } = board
  const { saw, end } = witness(ws, user, room)
  try {
    const ack: Ack = await deliver(board, first('interactive', payload))
    if (ack.ok) return reaction(ws, user, room, saw)
    const { failed } = ack
    return reaction(ws, user, room, saw, { failed, warning: troubleWith(ws, failed), shown: 'toast' })
  } finally {
    end()
  }
}
