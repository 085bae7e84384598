import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { post } from '../../src/sandbox/acts.ts'
import { answer } from '../../src/sandbox/api.ts'
import { GENERIC_ERRORS, METHODS } from '../../src/sandbox/call.ts'
import { createCanvas } from '../../src/sandbox/canvas.ts'
import type { LocalSlack } from '../../src/sandbox/server.ts'
import { clientOf, refusal, slackWith } from './support.ts'

const id = (slack: LocalSlack, name: string) => slack.channel(name).room.id
const ADA = 'UADA00000'
const BART = 'UBART0000'
const GUS = 'UGUS00000'
const LEA = 'ULEA00000'
const BOT = 'UWATCHBILL'
const section = (text: string) => ({ type: 'section' as const, text: { type: 'mrkdwn' as const, text } })
const MODAL = { type: 'modal', title: { type: 'plain_text', text: 'Page' }, blocks: [] }
const END = { operation: 'insert_at_end', document_content: { type: 'markdown', markdown: 'x' } }
const inDays = (days: number) => Math.floor(Date.now() / 1000) + days * 86_400
const many = (count: number) => Array.from({ length: count }, (_, index) => `UP${index}000000`.slice(0, 9)).join(',')

/** A message of the bot. */
const ofBot = (slack: LocalSlack, channel: string) =>
  post(slack.workspace, slack.channel(channel).room, BOT, { text: 'x' }).ts
/** One that it is still writing. */
const stream = (slack: LocalSlack) =>
  post(slack.workspace, slack.channel('ops').room, BOT, { text: 'x', streaming: true }).ts
const canvas = (slack: LocalSlack) => createCanvas(slack.workspace, BOT, null, 'x', '# x').id

/** Besides the people of {@link slackWith}: somebody of another company, a guest of one channel, and a crowd. */
const strict = () =>
  slackWith({
    users: [
      'ada',
      'bart',
      { name: 'gus', isRestricted: true },
      { name: 'lea', deleted: true },
      { name: 'eve', team: 'Evil' },
      { name: 'uma', isUltraRestricted: true },
      ...Array.from({ length: 9 }, (_, index) => ({ name: `p${index}`, id: `UP${index}000000`.slice(0, 9) })),
    ],
    channels: [
      { name: 'general', members: ['ada', 'bart'], bot: true },
      { name: 'ops', members: ['ada', 'bart'], bot: true },
      { name: 'random', members: ['ada', 'bart', 'uma'] },
      { name: 'secret', private: true, members: ['ada'], bot: true },
      { name: 'hidden', private: true, members: ['ada'] },
      { name: 'old', members: ['ada', 'bart'], bot: true, archived: true },
      { name: 'gone', members: ['ada'], bot: true, archived: true },
    ],
  })

/** What is done, and the error that it gets. Each must be one that Slack lists for that method. */
type Case = [method: string, args: (slack: LocalSlack) => object, error: string]

