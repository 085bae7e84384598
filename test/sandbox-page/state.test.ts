import { describe, expect, test } from 'vitest'
import { complete } from '../../src/sandbox/page/complete.ts'
import {
  apply,
  filesIn,
  findMessage,
  firstChannel,
  isNotice,
  labelOf,
  latestNow,
  mainMessages,
  repliesOf,
  titleOf,
  unreadTotal,
} from '../../src/sandbox/page/state.ts'
import type { Change, Settings, State, StepRun, Usergroup, View } from '../../src/sandbox/wire.ts'
import { bot, channel, dana, erik, file, message, state } from './builders.ts'

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

  const group = (users: string[]): Usergroup => ({
    id: 'S0ON',
    handle: 'oncall',
    name: 'On call',
    description: '',
    users,
    disabled: false,
  })

  test('of a user group replaces it, or adds a new one', () => {
    const first = apply(state(), { type: 'usergroup', usergroup: group(['U0DANA']) })
    expect(first?.usergroups.map((each) => each.users)).toEqual([['U0DANA']])
    const second = first && apply(first, { type: 'usergroup', usergroup: group(['U0ERIK']) })
    expect(second?.usergroups.map((each) => each.users)).toEqual([['U0ERIK']])
  })

  const run = (id: string, state: StepRun['state']): StepRun => ({
    id,
    callback_id: 'who',
    user: 'U0DANA',
    inputs: {},
    state,
    outputs: {},
    error: null,
    at: 0,
  })

  test('of a step replaces its run, and the newest 100 runs are kept', () => {
    const running = apply(state(), { type: 'step_run', step_run: run('Fx1', 'running') })
    const done = running && apply(running, { type: 'step_run', step_run: run('Fx1', 'succeeded') })
    expect(done?.step_runs).toEqual([run('Fx1', 'succeeded')])
    const many = Array.from({ length: 100 }, (_, n) => run(`Fx${n}`, 'succeeded'))
    const next = apply(state({ step_runs: many }), { type: 'step_run', step_run: run('Fx100', 'running') })
    expect([next?.step_runs.length, next?.step_runs[0]?.id, next?.step_runs.at(-1)?.id]).toEqual([100, 'Fx1', 'Fx100'])
  })

  const view: View = {
    id: 'V1',
    type: 'modal',
    callback_id: '',
    title: 'Deploy',
    submit: null,
    close: null,
    blocks: [],
    values: {},
    depth: 1,
    clear_on_close: false,
  }
  const settings: Settings = { ...state().settings, token: 'token_revoked' }
  const scheduled = [{ id: 'Q1', channel: 'C0OPS', text: 'soon', post_at: 1, never: false }]

  test.each<[Change, (next: State) => unknown, unknown]>([
    [{ type: 'modal', view }, (next) => next.modal, view],
    [{ type: 'modal', view: null }, (next) => next.modal, null],
    [{ type: 'home', view }, (next) => next.home, view],
    [{ type: 'connections', count: 0 }, (next) => next.connections, 0],
    [{ type: 'scheduled', scheduled }, (next) => next.scheduled, scheduled],
    [{ type: 'settings', settings }, (next) => next.settings, settings],
    [{ type: 'clock', now: 9_000_000 }, latestNow, 9_000_000],
  ])('%j is what is shown from then on', (change, read, wanted) => {
    const next = apply(state({ modal: view }), change)
    expect(next && read(next)).toEqual(wanted)
  })

  test('leaves the state that it was made of as it was', () => {
    const before = state()
    const copy = structuredClone(before)
    apply(before, { type: 'message_deleted', channel: 'C0OPS', ts: '2.0' })
    apply(before, { type: 'channel', channel: channel('C0OPS', 'renamed') })
    apply(before, { type: 'user', user: { ...dana, presence: 'away' } })
    expect(before).toEqual(copy)
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

describe('a thread that lost its first message', () => {
  const reply = message('3.0', 'reply', { thread_ts: '2.5', user: 'U0ERIK' })

  test('keeps a tombstone in its place, below which the replies stand', () => {
    const from = state({ messages: { C0OPS: [message('2.0', 'two'), reply, message('4.0', 'four')] } })
    expect(mainMessages(from, 'C0OPS').map((each) => [each.ts, each.subtype])).toEqual([
      ['2.0', null],
      ['2.5', 'tombstone'],
      ['4.0', null],
    ])
    expect(repliesOf(from, 'C0OPS', '2.5')).toEqual([reply])
  })

  test('has none where the first message is only too old to be listed', () => {
    const many = Array.from({ length: 499 }, (_, n) => message(`${n + 10}.0`, 'x'))
    const from = state({ messages: { C0OPS: [{ ...reply, ts: '9.0' }, ...many] } })
    expect(mainMessages(from, 'C0OPS')).toHaveLength(499)
  })
})

describe('what a channel is called', () => {
  const group = channel('G1', 'dana, erik, watchbill', { kind: 'mpim', members: [dana.id, erik.id, bot.id] })
  const dm = channel('D1', 'erik', { kind: 'im', with: erik.id })

  test.each([
    ['its name', channel('C1', 'ops'), 'ops', '#ops'],
    ['the other person', dm, 'Erik Holm', 'Erik Holm'],
    ['the others, without oneself', group, 'Erik Holm, Watchbill', 'Erik Holm, Watchbill'],
  ])('%s', (_, each, title, label) => {
    expect([titleOf(state(), each), labelOf(state(), each)]).toEqual([title, label])
  })
})

test('a message that carries a file was written by somebody, a topic that was set was not', () => {
  const kinds = [null, 'file_share', 'thread_broadcast', 'channel_topic', 'channel_join', 'me_message']
  expect(kinds.map((subtype) => isNotice(message('1.0', '', { subtype })))).toEqual([
    false,
    false,
    false,
    true,
    true,
    true,
  ])
})

test('a message is found by its time alone, and the files of a channel newest first', () => {
  const list = [message('1.0', 'a', { files: [file('F1', 'a')] }), message('2.0', 'b', { files: [file('F2', 'b')] })]
  const from = state({ messages: { C0GEN: list } })
  expect(findMessage(from, '2.0')?.text).toBe('b')
  expect(findMessage(from, '3.0')).toBeNull()
  expect(filesIn(from, 'C0GEN').map((each) => each.file.id)).toEqual(['F2', 'F1'])
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
