import { z } from 'zod'
import type { Deploy } from './deploy/deploy.ts'
import type { Ledger } from './detect/coverage.ts'
import type { Silence } from './detect/silence.ts'
import { Override, type Schedule } from './duty/schedule-types.ts'
import type { Incident } from './incident.ts'

/**
 * The watch of one schedule as it is decided on: who is on duty since when, and who of those before has not been relieved. It is moved
 * from change to change and never computed anew for the past, so that no later edit of the roster rewrites who had the watch.
 */
export const Watch = z.strictObject({
  schedule: z.string(),
  /** On duty by roster; sorted. */
  people: z.array(z.string()),
  /** Since when they have been, however edits cut their turn. */
  sinceAt: z.number(),
  /** Outgoing people who are not relieved yet, each with an own limit. */
  holdovers: z.array(z.strictObject({ person: z.string(), changeAt: z.number(), untilAt: z.number() })),
  /** Who showed before their watch, by an acknowledgement, that pages reach them. */
  proofs: z.array(z.strictObject({ person: z.string(), at: z.number() })),
  /** Names the configuration of the schedule that this follows: another one is a change at the instant at which it is seen. */
  digest: z.string(),
})
export type Watch = z.infer<typeof Watch>

const HandoverState = z.enum([
  'planned',
  'relieved-early',
  'due',
  'overdue',
  'gap',
  'relieved',
  'forced',
  'gap-open',
  'started',
  'superseded',
  'void',
])

/**
 * planned --confirmed in the window--> relieved-early --change--> relieved       planned --roster edit removes it--> void
 * planned --change--> due | relieved (stayers only, proven reachable, taken by the incoming) | gap (nobody comes) | started (nobody was there)
 * due --confirmed, or an ack by the incoming--> relieved       due --unconfirmed for long--> overdue --limit--> forced
 * gap --limit--> gap-open       due, overdue, gap --next change--> superseded
 */
export const Handover = z.strictObject({
  schedule: z.string(),
  /** Since when the same people were on duty. */
  sinceAt: z.number(),
  /** When the people change. */
  changeAt: z.number(),
  state: HandoverState,
  outgoing: z.array(z.string()),
  incoming: z.array(z.string()),
  staying: z.array(z.string()),
  /** From when the incoming may take the watch, and whether everybody has been told that they may. */
  opensAt: z.number(),
  opened: z.boolean(),
  /** When the incoming are paged if nobody has confirmed. */
  overdueAt: z.number(),
  /** When the outgoing are released in any case. */
  limitAt: z.number(),
  /** Who took the watch, and when it was settled. */
  by: z.string().nullable(),
  settledAt: z.number().nullable(),
  /** Pages about it, with the facts that say what they are. */
  pages: z.array(z.strictObject({ key: z.string(), fact: z.int() })),
})
export type Handover = z.infer<typeof Handover>

/** A page about the watch itself. */
export const WatchPage = z.strictObject({
  key: z.string(),
  person: z.string(),
  /** inherit: take over what the outgoing have; relief-overdue: confirm the watch; relief-failed: nobody did. */
  kind: z.enum(['inherit', 'relief-overdue', 'relief-failed']),
  schedule: z.string(),
  changeAt: z.number(),
  at: z.number(),
  /** When it was due, if it goes out late (a stop). */
  dueAt: z.number().nullable(),
  /** Incidents that wait for a new owner. */
  incidents: z.array(z.int()),
})
export type WatchPage = z.infer<typeof WatchPage>

/** One stretch of a schedule that a change of the roster by hand concerns. */
const Piece = z.strictObject({ schedule: z.string(), ...Override.shape })
export type Piece = z.infer<typeof Piece>

export const RosterEdit = z.strictObject({
  id: z.int(),
  kind: z.enum(['take', 'cover', 'swap', 'override']),
  by: z.string(),
  /** Who has to agree before it holds; null: nobody. */
  offeredTo: z.string().nullable(),
  state: z.enum(['offered', 'active', 'declined', 'cancelled']),
  madeAt: z.number(),
  /** Since when it holds: of two that overlap the later wins. */
  activeAt: z.number().nullable(),
  pieces: z.array(Piece).min(1).max(2_000),
})
export type RosterEdit = z.infer<typeof RosterEdit>

/** What goes with a watch when it passes: beside who goes and who comes. */
export interface Situation {
  /** Open incidents of the policies that page the schedule, the gravest first. */
  open: readonly Incident[]
  /** What people noted last about each of those; by incident. */
  notes: Readonly<Record<number, { at: number; by: string; text: string }>>
  /** What is silenced of the services that the schedule answers for: whoever takes the watch takes it with these ears shut. */
  silences: readonly Silence[]
  /** What of the names of those services is watched. */
  coverage: readonly Ledger[]
  /** Monitors of those services that only learn what is usual, until when: what is new to them pages nobody. */
  learning: readonly { monitor: string; untilAt: number }[]
  /** Deploys of those services that are under way, and what changed in the watch that ends. */
  deploys: readonly Deploy[]
  /** What came in the watch that ends; null when nobody stood one. */
  shift: { pages: number; incidents: number } | null
  /** People whom Slack does not reach, and why. */
  unreachable: Readonly<Record<string, string>>
}

export const handoverId = (schedule: string, changeAt: number) => `${schedule}@${changeAt}`

const names = new WeakMap<object, string>()

/** A short name of what a schedule says (FNV-1a, twice): another one is another schedule. */
export function digestOf(schedule: Schedule): string {
  const known = names.get(schedule)
  if (known !== undefined) return known
  // What was read of a calendar moves on with time and is none of the configuration.
  const text = JSON.stringify(schedule, (key, value) => (key === 'spans' ? undefined : value))
  const hash = (seed: number) => {
    let so = seed
    for (let n = 0; n < text.length; n++) so = Math.imul(so ^ text.charCodeAt(n), 0x01000193) >>> 0
    return so.toString(36)
  }
  const digest = `${hash(0x811c9dc5)}.${hash(0x1000193)}`
  names.set(schedule, digest)
  return digest
}

/** The schedule with the changes that were made by hand; the very same object where there are none. */
export function edited(schedule: Schedule, edits: readonly RosterEdit[]): Schedule {
  const pieces = [...edits]
    .filter((edit) => edit.state === 'active' && edit.pieces.some((piece) => piece.schedule === schedule.name))
    .sort((a, b) => (a.activeAt ?? 0) - (b.activeAt ?? 0) || a.id - b.id)
    .flatMap((edit) => edit.pieces.filter((piece) => piece.schedule === schedule.name))
  if (pieces.length === 0) return schedule
  const names = JSON.stringify(pieces)
  const known = lately.get(schedule)
  if (known?.names === names) return known.result
  const overrides = pieces.map(({ schedule: _, ...override }) => override)
  const result = { ...schedule, overrides: [...schedule.overrides, ...overrides] }
  lately.set(schedule, { names, result })
  return result
}

/** The same changes of the same schedule are the same object, so that what is known of it need not be found again. */
const lately = new WeakMap<Schedule, { names: string; result: Schedule }>()
