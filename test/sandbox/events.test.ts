import { describe, expect, test } from 'vitest'
import type { LocalSlack } from '../../src/sandbox/server.ts'
import { act, clientOf, eventsIn, listen, refusal, slackWith, until } from './support.ts'

const OPS = 'COPS00000'
const ADA = 'UADA00000'
const BOT = 'UWATCHBILL'

/** What somebody does, the subscription and the scope that the app needs to hear of it, and what it hears. */
type Case = [what: string, subscription: string, scope: string, run: (slack: LocalSlack) => unknown, event: object]

const say = (slack: LocalSlack, text = 'hello') => slack.say('ada', 'ops', text)

const CASES: Case[] = [
  [
    'a message',
    'message.channels',
    'channels:history',
    (slack) => say(slack),
    { type: 'message', text: 'hello', channel_type: 'channel' },
  ],
  [
    'one in a private channel',
    'message.groups',
    'groups:history',
    (slack) => slack.say('ada', 'secret', 'x'),
    { channel_type: 'group' },
  ],
  [
    'one in the DM',
    'message.im',
    'im:history',
    (slack) => slack.say('ada', 'dm', 'x'),
    { channel_type: 'im', channel: 'DADA00000' },
  ],
  [
    'one in a group DM',
    'message.mpim',
    'mpim:history',
    async (slack) => {
      const { body } = await act(slack, 'open-dm', { user: 'ada', with: ['bart'] })
      await act(slack, 'message', { user: 'ada', channel: body.channel, text: 'x' })
    },
    { channel_type: 'mpim', user: ADA },
  ],
  [
    'an edit',
    'message.channels',
    'channels:history',
    (slack) => act(slack, 'edit', { user: 'ada', channel: 'ops', ts: say(slack).ts, text: 'other' }),
    { subtype: 'message_changed', hidden: true, message: { text: 'other' }, previous_message: { text: 'hello' } },
  ],
  [
    'a deletion',
    'message.channels',
    'channels:history',
    (slack) => act(slack, 'delete', { user: 'ada', channel: 'ops', ts: say(slack).ts }),
    { subtype: 'message_deleted', hidden: true, previous_message: { text: 'hello' } },
  ],
  [
    'a mention',
    'app_mention',
    'app_mentions:read',
    (slack) => say(slack, '@watchbill help'),
    { type: 'app_mention', text: `<@${BOT}> help` },
  ],
  [
    'a link',
    'link_shared',
    'links:read',
    (slack) => say(slack, 'see https://app.watch.example/INC-7.'),
    { links: [{ domain: 'watch.example', url: 'https://app.watch.example/INC-7' }], is_bot_user_member: true },
  ],
  [
    'a reaction',
    'reaction_added',
    'reactions:read',
    (slack) => act(slack, 'react', { user: 'ada', channel: 'ops', ts: say(slack).ts, name: 'eyes' }),
    { reaction: 'eyes', user: ADA, item_user: ADA, item: { type: 'message', channel: OPS } },
  ],
  [
    'a reaction taken back',
    'reaction_removed',
    'reactions:read',
    async (slack) => {
      const at = { user: 'ada', channel: 'ops', ts: say(slack).ts, name: 'eyes' }
      await act(slack, 'react', at)
      await act(slack, 'react', at)
    },
    { reaction: 'eyes' },
  ],
  [
    'a pin',
    'pin_added',
    'pins:read',
    (slack) => act(slack, 'pin', { user: 'ada', channel: 'ops', ts: say(slack).ts }),
    { channel_id: OPS, user: ADA, pin_count: '1', item: { type: 'message', message: { text: 'hello' } } },
  ],
  [
    'a pin taken away',
    'pin_removed',
    'pins:read',
    async (slack) => {
      const at = { user: 'ada', channel: 'ops', ts: say(slack).ts }
      await act(slack, 'pin', at)
      await act(slack, 'pin', at)
    },
    { has_pins: false },
  ],
  [
    'somebody who is brought in',
    'member_joined_channel',
    'channels:read',
    (slack) => act(slack, 'invite', { user: 'ada', channel: 'ops', member: 'gus' }),
    { user: 'UGUS00000', channel: OPS, channel_type: 'C', inviter: ADA },
  ],
  [
    'the bot itself that is brought in',
    'member_joined_channel',
    'channels:read',
    (slack) => act(slack, 'invite', { user: 'ada', channel: 'random', member: 'watchbill' }),
    { user: BOT, channel: 'CRANDOM00' },
  ],
  [
    'somebody who leaves',
    'member_left_channel',
    'channels:read',
    (slack) => act(slack, 'leave', { user: 'bart', channel: 'ops' }),
    { user: 'UBART0000' },
  ],
  [
    'the bot that is removed',
    'channel_left',
    'channels:read',
    (slack) => act(slack, 'kick', { user: 'ada', channel: 'ops', member: BOT }),
    { channel: OPS, actor_id: ADA },
  ],
  [
    'a new channel',
    'channel_created',
    'channels:read',
    (slack) => act(slack, 'create-channel', { user: 'ada', name: 'new' }),
    { channel: { name: 'new', creator: ADA } },
  ],
  [
    'another name',
    'channel_rename',
    'channels:read',
    (slack) => act(slack, 'rename', { user: 'ada', channel: 'ops', text: 'operations' }),
    { channel: { id: OPS, name: 'operations', name_normalized: 'operations' } },
  ],
  [
    'an archived channel',
    'channel_archive',
    'channels:read',
    (slack) => act(slack, 'archive', { user: 'ada', channel: 'ops' }),
    { channel: OPS, user: ADA },
  ],
  [
    'one that is back',
    'channel_unarchive',
    'channels:read',
    (slack) => act(slack, 'unarchive', { user: 'ada', channel: 'old' }),
    { user: ADA },
  ],
  [
    'an archived private one',
    'group_archive',
    'groups:read',
    (slack) => act(slack, 'archive', { user: 'ada', channel: 'secret' }),
    { user: ADA },
  ],
  [
    'somebody new',
    'team_join',
    'users:read',
    (slack) => act(slack, 'add-user', { name: 'zoe' }),
    { user: { name: 'zoe' } },
  ],
  [
    'a change of somebody',
    'user_change',
    'users:read',
    (slack) => slack.changeUser('ada', { realName: 'Ada L.' }),
    { user: { real_name: 'Ada L.' } },
  ],
  [
    'another topic',
    'message.channels',
    'channels:history',
    (slack) => act(slack, 'topic', { user: 'ada', channel: 'ops', text: 'fire' }),
    { subtype: 'channel_topic', topic: 'fire' },
  ],
]

