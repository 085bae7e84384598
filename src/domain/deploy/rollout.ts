import { type Book, note, openIncidentOf } from '../book.ts'
import type { DeployAct, DeployHooked, DeployProgress, DeployRegression, Outcome } from '../event.ts'
import { under } from '../rules.ts'
import { type Due, dueAt } from '../watch/escalation.ts'
import { policyOf, raise, refuse, startPaging } from '../watch/incident.ts'
import { APPROVAL_MS, approve, askOverride, haltable, judged, lapse, tellWhenOpen } from './ask.ts'
import { type Deploy, isActive, isWatched, stands } from './deploy.ts'
import { rosterOf } from './facts.ts'
import { alertKey, liftAfter, lockAfter, recover } from './lock.ts'
import { answered, asked, findDeploy, moved, onWatch, record } from './record.ts'
import { ANSWER_MS, blackouts, overrun } from './shift.ts'

/** What CI said nothing of for so many times its estimate is asked about. */
const OVERDUE = 2

/** What a person says about a deploy that is on record. */
export function actOnDeploy(book: Book, event: DeployAct, at: number): Outcome {
  const { act, by, deploy: id, reason } = event
  if (act === 'override' || act === 'break-glass') return askOverride(book, event, at)
  if (act === 'approve') return approve(book, event, at)
  if (act === 'tell') return tellWhenOpen(book, event, at)
  const found = findDeploy(book, id)
  if (!found) return refuse({ code: 'unknown-deploy', deploy: id })
  if (!isActive(found)) return refuse({ code: 'deploy-over', deploy: id, state: found.state })
  switch (act) {
    case 'halt':
      if (found.state === 'halted') return refuse({ code: 'deploy-over', deploy: id, state: 'halted' })
      halt(book, found, { by, why: reason ?? '', evidence: [] }, at)
      return answered('deploy-moved', id)
    case 'resume':
      return resume(book, found, event, at)
    case 'finish':
      return finish(book, found, by, at)
    case 'hold':
      if (found.state !== 'rolling') return refuse({ code: 'deploy-over', deploy: id, state: found.state })
      hold(book, found, by, at)
      return answered('deploy-moved', id)
    case 'started':
      if (found.state !== 'unsure') return refuse({ code: 'deploy-over', deploy: id, state: found.state })
      rolls(book, found, by, at)
      return answered('deploy-moved', id)
    case 'failed':
      record(book, 'failed', moved(found, 'failed', at, { endedAt: at }), at, { by })
      return answered('deploy-moved', id)
    default:
      return act satisfies never
  }
}

const rolls = (book: Book, deploy: Deploy, by: string | null, at: number) =>
  record(book, 'started', moved(deploy, 'rolling', at, { startedAt: deploy.startedAt ?? at }), at, { by })

/** In a blackout somebody says that it may finish; else that it has rolled out. */
function finish(book: Book, deploy: Deploy, by: string, at: number): Outcome {
  const { overrun, state } = deploy
  if (state !== 'rolling') return refuse({ code: 'deploy-over', deploy: deploy.id, state })
  if (overrun !== null && overrun.finishBy === null)
    record(book, 'let-finish', { ...deploy, overrun: { ...overrun, finishBy: by } }, at, { by })
  else bake(book, deploy, by, at)
  return answered('deploy-moved', deploy.id)
}

const bake = (book: Book, deploy: Deploy, by: string | null, at: number, detail?: string) =>
  record(book, 'rolled', moved(deploy, 'baking', at, { rolledAt: at }), at, {
    by,
    ...(detail !== undefined && { detail }),
  })

/** What was held may go on as soon as somebody of the watch takes it on; what was halted, when the gate has nothing against it but the halt. */
function resume(book: Book, deploy: Deploy, { by, sight }: DeployAct, at: number): Outcome {
  const { id, state, service, via } = deploy
  if (state !== 'held' && state !== 'halted') return refuse({ code: 'deploy-over', deploy: id, state })
  const hook = under(book.rules.services, service)?.deploy?.resume ?? null
  if (via === 'hook' && hook === null) return refuse({ code: 'no-hook', service, hook: 'resume' })
  if (state === 'halted') {
    const others = book.desk.locks.filter((lock) => lock.deploy !== id)
    const { gate } = judged({ ...book, desk: { ...book.desk, locks: others } }, deploy, sight, at)
    if (!gate.allow) return refuse({ code: 'not-resumed', deploy: id, gate })
    liftAfter(book, id, by, at)
  }
  const next = moved(deploy, via === 'hook' ? 'starting' : 'rolling', at, { stop: null, overrun: null })
  record(book, 'resumed', next, at, { by })
  return answered('deploy-moved', id)
}

