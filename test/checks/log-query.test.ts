import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { askLog } from '../../src/checks/log-query.ts'
import type { LogQuery } from '../../src/domain/rules.ts'
import { type LogPlace, startElasticsearch, startLoki } from '../support/log-places.ts'

const T0 = Date.parse('2026-11-23T03:00:00Z')
const HERE = ['127.0.0.0/8']
const SPAN = { fromAt: T0 - 60_000, toAt: T0 }

const asked = { query: '{app="x"} |= "error"', headers: {}, everyMs: 30_000, timeoutMs: 2_000, lateMs: 60_000 }
const asLoki = (url: string, more: Partial<LogQuery> = {}) => ({ ...asked, kind: 'loki', url, ...more }) as LogQuery
const asElasticsearch = (url: string, more: object = {}) =>
  ({
    ...asked,
    ...{ kind: 'elasticsearch', url, query: 'error', index: 'logs-*', time: '@timestamp', field: 'message' },
    ...more,
  }) as LogQuery

let place: LogPlace
afterEach(() => place.close())
const keep = (...lines: [ago: number, line: string][]) =>
  place.lines.push(...lines.map(([ago, line]) => ({ at: T0 - ago, line })))

describe.each([
  ['Loki', startLoki, asLoki],
  ['Elasticsearch', startElasticsearch, asElasticsearch],
] as const)('%s', (name, start, query) => {
  beforeEach(async () => {
    place = await start()
  })
  const ask = (more: object = {}) => askLog(query(place.url, more as never), SPAN, HERE)
  const sick = (answer: (response: ServerResponse) => void) => {
    place.sick = answer
  }

  test('the lines of a span that the query finds, with when and what', async () => {
    keep([60_001, 'error before'], [60_000, 'error first'], [1_001, 'error last'], [500, 'well'], [0, 'error after'])
    const { why, lines, more } = await ask()
    expect({ why, more }).toEqual({ why: null, more: 0 })
    expect(lines.map(({ at, text }) => [T0 - at, text]).toSorted()).toEqual([
      [1_001, 'error last'],
      [60_000, 'error first'],
    ])
    expect((await ask()).lines.map(({ id }) => id)).toEqual(lines.map(({ id }) => id))
  })

  test('nothing is an answer', async () => {
    expect(await ask()).toEqual({ why: null, lines: [], more: 0 })
  })

  test('of thousands the newest, and how many more', async () => {
    keep(...Array.from({ length: 2_500 }, (_, n): [number, string] => [n + 1, `error ${n}`]))
    const { lines, more } = await ask()
    expect(lines).toHaveLength(1_000)
    expect(more).toBe(1_500)
    expect(Math.min(...lines.map(({ at }) => at))).toBe(T0 - 1_000)
  })

  test('of huge ones fewer, and each cut', async () => {
    keep(...Array.from({ length: 20 }, (_, n): [number, string] => [n + 1, `error ${'x'.repeat(70_000)}`]))
    const { lines, more } = await ask()
    expect(lines).toHaveLength(10)
    expect(more).toBe(10)
    expect(lines[0]).toMatchObject({ cut: true })
  })

  test('what goes along, and beneath which path', async () => {
    await ask({ url: `${place.url}/logs-here/`, headers: { authorization: 'Bearer s3cret', 'x-scope-orgid': 'mail' } })
    expect(place.asked[0]?.headers).toMatchObject({ authorization: 'Bearer s3cret', 'x-scope-orgid': 'mail' })
    expect(place.asked[0]?.url.pathname).toMatch(/^\/logs-here\/(loki\/api\/v1\/query_range|logs-\*\/_search)$/)
  })

  const json = (response: ServerResponse, status: number, body: unknown) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

  test.for<[what: string, answer: (response: ServerResponse) => void, said: RegExp]>([
    ['500', (r) => r.writeHead(500).end('oops'), /^answered 500 Internal Server Error$/],
    ['a page to log in at', (r) => r.writeHead(200, { 'content-type': 'text/html' }).end('<html>'), /that is no JSON$/],
    [
      'the page of a proxy',
      (r) => r.writeHead(502, { 'content-type': 'text/html' }).end('<html>'),
      /^answered 502 Bad Gateway$/,
    ],
    ['a redirect', (r) => r.writeHead(302, { location: '/login' }).end(), /^answered 302 Found$/],
    [
      'a wrong key',
      (r) => json(r, 401, { error: { reason: 'missing credentials' } }),
      /^answered 401 Unauthorized: missing credentials$/,
    ],
    [
      'a query that is none',
      (r) => r.writeHead(400, { 'content-type': 'text/plain; charset=utf-8' }).end('parse error at line 1\n'),
      /^answered 400 Bad Request: parse error at line 1$/,
    ],
    [
      'something else',
      (r) => json(r, 200, { status: 'success', data: [] }),
      /^answered with JSON that is no answer of/,
    ],
    ['null', (r) => json(r, 200, null), /^answered with JSON that is no answer of/],
    [
      'half an answer',
      (r) => r.writeHead(200, { 'content-length': '100' }).end('{"status":"success"'),
      /cannot be asked/,
    ],
    ['without an end', (r) => r.writeHead(200).write('{"status":"success", "x":"'), /^has not answered within 0\.3 s$/],
    ['nothing at all', () => {}, /^has not answered within 0\.3 s$/],
    ['a closed connection', (r) => r.destroy(), /^cannot be asked: the connection was closed/],
  ])('%s is said, and is not nothing', async ([, answer, said]) => {
    sick(answer)
    const { why, lines } = await ask({ timeoutMs: 300 })
    expect(lines).toEqual([])
    expect(why?.startsWith(`${name} `)).toBe(true)
    expect(why?.slice(name.length + 1)).toMatch(said)
  })

  test('an answer without an end is left early', async () => {
    let most = 0
    sick((response) => {
      let sent = 0
      const more = (error?: Error | null) => {
        if (error || sent >= 256) return
        most = Math.max(most, ++sent)
        response.write('x'.repeat(256 * 1024), more)
      }
      more()
    })
    expect((await ask()).why).toBe(`${name} answered with more than 1024 kB`)
    expect(most).toBeLessThan(256)
  })

  test('an address that may not be reached is not', async () => {
    const { why } = await askLog(query(place.url), SPAN, [])
    expect(why).toMatch(/cannot be asked: 127\.0\.0\.1 is a loopback address/)
    expect(place.asked).toEqual([])
  })
})

