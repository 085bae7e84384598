/// <reference lib="dom" />
import type { Message } from '../wire.ts'
import { h, icon, on } from './dom.ts'
import { emojiStartingWith } from './emoji.ts'
import { closeFloat, popover } from './float.ts'
import { ICONS } from './icons.ts'
import { drawShortcode } from './rich.ts'
import type { Scene } from './scene.ts'
import { nameOf } from './state.ts'

/** As many as the picker shows: all that this page can draw. */
const MOST_PICKED = 400

/** The chips below a message. */
export function drawReactions(scene: Scene, message: Message): HTMLElement | null {
  if (message.reactions.length === 0) return null
  const chips = message.reactions.map(({ name, users }) => {
    const mine = users.includes(scene.state.me.id)
    const who = users.map((user) => nameOf(scene.state, user)).join(', ')
    const chip = h(
      'button',
      {
        type: 'button',
        class: mine ? 'chip mine' : 'chip',
        'aria-pressed': mine ? 'true' : 'false',
        'aria-label': `${name.replaceAll('_', ' ')}, ${users.length}, from ${who}`,
        title: `${who} reacted with :${name}:`,
        'data-focus': `react/${name}`,
      },
      drawShortcode(scene, name),
      h('span', { class: 'count' }, String(users.length)),
    )
    return on(chip, 'click', () => scene.acts.react(message.channel, message.ts, name))
  })
  const more = h(
    'button',
    { type: 'button', class: 'chip add', 'aria-label': 'Add a reaction', title: 'Add a reaction', 'data-focus': 'add' },
    icon(ICONS.smile),
  )
  return h('div', { class: 'reactions' }, ...chips, pickerOf(scene, message, more))
}

/** Makes `button` open the picker of reactions. */
export function pickerOf(scene: Scene, message: Message, button: HTMLButtonElement): HTMLButtonElement {
  return popover(button, () => picker(scene, (name) => scene.acts.react(message.channel, message.ts, name)))
}

function picker(scene: Scene, take: (name: string) => void): HTMLElement {
  const grid = h('div', { class: 'picker-grid' })
  const field = h('input', { class: 'field', type: 'text', placeholder: 'Search', 'aria-label': 'Search reactions' })
  const show = () => {
    const typed = field.value.trim().toLowerCase().replaceAll(':', '').replaceAll(' ', '_')
    const own = Object.keys(scene.state.emoji).filter((name) => name.includes(typed))
    const names = [...own, ...emojiStartingWith(typed, MOST_PICKED).map(({ name }) => name)]
    grid.replaceChildren(...names.map((name) => choice(scene, name, take)))
  }
  show()
  on(field, 'input', show)
  on(field, 'keydown', (event) => {
    if (event.key !== 'Enter') return
    event.preventDefault()
    grid.querySelector<HTMLElement>('button')?.click()
  })
  return h('div', { class: 'menu picker', role: 'dialog', 'aria-label': 'Add a reaction' }, field, grid)
}

function choice(scene: Scene, name: string, take: (name: string) => void): HTMLElement {
  const button = h(
    'button',
    { type: 'button', title: `:${name}:`, 'aria-label': name.replaceAll('_', ' ') },
    drawShortcode(scene, name),
  )
  return on(button, 'click', () => {
    closeFloat(true)
    take(name)
  })
}
