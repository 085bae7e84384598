import { DAY_MS, HOUR_MS, modulo, parseWall, toInstant, toWall, weekdayOf } from '../src/domain/duty/time.ts'
import { UserError } from '../src/errors.ts'
import { code, cut } from '../src/slack/text.ts'

/**
 * Days, times of day and spans as people write them. A day is the wall time of its midnight (`src/domain/duty/time.ts`): nothing here knows
 * the zone of the process, nor any instant.
 */
const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const WEEKDAY =
  '(mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)'
const MONTH =
  '(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)'
const TH = '(?:st|nd|rd|th)?'

const refuse = (sentence: string) => new UserError('bad-time', sentence)
const shown = (text: string) => code(cut(text, 100))

/** What was found at the beginning of a text, and what follows it. */
interface Found<T> {
  value: T
  rest: string
}

const found = <T>(value: T, text: string, length: number): Found<T> => ({ value, rest: text.slice(length).trim() })

/**
 * A day at the beginning of a text (in small letters): `tomorrow`, `fri`, `next monday`, `2026-12-24`, `24 dec`, `dec 24 2026`, `24.12.`,
 * and a weekday before a date, which must agree. Null when it begins with none.
 *
 * @param today the day on which it is written
 * @param from weekdays, and dates without a year, are the first such day on or after this one
 */
export function dayIn(text: string, today: number, from = today): Found<number> | null {
  const near = /^(today|tonight|tomorrow|yesterday)\b/.exec(text)
  if (near) {
    const days = near[1] === 'tomorrow' ? 1 : near[1] === 'yesterday' ? -1 : 0
    return found(today + days * DAY_MS, text, near[0].length)
  }
  const weekday = new RegExp(`^(?:on |this |(next ))?${WEEKDAY}\\b[.,]?`).exec(text)
  if (!weekday) return dateIn(text, from)
  const wanted = WEEKDAYS.indexOf((weekday[2] ?? '').slice(0, 3))
  const rest = text.slice(weekday[0].length).trim()
  const date = weekday[1] ? null : dateIn(rest, from)
  if (date) {
    if (weekdayOf(date.value) === wanted) return date
    throw refuse(`${shown(text)}: that day is a ${WEEKDAYS[weekdayOf(date.value)]}. Type the date alone, or mend one.`)
  }
  const first = weekday[1] ? from + DAY_MS : from
  return found(first + modulo(wanted - weekdayOf(first), 7) * DAY_MS, text, weekday[0].length)
}

function dateIn(text: string, from: number): Found<number> | null {
  const iso = /^(\d{4})-(\d{1,2})-(\d{1,2})\b/.exec(text)
  if (iso) return dated(text, iso, { year: iso[1], month: Number(iso[2]), day: iso[3] }, from)
  const dayFirst = new RegExp(`^(\\d{1,2})${TH}\\.? ?${MONTH}\\b\\.?(?:,? (\\d{4})\\b)?`).exec(text)
  if (dayFirst) return dated(text, dayFirst, { year: dayFirst[3], month: monthOf(dayFirst[2]), day: dayFirst[1] }, from)
  const monthFirst = new RegExp(`^${MONTH}\\.? (\\d{1,2})${TH}(?![\\d:.])(?:,? (\\d{4})\\b)?`).exec(text)
  if (monthFirst)
    return dated(text, monthFirst, { year: monthFirst[3], month: monthOf(monthFirst[1]), day: monthFirst[2] }, from)
  const dotted = /^(\d{1,2})\.(\d{1,2})(?:\.(\d{4})\b|\.(?!\d)|(?= \d))/.exec(text)
  if (dotted) return dated(text, dotted, { year: dotted[3], month: Number(dotted[2]), day: dotted[1] }, from)
  const slashed = /^\d{1,2}\/\d{1,2}/.exec(text)
  if (slashed)
    throw refuse(
      `${shown(slashed[0])} is read as two different dates around the world. Type \`2026-12-24\` or \`24 dec\`.`,
    )
  return null
}

const monthOf = (name = '') => MONTHS.indexOf(name.slice(0, 3)) + 1

interface Parts {
  year: string | undefined
  month: number
  day: string | undefined
}

/** A date without a year is the first such date from then on; 29 February is looked for where it is. */
function dated(text: string, match: RegExpExecArray, { year, month, day }: Parts, from: number): Found<number> {
  const two = (part: number | string | undefined) => String(part).padStart(2, '0')
  const wallIn = (some: number | string) => parseWall(`${some}-${two(month)}-${two(day)}T00:00`)
  const thisYear = new Date(from).getUTCFullYear()
  const walls = year
    ? [wallIn(year)]
    : Array.from({ length: 9 }, (_, n) => wallIn(thisYear + n)).filter((w) => w >= from)
  const wall = walls.find((each) => !Number.isNaN(each))
  if (wall === undefined) throw refuse(`There is no day ${shown(match[0].trim())} in the calendar.`)
  return found(wall, text, match[0].length)
}

