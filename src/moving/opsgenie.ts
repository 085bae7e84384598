import { z } from 'zod'
import { DAYS, type Draft, dayOf, emptyDraft, type Hours, merged, type To, type Turns, weekly } from './draft.ts'
import { Id, itemsOf, read } from './items.ts'

/**
 * Exports of Opsgenie's API v2: `/v2/users`, `/v2/schedules?expand=rotation`, `/v2/schedules/{id}/timeline` (whom it has on duty: compared),
 * `/v2/escalations`. Its rotations are on duty together, each as its restriction lets it.
 */
const Recipient = z.object({
  ...{ type: z.string(), id: Id.nullish(), username: z.string().nullish(), name: z.string().nullish() },
})

const User = z.object({ id: Id, username: z.string(), fullName: z.string().nullish() })

const hour = z.number().int().min(0).max(24)
const minute = z.number().int().min(0).max(59).default(0)
const Window = z.object({
  ...{ startHour: hour, startMin: minute, endHour: hour, endMin: minute },
  ...{ startDay: z.string().nullish(), endDay: z.string().nullish() },
})
type Window = z.infer<typeof Window>

const Schedule = z.object({
  ...{ id: Id, name: z.string(), timezone: z.string(), enabled: z.boolean().default(true) },
  rotations: z.array(
    z.object({
      name: z.string().nullish(),
      startDate: z.string(),
      endDate: z.string().nullish(),
      type: z.enum(['hourly', 'daily', 'weekly']),
      length: z.number().int().positive().default(1),
      participants: z.array(Recipient),
      timeRestriction: z
        .object({
          type: z.enum(['time-of-day', 'weekday-and-time-of-day']),
          restriction: Window.nullish(),
          restrictions: z.array(Window).nullish(),
        })
        .nullish(),
    }),
  ),
})

const Escalation = z.object({
  ...{ id: Id, name: z.string() },
  rules: z.array(
    z.object({
      condition: z.string().default('if-not-acked'),
      notifyType: z.string().default('default'),
      delay: z.object({ timeAmount: z.number().min(0), timeUnit: z.string().default('minutes') }),
      recipient: Recipient,
    }),
  ),
  repeat: z.object({ waitInterval: z.number().nullish(), count: z.number().int().min(0).nullish() }).nullish(),
})

const Timeline = z.object({
  _parent: z.object({ id: Id, name: z.string().nullish() }),
  finalTimeline: z.object({
    rotations: z.array(
      z.object({
        periods: z
          .array(z.object({ startDate: z.string(), endDate: z.string(), recipient: Recipient.nullish() }))
          .default([]),
      }),
    ),
  }),
})

const UNIT = { hourly: 'hour', daily: 'day', weekly: 'week' } as const
const MINUTES: Record<string, number> = { minutes: 1, hours: 60, days: 1440 }
/** Where nothing says how long the last step waits. */
const LAST_MIN = 5

export function readOpsgenie(files: readonly unknown[], now: number): Draft {
  const draft = emptyDraft()
  const items = files.flatMap((file) => itemsOf(file, ['users', 'schedules', 'escalations', 'timelines']))
  for (const { item } of items) {
    if ('rotations' in item) schedule(draft, item, now)
    else if ('finalTimeline' in item) timeline(draft, item)
    else if ('rules' in item) escalation(draft, item)
    else if ('username' in item) {
      const found = read(draft, User, item, 'user')
      if (found)
        draft.people.push({ id: found.id, name: found.fullName ?? found.username, email: found.username, slack: null })
    } else
      draft.lost.push({
        what: 'name' in item ? String(item.name) : 'something without a name',
        why: 'it is no user, schedule with rotations, timeline or escalation',
        instead: 'leave it out; schedules are exported with ?expand=rotation',
      })
  }
  return draft
}

