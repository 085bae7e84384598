import { type Book, scheduleOf } from '../book.ts'
import { ahead, type Change, nextChange, samePeople } from '../duty/schedule.ts'
import { HANDOVER_TIMES, type HandoverTimes } from '../duty/schedule-types.ts'
import { DAY_MS } from '../duty/time.ts'
import { type Handover, handoverId, type Watch } from '../handover.ts'
import type { PageReason } from '../incident.ts'
import { type Policy, schedulesOf } from '../rules.ts'

type Seen = Pick<Book, 'desk' | 'rules'>

/** Who answers for a schedule now (`handover.md` 2.1, W): whoever has the watch, and those before who are not relieved yet. */
export interface Holders {
  duty: string[]
  holdover: Watch['holdovers']
}

/** At the instant to which the book has come: changes before it have been decided on. */
export function holders(book: Seen, schedule: string): Holders {
  const watch = book.desk.watches[schedule]
  if (!watch) return { duty: [], holdover: [] }
  const early = relievedEarly(book, schedule)
  const duty = early
    ? [...watch.people.filter((person) => !early.outgoing.includes(person)), ...early.incoming].sort()
    : watch.people
  return { duty, holdover: watch.holdovers.filter(({ person }) => !duty.includes(person)) }
}

const handoversOf = (book: Seen, schedule: string): Handover[] =>
  Object.values(book.desk.handovers).filter((handover) => handover.schedule === schedule)

/** The watch was taken before its change. */
export const relievedEarly = (book: Seen, schedule: string): Handover | undefined =>
  handoversOf(book, schedule).find(({ state }) => state === 'relieved-early')

/** The change that has come and is not settled: the outgoing wait to be relieved. */
export const unfinished = (book: Seen, schedule: string): Handover | undefined =>
  handoversOf(book, schedule).find(({ state }) => state === 'due' || state === 'overdue' || state === 'gap')

/** The latest change that came. */
export const latest = (book: Seen, schedule: string): Handover | undefined =>
  handoversOf(book, schedule)
    .filter(({ state }) => !AHEAD.has(state))
    .sort((a, b) => b.changeAt - a.changeAt)[0]

const AHEAD = new Set<Handover['state']>(['planned', 'relieved-early', 'void'])

/** Rows of changes that have not come yet. */
export const planned = (book: Seen): Handover[] =>
  Object.values(book.desk.handovers).filter(({ state }) => state === 'planned' || state === 'relieved-early')

export const timesOf = (book: Seen, schedule: string): HandoverTimes =>
  book.rules.schedules[schedule]?.handover ?? HANDOVER_TIMES

/** The handover of the next change, as it is on record or as it would be planned now; null when no change is in sight. */
export function coming(book: Seen, schedule: string, at: number): Handover | null {
  const known = scheduleOf(book, schedule)
  const watch = book.desk.watches[schedule]
  if (!known || !watch) return null
  const { change, after } = ahead(known, at)
  if (!change) return null
  // An edit may have made the turns on either side others, though not this change.
  const now = bounds(timesOf(book, schedule), watch, change, after?.at ?? null)
  const row = book.desk.handovers[handoverId(schedule, change.at)]
  if (!row || !AHEAD.has(row.state) || row.state === 'void' || !isOf(row, change))
    return { ...now, state: 'planned', opened: false }
  const { state, opened, by, settledAt, pages } = row
  return { ...now, state, opened, by, settledAt, pages }
}

export const isOf = (handover: Handover, { outgoing, incoming, staying }: Change) =>
  samePeople(handover.outgoing, outgoing) &&
  samePeople(handover.incoming, incoming) &&
  samePeople(handover.staying, staying)

/**
 * When the window of a change opens, and its limits. A turn is the longest run of the same people; what it is too short for is clamped:
 * the window to a quarter of either turn, the limit to half of the turn that begins. Where nobody is on duty there is no turn.
 */
export function bounds(
  times: HandoverTimes,
  { schedule, sinceAt }: Pick<Watch, 'schedule' | 'sinceAt'>,
  { at: changeAt, ...who }: Change,
  endAt: number | null,
): Omit<Handover, 'state' | 'opened'> {
  const lasts = (people: readonly string[], ms: number) => (people.length > 0 ? ms : Number.POSITIVE_INFINITY)
  const before = lasts([...who.outgoing, ...who.staying], changeAt - sinceAt)
  const after = lasts([...who.incoming, ...who.staying], (endAt ?? Number.POSITIVE_INFINITY) - changeAt)
  const windowMs = Math.floor(Math.min(times.windowMs, before / 4, after / 4))
  const limitMs = Math.floor(Math.min(times.limitMs, after / 2))
  return {
    schedule,
    sinceAt,
    changeAt,
    ...who,
    opensAt: changeAt - windowMs,
    overdueAt: changeAt + Math.min(times.confirmMs, limitMs),
    limitAt: changeAt + limitMs,
    by: null,
    settledAt: null,
    pages: [],
  }
}

/** Whether the window before a change is open at an instant. */
export const isOpenAt = ({ opensAt, changeAt }: Handover, at: number) => opensAt <= at && at < changeAt

/** Whether somebody is on duty by any roster of a policy. */
export const isOnRoster = (book: Seen, policy: Policy, person: string, but?: string) =>
  schedulesOf(policy).some((name) => name !== but && book.desk.watches[name]?.people.includes(person))

/** A page says until when a shift lasts, as far as that is news: to look further would be in the way of the page. */
const SHIFT_MS = 14 * DAY_MS

/** Why somebody on duty is paged: since when, and until when (null: longer than two weeks). */
export function dutyReason(book: Seen, schedule: string, at: number): PageReason {
  const known = scheduleOf(book, schedule)
  const watch = book.desk.watches[schedule]
  const untilAt = known ? (ahead(known, at).change ?? nextChange(known, at, SHIFT_MS))?.at : undefined
  const since = watch && at - watch.sinceAt < SHIFT_MS ? watch.sinceAt : null
  return { kind: 'duty', schedule, sinceAt: since, untilAt: untilAt ?? null }
}
