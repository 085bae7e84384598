import { randomBytes } from 'node:crypto'
import { changedEvent, deletedEvent, type Event, event, KIND, linkEvents, messageEvents } from './message-events.ts'
import type { Happening, Room, UserGroup, Workspace } from './model.ts'
import { dndStatus } from './quiet.ts'
import { permalink, slackChannel, slackGroup, slackMessage, slackUser, slackView } from './slack-shapes.ts'
import type { StepRun } from './wire.ts'
import { isChannel, isExternal, isShared, newId, nextTs, teamOf } from './workspace.ts'

/**
 * The events that Slack would send for a change, as far as the app subscribed to them and has the scopes. The bot's own messages are
 * among them, as they are at Slack.
 */
export function eventsOf(ws: Workspace, happening: Happening): Record<string, unknown>[] {
  if (ws.events.size === 0) return []
  return candidates(ws, happening)
    .filter(({ subscription }) => ws.events.has(subscription))
    .filter(({ scopes }) => scopes.length === 0 || scopes.some((scope) => ws.scopes.has(scope)))
    .map(({ event }) => wrapped(ws, event()))
}

function candidates(ws: Workspace, happening: Happening): Event[] {
  const heard = (room: Room | null | undefined): room is Room => room?.members.has(ws.app.botUser) ?? false
  switch (happening.type) {
    case 'message': {
      const { message } = happening
      const room = ws.rooms.get(message.channel)
      if (!room || message.onlyFor !== null) return []
      return [...(heard(room) ? messageEvents(ws, room, message) : []), ...linkEvents(ws, room, message)]
    }
    case 'message_changed':
    case 'message_deleted': {
      const { message } = happening
      const room = ws.rooms.get(message.channel)
      if (!heard(room) || message.onlyFor !== null) return []
      if (happening.type === 'message_deleted') return [deletedEvent(ws, room, message)]
      return happening.previous ? [changedEvent(ws, room, message, happening.previous)] : []
    }
    case 'joined':
    case 'left': {
      const { room, user, by } = happening
      return heard(room) || user === ws.app.botUser ? memberEvents(ws, room, user, by, happening.type) : []
    }
    case 'reaction': {
      const { message } = happening
      return heard(ws.rooms.get(message.channel)) ? [reactionEvent(ws, happening)] : []
    }
    case 'pin':
      return heard(happening.room) ? [pinEvent(ws, happening)] : []
    case 'room':
      return roomEvents(ws, happening)
    case 'user':
      return userEvents(ws, happening)
    case 'quiet':
      return [
        event(ws, 'dnd_updated_user', ['dnd:read'], () => ({
          user: happening.user.id,
          dnd_status: dndStatus(happening.user, ws.clock.now()),
        })),
      ]
    case 'usergroup':
      return groupEvents(ws, happening.group, happening.reason, happening.before)
    case 'file':
      return fileEvents(ws, happening)
    case 'revoked':
      return [
        event(ws, 'tokens_revoked', [], () => ({ tokens: { oauth: [], bot: [ws.app.botUser] } })),
        event(ws, 'app_uninstalled', [], () => ({})),
      ]
    default:
      return []
  }
}

function memberEvents(ws: Workspace, room: Room, user: string, by: string, what: 'joined' | 'left'): Event[] {
  const type = what === 'joined' ? 'member_joined_channel' : 'member_left_channel'
  const channel_type = room.kind === 'private' ? 'G' : 'C'
  const team = teamOf(ws, user)
  const inviter = what === 'joined' && by !== user ? { inviter: by } : {}
  return [
    event(ws, type, [KIND[room.kind].read], () => ({ user, channel: room.id, channel_type, team, ...inviter })),
    ...(what === 'left' && user === ws.app.botUser
      ? [
          event(ws, room.kind === 'private' ? 'group_left' : 'channel_left', [KIND[room.kind].read], () => ({
            channel: room.id,
            actor_id: by,
          })),
        ]
      : []),
  ]
}

