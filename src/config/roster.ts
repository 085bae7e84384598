import { z } from 'zod'
import { VIAS } from '../domain/contact.ts'
import {
  HANDOVER_TIMES,
  type HandoverTimes,
  type ImportedLayer,
  type Layer,
  type Restriction,
  type Schedule,
} from '../domain/duty/schedule-types.ts'
import { parseTimeOfDay } from '../domain/duty/time.ts'
import { type Person, type Policy, type Quiet, type Role, Severity, type Target } from '../domain/rules.ts'
import { either } from './either.ts'
import { duration, formatDuration, integer, listOf, oneOf, text } from './leaf.ts'
import { type Context, lastResort, member, reference, slackHandle, slackUser } from './names.ts'
import { wrongContact } from './notify.ts'
import { url } from './targets.ts'
import { instantOf, type Moment, moment, timeOfDay, turn, wallOf, weekday, zone } from './times.ts'

/** People, roles, schedules and policies: their shapes, and what the domain makes its decisions by. */

/** Limits that no company meets and a generated file with a mistake does. */
const MOST_PEOPLE_IN_A_LIST = 200
const MOST_CONTACTS = 10
const MOST_LAYERS = 30
const MOST_WINDOWS = 20
/** More steps than this take longer than anybody sleeps through. */
const MOST_STEPS = 20
/** A page to more people than this is a broadcast: post to a channel. */
const MOST_PAGED_AT_ONCE = 30

export function personShape(context: Context) {
  const contact = z
    .strictObject({
      after: duration('0s', '24h'),
      via: oneOf(...VIAS),
      to: text('where to reach the person'),
    })
    .superRefine(({ via, to }, refinement) => {
      const wrong = wrongContact(via, to, context.network)
      if (wrong !== null) refinement.addIssue({ code: 'custom', path: ['to'], message: wrong })
    })
  const quiet = z
    .strictObject({
      from: timeOfDay,
      to: timeOfDay,
      zone: zone.optional(),
      ways: listOf(oneOf(...VIAS), VIAS.length).optional(),
      through: oneOf(...Severity.options).default('error'),
    })
    .superRefine(({ from, to }, refinement) => {
      if (from !== to) return
      const message = 'is {it}, as from: that would be the whole day, in which nobody could be reached beside Slack'
      refinement.addIssue({ code: 'custom', path: ['to'], message })
    })
  return z.strictObject({
    slack: slackUser,
    contact: z.array(contact).max(MOST_CONTACTS).default([]),
    quiet: quiet.optional(),
    absence: url(context.network).optional(),
  })
}

/** @param above the zone of quiet hours that have none of their own */
export function toPerson(name: string, shape: z.infer<ReturnType<typeof personShape>>, above: string): Person {
  const contact = shape.contact.map(({ after, via, to }) => ({ afterMs: after, via, to }))
  return {
    ...{ name, slack: shape.slack },
    ...(shape.absence !== undefined && { absence: shape.absence }),
    ...(contact.length > 0 && { contact }),
    ...(shape.quiet && { quiet: toQuiet(shape.quiet, above) }),
  }
}

const toQuiet = (
  { from, to, zone, ways, through }: NonNullable<z.infer<ReturnType<typeof personShape>>['quiet']>,
  above: string,
): Quiet => ({
  ...{ zone: zone ?? above, through, ways: [...(ways ?? VIAS)] },
  ...{ from: parseTimeOfDay(from), to: parseTimeOfDay(to) },
})

export function roleShape(context: Context) {
  return listOf(member(context, 'names', true), MOST_PEOPLE_IN_A_LIST)
}

export function toRole(name: string, members: z.infer<ReturnType<typeof roleShape>>): Role {
  const ofKind = (kind: string) => members.filter((one) => one.kind === kind).map((one) => one.name)
  return { name, people: ofKind('person'), schedules: ofKind('schedule'), slackGroups: ofKind('slack') }
}

export function scheduleShape(context: Context) {
  return z.strictObject({
    zone: zone.optional(),
    slack_group: slackHandle.optional(),
    layers: listOf(layerShape(context), MOST_LAYERS).superRefine(distinctNames),
    handover: handoverShape().optional(),
  })
}

function distinctNames(layers: { name?: string | undefined }[], context: z.RefinementCtx): void {
  layers.forEach(({ name }, index) => {
    if (name === undefined || layers.findIndex((other) => other.name === name) === index) return
    context.addIssue({ code: 'custom', path: [index, 'name'], message: 'is {it}, as another layer is called already' })
  })
}