describe('the app hears', () => {
  test.for(CASES)('of %s, by %s', async ([, subscription, , run, event]) => {
    const slack = await slackWith({ events: [subscription], unfurlDomains: ['watch.example'] })
    const received = await listen(slack)
    await run(slack)
    const found = () => eventsIn(received).filter((each) => matches(each, event))
    await until(() => found().length === 1)
    expect(received[0]?.body).toMatchObject({
      type: 'event_callback',
      team_id: 'T0LOCAL00',
      authorizations: [{ user_id: BOT }],
    })
  })

  test.for(CASES)(
    'nothing of %s without the subscription, or without the scope',
    async ([, subscription, scope, run]) => {
      for (const options of [{ events: ['app_home_opened'] }, { events: [subscription], without: scope }]) {
        const slack = await slackWith({ events: options.events, unfurlDomains: ['watch.example'] })
        if (options.without !== undefined) slack.workspace.scopes.delete(options.without)
        const received = await listen(slack)
        await run(slack)
        // Whatever comes is sent at once: a command sent after it finds nothing before it.
        await slack.command('ada', 'general', '/oncall')
        expect(eventsIn(received)).toEqual([])
      }
    },
  )
})

const matches = (event: object, part: object): boolean => {
  try {
    expect(event).toMatchObject(part)
    return true
  } catch {
    return false
  }
}

