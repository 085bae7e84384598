import { z } from 'zod'
import { DAY_MS, HOUR_MS, parseWall, toWall } from './time.ts'

/** Days on which people do what they do on a Sunday. */
export const Holidays = z.strictObject({
  /** `2026-04-06`, or `12-25`: each year. */
  dates: z.array(z.string()),
  /** The address of a calendar of more of them; it may hold a secret, and is never shown. */
  calendar: z.string().nullable(),
})
export type Holidays = z.infer<typeof Holidays>

const NOON_MS = 12 * HOUR_MS

/** A day of a calendar, counted from 1 January 1970. */
export const dayOfDate = (date: string): number => Date.parse(`${date}T00:00:00Z`) / DAY_MS

interface Entry {
  startAt: number
  endAt: number
}

/**
 * The holidays around an instant: years before and after it are not asked for.
 *
 * @param entries of the calendar
 */
export function holidaysAround(
  { dates }: Pick<Holidays, 'dates'>,
  entries: readonly Entry[],
  zone: string,
  now: number,
): ReadonlySet<number> {
  const year = new Date(now).getUTCFullYear()
  const written = dates.flatMap((date) =>
    date.length > 5 ? [date] : [year - 1, year, year + 1].map((each) => `${each}-${date}`),
  )
  return new Set([...written.flatMap(existing), ...entries.flatMap((entry) => daysOf(entry, zone))])
}

/** 29 February is a day of leap years alone. */
const existing = (date: string): number[] => (Number.isNaN(parseWall(`${date}T00:00`)) ? [] : [dayOfDate(date)])

/** The days whose noon lies in it: an entry of some hours of a morning makes no holiday. */
function daysOf({ startAt, endAt }: Entry, zone: string): number[] {
  const first = Math.ceil((toWall(startAt, zone) - NOON_MS) / DAY_MS)
  const last = Math.ceil((toWall(endAt, zone) - NOON_MS) / DAY_MS)
  return Array.from({ length: Math.max(0, last - first) }, (_, n) => first + n)
}
