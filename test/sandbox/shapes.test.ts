import { describe, expect, test } from 'vitest'
import { HANDLERS } from '../../src/sandbox/api.ts'
import type { LocalSlack } from '../../src/sandbox/server.ts'
import { sampled, sampleOf, strange } from './shape.ts'
import { act, clientOf, connect, eventsIn, handClock, listen, slackWith, until } from './support.ts'

/** Keys of our answers that no sample shows and Slack gives all the same, each with how that is known. */
const BEYOND: Record<string, string> = {
  'chat.postMessage: warning': 'message_truncated, of its reference page; the client logs it',
  'chat.postMessage: response_metadata.warnings': 'likewise',
  'conversations.history: messages[].streaming_state': 'BotMessageEvent of @slack/types',
  'conversations.history: messages[].old_name': 'ChannelNameMessageEvent of @slack/types',
  'conversations.history: messages[].name': 'likewise',
  'conversations.leave: not_in_channel': 'its reference page, for a channel that the app is not in',
  'pins.list: items[].channel': 'PinnedItem of @slack/types; the items of the sample are files',
  'pins.list: items[].message.pinned_to': 'PinnedMessageItem of @slack/types',
  'auth.revoke: revoked': 'its reference page; the sample was taken of a refusal',
}

/** What the bot reads of an answer, now or with what it may be taught: it must be there. `[]`: of some item of a list. */
const READ: Record<string, string[]> = {
  'auth.test': ['user_id', 'bot_id', 'team_id'],
  'bookmarks.add': ['bookmark.id'],
  'bookmarks.list': ['bookmarks[].link', 'bookmarks[].title'],
  'canvases.sections.lookup': ['sections[].id'],
  'chat.getPermalink': ['permalink'],
  'chat.postMessage': ['channel', 'ts', 'message.text'],
  'chat.scheduleMessage': ['scheduled_message_id', 'post_at'],
  'chat.update': ['channel', 'ts'],
  'conversations.canvases.create': ['canvas_id'],
  'conversations.create': ['channel.id', 'channel.name'],
  'conversations.history': [
    'messages[].ts',
    'messages[].metadata.event_payload',
    'has_more',
    'response_metadata.next_cursor',
  ],
  'conversations.info': [
    'channel.is_archived',
    'channel.is_ext_shared',
    'channel.is_private',
    'channel.properties.canvas.file_id',
  ],
  'conversations.list': ['channels[].id', 'channels[].name', 'channels[].creator', 'response_metadata.next_cursor'],
  'conversations.members': ['members', 'response_metadata.next_cursor'],
  'conversations.open': ['channel.id'],
  'conversations.replies': ['messages[].ts', 'messages[].thread_ts'],
  'dnd.info': ['dnd_enabled', 'next_dnd_start_ts', 'next_dnd_end_ts'],
  'dnd.teamInfo': ['users.UADA00000.dnd_enabled'],
  'files.completeUploadExternal': ['files[].id', 'files[].permalink'],
  'files.getUploadURLExternal': ['upload_url', 'file_id'],
  'files.info': ['file.url_private', 'file.mimetype', 'file.size'],
  'pins.list': ['items[].message.ts'],
  'usergroups.list': ['usergroups[].id', 'usergroups[].handle', 'usergroups[].users', 'usergroups[].date_delete'],
  'usergroups.users.list': ['users'],
  'users.getPresence': ['presence'],
  'users.info': [
    ...['deleted', 'is_bot', 'is_restricted', 'is_ultra_restricted', 'is_stranger', 'team_id', 'tz', 'real_name'].map(
      (key) => `user.${key}`,
    ),
    'user.profile.email',
  ],
  'users.list': ['members[].id', 'members[].deleted', 'response_metadata.next_cursor'],
  'users.lookupByEmail': ['user.id'],
  'views.open': ['view.id', 'view.hash'],
  'views.publish': ['view.id', 'view.hash'],
}

/** Methods without a published sample, and what their answers may hold besides `ok`, after the types of `@slack/web-api`. */
const WITHOUT_SAMPLE: Record<string, string[]> = {
  'apps.manifest.validate': [],
  'blocks.validate': [],
  'files.delete': [],
  'files.list': ['files', 'paging'],
  'reactions.list': ['items', 'response_metadata'],
  'users.setPresence': [],
}

const plain = (text: string) => ({ type: 'plain_text' as const, text })
const MODAL = { type: 'modal' as const, title: plain('Page'), blocks: [] }

