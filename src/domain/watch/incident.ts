import type { Book } from '../book.ts'
import { incidentOf, note, openIncidentOf } from '../book.ts'
import { samePeople } from '../duty/schedule.ts'
import { HOUR_MS } from '../duty/time.ts'
import type {
  Accept,
  Act,
  Attempt,
  Call,
  ChannelOpened,
  Checked,
  Contacted,
  Declare,
  HandOver,
  Keep,
  Note,
  Outcome,
  PageRefused,
  Refusal,
  Shortfall,
  Unack,
} from '../event.ts'
import type { Drill, Incident } from '../incident.ts'
import { isOpen, NAMED_ALERTS, place } from '../incident.ts'
import { MOST_CAPTURES, placeKey, type Said } from '../response.ts'
import { type Policy, type Rules, type Severity, schedulesOf, type Target, under } from '../rules.ts'
import { inShadow } from '../shadow.ts'
import { climb, climbOn, endDrill, reopen, refused as stepRefused } from './escalation.ts'
import { coming, holders, isOpenAt } from './holders.ts'
import { pageNewcomers } from './paging.ts'
import { ownForNow, prove } from './relief.ts'

/** A failing alert whose incident was resolved by hand is raised again after this: a resolved incident never hides a dead target. */
const STILL_FIRING_MS = 5 * 60_000

/** How long a page made by hand waits for an answer before the last resort is paged. */
const CALL_WAIT_MS = 5 * 60_000

/** Text of people and alerts is cut to this in titles; Slack's own limits are further out. */
const TITLE_CHARACTERS = 200

type Done = Extract<Outcome, { result: 'done' }>['how']

/** Whom it paged is added by `decide`. */
export const done = (incident: number | null, how: Done) => ({
  result: 'done' as const,
  incident,
  how,
  paged: [],
})

export const refuse = (refusal: Refusal): Outcome => ({ result: 'refused', refusal })

interface Raise {
  title: string
  severity: Severity
  service: string | null
  origin: Incident['origin']
  by: string | null
  policy: Policy
  drill?: Drill
  private?: boolean
  apart?: boolean
  splitFrom?: number
}

/** Opens an incident; its escalation is started by the caller, once what it is about is on record. */
export function raise(book: Book, what: Raise, at: number): number {
  const id = book.desk.nextIncident
  // Never through the middle of a character that is two in a string.
  const short = what.title.slice(0, TITLE_CHARACTERS - 1).replace(/[\uD800-\uDBFF]$/, '')
  const title = what.title.length > TITLE_CHARACTERS ? `${short}…` : what.title
  const shadow = inShadow(book.rules, { service: what.service, policy: what.policy.name }) && { shadow: true as const }
  note(book, { type: 'opened', incident: id, at, drill: null, ...what, title, ...shadow })
  // Nothing of what somebody wrote is lost.
  if (what.by !== null && title !== what.title)
    note(book, { type: 'note', incident: id, at, by: what.by, text: what.title })
  return id
}

/** First step, first round. */
export function startPaging(book: Book, id: number, by: string | null, at: number): void {
  climb(book, id, { round: 1, step: 0, reason: 'start', by }, at)
}

/** The policy of a service. A service without one is a defect: the configuration refuses it. */
export function policyOf(rules: Rules, service: string): Policy {
  const policy = under(rules.policies, under(rules.services, service)?.policy ?? '')
  if (!policy) throw new Error(`service ${service} has no policy`)
  return policy
}

/** Nobody answers any more for a service that has gone from the configuration: the last resort of all policies hears of what fails there still. */
export function lostPolicy({ policies }: Rules, service: string): Policy {
  const fallback = [...new Set(Object.values(policies).flatMap((policy) => policy.fallback))]
  const page = fallback.map((name): Target => ({ kind: 'person', name }))
  return { name: `what is left of ${service}`, steps: [{ page, waitMs: CALL_WAIT_MS }], rounds: 1, fallback }
}

