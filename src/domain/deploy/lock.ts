import { type Book, note } from '../book.ts'
import type { DeployLock, DeployUnlock, Outcome } from '../event.ts'
import { alertId } from '../incident.ts'
import { under } from '../rules.ts'
import { gather, settle } from '../watch/burst.ts'
import { type Due, firing } from '../watch/escalation.ts'
import { refuse } from '../watch/incident.ts'
import { type Deploy, type Lock, stands } from './deploy.ts'

const done = (how: 'locked' | 'unlocked', lock: number): Outcome => ({
  ...{ result: 'done', incident: null, how, paged: [], lock },
})

const recordLock = (book: Book, what: 'made' | 'lifted' | 'over', lock: Lock, by: string | null, at: number) =>
  note(book, { type: 'lock', incident: null, at, by, what, lock })

/** Longer than this belongs in the configuration, where everybody reads it. */
const LONGEST_MS = 31 * 86_400_000

/** A person freezes everything or a service, or locks a service: for a reason, and with an end. */
export function lock(book: Book, event: DeployLock, at: number): Outcome {
  const { kind, by, service, environment, reason, untilAt } = event
  if (service !== null && !under(book.rules.services, service))
    return refuse({ code: 'unknown-target', kind: 'service', name: service })
  const fromAt = Math.max(event.fromAt ?? at, at)
  if (untilAt <= fromAt || untilAt > fromAt + LONGEST_MS)
    return refuse({ code: 'bad-lock', fromAt, latestAt: fromAt + LONGEST_MS })
  const made: Lock = {
    ...{ id: book.desk.nextLock, kind, service, environment, by, reason, madeAt: at, fromAt, untilAt },
    ...{ deploy: null, endedAt: null, endedBy: null },
  }
  recordLock(book, 'made', made, by, at)
  return done('locked', made.id)
}

/** After a halt: until somebody has looked, and says that it may go on. */
export function lockAfter(
  book: Book,
  { id, service, environment }: Deploy,
  by: string | null,
  reason: string,
  at: number,
): void {
  const made: Lock = {
    ...{ id: book.desk.nextLock, kind: 'lock', service, environment, by, reason, madeAt: at, fromAt: at },
    ...{ untilAt: null, deploy: id, endedAt: null, endedBy: null },
  }
  recordLock(book, 'made', made, by, at)
}

export function unlock(book: Book, { by, lock: id }: DeployUnlock, at: number): Outcome {
  const found = book.desk.locks.find((each) => each.id === id)
  if (!found) return refuse({ code: 'unknown-lock', lock: id })
  if (!stands(found, at)) return refuse({ code: 'lock-over', lock: id })
  lift(book, found, by, at)
  return done('unlocked', id)
}

function lift(book: Book, found: Lock, by: string | null, at: number): void {
  recordLock(book, 'lifted', { ...found, endedAt: at, endedBy: by }, by, at)
  const { deploy, service } = found
  if (deploy !== null && service !== null) recover(book, { id: deploy, service }, 'its lock was lifted', at)
}

/** What is said of a deploy that was halted, as an alert of its service. */
export const alertKey = ({ id }: Pick<Deploy, 'id'>) => `deploy/${id}`

/** What was said of it is over: it goes on, or is out again. */
export function recover(book: Book, { id, service }: Pick<Deploy, 'id' | 'service'>, why: string, at: number): void {
  const key = alertKey({ id })
  const alert = book.desk.alerts[alertId(service, key)]
  if (alert?.status !== 'firing') return
  const incident = alert.incident !== null && book.desk.incidents[alert.incident] ? alert.incident : null
  const summary = `deploy ${id} of ${service}: ${why}`
  gather(book, service, incident, at).ended.set(key, { at, summary, quiet: false })
  settle(book, service)
}

/** The lock that halting a deploy left. */
export function liftAfter(book: Book, deploy: number, by: string | null, at: number): void {
  for (const found of book.desk.locks) if (found.deploy === deploy && stands(found, at)) lift(book, found, by, at)
}

/** The first lock whose time is over. */
export function nextLock({ desk }: Pick<Book, 'desk'>): Due | null {
  let first: Due | null = null
  for (const each of desk.locks) {
    const { untilAt, endedAt } = each
    if (endedAt !== null || untilAt === null || (first && first.at <= untilAt)) continue
    first = {
      at: untilAt,
      come: (book, now) =>
        recordLock(book, 'over', { ...each, endedAt: firing(untilAt, now).at }, null, firing(untilAt, now).at),
    }
  }
  return first
}