const REFUSALS: Case[] = [
  ['nonsense.method', () => ({}), 'unknown_method'],
  ['reminders.add', () => ({ text: 'x', time: '1' }), 'unknown_method'],
  ['files.info', () => ({ file: 'F1' }), 'file_not_found'],
  ['chat.postMessage', () => ({ text: 'x' }), 'invalid_arguments'],
  ['chat.postMessage', () => ({ channel: 'C404', text: 'x' }), 'channel_not_found'],
  ['chat.postMessage', () => ({ channel: '#hidden', text: 'x' }), 'channel_not_found'],
  ['chat.postMessage', () => ({ channel: LEA, text: 'x' }), 'channel_not_found'],
  ['chat.postMessage', () => ({ channel: '#old', text: 'x' }), 'is_archived'],
  ['chat.postMessage', () => ({ channel: '#ops' }), 'no_text'],
  ['chat.postMessage', () => ({ channel: '#ops', text: 'x', thread_ts: '1.000001' }), 'cannot_reply_to_message'],
  ['chat.postMessage', () => ({ channel: '#ops', blocks: '{' }), 'invalid_blocks_format'],
  ['chat.postMessage', () => ({ channel: '#ops', blocks: { type: 'divider' } }), 'invalid_blocks_format'],
  ['chat.postMessage', () => ({ channel: '#ops', blocks: [{ type: 'bogus' }] }), 'invalid_blocks'],
  ['chat.postMessage', () => ({ channel: '#ops', blocks: Array(51).fill({ type: 'divider' }) }), 'invalid_blocks'],
  [
    'chat.postMessage',
    () => ({ channel: '#ops', blocks: Array(5).fill(section('x'.repeat(3000))) }),
    'msg_blocks_too_long',
  ],
  ['chat.postMessage', () => ({ channel: '#ops', text: 'x', markdown_text: 'y' }), 'markdown_text_conflict'],
  ['chat.postMessage', () => ({ channel: '#ops', text: 'x', metadata: '{' }), 'invalid_metadata_format'],
  [
    'chat.postMessage',
    () => ({ channel: '#ops', text: 'x', metadata: { event_type: 'a' } }),
    'invalid_metadata_schema',
  ],
  [
    'chat.postMessage',
    () => ({ channel: '#ops', text: 'x', metadata: { event_type: 'a', event_payload: { a: 'x'.repeat(17_000) } } }),
    'metadata_too_large',
  ],
  [
    'chat.postMessage',
    () => ({ channel: '#ops', attachments: Array(101).fill({ text: 'x' }) }),
    'too_many_attachments',
  ],
  ['chat.update', (slack) => ({ channel: id(slack, 'ops'), text: 'x' }), 'invalid_arguments'],
  ['chat.update', (slack) => ({ channel: id(slack, 'ops'), ts: '1.000001', text: 'x' }), 'message_not_found'],
  ['chat.update', () => ({ channel: 'ops', ts: '1.000001', text: 'x' }), 'channel_not_found'],
  [
    'chat.update',
    (slack) => ({ channel: id(slack, 'ops'), ts: slack.say('ada', 'ops', 'mine').ts, text: 'x' }),
    'cant_update_message',
  ],
  [
    'chat.delete',
    (slack) => ({ channel: id(slack, 'ops'), ts: slack.say('ada', 'ops', 'mine').ts }),
    'cant_delete_message',
  ],
  ['chat.delete', (slack) => ({ channel: id(slack, 'ops'), ts: '1.000001' }), 'message_not_found'],
  ['chat.postEphemeral', (slack) => ({ channel: id(slack, 'random'), user: ADA, text: 'x' }), 'not_in_channel'],
  ['chat.postEphemeral', (slack) => ({ channel: id(slack, 'secret'), user: BART, text: 'x' }), 'user_not_in_channel'],
  ['chat.postEphemeral', (slack) => ({ channel: id(slack, 'ops'), user: ADA }), 'no_text'],
  [
    'chat.postEphemeral',
    (slack) => ({ channel: id(slack, 'ops'), user: ADA, text: 'x'.repeat(40_001) }),
    'msg_too_long',
  ],
  ['chat.getPermalink', (slack) => ({ channel: id(slack, 'ops'), message_ts: '1.000001' }), 'message_not_found'],
  ['conversations.open', () => ({}), 'users_list_not_supplied'],
  ['conversations.open', () => ({ users: 'U404' }), 'user_not_found'],
  ['conversations.open', () => ({ users: LEA }), 'user_disabled'],
  ['conversations.open', () => ({ users: BOT }), 'invalid_user_combination'],
  ['conversations.create', () => ({}), 'invalid_name_required'],
  ['conversations.create', () => ({ name: 'ops' }), 'name_taken'],
  ['conversations.create', () => ({ name: 'old' }), 'name_taken'],
  ['conversations.create', () => ({ name: 'Ops Room' }), 'invalid_name_specials'],
  ['conversations.create', () => ({ name: '---' }), 'invalid_name_punctuation'],
  ['conversations.create', () => ({ name: 'x'.repeat(81) }), 'invalid_name_maxlength'],
  ['conversations.rename', (slack) => ({ channel: id(slack, 'ops'), name: 'ops2' }), 'not_authorized'],
  ['conversations.invite', (slack) => ({ channel: id(slack, 'ops'), users: ADA }), 'already_in_channel'],
  ['conversations.invite', (slack) => ({ channel: id(slack, 'ops'), users: BOT }), 'cant_invite_self'],
  ['conversations.invite', (slack) => ({ channel: id(slack, 'ops'), users: 'U404' }), 'user_not_found'],
  ['conversations.invite', (slack) => ({ channel: id(slack, 'ops'), users: LEA }), 'cant_invite'],
  ['conversations.invite', (slack) => ({ channel: id(slack, 'ops'), users: GUS }), 'user_is_restricted'],
  ['conversations.invite', (slack) => ({ channel: id(slack, 'random'), users: ADA }), 'not_in_channel'],
  ['conversations.invite', (slack) => ({ channel: id(slack, 'old'), users: ADA }), 'is_archived'],
  ['conversations.invite', (slack) => ({ channel: id(slack, 'ops'), users: '' }), 'no_user'],
  ['conversations.join', (slack) => ({ channel: id(slack, 'secret') }), 'method_not_supported_for_channel_type'],
  ['conversations.join', (slack) => ({ channel: id(slack, 'old') }), 'is_archived'],
  ['conversations.leave', (slack) => ({ channel: id(slack, 'general') }), 'cant_leave_general'],
  ['conversations.kick', (slack) => ({ channel: id(slack, 'ops'), user: BOT }), 'cant_kick_self'],
  ['conversations.kick', (slack) => ({ channel: id(slack, 'general'), user: ADA }), 'cant_kick_from_general'],
  ['conversations.kick', (slack) => ({ channel: id(slack, 'ops'), user: 'U404' }), 'user_not_found'],
  ['conversations.archive', (slack) => ({ channel: id(slack, 'old') }), 'already_archived'],
  ['conversations.archive', (slack) => ({ channel: id(slack, 'general') }), 'cant_archive_general'],
  ['conversations.archive', (slack) => ({ channel: id(slack, 'random') }), 'not_in_channel'],
  ['conversations.setTopic', (slack) => ({ channel: id(slack, 'random'), topic: 'x' }), 'not_in_channel'],
  ['conversations.setTopic', (slack) => ({ channel: id(slack, 'ops'), topic: 'x'.repeat(251) }), 'too_long'],
  ['conversations.setPurpose', (slack) => ({ channel: id(slack, 'old'), purpose: 'x' }), 'is_archived'],
  ['conversations.info', (slack) => ({ channel: id(slack, 'hidden') }), 'channel_not_found'],
  ['conversations.list', () => ({ types: 'odd' }), 'invalid_types'],
  ['conversations.list', () => ({ limit: 0 }), 'invalid_limit'],
  ['conversations.list', () => ({ cursor: 'odd' }), 'invalid_cursor'],
  ['conversations.history', (slack) => ({ channel: id(slack, 'random') }), 'not_in_channel'],
  ['conversations.history', (slack) => ({ channel: id(slack, 'ops'), oldest: 'x' }), 'invalid_ts_oldest'],
  ['conversations.replies', (slack) => ({ channel: id(slack, 'ops'), ts: '1.000001' }), 'thread_not_found'],
  ['pins.add', (slack) => ({ channel: id(slack, 'ops') }), 'no_item_specified'],
  ['pins.add', (slack) => ({ channel: id(slack, 'ops'), timestamp: 'x' }), 'bad_timestamp'],
  ['pins.add', (slack) => ({ channel: id(slack, 'ops'), timestamp: '1.000001' }), 'message_not_found'],
  ['pins.add', (slack) => ({ channel: id(slack, 'random'), timestamp: '1.000001' }), 'not_in_channel'],
  ['pins.remove', (slack) => ({ channel: id(slack, 'ops'), timestamp: slack.say('ada', 'ops', 'x').ts }), 'no_pin'],
  [
    'reactions.add',
    (slack) => ({ channel: id(slack, 'ops'), name: '!', timestamp: slack.say('ada', 'ops', 'x').ts }),
    'invalid_name',
  ],
  [
    'reactions.remove',
    (slack) => ({ channel: id(slack, 'ops'), name: 'eyes', timestamp: slack.say('ada', 'ops', 'x').ts }),
    'no_reaction',
  ],
  ['bookmarks.add', (slack) => ({ channel_id: id(slack, 'ops'), title: 'x', type: 'file' }), 'invalid_bookmark_type'],
  ['bookmarks.add', (slack) => ({ channel_id: id(slack, 'ops'), title: 'x', type: 'link', link: 'x' }), 'invalid_link'],
  [
    'bookmarks.add',
    (slack) => ({ channel_id: id(slack, 'random'), title: 'x', type: 'link', link: 'https://a.example' }),
    'permission_denied',
  ],
  ['bookmarks.remove', (slack) => ({ channel_id: id(slack, 'ops'), bookmark_id: 'x' }), 'not_found'],
  ['users.info', () => ({ user: 'U404' }), 'user_not_found'],
  ['users.lookupByEmail', () => ({ email: 'nobody@local.example' }), 'users_not_found'],
  ['dnd.info', () => ({ user: 'U404' }), 'user_not_found'],
  ['bots.info', () => ({ bot: 'B404' }), 'bot_not_found'],
  ['usergroups.users.list', () => ({ usergroup: 'S404' }), 'no_such_subteam'],
  ['usergroups.users.update', () => ({ usergroup: 'SONCALL00', users: GUS }), 'invalid_users'],
  ['usergroups.users.update', () => ({ usergroup: 'SONCALL00', users: '' }), 'no_users_provided'],
  ['views.open', () => ({ view: { type: 'modal' }, trigger_id: 'x' }), 'invalid_arguments'],
  ['views.open', () => ({ view: MODAL, trigger_id: 'x' }), 'invalid_trigger_id'],
  ['views.update', () => ({ view: MODAL, view_id: 'V404' }), 'not_found'],
  ['views.publish', () => ({ view: { type: 'home', blocks: [] }, user_id: ADA, hash: 'x' }), 'hash_conflict'],
  ['pins.add', (slack) => ({ channel: id(slack, 'old'), timestamp: '1.000001' }), 'message_not_found'],
  ['reactions.add', (slack) => ({ channel: id(slack, 'ops'), name: 'eyes' }), 'no_item_specified'],
  ['reactions.get', () => ({ timestamp: '1.000001' }), 'no_item_specified'],
  ['reactions.get', (slack) => ({ channel: id(slack, 'ops'), timestamp: '1' }), 'bad_timestamp'],
  ['reactions.list', () => ({ user: 'U404' }), 'user_not_found'],
  ['bookmarks.edit', (slack) => ({ channel_id: id(slack, 'ops'), bookmark_id: 'x' }), 'not_found'],
  ['bookmarks.list', () => ({}), 'channel_not_found'],
  [
    'bookmarks.add',
    (slack) => ({ channel_id: id(slack, 'ops'), title: 'x', type: 'link', link: 'https://a.example', emoji: 'x' }),
    'invalid_emoji',
  ],
  ['chat.meMessage', (slack) => ({ channel: id(slack, 'random'), text: 'x' }), 'not_in_channel'],
  ['chat.meMessage', (slack) => ({ channel: id(slack, 'old'), text: 'x' }), 'is_archived'],
  ['chat.update', (slack) => ({ channel: id(slack, 'ops'), ts: stream(slack), text: 'x' }), 'streaming_state_conflict'],
  ['chat.update', (slack) => ({ channel: id(slack, 'gone'), ts: ofBot(slack, 'gone'), text: 'x' }), 'is_inactive'],
  ['chat.scheduleMessage', () => ({ channel: '#ops', text: 'x', post_at: 1 }), 'time_in_past'],
  ['chat.scheduleMessage', () => ({ channel: '#ops', text: 'x', post_at: inDays(121) }), 'time_too_far'],
  ['chat.scheduleMessage', () => ({ channel: '#ops', post_at: inDays(1) }), 'no_text'],
  ['chat.scheduleMessage', () => ({ channel: '#ops', text: 'x', post_at: 'soon' }), 'invalid_arguments'],
  ['chat.scheduleMessage', () => ({ channel: '#hidden', text: 'x', post_at: inDays(1) }), 'channel_not_found'],
  [
    'chat.deleteScheduledMessage',
    (slack) => ({ channel: id(slack, 'ops'), scheduled_message_id: 'Q404' }),
    'invalid_scheduled_message_id',
  ],
  ['chat.scheduledMessages.list', () => ({ channel: 'C404' }), 'invalid_channel'],
  ['chat.scheduledMessages.list', () => ({ cursor: 'odd' }), 'invalid_cursor'],
  ['chat.startStream', (slack) => ({ channel: id(slack, 'ops') }), 'missing_recipient_user_id'],
  ['chat.startStream', (slack) => ({ channel: id(slack, 'ops'), recipient_user_id: ADA }), 'missing_recipient_team_id'],
  ['chat.startStream', (slack) => ({ channel: id(slack, 'random') }), 'not_in_channel'],
  ['chat.appendStream', (slack) => ({ channel: id(slack, 'ops'), ts: stream(slack) }), 'no_text'],
  [
    'chat.appendStream',
    (slack) => ({ channel: id(slack, 'ops'), ts: stream(slack), chunks: [{ type: 'odd' }] }),
    'invalid_chunks',
  ],
  [
    'chat.appendStream',
    (slack) => ({ channel: id(slack, 'ops'), ts: ofBot(slack, 'ops'), markdown_text: 'x' }),
    'message_not_in_streaming_state',
  ],
  [
    'chat.stopStream',
    (slack) => ({ channel: id(slack, 'ops'), ts: slack.say('ada', 'ops', 'mine').ts }),
    'message_not_owned_by_app',
  ],
  ['chat.unfurl', () => ({ ts: '1.000001', unfurls: '{}' }), 'missing_channel'],
  ['chat.unfurl', () => ({ channel: 'C404', ts: '1.000001', unfurls: '{}' }), 'cannot_find_channel'],
  ['chat.unfurl', (slack) => ({ channel: id(slack, 'ops'), ts: '1.000001', unfurls: '{}' }), 'cannot_find_message'],
  [
    'chat.unfurl',
    (slack) => ({ channel: id(slack, 'ops'), ts: slack.say('ada', 'ops', 'x').ts, unfurls: '[' }),
    'invalid_unfurls_format',
  ],
  [
    'chat.unfurl',
    (slack) => ({
      channel: id(slack, 'ops'),
      ts: slack.say('ada', 'ops', 'x').ts,
      unfurls: { 'https://a.example': { text: 'x' } },
    }),
    'cannot_unfurl_url',
  ],
  ['chat.unfurl', () => ({ unfurl_id: 'Uf1', unfurls: '{}' }), 'missing_source'],
  ['chat.unfurl', () => ({ unfurl_id: 'Uf1', source: 'composer', unfurls: '{}' }), 'invalid_unfurl_id'],
  ['conversations.open', (slack) => ({ channel: id(slack, 'ops') }), 'method_not_supported_for_channel_type'],
  ['conversations.open', () => ({ users: many(9) }), 'too_many_users'],
  ['conversations.close', (slack) => ({ channel: id(slack, 'ops') }), 'method_not_supported_for_channel_type'],
  ['conversations.mark', (slack) => ({ channel: id(slack, 'ops'), ts: 'x' }), 'invalid_timestamp'],
  ['conversations.mark', (slack) => ({ channel: id(slack, 'random'), ts: '1.000001' }), 'not_in_channel'],
  // Slack's documentation: a bot's token cannot bring a channel back.
  ['conversations.unarchive', (slack) => ({ channel: id(slack, 'old') }), 'not_allowed_token_type'],
  ['conversations.rename', (slack) => ({ channel: id(slack, 'general'), name: 'x' }), 'not_authorized'],
  [
    'conversations.invite',
    (slack) => ({ channel: id(slack, 'ops'), users: 'UEVE00000' }),
    'no_external_invite_permission',
  ],
  ['conversations.invite', (slack) => ({ channel: id(slack, 'ops'), users: 'UUMA00000' }), 'ura_max_channels'],
  ['conversations.members', () => ({ channel: 'C404' }), 'channel_not_found'],
  ['users.conversations', () => ({ types: 'odd' }), 'invalid_types'],
  ['users.profile.get', () => ({ user: 'U404' }), 'user_not_found'],
  ['users.setPresence', () => ({ presence: 'busy' }), 'invalid_presence'],
  ['users.lookupByEmail', () => ({ email: 'eve@evil.example' }), 'users_not_found'],
  ['users.lookupByEmail', () => ({ email: 'lea@local.example' }), 'users_not_found'],
  ['dnd.teamInfo', () => ({ users: '' }), 'no_users_provided'],
  ['dnd.setSnooze', () => ({ num_minutes: '5' }), 'not_allowed_token_type'],
  ['dnd.endSnooze', () => ({}), 'not_allowed_token_type'],
  ['dnd.endDnd', () => ({}), 'not_allowed_token_type'],
  ['team.info', () => ({ team: 'T404' }), 'team_not_found'],
  ['apps.manifest.validate', () => ({ manifest: '{}' }), 'not_allowed_token_type'],
  ['blocks.validate', () => ({}), 'invalid_arguments'],
  ['blocks.validate', () => ({ blocks: [{ type: 'odd' }] }), 'invalid_blocks'],
  ['blocks.validate', () => ({ view: { type: 'modal' } }), 'invalid_view'],
  ['usergroups.create', () => ({}), 'missing_subteam_name'],
  ['usergroups.create', () => ({ name: 'oncall' }), 'name_already_exists'],
  ['usergroups.create', () => ({ name: 'New', handle: 'oncall' }), 'handle_already_exists'],
  ['usergroups.create', () => ({ name: 'New', handle: 'ada' }), 'handle_already_exists'],
  ['usergroups.create', () => ({ name: 'New', handle: 'here' }), 'forbidden_handle'],
  ['usergroups.create', () => ({ name: 'New', handle: 'A b' }), 'bad_handle'],
  ['usergroups.create', () => ({ name: 'New', description: 'x'.repeat(141) }), 'description_too_long'],
  ['usergroups.create', () => ({ name: 'New', channels: 'C404' }), 'invalid_channel_provided'],
  ['usergroups.update', () => ({ usergroup: 'S404', name: 'x' }), 'permission_denied'],
  ['usergroups.disable', () => ({ usergroup: 'S404' }), 'permission_denied'],
  ['usergroups.users.update', () => ({ usergroup: 'SONCALL00', users: BOT }), 'invalid_users'],
  ['usergroups.users.update', () => ({ usergroup: 'SONCALL00', users: LEA }), 'invalid_users'],
  ['usergroups.users.update', () => ({ usergroup: 'SONCALL00', users: 'UEVE00000' }), 'invalid_users'],
  ['conversations.canvases.create', () => ({ channel_id: 'C404' }), 'canvas_creation_failed'],
  ['conversations.canvases.create', (slack) => ({ channel_id: id(slack, 'random') }), 'restricted_action'],
  ['canvases.edit', () => ({ canvas_id: 'F404', changes: [] }), 'canvas_not_found'],
  ['canvases.edit', (slack) => ({ canvas_id: canvas(slack), changes: [] }), 'invalid_arguments'],
  ['canvases.edit', (slack) => ({ canvas_id: canvas(slack), changes: [END, END] }), 'invalid_arguments'],
  [
    'canvases.edit',
    (slack) => ({ canvas_id: canvas(slack), changes: [{ operation: 'delete', section_id: 'temp:C:404' }] }),
    'canvas_editing_failed',
  ],
  [
    'canvases.edit',
    (slack) => ({ canvas_id: canvas(slack), changes: [{ ...END, document_content: { type: 'blocks' } }] }),
    'invalid_arguments',
  ],
  ['canvases.sections.lookup', (slack) => ({ canvas_id: canvas(slack), criteria: {} }), 'invalid_arguments'],
  ['canvases.delete', () => ({ canvas_id: 'F404' }), 'canvas_not_found'],
  ['canvases.access.set', (slack) => ({ canvas_id: canvas(slack), access_level: 'read' }), 'invalid_parameters'],
  [
    'canvases.access.set',
    (slack) => ({ canvas_id: canvas(slack), access_level: 'read', user_ids: ['U404'] }),
    'user_not_found',
  ],
  ['files.getUploadURLExternal', () => ({ filename: 'x', length: 17 * 1_048_576 }), 'file_upload_size_restricted'],
  ['files.getUploadURLExternal', () => ({ filename: 'x', length: 0 }), 'invalid_arguments'],
  ['files.getUploadURLExternal', () => ({ filename: 'x', length: 5, alt_txt: 'x'.repeat(1_001) }), 'alt_txt_too_large'],
  ['files.completeUploadExternal', () => ({ files: [{ id: 'F404' }] }), 'file_not_found'],
  ['files.completeUploadExternal', () => ({ files: [{ id: 'F404' }], channel_id: 'C404' }), 'channel_not_found'],
  [
    'files.completeUploadExternal',
    (slack) => ({ files: [{ id: 'F404' }], channel_id: id(slack, 'random') }),
    'not_in_channel',
  ],
  ['files.list', () => ({ user: 'U404' }), 'user_not_found'],
  ['files.delete', () => ({ file: 'F404' }), 'file_not_found'],
  [
    'functions.completeSuccess',
    () => ({ function_execution_id: 'Fx404', outputs: {} }),
    'function_execution_not_found',
  ],
  ['functions.completeError', () => ({ function_execution_id: 'Fx404', error: 'x' }), 'function_execution_not_found'],
  ['views.open', () => ({ view: MODAL }), 'invalid_arguments'],
  ['views.push', () => ({ view: MODAL, trigger_id: 'x' }), 'invalid_trigger_id'],
  [
    'views.open',
    () => ({ view: { ...MODAL, private_metadata: 'x'.repeat(3_001) }, trigger_id: 'x' }),
    'invalid_arguments',
  ],
]

