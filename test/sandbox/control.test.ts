import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { POSTS } from '../../src/sandbox/control-posts.ts'
import type { LocalSlack } from '../../src/sandbox/server.ts'
import type { Change, State } from '../../src/sandbox/wire.ts'
import { act, clientOf, connect, handClock, listen, refusal, slackWith, stateAs, until } from './support.ts'

async function post(slack: LocalSlack, name: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${slack.url}_control/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: await response.json() }
}

test('a person sees their channels, their unread messages, nothing of others', async () => {
  const slack = await slackWith()
  const client = clientOf(slack)
  await client.chat.postMessage({ channel: 'UADA00000', text: 'page' })
  await client.chat.postMessage({ channel: '#secret', text: 'hush' })
  await client.chat.postEphemeral({ channel: 'COPS00000', user: 'UADA00000', text: 'psst' })
  slack.say('ada', 'ops', 'mine')
  const ada = await stateAs(slack, 'ada')
  const bart = await stateAs(slack, 'UBART0000')
  const unread = (state: State) => Object.fromEntries(state.channels.map((channel) => [channel.name, channel.unread]))
  expect(unread(ada)).toEqual({ general: 0, hidden: 0, old: 0, ops: 0, random: 0, secret: 1, watchbill: 1 })
  expect(unread(bart)).toEqual({ general: 0, old: 0, ops: 1, random: 0 })
  expect(ada.messages.COPS00000?.map((message) => message.text)).toEqual(['psst', 'mine'])
  expect(bart.messages.COPS00000?.map((message) => message.text)).toEqual(['mine'])
  expect(ada).toMatchObject({
    me: { name: 'ada' },
    bot: { name: 'watchbill' },
    commands: ['/oncall', '/page'],
    connections: 0,
  })
  await post(slack, 'read', { user: 'ada', channel: 'secret' })
  expect(unread(await stateAs(slack, 'ada')).secret).toBe(0)
})

test('everything a person does can be done over HTTP', async () => {
  const slack = await slackWith()
  await connect(slack, (received) => received.ack('done'))
  const { body: written } = await post(slack, 'message', { user: 'ada', channel: '#ops', text: 'hello @bart' })
  expect(written).toMatchObject({ ok: true, message: { text: 'hello <@UBART0000>' } })
  const { body: ran } = await post(slack, 'command', { user: 'ada', channel: 'ops', text: '/oncall help' })
  expect(ran).toMatchObject({ ok: true, saw: [{ text: 'done' }] })
  const { ts } = written.message
  await post(slack, 'react', { user: 'ada', channel: 'ops', ts, name: 'eyes' })
  expect(slack.channel('ops').messages[0]?.reactions).toEqual([{ name: 'eyes', users: ['UADA00000'] }])
  expect((await post(slack, 'open-dm', { user: 'ada' })).body).toEqual({ ok: true, channel: 'DADA00000' })
  await post(slack, 'fault', { kind: 'error', error: 'fatal_error' })
  await expect(clientOf(slack).api.test()).rejects.toThrow('fatal_error')
  await post(slack, 'reset-faults', {})
  await clientOf(slack).api.test()
  const journal = await (await fetch(`${slack.url}_control/journal?since=1`)).json()
  expect(journal.calls.map((call: { outcome: string }) => call.outcome)).toEqual(['fatal_error', 'ok'])
})

