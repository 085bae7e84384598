import { type Call, channelOf, flag, type Handler, need, ownChannelOf, paged, refuse, text } from '../call.ts'
import type { Room, Stored } from '../model.ts'
import { newestFirst, slackMessage } from '../slack-shapes.ts'
import { isLater, isTop, openly, repliesTo } from '../workspace.ts'

/** What was said. */
export const histories: Record<string, Handler> = {
  'conversations.history'(call) {
    const room = ownChannelOf(call)
    const found = openly(room).filter(isTop).filter(within(call)).filter(isShown(call))
    const { page, next_cursor } = paged(call, newestFirst(found), 999)
    return {
      messages: page.map((message) => shown(call, room, message)),
      has_more: next_cursor !== '',
      pin_count: room.pins.length,
      channel_actions_ts: null,
      channel_actions_count: 0,
      ...(next_cursor === '' ? {} : { response_metadata: { next_cursor } }),
    }
  },

  'conversations.replies'(call) {
    const room = channelOf(call)
    if (!room.members.has(call.me)) refuse('channel_not_found')
    const asked = room.messages.get(need(call, 'ts'))
    if (!asked || asked.onlyFor !== null) return refuse('thread_not_found')
    const parent = room.messages.get(asked.threadTs ?? asked.ts) ?? asked
    const replies = repliesTo(room, parent.ts).filter(within(call)).filter(isShown(call))
    const { page, next_cursor } = paged(call, [parent, ...replies])
    return {
      messages: page.map((message) => shown(call, room, message)),
      has_more: next_cursor !== '',
      ...(next_cursor === '' ? {} : { response_metadata: { next_cursor } }),
    }
  },
}

const shown = (call: Call, room: Room, message: Stored) =>
  slackMessage(call.ws, room, message, flag(call, 'include_all_metadata'))

/** Leaves out what a stale read of Slack would not have yet (`faults.ts`). */
const isShown =
  (call: Call) =>
  ({ ts }: Stored): boolean =>
    call.notAfter === null || !isLater(ts, String(call.notAfter / 1000))

/** Whether a message lies between `oldest` and `latest`. */
function within(call: Call): (message: Stored) => boolean {
  const bound = (name: 'oldest' | 'latest') => {
    const value = text(call, name)
    if (value !== undefined && !/^\d+(\.\d+)?$/.test(value)) refuse(`invalid_ts_${name}`)
    return value
  }
  const oldest = bound('oldest')
  const latest = bound('latest')
  const inclusive = flag(call, 'inclusive')
  const same = (ts: string, bound: string) => inclusive && Number(ts) === Number(bound)
  return ({ ts }) =>
    (oldest === undefined || isLater(ts, oldest) || same(ts, oldest)) &&
    (latest === undefined || isLater(latest, ts) || same(ts, latest))
}
