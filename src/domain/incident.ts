import { z } from 'zod'
import { Reached, Via } from './contact.ts'
import { Verdict } from './detect/rate-feedback.ts'
import { Task, Update } from './response.ts'
import { Policy, type Rules, Severity, under } from './rules.ts'

/** Why a person is paged; every page says so. */
export const PageReason = z.discriminatedUnion('kind', [
  /** On duty by roster: since when, and until when unchanged (null: beyond the horizon). */
  z.strictObject({
    kind: z.literal('duty'),
    schedule: z.string(),
    sinceAt: z.number().nullable(),
    untilAt: z.number().nullable(),
  }),
  /** Named by the policy itself, or called by name. */
  z.strictObject({ kind: z.literal('named'), by: z.string().nullable() }),
  /** Off duty since a change, and not relieved yet: until when at the latest. */
  z.strictObject({ kind: z.literal('holdover'), schedule: z.string(), changeAt: z.number(), untilAt: z.number() }),
  /** Coming on duty, while those who are have not acknowledged. */
  z.strictObject({ kind: z.literal('incoming'), schedule: z.string(), changeAt: z.number() }),
  /** Came on duty while nobody had it. */
  z.strictObject({ kind: z.literal('carryover'), schedule: z.string(), changeAt: z.number() }),
  /** Last resort: nobody on the policy's steps answered, or could be reached. */
  z.strictObject({ kind: z.literal('fallback') }),
])
export type PageReason = z.infer<typeof PageReason>

export const Page = z.strictObject({
  key: z.string(),
  person: z.string(),
  at: z.number(),
  epoch: z.int(),
  round: z.int(),
  /** Index of the policy's step; null for the fallback. */
  step: z.int().nullable(),
  why: PageReason,
  /** When the page was due, if it goes out late (a stop). */
  dueAt: z.number().nullable(),
  /** Why it could not be delivered, once that is known. */
  refused: z.string().nullable(),
  /** It went to nobody: it was only said whom it would go to. */
  shadow: z.literal(true).optional(),
})
export type Page = z.infer<typeof Page>

/** What is known of an attempt to reach somebody for a page beside Slack. */
const Contacted = z.strictObject({
  page: z.string(),
  via: Via,
  at: z.number(),
  what: Reached,
  detail: z.string().nullable(),
})
export type Contacted = z.infer<typeof Contacted>

/** Something that was seen, and when (null: it does not say). */
export const Evidence = z.strictObject({ at: z.number().nullable(), saw: z.string() })
export type Evidence = z.infer<typeof Evidence>

/** An alert as its incident remembers it. */
export const Joined = z.strictObject({
  key: z.string(),
  /** Null: of the incident's own service. */
  service: z.string().nullable().default(null),
  monitor: z.string().nullable(),
  severity: Severity,
  summary: z.string(),
  evidence: z.array(Evidence),
  firstAt: z.number(),
  recoveredAt: z.number().nullable(),
})
export type Joined = z.infer<typeof Joined>

/** Of attempts to reach people: more of them are in the record. */
export const NAMED_CONTACTS = 60

/** A storm brings thousands: nobody reads more than these, and the incident is loaded by every decision while it is open. */
export const NAMED_ALERTS = 50

/** Nothing is wrong: a fault was injected, and whoever is paged is told so. */
export const Drill = z.strictObject({
  by: z.string().nullable(),
  monitor: z.string().nullable(),
  service: z.string(),
  injectedAt: z.number(),
  /** What was made up, in words; null: it was before that was kept. */
  saw: z.string().nullable().default(null),
})
export type Drill = z.infer<typeof Drill>

export const Status = z.enum(['investigating', 'identified', 'monitoring', 'resolved'])
export type Status = z.infer<typeof Status>

const IncidentState = z.enum(['paging', 'acked', 'exhausted', 'resolved'])

/**
 * new --> paging(round, step, deadline) --ack--> acked --resolve--> resolved
 * paging --deadline--> next step | next round | exhausted [fallback paged, loud post]     exhausted --ack--> acked
 * exhausted --new watch--> paging (remaining steps once more)     acked --off duty and not taken over, lease over, given back--> paging (step 1)
 * acked --escalate--> paging (next step)          any open state --resolve, or all alerts recovered, or merged--> resolved
 * resolved --reopened by a person--> acked, theirs     resolved by itself --the alert of another system fires again--> paging (step 1)
 */
