import type { InputBlock, KnownBlock } from '@slack/types'

/** What Slack itself finds wrong with a form before the app sees it. Pure. */

type Element = InputBlock['element']

/** By `block_id`: what is wrong with the text in it. An empty field is not judged here; whether it may be empty the workspace says. */
export function judged(
  blocks: readonly KnownBlock[],
  values: Readonly<Record<string, string | string[]>>,
): Map<string, string> {
  const wrong = new Map<string, string>()
  for (const block of blocks) {
    if (block.type !== 'input') continue
    const value = values[block.block_id ?? '']
    const sentence = typeof value === 'string' && value !== '' ? wrongWith(block.element, value.trim()) : null
    if (sentence !== null) wrong.set(block.block_id ?? '', sentence)
  }
  return wrong
}

function wrongWith(element: Element, text: string): string | null {
  switch (element.type) {
    case 'number_input':
      return wrongNumber(element, text)
    case 'email_text_input':
      return /^\S+@\S+\.\S+$/.test(text) ? null : 'Please enter a valid email address.'
    case 'url_text_input':
      return URL.canParse(text) ? null : 'Please enter a valid URL, with https:// at its beginning.'
    case 'plain_text_input': {
      const { min_length: least = 0, max_length: most = Number.POSITIVE_INFINITY } = element
      if (text.length < least) return `Please enter at least ${least} characters.`
      return text.length > most ? `Please enter at most ${most} characters.` : null
    }
    default:
      return null
  }
}

function wrongNumber(element: Extract<Element, { type: 'number_input' }>, text: string): string | null {
  if (!/^-?\d+(\.\d+)?$/.test(text)) return 'Please enter a number.'
  if (!element.is_decimal_allowed && text.includes('.')) return 'Please enter a whole number.'
  const { min_value: least, max_value: most } = element
  if (least !== undefined && Number(text) < Number(least)) return `Please enter a number that is at least ${least}.`
  if (most !== undefined && Number(text) > Number(most)) return `Please enter a number that is at most ${most}.`
  return null
}
