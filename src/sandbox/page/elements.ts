/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import type {
  ActionsBlockElement,
  Button,
  Confirm,
  ContextActionsBlockElement,
  InputBlockElement,
  Option,
  SectionBlockAccessory,
} from '@slack/types'
import { type Child, h, on } from './dom.ts'
import { safeUrl } from './mrkdwn.ts'
import { drawTextObject, plainChildren } from './rich.ts'
import { type Place, placeKey, type Scene } from './scene.ts'

/** One interactive element of any block that this page draws. */
export type Element = Exclude<
  ActionsBlockElement | SectionBlockAccessory | InputBlockElement | ContextActionsBlockElement,
  { type: 'image' }
>

/** Where an element stands, and what it does with its value: tell the bot at once, or keep it until the modal is submitted. */
export interface Slot {
  scene: Scene
  place: Place
  block_id: string | null
  /** Set in an input block of a modal. */
  field: Field | null
  dispatch: boolean
}

interface Field {
  id: string
  /** The element says how its value is read. */
  reads(read: () => string | string[]): void
}

/** How long a pressed button shows that it waits, when nothing about its message changes. */
const BUSY_MS = 3000

export function drawElement(slot: Slot, element: Element): HTMLElement {
  switch (element.type) {
    case 'button':
      return drawButton(slot, element)
    case 'workflow_button':
      return drawButton(slot, { ...element, type: 'button' })
    case 'icon_button':
      return drawButton(slot, { ...element, type: 'button' })
    case 'feedback_buttons':
      return h(
        'span',
        { class: 'row' },
        drawButton(slot, { ...element.positive_button, type: 'button', action_id: element.action_id ?? '' }),
        drawButton(slot, { ...element.negative_button, type: 'button', action_id: element.action_id ?? '' }),
      )
    case 'overflow':
      return nativeSelect(slot, element, {
        label: 'More actions',
        options: options(element.options),
        initial: [],
        many: false,
        reset: true,
      })
    case 'static_select':
    case 'multi_static_select':
    case 'users_select':
    case 'multi_users_select':
    case 'channels_select':
    case 'multi_channels_select':
    case 'conversations_select':
    case 'multi_conversations_select':
      return nativeSelect(slot, element, selectSpec(slot.scene, element))
    case 'external_select':
    case 'multi_external_select':
      return externalSelect(slot, element)
    case 'checkboxes':
      return choices(slot, element, 'checkbox', (element.initial_options ?? []).map(optionValue))
    case 'radio_buttons':
      return choices(slot, element, 'radio', element.initial_option ? [optionValue(element.initial_option)] : [])
    case 'datepicker':
      return input(slot, element, { type: 'date', value: element.initial_date ?? '' })
    case 'timepicker':
      return input(slot, element, { type: 'time', value: element.initial_time ?? '' })
    case 'datetimepicker':
      return dateTime(slot, element)
    case 'plain_text_input':
      return element.multiline
        ? area(slot, element, element.initial_value ?? '')
        : input(slot, element, {
            type: 'text',
            value: element.initial_value ?? '',
            maxlength: element.max_length ?? null,
          })
    case 'rich_text_input':
      return area(slot, element, '')
    case 'email_text_input':
      return input(slot, element, { type: 'email', value: element.initial_value ?? '' })
    case 'url_text_input':
      return input(slot, element, { type: 'url', value: element.initial_value ?? '' })
    case 'number_input':
      return input(slot, element, {
        type: 'number',
        value: element.initial_value ?? '',
        step: element.is_decimal_allowed ? 'any' : '1',
      })
    case 'file_input':
      return h('p', { class: 'unsupported' }, 'Files cannot be uploaded in the local workspace.')
    default:
      return element satisfies never
  }
}

