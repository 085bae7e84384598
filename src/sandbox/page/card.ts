/// <reference lib="dom" />
import type { Person, Usergroup } from '../wire.ts'
import { badges, face, presenceSign } from './avatar.ts'
import { clockTime } from './dates.ts'
import { type Child, h, icon, on } from './dom.ts'
import { ICONS } from './icons.ts'
import { presenceWords } from './people.ts'
import { drawText, plainChildren } from './rich.ts'
import type { Scene } from './scene.ts'
import { latestNow, nameOf, personOf } from './state.ts'

/** The card of a person or a user group. */
export function personCard(scene: Scene, who: string | Usergroup): HTMLElement {
  if (typeof who !== 'string') return groupCard(scene, who)
  const person = personOf(scene.state, who)
  if (person) return drawPerson(scene, person)
  return h('div', { class: 'menu card-float', role: 'dialog', 'aria-label': who }, h('p', { class: 'hint' }, who))
}

function drawPerson(scene: Scene, person: Person): HTMLElement {
  const { state, acts } = scene
  const name = person.real_name || person.name
  const line = (picture: Child, ...words: Child[]) => h('p', { class: 'card-line' }, picture, h('span', {}, ...words))
  const status = [person.status_emoji, person.status_text].filter(Boolean).join(' ')
  const isMe = person.id === state.me.id
  const button = (label: string, run: () => void) =>
    on(h('button', { type: 'button', class: 'button small', 'data-close': true }, label), 'click', run)
  return h(
    'div',
    { class: 'menu card-float', role: 'dialog', 'aria-label': name, tabindex: -1, 'data-first': true },
    h(
      'div',
      { class: 'card-head' },
      face(state, person.id, 'huge'),
      h(
        'div',
        {},
        h('p', { class: 'card-name' }, name, ...badges(person)),
        h('p', { class: 'card-handle' }, `@${person.name}`),
      ),
    ),
    status === '' ? null : line(null, ...plainChildren(status)),
    line(presenceSign(state, person), presenceWords(state, person)),
    person.is_bot
      ? null
      : line(
          icon(ICONS.clock),
          `${clockTime(latestNow(state), person.tz)} local time (${person.tz.replaceAll('_', ' ')})`,
        ),
    person.is_external ? line(icon(ICONS.globe), `Of another company (${person.team_id})`) : null,
    h(
      'div',
      { class: 'card-acts' },
      person.id === state.bot.id ? button('Open messages', () => acts.openDm([])) : null,
      isMe || person.is_bot || person.deleted ? null : button('Be this person', () => acts.become(person.id)),
      isMe || person.is_bot || person.deleted
        ? null
        : button(`Group message with ${nameOf(state, state.bot.id)}`, () => acts.openDm([person.id])),
    ),
  )
}

function groupCard(scene: Scene, group: Usergroup): HTMLElement {
  return h(
    'div',
    { class: 'menu card-float', role: 'dialog', 'aria-label': `@${group.handle}`, tabindex: -1, 'data-first': true },
    h(
      'div',
      { class: 'card-head' },
      h('span', { class: 'card-mark' }, icon(ICONS.people)),
      h(
        'div',
        {},
        h(
          'p',
          { class: 'card-name' },
          `@${group.handle}`,
          group.disabled ? h('span', { class: 'tag' }, 'Disabled') : null,
        ),
        h('p', { class: 'card-handle' }, group.name),
      ),
    ),
    group.description === '' ? null : h('div', { class: 'text hint' }, drawText(scene, group.description)),
    h('p', { class: 'menu-title' }, group.users.length === 1 ? '1 member' : `${group.users.length} members`),
    ...group.users.map((id) => memberLine(scene, id)),
  )
}

/** One person in a list of members. */
export function memberLine(scene: Scene, id: string): HTMLElement {
  const { state } = scene
  const person = personOf(state, id)
  const button = h(
    'button',
    { type: 'button', class: 'menu-item' },
    face(state, id, 'small'),
    h(
      'span',
      { class: 'menu-name' },
      h('span', {}, nameOf(state, id)),
      person ? h('small', {}, `@${person.name}`) : null,
    ),
    ...badges(person),
  )
  return on(button, 'click', () => scene.acts.showCard(button, id))
}
