import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { LocalSlack } from '../../src/sandbox/server.ts'
import type { Change, State } from '../../src/sandbox/wire.ts'
import { clientOf, connect, slackWith, until } from './support.ts'

async function post(slack: LocalSlack, name: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${slack.url}_control/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: await response.json() }
}

async function stateAs(slack: LocalSlack, who: string): Promise<State> {
  const response = await fetch(`${slack.url}_control/state?as=${who}`)
  return (await response.json()) as State
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
  for (const path of ['page/..%2fbeside.ts', 'page/../beside.ts', 'page/%2e%2e/beside.ts', 'page/none.ts', 'page/']) {
    expect((await fetch(slack.url + path)).status).toBe(404)
  }
})
