import type { KnownBlock } from '@slack/types'
import { alter, post } from '../acts.ts'
import { isRecord } from '../blocks.ts'
import { type Call, channelOf, type Handler, json, messageOf, refuse, refuseWith, text } from '../call.ts'
import { blocksOf, contentOf, judged } from '../content.ts'
import type { Room, Stored } from '../model.ts'
import { threadOf } from './chat.ts'

/** Messages that are written while people read them. */
export const streams: Record<string, Handler> = {
  'chat.startStream'(call) {
    const room = channelOf(call)
    if (!room.members.has(call.me)) refuse('not_in_channel')
    if (room.archived) refuse('is_archived')
    if (room.kind !== 'im') needRecipient(call)
    const message = post(call.ws, room, call.me, { text: '', threadTs: threadOf(call, room), streaming: true })
    write(call, message, chunksOf(call))
    call.ts = message.ts
    return { channel: room.id, ts: message.ts }
  },

  'chat.appendStream'(call) {
    const { room, message } = streamOf(call)
    const chunks = chunksOf(call)
    if (chunks.length === 0) refuse('no_text')
    write(call, message, chunks)
    call.ts = message.ts
    return { channel: room.id, ts: message.ts }
  },

  'chat.stopStream'(call) {
    const { message } = streamOf(call)
    write(call, message, chunksOf(call))
    const last = blocksOf(call) ?? []
    const { metadata } = contentOf({ ...call, args: { metadata: call.args.metadata } })
    alter(call.ws, message, {
      streaming: false,
      blocks: [...message.blocks, ...last],
      ...(metadata === undefined ? {} : { metadata }),
    })
    call.ts = message.ts
    return {}
  },
}

/** In a channel Slack wants to know whom the app answers. */
function needRecipient(call: Call): void {
  const user = text(call, 'recipient_user_id') ?? refuse('missing_recipient_user_id')
  if (text(call, 'recipient_team_id') === undefined) refuse('missing_recipient_team_id')
  if (!call.ws.users.has(user)) refuse('user_not_found')
}

function streamOf(call: Call): { room: Room; message: Stored } {
  const room = channelOf(call)
  const message = messageOf(call, room, 'ts')
  if (message.user !== call.me) refuse('message_not_owned_by_app')
  if (!message.streaming) refuse('message_not_in_streaming_state')
  return { room, message }
}

type Chunk =
  | { type: 'markdown_text'; text: string }
  | { type: 'task_update'; id: string; title: string; status: string }
  | { type: 'plan_update'; title: string }

const STATUS = new Set(['pending', 'in_progress', 'complete', 'error'])

function chunksOf(call: Call): Chunk[] {
  const words = text(call, 'markdown_text')
  const sent = json(call, 'chunks')
  if (sent === 'unreadable' || (sent && !Array.isArray(sent.value))) return refuse('invalid_chunks')
  const chunks = (sent?.value ?? []) as unknown[]
  if (!chunks.every(isChunk)) refuse('invalid_chunks')
  return [...(words === undefined ? [] : [{ type: 'markdown_text' as const, text: words }]), ...(chunks as Chunk[])]
}

function isChunk(chunk: unknown): boolean {
  if (!isRecord(chunk)) return false
  switch (chunk.type) {
    case 'markdown_text':
      return typeof chunk.text === 'string'
    case 'task_update':
      return [chunk.id, chunk.title].every((part) => typeof part === 'string') && STATUS.has(String(chunk.status))
    case 'plan_update':
      return typeof chunk.title === 'string'
    default:
      return false
  }
}

/** Puts the pieces into the message: words go on where they stood, a task that is known changes. */
function write(call: Call, message: Stored, chunks: readonly Chunk[]): void {
  if (chunks.length === 0) return
  let words = message.text
  let tasks: KnownBlock[] = message.blocks.filter((block) => block.type !== 'markdown')
  for (const chunk of chunks) {
    if (chunk.type === 'markdown_text') words += chunk.text
    if (chunk.type === 'task_update') tasks = withTask(tasks, chunk)
  }
  const markdown = words === '' ? [] : [{ type: 'markdown', text: words }]
  const blocks = judged([...markdown, ...tasks], call.facts.errors)
  if (words === '' && tasks.length === 0) refuseWith('invalid_arguments', ['nothing to show'])
  alter(call.ws, message, { text: words, blocks })
}

function withTask(blocks: KnownBlock[], { id, title, status }: Extract<Chunk, { type: 'task_update' }>): KnownBlock[] {
  const task = { type: 'task_card', task_id: id, title, status } as KnownBlock
  const known = blocks.some((block) => 'task_id' in block && block.task_id === id)
  return known ? blocks.map((block) => ('task_id' in block && block.task_id === id ? task : block)) : [...blocks, task]
}
