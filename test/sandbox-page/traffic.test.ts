import { describe, expect, test } from 'vitest'
import {
  ALL,
  filtered,
  isWaiting,
  MOST_ROWS,
  messagesOf,
  numberOf,
  resumeAt,
  summaryOf,
  taken,
  tookMs,
  troubleOf,
} from '../../src/sandbox/page/traffic.ts'
import type { Traffic } from '../../src/sandbox/wire.ts'
import { call, channel, delivery, erik, message, state } from './builders.ts'

const numbers = (list: readonly Traffic[]) => list.map(numberOf)
const all = (...lines: Traffic[]) => lines.reduce<Traffic[]>(taken, [])

describe('the list of traffic', () => {
  test('holds calls and deliveries in the order in which they began', () => {
    expect(numbers(all(call(1), delivery(3), call(2), delivery(4)))).toEqual([1, 2, 3, 4])
  })

  test('shows what became of a line in its place', () => {
    const list = all(call(1, { outcome: 'unanswered', answered_at: null }), delivery(2), call(1))
    expect(numbers(list)).toEqual([1, 2])
    expect(list[0]).toEqual(call(1))
  })

  test(`keeps the newest ${MOST_ROWS}, also when an old one ends late`, () => {
    const list = all(...Array.from({ length: MOST_ROWS + 5 }, (_, n) => call(n + 1)))
    expect([list.length, numbers(list)[0]]).toEqual([MOST_ROWS, 6])
    expect(numbers(taken(list, call(2)))).toEqual(numbers(list))
  })

  test('goes on, after a pause, behind the last line or behind the first that was not over', () => {
    expect(resumeAt([])).toBe(0)
    expect(resumeAt(all(call(1), delivery(2)))).toBe(2)
    expect(resumeAt(all(call(1), delivery(2, { outcome: 'waiting' }), call(3)))).toBe(1)
  })
})

describe('a line', () => {
  test.each<[string, Traffic, string | null, number | null]>([
    ['a call that was answered', call(1), null, 12],
    ['a call that waits', call(1, { outcome: 'unanswered', answered_at: null }), null, null],
    ['an error of Slack', call(1, { outcome: 'channel_not_found', done: false }), 'channel_not_found', 12],
    ['an answer that was lost', call(1, { outcome: 'lost_reply', answered_at: null }), 'lost_reply', null],
    ['a call that hangs', call(1, { outcome: 'hang', answered_at: null }), 'hang', null],
    ['a delivery that was acknowledged', delivery(1), null, 8],
    ['a delivery that waits', delivery(1, { outcome: 'waiting', ack_ms: null }), null, null],
    ['nobody there', delivery(1, { outcome: 'dispatch_failed', ack_ms: null }), 'dispatch_failed', null],
    ['an acknowledgement that was late', delivery(1, { outcome: 'too_late', ack_ms: null }), 'too_late', null],
  ])('says what went wrong and how long it took: %s', (_, line, trouble, ms) => {
    expect([troubleOf(line), tookMs(line)]).toEqual([trouble, ms])
  })

  test('waits until it is over', () => {
    expect(isWaiting(call(1, { outcome: 'unanswered', answered_at: null }))).toBe(true)
    expect(isWaiting(call(1, { outcome: 'hang', answered_at: null }))).toBe(false)
    expect(isWaiting(delivery(1, { outcome: 'waiting' }))).toBe(true)
  })

  test.each<[string, Traffic, string[]]>([
    ['that it made', call(1, { ts: '7.1' }), ['7.1']],
    ['that it changes, once', call(1, { method: 'chat.update', args: { ts: '7.1' }, ts: '7.1' }), ['7.1']],
    ['that it reacts to', call(1, { method: 'reactions.add', args: { timestamp: '7.2' } }), ['7.2']],
    [
      'that was clicked',
      delivery(1, { payload: { container: { message_ts: '7.3' }, message: { ts: '7.3' } } }),
      ['7.3'],
    ],
    ['that an event tells of', delivery(1, { payload: { event: { ts: '7.4' } } }), ['7.4']],
    [
      'that was changed',
      delivery(1, { payload: { event: { ts: '8.0', subtype: 'message_changed', message: { ts: '7.6' } } } }),
      ['7.6'],
    ],
    [
      'that was deleted',
      delivery(1, { payload: { event: { subtype: 'message_deleted', deleted_ts: '7.7' } } }),
      ['7.7'],
    ],
    ['that somebody reacted to', delivery(1, { payload: { event: { item: { ts: '7.5' } } } }), ['7.5']],
    ['of none', delivery(1), []],
  ])('names the message %s', (_, line, wanted) => {
    expect(messagesOf(line)).toEqual(wanted)
  })
})

