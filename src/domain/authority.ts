import { z } from 'zod'
import { dutyAt } from './duty/schedule.ts'
import { type Person, personOfSlack, type Rules, under } from './rules.ts'

/** Who asks: a Slack account and the workspace it belongs to. */
export interface Account {
  user: string
  team: string
}

/** What Slack says of the accounts of people, by their names. */
export interface Standings {
  guests: ReadonlySet<string>
  gone: ReadonlySet<string>
  /** Slack ids of those in the user groups that roles name, by handle. */
  groups: ReadonlyMap<string, readonly string[]>
}

/** Why somebody may not act. */
export const Denied = z.enum(['outsider', 'stranger', 'guest', 'gone', 'no-such-role', 'not-in-role'])
export type Denied = z.infer<typeof Denied>

export type Authority = { allow: true; person: Person } | { allow: false; reason: Denied }

/** Who has a role because they are in a Slack user group: names of people. */
export function byGroup(rules: Rules, role: string, { groups }: Pick<Standings, 'groups'>): string[] {
  const handles = under(rules.roles, role)?.slackGroups ?? []
  const users = new Set(handles.flatMap((handle) => groups.get(handle) ?? []))
  return Object.values(rules.people).flatMap(({ name, slack }) => (users.has(slack) ? [name] : []))
}

/**
 * The one policy of who may do what (reliability R10), asked at the act: people of our own workspace who are listed in the configuration
 * may act; some acts take a role, held by people, by whoever is in a Slack user group, and by whoever has a watch at that instant.
 *
 * @param team our workspace; null while Slack has not told us
 * @param guests names of people who are guests in Slack
 * @param gone names of people whose account is deactivated, unknown to Slack, or a bot's
 * @param role the role that the act takes; null when everybody listed may
 */
export function authorise(
  rules: Rules,
  account: Account,
  { team, guests, gone, groups }: { team: string | null } & Standings,
  role: string | null,
  at: number,
): Authority {
  if (team !== null && account.team !== team) return { allow: false, reason: 'outsider' }
  const person = personOfSlack(rules, account.user)
  if (!person) return { allow: false, reason: 'stranger' }
  if (guests.has(person.name)) return { allow: false, reason: 'guest' }
  if (gone.has(person.name)) return { allow: false, reason: 'gone' }
  if (role === null) return { allow: true, person }
  const wanted = under(rules.roles, role)
  if (!wanted) return { allow: false, reason: 'no-such-role' }
  const onDuty = wanted.schedules.some((name) => {
    const schedule = under(rules.schedules, name)
    return schedule !== undefined && dutyAt(schedule, at).includes(person.name)
  })
  const isIn = byGroup(rules, role, { groups }).includes(person.name)
  const holds = onDuty || isIn || wanted.people.includes(person.name)
  return holds ? { allow: true, person } : { allow: false, reason: 'not-in-role' }
}
