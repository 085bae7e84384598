import { z } from 'zod'
import { looseEnds } from '../detect/graph.ts'
import { type Silence, silenceOver } from '../detect/silence.ts'
import { staleAfterMs } from '../detect/stale.ts'
import type { Monitor, Rules } from '../rules.ts'

/** What the watch of a service saw of itself, gathered just before a decision is asked for. */
export const Sight = z.strictObject({
  /** When it was gathered. */
  at: z.number(),
  monitors: z.array(
    z.strictObject({
      name: z.string(),
      status: z.enum(['unknown', 'up', 'down']),
      lastAt: z.number().nullable(),
      learnsUntilAt: z.number().nullable(),
    }),
  ),
  /** Names of the service that nothing watches. */
  gaps: z.array(z.string()),
  /** How much of its pool serves; null: it has none, or nobody answers. */
  pool: z.strictObject({ up: z.int().nonnegative(), total: z.int().nonnegative() }).nullable(),
})
export type Sight = z.infer<typeof Sight>

/** What was seen longer ago says nothing of this moment. */
export const SIGHT_MS = 30_000

/** Why a rollout could go wrong and nobody would see it. */
export const Blindness = z.enum([
  /** Nobody has looked for long, or ever. */
  'silent',
  'silenced',
  'disabled',
  /** Back from a silence, and it has not shown that it sees. */
  'returning',
  'learning',
  /** It says that something is wrong already: it would not say so a second time. */
  'failing',
  /** Nothing notices when it stops. */
  'unwatched',
  /** A name of the service that no probe looks at. */
  'uncovered',
  'pool',
  /** Nothing watches the service. */
  'nothing',
])
export type Blindness = z.infer<typeof Blindness>

export interface Blind {
  why: Blindness
  /** The monitor, or the name that nothing watches; null: the service as a whole. */
  what: string | null
  /** When it is over by itself; null: nobody knows. */
  endAt: number | null
}

/** What reports by itself, at its own times, says nothing of the minutes of a rollout. */
const required = (monitor: Monitor) => monitor.kind !== 'heartbeat'

/**
 * Everything of a service's watch that would not see a rollout go wrong between two instants.
 *
 * @param fromAt now
 * @param toAt when it would have been rolled out and watched
 */
export function blindness(
  rules: Pick<Rules, 'monitors' | 'services' | 'locations' | 'outwardHeartbeat'>,
  service: string,
  sight: Sight,
  silences: readonly Silence[],
  { fromAt, toAt }: { fromAt: number; toAt: number },
): Blind[] {
  const ours = Object.values(rules.monitors).filter((monitor) => monitor.service === service)
  const watching = ours.filter(required)
  const pool = rules.services[service]?.pool ?? null
  const seen = new Map(sight.monitors.map((each) => [each.name, each]))
  const loose = unwatched(rules, ours)
  return [
    ...(watching.length === 0 ? [{ why: 'nothing' as const, what: null, endAt: null }] : []),
    ...watching.flatMap((monitor): Blind[] => {
      const { name } = monitor
      const blind = (why: Blindness, endAt: number | null = null): Blind[] => [{ why, what: name, endAt }]
      const silence = during(silences, monitor, fromAt, toAt)
      if (silence) return blind(silence.mode === 'disable' ? 'disabled' : 'silenced', silence.untilAt)
      if (silences.some(({ state, awaiting }) => isBack(state) && awaiting.includes(name))) return blind('returning')
      const known = seen.get(name)
      const longest = staleAfterMs(monitor)
      if (!known || known.status === 'unknown' || known.lastAt === null) return blind('silent')
      if (longest !== null && sight.at - known.lastAt > longest) return blind('silent')
      if (known.learnsUntilAt !== null && known.learnsUntilAt > fromAt) return blind('learning', known.learnsUntilAt)
      if (known.status === 'down') return blind('failing')
      return loose.has(name) ? blind('unwatched') : []
    }),
    ...sight.gaps.map((name): Blind => ({ why: 'uncovered', what: name, endAt: null })),
    ...(pool !== null && (sight.pool === null || sight.pool.total === 0)
      ? [{ why: 'pool' as const, what: null, endAt: null }]
      : []),
  ]
}

const isBack = (state: Silence['state']) => state === 'returning' || state === 'overdue'

/** A silence that holds at some instant of the rollout. */
const during = (silences: readonly Silence[], { service, name }: Monitor, fromAt: number, toAt: number) =>
  silenceOver(silences, { service, monitor: name }, fromAt) ??
  silences.find(
    (each) =>
      each.state === 'planned' &&
      each.fromAt < toAt &&
      silenceOver([each], { service, monitor: name }, each.fromAt) !== null,
  )

/** The monitors that could stop without anybody noticing. */
function unwatched(rules: Parameters<typeof blindness>[0], ours: readonly Monitor[]): Set<string> {
  const monitors = Object.fromEntries(ours.map((monitor) => [monitor.name, monitor]))
  return new Set(
    looseEnds({ ...rules, monitors }).flatMap(({ node }) => /^(?:monitor|feed|canary)\/(.*)$/.exec(node)?.[1] ?? []),
  )
}
