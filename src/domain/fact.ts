import { z } from 'zod'
import { Denied } from './authority.ts'
import { Reached, Via } from './contact.ts'
import { Basis, Deploy, Lock } from './deploy/deploy.ts'
import { Mark } from './detect/adoption.ts'
import { Verdict } from './detect/rate-feedback.ts'
import { Silence } from './detect/silence.ts'
import { SHORT_STEPS } from './event.ts'
import { Handover, RosterEdit, Watch, WatchPage } from './handover.ts'
import { Drill, Evidence, Hold, Page, Status } from './incident.ts'
import { CaptureChange, Place, placeKey, Said, Task } from './response.ts'
import { Policy, Severity } from './rules.ts'

/**
 * What was decided, with its reason: append-only. State is the fold of facts (`evolve` in book.ts); the timeline and the audit are
 * two readings of them. Every fact has an instant; `incident` is null where it belongs to none.
 */
const incident = z.int()
const at = z.number()

/** What is known of an alert when it begins, or becomes graver. */
export const Joining = z.strictObject({
  at,
  key: z.string(),
  monitor: z.string().nullable(),
  severity: Severity,
  headline: z.string(),
  summary: z.string(),
  evidence: z.array(Evidence),
  /** It never ceased: its incident had been resolved by hand, or its silence is over. */
  still: z.boolean(),
  /** It is silenced until then, and pages nobody before. */
  quietUntilAt: z.number().nullable().default(null),
  /** It is not silenced but held back, until then at the latest. */
  held: Hold.nullable().default(null),
})
export type Joining = z.infer<typeof Joining>

const SilenceWhat = z.enum([
  'asked',
  'disabled',
  'lapsed',
  'planned',
  'begun',
  'extended',
  'ending',
  'end-asked',
  'cancelled',
  'ended',
  'reported',
  'back',
  'overdue',
])
export type SilenceWhat = z.infer<typeof SilenceWhat>

const DeployWhat = z.enum([
  ...['denied', 'allowed', 'override-asked', 'approved', 'glass-broken', 'lapsed', 'tell-asked', 'opens'],
  ...['started', 'unsure', 'step', 'rolled', 'done', 'failed', 'superseded', 'overdue'],
  ...[
    'overrun',
    'let-finish',
    'held',
    'not-holdable',
    'resumed',
    'halted',
    'halt-done',
    'halt-failed',
    'linked',
    'seen',
    'noted',
  ],
] as const)
export type DeployWhat = z.infer<typeof DeployWhat>

