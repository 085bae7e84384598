import { randomBytes } from 'node:crypto'
import { slackChannel, slackMessage, slackUser } from './slack-shapes.ts'
import { type Happening, nextTs, type Room, type Stored, type Workspace } from './workspace.ts'

/** An event of the Events API, with the subscription that it needs. */
interface Event {
  subscription: string
  event: Record<string, unknown>
}

const KIND: Record<Room['kind'], { subscription: string; channel_type: string }> = {
  public: { subscription: 'message.channels', channel_type: 'channel' },
  private: { subscription: 'message.groups', channel_type: 'group' },
  im: { subscription: 'message.im', channel_type: 'im' },
}

/**
 * The events that Slack would send for a change, as far as the app subscribed to them. The bot's own messages are among them, as they are
 * at Slack; `message_changed` and `message_deleted` are not built.
 */
export function eventsOf(ws: Workspace, happening: Happening): Record<string, unknown>[] {
  return candidates(ws, happening)
    .filter(({ subscription }) => ws.events.has(subscription))
    .map(({ event }) => wrapped(ws, event))
}

function candidates(ws: Workspace, happening: Happening): Event[] {
  const bot = ws.app.botUser
  switch (happening.type) {
    case 'message': {
      const { message } = happening
      const room = ws.rooms.get(message.channel)
      return room?.members.has(bot) && message.onlyFor === null ? messageEvents(ws, room, message) : []
    }
    case 'joined':
    case 'left': {
      const { room, user, by } = happening
      if (!room.members.has(bot) && user !== bot) return []
      const type = happening.type === 'joined' ? 'member_joined_channel' : 'member_left_channel'
      const channel_type = room.kind === 'private' ? 'G' : 'C'
      return [event(ws, type, { user, channel: room.id, channel_type, team: ws.team.id, inviter: by })]
    }
    case 'reaction': {
      const { message, user, name, added } = happening
      if (!ws.rooms.get(message.channel)?.members.has(bot)) return []
      const item = { type: 'message', channel: message.channel, ts: message.ts }
      return [
        event(ws, added ? 'reaction_added' : 'reaction_removed', {
          user,
          reaction: name,
          item,
          item_user: message.user,
        }),
      ]
    }
    case 'room':
      return roomEvents(ws, happening.room, happening.reason)
    case 'user':
      return [event(ws, 'user_change', { user: slackUser(ws, happening.user) })]
    default:
      return []
  }
}

function messageEvents(ws: Workspace, room: Room, message: Stored): Event[] {
  const { subscription, channel_type } = KIND[room.kind]
  const shown = slackMessage(ws, room, message)
  const common = { ...shown, channel: room.id, event_ts: message.ts }
  const events: Event[] = [{ subscription, event: { ...common, channel_type } }]
  const mentioned = message.text.includes(`<@${ws.app.botUser}>`) || message.text.includes(`<@${ws.app.botUser}|`)
  if (mentioned && !message.byApp && message.subtype === null && room.kind !== 'im') {
    events.push({ subscription: 'app_mention', event: { ...common, type: 'app_mention' } })
  }
  return events
}

function roomEvents(ws: Workspace, room: Room, reason: Extract<Happening, { type: 'room' }>['reason']): Event[] {
  if (room.kind === 'im') return []
  const prefix = room.kind === 'private' ? 'group' : 'channel'
  switch (reason) {
    case 'created':
      return room.kind === 'public' ? [event(ws, 'channel_created', { channel: slackChannel(ws, room) })] : []
    case 'archived':
      return [event(ws, `${prefix}_archive`, { channel: room.id, user: room.creator })]
    case 'renamed':
      return [event(ws, `${prefix}_rename`, { channel: { id: room.id, name: room.name, created: 0 } })]
    case 'changed':
      return []
    default:
      return reason satisfies never
  }
}

function event(ws: Workspace, type: string, fields: Record<string, unknown>): Event {
  return { subscription: type, event: { type, ...fields, event_ts: nextTs(ws) } }
}

/** The event of a person who opens the app's Home. */
export function homeOpened(ws: Workspace, user: string, channel: string): Record<string, unknown> | null {
  if (!ws.events.has('app_home_opened')) return null
  return wrapped(ws, event(ws, 'app_home_opened', { user, channel, tab: 'home' }).event)
}

function wrapped(ws: Workspace, event: Record<string, unknown>): Record<string, unknown> {
  return {
    token: ws.app.verificationToken,
    team_id: ws.team.id,
    context_team_id: ws.team.id,
    context_enterprise_id: null,
    api_app_id: ws.app.id,
    event,
    type: 'event_callback',
    event_id: `Ev${randomBytes(5).toString('hex').toUpperCase()}`,
    event_time: Math.floor(ws.clock.now() / 1000),
    authorizations: [
      {
        enterprise_id: null,
        team_id: ws.team.id,
        user_id: ws.app.botUser,
        is_bot: true,
        is_enterprise_install: false,
      },
    ],
    is_ext_shared_channel: false,
    event_context: `4-${randomBytes(16).toString('base64url')}`,
  }
}
