import type { Book } from '../book.ts'
import { note, openIncidentOf } from '../book.ts'
import { canDrill } from '../detect/drill.ts'
import { covers, looks, returning, returnMs, type Silence, serviceOf, silenceOver } from '../detect/silence.ts'
import type { ExtendSilence, Outcome, Reported, Silenced, SilenceEnd } from '../event.ts'
import type { SilenceWhat } from '../fact.ts'
import { type Policy, type Rules, under } from '../rules.ts'
import { type Due, dueAt, isLate } from './escalation.ts'
import { policyOf, raise, refuse, startPaging } from './incident.ts'
import { raiseAgain, recoverReturn, returnKey } from './signal.ts'

const done = (silence: number, how: 'silenced' | 'extended' | 'ended' | 'end-asked' | 'recorded'): Outcome => ({
  result: 'done',
  incident: null,
  how,
  paged: [],
  silence,
})

export const recordSilence = (book: Book, what: SilenceWhat, silence: Silence, by: string | null, at: number) =>
  note(book, { type: 'silence', incident: null, at, by, what, silence })

export const findSilence = (book: Book, id: number): Silence | undefined =>
  book.desk.silences.find((each) => each.id === id)

/** Nobody is paged for a monitor, or a whole service, from now or later on, for a reason and with an end. */
export function silence(book: Book, { by, target, reason, fromAt, untilAt }: Silenced, at: number): Outcome {
  const known =
    target.kind === 'service' ? under(book.rules.services, target.name) : under(book.rules.monitors, target.name)
  if (!known) return refuse({ code: 'unknown-target', ...target })
  const begin = Math.max(fromAt ?? at, at)
  const latestAt = begin + book.rules.silences.maxMs
  if (untilAt <= begin || untilAt > latestAt) return refuse({ code: 'bad-silence', fromAt: begin, latestAt })
  const made: Silence = {
    ...{
      id: book.desk.nextSilence,
      mode: 'silence',
      by,
      approvedBy: null,
      target,
      reason,
      madeAt: at,
      fromAt: begin,
      untilAt,
    },
    ...{ state: begin > at ? 'planned' : 'active', noticed: false, endedAt: null, endedBy: null, endAskedBy: null },
    ...{ awaiting: [], seen: [], returnBy: null },
  }
  recordSilence(book, begin > at ? 'planned' : 'begun', made, by, at)
  return done(made.id, 'silenced')
}

/** Longer, and never shorter: that would be a way round the second person. Counted from now, it may last as long as a new one. */
export function extendSilence(book: Book, { by, silence: id, untilAt }: ExtendSilence, at: number): Outcome {
  const found = findSilence(book, id)
  if (!found) return refuse({ code: 'unknown-silence', silence: id })
  if (found.mode === 'disable') return refuse({ code: 'disable-not-extended', monitor: found.target.name })
  if (found.state !== 'active' && found.state !== 'planned') return refuse({ code: 'silence-over', silence: id })
  const from = Math.max(found.fromAt, at)
  const latestAt = from + book.rules.silences.maxMs
  if (untilAt <= found.untilAt || untilAt > latestAt) return refuse({ code: 'bad-silence', fromAt: from, latestAt })
  recordSilence(book, 'extended', { ...found, untilAt, noticed: false }, by, at)
  return done(id, 'extended')
}

/**
 * Before its time: by its owner at once; by somebody else only together with another person. That a monitor looks again, or goes on looking,
 * is anybody's to say.
 */
export function endSilence(book: Book, { by, silence: id }: SilenceEnd, at: number): Outcome {
  const found = findSilence(book, id)
  if (!found) return refuse({ code: 'unknown-silence', silence: id })
  if (!ENDABLE.has(found.state)) return refuse({ code: 'silence-over', silence: id })
  const { by: owner, endAskedBy } = found
  if (
    (found.mode === 'silence' || found.state === 'overdue') &&
    by !== owner &&
    (endAskedBy === null || endAskedBy === by)
  ) {
    if (endAskedBy === null) recordSilence(book, 'end-asked', { ...found, endAskedBy: by }, by, at)
    return done(id, 'end-asked')
  }
  if (found.state === 'planned' || found.state === 'asked')
    recordSilence(book, 'cancelled', { ...found, state: 'cancelled', endedAt: at, endedBy: by }, by, at)
  else if (found.state === 'overdue')
    recordSilence(book, 'back', { ...found, state: 'back', awaiting: [], endedBy: by }, by, at)
  else over(book, found, by, at)
  return done(id, 'ended')
}

