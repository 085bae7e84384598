import type { InputBlock, KnownBlock } from '@slack/types'
import { describe, expect, test } from 'vitest'
import { heldIn } from '../../src/sandbox/page/held.ts'
import { judged } from '../../src/sandbox/page/judge.ts'

describe('what an input holds is read from Slack’s state', () => {
  const option = (value: string, text: string) => ({ value, text: { type: 'plain_text', text } })

  test.each<[string, Record<string, unknown> | undefined, unknown]>([
    ['a text', { type: 'plain_text_input', value: 'v43' }, [{ value: 'v43', text: '' }]],
    ['an option, by its label', { selected_option: option('a', 'A') }, [{ value: 'a', text: 'A' }]],
    [
      'several options',
      { selected_options: [option('a', 'A'), option('b', 'B')] },
      [
        { value: 'a', text: 'A' },
        { value: 'b', text: 'B' },
      ],
    ],
    ['a person', { selected_user: 'U1' }, [{ value: 'U1', text: '' }]],
    [
      'channels',
      { selected_conversations: ['C1', 'C2'] },
      [
        { value: 'C1', text: '' },
        { value: 'C2', text: '' },
      ],
    ],
    ['a moment', { selected_date_time: 1521129600 }, [{ value: '1521129600', text: '' }]],
    ['files, by their names', { files: [{ id: 'F1', name: 'a.txt' }] }, [{ value: 'F1', text: 'a.txt' }]],
    ['nothing, of an empty text', { type: 'plain_text_input', value: null }, null],
    ['nothing, of an empty select', { selected_option: null }, null],
    ['nothing, of an empty list', { selected_options: [] }, null],
    ['nothing, of what is not there', undefined, null],
  ])('%s', (_, entry, wanted) => {
    expect(heldIn(entry)).toEqual(wanted)
  })
})

describe('what Slack itself finds wrong with a form', () => {
  const input = (element: InputBlock['element']): KnownBlock => ({
    type: 'input',
    block_id: 'b',
    label: { type: 'plain_text', text: 'x' },
    element,
  })
  const number = (more: object = {}) => input({ type: 'number_input', is_decimal_allowed: false, ...more })

  test.each<[string, KnownBlock, string, RegExp | null]>([
    ['a number', number(), '12', null],
    ['no number', number(), 'many', /enter a number/],
    ['a decimal where none is allowed', number(), '1.5', /whole number/],
    ['a decimal where it is', number({ is_decimal_allowed: true }), '-1.5', null],
    ['too small', number({ min_value: '3' }), '2', /at least 3/],
    ['too large', number({ max_value: '3' }), '4', /at most 3/],
    ['an address', input({ type: 'email_text_input' }), 'ops@example.test', null],
    ['no address', input({ type: 'email_text_input' }), 'ops', /email/],
    ['a link', input({ type: 'url_text_input' }), 'https://example.test/', null],
    ['no link', input({ type: 'url_text_input' }), 'example', /URL/],
    ['a text that is too short', input({ type: 'plain_text_input', min_length: 3 }), 'ab', /at least 3/],
    ['a text that is too long', input({ type: 'plain_text_input', max_length: 3 }), 'abcd', /at most 3/],
    ['an empty field, of which the workspace judges', number({ min_value: '3' }), '', null],
  ])('%s', (_, block, value, wanted) => {
    const sentence = judged([block], { b: value }).get('b') ?? null
    if (wanted === null) expect(sentence).toBeNull()
    else expect(sentence).toMatch(wanted)
  })

  test('nothing of choices and of blocks that are no inputs', () => {
    expect(judged([{ type: 'divider' }, input({ type: 'multi_users_select' })], { b: ['U1'] }).size).toBe(0)
  })
})