function reactionEvent(ws: Workspace, { message, user, name, added }: Extract<Happening, { type: 'reaction' }>): Event {
  return event(ws, added ? 'reaction_added' : 'reaction_removed', ['reactions:read'], () => ({
    user,
    reaction: name,
    item: { type: 'message', channel: message.channel, ts: message.ts },
    item_user: message.user,
  }))
}

function pinEvent(ws: Workspace, { room, message, user, added }: Extract<Happening, { type: 'pin' }>): Event {
  const pinned = Math.floor(ws.clock.now() / 1000)
  return event(ws, added ? 'pin_added' : 'pin_removed', ['pins:read'], () => ({
    user,
    channel_id: room.id,
    item: {
      type: 'message',
      created: pinned,
      created_by: user,
      channel: room.id,
      message: { ...slackMessage(ws, room, message), permalink: permalink(ws, message) },
    },
    item_user: message.user,
    pin_count: String(room.pins.length),
    pinned_info: { channel: room.id, pinned_by: user, pinned_ts: pinned },
    ...(added ? {} : { has_pins: room.pins.length > 0 }),
  }))
}

function roomEvents(ws: Workspace, { room, reason, by }: Extract<Happening, { type: 'room' }>): Event[] {
  if (!isChannel(room)) return []
  const isPrivate = room.kind === 'private'
  // Of a private channel that it is not in the app hears nothing.
  if (isPrivate && !room.members.has(ws.app.botUser)) return []
  const prefix = isPrivate ? 'group' : 'channel'
  const scopes = [KIND[room.kind].read]
  switch (reason) {
    case 'created':
      return isPrivate ? [] : [event(ws, 'channel_created', scopes, () => ({ channel: slackChannel(ws, room) }))]
    case 'archived':
    case 'unarchived': {
      const what = reason === 'archived' ? 'archive' : 'unarchive'
      return [event(ws, `${prefix}_${what}`, scopes, () => ({ channel: room.id, user: by }))]
    }
    case 'renamed': {
      const { id, name, name_normalized, created, is_channel, is_mpim } = slackNamed(ws, room)
      const channel = { id, name, name_normalized, created, is_channel, is_mpim }
      return [event(ws, `${prefix}_rename`, scopes, () => ({ channel }))]
    }
    case 'changed':
      return []
    default:
      return reason satisfies never
  }
}

function slackNamed(ws: Workspace, room: Room) {
  const channel = slackChannel(ws, room)
  if (!('name_normalized' in channel)) throw new Error('a DM has no name')
  return channel
}

function userEvents(ws: Workspace, { user, reason }: Extract<Happening, { type: 'user' }>): Event[] {
  // People of other companies are told of where a channel is shared with them.
  const shares = [...ws.rooms.values()].some((room) => room.members.has(user.id) && room.members.has(ws.app.botUser))
  if (reason === 'presence' || (isExternal(user) && !shares)) return []
  const shown = () => ({ user: slackUser(ws, user) })
  if (reason === 'joined') return [event(ws, 'team_join', ['users:read'], shown)]
  const cache_ts = Math.floor(ws.clock.now() / 1000)
  return [event(ws, 'user_change', ['users:read'], () => ({ ...shown(), cache_ts }))]
}

