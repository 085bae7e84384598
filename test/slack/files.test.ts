import type { IncomingMessage } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fileFetcher } from '../../src/slack/files.ts'
import { type StandIn, standIn } from '../support/stand-in.ts'

/** Files are fetched with the bot's token, which nobody but Slack may see. */
const TOKEN = 'xoxb-of-the-bot'

let slack: StandIn
let elsewhere: StandIn
const heard: { host: string; token: string | undefined }[] = []

const listen = (name: string, answer: (request: IncomingMessage) => [number, Record<string, string>, string]) =>
  standIn((request, response) => {
    heard.push({ host: name, token: request.headers.authorization })
    const [status, headers, body] = answer(request)
    response.writeHead(status, headers).end(body)
  })

beforeAll(async () => {
  elsewhere = await listen('elsewhere', () => [200, {}, 'mine now'])
  slack = await listen('slack', ({ url }) => {
    if (url === '/login') return [302, { location: `${elsewhere.url}/login` }, '']
    if (url === '/busy') return [503, {}, '']
    return [200, {}, url === '/large' ? 'x'.repeat(3 * 1_048_576) : '/var 100%']
  })
})
afterAll(() => Promise.all([slack.close(), elsewhere.close()]))

const fetched = (address: string) => fileFetcher(TOKEN, `${slack.url}/api/`)(address, 1_048_576)

test('what Slack hands out to the bot comes whole', async () => {
  expect(await fetched(`${slack.url}/files-pri/disk.txt`)).toEqual({ ok: true, bytes: Buffer.from('/var 100%') })
  expect(heard.at(-1)).toEqual({ host: 'slack', token: `Bearer ${TOKEN}` })
})

test.each([
  ['another host', () => elsewhere.url],
  ['a host that is called like Slack', () => 'https://files.slack.com.evil.test/x'],
  ['Slack without TLS', () => 'http://files.slack.com/x'],
  ['a login of somebody', () => slack.url.replace('://', '://user:password@')],
  ['a file of this machine', () => 'file:///etc/passwd'],
  ['no address', () => 'disk.txt'],
])('%s is not asked: the token stays here', async (_, address) => {
  const before = heard.length
  expect(await fetched(address())).toEqual({ ok: false, again: false, why: 'its address is not of Slack' })
  expect(heard).toHaveLength(before)
})

test('where Slack sends elsewhere, nobody follows; it is the login page of whoever lacks the scope', async () => {
  expect(await fetched(`${slack.url}/login`)).toMatchObject({
    ok: false,
    again: false,
    why: expect.stringContaining('files:read'),
  })
  expect(heard.filter(({ host }) => host === 'elsewhere')).toEqual([])
})

test('what is too large is cut off, and what fails for a moment may come later', async () => {
  expect(await fetched(`${slack.url}/large`)).toEqual({ ok: false, again: false, why: 'it is larger than 1 MB' })
  expect(await fetched(`${slack.url}/busy`)).toMatchObject({ ok: false, again: true })
})
