import type { Book, Desk } from './book.ts'
import { openBook } from './book.ts'
import type { Event, Outcome, Received } from './event.ts'
import type { Recorded } from './fact.ts'
import type { Owed } from './owed.ts'
import { type Rules, under } from './rules.ts'
import { settle } from './watch/burst.ts'
import { timers } from './watch/escalation.ts'
import {
  act,
  addNote,
  attempted,
  call,
  channelOpened,
  checked,
  declare,
  pageRefused,
  refuse,
} from './watch/incident.ts'
import { answerEdit, override } from './watch/roster.ts'
import { recheck, retire, route } from './watch/signal.ts'

export interface Decision {
  desk: Desk
  facts: Recorded[]
  owed: Owed[]
  /** Prefixes of keys under which what is unsent is void. */
  voids: string[]
  outcomes: { id: number; outcome: Outcome }[]
}

type Handlers = { [T in Event['type']]: (book: Book, event: Extract<Event, { type: T }>, at: number) => Outcome }

const handlers = {
  signal: route,
  declare,
  call,
  ack: act,
  escalate: act,
  resolve: act,
  note: addNote,
  // Until handovers are decided: nothing is confirmed, and nobody's incident changes hands.
  confirm: (_, { schedule }) => refuse({ code: 'no-handover', schedule, opensAt: null }),
  accept: (_, { incident }) => refuse({ code: 'not-acked', incident }),
  keep: (_, { incident }) => refuse({ code: 'not-acked', incident }),
  unack: (_, { incident }) => refuse({ code: 'not-acked', incident }),
  override,
  'edit-answer': answerEdit,
  'page-refused': pageRefused,
  'channel-opened': channelOpened,
  checked,
  attempt: attempted,
} satisfies Handlers

/**
 * Orders time and dispatches, nothing else. Inside one instant inputs come before timers, so that an acknowledgement at the deadline wins;
 * after a stop likewise (`handover.md` 2.2, I11).
 *
 * @param events what came in since the last decision, judged each at the instant it was stored
 * @param now the instant of this decision, UTC ms, not before `desk.decidedAt`
 */
export function decide(desk: Desk, events: readonly Received[], now: number, rules: Rules): Decision {
  const book = openBook(desk, rules)
  const outcomes = [...events]
    .sort((a, b) => a.at - b.at || a.id - b.id)
    .map(({ id, at, event }) => ({
      id,
      outcome: handle(book, event, Math.min(Math.max(at, desk.decidedAt), now)),
    }))
  settle(book)
  retire(book, now)
  recheck(book, now)
  timers(book, now)
  return {
    desk: { ...book.desk, decidedAt: now },
    facts: book.facts,
    owed: [...book.owed.values()],
    voids: [...book.voids],
    outcomes,
  }
}

function handle(book: Book, event: Event, at: number): Outcome {
  // Alerts are gathered; whatever else is decided finds them written down.
  if (event.type !== 'signal') settle(book)
  // Authorised at the border; who has left the configuration since may not act any more.
  if ('by' in event && !under(book.rules.people, event.by))
    return { result: 'refused', refusal: { code: 'unknown-person', name: event.by } }
  const handler = handlers[event.type] as (book: Book, event: Event, at: number) => Outcome
  const before = book.facts.length
  const outcome = handler(book, event, at)
  if (outcome.result === 'refused') return outcome
  const paged = book.facts.slice(before).flatMap((fact) => (fact.type === 'paged' ? [fact.page.person] : []))
  return { ...outcome, paged }
}

/** When the desk must look again though nothing came in; Infinity when no timer runs. */
export function nextDue(desk: Desk): number {
  let due = desk.recheckAt ?? Number.POSITIVE_INFINITY
  for (const incident of Object.values(desk.incidents)) due = Math.min(due, incident.deadlineAt ?? due)
  for (const alert of Object.values(desk.alerts)) due = Math.min(due, alert.recheckAt ?? due)
  return due
}
