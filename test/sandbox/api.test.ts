import type { WebClient } from '@slack/web-api'
import { describe, expect, test } from 'vitest'
import { HANDLERS } from '../../src/sandbox/api.ts'
import { METHODS } from '../../src/sandbox/call.ts'
import { DEFAULT_SCOPES } from '../../src/sandbox/seed.ts'
import type { LocalSlack } from '../../src/sandbox/server.ts'
import { nextTs } from '../../src/sandbox/workspace.ts'
import { clientOf, refusal, slackWith } from './support.ts'

const id = (slack: LocalSlack, name: string) => slack.channel(name).room.id
const ADA = 'UADA00000'
const BART = 'UBART0000'
const GUS = 'UGUS00000'
const LEA = 'ULEA00000'
const BOT = 'UWATCHBILL'
const HELLO = { text: 'hello' }
const section = (text: string) => ({ type: 'section' as const, text: { type: 'mrkdwn' as const, text } })

test('every method that answers has its facts, and every fact its method', () => {
  expect(new Set(Object.keys(HANDLERS))).toEqual(new Set(Object.keys(METHODS)))
})

const post = (slack: LocalSlack) => clientOf(slack).chat.postMessage({ channel: id(slack, 'ops'), ...HELLO })

describe('tokens and scopes', () => {
  test('no token, a wrong one, the other kind, a revoked one', async () => {
    const slack = await slackWith()
    const say = (token: string) => refusal(clientOf(slack, {}, token).chat.postMessage({ channel: '#ops', ...HELLO }))
    expect(await say('')).toBe('not_authed')
    expect(await say('xoxb-wrong')).toBe('invalid_auth')
    expect(await say(slack.appToken)).toBe('not_allowed_token_type')
    expect(await refusal(clientOf(slack).apiCall('apps.connections.open'))).toBe('not_allowed_token_type')
    slack.workspace.botRevoked = 'account_inactive'
    expect(await say(slack.botToken)).toBe('account_inactive')
    slack.workspace.botRevoked = 'token_revoked'
    expect(await say(slack.botToken)).toBe('token_revoked')
  })

  test('a missing scope names what is needed and what there is', async () => {
    const slack = await slackWith({ scopes: ['chat:write', 'channels:history'] })
    const client = clientOf(slack)
    await client.chat.postMessage({ channel: '#ops', ...HELLO })
    const missing = client.users.info({ user: ADA })
    await expect(missing).rejects.toMatchObject({
      data: { error: 'missing_scope', needed: 'users:read', provided: 'chat:write,channels:history' },
    })
    // A scope counts for its kind of channel only.
    await client.conversations.history({ channel: id(slack, 'ops') })
    await expect(client.conversations.history({ channel: id(slack, 'secret') })).rejects.toMatchObject({
      data: { error: 'missing_scope', needed: 'groups:history' },
    })
  })

  test('a public channel that the bot is not in takes posts only with chat:write.public', async () => {
    const slack = await slackWith()
    await clientOf(slack).chat.postMessage({ channel: '#random', ...HELLO })
    const strict = await slackWith({ scopes: DEFAULT_SCOPES.filter((scope) => scope !== 'chat:write.public') })
    expect(await refusal(clientOf(strict).chat.postMessage({ channel: '#random', ...HELLO }))).toBe('not_in_channel')
  })

  test('a person’s token acts as the person, within what Slack lets people’s tokens do', async () => {
    const slack = await slackWith()
    const ada = clientOf(slack, {}, slack.userToken('ada'))
    await ada.chat.postMessage({ channel: '#hidden', ...HELLO })
    expect(slack.channel('hidden').messages).toMatchObject([{ user: ADA, bot: false, text: 'hello' }])
    expect(await ada.auth.test()).toMatchObject({ user_id: ADA, user: 'ada' })
    await ada.conversations.unarchive({ channel: id(slack, 'old') })
    expect(slack.channel('old').room.archived).toBe(false)
    expect(await refusal(ada.functions.completeError({ function_execution_id: 'Fx1', error: 'x' }))).toBe(
      'function_execution_not_found',
    )
    slack.changeUser('ada', { deleted: true })
    expect(await refusal(ada.auth.test())).toBe('account_inactive')
  })

  test('auth.test says who the bot is', async () => {
    const slack = await slackWith()
    expect(await clientOf(slack).auth.test()).toMatchObject({
      ok: true,
      user_id: BOT,
      user: 'watchbill',
      bot_id: 'B0LOCAL00',
    })
  })
})

