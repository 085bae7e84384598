/// <reference lib="dom" />
import type { Person } from '../wire.ts'
import { avatar, badges, face } from './avatar.ts'
import { h, icon, on } from './dom.ts'
import { closeFloat, popover } from './float.ts'
import { ICONS } from './icons.ts'
import { isQuiet, presenceWords } from './people.ts'
import type { Scene } from './scene.ts'

/** Who is played: the button at the top left, and the menu that plays somebody else or changes one's own presence. */
export function drawSwitcher(scene: Scene): HTMLElement {
  const { state } = scene
  const name = state.me.real_name || state.me.name
  const button = h(
    'button',
    { type: 'button', class: 'switcher', id: 'switcher', title: 'Play another person' },
    face(state, state.me.id, 'small'),
    h('span', { class: 'switcher-name' }, h('small', {}, 'You are '), h('strong', {}, name)),
    ...badges(state.me),
    icon(ICONS.chevron),
  )
  return popover(button, () => panel(scene), 'start')
}

function panel(scene: Scene): HTMLElement {
  const people = scene.state.users.filter((user) => !user.is_bot)
  // Who has left cannot be played, and stands last.
  const order = [...people.filter((user) => !user.deleted), ...people.filter((user) => user.deleted)]
  return h(
    'div',
    { class: 'menu people', role: 'menu', 'aria-label': 'Play another person' },
    ownPresence(scene),
    h('p', { class: 'menu-title' }, 'Play another person'),
    ...order.map((user) => entry(scene, user)),
  )
}

/** Real links, so that a second person can be opened in a tab beside this one. */
function entry(scene: Scene, user: Person): HTMLElement {
  const { state } = scene
  const words = h(
    'span',
    { class: 'menu-name' },
    h('span', {}, user.real_name || user.name),
    h('small', {}, `@${user.name} · ${user.tz.replaceAll('_', ' ')}`),
  )
  if (user.deleted)
    return h(
      'span',
      { class: 'menu-item still gone', role: 'menuitem', 'aria-disabled': 'true' },
      avatar(state, user.id, 'small'),
      words,
      ...badges(user),
    )
  const link = h(
    'a',
    {
      href: `?as=${encodeURIComponent(user.id)}`,
      class: 'menu-item',
      role: 'menuitemradio',
      'aria-checked': user.id === state.me.id ? 'true' : 'false',
    },
    face(state, user.id, 'small'),
    words,
    ...badges(user),
  )
  return on(link, 'click', (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return
    event.preventDefault()
    closeFloat(true)
    scene.acts.become(user.id)
  })
}

/** Times for which notifications are paused in one click, minutes. */
const PAUSES = [30, 120]

function ownPresence(scene: Scene): HTMLElement {
  const { state, acts } = scene
  const { me } = state
  const quiet = isQuiet(state, me)
  const button = (label: string, run: () => void) =>
    on(
      h('button', { type: 'button', class: 'button small', role: 'menuitem', 'data-close': true }, label),
      'click',
      run,
    )
  return h(
    'div',
    { class: 'own', role: 'group', 'aria-label': 'Your presence' },
    h('p', { class: 'menu-title' }, presenceWords(state, me)),
    h(
      'div',
      { class: 'row' },
      me.presence === 'active'
        ? button('Set yourself away', () => acts.setPresence('away'))
        : button('Set yourself active', () => acts.setPresence('active')),
      ...(quiet
        ? [button('Resume notifications', () => acts.pauseNotifications(0))]
        : PAUSES.map((minutes) =>
            button(minutes < 60 ? `Pause for ${minutes} min` : `Pause for ${minutes / 60} h`, () =>
              acts.pauseNotifications(minutes),
            ),
          )),
    ),
  )
}
