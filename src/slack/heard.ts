import { z } from 'zod'
import type { Place } from '../domain/response.ts'
import { Raw } from './messages.ts'

/** What the bot hears of in channels: that it is spoken to, that messages are marked, and what becomes of them. */
export type Heard =
  /** `text` is what follows the bot's name; `thread` is the first message of the thread in which it was said. */
  | { kind: 'mention'; user: string; team: string | null; channel: string; text: string; thread: string | null }
  | { kind: 'marked' | 'unmarked'; user: string; message: Place }
  | { kind: 'edited'; message: Place; raw: Raw; editedAt: number }
  | { kind: 'deleted'; message: Place; deletedAt: number }

const item = z.object({ type: z.string(), channel: z.string().optional(), ts: z.string().optional() })

const Event = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('app_mention'),
    user: z.string(),
    user_team: z.string().optional(),
    team: z.string().optional(),
    channel: z.string(),
    text: z.string(),
    thread_ts: z.string().optional(),
    bot_id: z.string().optional(),
  }),
  z.object({ type: z.literal('reaction_added'), user: z.string(), reaction: z.string(), item }),
  z.object({ type: z.literal('reaction_removed'), user: z.string(), reaction: z.string(), item }),
  z.object({ type: z.literal('pin_added'), user: z.string(), item: pinned() }),
  z.object({ type: z.literal('pin_removed'), user: z.string(), item: pinned() }),
  z.object({
    type: z.literal('message'),
    subtype: z.string().optional(),
    channel: z.string(),
    event_ts: z.string().optional(),
    deleted_ts: z.string().optional(),
    message: Raw.optional(),
    previous_message: Raw.optional(),
  }),
])

function pinned() {
  return z.object({ channel: z.string().optional(), message: z.object({ ts: z.string() }).optional() })
}

/** Slack's names of the events that {@link heard} reads. */
export const HEARD: readonly string[] = [
  'app_mention',
  'reaction_added',
  'reaction_removed',
  'pin_added',
  'pin_removed',
  'message',
]

interface Ears {
  /** The bot's own Slack id: what it does itself is no news. */
  me: string | null
  /** Names of the emoji that put a message on a timeline. */
  captureWith: readonly string[]
}

/** Whether an event of a kind that we listen to is certainly no news: what is said in channels, and what the bot does itself. */
export function isNoise(event: unknown, ears: Ears): boolean {
  const parsed = Event.safeParse(event)
  return parsed.success && parsed.data.type !== 'app_mention' && newsIn(parsed.data, ears) === null
}

/** What an event says that is of interest; null: nothing. Most of what is said in channels is not. */
export function heard(event: unknown, ears: Ears): Heard | null {
  const parsed = Event.safeParse(event)
  return parsed.success ? newsIn(parsed.data, ears) : null
}

function newsIn(data: z.infer<typeof Event>, { me, captureWith }: Ears): Heard | null {
  switch (data.type) {
    case 'app_mention': {
      if (data.bot_id !== undefined || data.user === me) return null
      const { user, channel, user_team, team, thread_ts: thread = null } = data
      // Whoever speaks of the bot does not speak to it.
      const [, id, text] = /^\s*<@([A-Z0-9]+)(?:\|[^>]*)?>[\s:,]*([\s\S]*)$/.exec(data.text) ?? []
      if (text === undefined || (me !== null && id !== me)) return null
      return { kind: 'mention', user, team: user_team ?? team ?? null, channel, text: text.trim(), thread }
    }
    case 'reaction_added':
    case 'reaction_removed': {
      const { channel, ts } = data.item
      // Skin tones come behind the name.
      const isOurs = captureWith.includes(data.reaction.replace(/::.*$/, ''))
      if (!isOurs || data.user === me || channel === undefined || ts === undefined) return null
      const kind = data.type === 'reaction_added' ? 'marked' : 'unmarked'
      return { kind, user: data.user, message: { channel, ts } }
    }
    case 'pin_added':
    case 'pin_removed': {
      const { channel, message } = data.item
      if (data.user === me || channel === undefined || message === undefined) return null
      const kind = data.type === 'pin_added' ? 'marked' : 'unmarked'
      return { kind, user: data.user, message: { channel, ts: message.ts } }
    }
    case 'message':
      return changed(data, me)
    default:
      return data satisfies never
  }
}

function changed(event: Extract<z.infer<typeof Event>, { type: 'message' }>, me: string | null): Heard | null {
  const { channel, message, previous_message: before } = event
  const at = Math.floor(Number(event.event_ts ?? message?.ts ?? event.deleted_ts ?? 0) * 1_000)
  if (event.subtype === 'message_deleted' && event.deleted_ts !== undefined)
    return before?.user === me && me !== null
      ? null
      : { kind: 'deleted', message: { channel, ts: event.deleted_ts }, deletedAt: at }
  if (event.subtype !== 'message_changed' || !message || (message.user === me && me !== null)) return null
  const place = { channel, ts: message.ts }
  // The first message of a thread leaves a stone behind.
  if (message.subtype === 'tombstone') return { kind: 'deleted', message: place, deletedAt: at }
  const isSame = before !== undefined && before.text === message.text && fileIds(before) === fileIds(message)
  // Links that are unfolded, reactions that are counted: nothing else is said.
  return isSame ? null : { kind: 'edited', message: place, raw: message, editedAt: at }
}

const fileIds = ({ files = [] }: Raw) => files.map(({ id }) => id).join(' ')
