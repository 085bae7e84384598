import { post } from './acts.ts'
import type { ScheduledMessage, Workspace } from './model.ts'
import { emit } from './workspace.ts'

/** Messages that the app has scheduled, and their time. */

/** Slack never posts a message with metadata: its documentation says so, as a known bug. */
export const isNever = (message: ScheduledMessage): boolean => message.saying.metadata !== null

/** In the order in which they come. */
export const bySoonest = (ws: Workspace): ScheduledMessage[] =>
  [...ws.scheduled.values()].sort((a, b) => a.postAt - b.postAt)

/** Posts what is due. What cannot be posted any more is gone without a word, as at Slack. */
export function wake(ws: Workspace): void {
  const now = ws.clock.now()
  if (ws.scheduled.size === 0) return
  const due = bySoonest(ws).filter((message) => message.postAt <= now)
  for (const message of due) {
    ws.scheduled.delete(message.id)
    const { room, by, saying } = message
    const takes = !room.archived && (room.members.has(by) || room.kind === 'public')
    if (takes && !isNever(message)) post(ws, room, by, saying)
  }
  if (due.length > 0) emit(ws, { type: 'scheduled' })
}
