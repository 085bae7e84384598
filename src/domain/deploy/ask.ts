import type { Book } from '../book.ts'
import { scheduleOf } from '../book.ts'
import { servicesAbove } from '../detect/depends.ts'
import { dutyAt } from '../duty/schedule.ts'
import type { DeployAct, DeployAsked, DeployRecheck, DeployReported, Outcome } from '../event.ts'
import { isOpen } from '../incident.ts'
import { type Rules, under } from '../rules.ts'
import { refuse } from '../watch/incident.ts'
import type { Deploy } from './deploy.ts'
import { activeOf, factsFor } from './facts.ts'
import { evaluateDeploy, type Gate } from './gate.ts'
import { answered, asked, basisOf, findDeploy, lastResort, moved, onWatch, record } from './record.ts'
import { pacing } from './rules.ts'
import type { Sight } from './sight.ts'

/** Whoever is asked to be the second person has this long. */
export const APPROVAL_MS = 15 * 60_000

type What = Pick<Deploy, 'service' | 'environment' | 'version' | 'kind' | 'incident' | 'by' | 'asker' | 'via' | 'ref'>

/** A person asks for a deploy, a rollback or a fix: it begins at once, or is denied with every reason. */
export function askDeploy(book: Book, event: DeployAsked, at: number): Outcome {
  const { by, sight } = event
  if (under(book.rules.services, event.service)?.deploy === null)
    return refuse({ code: 'no-hook', service: event.service, hook: 'start' })
  return begin(book, { ...event, asker: by, via: 'hook', ref: null }, sight, at)
}

/** CI asks, or GitHub does for it: what is allowed is theirs to start. */
export function reportDeploy(book: Book, event: DeployReported, at: number): Outcome {
  const { service, environment, via, ref } = event
  // A workflow that we started asks for its environment: that was allowed.
  const hook = under(book.rules.services, service)?.deploy?.start.kind
  const ours = activeOf(book.desk, service, environment).find((each) => each.via === 'hook' && each.state !== 'halted')
  if (via === 'github' && hook === 'github' && ours && ours.state !== 'held') {
    record(book, 'linked', { ...ours, ref }, at)
    return answered('deploy-moved', ours.id)
  }
  return begin(book, { ...event, by: null }, event.sight, at)
}

function begin(book: Book, what: What, sight: Sight | null, at: number): Outcome {
  const { service, environment, version, kind, incident, by, asker, via, ref } = what
  const known = under(book.rules.services, service)
  if (!known) return refuse({ code: 'unknown-target', kind: 'service', name: service })
  const { environments, estimateMs, bakeMs } = pacing(known.deploy)
  if (!environments.includes(environment))
    return refuse({ code: 'unknown-environment', service, environment, known: environments })
  if (kind === 'fix' && !canFix(book, service, incident)) return refuse({ code: 'not-to-fix', service, incident })
  const again = activeOf(book.desk, service, environment).find(
    (each) => each.version === version && each.kind === kind && each.state !== 'halted' && each.state !== 'held',
  )
  if (again) return refuse({ code: 'same-rollout', deploy: again.id, version })
  const { gate, basis } = judged(book, { id: null, service, environment, kind, estimateMs, bakeMs }, sight, at)
  const deploy: Deploy = {
    ...{ id: book.desk.nextDeploy, service, environment, version, kind, incident, by, asker, via, ref },
    ...{ estimateMs, bakeMs, state: 'denied', askedAt: at, sinceAt: at, startedAt: null, rolledAt: null },
    ...{ endedAt: null, gate, override: null, step: null, poolTotal: sight?.pool?.total ?? null, stop: null },
    ...{ overrun: null, overdue: false, tell: [] },
  }
  if (!gate.allow) {
    record(book, 'denied', deploy, at, { by, basis })
    return answered('denied', deploy.id)
  }
  start(book, deploy, by, at, { basis })
  return answered('deployed', deploy.id)
}

/** An incident of the service, or of what it depends on, that is open. */
function canFix(book: Book, service: string, id: number | null): boolean {
  const incident = id === null ? undefined : book.desk.incidents[id]
  if (!incident || !isOpen(incident) || incident.drill !== null) return false
  return incident.service === service || servicesAbove(book.rules, service).includes(incident.service ?? '')
}

/** It begins. A rollback and a fix take the place of what is under way: two never roll side by side. */
function start(book: Book, deploy: Deploy, by: string | null, at: number, more: Parameters<typeof record>[4]): void {
  for (const other of activeOf(book.desk, deploy.service, deploy.environment))
    if (other.id !== deploy.id) supersede(book, other, deploy, by, at)
  // CI starts by itself as soon as it hears that it may.
  const begun =
    deploy.via === 'ci' ? moved(deploy, 'rolling', at, { startedAt: at }) : moved(deploy, 'starting', at, {})
  record(book, 'allowed', begun, at, { by, ...more })
}

function supersede(book: Book, other: Deploy, next: Deploy, by: string | null, at: number): void {
  const rolls = other.state === 'starting' || other.state === 'unsure' || other.state === 'rolling'
  const hook = rolls && haltable(book.rules, other) ? ('owed' as const) : ('none' as const)
  const why = `${next.kind} to ${next.version}`
  const stop = other.stop ?? { by, why, evidence: [], at, hook }
  record(book, 'superseded', moved(other, 'superseded', at, { endedAt: at, stop }), at, { by })
}

/** Whether there is anybody to tell that it is to stop. */
export const haltable = ({ services }: Rules, { service, via }: Pick<Deploy, 'service' | 'via'>): boolean =>
  via === 'hook' && (under(services, service)?.deploy?.halt ?? null) !== null