/** Calls every method with success, and gathers what was answered. */
async function everyAnswer(): Promise<Map<string, Record<string, unknown>[]>> {
  const clock = handClock()
  const answers = new Map<string, Record<string, unknown>[]>()
  const slack = await slackWith({
    users: [
      'ada',
      'bart',
      { name: 'gus', isRestricted: true },
      { name: 'lea', deleted: true },
      { name: 'eve', team: 'Evil' },
    ],
    channels: [
      { name: 'general', bot: true },
      { name: 'ops', bot: true },
      'random',
      { name: 'shared', members: ['ada', 'eve'], bot: true },
      { name: 'secret', private: true, members: ['ada'], bot: true },
      { name: 'old', members: ['ada'], archived: true },
    ],
    clock,
    commands: ['/page'],
    emoji: { fire: 'https://emoji.example/fire.png' },
    unfurlDomains: ['watch.example'],
    events: ['function_executed', 'link_shared'],
    steps: [{ callback_id: 'who', title: 'Who', description: 'Who', inputs: [], outputs: [] }],
    preferences: { everyoneManagesGroups: true },
  })
  const call = async (method: string, args: object = {}, token = slack.botToken) => {
    const body = await clientOf(slack, {}, token).apiCall(method, { ...args })
    // What the client adds.
    const { response_metadata, ...rest } = body
    const { scopes: _, acceptedScopes: __, ...metadata } = { ...response_metadata } as Record<string, unknown>
    const more = Object.keys(metadata).length > 0 ? { response_metadata: metadata } : {}
    answers.set(method, [...(answers.get(method) ?? []), { ...rest, ...more }])
    return body
  }
  await play(slack, clock, call)
  return answers
}

/** Whether something is at the end of the path. */
function holds(value: unknown, path: string): boolean {
  const [first = '', ...rest] = path.split('.')
  const found = (value as Record<string, unknown> | undefined)?.[first.replace('[]', '')]
  if (rest.length === 0) return found !== undefined
  return first.endsWith('[]')
    ? (found as unknown[]).some((item) => holds(item, rest.join('.')))
    : holds(found, rest.join('.'))
}

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely here
type CallMethod = (method: string, args?: object, token?: string) => Promise<any>

async function play(slack: LocalSlack, clock: { at: number }, call: CallMethod): Promise<void> {
  const id = (name: string) => slack.channel(name).room.id
  const [ops, ada] = [id('ops'), 'UADA00000']
  const adasToken = slack.userToken('ada')
  await call('api.test', { x: '1' })
  for (const method of ['auth.test', 'auth.teams.list', 'emoji.list', 'team.info']) await call(method)
  await call('auth.test', {}, adasToken)
  await call('apps.connections.open', {}, slack.appToken)
  const manifest = JSON.stringify({ display_information: { name: 'Watchbill' } })
  await call('apps.manifest.validate', { manifest }, slack.workspace.configToken)
  await call('blocks.validate', { blocks: [{ type: 'divider' }] })
  await call('bots.info', { bot: 'B0LOCAL00' })
  await playMessages(slack, clock, call, ops)
  await playChannels(slack, call, adasToken)
  await playPeople(slack, call, adasToken)
  await playDocuments(call, slack, ops)
  await playViews(slack, call)
  await playSteps(slack, call)
  for (const user of [ada, 'ULEA00000', 'UGUS00000', 'UEVE00000', 'UWATCHBILL']) await call('users.info', { user })
  await call('auth.revoke', { test: true })
  await call('auth.revoke')
}

