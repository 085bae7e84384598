import { z } from 'zod'

/** A wall-clock time of day, `HH:MM`. */
const TimeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day is HH:MM')
/** A wall-clock date and time without offset, `YYYY-MM-DDTHH:MM[:SS]`, read in the zone of whoever holds it. */
const WallTime = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/, 'a wall time is YYYY-MM-DDTHH:MM')
export const Weekday = z.enum(['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'])
export type Weekday = z.infer<typeof Weekday>

/** Whose turn it is: boundaries b0, b1, ... in wall-clock time of the layer's zone; turn k belongs to people[k mod n]. */
export const Rotation = z.strictObject({
  unit: z.enum(['hour', 'day', 'week', 'month', 'rrule']),
  /** Turns last this many units. */
  every: z.int().positive(),
  /** b0. Nobody is on duty before it. */
  start: WallTime,
  /** When the handoff is not at the time (day) of the start: a short first turn, then full ones. */
  handoffTime: TimeOfDay.optional(),
  handoffDay: Weekday.optional(),
  byDay: z.array(Weekday).min(1).optional(),
  /** ISO 8601 duration: coverage of each turn is [bk, bk + duration) instead of the whole turn. */
  duration: z.string().optional(),
  /** RFC 5545 RRULE, with unit 'rrule' only: each occurrence is a boundary. */
  rrule: z.string().optional(),
})
export type Rotation = z.infer<typeof Rotation>

/** Coverage is intersected with the union of the windows. They mask; they never decide whose turn it is. */
export const Restriction = z.discriminatedUnion('type', [
  /** end <= start crosses midnight, equal means 24 h; `days` name the day on which the window starts. */
  z.strictObject({
    type: z.literal('daily'),
    start: TimeOfDay,
    end: TimeOfDay,
    days: z.array(Weekday).min(1).optional(),
  }),
  z.strictObject({ type: z.literal('weekly'), startDay: Weekday, start: TimeOfDay, endDay: Weekday, end: TimeOfDay }),
])
export type Restriction = z.infer<typeof Restriction>

export const Layer = z.strictObject({
  name: z.string(),
  zone: z.string(),
  /** The highest priority that covers an instant wins; equal priorities are on duty together. */
  priority: z.int(),
  /** In order of turns; an element is a group of people on duty together (mostly of one). */
  people: z.array(z.array(z.string()).min(1)).min(1),
  rotation: Rotation,
  restrictions: z.array(Restriction),
  /** Instants (UTC ms) that mask the layer; turns are still counted from rotation.start. */
  fromAt: z.number().optional(),
  untilAt: z.number().optional(),
  /** Changes of the membership, in order of time: boundaries and the past stay. */
  edits: z.array(z.strictObject({ op: z.enum(['add', 'remove']), person: z.string(), at: z.number() })).optional(),
})
export type Layer = z.infer<typeof Layer>

/** A layer that another system fills: people have the watch as its calendar said when it was last read. */
export const ImportedLayer = z.strictObject({
  name: z.string(),
  /** In which times without a zone are meant, and whole days. */
  zone: z.string(),
  priority: z.int(),
  /** The address of the calendar; it may hold a secret, and is never shown. */
  calendar: z.string(),
  /** Empty in the configuration: `withImports` puts in what was read. */
  spans: z.array(z.strictObject({ startAt: z.number(), endAt: z.number(), people: z.array(z.string()).min(1) })),
})
export type ImportedLayer = z.infer<typeof ImportedLayer>

export const Override = z.strictObject({
  mode: z.enum(['replaceAll', 'replace', 'remove', 'add']),
  people: z.array(z.string()),
  /** Whom `replace` and `remove` act on. */
  replaces: z.string().optional(),
  startAt: z.number(),
  endAt: z.number(),
  priority: z.int().optional(),
})
export type Override = z.infer<typeof Override>

/** How a change of the watch is handled (`handover.md` 2.1); what a turn is too short for is clamped when the change comes. */
export const HandoverTimes = z.strictObject({
  /** Wpre: how long before the change the incoming may take the watch. */
  windowMs: z.number(),
  /** Tdual: a page of the window that nobody has acknowledged goes to the incoming after this. */
  dualMs: z.number(),
  /** G: grace for the incoming before the next step. */
  graceMs: z.number(),
  /** Wconf: unconfirmed for so long, the incoming are paged. */
  confirmMs: z.number(),
  /** Wmax: the outgoing are released after this at the latest. */
  limitMs: z.number(),
})
export type HandoverTimes = z.infer<typeof HandoverTimes>

const MINUTE_MS = 60_000
export const HANDOVER_TIMES: HandoverTimes = {
  windowMs: 15 * MINUTE_MS,
  dualMs: 3 * MINUTE_MS,
  graceMs: 2 * MINUTE_MS,
  confirmMs: 10 * MINUTE_MS,
  limitMs: 30 * MINUTE_MS,
}

export const Schedule = z.strictObject({
  name: z.string(),
  zone: z.string(),
  /** {@link HANDOVER_TIMES} where it says nothing. */
  handover: HandoverTimes.optional(),
  /** Handle of the Slack user group that is kept equal to the people on duty. */
  slackGroup: z.string().optional(),
  /** Empty where all of them are imported. */
  layers: z.array(Layer),
  imported: z.array(ImportedLayer).optional(),
  overrides: z.array(Override),
  /** People whose coverage is empty from an instant on (a visible gap, or the lower layer). */
  inactive: z.array(z.strictObject({ person: z.string(), fromAt: z.number() })).optional(),
})
export type Schedule = z.infer<typeof Schedule>
