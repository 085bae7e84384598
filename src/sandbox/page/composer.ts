/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { type Completion, complete, type Item } from './complete.ts'
import { h, icon, on } from './dom.ts'
import { popover } from './float.ts'
import { ICONS } from './icons.ts'
import { plusMenu } from './plus.ts'
import type { Scene } from './scene.ts'
import { labelOf } from './state.ts'

/** The field at the bottom. It is made once and shown what is open, so that a half-typed line survives every change around it. */
export interface Composer {
  node: HTMLElement
  show(scene: Scene): void
  focus(): void
}

interface Box {
  scene: Scene | null
  field: HTMLTextAreaElement
  list: HTMLElement
  problem: HTMLElement
  wait: HTMLElement
  offer: Completion | null
  active: number
  /** By channel: what was typed and not sent, and what was sent. */
  drafts: Map<string, string>
  sent: Map<string, string[]>
  /** How far back in `sent` the person went; 0 is the line being typed. */
  back: number
  channel: string | null
}

export function createComposer(): Composer {
  const field = h('textarea', {
    id: 'composer',
    rows: 1,
    role: 'combobox',
    'aria-autocomplete': 'list',
    'aria-controls': 'offers',
    'aria-expanded': 'false',
    autocomplete: 'off',
    spellcheck: 'true',
    enterkeyhint: 'send',
  })
  const list = h('div', { id: 'offers', class: 'offers', role: 'listbox', 'aria-label': 'Suggestions', hidden: true })
  const problem = h('p', { class: 'warning', role: 'alert', hidden: true })
  const wait = h('p', { class: 'waiting', role: 'status', hidden: true })
  const box: Box = {
    scene: null,
    field,
    list,
    problem,
    wait,
    offer: null,
    active: 0,
    drafts: new Map(),
    sent: new Map(),
    back: 0,
    channel: null,
  }
  const send = on(
    h('button', { type: 'button', class: 'send', 'aria-label': 'Send', title: 'Send (Enter)' }, icon(ICONS.send)),
    'click',
    () => void submit(box),
  )
  on(field, 'input', () => typed(box))
  on(field, 'keydown', (event) => key(box, event))
  on(field, 'blur', () => close(box))
  const join = on(
    h('button', { type: 'button', class: 'button primary' }, 'Join channel'),
    'click',
    () => box.channel && box.scene?.acts.join(box.channel),
  )
  const outside = h(
    'div',
    { class: 'outside-bar', hidden: true },
    h('span', {}, 'You are reading this channel without being in it.'),
    join,
  )
  const pick = h('input', { type: 'file', class: 'pick', multiple: true, tabindex: -1, 'aria-hidden': 'true' })
  on(pick, 'change', () => {
    void sendFiles(box, [...(pick.files ?? [])])
    pick.value = ''
  })
  const plus = h(
    'button',
    { type: 'button', class: 'plus', 'aria-label': 'Shortcuts and files', title: 'Shortcuts and files' },
    icon(ICONS.plus),
  )
  popover(plus, () => plusMenu(box.scene, () => pick.click()), 'start')
  const inside = h('div', { class: 'composer-box' }, plus, pick, field, send)
  takeFiles(box, inside)
  const hint = h(
    'p',
    { class: 'keys' },
    h('kbd', {}, 'Enter'),
    ' to send · ',
    h('kbd', {}, 'Shift'),
    ' + ',
    h('kbd', {}, 'Enter'),
    ' for a new line · ',
    h('kbd', {}, '/'),
    ' for commands',
  )
  const node = h(
    'div',
    { class: 'composer' },
    list,
    problem,
    inside,
    outside,
    h('div', { class: 'composer-foot' }, wait, hint),
  )
  return {
    node,
    focus: () => field.focus(),
    show: (scene) => {
      const channel = scene.state.channels.find((open) => open.id === scene.ui.channel)
      const member = channel?.is_member ?? false
      outside.hidden = member || !channel
      inside.hidden = !member
      hint.hidden = !member
      show(box, scene, channel ? `Message ${labelOf(scene.state, channel)}` : 'Message')
    },
  }
}

/** Another channel or person: the draft stays with the channel that it was typed in. */
function show(box: Box, scene: Scene, placeholder: string): void {
  const key = `${scene.state.me.id}/${scene.ui.channel ?? ''}`
  box.scene = scene
  if (box.field.placeholder !== placeholder) {
    box.field.placeholder = placeholder
    box.field.setAttribute('aria-label', placeholder)
  }
  const before = box.channel === null ? null : box.field.dataset.draft
  if (before === key) return
  if (before) box.drafts.set(before, box.field.value)
  box.field.dataset.draft = key
  box.channel = scene.ui.channel
  box.back = 0
  write(box, box.drafts.get(key) ?? '')
  problem(box, null)
}

function write(box: Box, text: string): void {
  box.field.value = text
  box.field.setSelectionRange(text.length, text.length)
  grow(box)
  close(box)
}

/** As tall as its text, up to a third of the window. */
function grow(box: Box): void {
  box.field.style.height = 'auto'
  box.field.style.height = `${Math.min(box.field.scrollHeight, window.innerHeight / 3)}px`
}

function problem(box: Box, sentence: string | null): void {
  box.problem.hidden = sentence === null
  box.problem.replaceChildren(...(sentence === null ? [] : [icon(ICONS.warning), sentence]))
}

