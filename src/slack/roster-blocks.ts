import type { KnownBlock, TableBlock } from '@slack/types'
import type { Difference } from '../domain/duty/substitute.ts'
import type { Recorded } from '../domain/fact.ts'
import type { RosterEdit } from '../domain/handover.ts'
import type { Message } from './api.ts'
import { answerMessage, button } from './blocks.ts'
import { editWords, isOpenOffer } from './roster-words.ts'
import type { Voice } from './words.ts'

/** Slack refuses longer values of a button. */
export const VALUE_CHARACTERS = 2_000

/** *Do it* and *Never mind*, beneath what would be done. */
export const confirmButtons = (value: string): KnownBlock[] => [
  {
    type: 'actions',
    elements: [button('Do it', 'roster_do', value, 'primary'), button('Never mind', 'roster_leave', value)],
  },
]

/** The message to somebody whom a change concerns; an offer that waits for them has its buttons. */
export function editMessage(
  voice: Voice,
  fact: Recorded & { type: 'edited' },
  edit: RosterEdit,
  effects: readonly Difference[],
): Pick<Message, 'text' | 'blocks'> {
  const { text, blocks } = answerMessage(editWords(voice, fact, edit, effects))
  if (fact.how !== 'offered' || !isOpenOffer(edit, voice.now)) return { text, blocks }
  const value = String(edit.id)
  const elements = [button('Agree', 'edit_agree', value, 'primary'), button('Decline', 'edit_decline', value)]
  return { text, blocks: [...blocks, { type: 'actions', block_id: `edit_${edit.id}`, elements }] }
}

/** A line of a cell: plain words, some of them bold. */
export interface CellLine {
  text: string
  bold?: boolean
}

/** A table of which the first row is the head; a cell of several lines is a list of them. */
export function tableBlock(
  rows: readonly (readonly (string | readonly CellLine[])[])[],
  align: readonly ('left' | 'right')[],
): KnownBlock {
  const cell = (content: string | readonly CellLine[]): TableBlock['rows'][number][number] => {
    // Slack refuses a cell without text.
    if (typeof content === 'string') return { type: 'raw_text', text: content || ' ' }
    const lines = content.length > 0 ? content : [{ text: ' ' }]
    const elements = lines.map(({ text, bold = false }, n) => ({
      type: 'text' as const,
      text: n < lines.length - 1 ? `${text}\n` : text,
      ...(bold ? { style: { bold } } : {}),
    }))
    return { type: 'rich_text', elements: [{ type: 'rich_text_section', elements }] }
  }
  return {
    type: 'table',
    rows: rows.map((row) => row.map(cell)),
    column_settings: align.map((each) => ({ align: each, is_wrapped: true })),
  }
}
