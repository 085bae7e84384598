import { describe, expect, test } from 'vitest'
import { complete } from '../../src/sandbox/page/complete.ts'
import { apply, firstChannel, mainMessages, repliesOf, unreadTotal } from '../../src/sandbox/page/state.ts'
import type { Channel, Message, Person, State } from '../../src/sandbox/wire.ts'

const person = (id: string, name: string, real_name: string, is_bot = false): Person => ({
  id,
  name,
  real_name,
  tz: 'UTC',
  is_bot,
  is_restricted: false,
  deleted: false,
  presence: 'active',
})

const channel = (id: string, name: string, more: Partial<Channel> = {}): Channel => ({
  id,
  name,
  kind: 'public',
  with: null,
  is_member: true,
  is_archived: false,
  topic: '',
  purpose: '',
  members: [],
  unread: 0,
  last_read: null,
  last_message: null,
  pins: [],
  bookmarks: [],
  created_at: 0,
  ...more,
})

const message = (ts: string, text: string, more: Partial<Message> = {}): Message => ({
  ts,
  channel: 'C0OPS',
  user: 'U0DANA',
  bot: false,
  text,
  blocks: [],
  thread_ts: null,
  reply_count: 0,
  broadcast: false,
  edited: null,
  ephemeral: false,
  reactions: [],
  metadata: null,
  subtype: null,
  ...more,
})

const dana = person('U0DANA', 'dana', 'Dana Keller')
const bot = person('U0BOT', 'watchbill', 'Watchbill', true)

const state = (more: Partial<State> = {}): State => ({
  team: { id: 'T', name: 'Example Mail', domain: 'example' },
  me: dana,
  bot,
  users: [dana, person('U0ERIK', 'erik', 'Erik Holm'), bot],
  channels: [
    channel('C0GEN', 'general'),
    channel('C0OPS', 'ops'),
    channel('C0INC', 'inc-20180315-7-webmail'),
    channel('C0OLD', 'ops-old', { is_archived: true }),
  ],
  messages: { C0OPS: [message('2.0', 'two'), message('4.0', 'four')] },
  commands: ['/oncall', '/page', '/incident'],
  home: null,
  modal: null,
  connections: 1,
  now: 0,
  seq: 1,
  ...more,
})

const texts = (next: State | null) => next?.messages.C0OPS?.map((each) => each.text)

describe('a change', () => {
  test('puts a message in its place, and a changed one in place of the old', () => {
    expect(texts(apply(state(), { type: 'message', channel: 'C0OPS', message: message('3.0', 'three') }))).toEqual([
      'two',
      'three',
      'four',
    ])
    const changed = { type: 'message_changed', channel: 'C0OPS', message: message('2.0', 'TWO') } as const
    expect(texts(apply(state(), changed))).toEqual(['TWO', 'four'])
  })

  test('takes a message away, also from a channel that was not known', () => {
    expect(texts(apply(state(), { type: 'message_deleted', channel: 'C0OPS', ts: '2.0' }))).toEqual(['four'])
    expect(apply(state(), { type: 'message_deleted', channel: 'C9', ts: '1' })?.messages.C9).toEqual([])
  })

  test('adds, replaces and removes channels', () => {
    const added = apply(state(), { type: 'channel', channel: channel('C1', 'new', { unread: 3 }) })
    expect(added && unreadTotal(added)).toBe(3)
    expect(added?.channels).toHaveLength(5)
    expect(apply(state(), { type: 'channel_gone', channel: 'C0OPS' })?.channels.map((each) => each.id)).not.toContain(
      'C0OPS',
    )
  })

  test('of a person reaches me and the bot', () => {
    const next = apply(state(), { type: 'user', user: { ...dana, presence: 'away' } })
    expect([next?.me.presence, next?.users[0]?.presence]).toEqual(['away', 'away'])
  })

  test('that the server cannot say asks for everything again', () => {
    expect(apply(state(), { type: 'resync' })).toBeNull()
  })
})

describe('what is open first', () => {
  test.each([
    ['what the address asks for', 'C0INC', state(), 'C0INC'],
    ['not an archived channel', 'C0OLD', state(), 'C0GEN'],
    ['else something unread', null, state({ channels: [channel('A', 'a'), channel('B', 'b', { unread: 1 })] }), 'B'],
    ['else the first', 'nowhere', state(), 'C0GEN'],
    ['nothing where there is nothing', null, state({ channels: [] }), null],
  ])('%s', (_, asked, from, opened) => {
    expect(firstChannel(from, asked)).toBe(opened)
  })
})

test('replies stand in their thread, and in the channel only when they were sent there too', () => {
  const list = [
    message('1.0', 'root', { thread_ts: '1.0' }),
    message('2.0', 'reply', { thread_ts: '1.0' }),
    message('3.0', 'both', { thread_ts: '1.0', broadcast: true }),
  ]
  const from = state({ messages: { C0OPS: list } })
  expect(mainMessages(from, 'C0OPS').map((each) => each.text)).toEqual(['root', 'both'])
  expect(repliesOf(from, 'C0OPS', '1.0').map((each) => each.text)).toEqual(['reply', 'both'])
})

describe('the composer offers', () => {
  const labels = (text: string, caret = text.length) => complete(state(), text, caret)?.items.map((item) => item.label)

  test.each([
    ['/', ['/oncall', '/page', '/incident']],
    ['/inc', ['/incident']],
    ['ask @er', ['Erik Holm']],
    ['@kel', ['Dana Keller']],
    ['see #op', ['#ops']],
    ['#web', ['#inc-20180315-7-webmail']],
    ['/page @da', ['Dana Keller']],
  ])('for %j', (text, offered) => {
    expect(labels(text)).toEqual(offered)
  })

  test.each(['', 'plain', 'a/b', 'mail@example', '/page ', ':f', '10:30', '@nobody', 'not /oncall'])(
    'nothing for %j',
    (text) => {
      expect(labels(text)).toBeUndefined()
    },
  )

  test('for the word at the caret, and replaces just that', () => {
    expect(complete(state(), 'hi @er and more', 6)).toMatchObject({ from: 3, to: 6, items: [{ insert: '@erik ' }] })
  })
})
