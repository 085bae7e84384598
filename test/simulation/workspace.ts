/** Slack as far as the bot calls it: plain data, and one function that answers a call. Deterministic, and nothing but what it keeps. */
export interface Workspace {
  now(): number
  users: Map<string, { id: string; name: string; deleted: boolean }>
  rooms: Map<string, Room>
  /** Of all channels, oldest first. */
  messages: Message[]
  /** The channel of a person's DM with the bot. */
  dmOf(user: string): string
  /** What each canvas says, and where each file is shared. */
  canvases: Map<string, string>
  files: Map<string, string[]>
  /** Changes so far. */
  changes: number
  /** Methods that were called and are not here. */
  unknown: Set<string>
}

export interface Room {
  id: string
  name: string
  direct: boolean
  creator: string
  members: Set<string>
  topic: string
  purpose: string
  pins: Set<string>
  canvas: string | null
  archived: boolean
}

export interface Message {
  room: string
  ts: string
  text: string
  blocks: unknown[]
  metadata: { event_type: string; event_payload: Record<string, unknown> } | null
  threadTs: string | null
  onlyFor: string | null
}

type Args = Record<string, unknown>
/** An answer, or the name of the error. */
type Answer = Record<string, unknown> | string

export const BOT = 'U0BOT'

export function createWorkspace(now: () => number, people: Readonly<Record<string, string>>): Workspace {
  const named = Object.entries(people).map(([name, id]) => [id, { id, name, deleted: false }] as const)
  return {
    now,
    users: new Map(named),
    rooms: new Map(),
    messages: [],
    canvases: new Map(),
    files: new Map(),
    dmOf: (user) => `D${people[user]?.slice(1)}`,
    changes: 0,
    unknown: new Set(),
  }
}

export function addRoom(ws: Workspace, room: { id: string; name: string; members: string[]; direct?: boolean }): Room {
  const { id, name, members, direct = false } = room
  const creator = members[0] ?? BOT
  const made: Room = {
    id,
    name,
    direct,
    creator,
    members: new Set(members),
    topic: '',
    purpose: '',
    pins: new Set(),
    canvas: null,
    archived: false,
  }
  ws.rooms.set(made.id, made)
  ws.changes += 1
  return made
}

export function post(ws: Workspace, message: Pick<Message, 'room' | 'text' | 'blocks'> & Partial<Message>): Message {
  // Slack's timestamps are unique in a channel, and never go backwards.
  const micros = Math.max(ws.now() * 1_000, Number(ws.messages.at(-1)?.ts.replace('.', '') ?? 0) + 1)
  const ts = `${Math.floor(micros / 1_000_000)}.${String(micros % 1_000_000).padStart(6, '0')}`
  const posted = { metadata: null, threadTs: null, onlyFor: null, ...message, ts }
  ws.messages.push(posted)
  ws.changes += 1
  return posted
}

/** @param historyUntil later messages are in no history yet */
export function answer(ws: Workspace, method: string, args: Args, historyUntil: number): Answer {
  const handler = METHODS[method]
  if (handler) return handler(ws, args, historyUntil)
  ws.unknown.add(method)
  return 'unknown_method'
}

/** A change of a channel that the bot is in. */
const inRoom = (change: (ws: Workspace, room: Room, args: Args) => Answer) => (ws: Workspace, args: Args) => {
  const room = ws.rooms.get(String(args['channel']))
  if (!room) return 'channel_not_found'
  if (!room.members.has(BOT)) return 'not_in_channel'
  const given = change(ws, room, args)
  if (typeof given !== 'string') ws.changes += 1
  return given
}

const shown = ({ id, name, creator, purpose }: Room) => ({
  channel: { id, name, creator, purpose: { value: purpose } },
})

function history(ws: Workspace, room: Room, { oldest, ts, limit }: Args, until: number, thread: boolean): Answer {
  const found = ws.messages.filter((each) => {
    const at = Number(each.ts)
    const here = each.room === room.id && each.onlyFor === null && at >= Number(oldest ?? 0) && at * 1_000 < until + 1
    return here && (thread ? each.threadTs === ts || each.ts === ts : each.threadTs === null)
  })
  const messages = found.slice(-Number(limit ?? 100)).map(({ ts: at, text, metadata }) => ({
    ts: at,
    text,
    ...(metadata ? { metadata } : {}),
  }))
  return { messages: thread ? messages : messages.reverse() }
}