function typed(box: Box): void {
  grow(box)
  box.back = 0
  problem(box, null)
  if (!box.scene) return
  box.offer = complete(box.scene.state, box.field.value, box.field.selectionStart)
  box.active = 0
  draw(box)
}

function draw(box: Box): void {
  const { offer, list, field } = box
  list.hidden = offer === null
  field.setAttribute('aria-expanded', offer === null ? 'false' : 'true')
  if (offer === null) {
    field.removeAttribute('aria-activedescendant')
    list.replaceChildren()
    return
  }
  list.replaceChildren(...offer.items.map((item, index) => option(box, item, index)))
  field.setAttribute('aria-activedescendant', `offer-${box.active}`)
  list.children[box.active]?.scrollIntoView({ block: 'nearest' })
}

function option(box: Box, item: Item, index: number): HTMLElement {
  const node = h(
    'div',
    { class: 'offer', role: 'option', id: `offer-${index}`, 'aria-selected': index === box.active ? 'true' : 'false' },
    h('span', { class: 'offer-label' }, item.label),
    h('span', { class: 'offer-detail' }, item.detail),
  )
  return on(node, 'pointerdown', (event) => {
    event.preventDefault()
    take(box, item)
  })
}

function close(box: Box): void {
  box.offer = null
  draw(box)
}

function take(box: Box, item: Item): void {
  const { offer, field } = box
  if (!offer) return
  const after = field.value.slice(offer.to).replace(/^ /, '')
  field.value = field.value.slice(0, offer.from) + item.insert + after
  const caret = offer.from + item.insert.length
  field.setSelectionRange(caret, caret)
  field.focus()
  grow(box)
  close(box)
}

function key(box: Box, event: KeyboardEvent): void {
  if (event.isComposing) return
  if (box.offer && offerKey(box, box.offer, event)) {
    event.preventDefault()
  } else if (event.key === 'Enter' && !event.shiftKey) {
    event.preventDefault()
    void submit(box)
  } else if (event.key === 'ArrowUp' && recall(box, 1)) {
    event.preventDefault()
  } else if (event.key === 'ArrowDown' && recall(box, -1)) {
    event.preventDefault()
  }
}

/** Keys that the list of offers takes. A command that stands there in full is sent by Enter, not completed. */
function offerKey(box: Box, offer: Completion, event: KeyboardEvent): boolean {
  const count = offer.items.length
  const chosen = offer.items[box.active]
  switch (event.key) {
    case 'ArrowDown':
    case 'ArrowUp':
      box.active = (box.active + (event.key === 'ArrowDown' ? 1 : count - 1)) % count
      draw(box)
      return true
    case 'Escape':
      close(box)
      return true
    case 'Tab':
    case 'Enter':
      if (!chosen || event.shiftKey) return false
      if (event.key === 'Enter' && box.field.value.slice(offer.from, offer.to) === chosen.insert.trim()) return false
      take(box, chosen)
      return true
    default:
      return false
  }
}

/** Up in an empty field, or in a recalled line, brings the line that was sent before; down comes back. */
function recall(box: Box, step: 1 | -1): boolean {
  const lines = box.sent.get(box.field.dataset.draft ?? '') ?? []
  if (box.back === 0 && (box.field.value !== '' || step < 0)) return false
  const back = Math.min(box.back + step, lines.length)
  const line = back === 0 ? '' : lines.at(-back)
  if (line === undefined) return false
  write(box, line)
  box.back = back
  return true
}

async function submit(box: Box): Promise<void> {
  const text = box.field.value.trim()
  const channel = box.channel
  if (text === '' || channel === null || !box.scene) return
  const draft = box.field.dataset.draft ?? ''
  box.sent.set(draft, [...(box.sent.get(draft) ?? []), text].slice(-50))
  box.back = 0
  write(box, '')
  problem(box, null)
  const slow = setTimeout(() => waiting(box, text), 300)
  const wrong = await box.scene.acts.say(channel, text, null)
  clearTimeout(slow)
  box.wait.hidden = true
  if (wrong === null || box.field.dataset.draft !== draft) return
  problem(box, wrong)
  if (box.field.value === '') write(box, text)
}

/** Files that are dropped on the field or pasted into it are sent as well. */
function takeFiles(box: Box, area: HTMLElement): void {
  on(area, 'dragover', (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return
    event.preventDefault()
    area.classList.add('dropping')
  })
  on(area, 'dragleave', () => area.classList.remove('dropping'))
  on(area, 'drop', (event) => {
    event.preventDefault()
    area.classList.remove('dropping')
    void sendFiles(box, [...(event.dataTransfer?.files ?? [])])
  })
  on(box.field, 'paste', (event) => {
    const files = [...(event.clipboardData?.files ?? [])]
    if (files.length === 0) return
    event.preventDefault()
    void sendFiles(box, files)
  })
}

/** What is typed goes with the first file, as at Slack. */
async function sendFiles(box: Box, files: readonly File[]): Promise<void> {
  const { channel, scene } = box
  if (channel === null || !scene) return
  let text = box.field.value.trim()
  for (const file of files) {
    box.wait.hidden = false
    box.wait.textContent = `Uploading ${file.name}…`
    const id = await scene.acts.upload(file, channel, text)
    if (id !== null && text !== '') write(box, '')
    if (id !== null) text = ''
  }
  box.wait.hidden = true
}

function waiting(box: Box, text: string): void {
  box.wait.hidden = false
  box.wait.textContent = text.startsWith('/') ? `${text.split(/\s/)[0]} is running…` : 'Sending…'
}