export const Incident = z.strictObject({
  id: z.int(),
  title: z.string(),
  severity: Severity,
  service: z.string().nullable(),
  origin: z.enum(['alert', 'declared', 'call']),
  /** Who declared or called; null for alerts. */
  by: z.string().nullable(),
  state: IncidentState,
  status: Status,
  /** The policy it began with, kept until it is resolved. */
  policy: Policy,
  epoch: z.int(),
  round: z.int(),
  step: z.int(),
  /** When the next step is due; null when no timer runs. */
  deadlineAt: z.number().nullable(),
  openedAt: z.number(),
  ackedBy: z.string().nullable(),
  ackedAt: z.number().nullable(),
  responders: z.array(z.string()),
  /** When each person last answered a page of it. */
  answers: z.record(z.string(), z.number()),
  /** Every step has been executed since it was opened, or reopened. */
  swept: z.boolean(),
  /** Pages that go to whoever is coming on duty then, unless somebody acknowledges before. */
  duals: z.array(z.strictObject({ schedule: z.string(), at: z.number() })),
  /** The place whose deadline a change of the watch has moved: once for each. */
  graced: z.string().nullable(),
  /** Its owner went off duty: the new watch is asked to take it, until then. */
  inherited: z.strictObject({ schedule: z.string(), changeAt: z.number(), untilAt: z.number() }).nullable(),
  /** Whom its owners asked to take it, and the facts that say so. */
  handed: z.array(z.strictObject({ fact: z.int(), by: z.string(), to: z.array(z.string()) })),
  /** Its owner keeps it beyond their watch until then. */
  keptUntilAt: z.number().nullable(),
  /** Who was paged to take it over, and when. */
  offered: z.array(z.strictObject({ person: z.string(), at: z.number(), page: z.string(), fact: z.int() })),
  resolvedBy: z.string().nullable(),
  resolvedAt: z.number().nullable(),
  pages: z.array(Page),
  /** Those that wait until then, to go out with others of the same person. */
  held: z.array(z.strictObject({ page: z.string(), untilAt: z.number() })),
  /** Those that went out with others, and the fact that names them all. */
  bundled: z.array(z.strictObject({ page: z.string(), fact: z.int() })),
  /** Those that it names, at most {@link NAMED_ALERTS}; every one is on record. */
  alerts: z.array(Joined),
  /** How many have ever joined, and how many of them fire. */
  joined: z.int(),
  firing: z.int(),
  /** The latest epoch that began because it came back after its end: what flaps is one incident. Null: it never did. */
  cameBack: z.int().nullable().default(null),
  /** Alerts that come and go within moments of each other are told together: under the first fact of those; null: the last was told alone. */
  burst: z.strictObject({ fact: z.int().nullable(), lastAt: z.number() }),
  channel: z.strictObject({ id: z.string(), name: z.string() }).nullable(),
  /** Facts that were said loudly: nobody answered, the last resort could not be reached. */
  louds: z.array(z.int()),
  /** What people said of the alarms of rates in it; of each person and monitor the last word. */
  verdicts: z
    .array(z.strictObject({ monitor: z.string(), by: z.string(), verdict: Verdict, at: z.number() }))
    .default([]),
  /** Null: it is real. */
  drill: Drill.nullable().default(null),
  /** Only those who are in it ({@link insiders}) may know of it. */
  private: z.boolean().default(false),
  /** Beside the one open incident of its service: nothing joins it by itself but what it has. */
  apart: z.boolean().default(false),
  splitFrom: z.int().nullable().default(null),
  /** Where it goes on. */
  mergedInto: z.int().nullable().default(null),
  links: z.array(z.int()).default([]),
  /** Who holds which role. */
  roles: z.record(z.string(), z.string()).default({}),
  tasks: z.array(Task).default([]),
  /** The latest word to everybody who waits. */
  update: Update.nullable().default(null),
  /** When somebody was last reminded that the next one is due. */
  remindedAt: z.number().nullable().default(null),
  /** Messages that are on its timeline, by `placeKey`. */
  captured: z.array(z.string()).default([]),
  /** By what beside Slack people were reached, and what came of it; the latest of them. */
  contacted: z.array(Contacted).default([]),
  /** From where it was acknowledged; null: from Slack. */
  ackedVia: Via.nullable().default(null),
  /** It is decided on like any other, and pages nobody. */
  shadow: z.boolean().default(false),
})
export type Incident = z.infer<typeof Incident>

/** An alert that pages nobody for now, because what it depends on is down: since when, and whether that is confirmed. */
export const Hold = z.strictObject({ by: z.string(), sinceAt: z.number(), sure: z.boolean() })
export type Hold = z.infer<typeof Hold>