const ENDABLE = new Set<Silence['state']>(['asked', 'planned', 'active', 'overdue'])

/** It is over: what fails still pages now, and whatever it covered has to show that it is watched. */
function over(book: Book, silence: Silence, by: string | null, at: number): void {
  // What another silence covers still comes back with that one.
  const others = book.desk.silences.filter(({ id }) => id !== silence.id)
  const monitors = returning(silence, book.rules).filter(
    ({ name: monitor, service }) => silenceOver(others, { service, monitor }, at) === null,
  )
  const awaiting = monitors.map(({ name }) => name)
  const seen = monitors.filter((each) => !looks(each)).map(({ name }) => name)
  const state = awaiting.length > 0 ? ('returning' as const) : ('back' as const)
  const returnBy = awaiting.length > 0 ? at + returnMs(monitors, book.rules) : null
  recordSilence(book, 'ended', { ...silence, state, endedAt: at, endedBy: by, awaiting, seen, returnBy }, by, at)
  for (const alert of Object.values(book.desk.alerts))
    if (alert.status === 'firing' && alert.recheckAt !== null && covers(silence, alert.service, alert.monitor))
      raiseAgain(book, alert, at)
}

/** What is left to come back; with the last of it the silence is over for good. */
function awaits(book: Book, silence: Silence, awaiting: string[], at: number): void {
  if (awaiting.length > 0) recordSilence(book, 'reported', { ...silence, awaiting }, null, at)
  else recordSilence(book, 'back', { ...silence, awaiting, state: 'back', returnBy: null }, null, at)
}

/** A monitor has looked since the silence that covered it ended, or a fault injected into it since has come through. */
export function reported(book: Book, { silence: id, monitor, proof }: Reported, at: number): Outcome {
  const found = findSilence(book, id)
  if (!found || (found.state !== 'returning' && found.state !== 'overdue')) return done(id, 'recorded')
  const awaiting = found.awaiting.filter((name) => name !== monitor)
  if (awaiting.length === found.awaiting.length) return done(id, 'recorded')
  const watches = under(book.rules.monitors, monitor)
  if (proof === 'sample' && watches && canDrill(watches)) {
    if (found.seen.includes(monitor)) return done(id, 'recorded')
    recordSilence(book, 'reported', { ...found, seen: [...found.seen, monitor] }, null, at)
    return done(id, 'recorded')
  }
  // A fault that comes through before the monitor has looked says nothing of whether it looks.
  if (proof === 'fault' && !found.seen.includes(monitor)) return done(id, 'recorded')
  awaits(book, found, awaiting, at)
  recoverReturn(book, monitor, at)
  return done(id, 'recorded')
}

/** Whoever asks for a second person stands beside them, or asks again. */
export const APPROVAL_MS = 15 * 60_000

/** What a silence does by itself: beginning, telling its owner that it ends, ending, and missing what should have come back. */
export function nextSilence(book: Pick<Book, 'desk' | 'rules'>): Due | null {
  let first: Due | null = null
  for (const each of book.desk.silences) {
    const due = dueOf(book, each)
    if (due && (!first || due.at < first.at)) first = due
  }
  return first
}

