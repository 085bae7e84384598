import { dutyAt } from '../duty/schedule.ts'
import { HOUR_MS, timeOfDay, toWall, weekdayOf } from '../duty/time.ts'
import { type Rules, under } from '../rules.ts'

/**
 * How loud a gap is: told in the channel when it is found, again when nobody has seen to it within a day, and after a week to its owner in
 * person. A gap is nobody's emergency: it wakes no one, and does not go away by being slept over.
 */
export const LEVELS = ['info', 'warning', 'error'] as const
export type Level = (typeof LEVELS)[number]

export function levelOf(ageMs: number, { warningMs, errorMs }: Rules['coverage']['alarm']): Level {
  if (ageMs >= errorMs) return 'error'
  return ageMs >= warningMs ? 'warning' : 'info'
}

export const isGraver = (level: Level, than: Level | null) =>
  than === null || LEVELS.indexOf(level) > LEVELS.indexOf(than)

const WORKING_HOURS = { from: 9 * HOUR_MS, to: 17 * HOUR_MS }

/** Somebody may be asked in person: Monday to Friday from 9 to 17 by the clocks of a zone. */
export function isWorkingTime(at: number, zone: string): boolean {
  const wall = toWall(at, zone)
  const time = timeOfDay(wall)
  return weekdayOf(wall) < 5 && time >= WORKING_HOURS.from && time < WORKING_HOURS.to
}

/**
 * Who is asked about a gap that is nobody's: whoever is on duty by the first step of the service's policy that reaches anybody, else its last
 * resort.
 *
 * @param rota the rules with the rosters as they are stood
 */
export function askedFor(
  rota: Pick<Rules, 'services' | 'policies' | 'schedules'>,
  service: string,
  at: number,
): string[] {
  const policy = under(rota.policies, under(rota.services, service)?.policy ?? '')
  for (const { page } of policy?.steps ?? []) {
    const people = page.flatMap(({ kind, name }) => {
      if (kind === 'person') return name
      const schedule = under(rota.schedules, name)
      return schedule ? dutyAt(schedule, at) : []
    })
    if (people.length > 0) return [...new Set(people)]
  }
  return policy?.fallback ?? []
}