test.for([
  ['command', { user: 'ada', channel: 'ops' }, 'bad_request'],
  ['command', { user: 'zoe', channel: 'ops', text: '/oncall' }, 'user_not_found'],
  ['message', { user: 'gus', channel: 'ops', text: 'x' }, 'not_in_channel'],
  ['interact', { user: 'ada', channel: 'ops', ts: '1.000001', action_id: 'x' }, 'message_not_found'],
  ['interact', { user: 'ada', view_id: 'V404', action_id: 'x' }, 'view_not_found'],
  ['join', { user: 'ada', channel: 'secret' }, 'channel_not_found'],
  ['fault', { kind: 'odd' }, 'bad_request'],
  ['edit', { user: 'ada', channel: 'ops', ts: '1.000001', text: 'x' }, 'message_not_found'],
  ['delete', { user: 'ada', channel: 'ops' }, 'bad_request'],
  ['pin', { user: 'gus', channel: 'ops', ts: '1.000001' }, 'not_in_channel'],
  ['react', { user: 'ada', channel: 'ops', ts: '1.000001', name: 'no spaces' }, 'bad_request'],
  ['leave', { user: 'ada', channel: 'general' }, 'cant_leave_general'],
  ['leave', { user: 'ada', channel: 'dm' }, 'is_dm'],
  ['kick', { user: 'ada', channel: 'ops', member: 'gus' }, 'user_not_found'],
  ['archive', { user: 'ada', channel: 'general' }, 'cant_archive_general'],
  ['unarchive', { user: 'ada', channel: 'ops' }, 'not_archived'],
  ['rename', { user: 'ada', channel: 'ops', text: 'Big Letters' }, 'invalid_name_specials'],
  ['create-channel', { user: 'ada', name: 'ops' }, 'name_taken'],
  ['create-channel', { user: 'gus', name: 'mine' }, 'restricted_action'],
  ['topic', { user: 'ada', channel: 'old', text: 'x' }, 'is_archived'],
  ['open-dm', { user: 'ada', with: ['nobody'] }, 'user_not_found'],
  ['dnd', { user: 'ada', minutes: -1 }, 'bad_request'],
  ['presence', { user: 'ada', presence: 'busy' }, 'bad_request'],
  ['upload', { user: 'ada', channel: 'ops', name: 'x', content: '' }, 'empty_file'],
  ['usergroup', { user: 'ada', usergroup: 'nobody', users: [] }, 'no_such_subteam'],
  ['run-step', { user: 'ada', callback_id: 'x', inputs: {} }, 'no_such_step'],
  ['advance-clock', { ms: -5 }, 'bad_request'],
  ['settings', { plan: 'golden' }, 'bad_request'],
  ['settings', { colour: 'blue' }, 'bad_request'],
  ['change-user', { user: 'nobody', deleted: true }, 'user_not_found'],
  ['deliver', { kind: 'pigeon', payload: {} }, 'bad_request'],
  ['nonsense', {}, 'not_found'],
] as const)('%s with %o is refused: %s', async ([name, body, error]) => {
  const slack = await slackWith()
  const answered = await post(slack, name, body)
  expect(answered.body).toMatchObject({ ok: false, error, message: expect.any(String) })
  expect(answered.status).toBe(error === 'not_found' ? 404 : 400)
})

test('a page hears of each change that its person sees', async () => {
  const slack = await slackWith()
  const changes: Change[] = []
  const stop = new AbortController()
  const response = await fetch(`${slack.url}_control/events?as=ada`, { signal: stop.signal })
  expect(response.headers.get('content-type')).toContain('text/event-stream')
  const reading = (async () => {
    let text = ''
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString()
      const lines = text.split('\n')
      text = lines.pop() ?? ''
      for (const line of lines) if (line.startsWith('data: ')) changes.push(JSON.parse(line.slice(6)))
    }
  })().catch(() => {})
  await until(() => changes.length === 1)
  await clientOf(slack).chat.postMessage({ channel: 'UBART0000', text: 'not for ada' })
  const posted = await clientOf(slack).chat.postMessage({ channel: '#ops', text: 'for ada' })
  await clientOf(slack).chat.delete({ channel: 'COPS00000', ts: posted.ts ?? '' })
  await until(() => changes.length === 5)
  stop.abort()
  await reading
  expect(changes).toMatchObject([
    { type: 'resync' },
    { type: 'message', channel: 'COPS00000', message: { text: 'for ada' } },
    { type: 'channel', channel: { name: 'ops', unread: 1 } },
    { type: 'message_deleted', ts: posted.ts },
    { type: 'channel', channel: { unread: 0 } },
  ])
})

