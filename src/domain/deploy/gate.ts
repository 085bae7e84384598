import { type Change, changes } from '../duty/schedule.ts'
import type { Schedule } from '../duty/schedule-types.ts'
import { DAY_MS } from '../duty/time.ts'
import { type Handover, handoverId } from '../handover.ts'

/** How long around a change of the watch nothing is deployed (`handover.md` Mpre, Mpost, Msettle). */
export interface BlackoutTimes {
  beforeMs: number
  afterMs: number
  /** After the relief. */
  settleMs: number
}

const MINUTE_MS = 60_000
export const BLACKOUT_TIMES: BlackoutTimes = {
  beforeMs: 30 * MINUTE_MS,
  afterMs: 15 * MINUTE_MS,
  settleMs: 15 * MINUTE_MS,
}

/** [startAt, endAt): nothing may run in it. */
export interface Blackout {
  startAt: number
  endAt: number
  schedule: string
  changeAt: number
  reason: 'shift-change' | 'nobody-on-duty'
  /** The watch has not been taken: it ends earlier if it is. */
  unrelieved: boolean
}

export interface DeployRequest {
  /** How long it rolls, and how long it is watched afterwards. */
  estimateMs: number
  bakeMs: number
  /** These are never refused: the reason is on record. */
  reason: 'rollback' | 'fix' | null
}

export type Gate =
  | { allow: true; because: 'free' | 'rollback' | 'fix' }
  | { allow: false; reasons: Blackout[]; untilAt: number; nextAt: number }

/** The schedules in question with the handovers that are on record, and the times of the configuration. */
export interface GateFacts {
  schedules: readonly Schedule[]
  handovers: Readonly<Record<string, Handover>>
  times: BlackoutTimes
}

/** How far ahead a free instant is looked for. */
const HORIZON_MS = 14 * DAY_MS

/**
 * Whether a deploy may begin now (`handover.md` rule 10): all of it, the watching included, must miss every blackout. Pure; the one
 * decision that every path asks.
 */
export function evaluateDeploy({ estimateMs, bakeMs, reason }: DeployRequest, facts: GateFacts, now: number): Gate {
  if (reason !== null) return { allow: true, because: reason }
  const lengthMs = estimateMs + bakeMs
  const all = blackouts(facts, now, now + HORIZON_MS)
  const reasons = all.filter((each) => meets(each, now, now + lengthMs))
  if (reasons.length === 0) return { allow: true, because: 'free' }
  const untilAt = Math.max(...reasons.map(({ endAt }) => endAt))
  // The first instant at which a blackout ends and nothing else is met.
  let nextAt = untilAt
  for (let hit = hitBy(all, nextAt, lengthMs); hit; hit = hitBy(all, nextAt, lengthMs)) nextAt = hit.endAt
  return { allow: false, reasons, untilAt, nextAt }
}

const meets = ({ startAt, endAt }: Blackout, fromAt: number, toAt: number) =>
  startAt < Math.max(toAt, fromAt + 1) && endAt > fromAt
const hitBy = (all: readonly Blackout[], at: number, lengthMs: number) =>
  all.find((each) => meets(each, at, at + lengthMs))

/** All blackouts that meet [fromAt, toAt), in order of their start. */
export function blackouts({ schedules, handovers, times }: GateFacts, fromAt: number, toAt: number): Blackout[] {
  const backMs = 2 * DAY_MS
  return schedules
    .flatMap((schedule) => {
      const all = changesOf(schedule, handovers, fromAt - backMs, toAt + times.beforeMs)
      return all.flatMap((change, n) => {
        const handover = handovers[handoverId(schedule.name, change.at)]
        const relievedAt = handover && relievedOf(handover, handovers)
        return ofChange(schedule.name, change, all[n + 1]?.at ?? toAt, relievedAt, times)
      })
    })
    .filter(({ startAt, endAt }) => startAt < toAt && endAt > fromAt)
    .sort((a, b) => a.startAt - b.startAt)
}

/** By the roster, and those on record: of what a new configuration changed at once its roster knows nothing. */
function changesOf(schedule: Schedule, handovers: GateFacts['handovers'], fromAt: number, toAt: number): Change[] {
  const byRoster = changes(schedule, fromAt, toAt)
  const known = new Set(byRoster.map(({ at }) => at))
  const others = Object.values(handovers)
    .filter(({ schedule: name, state }) => name === schedule.name && state !== 'void' && state !== 'planned')
    .filter(({ changeAt }) => changeAt > fromAt && changeAt <= toAt && !known.has(changeAt))
    .map(({ changeAt: at, outgoing, incoming, staying }): Change => ({ at, outgoing, incoming, staying }))
  return [...byRoster, ...others].sort((a, b) => a.at - b.at)
}

/** When the outgoing of a change stand relieved, at the latest as far as is known now. */
function relievedOf(
  { schedule, changeAt, state, limitAt, settledAt }: Handover,
  handovers: GateFacts['handovers'],
): { at: number; open: boolean } {
  if (state === 'due' || state === 'overdue' || state === 'gap') return { at: limitAt, open: true }
  if (state !== 'superseded') return { at: Math.max(changeAt, settledAt ?? changeAt), open: false }
  // Whoever takes the watch later takes it from everybody before.
  const later = Object.values(handovers)
    .filter(
      (each) => each.schedule === schedule && each.changeAt > changeAt && each.state === 'relieved' && each.by !== null,
    )
    .map((each) => each.settledAt ?? limitAt)
  return { at: Math.min(limitAt, ...later), open: false }
}

function ofChange(
  schedule: string,
  change: Change,
  nextAt: number,
  relieved: { at: number; open: boolean } | undefined,
  { beforeMs, afterMs, settleMs }: BlackoutTimes,
): Blackout[] {
  const startAt = change.at - beforeMs
  const common = { schedule, changeAt: change.at, startAt }
  const { at: relievedAt, open } = relieved ?? { at: change.at, open: false }
  const endAt = Math.max(change.at + afterMs, relievedAt + settleMs)
  return change.incoming.length + change.staying.length === 0
    ? [{ ...common, endAt: Math.max(endAt, nextAt), reason: 'nobody-on-duty', unrelieved: open }]
    : [{ ...common, endAt, reason: 'shift-change', unrelieved: open }]
}

/** What becomes of a deploy that still rolls when a blackout begins: people are asked, and if nobody answers it is held. */
export function overrun(
  { startedAt, doneAt }: { startedAt: number; doneAt: number | null },
  all: readonly Blackout[],
  answerMs = 5 * MINUTE_MS,
): { askAt: number; holdAt: number } | null {
  const met = all.find(({ startAt }) => startAt > startedAt && (doneAt === null || startAt < doneAt))
  return met ? { askAt: met.startAt, holdAt: met.startAt + answerMs } : null
}
