import type { Deploy, Lock } from './deploy/deploy.ts'
import type { Mark } from './detect/adoption.ts'
import type { Silence } from './detect/silence.ts'
import type { Schedule } from './duty/schedule-types.ts'
import type { Fact, Joining, Recorded } from './fact.ts'
import { edited, type Handover, handoverId, type RosterEdit, type Watch } from './handover.ts'
import { owesOfHolding } from './holding.ts'
import type { Alert, Incident, Page } from './incident.ts'
import { alertId, graver, isOpen, NAMED_CONTACTS, named, place } from './incident.ts'
import type { Owed } from './owed.ts'
import { contactsOf, isAlone, owes, owesOfHandovers, pagesOf, unheld } from './owed.ts'
import { absorbed, merged, responded, revived, splitOff } from './responded.ts'
import { type Rules, under } from './rules.ts'

/** Everything open: what the desk decides on. Plain data; never changed in place. */
export interface Desk {
  /** The instant of the last decision: time never runs backwards for the desk. */
  decidedAt: number
  nextIncident: number
  nextFact: number
  /** Open incidents, and those resolved by the decision at hand or named by its events. */
  incidents: Readonly<Record<number, Incident>>
  /** Alerts by {@link alertId}: those that the events at hand, what is due, or a change of the configuration concern. */
  alerts: Readonly<Record<string, Alert>>
  /** When the first alert that is not on the desk is to be raised again; null when none is. */
  recheckAt: number | null
  /** When somebody is to be reminded of the first task of an incident that is not on the desk; null when nobody is. */
  tasksDueAt: number | null
  /** People who cannot be reached, and why. */
  unreachable: Readonly<Record<string, string>>
  /** By schedule: who has the watch. */
  watches: Readonly<Record<string, Watch>>
  /** By {@link handoverId}: those that are not over, and what the decision at hand made of others. */
  handovers: Readonly<Record<string, Handover>>
  nextEdit: number
  /** Changes of the roster by hand that hold or wait for an answer, and those named by the events at hand. */
  edits: readonly RosterEdit[]
  nextSilence: number
  /** Silences that are not over, whose monitors have not all come back, and those named by the events at hand. */
  silences: readonly Silence[]
  /** By name, what was decided about the names that the events at hand are about. */
  marks: Readonly<Record<string, Mark>>
  nextDeploy: number
  /** Deploys that are not over, and those named by the events at hand. */
  deploys: Readonly<Record<number, Deploy>>
  nextLock: number
  /** Freezes and locks that stand, and those named by the events at hand. */
  locks: readonly Lock[]
}

/** What a decision writes into while it is made: the desk so far, and all that follows from it. */
export interface Book {
  desk: Desk
  readonly rules: Rules
  readonly facts: Recorded[]
  readonly owed: Map<string, Owed>
  /** Prefixes of keys: what is unsent under them is void. */
  readonly voids: Set<string>
  /** Alerts that came in and are not written down yet, because others may follow. */
  readonly folds: Map<string, Fold>
  /** By schedule: up to when its changes have been decided on. */
  readonly lookedAt: Map<string, number>
  /** While no more than so many facts are noted, the clock brings nothing about before that instant. */
  quiet: { facts: number; untilAt: number }
}

/** Alerts of one service and incident that all begin, or all end, one after the other. */
export interface Fold {
  service: string
  incident: number | null
  /** By key, in order. */
  begun: Map<string, Joining>
  repeats: Map<string, { lastAt: number; count: number }>
  ended: Map<string, { at: number; summary: string; quiet: boolean }>
  lastAt: number
}

export const openBook = (desk: Desk, rules: Rules): Book => ({
  desk,
  rules,
  facts: [],
  owed: new Map(),
  voids: new Set(),
  folds: new Map(),
  lookedAt: new Map(),
  quiet: { facts: -1, untilAt: Number.NEGATIVE_INFINITY },
})

