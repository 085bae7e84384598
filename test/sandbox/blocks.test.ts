import { describe, expect, test } from 'vitest'
import { isTooLong, judgeBlocks, judgeView, type Surface, usables, withIds } from '../../src/sandbox/blocks.ts'

const plain = (text: string) => ({ type: 'plain_text', text })
const mrkdwn = (text: string) => ({ type: 'mrkdwn', text })
const button = (more: object = {}) => ({
  type: 'button',
  text: plain('Acknowledge'),
  action_id: 'incident_ack',
  ...more,
})
const actions = (...elements: object[]) => ({ type: 'actions', elements })
const many = <T>(count: number, item: T) => Array<T>(count).fill(item)
const long = (length: number) => 'x'.repeat(length)
const option = { text: plain('a'), value: 'a' }

const ACCEPTED: [what: string, block: object, surface?: Surface][] = [
  ['a section of 3000 characters', { type: 'section', text: mrkdwn(long(3000)) }],
  ['a section of ten fields', { type: 'section', fields: many(10, mrkdwn(long(2000))) }],
  ['a section with a button', { type: 'section', text: plain('x'), accessory: button() }],
  ['a header of 150', { type: 'header', text: plain(long(150)) }],
  ['a divider', { type: 'divider', block_id: long(255) }],
  ['a context of ten', { type: 'context', elements: many(10, mrkdwn('x')) }],
  ['25 buttons', actions(...Array.from({ length: 25 }, (_, index) => button({ action_id: `a${index}` })))],
  [
    'a full button',
    actions(
      button({
        value: long(2000),
        style: 'danger',
        url: 'https://a.example',
        confirm: { title: plain('Sure?'), text: mrkdwn('x'), confirm: plain('Yes'), deny: plain('No') },
      }),
    ),
  ],
  [
    'menus',
    actions({ type: 'static_select', options: [option] }, { type: 'users_select' }, { type: 'external_select' }),
  ],
  [
    'overflow and a date',
    actions({ type: 'overflow', options: [option] }, { type: 'datepicker', initial_date: '2018-03-15' }),
  ],
  ['an image', { type: 'image', image_url: 'https://a.example/a.png', alt_text: 'a' }],
  ['an input', { type: 'input', label: plain('x'), element: { type: 'plain_text_input' } }],
  ['markdown of 12000', { type: 'markdown', text: long(12_000) }],
  [
    'rich text',
    { type: 'rich_text', elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text: 'x' }] }] },
  ],
  ['a container', { type: 'container', title: plain('x'), child_blocks: [{ type: 'section', text: plain('x') }] }],
  ['an alert in a modal', { type: 'alert', text: plain('x') }, 'modal'],
]

test.for(ACCEPTED)('takes %s', ([, block, surface = 'message']) => {
  expect(judgeBlocks([block], surface).problems).toEqual([])
})

const REFUSED: [what: string, block: unknown, problem: string][] = [
  ['no object', 'x', 'must provide an object [json-pointer:/blocks/0]'],
  ['no type', {}, 'missing required field: type [json-pointer:/blocks/0]'],
  ['an unknown type', { type: 'bogus' }, 'unsupported type: bogus [json-pointer:/blocks/0/type]'],
  [
    'an alert in a message',
    { type: 'alert', text: plain('x') },
    'unsupported type: alert [json-pointer:/blocks/0/type]',
  ],
  ['an unknown field', { type: 'divider', color: 1 }, 'invalid additional property: color [json-pointer:/blocks/0]'],
  ['an empty section', { type: 'section' }, 'missing required field: text [json-pointer:/blocks/0]'],
  [
    'an empty text',
    { type: 'section', text: mrkdwn('') },
    'must be more than 0 characters [json-pointer:/blocks/0/text/text]',
  ],
  [
    '3001 characters',
    { type: 'section', text: mrkdwn(long(3001)) },
    'must be less than 3001 characters [json-pointer:/blocks/0/text/text]',
  ],
  [
    'eleven fields',
    { type: 'section', fields: many(11, mrkdwn('x')) },
    'no more than 10 items allowed [json-pointer:/blocks/0/fields]',
  ],
  [
    'a long field',
    { type: 'section', fields: [mrkdwn(long(2001))] },
    'must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]',
  ],
  [
    'a text that is a number',
    { type: 'section', text: { type: 'mrkdwn', text: 5 } },
    'must provide a string [json-pointer:/blocks/0/text/text]',
  ],
  [
    'a mrkdwn header',
    { type: 'header', text: mrkdwn('x') },
    'must be one of: plain_text [json-pointer:/blocks/0/text/type]',
  ],
  [
    'a long header',
    { type: 'header', text: plain(long(151)) },
    'must be less than 151 characters [json-pointer:/blocks/0/text/text]',
  ],
  [
    'a context of eleven',
    { type: 'context', elements: many(11, mrkdwn('x')) },
    'no more than 10 items allowed [json-pointer:/blocks/0/elements]',
  ],
  [
    '26 buttons',
    actions(...Array.from({ length: 26 }, (_, index) => button({ action_id: `a${index}` }))),
    'no more than 25 items allowed [json-pointer:/blocks/0/elements]',
  ],
  [
    'a long label',
    actions(button({ text: plain(long(76)) })),
    'must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]',
  ],
  [
    'a mrkdwn label',
    actions(button({ text: mrkdwn('x') })),
    'must be one of: plain_text [json-pointer:/blocks/0/elements/0/text/type]',
  ],
  [
    'a long action_id',
    actions(button({ action_id: long(256) })),
    'must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]',
  ],
  [
    'a long value',
    actions(button({ value: long(2001) })),
    'must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]',
  ],
  [
    'an odd style',
    actions(button({ style: 'green' })),
    'must be one of: primary, danger [json-pointer:/blocks/0/elements/0/style]',
  ],
  [
    'a bad address',
    actions(button({ url: 'javascript:alert(1)' })),
    'must be a valid URL [json-pointer:/blocks/0/elements/0/url]',
  ],
  [
    'the same action twice',
    actions(button(), button()),
    '`action_id` "incident_ack" already exists in this block [json-pointer:/blocks/0]',
  ],
  [
    'an element that is none',
    actions({ type: 'bogus' }),
    'unsupported type: bogus [json-pointer:/blocks/0/elements/0/type]',
  ],
  [
    'an image in actions',
    actions({ type: 'image', image_url: 'https://a.example', alt_text: 'x' }),
    'unsupported type: image [json-pointer:/blocks/0/elements/0/type]',
  ],
  [
    'a menu of nothing',
    actions({ type: 'static_select' }),
    'exactly one of `options` and `option_groups` must be given [json-pointer:/blocks/0/elements/0]',
  ],
  [
    '101 options',
    actions({ type: 'static_select', options: many(101, option) }),
    'no more than 100 items allowed [json-pointer:/blocks/0/elements/0/options]',
  ],
  [
    'an image without words',
    { type: 'image', image_url: 'https://a.example' },
    'missing required field: alt_text [json-pointer:/blocks/0]',
  ],
  [
    'long markdown',
    { type: 'markdown', text: long(12_001) },
    'must be less than 12001 characters [json-pointer:/blocks/0/text]',
  ],
  [
    'a long block_id',
    { type: 'divider', block_id: long(256) },
    'must be less than 256 characters [json-pointer:/blocks/0/block_id]',
  ],
  [
    'a nested fault',
    { type: 'container', child_blocks: [{ type: 'section' }] },
    'missing required field: text [json-pointer:/blocks/0/child_blocks/0]',
  ],
  [
    'a button as an input',
    { type: 'input', label: plain('x'), element: button() },
    'unsupported type: button [json-pointer:/blocks/0/element/type]',
  ],
]

