import { edit, post, remove } from '../acts.ts'
import { type Call, channelByNameOf, channelOf, flag, type Handler, messageOf, need, refuse, text } from '../call.ts'
import { contentOf, LONGEST_TEXT, LONGEST_UPDATE_BYTES, needWords } from '../content.ts'
import type { Room, Stored } from '../model.ts'
import { permalink, slackMessage } from '../slack-shapes.ts'
import { openDm } from '../workspace.ts'

export const chat: Record<string, Handler> = {
  'chat.postMessage'(call) {
    const room = target(call)
    const content = contentOf(call)
    needWords(content)
    const threadTs = threadOf(call, room)
    const said = content.text ?? ''
    const message = post(call.ws, room, call.me, {
      text: said.slice(0, LONGEST_TEXT),
      blocks: content.blocks ?? [],
      attachments: content.attachments ?? [],
      metadata: content.metadata ?? null,
      threadTs,
      broadcast: threadTs !== null && flag(call, 'reply_broadcast'),
    })
    call.ts = message.ts
    const cut = said.length > LONGEST_TEXT
    const warning = cut ? { warning: 'message_truncated', response_metadata: { warnings: ['message_truncated'] } } : {}
    return { channel: room.id, ts: message.ts, message: slackMessage(call.ws, room, message, true), ...warning }
  },

  'chat.meMessage'(call) {
    const room = channelOf(call)
    if (!room.members.has(call.me)) refuse('not_in_channel')
    if (room.archived) refuse('is_archived')
    const said = text(call, 'text') ?? refuse('no_text')
    if (said.length > LONGEST_TEXT) refuse('msg_too_long')
    const message = post(call.ws, room, call.me, { text: said, subtype: 'me_message' })
    call.ts = message.ts
    return { channel: room.id, ts: message.ts }
  },

  'chat.update'(call) {
    const room = channelOf(call)
    const message = messageOf(call, room, 'ts')
    if (!isOwn(call, message)) refuse('cant_update_message')
    // Slack's word for messages of an archived channel.
    if (room.archived) refuse('is_inactive')
    if (message.streaming) refuse('streaming_state_conflict')
    const content = contentOf(call)
    needWords(content)
    if (escapedBytes(content.text ?? '') > LONGEST_UPDATE_BYTES) refuse('msg_too_long')
    edit(call.ws, message, call.me, {
      // What is left out stays: text alone leaves buttons where they are, and people go on seeing the blocks; `blocks: []` takes them
      // away (slack-go/slack#1214, slackapi/python-slack-sdk#523).
      ...(content.text === undefined ? {} : { text: content.text }),
      ...(content.blocks ? { blocks: content.blocks } : {}),
      ...(content.attachments ? { attachments: content.attachments } : {}),
      ...(content.metadata === undefined ? {} : { metadata: content.metadata }),
    })
    call.ts = message.ts
    const shown = slackMessage(call.ws, room, message, true)
    return { channel: room.id, ts: message.ts, text: message.text, message: shown }
  },

  'chat.delete'(call) {
    const room = channelOf(call)
    const message = messageOf(call, room, 'ts')
    if (!isOwn(call, message)) refuse('cant_delete_message')
    remove(call.ws, message)
    call.ts = message.ts
    return { channel: room.id, ts: message.ts }
  },

  'chat.postEphemeral'(call) {
    const room = channelByNameOf(call)
    if (!room.members.has(call.me)) refuse('not_in_channel')
    if (room.archived) refuse('is_archived')
    const user = need(call, 'user')
    if (!room.members.has(user)) refuse('user_not_in_channel')
    const content = contentOf(call)
    needWords(content)
    if ((content.text ?? '').length > LONGEST_TEXT) refuse('msg_too_long')
    const message = post(call.ws, room, call.me, {
      text: content.text ?? '',
      blocks: content.blocks ?? [],
      attachments: content.attachments ?? [],
      threadTs: threadOf(call, room),
      onlyFor: user,
    })
    call.ts = message.ts
    return { message_ts: message.ts }
  },

  'chat.getPermalink'(call) {
    const room = channelOf(call)
    const message = messageOf(call, room, 'message_ts')
    return { channel: room.id, permalink: permalink(call.ws, message) }
  },
}

/** Said by the caller, not by Slack in their name ("has joined the channel"). */
const isOwn = (call: Call, message: Stored): boolean =>
  message.user === call.me && [null, 'me_message', 'file_share'].includes(message.subtype)

/** Where a post goes: a channel by id or name, or a person's id, which is their DM with the bot. */
export function target(call: Call): Room {
  const asked = need(call, 'channel')
  const person = call.ws.users.get(asked)
  if (person) {
    if (person.deleted || person.isBot) refuse('channel_not_found')
    return openDm(call.ws, person.id).room
  }
  const room = channelByNameOf(call)
  if (room.archived) refuse('is_archived')
  if (room.members.has(call.me)) return room
  if (room.kind !== 'public' || !call.scopes.has('chat:write.public')) refuse('not_in_channel')
  return room
}

/** Stricter than Slack, which takes a `thread_ts` that is no message's and shows the reply nowhere. */
export function threadOf(call: Call, room: Room): string | null {
  const ts = text(call, 'thread_ts')
  if (ts === undefined) return null
  const parent = room.messages.get(ts)
  if (!parent || parent.onlyFor !== null) {
    return refuse(
      call.facts.errors.includes('cannot_reply_to_message') ? 'cannot_reply_to_message' : 'channel_not_found',
    )
  }
  return parent.threadTs ?? parent.ts
}

/** As Slack counts: a bare `&` is escaped first. */
const escapedBytes = (words: string): number => Buffer.byteLength(words.replaceAll(/&(?!(amp|lt|gt);)/g, '&amp;'))