/** Records a fact: the desk moves on, and what is owed by it is noted. The only way in which a decision changes anything. */
export function note(book: Book, fact: Fact): void {
  const recorded: Recorded = { ...fact, id: book.desk.nextFact }
  book.facts.push(recorded)
  const was = book.desk
  book.desk = evolve({ ...book.desk, nextFact: book.desk.nextFact + 1 }, recorded)
  const incident = fact.incident === null ? null : incidentOf(book, fact.incident)
  const before = fact.incident === null ? undefined : was.incidents[fact.incident]
  const handovers = Object.values(book.desk.handovers)
  const owed = [
    ...owes(recorded, incident, book.rules),
    ...(incident && incident.drill === null ? owesOfHandovers(recorded, incident, handovers, book.rules) : []),
    ...(incident && before ? unheld(before.severity, incident, book.rules, recorded.at) : []),
    ...owesOfHolding(recorded, was, book.desk),
  ]
  if (fact.type === 'held') book.owed.delete(fact.page)
  // What is to be shown at once is not put off by what has time.
  for (const each of owed) if (!each.lazy || !book.owed.has(each.key)) book.owed.set(each.key, each)
  if (incident && (fact.type === 'acked' || fact.type === 'resolved' || fact.type === 'merged')) {
    const unsent = [pagesOf(incident.id), contactsOf(incident.id)]
    for (const prefix of unsent) book.voids.add(prefix)
    // Born and void in the same decision: an escalation that an acknowledgement in the same batch has overtaken.
    for (const key of book.owed.keys()) if (unsent.some((prefix) => key.startsWith(prefix))) book.owed.delete(key)
  }
}

/** An incident that a handler has already found; a defect otherwise. */
export function incidentOf(book: Book, id: number): Incident {
  const incident = book.desk.incidents[id]
  if (!incident) throw new Error(`incident ${id} is not on the desk`)
  return incident
}

/** A schedule with everything that was changed by hand; undefined when the configuration has none of that name. */
export function scheduleOf(
  { desk, rules }: { desk: Pick<Desk, 'edits'>; rules: Pick<Rules, 'schedules'> },
  name: string,
): Schedule | undefined {
  const schedule = under(rules.schedules, name)
  return schedule && edited(schedule, desk.edits)
}

/** The open incident of a service, if there is one; those that stand apart are not the service's. */
export function openIncidentOf(book: Pick<Book, 'desk'>, service: string): Incident | null {
  return (
    Object.values(book.desk.incidents).find(
      (incident) => incident.service === service && isOpen(incident) && !incident.apart,
    ) ?? null
  )
}

