import { DateTime } from 'luxon'
import { scheduleProblems, segments } from '../../src/domain/duty/schedule.ts'
import { type Layer, Schedule } from '../../src/domain/duty/schedule-types.ts'

/**
 * From the format of `schedule-vectors.json` to the domain's own, and back. The dialects of other tools (a missing wall time snapped to
 * the end of the gap, other ways to count months) are refused by name; exact hours are evaluated where they can be said in UTC.
 */
export interface ScheduleVector {
  id: string
  timezone: string
  layers: VectorLayer[]
  overrides?: VectorOverride[]
  inactive?: { user: string; from: string }[]
  edits?: { op: string; layer: number; user: string; at: string }[]
  query: { from: string; to: string }
}

interface VectorLayer {
  id?: string
  users: (string | string[])[]
  rotation: VectorRotation
  priority?: number
  timezone?: string
  restrictions?: unknown[]
  from?: string
  until?: string
}

interface VectorRotation extends Record<string, unknown> {
  type: string
  start: string
  interval?: number
  clock?: string
}

interface VectorOverride {
  mode?: string
  users?: string[]
  replaces?: string
  start: string
  end: string
  priority?: number
}

const UNITS = new Map(
  Object.entries({ hourly: 'hour', daily: 'day', weekly: 'week', monthly: 'month', rrule: 'rrule' }),
)

/** The segments of a vector's query, without gaps; ISO 8601 with the offset of the vector's zone. */
export function evaluate(vector: ScheduleVector): { start: string; end: string; users: string[] }[] {
  const schedule = scheduleOf(vector)
  const iso = (at: number) => {
    const text = DateTime.fromMillis(at, { zone: vector.timezone }).toISO({ suppressMilliseconds: true })
    if (text === null) throw new Error(`${at} has no reading in ${vector.timezone}`)
    return text
  }
  return segments(schedule, Date.parse(vector.query.from), Date.parse(vector.query.to)).map((segment) => ({
    start: iso(segment.startAt),
    end: iso(segment.endAt),
    users: segment.people,
  }))
}

/** The vector as a schedule of the domain. */
export function scheduleOf(vector: ScheduleVector): Schedule {
  refuseDialect('gapPolicy', 'shift', vector, ...vector.layers, ...vector.layers.map((layer) => layer.rotation))
  refuseDialect('monthlyPolicy', 'clamp', vector, ...vector.layers, ...vector.layers.map((layer) => layer.rotation))
  const schedule = Schedule.parse({
    name: vector.id,
    zone: vector.timezone,
    layers: vector.layers.map((layer, index) => layerOf(vector, layer, index)),
    overrides: (vector.overrides ?? []).map(overrideOf),
    inactive: (vector.inactive ?? []).map(({ user, from }) => ({ person: user, fromAt: Date.parse(from) })),
  })
  const problems = scheduleProblems(schedule)
  if (problems.length > 0) throw new Error(`${vector.id}: ${problems.join('; ')}`)
  return schedule
}

function refuseDialect(key: string, ours: string, ...places: object[]): void {
  for (const place of places) {
    const value = (place as Record<string, unknown>)[key]
    if (value !== undefined && value !== ours) throw new Error(`dialect ${key} "${String(value)}" is not implemented`)
  }
}

function layerOf(vector: ScheduleVector, layer: VectorLayer, index: number): Layer {
  const elapsed = [vector, layer, layer.rotation].some((place) => (place as { clock?: unknown }).clock === 'elapsed')
  const { type, interval, start, clock: _, gapPolicy: _gap, monthlyPolicy: _monthly, ...rest } = layer.rotation
  if (elapsed && type === 'hourly' && (layer.restrictions ?? rest.handoffTime ?? rest.duration) !== undefined)
    throw new Error('dialect clock "elapsed" is not implemented together with restrictions, handoffs or durations')
  // Exact hours are the hours of a clock that never changes.
  const zone = elapsed && type === 'hourly' ? 'UTC' : (layer.timezone ?? vector.timezone)
  const edits = (vector.edits ?? []).filter((edit) => edit.layer === index)
  return {
    name: layer.id ?? `layer ${index}`,
    zone,
    priority: layer.priority ?? 1,
    people: layer.users.map((element) => [element].flat()),
    rotation: { ...rest, unit: UNITS.get(type) ?? type, every: interval ?? 1, start: wallOf(start, zone) },
    restrictions: layer.restrictions ?? [],
    ...(layer.from === undefined ? {} : { fromAt: Date.parse(layer.from) }),
    ...(layer.until === undefined ? {} : { untilAt: Date.parse(layer.until) }),
    edits: edits.map(({ op, user, at }) => ({ op: op.replace('User', ''), person: user, at: Date.parse(at) })),
  } as Layer
}

function overrideOf({ mode, users, start, end, ...rest }: VectorOverride): Record<string, unknown> {
  return {
    mode: mode ?? 'replaceAll',
    people: users ?? [],
    startAt: Date.parse(start),
    endAt: Date.parse(end),
    ...rest,
  }
}

/** The reading of the zone's clocks at an instant: a rotation starts at a wall time. */
function wallOf(instant: string, zone: string): string {
  return DateTime.fromISO(instant, { zone }).toFormat("yyyy-MM-dd'T'HH:mm:ss")
}
