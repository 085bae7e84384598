import { changedLately } from './domain/deploy/deploy.ts'
import { servicesAbove } from './domain/detect/depends.ts'
import type { HeartbeatState } from './domain/detect/heartbeat.ts'
import { type Looked, missAudit, type Pings, type Verdict } from './domain/detect/miss.ts'
import { serviceOf } from './domain/detect/silence.ts'
import { HOUR_MS } from './domain/duty/time.ts'
import type { Recorded } from './domain/fact.ts'
import { type Incident, isOpen } from './domain/incident.ts'
import { type Durations, durationsOf, lanesOf, milestonesOf, participantsOf } from './domain/milestones.ts'
import type { Place } from './domain/response.ts'
import { heartbeatsOf, logsOf, type Rules, schedulesOf } from './domain/rules.ts'
import { type Change, suspected } from './domain/suspect.ts'
import { BEFORE_MS, type Entry, spanOf, timeline } from './domain/timeline.ts'
import { drawTimeline } from './picture.ts'
import { title } from './slack/blocks.ts'
import { deployLine } from './slack/deploy-words.ts'
import { asText, escapeMarkdown } from './slack/markdown.ts'
import { draftMarkdown, fixOf, liveLines } from './slack/postmortem.ts'
import { readEntries, sentenceOf, timelineMarkdown } from './slack/timeline.ts'
import { inc, type Voice } from './slack/words.ts'
import { latestDeploys } from './store/deploys.ts'
import { readHeartbeats } from './store/heartbeats.ts'
import { factsOf } from './store/incidents.ts'
import { readPlaces } from './store/locations.ts'
import { readLogs } from './store/logs.ts'
import { factsAround, looksOf, type Pinged, pingsIn, placesOfFacts, reloads, silencesIn } from './store/record.ts'
import { readStandings } from './store/standings.ts'
import type { Store } from './store/store.ts'

/** An incident with all that is told of it. */
export interface IncidentRecord {
  incident: Incident
  facts: readonly Recorded[]
  around: readonly Recorded[]
  entries: readonly Entry[]
  /** Where the message lies that told an entry, for a browser; null: nobody knows. */
  urlOf(entry: Entry): string | null
}

export async function readRecord(
  { pool }: Pick<Store, 'pool'>,
  rules: Rules,
  incident: Incident,
  now: number,
): Promise<IncidentRecord> {
  const facts = await factsOf(pool, incident.id)
  const [fromAt, toAt] = spanOf(incident, facts)
  const around = await factsAround(pool, fromAt - BEFORE_MS, toAt ?? now)
  const entries = timeline(incident, facts, around, rules)
  const ids = entries.map(({ fact }) => fact.id)
  const { places, url } = await placesOfFacts(pool, incident.id, ids)
  placeBursts(facts, places)
  return {
    ...{ incident, facts, around, entries },
    urlOf({ fact, captured }) {
      if (captured !== null) return captured.permalink
      const place = places.get(fact.id)
      if (!place || url === null) return null
      return `${url.replace(/\/$/, '')}/archives/${place.channel}/p${place.ts.replace('.', '')}`
    },
  }
}

/** What came and went in a burst stands in the message of the first of it. */
function placeBursts(facts: readonly Recorded[], places: Map<number, Place>): void {
  let burst: Place | undefined
  for (const { id, type } of facts) {
    if (type === 'detected' || type === 'recovered') burst = undefined
    if (type !== 'joined' && type !== 'receded') continue
    burst = places.get(id) ?? burst
    if (burst) places.set(id, burst)
  }
}

const iso = (at: number | null) => (at === null ? null : new Date(at).toISOString())

/** An incident for programs: stable names, instants as ISO 8601, durations in ms. */
export function incidentJson(incident: Incident) {
  const { id, title, severity, service, state, status, origin, by, ackedBy, responders, channel } = incident
  return {
    ...{ id: inc(id), number: id, title, severity, service, state, status, origin, openedBy: by },
    ...{ openedAt: iso(incident.openedAt), ackedAt: iso(incident.ackedAt), resolvedAt: iso(incident.resolvedAt) },
    ...{ owner: isOpen(incident) && state !== 'acked' ? null : ackedBy, responders, resolvedBy: incident.resolvedBy },
    channel,
    private: incident.private,
    roles: incident.roles,
    tasks: incident.tasks.map(taskJson),
    links: incident.links.map(inc),
    mergedInto: incident.mergedInto === null ? null : inc(incident.mergedInto),
    alerts: { named: incident.alerts.map(alertJson), joined: incident.joined, firing: incident.firing },
  }
}