export const Fact = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('opened'),
    incident,
    at,
    title: z.string(),
    severity: Severity,
    service: z.string().nullable(),
    origin: z.enum(['alert', 'declared', 'call']),
    by: z.string().nullable(),
    policy: Policy,
    drill: Drill.nullable().default(null),
    private: z.boolean().optional(),
    apart: z.boolean().optional(),
    splitFrom: z.int().optional(),
    shadow: z.literal(true).optional(),
  }),
  /** It pages for real from now on. */
  z.strictObject({ type: z.literal('shadow-ended'), incident, at }),
  z.strictObject({
    type: z.literal('detected'),
    incident: incident.nullable(),
    service: z.string(),
    /** Of another service than the incident's, which has to do with it. */
    related: z.boolean().optional(),
    ...Joining.shape,
  }),
  /** The same alert again, while it fires. */
  z.strictObject({
    type: z.literal('repeated'),
    incident: incident.nullable(),
    at,
    service: z.string(),
    key: z.string(),
  }),
  z.strictObject({
    type: z.literal('recovered'),
    incident: incident.nullable(),
    at,
    service: z.string(),
    key: z.string(),
    summary: z.string(),
    /** It was silenced, and nobody had heard of it. */
    quiet: z.boolean().default(false),
  }),
  /** Alerts that came together, or soon after others: folded into one, and told in one message. All of them are here. */
  z.strictObject({
    type: z.literal('joined'),
    incident: incident.nullable(),
    at,
    service: z.string(),
    related: z.boolean().optional(),
    alerts: z.array(Joining),
    /** Alerts that fired already and said so again. */
    repeats: z.array(z.strictObject({ key: z.string(), lastAt: at, count: z.int() })),
    /** The incident's severity, where they made it graver. */
    raisedTo: Severity.nullable(),
  }),
  /** Likewise alerts that recovered. */
  z.strictObject({
    type: z.literal('receded'),
    incident: incident.nullable(),
    at,
    service: z.string(),
    alerts: z.array(z.strictObject({ at, key: z.string(), summary: z.string(), quiet: z.boolean().default(false) })),
  }),
  /** Escalation stands at this step now; `waitsUntilAt` is when the next is due. */
  z.strictObject({
    type: z.literal('stepped'),
    incident,
    at,
    epoch: z.int(),
    round: z.int(),
    step: z.int(),
    waitsUntilAt: z.number(),
    reason: z.enum(['start', 'unanswered', 'asked', 'nobody', 'unreachable', 'gap', 'busy', 'reopened', 'new-watch']),
    by: z.string().nullable(),
  }),
  z.strictObject({ type: z.literal('paged'), incident, at, page: Page }),
  /** More incidents come to one person than anybody can read one by one: this page waits for others until then. */
  z.strictObject({ type: z.literal('held'), incident, at, page: z.string(), person: z.string(), untilAt: z.number() }),
  /** What waited goes out, in one message. */
  z.strictObject({
    type: z.literal('bundled'),
    incident: z.null(),
    at,
    person: z.string(),
    pages: z.array(z.strictObject({ incident, page: z.string() })).min(1),
  }),
  /** Somebody the step names was not paged: just paged for the same incident, or known to be unreachable. */
  z.strictObject({
    type: z.literal('skipped'),
    incident,
    at,
    person: z.string(),
    reason: z.enum(['just-paged', 'unreachable']),
    detail: z.string(),
  }),
  z.strictObject({
    type: z.literal('refused'),
    incident,
    at,
    page: z.string(),
    person: z.string(),
    reason: z.string(),
  }),
  z.strictObject({ type: z.literal('gap'), incident, at, schedule: z.string(), step: z.int() }),
  z.strictObject({
    type: z.literal('exhausted'),
    incident,
    at,
    reason: z.enum(['unanswered', 'nobody', 'unreachable', 'asked', 'gap', 'busy']),
  }),
  z.strictObject({ type: z.literal('acked'), incident, at, by: z.string(), via: Via.optional() }),
  z.strictObject({ type: z.literal('responding'), incident, at, by: z.string() }),
  z.strictObject({
    type: z.literal('resolved'),
    incident,
    at,
    by: z.string().nullable(),
    /** Keys of alerts that still fire: they are raised again at `recheckAt`. */
    stillFiring: z.array(z.string()),
    recheckAt: z.number().nullable(),
  }),
  z.strictObject({
    type: z.literal('note'),
    incident,
    at,
    by: z.string(),
    text: z.string(),
    /** When it happened, if that was before it was noted. */
    happenedAt: z.number().optional(),
  }),
  z.strictObject({ type: z.literal('severity'), incident, at, by: z.string(), from: Severity, to: Severity }),
  z.strictObject({
    type: z.literal('status'),
    incident,
    at,
    by: z.string(),
    from: Status,
    to: Status,
    text: z.string().nullable(),
  }),
  /** Who holds a role now (null: nobody), and who did. */
  z.strictObject({
    type: z.literal('role'),
    incident,
    at,
    by: z.string(),
    role: z.string(),
    person: z.string().nullable(),
    from: z.string().nullable(),
  }),
  /** A task, as it is after this. */
  z.strictObject({
    type: z.literal('task'),
    incident,
    at,
    by: z.string(),
    what: z.enum(['added', 'assigned', 'due', 'done', 'undone']),
    task: Task,
  }),
  /** These tasks (by number) are due, and those who see to them are reminded. `again`: it is not the first time. */
  z.strictObject({
    type: z.literal('tasks-due'),
    incident,
    at,
    tasks: z.array(z.int()).min(1),
    to: z.array(z.string()),
    again: z.boolean(),
  }),
  /** A word to everybody who waits. */
  z.strictObject({ type: z.literal('update'), incident, at, by: z.string(), text: z.string() }),
  /** There was none since then, and the configuration wants one: those are reminded. */
  z.strictObject({ type: z.literal('update-overdue'), incident, at, sinceAt: z.number(), to: z.array(z.string()) }),
  /** It has to do with another, of which the same is on record. `by` null: one depends on the other. */
  z.strictObject({ type: z.literal('linked'), incident, at, by: z.string().nullable(), other: z.int() }),
  /** It ends here and goes on in another; its alerts are that one's. */
  z.strictObject({ type: z.literal('merged'), incident, at, by: z.string(), into: z.int() }),
  /** What another was, this is from now on; `alerts` are those that it brings along. */
  z.strictObject({
    type: z.literal('absorbed'),
    incident,
    at,
    by: z.string(),
    from: z.int(),
    /** Whoever worked on that one: they go on here. */
    people: z.array(z.string()),
    alerts: z.array(z.strictObject({ service: z.string(), key: z.string() })),
  }),
  /** These alerts are another incident's from now on. */
  z.strictObject({
    type: z.literal('split'),
    incident,
    at,
    by: z.string(),
    into: z.int(),
    alerts: z.array(z.strictObject({ service: z.string(), key: z.string() })),
  }),
  /** It was not over: whoever says so has it. */
  z.strictObject({ type: z.literal('revived'), incident, at, by: z.string() }),
  /** What somebody said is on the timeline, at its own time; `by` put it there. */
  z.strictObject({ type: z.literal('captured'), incident, at, by: z.string(), said: Said }),
  z.strictObject({ type: z.literal('capture-changed'), incident, at, message: Place, change: CaptureChange }),
  z.strictObject({
    type: z.literal('channel'),
    incident,
    at,
    channel: z.string(),
    name: z.string(),
    /** It was in the archive, and is back. */
    back: z.literal(true).optional(),
    /** In the place of this one, which is in the archive. */
    instead: z.strictObject({ id: z.string(), name: z.string() }).optional(),
  }),
  /** A part of the channel could not be made: the incident goes on without it. */
  z.strictObject({
    type: z.literal('shortfall'),
    incident,
    at,
    step: z.enum(SHORT_STEPS),
    about: z.string().nullable(),
    reason: z.string(),
  }),
  z.strictObject({
    type: z.literal('reachability'),
    incident: z.null(),
    at,
    person: z.string(),
    unreachable: z.string().nullable(),
  }),
  /** Whoever comes on duty next is told of an incident in good time, and paged at `dualAt` unless somebody has it by then. */
  z.strictObject({
    type: z.literal('heads-up'),
    incident,
    at,
    schedule: z.string(),
    changeAt: z.number(),
    people: z.array(z.string()),
    dualAt: z.number(),
  }),
  /** That page is due. */
  z.strictObject({ type: z.literal('dual'), incident, at, schedule: z.string() }),
  /** A change of the watch gives the new one time before the next step. */
  z.strictObject({ type: z.literal('postponed'), incident, at, schedule: z.string(), deadlineAt: z.number() }),
  /** The owner went off duty: the new watch is asked to take it, until then. */
  z.strictObject({
    type: z.literal('inherited'),
    incident,
    at,
    schedule: z.string(),
    changeAt: z.number(),
    from: z.string(),
    to: z.array(z.string()),
    untilAt: z.number(),
  }),
  /** It has another owner. */
  z.strictObject({
    type: z.literal('taken'),
    incident,
    at,
    by: z.string(),
    from: z.string().nullable(),
    how: z.enum(['accepted', 'with-the-watch']),
  }),
  z.strictObject({ type: z.literal('kept'), incident, at, by: z.string(), untilAt: z.number() }),
  /** Its owner asks others to take it; it is theirs until somebody does. */
  z.strictObject({ type: z.literal('handed'), incident, at, by: z.string(), to: z.array(z.string()).min(1) }),
  /** The acknowledgement counts no more; `by` is who gave it back. One that came back was over, and is not. */
  z.strictObject({
    type: z.literal('reopened'),
    incident,
    at,
    from: z.string().nullable(),
    by: z.string().nullable(),
    reason: z.enum(['off-duty', 'lease-over', 'given-back', 'came-back']),
  }),
  /** A schedule is followed for the first time, or by another configuration under which the same people are on duty. */
  z.strictObject({ type: z.literal('followed'), incident: z.null(), at, watch: Watch }),
  /** The people on duty change: who they are now, and how the handover stands. */
  z.strictObject({ type: z.literal('changed'), incident: z.null(), at, watch: Watch, handover: Handover }),
  /** A handover moves on. */
  z.strictObject({
    type: z.literal('handover'),
    incident: z.null(),
    at,
    what: z.enum(['planned', 'opened', 'settled']),
    handover: Handover,
  }),
  /** Outgoing people stand relieved. */
  z.strictObject({
    type: z.literal('released'),
    incident: z.null(),
    at,
    schedule: z.string(),
    people: z.array(z.string()),
    how: z.enum(['relieved', 'limit']),
  }),
  /** Somebody about to come on duty acknowledged: pages reach them. */
  z.strictObject({ type: z.literal('proven'), incident: z.null(), at, schedule: z.string(), by: z.string() }),
  z.strictObject({ type: z.literal('watch-paged'), incident: z.null(), at, page: WatchPage }),
  /** A change of the roster by hand, as it is after this. */
  z.strictObject({
    type: z.literal('edited'),
    incident: z.null(),
    at,
    by: z.string(),
    how: z.enum(['made', 'offered', 'agreed', 'declined', 'cancelled']),
    edit: RosterEdit,
  }),
  /** A silence, as it is after this; `by` is who did it, null when its time came. */
  z.strictObject({
    type: z.literal('silence'),
    incident: z.null(),
    at,
    by: z.string().nullable(),
    what: SilenceWhat,
    silence: Silence,
  }),
  /** What somebody decided about a name of the ledger, as it is after this; `reason` of what was dropped or ignored. */
  z.strictObject({
    type: z.literal('covered'),
    incident: z.null(),
    at,
    by: z.string(),
    what: z.enum(['adopt', 'drop-asked', 'drop', 'ignore', 'heed', 'own']),
    reason: z.string().nullable(),
    mark: Mark,
  }),
  /** An injected fault was decided on, and pages nobody: whom a real one would have paged, and which silence it proves to be over. */
  z.strictObject({
    type: z.literal('drilled'),
    incident: z.null(),
    at,
    service: z.string(),
    monitor: z.string().nullable(),
    injectedAt: at,
    silence: z.int().nullable(),
    people: z.array(z.string()),
    saw: z.string().nullable().default(null),
  }),
  /** Somebody was refused what they may not do; by Slack ids. */
  z.strictObject({
    type: z.literal('denied'),
    incident: z.null(),
    at,
    user: z.string(),
    team: z.string(),
    channel: z.string(),
    act: z.string(),
    reason: Denied,
  }),
  /** Somebody said of an alarm of a rate whether it was real: from now on it rings sooner, or later. */
  z.strictObject({
    type: z.literal('feedback'),
    incident: incident.nullable(),
    at,
    by: z.string(),
    monitor: z.string(),
    alarmAt: at,
    verdict: Verdict,
  }),
  /** A deploy, as it is after this; `by` is who did it, null when nobody of the configuration. */
  z.strictObject({
    type: z.literal('deploy'),
    incident: incident.nullable(),
    at,
    by: z.string().nullable(),
    what: DeployWhat,
    deploy: Deploy,
    /** Who hears of it by a message of their own. */
    tell: z.array(z.string()),
    /** What CI, or a hook, said. */
    detail: z.string().nullable(),
    /** What was decided on, where something was. */
    basis: Basis.nullable(),
  }),
  z.strictObject({
    type: z.literal('lock'),
    incident: z.null(),
    at,
    by: z.string().nullable(),
    what: z.enum(['made', 'lifted', 'over']),
    lock: Lock,
  }),
  /** What is known of an attempt to reach somebody for a page beside Slack. */
  z.strictObject({
    type: z.literal('contacted'),
    incident,
    at,
    page: z.string(),
    person: z.string(),
    via: Via,
    what: Reached,
    detail: z.string().nullable(),
  }),
])
export type Fact = z.infer<typeof Fact>

