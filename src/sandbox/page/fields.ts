/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import type { Option as SlackOption } from '@slack/types'
import { instantOfWall, wallTime } from './dates.ts'
import { type Child, h, icon, on } from './dom.ts'
import type { Choice } from './held.ts'
import { ICONS } from './icons.ts'
import { drawTextObject } from './rich.ts'
import { createSelect, type Option, type Source } from './select.ts'
import { act, confirmed, type Element, type Slot } from './slot.ts'
import { labelOf, nameOf } from './state.ts'

/** The elements that hold a value: texts, dates, boxes, selects, files. */

type Attributes = Record<string, string | number | boolean | null>

/** How a field is asked for its value, and put back when the person does not confirm. */
interface Value {
  many: boolean
  read(): Choice[]
  write(choices: readonly Choice[]): void
}

const asChoices = (text: string): Choice[] => (text === '' ? [] : [{ value: text, text }])

function keyOf(slot: Slot, element: Element): string {
  return `${slot.block_id ?? ''}/${element.action_id ?? ''}/${element.type}`
}

/** What it holds already, else what its block says it begins with. */
function initially(slot: Slot, element: Element, begins: readonly Choice[]): readonly Choice[] {
  return slot.held(keyOf(slot, element)) ?? begins
}

/** Tells the modal how to read the value; the answer tells the bot of a change, where the element acts by itself. */
function wired(slot: Slot, element: Element, value: Value): () => void {
  slot.field?.reads({ key: keyOf(slot, element), many: value.many, read: value.read })
  if (slot.field && !slot.dispatch) return () => undefined
  let before = value.read()
  return () => {
    void (async () => {
      const confirm = 'confirm' in element ? element.confirm : undefined
      if (confirm && !(await confirmed(slot.scene, confirm))) return value.write(before)
      before = value.read()
      const values = before.map((choice) => choice.value)
      await act(slot, element.action_id, value.many || values.length === 0 ? values : values[0])
    })()
  }
}

function marks(slot: Slot, element: Element): Record<string, string | boolean | null> {
  const placeholder = 'placeholder' in element ? element.placeholder?.text : undefined
  const described = slot.field ? `${slot.field.id}-hint ${slot.field.id}-error` : null
  return {
    id: slot.field?.id ?? null,
    'aria-label': slot.field ? null : (placeholder ?? element.type.replaceAll('_', ' ')),
    'aria-describedby': described,
    'data-action': element.action_id ?? null,
    'data-focus': `${slot.block_id ?? ''}/${element.action_id ?? ''}`,
    'data-autofocus': 'focus_on_load' in element && element.focus_on_load === true,
  }
}

type Typed = HTMLInputElement | HTMLTextAreaElement

function typedValue(node: Typed): Value {
  return {
    many: false,
    read: () => asChoices(node.value),
    write: (choices) => {
      node.value = choices[0]?.value ?? ''
    },
  }
}

/** How long a person pauses before the bot hears of what they type, where it wants to hear of every character. Milliseconds. */
const TYPING_MS = 300

/** Text tells the bot when Enter is pressed or, where its block says so, while it is typed; dates when they change. */
function tellTyped(slot: Slot, element: Element, node: Typed, value: Value): void {
  const tell = wired(slot, element, value)
  const config = 'dispatch_action_config' in element ? element.dispatch_action_config : undefined
  const triggers = config?.trigger_actions_on ?? ['on_enter_pressed']
  const isText = 'dispatch_action_config' in element || element.type.endsWith('_input')
  if (!isText) return void on<HTMLElement, 'change'>(node, 'change', tell)
  let timer: ReturnType<typeof setTimeout> | undefined
  on<HTMLElement, 'keydown'>(node, 'keydown', (event) => {
    if (event.key !== 'Enter' || event.isComposing || (node instanceof HTMLTextAreaElement && !event.ctrlKey)) return
    // In a field that tells the bot, Enter is not the modal's submit button.
    if (slot.dispatch) event.preventDefault()
    if (triggers.includes('on_enter_pressed')) tell()
  })
  on<HTMLElement, 'input'>(node, 'input', () => {
    if (!triggers.includes('on_character_entered')) return
    clearTimeout(timer)
    timer = setTimeout(tell, TYPING_MS)
  })
}

export function textInput(slot: Slot, element: Element, begins: string, attributes: Attributes): HTMLElement {
  const placeholder = 'placeholder' in element ? (element.placeholder?.text ?? null) : null
  const node = h('input', { class: 'field', placeholder, autocomplete: 'off', ...marks(slot, element), ...attributes })
  const value = typedValue(node)
  value.write(initially(slot, element, asChoices(begins)))
  tellTyped(slot, element, node, value)
  const zone = 'timezone' in element && typeof element.timezone === 'string' ? element.timezone : null
  return zone === null ? node : h('span', { class: 'zoned' }, node, h('small', { class: 'hint' }, zone))
}

