import type { Restriction } from './schedule-types.ts'
import {
  DAY_MS,
  LONGEST_SHIFT_MS,
  parseTimeOfDay,
  startOfDay,
  toInstant,
  toWall,
  WEEK_MS,
  weekdayIndex,
  weekdayOf,
} from './time.ts'

/** A half-open stretch of time. */
export interface Span {
  startAt: number
  endAt: number
}

/** A restriction on the wall clock: on these weekdays a window opens at `opens`, and stays open so long. */
interface Window {
  weekdays: ReadonlySet<number>
  opens: number
  lengthMs: number
}

/**
 * The union of the windows, as far as they meet [fromAt, toAt): disjoint, in order. Each window is the interval between two resolved
 * instants, not a comparison of wall clocks: at the second pass of 01:10 a window that ended at 01:30 is still closed.
 */
export function openSpans(restrictions: readonly Restriction[], zone: string, fromAt: number, toAt: number): Span[] {
  if (restrictions.length === 0) return [{ startAt: fromAt, endAt: toAt }]
  const fromWall = toWall(fromAt, zone) - LONGEST_SHIFT_MS
  const untilWall = toWall(toAt, zone) + LONGEST_SHIFT_MS
  const spans: Span[] = []
  for (const window of restrictions.map(windowOf)) {
    for (let day = startOfDay(fromWall - window.lengthMs); day <= untilWall; day += DAY_MS) {
      if (!window.weekdays.has(weekdayOf(day))) continue
      const startAt = toInstant(day + window.opens, zone)
      const endAt = toInstant(day + window.opens + window.lengthMs, zone)
      if (startAt < endAt && startAt < toAt && endAt > fromAt) spans.push({ startAt, endAt })
    }
  }
  return union(spans)
}

const EVERY_DAY: ReadonlySet<number> = new Set([0, 1, 2, 3, 4, 5, 6])

function windowOf(restriction: Restriction): Window {
  const opens = parseTimeOfDay(restriction.start)
  const closes = parseTimeOfDay(restriction.end)
  if (restriction.type === 'daily') {
    const weekdays = restriction.days ? new Set(restriction.days.map(weekdayIndex)) : EVERY_DAY
    return { weekdays, opens, lengthMs: closes > opens ? closes - opens : closes - opens + DAY_MS }
  }
  const startDay = weekdayIndex(restriction.startDay)
  const lengthMs = (weekdayIndex(restriction.endDay) - startDay) * DAY_MS + closes - opens
  return { weekdays: new Set([startDay]), opens, lengthMs: lengthMs > 0 ? lengthMs : lengthMs + WEEK_MS }
}

function union(spans: Span[]): Span[] {
  const merged: Span[] = []
  for (const span of spans.sort((a, b) => a.startAt - b.startAt)) {
    const last = merged.at(-1)
    if (last && span.startAt <= last.endAt) last.endAt = Math.max(last.endAt, span.endAt)
    else merged.push(span)
  }
  return merged
}
