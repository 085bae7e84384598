import * as z from 'zod'
import { type Call, type Handler, json, list, need, refuse, refuseAs, refuseWith, text } from '../call.ts'
import {
  accessOf,
  type CanvasChange,
  createCanvas,
  deleteCanvas,
  editCanvas,
  LARGEST_CANVAS_BYTES,
  markdownOf,
} from '../canvas.ts'
import type { Room, StoredCanvas } from '../model.ts'
import { canSee, emit, isChannel } from '../workspace.ts'

export const canvases: Record<string, Handler> = {
  'conversations.canvases.create'(call) {
    needCanvases(call)
    const room = needRoom(call, need(call, 'channel_id'))
    // A free workspace's channels have none at all; the code is of this method alone.
    if (call.ws.preferences.plan === 'free') refuse('team_tier_cannot_create_channel_canvases')
    if (room.canvas !== null) refuse('channel_canvas_already_exists')
    const title = text(call, 'title') ?? room.name
    return { canvas_id: createCanvas(call.ws, call.me, room, title, markdownIn(call)).id }
  },

  'canvases.create'(call) {
    needCanvases(call)
    const channel = text(call, 'channel_id')
    const room = channel === undefined ? null : needRoom(call, channel)
    if (call.ws.preferences.plan === 'free' && room === null) refuse('free_teams_cannot_create_standalone_canvases')
    if (room && room.canvas !== null) refuse('free_team_canvas_tab_already_exists')
    const title = text(call, 'title') ?? 'Untitled'
    return { canvas_id: createCanvas(call.ws, call.me, room, title, markdownIn(call)).id }
  },

  'canvases.edit'(call) {
    needCanvases(call)
    const canvas = needCanvas(call)
    if (!mayWrite(call, canvas)) refuse('restricted_action')
    const change = changeIn(call)
    const size = Buffer.byteLength(markdownOf(canvas)) + ('markdown' in change ? Buffer.byteLength(change.markdown) : 0)
    const whole = change.operation === 'replace' && change.section_id === undefined
    if (!whole && size > LARGEST_CANVAS_BYTES) refuse('canvas_too_large')
    if (!editCanvas(call.ws, canvas, change)) refuse('canvas_editing_failed', { detail: 'section not found' })
    return {}
  },

  'canvases.delete'(call) {
    const canvas = needCanvas(call)
    if (accessOf(call.ws, canvas, call.me) !== 'owner') refuse('restricted_action')
    deleteCanvas(call.ws, canvas)
    return {}
  },

  'canvases.sections.lookup'(call) {
    needCanvases(call)
    const canvas = needCanvas(call)
    const { section_types: types, contains_text: words } = criteriaIn(call)
    const found = canvas.sections.filter(
      ({ type, markdown }) =>
        (!types || types.some((asked) => asked === type || (asked === 'any_header' && type !== 'other'))) &&
        (words === undefined || markdown.toLowerCase().includes(words.toLowerCase())),
    )
    return { sections: found.map(({ id }) => ({ id })) }
  },

  'canvases.access.set'(call) {
    const { canvas, ids } = accessIn(call)
    const level = need(call, 'access_level')
    if (level !== 'read' && level !== 'write' && level !== 'owner') return refuse('invalid_parameters')
    // A canvas has owners among people only.
    if (level === 'owner' && ids.some((id) => call.ws.rooms.has(id))) refuse('invalid_parameters')
    for (const id of ids) canvas.access.set(id, level)
    emit(call.ws, { type: 'canvas', canvas, room: null })
    return {}
  },

  'canvases.access.delete'(call) {
    const { canvas, ids } = accessIn(call)
    for (const id of ids) canvas.access.delete(id)
    emit(call.ws, { type: 'canvas', canvas, room: null })
    return {}
  },
}

function needCanvases(call: Call): void {
  if (!call.ws.preferences.canvases) refuse('canvas_disabled_user_team')
}

/** Slack lists no code for a channel that is not there; "failed", with a word why, comes nearest. */
function needRoom(call: Call, id: string): Room {
  const room = call.ws.rooms.get(id)
  if (!room || !canSee(call.ws, room, call.me) || !isChannel(room))
    return refuse('canvas_creation_failed', { detail: 'channel_not_found' })
  if (!room.members.has(call.me) || room.archived) refuse('restricted_action')
  return room
}

