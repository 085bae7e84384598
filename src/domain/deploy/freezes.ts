import { DAY_MS } from '../duty/time.ts'

/** Cron knows nothing shorter. */
const MINUTE_MS = 60_000

/** A freeze period of GitLab's: from one instant to another, each as a cron expression in UTC. It would come again each year. */
export interface FreezePeriod {
  starts: string
  ends: string
}

/** So much of the calendar is known to GitLab: what lies further ahead comes in its time, long before it matters. */
const AHEAD_DAYS = 8

/** What is looked at of the calendar at an instant: whole days, so that what has no end is asked for anew once a day and not each minute. */
export function spanAhead(now: number): { fromAt: number; toAt: number } {
  const today = Math.floor(now / DAY_MS) * DAY_MS
  return { fromAt: today - DAY_MS, toAt: today + AHEAD_DAYS * DAY_MS }
}

/**
 * The freeze periods that say what the calendar says, in order: what overlaps is one, and each is as long as the minutes that it touches.
 *
 * @param closed when nothing is deployed, in any order; without an end, until further notice
 */
export function freezePeriods(
  closed: readonly { startAt: number; endAt: number | null }[],
  now: number,
): FreezePeriod[] {
  const { fromAt, toAt } = spanAhead(now)
  const merged: { startAt: number; endAt: number }[] = []
  for (const { startAt, endAt } of closed.toSorted((a, b) => a.startAt - b.startAt)) {
    const from = Math.floor(Math.max(startAt, fromAt) / MINUTE_MS) * MINUTE_MS
    const to = Math.ceil(Math.min(endAt ?? toAt, toAt) / MINUTE_MS) * MINUTE_MS
    if (to <= from || to <= now) continue
    const last = merged.at(-1)
    if (last && from <= last.endAt) last.endAt = Math.max(last.endAt, to)
    else merged.push({ startAt: from, endAt: to })
  }
  return merged.map(({ startAt, endAt }) => ({ starts: cron(startAt), ends: cron(endAt) }))
}

/** The minute of a year at which an instant lies. */
function cron(at: number): string {
  const date = new Date(at)
  return `${date.getUTCMinutes()} ${date.getUTCHours()} ${date.getUTCDate()} ${date.getUTCMonth() + 1} *`
}
