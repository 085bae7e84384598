import type { Monitor } from '../rules.ts'

/** How a monitor stands, whatever its kind. */
export interface Standing {
  monitor: Monitor
  status: 'unknown' | 'up' | 'down'
  /** It is down, and nobody is paged for that yet: `by` what it depends on, or null because nothing at all is seen from where it is looked at. */
  held: { by: string | null } | null
  /** Since when; null: nothing is known of it yet. */
  sinceAt: number | null
  /** What was seen last, as far as it is worth saying. */
  saw: string | null
  /** Until when it only learns what is usual; null: it does not, or no more. */
  learnsUntilAt: number | null
  /** When it was last looked at, or heard of; null: never. */
  lastAt: number | null
}
