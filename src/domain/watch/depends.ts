import type { Book, Desk } from '../book.ts'
import { ancestors } from '../detect/depends.ts'
import { disabledOf } from '../detect/silence.ts'
import type { Signal } from '../event.ts'
import { type Alert, downIn, type Hold, isSeenTo } from '../incident.ts'
import { type Monitor, type Rules, under } from '../rules.ts'

/**
 * What depends on something that is down is held back: whoever sees to the one is not paged for thirty others that fail with it. Never in
 * the dark, and never for long: somebody must have been told of the other, and whatever fails still when that ends pages by itself.
 */
type Target = Pick<Signal, 'service' | 'key' | 'monitor'>

/** Whatever is seen to for so long still leaves others down, of whom somebody has to hear. */
const LONGEST_MS = 30 * 60_000

/** Something that fails and is not confirmed yet is, or is well again, within this. */
const SUSPECT_MS = 10_000

/** What was held back comes back by itself within this of what it depends on, or pages. */
const LONGEST_GRACE_MS = 60_000

/**
 * Under what an alert is held back at an instant, and until when at the latest; null when it is not.
 *
 * @param suspects monitors that fail at this moment, and are not confirmed yet
 * @param since since when it is held back already
 */
export function holdOver(
  book: Book,
  { key, monitor }: Target,
  suspects: readonly string[],
  since: Hold | null,
  at: number,
): { held: Hold; untilAt: number } | null {
  // What is said beside "it is down" (that it is not watched, that its log is not read) is about the watch, not about the target.
  if (monitor === null || key !== monitor) return null
  const above = ancestors(book.rules, monitor, disabledOf(book.desk.silences, at))
  const holder = above.find((name) => holds(book, name))
  if (holder !== undefined) {
    const sinceAt = since?.sinceAt ?? at
    const untilAt = sinceAt + LONGEST_MS
    return untilAt > at ? { held: { by: holder, sinceAt, sure: true }, untilAt } : null
  }
  const suspect = since === null ? above.find((name) => suspects.includes(name)) : undefined
  return suspect === undefined ? null : { held: { by: suspect, sinceAt: at, sure: false }, untilAt: at + SUSPECT_MS }
}

/** It is down, and somebody has been told, or is being told. Of those that were not named among thousands nothing is known: their children page. */
function holds({ desk, folds }: Pick<Book, 'desk' | 'folds'>, monitor: string): boolean {
  const gathered = [...folds.values()]
  if (gathered.some(({ ended }) => ended.has(monitor))) return false
  return Object.values(desk.incidents).some(
    (each) =>
      isSeenTo(each) &&
      (downIn(each).includes(monitor) ||
        gathered.some(({ incident, begun }) => incident === each.id && begun.get(monitor)?.monitor === monitor)),
  )
}

/** Alerts that nothing holds back any more, and by when each pages. */
export function released(
  book: Pick<Book, 'desk' | 'rules' | 'folds'>,
  now: number,
): { alert: Alert; pagesAt: number }[] {
  return Object.values(book.desk.alerts).flatMap((alert) => {
    const { held, monitor, recheckAt, status } = alert
    if (status !== 'firing' || !held?.sure || monitor === null || recheckAt === null) return []
    if (ancestors(book.rules, monitor, disabledOf(book.desk.silences, now)).some((name) => holds(book, name))) return []
    const pagesAt = now + graceMs(under(book.rules.monitors, monitor))
    return recheckAt > pagesAt ? { alert, pagesAt } : []
  })
}

/** The same of a desk that lies still. */
export const releasable = (desk: Desk, rules: Rules, now: number): boolean =>
  released({ desk, rules, folds: new Map() }, now).length > 0

/** As long as it takes it to be seen well again. */
function graceMs(monitor: Monitor | undefined): number {
  if (!monitor || !('everyMs' in monitor)) return 0
  const recoverAfter = 'recoverAfter' in monitor ? monitor.recoverAfter : 2
  return Math.min(LONGEST_GRACE_MS, recoverAfter * monitor.everyMs + monitor.timeoutMs)
}