interface Halt {
  by: string | null
  why: string
  evidence: DeployRegression['evidence']
}

/** It stops where it stands: its hook is told, its service is locked; and where no person did it, whoever is on duty is paged. */
function halt(book: Book, deploy: Deploy, { by, why, evidence }: Halt, at: number): void {
  const hook = haltable(book.rules, deploy) ? ('owed' as const) : ('none' as const)
  const halted = moved(deploy, 'halted', at, { stop: { by, why, evidence, at, hook } })
  const tell = asked(deploy).filter((who) => who !== by)
  if (by === null) page(book, halted, `${name(deploy)} was halted: ${why}`, at)
  record(book, 'halted', halted, at, { by, tell })
  lockAfter(book, deploy, by, `${name(deploy)} was halted: ${why}`, at)
}

export const name = ({ id, service, version }: Deploy) => `deploy ${id} of ${service} (${version})`

/** An incident of its own, or one more line of the one that is open. */
function page(book: Book, deploy: Deploy, headline: string, at: number): void {
  const { service, stop } = deploy
  const open = openIncidentOf(book, service)
  const policy = policyOf(book.rules, service)
  const what = { title: headline, severity: 'critical' as const, service, origin: 'alert' as const, by: null, policy }
  const incident = open?.id ?? raise(book, what, at)
  note(book, {
    ...{ type: 'detected', incident, at, service, key: alertKey(deploy), monitor: null, severity: 'critical' },
    ...{ headline, summary: headline, evidence: stop?.evidence ?? [], still: false, quietUntilAt: null, held: null },
  })
  if (!open) startPaging(book, incident, null, at)
}

/** Its monitors say that it does harm. */
export function regress(book: Book, { deploy: id, why, evidence }: DeployRegression, at: number): Outcome {
  const found = findDeploy(book, id)
  // It may have ended, or been halted by somebody else, a moment before.
  if (found && isWatched(found)) halt(book, found, { by: null, why, evidence }, at)
  return answered('deploy-moved', id)
}

/** What came of calling a hook. */
export function hooked(book: Book, { deploy: id, hook, outcome, detail }: DeployHooked, at: number): Outcome {
  const found = findDeploy(book, id)
  if (!found) return refuse({ code: 'unknown-deploy', deploy: id })
  if (hook === 'halt') {
    if (found.stop === null || found.stop.hook === 'none') return answered('deploy-moved', id)
    const done = outcome === 'done'
    const next = { ...found, stop: { ...found.stop, hook: done ? ('done' as const) : ('failed' as const) } }
    const tell = done ? [] : [...onWatch(book, found.service), ...asked(found)]
    record(book, done ? 'halt-done' : 'halt-failed', next, at, { tell, detail })
    return answered('deploy-moved', id)
  }
  // CI may have said more than the hook's answer since, and people too.
  if (found.state !== 'starting') return answered('deploy-moved', id)
  if (outcome === 'done') rolls(book, found, null, at)
  else if (outcome === 'failed')
    record(book, 'failed', moved(found, 'failed', at, { endedAt: at }), at, {
      detail,
      tell: askedOrWatch(book, found),
    })
  else
    record(book, 'unsure', moved(found, 'unsure', at, { startedAt: found.startedAt ?? at }), at, {
      detail,
      tell: [...asked(found), ...onWatch(book, found.service)],
    })
  return answered('deploy-moved', id)
}

/** What CI says of a rollout. What was stopped stays so, whatever it says: the answer tells it. */
export function progress(book: Book, { deploy: id, what, text }: DeployProgress, at: number): Outcome {
  const found = findDeploy(book, id)
  if (!found) return refuse({ code: 'unknown-deploy', deploy: id })
  if (!isActive(found)) return refuse({ code: 'deploy-over', deploy: id, state: found.state })
  const said = { ...found, step: { text: text ?? what, at } }
  const detail = text ?? what
  if (what === 'failure') {
    const tell = askedOrWatch(book, found)
    record(book, 'failed', moved(said, 'failed', at, { endedAt: at }), at, { detail, tell })
  } else if (found.state === 'halted' || found.state === 'held' || found.state === 'baking')
    record(book, 'step', said, at, { detail })
  else if (what === 'finish') bake(book, said, null, at, detail)
  else if (found.state === 'rolling') record(book, 'step', said, at, { detail })
  else record(book, 'started', moved(said, 'rolling', at, { startedAt: found.startedAt ?? at }), at, { detail })
  return answered('deploy-moved', id)
}

