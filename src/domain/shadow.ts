import type { Incident } from './incident.ts'
import { type isPaged, type Rules, schedulesOf } from './rules.ts'

/**
 * Shadow mode: everything is decided and recorded as ever, and what would be done is said in one channel. Nobody is paged by it, nobody gets a
 * DM that they did not ask for, and nothing goes out beside Slack. For a team that still has another pager.
 */

type Shadowed = Pick<Rules, 'shadow' | 'services' | 'policies'>

/** Everything is in shadow mode: nobody at all is paged. */
export const allInShadow = ({ shadow }: Pick<Rules, 'shadow'>): boolean =>
  shadow !== undefined && shadow.services === null && shadow.policies === null

/** Whether what concerns a service, or is escalated by a policy, pages nobody. */
export function inShadow(rules: Pick<Rules, 'shadow'>, of: { service: string | null; policy: string }): boolean {
  const { shadow } = rules
  if (shadow === undefined) return false
  if (allInShadow(rules)) return true
  return (of.service !== null && shadow.services?.includes(of.service)) || shadow.policies?.includes(of.policy) || false
}

/** Whether nobody is told of the changes of a schedule: nothing that pages it is real. */
export function scheduleInShadow(rules: Shadowed & Parameters<typeof isPaged>[0], schedule: string): boolean {
  if (rules.shadow === undefined) return false
  if (allInShadow(rules)) return true
  const services = Object.values(rules.services)
  const policies = Object.values(rules.policies).filter((policy) => schedulesOf(policy).includes(schedule))
  const isReal = ({ name: policy }: { name: string }) => {
    const users = services.filter((service) => service.policy === policy)
    return users.length === 0
      ? !inShadow(rules, { service: null, policy })
      : users.some(({ name }) => !inShadow(rules, { service: name, policy }))
  }
  return policies.length > 0 && !policies.some(isReal)
}

/** Whether an incident goes on for real: it began in shadow mode, which is over for it by the configuration. */
export const isUncovered = (rules: Rules, { shadow, service, policy }: Incident): boolean =>
  shadow && !inShadow(rules, { service, policy: policy.name })
