import { z } from 'zod'
import {
  type Draft,
  emptyDraft,
  type Hours,
  merged,
  type Roster,
  type To,
  type Turns,
  turnOf,
  weekly,
} from './draft.ts'
import { Id, itemsOf, read } from './items.ts'

/**
 * Exports of PagerDuty's REST API v2: `/users`, `/schedules/{id}` (with `since` and `until`: then it says whom it has on duty, and is compared),
 * `/schedules/{id}/overrides`, `/escalation_policies`, `/services`. Of its layers the first in the answer is the uppermost, and the uppermost
 * that covers has the watch alone; turns are counted from `rotation_virtual_start`, on the wall clock of the schedule.
 */
const Reference = z.object({ id: Id, type: z.string().default(''), summary: z.string().nullish() })

const User = z.object({
  ...{ id: Id, name: z.string(), email: z.string() },
  contact_methods: z.array(z.object({ type: z.string() })).default([]),
})

const Restriction = z.object({
  type: z.enum(['daily_restriction', 'weekly_restriction']),
  start_time_of_day: z.string().regex(/^\d\d:\d\d(:\d\d)?$/),
  duration_seconds: z.number().positive(),
  start_day_of_week: z.number().min(1).max(7).nullish(),
})

const Entries = z.object({
  rendered_schedule_entries: z
    .array(z.object({ start: z.string(), end: z.string(), user: Reference.nullable() }))
    .nullish(),
})

const Schedule = z.object({
  ...{ id: Id, name: z.string(), time_zone: z.string() },
  schedule_layers: z
    .array(
      z.object({
        name: z.string().nullish(),
        start: z.string(),
        end: z.string().nullish(),
        rotation_virtual_start: z.string(),
        rotation_turn_length_seconds: z.number(),
        users: z.array(z.object({ user: Reference })),
        restrictions: z.array(Restriction).nullish(),
      }),
    )
    .default([]),
  overrides_subschedule: Entries.nullish(),
  final_schedule: Entries.nullish(),
})

const Policy = z.object({
  ...{ id: Id, name: z.string() },
  num_loops: z.number().int().min(0).default(0),
  escalation_rules: z.array(
    z.object({
      escalation_delay_in_minutes: z.number().positive(),
      targets: z.array(Reference),
      escalation_rule_assignment_strategy: z.object({ type: z.string() }).nullish(),
    }),
  ),
})

const Service = z.object({
  ...{ id: Id, name: z.string(), escalation_policy: Reference },
  ...{ acknowledgement_timeout: z.number().nullish(), auto_resolve_timeout: z.number().nullish() },
  incident_urgency_rule: z.object({ type: z.string(), urgency: z.string().nullish() }).nullish(),
})

const NAMES = [
  'users',
  'user',
  'schedules',
  'schedule',
  'escalation_policies',
  'escalation_policy',
  'services',
  'service',
]

export function readPagerDuty(files: readonly unknown[], now: number): Draft {
  const draft = emptyDraft()
  for (const { under, item } of files.flatMap((file) => itemsOf(file, NAMES))) {
    if ('schedule_layers' in item) schedule(draft, item, now)
    else if ('escalation_rules' in item) policy(draft, item)
    else if ('email' in item) user(draft, item)
    else if ('escalation_policy' in item) service(draft, item)
    else if (under === 'schedules' && 'name' in item)
      draft.lost.push({
        what: `schedule ${String(item.name)}`,
        why: 'the list of schedules holds no layers',
        instead:
          'export it by GET /schedules/{id}?since=…&until=…, which has them, and whom PagerDuty has on duty to compare with',
      })
    else
      draft.lost.push({
        what: 'name' in item ? String(item.name) : 'something without a name',
        why: 'it is no user, schedule, escalation policy or service',
        instead: 'leave it out, or export it by the REST API v2',
      })
  }
  return draft
}

function user(draft: Draft, item: object): void {
  const found = read(draft, User, item, 'user')
  if (!found) return
  const { id, name, email, contact_methods: ways } = found
  draft.people.push({ id, name, email, slack: null })
  const others = ways.filter(({ type }) => /phone|sms|push/.test(type))
  if (others.length > 0)
    draft.lost.push({
      what: `how ${name} is reached beside Slack (${others.length} ${others.length === 1 ? 'way' : 'ways'})`,
      why: 'phones and pushes need a carrier of yours, and a word of theirs that they came',
      instead: 'write `contact:` under the person and `notify:`, then /watchbill test',
    })
}