/** The first thing that time brings about for a deploy. */
export function nextDeploy(book: Book): Due | null {
  let first: Due | null = null
  for (const deploy of Object.values(book.desk.deploys))
    for (const due of duesOf(book, deploy)) if (!first || due.at < first.at) first = due
  return first
}

function duesOf(book: Book, deploy: Deploy): Due[] {
  const { state, sinceAt, override, rolledAt, estimateMs, bakeMs, step, overdue, overrun: met } = deploy
  if (state === 'asked') return [dueAt(override?.untilAt ?? sinceAt + APPROVAL_MS, (of, at) => lapse(of, deploy, at))]
  if (state === 'baking') return [dueAt((rolledAt ?? sinceAt) + bakeMs, (of, at) => end(of, deploy, at))]
  if (state !== 'rolling') return []
  const quiet = step === null && deploy.via === 'hook'
  return [
    // Whoever starts it reports nothing: it is taken to be out after its estimate.
    ...(quiet
      ? [
          dueAt(sinceAt + estimateMs, (of, at) =>
            bake(of, deploy, null, at, 'nothing was reported; taken as rolled out after its estimate'),
          ),
        ]
      : []),
    ...(!quiet && !overdue ? [dueAt(sinceAt + OVERDUE * estimateMs, (of, at) => late(of, deploy, at))] : []),
    ...(met === null ? meeting(book, deploy) : []),
    ...(met !== null && met.finishBy === null ? [dueAt(met.holdAt, (of, at) => hold(of, deploy, null, at))] : []),
  ]
}

/** Whoever asked for it; what CI asked for is the watch's. */
const askedOrWatch = (book: Book, deploy: Deploy): string[] =>
  deploy.by === null ? onWatch(book, deploy.service) : [deploy.by]

function late(book: Book, deploy: Deploy, at: number): void {
  record(book, 'overdue', { ...deploy, overdue: true }, at, {
    tell: [...asked(deploy), ...onWatch(book, deploy.service)],
  })
}

/** A blackout that begins while it rolls: whoever has the watch and whoever deploys are asked what becomes of it. */
function meeting(book: Book, deploy: Deploy): Due[] {
  const schedules = rosterOf(book, deploy.service)
  if (schedules === null) return []
  const { sinceAt } = deploy
  const shifts = { schedules, handovers: book.desk.handovers, times: book.rules.gate.shiftChange }
  const met = overrun({ startedAt: sinceAt, doneAt: null }, blackouts(shifts, sinceAt, sinceAt + MOST_MS))
  if (!met) return []
  return [
    dueAt(met.askAt, (of, at) =>
      record(of, 'overrun', { ...deploy, overrun: { askedAt: at, holdAt: at + ANSWER_MS, finishBy: null } }, at, {
        tell: [...asked(deploy), ...onWatch(of, deploy.service)],
      }),
    ),
  ]
}

/** No rollout that lasts longer is waited for: it is overdue long before. */
const MOST_MS = 24 * 3_600_000

/** At the next safe point, where there is a hook to say so; what cannot be held finishes, and everybody knows. */
function hold(book: Book, deploy: Deploy, by: string | null, at: number): void {
  const tell = [...asked(deploy), ...onWatch(book, deploy.service)].filter((who) => who !== by)
  const overrun = deploy.overrun ?? { askedAt: at, holdAt: at, finishBy: null }
  if (!haltable(book.rules, deploy) && deploy.via === 'hook') {
    record(book, 'not-holdable', { ...deploy, overrun: { ...overrun, finishBy: 'nobody' } }, at, { by, tell })
    return
  }
  const hook = deploy.via === 'hook' ? ('owed' as const) : ('none' as const)
  const why = by === null ? 'a blackout began, and nobody said that it may finish' : 'held in a blackout'
  const stop = { by, why, evidence: [], at, hook }
  record(book, 'held', moved(deploy, 'held', at, { stop, overrun }), at, { by, tell })
}

/** It was watched, and nothing went wrong. */
function end(book: Book, deploy: Deploy, at: number): void {
  record(book, 'done', moved(deploy, 'done', at, { endedAt: at }), at)
  if (deploy.kind === 'deploy') return
  // What was halted is out again. Its lock stays until somebody has looked.
  const { service, environment, kind, version } = deploy
  for (const lock of book.desk.locks)
    if (lock.deploy !== null && lock.service === service && lock.environment === environment && stands(lock, at))
      recover(book, { id: lock.deploy, service }, `the ${kind} to ${version} is out`, at)
}