/** A fact with its place in the record: counted without gaps over the whole installation. */
export type Recorded = Fact & { id: number }

/** The words of the timeline, which others read over HTTP. */
export type TimelineKind =
  | 'detected'
  | 'opened'
  | 'paged'
  | 'acked'
  | 'escalated'
  | 'handover'
  | 'recovered'
  | 'resolved'
  | 'note'
  | 'deploy'
  | 'silence'
  | 'captured'
  | 'gap'
  | 'exhausted'

/** What kind of entry a fact is in the timeline of its incident; null: kept in the record, not shown as an entry of its own. */
export function timelineKind(fact: Fact): TimelineKind | null {
  switch (fact.type) {
    case 'opened':
    case 'detected':
    case 'recovered':
    case 'paged':
    case 'acked':
    case 'resolved':
    case 'note':
    case 'gap':
    case 'exhausted':
    case 'captured':
      return fact.type
    case 'contacted':
      return fact.what === 'failed' ? 'gap' : 'paged'
    case 'responding':
      return 'acked'
    case 'joined':
      return fact.alerts.length > 0 ? 'detected' : null
    case 'receded':
      return 'recovered'
    case 'stepped':
      return fact.reason === 'start' || fact.reason === 'reopened' ? null : 'escalated'
    case 'skipped':
    case 'refused':
    case 'shortfall':
      return 'gap'
    case 'heads-up':
    case 'inherited':
    case 'taken':
    case 'kept':
    case 'handed':
      return 'handover'
    case 'feedback':
      return 'note'
    case 'reopened':
    case 'shadow-ended':
      return 'escalated'
    case 'deploy':
      return QUIET.has(fact.what) ? null : 'deploy'
    case 'severity':
    case 'status':
    case 'role':
    case 'task':
    case 'update':
    case 'update-overdue':
    case 'linked':
    case 'absorbed':
    case 'split':
      return 'note'
    // That they are due is news once.
    case 'tasks-due':
      return fact.again ? null : 'note'
    // That an incident has one goes without saying.
    case 'channel':
      return fact.back || fact.instead ? 'note' : null
    case 'merged':
      return 'resolved'
    case 'revived':
      return 'opened'
    // What becomes of a captured message shows where it stands: {@link capturesOf}.
    case 'capture-changed':
    case 'repeated':
    case 'dual':
    case 'postponed':
    case 'reachability':
    case 'followed':
    case 'changed':
    case 'handover':
    case 'released':
    case 'proven':
    case 'watch-paged':
    case 'held':
    case 'bundled':
    case 'edited':
    case 'silence':
    case 'covered':
    case 'drilled':
    case 'denied':
    case 'lock':
      return null
    default:
      return fact satisfies never
  }
}

