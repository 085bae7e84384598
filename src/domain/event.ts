import { z } from 'zod'
import { Denied } from './authority.ts'
import { Reached, Via } from './contact.ts'
import { Deploy, DeployState, Lock } from './deploy/deploy.ts'
import { Gate } from './deploy/gate.ts'
import { Sight } from './deploy/sight.ts'
import { Mark } from './detect/adoption.ts'
import { Verdict } from './detect/rate-feedback.ts'
import { Silence } from './detect/silence.ts'
import { RosterEdit } from './handover.ts'
import { Evidence, Status } from './incident.ts'
import { CaptureChange, Place, Said } from './response.ts'
import { Severity } from './rules.ts'

/**
 * What may change who is paged, who owns what: a row of the in-tray. Closed union: one member and one schema per type; `by` is a person's
 * name in the configuration, already authorised at the border and looked up again by the desk.
 */
const by = z.string()
const incident = z.int()

/** A monitor or another system says that something began or ceased to fail. */
export const Signal = z.strictObject({
  type: z.literal('signal'),
  service: z.string(),
  /** Names what fails within the service; repeats of it are the same alert. */
  key: z.string(),
  status: z.enum(['firing', 'resolved']),
  severity: Severity,
  /** What fails, in a few words: the title of the incident that it opens. */
  headline: z.string(),
  /** The same with what was seen. */
  summary: z.string(),
  evidence: z.array(Evidence),
  monitor: z.string().nullable(),
  /** When the source saw it, UTC ms. */
  seenAt: z.number(),
  /** Monitors that it depends on and that fail at this moment, without being confirmed yet. */
  suspects: z.array(z.string()).optional(),
  /** Nothing fails: it was injected, by whom, for whom, and to prove that what was silenced is back. */
  drill: z
    .strictObject({
      by: z.string().nullable(),
      to: z.enum(['nobody', 'asker', 'duty']),
      silence: z.int().nullable(),
      /** What was made up, in words. */
      saw: z.string().nullable().default(null),
    })
    .optional(),
  /** About the watch itself: it joins no incident of the service, and what fails of the service is not one line more in its own. */
  apart: z.literal(true).optional(),
})
export type Signal = z.infer<typeof Signal>

/** A person says that something is wrong. */
export const Declare = z.strictObject({
  type: z.literal('declare'),
  by,
  title: z.string(),
  severity: Severity,
  service: z.string(),
  /** Only those who are in it may know of it. */
  private: z.boolean().optional(),
  /** The message that says so first. */
  said: Said.optional(),
})
export type Declare = z.infer<typeof Declare>

/** A person calls for another, for whoever has a watch, or for whoever answers for a service. */
export const Call = z.strictObject({
  type: z.literal('call'),
  by,
  target: z.strictObject({ kind: z.enum(['person', 'schedule', 'service']), name: z.string() }),
  text: z.string(),
})
export type Call = z.infer<typeof Call>

export const Act = z.strictObject({
  type: z.enum(['ack', 'escalate', 'resolve']),
  by,
  incident,
  /** Where escalation stood as far as they saw: whoever presses Escalate twice, or just after somebody else, means one step. */
  seen: z.string().optional(),
  /** From where, beside Slack. */
  via: Via.optional(),
})
export type Act = z.infer<typeof Act>

export const Note = z.strictObject({
  type: z.literal('note'),
  by,
  incident,
  text: z.string(),
  /** When it happened; left out: now. */
  happenedAt: z.number().optional(),
})
export type Note = z.infer<typeof Note>

export const SetSeverity = z.strictObject({ type: z.literal('set-severity'), by, incident, severity: Severity })
export type SetSeverity = z.infer<typeof SetSeverity>

/** How far they are; `resolved` is an act of its own. */
export const SetStatus = z.strictObject({
  type: z.literal('set-status'),
  by,
  incident,
  status: Status.exclude(['resolved']),
  text: z.string().nullable(),
})
export type SetStatus = z.infer<typeof SetStatus>

