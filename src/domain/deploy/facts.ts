import { type Desk, scheduleOf } from '../book.ts'
import { servicesAbove } from '../detect/depends.ts'
import { dutyAt } from '../duty/schedule.ts'
import type { Schedule } from '../duty/schedule-types.ts'
import { isOpen } from '../incident.ts'
import { type Policy, type Rules, under } from '../rules.ts'
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
  const schedules = rosterOf({ desk, rules }, service)
  const named = firstStep(rules, service)?.flatMap(({ kind, name }) => (kind === 'person' ? name : [])) ?? []
  const people = schedules === null ? null : [...new Set([...named, ...schedules.flatMap((each) => dutyAt(each, at))])]
  const concerned = new Set([service, ...servicesAbove(rules, service)])
  return {
    service,
    rules: known ? rules : null,
    schedules,
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

const firstStep = (rules: Rules, service: string): Policy['steps'][number]['page'] | undefined =>
  under(rules.policies, under(rules.services, service)?.policy ?? '')?.steps[0]?.page

/** The schedules whose watch the first step of a service pages; null: the configuration does not say. */
export function rosterOf(
  { desk, rules }: { desk: Pick<Desk, 'edits'>; rules: Rules },
  service: string,
): Schedule[] | null {
  const schedules = firstStep(rules, service)?.flatMap(({ kind, name }) =>
    kind === 'schedule' ? [scheduleOf({ desk, rules }, name)] : [],
  )
  const known = schedules?.filter((schedule) => schedule !== undefined)
  return known !== undefined && known.length === schedules?.length ? known : null
}

/** Rollouts that are not over. */
export const activeOf = ({ deploys }: Pick<Desk, 'deploys'>, service: string, environment: string): Deploy[] =>
  Object.values(deploys).filter(
    (each) => each.service === service && each.environment === environment && isActive(each),
  )