/** A time of day at the beginning of a text, in milliseconds from midnight: `14:00`, `2pm`, `2:30 pm`, `14.30`, `noon`, `24:00`. */
export function timeIn(text: string): Found<number> | null {
  const noon = /^noon\b/.exec(text)
  if (noon) return found(12 * HOUR_MS, text, noon[0].length)
  const half = /^(\d{1,2})(?:[:.](\d{2}))? ?([ap])\.?m\b\.?/.exec(text)
  if (half) return timed(text, half, Number(half[1]), Number(half[2] ?? 0), half[3])
  const whole = /^(\d{1,2})[:.](\d{2})(?![\d.])(?::00)?/.exec(text)
  return whole ? timed(text, whole, Number(whole[1]), Number(whole[2])) : null
}

function timed(
  text: string,
  match: RegExpExecArray,
  hour: number,
  minute: number,
  half?: string,
): Found<number> | null {
  if (half ? hour < 1 || hour > 12 : hour > 24 || (hour === 24 && minute > 0)) return null
  if (minute > 59) return null
  const hours = half ? (hour % 12) + (half === 'p' ? 12 : 0) : hour
  return found(hours * HOUR_MS + minute * 60_000, text, match[0].length)
}

/** `14.12`, with nothing beside it, is ten past two to some and a day in December to others. */
export function isTimeOrDate(text: string): boolean {
  const [, first, second] = /^(\d{1,2})\.(\d{2})$/.exec(text) ?? []
  const [day, month] = [Number(first), Number(second)]
  return first !== undefined && day >= 1 && day < 24 && month >= 1 && month <= 12
}

/** How long: days and weeks by the calendar, hours and minutes exactly. */
export interface Span {
  days: number
  ms: number
}

const PART = /(\d{1,12}(?:\.\d{1,3})?) ?(m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)(?![a-z])/g

/** `2h`, `90m`, `1h30m`, `2 days`, `1 week`; null when it is none. */
export function spanOf(text: string): Span | null {
  if (!/\d/.test(text) || text.replaceAll(PART, '').replaceAll(/\band\b|[ ,]/g, '') !== '') return null
  const span: Span = { days: 0, ms: 0 }
  for (const [, count, unit = ''] of text.matchAll(PART)) {
    if (unit.startsWith('m')) span.ms += Number(count) * 60_000
    else if (unit.startsWith('h')) span.ms += Number(count) * HOUR_MS
    else span.days += Number(count) * (unit.startsWith('w') ? 7 : 1)
  }
  return Number.isInteger(span.days) ? span : { days: 0, ms: span.ms + span.days * DAY_MS }
}

/** What is asked about lies around today: calendars end somewhere. */
export const FURTHEST_MS = 10 * 366 * DAY_MS

/** So long after an instant, by the calendar of a zone. */
export function after(at: number, { days, ms }: Span, zone: string): number {
  if (days * DAY_MS + ms > FURTHEST_MS) throw tooFar()
  return Math.round((days > 0 ? toInstant(toWall(at, zone) + days * DAY_MS, zone) : at) + ms)
}

export const tooFar = () => refuse('That is more than ten years away; rotas are shown for the ten years around today.')

/** A month: its first midnight and the next one's. `dec`, `december 2027`, `2026-12`, `this`, `next`, `last`; without a year the nearest. */
export function monthIn(text: string, today: number): { from: number; to: number } | null {
  const date = new Date(today)
  const now = date.getUTCFullYear() * 12 + date.getUTCMonth()
  const first = (number: number) => Date.UTC(Math.floor(number / 12), number % 12)
  const month = (number: number) => ({ from: first(number), to: first(number + 1) })
  const near = /^(this|next|last)(?: month)?$/.exec(text)
  if (text === '' || near) return month(now + (near?.[1] === 'next' ? 1 : near?.[1] === 'last' ? -1 : 0))
  const iso = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(text)
  if (iso) return month(Number(iso[1]) * 12 + Number(iso[2]) - 1)
  const named = new RegExp(`^${MONTH}(?: (\\d{4}))?$`).exec(text)
  if (!named) return null
  const index = monthOf(named[1]) - 1
  if (named[2]) return month(Number(named[2]) * 12 + index)
  // The nearest: in November, December is the coming one and October the last.
  return month(now + modulo(index - (now % 12) + 5, 12) - 5)
}
