import { type Difference, differences } from './duty/substitute.ts'
import { edited, type RosterEdit } from './handover.ts'
import type { Rules } from './rules.ts'

/** Later than everything that holds by now. */
const LAST = Number.MAX_SAFE_INTEGER

/**
 * What a change of the roster by hand does, or would do once it is agreed to: who is on duty instead of whom. Found by looking at the rosters
 * with it and without it, so that it is what every other view shows too.
 *
 * @param edits all that hold; whether it is among them does not matter
 */
export function effectsOf(
  rules: Rules,
  edits: readonly RosterEdit[],
  edit: Pick<RosterEdit, 'id' | 'pieces' | 'activeAt'>,
): Difference[] {
  const others = edits.filter(({ id }) => id !== edit.id)
  const whole = { kind: 'override' as const, by: '', offeredTo: null, madeAt: 0 }
  const held: RosterEdit = { ...whole, ...edit, state: 'active', activeAt: edit.activeAt ?? LAST }
  return [...new Set(edit.pieces.map(({ schedule }) => schedule))].flatMap((name) => {
    const schedule = rules.schedules[name]
    const pieces = edit.pieces.filter((piece) => piece.schedule === name)
    if (!schedule) return []
    const startAt = Math.min(...pieces.map((piece) => piece.startAt))
    const endAt = Math.max(...pieces.map((piece) => piece.endAt))
    return differences(edited(schedule, others), edited(schedule, [...others, held]), { startAt, endAt })
  })
}

export const turnedRound = (effects: readonly Difference[]): Difference[] =>
  effects.map((each) => ({ ...each, outgoing: each.incoming, incoming: each.outgoing }))

/** Who gains or loses duty by it. */
export const concernedBy = (effects: readonly Difference[]): Set<string> =>
  new Set(effects.flatMap(({ outgoing, incoming }) => [...outgoing, ...incoming]))