async function playMessages(slack: LocalSlack, clock: { at: number }, call: CallMethod, channel: string) {
  const metadata = { event_type: 'page', event_payload: { id: 1 } }
  const blocks = [{ type: 'section', text: plain('x') }]
  const attachments = [{ text: 'x' }]
  const { ts = '' } = await call('chat.postMessage', { channel, text: 'x', blocks, attachments, metadata })
  await call('chat.postMessage', { channel, text: 'reply', thread_ts: ts, reply_broadcast: true })
  await call('chat.postMessage', { channel, text: 'x'.repeat(40_001) })
  await call('chat.update', { channel, ts, text: 'y', metadata })
  await call('chat.meMessage', { channel, text: 'shrugs' })
  await call('chat.postEphemeral', { channel, user: 'UADA00000', text: 'psst' })
  await call('chat.getPermalink', { channel, message_ts: ts })
  const post_at = clock.at / 1000 + 3_600
  const { scheduled_message_id } = await call('chat.scheduleMessage', { channel, text: 'later', post_at, metadata })
  await call('chat.scheduledMessages.list')
  await call('chat.deleteScheduledMessage', { channel, scheduled_message_id })
  const stream = { recipient_user_id: 'UADA00000', recipient_team_id: 'T0LOCAL00' }
  const started = await call('chat.startStream', { channel, ...stream })
  await call('chat.appendStream', { channel, ts: started.ts, markdown_text: 'word' })
  await call('conversations.history', { channel, include_all_metadata: true })
  await call('chat.stopStream', { channel, ts: started.ts })
  const link = slack.say('ada', 'ops', 'see https://watch.example/INC-7')
  const unfurls = { 'https://watch.example/INC-7': { text: 'INC-7' } }
  await call('chat.unfurl', { channel, ts: link.ts, unfurls: JSON.stringify(unfurls) })
  const item = { channel, timestamp: ts }
  for (const method of ['reactions.add', 'reactions.get', 'reactions.list', 'reactions.remove'])
    await call(method, { ...item, name: 'eyes' })
  for (const method of ['pins.add', 'pins.list', 'pins.remove']) await call(method, item)
  await call('conversations.history', { channel, limit: 2 })
  await call('conversations.replies', { channel, ts, include_all_metadata: true })
  await call('conversations.mark', { channel, ts })
  await call('chat.delete', { channel, ts })
}

async function playChannels(slack: LocalSlack, call: CallMethod, adasToken: string) {
  const made = await call('conversations.create', { name: 'inc-7' })
  const { id: channel } = made.channel
  await call('conversations.invite', { channel, users: 'UADA00000,UGUS00000', force: true })
  await call('conversations.setTopic', { channel, topic: 'it burns' })
  await call('conversations.setPurpose', { channel, purpose: 'to put it out' })
  await call('conversations.rename', { channel, name: 'inc-8' })
  await call('conversations.info', { channel, include_num_members: true })
  await call('conversations.info', { channel: slack.channel('shared').room.id })
  await call('conversations.members', { channel })
  await call('conversations.history', { channel })
  await call('conversations.kick', { channel, user: 'UADA00000' })
  await call('bookmarks.add', { channel_id: channel, title: 'Runbook', type: 'link', link: 'https://a.example' })
  const { bookmarks } = await call('bookmarks.list', { channel_id: channel })
  const bookmark = { channel_id: channel, bookmark_id: bookmarks[0]?.id }
  await call('bookmarks.edit', { ...bookmark, title: 'Other' })
  await call('bookmarks.remove', bookmark)
  await call('conversations.archive', { channel })
  await call('conversations.unarchive', { channel: slack.channel('old').room.id }, adasToken)
  const random = slack.channel('random').room.id
  for (const method of ['conversations.join', 'conversations.join', 'conversations.leave', 'conversations.leave'])
    await call(method, { channel: random })
  const dm = await call('conversations.open', { users: 'UADA00000', return_im: true })
  await call('conversations.open', { users: 'UADA00000,UBART0000', return_im: true })
  await call('conversations.open', { users: 'UADA00000,UBART0000' })
  const { id } = dm.channel
  await call('conversations.close', { channel: id })
  await call('conversations.close', { channel: id })
  const types = 'public_channel,private_channel,im,mpim'
  await call('conversations.list', { types, limit: 3 })
  await call('conversations.list', { types })
  await call('users.conversations', { types })
}

async function playPeople(slack: LocalSlack, call: CallMethod, adasToken: string) {
  const ada = 'UADA00000'
  await call('users.list', { limit: 2 })
  await call('users.list')
  await call('users.lookupByEmail', { email: 'ada@local.example' })
  await call('users.profile.get', { user: ada })
  await call('users.getPresence', { user: ada })
  await call('users.getPresence')
  await call('users.setPresence', { presence: 'auto' })
  await call('dnd.info', { user: ada })
  await call('dnd.setSnooze', { num_minutes: '5' }, adasToken)
  await call('dnd.info', { user: ada })
  await call('dnd.teamInfo', { users: `${ada},UBART0000` })
  await call('dnd.endSnooze', {}, adasToken)
  await call('dnd.setSnooze', { num_minutes: '5' }, adasToken)
  await call('dnd.endDnd', {}, adasToken)
  const made = await call('usergroups.create', { name: 'Night watch', handle: 'night', include_count: true })
  const usergroup = made.usergroup.id
  await call('usergroups.users.update', { usergroup, users: ada })
  await call('usergroups.users.list', { usergroup })
  await call('usergroups.update', { usergroup, description: 'Those who wake' })
  await call('usergroups.disable', { usergroup })
  await call('usergroups.enable', { usergroup })
  await call('usergroups.list', { include_users: true, include_count: true, include_disabled: true })
  expect(slack.workspace.groups.get(usergroup)?.users).toEqual([ada])
}

