import { accessOf, markdownOf } from './canvas.ts'
import type {
  Happening,
  Room,
  Stored,
  StoredCanvas,
  StoredFile,
  StoredView,
  User,
  UserGroup,
  Workspace,
} from './model.ts'
import { quietUntil } from './quiet.ts'
import { bySoonest, isNever } from './schedule.ts'
import { isGeneral, previewOf } from './slack-shapes.ts'
import type {
  Canvas,
  Change,
  Channel,
  FileHead,
  Message,
  Person,
  Scheduled,
  Settings,
  State,
  Usergroup,
  View,
} from './wire.ts'
import { canSee, findDm, isExternal, isShared, isTop, people, repliesTo, teamOf, unreadOf } from './workspace.ts'

/** The workspace as one person sees it, in the words of `wire.ts`. */

/** The page shows no more of a channel; older messages stay in the history. */
const MESSAGES_SHOWN = 500

export const personOf = (ws: Workspace, user: User): Person => ({
  id: user.id,
  name: user.name,
  real_name: user.realName,
  tz: user.tz,
  is_bot: user.isBot,
  is_restricted: user.isRestricted,
  is_ultra_restricted: user.isUltraRestricted,
  is_admin: user.isAdmin,
  is_external: isExternal(user),
  team_id: teamOf(ws, user),
  deleted: user.deleted,
  presence: user.presence,
  dnd_until: quietUntil(user, ws.clock.now()),
  status_text: user.statusText,
  status_emoji: user.statusEmoji,
})

export const fileOf = (file: StoredFile): FileHead => ({
  id: file.id,
  name: file.name,
  title: file.title,
  mimetype: file.mimetype,
  filetype: file.filetype,
  size: file.bytes.length,
  user: file.user,
  created_at: file.createdAt,
  preview: previewOf(file),
})

export function messageOf(ws: Workspace, room: Room, message: Stored, viewer: string): Message {
  const isParent = message.threadTs === message.ts
  const files = message.files.flatMap((id) => ws.files.get(id) ?? []).filter((file) => !file.deleted)
  return {
    ts: message.ts,
    channel: message.channel,
    user: message.user,
    bot: message.byApp,
    text: message.text,
    blocks: message.blocks,
    attachments: message.attachments,
    files: files.map(fileOf),
    thread_ts: message.threadTs,
    reply_count: isParent ? repliesTo(room, message.ts).length : 0,
    broadcast: message.broadcast,
    edited: message.edited,
    ephemeral: message.onlyFor !== null,
    streaming: message.streaming,
    notified: message.notified.get(viewer) ?? null,
    reactions: [...message.reactions].map(([name, users]) => ({ name, users })),
    metadata: message.metadata,
    subtype: message.subtype,
  }
}

/** The messages of a channel that this person sees, oldest first. */
export function messagesFor(ws: Workspace, room: Room, userId: string): Message[] {
  return [...room.messages.values()]
    .filter((message) => message.onlyFor === null || message.onlyFor === userId)
    .slice(-MESSAGES_SHOWN)
    .map((message) => messageOf(ws, room, message, userId))
}

function nameFor(ws: Workspace, room: Room, userId: string): string {
  const others = [...room.members].filter((id) => id !== userId).flatMap((id) => ws.users.get(id)?.name ?? [])
  if (room.kind === 'mpim') return others.join(', ')
  return room.kind === 'im' ? (others[0] ?? room.name) : room.name
}