/** The desk after a fact. Pure. */
export function evolve(desk: Desk, fact: Recorded): Desk {
  switch (fact.type) {
    case 'opened':
      return withIncident({ ...desk, nextIncident: Math.max(desk.nextIncident, fact.incident + 1) }, opened(fact))
    case 'detected':
      return toldAlone(begun(desk, fact, fact), fact)
    case 'repeated':
      return repeated(desk, fact.service, { key: fact.key, lastAt: fact.at, count: 1 })
    case 'recovered':
      return toldAlone(ended(desk, fact, fact), fact)
    case 'joined': {
      const joined = fact.alerts.reduce((so, alert) => begun(so, fact, alert), desk)
      const all = fact.repeats.reduce((so, repeat) => repeated(so, fact.service, repeat), joined)
      return fact.alerts.length > 0 ? toldTogether(all, fact) : all
    }
    case 'receded':
      return toldTogether(
        fact.alerts.reduce((so, alert) => ended(so, fact, alert), desk),
        fact,
      )
    case 'stepped': {
      const { epoch, round, step } = fact
      const moved = { state: 'paging', epoch, round, step, deadlineAt: fact.waitsUntilAt } as const
      return change(desk, fact.incident, (incident) => ({
        ...incident,
        ...moved,
        swept: incident.swept || round > incident.round,
      }))
    }
    case 'paged':
      return change(desk, fact.incident, (incident) => ({ ...incident, pages: [...incident.pages, fact.page] }))
    case 'refused':
      return change(desk, fact.incident, (incident) => ({
        ...incident,
        pages: incident.pages.map((page): Page => (page.key === fact.page ? { ...page, refused: fact.reason } : page)),
        // Nobody comes after the last resort: it is said at once that they do not come either.
        louds:
          incident.state === 'exhausted' && incident.pages.some((page) => page.key === fact.page && page.step === null)
            ? [...incident.louds, fact.id]
            : incident.louds,
      }))
    case 'held': {
      const held = { page: fact.page, untilAt: fact.untilAt }
      return change(desk, fact.incident, (incident) => ({ ...incident, held: [...incident.held, held] }))
    }
    case 'bundled':
      return fact.pages.reduce((so, { incident: id, page }) => sent(so, id, page, isAlone(fact) ? null : fact.id), desk)
    case 'exhausted':
      return change(desk, fact.incident, (incident) => ({
        ...incident,
        state: 'exhausted',
        deadlineAt: null,
        swept: true,
        louds: [...incident.louds, fact.id],
      }))
    case 'acked':
      return change(desk, fact.incident, (incident) => ({
        ...incident,
        ...ownedBy(incident, fact.by, fact.at),
        ackedVia: fact.via ?? null,
        answers: { ...incident.answers, [fact.by]: fact.at },
        state: 'acked',
        deadlineAt: null,
        duals: [],
        held: [],
      }))
    case 'taken':
      return change(desk, fact.incident, (incident) => ({ ...incident, ...ownedBy(incident, fact.by, fact.at) }))
    case 'kept':
      return change(desk, fact.incident, (incident) => ({ ...incident, keptUntilAt: fact.untilAt, inherited: null }))
    case 'handed': {
      const handed = { fact: fact.id, by: fact.by, to: fact.to }
      return change(desk, fact.incident, (incident) => ({ ...incident, handed: [...incident.handed, handed] }))
    }
    case 'inherited': {
      const { schedule, changeAt, untilAt } = fact
      return change(desk, fact.incident, (incident) => ({ ...incident, inherited: { schedule, changeAt, untilAt } }))
    }
    case 'reopened':
      return change(desk, fact.incident, (incident) => ({
        ...incident,
        state: 'paging',
        epoch: incident.epoch + 1,
        round: 1,
        step: 0,
        swept: false,
        deadlineAt: null,
        ackedBy: null,
        ackedAt: null,
        ackedVia: null,
        inherited: null,
        keptUntilAt: null,
        ...(fact.reason === 'came-back' && {
          status: 'investigating',
          resolvedBy: null,
          resolvedAt: null,
          cameBack: incident.epoch + 1,
        }),
      }))
    case 'heads-up': {
      const dual = { schedule: fact.schedule, at: fact.dualAt }
      return change(desk, fact.incident, (incident) => ({ ...incident, duals: [...incident.duals, dual] }))
    }
    case 'dual':
      return change(desk, fact.incident, (incident) => withoutDuals(incident, fact.schedule))
    case 'postponed':
      return change(desk, fact.incident, (incident) => ({
        ...incident,
        deadlineAt: fact.deadlineAt,
        graced: place(incident),
      }))
    case 'followed':
      return withWatch(desk, fact.watch)
    case 'changed': {
      const incidents = Object.entries(desk.incidents).map(([id, each]) => [
        id,
        withoutDuals(each, fact.watch.schedule),
      ])
      return withHandover(withWatch({ ...desk, incidents: Object.fromEntries(incidents) }, fact.watch), fact.handover)
    }
    case 'handover':
      return withHandover(desk, fact.handover)
    case 'released':
      return changeWatch(desk, fact.schedule, (watch) => ({
        ...watch,
        holdovers: watch.holdovers.filter(({ person }) => !fact.people.includes(person)),
      }))
    case 'proven':
      return changeWatch(desk, fact.schedule, (watch) => ({
        ...watch,
        proofs: [...watch.proofs.filter(({ person }) => person !== fact.by), { person: fact.by, at: fact.at }],
      }))
    case 'watch-paged': {
      const { key, person, schedule, changeAt, incidents } = fact.page
      const offer = { person, at: fact.at, page: key, fact: fact.id }
      const known = desk.handovers[handoverId(schedule, changeAt)]
      const next = known ? withHandover(desk, { ...known, pages: [...known.pages, { key, fact: fact.id }] }) : desk
      // Whoever is reminded of the watch is not asked for each incident.
      return (fact.page.kind === 'inherit' ? incidents : []).reduce(
        (so, id) =>
          so.incidents[id]
            ? change(so, id, (incident) => ({ ...incident, offered: [...incident.offered, offer] }))
            : so,
        next,
      )
    }
    case 'shadow-ended':
      // Nobody has heard of it: what was only said goes from it, and stays on record.
      return change(desk, fact.incident, (incident) => ({
        ...incident,
        ...{ shadow: false, epoch: incident.epoch + 1, round: 1, step: 0, swept: false, deadlineAt: null },
        ...{ pages: [], held: [], bundled: [], duals: [], offered: [], louds: [], graced: null },
        state: incident.state === 'exhausted' ? 'paging' : incident.state,
      }))
    case 'responding':
      return change(desk, fact.incident, (incident) => ({
        ...incident,
        responders: [...incident.responders, fact.by],
        answers: { ...incident.answers, [fact.by]: fact.at },
      }))
    case 'resolved':
      return resolved(desk, fact)
    case 'channel':
      return change(desk, fact.incident, (incident) => ({
        ...incident,
        channel: { id: fact.channel, name: fact.name },
      }))
    case 'reachability': {
      const { [fact.person]: _, ...others } = desk.unreachable
      const unreachable = fact.unreachable === null ? others : { ...others, [fact.person]: fact.unreachable }
      return { ...desk, unreachable }
    }
    case 'edited': {
      const others = desk.edits.filter(({ id }) => id !== fact.edit.id)
      return { ...desk, nextEdit: Math.max(desk.nextEdit, fact.edit.id + 1), edits: [...others, fact.edit] }
    }
    case 'silence': {
      const others = desk.silences.filter(({ id }) => id !== fact.silence.id)
      const nextSilence = Math.max(desk.nextSilence, fact.silence.id + 1)
      return { ...desk, nextSilence, silences: [...others, fact.silence] }
    }
    case 'severity':
    case 'status':
    case 'role':
    case 'task':
    case 'tasks-due':
    case 'update':
    case 'update-overdue':
    case 'linked':
    case 'captured':
    case 'capture-changed':
      return change(desk, fact.incident, (incident) => responded(incident, fact))
    case 'merged':
      return change(desk, fact.incident, (incident) => merged(incident, fact))
    case 'absorbed':
      return absorbed(desk, fact)
    case 'split':
      return splitOff(desk, fact)
    case 'revived':
      return revived(desk, fact)
    case 'covered':
      return { ...desk, marks: { ...desk.marks, [fact.mark.name]: fact.mark } }
    case 'feedback': {
      const { incident: id, monitor, by, verdict, at } = fact
      if (id === null) return desk
      return change(desk, id, ({ verdicts, ...incident }) => {
        const others = verdicts.filter((each) => each.by !== by || each.monitor !== monitor)
        return { ...incident, verdicts: [...others, { monitor, by, verdict, at }] }
      })
    }
    case 'deploy': {
      const nextDeploy = Math.max(desk.nextDeploy, fact.deploy.id + 1)
      return { ...desk, nextDeploy, deploys: { ...desk.deploys, [fact.deploy.id]: fact.deploy } }
    }
    case 'lock': {
      const others = desk.locks.filter(({ id }) => id !== fact.lock.id)
      const nextLock = Math.max(desk.nextLock, fact.lock.id + 1)
      return { ...desk, nextLock, locks: [...others, fact.lock] }
    }
    case 'contacted': {
      const { page, via, at, what, detail } = fact
      return change(desk, fact.incident, (incident) => ({
        ...incident,
        contacted: [...incident.contacted, { page, via, at, what, detail }].slice(-NAMED_CONTACTS),
      }))
    }
    case 'skipped':
    case 'shortfall':
    case 'gap':
    case 'note':
    case 'drilled':
    case 'denied':
      return desk
    default:
      return fact satisfies never
  }
}

