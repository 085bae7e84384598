import type { Person, State } from '../wire.ts'
import { clockTime } from './dates.ts'
import { latestNow } from './state.ts'

/** What is to be said of a person beside their name. Pure. */

/** `APP`, `Guest`, `External`, `Deactivated`: what stands beside the name, commonest last. */
export function badgesOf(person: Person | null): string[] {
  if (!person) return []
  return [
    ...(person.is_bot ? ['APP'] : []),
    ...(person.is_ultra_restricted ? ['Single-channel guest'] : person.is_restricted ? ['Guest'] : []),
    ...(person.is_external ? ['External'] : []),
    ...(person.deleted ? ['Deactivated'] : []),
  ]
}

export function isQuiet(state: State, person: Person): boolean {
  return person.dnd_until !== null && person.dnd_until > latestNow(state)
}

/** The sign beside a person: the bot is there when it is connected. */
export function presenceOf(state: State, person: Person): 'active' | 'away' | 'quiet' {
  if (person.id === state.bot.id) return state.connections > 0 ? 'active' : 'away'
  if (person.deleted) return 'away'
  return isQuiet(state, person) ? 'quiet' : person.presence
}

/** The same as a sentence, for people who do not see the dot. */
export function presenceWords(state: State, person: Person): string {
  if (person.id === state.bot.id) return state.connections > 0 ? 'Connected' : 'Not connected'
  if (person.deleted) return 'Has left'
  const there = person.presence === 'active' ? 'Active' : 'Away'
  if (person.dnd_until === null || !isQuiet(state, person)) return there
  return `${there}, notifications paused until ${clockTime(person.dnd_until, state.me.tz)}`
}
