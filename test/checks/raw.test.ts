import { afterEach, describe, expect, test } from 'vitest'
import { headReader } from '../../src/checks/head.ts'
import { type Ask, closeTargets, probe, tcp } from '../support/probed.ts'

afterEach(closeTargets)

/** A server that says these bytes to whatever it is asked, in one piece or byte by byte, and hangs up. */
const saying = (bytes: string, { piecemeal = false, open = false } = {}) =>
  tcp((socket) =>
    socket.once('data', async () => {
      for (const piece of piecemeal ? bytes : [bytes]) {
        socket.write(piece, 'latin1')
        if (piecemeal) await new Promise((resolve) => setImmediate(resolve))
      }
      if (!open) socket.end()
    }),
  )

const HEAD = 'HTTP/1.1 200 OK\r\n'
const OK = { expect: { bodyContains: 'well' } } satisfies Ask
const CLOSED_IN_BODY = 'the connection was closed in the middle of the body'
const NOT_HTTP = 'what answers there is not HTTP'

describe('the same bytes say the same to the reader by hand as to a whole client', () => {
  test.for<[what: string, bytes: string, saw: string, ask?: Ask]>([
    ['a length', `${HEAD}Content-Length: 4\r\n\r\nwell`, '200 OK'],
    ['a length of nothing', `${HEAD}Content-Length: 0\r\n\r\n`, '200 OK, but the body does not contain "well"'],
    ['no length: up to the end', `${HEAD}\r\nall is well`, '200 OK'],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\nwell', '200 OK'],
    ['a status without words', 'HTTP/1.1 200\r\nContent-Length: 4\r\n\r\nwell', '200 OK'],
    ['chunks', `${HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\nwe\r\n2\r\nll\r\n0\r\n\r\n`, '200 OK'],
    [
      'chunks with more behind their length',
      `${HEAD}Transfer-Encoding: Chunked\r\n\r\n4;a=b\r\nwell\r\n0\r\n\r\n`,
      '200 OK',
    ],
    ['chunks with trailers', `${HEAD}Transfer-Encoding: chunked\r\n\r\n04\r\nwell\r\n0\r\nX-Sum: 1\r\n\r\n`, '200 OK'],
    ['chunks that end early', `${HEAD}Transfer-Encoding: chunked\r\n\r\nff\r\nwell`, CLOSED_IN_BODY],
    ['chunks without an end', `${HEAD}Transfer-Encoding: chunked\r\n\r\n4\r\nwell\r\n`, CLOSED_IN_BODY],
    ['chunks of no length', `${HEAD}Transfer-Encoding: chunked\r\n\r\nxyz\r\nwell\r\n0\r\n\r\n`, NOT_HTTP],
    [
      'a chunk that is longer than it says',
      `${HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\nwell\r\n0\r\n\r\n`,
      NOT_HTTP,
    ],
    ['a length that is not reached', `${HEAD}Content-Length: 40\r\n\r\nwell`, CLOSED_IN_BODY],
    ['more than the length', `${HEAD}Content-Length: 2\r\n\r\nwell`, '200 OK, but the body does not contain "well"'],
    ['an early hint before it', `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${HEAD}\r\nwell`, '200 OK'],
    [
      'a length and chunks',
      `${HEAD}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwell\r\n0\r\n\r\n`,
      NOT_HTTP,
    ],
    ['two lengths', `${HEAD}Content-Length: 4\r\nContent-Length: 5\r\n\r\nwell`, NOT_HTTP],
    ['the same length twice', `${HEAD}Content-Length: 4\r\nContent-Length: 4\r\n\r\nwell`, NOT_HTTP],
    ['a length with a sign', `${HEAD}Content-Length: +4\r\n\r\nwell`, NOT_HTTP],
    ['a length in hex', `${HEAD}Content-Length: 0x4\r\n\r\nwell`, NOT_HTTP],
    ['a space before the colon', `${HEAD}Content-Length : 4\r\n\r\nwell`, NOT_HTTP],
    ['a header without a name', `${HEAD}: 4\r\n\r\nwell`, NOT_HTTP],
    ['a header without a colon', `${HEAD}nothing\r\n\r\nwell`, NOT_HTTP],
    ['a NUL in a header', `${HEAD}X-A: a\0b\r\n\r\nwell`, NOT_HTTP],
    ['a carriage return in a header', `${HEAD}X-A: a\rb\r\n\r\nwell`, NOT_HTTP],
    ['lines that end in a line feed alone', 'HTTP/1.1 200 OK\nX-A: b\n\nwell', NOT_HTTP],
    ['another version', 'HTTP/3.0 200 OK\r\n\r\nwell', NOT_HTTP],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\nwell', NOT_HTTP],
    ['no HTTP', 'SSH-2.0-OpenSSH_9.9\r\n', NOT_HTTP],
    [
      'bytes beyond ASCII',
      `${HEAD}X-A: gr\xfczi\r\n\r\nwell`,
      '200 OK',
      { expect: { headers: { 'x-a': 'gr\xfczi' } } },
    ],
    ['a header several times', `${HEAD}X-A: a\r\nX-A: b\r\n\r\n`, '200 OK', { expect: { headers: { 'x-a': 'b' } } }],
    ['a body after HEAD', `${HEAD}Content-Length: 9\r\n\r\n`, '200 OK', { method: 'HEAD' }],
    ['nothing', '', 'the connection was closed before the answer came'],
    ['half a head', `${HEAD}X-A`, 'the connection was closed in the middle of the headers'],
  ])('%s', async ([, bytes, saw, ask = OK]) => {
    const whole = await saying(bytes)
    const pieces = await saying(bytes, { piecemeal: true })
    for (const { url } of [whole, pieces])
      for (const redirects of ['refuse', 'follow'] as const)
        expect([redirects, (await probe(url, { ...ask, redirects })).saw]).toEqual([redirects, saw])
  })

  test('but of what is only to come (100) the whole client makes an error', async () => {
    const { url } = await saying(`HTTP/1.1 100 Continue\r\n\r\n${HEAD}\r\nwell`)
    expect(await probe(url, OK)).toMatchObject({ ok: true })
  })

  test('nor is anything changed to that nobody asked for', async () => {
    const { url } = await saying('HTTP/1.1 101 Switching Protocols\r\n\r\n')
    expect((await probe(url)).saw).toBe(NOT_HTTP)
  })
})

test('an answer that has said all is not waited for to hang up', async () => {
  for (const bytes of [
    `${HEAD}Content-Length: 4\r\n\r\nwell`,
    `${HEAD}Transfer-Encoding: chunked\r\n\r\n4\r\nwell\r\n0\r\n\r\n`,
  ]) {
    const { url } = await saying(bytes, { open: true })
    expect(await probe(url, { ...OK, timeoutMs: 1_500 })).toMatchObject({ ok: true })
  }
})

test('ten thousand headers of one name are read in no time', () => {
  const reader = headReader()
  const head = reader.take(Buffer.from(`${HEAD}${'X:\r\n'.repeat(10_000)}\r\nrest`))
  expect([head?.headers['x']?.length, head?.rest.toString()]).toEqual([10_000, 'rest'])
})
