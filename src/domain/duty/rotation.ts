import { occurrenceWalls } from './recurrence.ts'
import type { Rotation } from './schedule-types.ts'
import {
  addMonths,
  DAY_MS,
  HOUR_MS,
  LONGEST_SHIFT_MS,
  modulo,
  monthNumber,
  parseTimeOfDay,
  parseWall,
  startOfDay,
  timeOfDay,
  toInstant,
  toWall,
  WEEK_MS,
  weekdayIndex,
  weekdayOf,
  weekNumber,
} from './time.ts'

/** A stretch [startAt, endAt) of a turn. With byDay a turn has several, one for each included day. */
export interface Stretch {
  turn: number
  startAt: number
  endAt: number
}

/**
 * The stretches that meet [fromAt, toAt), in order of their start, not clipped. Neighbours overlap only when the duration is longer than
 * a turn. Costs what the window holds, however long ago the rotation began. With unit rrule each occurrence is a boundary, and `every` says
 * nothing.
 */
export function turns(rotation: Rotation, zone: string, fromAt: number, toAt: number): Stretch[] {
  return around(rotation, zone, fromAt, toAt).filter(
    (stretch) => stretch.startAt < toAt && stretch.endAt > fromAt && stretch.startAt < stretch.endAt,
  )
}

/**
 * The turn that an instant lies in, by its boundaries; null before the first. `over`: the turn has no coverage left from then on
 * (its duration has passed, or its last included day).
 */
export function turnAt(rotation: Rotation, zone: string, at: number): { turn: number; over: boolean } | null {
  const near = around(rotation, zone, at, at)
  const current = near.findLastIndex((stretch) => stretch.startAt <= at)
  const stretch = near[current]
  if (!stretch) return null
  return { turn: stretch.turn, over: stretch.endAt <= at && near[current + 1]?.turn !== stretch.turn }
}

/** As {@link turns}, with at least the last stretch begun by fromAt and the first one begun after toAt, if they exist. */
function around(rotation: Rotation, zone: string, fromAt: number, toAt: number): Stretch[] {
  const length = rotation.duration === undefined ? null : parseDuration(rotation.duration)
  const fromWall = toWall(fromAt, zone) - LONGEST_SHIFT_MS - (length ? length.nominalMs + length.exactMs : 0)
  const untilWall = toWall(toAt, zone) + LONGEST_SHIFT_MS
  const found = rotation.byDay
    ? includedDays(rotation, zone, length, fromWall, untilWall)
    : wholeTurns(rotation, zone, length, fromWall, untilWall)
  return settle(found)
}

/**
 * Boundaries may coincide where wall time is missing (the whole of 30 December 2011 in Samoa), and those of the missing hours, shifted,
 * come after the first of the next day. A turn begins at the latest where a later one begins; the turn between has zero length, and its
 * user is skipped. Turns without an end of their own last until the next one.
 */
function settle(stretches: Stretch[]): Stretch[] {
  let nextStartAt = Number.POSITIVE_INFINITY
  for (const stretch of stretches.toReversed()) {
    const skipped = stretch.startAt >= nextStartAt
    if (skipped) stretch.startAt = nextStartAt
    if (skipped || stretch.endAt === UNTIL_NEXT) stretch.endAt = nextStartAt
    nextStartAt = stretch.startAt
  }
  return stretches
}

/** For a rule that ends (COUNT, UNTIL) the last turn goes on: a watch stands until relieved. */
const UNTIL_NEXT = Number.POSITIVE_INFINITY

/** Turns of a rotation without byDay: boundaries are counted on the wall clock, and resolved afterwards. */
function wholeTurns(rotation: Rotation, zone: string, length: Length | null, from: number, until: number): Stretch[] {
  const boundaries = boundariesOf(rotation, zone, until)
  const stretches: Stretch[] = []
  const last = boundaries.indexAt(until) + 1
  for (let turn = Math.max(0, boundaries.indexAt(from) - 1); turn <= last; turn++) {
    const wall = boundaries.wall(turn)
    if (wall === undefined) break
    const startAt = toInstant(wall, zone)
    stretches.push({ turn, startAt, endAt: length ? endOf(wall, startAt, length, zone) : UNTIL_NEXT })
  }
  return stretches
}