function drawButton(slot: Slot, button: Button): HTMLElement {
  const style = button.style === undefined ? 'button' : `button ${button.style}`
  const name = button.action_id ?? ''
  const shared = {
    class: style,
    'data-action': name,
    'data-focus': `${slot.block_id ?? ''}/${name}/${button.value ?? ''}`,
    'aria-label': button.accessibility_label ?? null,
  }
  const href = button.url === undefined ? null : safeUrl(button.url)
  const label = h('span', { class: 'label' }, ...plainChildren(button.text.text))
  const node =
    href === null
      ? h('button', { type: 'button', ...shared }, label)
      : h('a', { href, target: '_blank', rel: 'noopener noreferrer', ...shared }, label)
  const key = busyKey(slot, button)
  node.dataset.busy = key
  return on<HTMLElement, 'click'>(node, 'click', (event) => {
    if (slot.scene.ui.busy.has(key)) event.preventDefault()
    else void press(slot, button)
  })
}

function busyKey(slot: Slot, button: Button): string {
  return `${placeKey(slot.place)} ${slot.block_id ?? ''} ${button.action_id ?? ''} ${button.value ?? ''}`
}

/** The button waits until its message changes (which draws it anew), it failed, or {@link BUSY_MS} are over. */
async function press(slot: Slot, button: Button): Promise<void> {
  if (button.confirm && !(await confirmed(slot.scene, button.confirm))) return
  const key = busyKey(slot, button)
  wait(slot.scene, key, true)
  setTimeout(() => wait(slot.scene, key, false), BUSY_MS)
  const taken = await act(slot, button.action_id, button.value)
  if (!taken || button.url !== undefined) wait(slot.scene, key, false)
}

function wait(scene: Scene, key: string, waits: boolean): void {
  if (waits) scene.ui.busy.add(key)
  else scene.ui.busy.delete(key)
  showBusy(scene)
}

/** Marks the buttons that wait, wherever they are drawn now: a message may have been drawn anew since its button was pressed. */
export function showBusy(scene: Scene): void {
  for (const node of document.querySelectorAll<HTMLElement>('[data-busy]')) {
    if (scene.ui.busy.has(node.dataset.busy ?? '')) node.setAttribute('aria-busy', 'true')
    else node.removeAttribute('aria-busy')
  }
}

function act(slot: Slot, action_id: string | undefined, value: string | string[] | undefined): Promise<boolean> {
  return slot.scene.acts.interact(slot.place, {
    action_id: action_id ?? '',
    block_id: slot.block_id,
    ...(value === undefined ? {} : { value }),
  })
}

/** Slack's confirmation dialog; resolves to false when it is left by Escape or its second button. */
function confirmed(scene: Scene, confirm: Confirm): Promise<boolean> {
  return new Promise((resolve) => {
    const yes = h(
      'button',
      { type: 'submit', value: 'yes', class: confirm.style === 'danger' ? 'button danger' : 'button primary' },
      confirm.confirm?.text ?? 'Yes',
    )
    const dialog = h(
      'dialog',
      { class: 'dialog confirm', 'aria-labelledby': 'confirm-title' },
      h(
        'form',
        { method: 'dialog' },
        h('h2', { id: 'confirm-title' }, ...plainChildren(confirm.title?.text ?? 'Are you sure?')),
        h('div', { class: 'dialog-body text' }, drawTextObject(scene, confirm.text)),
        h(
          'footer',
          {},
          h('button', { type: 'submit', value: 'no', class: 'button' }, confirm.deny?.text ?? 'Cancel'),
          yes,
        ),
      ),
    )
    on(dialog, 'close', () => {
      dialog.remove()
      resolve(dialog.returnValue === 'yes')
    })
    document.body.append(dialog)
    dialog.showModal()
    yes.focus()
  })
}

/** Tells the modal how to read the value and, where the element acts by itself, the bot of every change. */
function wire<N extends HTMLElement>(slot: Slot, element: Element, node: N, read: () => string | string[]): N {
  slot.field?.reads(read)
  if (slot.field && !slot.dispatch) return node
  return on(node, 'change', () => {
    void (async () => {
      const confirm = 'confirm' in element ? element.confirm : undefined
      if (confirm && !(await confirmed(slot.scene, confirm))) return
      await act(slot, element.action_id, read())
    })()
  })
}

