import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { fetchCalendar } from '../../src/checks/calendar.ts'

let server: Server
afterEach(
  () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    }),
)

const HERE = ['127.0.0.0/8']
const ICS = 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n'

/** A calendar server; what it was asked for. */
async function serve(answer: RequestListener): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = []
  server = createServer((request, response) => {
    asked.push(request.url ?? '')
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

const why = async (url: string, allowed = HERE) => {
  const fetched = await fetchCalendar(url, allowed)
  return fetched.ok ? null : fetched.why
}

test('a calendar, with its whole address', async () => {
  const { url, asked } = await serve((_, response) => response.end(ICS))
  expect(await fetchCalendar(`${url}/rota.ics?key=hunter2`, HERE)).toEqual({ ok: true, text: ICS })
  expect(asked).toEqual(['/rota.ics?key=hunter2'])
})

test('what is no calendar, or only half of one', async () => {
  let body = '<!doctype html><title>Log in</title>'
  const { url } = await serve((_, response) => response.end(body))
  expect(await why(url)).toBe('is no calendar: it does not begin like one')
  body = `x${ICS}`
  expect(await why(url)).toBe('is no calendar: it does not begin like one')
  body = ICS.slice(0, -8)
  expect(await why(url)).toBe('is only the beginning of a calendar')
  body = `\uFEFF${ICS}\n`
  expect(await why(url)).toBe(null)
})

test('an answer that is no 200', async () => {
  const { url } = await serve((_, response) => response.writeHead(404).end(ICS))
  expect(await why(url)).toBe('was answered with 404 Not Found')
})

test('more than 5 MB is not read to its end', async () => {
  let sent = 0
  const { url } = await serve((_, response) => {
    response.write('BEGIN:VCALENDAR\r\n')
    const more = () => {
      if (sent > 64 || response.destroyed) return
      sent++
      response.write('X'.repeat(1024 * 1024), more)
    }
    more()
  })
  expect(await why(url)).toBe('has more than 5 MB')
  expect(sent).toBeLessThan(64)
})

test('redirects are followed, three of them', async () => {
  let hops = 3
  const { url, asked } = await serve((request, response) => {
    const hop = Number(/\d+/.exec(request.url ?? '')?.[0] ?? 0)
    if (hop < hops) response.writeHead(302, { location: `/${hop + 1}` }).end()
    else response.end(ICS)
  })
  expect(await why(url)).toBe(null)
  expect(asked).toEqual(['/', '/1', '/2', '/3'])
  hops = 4
  expect(await why(url)).toBe('redirects more than 3 times')
})

test.for<[to: string, reason: RegExp]>([
  ['http://10.1.2.3/rota.ics', /10\.1\.2\.3 is a private address/],
  ['http://169.254.169.254/latest/meta-data', /is a metadata address/],
  ['http://[::1]:1/', /::1 is a loopback address/],
  ['http://localhost:1/', /connection refused|loopback/],
  ['file:///etc/passwd', /redirects to no address/],
  ['http://', /redirects to no address/],
])('a redirect to %s goes nowhere', async ([to, reason]) => {
  const { url, asked } = await serve((_, response) => response.writeHead(301, { location: to }).end())
  expect(await why(url)).toMatch(reason)
  expect(asked).toEqual(['/'])
})

test('a private address is not asked unless it may be', async () => {
  const { url, asked } = await serve((_, response) => response.end(ICS))
  expect(await why(url, [])).toMatch(/^may not be fetched: 127\.0\.0\.1 is a loopback address/)
  expect(await why(url.replace('127.0.0.1', 'localhost'), [])).toMatch(/127\.0\.0\.1 is a loopback address/)
  expect(asked).toEqual([])
})

test('nobody answers', async () => {
  const { url } = await serve((request) => request.socket.destroy())
  expect(await why(url)).toMatch(/^could not be fetched: /)
  expect(await why('http://127.0.0.1:1/')).toBe('could not be fetched: connection refused')
})
