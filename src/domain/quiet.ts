import type { Via } from './contact.ts'
import { DAY_MS, startOfDay, timeOfDay, toInstant, toWall } from './duty/time.ts'
import { graver } from './incident.ts'
import type { Quiet, Severity } from './rules.ts'

/**
 * Until when something that would go out beside Slack waits by its person's quiet hours; `at` itself when it does not wait. It is a wish
 * about the way, never about the page: that is in Slack by then, and whoever calls this asks only while Slack takes it.
 */
export function heldUntil(quiet: Quiet | undefined, via: Via, severity: Severity, at: number): number {
  if (!quiet?.ways.includes(via) || graver(severity, quiet.through) === severity) return at
  const { zone, from, to } = quiet
  const wall = toWall(at, zone)
  const time = timeOfDay(wall)
  const overMidnight = to <= from
  const isWithin = overMidnight ? time >= from || time < to : time >= from && time < to
  if (!isWithin) return at
  const day = startOfDay(wall) + (overMidnight && time >= from ? DAY_MS : 0)
  return Math.max(at, toInstant(day + to, zone))
}
