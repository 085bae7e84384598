import type { Book } from '../book.ts'
import { incidentOf, note, openIncidentOf } from '../book.ts'
import { servicesAbove, servicesBelow } from '../detect/depends.ts'
import { disabledOf } from '../detect/silence.ts'
import type { Merge, Outcome, Reopen, Signal, Split } from '../event.ts'
import type { Alert, Incident } from '../incident.ts'
import { alertId, graver, isOpen, isSeenTo } from '../incident.ts'
import { under } from '../rules.ts'
import { alreadyResolved, done, policyOf, raise, refuse, startPaging } from './incident.ts'
import { ownForNow } from './relief.ts'
import { realOf } from './response.ts'

/** The incident that an alert which begins is part of already: the one that has it, or the open one of its service. */
export function homeOf(book: Book, { service, key }: Pick<Signal, 'service' | 'key'>): Incident | null {
  const known = book.desk.alerts[alertId(service, key)]
  const last = known?.incident == null ? undefined : book.desk.incidents[known.incident]
  const before = last && isOpen(last) && last.drill === null ? last : null
  // What fires there fires there still; what was split off comes back to where it was.
  if (before && (known?.status === 'firing' || before.apart)) return before
  return openIncidentOf(book, service) ?? before
}

/**
 * The open incident that an alert of a service joins because the one depends on the other: that of a service without which its own cannot be
 * well; or that of one which cannot be well without its own, as long as the same people answer for both: whoever answers for the cause must
 * hear of it. Somebody must be told of it already: where nobody answered, nothing is hidden behind it.
 *
 * @returns `related`: one that has to do with it, and does not take it in
 */
export function neighbourOf(
  book: Book,
  service: string,
  at: number,
): { home: Incident | null; related: Incident | null } {
  const blind = disabledOf(book.desk.silences, at)
  const open = (names: readonly string[]) =>
    names.flatMap((name) => openIncidentOf(book, name) ?? []).filter((incident) => isSeen(incident, blind))
  const above = open(servicesAbove(book.rules, service))
  const below = open(servicesBelow(book.rules, service))
  const policy = under(book.rules.services, service)?.policy
  const home =
    above.find(isSeenTo) ?? below.find((incident) => isSeenTo(incident) && incident.policy.name === policy) ?? null
  return { home, related: above[0] ?? below[0] ?? null }
}

/** Of what no monitor looks at any more, nobody knows whether it is down still: nothing else is part of it. */
const isSeen = ({ alerts }: Incident, blind: ReadonlySet<string>) =>
  alerts.length === 0 || alerts.some(({ key }) => !blind.has(key))

/** One ends in the other. Its record stays; its alerts, its severity and who must resolve it go along. */
export function merge(book: Book, { incident: id, by, into }: Merge, at: number): Outcome {
  const from = realOf(book, id)
  if ('result' in from) return from
  const to = realOf(book, into)
  if ('result' in to) return to
  if (id === into) return refuse({ code: 'same-incident', incident: id })
  const over = [from, to].find((incident) => !isOpen(incident))
  if (over) return isOver(over)
  if (from.private !== to.private) return refuse({ code: 'private-and-not', incident: id, other: into })
  const alerts = alertsOf(book, id).map(({ service, key }) => ({ service, key }))
  note(book, { type: 'merged', incident: id, at, by, into })
  note(book, { type: 'absorbed', incident: into, at, by, from: id, people: workingOn(from), alerts })
  return { ...done(id, 'merged'), other: into }
}

const workingOn = ({ ackedBy, responders, roles }: Incident): string[] => [
  ...new Set([...(ackedBy === null ? [] : [ackedBy]), ...responders, ...Object.values(roles)]),
]

const isOver = (incident: Incident): Outcome =>
  incident.mergedInto === null
    ? alreadyResolved(incident)
    : refuse({ code: 'merged-before', incident: incident.id, into: incident.mergedInto })

/** What fires there. */
const alertsOf = (book: Book, id: number): Alert[] =>
  Object.values(book.desk.alerts).filter((alert) => alert.incident === id && alert.status === 'firing')

/**
 * Some of the alerts become an incident of their own. Where others answer for it, or nobody has the one that it was part of, they are
 * paged; else it stays with whoever has that.
 */
export function split(book: Book, { incident: id, by, what }: Split, at: number): Outcome {
  const from = realOf(book, id)
  if ('result' in from) return from
  if (!isOpen(from)) return isOver(from)
  const all = alertsOf(book, id)
  const meant = all.filter((alert) =>
    'service' in what ? alert.service === what.service : what.keys.includes(alert.key),
  )
  const [first] = meant
  if (!first || meant.length === all.length)
    return refuse({ code: 'nothing-to-split', incident: id, alerts: all.map(({ key }) => key).slice(0, 20) })
  const services = new Set(meant.map(({ service }) => service))
  const known = under(book.rules.services, first.service) !== undefined
  const service = services.size === 1 && known ? first.service : from.service
  // There is one open incident of a service, and what is split from it stands apart.
  const apart = from.private || (service !== null && openIncidentOf(book, service) !== null)
  const policy = services.size === 1 && known ? policyOf(book.rules, first.service) : from.policy
  const severity = meant.map((alert) => alert.severity).reduce(graver)
  const into = raise(
    book,
    {
      title: first.headline,
      severity,
      service,
      origin: 'alert',
      by: null,
      policy,
      private: from.private,
      apart,
      splitFrom: id,
    },
    at,
  )
  note(book, {
    type: 'split',
    incident: id,
    at,
    by,
    into,
    alerts: meant.map(({ service: of, key }) => ({ service: of, key })),
  })
  const owner = from.state === 'acked' && policy.name === from.policy.name ? from.ackedBy : null
  if (owner === null) startPaging(book, into, by, at)
  else {
    note(book, { type: 'acked', incident: into, at, by: owner })
    ownForNow(book, incidentOf(book, into), owner, at)
  }
  return { ...done(id, 'split'), other: into }
}

/** A resolved one goes on, with whoever says so. */
export function reopenByHand(book: Book, { incident: id, by }: Reopen, at: number): Outcome {
  const incident = realOf(book, id)
  if ('result' in incident) return incident
  if (isOpen(incident)) return refuse({ code: 'not-resolved', incident: id })
  if (incident.mergedInto !== null) return isOver(incident)
  const other = incident.service === null || incident.apart ? null : openIncidentOf(book, incident.service)
  if (other) return refuse({ code: 'another-open', incident: id, other: other.id })
  note(book, { type: 'revived', incident: id, at, by })
  ownForNow(book, incidentOf(book, id), by, at)
  return done(id, 'reopened')
}
