/** How often something happened, as its application pushes it. */
export interface Count {
  count: number
  /** When it was counted, UTC ms. */
  at: number
  /** Who counted, where several do. */
  from: string
}

/** Senders gather what they counted for a while: a slot is judged only so long after its end. */
const MOST_LATE_MS = 30_000

/** What is pushed is added up by slots that begin with the clock: minutes, quarters of an hour. */
const slotOfCount = (at: number, everyMs: number) => Math.floor(at / everyMs) * everyMs

/** The last slot that is over, and whose latecomers have been waited for. */
export const closedSlot = (now: number, everyMs: number) =>
  slotOfCount(now - Math.min(MOST_LATE_MS, everyMs), everyMs) - everyMs