test('pages of other sites get nothing: foreign Origin, foreign Host, no JSON', async () => {
  const slack = await slackWith()
  const status = (headers: Record<string, string>, path = '_control/state') =>
    new Promise<number | undefined>((resolve, reject) => {
      const sent = request(`${slack.url}${path}`, { headers }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      sent.on('error', reject)
      sent.end()
    })
  const { host } = new URL(slack.url)
  expect(await status({ host })).toBe(200)
  expect(await status({ host, origin: `http://${host}` })).toBe(200)
  expect(await status({ host, origin: 'https://evil.example' })).toBe(403)
  expect(await status({ host, origin: 'null' })).toBe(403)
  expect(await status({ host: 'rebound.example' })).toBe(403)
  expect(await status({ host: 'rebound.example' }, '')).toBe(403)
  const form = await post(
    slack,
    'message',
    { user: 'ada', channel: 'ops', text: 'x' },
    { 'content-type': 'text/plain' },
  )
  expect(form.status).toBe(400)
})

test('the page is served without its types, and nothing beside it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'page-'))
  const page = join(folder, 'page')
  await mkdir(page)
  await writeFile(join(folder, 'beside.ts'), 'export const secret = 1')
  await writeFile(join(page, 'index.html'), '<!doctype html>')
  await writeFile(join(page, 'main.ts'), "export const greeting: string = 'hello'")
  onTestFinished(() => rm(folder, { recursive: true }))
  const slack = await slackWith({ page })
  const script = await fetch(`${slack.url}page/main.ts`)
  expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
  expect(script.headers.get('cache-control')).toBe('no-store')
  expect(await script.text()).not.toContain(': string')
  expect((await fetch(slack.url)).headers.get('content-type')).toBe('text/html; charset=utf-8')
  for (const path of [
    'page/..%2fbeside.ts',
    'page/../beside.ts',
    'page/%2e%2e/beside.ts',
    'page/none.ts',
    'page/',
    '/',
    '/example.test/page/main.ts',
  ]) {
    expect((await fetch(slack.url + path)).status).toBe(404)
  }
})

/** Requests that need nothing. */
const EMPTY = ['reset', 'reset-faults', 'settings', 'deliver-to']

test('whatever is no request is refused with a sentence', async () => {
  const slack = await slackWith()
  for (const name of Object.keys(POSTS)) {
    for (const body of [null, [], 'x', 7, ...(EMPTY.includes(name) ? [] : [{}, { user: 7 }, { user: '' }])]) {
      const answered = await post(slack, name, body)
      expect([name, body, answered.status, answered.body.error]).toEqual([name, body, 400, 'bad_request'])
      expect(answered.body.message).not.toBe('')
    }
  }
})

test('every request that there is stands in the table of wire.ts, and the other way round', async () => {
  const text = await readFile(new URL('../../src/sandbox/wire.ts', import.meta.url), 'utf8')
  const table = text.slice(text.indexOf('| What a person does'), text.indexOf('* `user` may be an id'))
  const cells = table.split('\n').map((line) => line.split('|')[2] ?? '')
  const named = cells.flatMap((cell) => [...cell.matchAll(/`([a-z-]+)`/g)].map(([, name]) => name))
  expect(new Set(named)).toEqual(new Set(Object.keys(POSTS)))
})

test('what people do with messages and channels is seen by all, and refused where it is not theirs', async () => {
  const slack = await slackWith()
  const { body: written } = await act(slack, 'message', { user: 'ada', channel: 'ops', text: 'helo' })
  const at = { channel: 'ops', ts: written.message.ts }
  await act(slack, 'edit', { user: 'ada', ...at, text: 'hello @bart' })
  expect(slack.channel('ops').messages).toMatchObject([{ text: 'hello <@UBART0000>', edited: { user: 'UADA00000' } }])
  expect((await act(slack, 'edit', { user: 'bart', ...at, text: 'x' })).body.error).toBe('not_yours')
  expect((await act(slack, 'delete', { user: 'bart', ...at })).body.error).toBe('not_yours')
  await act(slack, 'pin', { user: 'bart', ...at })
  expect((await clientOf(slack).pins.list({ channel: 'COPS00000' })).items).toMatchObject([{ created_by: 'UBART0000' }])
  await act(slack, 'delete', { user: 'ada', ...at })
  expect(slack.channel('ops').messages).toEqual([])
  const { body: made } = await act(slack, 'create-channel', { user: 'ada', name: 'war-room', private: true })
  await act(slack, 'invite', { user: 'ada', channel: made.channel, member: 'bart' })
  await act(slack, 'purpose', { user: 'bart', channel: 'war-room', text: 'to win' })
  await act(slack, 'kick', { user: 'bart', channel: 'war-room', member: 'ada' })
  expect(slack.channel('war-room').room).toMatchObject({
    kind: 'private',
    purpose: 'to win',
    members: new Set(['UBART0000']),
  })
  expect((await stateAs(slack, 'ada')).channels.map(({ name }) => name)).not.toContain('war-room')
})