function opened(fact: Fact & { type: 'opened' }): Incident {
  return {
    id: fact.incident,
    title: fact.title,
    severity: fact.severity,
    service: fact.service,
    origin: fact.origin,
    by: fact.by,
    state: 'paging',
    status: 'investigating',
    policy: fact.policy,
    epoch: 1,
    round: 1,
    step: 0,
    deadlineAt: null,
    openedAt: fact.at,
    ackedBy: null,
    ackedAt: null,
    responders: [],
    answers: {},
    swept: false,
    duals: [],
    graced: null,
    inherited: null,
    handed: [],
    keptUntilAt: null,
    offered: [],
    resolvedBy: null,
    resolvedAt: null,
    pages: [],
    held: [],
    bundled: [],
    alerts: [],
    joined: 0,
    firing: 0,
    cameBack: null,
    burst: { fact: null, lastAt: Number.MIN_SAFE_INTEGER },
    channel: null,
    louds: [],
    verdicts: [],
    drill: fact.drill,
    private: fact.private ?? false,
    apart: fact.apart ?? false,
    splitFrom: fact.splitFrom ?? null,
    mergedInto: null,
    links: [],
    roles: {},
    tasks: [],
    update: null,
    remindedAt: null,
    captured: [],
    contacted: [],
    ackedVia: null,
    shadow: fact.shadow ?? false,
  }
}

