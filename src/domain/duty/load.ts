import type { Rules } from '../rules.ts'
import { rosterProblems, schedulesPaged } from './gaps.ts'
import { segments } from './schedule.ts'
import { WEEK_MS } from './time.ts'

/** How far gaps are looked for, and how far back hours are counted. */
const REACH_MS = 4 * WEEK_MS

/** What a rota asks of its people, and where it asks nobody. */
export interface Load {
  /** Of each schedule that a policy uses: the stretches ahead in which nobody is on duty; in order. */
  gaps: Map<string, { startAt: number; endAt: number }[]>
  /** How long each person was on duty in the last four weeks, in milliseconds. Two watches at once are one. */
  onDutyMs: Map<string, number>
}

export function loadOf(rota: Rules, now: number): Load {
  const paged = schedulesPaged(rota)
  const gaps: Load['gaps'] = new Map(paged.map(({ name }) => [name, []]))
  for (const problem of rosterProblems(rota, {}, now, now + REACH_MS))
    if (problem.kind === 'gap') gaps.get(problem.schedule)?.push(problem)
  const stood = paged.flatMap((schedule) => segments(schedule, now - REACH_MS, now))
  const onDutyMs = new Map(Object.keys(rota.people).map((name) => [name, 0]))
  const until = new Map<string, number>()
  for (const { people, startAt, endAt } of stood.sort((a, b) => a.startAt - b.startAt))
    for (const person of people) {
      const from = Math.max(startAt, until.get(person) ?? startAt)
      onDutyMs.set(person, (onDutyMs.get(person) ?? 0) + Math.max(0, endAt - from))
      until.set(person, Math.max(endAt, until.get(person) ?? endAt))
    }
  return { gaps, onDutyMs }
}

/** How long until nobody is on duty: 0 during a gap, infinite where none is known of. */
export function gapIn(gaps: readonly { startAt: number; endAt: number }[], now: number): number {
  const next = gaps.find(({ endAt }) => endAt > now)
  return next === undefined ? Number.POSITIVE_INFINITY : Math.max(0, next.startAt - now)
}
