import { randomBytes } from 'node:crypto'
import { judgeView, type ViewInput, withIds } from '../blocks.ts'
import { type Answer, type Call, type Handler, json, need, refuse, refuseWith, text } from '../call.ts'
import { settledValues } from '../inputs.ts'
import type { StoredView, Workspace } from '../model.ts'
import { slackView } from '../slack-shapes.ts'
import { emit, newId } from '../workspace.ts'

export const DEEPEST_STACK = 3
const LARGEST_VIEW_BYTES = 250_000

export const views: Record<string, Handler> = {
  'views.open'(call) {
    const input = viewOf(call, 'modal')
    const user = personOf(call)
    return answered(call, showModal(call.ws, user, input, 'open'))
  },

  'views.push'(call) {
    const input = viewOf(call, 'modal')
    const user = personOf(call)
    const stack = call.ws.modals.get(user) ?? []
    if (stack.length === 0) refuse('not_found')
    if (stack.length >= DEEPEST_STACK) refuse('push_limit_reached')
    return answered(call, showModal(call.ws, user, input, 'push'))
  },

  'views.update'(call) {
    const id = text(call, 'view_id')
    const externalId = text(call, 'external_id')
    if (id === undefined && externalId === undefined) refuseWith('invalid_arguments', ['view_id or external_id'])
    const found = [...call.ws.views.values()].find(
      (view) => view.id === id || (externalId !== undefined && view.externalId === externalId),
    )
    if (!found) return refuse('not_found')
    const input = viewOf(call, found.type, found)
    checkHash(call, found)
    return answered(call, replaceView(call.ws, found, input))
  },

  'views.publish'(call) {
    const user = call.ws.users.get(need(call, 'user_id'))
    const before = call.ws.views.get(call.ws.homes.get(user?.id ?? '') ?? '')
    const input = viewOf(call, 'home', before)
    if (!user || user.isBot) return refuseWith('invalid_arguments', ['user_id is not a person of this workspace'])
    if (before) {
      checkHash(call, before)
      return answered(call, replaceView(call.ws, before, input))
    }
    if (text(call, 'hash') !== undefined) refuse('hash_conflict')
    const view = storedView(call.ws, user.id, input, null)
    call.ws.homes.set(user.id, view.id)
    emit(call.ws, { type: 'view', kind: 'home', user: user.id })
    return answered(call, view)
  },
}

const answered = (call: Call, view: StoredView): Answer => ({ view: slackView(call.ws, view) })

/** The `view` argument, judged. Its external id is nobody else's. */
function viewOf(call: Call, type: 'modal' | 'home', own?: StoredView): ViewInput {
  const sent = json(call, 'view')
  if (sent === undefined || sent === 'unreadable') return refuseWith('invalid_arguments', ['view is not valid JSON'])
  const judged = judgeView(sent.value, type)
  if ('problems' in judged) return refuseWith('invalid_arguments', judged.problems)
  if (Buffer.byteLength(JSON.stringify(judged.view)) > LARGEST_VIEW_BYTES) refuse('view_too_large')
  const { external_id: externalId } = judged.view
  const other = [...call.ws.views.values()].find((view) => externalId && view.externalId === externalId)
  if (other && other !== own) refuse('duplicate_external_id')
  return judged.view
}

/** Whose modal it is: who acted. A workflow's `interactivity_pointer` does as well as a `trigger_id`. */
function personOf(call: Call): string {
  const id = text(call, 'trigger_id') ?? text(call, 'interactivity_pointer')
  if (id === undefined) return refuseWith('invalid_arguments', ['missing required field: trigger_id'])
  const exchanged = call.triggers.exchange(id)
  return typeof exchanged === 'string' ? refuse(exchanged) : exchanged.user
}

function checkHash(call: Call, view: StoredView): void {
  const hash = text(call, 'hash')
  if (hash !== undefined && hash !== view.hash) refuse('hash_conflict')
}

const newHash = (ws: Workspace): string => `${Math.floor(ws.clock.now() / 1000)}.${randomBytes(4).toString('hex')}`

function storedView(ws: Workspace, user: string, input: ViewInput, below: StoredView | null): StoredView {
  const id = newId(ws, 'V')
  const view: StoredView = {
    id,
    user,
    ...fields(ws, input),
    values: {},
    previous: below?.id ?? null,
    root: below?.root ?? id,
  }
  view.values = settledValues(view.blocks, {})
  ws.views.set(view.id, view)
  return view
}

function fields(ws: Workspace, input: ViewInput): Omit<StoredView, 'id' | 'user' | 'values' | 'previous' | 'root'> {
  return {
    type: input.type,
    callbackId: input.callback_id ?? '',
    externalId: input.external_id ?? '',
    privateMetadata: input.private_metadata ?? '',
    hash: newHash(ws),
    title: input.title?.text ?? '',
    submit: input.submit?.text ?? null,
    close: input.close?.text ?? null,
    notifyOnClose: input.notify_on_close ?? false,
    clearOnClose: input.clear_on_close ?? false,
    submitDisabled: input.submit_disabled ?? false,
    blocks: withIds(input.blocks),
  }
}

/** Shows a judged modal to a person: as a new one, or on top of theirs. */
export function showModal(ws: Workspace, user: string, input: ViewInput, how: 'open' | 'push'): StoredView {
  const stack = ws.modals.get(user) ?? []
  const below = how === 'push' ? (ws.views.get(stack.at(-1) ?? '') ?? null) : null
  const view = storedView(ws, user, input, below)
  if (how === 'open') for (const id of stack) ws.views.delete(id)
  ws.modals.set(user, how === 'open' ? [view.id] : [...stack, view.id])
  emit(ws, { type: 'view', kind: 'modal', user })
  return view
}

/** Puts other content in the place of a view. Blocks and inputs whose ids stay keep what the person typed. */
export function replaceView(ws: Workspace, view: StoredView, input: ViewInput): StoredView {
  Object.assign(view, fields(ws, input))
  view.values = settledValues(view.blocks, view.values)
  emit(ws, { type: 'view', kind: view.type, user: view.user })
  return view
}

/** Takes a person's modals away: the top one, or all. Answers with those that went, the topmost first. */
export function closeModals(ws: Workspace, user: string, which: 'top' | 'all'): StoredView[] {
  const stack = ws.modals.get(user) ?? []
  const gone = which === 'all' ? stack : stack.slice(-1)
  const views = gone.flatMap((id) => ws.views.get(id) ?? []).reverse()
  for (const id of gone) ws.views.delete(id)
  ws.modals.set(user, which === 'all' ? [] : stack.slice(0, -1))
  emit(ws, { type: 'view', kind: 'modal', user })
  return views
}