/** Somebody gets a role of the incident, from whoever has it; null: nobody has it any more. */
export const GiveRole = z.strictObject({
  type: z.literal('give-role'),
  by,
  incident,
  role: z.string(),
  person: z.string().nullable(),
})
export type GiveRole = z.infer<typeof GiveRole>

export const AddTask = z.strictObject({
  type: z.literal('add-task'),
  by,
  incident,
  text: z.string(),
  owner: z.string().nullable(),
  dueAt: z.number().nullable(),
})
export type AddTask = z.infer<typeof AddTask>

/** Changes of a task; what is left out stays. */
export const ChangeTask = z.strictObject({
  type: z.literal('change-task'),
  by,
  incident,
  task: z.int(),
  owner: z.string().nullable().optional(),
  dueAt: z.number().nullable().optional(),
  done: z.boolean().optional(),
})
export type ChangeTask = z.infer<typeof ChangeTask>

/** A word to everybody who waits. */
export const GiveUpdate = z.strictObject({ type: z.literal('give-update'), by, incident, text: z.string() })
export type GiveUpdate = z.infer<typeof GiveUpdate>

export const Link = z.strictObject({ type: z.literal('link'), by, incident, other: z.int() })
export type Link = z.infer<typeof Link>

/** One incident ends in another, which has its alerts from then on. */
export const Merge = z.strictObject({ type: z.literal('merge'), by, incident, into: z.int() })
export type Merge = z.infer<typeof Merge>

/** Alerts of a service, or those named, become an incident of their own. */
export const Split = z.strictObject({
  type: z.literal('split'),
  by,
  incident,
  what: z.union([z.strictObject({ service: z.string() }), z.strictObject({ keys: z.array(z.string()).min(1) })]),
})
export type Split = z.infer<typeof Split>

/** It was not over. */
export const Reopen = z.strictObject({ type: z.literal('reopen'), by, incident })
export type Reopen = z.infer<typeof Reopen>

/** What somebody said belongs on the timeline. */
export const Capture = z.strictObject({ type: z.literal('capture'), by, incident, said: Said })
export type Capture = z.infer<typeof Capture>

/** Something became of a message that may have been captured. */
export const CaptureChanged = z.strictObject({
  type: z.literal('capture-changed'),
  incident,
  message: Place,
  change: CaptureChange,
})
export type CaptureChanged = z.infer<typeof CaptureChanged>

/** *I have the watch*: whoever is coming on, or on duty, takes it from those before. */
export const Confirm = z.strictObject({ type: z.literal('confirm'), by, schedule: z.string() })
export type Confirm = z.infer<typeof Confirm>

/** Takes over an incident that somebody else has acknowledged. */
export const Accept = z.strictObject({ type: z.literal('accept'), by, incident })
export type Accept = z.infer<typeof Accept>

/** Whoever has an incident keeps it beyond the end of their watch, for so long. */
export const Keep = z.strictObject({ type: z.literal('keep'), by, incident, untilAt: z.number() })
export type Keep = z.infer<typeof Keep>

/** Whoever has an incident asks somebody to take it: by name, or whoever comes on duty or is on duty with them (null). */
export const HandOver = z.strictObject({ type: z.literal('hand-over'), by, incident, to: z.string().nullable() })
export type HandOver = z.infer<typeof HandOver>

/** Whoever has acknowledged gives it back: it is paged anew. */
export const Unack = z.strictObject({ type: z.literal('unack'), by, incident })
export type Unack = z.infer<typeof Unack>

/**
 * A change of the roster by hand: taking a watch, covering for somebody, a swap. With `offeredTo` it holds from when that person agrees.
 * What lies in the past of it is cut off: history is not rewritten.
 */
export const Override = z.strictObject({
  type: z.literal('override'),
  by,
  kind: RosterEdit.shape.kind,
  offeredTo: z.string().nullable(),
  pieces: RosterEdit.shape.pieces,
})
export type Override = z.infer<typeof Override>

