import type { Weekday } from '../domain/duty/schedule-types.ts'

/** What an export of another pager says, in our terms and by the ids of the other: between reading it and writing a configuration. */
export interface Draft {
  people: Person[]
  schedules: Roster[]
  policies: Plan[]
  services: { name: string; policy: string }[]
  /** Whom the other pager itself says to be on duty, to be compared. */
  rendered: Rendered[]
  lost: Lost[]
}

/** What could not be carried over, or not as it was: why, and what to do instead. */
export interface Lost {
  what: string
  why: string
  instead: string
}

interface Person {
  id: string
  name: string
  email: string | null
  /** Where the export knows it. */
  slack: string | null
}

export interface Roster {
  id: string
  name: string
  zone: string
  layers: Turns[]
}

export interface Turns {
  name: string
  zone?: string
  priority: number
  /** Ids, in order of turns; an element is a group. */
  people: string[][]
  every: string
  /** With an offset, or a wall time of the zone. */
  start: string
  hours: Hours[]
  from?: string
  until?: string
}

/** A window of each of these days; `to` at or before `from` is on the next day. */
export interface Hours {
  from: string
  to: string
  days?: Day[]
}

export const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const
export type Day = (typeof DAYS)[number]

export type To = { kind: 'person' | 'schedule'; id: string }

interface Plan {
  id: string
  name: string
  steps: { page: To[]; waitMin: number }[]
  rounds: number
}

interface Rendered {
  schedule: string
  /** Stretches of which nothing was carried over because they are past: not compared. */
  past: { startAt: number; endAt: number }[]
  spans: { startAt: number; endAt: number; person: string }[]
}

export const emptyDraft = (): Draft => ({
  people: [],
  schedules: [],
  policies: [],
  services: [],
  rendered: [],
  lost: [],
})

const WEEK_MIN = 7 * 1440

const clock = (minute: number) =>
  `${String(Math.floor(minute / 60) % 24).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`

/**
 * A window of the week as windows of days, since ours begin and end within 24 hours of each other: Friday 20:00 for 60 hours is Friday from 20:00,
 * Saturday and Sunday whole, Monday until 08:00.
 *
 * @param fromMin minutes since Monday 00:00; @param lengthMin how long
 */
export function weekly(fromMin: number, lengthMin: number): Hours[] {
  if (lengthMin >= WEEK_MIN) return []
  const windows: Hours[] = []
  for (let at = fromMin; at < fromMin + lengthMin; ) {
    const left = fromMin + lengthMin - at
    // What fits into one window that begins here is one, across midnight or not.
    const length = left <= 1440 ? left : 1440 - (at % 1440)
    const day = DAYS[Math.floor(at / 1440) % 7] ?? 'Mon'
    windows.push({ from: clock(at % 1440), to: clock((at + length) % 1440), days: [day] })
    at += length
  }
  return merged(windows)
}

/** Windows of the same hours, each day once. */
export function merged(windows: readonly Hours[]): Hours[] {
  const same = Map.groupBy(windows, ({ from, to, days }) => (days ? `${from}-${to}` : `${from}-${to} daily`))
  return [...same.values()].map((all) => {
    const [{ from, to, days } = { from: '', to: '' }] = all
    const named = new Set(all.flatMap((each) => each.days ?? []))
    return { from, to, ...(days && { days: DAYS.filter((day) => named.has(day)) }) }
  })
}

/** Seconds as a turn of ours, in calendar units where they are: a day stays a day when the clocks change. Null: no whole hours. */
export function turnOf(seconds: number): string | null {
  const [hour, day] = [3_600, 86_400]
  if (seconds <= 0 || seconds % hour !== 0) return null
  if (seconds % (7 * day) === 0) return `${seconds / (7 * day)} week`
  return seconds % day === 0 ? `${seconds / day} day` : `${seconds / hour} hour`
}

const SHORT: Record<Weekday, Day> = { MO: 'Mon', TU: 'Tue', WE: 'Wed', TH: 'Thu', FR: 'Fri', SA: 'Sat', SU: 'Sun' }

/** Of a day as iCalendar writes it, or in full. */
export const dayOf = (name: string): Day | undefined =>
  DAYS.find((day) => day.toLowerCase() === name.toLowerCase().slice(0, 3)) ?? SHORT[name.toUpperCase() as Weekday]
