import type { IncomingMessage, ServerResponse } from 'node:http'
import { type StandIn, standIn } from './stand-in.ts'

/** Places that keep logs, on loopback, with the answers that theirs have: Loki, and Elasticsearch. */

interface Kept {
  at: number
  line: string
}

export interface LogPlace extends StandIn {
  lines: Kept[]
  /** What was asked, one entry a request. */
  asked: { url: URL; headers: IncomingMessage['headers']; body: string }[]
  /** Answers in its stead; null: it is well. */
  sick: ((response: ServerResponse, request: IncomingMessage) => void) | null
}

async function place(answer: (place: LogPlace, url: URL, body: string) => [status: number, body: unknown]) {
  const server = await standIn((request, response, body) => {
    const url = new URL(request.url ?? '/', 'http://x')
    here.asked.push({ url, headers: request.headers, body })
    if (here.sick) return here.sick(response, request)
    const [status, json] = answer(here, url, body)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json))
  })
  const here: LogPlace = { ...server, lines: [], asked: [], sick: null }
  return here
}

const within = (lines: readonly Kept[], from: number, to: number, word: string) =>
  lines.filter(({ at, line }) => at >= from && at < to && line.includes(word)).toSorted((a, b) => b.at - a.at)

const ms = (nanoseconds: string | null) => Number(nanoseconds?.slice(0, -6))
/** Of a query `{…} |= "word"`. */
const wordOf = (query: string) => /\|= "([^"]*)"/.exec(query)?.[1] ?? ''

/** Loki: lines in two streams, by turns. */
export const startLoki = () =>
  place(({ lines }, url) => {
    const get = (name: string) => url.searchParams.get(name)
    const query = get('query') ?? ''
    const stats = { summary: { totalLinesProcessed: lines.length } }
    if (url.pathname.endsWith('/loki/api/v1/query')) {
      const seconds = Number(/\[(\d+)s\]/.exec(query)?.[1])
      const to = ms(get('time'))
      const count = within(lines, to - seconds * 1_000, to, wordOf(query)).length
      const result = count === 0 ? [] : [{ metric: {}, value: [to / 1_000, String(count)] }]
      return [200, { status: 'success', data: { resultType: 'vector', result, stats } }]
    }
    const found = within(lines, ms(get('start')), ms(get('end')), wordOf(query)).slice(0, Number(get('limit')))
    const streams = Map.groupBy(found, ({ at }) => at % 2)
    const result = [...streams].map(([turn, each]) => ({
      stream: { app: 'x', pod: `x-${turn}`, detected_level: 'error' },
      values: each.map(({ at, line }) => [`${at}000000`, line]),
    }))
    return [200, { status: 'success', data: { resultType: 'streams', result, stats } }]
  })

interface Search {
  size: number
  query: {
    bool: { filter: [{ query_string: { query: string } }, { range: Record<string, { gte: number; lt: number }> }] }
  }
}

export const startElasticsearch = () =>
  place(({ lines }, url, body) => {
    if (!url.pathname.startsWith('/logs-'))
      return [
        404,
        {
          error: { root_cause: [], type: 'index_not_found_exception', reason: 'no such index [nothing]' },
          status: 404,
        },
      ]
    const { size, query } = JSON.parse(body) as Search
    const [{ query_string }, { range }] = query.bool.filter
    const [{ gte, lt } = { gte: 0, lt: 0 }] = Object.values(range)
    const found = within(lines, gte, lt, query_string.query)
    return [
      200,
      {
        ...{ took: 3, timed_out: false, _shards: { total: 2, successful: 2, skipped: 0, failed: 0 } },
        hits: {
          ...{ total: { value: found.length, relation: 'eq' }, max_score: null },
          hits: found.slice(0, size).map(({ at, line }) => ({
            ...{
              _index: 'logs-2026.11.23',
              _id: `${at}-${lines.findIndex((each) => each.line === line)}`,
              _score: null,
            },
            _source: { '@timestamp': new Date(at).toISOString(), message: line, host: { name: 'mx1' } },
            ...{ fields: { '@timestamp': [String(at)] }, sort: [at] },
          })),
        },
      },
    ]
  })