test('a group DM is one for the same people, and closed until somebody writes', async () => {
  const slack = await slackWith()
  const client = clientOf(slack)
  const opened = await client.conversations.open({ users: 'UADA00000,UBART0000' })
  const channel = String(opened.channel?.id)
  const { body } = await act(slack, 'open-dm', { user: 'bart', with: ['ada'] })
  expect(body.channel).toBe(channel)
  await client.chat.postMessage({ channel, text: 'both of you' })
  const mine = (await stateAs(slack, 'ada')).channels.find(({ id }) => id === channel)
  expect(mine).toMatchObject({
    kind: 'mpim',
    name: 'watchbill, bart',
    unread: 1,
    last_message: { notified: 'sounded' },
  })
  expect((await stateAs(slack, 'gus')).channels.map(({ id }) => id)).not.toContain(channel)
  expect((await client.conversations.info({ channel })).channel).toMatchObject({ is_mpim: true, is_private: true })
  await client.conversations.close({ channel })
  expect(await client.conversations.close({ channel })).toMatchObject({ already_closed: true })
  await client.chat.postMessage({ channel, text: 'again' })
  expect(await client.conversations.open({ channel })).toMatchObject({ already_open: true })
})

test('settings change what the app may do, while it runs', async () => {
  const slack = await slackWith()
  const client = clientOf(slack)
  const { body } = await act(slack, 'settings', { scopes: ['chat:write'], everyone_creates_channels: false })
  expect(body.settings).toMatchObject({ plan: 'paid', scopes: ['chat:write'], token: 'good' })
  expect(await refusal(client.users.list({}))).toBe('missing_scope')
  await act(slack, 'settings', { scopes: ['channels:manage', 'chat:write'], rate_limits: true })
  expect(await refusal(client.conversations.create({ name: 'inc-1' }))).toBe('restricted_action')
  for (let count = 0; count < 4; count += 1) await client.chat.postMessage({ channel: '#ops', text: 'x' })
  await expect(client.chat.postMessage({ channel: '#ops', text: 'x' })).rejects.toMatchObject({ retryAfter: 1 })
  await act(slack, 'settings', { token: 'account_inactive' })
  expect(await refusal(client.auth.test())).toBe('account_inactive')
})

test('time is advanced by hand: addresses expire', async () => {
  const clock = handClock()
  const slack = await slackWith({ clock })
  const received = await listen(slack)
  await slack.command('ada', 'ops', '/oncall')
  const { body } = await act(slack, 'advance-clock', { ms: 30 * 60_000 })
  expect(body).toEqual({ ok: true, now: clock.at + 30 * 60_000 })
  const headers = { 'content-type': 'application/json' }
  const late = await fetch(received[0]?.body.response_url, { method: 'POST', headers, body: '{"text":"x"}' })
  expect(await late.json()).toEqual({ ok: false, error: 'expired_url' })
})

test('faults can be looked at, and taken away', async () => {
  const slack = await slackWith()
  const { body } = await act(slack, 'inject-fault', { kind: 'http', status: 502, count: 2 })
  const faults = async () => (await (await fetch(`${slack.url}_control/faults`)).json()).faults
  expect(await faults()).toEqual([{ id: body.id, left: 2, fault: { kind: 'http', status: 502, count: 2 } }])
  await act(slack, 'reset-faults', {})
  expect(await faults()).toEqual([])
})

test('reset puts everything back to the start, and the app stays connected', async () => {
  const slack = await slackWith({ events: ['message.channels'] })
  await connect(slack, (received) => received.ack('here'))
  const client = clientOf(slack)
  await client.chat.postMessage({ channel: '#ops', text: 'x' })
  await client.conversations.create({ name: 'inc-1' })
  await act(slack, 'add-user', { name: 'zoe' })
  await act(slack, 'settings', { scopes: [], plan: 'free' })
  await act(slack, 'fault', { kind: 'hang' })
  await act(slack, 'advance-clock', { ms: 3_600_000 })
  await act(slack, 'reset', {})
  const state = await stateAs(slack, 'ada')
  expect(state).toMatchObject({ settings: { plan: 'paid' }, connections: 1 })
  expect(state.users.map(({ name }) => name)).toEqual(['slackbot', 'watchbill', 'ada', 'bart', 'gus', 'lea'])
  expect(state.channels.map(({ name }) => name)).not.toContain('inc-1')
  expect(Math.abs(state.now - Date.now())).toBeLessThan(60_000)
  expect(slack.journal()).toEqual([])
  expect((await slack.command('ada', 'ops', '/oncall')).saw).toMatchObject([{ text: 'here' }])
  await client.chat.postMessage({ channel: '#ops', text: 'after' })
  expect(slack.channel('ops').messages).toMatchObject([{ text: 'after' }])
})