test('nothing is heard of where the bot is not', async () => {
  const events = ['message.channels', 'message.groups', 'reaction_added', 'pin_added', 'file_shared', 'group_archive']
  const slack = await slackWith({ events })
  const received = await listen(slack)
  for (const channel of ['random', 'hidden']) {
    const { ts } = slack.say('ada', channel, 'x')
    await act(slack, 'react', { user: 'ada', channel, ts, name: 'eyes' })
    await act(slack, 'pin', { user: 'ada', channel, ts })
    await act(slack, 'upload', { user: 'ada', channel, name: 'x.txt', content: 'x' })
  }
  await act(slack, 'archive', { user: 'ada', channel: 'hidden' })
  await slack.command('ada', 'ops', '/oncall')
  expect(eventsIn(received)).toEqual([])
})

test('the bot hears itself, and what it hears of its own updates is the change', async () => {
  const slack = await slackWith({ events: ['message.channels'] })
  const received = await listen(slack)
  const client = clientOf(slack)
  const { ts = '' } = await client.chat.postMessage({ channel: '#ops', text: 'x' })
  await client.chat.update({ channel: OPS, ts, text: 'y' })
  await client.pins.add({ channel: OPS, timestamp: ts })
  await until(() => received.length === 2)
  expect(eventsIn(received).map(({ subtype, bot_id, message }) => [subtype, bot_id ?? message?.bot_id])).toEqual(
    expect.arrayContaining([
      [undefined, 'B0LOCAL00'],
      ['message_changed', 'B0LOCAL00'],
    ]),
  )
})

test('a link is unfolded by what the event said, and by nothing else', async () => {
  const slack = await slackWith({ events: ['link_shared'], unfurlDomains: ['watch.example'] })
  const received = await listen(slack)
  say(slack, 'https://watch.example/INC-7 and https://elsewhere.example/x')
  await until(() => received.length === 1)
  const [{ unfurl_id, source, links, channel, message_ts }] = eventsIn(received)
  const [{ url }] = links
  const client = clientOf(slack)
  const unfurl = (unfurls: object) =>
    client.chat.unfurl({ unfurl_id, source, unfurls: JSON.stringify(unfurls) } as never)
  await unfurl({ [url]: { blocks: [{ type: 'section', text: { type: 'plain_text', text: 'INC-7: mail is down' } }] } })
  const [shown] = slack.channel('ops').messages
  expect(shown).toMatchObject({ edited: null, attachments: [{ id: 1, from_url: url, blocks: [{ type: 'section' }] }] })
  expect(await refusal(unfurl({ 'https://other.example/': { text: 'x' } }))).toBe('cannot_unfurl_url')
  expect(await refusal(unfurl({ [url]: { blocks: [{ type: 'odd' }] } }))).toBe('cannot_parse_attachment')
  // The other way: by channel and ts; it takes the place of what was there.
  await client.chat.unfurl({ channel, ts: message_ts, unfurls: JSON.stringify({ [url]: { text: 'anew' } }) as never })
  expect(slack.channel('ops').messages[0]?.attachments).toMatchObject([{ text: 'anew' }])
})

test('a token that the app gives back is told, and useless from then on', async () => {
  const slack = await slackWith({ events: ['tokens_revoked', 'app_uninstalled'] })
  const received = await listen(slack)
  await clientOf(slack).auth.revoke({})
  await until(() => received.length === 2)
  expect(
    eventsIn(received)
      .map(({ type }) => type)
      .sort(),
  ).toEqual(['app_uninstalled', 'tokens_revoked'])
  expect(await refusal(clientOf(slack).auth.test())).toBe('token_revoked')
  await act(slack, 'settings', { token: 'good' })
  expect(await refusal(clientOf(slack).auth.test())).toBe('ok')
})