/** What stands in the way of an override: two rollouts side by side are nobody's to allow. Null: nothing. */
function rollsAlready(gate: Gate): Outcome | null {
  const met = gate.allow ? undefined : gate.reasons.find(({ reason }) => reason === 'in-progress')
  return met?.reason === 'in-progress'
    ? refuse({ code: 'rolls-already', deploy: met.deploy, version: met.version })
    : null
}

/** What was denied is to begin all the same: a second person is asked; or the glass is broken. */
export function askOverride(
  book: Book,
  { by, deploy: id, reason, act, sight, byGroup }: DeployAct,
  at: number,
): Outcome {
  const found = findDeploy(book, id)
  if (!found) return refuse({ code: 'unknown-deploy', deploy: id })
  const open =
    found.state === 'denied' || found.state === 'lapsed' || (found.state === 'asked' && act === 'break-glass')
  if (!open) return refuse({ code: 'deploy-over', deploy: id, state: found.state })
  const { gate, basis } = judged(book, found, sight, at)
  const met = rollsAlready(gate)
  if (met) return met
  const glass = act === 'break-glass'
  const override = { by, reason: reason ?? '', askedAt: at, untilAt: at + APPROVAL_MS, approvedBy: null, glass }
  if (!glass) {
    record(book, 'override-asked', moved(found, 'asked', at, { gate, override }), at, { by, basis })
    return answered('override-asked', id)
  }
  const loud = [...onWatch(book, found.service), ...lastResort(book, found.service), ...holdersOf(book, byGroup, at)]
  const tell = [...new Set(loud)].filter((name) => name !== by)
  record(book, 'glass-broken', { ...found, gate, override }, at, { by, basis, tell })
  start(book, { ...found, gate, override }, by, at, { basis })
  return answered('deployed', id)
}

/** The second person. Everything is looked at once more: who they are, how long ago they were asked, and what the gate says now. */
export function approve(book: Book, { by, deploy: id, sight, byGroup }: DeployAct, at: number): Outcome {
  const found = findDeploy(book, id)
  if (!found) return refuse({ code: 'unknown-deploy', deploy: id })
  const { override } = found
  if (found.state !== 'asked' || override === null || override.untilAt <= at)
    return refuse({ code: 'deploy-over', deploy: id, state: found.state === 'asked' ? 'lapsed' : found.state })
  if (by === override.by || by === found.by) return refuse({ code: 'own-override', deploy: id })
  const role = book.rules.gate.overrideRole
  if (role !== null && !holdersOf(book, byGroup, at).includes(by)) return refuse({ code: 'lost-role', role })
  const { gate, basis } = judged(book, found, sight, at)
  const met = rollsAlready(gate)
  if (met) return met
  const approved = { ...found, gate, override: { ...override, approvedBy: by } }
  const tell = [override.by, ...asked(found)]
  record(book, 'approved', approved, at, { by, basis, tell })
  start(book, approved, by, at, { basis })
  return answered('deployed', id)
}

/** Whoever holds the role of overrides at an instant. */
function holdersOf({ rules, desk }: Book, byGroup: readonly string[], at: number): string[] {
  const role = under(rules.roles, rules.gate.overrideRole ?? '')
  if (!role) return []
  const onDuty = role.schedules.flatMap((name) => {
    const schedule = scheduleOf({ desk, rules }, name)
    return schedule ? dutyAt(schedule, at) : []
  })
  return [...role.people, ...onDuty, ...byGroup]
}

type Judged = Pick<Deploy, 'service' | 'environment' | 'kind' | 'estimateMs' | 'bakeMs'> & { id: number | null }

/** What the gate says of a deploy, and what it went by. */
export function judged(book: Book, deploy: Judged, sight: Sight | null, at: number) {
  const { id, service, environment, estimateMs, bakeMs, kind } = deploy
  const facts = factsFor(book, { service, environment, but: id }, sight, at)
  const gate = evaluateDeploy({ estimateMs, bakeMs, reason: kind === 'deploy' ? null : kind }, facts, at)
  return { gate, basis: basisOf(facts) }
}

/** Whoever was refused hears when it may begin. */
export function tellWhenOpen(book: Book, { by, deploy: id }: DeployAct, at: number): Outcome {
  const found = findDeploy(book, id)
  if (!found) return refuse({ code: 'unknown-deploy', deploy: id })
  if (found.state !== 'denied' && found.state !== 'lapsed')
    return refuse({ code: 'deploy-over', deploy: id, state: found.state })
  if (!found.tell.includes(by)) record(book, 'tell-asked', { ...found, tell: [...found.tell, by] }, at, { by })
  return answered('deploy-moved', id)
}

/** What was denied is looked at again: whoever wanted to know hears that it may begin, and what waits for our word has it. */
export function recheck(book: Book, { deploy: id, sight }: DeployRecheck, at: number): Outcome {
  const found = findDeploy(book, id)
  if (found?.state !== 'denied') return answered('deploy-moved', id)
  const { gate, basis } = judged(book, found, sight, at)
  if (!gate.allow) return answered('deploy-moved', id)
  const free = { ...found, gate, tell: [] }
  if (found.tell.length > 0) record(book, 'opens', free, at, { tell: found.tell, basis })
  if (found.via === 'github') start(book, free, null, at, { basis })
  return answered('deploy-moved', id)
}

/** Nobody came as the second person. */
export function lapse(book: Book, deploy: Deploy, at: number): void {
  const tell = [deploy.override?.by ?? '', deploy.by ?? '']
  record(book, 'lapsed', moved(deploy, 'lapsed', at), at, { tell })
}
