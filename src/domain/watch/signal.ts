import type { Book, Desk } from '../book.ts'
import { note } from '../book.ts'
import { silenceOver } from '../detect/silence.ts'
import type { Outcome, Signal } from '../event.ts'
import type { Alert } from '../incident.ts'
import { alertId, FLAP_MS, graver, isOpen } from '../incident.ts'
import { type Rules, under } from '../rules.ts'
import { gather, gathered, settle } from './burst.ts'
import { holdOver, released } from './depends.ts'
import { runDrill } from './drill.ts'
import { type Due, firing, reopen } from './escalation.ts'
import { lostPolicy, policyOf, raise, refuse, startPaging } from './incident.ts'
import { homeOf, neighbourOf } from './regroup.ts'
import { linkBoth } from './response.ts'

const recorded = (incident: number | null): Outcome => ({ result: 'done', incident, how: 'recorded', paged: [] })

/** Which incident a signal belongs to: an open one that it has to do with ({@link homeOf}, {@link neighbourOf}), else a new one; a warning opens none. */
export function route(book: Book, signal: Signal, at: number): Outcome {
  if (signal.drill) {
    settle(book)
    return runDrill(book, signal, signal.drill, at)
  }
  const { service, key, severity, monitor } = signal
  const ends = signal.status === 'resolved'
  // What begins and what ends are not gathered together: their order tells what became of each.
  if (gathered(book, service).some((fold) => fold.ended.size > 0 !== ends)) settle(book, service)
  const known = book.desk.alerts[alertId(service, key)]
  if (ends) return recover(book, signal, known, at)
  if (!under(book.rules.services, service)) return refuse({ code: 'unknown-target', kind: 'service', name: service })
  // The last word of a monitor may come in after the configuration that has it no more.
  if (monitor !== null && !under(book.rules.monitors, monitor))
    return refuse({ code: 'unknown-target', kind: 'monitor', name: monitor })
  const fold = gathered(book, service).find(({ begun }) => begun.has(key))
  const before = fold?.begun.get(key)?.severity ?? (known?.status === 'firing' ? known.severity : undefined)
  // One that has become graver is news: what was a warning may have to page somebody now.
  if (before === undefined || graver(before, severity) !== before) return detect(book, signal, false, at)
  return repeat(book, signal, fold ? fold.incident : onDesk(book, known?.incident ?? null), at)
}

function repeat(book: Book, { service, key }: Signal, incident: number | null, at: number): Outcome {
  const { repeats } = gather(book, service, incident, at)
  repeats.set(key, { lastAt: at, count: (repeats.get(key)?.count ?? 0) + 1 })
  return recorded(incident)
}

type Detection = Pick<
  Signal,
  'service' | 'key' | 'severity' | 'headline' | 'summary' | 'evidence' | 'monitor' | 'suspects' | 'apart'
>

const NOWHERE = { home: null, related: null }

function detect(book: Book, what: Detection, still: boolean, at: number): Outcome {
  const { service, key, severity, headline, summary, evidence, monitor } = what
  const own = what.apart ? null : homeOf(book, what)
  const silencedUntilAt = own ? null : (silenceOver(book.desk.silences, what, at)?.untilAt ?? null)
  // What was held back for a service that has gone meanwhile is not forgotten with it.
  const pages = under(book.rules.services, service)?.pages.includes(severity) ?? still
  const hold = own || !pages || silencedUntilAt !== null ? null : holdOf(book, what, at)
  const near = own || hold || what.apart ? NOWHERE : neighbourOf(book, service, at)
  // What was held back for another pages in the end: it does not become part of the same.
  const open = own ?? (wasHeld(book, what) ? null : near.home)
  const related = open ? null : near.related
  // What joins an open incident pages nobody anew; what would open one waits for the end of its silence.
  const quietUntilAt = open ? null : (silencedUntilAt ?? hold?.untilAt ?? null)
  const held = hold?.held ?? null
  const joining = { at, key, severity, headline, summary, evidence, monitor, still, quietUntilAt, held }
  if (open || quietUntilAt !== null || !pages) {
    const incident = open?.id ?? null
    gather(book, service, incident, at).begun.set(key, joining)
    return recorded(incident)
  }
  settle(book, service)
  const back = cameBack(book, what, at)
  if (back !== null) {
    reopen(book, back, { reason: 'came-back', by: null }, at)
    note(book, { type: 'detected', incident: back, service, ...joining })
    return recorded(back)
  }
  const known = under(book.rules.services, service) !== undefined
  const policy = known ? policyOf(book.rules, service) : lostPolicy(book.rules, service)
  const id = raise(
    book,
    { title: headline, severity, service: known && !what.apart ? service : null, origin: 'alert', by: null, policy },
    at,
  )
  note(book, { type: 'detected', incident: id, service, ...joining })
  if (related) linkBoth(book, id, related.id, null, at)
  startPaging(book, id, null, at)
  return recorded(id)
}

/** It was held back, and nothing does any more. */
function wasHeld({ desk }: Book, { service, key }: Detection): boolean {
  const known = desk.alerts[alertId(service, key)]
  return known?.status === 'firing' && known.held?.sure === true
}

