import type { Book, Desk } from './book.ts'
import { openBook } from './book.ts'
import { askDeploy, recheck, reportDeploy } from './deploy/ask.ts'
import { lock, nextLock, unlock } from './deploy/lock.ts'
import { actOnDeploy, hooked, nextDeploy, progress, regress } from './deploy/rollout.ts'
import { seen } from './deploy/seen.ts'
import { AHEAD_MS } from './duty/schedule.ts'
import type { Event, Outcome, Received } from './event.ts'
import type { Recorded } from './fact.ts'
import type { Owed } from './owed.ts'
import { type Rules, under } from './rules.ts'
import { holdBack, nextBundle } from './watch/bundle.ts'
import { settle } from './watch/burst.ts'
import { cover } from './watch/coverage.ts'
import { approveDisable, askDisable } from './watch/disable.ts'
import { type Due, isLate, nextTimer } from './watch/escalation.ts'
import { feedback } from './watch/feedback.ts'
import {
  confirm,
  followAll,
  nextChangeDue,
  nextLimit,
  nextPrompt,
  reconfigure,
  reconfigured,
} from './watch/handover.ts'
import {
  accept,
  act,
  addNote,
  attempted,
  call,
  channelOpened,
  checked,
  contacted,
  declare,
  fallShort,
  handOver,
  keep,
  pageRefused,
  unack,
} from './watch/incident.ts'
import { merge, reopenByHand, split } from './watch/regroup.ts'
import {
  addTask,
  capture,
  captureChanged,
  changeTask,
  giveRole,
  giveUpdate,
  link,
  nextReminder,
  nextTask,
  setSeverity,
  setStatus,
} from './watch/response.ts'
import { answerEdit, override } from './watch/roster.ts'
import { leaveShadow } from './watch/shadow.ts'
import { nextRecheck, release, retire, route } from './watch/signal.ts'
import { endSilence, extendSilence, forget, nextSilence, reported, silence } from './watch/silence.ts'

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
  'set-severity': setSeverity,
  'set-status': setStatus,
  'give-role': giveRole,
  'add-task': addTask,
  'change-task': changeTask,
  'give-update': giveUpdate,
  link,
  merge,
  split,
  reopen: reopenByHand,
  capture,
  'capture-changed': captureChanged,
  confirm,
  accept,
  keep,
  'hand-over': handOver,
  unack,
  override,
  'edit-answer': answerEdit,
  silence,
  'silence-extend': extendSilence,
  'silence-end': endSilence,
  disable: askDisable,
  'disable-approve': approveDisable,
  reported,
  cover,
  'page-refused': pageRefused,
  'channel-opened': channelOpened,
  shortfall: fallShort,
  checked,
  attempt: attempted,
  feedback,
  deploy: askDeploy,
  'deploy-report': reportDeploy,
  'deploy-progress': progress,
  'deploy-act': actOnDeploy,
  'deploy-regression': regress,
  'deploy-hook': hooked,
  'deploy-recheck': recheck,
  'deploy-lock': lock,
  'deploy-unlock': unlock,
  'deploy-seen': seen,
  contacted,
} satisfies Handlers

/**
 * Orders time and dispatches, nothing else. Inside one instant: changes of the roster, limits, inputs, then timers, so that an
 * acknowledgement at the deadline wins (`handover.md` 2.2). After a stop, changes, limits and inputs come at their own instants, and what
 * else is overdue comes once, after all of them (I11).
 *
 * @param events what came in since the last decision, judged each at the instant it was stored
 * @param now the instant of this decision, UTC ms, not before `desk.decidedAt`
 */
