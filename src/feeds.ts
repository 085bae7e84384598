import { hash } from 'node:crypto'
import { calendarText } from './calendar/write.ts'
import { feedWindow, type Shift, shiftsIn } from './domain/duty/feed.ts'
import type { Schedule } from './domain/duty/schedule-types.ts'
import { type Rules, under } from './domain/rules.ts'
import { type Feed, feedOf } from './store/feeds.ts'
import { rotaOf } from './store/rota.ts'
import type { Store } from './store/store.ts'

/** A calendar as it is asked for over HTTP. */
export interface Calendar {
  /** Names what the calendar shows: the same as long as that is the same. */
  etag: string
  /** The calendar as iCalendar text. */
  text(): string
}

/** A feed with more entries than this is cut: calendars choke on it. An hourly rota has 5,040. */
const MOST_SHIFTS = 10_000

/** Calendars that were asked for lately, by their tokens; the latest last. */
export type Lately = Map<string, { schedules: readonly Schedule[]; fromAt: number; name: string; calendar: Calendar }>

/** More are made anew: each may be a megabyte. */
const MOST_LATELY = 32

/**
 * The calendar behind a token: the roster as it is really stood. Null for a token that is unknown or revoked, and for a schedule or a
 * person that the configuration has no more. It is not made again while the schedules that it shows are the same, and the day.
 */
export async function openCalendar(
  { pool }: Pick<Store, 'pool'>,
  rules: Rules,
  token: string,
  now: number,
  lately: Lately = new Map(),
): Promise<Calendar | null> {
  const feed = await feedOf(pool, token)
  if (feed === null || !isOf(feed, rules)) return null
  const { fromAt } = feedWindow(now)
  const { schedules } = await rotaOf(pool, rules)
  const shown = Object.values(schedules).filter(({ name }) => feed.schedule === null || feed.schedule === name)
  const name = feed.schedule === null ? `${feed.person} on call` : `${feed.schedule} on call`
  const known = lately.get(token)
  lately.delete(token)
  const isSame =
    known?.name === name &&
    known.fromAt === fromAt &&
    known.schedules.length === shown.length &&
    known.schedules.every((schedule, index) => schedule === shown[index])
  const calendar = isSame ? known.calendar : calendarOf(name, feed, shown, now)
  lately.set(token, { schedules: shown, fromAt, name, calendar })
  if (lately.size > MOST_LATELY) lately.delete(lately.keys().next().value ?? '')
  return calendar
}

function calendarOf(name: string, feed: Feed, shown: readonly Schedule[], now: number): Calendar {
  const { fromAt, toAt } = feedWindow(now)
  const shifts = shown
    .flatMap((schedule) => shiftsIn(schedule, fromAt, toAt, feed.person))
    .sort((a, b) => a.startAt - b.startAt)
    .slice(0, MOST_SHIFTS)
  let text: string | null = null
  return {
    etag: etagOf(name, shifts),
    text() {
      text ??= calendarText(name, shifts, now)
      return text
    },
  }
}

/** What it is of is there still, and so is whoever made it: nobody who has left goes on reading. */
const isOf = ({ schedule, person, madeBy }: Feed, rules: Rules): boolean =>
  under(rules.people, madeBy) !== undefined &&
  (schedule === null ? under(rules.people, person ?? '') !== undefined : under(rules.schedules, schedule) !== undefined)

/** Weak: the same calendar made at another time has other stamps. */
const etagOf = (name: string, shifts: readonly Shift[]) =>
  `W/"${hash('sha256', JSON.stringify([name, shifts]), 'base64url').slice(0, 22)}"`
