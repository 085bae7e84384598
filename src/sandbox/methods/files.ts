import * as z from 'zod'
import { type Call, type Handler, json, list, need, refuse, refuseWith, text } from '../call.ts'
import { blocksOf } from '../content.ts'
import { bytesKept, canSeeFile, deleteFile, finishUpload, MOST_BYTES, promiseUpload, shareFiles } from '../filing.ts'
import type { Room, StoredFile } from '../model.ts'
import { slackFile } from '../slack-shapes.ts'
import { canSee } from '../workspace.ts'

/** Slack's own limits are 1 GB for a file and 1 MB for a snippet; ours is what a test needs. */
const LARGEST_FILE_BYTES = 16 * 1_048_576
const LARGEST_SNIPPET_BYTES = 1_048_576
const LONGEST_ALT_TEXT = 1_000
/** One call shares a file with so many channels. */
const MOST_CHANNELS = 100

export const files: Record<string, Handler> = {
  'files.getUploadURLExternal'(call) {
    const { ws } = call
    const [name, length] = [need(call, 'filename'), Number(need(call, 'length'))]
    const filetype = text(call, 'snippet_type') ?? null
    const altText = text(call, 'alt_txt') ?? ''
    if (length < 1) refuseWith('invalid_arguments', ['must be greater than 0 [json-pointer:/length]'])
    if (filetype !== null && length > LARGEST_SNIPPET_BYTES) refuse('snippet_too_large')
    if (filetype !== null && !/^[a-z][a-z0-9_+-]*$/.test(filetype)) refuse('unknown_snippet_type')
    if (length > LARGEST_FILE_BYTES) refuse('file_upload_size_restricted')
    if (altText.length > LONGEST_ALT_TEXT) refuse('alt_txt_too_large')
    if (bytesKept(ws) + length > MOST_BYTES) refuse('storage_limit_reached')
    const { token, upload } = promiseUpload(ws, { name, length, user: call.me, altText, filetype })
    return { upload_url: `${ws.base}/upload/v1/${token}`, file_id: upload.file }
  },

  'files.completeUploadExternal'(call) {
    const { ws } = call
    const asked = filesIn(call)
    const rooms = roomsIn(call)
    const comment = text(call, 'initial_comment')
    const blocks = blocksOf(call)
    const uploads = [...ws.uploads.values()]
    for (const { id } of asked) {
      const upload = uploads.find(({ file, user }) => file === id && user === call.me) ?? refuse('file_not_found')
      if (upload.bytes === null) refuse('file_update_failed')
    }
    const kept = asked.map(({ id, title }) => finishUpload(ws, id, title) ?? refuse('file_update_failed'))
    for (const room of rooms) {
      const threadTs = text(call, 'thread_ts') ?? null
      const message = shareFiles(ws, room, call.me, kept, {
        text: comment ?? '',
        threadTs,
        ...(blocks ? { blocks } : {}),
      })
      call.ts = message.ts
    }
    return { files: kept.map((file) => slackFile(ws, file)) }
  },

  'files.info'(call) {
    return { file: slackFile(call.ws, fileOf(call)), comments: [], paging: NO_COMMENTS }
  },

  'files.list'(call) {
    const { ws } = call
    const [user, channel] = [text(call, 'user'), text(call, 'channel')]
    const [from, to] = [Number(text(call, 'ts_from') ?? 0), Number(text(call, 'ts_to') ?? Number.POSITIVE_INFINITY)]
    if (user !== undefined && !ws.users.has(user)) refuse('user_not_found')
    const found = [...ws.files.values()].filter(
      (file) =>
        !file.deleted &&
        canSeeFile(ws, file, call.me) &&
        (user === undefined || file.user === user) &&
        (channel === undefined || file.shares.some((share) => share.channel === channel)) &&
        file.createdAt >= from * 1000 &&
        file.createdAt <= to * 1000,
    )
    const newest = found.reverse().slice(0, FILES_A_PAGE)
    const paging = { count: FILES_A_PAGE, total: found.length, page: 1, pages: Math.ceil(found.length / FILES_A_PAGE) }
    return { files: newest.map((file) => slackFile(ws, file)), paging }
  },

  'files.delete'(call) {
    const file = fileOf(call)
    if (file.user !== call.me && !call.ws.users.get(call.me)?.isAdmin) refuse('cant_delete_file')
    deleteFile(call.ws, file)
    return {}
  },
}

const FILES_A_PAGE = 100
const NO_COMMENTS = { count: 100, total: 0, page: 1, pages: 0 }

function fileOf(call: Call): StoredFile {
  const file = call.ws.files.get(need(call, 'file'))
  if (!file || !canSeeFile(call.ws, file, call.me)) return refuse('file_not_found')
  return file.deleted ? refuse('file_deleted') : file
}

const filesSchema = z.array(z.object({ id: z.string().min(1), title: z.string().optional() })).min(1)

function filesIn(call: Call): z.infer<typeof filesSchema> {
  const sent = json(call, 'files')
  const parsed = filesSchema.safeParse(sent === undefined || sent === 'unreadable' ? null : sent.value)
  return parsed.success ? parsed.data : refuseWith('invalid_arguments', ['files'])
}

/** Where it is shared; nowhere when no channel is named: then only the app sees it. */
function roomsIn(call: Call): Room[] {
  const one = text(call, 'channel_id')
  const ids = one === undefined ? list(call, 'channels') : [one]
  if (ids.length > MOST_CHANNELS) refuse('channels_limit_exceeded')
  return ids.map((id) => {
    const room = call.ws.rooms.get(id)
    if (!room || !canSee(call.ws, room, call.me)) return refuse('channel_not_found')
    if (!room.members.has(call.me)) refuse('not_in_channel')
    if (room.archived) refuse('posting_to_channel_denied')
    return room
  })
}