interface Boundaries {
  /** Undefined beyond the last one. */
  wall(k: number): number | undefined
  /** The last boundary at or before a wall time, by arithmetic; -1 before the first. */
  indexAt(wall: number): number
}

function boundariesOf(rotation: Rotation, zone: string, until: number): Boundaries {
  const startWall = parseWall(rotation.start)
  if (rotation.unit === 'rrule') return listed(occurrenceWalls(rotation.rrule ?? '', startWall, zone, until))
  const handoff = firstHandoff(rotation, startWall)
  if (handoff === null) return grid(rotation.unit, rotation.every, startWall, 0)
  const full = grid(rotation.unit, rotation.every, handoff.anchor, handoff.months)
  return {
    wall: (k) => (k === 0 ? startWall : full.wall(k - 1)),
    indexAt: (wall) => (wall < startWall ? -1 : full.indexAt(wall) + 1),
  }
}

/** Boundaries every so many units from the anchor; months are counted from the anchor's day, so that 31 January comes back to 31 March. */
function grid(unit: 'hour' | 'day' | 'week' | 'month', every: number, anchor: number, months: number): Boundaries {
  if (unit === 'month') {
    const wall = (k: number) => addMonths(anchor, months + k * every)
    const indexAt = (at: number) => {
      const k = Math.floor((monthNumber(at) - monthNumber(anchor) - months) / every)
      return Math.max(-1, wall(k) <= at ? k : k - 1)
    }
    return { wall, indexAt }
  }
  const step = every * { hour: HOUR_MS, day: DAY_MS, week: WEEK_MS }[unit]
  return { wall: (k) => anchor + k * step, indexAt: (at) => Math.max(-1, Math.floor((at - anchor) / step)) }
}

function listed(walls: readonly number[]): Boundaries {
  return { wall: (k) => walls[k], indexAt: (at) => countUpTo(walls, at) - 1 }
}

/** How many of the ascending numbers are at most `limit`. */
function countUpTo(ascending: readonly number[], limit: number): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ascending[middle] ?? limit) <= limit) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * The first handoff after the start, where its day or time is not the start's. Weeks without a handoff day hand off on the weekday of
 * the start, months on its day of the month; everything else at the first such time of day.
 */
function firstHandoff(rotation: Rotation, startWall: number): { anchor: number; months: number } | null {
  const time = rotation.handoffTime === undefined ? timeOfDay(startWall) : parseTimeOfDay(rotation.handoffTime)
  const weekday = rotation.handoffDay === undefined ? weekdayOf(startWall) : weekdayIndex(rotation.handoffDay)
  if (time === timeOfDay(startWall) && weekday === weekdayOf(startWall)) return null
  const onWeekday = rotation.unit === 'week' || rotation.handoffDay !== undefined
  const ahead = onWeekday ? modulo(weekday - weekdayOf(startWall), 7) * DAY_MS : 0
  const anchor = startOfDay(startWall) + ahead + time
  if (anchor > startWall) return { anchor, months: 0 }
  if (rotation.unit === 'month' && !onWeekday) return { anchor, months: 1 }
  return { anchor: anchor + (onWeekday ? WEEK_MS : DAY_MS), months: 0 }
}

/**
 * With byDay there is one stretch for each included day, at the handoff time. The one that is under way at the start begins there and is
 * the short first one. Daily, `every` counts included days; weekly and monthly, the user changes with the Monday-based week or calendar
 * month of the day, the first partial one being turn 0. (Both rules leave nothing empty; Grafana's weekly interval 2 does.)
 */
