import type { State } from '../wire.ts'
import { emojiStartingWith } from './emoji.ts'

/** What the composer offers while a person types. Pure. */
export interface Completion {
  /** The part of the text that a choice replaces. */
  from: number
  to: number
  kind: 'command' | 'person' | 'channel' | 'emoji'
  items: Item[]
}

export interface Item {
  insert: string
  label: string
  detail: string
}

const MOST = 8

/** Offers for the word before the caret: `/command` at the start, `@person`, `#channel`, `:emoji`; null when there is nothing to offer. */
export function complete(state: State, text: string, caret: number): Completion | null {
  const before = text.slice(0, caret)
  const command = /^\/\S*$/.exec(before)
  if (command) return offer('command', 0, caret, commands(state, before))
  const word = /(?:^|[\s(])([@#:])([\w.+'-]*)$/.exec(before)
  if (!word?.[1] || word[2] === undefined) return null
  const from = caret - word[2].length - 1
  if (word[1] === '@') return offer('person', from, caret, people(state, word[2].toLowerCase()))
  if (word[1] === '#') return offer('channel', from, caret, channels(state, word[2].toLowerCase()))
  return word[2].length < 2 ? null : offer('emoji', from, caret, emoji(word[2]))
}

function offer(kind: Completion['kind'], from: number, to: number, items: Item[]): Completion | null {
  return items.length === 0 ? null : { kind, from, to, items: items.slice(0, MOST) }
}

function commands(state: State, typed: string): Item[] {
  return state.commands
    .filter((command) => command.startsWith(typed.toLowerCase()))
    .map((command) => ({ insert: `${command} `, label: command, detail: state.bot.real_name || state.bot.name }))
}

function people(state: State, typed: string): Item[] {
  return state.users
    .filter((user) => !user.deleted)
    .filter((user) => [user.name, ...user.real_name.split(/\s+/)].some((part) => part.toLowerCase().startsWith(typed)))
    .map((user) => ({ insert: `@${user.name} `, label: user.real_name || user.name, detail: `@${user.name}` }))
}

function channels(state: State, typed: string): Item[] {
  return state.channels
    .filter((channel) => channel.kind !== 'im' && !channel.is_archived)
    .filter((channel) => channel.name.startsWith(typed) || channel.name.includes(`-${typed}`))
    .map((channel) => ({ insert: `#${channel.name} `, label: `#${channel.name}`, detail: channel.topic }))
}

function emoji(typed: string): Item[] {
  return emojiStartingWith(typed, MOST).map(({ name, character }) => ({
    insert: `${character} `,
    label: `${character}  :${name}:`,
    detail: '',
  }))
}
