import { expect, test } from 'vitest'
import type { LocalSlack } from '../../src/sandbox/server.ts'
import { act, clientOf, handClock, refusal, slackWith, stateAs } from './support.ts'

const OPS = 'COPS00000'

async function start() {
  const clock = handClock()
  const slack = await slackWith({ clock })
  const schedule = (inSeconds: number, more: object = {}) =>
    clientOf(slack).chat.scheduleMessage({
      channel: '#ops',
      text: `in ${inSeconds} s`,
      post_at: clock.at / 1000 + inSeconds,
      ...more,
    } as never)
  return { slack, clock, schedule }
}

const said = (slack: LocalSlack) => slack.channel('ops').messages.map((message) => message.text)

test('a message comes at its time by the workspace’s clock, and not before', async () => {
  const { slack, clock, schedule } = await start()
  await schedule(120)
  await schedule(60)
  clock.at += 59_000
  expect(said(slack)).toEqual([])
  clock.at += 1_000
  expect(said(slack)).toEqual(['in 60 s'])
  await act(slack, 'advance-clock', { ms: 60_000 })
  expect(said(slack)).toEqual(['in 60 s', 'in 120 s'])
  expect(slack.channel('ops').messages[1]).toMatchObject({ bot: true, ts: expect.stringMatching(/^15211261\d\d\./) })
})

test('one with metadata never comes: Slack says so itself', async () => {
  const { slack, schedule } = await start()
  await schedule(60, { metadata: { event_type: 'page', event_payload: {} } })
  expect((await stateAs(slack, 'ada')).scheduled).toMatchObject([{ channel: OPS, text: 'in 60 s', never: true }])
  await act(slack, 'advance-clock', { ms: 120_000 })
  expect(said(slack)).toEqual([])
  expect((await stateAs(slack, 'ada')).scheduled).toEqual([])
})

test('they are listed, and taken back until a minute before', async () => {
  const { slack, clock, schedule } = await start()
  const client = clientOf(slack)
  const first = await schedule(90)
  await schedule(300)
  const { scheduled_messages: listed } = await client.chat.scheduledMessages.list({ channel: OPS })
  expect(listed).toMatchObject([{ text: 'in 90 s', channel_id: OPS }, { text: 'in 300 s' }])
  const latest = String(clock.at / 1000 + 100)
  expect((await client.chat.scheduledMessages.list({ latest })).scheduled_messages).toHaveLength(1)
  const cancel = () =>
    refusal(
      client.chat.deleteScheduledMessage({ channel: OPS, scheduled_message_id: String(first.scheduled_message_id) }),
    )
  clock.at += 31_000
  expect(await cancel()).toBe('invalid_scheduled_message_id')
  clock.at -= 31_000
  expect(await cancel()).toBe('ok')
  clock.at += 400_000
  expect(said(slack)).toEqual(['in 300 s'])
})

test('thirty in five minutes of one channel, and no more', async () => {
  const { schedule } = await start()
  for (let count = 0; count < 30; count += 1) await schedule(60 + count * 9)
  expect(await refusal(schedule(200))).toBe('restricted_too_many')
  expect(await refusal(schedule(60 + 30 * 10 + 60))).toBe('ok')
  expect(await refusal(schedule(200, { channel: '#general' }))).toBe('ok')
})

test('what cannot be posted any more is gone without a word', async () => {
  const { slack, clock, schedule } = await start()
  await schedule(60)
  slack.channel('ops').room.archived = true
  clock.at += 120_000
  expect(said(slack)).toEqual([])
})