function dueOf({ rules }: Pick<Book, 'rules'>, silence: Silence): Due | null {
  const { state, fromAt, untilAt, noticed, returnBy } = silence
  switch (state) {
    case 'asked':
      return dueAt(Math.min(silence.madeAt + APPROVAL_MS, untilAt), (book, now) =>
        recordSilence(book, 'lapsed', { ...silence, state: 'cancelled', endedAt: now }, null, now),
      )
    case 'planned':
      return dueAt(fromAt, (book, now) => recordSilence(book, 'begun', { ...silence, state: 'active' }, null, now))
    case 'active': {
      const noticeAt = untilAt - rules.silences.noticeMs
      // A silence that is shorter than the notice needs none.
      if (!noticed && noticeAt > fromAt)
        return dueAt(noticeAt, (book, now) => recordSilence(book, 'ending', { ...silence, noticed: true }, null, now))
      return dueAt(untilAt, (book, now) => over(book, silence, null, now))
    }
    case 'returning':
      if (returnBy === null) return null
      return {
        at: returnBy,
        // Nobody's time runs while nobody could look.
        come: (book, now) =>
          isLate(returnBy, now)
            ? recordSilence(book, 'reported', { ...silence, returnBy: now + again(book, silence) }, null, now)
            : missing(book, silence, returnBy),
      }
    case 'overdue':
    case 'back':
    case 'cancelled':
      return null
    default:
      return state satisfies never
  }
}

const again = ({ rules }: Book, { awaiting }: Silence) =>
  returnMs(
    awaiting.flatMap((name) => under(rules.monitors, name) ?? []),
    rules,
  )

/** Monitors that the configuration has no more report to nobody: they are waited for no longer. */
export const forgotten = ({ silences }: Pick<Book['desk'], 'silences'>, rules: Rules): Silence[] =>
  silences.filter(({ awaiting }) => awaiting.some((name) => !under(rules.monitors, name)))

export function forget(book: Book, at: number): void {
  for (const silence of forgotten(book.desk, book.rules)) {
    awaits(
      book,
      silence,
      silence.awaiting.filter((name) => under(book.rules.monitors, name)),
      at,
    )
  }
}

/** A monitor that was silenced and has not reported since: nobody is watching. Its owner is paged first, then whoever answers for the service. */
function missing(book: Book, silence: Silence, at: number): void {
  recordSilence(book, 'overdue', { ...silence, state: 'overdue', returnBy: null }, null, at)
  const service = serviceOf(silence, book.rules)
  if (service === null) return
  const [first] = silence.awaiting
  const others = silence.awaiting.length - 1
  const since = silence.mode === 'disable' ? 'it was enabled again' : 'its silence ended'
  const unproven = (name: string) => {
    if (!silence.seen.includes(name)) return `${name} has not reported since ${since}`
    const watched = under(book.rules.monitors, name)
    const fault = `a fault injected into ${watched && looks(watched) ? 'it' : name} has not come through since ${since}`
    return watched && looks(watched) ? `${name} looks, but ${fault}` : fault
  }
  const what = unproven(first ?? '')
  const title = others > 0 ? `${first} and ${others} more have not reported since their silence ended` : what
  // One that is open has somebody, who is busy with something else: this one needs a page of its own.
  const of = openIncidentOf(book, service) === null ? service : null
  const policy = ownerFirst(book, silence, service)
  const id = raise(book, { title, severity: 'critical', service: of, origin: 'alert', by: null, policy }, at)
  for (const monitor of silence.awaiting) {
    const key = returnKey(monitor)
    const summary = `${unproven(monitor)}: ${silence.seen.includes(monitor) ? 'what it finds may reach nobody' : 'nobody is watching it'}`
    const alert = { key, monitor, severity: 'critical' as const, headline: title, summary, evidence: [], still: false }
    note(book, { type: 'detected', incident: id, at, service, ...alert, quietUntilAt: null, held: null })
  }
  startPaging(book, id, null, at)
}

/** How long its owner has before whoever answers for the service is paged as well. */
const OWNER_MS = 5 * 60_000

function ownerFirst({ rules }: Book, { by }: Silence, service: string): Policy {
  const policy = policyOf(rules, service)
  if (!under(rules.people, by)) return policy
  const owner = { page: [{ kind: 'person' as const, name: by }], waitMs: OWNER_MS }
  return { ...policy, name: `return of ${service}`, steps: [owner, ...policy.steps] }
}