function schedule(draft: Draft, item: object, now: number): void {
  const found = read(draft, Schedule, item, 'schedule')
  if (!found) return
  const { id, name, timezone: zone, enabled } = found
  if (!enabled)
    draft.lost.push({
      what: `schedule ${name}`,
      why: 'it is disabled',
      instead: 'nothing, or write it by hand once it is needed',
    })
  if (!enabled) return
  const layers = found.rotations.flatMap((rotation, index): Turns[] => {
    const called = rotation.name || `rotation ${index + 1}`
    const lost = (why: string, instead: string) =>
      draft.lost.push({ what: `rotation ${called} of ${name}`, why, instead })
    if (rotation.endDate && Date.parse(rotation.endDate) <= now) return []
    const strange = rotation.participants.find(({ type }) => type !== 'user')
    if (strange) {
      lost(
        strange.type === 'none'
          ? "some of its turns are nobody's, and a turn of ours has people"
          : `${strange.type} ${strange.name ?? ''} takes turns in it, and a turn of ours has people`,
        'name the people in it, and write the layer by hand; until then it covers nothing',
      )
      return []
    }
    const people = rotation.participants.map((each) => [each.id ?? each.username ?? ''])
    if (people.length === 0) return []
    const restricted = rotation.timeRestriction
    const windows = restricted
      ? (restricted.restrictions ?? (restricted.restriction ? [restricted.restriction] : []))
      : []
    return [
      {
        ...{ name: called, priority: 1, people, every: `${rotation.length} ${UNIT[rotation.type]}` },
        start: instant(rotation.startDate),
        hours: merged(windows.flatMap((window) => hoursOf(window, restricted?.type === 'time-of-day'))),
        from: instant(rotation.startDate),
        ...(rotation.endDate && { until: instant(rotation.endDate) }),
      },
    ]
  })
  draft.schedules.push({ id, name, zone, layers })
}

/** `2026-01-05T08:00:00Z`, as Opsgenie has it with fractions of a second or without. */
const instant = (text: string) => text.replace(/\.\d+/, '')

function hoursOf(window: Window, isDaily: boolean): Hours[] {
  const [from, to] = [window.startHour * 60 + window.startMin, window.endHour * 60 + window.endMin]
  if (isDaily || !window.startDay || !window.endDay) {
    const length = (to - from + 1440) % 1440
    const [first] = length === 0 ? [] : weekly(from, length)
    return first ? [{ from: first.from, to: first.to }] : []
  }
  const index = (day: string) => DAYS.indexOf(dayOf(day) ?? 'Mon') * 1440
  const startAt = index(window.startDay) + from
  const length = (index(window.endDay) + to - startAt + 7 * 1440) % (7 * 1440)
  return weekly(startAt, length === 0 ? 7 * 1440 : length)
}

function timeline(draft: Draft, item: object): void {
  const found = read(draft, Timeline, item, 'timeline')
  if (!found) return
  const spans = found.finalTimeline.rotations.flatMap(({ periods }) =>
    periods.flatMap(({ startDate, endDate, recipient }) =>
      recipient?.type === 'user'
        ? [
            {
              startAt: Date.parse(startDate),
              endAt: Date.parse(endDate),
              person: recipient.id ?? recipient.username ?? '',
            },
          ]
        : [],
    ),
  )
  draft.rendered.push({ schedule: found._parent.id, spans, past: [] })
}

/** Its delays count from the alert; ours from the step before. What is told at the same time is one step. */
function escalation(draft: Draft, item: object): void {
  const found = read(draft, Escalation, item, 'escalation')
  if (!found) return
  const { id, name, rules, repeat } = found
  const lost = (what: string, why: string, instead: string) =>
    draft.lost.push({ what: `${what} of ${name}`, why, instead })
  const delayOf = ({ delay }: (typeof rules)[number]) => delay.timeAmount * (MINUTES[delay.timeUnit.toLowerCase()] ?? 1)
  const steps = [...Map.groupBy(rules, delayOf)].toSorted(([a], [b]) => a - b)
  const [first] = steps
  if (first && first[0] > 0)
    lost(
      'the wait before the first step',
      `it is told ${first[0]} min after the alert, ours at once`,
      'nothing, or let the sender wait (`for:` of an alert rule)',
    )
  const last = repeat?.waitInterval && repeat.waitInterval > 0 ? repeat.waitInterval : LAST_MIN
  draft.policies.push({
    ...{ id, name, rounds: (repeat?.count ?? 0) + 1 },
    steps: steps.map(([at, together], index) => ({
      waitMin: (steps[index + 1]?.[0] ?? at + last) - at,
      page: together.flatMap(({ recipient, notifyType, condition }): To[] => {
        if (condition === 'if-not-closed')
          lost(
            `the condition ${condition}`,
            'a step is gone to while nobody has acknowledged',
            'nothing, or a reminder of an update that is due (`incidents: update_every`)',
          )
        if (notifyType !== 'default')
          lost(
            `notify ${notifyType}`,
            'a step pages whoever is on duty for a schedule',
            'name the schedule or the people who are meant',
          )
        if (recipient.type === 'schedule') return [{ kind: 'schedule', id: recipient.id ?? '' }]
        if (recipient.type === 'user') return [{ kind: 'person', id: recipient.id ?? recipient.username ?? '' }]
        lost(
          `${recipient.type} ${recipient.name ?? ''}`.trim(),
          'a step pages people and schedules',
          'name those who are meant',
        )
        return []
      }),
    })),
  })
}
