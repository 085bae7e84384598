import { serviceOf } from './detect/silence.ts'
import { HOUR_MS } from './duty/time.ts'
import {
  begunIn,
  type Captured,
  capturesOf,
  endedIn,
  happenedAt,
  type Recorded,
  type SilenceWhat,
  type TimelineKind,
  timelineKind,
} from './fact.ts'
import type { Handover } from './handover.ts'
import { alertId, type Evidence, type Incident } from './incident.ts'
import { type Rules, schedulesOf } from './rules.ts'

/** What happened, at its own instant: a reading of the record, made anew each time. What it says is said by `src/slack/words.ts`. */
export interface Entry {
  /** When it happened, UTC ms; not when it was put on record. */
  at: number
  kind: TimelineKind
  /** Who did it, by name; null: nobody, it came by itself. */
  by: string | null
  /** What was seen, as far as it is not in the sentence. */
  evidence: readonly Evidence[]
  fact: Recorded
  /** What somebody said, with all that became of it. */
  captured: Captured | null
}

/** What changed so long before an incident may well be its cause. */
export const BEFORE_MS = 6 * HOUR_MS

/** The time of an incident: from what was seen first until it was over (null: it is not). */
export function spanOf(
  { openedAt, resolvedAt }: Incident,
  facts: readonly Recorded[],
): [fromAt: number, toAt: number | null] {
  const seen = facts.flatMap((fact) => (timelineKind(fact) === null ? [] : happenedAt(fact)))
  return [Math.min(openedAt, ...seen), resolvedAt]
}

/**
 * The entries of an incident in the order in which things happened.
 *
 * @param facts those of the incident
 * @param around others of its time: what is about its service, its monitors or its watch comes in, all else is left out
 */
export function timeline(
  incident: Incident,
  facts: readonly Recorded[],
  around: readonly Recorded[],
  rules: Pick<Rules, 'services' | 'monitors'>,
): Entry[] {
  const [fromAt, toAt] = spanOf(incident, facts)
  const heldFor = heldForIt(incident, around)
  const others = around.filter(
    (fact) =>
      fact.at >= fromAt - beforeOf(fact) &&
      fact.at <= (toAt ?? fact.at) &&
      (concerns(fact, incident, rules) || heldFor(fact)),
  )
  const captures = new Map(capturesOf(facts).map((each) => [each.fact, each]))
  return (
    [...facts, ...others]
      .flatMap((fact) => entryOf(fact, captures) ?? [])
      // What was taken off again, or put there twice, is there no more.
      .filter(({ fact, captured }) => fact.type !== 'captured' || captured !== null)
      .sort((a, b) => a.at - b.at || a.fact.id - b.fact.id)
  )
}

function entryOf(fact: Recorded, captures: ReadonlyMap<number, Captured> = new Map()): Entry | null {
  const kind = timelineKind(fact) ?? kindAround(fact)
  if (kind === null) return null
  const captured = captures.get(fact.id) ?? null
  const by = captured ? captured.author : 'by' in fact ? fact.by : null
  return { at: happenedAt(fact), kind, by, evidence: evidenceOf(fact), fact, captured }
}

const evidenceOf = (fact: Recorded): readonly Evidence[] => begunIn(fact).flatMap(({ evidence }) => evidence)

/** Of silences, what changes who hears of a failure. */
const SILENCED = new Set<SilenceWhat>(['begun', 'extended', 'disabled', 'cancelled', 'ended', 'back', 'overdue'])
/** Of handovers, who has the watch in the end. */
const SETTLED = new Set<Handover['state']>(['relieved', 'relieved-early', 'forced', 'gap-open'])

/** What belongs to no incident, and may be told in the timeline of one all the same. */
function kindAround(fact: Recorded): TimelineKind | null {
  if (fact.type === 'silence') return SILENCED.has(fact.what) ? 'silence' : null
  if (fact.type === 'changed') return 'handover'
  if (fact.type === 'handover') return fact.what === 'settled' && SETTLED.has(fact.handover.state) ? 'handover' : null
  if (fact.type === 'edited') return fact.how === 'made' || fact.how === 'agreed' ? 'handover' : null
  return fact.type === 'watch-paged' ? 'paged' : null
}

/** A silence from hours before may be why nobody heard; who had the watch then matters no more. */
const beforeOf = ({ type }: Recorded) => (type === 'silence' || type === 'edited' ? BEFORE_MS : 0)

/** What was held back because something of this incident was down, and is well again, tells how far that reached. */
function heldForIt({ alerts }: Incident, around: readonly Recorded[]): (fact: Recorded) => boolean {
  const ours = new Set(alerts.flatMap(({ monitor }) => monitor ?? []))
  const of = (service: string, keys: readonly { key: string }[]) => keys.map(({ key }) => alertId(service, key))
  const begun = (fact: Recorded) => begunIn(fact).filter(({ held }) => held?.sure && ours.has(held.by))
  const held = new Set(around.flatMap((fact) => ('service' in fact ? of(fact.service ?? '', begun(fact)) : [])))
  return (fact) =>
    fact.incident === null &&
    'service' in fact &&
    (begun(fact).length > 0 || of(fact.service ?? '', endedIn(fact)).some((id) => held.has(id)))
}

function concerns(fact: Recorded, incident: Incident, rules: Pick<Rules, 'services' | 'monitors'>): boolean {
  const schedules = schedulesOf(incident.policy)
  switch (fact.type) {
    case 'silence':
      return incident.service !== null && serviceOf(fact.silence, rules) === incident.service
    case 'changed':
    case 'handover':
      return schedules.includes(fact.handover.schedule)
    case 'edited':
      return fact.edit.pieces.some(({ schedule }) => schedules.includes(schedule))
    case 'watch-paged':
      return fact.page.incidents.includes(incident.id)
    case 'detected':
    case 'joined':
    case 'recovered':
    case 'receded':
      return fact.incident === null && fact.service === incident.service
    default:
      return false
  }
}