/** What fails now, or failed last, under one key of a service. */
export const Alert = z.strictObject({
  service: z.string(),
  key: z.string(),
  monitor: z.string().nullable(),
  severity: Severity,
  headline: z.string(),
  summary: z.string(),
  evidence: z.array(Evidence),
  status: z.enum(['firing', 'resolved']),
  incident: z.int().nullable(),
  firstAt: z.number(),
  lastAt: z.number(),
  count: z.int(),
  /** Still firing though its incident was resolved by hand: raised again at this instant. */
  recheckAt: z.number().nullable(),
  /** Held back until then at the latest. */
  held: Hold.nullable().default(null),
})
export type Alert = z.infer<typeof Alert>

/** The incident that is named by `INC-7`, `inc-7` or `7`; null: none is. */
export function numberOf(text: string): number | null {
  const [, digits] = /^(?:inc-)?(\d{1,9})$/i.exec(text) ?? []
  return digits === undefined ? null : Number(digits)
}

/** Where escalation stands. */
export const place = ({ epoch, round, step }: Pick<Incident, 'epoch' | 'round' | 'step'>) =>
  `e${epoch}/r${round}/s${step + 1}`

export const isOpen = (incident: Incident) => incident.state !== 'resolved'

/** Somebody has been told, or is being told. */
export const isSeenTo = ({ state }: Pick<Incident, 'state'>) => state === 'paging' || state === 'acked'

/** Monitors of an incident that are down now: what depends on them may be held back by it. */
export const downIn = ({ alerts }: Pick<Incident, 'alerts'>): string[] =>
  alerts.flatMap(({ key, monitor, recoveredAt }) =>
    monitor !== null && key === monitor && recoveredAt === null ? monitor : [],
  )

/** Who is in an incident: whoever opened it, was paged, answered, or has something to do there. */
export const insiders = (incident: Incident): Set<string> =>
  new Set([
    ...(incident.by === null ? [] : [incident.by]),
    ...(incident.ackedBy === null ? [] : [incident.ackedBy]),
    ...incident.responders,
    ...incident.pages.map(({ person }) => person),
    ...incident.offered.map(({ person }) => person),
    ...incident.handed.flatMap(({ to }) => to),
    ...Object.values(incident.roles),
    ...incident.tasks.flatMap(({ owner }) => owner ?? []),
  ])

/** Whether somebody may know of it: by name, null where nobody in particular reads (a channel, a list for machines). */
export const mayKnow = (incident: Incident, reader: string | null): boolean =>
  !incident.private || (reader !== null && insiders(incident).has(reader))

/** Alerts of an incident that follow each other more closely than this are a burst. */
const BURST_MS = 30_000

/** Whether an alert that comes or goes at this instant belongs to a burst: what it says is told with the others. */
export const inBurst = ({ burst }: Incident, at: number) => at - burst.lastAt < BURST_MS

/** What fails again so soon after its end is the same. */
export const FLAP_MS = 10 * 60_000

/** Identifies an alert in the installation. */
export const alertId = (service: string, key: string) => `${service}/${key}`

/** The order of severities, gravest first. */
const GRAVITY = Severity.options
export const gravestFirst = (a: Pick<Incident, 'id' | 'severity'>, b: Pick<Incident, 'id' | 'severity'>): number =>
  GRAVITY.indexOf(a.severity) - GRAVITY.indexOf(b.severity) || a.id - b.id
export const graver = (a: Severity, b: Severity): Severity => (GRAVITY.indexOf(a) <= GRAVITY.indexOf(b) ? a : b)

/** With one more alert; where there are too many, one that has recovered makes room for it, else one that is less grave. */
export function named(alerts: readonly Joined[], alert: Joined): Joined[] {
  const others = alerts.filter((each) => each.key !== alert.key || each.service !== alert.service)
  if (others.length < NAMED_ALERTS) return [...others, alert]
  const well = others.findIndex((each) => each.recoveredAt !== null)
  const lesser = others.findIndex((each) => graver(each.severity, alert.severity) !== each.severity)
  const leaves = well >= 0 ? well : lesser
  return leaves < 0 ? others : [...others.toSpliced(leaves, 1), alert]
}

/** The rates whose alarms an incident names. That a source cannot be read is no alarm of its rate. */
export const ratesIn = ({ alerts }: Pick<Incident, 'alerts'>, { monitors }: Pick<Rules, 'monitors'>): string[] =>
  alerts.flatMap(({ key, monitor }) => (key === monitor && under(monitors, key)?.kind === 'rate' ? key : []))