function includedDays(rotation: Rotation, zone: string, length: Length | null, from: number, until: number): Stretch[] {
  const startWall = parseWall(rotation.start)
  const handoff = rotation.handoffTime === undefined ? timeOfDay(startWall) : parseTimeOfDay(rotation.handoffTime)
  const included = new Set(rotation.byDay?.map(weekdayIndex))
  const firstAt = toInstant(startWall, zone)
  const stretchOf = (day: number): Stretch => {
    const wall = day + handoff
    const startAt = toInstant(wall, zone)
    const endAt = length ? endOf(wall, startAt, length, zone) : toInstant(wall + DAY_MS, zone)
    return { turn: 0, startAt: Math.max(firstAt, startAt), endAt }
  }
  let first = startOfDay(startWall) - (handoff > timeOfDay(startWall) ? DAY_MS : 0)
  while (!included.has(weekdayOf(first)) || stretchOf(first).endAt <= firstAt) first += DAY_MS
  const turnOf = turnCounter(rotation, included, first)
  const stretches: Stretch[] = []
  for (let day = Math.max(first, startOfDay(from) - WEEK_MS); day <= until + WEEK_MS; day += DAY_MS) {
    if (included.has(weekdayOf(day))) stretches.push({ ...stretchOf(day), turn: turnOf(day) })
  }
  return stretches
}

/** Which turn an included day belongs to, by arithmetic from the first one. */
function turnCounter(rotation: Rotation, included: ReadonlySet<number>, first: number): (day: number) => number {
  const { unit, every } = rotation
  if (unit === 'week') return (day) => Math.floor((weekNumber(day) - weekNumber(first)) / every)
  if (unit === 'month') return (day) => Math.floor((monthNumber(day) - monthNumber(first)) / every)
  if (unit !== 'day') throw new Error(`byDay goes with days, weeks and months, not with unit ${unit}`)
  /** Included days among the first n of the week that begins with the first day. */
  const among = [0, 1, 2, 3, 4, 5, 6].map((n) => {
    return [...Array(n).keys()].filter((offset) => included.has(modulo(weekdayOf(first) + offset, 7))).length
  })
  return (day) => {
    const days = (day - first) / DAY_MS
    return Math.floor((Math.floor(days / 7) * included.size + (among[days % 7] ?? 0)) / every)
  }
}

/** Days and weeks are nominal (the same wall time later), hours, minutes and seconds exact. */
interface Length {
  nominalMs: number
  exactMs: number
}

const DURATION = /^P(?=\d|T\d)(?:(\d+)W)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/

function parseDuration(text: string): Length {
  const parts = DURATION.exec(text)
  if (!parts)
    throw new Error(`"${text}" is not a duration of weeks, days, hours, minutes and seconds, such as P1D or PT12H`)
  const [weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = parts.slice(1).map((part) => Number(part ?? 0))
  return { nominalMs: weeks * WEEK_MS + days * DAY_MS, exactMs: hours * HOUR_MS + minutes * 60_000 + seconds * 1000 }
}

function endOf(wall: number, startAt: number, length: Length, zone: string): number {
  return (length.nominalMs === 0 ? startAt : toInstant(wall + length.nominalMs, zone)) + length.exactMs
}

/** What is wrong with a rotation, beyond its shape, in sentences; such a rotation throws when it is evaluated. */
export function rotationProblems(rotation: Rotation): string[] {
  const { unit, start, rrule, byDay, handoffDay, handoffTime, duration } = rotation
  const problems: string[] = []
  const startWall = parseWall(start)
  if (Number.isNaN(startWall)) problems.push(`the start ${start} is not a date of the calendar`)
  if (duration !== undefined) problems.push(...thrownBy(() => parseDuration(duration)))
  if (unit === 'rrule') problems.push(...ruleProblems(rrule, startWall))
  else if (rrule !== undefined) problems.push(`an rrule goes with unit rrule, not ${unit}`)
  if (byDay && (unit === 'hour' || unit === 'rrule')) problems.push('byDay goes with days, weeks and months')
  if (unit === 'rrule' && (handoffDay ?? handoffTime)) problems.push('the handoffs of an rrule are its occurrences')
  return problems
}

function ruleProblems(rrule: string | undefined, startWall: number): string[] {
  if (rrule === undefined) return ['unit rrule needs an rrule']
  if (/FREQ=(MINUTELY|SECONDLY)/i.test(rrule)) return ['an rrule cannot hand over every minute or second']
  if (Number.isNaN(startWall)) return []
  return thrownBy(() => occurrenceWalls(rrule, startWall, 'UTC', startWall))
}

function thrownBy(attempt: () => unknown): string[] {
  try {
    attempt()
    return []
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  }
}