export function declare(book: Book, event: Declare, at: number): Outcome {
  const { title, severity, service, by, said } = event
  if (!under(book.rules.services, service)) return refuse({ code: 'unknown-target', kind: 'service', name: service })
  // What is private is said in no other incident, and nothing that everybody sees joins it.
  const hidden = event.private === true
  const open = hidden ? null : openIncidentOf(book, service)
  if (open) {
    const joined = joinByHand(book, open, by, title, at)
    if (said) keepSaid(book, open.id, by, said, at)
    return joined
  }
  const policy = policyOf(book.rules, service)
  const apart = hidden ? { private: true, apart: true } : {}
  const id = raise(book, { title, severity, service, origin: 'declared', by, policy, ...apart }, at)
  if (said) keepSaid(book, id, by, said, at)
  startPaging(book, id, by, at)
  return done(id, 'opened')
}

function keepSaid(book: Book, id: number, by: string, said: Said, at: number): void {
  const { captured } = incidentOf(book, id)
  if (captured.length < MOST_CAPTURES && !captured.includes(placeKey(said.message)))
    note(book, { type: 'captured', incident: id, at, by, said })
}

/** One open incident per service: a further word about it is a note there, and the next step is paged at once unless somebody has it. */
function joinByHand(book: Book, open: Incident, by: string, text: string, at: number): Outcome {
  note(book, { type: 'note', incident: open.id, at, by, text })
  if (open.state === 'paging') climbOn(book, open, { reason: 'asked', by }, at)
  return done(open.id, 'joined')
}

/** `/page`: a person, whoever has a watch, or whoever answers for a service. */
export function call(book: Book, event: Call, at: number): Outcome {
  const { target, text, by } = event
  if (target.kind === 'service') {
    return declare(book, { type: 'declare', by, title: text, severity: 'critical', service: target.name }, at)
  }
  const { people, schedules } = book.rules
  const known = target.kind === 'person' ? under(people, target.name) : under(schedules, target.name)
  if (!known) return refuse({ code: 'unknown-target', kind: target.kind, name: target.name })
  const policy = policyOfCall(book.rules, { kind: target.kind, name: target.name })
  const id = raise(book, { title: text, severity: 'critical', service: null, origin: 'call', by, policy }, at)
  startPaging(book, id, by, at)
  return done(id, 'opened')
}

/** Who is called; then the last resort of the policies that name them, or of all: a call is never dropped either. */
function policyOfCall(rules: Rules, target: Target): Policy {
  const all = Object.values(rules.policies)
  const naming = all.filter((policy) =>
    policy.steps.some((step) => step.page.some((to) => to.kind === target.kind && to.name === target.name)),
  )
  const fallback = [...new Set((naming.length > 0 ? naming : all).flatMap((policy) => policy.fallback))]
  return {
    name: `call of ${target.name}`,
    steps: [{ page: [target], waitMs: CALL_WAIT_MS }],
    rounds: 1,
    fallback,
  }
}

export function act(book: Book, event: Act, at: number): Outcome {
  const incident = book.desk.incidents[event.incident]
  if (!incident) return refuse({ code: 'unknown-incident', incident: event.incident })
  if (!isOpen(incident)) return alreadyResolved(incident)
  switch (event.type) {
    case 'ack':
      return ack(book, incident, event, at)
    case 'escalate':
      return escalate(book, incident, event, at)
    case 'resolve':
      return resolveByHand(book, incident, event.by, at)
    default:
      return event.type satisfies never
  }
}

export const alreadyResolved = (incident: Incident): Outcome =>
  refuse({
    code: 'already-resolved',
    incident: incident.id,
    by: incident.resolvedBy,
    at: incident.resolvedAt ?? incident.openedAt,
  })

/** First acknowledgement wins; later ones are "also responding". Repeating one's own changes nothing. */
function ack(book: Book, incident: Incident, { by, via }: Pick<Act, 'by' | 'via'>, at: number): Outcome {
  const isOwner = incident.state !== 'acked' || incident.ackedBy === by
  if (incident.state !== 'acked') {
    note(book, { type: 'acked', incident: incident.id, at, by, ...(via && { via }) })
    ownForNow(book, incident, by, at)
  }
  if (!isOwner && !incident.responders.includes(by)) note(book, { type: 'responding', incident: incident.id, at, by })
  prove(book, incident, by, at)
  if (incident.drill !== null) endDrill(book, incident.id, at)
  return done(incident.id, isOwner ? 'acked' : 'responding')
}