/** The other answers an offer; whoever made it may take it back, and whoever made a change may end it. */
export const EditAnswer = z.strictObject({
  type: z.literal('edit-answer'),
  by,
  edit: z.int(),
  answer: z.enum(['agree', 'decline', 'cancel']),
})
export type EditAnswer = z.infer<typeof EditAnswer>

/** Nobody is to be paged for a monitor or a service, from an instant on (null: now), for a reason. */
export const Silenced = z.strictObject({
  type: z.literal('silence'),
  by,
  target: Silence.shape.target,
  reason: z.string(),
  fromAt: z.number().nullable(),
  untilAt: z.number(),
})
export type Silenced = z.infer<typeof Silenced>

export const ExtendSilence = z.strictObject({
  type: z.literal('silence-extend'),
  by,
  silence: z.int(),
  untilAt: z.number(),
})
export type ExtendSilence = z.infer<typeof ExtendSilence>

export const SilenceEnd = z.strictObject({ type: z.literal('silence-end'), by, silence: z.int() })
export type SilenceEnd = z.infer<typeof SilenceEnd>

/** A monitor is not to look for a while; somebody else has to approve it. */
export const Disable = z.strictObject({
  type: z.literal('disable'),
  by,
  monitor: z.string(),
  reason: z.string(),
  untilAt: z.number(),
})
export type Disable = z.infer<typeof Disable>

export const DisableApproval = z.strictObject({ type: z.literal('disable-approve'), by, silence: z.int() })
export type DisableApproval = z.infer<typeof DisableApproval>

/** Since the silence that covered it ended, a monitor has looked at its target, whatever it saw; or a fault injected into it has come through. */
export const Reported = z.strictObject({
  type: z.literal('reported'),
  silence: z.int(),
  monitor: z.string(),
  proof: z.enum(['sample', 'fault']).default('sample'),
})
export type Reported = z.infer<typeof Reported>

/** What somebody decides about a name of the ledger. */
const Choice = z.discriminatedUnion('what', [
  /** It is watched from now on. */
  z.strictObject({
    what: z.literal('adopt'),
    service: z.string(),
    monitors: Mark.shape.adopted.unwrap().shape.monitors,
  }),
  /** It is to be watched no more; nobody is the second person alone. */
  z.strictObject({ what: z.literal('drop'), reason: z.string() }),
  z.strictObject({ what: z.literal('drop-approve') }),
  /** It needs no probe. */
  z.strictObject({ what: z.literal('ignore'), reason: z.string() }),
  z.strictObject({ what: z.literal('heed') }),
  z.strictObject({ what: z.literal('own'), person: z.string() }),
])
export const Cover = z.strictObject({ type: z.literal('cover'), by, name: z.string(), choice: Choice })
export type Cover = z.infer<typeof Cover>

/** The out-tray could not and never can deliver a page. */
export const PageRefused = z.strictObject({
  type: z.literal('page-refused'),
  incident,
  page: z.string(),
  person: z.string(),
  reason: z.string(),
  /** The person cannot be reached at all, not only this once: remembered until a check says otherwise. */
  unreachable: z.boolean(),
})
export type PageRefused = z.infer<typeof PageRefused>

/** The incident's channel exists. */
export const ChannelOpened = z.strictObject({
  type: z.literal('channel-opened'),
  incident,
  channel: z.string(),
  name: z.string(),
  /** It was in the archive, and is back. */
  back: z.literal(true).optional(),
})
export type ChannelOpened = z.infer<typeof ChannelOpened>

/** A part of the incident's channel that Slack does not let us make. */
export const SHORT_STEPS = [
  'channel',
  'purpose',
  'topic',
  'pin',
  'bookmark',
  'invite',
  'canvas',
  'file',
  'archive',
] as const

/** It could not be done, and why (Slack's name of the error); the incident goes on without it. */
export const Shortfall = z.strictObject({
  type: z.literal('shortfall'),
  incident,
  step: z.enum(SHORT_STEPS),
  /** Whom or what it is about, where a step has several. */
  about: z.string().nullable(),
  reason: z.string(),
})
export type Shortfall = z.infer<typeof Shortfall>

