import { type Change, changes, dutyAt, nextChange } from '../duty/schedule.ts'
import type { Schedule } from '../duty/schedule-types.ts'
import { DAY_MS } from '../duty/time.ts'
import { type Handover, handoverId } from '../handover.ts'
import type { BlackoutTimes } from './rules.ts'

/** [startAt, endAt): nothing may run in it (`handover.md` rule 10). */
export interface Blackout {
  startAt: number
  endAt: number
  schedule: string
  changeAt: number
  reason: 'shift-change' | 'nobody-on-duty'
  /** The watch has not been taken: it ends earlier if it is. */
  unrelieved: boolean
}

/** The schedules in question with the handovers that are on record, and the times of the configuration. */
export interface Shifts {
  schedules: readonly Schedule[]
  handovers: Readonly<Record<string, Handover>>
  times: BlackoutTimes
}

/** How long after a change it may still matter. */
const BACK_MS = 2 * DAY_MS

/** All blackouts that meet [fromAt, toAt), in order of their start. One that nothing in sight ends has no end (Infinity). */
export function blackouts({ schedules, handovers, times }: Shifts, fromAt: number, toAt: number): Blackout[] {
  return schedules
    .flatMap((schedule) => {
      const sinceAt = fromAt - BACK_MS
      const all = changesOf(schedule, handovers, sinceAt, toAt + times.beforeMs)
      const endOf = (n: number) => all[n + 1]?.at ?? nextChange(schedule, all[n]?.at ?? sinceAt)?.at ?? Infinity
      const gap: Blackout = {
        ...{ schedule: schedule.name, changeAt: sinceAt, startAt: sinceAt },
        ...{ endAt: 0, reason: 'nobody-on-duty', unrelieved: false },
      }
      return [
        // Nobody was on duty before that, and whoever left is long relieved.
        ...(dutyAt(schedule, sinceAt).length === 0 ? [{ ...gap, endAt: endOf(-1) }] : []),
        ...all.map((change, n) => {
          const handover = handovers[handoverId(schedule.name, change.at)]
          const relievedAt = handover && relievedOf(handover, handovers)
          return ofChange(schedule.name, change, () => endOf(n), relievedAt, times)
        }),
      ]
    })
    .filter(({ startAt, endAt }) => startAt < toAt && endAt > fromAt)
    .sort((a, b) => a.startAt - b.startAt)
}

/** By the roster, and those on record: of what a new configuration changed at once its roster knows nothing. */
function changesOf(schedule: Schedule, handovers: Shifts['handovers'], fromAt: number, toAt: number): Change[] {
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
  handovers: Shifts['handovers'],
): { at: number; open: boolean } {
  if (state === 'due' || state === 'overdue' || state === 'gap') return { at: limitAt, open: true }
  if (state !== 'superseded') return { at: Math.max(changeAt, settledAt ?? changeAt), open: false }
  // Whoever takes the watch later takes it from everybody before.
  const later = Object.values(handovers)
    .filter((each) => each.schedule === schedule && each.changeAt > changeAt && isTaken(each))
    .map((each) => each.settledAt ?? limitAt)
  return { at: Math.min(limitAt, ...later), open: false }
}

const isTaken = ({ state, by }: Handover) => by !== null && (state === 'relieved' || state === 'started')

function ofChange(
  schedule: string,
  change: Change,
  nextAt: () => number,
  relieved: { at: number; open: boolean } | undefined,
  { beforeMs, afterMs, settleMs }: BlackoutTimes,
): Blackout {
  const startAt = change.at - beforeMs
  const common = { schedule, changeAt: change.at, startAt }
  const { at: relievedAt, open } = relieved ?? { at: change.at, open: false }
  const endAt = Math.max(change.at + afterMs, relievedAt + settleMs)
  return change.incoming.length + change.staying.length === 0
    ? { ...common, endAt: Math.max(endAt, nextAt()), reason: 'nobody-on-duty', unrelieved: open }
    : { ...common, endAt, reason: 'shift-change', unrelieved: open }
}

/** People have this long to say what becomes of a rollout in a blackout (`handover.md` rule 10). */
export const ANSWER_MS = 5 * 60_000

/** What becomes of a deploy that still rolls when a blackout begins: people are asked, and if nobody answers it is held. */
export function overrun(
  { startedAt, doneAt }: { startedAt: number; doneAt: number | null },
  all: readonly Blackout[],
  answerMs = ANSWER_MS,
): { askAt: number; holdAt: number } | null {
  const met = all.find(({ startAt }) => startAt > startedAt && (doneAt === null || startAt < doneAt))
  return met ? { askAt: met.startAt, holdAt: met.startAt + answerMs } : null
}
