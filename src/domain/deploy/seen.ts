import { type Book, openIncidentOf } from '../book.ts'
import type { DeploySeen, Outcome } from '../event.ts'
import { under } from '../rules.ts'
import { policyOf, raise, refuse, startPaging } from '../watch/incident.ts'
import { type Deploy, isActive, isWatched } from './deploy.ts'
import { answered, onWatch, record } from './record.ts'
import { name } from './rollout.ts'
import { firstEnvironment, pacing } from './rules.ts'

/** What is seen so long after a deploy has ended was reported late, and is still that one. */
const LATE_MS = 15 * 60_000

type Seen = Pick<DeploySeen, 'environment' | 'version' | 'via'>

/**
 * Whether what was seen is a deploy that is on record. While that one rolls it is, whatever whoever reports it calls the version; of what was
 * stopped or is over only the same version is, and not for long.
 */
export function isSame(deploy: Deploy, { environment, version, via }: Seen, at: number): boolean {
  if (deploy.state === 'noted' || (environment !== null && deploy.environment !== environment)) return false
  if (isWatched(deploy)) return true
  const wasThere = isActive(deploy) || (deploy.startedAt !== null && at - (deploy.endedAt ?? at) <= LATE_MS)
  // GitHub says which commit it is; what we start has the name that people gave it.
  const cannotTell = version === null || (via === 'github' && deploy.via === 'hook')
  return wasThere && (cannotTell || alike(deploy.version, version))
}

/** A commit may be written shorter. */
const alike = (a: string, b: string) =>
  a === b || (Math.min(a.length, b.length) >= 7 && (a.startsWith(b) || b.startsWith(a)))

/** Shown where a version is. */
const AS_VERSION = 60

/**
 * Something was deployed, or changed, by somebody else. What is a deploy that is on record is that one. A deploy that went past the gate is on
 * record and an alarm: whoever is on duty is paged, or told where an incident is open. Of a change that may be a deploy they are told.
 */
export function seen(book: Book, event: DeploySeen, at: number): Outcome {
  const { service, environment, via } = event
  const known = under(book.rules.services, service)
  if (!known) return refuse({ code: 'unknown-target', kind: 'service', name: service })
  const same = Object.values(book.desk.deploys).find((each) => each.service === service && isSame(each, event, at))
  if (same) return answered('deploy-moved', same.id)
  // Who reports to GitHub is guarded by its own line of the configuration; whom nobody deploys by the gate, nobody guards.
  const isGuarded = via === 'github' || known.deploy !== null
  if (isGuarded && environment === null) return noted(book, event, onWatch(book, service), at)
  if (!isGuarded || !pacing(known.deploy).environments.includes(environment ?? '')) return noted(book, event, [], at)
  const deploy = seenAs(book, event, 'unasked', at)
  const open = openIncidentOf(book, service)
  if (open) {
    record(book, 'seen', deploy, at, { tell: onWatch(book, service) })
    return answered('deploy-moved', deploy.id)
  }
  const title = `${name(deploy)} to ${deploy.environment} went past the gate: ${event.asker} did not ask`
  const policy = policyOf(book.rules, service)
  const incident = raise(book, { title, severity: 'critical', service, origin: 'alert', by: null, policy }, at)
  record(book, 'seen', deploy, at)
  // It is no state that ends by itself: whoever has looked into it resolves it.
  startPaging(book, incident, null, at)
  return answered('deploy-moved', deploy.id)
}

function noted(book: Book, event: DeploySeen, tell: string[], at: number): Outcome {
  const change = record(book, 'noted', seenAs(book, event, 'noted', at), at, { tell })
  return answered('deploy-moved', change.id)
}

function seenAs(book: Book, event: DeploySeen, state: 'unasked' | 'noted', at: number): Deploy {
  const { service, environment, version, asker, via, ref, text } = event
  const said = text ?? ''
  return {
    ...{ id: book.desk.nextDeploy, service, kind: 'deploy', incident: null, by: null, asker, via, ref, state },
    environment: environment ?? firstEnvironment(under(book.rules.services, service)?.deploy),
    version: version ?? (said.length > AS_VERSION ? `${said.slice(0, AS_VERSION - 1).toWellFormed()}…` : said),
    ...{ estimateMs: 0, bakeMs: 0, askedAt: at, sinceAt: at, startedAt: at, rolledAt: null, endedAt: at },
    ...{ override: null, step: text === null ? null : { text, at }, poolTotal: null, stop: null, overrun: null },
    ...{ gate: { allow: false, reasons: [notAsked(at)], untilAt: null, nextAt: null }, overdue: false, tell: [] },
  }
}

const notAsked = (at: number) => ({
  reason: 'unknown' as const,
  what: 'whether it may: nobody asked',
  startAt: at,
  endAt: null,
})