/** The hourly check of the people's Slack accounts; `unreachable` is the reason, null when all is well. */
export const Checked = z.strictObject({
  type: z.literal('checked'),
  person: z.string(),
  unreachable: z.string().nullable(),
})
export type Checked = z.infer<typeof Checked>

const asked = {
  ...{ service: z.string(), environment: z.string(), version: z.string(), kind: Deploy.shape.kind },
  /** Of a fix: the open incident. */
  incident: incident.nullable(),
  /** What the watch of the service sees; null: that could not be found out, which denies. */
  sight: Sight.nullable(),
}

/** A person asks for a deploy, a rollback or a fix, which we start. */
export const DeployAsked = z.strictObject({ type: z.literal('deploy'), by, ...asked })
export type DeployAsked = z.infer<typeof DeployAsked>

/** CI, or GitHub for it, asks whether it may begin; or says that it has begun. */
export const DeployReported = z.strictObject({
  type: z.literal('deploy-report'),
  asker: z.string(),
  via: z.enum(['ci', 'github']),
  ref: z.string().nullable(),
  ...asked,
})
export type DeployReported = z.infer<typeof DeployReported>

/** How a rollout comes along, as CI says. */
export const DeployProgress = z.strictObject({
  type: z.literal('deploy-progress'),
  deploy: z.int(),
  what: z.enum(['start', 'step', 'finish', 'failure']),
  text: z.string().nullable(),
})
export type DeployProgress = z.infer<typeof DeployProgress>

/** What a person says about a deploy that is on record. */
export const DeployAct = z.strictObject({
  type: z.literal('deploy-act'),
  by,
  deploy: z.int(),
  act: z.enum([
    ...['override', 'break-glass', 'approve', 'tell'],
    ...['halt', 'resume', 'finish', 'hold', 'started', 'failed'],
  ] as const),
  reason: z.string().nullable(),
  /** For acts that ask the gate again. */
  sight: Sight.nullable(),
  /** Who has the role of overrides by a Slack user group, as it was read last: for acts that take the role, or that it hears of. */
  byGroup: z.array(z.string()).default([]),
})
export type DeployAct = z.infer<typeof DeployAct>

/** The monitors of a service say that its rollout does harm. */
export const DeployRegression = z.strictObject({
  type: z.literal('deploy-regression'),
  deploy: z.int(),
  why: z.string(),
  evidence: z.array(Evidence),
})
export type DeployRegression = z.infer<typeof DeployRegression>

/** A deployment was seen that may never have asked; or a change, which may be one. */
export const DeploySeen = z.strictObject({
  type: z.literal('deploy-seen'),
  service: z.string(),
  /** Null: nobody says where, nor that it is a deploy at all. */
  environment: z.string().nullable(),
  /** Null: nobody says. */
  version: z.string().nullable(),
  asker: z.string(),
  via: z.enum(['github', 'change']).default('github'),
  /** What it is, in the words of whoever reports it; null: they have none. */
  text: z.string().nullable().default(null),
  ref: z.string(),
  /** The deploy on record that it seems to be; null: none. */
  deploy: z.int().nullable().default(null),
})
export type DeploySeen = z.infer<typeof DeploySeen>

/** What came of calling the hook of a service. */
export const DeployHooked = z.strictObject({
  type: z.literal('deploy-hook'),
  deploy: z.int(),
  hook: z.enum(['start', 'halt']),
  outcome: z.enum(['done', 'failed', 'unknown']),
  detail: z.string(),
})
export type DeployHooked = z.infer<typeof DeployHooked>

/** What was denied is looked at again. */
export const DeployRecheck = z.strictObject({
  type: z.literal('deploy-recheck'),
  deploy: z.int(),
  sight: Sight.nullable(),
})
export type DeployRecheck = z.infer<typeof DeployRecheck>

