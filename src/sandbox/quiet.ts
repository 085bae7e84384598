import { DateTime } from 'luxon'
import type { User, Workspace } from './model.ts'
import { emit } from './workspace.ts'

/** "Do not disturb": a snooze that somebody set, and the hours of every night. */

/** Slack takes no longer snooze. */
export const LONGEST_SNOOZE_MINUTES = 1_440

interface Span {
  from: number
  to: number
}

/** Tonight's quiet hours, those that run now or begin next; null when the person has set none. */
function nightOf(user: User, at: number): Span | null {
  const hours = user.dndHours
  if (!hours) return null
  const today = DateTime.fromMillis(at, { zone: user.tz }).startOf('day')
  // Yesterday's may still run, today's may be over.
  for (const days of [-1, 0, 1]) {
    const from = atTime(today.plus({ days }), hours.from)
    const end = atTime(today.plus({ days }), hours.to)
    const to = end > from ? end : atTime(today.plus({ days: days + 1 }), hours.to)
    const span = { from: from.toMillis(), to: to.toMillis() }
    const ended = user.nightEndedAt !== null && user.nightEndedAt >= span.from && user.nightEndedAt < span.to
    if (span.to > at && !ended) return span
  }
  return null
}

function atTime(day: DateTime, time: string): DateTime {
  const [hour, minute] = time.split(':').map(Number)
  return day.set({ hour: hour ?? 0, minute: minute ?? 0 })
}

const snoozedUntil = (user: User, at: number): number | null =>
  user.dndUntil !== null && user.dndUntil > at ? user.dndUntil : null

/** Until when this person is not to be disturbed, or null when they may be. */
export function quietUntil(user: User, at: number): number | null {
  const night = nightOf(user, at)
  const nightEnd = night && night.from <= at ? night.to : null
  const snooze = snoozedUntil(user, at)
  return snooze === null && nightEnd === null ? null : Math.max(snooze ?? 0, nightEnd ?? 0)
}

const seconds = (ms: number): number => Math.floor(ms / 1000)

/** What others are told of it. A snooze shows as the hours that run now; `1` is Slack's word for never. */
export function dndStatus(user: User, at: number) {
  const snooze = snoozedUntil(user, at)
  const night = nightOf(user, at)
  const span = snooze === null ? night : { from: at, to: snooze }
  return {
    dnd_enabled: span !== null,
    next_dnd_start_ts: span ? seconds(span.from) : 1,
    next_dnd_end_ts: span ? seconds(span.to) : 1,
  }
}

/** `null` ends it. */
export function snooze(ws: Workspace, user: User, until: number | null): void {
  user.dndUntil = until
  emit(ws, { type: 'quiet', user })
}

/** Ends the snooze, and the night that runs now; whether there was anything to end. */
export function endQuiet(ws: Workspace, user: User): boolean {
  const at = ws.clock.now()
  if (quietUntil(user, at) === null) return false
  // Tonight's hours end; tomorrow they come again.
  user.nightEndedAt = at
  snooze(ws, user, null)
  return true
}
