import * as z from 'zod'
import {
  archive,
  changeUser,
  createChannel,
  dmOf,
  edit,
  escaped,
  join,
  leave,
  markRead,
  pin,
  react,
  remove,
  rename,
  say,
  setPurpose,
  setTopic,
  unarchive,
  unpin,
  unreact,
} from './acts.ts'
import { as, atMessage, DONE, inChannel, post } from './control-room.ts'
import { stepReached } from './events.ts'
import { bytesKept, keepFile, MOST_BYTES, shareFiles } from './filing.ts'
import { actor, messageFor, roomFor, roomSeen } from './gestures.ts'
import { Impossible } from './impossible.ts'
import { whyNoName } from './methods/conversations.ts'
import type { Room, User, Workspace } from './model.ts'
import { LONGEST_SNOOZE_MINUTES, snooze } from './quiet.ts'
import { fileOf, messageOf } from './seen.ts'
import { isGeneral } from './slack-shapes.ts'
import type {
  ChannelRequest,
  CreateChannelRequest,
  DescribeRequest,
  DndRequest,
  Done,
  EditRequest,
  HomeRequest,
  MemberRequest,
  MessageAt,
  MessageReply,
  MessageRequest,
  OpenReply,
  OpenRequest,
  PresenceRequest,
  ReactRequest,
  StepReply,
  StepRequest,
  StepRun,
  UploadReply,
  UploadRequest,
} from './wire.ts'
import { canSee, emit, findRoom, findUser, isChannel, isExternal, newId, openGroupDm } from './workspace.ts'