/** A person freezes, or locks a service. */
export const DeployLock = z.strictObject({
  type: z.literal('deploy-lock'),
  by,
  kind: Lock.shape.kind,
  service: z.string().nullable(),
  environment: z.string().nullable(),
  reason: z.string(),
  fromAt: z.number().nullable(),
  untilAt: z.number(),
})
export type DeployLock = z.infer<typeof DeployLock>

export const DeployUnlock = z.strictObject({ type: z.literal('deploy-unlock'), by, lock: z.int() })
export type DeployUnlock = z.infer<typeof DeployUnlock>

/** Somebody asked for what they may not do. Nothing follows from it but that it is on record. */
export const Attempt = z.strictObject({
  type: z.literal('attempt'),
  /** Slack ids: whoever asked may be nobody of the configuration. */
  user: z.string(),
  team: z.string(),
  channel: z.string(),
  /** What was asked for: a command and its verb. */
  act: z.string(),
  reason: Denied,
})
export type Attempt = z.infer<typeof Attempt>

/** Whether an alarm of a rate was real, by somebody who has looked. */
export const Feedback = z.strictObject({
  type: z.literal('feedback'),
  by,
  monitor: z.string(),
  /** The incident that it opened or joined; null: it paged nobody. */
  incident: incident.nullable(),
  /** When it began. */
  alarmAt: z.number(),
  verdict: Verdict,
})
export type Feedback = z.infer<typeof Feedback>

/** What is known of an attempt to reach somebody beside Slack. */
export const Contacted = z.strictObject({
  type: z.literal('contacted'),
  incident,
  page: z.string(),
  person: z.string(),
  via: Via,
  what: Reached,
  /** In words, of whoever carries it; null: it says nothing. */
  detail: z.string().nullable(),
})
export type Contacted = z.infer<typeof Contacted>

export const Event = z.discriminatedUnion('type', [
  Signal,
  Declare,
  Call,
  Act,
  Note,
  SetSeverity,
  SetStatus,
  GiveRole,
  AddTask,
  ChangeTask,
  GiveUpdate,
  Link,
  Merge,
  Split,
  Reopen,
  Capture,
  CaptureChanged,
  Confirm,
  Accept,
  Keep,
  HandOver,
  Unack,
  Override,
  EditAnswer,
  Silenced,
  ExtendSilence,
  SilenceEnd,
  Disable,
  DisableApproval,
  Reported,
  Cover,
  PageRefused,
  ChannelOpened,
  Shortfall,
  Checked,
  Attempt,
  Feedback,
  DeployAsked,
  DeployReported,
  DeployProgress,
  DeployAct,
  DeployRegression,
  DeployHooked,
  DeployRecheck,
  DeployLock,
  DeployUnlock,
  DeploySeen,
  Contacted,
])
export type Event = z.infer<typeof Event>

/** An event with its row of the in-tray: judged at the instant at which it was stored. */
export interface Received {
  id: number
  at: number
  event: Event
}