const METHODS: Record<string, (ws: Workspace, args: Args, historyUntil: number) => Answer> = {
  'auth.test': () => ({ user_id: BOT, bot_id: 'B0BOT', team_id: 'T0SIM' }),

  'users.info'(ws, { user }) {
    const found = ws.users.get(String(user))
    return found
      ? { user: { id: found.id, name: found.name, deleted: found.deleted, is_bot: false } }
      : 'user_not_found'
  },

  'conversations.open'(ws, { users }) {
    const user = ws.users.get(String(users))
    if (!user) return 'user_not_found'
    if (user.deleted) return 'user_disabled'
    const id = `D${user.id.slice(1)}`
    const room = ws.rooms.get(id) ?? addRoom(ws, { id, name: user.name, members: [user.id, BOT], direct: true })
    return { channel: { id: room.id } }
  },

  'conversations.create'(ws, { name }) {
    if ([...ws.rooms.values()].some((room) => room.name === name)) return 'name_taken'
    return shown(addRoom(ws, { id: `C0SIM${ws.rooms.size}`, name: String(name), members: [BOT] }))
  },

  'conversations.list'(ws) {
    const channels = [...ws.rooms.values()]
      .filter(({ direct, archived }) => !direct && !archived)
      .map((room) => shown(room).channel)
    return { channels, response_metadata: { next_cursor: '' } }
  },

  'conversations.join'(ws, { channel }) {
    const room = ws.rooms.get(String(channel))
    if (!room) return 'channel_not_found'
    room.members.add(BOT)
    ws.changes += 1
    return shown(room)
  },

  'conversations.invite': inRoom((_, room, { users }) => {
    if (room.members.has(String(users))) return 'already_in_channel'
    room.members.add(String(users))
    return shown(room)
  }),

  'conversations.setTopic': inRoom((_, room, { topic }) => {
    room.topic = String(topic)
    return shown(room)
  }),

  'conversations.setPurpose': inRoom((_, room, { purpose }) => {
    room.purpose = String(purpose)
    return shown(room)
  }),

  'pins.add': inRoom((_, room, { timestamp }) => {
    if (room.pins.has(String(timestamp))) return 'already_pinned'
    room.pins.add(String(timestamp))
    return {}
  }),

  'conversations.canvases.create'(ws, { channel_id: channel, document_content: content }) {
    const room = ws.rooms.get(String(channel))
    if (!room) return 'canvas_creation_failed'
    if (room.canvas !== null) return 'channel_canvas_already_exists'
    room.canvas = `F0CANVAS${ws.canvases.size}`
    ws.canvases.set(room.canvas, String(content))
    ws.changes += 1
    return { canvas_id: room.canvas }
  },

  'canvases.edit'(ws, { canvas_id: canvas, changes }) {
    if (!ws.canvases.has(String(canvas))) return 'canvas_not_found'
    ws.canvases.set(String(canvas), String(changes))
    ws.changes += 1
    return {}
  },

  'conversations.info'(ws, { channel }) {
    const room = ws.rooms.get(String(channel))
    if (!room) return 'channel_not_found'
    const properties = room.canvas === null ? {} : { canvas: { file_id: room.canvas } }
    return { channel: { ...shown(room).channel, is_archived: room.archived, properties } }
  },

  // As Slack does it: people have channels back from the archive, apps do not.
  'conversations.unarchive': () => 'not_allowed_token_type',

  'conversations.archive': inRoom((_, room) => {
    if (room.archived) return 'already_archived'
    room.archived = true
    return {}
  }),

  'files.getUploadURLExternal'(ws) {
    const file = `F0FILE${ws.files.size}`
    ws.files.set(file, [])
    return { upload_url: `https://files.slack.com/${file}`, file_id: file }
  },

  'files.completeUploadExternal'(ws, { files, channel_id: channel }) {
    for (const { id } of JSON.parse(String(files)) as { id: string }[]) ws.files.get(id)?.push(String(channel))
    ws.changes += 1
    return {}
  },

  'files.info'(ws, { file }) {
    const rooms = ws.files.get(String(file))
    return rooms
      ? { file: { shares: { public: Object.fromEntries(rooms.map((room) => [room, []])) } } }
      : 'file_not_found'
  },

  'chat.postMessage'(ws, { channel, text, blocks, metadata, thread_ts: threadTs = null }) {
    const room = ws.rooms.get(String(channel))
    if (!room) return 'channel_not_found'
    const parent = threadTs === null || ws.messages.some(({ ts }) => ts === threadTs)
    if (!parent) return 'cannot_reply_to_message'
    const said = { text: String(text), blocks: (blocks as unknown[] | undefined) ?? [] }
    const thread = threadTs as string | null
    const carried = (metadata ?? null) as Message['metadata']
    const { ts } = post(ws, { room: room.id, ...said, metadata: carried, threadTs: thread })
    return { channel: room.id, ts }
  },

  'chat.postEphemeral'(ws, { channel, user, text, blocks }) {
    const room = ws.rooms.get(String(channel))
    if (!room) return 'channel_not_found'
    const said = { text: String(text), blocks: (blocks as unknown[] | undefined) ?? [] }
    return { message_ts: post(ws, { room: room.id, ...said, onlyFor: String(user) }).ts }
  },

  'chat.update'(ws, { channel, ts, text, blocks }) {
    const message = ws.messages.find((each) => each.room === channel && each.ts === ts)
    if (!message) return 'message_not_found'
    Object.assign(message, { text, blocks })
    ws.changes += 1
    return { channel, ts }
  },

  'conversations.history'(ws, args, until) {
    const room = ws.rooms.get(String(args['channel']))
    if (!room) return 'channel_not_found'
    return room.members.has(BOT) ? history(ws, room, args, until, false) : 'not_in_channel'
  },

  'conversations.replies'(ws, args, until) {
    const room = ws.rooms.get(String(args['channel']))
    if (!room) return 'channel_not_found'
    return history(ws, room, args, until, true)
  },
}
