import { randomBytes } from 'node:crypto'
import { extname } from 'node:path/posix'
import { post } from './acts.ts'
import type { Room, Stored, StoredFile, Upload, Workspace } from './model.ts'
import { canSee, emit, newId } from './workspace.ts'

/** Files: promised, uploaded, shared, deleted. */

/** A demo's workspace keeps so much; Slack then says that the storage is full. */
export const MOST_BYTES = 64 * 1_048_576

/** How long an address for an upload waits. */
const UPLOAD_MS = 3_600_000

const TYPES: Record<string, [mimetype: string, filetype: string] | undefined> = {
  '.txt': ['text/plain', 'text'],
  '.log': ['text/plain', 'text'],
  '.md': ['text/markdown', 'markdown'],
  '.csv': ['text/csv', 'csv'],
  '.json': ['application/json', 'json'],
  '.yaml': ['text/yaml', 'yaml'],
  '.html': ['text/html', 'html'],
  '.svg': ['image/svg+xml', 'svg'],
  '.png': ['image/png', 'png'],
  '.jpg': ['image/jpeg', 'jpg'],
  '.gif': ['image/gif', 'gif'],
  '.pdf': ['application/pdf', 'pdf'],
}

const typeOf = (name: string): [mimetype: string, filetype: string] =>
  TYPES[extname(name).toLowerCase()] ?? ['application/octet-stream', 'binary']

export const bytesKept = (ws: Workspace): number =>
  [...ws.files.values()].reduce((sum, { bytes }) => sum + bytes.length, 0) +
  [...ws.uploads.values()].reduce((sum, upload) => sum + (upload.bytes?.length ?? 0), 0)

/** An address for one upload. What was promised long ago and never came is forgotten. */
export function promiseUpload(
  ws: Workspace,
  what: Pick<Upload, 'name' | 'length' | 'user' | 'altText' | 'filetype'>,
): { token: string; upload: Upload } {
  const now = ws.clock.now()
  for (const [old, { until }] of ws.uploads) if (until < now) ws.uploads.delete(old)
  const token = randomBytes(18).toString('base64url')
  const upload: Upload = { ...what, file: newId(ws, 'F'), bytes: null, until: now + UPLOAD_MS }
  ws.uploads.set(token, upload)
  return { token, upload }
}

/** Takes the bytes of an upload: why not, or null. */
export function takeUpload(ws: Workspace, token: string, bytes: Buffer): string | null {
  const upload = ws.uploads.get(token)
  if (!upload || upload.until < ws.clock.now()) return 'no such upload'
  if (bytes.length !== upload.length) return `${bytes.length} bytes came, ${upload.length} were announced`
  upload.bytes = bytes
  return null
}

/** The uploads of these files, as far as they have arrived; null when one has not. */
export function finishUpload(ws: Workspace, file: string, title: string | undefined): StoredFile | null {
  const [token, upload] = [...ws.uploads].find(([, each]) => each.file === file) ?? []
  if (token === undefined || !upload?.bytes) return null
  ws.uploads.delete(token)
  const { name, user, altText, bytes, filetype } = upload
  return keepFile(ws, { id: file, name, title: title ?? name, user, altText, bytes, filetype })
}

export function keepFile(
  ws: Workspace,
  part: Pick<StoredFile, 'name' | 'title' | 'user' | 'altText' | 'bytes'> & { id?: string; filetype?: string | null },
): StoredFile {
  const [mimetype, filetype] = typeOf(part.name)
  const file: StoredFile = {
    ...part,
    id: part.id ?? newId(ws, 'F'),
    mimetype,
    filetype: part.filetype ?? filetype,
    createdAt: ws.clock.now(),
    deleted: false,
    shares: [],
  }
  ws.files.set(file.id, file)
  emit(ws, { type: 'file', file, reason: 'created', channel: null })
  return file
}

/** Puts files into a channel, with what is said of them. */
export function shareFiles(
  ws: Workspace,
  room: Room,
  user: string,
  files: readonly StoredFile[],
  saying: Partial<Pick<Stored, 'text' | 'blocks' | 'threadTs'>>,
): Stored {
  const message = post(ws, room, user, {
    text: saying.text ?? '',
    blocks: saying.blocks ?? [],
    threadTs: saying.threadTs ?? null,
    subtype: 'file_share',
    files: files.map(({ id }) => id),
  })
  for (const file of files) {
    file.shares.push({ channel: room.id, ts: message.ts })
    emit(ws, { type: 'file', file, reason: 'shared', channel: room.id })
  }
  return message
}

/** Its messages stay, with a tombstone in its place. */
export function deleteFile(ws: Workspace, file: StoredFile): void {
  file.deleted = true
  file.bytes = Buffer.alloc(0)
  emit(ws, { type: 'file', file, reason: 'deleted', channel: file.shares[0]?.channel ?? null })
}

/** Their own, or in a channel that they can read. */
export const canSeeFile = (ws: Workspace, file: StoredFile, userId: string): boolean =>
  file.user === userId ||
  file.shares.some(({ channel }) => {
    const room = ws.rooms.get(channel)
    return room !== undefined && canSee(ws, room, userId)
  })