/** Takes over what somebody else has: the only way, beside taking the whole watch, in which an owner changes. */
export function accept(book: Book, { incident: id, by }: Accept, at: number): Outcome {
  const incident = book.desk.incidents[id]
  if (!incident) return refuse({ code: 'unknown-incident', incident: id })
  if (!isOpen(incident)) return alreadyResolved(incident)
  // Nobody has it: taking it is acknowledging it.
  if (incident.state !== 'acked') return ack(book, incident, { by }, at)
  if (incident.ackedBy !== by) {
    note(book, { type: 'taken', incident: id, at, by, from: incident.ackedBy, how: 'accepted' })
    ownForNow(book, incident, by, at)
  }
  return done(id, 'accepted')
}

/** The longest lease on an incident that is kept beyond the watch. */
const KEEP_MS = HOUR_MS

/** Whoever has it keeps it, as long as they ask and no longer than is safe. */
export function keep(book: Book, { incident: id, by, untilAt }: Keep, at: number): Outcome {
  const incident = owned(book, id, by)
  if ('result' in incident) return incident
  if (untilAt <= at) return refuse({ code: 'bad-lease', incident: id, latestAt: at + KEEP_MS })
  note(book, { type: 'kept', incident: id, at, by, untilAt: Math.min(untilAt, at + KEEP_MS) })
  return done(id, 'kept')
}

/** Whoever has it asks others to take it: those named, those who come on duty next, else those on duty with them. It stays theirs until then. */
export function handOver(book: Book, { incident: id, by, to }: HandOver, at: number): Outcome {
  const incident = owned(book, id, by)
  if ('result' in incident) return incident
  if (to !== null && !under(book.rules.people, to)) return refuse({ code: 'unknown-person', name: to })
  const people = to === null ? mayTake(book, incident, at) : [to]
  if (people.length === 0) return refuse({ code: 'nobody-to-ask', incident: id })
  const asked = people.filter((person) => person !== by && under(book.desk.unreachable, person) === undefined)
  if (asked.length === 0) return refuse({ code: 'cannot-be-asked', incident: id, people })
  // Pressed twice is asked once.
  const latest = incident.handed.at(-1)
  if (latest?.by !== by || !samePeople(latest.to, asked))
    note(book, { type: 'handed', incident: id, at, by, to: asked })
  return { ...done(id, 'handed'), asked }
}

/** Who comes on duty for the policy in a window that is open, else who is on duty: on the first step that has anybody else. */
function mayTake(book: Book, { policy, ackedBy }: Incident, at: number): string[] {
  const schedules = schedulesOf(policy)
  const incoming = schedules.map((schedule) => {
    const next = coming(book, schedule, at)
    return next && isOpenAt(next, at) ? next.incoming : []
  })
  const onDuty = schedules.map((schedule) => holders(book, schedule).duty)
  const others = (people: readonly string[]) => people.filter((person) => person !== ackedBy)
  return [...incoming, ...onDuty].map(others).find((people) => people.length > 0) ?? []
}

/** Whoever has it gives it back. */
export function unack(book: Book, { incident: id, by }: Unack, at: number): Outcome {
  const incident = owned(book, id, by)
  if ('result' in incident) return incident
  reopen(book, id, { reason: 'given-back', by }, at)
  return done(id, 'unacked')
}

function owned(book: Book, id: number, by: string): Incident | Outcome {
  const incident = book.desk.incidents[id]
  if (!incident) return refuse({ code: 'unknown-incident', incident: id })
  if (!isOpen(incident)) return alreadyResolved(incident)
  if (incident.state !== 'acked') return refuse({ code: 'not-acked', incident: id })
  return incident.ackedBy === by ? incident : refuse({ code: 'not-owner', incident: id, owner: incident.ackedBy })
}

/** The next step at once, also when somebody has acknowledged and needs help. */
function escalate(book: Book, incident: Incident, { by, seen }: Act, at: number): Outcome {
  // Also when one of the last resort has acknowledged since: nobody is left, and their acknowledgement stands.
  const lastResort = incident.pages.some((page) => page.step === null && page.epoch === incident.epoch)
  if (incident.state === 'exhausted' || lastResort) return refuse({ code: 'all-paged', incident: incident.id })
  if (seen !== undefined && seen !== place(incident)) return refuse({ code: 'escalated-before', incident: incident.id })
  climbOn(book, incident, { reason: 'asked', by }, at)
  // Whoever came on duty while somebody had it has heard nothing of it.
  if (incident.state === 'acked') pageNewcomers(book, incident.id, at)
  return done(incident.id, incidentOf(book, incident.id).state === 'exhausted' ? 'exhausted' : 'stepped')
}