function schedule(draft: Draft, item: object, now: number): void {
  const found = read(draft, Schedule, item, 'schedule')
  if (!found) return
  const { id, name, time_zone: zone, schedule_layers: all } = found
  const layers = all.flatMap((layer, index): Turns[] => {
    const called = layer.name ?? `layer ${all.length - index}`
    const lost = (why: string, instead: string) => draft.lost.push({ what: `layer ${called} of ${name}`, why, instead })
    // What has ended says nothing of the time to come.
    if (layer.end && Date.parse(layer.end) <= now) return []
    const every = turnOf(layer.rotation_turn_length_seconds)
    if (every === null || layer.users.length === 0) {
      lost(
        every === null ? `its turns of ${layer.rotation_turn_length_seconds} s are no whole hours` : 'nobody is in it',
        every === null
          ? 'choose turns of whole hours, and write the layer by hand'
          : 'nothing; or write the layer once somebody is',
      )
      return []
    }
    const hours = (layer.restrictions ?? []).map(windowsOf)
    if (hours.some(({ isCut }) => isCut))
      lost('its windows begin or end within a minute', 'look at its hours: they were cut to whole minutes')
    return [
      {
        ...{ name: called, priority: all.length - index, people: layer.users.map((each) => [each.user.id]), every },
        start: instant(layer.rotation_virtual_start),
        hours: hours.some(({ windows }) => windows.length === 0) ? [] : merged(hours.flatMap(({ windows }) => windows)),
        from: instant(layer.start),
        ...(layer.end && { until: instant(layer.end) }),
      },
    ]
  })
  const overrides = (found.overrides_subschedule?.rendered_schedule_entries ?? []).flatMap(
    ({ start, end, user: who }, index) =>
      who === null || Date.parse(end) <= now ? [] : [overrideOf(index + 1, who.id, start, end, all.length)],
  )
  draft.schedules.push({ id, name, zone, layers: [...layers, ...overrides] } satisfies Roster)
  const rendered = found.final_schedule?.rendered_schedule_entries
  if (rendered && rendered.length > 0)
    draft.rendered.push({
      schedule: id,
      past: pastOf(found, now),
      spans: rendered.flatMap(({ start, end, user: who }) =>
        who === null ? [] : [{ startAt: Date.parse(start), endAt: Date.parse(end), person: who.id }],
      ),
    })
}

/** What of it was over before: layers up to their end, and overrides. */
function pastOf({ schedule_layers: layers, overrides_subschedule: overrides }: z.infer<typeof Schedule>, now: number) {
  const ended = layers.flatMap(({ start, end }) => (end ? [{ start, end }] : []))
  return [...ended, ...(overrides?.rendered_schedule_entries ?? [])].flatMap(({ start, end }) => {
    const [startAt, endAt] = [Date.parse(start), Date.parse(end)]
    return endAt <= now ? [{ startAt, endAt }] : []
  })
}

/** A layer above all others, for as long as it lasts. */
const overrideOf = (n: number, who: string, start: string, end: string, below: number): Turns => ({
  ...{ name: `override ${n}`, priority: below + 1, people: [[who]], every: '1 week', hours: [] },
  ...{ start: instant(start), from: instant(start), until: instant(end) },
})

/** Without fractions of a second, which no configuration has. */
const instant = (text: string) => text.replace(/\.\d+/, '')

/** No windows: it covers everything. */
function windowsOf(restriction: z.infer<typeof Restriction>): { windows: Hours[]; isCut: boolean } {
  const { type, start_time_of_day: start, duration_seconds: seconds, start_day_of_week: day } = restriction
  const [hour = 0, minute = 0, second = 0] = start.split(':').map(Number)
  const [at, length] = [hour * 60 + minute, Math.floor(seconds / 60)]
  const isCut = second !== 0 || seconds % 60 !== 0
  if (type === 'weekly_restriction') return { windows: weekly(((day ?? 1) - 1) * 1440 + at, length), isCut }
  if (length >= 1440) return { windows: [], isCut }
  const [{ from, to } = { from: '', to: '' }] = weekly(at, length)
  return { windows: [{ from, to }], isCut }
}

function policy(draft: Draft, item: object): void {
  const found = read(draft, Policy, item, 'escalation policy')
  if (!found) return
  const { id, name, num_loops: loops, escalation_rules: rules } = found
  const isRound = rules.some(({ escalation_rule_assignment_strategy: how }) => how?.type === 'round_robin')
  if (isRound)
    draft.lost.push({
      what: `round robin of ${name}`,
      why: 'a step pages everybody whom it names',
      instead: 'make it a schedule with short turns, or leave it: all of them are paged',
    })
  draft.policies.push({
    ...{ id, name, rounds: loops + 1 },
    steps: rules.map(({ escalation_delay_in_minutes: waitMin, targets }) => ({
      waitMin,
      page: targets.flatMap(({ id: to, type, summary }): To[] => {
        if (type.startsWith('schedule')) return [{ kind: 'schedule', id: to }]
        if (type.startsWith('user')) return [{ kind: 'person', id: to }]
        draft.lost.push({
          what: `${type} ${summary ?? to} of ${name}`,
          why: 'a step pages people and schedules',
          instead: 'name those who are meant',
        })
        return []
      }),
    })),
  })
}

function service(draft: Draft, item: object): void {
  const found = read(draft, Service, item, 'service')
  if (!found) return
  const { name, escalation_policy: by, auto_resolve_timeout: resolves, acknowledgement_timeout: again } = found
  draft.services.push({ name, policy: by.id })
  const lost = (what: string, why: string, instead: string) =>
    draft.lost.push({ what: `${what} of ${name}`, why, instead })
  if (resolves)
    lost(
      'auto-resolve',
      'an incident is over when what failed is well, or somebody says so',
      'nothing; let senders resolve what they trigger',
    )
  if (again)
    lost(
      'acknowledgement timeout',
      'an acknowledgement holds until the watch of whoever gave it ends',
      'nothing; the next watch is asked to take it over',
    )
  if (found.incident_urgency_rule && found.incident_urgency_rule.urgency !== 'high')
    lost('urgency', 'who is paged for what is said by severity', 'write `pages: [critical, error]` under the service')
}