describe('messages', () => {
  test('timestamps are unique and increase even when the clock stands still', async () => {
    const slack = await slackWith({ clock: { now: () => 1_521_129_600_000 } })
    const stamps = Array.from({ length: 3 }, () => nextTs(slack.workspace))
    expect(stamps).toEqual([...new Set(stamps)].sort())
    expect(stamps[0]).toMatch(/^15211296\d\d\.\d{6}$/)
  })

  test('a post to a person is a DM; it is unread until the person reads', async () => {
    const slack = await slackWith()
    const { channel } = await clientOf(slack).chat.postMessage({ channel: ADA, ...HELLO })
    expect(channel).toMatch(/^D/)
    expect(slack.dm('ada').map((message) => message.text)).toEqual(['hello'])
    expect(slack.dm('bart')).toEqual([])
    const opened = await clientOf(slack).conversations.open({ users: ADA })
    expect(opened).toMatchObject({ already_open: true, no_op: true, channel: { id: channel } })
  })

  test('blocks get ids, metadata is shown only when asked for', async () => {
    const slack = await slackWith()
    const client = clientOf(slack)
    const metadata = { event_type: 'watchbill_page', event_payload: { page_id: 'p1' } }
    const posted = await client.chat.postMessage({ channel: '#ops', text: 'x', blocks: [section('x')], metadata })
    expect(posted.message?.blocks?.[0]).toMatchObject({ type: 'section', block_id: expect.any(String) })
    const channel = id(slack, 'ops')
    expect((await client.conversations.history({ channel })).messages?.[0]).not.toHaveProperty('metadata')
    const all = await client.conversations.history({ channel, include_all_metadata: true })
    expect(all.messages?.[0]).toMatchObject({ ts: posted.ts, metadata, bot_id: 'B0LOCAL00', user: BOT })
  })

  test('invalid blocks are named by their place', async () => {
    const slack = await slackWith()
    const call = clientOf(slack).chat.postMessage({ channel: '#ops', text: 'x', blocks: [section('x'.repeat(3001))] })
    await expect(call).rejects.toMatchObject({
      data: {
        error: 'invalid_blocks',
        errors: ['must be less than 3001 characters [json-pointer:/blocks/0/text/text]'],
        response_metadata: {
          messages: ['[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]'],
        },
      },
    })
  })

  test('too long a text is cut by a post and refused by an update, which counts bytes', async () => {
    const slack = await slackWith()
    const client = clientOf(slack)
    const posted = await client.chat.postMessage({ channel: '#ops', text: 'x'.repeat(40_001) })
    expect(posted.message?.text).toHaveLength(40_000)
    const update = (text: string) =>
      refusal(client.chat.update({ channel: id(slack, 'ops'), ts: posted.ts ?? '', text }))
    expect(await update('x'.repeat(4000))).toBe('ok')
    expect(await update('—'.repeat(1334))).toBe('msg_too_long')
    expect(await update('&'.repeat(801))).toBe('msg_too_long')
  })

  test('an update changes the message in place and marks it', async () => {
    const slack = await slackWith()
    const client = clientOf(slack)
    const posted = await client.chat.postMessage({ channel: '#ops', text: 'x', blocks: [section('x')] })
    await client.chat.update({ channel: id(slack, 'ops'), ts: posted.ts ?? '', text: 'y' })
    const [message] = slack.channel('ops').messages
    expect(message).toMatchObject({ ts: posted.ts, text: 'y', edited: { user: BOT } })
    // Blocks that an update does not name stay; an empty list takes them away.
    expect(message?.blocks).toHaveLength(1)
    await client.chat.update({ channel: id(slack, 'ops'), ts: posted.ts ?? '', text: 'y', blocks: [] })
    expect(slack.channel('ops').messages[0]?.blocks).toEqual([])
    await client.chat.delete({ channel: id(slack, 'ops'), ts: posted.ts ?? '' })
    expect(slack.channel('ops').messages).toEqual([])
  })

  test('an ephemeral message is seen by its person alone', async () => {
    const slack = await slackWith()
    await clientOf(slack).chat.postEphemeral({ channel: id(slack, 'ops'), user: ADA, text: 'psst' })
    expect(slack.channel('ops', 'ada').messages).toMatchObject([{ text: 'psst', ephemeral: true }])
    expect(slack.channel('ops', 'bart').messages).toEqual([])
    const history = await clientOf(slack).conversations.history({ channel: id(slack, 'ops') })
    expect(history.messages).toEqual([])
  })

  test('a thread is read with replies, and stays out of the history', async () => {
    const slack = await slackWith()
    const client = clientOf(slack)
    const parent = await client.chat.postMessage({ channel: '#ops', text: 'parent' })
    const thread_ts = parent.ts ?? ''
    await client.chat.postMessage({ channel: '#ops', text: 'reply', thread_ts })
    slack.say('ada', 'ops', 'mine', thread_ts)
    const replies = await client.conversations.replies({ channel: id(slack, 'ops'), ts: thread_ts })
    expect(replies.messages?.map((message) => message.text)).toEqual(['parent', 'reply', 'mine'])
    const history = await client.conversations.history({ channel: id(slack, 'ops') })
    expect(history.messages).toMatchObject([{ text: 'parent', reply_count: 2 }])
  })

  test('the history is paged, newest first, and can be bounded', async () => {
    const slack = await slackWith()
    const client = clientOf(slack)
    const stamps: string[] = []
    for (const text of ['1', '2', '3']) stamps.push((await client.chat.postMessage({ channel: '#ops', text })).ts ?? '')
    const channel = id(slack, 'ops')
    const first = await client.conversations.history({ channel, limit: 2 })
    expect(first.messages?.map((message) => message.text)).toEqual(['3', '2'])
    expect(first.has_more).toBe(true)
    const cursor = first.response_metadata?.next_cursor ?? ''
    expect((await client.conversations.history({ channel, limit: 2, cursor })).messages).toMatchObject([{ text: '1' }])
    const [oldest = ''] = stamps
    expect((await client.conversations.history({ channel, oldest })).messages).toHaveLength(2)
    expect((await client.conversations.history({ channel, oldest, inclusive: true })).messages).toHaveLength(3)
  })
})

