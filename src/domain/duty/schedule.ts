import { type Crew, crewsOf, peopleOfTurn } from './membership.ts'
import { applyOverrides, byPrecedence } from './override.ts'
import { openSpans, type Span } from './restriction.ts'
import { rotationProblems, turns } from './rotation.ts'
import type { ImportedLayer, Layer, Schedule } from './schedule-types.ts'
import { DAY_MS, isZone } from './time.ts'

/** The same people on duty throughout [startAt, endAt); `people` is sorted and never empty. */
export interface Segment {
  startAt: number
  endAt: number
  people: string[]
}

/** An instant at which the set of people on duty differs from just before. Never all three empty, never only `staying`. */
export interface Change {
  at: number
  outgoing: string[]
  incoming: string[]
  staying: string[]
}

/** The longest run of the same people around an instant; null where it reaches beyond {@link HORIZON_MS}. */
export interface Shift {
  people: string[]
  sinceAt: number | null
  untilAt: number | null
}

/** How far a change is looked for: a yearly rotation is found, and a schedule that never changes costs one evaluation of a year. */
export const HORIZON_MS = 400 * DAY_MS

/**
 * Who is on duty when, in [fromAt, toAt): maximal segments, disjoint and in order, clipped to the window; instants that nobody covers
 * are in none. Everything else on this page asks this function, and nothing is kept between two questions, so that all views of a
 * schedule agree and no edit can be missed. Instants are whole milliseconds.
 */
export function segments(schedule: Schedule, fromAt: number, toAt: number): Segment[] {
  if (fromAt >= toAt) return []
  const covered = inOrder([
    ...schedule.layers.flatMap((layer) => coverage(layer, fromAt, toAt)),
    ...(schedule.imported ?? []).flatMap((layer) => importedCoverage(layer, fromAt, toAt)),
  ])
  const overrides = byPrecedence(schedule.overrides).map((override, rank) => ({ ...override, rank }))
  const overridden = inOrder(overrides.filter((override) => meets(override, fromAt, toAt)))
  const inactiveFrom = earliest(schedule.inactive ?? [])
  const found: Segment[] = []
  const coveringAt = sweep(covered)
  const overridingAt = sweep(overridden)
  const cuts = cutsOf([...covered, ...overridden], [...inactiveFrom.values()], fromAt, toAt)
  for (const [index, startAt] of cuts.entries()) {
    const isActive = (person: string) => startAt < (inactiveFrom.get(person) ?? Number.POSITIVE_INFINITY)
    const ranked = overridingAt(startAt).toSorted((a, b) => a.rank - b.rank)
    const people = applyOverrides(highest(coveringAt(startAt), isActive), ranked)
    append(found, startAt, cuts[index + 1] ?? toAt, namesOf(people.filter(isActive)))
  }
  return found
}

/** Who is on duty at an instant, sorted; at a boundary the incoming. */
export function dutyAt(schedule: Schedule, at: number): string[] {
  return segments(schedule, at, at + 1)[0]?.people ?? []
}

/**
 * The changes at instants with fromAt < at <= toAt, in order: what has happened since `fromAt` was looked at. Windows that follow one
 * another see each change once.
 */
export function changes(schedule: Schedule, fromAt: number, toAt: number): Change[] {
  if (fromAt >= toAt) return []
  const found: Change[] = []
  let before: Segment = { startAt: fromAt, endAt: fromAt, people: [] }
  for (const segment of segments(schedule, fromAt, toAt + 1)) {
    // Between two segments that do not touch there is nobody: the end of one and the start of the other are a change each.
    if (before.endAt < segment.startAt && before.people.length > 0) found.push(change(before.endAt, before.people, []))
    const outgoing = before.endAt < segment.startAt ? [] : before.people
    if (segment.startAt > fromAt) found.push(change(segment.startAt, outgoing, segment.people))
    before = segment
  }
  if (before.endAt <= toAt && before.people.length > 0) found.push(change(before.endAt, before.people, []))
  return found
}

/** The change at this very instant; null when the same people go on. */
export const changeAt = (schedule: Schedule, at: number): Change | null => changes(schedule, at - 1, at)[0] ?? null