export function textArea(slot: Slot, element: Element, begins: string): HTMLElement {
  const placeholder = 'placeholder' in element ? (element.placeholder?.text ?? null) : null
  const node = h('textarea', { class: 'field', rows: 4, placeholder, ...marks(slot, element) })
  const value = typedValue(node)
  value.write(initially(slot, element, asChoices(begins)))
  tellTyped(slot, element, node, value)
  return node
}

/** Slack sends seconds since 1970; the browser's field holds a wall-clock time, here the person's own. */
export function dateTime(slot: Slot, element: Extract<Element, { type: 'datetimepicker' }>): HTMLElement {
  const zone = slot.scene.state.me.tz
  const node = h('input', { class: 'field', type: 'datetime-local', ...marks(slot, element) })
  const value: Value = {
    many: false,
    read: () => (node.value === '' ? [] : asChoices(String(instantOfWall(node.value, zone) / 1000))),
    write: (choices) => {
      const seconds = Number(choices[0]?.value ?? Number.NaN)
      node.value = Number.isNaN(seconds) ? '' : wallTime(seconds * 1000, zone)
    },
  }
  value.write(initially(slot, element, asChoices(String(element.initial_date_time ?? ''))))
  on(node, 'change', wired(slot, element, value))
  return node
}

const optionValue = (option: SlackOption): string => option.value ?? ''

function optionsOf(list: readonly SlackOption[], group: string | null = null): Option[] {
  return list.map((option) => ({
    text: option.text.text,
    value: optionValue(option),
    group,
    detail: option.description?.text ?? null,
  }))
}

type SelectElement = Extract<Element, { type: `${string}_select` }>

export function drawSelect(slot: Slot, element: SelectElement): HTMLElement {
  const many = element.type.startsWith('multi_')
  const source = sourceOf(slot, element)
  let tell: () => void = () => undefined
  const select = createSelect({
    placeholder: element.placeholder?.text ?? ('ask' in source ? 'Type to search' : 'Choose…'),
    many,
    most: ('max_selected_items' in element ? element.max_selected_items : undefined) ?? null,
    held: labelled(initially(slot, element, beginsWith(slot, element)), source),
    source,
    attributes: marks(slot, element),
    changed: () => tell(),
  })
  tell = wired(slot, element, { many, read: select.read, write: select.set })
  return select.node
}

/** Choices that came as bare values get the text that the list has for them. */
function labelled(held: readonly Choice[], source: Source): Choice[] {
  const options = 'options' in source ? source.options : []
  return held.map(({ value, text }) => ({
    value,
    text: options.find((option) => option.value === value)?.text ?? (text === '' ? value : text),
  }))
}

function sourceOf(slot: Slot, element: SelectElement): Source {
  const { scene } = slot
  switch (element.type) {
    case 'static_select':
    case 'multi_static_select': {
      const groups = (element.option_groups ?? []).flatMap((group) => optionsOf(group.options, group.label.text))
      return { options: [...optionsOf(element.options ?? []), ...groups] }
    }
    case 'users_select':
    case 'multi_users_select':
      return { options: people(slot) }
    case 'channels_select':
    case 'multi_channels_select':
      return { options: conversations(slot, ['public'], {}) }
    case 'conversations_select':
    case 'multi_conversations_select':
      return {
        options: conversations(
          slot,
          element.filter?.include ?? ['public', 'private', 'im', 'mpim'],
          element.filter ?? {},
        ),
      }
    case 'external_select':
    case 'multi_external_select':
      return {
        least: element.min_query_length ?? SLACKS_MIN_QUERY,
        ask: (value) =>
          scene.acts.suggest(slot.place, { action_id: element.action_id ?? '', block_id: slot.block_id, value }),
      }
    default:
      return element satisfies never
  }
}

/** Slack's own default of `min_query_length`. */
const SLACKS_MIN_QUERY = 3

function people({ scene }: Slot): Option[] {
  return scene.state.users
    .filter((user) => !user.deleted && !user.is_bot)
    .map((user) => ({ text: user.real_name || user.name, value: user.id, group: null, detail: `@${user.name}` }))
}

interface Exclusions {
  exclude_external_shared_channels?: boolean
  exclude_bot_users?: boolean
}