describe('channels', () => {
  test('the life of an incident channel', async () => {
    const slack = await slackWith()
    const client = clientOf(slack)
    const made = await client.conversations.create({ name: 'inc-20180315-7-imap' })
    const channel = made.channel?.id ?? ''
    await client.conversations.invite({ channel, users: `${ADA},${BART}` })
    await client.conversations.setTopic({ channel, topic: 'IMAP is down' })
    const summary = await client.chat.postMessage({ channel, text: 'INC-7' })
    await client.pins.add({ channel, timestamp: summary.ts ?? '' })
    expect(await refusal(client.pins.add({ channel, timestamp: summary.ts ?? '' }))).toBe('already_pinned')
    await client.bookmarks.add({
      channel_id: channel,
      title: 'Runbook',
      type: 'link',
      link: 'https://wiki.example/imap',
    })
    expect(await client.conversations.info({ channel, include_num_members: true })).toMatchObject({
      channel: { topic: { value: 'IMAP is down' }, num_members: 3, is_member: true },
    })
    expect((await client.pins.list({ channel })).items).toHaveLength(1)
    await client.conversations.rename({ channel, name: 'inc-7' })
    await client.conversations.archive({ channel })
    expect(await refusal(client.chat.postMessage({ channel, text: 'x' }))).toBe('is_archived')
    expect(slack.channel('inc-7').room).toMatchObject({ archived: true, bookmarks: [{ title: 'Runbook' }] })
  })

  test('an invitation of several is refused whole, unless forced', async () => {
    const slack = await slackWith()
    const client = clientOf(slack)
    const channel = (await client.conversations.create({ name: 'inc-8' })).channel?.id ?? ''
    await expect(client.conversations.invite({ channel, users: `${ADA},${GUS}` })).rejects.toMatchObject({
      data: { error: 'user_is_restricted', errors: [{ user: GUS, ok: false, error: 'user_is_restricted' }] },
    })
    expect(slack.channel('inc-8').room.members).toEqual(new Set([BOT]))
    await client.conversations.invite({ channel, users: `${ADA},${GUS}`, force: true })
    expect(slack.channel('inc-8').room.members).toEqual(new Set([BOT, ADA]))
  })

  test('the bot joins by itself; joining twice is a warning', async () => {
    const slack = await slackWith()
    const client = clientOf(slack)
    const channel = id(slack, 'random')
    await client.conversations.join({ channel })
    expect(await client.conversations.join({ channel })).toMatchObject({ warning: 'already_in_channel' })
    expect((await client.conversations.members({ channel })).members).toContain(BOT)
    expect((await client.conversations.list({ types: 'private_channel' })).channels).toMatchObject([{ name: 'secret' }])
    expect(
      (await client.users.conversations({ types: 'public_channel' })).channels?.map((item) => item.name),
    ).toContain('random')
  })
})