function groupEvents(
  ws: Workspace,
  group: UserGroup,
  reason: 'created' | 'updated',
  before: readonly string[],
): Event[] {
  const scopes = ['usergroups:read']
  const subteam = () => slackGroup(ws, group, { withUsers: true, withCount: true })
  if (reason === 'created') return [event(ws, 'subteam_created', scopes, () => ({ subteam: subteam() }))]
  const added = group.users.filter((id) => !before.includes(id))
  const removed = before.filter((id) => !group.users.includes(id))
  const updated = event(ws, 'subteam_updated', scopes, () => ({ subteam: subteam() }))
  if (added.length === 0 && removed.length === 0) return [updated]
  const at = Math.floor(group.updatedAt / 1000)
  const changed = event(ws, 'subteam_members_changed', scopes, () => ({
    subteam_id: group.id,
    team_id: ws.team.id,
    date_previous_update: at,
    date_update: at,
    added_users: added,
    added_users_count: added.length,
    removed_users: removed,
    removed_users_count: removed.length,
  }))
  const self = (users: readonly string[], type: string) =>
    users.includes(ws.app.botUser) ? [event(ws, type, scopes, () => ({ subteam_id: group.id }))] : []
  return [updated, changed, ...self(added, 'subteam_self_added'), ...self(removed, 'subteam_self_removed')]
}

function fileEvents(ws: Workspace, { file, reason, channel }: Extract<Happening, { type: 'file' }>): Event[] {
  const inReach = channel === null || (ws.rooms.get(channel)?.members.has(ws.app.botUser) ?? false)
  if (!inReach || (channel === null && file.user !== ws.app.botUser)) return []
  const fields = { file_id: file.id, user_id: file.user, file: { id: file.id } }
  switch (reason) {
    case 'created':
      return [event(ws, 'file_created', ['files:read'], () => fields)]
    case 'shared':
      return [event(ws, 'file_shared', ['files:read'], () => ({ ...fields, channel_id: channel }))]
    case 'deleted': {
      const channel_ids = file.shares.map((share) => share.channel)
      return [event(ws, 'file_deleted', ['files:read'], () => ({ file_id: file.id, channel_ids }))]
    }
    default:
      return reason satisfies never
  }
}

/** The event of a person who opens a tab of the app's DM; the Home that they see is with it, once there is one. */
export function homeOpened(
  ws: Workspace,
  user: string,
  channel: string,
  tab: 'home' | 'messages',
): Record<string, unknown> | null {
  if (!ws.events.has('app_home_opened')) return null
  const home = ws.views.get(ws.homes.get(user) ?? '')
  const view = tab === 'home' && home ? { view: slackView(ws, home) } : {}
  const event = { type: 'app_home_opened', user, channel, tab, ...view, event_ts: nextTs(ws) }
  return wrapped(ws, event)
}

/** The event of a workflow that reaches a step of the app. Null when the app did not subscribe. */
export function stepReached(ws: Workspace, run: StepRun): Record<string, unknown> | null {
  const kind = ws.steps.find(({ callback_id }) => callback_id === run.callback_id)
  if (!kind || !ws.events.has('function_executed')) return null
  const parameters = (list: { name: string; title: string; type: string; required?: boolean }[]) =>
    list.map(({ name, title, type, required }) => ({
      type,
      name,
      title,
      description: '',
      is_required: required ?? false,
    }))
  const created = Math.floor(ws.clock.now() / 1000)
  return wrapped(ws, {
    type: 'function_executed',
    function: {
      id: `Fn0L${kind.callback_id.toUpperCase().replaceAll(/[^A-Z0-9]/g, '')}`,
      callback_id: kind.callback_id,
      title: kind.title,
      description: kind.description,
      type: 'app',
      input_parameters: parameters(kind.inputs),
      output_parameters: parameters(kind.outputs),
      app_id: ws.app.id,
      date_created: created,
      date_updated: created,
      date_deleted: 0,
    },
    inputs: run.inputs,
    function_execution_id: run.id,
    workflow_execution_id: newId(ws, 'Wx'),
    event_ts: nextTs(ws),
    bot_access_token: ws.botToken,
  })
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
    is_ext_shared_channel: isSharedIn(ws, event),
    event_context: `4-${randomBytes(16).toString('base64url')}`,
  }
}

function isSharedIn(ws: Workspace, event: Record<string, unknown>): boolean {
  const room = ws.rooms.get(String(event.channel))
  return room !== undefined && isShared(ws, room)
}