/** Why an event changed nothing. `src/slack/words.ts` has the sentence for each. */
export const Refusal = z.discriminatedUnion('code', [
  z.strictObject({ code: z.literal('unknown-incident'), incident }),
  z.strictObject({
    code: z.literal('already-resolved'),
    incident,
    by: z.string().nullable(),
    at: z.number(),
  }),
  z.strictObject({ code: z.literal('all-paged'), incident }),
  z.strictObject({ code: z.literal('not-resolved'), incident }),
  /** It ended in that one. */
  z.strictObject({ code: z.literal('merged-before'), incident, into: z.int() }),
  /** Its service has another open one by now. */
  z.strictObject({ code: z.literal('another-open'), incident, other: z.int() }),
  z.strictObject({ code: z.literal('same-incident'), incident }),
  /** What is private never becomes part of what everybody sees, and the other way round. */
  z.strictObject({ code: z.literal('private-and-not'), incident, other: z.int() }),
  /** None of its alerts is meant, or all of them. */
  z.strictObject({ code: z.literal('nothing-to-split'), incident, alerts: z.array(z.string()) }),
  z.strictObject({ code: z.literal('unknown-role'), incident, role: z.string() }),
  z.strictObject({ code: z.literal('no-role-holder'), incident, role: z.string() }),
  z.strictObject({ code: z.literal('unknown-task'), incident, task: z.int() }),
  /** Nobody notes what has not happened yet. */
  z.strictObject({ code: z.literal('in-future'), at: z.number() }),
  z.strictObject({
    code: z.literal('too-many'),
    incident,
    what: z.enum(['tasks', 'messages', 'links']),
    most: z.int(),
  }),
  z.strictObject({ code: z.literal('escalated-before'), incident }),
  z.strictObject({ code: z.literal('unknown-person'), name: z.string() }),
  z.strictObject({ code: z.literal('unknown-target'), kind: z.string(), name: z.string() }),
  /** No change of this schedule is at hand: when the next window opens, null when none is in sight. */
  z.strictObject({ code: z.literal('no-handover'), schedule: z.string(), opensAt: z.number().nullable() }),
  /** Others come on, or are on duty. */
  z.strictObject({ code: z.literal('not-incoming'), schedule: z.string(), people: z.array(z.string()) }),
  z.strictObject({ code: z.literal('not-acked'), incident }),
  z.strictObject({ code: z.literal('not-owner'), incident, owner: z.string().nullable() }),
  /** A lease ends after now, and at most so late. */
  z.strictObject({ code: z.literal('bad-lease'), incident, latestAt: z.number() }),
  /** Nobody else is on duty, or about to be, who could be asked. */
  z.strictObject({ code: z.literal('nobody-to-ask'), incident }),
  /** Whoever would be asked has it, or cannot be reached by a message. */
  z.strictObject({ code: z.literal('cannot-be-asked'), incident, people: z.array(z.string()) }),
  z.strictObject({ code: z.literal('unknown-edit'), edit: z.int() }),
  /** It was answered, taken back or ended before, or it lies in the past by now. */
  z.strictObject({ code: z.literal('edit-over'), edit: z.int() }),
  z.strictObject({ code: z.literal('not-yours'), edit: z.int(), whose: z.string() }),
  /** A change of the roster that would cover no instant from now on. */
  z.strictObject({ code: z.literal('nothing-left') }),
  /** A silence ends after it begins, and lasts no longer than the configuration says. */
  z.strictObject({ code: z.literal('bad-silence'), fromAt: z.number(), latestAt: z.number() }),
  z.strictObject({ code: z.literal('unknown-silence'), silence: z.int() }),
  z.strictObject({ code: z.literal('silence-over'), silence: z.int() }),
  /** A name of a monitor of the adopted name is taken, by one that was adopted a moment before. */
  z.strictObject({ code: z.literal('adopted-before'), name: z.string() }),
  z.strictObject({ code: z.literal('not-adopted'), name: z.string() }),
  /** Nobody asks for it to be watched no more, or not any longer; or whoever approves has asked. */
  z.strictObject({ code: z.literal('not-dropping'), name: z.string() }),
  z.strictObject({ code: z.literal('own-drop'), name: z.string() }),
  z.strictObject({ code: z.literal('not-ignored'), name: z.string() }),
  /** It reports by itself, and nothing goes and looks. */
  z.strictObject({ code: z.literal('nothing-to-disable'), monitor: z.string() }),
  z.strictObject({ code: z.literal('disabled-before'), monitor: z.string(), silence: z.int() }),
  /** Nothing else would watch these meanwhile. */
  z.strictObject({ code: z.literal('left-unwatched'), monitor: z.string(), services: z.array(z.string()) }),
  /** Whoever asks to disable a monitor cannot be the second person too. */
  z.strictObject({ code: z.literal('own-disable'), silence: z.int() }),
  /** Longer takes a second person, as at the beginning. */
  z.strictObject({ code: z.literal('disable-not-extended'), monitor: z.string() }),
  /** What is said of alarms is heeded by the monitors of rates alone. */
  z.strictObject({ code: z.literal('no-rate'), monitor: z.string() }),
  z.strictObject({ code: z.literal('never-rang'), monitor: z.string(), incident }),
  z.strictObject({ code: z.literal('said-before'), monitor: z.string(), verdict: Verdict }),
  z.strictObject({ code: z.literal('failed'), reference: z.string() }),
  z.strictObject({ code: z.literal('unknown-deploy'), deploy: z.int() }),
  /** It is in a state in which that cannot be done. */
  z.strictObject({ code: z.literal('deploy-over'), deploy: z.int(), state: DeployState }),
  /** The configuration says nothing of how that is done. */
  z.strictObject({ code: z.literal('no-hook'), service: z.string(), hook: z.enum(['start', 'resume']) }),
  z.strictObject({
    code: z.literal('unknown-environment'),
    service: z.string(),
    environment: z.string(),
    known: z.array(z.string()),
  }),
  /** No open incident of the service. */
  z.strictObject({ code: z.literal('not-to-fix'), service: z.string(), incident: incident.nullable() }),
  z.strictObject({ code: z.literal('same-rollout'), deploy: z.int(), version: z.string() }),
  /** Another rollout is under way: nobody allows two. */
  z.strictObject({ code: z.literal('rolls-already'), deploy: z.int(), version: z.string() }),
  /** Whoever asks for an override, or for the deploy, cannot be the second person too. */
  z.strictObject({ code: z.literal('own-override'), deploy: z.int() }),
  /** They had the role when they pressed, and have it no more. */
  z.strictObject({ code: z.literal('lost-role'), role: z.string() }),
  z.strictObject({ code: z.literal('not-resumed'), deploy: z.int(), gate: Gate }),
  z.strictObject({ code: z.literal('bad-lock'), fromAt: z.number(), latestAt: z.number() }),
  z.strictObject({ code: z.literal('unknown-lock'), lock: z.int() }),
  z.strictObject({ code: z.literal('lock-over'), lock: z.int() }),
])
export type Refusal = z.infer<typeof Refusal>