/** Whoever has it now, with whoever had it before still there to help. */
const ownedBy = (incident: Incident, by: string, at: number) => ({
  ackedBy: by,
  ackedAt: at,
  ackedVia: null,
  inherited: null,
  keptUntilAt: null,
  responders: [...new Set([...incident.responders, ...(incident.ackedBy === null ? [] : [incident.ackedBy])])].filter(
    (name) => name !== by,
  ),
})

/** A page that waited goes out: alone, or in the message of that fact. */
const sent = (desk: Desk, id: number, page: string, fact: number | null): Desk =>
  change(desk, id, (incident) => ({
    ...incident,
    held: incident.held.filter((each) => each.page !== page),
    bundled: fact === null ? incident.bundled : [...incident.bundled, { page, fact }],
  }))

/** The very same incident where none is pending. */
const withoutDuals = (incident: Incident, schedule: string): Incident =>
  incident.duals.some((dual) => dual.schedule === schedule)
    ? { ...incident, duals: incident.duals.filter((dual) => dual.schedule !== schedule) }
    : incident

const withWatch = (desk: Desk, watch: Watch): Desk => ({
  ...desk,
  watches: { ...desk.watches, [watch.schedule]: watch },
})

const withHandover = (desk: Desk, handover: Handover): Desk => ({
  ...desk,
  handovers: { ...desk.handovers, [handoverId(handover.schedule, handover.changeAt)]: handover },
})

function changeWatch(desk: Desk, schedule: string, to: (watch: Watch) => Watch): Desk {
  const watch = desk.watches[schedule]
  if (!watch) throw new Error(`the watch of ${schedule} is not on the desk`)
  return withWatch(desk, to(watch))
}

type Place = { incident: number | null; service: string }

