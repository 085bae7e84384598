import { IANAZone } from 'luxon'
import type { Weekday } from '../domain/duty/schedule-types.ts'
import { parseWall, toInstant, toWall } from '../domain/duty/time.ts'
import { leaf, matching, mustBe, ok, parseDuration, type Read } from './leaf.ts'
import { didYouMean } from './suggest.ts'

/** A wall time still to be read in a zone, or an instant that was written with its offset. */
export type Moment = { wall: string } | { at: number }

export const zone = leaf('a time zone such as Europe/Zurich', (value) => {
  if (typeof value !== 'string') return mustBe('a time zone such as Europe/Zurich')
  // Offsets are refused: they have no daylight saving, and a roster by them is wrong for half of the year.
  if (/^[A-Za-z]/.test(value) && IANAZone.isValidZone(value)) return ok(value)
  const near = didYouMean(value, ['UTC', ...Intl.supportedValuesOf('timeZone')])
  return { wrong: `must be a time zone such as Europe/Zurich, and {it} is none${near}` }
})

const WALL = /^(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)(Z|[+-]\d\d:\d\d)?$/

export const moment = leaf('a date and time such as 2026-01-05T08:00', (value): Read<Moment> => {
  const match = typeof value === 'string' ? WALL.exec(value) : null
  const wall = match?.[1]
  if (typeof value !== 'string' || wall === undefined) return mustBe('a date and time such as 2026-01-05T08:00')
  const year = Number(wall.slice(0, 4))
  if (Number.isNaN(parseWall(wall))) return { wrong: 'is {it}, a date or time that does not exist' }
  if (year < 1971 || year > 2199) return { wrong: 'is {it}: the year must be between 1971 and 2199' }
  if (match?.[2] === undefined) return ok({ wall })
  const at = Date.parse(value)
  return Number.isNaN(at) ? { wrong: 'is {it}, whose offset from UTC does not exist' } : ok({ at })
})

export const timeOfDay = matching(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day such as "08:00" (midnight is "00:00")')

const DAYS: Record<string, Weekday> = { Mon: 'MO', Tue: 'TU', Wed: 'WE', Thu: 'TH', Fri: 'FR', Sat: 'SA', Sun: 'SU' }

export const weekday = leaf('one of Mon, Tue, Wed, Thu, Fri, Sat, Sun', (value) => {
  const found = typeof value === 'string' && Object.hasOwn(DAYS, value) ? DAYS[value] : undefined
  return found ? ok(found) : mustBe('one of Mon, Tue, Wed, Thu, Fri, Sat, Sun')
})

/** A weekday and a time of day, `Fri 16:00`; each week anew. */
export const weeklyMoment = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([01]\d|2[0-3]):[0-5]\d$/

export type Turn = { unit: 'hour' | 'day' | 'week' | 'month'; every: number }

const HOUR_MS = 3_600_000
const TURN_WORDS = 'a turn such as 1 week, 2 days or 12h'
/** Longer turns are a typing error: nobody is on duty for years. */
const LONGEST: Record<Turn['unit'], number> = { hour: 8784, day: 366, week: 53, month: 12 }

/** How long a turn lasts: `<int> hour|day|week|month` or a duration of whole hours. */
export const turn = leaf(TURN_WORDS, (value): Read<Turn> => {
  const found = typeof value === 'string' ? turnOf(value) : null
  if (!found) return mustBe(TURN_WORDS)
  const most = LONGEST[found.unit]
  return found.every >= 1 && found.every <= most ? ok(found) : mustBe(`between 1 and ${most} ${found.unit}s`)
})

function turnOf(value: string): Turn | null {
  const words = /^(\d{1,6}) (hour|day|week|month)s?$/.exec(value)
  if (words) return { unit: words[2] as Turn['unit'], every: Number(words[1]) }
  const ms = parseDuration(value)
  if (ms === null) return null
  // Days and weeks stay calendar units: a turn of 1w still begins at 08:00 after the clocks change.
  const count = Number.parseInt(value, 10)
  if (value.endsWith('w')) return { unit: 'week', every: count }
  if (value.endsWith('d')) return { unit: 'day', every: count }
  return ms % HOUR_MS === 0 ? { unit: 'hour', every: ms / HOUR_MS } : null
}

export function instantOf(moment: Moment, zone: string): number {
  return 'at' in moment ? moment.at : toInstant(parseWall(moment.wall), zone)
}

export function wallOf(moment: Moment, zone: string): string {
  if ('wall' in moment) return moment.wall
  return new Date(toWall(moment.at, zone)).toISOString().slice(0, 19)
}

const MONTHS = 'jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec'.split('|')
const CRON_DAYS = 'sun|mon|tue|wed|thu|fri|sat'.split('|')
const CRON_FIELDS = [
  { name: 'minute', least: 0, most: 59, words: [] },
  { name: 'hour', least: 0, most: 23, words: [] },
  { name: 'day of the month', least: 1, most: 31, words: [] },
  { name: 'month', least: 1, most: 12, words: MONTHS },
  { name: 'day of the week', least: 0, most: 7, words: CRON_DAYS },
] as const

/** The five fields of crontab(5): lists of `*`, numbers, names and ranges, each with an optional step. */
export const cron = leaf('a cron expression such as "0 3 * * *"', (value) => {
  const fields = typeof value === 'string' ? value.trim().split(/\s+/) : []
  if (typeof value !== 'string' || fields.length !== CRON_FIELDS.length) {
    return mustBe('a cron expression of five fields such as "0 3 * * *"')
  }
  const wrong = CRON_FIELDS.find((field, index) => !isCronField(fields[index] ?? '', field))
  return wrong ? { wrong: `is {it}, whose ${wrong.name} does not exist` } : ok(value)
})

function isCronField(text: string, field: (typeof CRON_FIELDS)[number]): boolean {
  const numberOf = (word: string): number => {
    const named = (field.words as readonly string[]).indexOf(word.toLowerCase())
    if (named >= 0) return named + (field.name === 'month' ? 1 : 0)
    const number = /^\d{1,2}$/.test(word) ? Number(word) : Number.NaN
    return number >= field.least && number <= field.most ? number : Number.NaN
  }
  return text.split(',').every((part) => {
    const match = /^(\*|(\w+)(?:-(\w+))?)(?:\/(\d{1,2}))?$/.exec(part)
    if (!match || match[4] === '0' || match[4] === '00') return false
    if (match[1] === '*') return true
    const first = numberOf(match[2] ?? '')
    const last = match[3] === undefined ? first : numberOf(match[3])
    return first <= last
  })
}
