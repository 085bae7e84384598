import { randomBytes } from 'node:crypto'
import type { CanvasSection, Room, StoredCanvas, Workspace } from './model.ts'
import { emit, newId } from './workspace.ts'

/** Canvases: markdown in sections that the app can address. */

/** Slack takes no more of it, bytes. */
export const LARGEST_CANVAS_BYTES = 1_048_576

/** One section for each heading, paragraph, list, quote, table or fenced piece of code. */
function sectionsOf(markdown: string): CanvasSection[] {
  const pieces: string[][] = []
  let open = false
  let fenced = false
  for (const line of markdown.split('\n')) {
    const heading = !fenced && /^#{1,3} /.test(line)
    const blank = !fenced && line.trim() === ''
    if (line.trimStart().startsWith('```')) fenced = !fenced
    if (blank) {
      open = false
      continue
    }
    if (open && !heading) pieces.at(-1)?.push(line)
    else pieces.push([line])
    open = !heading
  }
  return pieces.map((lines) => sectionOf(lines.join('\n')))
}

function sectionOf(markdown: string): CanvasSection {
  const depth = /^(#{1,3}) /.exec(markdown)?.[1]?.length
  const type = depth === 1 ? 'h1' : depth === 2 ? 'h2' : depth === 3 ? 'h3' : 'other'
  return { id: `temp:C:${randomBytes(14).toString('hex')}`, type, markdown }
}

export const markdownOf = (canvas: StoredCanvas): string => canvas.sections.map(({ markdown }) => markdown).join('\n\n')

export function createCanvas(ws: Workspace, by: string, room: Room | null, title: string, markdown: string) {
  const now = ws.clock.now()
  const canvas: StoredCanvas = {
    id: newId(ws, 'F'),
    title,
    channel: room?.id ?? null,
    sections: sectionsOf(markdown),
    creator: by,
    createdAt: now,
    updatedAt: now,
    access: new Map(room ? [[room.id, 'write']] : []),
  }
  ws.canvases.set(canvas.id, canvas)
  if (room) room.canvas = canvas.id
  emit(ws, { type: 'canvas', canvas, room })
  return canvas
}

export function deleteCanvas(ws: Workspace, canvas: StoredCanvas): void {
  ws.canvases.delete(canvas.id)
  const room = roomOf(ws, canvas)
  if (room) room.canvas = null
  emit(ws, { type: 'canvas', canvas, room })
}

export type CanvasChange =
  | { operation: 'insert_at_start' | 'insert_at_end'; markdown: string }
  | { operation: 'insert_after' | 'insert_before'; section_id: string; markdown: string }
  | { operation: 'replace'; section_id: string | undefined; markdown: string }
  | { operation: 'delete'; section_id: string }
  | { operation: 'rename'; title: string }

/** Does one change; false when its section is not there (any more). */
export function editCanvas(ws: Workspace, canvas: StoredCanvas, change: CanvasChange): boolean {
  const after = changed(canvas, change)
  if (after === null) return false
  canvas.sections = after
  if (change.operation === 'rename') canvas.title = change.title
  canvas.updatedAt = Math.max(ws.clock.now(), canvas.updatedAt + 1)
  emit(ws, { type: 'canvas', canvas, room: roomOf(ws, canvas) })
  return true
}

function changed({ sections }: StoredCanvas, change: CanvasChange): CanvasSection[] | null {
  if (change.operation === 'rename') return sections
  if (!('section_id' in change))
    return change.operation === 'insert_at_start'
      ? [...sectionsOf(change.markdown), ...sections]
      : [...sections, ...sectionsOf(change.markdown)]
  if (change.section_id === undefined) return change.operation === 'replace' ? sectionsOf(change.markdown) : null
  const at = sections.findIndex(({ id }) => id === change.section_id)
  if (at < 0) return null
  const [before, after] = [sections.slice(0, at), sections.slice(at + 1)]
  const here = sections.slice(at, at + 1)
  switch (change.operation) {
    case 'insert_before':
      return [...before, ...sectionsOf(change.markdown), ...here, ...after]
    case 'insert_after':
      return [...before, ...here, ...sectionsOf(change.markdown), ...after]
    case 'replace':
      return [...before, ...sectionsOf(change.markdown), ...after]
    case 'delete':
      return [...before, ...after]
    default:
      return change satisfies never
  }
}

const roomOf = (ws: Workspace, canvas: StoredCanvas): Room | null =>
  canvas.channel === null ? null : (ws.rooms.get(canvas.channel) ?? null)

/** What somebody may do with a canvas: their own, by a channel they are in, by their name. */
export function accessOf(ws: Workspace, canvas: StoredCanvas, userId: string): 'read' | 'write' | 'owner' | null {
  if (canvas.creator === userId) return 'owner'
  const levels = [...canvas.access].flatMap(([id, level]) =>
    id === userId || ws.rooms.get(id)?.members.has(userId) ? [level] : [],
  )
  return levels.includes('owner') ? 'owner' : levels.includes('write') ? 'write' : (levels[0] ?? null)
}
