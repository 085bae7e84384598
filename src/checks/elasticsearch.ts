import { z } from 'zod'
import type { LogQuery } from '../domain/rules.ts'
import type { Ask, Found } from './log-query.ts'
import { shown } from './look.ts'

/** The search of Elasticsearch and OpenSearch: `POST /<index>/_search`, the newest hits and how many there are. */

const Answer = z.object({
  timed_out: z.boolean(),
  _shards: z.object({
    total: z.int(),
    failed: z.int(),
    failures: z.array(z.object({ reason: z.object({ reason: z.string().nullish() }).nullish() })).nullish(),
  }),
  hits: z.object({
    total: z.union([z.int(), z.object({ value: z.int() }).transform(({ value }) => value)]),
    hits: z.array(
      z.object({
        _index: z.string(),
        _id: z.string(),
        _source: z.record(z.string(), z.unknown()).nullish(),
        fields: z.record(z.string(), z.array(z.unknown())).nullish(),
      }),
    ),
  }),
})
type Hit = z.infer<typeof Answer>['hits']['hits'][number]
type Query = Extract<LogQuery, { kind: 'elasticsearch' }>

export const elasticsearch: Ask<'elasticsearch'> = async (query, { fromAt, toAt }, most, ask) => {
  const { index, time } = query
  const url = new URL(query.url)
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${encodeURIComponent(index).replaceAll('%2C', ',')}/_search`
  // By default an index that is not there, or a pattern that none fits, is an empty answer.
  url.search = 'allow_no_indices=false&ignore_unavailable=false'
  const range = { gte: Math.floor(fromAt), lt: Math.floor(toAt), format: 'epoch_millis' }
  const asked = await ask({
    url,
    body: {
      size: most,
      track_total_hits: true,
      timeout: `${query.timeoutMs}ms`,
      query: { bool: { filter: [{ query_string: { query: query.query } }, { range: { [time]: range } }] } },
      sort: [{ [time]: { order: 'desc' } }],
      docvalue_fields: [{ field: time, format: 'epoch_millis' }],
    },
  })
  if (!asked.ok) return asked
  const read = Answer.safeParse(asked.json)
  if (!read.success) return { ok: false, why: 'answered with JSON that is no answer of a search' }
  const { hits } = read.data
  const lines = hits.hits.map((hit) => lineOf(hit, query, toAt))
  return { ok: true, lines, total: hits.total, why: inPart(read.data, index) }
}

/** Why an answer is not the whole one; null when it is. */
function inPart({ timed_out, _shards }: z.infer<typeof Answer>, index: string): string | null {
  if (_shards.total === 0) return `has no index ${index}`
  if (_shards.failed > 0) {
    const reason = _shards.failures?.[0]?.reason?.reason ?? null
    const because = reason === null ? '' : `: ${shown(reason, 200)}`
    return `answered in part: ${_shards.failed} of ${_shards.total} shards failed${because}`
  }
  return timed_out ? 'answered in part: its own time limit was over' : null
}

function lineOf({ _index, _id, _source, fields }: Hit, { time, field }: Query, toAt: number): Found {
  const at = Number(fields?.[time]?.[0])
  const said = _source ? valueAt(_source, field) : undefined
  const text = typeof said === 'string' ? said : JSON.stringify(said ?? _source ?? {})
  return { key: `${_index}/${_id}`, text, at: Number.isFinite(at) ? Math.floor(at) : toAt }
}

/** What stands under a path with dots, whether as one name or as names within names. */
function valueAt(source: Record<string, unknown>, path: string): unknown {
  if (Object.hasOwn(source, path)) return source[path]
  return path
    .split('.')
    .reduce<unknown>(
      (around, name) =>
        typeof around === 'object' && around !== null && Object.hasOwn(around, name)
          ? (around as Record<string, unknown>)[name]
          : undefined,
      source,
    )
}
