import { randomBytes, randomUUID } from 'node:crypto'
import { dmOf, escaped, post, slackbotSays } from './acts.ts'
import { isRecord, judgeView, type Usable, usables } from './blocks.ts'
import { Refused, type Triggers } from './call.ts'
import type { Ack, Kind, Line, Timing } from './delivery.ts'
import { closeModals, replaceView, showModal } from './methods/views.ts'
import { answerIn, grant, type Responses } from './responses.ts'
import { messageOf } from './seen.ts'
import { slackMessage, slackView } from './slack-shapes.ts'
import type { InteractRequest, Reaction, SubmitReply, SuggestReply } from './wire.ts'
import {
  findRoom,
  findUser,
  needUser,
  type Room,
  type Stored,
  type StoredView,
  type User,
  type Workspace,
  watch,
} from './workspace.ts'

/** What people do in the workspace that the app hears of: commands, clicks, forms. */

export interface Switchboard {
  ws: Workspace
  /** The way to the app for this kind of envelope. */
  line(kind: Kind): Line
  timing: Timing
  triggers: TriggerBox
  responses: Responses
  /** `http://127.0.0.1:4200` */
  base: string
  /** What external selects offered last, so that a choice can be shown by its text: by value. */
  offered: Map<string, unknown>
}

/** A person cannot do that: the page shows the sentence, a test fails with it. */
export class Impossible extends Error {
  readonly code: string
  constructor(code: string, sentence: string) {
    super(sentence)
    this.code = code
  }
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

/** A channel that this person is in and can write to. `dm` and the bot's name are the DM with the bot. */
export function roomFor(ws: Workspace, user: User, which: string): Room {
  const isDm = which === 'dm' || which === ws.app.botUser || which === `@${ws.app.name}`
  const room = isDm ? dmOf(ws, user) : findRoom(ws, which)
  if (!room || (room.kind !== 'public' && !room.members.has(user.id))) {
    throw new Impossible('channel_not_found', `There is no channel ${which} that ${user.realName} can see.`)
  }
  if (!room.members.has(user.id)) {
    throw new Impossible('not_in_channel', `${user.realName} is not in #${room.name}. Join it first.`)
  }
  if (room.archived) throw new Impossible('is_archived', `#${room.name} is archived.`)
  return room
}

/** What appeared for a person in a channel while something ran. */
function witness(ws: Workspace, user: User, room: Room): { saw: Stored[]; end(): void } {
  const saw: Stored[] = []
  const end = watch(ws, (happening) => {
    if (happening.type !== 'message' || happening.message.channel !== room.id) return
    const { onlyFor } = happening.message
    if (onlyFor === null || onlyFor === user.id) saw.push(happening.message)
  })
  return { saw, end }
}

function reaction(room: Room, saw: readonly Stored[], failed: string | null, warning: string | null): Reaction {
  const there = saw.filter((message) => room.messages.has(message.ts))
  return { ok: true, saw: there.map((message) => messageOf(room, message)), failed, warning }
}

/** The person types a slash command and sends it. Answers once the app acknowledged it, or Slack gave up. */
export async function command(board: Switchboard, who: string, where: string, line: string): Promise<Reaction> {
  const { ws } = board
  const user = actor(ws, who)
  const room = roomFor(ws, user, where)
  const [, name = '', rest = ''] = /^(\S+)\s*([\s\S]*)$/.exec(line.trim()) ?? []
  const { saw, end } = witness(ws, user, room)
  try {
    if (!ws.commands.includes(name)) {
      slackbotSays(ws, room, user.id, `\`${name}\` is not a valid command. ${NOT_A_COMMAND}`)
      return reaction(room, saw, null, null)
    }
    const payload = commandPayload(board, user, room, name, rest.trim())
    const ack = await board.line('slash_commands').deliver(first('slash_commands', payload))
    const failed = typeof ack === 'string' ? ack : sayAck(ws, user, room, ack)
    if (failed === null) return reaction(room, saw, null, null)
    const warning = `${name} failed with the error "${failed}"`
    slackbotSays(ws, room, user.id, warning)
    return reaction(room, saw, failed, warning)
  } finally {
    end()
  }
}

const NOT_A_COMMAND =
  'In Slack, all messages that start with the "/" character are interpreted as commands. To send a message and not a command, try preceding the "/" with an empty space.'

const first = (kind: Kind, payload: Record<string, unknown>) => ({ kind, payload, retry: { attempt: 0, reason: '' } })

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

function commandPayload(board: Switchboard, user: User, room: Room, name: string, rest: string) {
  const { ws } = board
  const channelName = { public: room.name, private: 'privategroup', im: 'directmessage' }[room.kind]
  return {
    token: ws.app.verificationToken,
    team_id: ws.team.id,
    team_domain: ws.team.domain,
    channel_id: room.id,
    channel_name: channelName,
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

function responseUrl(board: Switchboard, room: Room, user: User, original: string | null): string {
  const token = grant(board.ws, board.responses, board.timing.responseUrlMs, { room, user: user.id, original })
  return `${board.base}/response/${token}`
}

/** Where an element is: in a message, or in a view. */
type Place = { room: Room; message: Stored } | { view: StoredView }

type ElementRequest = Pick<InteractRequest, 'channel' | 'ts' | 'view_id' | 'action_id' | 'block_id'>

function placeOf(ws: Workspace, user: User, request: ElementRequest): Place {
  if (request.view_id !== undefined) return { view: openView(ws, user, request.view_id) }
  const room = roomFor(ws, user, request.channel ?? '')
  const message = room.messages.get(request.ts ?? '')
  if (!message || (message.onlyFor !== null && message.onlyFor !== user.id)) {
    throw new Impossible('message_not_found', 'That message is gone.')
  }
  return { room, message }
}

function openView(ws: Workspace, user: User, id: string): StoredView {
  const open = [ws.homes.get(user.id), ws.modals.get(user.id)?.at(-1)]
  const view = ws.views.get(id)
  if (!view || !open.includes(id)) throw new Impossible('view_not_found', 'That window is closed.')
  return view
}

function elementOf(place: Place, request: ElementRequest): Usable {
  const { blocks } = 'view' in place ? place.view : place.message
  const found = usables(blocks).filter(
    (item) => item.action_id === request.action_id && (request.block_id ?? item.block_id) === item.block_id,
  )
  const [only, another] = found
  if (!only) throw new Impossible('no_such_button', `There is no ${request.action_id} there any more.`)
  if (another) throw new Impossible('ambiguous', `There are several ${request.action_id} there; name the block.`)
  return only
}

/** The person clicks a button, or chooses in a menu. Answers once the app acknowledged it, or Slack gave up. */
export async function press(board: Switchboard, request: InteractRequest): Promise<Reaction> {
  const { ws } = board
  const user = actor(ws, request.user)
  const place = placeOf(ws, user, request)
  const used = elementOf(place, request)
  const room = 'view' in place ? dmOf(ws, user) : place.room
  const chosen = choice(board, used, request.value)
  if ('view' in place) remember(place.view, used, chosen)

  const { saw, end } = witness(ws, user, room)
  try {
    const payload = actionPayload(board, user, place, used, chosen)
    const ack = await board.line('interactive').deliver(first('interactive', payload))
    if (typeof ack !== 'string') return reaction(room, saw, null, null)
    return reaction(room, saw, ack, troubleWith(ws, ack))
  } finally {
    end()
  }
}

const troubleWith = (ws: Workspace, failed: Extract<Ack, string>): string =>
  failed === 'operation_timeout'
    ? `Operation timed out. ${ws.app.name} did not respond in time (${failed}).`
    : `We had some trouble connecting to ${ws.app.name}. Try again? (${failed})`

function actionPayload(
  board: Switchboard,
  user: User,
  place: Place,
  used: Usable,
  chosen: Record<string, unknown>,
): Record<string, unknown> {
  const { ws } = board
  const { type, action_id, block_id } = used
  const action = {
    action_id,
    block_id,
    type,
    ...(used.element.text === undefined ? {} : { text: used.element.text }),
    ...(used.element.style === undefined ? {} : { style: used.element.style }),
    ...chosen,
    action_ts: (ws.clock.now() / 1000).toFixed(6),
  }
  return {
    type: 'block_actions',
    ...common(board, user),
    ...whereabouts(board, user, place, used, chosen),
    actions: [action],
  }
}

/** The fields that every interaction has. */
function common(board: Switchboard, user: User): Record<string, unknown> {
  const { ws } = board
  return {
    user: { id: user.id, username: user.name, name: user.name, team_id: ws.team.id },
    api_app_id: ws.app.id,
    token: ws.app.verificationToken,
    trigger_id: board.triggers.issue(user.id),
    team: { id: ws.team.id, domain: ws.team.domain },
    enterprise: null,
    is_enterprise_install: false,
  }
}

function whereabouts(
  board: Switchboard,
  user: User,
  place: Place,
  used: Usable,
  chosen: Record<string, unknown>,
): Record<string, unknown> {
  const { ws } = board
  if ('view' in place) {
    return { container: { type: 'view', view_id: place.view.id }, view: slackView(ws, place.view) }
  }
  const { room, message } = place
  const is_ephemeral = message.onlyFor !== null
  const held =
    used.type === 'button' ? {} : { [used.block_id]: { [used.action_id ?? '']: { type: used.type, ...chosen } } }
  return {
    container: {
      type: 'message',
      message_ts: message.ts,
      channel_id: room.id,
      is_ephemeral,
      ...(message.threadTs === null ? {} : { thread_ts: message.threadTs }),
    },
    channel: { id: room.id, name: { public: room.name, private: 'privategroup', im: 'directmessage' }[room.kind] },
    // Slack does not send ephemeral messages back.
    ...(is_ephemeral ? {} : { message: slackMessage(ws, room, message, true) }),
    state: { values: held },
    response_url: responseUrl(board, room, user, message.ts),
  }
}

/** What an action says was chosen, in the fields of the element's type. */
function choice(board: Switchboard, used: Usable, value: string | string[] | undefined): Record<string, unknown> {
  const one = Array.isArray(value) ? value[0] : value
  const many = Array.isArray(value) ? value : value === undefined ? [] : [value]
  switch (used.type) {
    case 'button':
    case 'workflow_button':
    case 'icon_button':
      return used.element.value === undefined ? {} : { value: used.element.value }
    case 'static_select':
    case 'radio_buttons':
    case 'overflow':
      return { selected_option: one === undefined ? null : optionOf(used, one) }
    case 'external_select':
      return { selected_option: one === undefined ? null : offeredOption(board, one) }
    case 'multi_static_select':
    case 'checkboxes':
      return { selected_options: many.map((item) => optionOf(used, item)) }
    case 'multi_external_select':
      return { selected_options: many.map((item) => offeredOption(board, item)) }
    case 'users_select':
      return { selected_user: one === undefined ? null : needUser(board.ws, one).id }
    case 'multi_users_select':
      return { selected_users: many.map((item) => needUser(board.ws, item).id) }
    case 'conversations_select':
      return { selected_conversation: one ?? null }
    case 'multi_conversations_select':
      return { selected_conversations: many }
    case 'channels_select':
      return { selected_channel: one ?? null }
    case 'multi_channels_select':
      return { selected_channels: many }
    case 'datepicker':
      return { selected_date: one ?? null }
    case 'timepicker':
      return { selected_time: one ?? null }
    case 'datetimepicker':
      return { selected_date_time: one === undefined ? null : Number(one) }
    default:
      return { value: one ?? null }
  }
}

function optionOf(used: Usable, value: string): unknown {
  const groups = Array.isArray(used.element.option_groups) ? used.element.option_groups.filter(isRecord) : []
  const options = [used.element.options, ...groups.map((group) => group.options)].filter(Array.isArray).flat()
  const found = options.filter(isRecord).find((option) => option.value === value)
  if (!found) throw new Impossible('no_such_option', `There is no choice ${value} in ${used.action_id}.`)
  return found
}

const offeredOption = (board: Switchboard, value: string): unknown =>
  board.offered.get(value) ?? { text: { type: 'plain_text', text: value, emoji: true }, value }

function remember(view: StoredView, used: Usable, chosen: Record<string, unknown>): void {
  if (used.type === 'button') return
  view.values[used.block_id] = { ...view.values[used.block_id], [used.action_id ?? '']: { type: used.type, ...chosen } }
}

/** The person types into an external select: the app is asked for choices. */
export async function suggest(
  board: Switchboard,
  request: ElementRequest & { user: string; value: string },
): Promise<SuggestReply> {
  const user = actor(board.ws, request.user)
  const place = placeOf(board.ws, user, request)
  const used = elementOf(place, request)
  const payload = {
    type: 'block_suggestion',
    ...common(board, user),
    ...whereabouts(board, user, place, used, {}),
    action_id: used.action_id,
    block_id: used.block_id,
    value: request.value,
  }
  const ack = await board.line('interactive').deliver(first('interactive', payload))
  if (typeof ack === 'string') return { ok: true, options: [] }
  const groups = Array.isArray(ack.option_groups) ? ack.option_groups.filter(isRecord) : []
  const options = [ack.options, ...groups.map((group) => group.options)].filter(Array.isArray).flat().filter(isRecord)
  for (const option of options) board.offered.set(String(option.value), option)
  const textOf = (option: Record<string, unknown>) => (isRecord(option.text) ? String(option.text.text) : '')
  return {
    ok: true,
    options: options.slice(0, 100).map((option) => ({ text: textOf(option), value: String(option.value) })),
  }
}

/** The person presses a modal's submit button. */
export async function submit(
  board: Switchboard,
  request: { user: string; view_id: string; values: Record<string, string | string[]> },
): Promise<SubmitReply> {
  const { ws } = board
  const user = actor(ws, request.user)
  const view = openView(ws, user, request.view_id)
  const room = dmOf(ws, user)
  for (const block of view.blocks) {
    if (block.type !== 'input' || block.block_id === undefined) continue
    const [used] = usables([block])
    if (used) remember(view, used, choice(board, used, request.values[block.block_id]))
  }
  const errors = incomplete(view, request.values)
  if (Object.keys(errors).length > 0) return { ...reaction(room, [], null, null), errors }

  const { saw, end } = witness(ws, user, room)
  try {
    const payload = { type: 'view_submission', ...common(board, user), view: slackView(ws, view), response_urls: [] }
    const ack = await board.line('interactive').deliver(first('interactive', payload))
    if (typeof ack === 'string') return { ...reaction(room, saw, ack, troubleWith(ws, ack)), errors: {} }
    const wrong = obey(ws, user, view, ack)
    if (typeof wrong === 'string')
      return { ...reaction(room, saw, wrong, troubleWith(ws, 'dispatch_failed')), errors: {} }
    return { ...reaction(room, saw, null, null), errors: wrong }
  } finally {
    end()
  }
}

/** What the person left out: Slack does not send such a form. */
function incomplete(view: StoredView, values: Record<string, string | string[]>): Record<string, string> {
  const missing = view.blocks.filter(
    (block) =>
      block.type === 'input' && !block.optional && !values[block.block_id ?? '']?.length && !hasInitial(block.element),
  )
  return Object.fromEntries(missing.map((block) => [block.block_id ?? '', 'Please complete this required field.']))
}

const hasInitial = (element: object): boolean => Object.keys(element).some((key) => key.startsWith('initial_'))

/** Does what the acknowledgement of a form asks. Field errors, or the code of an answer that Slack would not take. */
function obey(
  ws: Workspace,
  user: User,
  view: StoredView,
  ack: Record<string, unknown>,
): Record<string, string> | string {
  switch (ack.response_action) {
    case undefined:
      closeModals(ws, user.id, 'top')
      return {}
    case 'clear':
      closeModals(ws, user.id, 'all')
      return {}
    case 'errors':
      return isRecord(ack.errors)
        ? Object.fromEntries(Object.entries(ack.errors).map(([block, sentence]) => [block, String(sentence)]))
        : 'invalid_response_action'
    case 'update':
    case 'push': {
      const judged = judgeView(ack.view, 'modal')
      if ('problems' in judged) return 'invalid_view'
      if (ack.response_action === 'push') showModal(ws, user.id, judged.view, 'push')
      else replaceView(ws, view, judged.view)
      return {}
    }
    default:
      return 'invalid_response_action'
  }
}

/** The person closes the open modal; the app hears of it when the modal asked for that. */
export async function dismiss(board: Switchboard, who: string): Promise<void> {
  const { ws } = board
  const user = actor(ws, who)
  const view = ws.views.get(ws.modals.get(user.id)?.at(-1) ?? '')
  closeModals(ws, user.id, 'top')
  if (!view?.notifyOnClose) return
  const payload = { type: 'view_closed', ...common(board, user), view: slackView(ws, view), is_cleared: false }
  await board.line('interactive').deliver(first('interactive', { ...payload, event_id: randomUUID() }))
}
