import { expect, test } from 'vitest'
import { act, clientOf, eventsIn, handClock, listen, refusal, slackWith, stateAs, until } from './support.ts'

const ADA = 'UADA00000'
/** 2018-03-15 in Berlin. */
const at = (time: string) => Date.parse(`2018-03-15T${time}:00+01:00`)

test('a page under "do not disturb" comes without a sound, and that is recorded', async () => {
  const slack = await slackWith()
  const client = clientOf(slack)
  await client.chat.postMessage({ channel: ADA, text: 'first' })
  await act(slack, 'dnd', { user: 'ada', minutes: 30 })
  await client.chat.postMessage({ channel: ADA, text: 'second' })
  await act(slack, 'dnd', { user: 'ada', minutes: 0 })
  await client.chat.postMessage({ channel: ADA, text: 'third' })
  expect(slack.dm('ada').map(({ text, notified }) => [text, notified])).toEqual([
    ['first', 'sounded'],
    ['second', 'silent'],
    ['third', 'sounded'],
  ])
})

test('in a channel a sound is for whoever is called, and for nobody else', async () => {
  const slack = await slackWith({ groups: [{ handle: 'oncall', id: 'S0ONCALL', users: ['bart'] }] })
  slack.changeUser('bart', { presence: 'away' })
  const client = clientOf(slack)
  const say = (text: string) => client.chat.postMessage({ channel: '#ops', text })
  for (const text of ['nobody', `<@${ADA}>`, '<!subteam^S0ONCALL>', '<!here>', '<!channel>', '<@UGUS00000>'])
    await say(text)
  const heard = (who: string) => slack.channel('ops', who).messages.map(({ notified }) => notified)
  expect(heard('ada')).toEqual([null, 'sounded', null, 'sounded', 'sounded', null])
  expect(heard('bart')).toEqual([null, null, 'sounded', null, 'sounded', null])
  expect(heard('gus')).toEqual([null, null, null, null, null, null])
})

test('the hours of every night are in the person’s own zone', async () => {
  const clock = handClock(at('21:59'))
  const slack = await slackWith({
    clock,
    users: [
      { name: 'ada', dndHours: { from: '22:00', to: '08:00' } },
      { name: 'bart', tz: 'America/New_York' },
    ],
    channels: [],
    groups: [],
  })
  const status = () => clientOf(slack).dnd.info({ user: ADA })
  const tonight = { next_dnd_start_ts: at('22:00') / 1000, next_dnd_end_ts: at('22:00') / 1000 + 10 * 3_600 }
  expect(await status()).toMatchObject({ dnd_enabled: true, ...tonight })
  expect((await stateAs(slack, 'ada')).me.dnd_until).toBeNull()
  clock.at = at('23:00')
  expect(await status()).toMatchObject(tonight)
  expect((await stateAs(slack, 'ada')).me.dnd_until).toBe(tonight.next_dnd_end_ts * 1000)
  clock.at += 3 * 3_600_000
  expect(await status()).toMatchObject(tonight)
  clock.at = at('08:00') + 24 * 3_600_000
  expect((await status()).next_dnd_start_ts).toBe(tonight.next_dnd_start_ts + 24 * 3_600)
  const { users } = await clientOf(slack).dnd.teamInfo({ users: `${ADA},UBART0000` })
  expect(users).toMatchObject({ UBART0000: { dnd_enabled: false, next_dnd_start_ts: 1, next_dnd_end_ts: 1 } })
})

test('people end their quiet themselves: a night ends once, and comes again', async () => {
  const clock = handClock(at('23:00'))
  const slack = await slackWith({
    clock,
    users: [{ name: 'ada', dndHours: { from: '22:00', to: '08:00' } }],
    channels: [],
    groups: [],
  })
  const ada = clientOf(slack, {}, slack.userToken('ada'))
  await ada.dnd.endDnd({})
  expect((await stateAs(slack, 'ada')).me.dnd_until).toBeNull()
  expect(await refusal(ada.dnd.endDnd({}))).toBe('not_in_dnd')
  expect(await refusal(ada.dnd.endSnooze({}))).toBe('snooze_end_failed')
  clock.at += 24 * 3_600_000
  expect((await stateAs(slack, 'ada')).me.dnd_until).not.toBeNull()
  await ada.dnd.setSnooze({ num_minutes: 600 })
  expect(await refusal(ada.dnd.setSnooze({ num_minutes: 1_441 }))).toBe('too_long')
  expect(await ada.dnd.endSnooze({})).toMatchObject({ snooze_enabled: false })
})

test('the app hears of it', async () => {
  const slack = await slackWith({ events: ['dnd_updated_user', 'user_change'] })
  const received = await listen(slack)
  await act(slack, 'dnd', { user: 'ada', minutes: 5 })
  await act(slack, 'presence', { user: 'ada', presence: 'away' })
  await until(() => eventsIn(received).length === 1)
  expect(eventsIn(received)).toMatchObject([{ type: 'dnd_updated_user', user: ADA, dnd_status: { dnd_enabled: true } }])
  expect(await clientOf(slack).users.getPresence({ user: ADA })).toMatchObject({ presence: 'away' })
})
