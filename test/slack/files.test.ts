import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fileFetcher } from '../../src/slack/files.ts'

/** Files are fetched with the bot's token, which nobody but Slack may see. */
const TOKEN = 'xoxb-of-the-bot'

let slack: Server
let elsewhere: Server
const heard: { host: string; token: string | undefined }[] = []

const listen = (name: string, answer: (request: IncomingMessage) => [number, Record<string, string>, string]) =>
  new Promise<Server>((resolve) => {
    const server = createServer((request, response) => {
      heard.push({ host: name, token: request.headers.authorization })
      const [status, headers, body] = answer(request)
      response.writeHead(status, headers).end(body)
    }).listen(0, '127.0.0.1', () => resolve(server))
  })
const at = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

beforeAll(async () => {
  elsewhere = await listen('elsewhere', () => [200, {}, 'mine now'])
  slack = await listen('slack', ({ url }) => {
    if (url === '/login') return [302, { location: `${at(elsewhere)}/login` }, '']
    if (url === '/busy') return [503, {}, '']
    return [200, {}, url === '/large' ? 'x'.repeat(3 * 1_048_576) : '/var 100%']
  })
})
afterAll(() => {
  for (const server of [slack, elsewhere]) server.close()
})

const fetched = (address: string) => fileFetcher(TOKEN, `${at(slack)}/api/`)(address, 1_048_576)

test('what Slack hands out to the bot comes whole', async () => {
  expect(await fetched(`${at(slack)}/files-pri/disk.txt`)).toEqual({ ok: true, bytes: Buffer.from('/var 100%') })
  expect(heard.at(-1)).toEqual({ host: 'slack', token: `Bearer ${TOKEN}` })
})

test.each([
  ['another host', () => at(elsewhere)],
  ['a host that is called like Slack', () => 'https://files.slack.com.evil.test/x'],
  ['Slack without TLS', () => 'http://files.slack.com/x'],
  ['a login of somebody', () => at(slack).replace('://', '://user:password@')],
  ['a file of this machine', () => 'file:///etc/passwd'],
  ['no address', () => 'disk.txt'],
])('%s is not asked: the token stays here', async (_, address) => {
  const before = heard.length
  expect(await fetched(address())).toEqual({ ok: false, again: false, why: 'its address is not of Slack' })
  expect(heard).toHaveLength(before)
})

test('where Slack sends elsewhere, nobody follows; it is the login page of whoever lacks the scope', async () => {
  expect(await fetched(`${at(slack)}/login`)).toMatchObject({
    ok: false,
    again: false,
    why: expect.stringContaining('files:read'),
  })
  expect(heard.filter(({ host }) => host === 'elsewhere')).toEqual([])
})

test('what is too large is cut off, and what fails for a moment may come later', async () => {
  expect(await fetched(`${at(slack)}/large`)).toEqual({ ok: false, again: false, why: 'it is larger than 1 MB' })
  expect(await fetched(`${at(slack)}/busy`)).toMatchObject({ ok: false, again: true })
})