export function decide(desk: Desk, events: readonly Received[], now: number, rules: Rules): Decision {
  const book = openBook(desk, rules)
  const outcomes: Decision['outcomes'] = []
  const inputs = [...events]
    .sort((a, b) => a.at - b.at || a.id - b.id)
    .map((input) => ({ ...input, at: Math.min(Math.max(input.at, desk.decidedAt), now) }))
  followAll(book, inputs[0]?.at ?? now)
  const changed = reconfigured(book)
  // Another configuration holds from when it is seen: until then its schedules have no changes of their own.
  for (const name of changed) book.lookedAt.set(name, now)
  for (const input of inputs) {
    pass(book, now, input.at)
    outcomes.push({ id: input.id, outcome: handle(book, input.event, input.at) })
  }
  if (changed.length > 0) {
    settle(book)
    reconfigure(book, now)
  }
  leaveShadow(book, now)
  pass(book, now, Number.POSITIVE_INFINITY)
  settle(book)
  retire(book, now)
  forget(book, now)
  release(book, now)
  pass(book, now, Number.POSITIVE_INFINITY)
  catchUp(book, now)
  settle(book)
  holdBack(book, now)
  return {
    desk: { ...book.desk, decidedAt: now },
    facts: book.facts,
    owed: [...book.owed.values()],
    voids: [...book.voids],
    outcomes,
  }
}

/** Lets the clock run to an input, which comes after changes and limits of its instant and before its timers; or to the end. */
function pass(book: Book, now: number, input: number): void {
  // As long as nothing new is on record, nothing new is due: a storm of alerts is not held up.
  if (book.quiet.facts === book.facts.length && input < book.quiet.untilAt) return
  for (let due = whatIsDue(book, now, input); due; due = whatIsDue(book, now, input)) {
    // Alerts are gathered; whatever else is decided finds them written down, and may not be due any more.
    if (book.folds.size > 0) settle(book)
    else due.come(book, now)
  }
  const dues = [nextChangeDue(book), nextLimit(book), nextTimely(book, now)].map((due) => due?.at ?? now + 1)
  book.quiet = { facts: book.facts.length, untilAt: Math.min(...dues) }
}

function whatIsDue(book: Book, now: number, input: number): Due | null {
  const change = nextChangeDue(book)
  const limit = nextLimit(book)
  const timer = nextTimely(book, now)
  const [first] = [change, limit, timer]
    .filter((due) => due !== null)
    .filter((due) => due.at <= now && (due.at < input || (due.at === input && due !== timer)))
    .sort((a, b) => a.at - b.at)
  return first ?? null
}

/** The first timer that was not slept through. */
const nextTimely = (book: Book, now: number): Due | null =>
  timers(book)
    .filter((due) => !isLate(due.at, now))
    .sort((a, b) => a.at - b.at)[0] ?? null

/** Of each kind the first. */
const timers = (book: Book): Due[] =>
  [
    ...[nextPrompt(book), nextTimer(book), nextBundle(book), nextSilence(book), nextRecheck(book)],
    ...[nextReminder(book), nextTask(book), nextDeploy(book), nextLock(book)],
  ].filter((due) => due !== null)

/** What was slept through: each overdue timer once, and what it brings about counts from now. */
function catchUp(book: Book, now: number): void {
  for (;;) {
    if (book.folds.size > 0) settle(book)
    const [first] = timers(book)
      .filter((due) => due.at <= now)
      .sort((a, b) => a.at - b.at)
    if (!first) return
    first.come(book, now)
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
  const pages = book.facts.slice(before).flatMap((fact) => (fact.type === 'paged' ? [fact.page] : []))
  const named = (shadow: boolean) =>
    pages.filter((page) => (page.shadow ?? false) === shadow).map(({ person }) => person)
  const [paged, wouldPage] = [named(false), named(true)]
  return { ...outcome, paged, ...(wouldPage.length > 0 && { wouldPage }) }
}

/** When the desk must look again though nothing came in; Infinity when no timer runs. */
export function nextDue(desk: Desk, rules: Rules): number {
  const book = openBook(desk, rules)
  const dues = [nextChangeDue(book), nextLimit(book), ...timers(book)]
  const alerts = Object.values(desk.alerts).map(({ recheckAt }) => recheckAt)
  // A schedule whose next change is not in sight is looked at again.
  const again = Object.keys(desk.watches).length > 0 ? desk.decidedAt + AHEAD_MS / 2 : null
  const all = [...dues.map((due) => due?.at ?? null), ...alerts, desk.recheckAt, desk.tasksDueAt, again]
  return Math.min(Number.POSITIVE_INFINITY, ...all.filter((at) => at !== null))
}
