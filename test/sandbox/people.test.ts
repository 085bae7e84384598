import { describe, expect, test } from 'vitest'
import type { LocalSlack } from '../../src/sandbox/server.ts'
import { act, clientOf, connect, listen, slackWith, stateAs } from './support.ts'

/** Ada of the company, gus and uma its guests, eve of another company who shares #shared, sid of one that shares nothing. */
const mixed = () =>
  slackWith({
    users: [
      'ada',
      { name: 'root', isAdmin: true },
      { name: 'gus', isRestricted: true },
      { name: 'uma', isUltraRestricted: true },
      { name: 'eve', team: 'Evil Corp' },
      { name: 'sid', team: 'Somewhere' },
      { name: 'lea', deleted: true },
    ],
    channels: [
      { name: 'general', bot: true },
      { name: 'ops', bot: true },
      { name: 'guests', members: ['ada', 'gus', 'uma'], bot: true },
      { name: 'shared', members: ['ada', 'eve'], bot: true },
    ],
    groups: [],
  })

const info = async (slack: LocalSlack, name: string) =>
  (await clientOf(slack).users.info({ user: `U${name.toUpperCase()}`.padEnd(9, '0') })).user

describe('users.info', () => {
  test.for([
    ['ada', { is_restricted: false, is_ultra_restricted: false, is_admin: false, is_bot: false, team_id: 'T0LOCAL00' }],
    ['root', { is_admin: true }],
    ['gus', { is_restricted: true, is_ultra_restricted: false }],
    ['uma', { is_restricted: true, is_ultra_restricted: true }],
    ['eve', { is_stranger: false, team_id: 'TEVILCORP', is_restricted: false }],
    ['sid', { is_stranger: true, team_id: 'TSOMEWHERE' }],
    ['lea', { deleted: true }],
  ] as const)('of %s: %o', async ([name, expected]) => {
    expect(await info(await mixed(), name)).toMatchObject(expected)
  })

  test('says of strangers only where there are any, and nothing of the role of somebody who left', async () => {
    const slack = await mixed()
    expect(await info(slack, 'ada')).not.toHaveProperty('is_stranger')
    expect(await info(slack, 'lea')).not.toHaveProperty('is_restricted')
    expect(await info(slack, 'lea')).not.toHaveProperty('tz')
    slack.workspace.scopes.delete('users:read.email')
    expect((await info(slack, 'ada'))?.profile).not.toHaveProperty('email')
  })
})

test('users.list has those of other companies only where a channel is shared', async () => {
  const { members } = await clientOf(await mixed()).users.list({})
  const names = members?.map(({ name }) => name)
  expect(names).toContain('eve')
  expect(names).not.toContain('sid')
})

test('guests and people of other companies see what they are in, and nothing else', async () => {
  const slack = await mixed()
  const seen = async (who: string) => (await stateAs(slack, who)).channels.map(({ name }) => name)
  expect(await seen('gus')).toEqual(['guests'])
  expect(await seen('eve')).toEqual(['shared'])
  expect(await seen('ada')).toEqual(['general', 'guests', 'ops', 'shared'])
  expect(await act(slack, 'join', { user: 'gus', channel: 'ops' })).toMatchObject({
    body: { error: 'channel_not_found' },
  })
  expect((await stateAs(slack, 'ada')).channels.find(({ name }) => name === 'shared')?.is_ext_shared).toBe(true)
  expect((await stateAs(slack, 'eve')).me).toMatchObject({ is_external: true, team_id: 'TEVILCORP' })
})

test('clicks say whose company the person is of; the app’s commands and shortcuts are not theirs', async () => {
  const slack = await mixed()
  const bodies: { user: { team_id: string }; team: { id: string } }[] = []
  await connect(slack, (received) => {
    bodies.push(received.body)
    return received.ack()
  })
  const button = { type: 'button' as const, action_id: 'ack', text: { type: 'plain_text' as const, text: 'Ack' } }
  const blocks = [{ type: 'actions' as const, elements: [button] }]
  const { ts = '' } = await clientOf(slack).chat.postMessage({ channel: '#shared', text: 'x', blocks })
  await slack.press('eve', 'shared', ts, 'ack')
  expect(bodies).toMatchObject([{ user: { team_id: 'TEVILCORP' }, team: { id: 'T0LOCAL00' } }])
  expect((await slack.command('eve', 'shared', '/oncall')).saw[0]?.text).toContain('is not a valid command')
  expect(bodies).toHaveLength(1)
  expect(await act(slack, 'shortcut', { user: 'eve', callback_id: 'x' })).toMatchObject({ status: 400 })
})

test('people come, change their role, leave and come back; the app hears of each', async () => {
  const slack = await slackWith({ events: ['team_join', 'user_change'] })
  const received = await listen(slack)
  const { body } = await act(slack, 'add-user', { name: 'zoe', real_name: 'Zoë Z.', tz: 'Asia/Tokyo' })
  expect(body.user).toMatchObject({ id: 'UZOE00000', tz: 'Asia/Tokyo', is_restricted: false })
  await act(slack, 'change-user', { user: 'zoe', is_ultra_restricted: true, status_text: 'on a boat' })
  await act(slack, 'deactivate', { user: 'zoe' })
  expect(await act(slack, 'message', { user: 'zoe', channel: 'general', text: 'x' })).toMatchObject({
    body: { error: 'user_disabled' },
  })
  expect(await clientOf(slack).users.info({ user: 'UZOE00000' })).toMatchObject({ user: { deleted: true } })
  await act(slack, 'reactivate', { user: 'zoe' })
  const told = () => received.map(({ body: { event } }) => [event.type, event.user.deleted, event.user.is_restricted])
  await expect.poll(told).toHaveLength(4)
  expect(told()).toEqual(
    expect.arrayContaining([
      ['team_join', false, false],
      ['user_change', false, true],
      ['user_change', true, undefined],
      ['user_change', false, true],
    ]),
  )
  expect(await act(slack, 'add-user', { name: 'ada' })).toMatchObject({ body: { error: 'name_taken' } })
  expect(await act(slack, 'add-user', { name: 'no zone', tz: 'Mars/Olympus' })).toMatchObject({ status: 400 })
})
