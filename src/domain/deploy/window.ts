import { z } from 'zod'
import { DAY_MS, parseTimeOfDay, startOfDay, toInstant, toWall, WEEK_MS, weekdayOf } from '../duty/time.ts'

/** A time of the week on the wall clock: `Fri 16:00`. */
const Weekly = z.strictObject({
  /** As in weekdayOf: 0 is Monday. */
  day: z.int().min(0).max(6),
  time: z.string(),
})

/** When nothing is deployed by the configuration: each week, or once. */
export const Window = z.strictObject({
  name: z.string(),
  /** Null: all of them. */
  services: z.array(z.string()).nullable(),
  when: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('weekly'), from: Weekly, to: Weekly, zone: z.string() }),
    z.strictObject({ kind: z.literal('once'), startAt: z.number(), endAt: z.number() }),
  ]),
})
export type Window = z.infer<typeof Window>

/** One stretch of a window, [startAt, endAt). */
export interface Stretch {
  name: string
  startAt: number
  endAt: number
}

const wallOfWeek = ({ day, time }: z.infer<typeof Weekly>) => day * DAY_MS + parseTimeOfDay(time)

/** The Monday of a wall time's week. */
const mondayOf = (wall: number) => startOfDay(wall) - weekdayOf(wall) * DAY_MS

/**
 * The stretches of a window that meet [fromAt, toAt). Both ends are read on the wall clock of its zone, each week anew, so that `Fri 16:00`
 * stays 16:00 whatever the clocks do; one that ends where it begins lasts the whole week.
 */
export function stretches({ name, when }: Window, fromAt: number, toAt: number): Stretch[] {
  const meets = ({ startAt, endAt }: Stretch) => startAt < toAt && endAt > fromAt
  if (when.kind === 'once') return [{ name, startAt: when.startAt, endAt: when.endAt }].filter(meets)
  const [from, to] = [wallOfWeek(when.from), wallOfWeek(when.to)]
  const lengthMs = to > from ? to - from : to - from + WEEK_MS
  const found: Stretch[] = []
  // A week lasts an hour more or less when the clocks change: one more on either side is looked at.
  const last = mondayOf(toWall(toAt, when.zone)) + WEEK_MS
  for (let monday = mondayOf(toWall(fromAt, when.zone)) - 2 * WEEK_MS; monday <= last; monday += WEEK_MS) {
    const startAt = toInstant(monday + from, when.zone)
    const stretch = { name, startAt, endAt: toInstant(monday + from + lengthMs, when.zone) }
    if (meets(stretch)) found.push(stretch)
  }
  return found
}

/** Whether a window is about a service. */
export const concerns = ({ services }: Pick<Window, 'services'>, service: string) =>
  services === null || services.includes(service)
