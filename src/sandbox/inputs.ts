import { isRecord, type Usable, usables } from './blocks.ts'
import { Impossible } from './impossible.ts'
import type { StoredView, Workspace } from './model.ts'
import { needUser } from './workspace.ts'

/** What elements hold, in the fields that Slack has for each type: `value`, `selected_option`, `selected_users`, … */

type Held = Record<string, unknown>

/** What external selects offered last, so that a choice can be shown by its text: by value. */
export type Offered = Map<string, unknown>

/** What an action, or a form, says was chosen. */
export function choice(ws: Workspace, offered: Offered, used: Usable, value: string | string[] | undefined): Held {
  const one = Array.isArray(value) ? value[0] : value
  const many = Array.isArray(value) ? value : value === undefined ? [] : [value]
  switch (used.type) {
    case 'button':
    case 'workflow_button':
    case 'icon_button':
      return used.element.value === undefined ? {} : { value: used.element.value }
    case 'feedback_buttons':
      return one === undefined ? {} : { value: one }
    case 'static_select':
    case 'radio_buttons':
    case 'overflow':
      return { selected_option: one === undefined ? null : optionOf(used, one) }
    case 'external_select':
      return { selected_option: one === undefined ? null : offeredOption(offered, one) }
    case 'multi_static_select':
    case 'checkboxes':
      return { selected_options: many.map((item) => optionOf(used, item)) }
    case 'multi_external_select':
      return { selected_options: many.map((item) => offeredOption(offered, item)) }
    case 'users_select':
      return { selected_user: one === undefined ? null : needUser(ws, one).id }
    case 'multi_users_select':
      return { selected_users: many.map((item) => needUser(ws, item).id) }
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

const offeredOption = (offered: Offered, value: string): unknown =>
  offered.get(value) ?? { text: { type: 'plain_text', text: value, emoji: true }, value }

const SAYS_NOTHING = new Set(['button', 'overflow', 'workflow_button', 'icon_button', 'feedback_buttons'])

/** Keeps what an element of a view holds, as Slack's `state.values` does. Buttons hold nothing. */
export function remember(view: StoredView, used: Usable, chosen: Held): void {
  if (SAYS_NOTHING.has(used.type)) return
  view.values[used.block_id] = { ...view.values[used.block_id], [used.action_id ?? '']: { type: used.type, ...chosen } }
}

/** By what an element is given at the start: the field that then holds it. */
const INITIAL: Record<string, string> = {
  initial_value: 'value',
  initial_option: 'selected_option',
  initial_options: 'selected_options',
  initial_user: 'selected_user',
  initial_users: 'selected_users',
  initial_channel: 'selected_channel',
  initial_channels: 'selected_channels',
  initial_conversation: 'selected_conversation',
  initial_conversations: 'selected_conversations',
  initial_date: 'selected_date',
  initial_time: 'selected_time',
  initial_date_time: 'selected_date_time',
}

/** The state of a view's elements: what the person set where the element is still there, else what it starts with. */
export function settledValues(blocks: readonly unknown[], before: StoredView['values']): StoredView['values'] {
  const values: StoredView['values'] = {}
  for (const used of usables(blocks)) {
    if (SAYS_NOTHING.has(used.type)) continue
    const id = used.action_id ?? ''
    const kept = before[used.block_id]?.[id]
    values[used.block_id] = { ...values[used.block_id], [id]: kept ?? { type: used.type, ...startOf(used) } }
  }
  return values
}

const NO_VALUES: Offered = new Map()

function startOf(used: Usable): Held {
  const given = Object.entries(used.element).flatMap(([name, value]) => {
    const field = INITIAL[name]
    return field === undefined ? [] : [[field, value]]
  })
  if (given.length > 0) return Object.fromEntries(given)
  return choice({} as Workspace, NO_VALUES, used, undefined)
}

/** Whether an element holds nothing: an input that is not optional must not. */
export const isEmpty = (held: Held | undefined): boolean =>
  !held ||
  Object.entries(held).every(
    ([name, value]) =>
      name === 'type' || value === null || value === '' || (Array.isArray(value) && value.length === 0),
  )
