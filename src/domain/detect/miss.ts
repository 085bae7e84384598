import type { Recorded } from '../fact.ts'
import { begunIn } from '../fact.ts'
import type { Heartbeat, Monitor, Rules } from '../rules.ts'
import { expectedAt, type HeartbeatState } from './heartbeat.ts'
import { covers, type Silence } from './silence.ts'
import { STALE_MARK } from './stale.ts'

/**
 * The miss audit: of every monitor that covers a service, whether it fired in an incident, and if not, why not. In 2018 three monitors could
 * each have caught it: one watched other domains, one had been out for weeks, one read another log.
 */
export type Verdict =
  | { monitor: string; what: 'fired'; at: number }
  /** It saw it, and was not heard: since when it had no voice. */
  | { monitor: string; what: 'silenced'; silence: Silence; at: number | null }
  | { monitor: string; what: 'disabled'; silence: Silence }
  | { monitor: string; what: 'held'; by: string; at: number }
  /** Nobody looked after it: that was noticed at an instant. */
  | { monitor: string; what: 'unwatched'; at: number }
  /** It has nothing to see: its source or its log cannot be read (why), or its sender is silent; since when, as far as that is known. */
  | { monitor: string; what: 'no-data'; lastAt: number | null; why: string | null }
  /** None of its locations saw anything at all, from when until when (null: still): what it saw fail was held back. */
  | { monitor: string; what: 'blind'; fromAt: number; toAt: number | null; places: readonly string[] }
  | { monitor: string; what: 'learning'; untilAt: number }
  /** It saw failures (of lines, those that match), and not as many as it takes. */
  | { monitor: string; what: 'threshold'; failures: number; looks: number; takes: Takes | null }
  /** What it watches was well all the time. */
  | { monitor: string; what: 'scope'; looks: number | null }
  /** Nothing was written where it reads. */
  | { monitor: string; what: 'no-lines' }
  /** Lines came, and none that it looks for. */
  | { monitor: string; what: 'no-match'; lines: number; patterns: number }
  /** What was to report never has, since it was first expected. */
  | { monitor: string; what: 'never-pinged'; sinceAt: number }
  /** It reported in time. */
  | { monitor: string; what: 'in-time'; pings: number; lastAt: number }
  /** It had no need to report in that time: it would have been missed from then on. */
  | { monitor: string; what: 'not-due'; lastAt: number; dueAt: number }
  /** Nobody could hear it. */
  | { monitor: string; what: 'deaf'; fromAt: number; toAt: number }
  /** Its kind is not watched yet by this version. */
  | { monitor: string; what: 'not-built' }

/** So many, in a row (null) or within so long. */
interface Takes {
  count: number
  withinMs: number | null
}

/** What a monitor saw in the time of an incident. Counts are null where nobody keeps them that long. */
export interface Looked {
  monitor: Monitor
  /** Of a log: the lines that it may count, and those that it did. */
  looks: number | null
  failures: number
  lastAt: number | null
  learnsUntilAt: number | null
  /** Of a log that is not being read: why, and since when. */
  unread?: { why: string | null; sinceAt: number } | null
  /** Of a heartbeat; null: nothing is known of it. */
  pings?: Pings | null
  /** Of a probe: when its locations were blind last, those that have been. */
  blind?: readonly BlindPlace[]
}

/** A location that was blind; `toAt` null: it is so still. */
interface BlindPlace {
  place: string
  fromAt: number
  toAt: number | null
}

/** What a heartbeat heard; instants as they were at the end of the incident. */
export interface Pings extends Pick<HeartbeatState, 'createdAt' | 'lastSuccessAt'> {
  lastAt: number | null
  /** How many came while it lasted. */
  count: number
  /** When we could not hear. */
  deaf: { fromAt: number; toAt: number } | null
}

interface Asked {
  rules: Pick<Rules, 'notWatchedYet'>
  /** Of the incident, and of its time. */
  facts: readonly Recorded[]
  /** Those that held at some instant of that time. */
  silences: readonly Silence[]
  looked: readonly Looked[]
  span: { fromAt: number; toAt: number }
}

export function missAudit(asked: Asked): Verdict[] {
  return [
    ...asked.looked.map((looked) => verdict(looked, asked)),
    ...asked.rules.notWatchedYet.map((monitor): Verdict => ({ monitor, what: 'not-built' })),
  ]
}