async function playDocuments(call: CallMethod, slack: LocalSlack, channel: string) {
  const document_content = { type: 'markdown', markdown: '# Timeline\n\nFirst.' }
  const { canvas_id } = await call('conversations.canvases.create', { channel_id: channel, document_content })
  await call('conversations.info', { channel })
  await call('canvases.sections.lookup', { canvas_id, criteria: { section_types: ['h1'] } })
  await call('canvases.edit', { canvas_id, changes: [{ operation: 'insert_at_end', document_content }] })
  const alone = await call('canvases.create', { title: 'Alone' })
  const access = { canvas_id: alone.canvas_id, user_ids: ['UADA00000'] }
  await call('canvases.access.set', { ...access, access_level: 'read' })
  await call('canvases.access.delete', access)
  await call('canvases.delete', { canvas_id: alone.canvas_id })
  const { upload_url, file_id } = await call('files.getUploadURLExternal', { filename: 'post-mortem.md', length: 3 })
  await fetch(upload_url ?? '', { method: 'POST', body: '# x' })
  await call('files.completeUploadExternal', { files: [{ id: file_id, title: 'Post-mortem' }], channel_id: channel })
  await call('conversations.history', { channel, limit: 1 })
  await call('files.info', { file: file_id })
  await call('files.list', { channel })
  await call('files.delete', { file: file_id })
  await call('conversations.history', { channel, limit: 1 })
  expect(slack.journal().at(-1)?.outcome).toBe('ok')
}

async function playViews(slack: LocalSlack, call: CallMethod) {
  const triggers: string[] = []
  const client = await connect(slack, (received) => {
    triggers.push(received.body.trigger_id)
    return received.ack()
  })
  for (let count = 0; count < 2; count += 1) await slack.command('ada', 'ops', '/page')
  await until(() => triggers.length === 2)
  const opened = await call('views.open', { trigger_id: triggers[0], view: MODAL })
  const { id } = opened.view
  await call('views.update', { view_id: id, view: MODAL })
  await call('views.push', { trigger_id: triggers[1], view: MODAL })
  await call('views.publish', { user_id: 'UADA00000', view: { type: 'home', blocks: [] } })
  await client.disconnect()
}

async function playSteps(slack: LocalSlack, call: CallMethod) {
  const received = await listen(slack)
  const run = () => act(slack, 'run-step', { user: 'ada', callback_id: 'who', inputs: {} })
  await run()
  await run()
  await until(() => eventsIn(received).length === 2)
  const [first, second] = eventsIn(received).map((event) => event.function_execution_id)
  await call('functions.completeSuccess', { function_execution_id: first, outputs: {} })
  await call('functions.completeError', { function_execution_id: second, error: 'no' })
}

describe('answers have the shape that Slack publishes', () => {
  let asked: ReturnType<typeof everyAnswer> | undefined
  const all = () => {
    asked ??= everyAnswer()
    return asked
  }

  test('of every method, with nothing that Slack does not know', async () => {
    const answers = await all()
    expect(new Set(answers.keys()), 'every method is called').toEqual(new Set(Object.keys(HANDLERS)))
    const found = [...answers].flatMap(([method, bodies]) => {
      const known = WITHOUT_SAMPLE[method]
      const shape = known
        ? Object.fromEntries(['ok', ...known].map((key) => [key, bodies[0]?.[key]]))
        : sampleOf(method)
      return bodies.flatMap((body) => strange(body, shape)).map((path) => `${method}: ${path}`)
    })
    const unknown = [...new Set(found)].filter((each) => BEYOND[each] === undefined)
    expect(unknown).toEqual([])
    const idle = Object.keys(BEYOND).filter((each) => !found.includes(each))
    expect(idle, 'exceptions that are no longer needed').toEqual([])
  })

  test('and all of it that the bot reads', async () => {
    const answers = await all()
    const absent = Object.entries(READ).flatMap(([method, paths]) =>
      paths
        .filter((path) => !answers.get(method)?.some((body) => holds(body, path)))
        .map((path) => `${method}: ${path}`),
    )
    expect(absent).toEqual([])
  })

  test('and there is a sample of every method that has one', () => {
    expect(new Set([...sampled(), ...Object.keys(WITHOUT_SAMPLE)])).toEqual(new Set(Object.keys(HANDLERS)))
  })
})