/** An alert begins, or becomes graver. */
function begun(desk: Desk, { incident: id, service }: Place, joining: Joining): Desk {
  const { at, key, monitor, severity, headline, summary, evidence, quietUntilAt, held } = joining
  const before = desk.alerts[alertId(service, key)]
  const alert: Alert = {
    service,
    key,
    monitor,
    severity,
    headline,
    summary,
    evidence,
    status: 'firing',
    incident: id,
    firstAt: at,
    lastAt: at,
    count: (before?.count ?? 0) + 1,
    recheckAt: quietUntilAt,
    held,
  }
  const next = { ...desk, alerts: { ...desk.alerts, [alertId(service, key)]: alert } }
  if (id === null) return next
  const known = before?.incident === id
  const fired = known && before?.status === 'firing'
  return change(next, id, (incident) => ({
    ...incident,
    severity: graver(incident.severity, severity),
    joined: incident.joined + (known ? 0 : 1),
    firing: incident.firing + (fired ? 0 : 1),
    alerts: named(incident.alerts, {
      key,
      service: service === incident.service ? null : service,
      monitor,
      severity,
      summary,
      evidence,
      firstAt: at,
      recoveredAt: null,
    }),
  }))
}

const repeated = (
  desk: Desk,
  service: string,
  { key, lastAt, count }: { key: string; lastAt: number; count: number },
) =>
  withAlert(desk, { service, key }, (alert) => ({
    ...alert,
    lastAt: Math.max(alert.lastAt, lastAt),
    count: alert.count + count,
  }))

/** An alert is well again. */
function ended(desk: Desk, { incident: id, service }: Place, { at, key }: { at: number; key: string }): Desk {
  const about = { service, key }
  const next = withAlert(desk, about, (alert) => ({
    ...alert,
    status: 'resolved',
    lastAt: at,
    recheckAt: null,
    held: null,
  }))
  if (id === null) return next
  return change(next, id, (incident) => ({
    ...incident,
    firing: incident.firing - 1,
    alerts: incident.alerts.map((joined) =>
      joined.key === key && (joined.service ?? incident.service) === service ? { ...joined, recoveredAt: at } : joined,
    ),
  }))
}

type ToldOf = { id: number; incident: number | null; at: number }

const toldAlone = (desk: Desk, { incident: id, at }: ToldOf): Desk =>
  id === null ? desk : change(desk, id, (incident) => ({ ...incident, burst: { fact: null, lastAt: at } }))

const toldTogether = (desk: Desk, { id: fact, incident: id, at }: ToldOf): Desk =>
  id === null
    ? desk
    : change(desk, id, (incident) => ({ ...incident, burst: { fact: incident.burst.fact ?? fact, lastAt: at } }))

function resolved(desk: Desk, fact: Fact & { type: 'resolved' }): Desk {
  const alerts = { ...desk.alerts }
  for (const [id, alert] of Object.entries(alerts))
    if (alert.incident === fact.incident && alert.status === 'firing')
      alerts[id] = { ...alert, recheckAt: fact.recheckAt }
  return change({ ...desk, alerts }, fact.incident, (incident) => ({
    ...incident,
    state: 'resolved',
    status: 'resolved',
    deadlineAt: null,
    held: [],
    resolvedBy: fact.by,
    resolvedAt: fact.at,
  }))
}

const withIncident = (desk: Desk, incident: Incident): Desk => ({
  ...desk,
  incidents: { ...desk.incidents, [incident.id]: incident },
})

function change(desk: Desk, id: number, to: (incident: Incident) => Incident): Desk {
  const incident = desk.incidents[id]
  if (!incident) throw new Error(`incident ${id} is not on the desk`)
  return withIncident(desk, to(incident))
}

function withAlert(desk: Desk, about: { service: string; key: string }, to: (alert: Alert) => Alert): Desk {
  const id = alertId(about.service, about.key)
  const alert = desk.alerts[id]
  return alert ? { ...desk, alerts: { ...desk.alerts, [id]: to(alert) } } : desk
}
