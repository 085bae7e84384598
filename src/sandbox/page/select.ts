/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { type Child, h, icon, on } from './dom.ts'
import { beside } from './float.ts'
import type { Choice } from './held.ts'
import { ICONS } from './icons.ts'
import { plainChildren } from './rich.ts'
import type { Offers } from './scene.ts'

/** One line of the list. */
export interface Option extends Choice {
  group: string | null
  detail: string | null
}

/** Where the choices come from: they are there, or the bot is asked once `least` characters are typed. */
export type Source = { options: readonly Option[] } | { ask(query: string): Promise<Offers>; least: number }

export interface SelectSpec {
  placeholder: string
  many: boolean
  /** As many as may be chosen; null for any number. */
  most: number | null
  held: readonly Choice[]
  source: Source
  /** Put on the field that is typed into. */
  attributes: Record<string, string | boolean | null>
  changed(): void
}

export interface Select {
  node: HTMLElement
  read(): Choice[]
  set(chosen: readonly Choice[]): void
}

/** The bot is asked when the person pauses this long in typing, milliseconds. */
const PAUSE_MS = 180

interface Parts {
  spec: SelectSpec
  node: HTMLElement
  chips: HTMLElement
  field: HTMLInputElement
  list: HTMLElement
  chosen: Choice[]
  /** What the list shows now, and which of it Enter takes. */
  offered: readonly Option[]
  active: number
  /** The person has typed since the list opened. */
  typed: boolean
  /** Counts what the bot was asked: an answer to an older question is not shown. */
  asked: number
  timer: ReturnType<typeof setTimeout> | undefined
}

let made = 0

/** A field with a list to choose from, one or several, that can be searched by typing. */
export function createSelect(spec: SelectSpec): Select {
  made += 1
  const id = `choices-${made}`
  const field = h('input', {
    type: 'text',
    role: 'combobox',
    autocomplete: 'off',
    spellcheck: 'false',
    'aria-autocomplete': 'list',
    'aria-expanded': 'false',
    'aria-controls': id,
    ...spec.attributes,
  })
  const list = h('div', {
    id,
    class: 'select-list',
    role: 'listbox',
    'aria-multiselectable': spec.many ? 'true' : null,
  })
  const chips = h('span', { class: 'chips' })
  const node = h('div', { class: spec.many ? 'select many' : 'select' }, chips, field, icon(ICONS.chevron))
  const parts: Parts = {
    spec,
    node,
    chips,
    field,
    list,
    chosen: [...spec.held],
    offered: [],
    active: 0,
    typed: false,
    asked: 0,
    timer: undefined,
  }
  on(field, 'keydown', (event) => key(parts, event))
  on(field, 'input', () => {
    parts.typed = true
    show(parts)
  })
  on(field, 'click', () => show(parts))
  on(field, 'focus', () => field.select())
  on(field, 'blur', () => leave(parts))
  on(node, 'pointerdown', (event) => {
    if (event.target === field) return
    // The field keeps the focus: its blur would draw the chips anew, and with them the button that is being pressed.
    event.preventDefault()
    if (event.target instanceof Element && event.target.closest('button')) return
    field.focus()
    show(parts)
  })
  rest(parts)
  return {
    node,
    read: () => [...parts.chosen],
    set: (chosen) => {
      parts.chosen = [...chosen]
      rest(parts)
    },
  }
}

/** The field as it stands when nobody types in it. */
function rest(parts: Parts): void {
  const { spec, field, chosen, chips } = parts
  parts.typed = false
  field.value = spec.many ? '' : (chosen[0]?.text ?? '')
  field.placeholder = spec.many && chosen.length > 0 ? '' : spec.placeholder
  chips.replaceChildren(...(spec.many ? chosen.map((choice) => chip(parts, choice)) : []))
}

function chip(parts: Parts, choice: Choice): HTMLElement {
  const remove = h('button', { type: 'button', 'aria-label': `Remove ${choice.text}` }, icon(ICONS.close))
  on(remove, 'click', () => {
    take(
      parts,
      parts.chosen.filter((other) => other.value !== choice.value),
    )
    parts.field.focus()
  })
  return h('span', { class: 'choice-chip' }, h('span', {}, ...plainChildren(choice.text)), remove)
}

function take(parts: Parts, chosen: readonly Choice[]): void {
  parts.chosen = [...chosen]
  close(parts)
  rest(parts)
  // As a field of the browser's own says it, for whoever watches the form.
  parts.node.dispatchEvent(new Event('change', { bubbles: true }))
  parts.spec.changed()
}

/** One more, or in a list of many one less when it was chosen before. */
function pick(parts: Parts, option: Option): void {
  const choice = { value: option.value, text: option.text }
  if (!parts.spec.many) {
    take(parts, [choice])
    return
  }
  const without = parts.chosen.filter((other) => other.value !== option.value)
  const had = without.length < parts.chosen.length
  const full = parts.spec.most !== null && without.length >= parts.spec.most
  take(parts, had || full ? without : [...without, choice])
}

/** Left without a choice: an emptied field means none, anything else what was chosen before. */
function leave(parts: Parts): void {
  close(parts)
  const emptied = parts.typed && !parts.spec.many && parts.field.value.trim() === '' && parts.chosen.length > 0
  if (emptied) take(parts, [])
  else rest(parts)
}