/** The first change strictly after an instant; null when there is none within {@link HORIZON_MS}. */
export function nextChange(schedule: Schedule, afterAt: number, horizonMs = HORIZON_MS): Change | null {
  let fromAt = afterAt
  for (const reach of reaches(horizonMs)) {
    const found = changes(schedule, fromAt, afterAt + reach)[0]
    if (found) return found
    fromAt = afterAt + reach
  }
  return null
}

/** How far ahead the watch looks each time: in a schedule that changes more seldom it looks again. */
export const AHEAD_MS = 2 * DAY_MS

export interface Ahead {
  /** The first change strictly after the instant, and the one after it; null: none within {@link AHEAD_MS} of each. */
  change: Change | null
  after: Change | null
}

const looked = new WeakMap<Schedule, Ahead & { fromAt: number; untilAt: number }>()

/**
 * The next two changes. What was found for an instant holds until the first of them, and is kept with the schedule itself: an edit makes
 * another schedule, of which nothing is known.
 */
export function ahead(schedule: Schedule, at: number): Ahead {
  const known = looked.get(schedule)
  if (known && known.fromAt <= at && at < known.untilAt) return known
  const change = nextChange(schedule, at, AHEAD_MS)
  const after = change && nextChange(schedule, change.at, AHEAD_MS)
  // Without a change in sight half of what was looked at is still ahead when it is looked at again.
  const found = { change, after, fromAt: at, untilAt: change?.at ?? at + AHEAD_MS / 2 }
  looked.set(schedule, found)
  return found
}

/** Who is on duty at an instant, since when, and until when. A turn is the longest run of the same people, however edits cut it. */
export function shiftAround(schedule: Schedule, at: number, horizonMs = HORIZON_MS): Shift {
  return {
    people: dutyAt(schedule, at),
    sinceAt: lastChangeAt(schedule, at, horizonMs),
    untilAt: nextChange(schedule, at, horizonMs)?.at ?? null,
  }
}

function lastChangeAt(schedule: Schedule, at: number, horizonMs: number): number | null {
  let toAt = at
  for (const reach of reaches(horizonMs)) {
    const found = changes(schedule, at - reach, toAt).at(-1)
    if (found) return found.at
    toAt = at - reach
  }
  return null
}

/** Doubling, so that a change in the next hours is found for the price of a day. */
function reaches(horizonMs: number): number[] {
  const found: number[] = []
  for (let reach = DAY_MS; reach < horizonMs; reach *= 2) found.push(reach)
  return [...found, horizonMs]
}

/** What is wrong with a schedule, beyond its shape, in sentences. One with problems must not be taken into use: evaluating it throws. */
export function scheduleProblems(schedule: Schedule): string[] {
  const layers = schedule.layers.flatMap((layer) => {
    const zone = isZone(layer.zone) ? [] : [`"${layer.zone}" is not a time zone`]
    return [...zone, ...rotationProblems(layer.rotation)].map((problem) => `layer ${layer.name}: ${problem}`)
  })
  return isZone(schedule.zone) ? layers : [`"${schedule.zone}" is not a time zone`, ...layers]
}

/** A stretch of a layer in which these people have the turn, and no restriction hides it. */
interface Covered extends Span {
  priority: number
  people: readonly string[]
}

function coverage(layer: Layer, fromAt: number, toAt: number): Covered[] {
  const mask = { startAt: Math.max(fromAt, layer.fromAt ?? fromAt), endAt: Math.min(toAt, layer.untilAt ?? toAt) }
  if (mask.startAt >= mask.endAt) return []
  const crews = crewsOf(layer, mask.endAt)
  const open = openSpans(layer.restrictions, layer.zone, mask.startAt, mask.endAt)
  const found: Covered[] = []
  let first = 0
  for (const { turn, ...span } of turns(layer.rotation, layer.zone, mask.startAt, mask.endAt)) {
    // Turns come in order of their start: a window that has closed by now is of no use to those that follow either.
    while ((open[first]?.endAt ?? Number.POSITIVE_INFINITY) <= span.startAt) first++
    for (let n = first; (open[n]?.startAt ?? Number.POSITIVE_INFINITY) < span.endAt; n++) {
      found.push(...byCrew(crews, turn, common(common(span, mask), open[n] ?? span), layer.priority))
    }
  }
  return found
}

