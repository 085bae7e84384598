import { z } from 'zod'
import { type Rules, schedulesOf } from '../rules.ts'
import { Pattern, Problem, recurring } from './gaps.ts'
import { DAY_MS, WEEK_MS } from './time.ts'

/** How near a problem of the roster is when it is told of. What comes back is told of once, however near the next time is. */
export const Lead = z.enum(['recurring', 'week', 'day', 'soon'])
export type Lead = z.infer<typeof Lead>

export const Warned = z.union([Problem, Pattern])
export type Warned = z.infer<typeof Warned>

/** Something to tell, once, under a name that says what it is about. */
export interface Warning {
  name: string
  lead: Lead
  what: Warned
  /** Slack channels by id. */
  channels: string[]
}

/** All names of warnings begin so. */
export const WARNING = 'roster/'

const SOON_MS = 15 * 60_000

/**
 * Problems are looked for from here to there around an instant. Far enough back that one which is under way keeps the beginning by which it is
 * named (of what lasts for weeks it changes every week, and it is told of again); far enough ahead that one which begins within the week
 * shows whether it ends.
 */
export const windowAround = (now: number) => ({
  fromAt: Math.floor(now / WEEK_MS) * WEEK_MS - WEEK_MS,
  toAt: now + 2 * WEEK_MS,
})

/** What should have been told of by now, of problems found in {@link windowAround}: each under the nearest lead. */
export function warnings(rules: Rules, problems: readonly Problem[], now: number): Warning[] {
  const ahead = problems.filter(({ startAt, endAt }) => endAt > now && startAt < now + WEEK_MS)
  const { patterns, once } = recurring(rules, ahead)
  const warning = (lead: Lead, what: Warned, when: string): Warning => {
    const name = `${WARNING}${lead}/${what.kind}/${[what.schedule, what.with ?? '', what.people.join('+'), when].join('/')}`
    return { name, lead, what, channels: channelsOf(rules, what) }
  }
  return [
    ...patterns.map((what) =>
      warning('recurring', what, `${what.days.join('+')}@${what.from}+${what.nights}@${what.to}`),
    ),
    ...once.map((what) => warning(leadOf(what.startAt - now), what, String(what.startAt))),
  ]
}

const leadOf = (inMs: number): Lead => (inMs <= SOON_MS ? 'soon' : inMs <= DAY_MS ? 'day' : 'week')

/** The schedule, or the two of them. */
export const schedulesIn = (what: Warned): string[] => [what.schedule, ...(what.with === undefined ? [] : [what.with])]

/** Where the services are told of whose policy is concerned. */
function channelsOf(rules: Rules, what: Warned): string[] {
  const concerned = schedulesIn(what)
  const found = Object.values(rules.services).flatMap(({ policy, channel }) => {
    const schedules = schedulesOf(rules.policies[policy] ?? { steps: [] })
    return channel !== null && concerned.every((name) => schedules.includes(name)) ? [channel] : []
  })
  return [...new Set(found)]
}
