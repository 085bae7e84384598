import { begunIn, endedIn, type Joining, type Recorded } from './fact.ts'
import type { Incident } from './incident.ts'

/** What an incident is measured by, instants in UTC ms; null: it never came to that. */
export interface Milestones {
  /** The first failure that was seen, whoever noticed; for what people declare, when they did. */
  startedAt: number
  detectedAt: number
  pagedAt: number | null
  ackedAt: number | null
  /** Nothing failed any more. */
  mitigatedAt: number | null
  resolvedAt: number | null
}

export function milestonesOf(incident: Incident, facts: readonly Recorded[]): Milestones {
  const begun = facts.flatMap(begunIn)
  const detectedAt = Math.min(incident.openedAt, ...begun.map(({ at }) => at))
  const seen = begun.flatMap(({ evidence }) => evidence.flatMap(({ at }) => at ?? []))
  const first = (...types: Recorded['type'][]) =>
    facts.find((fact) => types.includes(fact.type) && !isShadow(fact))?.at ?? null
  return {
    startedAt: Math.min(detectedAt, ...seen),
    detectedAt,
    pagedAt: first('paged'),
    ackedAt: first('acked'),
    // What no monitor sees, people say.
    mitigatedAt:
      mitigatedAt(facts) ?? facts.findLast((fact) => fact.type === 'status' && fact.to === 'monitoring')?.at ?? null,
    resolvedAt: incident.resolvedAt,
  }
}

/** Nobody heard of it. */
const isShadow = (fact: Recorded) => fact.type === 'paged' && fact.page.shadow === true

/** When the last alert recovered, if none fires since. */
function mitigatedAt(facts: readonly Recorded[]): number | null {
  const firing = new Set<string>()
  let at: number | null = null
  const begins = (key: string) => {
    firing.add(key)
    at = null
  }
  const ends = (key: string, when: number) => {
    if (firing.delete(key) && firing.size === 0) at = when
  }
  for (const fact of facts) {
    for (const { key } of begunIn(fact)) begins(key)
    for (const { key, at: when } of endedIn(fact)) ends(key, when)
  }
  return at
}

/** What was measured: from the first failure on, but the acknowledgement, which counts from the first page. */
export const DURATIONS = ['detect', 'page', 'ack', 'mitigate', 'resolve'] as const
export type Durations = Record<(typeof DURATIONS)[number], number | null>

export function durationsOf({
  startedAt,
  detectedAt,
  pagedAt,
  ackedAt,
  mitigatedAt,
  resolvedAt,
}: Milestones): Durations {
  const since = (from: number | null, at: number | null) =>
    from === null || at === null ? null : Math.max(0, at - from)
  return {
    detect: since(startedAt, detectedAt),
    page: since(detectedAt, pagedAt),
    ack: since(pagedAt, ackedAt),
    mitigate: since(startedAt, mitigatedAt),
    resolve: since(startedAt, resolvedAt),
  }
}

/** Who had to do with it, by name, in the order in which they came to it: who was paged, and who did something. */
export function participantsOf(facts: readonly Recorded[]): { name: string; paged: boolean; acted: boolean }[] {
  const found = new Map<string, { name: string; paged: boolean; acted: boolean }>()
  const of = (name: string) => {
    const known = found.get(name) ?? { name, paged: false, acted: false }
    found.set(name, known)
    return known
  }
  for (const fact of facts) {
    if (fact.type === 'paged' && !isShadow(fact)) of(fact.page.person).paged = true
    if ('by' in fact && fact.by !== null) of(fact.by).acted = true
  }
  return [...found.values()]
}

/** When each monitor of an incident failed, for lanes of a picture; `toAt` null: it fails still. By what is said of it where no monitor did. */
export function lanesOf(facts: readonly Recorded[]): Map<string, { fromAt: number; toAt: number | null }[]> {
  const lanes = new Map<string, { fromAt: number; toAt: number | null }[]>()
  const named = new Map<string, string>()
  const begins = ({ key, monitor, at, evidence }: Joining) => {
    const lane = monitor ?? key
    named.set(key, lane)
    const spans = lanes.get(lane) ?? []
    lanes.set(lane, spans)
    if (spans.at(-1)?.toAt === null) return
    spans.push({ fromAt: Math.min(at, ...evidence.flatMap((each) => each.at ?? [])), toAt: null })
  }
  const ends = (key: string, at: number) => {
    const last = lanes.get(named.get(key) ?? key)?.at(-1)
    if (last && last.toAt === null) last.toAt = at
  }
  for (const fact of facts) {
    for (const each of begunIn(fact)) begins(each)
    for (const { key, at } of endedIn(fact)) ends(key, at)
  }
  return lanes
}