test.for(REFUSED)('refuses %s', ([, block, problem]) => {
  expect(judgeBlocks([block], 'message').problems).toContain(problem)
})

describe('the whole list', () => {
  test('50 blocks a message, 100 a view', () => {
    const blocks = (count: number) => many(count, { type: 'divider' })
    expect(judgeBlocks(blocks(50), 'message').problems).toEqual([])
    expect(judgeBlocks(blocks(51), 'message').problems).toEqual([
      'no more than 50 items allowed [json-pointer:/blocks]',
    ])
    expect(judgeBlocks(blocks(100), 'home').problems).toEqual([])
    expect(judgeBlocks(blocks(101), 'modal').problems).toEqual([
      'no more than 100 items allowed [json-pointer:/blocks]',
    ])
  })

  test('a block_id only once', () => {
    const twice = many(2, { type: 'divider', block_id: 'same' })
    expect(judgeBlocks(twice, 'message').problems).toEqual([
      '`block_id` "same" already exists [json-pointer:/blocks/1/block_id]',
    ])
  })

  test('too much text in all', () => {
    expect(isTooLong(many(4, { type: 'section', text: mrkdwn(long(3000)) }))).toBe(false)
    expect(isTooLong(many(5, { type: 'section', text: mrkdwn(long(3000)) }))).toBe(true)
    expect(isTooLong(many(2, { type: 'markdown', text: long(6001) }))).toBe(true)
  })

  test('ids are made up where they are missing', () => {
    const [block] = withIds([actions({ type: 'button', text: plain('x') })])
    expect(block).toMatchObject({ block_id: expect.any(String), elements: [{ action_id: expect.any(String) }] })
    expect(usables([{ type: 'section', block_id: 'b', text: plain('x'), accessory: button() }])).toMatchObject([
      { block_id: 'b', action_id: 'incident_ack', type: 'button' },
    ])
  })
})

describe('views', () => {
  const modal = (more: object = {}) => ({ type: 'modal', title: plain('Page'), blocks: [], ...more })
  const input = { type: 'input', label: plain('x'), element: { type: 'plain_text_input' } }

  test.for<[string, object, string | null]>([
    ['a plain one', modal(), null],
    ['one with a form', modal({ blocks: [input], submit: plain('Go') }), null],
    ['a form without a button', modal({ blocks: [input] }), 'missing required field: submit [json-pointer:/view]'],
    [
      'a long title',
      modal({ title: plain(long(25)) }),
      'must be less than 25 characters [json-pointer:/view/title/text]',
    ],
    ['no title', { type: 'modal', blocks: [] }, 'missing required field: title [json-pointer:/view]'],
    ['a Home', { type: 'home', blocks: [] }, 'must be a modal view [json-pointer:/view/type]'],
    [
      'long private_metadata',
      modal({ private_metadata: long(3001) }),
      'must be less than 3001 characters [json-pointer:/view/private_metadata]',
    ],
    ['a bad block', modal({ blocks: [{ type: 'x' }] }), 'unsupported type: x [json-pointer:/view/blocks/0/type]'],
  ])('%s', ([, view, problem]) => {
    const judged = judgeView(view, 'modal')
    expect('problems' in judged ? judged.problems : [null]).toContain(problem)
  })
})
