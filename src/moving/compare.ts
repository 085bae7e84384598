import { dutyAt } from '../domain/duty/schedule.ts'
import type { Schedule } from '../domain/duty/schedule-types.ts'
import { type Rules, under } from '../domain/rules.ts'
import type { Draft } from './draft.ts'
import type { Written } from './write.ts'

/** A stretch in which the other pager has somebody else on duty than the imported schedule. */
interface Difference {
  schedule: string
  startAt: number
  endAt: number
  theirs: string[]
  ours: string[]
}

export interface Compared {
  schedule: string
  zone: string
  /** How many instants were looked at; within [fromAt, toAt). */
  looked: number
  fromAt: number
  toAt: number
  differences: Difference[]
}

/** Between two changes of theirs it is looked so often, so that a change of ours there is found. */
const EVERY_MS = 30 * 60_000
/** A year of half hours. */
const MOST = 20_000

/** Whom the export itself says to be on duty, against the schedule that was made of it: at each of their changes, and every half hour between. */
export function compare(draft: Draft, { names }: Written, rules: Pick<Rules, 'schedules'>): Compared[] {
  return draft.rendered.flatMap(({ schedule: id, spans, past }) => {
    const name = names.schedules.get(id)
    const schedule = name === undefined ? undefined : under(rules.schedules, name)
    if (!schedule || spans.length === 0) return []
    const theirs = spans.map(({ startAt, endAt, person }) => ({
      startAt,
      endAt,
      person: personOf(draft, names.people, person),
    }))
    return [compareOne(schedule, theirs, past)]
  })
}

function personOf({ people }: Draft, names: ReadonlyMap<string, string>, id: string): string {
  const byMail = people.find(({ email }) => email === id)?.id
  return names.get(byMail ?? id) ?? id
}

type Span = { startAt: number; endAt: number; person: string }

function compareOne(
  schedule: Schedule,
  theirs: readonly Span[],
  past: readonly Pick<Span, 'startAt' | 'endAt'>[],
): Compared {
  const fromAt = Math.min(...theirs.map(({ startAt }) => startAt))
  const toAt = Math.max(...theirs.map(({ endAt }) => endAt))
  const changes = theirs.flatMap(({ startAt, endAt }) => [startAt, endAt, endAt - 60_000])
  const steps = Array.from(
    { length: Math.min(MOST, Math.ceil((toAt - fromAt) / EVERY_MS)) },
    (_, n) => fromAt + n * EVERY_MS,
  )
  const instants = [...new Set([...changes, ...steps])]
    .filter((at) => at >= fromAt && at < toAt)
    .toSorted((a, b) => a - b)
  const differences: Difference[] = []
  instants.forEach((at, index) => {
    if (past.some((each) => each.startAt <= at && at < each.endAt)) return
    const endAt = instants[index + 1] ?? toAt
    const has = theirs.flatMap((each) => (each.startAt <= at && at < each.endAt ? each.person : []))
    const of = [...new Set(has)].toSorted()
    const ours = [...new Set(dutyAt(schedule, at))].toSorted()
    if (of.join() === ours.join()) return
    const last = differences.at(-1)
    if (last?.endAt === at && last.theirs.join() === of.join() && last.ours.join() === ours.join()) last.endAt = endAt
    else differences.push({ schedule: schedule.name, startAt: at, endAt, theirs: of, ours })
  })
  return { schedule: schedule.name, zone: schedule.zone, looked: instants.length, fromAt, toAt, differences }
}