/** What came of an event: the answer to whoever sent it. */
export const Outcome = z.discriminatedUnion('result', [
  z.strictObject({
    result: z.literal('done'),
    incident: incident.nullable(),
    /** What happened, where "done" alone would mislead. */
    how: z.enum([
      'opened',
      'joined',
      'acked',
      'responding',
      'stepped',
      'exhausted',
      'resolved',
      'noted',
      'confirmed',
      'accepted',
      'kept',
      'handed',
      'unacked',
      'overridden',
      'offered',
      'agreed',
      'declined',
      'cancelled',
      'silenced',
      'extended',
      'ended',
      'end-asked',
      'disable-asked',
      'disabled',
      'recorded',
      'covered',
      'severity-set',
      'status-set',
      'role-given',
      'role-taken',
      'task-added',
      'task-changed',
      'updated',
      'linked',
      'merged',
      'split',
      'reopened',
      'captured',
      'uncaptured',
      /** It is as they ask already. */
      'unchanged',
      'heeded',
      'deployed',
      'denied',
      'override-asked',
      'deploy-moved',
      'locked',
      'unlocked',
    ]),
    /** Whom the decision paged. */
    paged: z.array(z.string()),
    /** Likewise in shadow mode, where nobody is. */
    wouldPage: z.array(z.string()).optional(),
    /** Whom it asks to take the incident. */
    asked: z.array(z.string()).optional(),
    /** The number of a silence. */
    silence: z.int().optional(),
    /** The number of a change of the roster. */
    edit: z.int().optional(),
    /** The number of a task. */
    task: z.int().optional(),
    /** The other incident: linked, merged into, or split off. */
    other: z.int().optional(),
    /** The number of a deploy, or of a lock. */
    deploy: z.int().optional(),
    lock: z.int().optional(),
  }),
  z.strictObject({ result: z.literal('refused'), refusal: Refusal }),
])
export type Outcome = z.infer<typeof Outcome>