describe('what is only a part of the answer is said, and its lines count', () => {
  test('warnings of Loki', async () => {
    place = await startLoki()
    const result = [{ stream: {}, values: [[`${T0 - 1}000000`, 'error', { structuredMetadata: {} }]] }]
    place.sick = (response) =>
      response.end(
        JSON.stringify({
          status: 'success',
          warnings: ['maximum of series reached'],
          data: { resultType: 'streams', result },
        }),
      )
    expect(await askLog(asLoki(place.url), SPAN, HERE)).toMatchObject({
      ...{ why: 'Loki answered in part: maximum of series reached', lines: [{ text: 'error', at: T0 - 1 }] },
    })
  })

  test('an error of Loki in a good answer, and a query that counts by itself', async () => {
    place = await startLoki()
    const why = async (body: unknown) => {
      place.sick = (response) => response.end(JSON.stringify(body))
      return (await askLog(asLoki(place.url), SPAN, HERE)).why
    }
    expect(await why({ status: 'error', errorType: 'timeout', error: 'context deadline exceeded' })).toBe(
      'Loki answered with an error: context deadline exceeded',
    )
    expect(await why({ status: 'success', data: { resultType: 'matrix', result: [] } })).toMatch(
      /the query must give lines/,
    )
  })

  test('a count that fails: there are more', async () => {
    place = await startLoki()
    keep(...Array.from({ length: 1_200 }, (_, n): [number, string] => [n + 1, `error ${n}`]))
    const well = place.url
    place.sick = null
    const answer = askLog(asLoki(well), SPAN, HERE)
    while (place.asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    place.sick = (response) => response.writeHead(500).end()
    expect(await answer).toMatchObject({ why: null, more: 1 })
  })

  test.for<[what: string, answer: object, said: string]>([
    [
      'a shard that failed',
      {
        _shards: {
          total: 5,
          failed: 2,
          failures: [{ reason: { type: 'x', reason: 'No mapping found for [@timestamp]' } }],
        },
      },
      'answered in part: 2 of 5 shards failed: No mapping found for [@timestamp]',
    ],
    ['its own time limit', { timed_out: true }, 'answered in part: its own time limit was over'],
    ['no index that fits', { _shards: { total: 0, failed: 0 } }, 'has no index logs-*'],
  ])('of Elasticsearch: %s', async ([, part, said]) => {
    place = await startElasticsearch()
    const hits = { total: 1, hits: [{ _index: 'logs-1', _id: 'a', _source: { message: 'error' } }] }
    const whole = { timed_out: false, _shards: { total: 5, failed: 0 }, hits }
    place.sick = (response) => response.end(JSON.stringify({ ...whole, ...part }))
    expect(await askLog(asElasticsearch(place.url), SPAN, HERE)).toMatchObject({
      ...{ why: `Elasticsearch ${said}`, lines: [{ text: 'error' }] },
    })
  })

  test('an index that is not there, and fields within fields or none', async () => {
    place = await startElasticsearch()
    const ask = (more: object) => askLog(asElasticsearch(place.url, more), SPAN, HERE)
    expect((await ask({ index: 'nothing' })).why).toBe('Elasticsearch answered 404 Not Found: no such index [nothing]')
    keep([5, 'error'])
    expect((await ask({ field: 'host.name' })).lines[0]?.text).toBe('mx1')
    expect((await ask({ field: 'nothing' })).lines[0]?.text).toContain('"message":"error"')
  })
})
