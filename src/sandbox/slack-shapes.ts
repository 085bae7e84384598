import type { Room, Stored, StoredFile, StoredView, User, UserGroup, Workspace } from './model.ts'
import { isExternal, isLater, isSaid, people, repliesTo, teamOf } from './workspace.ts'

/** Objects as Slack's Web API and payloads show them. */

export const seconds = (ms: number): number => Math.floor(ms / 1000)

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
  const byBot = message.user === ws.app.botUser && isSaid(message)
  const { user_id: _, ...profile } = botProfile(ws)
  const files = message.files.map((id) => slackFile(ws, ws.files.get(id)))
  return {
    type: 'message',
    ...(message.subtype === null ? {} : { subtype: message.subtype }),
    ...message.extra,
    user: message.user,
    ts: message.ts,
    ...(byBot ? { bot_id: ws.app.botId, app_id: ws.app.id, bot_profile: profile } : {}),
    text: message.text,
    team: teamOf(ws, message.user),
    ...(message.blocks.length > 0 ? { blocks: message.blocks } : {}),
    ...(message.attachments.length > 0 ? { attachments: message.attachments } : {}),
    ...(files.length > 0 ? { files, upload: false, display_as_bot: false } : {}),
    ...(message.edited ? { edited: message.edited } : {}),
    ...(message.threadTs === null ? {} : { thread_ts: message.threadTs }),
    ...(message.threadTs !== null && !isParent
      ? { parent_user_id: room.messages.get(message.threadTs)?.user ?? message.user }
      : {}),
    ...(message.broadcast ? { subtype: 'thread_broadcast' } : {}),
    ...(message.streaming ? { streaming_state: 'in_progress' } : {}),
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

/** Where a message can be read in the browser. */
export const permalink = (ws: Workspace, message: Stored): string =>
  `${ws.base}/archives/${message.channel}/p${message.ts.replace('.', '')}`

/** A channel as it looks to `viewer`. */
export function slackChannel(ws: Workspace, room: Room, viewer = ws.app.botUser) {
  if (room.kind === 'im') return slackDm(ws, room)
  const isMpim = room.kind === 'mpim'
  const isPrivate = room.kind === 'private' || isMpim
  const teams = new Set([...room.members].map((id) => teamOf(ws, id)))
  const shared = teams.size > 1
  const canvas = room.canvas === null ? undefined : ws.canvases.get(room.canvas)
  return {
    id: room.id,
    name: room.name,
    name_normalized: room.name,
    is_channel: !isPrivate,
    is_group: room.kind === 'private',
    is_im: false,
    is_mpim: isMpim,
    is_private: isPrivate,
    created: seconds(room.createdAt),
    is_archived: room.archived,
    is_general: isGeneral(room),
    unlinked: 0,
    is_shared: shared,
    is_org_shared: false,
    is_ext_shared: shared,
    is_pending_ext_shared: false,
    pending_shared: [],
    ...(shared ? { shared_team_ids: [...teams] } : {}),
    context_team_id: ws.team.id,
    updated: room.createdAt,
    creator: room.creator,
    is_member: room.members.has(viewer),
    topic: { value: room.topic, creator: room.topic === '' ? '' : room.creator, last_set: 0 },
    purpose: { value: room.purpose, creator: room.purpose === '' ? '' : room.creator, last_set: 0 },
    previous_names: [],
    ...(canvas
      ? { properties: { canvas: { file_id: canvas.id, is_empty: canvas.sections.length === 0, quip_thread_id: '' } } }
      : {}),
  }
}

const slackDm = (ws: Workspace, room: Room) => ({
  id: room.id,
  created: seconds(room.createdAt),
  is_archived: false,
  is_im: true,
  is_org_shared: false,
  context_team_id: ws.team.id,
  updated: room.createdAt,
  user: room.with,
  is_user_deleted: room.with === null ? false : (ws.users.get(room.with)?.deleted ?? false),
  priority: 0,
})

/** The channel that everybody is in, and that nobody can leave. */
export const isGeneral = (room: Room): boolean => room.kind === 'public' && room.name === 'general'

/** What is the same in users.info, users.profile.get and events. */
export function slackProfile(ws: Workspace, user: User) {
  const [first_name = '', ...rest] = user.realName.split(' ')
  return {
    title: '',
    phone: '',
    skype: '',
    real_name: user.realName,
    real_name_normalized: user.realName,
    display_name: user.name,
    display_name_normalized: user.name,
    first_name,
    last_name: rest.join(' '),
    status_text: user.statusText,
    status_emoji: user.statusEmoji,
    status_expiration: 0,
    status_text_canonical: '',
    avatar_hash: '',
    image_24: '',
    image_32: '',
    image_48: '',
    image_72: '',
    image_192: '',
    image_512: '',
    ...(!user.isBot && ws.scopes.has('users:read.email') ? { email: user.email } : {}),
  }
}

/** Whether the app shares no channel with a person of another company: then Slack hardly tells of them. */
const isStranger = (ws: Workspace, user: User): boolean =>
  ![...ws.rooms.values()].some((room) => room.members.has(user.id) && room.members.has(ws.app.botUser))

export function slackUser(ws: Workspace, user: User) {
  const profile = {
    ...slackProfile(ws, user),
    team: teamOf(ws, user),
    ...(user.isBot ? { api_app_id: ws.app.id, bot_id: ws.app.botId, always_active: true } : {}),
  }
  const external = isExternal(user)
  const common = { id: user.id, team_id: teamOf(ws, user), name: user.name, deleted: user.deleted, profile }
  const end = {
    is_bot: user.isBot,
    is_app_user: false,
    updated: seconds(user.updatedAt),
    // Only people of another company have the field at all.
    ...(external ? { is_stranger: isStranger(ws, user) } : {}),
  }
  // Slack leaves roles and the time zone of deleted users out.
  if (user.deleted) return { ...common, ...end }
  return {
    ...common,
    color: '9f69e7',
    real_name: user.realName,
    tz: user.tz,
    tz_label: user.tz,
    tz_offset: zoneOffsetSeconds(user.tz, ws.clock.now()),
    is_admin: user.isAdmin,
    is_owner: false,
    is_primary_owner: false,
    is_restricted: user.isRestricted,
    is_ultra_restricted: user.isUltraRestricted,
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
  const common = {
    id: view.id,
    team_id: ws.team.id,
    type: view.type,
    blocks: view.blocks,
    private_metadata: view.privateMetadata,
    callback_id: view.callbackId,
    state: { values: view.values },
    hash: view.hash,
    title: plain(view.title),
    clear_on_close: view.clearOnClose,
    notify_on_close: view.notifyOnClose,
    close: plain(view.close),
    submit: plain(view.submit),
    previous_view_id: view.previous,
    root_view_id: view.root,
    app_id: ws.app.id,
    external_id: view.externalId,
    app_installed_team_id: ws.team.id,
    bot_id: ws.app.botId,
  }
  return view.type === 'modal' ? { ...common, submit_disabled: view.submitDisabled } : common
}

export function slackGroup(ws: Workspace, group: UserGroup, by: { withUsers: boolean; withCount: boolean }) {
  return {
    id: group.id,
    team_id: ws.team.id,
    is_usergroup: true,
    is_subteam: true,
    name: group.name,
    description: group.description,
    handle: group.handle,
    is_external: false,
    date_create: seconds(group.createdAt),
    date_update: seconds(group.updatedAt),
    date_delete: group.disabled ? seconds(group.updatedAt) : 0,
    auto_provision: false,
    enterprise_subteam_id: '',
    created_by: group.createdBy || (people(ws)[0]?.id ?? ''),
    updated_by: group.updatedBy,
    ...(group.disabled ? { deleted_by: group.updatedBy } : {}),
    prefs: { channels: group.channels, groups: [] },
    channel_count: group.channels.length,
    ...(by.withUsers ? { users: group.users } : {}),
    // Slack gives this one as text where it gives it at all (usergroups.list knows numbers).
    ...(by.withCount ? { user_count: group.users.length } : {}),
  }
}

/** Bytes of a text file that Slack shows at once. */
const PREVIEW_CHARACTERS = 1_500

export const previewOf = (file: StoredFile): string | null =>
  /^(text\/|application\/json)/.test(file.mimetype) ? file.bytes.toString('utf8').slice(0, PREVIEW_CHARACTERS) : null

/** Without a file: one that was deleted; Slack shows its tombstone. */
export function slackFile(ws: Workspace, file: StoredFile | undefined) {
  if (!file || file.deleted) return { id: file?.id ?? 'F0', mode: 'tombstone' }
  const rooms = file.shares.flatMap(({ channel }) => ws.rooms.get(channel) ?? [])
  const idsOf = (kinds: Room['kind'][]) => [
    ...new Set(rooms.filter((room) => kinds.includes(room.kind)).map(({ id }) => id)),
  ]
  const preview = previewOf(file)
  const address = `${ws.base}/files-pri/${ws.team.id}-${file.id}`
  return {
    id: file.id,
    created: seconds(file.createdAt),
    timestamp: seconds(file.createdAt),
    name: file.name,
    title: file.title,
    mimetype: file.mimetype,
    filetype: file.filetype,
    pretty_type: file.filetype,
    user: file.user,
    user_team: ws.team.id,
    editable: false,
    size: file.bytes.length,
    mode: preview === null ? 'hosted' : 'snippet',
    is_external: false,
    external_type: '',
    is_public: idsOf(['public']).length > 0,
    public_url_shared: false,
    display_as_bot: false,
    username: '',
    url_private: `${address}/${encodeURIComponent(file.name)}`,
    url_private_download: `${address}/download/${encodeURIComponent(file.name)}`,
    permalink: `${ws.base}/files/${file.user}/${file.id}/${encodeURIComponent(file.name)}`,
    permalink_public: '',
    is_starred: false,
    comments_count: 0,
    has_rich_preview: false,
    file_access: 'visible',
    ...(file.altText === '' ? {} : { alt_txt: file.altText }),
    ...(preview === null ? {} : { preview, lines: preview.split('\n').length, lines_more: 0 }),
    channels: idsOf(['public']),
    groups: idsOf(['private', 'mpim']),
    ims: idsOf(['im']),
    shares: sharesOf(ws, file),
  }
}

function sharesOf(ws: Workspace, file: StoredFile) {
  const shares: Record<'public' | 'private', Record<string, object[]>> = { public: {}, private: {} }
  for (const { channel, ts } of file.shares) {
    const room = ws.rooms.get(channel)
    if (!room) continue
    const share = {
      reply_users: [],
      reply_users_count: 0,
      reply_count: 0,
      ts,
      ...(room.kind === 'public' ? { channel_name: room.name } : {}),
      team_id: ws.team.id,
      share_user_id: file.user,
    }
    const kind = room.kind === 'public' ? 'public' : 'private'
    shares[kind][channel] = [...(shares[kind][channel] ?? []), share]
  }
  return Object.fromEntries(Object.entries(shares).filter(([, rooms]) => Object.keys(rooms).length > 0))
}

/** Newest first, as the history is. */
export const newestFirst = (messages: readonly Stored[]): Stored[] =>
  [...messages].sort((a, b) => (isLater(a.ts, b.ts) ? -1 : 1))
