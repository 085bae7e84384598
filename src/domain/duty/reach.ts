import { z } from 'zod'
import { BY_DEFAULT, lacking } from '../contact.ts'
import { type Rules, schedulesOf, under } from '../rules.ts'
import { schedulesPaged } from './gaps.ts'
import { type Segment, segments } from './schedule.ts'
import { DAY_MS, HOUR_MS, startOfDay, timeOfDay, toInstant, toWall, WEEK_MS } from './time.ts'
import { WARNING } from './warning.ts'

/** Why a page may not reach somebody during their shift. */
export const Doubt = z.strictObject({
  /**
   * Slack has no such account (any more); its "do not disturb" covers part of the shift, and nothing beside it is known to work; nobody has
   * confirmed what is beside it; or there is nothing beside it, though others have something.
   */
  kind: z.enum(['gone', 'quiet', 'unconfirmed', 'alone']),
  person: z.string(),
  schedule: z.string(),
  startAt: z.number(),
  endAt: z.number(),
})
export type Doubt = z.infer<typeof Doubt>

/** What is known of how people are reached. */
export interface Reachability {
  /** Of whom Slack has no account, and why. */
  unreachable: Readonly<Record<string, string>>
  /** Who is reached beside Slack, as far as anybody knows. */
  confirmed: ReadonlySet<string>
  /** When Slack will not disturb them next; it may come back every day. */
  quiet: ReadonlyMap<string, { fromAt: number; toAt: number }>
}

/** How near the shift is. */
export const ReachLead = z.enum(['day', 'hour'])
export type ReachLead = z.infer<typeof ReachLead>

export interface ReachWarning {
  /** Says what it is about, so that it is told once. */
  name: string
  lead: ReachLead
  doubt: Doubt
  to: { person: string } | { channel: string }
}

const LEAD_MS = { day: DAY_MS, hour: HOUR_MS } satisfies Record<ReachLead, number>

/** When others are awake; whoever comes on duty is told when it is time, whatever the hour. */
const AWAKE_FROM_MS = 8 * HOUR_MS
const AWAKE_TO_MS = 22 * HOUR_MS
const LAST_CALL_MS = 21 * HOUR_MS

/** A lead of a day, and the night before it. */
const AHEAD_MS = 2 * DAY_MS

/** Shifts that are under way or begin soon, of whom a page may not reach; in order of their beginning. */
export function doubts(rules: Rules, known: Reachability, now: number): Doubt[] {
  // Far enough back that a shift keeps the beginning by which it is named.
  const fromAt = Math.floor(now / WEEK_MS) * WEEK_MS - WEEK_MS
  const found = schedulesPaged(rules).flatMap((schedule) => {
    // And ahead, for its end.
    const stood = segments(schedule, fromAt, now + WEEK_MS + AHEAD_MS)
    return shifts(stood).flatMap(({ person, startAt, endAt }): Doubt[] => {
      const isNear = endAt > now && startAt < now + AHEAD_MS
      const kind = isNear ? why(rules, known, person, Math.max(startAt, now), endAt) : null
      // Nobody at all who can be paged is a problem of the roster, and told as that.
      if (kind === null || (kind === 'gone' && isAlone(stood, known, startAt))) return []
      return [{ kind, person, schedule: schedule.name, startAt, endAt }]
    })
  })
  return found.sort((a, b) => a.startAt - b.startAt)
}

/** Each person's stretches without an interruption. */
function shifts(stood: readonly Segment[]): { person: string; startAt: number; endAt: number }[] {
  const found: { person: string; startAt: number; endAt: number }[] = []
  for (const { people, startAt, endAt } of stood)
    for (const person of people) {
      const last = found.findLast((each) => each.person === person)
      if (last?.endAt === startAt) last.endAt = endAt
      else found.push({ person, startAt, endAt })
    }
  return found
}

const isAlone = (stood: readonly Segment[], { unreachable }: Reachability, at: number) =>
  stood.some(
    ({ people, startAt, endAt }) =>
      startAt <= at && at < endAt && people.every((person) => under(unreachable, person) !== undefined),
  )