function needCanvas(call: Call): StoredCanvas {
  const canvas = call.ws.canvases.get(need(call, 'canvas_id'))
  return canvas && accessOf(call.ws, canvas, call.me) !== null ? canvas : refuse('canvas_not_found')
}

const mayWrite = (call: Call, canvas: StoredCanvas): boolean => {
  const room = canvas.channel === null ? undefined : call.ws.rooms.get(canvas.channel)
  return accessOf(call.ws, canvas, call.me) !== 'read' && !room?.archived
}

const document = z.object({ type: z.literal('markdown'), markdown: z.string() })

/** The first content of a new canvas; empty when none is given. */
function markdownIn(call: Call): string {
  const sent = json(call, 'document_content')
  if (sent === undefined) return ''
  const parsed = document.safeParse(sent === 'unreadable' ? null : sent.value)
  if (!parsed.success) return refuseWith('invalid_arguments', ['document_content'])
  if (Buffer.byteLength(parsed.data.markdown) > LARGEST_CANVAS_BYTES)
    refuse('canvas_creation_failed', { detail: 'canvas_too_large' })
  return parsed.data.markdown
}

const content = { document_content: document }
const section = { section_id: z.string().min(1) }
const changeSchema = z.discriminatedUnion('operation', [
  z.strictObject({ operation: z.enum(['insert_at_start', 'insert_at_end']), ...content }),
  z.strictObject({ operation: z.enum(['insert_after', 'insert_before']), ...section, ...content }),
  z.strictObject({ operation: z.literal('replace'), section_id: z.string().optional(), ...content }),
  z.strictObject({ operation: z.literal('delete'), ...section }),
  z.strictObject({ operation: z.literal('rename'), title_content: document }),
])

/** The one change of `changes`: Slack takes a list, and only one in it. */
function changeIn(call: Call): CanvasChange {
  const sent = json(call, 'changes')
  const given = sent === undefined || sent === 'unreadable' ? null : sent.value
  if (!Array.isArray(given) || given.length === 0) return refuseWith('invalid_arguments', ['changes'])
  if (given.length > 1) refuseWith('invalid_arguments', ['no more than 1 items allowed [json-pointer:/changes]'])
  const parsed = changeSchema.safeParse(given[0])
  if (!parsed.success) return refuseWith('invalid_arguments', [`changes/0: ${z.prettifyError(parsed.error)}`])
  const change = parsed.data
  if (Buffer.byteLength(JSON.stringify(change)) > LARGEST_CANVAS_BYTES + 1_000) refuse('canvas_too_large')
  switch (change.operation) {
    case 'rename':
      return { operation: 'rename', title: change.title_content.markdown }
    case 'delete':
      return change
    case 'replace':
      return { operation: 'replace', section_id: change.section_id, markdown: change.document_content.markdown }
    case 'insert_after':
    case 'insert_before':
      return {
        operation: change.operation,
        section_id: change.section_id,
        markdown: change.document_content.markdown,
      }
    default:
      return { operation: change.operation, markdown: change.document_content.markdown }
  }
}

const criteriaSchema = z
  .strictObject({
    section_types: z
      .array(z.enum(['h1', 'h2', 'h3', 'any_header']))
      .min(1)
      .max(3)
      .optional(),
    contains_text: z.string().min(1).optional(),
  })
  .refine((criteria) => Object.keys(criteria).length > 0)

function criteriaIn(call: Call): z.infer<typeof criteriaSchema> {
  const sent = json(call, 'criteria')
  const parsed = criteriaSchema.safeParse(sent === undefined || sent === 'unreadable' ? null : sent.value)
  return parsed.success ? parsed.data : refuseWith('invalid_arguments', ['criteria'])
}

/** Whose access is set: people or channels, not both. A channel's own canvas is its members'. */
function accessIn(call: Call): { canvas: StoredCanvas; ids: string[] } {
  const canvas = needCanvas(call)
  if (accessOf(call.ws, canvas, call.me) !== 'owner' || canvas.channel !== null) refuse('restricted_action')
  const [channels, users] = [list(call, 'channel_ids'), list(call, 'user_ids')]
  if (channels.length > 0 === users.length > 0) refuse('invalid_parameters')
  if (!channels.every((id) => call.ws.rooms.has(id))) refuseAs(call, ['channel_not_found'], 'channel_ids')
  if (!users.every((id) => call.ws.users.has(id))) refuseAs(call, ['user_not_found'], 'user_ids')
  return { canvas, ids: [...channels, ...users] }
}
