/// <reference lib="dom" />
import type { Person, State } from '../wire.ts'
import { h, icon } from './dom.ts'
import { ICONS } from './icons.ts'
import { badgesOf, presenceOf, presenceWords } from './people.ts'
import { nameOf, personOf } from './state.ts'

const HUES = 8

export type AvatarSize = 'small' | 'large' | 'huge'

/** A coloured square with initials; the bot has a bell. The colour follows from the order in which people came, so it is the same everywhere. */
export function avatar(state: State, id: string, size: AvatarSize): HTMLElement {
  const isBot = id !== 'USLACKBOT' && (personOf(state, id)?.is_bot ?? false)
  const style = isBot ? 'bot' : `hue-${hueOf(state, id)}`
  return h(
    'span',
    { class: `avatar ${size} ${style}`, 'aria-hidden': 'true' },
    isBot ? icon(ICONS.bell) : initials(nameOf(state, id)),
  )
}

/** An avatar with the sign of presence at its corner. */
export function face(state: State, id: string, size: AvatarSize): HTMLElement {
  const person = personOf(state, id)
  return h('span', { class: 'face' }, avatar(state, id, size), person && presenceSign(state, person))
}

/** A dot, full or hollow, or a moon; its meaning is its label. */
export function presenceSign(state: State, person: Person): HTMLElement {
  const presence = presenceOf(state, person)
  return h(
    'span',
    { class: `presence ${presence}`, role: 'img', 'aria-label': presenceWords(state, person) },
    presence === 'quiet' ? icon(ICONS.moon) : null,
  )
}

export function badges(person: Person | null): HTMLElement[] {
  return badgesOf(person).map((badge) =>
    h('span', { class: `tag is-${badge.toLowerCase().replaceAll(/[^a-z]/g, '')}` }, badge),
  )
}

function hueOf(state: State, id: string): number {
  return (
    Math.max(
      0,
      state.users.findIndex((user) => user.id === id),
    ) % HUES
  )
}

function initials(name: string): string {
  const words = name.split(/\s+/).filter((word) => word !== '')
  return [words[0], words.length > 1 ? words.at(-1) : undefined]
    .map((word) => word?.charAt(0).toUpperCase() ?? '')
    .join('')
}