test.for(REFUSALS.map(([method, args, error]) => ({ method, args, error })))(
  '$method: $error',
  async ({ method, args, error }) => {
    const slack = await strict()
    expect(await refusal(clientOf(slack).apiCall(method, { ...args(slack) }))).toBe(error)
    const legal = GENERIC_ERRORS.has(error) || METHODS[method]?.errors.includes(error)
    expect(legal, `${error} is not an error that Slack lists for ${method}`).toBe(true)
  },
)

describe('arguments', () => {
  test.for([
    ['conversations.history', { channel: ['C1'] }, 'must be a string [json-pointer:/channel]'],
    ['conversations.create', { name: 'x', is_private: 'perhaps' }, 'must be a boolean [json-pointer:/is_private]'],
    ['chat.scheduleMessage', { channel: 'C1', post_at: 'x' }, 'must be an integer [json-pointer:/post_at]'],
    ['users.info', {}, 'missing required field: user'],
    ['views.publish', { user_id: ADA }, 'missing required field: view'],
  ] as const)('%s with %o: %s', async ([method, args, problem]) => {
    const slack = await slackWith()
    const response = await fetch(`${slack.apiUrl}${method}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${slack.botToken}` },
      body: JSON.stringify(args),
    })
    const body = await response.json()
    expect(body).toMatchObject({ ok: false, error: 'invalid_arguments' })
    expect(body.response_metadata.messages).toContain(`[ERROR] ${problem}`)
    expect(slack.journal().at(-1)?.note).toContain(problem)
  })

  test('that Slack does not know are ignored', async () => {
    const slack = await slackWith()
    expect(await refusal(clientOf(slack).apiCall('auth.test', { colour: 'blue' }))).toBe('ok')
  })
})

