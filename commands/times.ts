import { DAY_MS, HOUR_MS, startOfDay, timeOfDay, toInstant, toWall } from '../src/domain/duty/time.ts'
import { UserError } from '../src/errors.ts'
import { code, cut, fullTime, offset, typed } from '../src/slack/text.ts'
import { after, dayIn, FURTHEST_MS, isTimeOrDate, spanOf, timeIn, tooFar } from './dates.ts'

/** Where and when somebody writes a time: their zone, and the instant at which they do. */
export interface Writer {
  zone: string
  now: number
}

/** What is changed lies in the year to come, and is not longer than this: more is a typing error, or a matter for the configuration. */
const AHEAD_MS = 366 * DAY_MS
export const LONGEST_DAYS = 62

const refuse = (sentence: string) => new UserError('bad-time', sentence)
const shown = (text: string) => code(cut(text, 100))

/** A time as it was written, before it is read in a zone. */
interface Moment {
  text: string
  /** Midnight of its day on the wall clock; null: it names none. */
  day: number | null
  /** Since midnight; null: it names a whole day. */
  time: number | null
  /** Of its own, in milliseconds; null: the writer's zone is meant. */
  offset: number | null
  /** Known already: `now`, `in 2h`, with an offset. */
  at: number | null
}

/**
 * A time as people write it: `14:00`, `2pm`, `tomorrow 08:00`, `fri 9am`, `2026-12-24 18:00`, `24 dec 18:00`, `in 2h`, or with an offset as in
 * `2026-10-25T02:30+02:00`. What a change of the clock makes doubtful is refused, with both readings.
 *
 * @param bare a time of day alone is today's, or the next that is still to come
 * @throws UserError what is wrong with it, and what to type
 */
export function parseTime(text: string, writer: Writer, bare: 'today' | 'next' = 'today'): number {
  const words = tidy(text).replace(/^(?:at|until|till) /, '')
  const span = spanOf(words)
  const moment = span ? { ...NOWHERE, text: words, at: after(writer.now, span, writer.zone) } : momentOf(words, writer)
  if (moment.time === null && moment.at === null)
    throw refuse(`Which hour is meant by ${shown(words)}? Type it too: ${shown(`${words} 18:00`)}.`)
  const today = startOfDay(toWall(writer.now, writer.zone))
  const at = instantOf(moment, moment.day ?? today, writer.zone)
  if (!(Math.abs(at - writer.now) <= FURTHEST_MS)) throw tooFar()
  const isOver = bare === 'next' && moment.day === null && moment.at === null && at <= writer.now
  return isOver ? instantOf(moment, today + DAY_MS, writer.zone) : at
}

export interface Range {
  startAt: number
  endAt: number
  /** One day was named, and no time. */
  isDay: boolean
}

/**
 * A stretch as people write it: `14:00-18:00`, `22:00-06:00`, `fri 18:00 - mon 08:00`, `from 14:00 to 18:00`, `2026-12-24..2026-12-27` (with
 * the last day), `fri` (that day), `until 18:00`, `for 2h`. It may have begun, and is not cut to what is left.
 *
 * @throws UserError what is wrong with it, and what to type
 */
export function parseRange(text: string, writer: Writer): Range {
  const words = tidy(text).replace(/^from /, '')
  const range = rangeOf(words, writer)
  if (range.endAt <= range.startAt)
    throw refuse(`${shown(words)} ends before it starts (${spelled(range, writer)}). Type the earlier time first.`)
  if (range.endAt <= writer.now)
    throw refuse(
      `${shown(words)} lies in the past (${spelled(range, writer)}), and what has been is never changed. Name the day: \`tomorrow 14:00-18:00\`, \`next fri 14:00-18:00\`.`,
    )
  if (range.endAt - range.startAt > LONGEST_DAYS * DAY_MS + HOUR_MS)
    throw refuse(
      `${shown(words)} is longer than ${LONGEST_DAYS} days (${spelled(range, writer)}). Type shorter stretches one after the other; what lasts longer belongs in the configuration.`,
    )
  if (range.startAt - writer.now > AHEAD_MS)
    throw refuse(
      `${shown(words)} is more than a year ahead (${spelled(range, writer)}). Type a time within the next year; rosters are not changed by hand for later.`,
    )
  return range
}

