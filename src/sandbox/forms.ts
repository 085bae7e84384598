import { dmOf } from './acts.ts'
import { isRecord, judgeView, usables } from './blocks.ts'
import { openView } from './clicks.ts'
import { deliver, first } from './delivery.ts'
import { actor, common, reaction, responseUrl, type Switchboard, troubleWith, witness } from './gestures.ts'
import { choice, isEmpty, remember } from './inputs.ts'
import { closeModals, DEEPEST_STACK, replaceView, showModal } from './methods/views.ts'
import type { StoredView, User, Workspace } from './model.ts'
import { slackView } from './slack-shapes.ts'
import type { DismissRequest, SubmitReply, SubmitRequest } from './wire.ts'

/** Modals: submitted, and closed. */

/** The person presses a modal's submit button. */
export async function submit(board: Switchboard, request: SubmitRequest): Promise<SubmitReply> {
  const { ws } = board
  const user = actor(ws, request.user)
  const view = openView(ws, user, request.view_id)
  const room = dmOf(ws, user)
  for (const used of usables(view.blocks)) {
    const typed = request.values[used.block_id]
    if (typed !== undefined) remember(view, used, choice(ws, board.offered, used, typed))
  }
  const errors = incomplete(view)
  if (Object.keys(errors).length > 0) return { ...reaction(ws, user, room, []), errors }

  const { saw, end } = witness(ws, user, room)
  const failing = (failed: string, warning: string): SubmitReply => ({
    ...reaction(ws, user, room, saw, { failed, warning, shown: 'modal' }),
    errors: {},
  })
  try {
    const response_urls = urlsAskedFor(board, user, view)
    const payload = { type: 'view_submission', ...common(board, user), view: slackView(ws, view), response_urls }
    const ack = await deliver(board, first('interactive', payload))
    if (!ack.ok) return failing(ack.failed, troubleWith(ws, ack.failed))
    const wrong = obey(board, user, view, ack.body)
    if (typeof wrong === 'string') return failing(wrong, troubleWith(ws, 'dispatch_failed'))
    return { ...reaction(ws, user, room, saw), errors: wrong }
  } finally {
    end()
  }
}

/** What the person left out: Slack does not send such a form. */
function incomplete(view: StoredView): Record<string, string> {
  const missing = view.blocks.filter((block) => {
    if (block.type !== 'input' || block.optional || block.block_id === undefined) return false
    return Object.values(view.values[block.block_id] ?? {}).every(isEmpty)
  })
  return Object.fromEntries(missing.map((block) => [block.block_id ?? '', 'Please complete this required field.']))
}

/** A menu of channels may ask for an address to answer to in the one that was chosen. */
function urlsAskedFor(board: Switchboard, user: User, view: StoredView) {
  return usables(view.blocks).flatMap(({ element, block_id, action_id }) => {
    if (element.response_url_enabled !== true) return []
    const held = view.values[block_id]?.[action_id ?? '']
    const room = board.ws.rooms.get(String(held?.selected_conversation ?? held?.selected_channel ?? ''))
    if (!room) return []
    return [{ block_id, action_id, channel_id: room.id, response_url: responseUrl(board, room, user, null) }]
  })
}

/** Does what the acknowledgement of a form asks. Field errors, or the code of an answer that Slack would not take. */
function obey(
  board: Switchboard,
  user: User,
  view: StoredView,
  ack: Record<string, unknown>,
): Record<string, string> | string {
  const { ws } = board
  switch (ack.response_action) {
    case undefined:
      closeModals(ws, user.id, view.clearOnClose ? 'all' : 'top')
      return {}
    case 'clear':
      closeModals(ws, user.id, 'all')
      return {}
    case 'errors':
      return errorsIn(view, ack.errors)
    case 'update':
    case 'push': {
      const judged = judgeView(ack.view, 'modal')
      if ('problems' in judged) return 'invalid_view'
      if (ack.response_action === 'update') replaceView(ws, view, judged.view)
      else if ((ws.modals.get(user.id)?.length ?? 0) >= DEEPEST_STACK) return 'push_limit_reached'
      else showModal(ws, user.id, judged.view, 'push')
      return {}
    }
    default:
      return 'invalid_response_action'
  }
}

/** By block: what is wrong with it. Each must name an input block of the form; on another one Slack shows trouble instead. */
function errorsIn(view: StoredView, given: unknown): Record<string, string> | string {
  const entries = isRecord(given) ? Object.entries(given) : []
  const inputs = new Set(view.blocks.flatMap((block) => (block.type === 'input' ? [block.block_id] : [])))
  const fit = entries.every(([block, sentence]) => inputs.has(block) && typeof sentence === 'string' && sentence !== '')
  if (entries.length === 0 || !fit) return 'invalid_errors'
  return Object.fromEntries(entries.map(([block, sentence]) => [block, String(sentence)]))
}

/** The person closes the open modal, or all; the app hears of each that asked for it. */
export async function dismiss(board: Switchboard, request: DismissRequest): Promise<void> {
  const { ws } = board
  const user = actor(ws, request.user)
  const top: StoredView | undefined = ws.views.get(ws.modals.get(user.id)?.at(-1) ?? '')
  const all = request.all === true || top?.clearOnClose === true
  const gone = closeModals(ws, user.id, all ? 'all' : 'top')
  await Promise.all(gone.filter((view) => view.notifyOnClose).map((view) => tellClosed(board, ws, user, view, all)))
}

async function tellClosed(
  board: Switchboard,
  ws: Workspace,
  user: User,
  view: StoredView,
  is_cleared: boolean,
): Promise<void> {
  const { trigger_id: _, ...who } = common(board, user)
  const payload = { type: 'view_closed', ...who, view: slackView(ws, view), is_cleared }
  await deliver(board, first('interactive', payload))
}
