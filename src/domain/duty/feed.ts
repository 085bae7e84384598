import { segments } from './schedule.ts'
import type { Schedule } from './schedule-types.ts'
import { DAY_MS, WEEK_MS } from './time.ts'

/** One entry of a calendar feed: these people have the watch of a schedule, from here to there. */
export interface Shift {
  /** The same for as long as the shift begins where it does: a swap changes the entry, and makes no second one. */
  id: string
  schedule: string
  people: string[]
  startAt: number
  endAt: number
}

/** What a feed shows: enough of the past to write hours down, and as much of the future as people plan. */
const PAST_MS = 4 * WEEK_MS
const FUTURE_MS = 26 * WEEK_MS

/** A shift that had begun before the feed does is looked for this much further back; one that is older has no beginning here. */
const BEFORE_MS = 8 * WEEK_MS

/** The window of a feed, in whole days: it is the same feed all day long as long as nobody changes anything. */
export function feedWindow(now: number): { fromAt: number; toAt: number } {
  const today = Math.floor(now / DAY_MS) * DAY_MS
  return { fromAt: today - PAST_MS, toAt: today + DAY_MS + FUTURE_MS }
}

/**
 * The shifts of a schedule that meet [fromAt, toAt), in order, each with its true beginning; the last is cut at the end.
 *
 * @param person only theirs: then a shift is as long as this person has it, whoever has it with them
 */
export function shiftsIn(schedule: Schedule, fromAt: number, toAt: number, person: string | null = null): Shift[] {
  const beforeAt = fromAt - BEFORE_MS
  const found: Shift[] = []
  for (const { startAt, endAt, people } of segments(schedule, beforeAt, toAt)) {
    if (person !== null && !people.includes(person)) continue
    const last = found.at(-1)
    if (person !== null && last?.endAt === startAt) {
      last.endAt = endAt
      continue
    }
    const id = [schedule.name, startAt === beforeAt ? 'first' : startAt, ...(person === null ? [] : [person])].join('/')
    found.push({ id, schedule: schedule.name, people: person === null ? people : [person], startAt, endAt })
  }
  return found.filter((shift) => shift.endAt > fromAt)
}
