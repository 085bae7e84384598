import { z } from 'zod'
import { DAY_MS, parseWall, weekdayOf } from '../domain/duty/time.ts'
import {
  DAYS,
  type Day,
  type Draft,
  dayOf,
  emptyDraft,
  type Hours,
  merged,
  type To,
  type Turns,
  weekly,
} from './draft.ts'
import { Id, itemsOf, read } from './items.ts'

/**
 * Exports of Grafana OnCall's API v1: `/users`, `/schedules`, `/on_call_shifts`, `/escalation_chains`, `/escalation_policies`, `/integrations`.
 * The higher level wins, equal ones are on duty together, as here. It knows the Slack ids of its users.
 */
const User = z.object({
  ...{ id: Id, username: z.string(), email: z.string().nullish() },
  slack: z
    .union([z.object({ user_id: z.string().nullish() }), z.array(z.object({ user_id: z.string().nullish() }))])
    .nullish(),
})

const Schedule = z.object({
  ...{ id: Id, name: z.string(), type: z.string(), time_zone: z.string().nullish() },
  shifts: z.array(Id).nullish(),
})

const Shift = z.object({
  ...{
    id: Id,
    name: z.string().nullish(),
    type: z.enum(['single_event', 'recurrent_event', 'rolling_users', 'override']),
  },
  ...{ time_zone: z.string().nullish(), level: z.number().int().nullish() },
  start: z.string(),
  rotation_start: z.string().nullish(),
  until: z.string().nullish(),
  duration: z.number().positive(),
  frequency: z.enum(['hourly', 'daily', 'weekly', 'monthly']).nullish(),
  interval: z.number().int().positive().nullish(),
  by_day: z.array(z.string()).nullish(),
  ...{ by_month: z.array(z.unknown()).nullish(), by_monthday: z.array(z.unknown()).nullish() },
  users: z.array(Id).nullish(),
  rolling_users: z.array(z.array(Id)).nullish(),
  start_rotation_from_user_index: z.number().int().min(0).nullish(),
})
type Shift = z.infer<typeof Shift>

const Chain = z.object({ id: Id, name: z.string() })

const Step = z.object({
  ...{ id: Id, escalation_chain_id: Id, position: z.number(), type: z.string().nullish() },
  duration: z.number().nullish(),
  persons_to_notify: z.array(Id).nullish(),
  persons_to_notify_next_each_time: z.array(Id).nullish(),
  notify_on_call_from_schedule: Id.nullish(),
})
type Step = z.infer<typeof Step>

const Integration = z.object({
  ...{ id: Id, name: z.string() },
  default_route: z.object({ escalation_chain_id: Id.nullish() }).nullish(),
})

const PERIOD_MIN = { hourly: 60, daily: 1440, weekly: 10_080, monthly: null } as const
const UNIT = { hourly: 'hour', daily: 'day', weekly: 'week', monthly: 'month' } as const
const LAST_MIN = 5
/** Above the levels that OnCall has. */
const OVERRIDE_LEVEL = 100

export function readOnCall(files: readonly unknown[], now: number): Draft {
  const draft = emptyDraft()
  const names = ['users', 'schedules', 'on_call_shifts', 'escalation_chains', 'escalation_policies', 'integrations']
  const items = files.flatMap((file) => itemsOf(file, names)).map(({ item }) => item)
  const shifts = new Map<string, Shift>()
  for (const item of items) {
    const found = 'duration' in item && 'start' in item ? read(draft, Shift, item, 'shift') : null
    if (found) shifts.set(found.id, found)
  }
  const steps = items.flatMap((item) => ('escalation_chain_id' in item ? (read(draft, Step, item, 'step') ?? []) : []))
  for (const item of items) {
    if ('username' in item) user(draft, item)
    else if ('shifts' in item || ('time_zone' in item && !('duration' in item)) || 'ical_url_primary' in item)
      schedule(draft, item, shifts, now)
    else if ('default_route' in item) integration(draft, item)
    else if (!('escalation_chain_id' in item) && !('duration' in item)) chain(draft, item, steps)
  }
  return draft
}

function user(draft: Draft, item: object): void {
  const found = read(draft, User, item, 'user')
  if (!found) return
  const [slack] = [found.slack ?? []].flat()
  draft.people.push({ id: found.id, name: found.username, email: found.email ?? null, slack: slack?.user_id ?? null })
}

