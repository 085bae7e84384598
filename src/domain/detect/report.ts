import { z } from 'zod'
import { Sample } from './probe.ts'

/** What a prober and its server tell each other. Each is of another version, perhaps: what one does not know of the other it says. */

/** Results of one report; more are sent in several. */
export const MOST_RESULTS = 500

/** Slots count for one name at a location: each of its results is stored once, however often it is sent. */
export const Result = z.strictObject({ monitor: z.string().max(100), slotAt: z.int(), sample: Sample })
export type Result = z.infer<typeof Result>

/** Whether the prober sees anything (`blind.ts`). */
const sight = {
  /** Null: it does. */
  blind: z.strictObject({ sinceAt: z.number(), hosts: z.int().nonnegative() }).nullable(),
  /** When anybody answered it last. */
  answeredAt: z.number().nullable(),
}
export type SightReport = z.infer<z.ZodObject<typeof sight>>

/** Asks for work; `rev` names the work that it has. */
export const Pull = z.strictObject({ rev: z.string().max(100).nullable(), version: z.string().max(40), ...sight })
export type Pull = z.infer<typeof Pull>

/** `now` is the server's time, by which the prober goes; without `probes` its work is as it was. Each probe is read by itself. */
export const Work = z.object({ rev: z.string(), now: z.number(), probes: z.array(z.unknown()).optional() })

export const Report = z.strictObject({ ...sight, results: z.array(Result).max(MOST_RESULTS) })
export type Report = z.infer<typeof Report>