describe('a line in a few words', () => {
  const from = state({
    channels: [channel('C0OPS', 'ops'), channel('D1', 'erik', { kind: 'im', with: erik.id })],
    usergroups: [{ id: 'S0ONCALL', handle: 'oncall', name: '', description: '', users: [], disabled: false }],
    users: [...state().users, { ...erik, id: 'U0MIA000', name: 'mia', real_name: 'Mia Berger' }],
    messages: { C0OPS: [message('7.1', 'as it is *now*')] },
  })

  test.each<[string, Traffic]>([
    ['#ops · INC-7', call(1)],
    [
      'DM Erik Holm · two lines and @erik in #ops & co',
      call(1, { args: { channel: 'D1', text: 'two\nlines  and <@U0ERIK> in <#C0OPS|ops> &amp; co' } }),
    ],
    ['DM Mia Berger · wake up', call(1, { args: { channel: 'D0MIA000', text: 'wake up' } })],
    ['C0NOWHERE · x', call(1, { args: { channel: 'C0NOWHERE', text: 'x' } })],
    [
      '#ops · as it is *now*',
      call(1, { method: 'chat.update', args: { channel: 'C0OPS', ts: '7.1', blocks: [] }, ts: '7.1' }),
    ],
    ['Deploy', call(1, { method: 'views.open', args: { trigger_id: '1', view: { title: { text: 'Deploy' } } } })],
    [
      'usergroup=@oncall users=Mia Berger',
      call(1, { method: 'usergroups.users.update', args: { usergroup: 'S0ONCALL', users: 'U0MIA000' } }),
    ],
    ['', call(1, { method: 'auth.test', args: {} })],
    ['Erik Holm · #ops · /oncall mail', delivery(1)],
    [
      'Dana Keller · #ops · Acknowledge',
      delivery(1, {
        kind: 'interactive',
        payload: { user: { id: 'U0DANA' }, channel: { id: 'C0OPS' }, actions: [{ text: { text: 'Acknowledge' } }] },
      }),
    ],
    [
      'Erik Holm · #ops · as it reads now',
      delivery(1, {
        kind: 'events_api',
        payload: { event: { channel: 'C0OPS', message: { user: 'U0ERIK', text: 'as it reads now' } } },
      }),
    ],
    [
      'Erik Holm · #ops · what changed?',
      delivery(1, {
        kind: 'events_api',
        payload: { event: { user: 'U0ERIK', channel: 'C0OPS', text: 'what changed?' } },
      }),
    ],
  ])('reads “%s”', (wanted, line) => {
    expect(summaryOf(from, line)).toBe(wanted)
  })
})

describe('the filter', () => {
  const list = all(
    call(1, { ts: '7.1' }),
    call(2, { method: 'views.open', args: {}, outcome: 'expired_trigger_id' }),
    delivery(3),
    delivery(4, {
      kind: 'interactive',
      what: 'block_actions incident_ack',
      payload: { container: { message_ts: '7.1' } },
    }),
    delivery(5, { kind: 'events_api', what: 'message channel', outcome: 'operation_timeout' }),
  )

  test.each([
    ['everything', {}, [1, 2, 3, 4, 5]],
    ['one kind', { kind: 'calls' as const }, [1, 2]],
    ['commands', { kind: 'slash_commands' as const }, [3]],
    ['what went wrong', { trouble: true }, [2, 5]],
    ['a method', { words: 'views' }, [2]],
    ['what stands in the arguments', { words: 'inc-7' }, [1]],
    ['every word', { words: 'block INCIDENT_ack' }, [4]],
    ['an error', { words: 'expired' }, [2]],
    ['one message', { about: '7.1' }, [1, 4]],
    ['one message and one kind', { about: '7.1', kind: 'interactive' as const }, [4]],
    ['nothing', { words: 'nowhere to be found' }, []],
  ])('lets through %s', (_, part, wanted) => {
    expect(numbers(filtered(list, { ...ALL, ...part }))).toEqual(wanted)
  })
})
