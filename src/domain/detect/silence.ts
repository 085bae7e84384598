import { z } from 'zod'
import { heartbeatsOf, logsOf, type Monitor, probesOf, type Rules, ratesOf, under } from '../rules.ts'

/**
 * A silence, or planned maintenance: nobody is paged for what it covers. Everything goes on being watched and recorded; only paging stops.
 * It has an owner, a reason and an end, always.
 *
 * planned --from--> active --until, or ended--> returning --every monitor has proved itself--> back
 * returning --deadline--> overdue [its owner is paged, then whoever is on duty] --every monitor has proved itself--> back
 * A monitor has proved itself by a look of its own, and then by a fault injected into it, where one can be, that came through to the out-tray.
 * planned --ended--> cancelled
 * A monitor is disabled the same way: asked --somebody else approves--> active; asked --nobody does in time, or taken back--> cancelled
 */
export const Silence = z.strictObject({
  id: z.int(),
  /** A monitor that is disabled does not look at all; what is silenced only pages nobody. */
  mode: z.enum(['silence', 'disable']).default('silence'),
  by: z.string(),
  /** The second person, whom disabling takes. */
  approvedBy: z.string().nullable().default(null),
  target: z.strictObject({ kind: z.enum(['monitor', 'service']), name: z.string() }),
  reason: z.string(),
  madeAt: z.number(),
  fromAt: z.number(),
  untilAt: z.number(),
  state: z.enum(['asked', 'planned', 'active', 'returning', 'overdue', 'back', 'cancelled']),
  /** Its owner has been told that it ends soon. */
  noticed: z.boolean(),
  endedAt: z.number().nullable(),
  /** Who ended it before its time. */
  endedBy: z.string().nullable(),
  /** Somebody who is not its owner wants it to end: whoever else says so too ends it. */
  endAskedBy: z.string().nullable(),
  /** Monitors that have not reported since it ended, and by when they have to. */
  awaiting: z.array(z.string()),
  /** Those of them that have looked, and into which a fault is injected: it has to come through, too. */
  seen: z.array(z.string()).default([]),
  returnBy: z.number().nullable(),
})
export type Silence = z.infer<typeof Silence>

/** Whether it covers a monitor of a service; null: what another system says of the service. */
export const covers = ({ target }: Pick<Silence, 'target'>, service: string, monitor: string | null): boolean =>
  target.kind === 'service' ? target.name === service : target.name === monitor

/** The silence under which an alert pages nobody at an instant, the one that lasts longest. */
export function silenceOver(
  silences: readonly Silence[],
  alert: { service: string; monitor: string | null },
  at: number,
): Silence | null {
  const [longest] = silences
    .filter(({ state, fromAt }) => state === 'active' || (state === 'planned' && fromAt <= at))
    .filter((each) => each.untilAt > at && covers(each, alert.service, alert.monitor))
    .sort((a, b) => b.untilAt - a.untilAt)
  return longest ?? null
}

/** The monitors that are disabled at an instant. */
export const disabledOf = (silences: readonly Silence[], at: number): ReadonlySet<string> =>
  new Set(
    silences.flatMap(({ mode, state, target, untilAt }) =>
      mode === 'disable' && state === 'active' && untilAt > at ? target.name : [],
    ),
  )

/** The service that it is about; null when the configuration has no such thing any more. */
export function serviceOf(
  { target }: Pick<Silence, 'target'>,
  rules: Pick<Rules, 'services' | 'monitors'>,
): string | null {
  if (target.kind === 'service') return under(rules.services, target.name)?.name ?? null
  return under(rules.monitors, target.name)?.service ?? null
}

const watching = (rules: Pick<Rules, 'monitors'>) => [
  ...probesOf(rules),
  ...logsOf(rules),
  ...ratesOf(rules),
  ...heartbeatsOf(rules),
]

/** Whether it goes and looks, or reads: what reports by itself has a deadline of its own, and nothing to show before it. */
export const looks = ({ kind }: Pick<Monitor, 'kind'>): boolean => kind !== 'heartbeat'

/** What has to show that it is back once it is over. */
export const returning = ({ target }: Pick<Silence, 'target'>, rules: Pick<Rules, 'monitors'>) =>
  watching(rules).filter(({ name, service }) => covers({ target }, service, name))

/** How long after its end every monitor must have reported anew: two tries and a moment, for the slowest; never less than the configuration says. */
export const returnMs = (monitors: readonly Monitor[], { silences }: Pick<Rules, 'silences'>): number =>
  Math.max(silences.returnMs, ...monitors.map((each) => ('everyMs' in each ? 2 * each.everyMs + each.timeoutMs : 0)))
