import { type Call, flag, type Handler, need, paged, refuse, text } from '../call.ts'
import { contentOf, LONGEST_TEXT, needWords } from '../content.ts'
import type { Room, ScheduledMessage } from '../model.ts'
import { bySoonest } from '../schedule.ts'
import { botProfile, seconds } from '../slack-shapes.ts'
import { emit, newId } from '../workspace.ts'
import { target, threadOf } from './chat.ts'

const FURTHEST_MS = 120 * 24 * 3_600_000
/** So many for a channel within {@link CROWD_MS}. */
const CROWD = 30
const CROWD_MS = 5 * 60_000
/** What comes this soon cannot be taken back. */
const TOO_LATE_MS = 60_000

export const scheduled: Record<string, Handler> = {
  'chat.scheduleMessage'(call) {
    const { ws } = call
    const room = target(call)
    const postAt = timeOf(call)
    const content = contentOf(call)
    needWords(content)
    if ((content.text ?? '').length > LONGEST_TEXT) refuse('msg_too_long')
    if (isCrowded(call, room, postAt)) refuse('restricted_too_many')
    const threadTs = threadOf(call, room)
    const message: ScheduledMessage = {
      id: newId(ws, 'Q'),
      room,
      by: call.me,
      postAt,
      createdAt: ws.clock.now(),
      saying: {
        text: content.text ?? '',
        blocks: content.blocks ?? [],
        attachments: content.attachments ?? [],
        metadata: content.metadata ?? null,
        threadTs,
        broadcast: threadTs !== null && flag(call, 'reply_broadcast'),
      },
    }
    ws.scheduled.set(message.id, message)
    emit(ws, { type: 'scheduled' })
    return {
      scheduled_message_id: message.id,
      channel: room.id,
      post_at: seconds(postAt),
      message: shown(call, message),
    }
  },

  'chat.deleteScheduledMessage'(call) {
    const { ws } = call
    const message = ws.scheduled.get(need(call, 'scheduled_message_id'))
    const room = ws.rooms.get(need(call, 'channel')) ?? refuse('channel_not_found')
    const own = message?.by === call.me && message.room === room
    if (!message || !own || message.postAt - ws.clock.now() < TOO_LATE_MS) return refuse('invalid_scheduled_message_id')
    ws.scheduled.delete(message.id)
    emit(ws, { type: 'scheduled' })
    return {}
  },

  'chat.scheduledMessages.list'(call) {
    const asked = text(call, 'channel')
    if (asked !== undefined && !call.ws.rooms.has(asked)) refuse('invalid_channel')
    const [oldest, latest] = [
      Number(text(call, 'oldest') ?? 0),
      Number(text(call, 'latest') ?? Number.POSITIVE_INFINITY),
    ]
    const own = bySoonest(call.ws).filter(
      ({ by, room, postAt }) =>
        by === call.me &&
        (asked === undefined || room.id === asked) &&
        seconds(postAt) >= oldest &&
        seconds(postAt) <= latest,
    )
    const { page, next_cursor } = paged(call, own)
    return {
      scheduled_messages: page.map(({ id, room, postAt, createdAt, saying }) => ({
        id,
        channel_id: room.id,
        post_at: seconds(postAt),
        date_created: seconds(createdAt),
        text: saying.text,
      })),
      response_metadata: { next_cursor },
    }
  },
}

/** When it shall come, milliseconds of the workspace's clock. */
function timeOf(call: Call): number {
  const postAt = Number(need(call, 'post_at')) * 1000
  const now = call.ws.clock.now()
  if (!Number.isSafeInteger(postAt)) refuse('invalid_time')
  if (postAt <= now) refuse('time_in_past')
  if (postAt > now + FURTHEST_MS) refuse('time_too_far')
  return postAt
}

/** Whether five minutes around it would hold more than Slack takes for one channel. */
function isCrowded(call: Call, room: Room, postAt: number): boolean {
  const times = [...call.ws.scheduled.values()].filter((other) => other.room === room).map((other) => other.postAt)
  times.push(postAt)
  return times.some((from) => times.filter((at) => at >= from && at < from + CROWD_MS).length > CROWD)
}

function shown(call: Call, { saying }: ScheduledMessage) {
  const { ws } = call
  const { user_id: _, ...profile } = botProfile(ws)
  return {
    type: 'delayed_message',
    text: saying.text,
    user: call.me,
    team: ws.team.id,
    bot_id: ws.app.botId,
    app_id: ws.app.id,
    bot_profile: profile,
    ...(saying.blocks.length > 0 ? { blocks: saying.blocks } : {}),
    ...(saying.metadata ? { metadata: saying.metadata } : {}),
  }
}