const taskJson = ({ id, text, owner, dueAt, doneAt, doneBy }: Incident['tasks'][number]) => ({
  ...{ id, text, owner, dueAt: iso(dueAt), doneAt: iso(doneAt), doneBy },
})

const alertJson = ({ key, monitor, severity, summary, firstAt, recoveredAt }: Incident['alerts'][number]) => ({
  ...{ key, monitor, severity, summary, firstAt: iso(firstAt), recoveredAt: iso(recoveredAt) },
})

/** Likewise with what it is measured by, and who had to do with it. */
export function wholeJson({ incident, facts }: Pick<IncidentRecord, 'incident' | 'facts'>) {
  const milestones = milestonesOf(incident, facts)
  const durations: Durations = durationsOf(milestones)
  return {
    ...incidentJson(incident),
    milestones: Object.fromEntries(Object.entries(milestones).map(([name, at]) => [name, iso(at)])),
    durationsMs: durations,
    participants: participantsOf(facts),
    pages: incident.pages.map(({ person, at, why, refused }) => ({ person, at: iso(at), why: why.kind, refused })),
  }
}

export const timelineJson = (voice: Voice, { incident, entries, urlOf }: IncidentRecord) => ({
  incident: inc(incident.id),
  zone: voice.rules.zone,
  entries: readEntries(voice, entries, urlOf),
})

/** The timeline as a document of its own. */
export function timelineDocument(voice: Voice, { incident, entries, urlOf }: IncidentRecord): string {
  const head = [`# Timeline of ${inc(incident.id)}: ${escapeMarkdown(incident.title)}`, '']
  return `${[...head, `All times are of ${voice.rules.zone}.`, ...timelineMarkdown(voice, entries, urlOf, { heading: '##' })].join('\n')}\n`
}

/** How an incident stands, and its timeline so far: the canvas of its channel while it is open. `most`: characters that are shown of it. */
export function liveDocument(voice: Voice, { incident, entries, urlOf }: IncidentRecord, most: number): string {
  return `${[...liveLines(voice, incident), '', '## Timeline', '', `All times are of ${voice.rules.zone}.`, ...timelineMarkdown(voice, entries, urlOf, { most })].join('\n')}\n`
}

/** The incident on one axis of time, as SVG ({@link drawTimeline}). */
export const picture = (voice: Voice, { incident, facts }: IncidentRecord, by: 'text' | 'strokes' = 'text'): string =>
  drawTimeline(
    {
      title: title(incident),
      zone: voice.rules.zone,
      milestones: milestonesOf(incident, facts),
      lanes: lanesOf(facts),
      now: voice.now,
    },
    by,
  )

/** Of each service so many of the latest are looked at. */
const MOST_DEPLOYS = 20

/** What changed in the hours before an incident, the latest first, with the likeliest cause marked. */
async function changesBefore(
  { pool }: Pick<Store, 'pool'>,
  voice: Voice,
  { incident, facts, around }: IncidentRecord,
): Promise<Change[]> {
  const { startedAt } = milestonesOf(incident, facts)
  const schedules = schedulesOf(incident.policy)
  const told = around.flatMap((fact): Omit<Change, 'suspect'>[] => {
    const isOurs =
      fact.type === 'silence'
        ? (fact.what === 'begun' || fact.what === 'disabled') &&
          serviceOf(fact.silence, voice.rules) === incident.service
        : fact.type === 'edited' && fact.edit.pieces.some(({ schedule }) => schedules.includes(schedule))
    const what = isOurs ? sentenceOf(voice, { fact, captured: null }) : null
    return what === null ? [] : [{ at: fact.at, kind: fact.type === 'silence' ? 'silence' : 'roster', what }]
  })
  const reloaded = await reloads(pool, startedAt - BEFORE_MS, startedAt)
  const configurations = reloaded.map((at) => ({
    ...{ at, kind: 'configuration' as const, what: 'another configuration of Watchbill became the active one.' },
  }))
  const { service } = incident
  const near = service === null ? [] : [service, ...servicesAbove(voice.rules, service)]
  const latest = await Promise.all(near.map((each) => latestDeploys(pool, each, MOST_DEPLOYS)))
  const deploys = changedLately(latest.flat(), null, startedAt, BEFORE_MS / HOUR_MS).map((each) => ({
    ...{ at: each.startedAt ?? startedAt, kind: 'deploy' as const, what: deployLine(voice, each) },
  }))
  return suspected([...told, ...configurations, ...deploys], startedAt)
}

