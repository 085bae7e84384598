import { type Segment, segments } from './schedule.ts'
import type { Schedule } from './schedule-types.ts'
import { DAY_MS, HOUR_MS, startOfDay, toInstant, toWall, weekdayOf } from './time.ts'

/** How long somebody is on duty, by the wall clocks of the schedules; a night at the weekend is both. */
export interface Burden {
  ms: number
  /** Between 22:00 and 06:00. */
  nightMs: number
  /** Saturdays and Sundays. */
  weekendMs: number
}

/** What each person carries in [fromAt, toAt), over all schedules; whoever is on two at once carries both. */
export function burdens(schedules: readonly Schedule[], fromAt: number, toAt: number): Map<string, Burden> {
  const found = new Map<string, Burden>()
  for (const schedule of schedules) {
    for (const segment of segments(schedule, fromAt, toAt)) {
      const { ms, nightMs, weekendMs } = burdenOf(segment, schedule.zone)
      for (const person of segment.people) {
        const sum = found.get(person) ?? { ms: 0, nightMs: 0, weekendMs: 0 }
        found.set(person, {
          ms: sum.ms + ms,
          nightMs: sum.nightMs + nightMs,
          weekendMs: sum.weekendMs + weekendMs,
        })
      }
    }
  }
  return found
}

function burdenOf({ startAt, endAt }: Segment, zone: string): Burden {
  const inside = (fromWall: number, toWall: number) =>
    Math.max(0, Math.min(endAt, toInstant(toWall, zone)) - Math.max(startAt, toInstant(fromWall, zone)))
  const burden = { ms: endAt - startAt, nightMs: 0, weekendMs: 0 }
  for (let day = startOfDay(toWall(startAt, zone)); toInstant(day, zone) < endAt; day += DAY_MS) {
    burden.nightMs += inside(day, day + 6 * HOUR_MS) + inside(day + 22 * HOUR_MS, day + DAY_MS)
    if (weekdayOf(day) >= 5) burden.weekendMs += inside(day, day + DAY_MS)
  }
  return burden
}
