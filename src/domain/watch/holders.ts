import { dutyAt, shiftAround } from '../duty/schedule.ts'
import type { PageReason } from '../incident.ts'
import { type Rules, under } from '../rules.ts'

/** Who answers for a schedule at an instant: those on duty by roster, and those not yet relieved (`handover.md` 2.1; relief comes later). */
export interface Holders {
  duty: string[]
  holdover: string[]
}

export function holders(rules: Rules, schedule: string, at: number): Holders {
  const found = under(rules.schedules, schedule)
  return { duty: found ? dutyAt(found, at) : [], holdover: [] }
}

/** Why somebody on duty is paged: since when, and until when. */
export function dutyReason(rules: Rules, schedule: string, at: number): PageReason {
  const found = under(rules.schedules, schedule)
  const shift = found ? shiftAround(found, at) : null
  return { kind: 'duty', schedule, sinceAt: shift?.sinceAt ?? null, untilAt: shift?.untilAt ?? null }
}
