import type { Room, Stored, Workspace } from './model.ts'
import { slackMessage } from './slack-shapes.ts'
import { newId, nextTs } from './workspace.ts'

/** Events of the Events API, and those of messages. */

/** An event of the Events API: the subscription that it needs, and its content, made only when somebody wants it. */
export interface Event {
  subscription: string
  /** Any one of them lets it through. */
  scopes: readonly string[]
  event(): Record<string, unknown>
}

interface KindFacts {
  subscription: string
  channel_type: string
  history: string
  read: string
}

export const KIND: Record<Room['kind'], KindFacts> = {
  public: {
    subscription: 'message.channels',
    channel_type: 'channel',
    history: 'channels:history',
    read: 'channels:read',
  },
  private: { subscription: 'message.groups', channel_type: 'group', history: 'groups:history', read: 'groups:read' },
  im: { subscription: 'message.im', channel_type: 'im', history: 'im:history', read: 'im:read' },
  mpim: { subscription: 'message.mpim', channel_type: 'mpim', history: 'mpim:history', read: 'mpim:read' },
}

/** An event whose subscription is its type. */
export function event(
  ws: Workspace,
  type: string,
  scopes: readonly string[],
  fields: () => Record<string, unknown>,
): Event {
  return { subscription: type, scopes, event: () => ({ type, ...fields(), event_ts: nextTs(ws) }) }
}

export function messageEvents(ws: Workspace, room: Room, message: Stored): Event[] {
  const { subscription, channel_type, history } = KIND[room.kind]
  const common = () => ({ ...slackMessage(ws, room, message), channel: room.id, event_ts: message.ts })
  const events: Event[] = [{ subscription, scopes: [history], event: () => ({ ...common(), channel_type }) }]
  const mentioned = message.text.includes(`<@${ws.app.botUser}>`) || message.text.includes(`<@${ws.app.botUser}|`)
  if (mentioned && !message.byApp && [null, 'file_share'].includes(message.subtype) && room.kind !== 'im') {
    events.push({
      subscription: 'app_mention',
      scopes: ['app_mentions:read'],
      event: () => ({ ...common(), type: 'app_mention' }),
    })
  }
  return events
}

export function changedEvent(ws: Workspace, room: Room, message: Stored, previous: Stored): Event {
  const { subscription, channel_type, history } = KIND[room.kind]
  return {
    subscription,
    scopes: [history],
    event: () => {
      const ts = nextTs(ws)
      return {
        type: 'message',
        subtype: 'message_changed',
        hidden: true,
        channel: room.id,
        channel_type,
        ts,
        event_ts: ts,
        message: slackMessage(ws, room, message),
        previous_message: slackMessage(ws, room, previous),
      }
    },
  }
}

export function deletedEvent(ws: Workspace, room: Room, message: Stored): Event {
  const { subscription, channel_type, history } = KIND[room.kind]
  return {
    subscription,
    scopes: [history],
    event: () => {
      const ts = nextTs(ws)
      return {
        type: 'message',
        subtype: 'message_deleted',
        hidden: true,
        channel: room.id,
        channel_type,
        ts,
        event_ts: ts,
        deleted_ts: message.ts,
        previous_message: slackMessage(ws, room, message),
      }
    },
  }
}

/** Links that are not the app's own posts. An address that Slack has shown can be unfolded by its unfurl_id. */
export function linkEvents(ws: Workspace, room: Room, message: Stored): Event[] {
  if (ws.unfurlDomains.length === 0 || message.user === ws.app.botUser) return []
  const links = [...message.text.matchAll(/<(https?:\/\/[^|>]+)[|>]/g)].flatMap(([, url = '']) => {
    const { hostname } = new URL(url)
    const domain = ws.unfurlDomains.find((known) => hostname === known || hostname.endsWith(`.${known}`))
    return domain === undefined ? [] : [{ domain, url }]
  })
  if (links.length === 0) return []
  return [
    event(ws, 'link_shared', ['links:read'], () => ({
      user: message.user,
      channel: room.id,
      message_ts: message.ts,
      ...(message.threadTs === null ? {} : { thread_ts: message.threadTs }),
      unfurl_id: unfurlId(ws, message),
      source: 'conversations_history',
      is_bot_user_member: room.members.has(ws.app.botUser),
      links,
    })),
  ]
}

/** Slack forgets the addresses that were not unfolded, too. */
const UNFURLS_KEPT = 1_000

function unfurlId(ws: Workspace, message: Stored): string {
  const id = newId(ws, 'Uf')
  ws.unfurls.set(id, { channel: message.channel, ts: message.ts })
  const [oldest] = ws.unfurls.keys()
  if (ws.unfurls.size > UNFURLS_KEPT && oldest !== undefined) ws.unfurls.delete(oldest)
  return id
}