describe('people', () => {
  test('users, groups, reactions, presence', async () => {
    const slack = await slackWith()
    const client: WebClient = clientOf(slack)
    expect(await client.users.info({ user: LEA })).toMatchObject({ user: { deleted: true } })
    expect((await client.users.list({})).members).toHaveLength(6)
    expect(await client.users.getPresence({ user: ADA })).toMatchObject({ presence: 'active' })
    expect(await client.users.lookupByEmail({ email: 'ada@local.example' })).toMatchObject({ user: { id: ADA } })
    await client.usergroups.users.update({ usergroup: 'SONCALL00', users: BART })
    expect(await client.usergroups.users.list({ usergroup: 'SONCALL00' })).toMatchObject({ users: [BART] })
    expect(await client.usergroups.list({ include_users: true })).toMatchObject({ usergroups: [{ handle: 'oncall' }] })
    const { ts = '' } = await post(slack)
    const reaction = { channel: id(slack, 'ops'), name: 'eyes', timestamp: ts }
    await client.reactions.add(reaction)
    expect(await refusal(client.reactions.add(reaction))).toBe('already_reacted')
    expect(await client.reactions.get(reaction)).toMatchObject({ message: { reactions: [{ name: 'eyes', count: 1 }] } })
    await client.reactions.remove(reaction)
    expect(await client.dnd.info({ user: ADA })).toMatchObject({ dnd_enabled: false })
    expect(await client.team.info()).toMatchObject({ team: { name: 'Local' } })
    expect(await client.bots.info({ bot: 'B0LOCAL00' })).toMatchObject({ bot: { user_id: BOT } })
  })
})

test('rate limits are enforced only on request', async () => {
  const slack = await slackWith({ enforceRateLimits: true })
  const client = clientOf(slack)
  const posts = await Promise.allSettled(Array.from({ length: 6 }, () => post(slack)))
  expect(posts.filter((settled) => settled.status === 'rejected')).toHaveLength(2)
  await expect(client.chat.postMessage({ channel: '#general', text: 'another channel' })).resolves.toMatchObject({
    ok: true,
  })
  await expect(post(slack)).rejects.toMatchObject({ retryAfter: 1 })
  const free = await slackWith()
  await Promise.all(Array.from({ length: 20 }, () => post(free)))
})