/** The alerts that began with it, or became graver. */
export const begunIn = (fact: Recorded): readonly Joining[] =>
  fact.type === 'detected' ? [fact] : fact.type === 'joined' ? fact.alerts : []

/** Those that recovered. */
export const endedIn = (fact: Recorded): readonly { key: string; at: number }[] =>
  fact.type === 'recovered' ? [fact] : fact.type === 'receded' ? fact.alerts : []

/** When it happened: what was said or noted later stands where it belongs. Timelines are in the order of this, then of `id`. */
export function happenedAt(fact: Fact): number {
  if (fact.type === 'captured') return fact.said.saidAt
  return fact.type === 'note' ? (fact.happenedAt ?? fact.at) : fact.at
}

/** A message of the timeline, with all that became of it. */
export interface Captured extends Said {
  /** The fact that put it there. */
  fact: number
  by: string
  editedAt: number | null
  /** Its author took it back: what was said is still on record. */
  deletedAt: number | null
  /** By the id of a file: its digest in our store, or why it is not there. */
  filed: Record<string, { digest: string } | { why: string }>
}

/** The captured messages of an incident, of all its facts in order; what was taken off is not among them. */
export function capturesOf(facts: readonly Recorded[]): Captured[] {
  const all = new Map<string, Captured>()
  for (const fact of facts) {
    if (fact.type === 'captured') {
      const { id, by, said } = fact
      all.set(placeKey(said.message), { ...said, fact: id, by, editedAt: null, deletedAt: null, filed: {} })
    }
    if (fact.type !== 'capture-changed') continue
    const key = placeKey(fact.message)
    const known = all.get(key)
    if (!known) continue
    const after = changedBy(known, fact.change)
    if (after) all.set(key, after)
    else all.delete(key)
  }
  return [...all.values()]
}

function changedBy(captured: Captured, change: CaptureChange): Captured | null {
  switch (change.what) {
    case 'edited':
      // Slack may tell of the latest edit first.
      if (captured.editedAt !== null && change.editedAt < captured.editedAt) return captured
      return { ...captured, text: change.text, files: change.files, editedAt: change.editedAt }
    case 'deleted':
      return { ...captured, deletedAt: change.deletedAt }
    case 'uncaptured':
      return null
    case 'filed':
      return { ...captured, filed: { ...captured.filed, [change.file]: { digest: change.digest } } }
    case 'not-filed':
      return { ...captured, filed: { ...captured.filed, [change.file]: { why: change.why } } }
    default:
      return change satisfies never
  }
}

/** What is no news to whoever works on an incident. */
const QUIET = new Set<DeployWhat>(['denied', 'tell-asked', 'opens', 'halt-done', 'lapsed', 'linked'])
