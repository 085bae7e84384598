import { z } from 'zod'
import type { SlackCall, SlackResult } from '../deps.ts'
import { Anything, call } from './api.ts'

/** What a channel has beside its messages: bookmarks, a canvas, files. */

const Bookmarks = z.object({ bookmarks: z.array(z.object({ title: z.string(), link: z.string() })) })

export async function listBookmarks(slack: SlackCall, channel: string): Promise<SlackResult<Set<string>>> {
  const list = await call(slack, 'bookmarks.list', { channel_id: channel }, Bookmarks)
  return list.ok ? { ok: true, value: new Set(list.value.bookmarks.map(({ title }) => title)) } : list
}

export const addBookmark = (slack: SlackCall, channel: string, title: string, link: string) =>
  call(slack, 'bookmarks.add', { channel_id: channel, title, type: 'link', link }, Anything)

const document = (markdown: string) => ({ type: 'markdown', markdown })

export async function createCanvas(
  slack: SlackCall,
  channel: string,
  title: string,
  markdown: string,
): Promise<SlackResult<string>> {
  const args = { channel_id: channel, title, document_content: JSON.stringify(document(markdown)) }
  const made = await call(slack, 'conversations.canvases.create', args, z.object({ canvas_id: z.string() }))
  return made.ok ? { ok: true, value: made.value.canvas_id } : made
}

/** The whole of a canvas, in the place of what it was. */
export const replaceCanvas = (slack: SlackCall, canvas: string, markdown: string) =>
  call(
    slack,
    'canvases.edit',
    {
      canvas_id: canvas,
      changes: JSON.stringify([{ operation: 'replace', document_content: document(markdown) }]),
    },
    Anything,
  )

const Info = z.object({
  channel: z.object({
    properties: z.object({ canvas: z.object({ file_id: z.string() }).optional() }).optional(),
  }),
})

/** The canvas that a channel has; null: none. */
export async function canvasOf(slack: SlackCall, channel: string): Promise<SlackResult<string | null>> {
  const info = await call(slack, 'conversations.info', { channel }, Info)
  return info.ok ? { ok: true, value: info.value.channel.properties?.canvas?.file_id ?? null } : info
}

export const archiveChannel = (slack: SlackCall, channel: string) =>
  call(slack, 'conversations.archive', { channel }, Anything)

/** Slack takes this from people alone, for now; what it answers then is an error that stays. */
export const unarchiveChannel = (slack: SlackCall, channel: string) =>
  call(slack, 'conversations.unarchive', { channel }, Anything)

const Archived = z.object({ channel: z.object({ is_archived: z.boolean().optional() }) })

export async function isArchived(slack: SlackCall, channel: string): Promise<SlackResult<boolean>> {
  const info = await call(slack, 'conversations.info', { channel }, Archived)
  return info.ok ? { ok: true, value: info.value.channel.is_archived === true } : info
}

const Latest = z.object({
  messages: z.array(z.object({ ts: z.string(), bot_id: z.string().optional(), subtype: z.string().optional() })),
})

/** Messages looked at for one that a person wrote. */
const LOOK_BACK = 50

/** When a person last said something in a channel, UTC ms; null: not among the latest messages. */
export async function lastSaidAt(slack: SlackCall, channel: string): Promise<SlackResult<number | null>> {
  const history = await call(slack, 'conversations.history', { channel, limit: LOOK_BACK }, Latest)
  if (!history.ok) return history
  const said = history.value.messages.find(({ bot_id, subtype }) => bot_id === undefined && subtype === undefined)
  return { ok: true, value: said ? Math.floor(Number(said.ts) * 1_000) : null }
}

const Promised = z.object({ upload_url: z.string(), file_id: z.string() })

/** Where the bytes of a file may be put, and what it will be called. `about`: for whoever cannot see it. */
export async function promiseFile(
  slack: SlackCall,
  filename: string,
  length: number,
  about?: string,
): Promise<SlackResult<{ url: string; file: string }>> {
  const promised = await call(slack, 'files.getUploadURLExternal', { filename, length, alt_txt: about }, Promised)
  return promised.ok ? { ok: true, value: { url: promised.value.upload_url, file: promised.value.file_id } } : promised
}

/** Shows files that were put there in a channel, or in a thread of it. */
export const shareFiles = (
  slack: SlackCall,
  { channel, threadTs }: { channel: string; threadTs?: string },
  files: readonly { id: string; title: string }[],
  comment: string,
) =>
  call(
    slack,
    'files.completeUploadExternal',
    { files: JSON.stringify(files), channel_id: channel, thread_ts: threadTs, initial_comment: comment },
    Anything,
  )

const Shares = z.object({
  file: z.object({ shares: z.record(z.string(), z.record(z.string(), z.unknown())).optional() }),
})

/** Whether a file is shared anywhere. */
export async function isShared(slack: SlackCall, file: string): Promise<SlackResult<boolean>> {
  const info = await call(slack, 'files.info', { file }, Shares)
  if (!info.ok) return info
  const rooms = Object.values(info.value.file.shares ?? {}).flatMap((each) => Object.keys(each))
  return { ok: true, value: rooms.length > 0 }
}