function schedule(draft: Draft, item: object, shifts: ReadonlyMap<string, Shift>, now: number): void {
  const found = read(draft, Schedule, item, 'schedule')
  if (!found) return
  const { id, name, type, time_zone: zone } = found
  if (type === 'ical')
    draft.lost.push({
      what: `schedule ${name}`,
      why: 'it is a calendar elsewhere, whose address the export does not hold for long',
      instead: 'give a layer that calendar: `calendar: https://…`',
    })
  const layers = (found.shifts ?? []).flatMap((each): Turns[] => {
    const shift = shifts.get(each)
    if (shift) return layerOf(draft, shift, name, now)
    draft.lost.push({
      what: `shift ${each} of ${name}`,
      why: 'it is in no file',
      instead: 'export /api/v1/on_call_shifts as well, all pages of it',
    })
    return []
  })
  draft.schedules.push({ id, name, zone: zone || 'UTC', layers })
}

function layerOf(draft: Draft, shift: Shift, schedule: string, now: number): Turns[] {
  const called = shift.name || shift.id
  const lost = (why: string, instead: string) =>
    draft.lost.push({ what: `shift ${called} of ${schedule}`, why, instead })
  const lengthMin = shift.duration / 60
  const common = {
    ...{ name: called, priority: shift.type === 'override' ? OVERRIDE_LEVEL : (shift.level ?? 0) },
    ...(shift.time_zone && { zone: shift.time_zone }),
  }
  const start = wallOf(shift.start)
  if (shift.type === 'single_event' || shift.type === 'override') {
    const startWall = parseWall(start)
    const until = new Date(startWall + shift.duration * 1_000).toISOString().slice(0, 19)
    const people = [...(shift.users ?? []), ...(shift.rolling_users ?? []).flat()]
    // Written in its own zone; what is over for a day is over in all of them.
    if (startWall + shift.duration * 1_000 + DAY_MS < now || people.length === 0) return []
    return [{ ...common, people: [people], every: '53 week', start, hours: [], from: start, until }]
  }
  if (shift.until && Date.parse(shift.until) <= now) return []
  const people = turnsOf(shift)
  const { frequency, interval } = shift
  if (!frequency || people.length === 0) {
    lost(frequency ? 'nobody is in it' : 'it says not how often it comes', 'write the layer by hand')
    return []
  }
  if (
    (shift.by_month ?? []).length + (shift.by_monthday ?? []).length > 0 ||
    (frequency === 'monthly' && lengthMin < 28 * 1440)
  ) {
    lost(
      'it is only some days of the month, which no window of ours says',
      'write layers with `from` and `until`, or give it as a calendar',
    )
    return []
  }
  const every = interval ?? 1
  const days = (shift.by_day ?? []).flatMap((day) => dayOf(day) ?? [])
  const hours = windowsOf({ start, lengthMin, frequency, every, days, groups: people.length })
  if (hours === null) {
    lost(
      `its ${lengthMin} min of every ${every} ${UNIT[frequency]} are no windows of a day or a week`,
      'write the layer by hand',
    )
    return []
  }
  if (days.length > 0 && every > 1 && frequency === 'weekly')
    lost(
      'OnCall leaves the weeks between empty; here a turn lasts all of them',
      'compare `watchbill oncall` with its preview, and correct the layer',
    )
  // Whose turn it is changes with the week, wherever in it the first shift was.
  const anchored = days.length > 0 && frequency === 'weekly' ? mondayOf(start) : start
  return [
    {
      ...{ ...common, people, every: `${every} ${days.length > 0 && frequency === 'daily' ? 'day' : UNIT[frequency]}` },
      ...{ start: anchored, hours, from: wallOf(shift.rotation_start ?? shift.start) },
      ...(shift.until && { until: wallOf(shift.until) }),
    },
  ]
}

/** A rotation begins with the user whom it names; what recurs without one is always everybody's. */
function turnsOf({ type, users, rolling_users: rolling, start_rotation_from_user_index: first }: Shift): string[][] {
  if (type === 'recurrent_event') return (users ?? []).length > 0 ? [users ?? []] : []
  const all = (rolling ?? []).filter((group) => group.length > 0)
  const from = (first ?? 0) % Math.max(1, all.length)
  return [...all.slice(from), ...all.slice(0, from)]
}