/** What people do that the app hears of, if at all, as an event. */
export const byPeople = {
  message: post<MessageRequest, MessageReply>(
    inChannel.extend({ text: z.string().min(1), thread_ts: z.string().exactOptional() }),
    ({ board: { ws } }, body) => {
      const user = actor(ws, body.user)
      const room = roomFor(ws, user, body.channel)
      const threadTs = threadIn(room, body.thread_ts)
      return { ok: true, message: messageOf(ws, room, say(ws, user, room, body.text, threadTs), user.id) }
    },
  ),
  edit: post<EditRequest, MessageReply>(atMessage.extend({ text: z.string().min(1) }), ({ board: { ws } }, body) => {
    const { user, room, message } = ownMessage(ws, body)
    edit(ws, message, user.id, { text: escaped(ws, body.text) })
    return { ok: true, message: messageOf(ws, room, message, user.id) }
  }),
  delete: post<MessageAt, Done>(atMessage, ({ board: { ws } }, body) => {
    remove(ws, ownMessage(ws, body).message)
    return DONE
  }),
  react: post<ReactRequest, Done>(
    atMessage.extend({ name: z.string().regex(/^[\w+'-]+$/) }),
    ({ board: { ws } }, body) => {
      const { user, message } = publicMessage(ws, body)
      const had = message.reactions.get(body.name)?.includes(user.id)
      if (had) unreact(ws, message, user.id, body.name)
      else react(ws, message, user.id, body.name)
      return DONE
    },
  ),
  pin: post<MessageAt, Done>(atMessage, ({ board: { ws } }, body) => {
    const { user, room, message } = publicMessage(ws, body)
    if (room.pins.some(({ ts }) => ts === message.ts)) unpin(ws, room, message, user.id)
    else pin(ws, room, message, user.id)
    return DONE
  }),
  upload: post<UploadRequest, UploadReply>(
    inChannel.extend({
      name: z.string().min(1).max(255),
      content: z.string(),
      encoding: z.enum(['utf8', 'base64']).exactOptional(),
      title: z.string().exactOptional(),
      text: z.string().exactOptional(),
      thread_ts: z.string().exactOptional(),
    }),
    ({ board: { ws } }, body) => upload(ws, body),
  ),
  'open-dm': post<OpenRequest, OpenReply>(
    as.extend({ with: z.array(z.string().min(1)).max(8).exactOptional() }),
    ({ board: { ws } }, body) => {
      const user = actor(ws, body.user)
      const others = (body.with ?? []).map((who) => findUser(ws, who)?.id).filter((id) => id !== undefined)
      if (others.length < (body.with?.length ?? 0))
        throw new Impossible('user_not_found', 'Not all of them are in this workspace.')
      const alone = others.every((id) => id === ws.app.botUser)
      const room = alone ? dmOf(ws, user) : openGroupDm(ws, [user.id, ws.app.botUser, ...others], user.id).room
      if (room.closedFor.delete(user.id)) emit(ws, { type: 'room', room, reason: 'changed', by: user.id })
      return { ok: true, channel: room.id }
    },
  ),
  join: post<ChannelRequest, Done>(inChannel, ({ board: { ws } }, body) => {
    const user = actor(ws, body.user)
    const room = findRoom(ws, body.channel)
    if (room?.kind !== 'public' || !canSee(ws, room, user.id))
      throw new Impossible('channel_not_found', `There is no channel ${body.channel} to join.`)
    if (room.archived) throw new Impossible('is_archived', `#${room.name} is archived.`)
    if (!room.members.has(user.id)) join(ws, room, user.id, user.id)
    return DONE
  }),
  leave: post<ChannelRequest, Done>(inChannel, ({ board: { ws } }, body) => {
    const { user, room } = ownChannel(ws, body)
    if (isGeneral(room)) throw new Impossible('cant_leave_general', 'Nobody leaves #general.')
    leave(ws, room, user.id, user.id)
    return DONE
  }),
  read: post<ChannelRequest, Done>(inChannel, ({ board: { ws } }, body) => {
    const user = actor(ws, body.user)
    const room = body.channel === 'dm' ? dmOf(ws, user) : findRoom(ws, body.channel)
    if (room?.members.has(user.id)) markRead(ws, room, user.id)
    return DONE
  }),
  invite: post<MemberRequest, Done>(inChannel.extend({ member: z.string().min(1) }), ({ board: { ws } }, body) => {
    const { user, room } = ownChannel(ws, body)
    const member = findUser(ws, body.member)
    if (!member || member.deleted)
      throw new Impossible('user_not_found', `There is no ${body.member} in this workspace.`)
    if (!room.members.has(member.id)) join(ws, room, member.id, user.id)
    return DONE
  }),
  kick: post<MemberRequest, Done>(inChannel.extend({ member: z.string().min(1) }), ({ board: { ws } }, body) => {
    const { user, room } = ownChannel(ws, body)
    const member = findUser(ws, body.member)
    if (!member || !room.members.has(member.id))
      throw new Impossible('user_not_found', `${body.member} is not in #${room.name}.`)
    if (isGeneral(room)) throw new Impossible('cant_kick_from_general', 'Nobody is removed from #general.')
    leave(ws, room, member.id, user.id)
    return DONE
  }),
  'create-channel': post<CreateChannelRequest, OpenReply>(
    as.extend({ name: z.string().min(1), private: z.boolean().exactOptional() }),
    ({ board: { ws } }, body) => {
      const user = actor(ws, body.user)
      const name = freeName(ws, body.name)
      if (user.isRestricted || isExternal(user)) throw new Impossible('restricted_action', 'Guests make no channels.')
      return { ok: true, channel: createChannel(ws, name, user.id, body.private ?? false).id }
    },
  ),
  archive: post<ChannelRequest, Done>(inChannel, ({ board: { ws } }, body) => {
    const { user, room } = ownChannel(ws, body)
    if (isGeneral(room)) throw new Impossible('cant_archive_general', 'Nobody archives #general.')
    archive(ws, room, user.id)
    return DONE
  }),
  unarchive: post<ChannelRequest, Done>(inChannel, ({ board: { ws } }, body) => {
    const user = actor(ws, body.user)
    const room = findRoom(ws, body.channel)
    if (!room?.archived || !canSee(ws, room, user.id))
      throw new Impossible('not_archived', `There is no archived channel ${body.channel}.`)
    unarchive(ws, room, user.id)
    return DONE
  }),
  rename: describe((ws, room, user, text) => {
    if (isGeneral(room)) throw new Impossible('not_authorized', 'Nobody renames #general.')
    rename(ws, room, user.id, freeName(ws, text))
  }),
  topic: describe((ws, room, user, text) => setTopic(ws, room, user.id, text)),
  purpose: describe((ws, room, user, text) => setPurpose(ws, room, user.id, text)),
  dnd: post<DndRequest, Done>(
    as.extend({ minutes: z.int().min(0).max(LONGEST_SNOOZE_MINUTES) }),
    ({ board: { ws } }, body) => {
      snooze(ws, actor(ws, body.user), body.minutes === 0 ? null : ws.clock.now() + body.minutes * 60_000)
      return DONE
    },
  ),
  presence: post<PresenceRequest, Done>(
    as.extend({ presence: z.enum(['active', 'away']) }),
    ({ board: { ws } }, body) => {
      changeUser(ws, actor(ws, body.user), { presence: body.presence })
      return DONE
    },
  ),
  home: openHome(),
  'open-home': openHome(),
  'run-step': post<StepRequest, StepReply>(
    as.extend({ callback_id: z.string().min(1), inputs: z.record(z.string(), z.unknown()) }),
    ({ board: { ws }, sendEvent }, body) => {
      const run = startStep(ws, actor(ws, body.user), body)
      const payload = stepReached(ws, run)
      if (!payload) throw new Impossible('not_subscribed', 'The app did not subscribe to function_executed.')
      sendEvent(payload)
      return { ok: true, step_run: run }
    },
  ),
}

function openHome() {
  return post<HomeRequest, Done>(
    as.extend({ tab: z.enum(['home', 'messages']).exactOptional() }),
    ({ board: { ws }, openHome: open }, body) => {
      open(actor(ws, body.user), body.tab ?? 'home')
      return DONE
    },
  )
}

function describe(change: (ws: Workspace, room: Room, user: User, text: string) => void) {
  return post<DescribeRequest, Done>(inChannel.extend({ text: z.string().max(250) }), ({ board: { ws } }, body) => {
    const { user, room } = ownChannel(ws, body)
    change(ws, room, user, body.text)
    return DONE
  })
}

/** A channel, not a DM, that the person is in and can write to. */
function ownChannel(ws: Workspace, body: ChannelRequest): { user: User; room: Room } {
  const user = actor(ws, body.user)
  const room = roomFor(ws, user, body.channel)
  if (!isChannel(room)) throw new Impossible('is_dm', 'This is no channel, it is a DM.')
  return { user, room }
}

function publicMessage(ws: Workspace, body: MessageAt) {
  const user = actor(ws, body.user)
  const room = roomFor(ws, user, body.channel)
  const message = messageFor(ws, user, room, body.ts)
  if (message.onlyFor !== null) throw new Impossible('message_not_found', 'Only one person sees that message.')
  return { user, room, message }
}

function ownMessage(ws: Workspace, body: MessageAt) {
  const user = actor(ws, body.user)
  const room = roomSeen(ws, user, body.channel)
  const message = messageFor(ws, user, room, body.ts)
  if (message.user !== user.id || message.subtype === 'channel_join')
    throw new Impossible('not_yours', `${user.realName} did not write that message.`)
  return { user, room, message }
}

function threadIn(room: Room, ts: string | undefined): string | null {
  if (ts === undefined) return null
  const parent = room.messages.get(ts)
  if (!parent) throw new Impossible('message_not_found', 'The message that this answers is gone.')
  return parent.threadTs ?? parent.ts
}

function freeName(ws: Workspace, name: string): string {
  const wrong = whyNoName(name)
  if (wrong !== null) throw new Impossible(wrong, `${name} is no name for a channel: small letters, digits, - and _.`)
  if (findRoom(ws, name)) throw new Impossible('name_taken', `There is a channel #${name} already.`)
  return name
}

function upload(ws: Workspace, body: UploadRequest): UploadReply {
  const user = actor(ws, body.user)
  const room = roomFor(ws, user, body.channel)
  const bytes = Buffer.from(body.content, body.encoding ?? 'utf8')
  if (bytes.length === 0) throw new Impossible('empty_file', 'An empty file cannot be uploaded.')
  if (bytesKept(ws) + bytes.length > MOST_BYTES)
    throw new Impossible('storage_limit_reached', 'The workspace has no room for more files.')
  const threadTs = threadIn(room, body.thread_ts)
  const file = keepFile(ws, { name: body.name, title: body.title ?? body.name, user: user.id, altText: '', bytes })
  const message = shareFiles(ws, room, user.id, [file], { text: escaped(ws, body.text ?? ''), threadTs })
  return { ok: true, file: fileOf(file), message: messageOf(ws, room, message, user.id) }
}

/** Runs that are kept. */
const RUNS_KEPT = 100

function startStep(ws: Workspace, user: User, body: StepRequest): StepRun {
  const kind = ws.steps.find(({ callback_id }) => callback_id === body.callback_id)
  if (!kind) throw new Impossible('no_such_step', `The app has no step ${body.callback_id}.`)
  const missing = kind.inputs.find(({ name, required }) => required && body.inputs[name] === undefined)
  if (missing) throw new Impossible('missing_input', `The step needs ${missing.title}.`)
  const run: StepRun = {
    id: newId(ws, 'Fx'),
    callback_id: kind.callback_id,
    user: user.id,
    inputs: body.inputs,
    state: 'running',
    outputs: {},
    error: null,
    at: ws.clock.now(),
  }
  ws.stepRuns.set(run.id, run)
  const [oldest] = ws.stepRuns.keys()
  if (ws.stepRuns.size > RUNS_KEPT && oldest !== undefined) ws.stepRuns.delete(oldest)
  emit(ws, { type: 'step', run })
  return run
}
