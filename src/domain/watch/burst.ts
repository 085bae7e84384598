import type { Book, Fold } from '../book.ts'
import { incidentOf, note } from '../book.ts'
import type { Fact, Joining } from '../fact.ts'
import { graver, inBurst, isOpen } from '../incident.ts'

/**
 * Alerts that follow each other in one decision are folded: what joins an incident, repeats or recovers is gathered by service, and
 * written down as one fact before anything else is decided that could depend on it. A storm of thousands is few facts that way, and
 * nothing of it is lost: each fact has them all.
 */
export function gather(book: Book, service: string, incident: number | null, at: number): Fold {
  const id = `${service}/${incident}`
  const open = book.folds.get(id)
  if (open) {
    open.lastAt = Math.max(open.lastAt, at)
    return open
  }
  const fold: Fold = { service, incident, begun: new Map(), repeats: new Map(), ended: new Map(), lastAt: at }
  book.folds.set(id, fold)
  return fold
}

/** What is gathered of a service. */
export const gathered = (book: Book, service: string): Fold[] =>
  [...book.folds.values()].filter((fold) => fold.service === service)

/** Writes down what was gathered, of one service or of all. */
export function settle(book: Book, service?: string): void {
  for (const [id, fold] of book.folds) {
    if (service !== undefined && service !== fold.service) continue
    book.folds.delete(id)
    // Facts stand in the order of time, also when services came in turn.
    const at = Math.max(fold.lastAt, book.facts.at(-1)?.at ?? fold.lastAt)
    if (fold.begun.size + fold.repeats.size > 0) noteBegun(book, fold, at)
    if (fold.ended.size > 0) noteEnded(book, fold, at)
  }
}

function noteBegun(book: Book, { service, incident, begun, repeats }: Fold, at: number): void {
  const alerts = [...begun.values()]
  const again = [...repeats].map(([key, { lastAt, count }]) => ({ key, lastAt, count }))
  const single = alerts.length + again.reduce((total, { count }) => total + count, 0) === 1
  const [alert] = alerts
  const [repeat] = again
  const home = incident === null ? null : incidentOf(book, incident).service
  const related = home !== null && home !== service ? { related: true } : {}
  if (single && alert && isToldAlone(book, incident, at))
    note(book, { type: 'detected', incident, service, ...related, ...alert, at })
  else if (single && repeat) note(book, { type: 'repeated', incident, at, service, key: repeat.key })
  else {
    const raisedTo = graverThan(book, incident, alerts)
    note(book, { type: 'joined', incident, at, service, ...related, alerts, repeats: again, raisedTo })
  }
}

/** The last alert of an incident that alerts opened has recovered: it resolves itself. What people declared, people resolve. */
function noteEnded(book: Book, { service, incident: id, ended }: Fold, at: number): void {
  const alerts = [...ended].map(([key, { at: endedAt, ...what }]) => ({ at: endedAt, key, ...what }))
  const [alert] = alerts
  // One that comes and goes is told of both; only where others were told together, it is told with them.
  const alone = id === null || incidentOf(book, id).burst.fact === null || isToldAlone(book, id, at)
  if (alerts.length === 1 && alert && alone) note(book, { type: 'recovered', incident: id, service, ...alert, at })
  else note(book, { type: 'receded', incident: id, at, service, alerts })
  if (id === null) return
  const { firing: left, origin } = incidentOf(book, id)
  if (left === 0 && origin === 'alert' && isOpen(incidentOf(book, id)))
    note(book, { type: 'resolved', incident: id, at, by: null, stillFiring: [], recheckAt: null })
}

const isToldAlone = (book: Book, incident: number | null, at: number) =>
  incident === null || !inBurst(incidentOf(book, incident), at)

/** The severity to which alerts raise an incident; null when they do not. */
function graverThan(
  book: Book,
  id: number | null,
  alerts: readonly Joining[],
): (Fact & { type: 'joined' })['raisedTo'] {
  if (id === null) return null
  const { severity } = incidentOf(book, id)
  const gravest = alerts.reduce((so, alert) => graver(so, alert.severity), severity)
  return gravest === severity ? null : gravest
}