/** What begins again sooner after its end may be what came late, and out of order. */
const LATE_MS = 30_000

/**
 * The incident that an alert of another system was, and that resolved itself moments ago: it goes on. What our own monitors say flaps less by
 * itself, because it takes them several looks to come back.
 */
function cameBack(book: Book, { service, key, monitor, apart }: Detection, at: number): number | null {
  const id = book.desk.alerts[alertId(service, key)]?.incident ?? null
  const incident = id === null ? undefined : book.desk.incidents[id]
  if (!incident || monitor !== null || apart || isOpen(incident) || incident.resolvedBy !== null) return null
  // What was with something else then is by itself now: its own people hear of it.
  if (incident.service !== service) return null
  if (incident.private || incident.mergedInto !== null || incident.origin !== 'alert') return null
  const ago = at - (incident.resolvedAt ?? at)
  return ago >= LATE_MS && ago < FLAP_MS ? incident.id : null
}

/** Since when it has been held back counts through whatever it is held back by. */
function holdOf(book: Book, what: Detection, at: number): ReturnType<typeof holdOver> {
  const known = book.desk.alerts[alertId(what.service, what.key)]
  const since = known?.status === 'firing' ? known.held : null
  return holdOver(book, what, what.suspects ?? [], since, at)
}

/** What it depends on is well again, or nobody sees to it any more: it comes back by itself within moments, or pages. */
export function release(book: Book, at: number): void {
  for (const { alert, pagesAt } of released(book, at)) {
    const { key, severity, headline, summary, evidence, monitor, held, service } = alert
    const joining = {
      at,
      key,
      severity,
      headline,
      summary,
      evidence,
      monitor,
      still: true,
      quietUntilAt: pagesAt,
      held,
    }
    gather(book, service, null, at).begun.set(key, joining)
  }
  settle(book)
}

function recover(book: Book, signal: Pick<Signal, 'summary'>, known: Alert | undefined, at: number): Outcome {
  if (known?.status !== 'firing') return recorded(null)
  const { service, key } = known
  const incident = onDesk(book, known.incident)
  const fold = gather(book, service, incident, at)
  const quiet = known.incident === null && known.recheckAt !== null && !known.held?.sure
  if (!fold.ended.has(key)) fold.ended.set(key, { at, summary: signal.summary, quiet })
  return recorded(incident)
}

/** The incident of an alert while it lies on the desk; one resolved long ago does not. */
const onDesk = (book: Book, id: number | null) => (id !== null && book.desk.incidents[id] ? id : null)

/** Alerts that fire for monitors which the configuration has no more: nobody will ever say that they recovered. */
export const orphans = (desk: Desk, rules: Rules): Alert[] =>
  Object.values(desk.alerts).filter(
    ({ monitor, status }) => status === 'firing' && monitor !== null && under(rules.monitors, monitor) === undefined,
  )

/** Alerts of monitors that belong to another service since: what is said of them is asked for under that one. */
export const strays = (desk: Desk, rules: Rules): Alert[] =>
  Object.values(desk.alerts).filter(({ monitor, service, status }) => {
    const now = monitor === null ? undefined : under(rules.monitors, monitor)
    return status === 'firing' && now !== undefined && now.service !== service
  })

/** A monitor that is not watched any more holds no incident open, and raises none again; one that has moved does so where it is now. */
export function retire(book: Book, at: number): void {
  for (const alert of strays(book.desk, book.rules)) {
    const service = book.rules.monitors[alert.monitor ?? '']?.service ?? ''
    recover(book, { summary: `${alert.key} belongs to ${service} now` }, alert, at)
    settle(book)
    detect(book, { ...alert, service }, true, at)
  }
  for (const alert of orphans(book.desk, book.rules))
    recover(book, { ...alert, summary: `${alert.key} is not watched any more` }, alert, at)
  settle(book)
}

/** The silence over an alert has ended, and it fires still. */
export const raiseAgain = (book: Book, alert: Alert, at: number): void => void detect(book, alert, true, at)

/** A monitor that did not report after its silence is an alert of its own, beside what it says of its target. */
export const returnKey = (monitor: string) => `${monitor}: return`

export function recoverReturn(book: Book, monitor: string, at: number): void {
  const service = under(book.rules.monitors, monitor)?.service
  const known = service === undefined ? undefined : book.desk.alerts[alertId(service, returnKey(monitor))]
  if (known?.status === 'firing') recover(book, { summary: `${monitor} reports again` }, known, at)
  settle(book)
}

/** The first alert that still fires though its incident was resolved by hand: it is raised again. */
export function nextRecheck({ desk }: Pick<Book, 'desk'>): Due | null {
  let first: Due | null = null
  for (const alert of Object.values(desk.alerts)) {
    const { recheckAt, status } = alert
    if (recheckAt === null || status !== 'firing' || (first && first.at <= recheckAt)) continue
    // What was suspected and not held back has only just begun.
    const still = alert.held?.sure !== false
    first = { at: recheckAt, come: (book, now) => void detect(book, alert, still, firing(recheckAt, now).at) }
  }
  return first
}