const spelled = ({ startAt, endAt }: { startAt: number; endAt: number }, { zone }: Writer) =>
  Number.isNaN(startAt + endAt) ? 'no times' : `${fullTime(startAt, zone)} to ${fullTime(endAt, zone)}`

function rangeOf(words: string, writer: Writer): Range {
  const [, before = '', length = ''] = /^(?:(.*?) )?for (.+)$/.exec(words) ?? [undefined, '', words]
  const span = spanOf(length)
  if (span) {
    const startAt = before === '' ? writer.now : parseTime(before, writer)
    return { startAt, endAt: after(startAt, span, writer.zone), isDay: false }
  }
  const [left, right] = ends(words)
  if (right === null) return dayOf(words, writer)
  if (left === '') return { startAt: writer.now, endAt: parseTime(right, writer, 'next'), isDay: false }
  return between(momentOf(left, writer), right, writer)
}

function dayOf(words: string, writer: Writer): Range {
  const { day, time, at } = momentOf(words, writer)
  if (day === null || time !== null || at !== null)
    throw refuse(
      `${shown(words)} has no end. Type from when to when: \`14:00-18:00\`, \`fri 18:00 - mon 08:00\`, or for how long: ${shown(`${cut(words, 60)} for 2h`)}.`,
    )
  return { startAt: toInstant(day, writer.zone), endAt: toInstant(day + DAY_MS, writer.zone), isDay: true }
}

function between(left: Moment, rightText: string, writer: Writer): Range {
  const { zone } = writer
  const today = startOfDay(toWall(writer.now, zone))
  const startDay = left.day ?? today
  const startAt = left.time === null && left.at === null ? toInstant(startDay, zone) : instantOf(left, startDay, zone)
  const startWall = toWall(startAt, zone)
  const from = startOfDay(startWall)
  const right = momentOf(rightText, writer, from)
  if (right.at !== null) return { startAt, endAt: right.at, isDay: false }
  if (right.time === null) return { startAt, endAt: toInstant((right.day ?? from) + DAY_MS, zone), isDay: false }
  if (left.time === null && left.at === null && right.day === null)
    throw refuse(
      `When on ${shown(left.text)} does it begin? Type that too: ${shown(`${left.text} 08:00-${right.text}`)}.`,
    )
  if (right.day !== null) {
    const endAt = instantOf(right, right.day, zone)
    // `fri 18:00 - fri 08:00` is a week's worth, but `tomorrow` and dates mean what they say.
    return {
      startAt,
      endAt: endAt <= startAt && isWeekday(rightText) ? instantOf(right, right.day + 7 * DAY_MS, zone) : endAt,
      isDay: false,
    }
  }
  if (right.time === timeOfDay(startWall))
    throw refuse(
      `${shown(`${left.text}-${right.text}`)} starts and ends at the same time of day. For a whole day name the next one too: ${shown(`${left.text} - tomorrow ${right.text}`)}.`,
    )
  const crossesMidnight = right.time < timeOfDay(startWall)
  return { startAt, endAt: instantOf(right, from + (crossesMidnight ? DAY_MS : 0), zone), isDay: false }
}

const isWeekday = (text: string) => /^(?:mon|tue|wed|thu|fri|sat|sun)/.test(text)

/** Hyphens of dates and offsets, which part nothing. */
const HELD = '\u2011'
const OF_DATES = /\d{4}-\d{1,2}-\d{1,2}(?:t\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:-\d\d:\d\d)?)?|utc-\d/g

/** What stands before and after `-`, `..`, `to` or `until`; the second is null when none is there. */
function ends(words: string): [left: string, right: string | null] {
  const held = words.replaceAll(OF_DATES, (date) => date.replaceAll('-', HELD))
  const parted = /^(.*?) ?(?:\.\.+|…|–|—|-|\b(?:to|until|till)\b) ?(.*)$/.exec(held)
  const free = (part: string) => part.replaceAll(HELD, '-')
  return parted ? [free(parted[1] ?? ''), free(parted[2] ?? '')] : [words, null]
}

