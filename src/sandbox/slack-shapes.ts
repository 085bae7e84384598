import {
  isLater,
  people,
  type Room,
  repliesTo,
  type Stored,
  type StoredView,
  type User,
  type Workspace,
} from './workspace.ts'

/** Objects as Slack's Web API and payloads show them. */

const seconds = (ms: number): number => Math.floor(ms / 1000)

export function botProfile(ws: Workspace) {
  return {
    id: ws.app.botId,
    app_id: ws.app.id,
    user_id: ws.app.botUser,
    name: ws.app.name,
    icons: { image_36: '', image_48: '', image_72: '' },
    deleted: false,
    updated: 0,
    team_id: ws.team.id,
  }
}

/** A message as the history shows it. Metadata only where it is asked for. */
export function slackMessage(ws: Workspace, room: Room, message: Stored, withMetadata = false) {
  const isParent = message.threadTs === message.ts
  const replies = isParent ? repliesTo(room, message.ts) : []
  const byBot = message.user === ws.app.botUser && message.subtype === null
  return {
    type: 'message',
    ...(message.subtype === null ? {} : { subtype: message.subtype }),
    user: message.user,
    ts: message.ts,
    ...(byBot ? { bot_id: ws.app.botId, app_id: ws.app.id, bot_profile: botProfile(ws) } : {}),
    text: message.text,
    team: ws.team.id,
    ...(message.blocks.length > 0 ? { blocks: message.blocks } : {}),
    ...(message.attachments.length > 0 ? { attachments: message.attachments } : {}),
    ...(message.edited ? { edited: message.edited } : {}),
    ...(message.threadTs === null ? {} : { thread_ts: message.threadTs }),
    ...(message.threadTs !== null && !isParent
      ? { parent_user_id: room.messages.get(message.threadTs)?.user ?? message.user }
      : {}),
    ...(message.broadcast ? { subtype: 'thread_broadcast' } : {}),
    ...(replies.length > 0
      ? {
          reply_count: replies.length,
          reply_users: [...new Set(replies.map((reply) => reply.user))],
          reply_users_count: new Set(replies.map((reply) => reply.user)).size,
          latest_reply: replies.at(-1)?.ts,
          is_locked: false,
          subscribed: false,
        }
      : {}),
    ...(message.reactions.size > 0
      ? { reactions: [...message.reactions].map(([name, users]) => ({ name, users, count: users.length })) }
      : {}),
    ...(room.pins.some((pin) => pin.ts === message.ts) ? { pinned_to: [room.id] } : {}),
    ...(withMetadata && message.metadata ? { metadata: message.metadata } : {}),
  }
}

export function slackChannel(ws: Workspace, room: Room) {
  const updated = room.createdAt
  if (room.kind === 'im') {
    return {
      id: room.id,
      created: seconds(room.createdAt),
      is_archived: false,
      is_im: true,
      is_org_shared: false,
      context_team_id: ws.team.id,
      updated,
      user: room.with,
      is_user_deleted: room.with === null ? false : (ws.users.get(room.with)?.deleted ?? false),
      priority: 0,
    }
  }
  const isPrivate = room.kind === 'private'
  return {
    id: room.id,
    name: room.name,
    name_normalized: room.name,
    is_channel: !isPrivate,
    is_group: isPrivate,
    is_im: false,
    is_mpim: false,
    is_private: isPrivate,
    created: seconds(room.createdAt),
    is_archived: room.archived,
    is_general: room.name === 'general',
    unlinked: 0,
    is_shared: false,
    is_org_shared: false,
    is_ext_shared: false,
    is_pending_ext_shared: false,
    pending_shared: [],
    parent_conversation: null,
    context_team_id: ws.team.id,
    updated,
    creator: room.creator,
    is_member: room.members.has(ws.app.botUser),
    topic: { value: room.topic, creator: room.topic === '' ? '' : room.creator, last_set: 0 },
    purpose: { value: room.purpose, creator: room.purpose === '' ? '' : room.creator, last_set: 0 },
    previous_names: [],
  }
}

export function slackUser(ws: Workspace, user: User) {
  const offset = user.deleted ? 0 : zoneOffsetSeconds(user.tz, ws.clock.now())
  const profile = {
    title: '',
    phone: '',
    skype: '',
    real_name: user.realName,
    real_name_normalized: user.realName,
    display_name: user.name,
    display_name_normalized: user.name,
    status_text: '',
    status_emoji: '',
    status_expiration: 0,
    avatar_hash: '',
    image_24: '',
    image_48: '',
    image_72: '',
    team: ws.team.id,
    ...(user.isBot
      ? { api_app_id: ws.app.id, bot_id: ws.app.botId, always_active: true }
      : ws.scopes.has('users:read.email')
        ? { email: user.email }
        : {}),
  }
  const common = { id: user.id, team_id: ws.team.id, name: user.name, deleted: user.deleted, profile }
  const end = { is_bot: user.isBot, is_app_user: false, updated: seconds(user.updatedAt) }
  // Slack leaves roles and the time zone of deleted users out.
  if (user.deleted) return { ...common, ...end }
  return {
    ...common,
    color: '9f69e7',
    real_name: user.realName,
    tz: user.tz,
    tz_label: user.tz,
    tz_offset: offset,
    is_admin: false,
    is_owner: false,
    is_primary_owner: false,
    is_restricted: user.isRestricted,
    is_ultra_restricted: false,
    ...end,
    is_email_confirmed: true,
    who_can_share_contact_card: 'EVERYONE',
  }
}

function zoneOffsetSeconds(tz: string, at: number): number {
  const name = new Intl.DateTimeFormat('en-US', { timeZone: tz, timeZoneName: 'longOffset' })
    .formatToParts(at)
    .find((part) => part.type === 'timeZoneName')?.value
  const match = /GMT([+-])(\d{2}):(\d{2})/.exec(name ?? '')
  if (!match) return 0
  return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 3600 + Number(match[3]) * 60)
}

export function slackView(ws: Workspace, view: StoredView) {
  const plain = (text: string | null) => (text === null ? null : { type: 'plain_text', text, emoji: true })
  return {
    id: view.id,
    team_id: ws.team.id,
    type: view.type,
    blocks: view.blocks,
    private_metadata: view.privateMetadata,
    callback_id: view.callbackId,
    state: { values: view.values },
    hash: view.hash,
    title: plain(view.title),
    clear_on_close: false,
    notify_on_close: view.notifyOnClose,
    close: plain(view.close),
    submit: plain(view.submit),
    previous_view_id: null,
    root_view_id: view.id,
    app_id: ws.app.id,
    external_id: view.externalId,
    app_installed_team_id: ws.team.id,
    bot_id: ws.app.botId,
  }
}

export function slackGroup(
  ws: Workspace,
  group: { id: string; handle: string; name: string; users: string[]; disabled: boolean },
) {
  return {
    id: group.id,
    team_id: ws.team.id,
    is_usergroup: true,
    is_subteam: true,
    name: group.name,
    description: '',
    handle: group.handle,
    is_external: false,
    date_create: 0,
    date_update: 0,
    date_delete: group.disabled ? 1 : 0,
    auto_type: null,
    auto_provision: false,
    enterprise_subteam_id: '',
    created_by: people(ws)[0]?.id ?? '',
    updated_by: ws.app.botUser,
    deleted_by: null,
    prefs: { channels: [], groups: [] },
    user_count: group.users.length,
  }
}

/** Newest first, as the history is. */
export const newestFirst = (messages: readonly Stored[]): Stored[] =>
  [...messages].sort((a, b) => (isLater(a.ts, b.ts) ? -1 : 1))