function channelFor(ws: Workspace, room: Room, userId: string): Channel {
  const last = [...room.messages.values()]
    .filter((message) => (message.onlyFor === null || message.onlyFor === userId) && isTop(message))
    .at(-1)
  const other = room.kind === 'im' ? ([...room.members].find((id) => id !== userId) ?? null) : null
  const canvas = room.canvas === null ? undefined : ws.canvases.get(room.canvas)
  return {
    id: room.id,
    name: nameFor(ws, room, userId),
    kind: room.kind,
    with: other,
    is_member: room.members.has(userId),
    is_archived: room.archived,
    is_general: isGeneral(room),
    is_ext_shared: isShared(ws, room),
    topic: room.topic,
    purpose: room.purpose,
    creator: room.creator,
    members: [...room.members],
    unread: unreadOf(room, userId),
    last_read: room.lastRead.get(userId) ?? null,
    last_message: last ? messageOf(ws, room, last, userId) : null,
    pins: room.pins.map((pin) => pin.ts),
    bookmarks: room.bookmarks,
    canvas: canvas ? { id: canvas.id, title: canvas.title, updated_at: canvas.updatedAt } : null,
    created_at: room.createdAt,
  }
}

const usergroupOf = ({ id, handle, name, description, users, disabled }: UserGroup): Usergroup => ({
  id,
  handle,
  name,
  description,
  users,
  disabled,
})

const viewOf = (view: StoredView, depth: number): View => ({
  id: view.id,
  type: view.type,
  callback_id: view.callbackId,
  title: view.title,
  submit: view.submit,
  close: view.close,
  blocks: view.blocks,
  values: view.values,
  depth,
  clear_on_close: view.clearOnClose,
})

function topView(ws: Workspace, kind: 'modal' | 'home', userId: string): View | null {
  const stack = kind === 'home' ? [ws.homes.get(userId) ?? ''] : (ws.modals.get(userId) ?? [])
  const view = ws.views.get(stack.at(-1) ?? '')
  return view ? viewOf(view, stack.length) : null
}

const scheduledOf = (ws: Workspace): Scheduled[] =>
  bySoonest(ws).map((message) => ({
    id: message.id,
    channel: message.room.id,
    text: message.saying.text,
    post_at: message.postAt,
    never: isNever(message),
  }))

export const settingsOf = (ws: Workspace): Settings => ({
  plan: ws.preferences.plan,
  everyone_manages_groups: ws.preferences.everyoneManagesGroups,
  everyone_creates_channels: ws.preferences.everyoneCreatesChannels,
  canvases: ws.preferences.canvases,
  rate_limits: ws.preferences.rateLimits,
  scopes: [...ws.scopes],
  events: [...ws.events],
  token: ws.botRevoked ?? 'good',
})

/** Everything that this person sees. */
export function stateFor(ws: Workspace, me: User): State {
  const rooms = [...ws.rooms.values()].filter((room) => canSee(ws, room, me.id) && !room.closedFor.has(me.id))
  const order = (room: Room) => `${room.kind === 'im' || room.kind === 'mpim' ? 1 : 0}${room.name}`
  rooms.sort((a, b) => order(a).localeCompare(order(b)))
  const bot = ws.users.get(ws.app.botUser)
  if (!bot) throw new Error('the local workspace has lost its bot user')
  return {
    team: ws.team,
    me: personOf(ws, me),
    bot: personOf(ws, bot),
    users: [...ws.users.values()].map((user) => personOf(ws, user)),
    usergroups: [...ws.groups.values()].map(usergroupOf),
    channels: rooms.map((room) => channelFor(ws, room, me.id)),
    messages: Object.fromEntries(rooms.map((room) => [room.id, messagesFor(ws, room, me.id)])),
    commands: ws.commands,
    shortcuts: ws.shortcuts,
    steps: ws.steps,
    step_runs: [...ws.stepRuns.values()],
    scheduled: scheduledOf(ws),
    emoji: Object.fromEntries(ws.emoji),
    settings: settingsOf(ws),
    home: topView(ws, 'home', me.id),
    modal: topView(ws, 'modal', me.id),
    connections: ws.connections,
    now: ws.clock.now(),
    seq: ws.seq,
  }
}

