import type { Desk } from './book.ts'
import type { Fact } from './fact.ts'
import type { Alert, Incident, Joined } from './incident.ts'
import { alertId, graver, named } from './incident.ts'
import { placeKey } from './response.ts'

/** What becomes of incidents by what people do about them: the part of the desk's fold that is about the response. */
type Of<T extends Fact['type']> = Extract<Fact, { type: T }>

type Response = Of<
  | 'severity'
  | 'status'
  | 'role'
  | 'task'
  | 'tasks-due'
  | 'update'
  | 'update-overdue'
  | 'linked'
  | 'captured'
  | 'capture-changed'
>

export function responded(incident: Incident, fact: Response): Incident {
  switch (fact.type) {
    case 'severity':
      return { ...incident, severity: fact.to }
    case 'status':
      return { ...incident, status: fact.to }
    case 'role': {
      const { [fact.role]: _, ...others } = incident.roles
      return { ...incident, roles: fact.person === null ? others : { ...others, [fact.role]: fact.person } }
    }
    case 'task': {
      const others = incident.tasks.filter(({ id }) => id !== fact.task.id)
      return { ...incident, tasks: [...others, fact.task].sort((a, b) => a.id - b.id) }
    }
    case 'tasks-due': {
      const tasks = incident.tasks.map((task) =>
        fact.tasks.includes(task.id) ? { ...task, remindedAt: fact.at } : task,
      )
      return { ...incident, tasks }
    }
    case 'update':
      return { ...incident, update: { at: fact.at, by: fact.by, text: fact.text } }
    case 'update-overdue':
      return { ...incident, remindedAt: fact.at }
    case 'linked':
      return { ...incident, links: [...incident.links, fact.other] }
    case 'captured':
      return { ...incident, captured: [...incident.captured, placeKey(fact.said.message)] }
    case 'capture-changed':
      return fact.change.what === 'uncaptured'
        ? { ...incident, captured: incident.captured.filter((key) => key !== placeKey(fact.message)) }
        : incident
    default:
      return fact satisfies never
  }
}

/** It ends here. */
export const merged = (incident: Incident, { at, by, into }: Of<'merged'>): Incident => ({
  ...incident,
  state: 'resolved',
  status: 'resolved',
  deadlineAt: null,
  duals: [],
  held: [],
  firing: 0,
  resolvedBy: by,
  resolvedAt: at,
  mergedInto: into,
})

/** And goes on there, with what it had. What people declared, people resolve. */
export function absorbed(desk: Desk, fact: Of<'absorbed'>): Desk {
  const [from, into] = [desk.incidents[fact.from], desk.incidents[fact.incident]]
  if (!from || !into) throw new Error(`incidents ${fact.from} and ${fact.incident} are not both on the desk`)
  const alerts = moved(desk, fact.alerts, fact.incident)
  const theirs = from.alerts.map((joined): Joined => seenFrom(joined, from, into))
  const whole: Incident = {
    ...into,
    severity: graver(into.severity, from.severity),
    origin: into.origin === 'alert' ? from.origin : into.origin,
    by: into.origin === 'alert' ? from.by : into.by,
    alerts: theirs.reduce(named, into.alerts),
    joined: into.joined + from.joined,
    firing: into.firing + fact.alerts.length,
  }
  return { ...desk, alerts, incidents: { ...desk.incidents, [into.id]: whole } }
}

/** Alerts leave an incident for another, which was opened for them. */
export function splitOff(desk: Desk, fact: Of<'split'>): Desk {
  const [from, into] = [desk.incidents[fact.incident], desk.incidents[fact.into]]
  if (!from || !into) throw new Error(`incidents ${fact.incident} and ${fact.into} are not both on the desk`)
  const gone = new Set(fact.alerts.map(({ service, key }) => alertId(service, key)))
  const isGone = ({ service, key }: Joined) => gone.has(alertId(service ?? from.service ?? '', key))
  const theirs = from.alerts.filter(isGone).map((joined) => seenFrom(joined, from, into))
  const count = fact.alerts.length
  const [left, right]: [Incident, Incident] = [
    {
      ...from,
      alerts: from.alerts.filter((joined) => !isGone(joined)),
      joined: from.joined - count,
      firing: from.firing - count,
    },
    { ...into, alerts: theirs, joined: count, firing: count },
  ]
  const incidents = { ...desk.incidents, [from.id]: left, [into.id]: right }
  return { ...desk, alerts: moved(desk, fact.alerts, into.id), incidents }
}

/** It was not over: whoever says so has it, and what still fails of it is seen to. */
export function revived(desk: Desk, { incident: id, at, by }: Of<'revived'>): Desk {
  const incident = desk.incidents[id]
  if (!incident) throw new Error(`incident ${id} is not on the desk`)
  const alerts = Object.entries(desk.alerts).map(([name, alert]): [string, Alert] => [
    name,
    alert.incident === id && alert.status === 'firing' ? { ...alert, recheckAt: null } : alert,
  ])
  const again: Incident = {
    ...incident,
    state: 'acked',
    status: 'investigating',
    ackedBy: by,
    ackedAt: at,
    inherited: null,
    keptUntilAt: null,
    resolvedBy: null,
    resolvedAt: null,
  }
  return { ...desk, alerts: Object.fromEntries(alerts), incidents: { ...desk.incidents, [id]: again } }
}

/** An alert of one incident as another names it. */
function seenFrom(joined: Joined, from: Incident, into: Incident): Joined {
  const service = joined.service ?? from.service
  return { ...joined, service: service === into.service ? null : service }
}

function moved(desk: Desk, which: readonly { service: string; key: string }[], to: number): Desk['alerts'] {
  const alerts = { ...desk.alerts }
  for (const { service, key } of which) {
    const alert = alerts[alertId(service, key)]
    if (alert) alerts[alertId(service, key)] = { ...alert, incident: to }
  }
  return alerts
}
