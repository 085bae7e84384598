import type { Book, Desk } from '../book.ts'
import { incidentOf, note, openIncidentOf } from '../book.ts'
import type { Outcome, Signal } from '../event.ts'
import type { Alert } from '../incident.ts'
import { alertId, graver, isOpen } from '../incident.ts'
import { type Rules, under } from '../rules.ts'
import { firing } from './escalation.ts'
import { policyOf, raise, refuse, startPaging } from './incident.ts'

const recorded = (incident: number | null): Outcome => ({ result: 'done', incident, how: 'recorded', paged: [] })

/** Which incident a signal belongs to: the open one of its service, else a new one; a warning opens none. */
export function route(book: Book, signal: Signal, at: number): Outcome {
  const known = book.desk.alerts[alertId(signal.service, signal.key)]
  if (signal.status === 'resolved') return recover(book, signal, known, at)
  if (!under(book.rules.services, signal.service))
    return refuse({ code: 'unknown-target', kind: 'service', name: signal.service })
  // One that has become graver is news: what was a warning may have to page somebody now.
  const same = known?.status === 'firing' && graver(known.severity, signal.severity) === known.severity
  if (same) {
    const { service, key, incident } = known
    note(book, { type: 'repeated', incident: onDesk(book, incident), at, service, key })
    return recorded(incident)
  }
  return detect(book, signal, false, at)
}

type Detection = Pick<Signal, 'service' | 'key' | 'severity' | 'headline' | 'summary' | 'evidence' | 'monitor'>

function detect(book: Book, what: Detection, still: boolean, at: number): Outcome {
  const { service, key, severity, headline, summary, evidence, monitor } = what
  const fact = { type: 'detected', at, service, key, severity, headline, summary, evidence, monitor, still } as const
  const open = openIncidentOf(book, service)
  if (open) {
    note(book, { ...fact, incident: open.id })
    return recorded(open.id)
  }
  if (!under(book.rules.services, service)?.pages.includes(severity)) {
    note(book, { ...fact, incident: null })
    return recorded(null)
  }
  const policy = policyOf(book.rules, service)
  const id = raise(book, { title: headline, severity, service, origin: 'alert', by: null, policy }, at)
  note(book, { ...fact, incident: id })
  startPaging(book, id, null, at)
  return recorded(id)
}

/** The last alert of an incident that alerts opened has recovered: it resolves itself. What people declared, people resolve. */
function recover(book: Book, signal: Pick<Signal, 'summary'>, known: Alert | undefined, at: number): Outcome {
  if (known?.status !== 'firing') return recorded(null)
  const { service, key } = known
  const id = onDesk(book, known.incident)
  note(book, { type: 'recovered', incident: id, at, service, key, summary: signal.summary })
  if (id === null) return recorded(null)
  const incident = incidentOf(book, id)
  const allWell = incident.alerts.every((alert) => alert.recoveredAt !== null)
  if (allWell && incident.origin === 'alert' && isOpen(incident))
    note(book, { type: 'resolved', incident: id, at, by: null, stillFiring: [], recheckAt: null })
  return recorded(id)
}

/** The incident of an alert while it lies on the desk; one resolved long ago does not. */
const onDesk = (book: Book, id: number | null) => (id !== null && book.desk.incidents[id] ? id : null)

/** Alerts that fire for monitors which the configuration has no more: nobody will ever say that they recovered. */
export const orphans = (desk: Desk, rules: Rules): Alert[] =>
  Object.values(desk.alerts).filter(
    ({ monitor, status }) => status === 'firing' && monitor !== null && under(rules.monitors, monitor) === undefined,
  )

/** A monitor that is not watched any more holds no incident open, and raises none again. */
export function retire(book: Book, at: number): void {
  for (const alert of orphans(book.desk, book.rules))
    recover(book, { ...alert, summary: `${alert.key} is not watched any more` }, alert, at)
}

/** Alerts that still fire though their incident was resolved by hand: raised again. */
export function recheck(book: Book, now: number): void {
  for (const alert of Object.values(book.desk.alerts))
    if (alert.recheckAt !== null && alert.recheckAt <= now && alert.status === 'firing')
      detect(book, alert, true, firing(alert.recheckAt, now).at)
}
