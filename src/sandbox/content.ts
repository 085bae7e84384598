import type { KnownBlock } from '@slack/types'
import { isRecord, isTooLong, judgeBlocks, withIds } from './blocks.ts'
import { type Call, json, refuse, refuseAs, refuseWith, text } from './call.ts'
import type { Stored } from './model.ts'
import type { Attachment } from './wire.ts'

/** What the methods that write messages say: text, blocks, attachments, metadata; judged as Slack judges it. */

/** Methods' limits on `text`. Longer text is cut by chat.postMessage and refused by the others. */
export const LONGEST_TEXT = 40_000
/** Of chat.update, in bytes, counted after `&` is escaped. */
export const LONGEST_UPDATE_BYTES = 4_000

export interface Content {
  text: string | undefined
  blocks: KnownBlock[] | undefined
  attachments: Attachment[] | undefined
  metadata: Stored['metadata'] | undefined
}

/** What a call says; each part `undefined` when it was not sent. */
export function contentOf(call: Call): Content {
  const markdown = text(call, 'markdown_text')
  const plain = text(call, 'text')
  if (markdown !== undefined && (plain !== undefined || call.args.blocks !== undefined))
    refuse('markdown_text_conflict')
  const blocks =
    markdown === undefined ? blocksOf(call) : judged([{ type: 'markdown', text: markdown }], call.facts.errors)
  return { text: plain ?? markdown, blocks, attachments: attachmentsOf(call), metadata: metadataOf(call) }
}

export function needWords(content: Content): void {
  const { text: words, blocks, attachments } = content
  if (words === undefined && !blocks?.length && !attachments?.length) refuse('no_text')
}

export function blocksOf(call: Call): KnownBlock[] | undefined {
  const sent = json(call, 'blocks')
  if (sent === undefined) return undefined
  if (sent === 'unreadable' || !Array.isArray(sent.value))
    return refuseAs(call, ['invalid_blocks_format', 'invalid_blocks'], 'blocks')
  return judged(sent.value, call.facts.errors)
}

/** Blocks for a message with their ids, or the refusal that Slack gives. Only chat.postMessage has a name for too much text in all. */
export function judged(blocks: readonly unknown[], errors: readonly string[] = []): KnownBlock[] {
  const { problems } = judgeBlocks(blocks, 'message')
  if (problems.length > 0) refuseWith('invalid_blocks', problems)
  const tooLong = errors.includes('msg_blocks_too_long') ? 'msg_blocks_too_long' : 'invalid_blocks'
  if (isTooLong(blocks)) refuseWith(tooLong, ['too much text in all blocks together [json-pointer:/blocks]'])
  return withIds(blocks)
}

const MOST_ATTACHMENTS = 100

function attachmentsOf(call: Call): Attachment[] | undefined {
  const sent = json(call, 'attachments')
  if (sent === undefined) return undefined
  if (sent === 'unreadable' || !Array.isArray(sent.value) || !sent.value.every(isRecord))
    return refuseAs(call, ['invalid_attachments'], 'attachments')
  if (sent.value.length > MOST_ATTACHMENTS) refuse('too_many_attachments')
  return sent.value.map((attachment, index) => judgedAttachment({ id: index + 1, ...attachment }, call.facts.errors))
}

/** An attachment as it is kept: its blocks are judged like a message's. */
export function judgedAttachment(attachment: Record<string, unknown>, errors: readonly string[] = []): Attachment {
  if (attachment.blocks === undefined) return attachment
  if (!Array.isArray(attachment.blocks)) return refuse('invalid_blocks')
  return { ...attachment, blocks: judged(attachment.blocks, errors) }
}

const METADATA_BYTES = 16_384

function metadataOf(call: Call): Stored['metadata'] | undefined {
  const sent = json(call, 'metadata')
  if (sent === undefined || call.method === 'chat.postEphemeral') return undefined
  if (sent === 'unreadable' || !isRecord(sent.value)) return refuse('invalid_metadata_format')
  if (Object.keys(sent.value).length === 0) return null
  const { event_type, event_payload, entities: _, ...others } = sent.value
  const fits = typeof event_type === 'string' && event_type !== '' && isRecord(event_payload)
  if (!fits || Object.keys(others).length > 0) return refuse('invalid_metadata_schema')
  if (Buffer.byteLength(JSON.stringify(sent.value)) > METADATA_BYTES) return refuse('metadata_too_large')
  return { event_type, event_payload }
}
