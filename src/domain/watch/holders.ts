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

/** A page says since when a shift lasts, as far as that is news: to look further back would be in the way of the page. */
const SHIFT_MS = 14 * 86_400_000

/** Why somebody on duty is paged: since when, and until when (null: longer than two weeks). */
export function dutyReason(rules: Rules, schedule: string, at: number): PageReason {
  const found = under(rules.schedules, schedule)
  const shift = found ? shiftAround(found, at, SHIFT_MS) : null
  return { kind: 'duty', schedule, sinceAt: shift?.sinceAt ?? null, untilAt: shift?.untilAt ?? null }
}