function why(rules: Rules, known: Reachability, person: string, fromAt: number, toAt: number): Doubt['kind'] | null {
  if (under(known.unreachable, person) !== undefined) return 'gone'
  if (known.confirmed.has(person)) return null
  const quiet = known.quiet.get(person)
  if (quiet && isQuietWithin(quiet, fromAt, toAt)) return 'quiet'
  if (carried(rules, person)) return 'unconfirmed'
  // A company that has nothing beside Slack for anybody has decided so.
  return Object.keys(rules.people).some((name) => carried(rules, name)) ? 'alone' : null
}

/** Whether anything carries a page to them beside Slack. */
const carried = ({ people, notify = BY_DEFAULT }: Rules, person: string) =>
  (under(people, person)?.contact ?? []).some(({ via }) => lacking(notify, via) === null)

function isQuietWithin(quiet: { fromAt: number; toAt: number }, fromAt: number, toAt: number): boolean {
  for (let days = 0; quiet.fromAt + days * DAY_MS < toAt; days++) if (quiet.toAt + days * DAY_MS > fromAt) return true
  return false
}

/** Names in a sentence at most. */
const NAMED = 10

/** Who may be paged and is reached by Slack alone, though others are not: a sentence, if there is anybody. */
export function slackAlone(rules: Rules): string[] {
  if (!Object.keys(rules.people).some((name) => carried(rules, name))) return []
  const onDuty = schedulesPaged(rules).flatMap(({ layers }) => layers.flatMap((layer) => layer.people.flat()))
  const lastResort = Object.values(rules.policies).flatMap(({ fallback }) => fallback)
  const alone = [...new Set([...onDuty, ...lastResort])].filter(
    (person) => (under(rules.people, person)?.contact ?? []).length === 0,
  )
  if (alone.length === 0) return []
  const names = alone.length > NAMED ? [...alone.slice(0, NAMED), `${alone.length - NAMED} more`] : alone
  return [`reached by Slack alone, and by nothing while it is down, because they have no contact: ${names.join(', ')}`]
}

/** What should have been told of by now, each under the nearest lead: to the person, and to where the services are told of that they are paged for. */
export function reachWarnings(rules: Rules, found: readonly Doubt[], now: number): ReachWarning[] {
  return found.flatMap((doubt) => {
    if (doubt.endAt <= now) return []
    const zone = rules.schedules[doubt.schedule]?.zone ?? rules.zone
    const warning = (to: ReachWarning['to'], dueAt: (lead: ReachLead) => number): ReachWarning[] => {
      const lead = (['hour', 'day'] as const).find((each) => dueAt(each) <= now)
      if (lead === undefined) return []
      const whom = 'person' in to ? `@${to.person}` : to.channel
      const { kind, schedule, person, startAt } = doubt
      return [{ name: `${WARNING}reach/${lead}/${kind}/${schedule}/${person}/${startAt}/${whom}`, lead, doubt, to }]
    }
    const atLead = (lead: ReachLead) => doubt.startAt - LEAD_MS[lead]
    return [
      // Whom Slack does not know it cannot tell.
      ...(doubt.kind === 'gone' ? [] : warning({ person: doubt.person }, atLead)),
      ...(mayWait(doubt, zone, now) ? [] : channels(rules, doubt.schedule)).flatMap((channel) =>
        warning({ channel }, (lead) => whileAwake(atLead(lead), zone)),
      ),
    ]
  })
}

const isAwake = (time: number) => time >= AWAKE_FROM_MS && time < AWAKE_TO_MS

/** What is found out at night waits for the morning, where there is still time then. */
function mayWait({ startAt }: Doubt, zone: string, now: number): boolean {
  const wall = toWall(now, zone)
  const time = timeOfDay(wall)
  const day = startOfDay(wall) + (time < AWAKE_FROM_MS ? 0 : DAY_MS)
  return !isAwake(time) && toInstant(day + AWAKE_FROM_MS, zone) <= startAt - HOUR_MS
}

/** The latest instant until then at which nobody is woken. */
function whileAwake(at: number, zone: string): number {
  const wall = toWall(at, zone)
  const time = timeOfDay(wall)
  if (isAwake(time)) return at
  const day = startOfDay(wall) - (time < AWAKE_FROM_MS ? DAY_MS : 0)
  return toInstant(day + LAST_CALL_MS, zone)
}

function channels(rules: Rules, schedule: string): string[] {
  const concerned = Object.values(rules.services).flatMap(({ policy, channel }) =>
    channel !== null && schedulesOf(rules.policies[policy] ?? { steps: [] }).includes(schedule) ? [channel] : [],
  )
  return [...new Set(concerned)]
}
