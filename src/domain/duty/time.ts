import { DateTime, FixedOffsetZone, IANAZone, type Zone } from 'luxon'
import type { Weekday } from './schedule-types.ts'

/**
 * Wall clock and instants. A *wall* is a reading of a wall clock, in milliseconds as though that clock ran in UTC: calendars are counted
 * on it without any zone. It becomes an instant in one place, {@link toInstant}.
 */
export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS
export const WEEK_MS = 7 * DAY_MS

/** How far a missing wall time can be shifted, with room to spare: Samoa left out the whole of 30 December 2011. */
export const LONGEST_SHIFT_MS = DAY_MS + 2 * HOUR_MS

/** No zone has ever been further from UTC than this (Manila, before 1844: 15 h 56 min). */
const FURTHEST_OFFSET_MS = 16 * HOUR_MS

/**
 * What has been asked of luxon about a zone (one question costs 12 µs, and a year of hourly turns has thousands). These are rules of the
 * zone, fixed for the life of the process: no edit of a schedule, no configuration, and no clock can make them wrong.
 */
interface ZoneTable {
  zone: Zone
  /** Offset in ms at midnight UTC, by day number. */
  offsets: Map<number, number>
  /** The instant at which the offset changes, by UTC day; null when it does not. */
  transitions: Map<number, number | null>
  /** Instants of wall times that exist twice or not at all. */
  resolved: Map<number, number>
}

/** A day of a zone costs some 100 bytes; 40 000 of them are a century. Beyond that, forget and ask again. */
const MOST_DAYS = 40_000

const tables = new Map<string, ZoneTable>()

/** Whether the name is an IANA zone or a fixed offset (`UTC+2`). Names that mean the zone of the process (`local`) are none. */
export function isZone(name: string): boolean {
  return zoneOf(name) !== null
}

function zoneOf(name: string): Zone | null {
  const fixed: Zone | null = FixedOffsetZone.parseSpecifier(name)
  return fixed ?? (IANAZone.isValidZone(name) ? IANAZone.create(name) : null)
}

function tableOf(name: string): ZoneTable {
  const known = tables.get(name)
  if (known && known.offsets.size < MOST_DAYS && known.resolved.size < MOST_DAYS) return known
  const zone = zoneOf(name)
  if (zone === null) throw new Error(`"${name}" is not a time zone`)
  const table: ZoneTable = { zone, offsets: new Map(), transitions: new Map(), resolved: new Map() }
  tables.set(name, table)
  return table
}

/**
 * The instant of a wall time in a zone. A wall time that happens twice means the first; one that does not exist is shifted forward by
 * the length of the gap (RFC 5545 3.3.5).
 */
export function toInstant(wall: number, zone: string): number {
  const table = tableOf(zone)
  const lastDay = dayOf(wall + FURTHEST_OFFSET_MS)
  for (let day = dayOf(wall - FURTHEST_OFFSET_MS); day <= lastDay; day++) {
    const at = transitionOn(table, day)
    if (at === null) continue
    const before = offsetAt(table, at - 1)
    const after = offsetAt(table, at)
    if (wall >= at + Math.min(before, after) && wall < at + Math.max(before, after)) return resolve(table, wall)
  }
  const guess = offsetAt(table, wall)
  return wall - offsetAt(table, wall - guess)
}

/**
 * A wall time at a change of the clock. luxon alone resolves an ambiguous one by *today's* offset, so that a July run and a January run
 * would differ; getPossibleOffsets() lists both. One that does not exist luxon has already shifted.
 */
function resolve(table: ZoneTable, wall: number): number {
  const known = table.resolved.get(wall)
  if (known !== undefined) return known
  const reading = DateTime.fromMillis(wall, { zone: 'utc' }).toObject()
  const candidates = DateTime.fromObject(reading, { zone: table.zone }).getPossibleOffsets()
  const at = Math.min(...candidates.map((candidate) => candidate.toMillis()))
  table.resolved.set(wall, at)
  return at
}

/** What the wall clocks of a zone show at an instant. */
export function toWall(at: number, zone: string): number {
  return at + offsetAt(tableOf(zone), at)
}

/** Milliseconds by which the wall clocks of the zone are ahead of UTC. */
function offsetAt(table: ZoneTable, at: number): number {
  const day = dayOf(at)
  const transitionAt = transitionOn(table, day)
  return offsetAtMidnight(table, transitionAt !== null && at >= transitionAt ? day + 1 : day)
}

/** The one instant of a UTC day at which the offset changes (no zone has changed it twice within one). */
function transitionOn(table: ZoneTable, day: number): number | null {
  const known = table.transitions.get(day)
  if (known !== undefined) return known
  const at = offsetAtMidnight(table, day) === offsetAtMidnight(table, day + 1) ? null : bisect(table, day)
  table.transitions.set(day, at)
  return at
}

function bisect(table: ZoneTable, day: number): number {
  const before = offsetAtMidnight(table, day)
  let last = day * DAY_MS
  let first = last + DAY_MS
  while (first - last > 1) {
    const middle = Math.floor((first + last) / 2)
    if (offsetOf(table.zone, middle) === before) last = middle
    else first = middle
  }
  return first
}

function offsetAtMidnight(table: ZoneTable, day: number): number {
  const known = table.offsets.get(day)
  if (known !== undefined) return known
  const offset = offsetOf(table.zone, day * DAY_MS)
  table.offsets.set(day, offset)
  return offset
}

const offsetOf = (zone: Zone, at: number): number => Math.round(zone.offset(at) * 60_000)

const dayOf = (wall: number): number => Math.floor(wall / DAY_MS)

const WEEKDAYS: readonly Weekday[] = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']

/** 0 is Monday. */
export const weekdayIndex = (name: Weekday): number => WEEKDAYS.indexOf(name)

/** The weekday that a wall clock shows; 0 is Monday. (Day 0, 1 January 1970, was a Thursday.) */
export function weekdayOf(wall: number): number {
  return modulo(dayOf(wall) + 3, 7)
}

export function startOfDay(wall: number): number {
  return dayOf(wall) * DAY_MS
}

export const timeOfDay = (wall: number): number => wall - startOfDay(wall)

/** Which Monday-based week a wall time lies in, counted from some Monday. */
export const weekNumber = (wall: number): number => Math.floor((dayOf(wall) + 3) / 7)

/** Which calendar month a wall time lies in, counted from the year 0. */
export function monthNumber(wall: number): number {
  const date = new Date(wall)
  return date.getUTCFullYear() * 12 + date.getUTCMonth()
}

/** The same day of a later (earlier) month, or its last day when it has no such day: 31 January, 28 February, 31 March. */
export function addMonths(wall: number, months: number): number {
  const date = new Date(wall)
  const year = date.getUTCFullYear()
  const month = date.getUTCMonth() + months
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate()
  return Date.UTC(year, month, Math.min(date.getUTCDate(), lastDay)) + timeOfDay(wall)
}

/** `YYYY-MM-DDTHH:MM[:SS]`; NaN for a date that is in no calendar (31 February). */
export function parseWall(text: string): number {
  const wall = Date.parse(`${text}Z`)
  return !Number.isNaN(wall) && new Date(wall).toISOString().startsWith(text) ? wall : Number.NaN
}

/** `HH:MM` as milliseconds since midnight of the wall clock. */
export function parseTimeOfDay(text: string): number {
  return Number(text.slice(0, 2)) * HOUR_MS + Number(text.slice(3, 5)) * 60_000
}

/** The remainder that is never negative. */
export function modulo(n: number, divisor: number): number {
  return ((n % divisor) + divisor) % divisor
}
