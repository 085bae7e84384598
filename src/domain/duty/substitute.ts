import { applyOverrides, byPrecedence } from './override.ts'
import { type Segment, segments } from './schedule.ts'
import type { Override, Schedule } from './schedule-types.ts'
import { DAY_MS } from './time.ts'

/** A stretch [startAt, endAt). */
export interface Stretch {
  startAt: number
  endAt: number
}

/** Turns are looked at this far back and ahead, so that one which has begun is known from its start. */
const AROUND_MS = 35 * DAY_MS

/** The stretches in which a person is on duty and which meet [fromAt, toAt), each in full as far as it lies within 35 days of that. */
export function stints(schedule: Schedule, person: string, { startAt, endAt }: Stretch): Stretch[] {
  const found: Stretch[] = []
  for (const segment of segments(schedule, startAt - AROUND_MS, endAt + AROUND_MS)) {
    if (!segment.people.includes(person)) continue
    const last = found.at(-1)
    if (last?.endAt === segment.startAt) last.endAt = segment.endAt
    else found.push({ startAt: segment.startAt, endAt: segment.endAt })
  }
  return found.filter((stint) => stint.startAt < endAt && stint.endAt > startAt)
}

/** What both have in common; without length where they do not meet. */
export const common = (a: Stretch, b: Stretch): Stretch => ({
  startAt: Math.max(a.startAt, b.startAt),
  endAt: Math.min(a.endAt, b.endAt),
})

/**
 * The overrides by which one person stands another's duty in a stretch, and nothing more: whoever is not on duty is not replaced, so that no
 * coverage is added.
 *
 * Overrides are not transitive (rule 11): whoever is on duty because they replace another is replaced by naming that other. Their own name
 * stands there as well, so that the record says whom it concerns.
 */
export function replacing(schedule: Schedule, person: string, by: string, within: Stretch): Override[] {
  const found = stints(schedule, person, within).flatMap((stint) =>
    basis(schedule, common(stint, within)).flatMap(({ people, singles, ...stretch }) => [
      { mode: 'replace' as const, replaces: person, people: [by], ...stretch },
      ...people.flatMap((each): Override[] => {
        const stands = applyOverrides([each], singles)
        if (each === person || !stands.includes(person)) return []
        const instead = stands.map((one) => (one === person ? by : one))
        return [{ mode: 'replace', replaces: each, people: instead, ...stretch }]
      }),
    ]),
  )
  return merged(found)
}

/**
 * The overrides by which one person has the watch alone in a stretch, instead of whoever has it, or where nobody has. Those who lose it are
 * named, which changes nothing but what the record says. Whoever had given the stretch away is back first.
 */
export function taking(schedule: Schedule, person: string, within: Stretch): Override[] {
  const everybody = segments(schedule, within.startAt, within.endAt)
  const cuts = [within.startAt, ...everybody.flatMap(({ startAt, endAt }) => [startAt, endAt]), within.endAt]
  const instants = [...new Set(cuts)].sort((a, b) => a - b)
  const found = instants.slice(0, -1).flatMap((startAt, n): Override[] => {
    const stretch = { startAt, endAt: instants[n + 1] ?? within.endAt }
    const before = everybody.find((segment) => segment.startAt <= startAt && segment.endAt > startAt)?.people ?? []
    const others = before.filter((each) => each !== person)
    const take: Override = { mode: 'replaceAll', people: [person], ...stretch }
    return others.length === 0 ? [take] : others.map((replaces): Override => ({ ...take, replaces }))
  })
  const given = byPrecedence(schedule.overrides).some(
    (override) => concerns(override, person) && override.startAt < within.endAt && override.endAt > within.startAt,
  )
  const back: Override[] = given ? [{ mode: 'replace', replaces: person, people: [person], ...within }] : []
  return [...merged(found), ...back]
}

const concerns = ({ mode, replaces, people }: Override, person: string) =>
  (mode === 'replace' && replaces === person) || (mode === 'remove' && (replaces ?? people[0]) === person)

interface Basis extends Stretch {
  /** On duty before single people are replaced. */
  people: string[]
  /** The overrides that replace or remove single people, in order of precedence. */
  singles: Override[]
}

/** A stretch cut where anything changes that decides who stands for whom. */
function basis(schedule: Schedule, within: Stretch): Basis[] {
  const isWhole = ({ mode }: Override) => mode === 'replaceAll'
  const singles = byPrecedence(schedule.overrides).filter(({ mode }) => mode === 'replace' || mode === 'remove')
  const inside = (at: number) => at > within.startAt && at < within.endAt
  const edges = singles.flatMap(({ startAt, endAt }) => [startAt, endAt]).filter(inside)
  const base = segments({ ...schedule, overrides: schedule.overrides.filter(isWhole) }, within.startAt, within.endAt)
  return base.flatMap((segment) => {
    const cuts = [...edges.filter((at) => at > segment.startAt && at < segment.endAt), segment.endAt]
    const starts = [segment.startAt, ...cuts.slice(0, -1).sort((a, b) => a - b)]
    const ends = cuts.sort((a, b) => a - b)
    return starts.map((startAt, n) => ({
      startAt,
      endAt: ends[n] ?? segment.endAt,
      people: segment.people,
      singles: singles.filter((one) => one.startAt <= startAt && one.endAt > startAt),
    }))
  })
}

/** Overrides that say the same of stretches that touch, as one. */
function merged(overrides: readonly Override[]): Override[] {
  const found: Override[] = []
  for (const { startAt, endAt, ...what } of overrides) {
    const said = JSON.stringify([what.mode, what.replaces, what.people])
    const before = found.find(
      (each) => each.endAt === startAt && JSON.stringify([each.mode, each.replaces, each.people]) === said,
    )
    if (before) before.endAt = endAt
    else found.push({ ...what, startAt, endAt })
  }
  return found
}

/** A stretch in which a roster differs from what it was. */
export interface Difference extends Stretch {
  schedule: string
  outgoing: string[]
  incoming: string[]
}

/** Where two rosters of a schedule differ in a stretch, and by whom; in order of time. */
export function differences(before: Schedule, after: Schedule, within: Stretch): Difference[] {
  const [was, is] = [before, after].map((one) => segments(one, within.startAt, within.endAt)) as [Segment[], Segment[]]
  const edges = [...was, ...is].flatMap(({ startAt, endAt }) => [startAt, endAt])
  const cuts = [...new Set([within.startAt, ...edges, within.endAt])].sort((a, b) => a - b)
  const at = (all: Segment[], instant: number) =>
    all.find(({ startAt, endAt }) => startAt <= instant && endAt > instant)?.people ?? []
  const found: Difference[] = []
  for (const [n, startAt] of cuts.slice(0, -1).entries()) {
    const [old, now] = [at(was, startAt), at(is, startAt)]
    const outgoing = old.filter((each) => !now.includes(each))
    const incoming = now.filter((each) => !old.includes(each))
    if (outgoing.length + incoming.length === 0) continue
    const last = found.at(-1)
    const endAt = cuts[n + 1] ?? within.endAt
    const same = JSON.stringify([last?.outgoing, last?.incoming]) === JSON.stringify([outgoing, incoming])
    if (last && last.endAt === startAt && same) last.endAt = endAt
    else found.push({ schedule: before.name, outgoing, incoming, startAt, endAt })
  }
  return found
}
