import { z } from 'zod'
import { type Rules, schedulesOf } from '../rules.ts'
import { type Absence, absenceClashes } from './imports.ts'
import { type Segment, segments } from './schedule.ts'
import { type Schedule, Weekday } from './schedule-types.ts'
import { DAY_MS, startOfDay, timeOfDay, toWall, weekdayOf } from './time.ts'

const About = {
  /**
   * Nobody is on duty; one person is all there is on two schedules of a policy; whoever is on duty cannot be paged; or somebody is on duty
   * and away by their own calendar.
   */
  kind: z.enum(['gap', 'clash', 'unreachable', 'away']),
  schedule: z.string(),
  /** Whom it is about, sorted: nobody, the one person, or all who are on duty. */
  people: z.array(z.string()),
  /** The other schedule of a clash. */
  with: z.string().optional(),
}

/** A stretch [startAt, endAt) in which a page by a schedule would not do what its policy means. */
export const Problem = z.strictObject({ ...About, startAt: z.number(), endAt: z.number() })
export type Problem = z.infer<typeof Problem>

/** The same problem at the same time of several days. */
export const Pattern = z.strictObject({
  ...About,
  /** On which days it begins; in order. */
  days: z.array(Weekday),
  /** Times of day by the wall clocks of the zone, in milliseconds from midnight. */
  from: z.number(),
  to: z.number(),
  /** Midnights between the two. */
  nights: z.int(),
  zone: z.string(),
})
export type Pattern = z.infer<typeof Pattern>

/** So often in what is looked at, and it is one thing to mend, not many. */
const RECURS = 4

/**
 * What is wrong with the rosters in [fromAt, toAt), in order of time and clipped to the window: of the schedules that a policy uses. The same
 * problem in stretches that touch is one.
 *
 * @param unreachable people who cannot be paged, with Slack's reason
 */
export function rosterProblems(
  rules: Rules,
  unreachable: Readonly<Record<string, string>>,
  fromAt: number,
  toAt: number,
  absences: readonly Absence[] = [],
): Problem[] {
  const stood = new Map(schedulesPaged(rules).map((one) => [one.name, segments(one, fromAt, toAt)]))
  const gone = (person: string) => Object.hasOwn(unreachable, person)
  const found = [...stood].flatMap(([name, stretches]) => [
    ...gaps(name, stretches, fromAt, toAt),
    ...unreached(name, stretches, gone),
  ])
  for (const [a, b] of pairs(rules)) found.push(...clashes([a, stood.get(a) ?? []], [b, stood.get(b) ?? []]))
  for (const { person, schedule, startAt, endAt } of absenceClashes(rules, absences, fromAt, toAt))
    if (stood.has(schedule)) found.push({ kind: 'away', schedule, people: [person], startAt, endAt })
  return found.sort((a, b) => a.startAt - b.startAt)
}

/** The schedules that somebody is paged by. */
export function schedulesPaged(rules: Rules): Schedule[] {
  const names = new Set(Object.values(rules.policies).flatMap((policy) => schedulesOf(policy)))
  return [...names].flatMap((name) => rules.schedules[name] ?? [])
}

/** Problems that come back at the same time of the day, taken together; the others as they are. */
export function recurring(rules: Rules, problems: readonly Problem[]): { patterns: Pattern[]; once: Problem[] } {
  const patterns: Pattern[] = []
  const once: Problem[] = []
  const zoneOf = ({ schedule }: Problem) => rules.schedules[schedule]?.zone ?? rules.zone
  for (const alike of Map.groupBy(problems, (problem) => shapeOf(problem, zoneOf(problem))).values()) {
    const [first] = alike
    if (first && alike.length >= RECURS) patterns.push(patternOf(alike, first, zoneOf(first)))
    else once.push(...alike)
  }
  return { patterns, once: once.sort((a, b) => a.startAt - b.startAt) }
}

/** Alike is what looks alike on a wall clock, whatever the clock change does to its length. */
function shapeOf(problem: Problem, zone: string): string {
  const [from, to] = [toWall(problem.startAt, zone), toWall(problem.endAt, zone)]
  return JSON.stringify([problem.kind, problem.schedule, problem.people, problem.with, timeOfDay(from), to - from])
}

function patternOf(alike: readonly Problem[], first: Problem, zone: string): Pattern {
  const { startAt, endAt, ...about } = first
  const [from, to] = [toWall(startAt, zone), toWall(endAt, zone)]
  const days = new Set(alike.map((problem) => weekdayOf(toWall(problem.startAt, zone))))
  return {
    ...about,
    days: Weekday.options.filter((_, index) => days.has(index)),
    from: timeOfDay(from),
    to: timeOfDay(to),
    nights: (startOfDay(to) - startOfDay(from)) / DAY_MS,
    zone,
  }
}

function gaps(schedule: string, stood: readonly Segment[], fromAt: number, toAt: number): Problem[] {
  const starts = [fromAt, ...stood.map(({ endAt }) => endAt)]
  const ends = [...stood.map(({ startAt }) => startAt), toAt]
  return starts.flatMap((startAt, n): Problem[] => {
    const endAt = ends[n] ?? toAt
    return startAt < endAt ? [{ kind: 'gap', schedule, people: [], startAt, endAt }] : []
  })
}

function unreached(schedule: string, stood: readonly Segment[], gone: (person: string) => boolean): Problem[] {
  const found: Problem[] = []
  for (const { people, startAt, endAt } of stood) {
    if (!people.every(gone)) continue
    const last = found.at(-1)
    if (last?.endAt === startAt) {
      last.people = [...new Set([...last.people, ...people])].sort()
      last.endAt = endAt
    } else found.push({ kind: 'unreachable', schedule, people, startAt, endAt })
  }
  return found
}

/** Each two schedules that a policy goes through, once, in its order. */
function pairs(rules: Rules): [string, string][] {
  const found = new Map<string, [string, string]>()
  for (const policy of Object.values(rules.policies)) {
    const names = schedulesOf(policy)
    for (const [n, a] of names.entries())
      for (const b of names.slice(n + 1)) {
        const key = JSON.stringify([a, b].sort())
        if (!found.has(key)) found.set(key, [a, b])
      }
  }
  return [...found.values()]
}

/** Where one person is all there is on both: who does not answer for the one does not answer for the other. */
function clashes([a, first]: [string, readonly Segment[]], [b, second]: [string, readonly Segment[]]): Problem[] {
  const found: Problem[] = []
  const others = second.filter(isAlone)
  let next = 0
  for (const one of first.filter(isAlone)) {
    // Both in order of time: what has ended by now meets nothing that follows.
    while ((others[next]?.endAt ?? Number.POSITIVE_INFINITY) <= one.startAt) next++
    for (let n = next; (others[n]?.startAt ?? Number.POSITIVE_INFINITY) < one.endAt; n++) {
      const other = others[n]
      if (!other || other.people[0] !== one.people[0]) continue
      const [startAt, endAt] = [Math.max(one.startAt, other.startAt), Math.min(one.endAt, other.endAt)]
      found.push({ kind: 'clash', schedule: a, with: b, people: one.people, startAt, endAt })
    }
  }
  return found
}

const isAlone = ({ people }: Segment) => people.length === 1