/** Clipped like a layer of our own: what reaches beyond the window says nothing there. */
function importedCoverage({ spans, priority }: ImportedLayer, fromAt: number, toAt: number): Covered[] {
  return spans.flatMap(({ people, ...span }) => {
    const cut = common(span, { startAt: fromAt, endAt: toAt })
    return cut.startAt < cut.endAt ? [{ ...cut, priority, people }] : []
  })
}

/** A stretch of a turn, cut where an edit of the membership gave it to somebody else. */
function byCrew(crews: readonly Crew[], turn: number, span: Span, priority: number): Covered[] {
  return crews.flatMap((crew, n) => {
    const cut = common(span, { startAt: crew.fromAt, endAt: crews[n + 1]?.fromAt ?? span.endAt })
    return cut.startAt < cut.endAt ? [{ ...cut, priority, people: peopleOfTurn(crews, n, turn) }] : []
  })
}

/** The people of the highest priority that has any; an empty turn, or one of inactive people, lets the lower ones through. */
function highest(covering: readonly Covered[], isActive: (person: string) => boolean): readonly string[] {
  let priority = Number.NEGATIVE_INFINITY
  let people: readonly string[] = []
  for (const candidate of covering) {
    if (candidate.priority < priority) continue
    const active = candidate.people.filter(isActive)
    if (active.length === 0) continue
    people = candidate.priority > priority ? active : [...people, ...active]
    priority = candidate.priority
  }
  return people
}

/** Answers which spans hold at an instant; asked in ascending order only, so that a year costs one pass. */
function sweep<T extends Span>(ordered: readonly T[]): (at: number) => T[] {
  let next = 0
  let current: T[] = []
  return (at) => {
    current = current.filter((span) => span.endAt > at)
    for (let span = ordered[next]; span && span.startAt <= at; span = ordered[++next]) {
      if (span.endAt > at) current.push(span)
    }
    return current
  }
}

function inOrder<T extends Span>(spans: T[]): T[] {
  return spans.sort((a, b) => a.startAt - b.startAt)
}

/** What two spans have in common; without length (endAt <= startAt) when they do not meet. */
function common(a: Span, b: Span): Span {
  return { startAt: Math.max(a.startAt, b.startAt), endAt: Math.min(a.endAt, b.endAt) }
}

const meets = (span: Span, fromAt: number, toAt: number): boolean => span.startAt < toAt && span.endAt > fromAt

/** The instants of a window at which anything begins or ends, ascending, each once; the first is fromAt. */
function cutsOf(spans: readonly Span[], instants: readonly number[], fromAt: number, toAt: number): number[] {
  const all = [...instants, ...spans.flatMap((span) => [span.startAt, span.endAt])]
  const inside = Float64Array.from(all.filter((at) => at > fromAt && at < toAt)).sort()
  return [fromAt, ...inside.filter((at, index) => at !== inside[index - 1])]
}

function earliest(inactive: NonNullable<Schedule['inactive']>): Map<string, number> {
  const found = new Map<string, number>()
  for (const { person, fromAt } of inactive) found.set(person, Math.min(fromAt, found.get(person) ?? fromAt))
  return found
}

function append(found: Segment[], startAt: number, endAt: number, people: string[]): void {
  if (people.length === 0) return
  const last = found.at(-1)
  if (last && last.endAt === startAt && samePeople(last.people, people)) last.endAt = endAt
  else found.push({ startAt, endAt, people })
}

/** Each once, in the order of their code units (no locale: every process must agree). */
const namesOf = (people: readonly string[]): string[] => [...new Set(people)].sort((a, b) => (a < b ? -1 : 1))

/** Both in order. */
export const samePeople = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((x, n) => x === b[n])

function change(at: number, before: readonly string[], after: readonly string[]): Change {
  return {
    at,
    outgoing: before.filter((person) => !after.includes(person)),
    incoming: after.filter((person) => !before.includes(person)),
    staying: before.filter((person) => after.includes(person)),
  }
}
