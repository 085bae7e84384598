import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { readRate } from '../../src/checks/rate.ts'
import type { AskedRate } from '../../src/deps.ts'

let server: Server | null = null
afterEach(() => {
  server?.close()
  server?.closeAllConnections()
  server = null
})

const HERE = { allowPrivate: ['127.0.0.0/8'] }
const AT = Date.UTC(2026, 10, 23, 7)

async function serve(answer: RequestListener): Promise<string> {
  const listening = createServer(answer)
  server = listening
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`
}

const asked = { headers: {}, counter: false }
const prometheus = (url: string, more: object = {}): Pick<AskedRate, 'source' | 'timeoutMs'> => ({
  source: { kind: 'prometheus', url, query: 'sum(rate(http_requests_total[1m]))', ...asked, ...more },
  timeoutMs: 300,
})
const json = (url: string, pointer: string) => ({
  source: { kind: 'json' as const, url, pointer, ...asked },
  timeoutMs: 300,
})

/** What comes of one answer, given as it goes over the wire. */
async function readingOf(body: string | object, status = 200, pointer: string | null = null) {
  const url = await serve((_, response) => {
    response.statusCode = status
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
  return readRate(pointer === null ? prometheus(url) : json(url, pointer), HERE, AT)
}

const vector = (...values: string[]) => ({
  status: 'success',
  data: { resultType: 'vector', result: values.map((value) => ({ metric: {}, value: [AT / 1_000, value] })) },
})

test('Prometheus is asked for the number at an instant, below whatever path its API has', async () => {
  const requests: [string, string | undefined][] = []
  const url = await serve((request, response) => {
    requests.push([request.url ?? '', request.headers.authorization])
    response.end(JSON.stringify(vector('12.5')))
  })
  const headers = { authorization: 'Bearer hunter2' }
  expect(await readRate(prometheus(`${url}/mimir/?tenant=a`, { headers }), HERE, AT)).toEqual({
    kind: 'value',
    value: 12.5,
  })
  const [[path = '', authorization] = []] = requests
  const { pathname, searchParams } = new URL(path, url)
  expect(pathname).toBe('/mimir/api/v1/query')
  expect(Object.fromEntries(searchParams)).toEqual({
    tenant: 'a',
    query: 'sum(rate(http_requests_total[1m]))',
    time: `${AT / 1_000}.000`,
    timeout: '300ms',
  })
  expect(authorization).toBe('Bearer hunter2')
})

describe('what Prometheus answers', () => {
  const failed = (saw: string) => ({ kind: 'failed', saw })
  test.each([
    ['a vector of one', vector('0'), { kind: 'value', value: 0 }],
    [
      'a scalar',
      { status: 'success', data: { resultType: 'scalar', result: [1, '7e3'] } },
      { kind: 'value', value: 7e3 },
    ],
    ['nothing', vector(), { kind: 'absent', saw: 'the query has no result: nothing is counted there any more' }],
    [
      'no number, as of nothing divided by nothing',
      vector('NaN'),
      { kind: 'absent', saw: 'the answer is NaN: nothing is counted there' },
    ],
    ['too large a number', vector('+Inf'), failed('the answer is an infinite number')],
    ['several', vector('1', '2'), failed('the query has 2 results, and must have one: sum(…) makes one of them')],
    [
      'a matrix',
      { status: 'success', data: { resultType: 'matrix', result: [] } },
      failed("the query's result is a matrix, and must be a number: rate(…[1m]) or sum(…) makes one"),
    ],
    [
      'what is only a part, in words of Thanos',
      { ...vector('3'), warnings: ['store 10.0.0.7 is away'] },
      failed('the answer is partial: some of what was asked for could not be read, so that the number may be too low'),
    ],
    [
      'what is only a part, in words of VictoriaMetrics',
      { ...vector('3'), isPartial: true },
      failed('the answer is partial: some of what was asked for could not be read, so that the number may be too low'),
    ],
    [
      'something else',
      '<html>Log in</html>',
      failed('200 OK, but no answer of a Prometheus API: does prometheus name its address?'),
    ],
  ])('%s', async (_, body, reading) => {
    expect(await readingOf(body)).toEqual(reading)
  })

  test.each([
    [
      400,
      { status: 'error', errorType: 'bad_data', error: 'parse error: secret-label' },
      '400 Bad Request: the query is not valid (bad_data)',
    ],
    [
      503,
      { status: 'error', errorType: 'timeout', error: 'query timed out' },
      '503 Service Unavailable: the query failed (timeout)',
    ],
    [
      422,
      { status: 'error', errorType: '<script>', error: '' },
      '422 Unprocessable Entity: the query failed (an error)',
    ],
    [502, 'bad gateway', '502 Bad Gateway'],
    [503, vector('1'), '503 Service Unavailable'],
  ])('an error, %s', async (status, body, saw) => {
    expect(await readingOf(body, status)).toEqual(failed(saw))
  })
})

describe('what a JSON document says', () => {
  const document = { requests: { total: 42, 'a/b': '17', none: null, word: 'many', list: [1] } }
  test.each([
    ['/requests/total', { kind: 'value', value: 42 }],
    ['/requests/a~1b', { kind: 'value', value: 17 }],
    ['/requests/list/0', { kind: 'value', value: 1 }],
    ['/requests/none', { kind: 'absent', saw: '/requests/none in the JSON is null' }],
    ['/requests/gone', { kind: 'failed', saw: 'there is no /requests/gone in the JSON' }],
    ['/requests/word', { kind: 'failed', saw: 'the answer is no number' }],
    ['/requests', { kind: 'failed', saw: '/requests in the JSON is no number' }],
  ])('%s', async (pointer, reading) => {
    expect(await readingOf(document, 200, pointer)).toEqual(reading)
  })

  test('a status that is no success says nothing, whatever comes with it', async () => {
    expect(await readingOf(document, 404, '/requests/total')).toEqual({ kind: 'failed', saw: '404 Not Found' })
    expect(await readingOf('{"requests":', 200, '/requests/total')).toEqual({
      kind: 'failed',
      saw: '200 OK, but no JSON',
    })
  })
})

describe('sick sources', () => {
  test('one that answers without end is read no further', async () => {
    const url = await serve((_, response) => {
      const more = setInterval(() => response.write('9'.repeat(256 * 1024)), 1)
      response.on('close', () => clearInterval(more))
    })
    expect(await readRate(prometheus(url), HERE, AT)).toEqual({ kind: 'failed', saw: '200 OK, with more than 1 MB' })
  })

  test('one that never answers, refuses, or may not be reached', async () => {
    const url = await serve(() => {})
    expect(await readRate(prometheus(url), HERE, AT)).toEqual({ kind: 'failed', saw: 'no answer within 0.3 s' })
    server?.closeAllConnections()
    await new Promise((resolve) => server?.close(resolve))
    expect(await readRate(prometheus(url), HERE, AT)).toEqual({ kind: 'failed', saw: 'connection refused' })
    expect(await readRate(prometheus(url), { allowPrivate: [] }, AT)).toEqual({
      kind: 'failed',
      saw: '127.0.0.1 is a loopback address, and network.allow_private does not list it',
    })
  })
})