function key(parts: Parts, event: KeyboardEvent): void {
  const { offered, field } = parts
  const isOpen = field.getAttribute('aria-expanded') === 'true'
  switch (event.key) {
    case 'ArrowDown':
    case 'ArrowUp': {
      event.preventDefault()
      const step = event.key === 'ArrowDown' ? 1 : -1
      if (isOpen) parts.active = (parts.active + step + offered.length) % Math.max(offered.length, 1)
      if (isOpen) mark(parts)
      else show(parts)
      return
    }
    case 'Enter': {
      const option = offered[parts.active]
      if (!isOpen || !option) return
      event.preventDefault()
      pick(parts, option)
      return
    }
    case 'Escape':
      if (!isOpen) return
      event.preventDefault()
      event.stopPropagation()
      close(parts)
      rest(parts)
      return
    case 'Backspace':
      if (parts.spec.many && field.value === '' && parts.chosen.length > 0) take(parts, parts.chosen.slice(0, -1))
      return
    default:
  }
}

/** Opens the list, or makes it fit what is typed. */
function show(parts: Parts): void {
  const { source } = parts.spec
  const query = parts.typed ? parts.field.value.trim() : ''
  if ('options' in source) {
    offer(parts, matching(source.options, query), null)
    return
  }
  clearTimeout(parts.timer)
  if (query.length < source.least) {
    parts.asked += 1
    const words = source.least === 1 ? 'Type to search' : `Type at least ${source.least} characters to search`
    offer(parts, [], words)
    return
  }
  parts.timer = setTimeout(() => void ask(parts, query), PAUSE_MS)
  if (parts.offered.length === 0) offer(parts, [], 'Loading…')
}

function matching(options: readonly Option[], query: string): Option[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  return options.filter(({ text, detail }) =>
    words.every((word) => `${text} ${detail ?? ''}`.toLowerCase().includes(word)),
  )
}

async function ask(parts: Parts, query: string): Promise<void> {
  const { source } = parts.spec
  if ('options' in source) return
  parts.asked += 1
  const mine = parts.asked
  const { options, failed } = await source.ask(query)
  if (mine !== parts.asked || document.activeElement !== parts.field) return
  const found = options.map(({ text, value, group }) => ({ text, value, group: group ?? null, detail: null }))
  offer(parts, found, failed ? 'Failed to load options' : null)
}

/** @param words in place of choices; null says that there are none */
function offer(parts: Parts, options: readonly Option[], words: string | null): void {
  const { list, field, node } = parts
  parts.offered = options
  const chosen = options.findIndex(({ value }) => parts.chosen.some((choice) => choice.value === value))
  parts.active = chosen >= 0 && !parts.typed ? chosen : 0
  const lines: Child[] = []
  let group: string | null = null
  options.forEach((option, index) => {
    if (option.group !== group && option.group !== null)
      lines.push(h('p', { class: 'menu-title', role: 'presentation' }, option.group))
    group = option.group
    lines.push(line(parts, option, index))
  })
  if (options.length === 0) lines.push(h('p', { class: 'hint', role: 'status' }, words ?? 'Nothing matches.'))
  list.replaceChildren(...lines.filter((each): each is Node => each instanceof Node))
  if (!list.isConnected) (node.closest('dialog') ?? document.body).append(list)
  places.set(list, node)
  addEventListener('scroll', follow, true)
  field.setAttribute('aria-expanded', 'true')
  list.style.width = `${Math.max(node.getBoundingClientRect().width, LEAST_WIDTH)}px`
  beside(node, list, 'start', MOST_HEIGHT)
  mark(parts)
}

/** A longer list is scrolled, however much room there is. Pixels. */
const MOST_HEIGHT = 320

/** Narrower, and names are cut off. */
const LEAST_WIDTH = 220

const places = new Map<HTMLElement, HTMLElement>()

/** The open list goes with its field when something scrolls, and with it when it is taken away. */
function follow(event: Event): void {
  for (const [list, node] of places) {
    if (event.target === list) continue
    if (node.isConnected) beside(node, list, 'start', MOST_HEIGHT)
    else list.remove()
    if (!list.isConnected) places.delete(list)
  }
  if (places.size === 0) removeEventListener('scroll', follow, true)
}

function line(parts: Parts, option: Option, index: number): HTMLElement {
  const chosen = parts.chosen.some(({ value }) => value === option.value)
  const node = h(
    'div',
    {
      class: 'select-option',
      role: 'option',
      id: `${parts.list.id}-${index}`,
      'aria-selected': chosen ? 'true' : 'false',
    },
    h(
      'span',
      { class: 'menu-name' },
      h('span', {}, ...plainChildren(option.text)),
      option.detail === null ? null : h('small', {}, ...plainChildren(option.detail)),
    ),
    chosen ? icon(ICONS.check) : null,
  )
  // The field keeps the focus, so that its blur does not close the list under the pointer.
  return on(node, 'pointerdown', (event) => {
    event.preventDefault()
    if (event.button === 0) pick(parts, option)
  })
}

/** Shows which line Enter takes. */
function mark({ list, field, offered, active }: Parts): void {
  const lines = [...list.querySelectorAll<HTMLElement>('.select-option')]
  lines.forEach((each, index) => {
    each.classList.toggle('active', index === active)
  })
  if (offered.length === 0) field.removeAttribute('aria-activedescendant')
  else field.setAttribute('aria-activedescendant', `${list.id}-${active}`)
  lines[active]?.scrollIntoView({ block: 'nearest' })
}

function close(parts: Parts): void {
  clearTimeout(parts.timer)
  parts.asked += 1
  parts.offered = []
  parts.list.remove()
  places.delete(parts.list)
  parts.field.setAttribute('aria-expanded', 'false')
  parts.field.removeAttribute('aria-activedescendant')
}