function conversations({ scene }: Slot, kinds: readonly string[], without: Exclusions): Option[] {
  const { state } = scene
  return state.channels
    .filter((channel) => kinds.includes(channel.kind) && !channel.is_archived)
    .filter((channel) => !(without.exclude_external_shared_channels && channel.is_ext_shared))
    .filter((channel) => !(without.exclude_bot_users && channel.with === state.bot.id))
    .map((channel) => ({ text: labelOf(state, channel), value: channel.id, group: null, detail: null }))
}

function beginsWith({ scene }: Slot, element: SelectElement): Choice[] {
  const bare = (values: readonly (string | undefined | null)[]) =>
    values.flatMap((value) => (value ? [{ value, text: '' }] : []))
  const named = (options: readonly (SlackOption | undefined)[]) =>
    options.flatMap((option) => (option ? [{ value: optionValue(option), text: option.text.text }] : []))
  switch (element.type) {
    case 'static_select':
    case 'external_select':
      return named([element.initial_option])
    case 'multi_static_select':
    case 'multi_external_select':
      return named(element.initial_options ?? [])
    case 'users_select':
      return bare([element.initial_user]).map((choice) => ({ ...choice, text: nameOf(scene.state, choice.value) }))
    case 'multi_users_select':
      return bare(element.initial_users ?? [])
    case 'channels_select':
      return bare([element.initial_channel])
    case 'multi_channels_select':
      return bare(element.initial_channels ?? [])
    case 'conversations_select':
      return bare([
        element.initial_conversation ?? (element.default_to_current_conversation ? scene.ui.channel : undefined),
      ])
    case 'multi_conversations_select':
      return element.default_to_current_conversation
        ? bare([scene.ui.channel])
        : bare(element.initial_conversations ?? [])
    default:
      return element satisfies never
  }
}

type Boxes = Extract<Element, { type: 'checkboxes' | 'radio_buttons' }>

let groups = 0

export function choices(slot: Slot, element: Boxes): HTMLElement {
  groups += 1
  const many = element.type === 'checkboxes'
  const begins = many ? (element.initial_options ?? []) : element.initial_option ? [element.initial_option] : []
  const held = initially(
    slot,
    element,
    begins.map((option) => ({ value: optionValue(option), text: '' })),
  )
  const named = slot.field ? { 'aria-labelledby': `${slot.field.id}-label` } : {}
  const role = many ? 'group' : 'radiogroup'
  const group = h('div', { class: 'choices', role, ...marks(slot, element), ...named })
  const boxes = element.options.map((option) => {
    const box = h('input', {
      type: many ? 'checkbox' : 'radio',
      name: `choice-${groups}`,
      value: optionValue(option),
    })
    const hint: Child = option.description ? h('small', {}, drawTextObject(slot.scene, option.description)) : null
    group.append(h('label', {}, box, h('span', {}, drawTextObject(slot.scene, option.text), hint)))
    return box
  })
  const write = (chosen: readonly Choice[]) => {
    for (const box of boxes) box.checked = chosen.some(({ value }) => value === box.value)
  }
  write(held)
  const read = () => boxes.filter((box) => box.checked).map(({ value }) => ({ value, text: '' }))
  return on(group, 'change', wired(slot, element, { many, read, write }))
}

/** Slack's own limit of a file input. */
const MOST_FILES = 10

/** Files are uploaded as they are chosen; the field holds their ids. */
export function drawFileInput(slot: Slot, element: Extract<Element, { type: 'file_input' }>): HTMLElement {
  const most = element.max_files ?? MOST_FILES
  let held = [...initially(slot, element, [])]
  const list = h('ul', { class: 'picked-files' })
  const accept = element.filetypes?.map((type) => `.${type}`).join(',') ?? null
  const node = h('input', { class: 'field', type: 'file', multiple: most > 1, accept, ...marks(slot, element) })
  const show = () => {
    list.replaceChildren(
      ...held.map((file) => {
        const remove = h('button', { type: 'button', 'aria-label': `Remove ${file.text}` }, icon(ICONS.close))
        on(remove, 'click', () => {
          held = held.filter((other) => other !== file)
          show()
          tell()
        })
        return h('li', {}, icon(ICONS.file), h('span', {}, file.text), remove)
      }),
    )
    node.disabled = held.length >= most
  }
  const read = () => held
  const write = (chosen: readonly Choice[]) => {
    held = [...chosen]
    show()
  }
  const tell = wired(slot, element, { many: true, read, write })
  show()
  on(node, 'change', () => {
    void (async () => {
      const files = [...(node.files ?? [])].slice(0, most - held.length)
      node.value = ''
      for (const file of files) {
        const id = await slot.scene.acts.upload(file, 'dm', '')
        if (id !== null) held = [...held, { value: id, text: file.name }]
        show()
      }
      tell()
    })()
  })
  return h('div', { class: 'file-input' }, node, list)
}
