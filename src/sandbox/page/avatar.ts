/// <reference lib="dom" />
import type { State } from '../wire.ts'
import { h, ICONS, icon } from './dom.ts'
import { nameOf, personOf } from './state.ts'

const HUES = 8

/** A coloured square with initials; the bot has a bell. The colour follows from the id, so it is the same everywhere. */
export function avatar(state: State, id: string, size: 'small' | 'large'): HTMLElement {
  const isBot = personOf(state, id)?.is_bot ?? false
  const style = isBot ? 'bot' : `hue-${hueOf(id)}`
  return h(
    'span',
    { class: `avatar ${size} ${style}`, 'aria-hidden': 'true' },
    isBot ? icon(ICONS.bell) : initials(nameOf(state, id)),
  )
}

function hueOf(id: string): number {
  let sum = 0
  for (const char of id) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 9973
  return sum % HUES
}

function initials(name: string): string {
  const words = name.split(/\s+/).filter((word) => word !== '')
  return [words[0], words.length > 1 ? words.at(-1) : undefined]
    .map((word) => word?.charAt(0).toUpperCase() ?? '')
    .join('')
}