interface Windowed {
  start: string
  lengthMin: number
  frequency: keyof typeof PERIOD_MIN
  every: number
  days: Day[]
  groups: number
}

/** When a turn covers; none: all of it. Null: that cannot be said by windows of days. */
function windowsOf({ start, lengthMin, frequency, every, days, groups }: Windowed): Hours[] | null {
  const periodMin = PERIOD_MIN[frequency]
  const wall = parseWall(start)
  const minute = Math.floor((wall % DAY_MS) / 60_000)
  if (days.length > 0) {
    // Windows that reach beyond a day would begin anew on each of them.
    if (lengthMin > 1440 || frequency === 'hourly') return null
    // Of days some of which count, ours counts all: only one who has every turn is the same.
    if (frequency === 'daily' && (every > 1 || groups > 1)) return null
    return merged(days.flatMap((day) => weekly(DAYS.indexOf(day) * 1440 + minute, lengthMin)))
  }
  if (periodMin === null || lengthMin >= periodMin * every) return []
  if (frequency === 'daily' && every === 1) {
    const [window] = weekly(minute, lengthMin)
    return window ? [{ from: window.from, to: window.to }] : []
  }
  return frequency === 'weekly' && every === 1 ? weekly(weekdayOf(wall) * 1440 + minute, lengthMin) : null
}

function mondayOf(start: string): string {
  const wall = parseWall(start)
  return new Date(wall - weekdayOf(wall) * DAY_MS).toISOString().slice(0, 19)
}

/** Its times have no offset, or a Z that means nothing: they are in the zone of the shift. */
const wallOf = (text: string) => text.replace(/(\.\d+)?(Z|[+-]\d\d:\d\d)?$/, '')

function integration(draft: Draft, item: object): void {
  const found = read(draft, Integration, item, 'integration')
  const by = found?.default_route?.escalation_chain_id
  if (found && by) draft.services.push({ name: found.name, policy: by })
  else if (found)
    draft.lost.push({
      what: `integration ${found.name}`,
      why: 'its default route escalates to nobody',
      instead: 'nothing, or give a service a policy',
    })
}

function chain(draft: Draft, item: object, all: readonly Step[]): void {
  const found = read(draft, Chain, item, 'escalation chain')
  if (!found) return
  const { id, name } = found
  const steps: { page: To[]; waitMin: number }[] = []
  let rounds = 1
  let waits = false
  for (const step of all
    .filter((each) => each.escalation_chain_id === id)
    .toSorted((a, b) => a.position - b.position)) {
    const last = steps.at(-1)
    if (step.type === 'wait') {
      if (last) last.waitMin = (waits ? last.waitMin : 0) + Math.max(1, Math.round((step.duration ?? 60) / 60))
      waits = true
      continue
    }
    const page = pagedBy(step)
    if (step.type === 'repeat_escalation') rounds = 5
    else if (page.length === 0)
      draft.lost.push({
        what: `step ${step.position + 1} (${step.type ?? 'without a type'}) of ${name}`,
        why: 'a step pages people and schedules',
        instead:
          step.type === 'resolve'
            ? 'nothing: whoever has it resolves it'
            : 'name those who are meant, or let your other tool do it',
      })
    else if (last && !waits) last.page.push(...page)
    else {
      steps.push({ page, waitMin: LAST_MIN })
      waits = false
    }
    if (step.type === 'notify_person_next_each_time')
      draft.lost.push({
        what: `taking turns in ${name}`,
        why: 'a step pages everybody whom it names',
        instead: 'make it a schedule with short turns',
      })
  }
  if (steps.length > 0) draft.policies.push({ id, name, rounds, steps })
  else
    draft.lost.push({
      what: `escalation chain ${name}`,
      why: 'it pages nobody, or its steps are in no file',
      instead: 'export /api/v1/escalation_policies as well',
    })
}

const pagedBy = (step: Step): To[] => [
  ...[...(step.persons_to_notify ?? []), ...(step.persons_to_notify_next_each_time ?? [])].map(
    (id): To => ({ kind: 'person', id }),
  ),
  ...(step.notify_on_call_from_schedule ? [{ kind: 'schedule' as const, id: step.notify_on_call_from_schedule }] : []),
]
