import type { Desk } from '../book.ts'
import { dutyAt } from '../duty/schedule.ts'
import { edited } from '../handover.ts'
import { isOpen } from '../incident.ts'
import { type Rules, under } from '../rules.ts'
import { type Deploy, holdsBack, isActive, stands } from './deploy.ts'
import type { GateFacts } from './gate.ts'
import type { Sight } from './sight.ts'
import { concerns } from './window.ts'

/** As much of the desk as the gate looks at. */
export type Seen = Pick<Desk, 'incidents' | 'silences' | 'edits' | 'handovers' | 'unreachable' | 'deploys' | 'locks'>

/**
 * All that the gate decides on, for a service in an environment. What the configuration does not know is null, and denies.
 *
 * @param sight what its watch saw just now; null: nobody has looked
 * @param but the deploy that is asked about, which is not in its own way
 */
export function factsFor(
  { desk, rules }: { desk: Seen; rules: Rules },
  { service, environment, but }: { service: string; environment: string; but: number | null },
  sight: Sight | null,
  at: number,
): GateFacts {
  const known = under(rules.services, service)
  const policy = under(rules.policies, known?.policy ?? '')
  const step = policy?.steps[0]?.page ?? null
  const schedules = step?.flatMap(({ kind, name }) => (kind === 'schedule' ? name : [])) ?? null
  const rosters = schedules?.map((name) => under(rules.schedules, name))
  const whole = rosters?.flatMap((roster) => (roster ? edited(roster, desk.edits) : [])) ?? null
  const complete = whole !== null && whole.length === rosters?.length ? whole : null
  const named = step?.flatMap(({ kind, name }) => (kind === 'person' ? name : [])) ?? []
  const people = complete === null ? null : [...new Set([...named, ...complete.flatMap((each) => dutyAt(each, at))])]
  const concerned = new Set([service, ...dependsOn(rules, service)])
  return {
    service,
    rules: known ? rules : null,
    schedules: complete,
    handovers: desk.handovers,
    times: rules.gate.shiftChange,
    windows: rules.gate.windows.filter((window) => concerns(window, service)),
    barriers: desk.locks.filter((lock) => stands(lock, at) && holdsBack(lock, service, environment)),
    incidents: Object.values(desk.incidents).flatMap((incident) =>
      isOpen(incident) && incident.drill === null && incident.service !== null && concerned.has(incident.service)
        ? { id: incident.id, service: incident.service, openedAt: incident.openedAt }
        : [],
    ),
    onCall: people === null ? null : { people, unreachable: people.filter((name) => name in desk.unreachable) },
    sight,
    silences: desk.silences,
    rollouts: activeOf(desk, service, environment)
      .filter(({ id }) => id !== but)
      .map(({ id, version, startedAt, askedAt }) => ({ id, version, startedAt: startedAt ?? askedAt })),
    refuseWhen: rules.gate.refuseWhen,
  }
}

/** Rollouts that are not over. */
export const activeOf = ({ deploys }: Pick<Desk, 'deploys'>, service: string, environment: string): Deploy[] =>
  Object.values(deploys).filter(
    (each) => each.service === service && each.environment === environment && isActive(each),
  )

/** The services whose monitors those of a service depend on, however far down. */
export function dependsOn({ monitors }: Pick<Rules, 'monitors'>, service: string): string[] {
  const found = new Set<string>()
  const queue = [service]
  for (let of = queue.pop(); of !== undefined; of = queue.pop())
    for (const monitor of Object.values(monitors))
      if (monitor.service === of)
        for (const name of monitor.dependsOn ?? []) {
          const below = under(monitors, name)?.service
          if (below !== undefined && below !== service && !found.has(below)) {
            found.add(below)
            queue.push(below)
          }
        }
  return [...found]
}