function resolveByHand(book: Book, incident: Incident, by: string, at: number): Outcome {
  const stillFiring = Object.values(book.desk.alerts)
    .filter((alert) => alert.incident === incident.id && alert.status === 'firing')
    .map((alert) => alert.key)
  const recheckAt = stillFiring.length > 0 ? at + STILL_FIRING_MS : null
  note(book, {
    type: 'resolved',
    incident: incident.id,
    at,
    by,
    stillFiring: stillFiring.slice(0, NAMED_ALERTS),
    recheckAt,
  })
  return done(incident.id, 'resolved')
}

export function addNote(book: Book, event: Note, at: number): Outcome {
  const incident = book.desk.incidents[event.incident]
  if (!incident) return refuse({ code: 'unknown-incident', incident: event.incident })
  const { by, text, happenedAt } = event
  if (happenedAt !== undefined && happenedAt > at) return refuse({ code: 'in-future', at: happenedAt })
  note(book, { type: 'note', incident: incident.id, at, by, text, ...(happenedAt === undefined ? {} : { happenedAt }) })
  return done(incident.id, 'noted')
}

/** What the out-tray found out about a page. */
export function pageRefused(book: Book, event: PageRefused, at: number): Outcome {
  const incident = book.desk.incidents[event.incident]
  if (!incident) return refuse({ code: 'unknown-incident', incident: event.incident })
  const known = incident.pages.find((page) => page.key === event.page)
  if (!known || known.refused !== null) return done(incident.id, 'recorded')
  const { page, person, reason } = event
  note(book, { type: 'refused', incident: incident.id, at, page, person, reason })
  if (event.unreachable && under(book.desk.unreachable, person) === undefined)
    note(book, { type: 'reachability', incident: null, at, person, unreachable: reason })
  stepRefused(book, incident.id, page, at)
  return done(incident.id, 'recorded')
}

export function channelOpened(book: Book, event: ChannelOpened, at: number): Outcome {
  const incident = book.desk.incidents[event.incident]
  if (!incident) return refuse({ code: 'unknown-incident', incident: event.incident })
  const { channel, name, back } = event
  const known = incident.channel
  if (back && known?.id === channel) note(book, { type: 'channel', incident: incident.id, at, channel, name, back })
  if (known?.id !== channel)
    note(book, { type: 'channel', incident: incident.id, at, channel, name, ...(known && { instead: known }) })
  return done(incident.id, 'recorded')
}

/** Once for each thing that cannot be done: the steps are tried again, and it is known. */
export function fallShort(book: Book, { incident: id, step, about, reason }: Shortfall, at: number): Outcome {
  if (!book.desk.incidents[id]) return refuse({ code: 'unknown-incident', incident: id })
  note(book, { type: 'shortfall', incident: id, at, step, about, reason })
  return done(id, 'recorded')
}

/** What came of reaching somebody beside Slack. What is over is left as it was, but for what has only now arrived: it has to be put right. */
export function contacted(book: Book, event: Contacted, at: number): Outcome {
  const incident = book.desk.incidents[event.incident]
  if (!incident) return refuse({ code: 'unknown-incident', incident: event.incident })
  const { page, person, via, what, detail } = event
  if (isOpen(incident) || what === 'taken')
    note(book, { type: 'contacted', incident: incident.id, at, page, person, via, what, detail })
  return done(incident.id, 'recorded')
}

export function attempted(book: Book, { user, team, channel, act, reason }: Attempt, at: number): Outcome {
  note(book, { type: 'denied', incident: null, at, user, team, channel, act, reason })
  return done(null, 'recorded')
}

export function checked(book: Book, event: Checked, at: number): Outcome {
  const { person, unreachable } = event
  if ((under(book.desk.unreachable, person) ?? null) !== unreachable)
    note(book, { type: 'reachability', incident: null, at, person, unreachable })
  return done(null, 'recorded')
}