test('a method that Slack has and this workspace has not is loud in the journal', async () => {
  const slack = await slackWith()
  expect(await refusal(clientOf(slack).apiCall('reminders.list'))).toBe('unknown_method')
  expect(slack.journal().at(-1)).toMatchObject({
    outcome: 'unknown_method',
    note: /^NOT BUILT: Slack has reminders.list/,
  })
})

/** Values that look like somebody's ids, times, lists and documents, right and wrong. */
function anyValue(slack: LocalSlack): fc.Arbitrary<unknown> {
  const { ws } = { ws: slack.workspace }
  const stamps = [...ws.rooms.values()].flatMap((room) => [...room.messages.keys()])
  const known = [
    ...[...ws.rooms.keys(), ...ws.users.keys(), ...ws.groups.keys(), ...ws.canvases.keys(), ...ws.files.keys()],
    ...[...ws.views.keys(), ...ws.scheduled.keys(), ...stamps],
    ...[
      '#ops',
      'x',
      '',
      '1',
      '0',
      'true',
      'link',
      'read',
      'auto',
      'eyes',
      'C404',
      '1.000001',
      '[]',
      '{}',
      '{',
      'https://a.example',
    ],
  ]
  return fc.oneof(
    fc.constantFrom(...known),
    fc.constantFrom(
      null,
      true,
      1,
      -1,
      1e12,
      [],
      {},
      [ADA],
      [{ id: 'F1' }],
      [END],
      MODAL,
      [section('x')],
      [{ type: 'odd' }],
    ),
    fc.constantFrom({ section_types: ['h1'] }, { event_type: 'x', event_payload: {} }, { 'https://a.example': {} }),
    fc.string({ maxLength: 300 }),
  )
}

