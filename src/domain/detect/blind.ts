import { z } from 'zod'
import type { Probe } from '../rules.ts'
import type { ProbeState, Sample } from './probe.ts'

/**
 * Whether a location sees anything at all. When its own network is down every target looks dead, and nobody wants a page for each; when
 * every target is dead somebody must be paged whatever it looks like. Both look alike from within, so the rule is:
 *
 * 1. A location is blind when, since the last answer that anybody gave it, every host that answered before was asked (the first
 *    {@link MOST_ASKED} of them) and none has; {@link FEWEST_HOSTS} at least. An answer is whatever shows that the network works: a page, a
 *    503, a bad certificate, a refused connection. So a company whose servers all fail, and say so, is never taken for blindness.
 * 2. It is asked at the moment at which a monitor would go down: hosts that were not due are looked at then. One answer, and the page goes out.
 * 3. That a location is blind is an alarm, at once, with a page of its own: whichever of the two it is, somebody has been woken.
 * 4. What goes down meanwhile is held back: for {@link HOLD_MS} from the beginning, however often sight comes and goes in between. Where
 *    other locations are heard they go on deciding without it. After that time it counts all the same, unless another location sees its own
 *    targets well, which proves whose network it is.
 * 5. Once it sees again, what it held is told as soon as a fresh look fails too, and forgotten when it does not.
 */

/** Fewer hosts than this prove nothing: they may well be down together. */
const FEWEST_HOSTS = 3

/** Hosts asked at most before it is believed. */
const MOST_ASKED = 20

/** What goes down while a location is blind is held back no longer than this. */
export const HOLD_MS = 120_000

/** Blind again so soon is blind still: a network that flaps gets no more time. */
const SAME_MS = 60_000

/** What a location has heard of the hosts it looks at, by their names. Changed in place: there are thousands of looks a minute. */
export interface Sight {
  hosts: Map<
    string,
    { /** Since when nothing came back; null: it answered when it was last asked. */ muteAt: number | null }
  >
  /** When the latest look began that anybody answered. */
  answeredAt: number
}

export const newSight = (): Sight => ({ hosts: new Map(), answeredAt: Number.NEGATIVE_INFINITY })

/** Who answers a probe. */
export function hostOf(probe: Probe): string {
  switch (probe.kind) {
    case 'http':
      return new URL(probe.url).hostname
    case 'tls':
    case 'tcp':
      return probe.host.toLowerCase()
    case 'dns':
      return probe.resolver ?? 'the name servers of the machine'
    default:
      return probe satisfies never
  }
}

export function saw(sight: Sight, host: string, { at, mute, stoodMs }: Sample): void {
  const before = sight.hosts.get(host)
  // Whoever stood still meanwhile has heard nobody.
  if (mute === true && stoodMs !== undefined) return
  if (mute === true) {
    // One that never answered says nothing about us.
    if (before) sight.hosts.set(host, { muteAt: before.muteAt ?? at })
    return
  }
  sight.hosts.set(host, { muteAt: null })
  sight.answeredAt = Math.max(sight.answeredAt, at)
}

/**
 * What can be said of a location's sight since an instant; `ask`: these hosts have to be looked at first.
 *
 * @param known hosts that there are monitors for
 */
export function opinion(
  { hosts, answeredAt }: Sight,
  sinceAt: number,
  known: Pick<ReadonlySet<string>, 'has'>,
): { sees: true } | { sees: false; hosts: number } | { ask: string[] } {
  if (answeredAt >= sinceAt) return { sees: true }
  // Whoever was silent before the last answer came was down by itself.
  const witnesses = [...hosts].filter(
    ([host, { muteAt }]) => known.has(host) && (muteAt === null || muteAt >= answeredAt),
  )
  if (witnesses.length < FEWEST_HOSTS) return { sees: true }
  const unasked = witnesses.filter(([, { muteAt }]) => muteAt === null).map(([host]) => host)
  const asked = witnesses.length - unasked.length
  const ask = unasked.slice(0, Math.max(0, MOST_ASKED - asked))
  return ask.length > 0 ? { ask } : { sees: false, hosts: asked }
}

/** That a location was blind: it is so still while `regainedAt` is null. */
export const Blindness = z.strictObject({
  /** The first of the looks that nobody answered; of those that found it blind anew, that of the latest. */
  sinceAt: z.number(),
  darkAt: z.number(),
  /** When it was known: what goes down is held back from then on. */
  foundAt: z.number(),
  /** How many hosts were asked in vain. */
  hosts: z.int(),
  regainedAt: z.number().nullable(),
})
export type Blindness = z.infer<typeof Blindness>

/** A location was found blind. */
export function blinded(
  before: Blindness | null,
  { sinceAt, hosts }: { sinceAt: number; hosts: number },
  now: number,
): Blindness {
  const isSame = before !== null && (before.regainedAt === null || now - before.regainedAt < SAME_MS)
  const first = isSame ? { sinceAt: before.sinceAt, foundAt: before.foundAt } : { sinceAt, foundAt: now }
  return { ...first, darkAt: sinceAt, hosts, regainedAt: null }
}

/** Somebody answered a location. */
export const regained = (before: Blindness | null, at: number): Blindness | null =>
  before === null || before.regainedAt !== null ? before : { ...before, regainedAt: at }

export const isBlind = (blindness: Blindness | null): blindness is Blindness => blindness?.regainedAt === null

/** What a location says of a monitor; null: nothing that counts. */
export type Word = 'up' | 'down' | null

/**
 * What the word of a location is worth.
 *
 * @param blindness when the location was blind last
 * @param contradicted another location sees its targets well
 */
export function wordOf(
  state: ProbeState,
  blindness: Blindness | null,
  { contradicted, now }: { contradicted: boolean; now: number },
): Word {
  const word = state.status === 'unknown' ? null : state.status
  if (blindness === null) return word
  if (blindness.regainedAt === null) {
    // Held back long enough, and nobody knows better: better a page too many than none.
    return now - blindness.foundAt >= HOLD_MS && !contradicted ? word : null
  }
  if (word !== 'down' || state.sinceAt < blindness.sinceAt) return word
  // It went down while nothing was seen: only what was seen since counts.
  const last = state.recent.at(-1)
  if (!last || last.at < blindness.regainedAt) return null
  return last.ok ? 'up' : 'down'
}
