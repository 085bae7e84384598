import { dmOf } from './acts.ts'
import { isRecord, type Usable, usables } from './blocks.ts'
import { deliver, first } from './delivery.ts'
import {
  actionTs,
  actor,
  common,
  messageFor,
  payloadName,
  reaction,
  responseUrl,
  roomFor,
  type Switchboard,
  troubleWith,
  witness,
} from './gestures.ts'
import { Impossible } from './impossible.ts'
import { choice, remember } from './inputs.ts'
import type { Room, Stored, StoredView, User, Workspace } from './model.ts'
import { slackMessage, slackView } from './slack-shapes.ts'
import type { InteractRequest, Reaction, SuggestReply, SuggestRequest } from './wire.ts'

/** Clicks on what is in a message or in a view, and what is typed into an external select. */

/** Where an element is: in a message, or in a view. */
type Place = { room: Room; message: Stored } | { view: StoredView }

type ElementRequest = Pick<InteractRequest, 'channel' | 'ts' | 'view_id' | 'action_id' | 'block_id'>

function placeOf(ws: Workspace, user: User, request: ElementRequest): Place {
  if (request.view_id !== undefined) return { view: openView(ws, user, request.view_id) }
  const room = roomFor(ws, user, request.channel ?? '')
  return { room, message: messageFor(ws, user, room, request.ts ?? '') }
}

/** The view, if it is what this person sees: their Home, or the topmost of their modals. */
export function openView(ws: Workspace, user: User, id: string): StoredView {
  const open = [ws.homes.get(user.id), ws.modals.get(user.id)?.at(-1)]
  const view = ws.views.get(id)
  if (!view || !open.includes(id)) throw new Impossible('view_not_found', 'That window is closed.')
  return view
}

function blocksOf(place: Place): unknown[] {
  if ('view' in place) return place.view.blocks
  return [...place.message.blocks, ...place.message.attachments.flatMap(({ blocks }) => blocks ?? [])]
}

function elementOf(place: Place, request: ElementRequest): Usable {
  const found = usables(blocksOf(place)).filter(
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
  const chosen = choice(ws, board.offered, used, request.value)
  if ('view' in place) remember(place.view, used, chosen)

  const { saw, end } = witness(ws, user, room)
  try {
    const ack = await deliver(board, first('interactive', actionPayload(board, user, place, used, chosen)))
    if (ack.ok) return reaction(ws, user, room, saw)
    const { failed } = ack
    const shown = 'view' in place && place.view.type === 'modal' ? 'modal' : 'element'
    return reaction(ws, user, room, saw, { failed, warning: troubleWith(ws, failed), shown })
  } finally {
    end()
  }
}

function actionPayload(
  board: Switchboard,
  user: User,
  place: Place,
  used: Usable,
  chosen: Record<string, unknown>,
): Record<string, unknown> {
  const { type, action_id, block_id } = used
  const action = {
    action_id,
    block_id,
    type,
    ...(used.element.text === undefined ? {} : { text: used.element.text }),
    ...(used.element.style === undefined ? {} : { style: used.element.style }),
    ...chosen,
    action_ts: actionTs(board.ws),
  }
  return {
    type: 'block_actions',
    ...common(board, user),
    ...whereabouts(board, user, place, used, chosen),
    actions: [action],
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
    channel: { id: room.id, name: payloadName(room) },
    // Slack does not send ephemeral messages back.
    ...(is_ephemeral ? {} : { message: slackMessage(ws, room, message, true) }),
    state: { values: held },
    response_url: responseUrl(board, room, user, message.ts),
  }
}

/** Slack shows no more choices. */
const MOST_OPTIONS = 100
/** Choices that are remembered by their text; a person may still hold one that was offered long ago. */
const OFFERED_KEPT = 2_000

/** The person types into an external select: the app is asked for choices. */
export async function suggest(board: Switchboard, request: SuggestRequest): Promise<SuggestReply> {
  const { ws } = board
  const user = actor(ws, request.user)
  const place = placeOf(ws, user, request)
  const used = elementOf(place, request)
  if (!used.type.endsWith('external_select')) {
    throw new Impossible('no_such_select', `${request.action_id} does not ask the app for choices.`)
  }
  const least = typeof used.element.min_query_length === 'number' ? used.element.min_query_length : 3
  if (request.value.length < least) return { ok: true, options: [], failed: null }
  // It can open no modal and be answered nowhere else: it has no trigger, and no address.
  const { trigger_id: _, ...who } = common(board, user)
  const { response_url: __, state: ___, ...where } = whereabouts(board, user, place, used, {})
  const payload = {
    type: 'block_suggestion',
    ...who,
    ...where,
    action_id: used.action_id,
    block_id: used.block_id,
    value: request.value,
  }
  const ack = await deliver(board, first('interactive', payload))
  if (!ack.ok) return { ok: true, options: [], failed: ack.failed }
  return offer(board, ack.body)
}

interface Choice {
  option: Record<string, unknown>
  group: string | null
}

function offer(board: Switchboard, ack: Record<string, unknown>): SuggestReply {
  const groups = Array.isArray(ack.option_groups) ? ack.option_groups.filter(isRecord) : null
  const lists = groups
    ? groups.map((group) => ({ group: textOf(group.label), options: group.options }))
    : [{ group: null, options: ack.options }]
  if (!lists.every(({ options }) => Array.isArray(options))) return { ok: true, options: [], failed: 'invalid_options' }
  const choices: Choice[] = lists.flatMap(({ group, options }) =>
    (options as unknown[]).filter(isRecord).map((option) => ({ option, group })),
  )
  const wrong = choices.some(
    ({ option }) => typeof option.value !== 'string' || !fits(textOf(option.text), option.value),
  )
  if (wrong || choices.length > MOST_OPTIONS) return { ok: true, options: [], failed: 'invalid_options' }
  for (const { option } of choices) board.offered.set(String(option.value), option)
  for (const old of [...board.offered.keys()].slice(0, Math.max(0, board.offered.size - OFFERED_KEPT)))
    board.offered.delete(old)
  return {
    ok: true,
    options: choices.map(({ option, group }) => ({
      text: textOf(option.text),
      value: String(option.value),
      ...(group === null ? {} : { group }),
    })),
    failed: null,
  }
}

const textOf = (text: unknown): string => (isRecord(text) ? String(text.text) : '')

/** Slack's limits on a choice. */
const fits = (text: string, value: string): boolean =>
  text.length >= 1 && text.length <= 75 && value.length >= 1 && value.length <= 75
