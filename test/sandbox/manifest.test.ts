import { expect, onTestFinished, test } from 'vitest'
import { startWorkspace } from '../../src/sandbox/server.ts'
import { clientOf, refusal, slackWith, stateAs } from './support.ts'

const MANIFEST = {
  display_information: { name: 'Watchbill' },
  features: {
    bot_user: { display_name: 'watchbill', always_online: true },
    slash_commands: [{ command: '/oncall', description: 'Who has the watch', should_escape: true }],
    shortcuts: [{ type: 'global', name: 'Page', callback_id: 'page', description: 'Pages somebody' }],
    unfurl_domains: ['watch.example'],
  },
  oauth_config: { scopes: { bot: ['commands', 'chat:write'] } },
  settings: { event_subscriptions: { bot_events: ['app_mention'] }, socket_mode_enabled: true },
  functions: {
    who: {
      title: 'Who is on call',
      description: 'Says who',
      input_parameters: { properties: { schedule: { type: 'string' } }, required: ['schedule'] },
      output_parameters: { properties: { person: { type: 'slack#/types/user_id' } }, required: [] },
    },
  },
}

test('an app that is installed by its manifest may do what stands in it, and no more', async () => {
  const slack = await startWorkspace({ manifest: MANIFEST, users: ['ada'] })
  onTestFinished(() => slack.close())
  expect(await stateAs(slack, 'ada')).toMatchObject({
    bot: { name: 'watchbill' },
    commands: ['/oncall'],
    shortcuts: [{ callback_id: 'page', type: 'global' }],
    steps: [{ callback_id: 'who', inputs: [{ name: 'schedule', required: true }], outputs: [{ name: 'person' }] }],
    settings: { scopes: ['commands', 'chat:write'], events: ['app_mention'] },
  })
  expect(slack.workspace.unfurlDomains).toEqual(['watch.example'])
  expect(await refusal(clientOf(slack).users.list({}))).toBe('missing_scope')
})

const changed = (path: string[], value: unknown): unknown => {
  const copy = structuredClone(MANIFEST) as Record<string, unknown>
  const at = path.slice(0, -1).reduce<Record<string, unknown>>((node, key) => node[key] as never, copy)
  at[path.at(-1) ?? ''] = value
  return copy
}

test.for([
  [['display_information', 'name'], 'x'.repeat(36), '/display_information/name'],
  [['features', 'colour'], 'blue', '/features'],
  [['features', 'slash_commands'], [{ command: 'oncall', description: 'x' }], '/features/slash_commands/0/command'],
  [['features', 'slash_commands'], Array(51).fill({ command: '/x', description: 'x' }), '/features/slash_commands'],
  [['features', 'slash_commands'], Array(2).fill({ command: '/x', description: 'x' }), '/features/slash_commands/1'],
  [['settings', 'event_subscriptions', 'bot_events'], Array(101).fill('x'), '/settings/event_subscriptions/bot_events'],
] as const)('a manifest with %o = %o is refused at %s', async ([path, value, pointer]) => {
  const slack = await slackWith()
  const client = clientOf(slack, {}, slack.workspace.configToken)
  const manifest = JSON.stringify(changed([...path], value))
  await expect(client.apiCall('apps.manifest.validate', { manifest })).rejects.toMatchObject({
    data: { error: 'invalid_manifest', errors: expect.arrayContaining([expect.objectContaining({ pointer })]) },
  })
  await expect(slackWith({ manifest: JSON.parse(manifest) })).rejects.toThrow('Slack would not take this manifest')
})

test('one that is right is taken, with the token that is for it', async () => {
  const slack = await slackWith()
  const client = clientOf(slack, {}, slack.workspace.configToken)
  expect(await refusal(client.apiCall('apps.manifest.validate', { manifest: JSON.stringify(MANIFEST) }))).toBe('ok')
  expect(await refusal(client.auth.test())).toBe('not_allowed_token_type')
})