function verdict(looked: Looked, asked: Asked): Verdict {
  const { name, service } = looked.monitor
  const monitor = name
  const said = asked.facts.flatMap(begunIn).filter((alert) => alert.monitor === name)
  const own = said.filter(({ key }) => key === name || key === `${name}/too-often`)
  const loud = own.find(({ quietUntilAt, held }) => quietUntilAt === null && held === null)
  if (loud) return { monitor, what: 'fired', at: loud.at }
  const over = asked.silences.filter((silence) => covers(silence, service, name))
  const disabled = over.find(({ mode }) => mode === 'disable')
  if (disabled) return { monitor, what: 'disabled', silence: disabled }
  const held = own.find((alert) => alert.held !== null)
  if (held?.held) return { monitor, what: 'held', by: held.held.by, at: held.at }
  const [silenced] = over
  if (silenced) return { monitor, what: 'silenced', silence: silenced, at: own[0]?.at ?? null }
  const unwatched = said.find(({ key }) => key.endsWith(STALE_MARK) || key.endsWith(': return'))
  if (unwatched) return { monitor, what: 'unwatched', at: unwatched.at }
  const unread = said.find(({ key }) => key === `${name} (source)` || key === `${name} (reading)`)
  if (unread) return { monitor, what: 'no-data', lastAt: looked.lastAt, why: unread.summary || null }
  return seen(looked, asked)
}

/** Nobody was in its way: what it had to go by. */
function seen(looked: Looked, { span }: Asked): Verdict {
  const { monitor: spec, looks, failures, lastAt, learnsUntilAt } = looked
  const monitor = spec.name
  if (spec.kind === 'heartbeat') return heard(spec, looked.pings ?? null, span)
  if (looked.unread && looked.unread.sinceAt <= span.toAt)
    return { monitor, what: 'no-data', lastAt, why: looked.unread.why }
  const blind = blindIn(looked, span)
  if (blind) return { monitor, what: 'blind', ...blind }
  if (spec.kind !== 'log' && looks === 0) return { monitor, what: 'no-data', lastAt, why: null }
  if (spec.kind === 'log' && lastAt === null) return { monitor, what: 'no-data', lastAt, why: null }
  if (learnsUntilAt !== null && learnsUntilAt > span.fromAt)
    return { monitor, what: 'learning', untilAt: learnsUntilAt }
  if (failures > 0) return { monitor, what: 'threshold', failures, looks: looks ?? failures, takes: takesOf(spec) }
  if (spec.kind !== 'log' || looks === null) return { monitor, what: 'scope', looks }
  return looks === 0
    ? { monitor, what: 'no-lines' }
    : { monitor, what: 'no-match', lines: looks, patterns: spec.match.length }
}

/** When all its locations were blind at once, in a time. */
function blindIn({ monitor, blind = [] }: Looked, { fromAt, toAt }: Asked['span']) {
  if (!('locations' in monitor)) return null
  const of = blind.filter(({ place }) => monitor.locations.includes(place))
  if (of.length < monitor.locations.length) return null
  const from = Math.max(...of.map((each) => each.fromAt))
  const to = Math.min(...of.map((each) => each.toAt ?? Number.POSITIVE_INFINITY))
  if (from >= to || from > toAt || to < fromAt) return null
  return { fromAt: from, toAt: Number.isFinite(to) ? to : null, places: of.map(({ place }) => place) }
}

function takesOf(spec: Monitor): Takes | null {
  if (spec.kind !== 'log') return 'failAfter' in spec ? { count: spec.failAfter, withinMs: null } : null
  const [least] = spec.match.toSorted((a, b) => a.count - b.count)
  return least ? { count: least.count, withinMs: least.withinMs } : null
}

/** A heartbeat is not asked: it is missed when its time is over. */
function heard(spec: Heartbeat, pings: Pings | null, { fromAt, toAt }: Asked['span']): Verdict {
  const monitor = spec.name
  if (pings === null) return { monitor, what: 'no-data', lastAt: null, why: null }
  const { lastAt, createdAt, count, deaf } = pings
  if (lastAt === null) return { monitor, what: 'never-pinged', sinceAt: createdAt }
  if (deaf && deaf.fromAt <= toAt && deaf.toAt >= fromAt) return { monitor, what: 'deaf', ...deaf }
  if (count > 0) return { monitor, what: 'in-time', pings: count, lastAt }
  return { monitor, what: 'not-due', lastAt, dueAt: expectedAt(pings, spec) + spec.graceMs }
}