/** Of every monitor of the incident's service, whether it fired, and why not. */
export async function auditOf(
  { pool }: Pick<Store, 'pool'>,
  rules: Rules,
  { incident, facts, around }: IncidentRecord,
  now: number,
): Promise<Verdict[]> {
  const { service } = incident
  if (service === null) return []
  const { startedAt, mitigatedAt, resolvedAt } = milestonesOf(incident, facts)
  const span = { fromAt: startedAt, toAt: mitigatedAt ?? resolvedAt ?? now }
  // What failed of others with it is part of it.
  const services = new Set([service, ...incident.alerts.flatMap((each) => each.service ?? [])])
  const monitors = Object.fromEntries(Object.entries(rules.monitors).filter(([, each]) => services.has(each.service)))
  const beats = namesOf(heartbeatsOf({ monitors }))
  const [standings, looks, silences, logs, heartbeats, pings, places] = await Promise.all([
    readStandings(pool, { monitors }),
    looksOf(pool, Object.keys(monitors), span.fromAt, span.toAt),
    silencesIn(pool, span.fromAt, span.toAt),
    readLogs(pool, namesOf(logsOf({ monitors }))),
    readHeartbeats(pool, beats),
    pingsIn(pool, beats, span.fromAt, span.toAt),
    readPlaces(pool),
  ])
  const blind = [...places.values()].flatMap(({ name, blindness }) =>
    blindness === null ? [] : [{ place: name, fromAt: blindness.sinceAt, toAt: blindness.regainedAt }],
  )
  const looked = standings.map(({ monitor, lastAt, learnsUntilAt }): Looked => {
    const { name } = monitor
    const counted = looks.get(name)
    const reading = logs.get(name)?.state.reading
    return {
      ...{ monitor, lastAt, learnsUntilAt, failures: counted?.failures ?? 0 },
      looks: counted?.looks ?? (isCounted(monitor, span, now) ? 0 : null),
      unread: reading?.status === 'down' ? reading : null,
      pings: pingsOf(heartbeats.get(name)?.state, pings.get(name)),
      blind,
    }
  })
  const all = [...facts, ...around.filter((fact) => fact.at <= span.toAt)]
  return missAudit({ rules, facts: all, silences, looked, span })
}

const namesOf = (monitors: readonly { name: string }[]) => monitors.map(({ name }) => name)

/** What a heartbeat had heard by the end of an incident; null: nobody knows any more. */
function pingsOf(state: HeartbeatState | undefined, kept: Pinged | undefined): Pings | null {
  if (!state) return null
  const { createdAt, excuse, lastPingAt, lastSuccessAt } = state
  const deaf = excuse === null ? null : { fromAt: excuse.deafAt, toAt: excuse.backAt }
  if (kept && kept.lastAt !== null) return { createdAt, deaf, ...kept }
  // What is kept came later: earlier ones may have made room for it.
  return lastPingAt === null ? { createdAt, deaf, lastAt: null, lastSuccessAt, count: 0 } : null
}

/** Looks are kept for a month, and lines of logs counted for two days; what reports by itself makes none, and a short incident may lie between two. */
const isCounted = (
  monitor: Rules['monitors'][string],
  { fromAt, toAt }: { fromAt: number; toAt: number },
  now: number,
) =>
  now - fromAt < COUNTED_MS && (monitor.kind === 'log' || ('everyMs' in monitor && toAt - fromAt > 2 * monitor.everyMs))

const COUNTED_MS = 36 * 3_600_000

/** What a post-mortem looks into: what changed before, and what did not see it. */
const findings = (store: Pick<Store, 'pool'>, voice: Voice, record: IncidentRecord) =>
  Promise.all([changesBefore(store, voice, record), auditOf(store, voice.rules, record, voice.now)])

/** The draft of a post-mortem, as Markdown. */
export async function postmortem(store: Pick<Store, 'pool'>, voice: Voice, record: IncidentRecord): Promise<string> {
  const { incident, facts, entries, urlOf } = record
  const milestones = milestonesOf(incident, facts)
  const [changes, audit] = await findings(store, voice, record)
  return draftMarkdown(voice, {
    ...{ incident, entries, urlOf, milestones, changes, audit },
    participants: participantsOf(facts),
  })
}

/** Likewise for programs. */
export async function postmortemJson(store: Pick<Store, 'pool'>, voice: Voice, record: IncidentRecord) {
  const [changes, audit] = await findings(store, voice, record)
  return {
    ...wholeJson(record),
    changes: changes.map(({ at, kind, what, suspect }) => ({
      ...{ at: iso(at), kind, what: asText(what, { rules: voice.rules, at }) },
      suspect: suspect === null ? null : asText(suspect, { rules: voice.rules, at }),
    })),
    missAudit: audit.map((verdict) => ({ monitor: verdict.monitor, verdict: verdict.what, fix: fixOf(verdict) })),
    timeline: timelineJson(voice, record).entries,
  }
}
