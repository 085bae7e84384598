import ical from 'ical-generator'
import type { Shift } from '../domain/duty/feed.ts'

/** How often whoever subscribes should look again. */
const REFRESH_S = 15 * 60

/** Shifts as an iCalendar text (RFC 5545, 7986). Times are UTC: every calendar shows them in its reader's own zone. */
export function calendarText(name: string, shifts: readonly Shift[], now: number): string {
  const stamp = new Date(now)
  const calendar = ical({ name, prodId: { company: 'Watchbill', product: 'watch', language: 'EN' }, ttl: REFRESH_S })
  for (const { id, schedule, people, startAt, endAt } of shifts)
    calendar.createEvent({
      id: `${id}@watchbill`,
      stamp,
      start: new Date(startAt),
      end: new Date(endAt),
      summary: `${inWords(people)} on call: ${schedule}`,
    })
  return calendar.toString()
}

const inWords = (people: readonly string[]) =>
  people.length < 2 ? (people[0] ?? '') : `${people.slice(0, -1).join(', ')} and ${people.at(-1)}`
