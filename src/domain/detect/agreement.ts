import type { Signal } from '../event.ts'
import { HERE, type Probe } from '../rules.ts'
import { type Blindness, isBlind, type Word, wordOf } from './blind.ts'
import { failure, type ProbeState, probeSignal } from './probe.ts'

/**
 * What several locations together say of a monitor. Each has a state of its own, by the same rule as one alone (`probe.ts`). The monitor is
 * down when `agree` of those that count say so. Whoever is silent, blind or late does not count; where fewer are left than have to agree,
 * all that are left are enough: a monitor that could not go down would watch nothing.
 */
export interface View {
  location: string
  word: Word
  /** Why it does not count; null when it does. */
  why: 'silent' | 'blind' | 'unseen' | 'late' | null
  state: ProbeState | null
}

export interface Verdict {
  /** Null: nobody counts, and nothing is said. */
  status: Word
  views: readonly View[]
  /** How many had to agree. */
  needed: number
}

/** What is known of a location's word on a monitor. */
export interface Seen {
  location: string
  state: ProbeState | null
  /** Nothing has come from there for too long. */
  silent: boolean
  blindness: Blindness | null
  /** Another location sees its targets well. */
  contradicted: boolean
}

/** What a location said longer ago than this, and longer than three of the monitor's intervals, is the past: it comes in late, or not at all. */
const LATE_MS = 60_000

export function viewOf(seen: Seen, { everyMs, timeoutMs }: Probe, now: number): View {
  const { location, state, blindness, silent, contradicted } = seen
  const none = (why: View['why']): View => ({ location, word: null, why, state })
  if (silent) return none('silent')
  const last = state?.recent.at(-1)
  if (!state || !last) return none('unseen')
  // Of what we look at ourselves we know: on a disk that is full only the news of it is written down.
  if (location !== HERE && now - last.at > Math.max(LATE_MS, 3 * everyMs + timeoutMs)) return none('late')
  const word = wordOf(state, blindness, { contradicted, now })
  if (word !== null) return { location, word, why: null, state }
  return none(isBlind(blindness) ? 'blind' : state.status === 'unknown' ? 'unseen' : 'late')
}

export function agreed(views: readonly View[], agree: number): Verdict {
  const counted = views.filter(({ word }) => word !== null)
  const needed = Math.min(agree, counted.length)
  const down = counted.filter(({ word }) => word === 'down').length
  return { status: counted.length === 0 ? null : down >= needed ? 'down' : 'up', views, needed }
}

const WHY = {
  silent: 'silent',
  blind: 'blind',
  unseen: 'not seen yet',
  late: 'late',
} satisfies Record<NonNullable<View['why']>, string>

/** `down from zurich and here, up from berlin; paris is silent, so that 2 are enough instead of 3`. */
export function inWords({ views, needed }: Verdict, agree: number): string {
  const from = (word: Word) => views.filter((view) => view.word === word).map(({ location }) => location)
  const said = (['down', 'up'] as const).flatMap((word) =>
    from(word).length > 0 ? [`${word} from ${listed(from(word))}`] : [],
  )
  const without = views.flatMap(({ location, why }) => (why === null ? [] : [`${location} is ${WHY[why]}`]))
  const fewer =
    needed > 0 && needed < agree ? `, so that ${needed} ${needed === 1 ? 'is' : 'are'} enough instead of ${agree}` : ''
  return [said.join(', '), `${listed(without)}${fewer}`].filter((part) => part !== '').join('; ')
}

const listed = (words: readonly string[]) =>
  words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`

/** Failures of each location shown with an alarm. */
const SHOWN = 2

/** What the desk hears of a verdict. */
export function signalOf(monitor: Probe, verdict: Verdict & { status: 'up' | 'down' }, now: number): Signal {
  const { status, views } = verdict
  const those = views.filter(({ word }) => word === status)
  const last = those.at(0)?.state?.recent.at(-1)
  // Of one place alone there is nothing to agree on.
  const places = views.length > 1 ? `; ${inWords(verdict, monitor.agree)}` : ''
  return probeSignal(monitor, {
    status,
    says: `${last?.saw ?? 'not looked at any more'}${places}`,
    failed: those.flatMap(({ location, state }) =>
      (state?.recent ?? [])
        .filter(({ ok }) => !ok)
        .slice(-SHOWN)
        .map((sample) => failure(sample, `${location}: `)),
    ),
    seenAt: last?.at ?? now,
  })
}