const tidy = (text: string) => typed(text).trim().toLowerCase().replaceAll(/\s+/g, ' ')

const NOWHERE: Moment = { text: '', day: null, time: null, offset: null, at: null }

/** @param from weekdays, and dates without a year, are the first on or after this day */
function momentOf(text: string, { zone, now }: Writer, from?: number): Moment {
  const words = text.trim()
  if (words === 'now') return { ...NOWHERE, text: words, at: now }
  const inside = words.startsWith('in ') ? spanOf(words.slice(3)) : null
  if (inside) return { ...NOWHERE, text: words, at: after(now, inside, zone) }
  const iso = /^\d{4}-\d\d-\d\dt\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:z|[+-]\d\d:\d\d)$/.test(words)
  const isoAt = iso ? Date.parse(words.toUpperCase()) : Number.NaN
  if (!Number.isNaN(isoAt)) return { ...NOWHERE, text: words, at: isoAt }
  if (isTimeOrDate(words))
    throw refuse(
      `${shown(words)} may be a time or a date. Type ${shown(words.replace('.', ':'))} for the time, ${shown(`${words}.`)} for the date.`,
    )
  const today = startOfDay(toWall(now, zone))
  const moment = { ...NOWHERE, text: words }
  let rest = words.replace(/^(\d{4}-\d\d-\d\d)t/, '$1 ')
  // The day may stand before the time or after it.
  for (let n = 0; n < 2 && rest !== ''; n++) {
    const day = moment.day === null ? dayIn(rest, today, from ?? today) : null
    if (day) [moment.day, rest] = [day.value, day.rest]
    const time = moment.time === null ? timeIn(rest.replace(/^at /, '')) : null
    if (time) [moment.time, rest] = [time.value, time.rest]
    const zoned = time ? /^(?:z|utc|(?:utc)?([+-])(\d\d):?(\d\d))(?= |$)/.exec(rest) : null
    if (zoned) {
      const ms = Number(zoned[2] ?? 0) * HOUR_MS + Number(zoned[3] ?? 0) * 60_000
      moment.offset = zoned[1] === '-' ? -ms : ms
      rest = rest.slice(zoned[0].length).trim()
    }
  }
  if (rest !== '' || (moment.day === null && moment.time === null)) throw unknown(words, zone)
  return moment
}

const unknown = (words: string, zone: string) =>
  refuse(
    `${shown(words)} is no time that I understand. Try \`14:00\`, \`tomorrow 08:00\`, \`fri 18:00\`, \`2026-12-24 18:00\` (in ${zone}), or \`in 2h\`.`,
  )

function instantOf({ text, time, offset: own, at }: Moment, day: number, zone: string): number {
  if (at !== null) return at
  const wall = day + (time ?? 0)
  return own === null ? only(wall, zone, text) : wall - own
}

/** No zone is further from UTC than this. */
const FURTHEST_OFFSET_MS = 16 * HOUR_MS

/**
 * The instant at which the clocks of a zone show this. Where they are put forward or back, a roster may resolve it by rule; a person who
 * types such a time is asked which of the two they mean.
 */
function only(wall: number, zone: string, text: string): number {
  const ahead = (at: number) => toWall(at, zone) - at
  const offsets = [ahead(wall - FURTHEST_OFFSET_MS), ahead(wall + FURTHEST_OFFSET_MS)]
  const [before = 0, behind = 0] = offsets
  const [first, second] = [wall - before, wall - behind]
  const exists = [first, second].filter((at) => toWall(at, zone) === wall)
  if (exists.length > 0 && (first === second || exists.length === 1)) return exists[0] ?? first
  const reading = (at: number, by: number) =>
    shown(new Date(wall).toISOString().slice(0, 16) + offset(by)).concat(` (${fullTime(at, zone)})`)
  const what =
    exists.length === 0
      ? 'does not exist: the clocks are put forward then'
      : 'comes twice: the clocks are put back then'
  throw new UserError(
    'doubtful-time',
    `${shown(text)} ${what} in ${zone}. Type ${reading(first, before)} or ${reading(second, behind)}.`,
  )
}