test('whatever is sent, the error is one that Slack lists for the method', async () => {
  const slack = await strict()
  const ws = slack.workspace
  ws.events = new Set()
  stream(slack)
  canvas(slack)
  const means = {
    ws,
    notAfter: null,
    openTicket: () => '',
    triggers: { exchange: (trigger: string) => (trigger === 'x' ? { user: ADA } : ('expired_trigger_id' as const)) },
  }
  const tokens = [slack.botToken, slack.userToken('ada'), slack.appToken, ws.configToken]
  const call = fc.constantFrom(...Object.keys(METHODS)).chain((method) => {
    const names = Object.keys(METHODS[method]?.args ?? {})
    const args = fc.record(Object.fromEntries(names.map((name) => [name, anyValue(slack)])), { requiredKeys: [] })
    return fc.tuple(fc.constant(method), args, fc.constantFrom(...tokens, ...Array(6).fill(slack.botToken)))
  })
  const seen = new Set<string>()
  fc.assert(
    fc.property(call, ([method, args, token]) => {
      // A refusal that Slack does not list throws.
      const { outcome } = answer(means, { method, token, args })
      seen.add(`${method} ${outcome}`)
      ws.botRevoked = null
    }),
    { numRuns: 6_000 },
  )
  expect(seen.size).toBeGreaterThan(300)
})
