import { alter } from '../acts.ts'
import { isRecord } from '../blocks.ts'
import { type Call, type Handler, json, refuse, text } from '../call.ts'
import { judgedAttachment } from '../content.ts'
import type { Stored } from '../model.ts'
import type { Attachment } from '../wire.ts'
import { canSee } from '../workspace.ts'

export const unfurls: Record<string, Handler> = {
  'chat.unfurl'(call) {
    const message = messageOf(call)
    const sent = json(call, 'unfurls')
    if (sent === undefined) {
      // Only a question to the person whether they want to sign in.
      if (call.args.user_auth_required === undefined && call.args.user_auth_message === undefined)
        refuse('missing_unfurls')
      return {}
    }
    if (sent === 'unreadable' || !isRecord(sent.value)) return refuse('invalid_unfurls_format')
    const unfolded = Object.entries(sent.value).map(([url, attachment]) => unfoldedOf(message, url, attachment))
    const others = message.attachments.filter(({ from_url }) => !unfolded.some((each) => each.from_url === from_url))
    const attachments = [...others, ...unfolded].map((attachment, index) => ({ ...attachment, id: index + 1 }))
    alter(call.ws, message, { attachments })
    call.ts = message.ts
    return {}
  },
}

/** By channel and ts, or by what the link_shared event said. */
function messageOf(call: Call): Stored {
  const { ws } = call
  const id = text(call, 'unfurl_id')
  if (id !== undefined) {
    if (text(call, 'source') === undefined) refuse('missing_source')
    if (!['composer', 'conversations_history'].includes(text(call, 'source') ?? '')) refuse('invalid_source')
    const known = ws.unfurls.get(id) ?? refuse('invalid_unfurl_id')
    return ws.rooms.get(known.channel)?.messages.get(known.ts) ?? refuse('cannot_find_message')
  }
  const channel = text(call, 'channel') ?? refuse('missing_channel')
  const ts = text(call, 'ts') ?? refuse('missing_ts')
  const room = ws.rooms.get(channel)
  if (!room || !canSee(ws, room, call.me)) return refuse('cannot_find_channel')
  const message = room.messages.get(ts)
  return message && message.onlyFor === null ? message : refuse('cannot_find_message')
}

/** The address must be in the message, as it was shown to the app. */
function unfoldedOf(message: Stored, url: string, attachment: unknown): Attachment {
  if (!isRecord(attachment)) return refuse('cannot_parse_attachment')
  if (!message.text.includes(`<${url}`)) refuse('cannot_unfurl_url')
  try {
    return { ...judgedAttachment(attachment), from_url: url, fallback: String(attachment.fallback ?? url) }
  } catch {
    return refuse('cannot_parse_attachment')
  }
}
