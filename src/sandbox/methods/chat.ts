import { edit, post, remove } from '../acts.ts'
import {
  type Call,
  type Content,
  channelByNameOf,
  channelOf,
  contentOf,
  flag,
  type Handler,
  LONGEST_TEXT,
  LONGEST_UPDATE_BYTES,
  messageOf,
  need,
  refuse,
  text,
} from '../call.ts'
import { slackMessage } from '../slack-shapes.ts'
import { openDm, type Room } from '../workspace.ts'

export const chat: Record<string, Handler> = {
  'chat.postMessage'(call) {
    const room = target(call)
    if (room.archived) refuse('is_archived')
    const content = contentOf(call)
    needWords(content)
    const threadTs = threadOf(call, room)
    const said = content.text ?? ''
    const message = post(call.ws, room, call.bot, {
      text: said.slice(0, LONGEST_TEXT),
      blocks: content.blocks ?? [],
      attachments: content.attachments ?? [],
      metadata: content.metadata ?? null,
      threadTs,
      broadcast: threadTs !== null && flag(call, 'reply_broadcast'),
    })
    call.ts = message.ts
    const warning = said.length > LONGEST_TEXT ? { warning: 'message_truncated' } : {}
    return { channel: room.id, ts: message.ts, message: slackMessage(call.ws, room, message, true), ...warning }
  },

  'chat.update'(call) {
    const room = channelOf(call)
    const message = messageOf(call, room, 'ts')
    if (message.user !== call.bot || message.subtype !== null) refuse('cant_update_message')
    const content = contentOf(call)
    needWords(content)
    if (escapedBytes(content.text ?? '') > LONGEST_UPDATE_BYTES) refuse('msg_too_long')
    edit(call.ws, message, call.bot, {
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
    if (message.user !== call.bot || message.subtype !== null) refuse('cant_delete_message')
    remove(call.ws, message)
    call.ts = message.ts
    return { channel: room.id, ts: message.ts }
  },

  'chat.postEphemeral'(call) {
    const room = channelByNameOf(call)
    if (!room.members.has(call.bot)) refuse('not_in_channel')
    if (room.archived) refuse('is_archived')
    const user = need(call, 'user')
    if (!room.members.has(user)) refuse('user_not_in_channel')
    const content = contentOf(call)
    needWords(content)
    if ((content.text ?? '').length > LONGEST_TEXT) refuse('msg_too_long')
    const message = post(call.ws, room, call.bot, {
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
    const permalink = `${call.base}/archives/${room.id}/p${message.ts.replace('.', '')}`
    return { channel: room.id, permalink }
  },
}

/** Where a post goes: a channel by id or name, or a person's id, which is their DM with the bot. */
function target(call: Call): Room {
  const asked = need(call, 'channel')
  const person = call.ws.users.get(asked)
  if (person) {
    if (person.deleted || person.isBot) refuse('channel_not_found')
    return openDm(call.ws, person.id).room
  }
  const room = channelByNameOf(call)
  if (room.members.has(call.bot)) return room
  if (room.kind !== 'public' || !call.ws.scopes.has('chat:write.public')) refuse('not_in_channel')
  return room
}

function needWords(content: Content): void {
  const { text: words, blocks, attachments } = content
  if (words === undefined && !blocks?.length && !attachments?.length) refuse('no_text')
}

/** Stricter than Slack, which takes a `thread_ts` that is no message's and shows the reply nowhere. */
function threadOf(call: Call, room: Room): string | null {
  const ts = text(call, 'thread_ts')
  if (ts === undefined) return null
  const parent = room.messages.get(ts)
  if (!parent || parent.onlyFor !== null) return refuse('cannot_reply_to_message')
  return parent.threadTs ?? parent.ts
}

/** As Slack counts: a bare `&` is escaped first. */
const escapedBytes = (words: string): number => Buffer.byteLength(words.replaceAll(/&(?!(amp|lt|gt);)/g, '&amp;'))