function layerShape(context: Context) {
  const person = reference('people', context, 'rotates through')
  const hours = z.strictObject({
    from: timeOfDay,
    to: timeOfDay,
    days: listOf(weekday, 7).optional(),
  })
  const common = {
    name: text('a name', 80).optional(),
    zone: zone.optional(),
    priority: integer(-1000, 1000).default(1),
  }
  const imported = z.strictObject({ ...common, calendar: url(context.network) })
  const rotating = z.strictObject({
    ...common,
    // An element may be a group. A union would say "invalid input" of a misspelt name; so every element is read as a list.
    people: listOf(
      z.preprocess((element) => (Array.isArray(element) ? element : [element]), listOf(person, MOST_PEOPLE_IN_A_LIST)),
      MOST_PEOPLE_IN_A_LIST,
    ),
    rotation: z.strictObject({ every: turn, start: moment }),
    hours: listOf(hours, MOST_WINDOWS).optional(),
    from: moment.optional(),
    until: moment.optional(),
  })
  // The calendar says who and when: whatever a layer of our own says of that would have no effect.
  return either(rotating, imported, (layer) => Object.hasOwn(layer, 'calendar'))
}

function handoverShape() {
  return z
    .strictObject({
      window: duration('0s', '4h').default(HANDOVER_TIMES.windowMs),
      dual: duration('0s', '1h').default(HANDOVER_TIMES.dualMs),
      grace: duration('0s', '30m').default(HANDOVER_TIMES.graceMs),
      confirm_within: duration('1m', '4h').default(HANDOVER_TIMES.confirmMs),
      limit: duration('1m', '8h').default(HANDOVER_TIMES.limitMs),
    })
    .superRefine((handover, context) => {
      const above = (key: 'dual' | 'confirm_within', limit: 'window' | 'limit', why: string) => {
        if (handover[key] <= handover[limit]) return
        const message = `must be at most ${limit} (${formatDuration(handover[limit])}), not {it}: ${why}`
        context.addIssue({ code: 'custom', path: [key], message })
      }
      above('confirm_within', 'limit', 'at the limit the outgoing person is released, confirmed or not')
      if (handover.window > 0) above('dual', 'window', 'it counts within the window before the change')
    })
}

export type ScheduleShape = z.infer<ReturnType<typeof scheduleShape>>
type RotatingShape = Exclude<ScheduleShape['layers'][number], { calendar: string }>

/** @param above the zone of whatever has none of its own */
export function toSchedule(name: string, shape: ScheduleShape, above: string): Schedule {
  const zone = shape.zone ?? above
  const layers: Layer[] = []
  const imported: ImportedLayer[] = []
  shape.layers.forEach((layer, index) => {
    const own = layer.zone ?? zone
    const common = { name: layer.name ?? `layer ${index + 1}`, zone: own, priority: layer.priority }
    if ('calendar' in layer) imported.push({ ...common, calendar: layer.calendar, spans: [] })
    else layers.push({ ...common, ...rotationOf(layer, own) })
  })
  return {
    name,
    zone,
    ...(shape.handover && { handover: toTimes(shape.handover) }),
    ...(shape.slack_group !== undefined && { slackGroup: shape.slack_group }),
    layers,
    ...(imported.length > 0 && { imported }),
    overrides: [],
  }
}

function rotationOf(layer: RotatingShape, zone: string): Omit<Layer, 'name' | 'zone' | 'priority'> {
  return {
    people: layer.people,
    rotation: { ...layer.rotation.every, start: wallOf(layer.rotation.start, zone) },
    restrictions: (layer.hours ?? []).map(toRestriction),
    ...mask('fromAt', layer.from, zone),
    ...mask('untilAt', layer.until, zone),
  }
}

const toTimes = (shape: z.infer<ReturnType<typeof handoverShape>>): HandoverTimes => ({
  windowMs: shape.window,
  dualMs: shape.dual,
  graceMs: shape.grace,
  confirmMs: shape.confirm_within,
  limitMs: shape.limit,
})

function toRestriction(hours: NonNullable<RotatingShape['hours']>[number]): Restriction {
  return { type: 'daily', start: hours.from, end: hours.to, ...(hours.days && { days: hours.days }) }
}

const mask = (key: 'fromAt' | 'untilAt', at: Moment | undefined, zone: string) =>
  at === undefined ? {} : { [key]: instantOf(at, zone) }

export function policyShape(context: Context) {
  const step = z.strictObject({
    page: listOf(member(context, 'pages', false), MOST_PAGED_AT_ONCE),
    wait: duration('1s', '24h'),
  })
  return z.strictObject({
    steps: listOf(step, MOST_STEPS),
    rounds: integer(1, 10).default(1),
    fallback: listOf(lastResort(context), MOST_PAGED_AT_ONCE),
  })
}

export type PolicyShape = z.infer<ReturnType<typeof policyShape>>

export function toPolicy(name: string, shape: PolicyShape): Policy {
  return {
    name,
    steps: shape.steps.map(({ page, wait }) => ({ page: page.map(toTarget), waitMs: wait })),
    rounds: shape.rounds,
    fallback: shape.fallback,
  }
}

function toTarget(one: { kind: string; name: string }): Target {
  return one.kind === 'schedule' ? { kind: 'schedule', name: one.name } : { kind: 'person', name: one.name }
}
