import type { Rules } from '../rules.ts'
import { segments } from './schedule.ts'

/** A stretch [startAt, endAt) in which a page by a schedule would not do what its policy means. */
export interface Problem {
  kind: 'gap' | 'clash' | 'unreachable'
  schedule: string
  people: string[]
  startAt: number
  endAt: number
  /** The other schedule of a clash. */
  with?: string | undefined
}

/** What is wrong with the rosters in [fromAt, toAt), in order of time. */
export function rosterProblems(
  rules: Rules,
  _unreachable: Readonly<Record<string, string>>,
  fromAt: number,
  toAt: number,
): Problem[] {
  const found = Object.values(rules.schedules).flatMap((schedule) => {
    const stood = segments(schedule, fromAt, toAt)
    const starts = [fromAt, ...stood.map(({ endAt }) => endAt)]
    return starts.flatMap((startAt, n): Problem[] => {
      const endAt = stood[n]?.startAt ?? toAt
      return startAt < endAt ? [{ kind: 'gap', schedule: schedule.name, people: [], startAt, endAt }] : []
    })
  })
  return found.sort((a, b) => a.startAt - b.startAt)
}