/** What this person's page has to be told of a change; nothing when they do not see it. */
export function changesFor(ws: Workspace, happening: Happening, userId: string): Change[] {
  switch (happening.type) {
    case 'message':
    case 'message_changed':
    case 'message_deleted':
    case 'reaction':
      return messageChanges(ws, happening, userId)
    case 'room':
    case 'pin':
      return channelChange(ws, happening.room, userId)
    case 'canvas':
      return happening.room ? channelChange(ws, happening.room, userId) : []
    case 'file':
      return happening.reason === 'deleted' ? [{ type: 'resync' }] : []
    case 'joined':
      // Somebody who comes into a private channel sees all of its messages at once.
      if (happening.user === userId && happening.room.kind === 'private') return [{ type: 'resync' }]
      return channelChange(ws, happening.room, userId)
    case 'left':
      if (happening.user === userId && !canSee(ws, happening.room, userId))
        return [{ type: 'channel_gone', channel: happening.room.id }]
      return channelChange(ws, happening.room, userId)
    case 'read':
      return happening.user === userId ? channelChange(ws, happening.room, userId) : []
    case 'user':
      // Another role may show other channels.
      return happening.user.id === userId && happening.reason === 'changed'
        ? [{ type: 'resync' }]
        : [{ type: 'user', user: personOf(ws, happening.user) }]
    case 'quiet':
      return [{ type: 'user', user: personOf(ws, happening.user) }]
    case 'usergroup':
      return [{ type: 'usergroup', usergroup: usergroupOf(happening.group) }]
    case 'step':
      return [{ type: 'step_run', step_run: happening.run }]
    case 'scheduled':
      return [{ type: 'scheduled', scheduled: scheduledOf(ws) }]
    case 'view':
      return happening.user === userId ? [{ type: happening.kind, view: topView(ws, happening.kind, userId) }] : []
    case 'settings':
    case 'revoked':
      return [{ type: 'settings', settings: settingsOf(ws) }]
    case 'connections':
      return [{ type: 'connections', count: ws.connections }]
    case 'clock':
      return [{ type: 'clock', now: ws.clock.now() }]
    case 'reset':
      return [{ type: 'resync' }]
    default:
      return happening satisfies never
  }
}

function channelChange(ws: Workspace, room: Room, userId: string): Change[] {
  if (!canSee(ws, room, userId)) return []
  return room.closedFor.has(userId)
    ? [{ type: 'channel_gone', channel: room.id }]
    : [{ type: 'channel', channel: channelFor(ws, room, userId) }]
}

function messageChanges(
  ws: Workspace,
  happening: Extract<Happening, { message: Stored; type: `message${string}` | 'reaction' }>,
  userId: string,
): Change[] {
  const { type, message } = happening
  const room = ws.rooms.get(message.channel)
  if (!room || !canSee(ws, room, userId) || (message.onlyFor !== null && message.onlyFor !== userId)) return []
  const channel = room.id
  const after = channelChange(ws, room, userId)
  if (type === 'message_deleted') return [{ type, channel, ts: message.ts }, ...after]
  const shown = messageOf(ws, room, message, userId)
  return [{ type: type === 'message' ? type : 'message_changed', channel, message: shown }, ...after]
}

/** The messages of the bot's DM with this person, as the person sees them; none when there is no DM yet. */
export function dmFor(ws: Workspace, userId: string): Message[] {
  const room = findDm(ws, userId)
  return room ? messagesFor(ws, room, userId) : []
}

/** A canvas, when this person may read it. */
export function canvasFor(ws: Workspace, canvas: StoredCanvas, userId: string): Canvas | null {
  const room = canvas.channel === null ? undefined : ws.rooms.get(canvas.channel)
  // Whoever may read a channel without being in it may read its canvas.
  if (accessOf(ws, canvas, userId) === null && !(room && canSee(ws, room, userId))) return null
  const { id, title, channel, sections, updatedAt } = canvas
  return { id, title, channel, markdown: markdownOf(canvas), sections, updated_at: updatedAt }
}

/** The person whose page it is when nobody is named. */
export const firstPerson = (ws: Workspace): User | undefined => people(ws).find((user) => !user.deleted)