function labels(slot: Slot, element: Element): Record<string, string | null> {
  const placeholder = 'placeholder' in element ? element.placeholder?.text : undefined
  return {
    id: slot.field?.id ?? null,
    'aria-label': slot.field ? null : (placeholder ?? element.type.replaceAll('_', ' ')),
    'data-action': element.action_id ?? null,
    'data-focus': `${slot.block_id ?? ''}/${element.action_id ?? ''}`,
  }
}

function input(slot: Slot, element: Element, attributes: Record<string, string | number | null>): HTMLElement {
  const placeholder = 'placeholder' in element ? (element.placeholder?.text ?? null) : null
  const node = h('input', { class: 'field', placeholder, ...labels(slot, element), ...attributes })
  return wire(slot, element, node, () => node.value)
}

function area(slot: Slot, element: Element, value: string): HTMLElement {
  const placeholder = 'placeholder' in element ? (element.placeholder?.text ?? null) : null
  const node = h('textarea', { class: 'field', rows: 4, placeholder, ...labels(slot, element) }, value)
  return wire(slot, element, node, () => node.value)
}

/** Slack sends seconds since 1970; the browser's field holds a local wall-clock time. */
function dateTime(slot: Slot, element: Extract<Element, { type: 'datetimepicker' }>): HTMLElement {
  const initial = element.initial_date_time
  const local = (seconds: number) =>
    new Date(seconds * 1000 - new Date(seconds * 1000).getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
  const node = h('input', {
    class: 'field',
    type: 'datetime-local',
    value: initial === undefined ? '' : local(initial),
    ...labels(slot, element),
  })
  return wire(slot, element, node, () =>
    node.value === '' ? '' : String(Math.floor(new Date(node.value).getTime() / 1000)),
  )
}

interface Choice {
  text: string
  value: string
  group: string | null
}

interface SelectSpec {
  label: string
  options: Choice[]
  initial: string[]
  many: boolean
  reset: boolean
}

function optionValue(option: Option): string {
  return option.value ?? ''
}

function options(list: readonly Option[], group: string | null = null): Choice[] {
  return list.map((option) => ({ text: option.text.text, value: optionValue(option), group }))
}

type PlainSelect = Extract<
  Element,
  {
    type:
      | 'static_select'
      | 'multi_static_select'
      | 'users_select'
      | 'multi_users_select'
      | 'channels_select'
      | 'multi_channels_select'
      | 'conversations_select'
      | 'multi_conversations_select'
  }
>

function selectSpec(scene: Scene, element: PlainSelect): SelectSpec {
  const label = element.placeholder?.text ?? 'Choose…'
  const people = () =>
    scene.state.users
      .filter((user) => !user.deleted && !user.is_bot)
      .map((user) => ({ text: user.real_name, value: user.id, group: null }))
  const channels = () =>
    scene.state.channels
      .filter((channel) => channel.kind !== 'im' && !channel.is_archived)
      .map((channel) => ({ text: `#${channel.name}`, value: channel.id, group: null }))
  const one = (value: string | undefined) => (value === undefined ? [] : [value])
  switch (element.type) {
    case 'static_select':
    case 'multi_static_select': {
      const groups = (element.option_groups ?? []).flatMap((group) => options(group.options, group.label.text))
      const initial =
        element.type === 'static_select'
          ? element.initial_option
            ? [element.initial_option]
            : []
          : (element.initial_options ?? [])
      const many = element.type === 'multi_static_select'
      return {
        label,
        options: [...options(element.options ?? []), ...groups],
        initial: initial.map(optionValue),
        many,
        reset: false,
      }
    }
    case 'users_select':
      return { label, options: people(), initial: one(element.initial_user), many: false, reset: false }
    case 'multi_users_select':
      return { label, options: people(), initial: element.initial_users ?? [], many: true, reset: false }
    case 'channels_select':
      return { label, options: channels(), initial: one(element.initial_channel), many: false, reset: false }
    case 'multi_channels_select':
      return { label, options: channels(), initial: element.initial_channels ?? [], many: true, reset: false }
    case 'conversations_select':
      return { label, options: channels(), initial: one(element.initial_conversation), many: false, reset: false }
    case 'multi_conversations_select':
      return { label, options: channels(), initial: element.initial_conversations ?? [], many: true, reset: false }
    default:
      return element satisfies never
  }
}

function nativeSelect(slot: Slot, element: Element, spec: SelectSpec): HTMLElement {
  const node = h('select', {
    class: 'field',
    ...labels(slot, element),
    multiple: spec.many,
    ...(spec.many ? { size: Math.min(Math.max(spec.options.length, 2), 5) } : {}),
  })
  if (!spec.many)
    node.append(h('option', { value: '', disabled: spec.reset, hidden: spec.reset, selected: true }, spec.label))
  const groups = new Map<string, HTMLElement>()
  for (const option of spec.options) {
    const line = h('option', { value: option.value, selected: spec.initial.includes(option.value) }, option.text)
    if (option.group === null) {
      node.append(line)
    } else {
      const group = groups.get(option.group) ?? h('optgroup', { label: option.group })
      groups.set(option.group, group)
      group.append(line)
      node.append(group)
    }
  }
  wire(slot, element, node, () => (spec.many ? [...node.selectedOptions].map((option) => option.value) : node.value))
  if (spec.reset) on(node, 'change', () => setTimeout(() => (node.selectedIndex = 0)))
  return node
}

/** A field that asks the bot for its options while the person types; what is chosen is one of those that came back. */
function externalSelect(
  slot: Slot,
  element: Extract<Element, { type: 'external_select' | 'multi_external_select' }>,
): HTMLElement {
  const known = new Map<string, string>()
  const first = element.type === 'external_select' ? element.initial_option : element.initial_options?.[0]
  if (first) known.set(first.text.text, optionValue(first))
  const list = h('datalist', { id: `list-${Math.random().toString(36).slice(2)}` })
  const node = h('input', {
    class: 'field',
    type: 'text',
    list: list.id,
    autocomplete: 'off',
    placeholder: element.placeholder?.text ?? 'Type to search',
    value: first?.text.text ?? '',
    ...labels(slot, element),
  })
  const ask = async () => {
    if (known.has(node.value) || node.value.length < (element.min_query_length ?? 3)) return
    const found = await slot.scene.acts.suggest(slot.place, {
      action_id: element.action_id ?? '',
      block_id: slot.block_id,
      value: node.value,
    })
    for (const option of found) known.set(option.text, option.value)
    list.replaceChildren(...found.map((option) => h('option', { value: option.text })))
  }
  on(node, 'input', () => void ask())
  const read = () => known.get(node.value) ?? ''
  wire(slot, element, node, () =>
    element.type === 'external_select' ? read() : [read()].filter((value) => value !== ''),
  )
  return h('span', { class: 'external' }, node, list)
}

function choices(
  slot: Slot,
  element: Extract<Element, { type: 'checkboxes' | 'radio_buttons' }>,
  type: 'checkbox' | 'radio',
  initial: readonly string[],
): HTMLElement {
  const name = `choice-${Math.random().toString(36).slice(2)}`
  const group = h('div', {
    class: 'choices',
    role: type === 'radio' ? 'radiogroup' : 'group',
    ...labels(slot, element),
  })
  const boxes = element.options.map((option) => {
    const box = h('input', { type, name, value: optionValue(option), checked: initial.includes(optionValue(option)) })
    const hint: Child = option.description ? h('small', {}, option.description.text) : null
    group.append(h('label', {}, box, h('span', {}, drawTextObject(slot.scene, option.text), hint)))
    return box
  })
  const picked = () => boxes.filter((box) => box.checked).map((box) => box.value)
  return wire(slot, element, group, () => (type === 'radio' ? (picked()[0] ?? '') : picked()))
}
