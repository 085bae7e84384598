import { z } from 'zod'
import type { Ask, Found } from './log-query.ts'
import { shown } from './look.ts'

/** Loki's HTTP API: `/loki/api/v1/query_range` for lines, `/loki/api/v1/query` with `count_over_time` for how many there are. */

const Streams = z.object({
  status: z.literal('success'),
  /** Loki says here that it has left something out. */
  warnings: z.array(z.string()).nullish(),
  data: z.object({
    resultType: z.literal('streams'),
    result: z.array(
      z.object({
        stream: z.record(z.string(), z.string()),
        /** Nanoseconds as text, the line, and what newer versions have beside it. */
        values: z.array(z.tuple([z.string().regex(/^\d{7,19}$/), z.string()], z.unknown())),
      }),
    ),
  }),
})

const Count = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.literal('vector'),
    result: z.array(z.object({ value: z.tuple([z.number(), z.string().regex(/^\d+(\.\d+)?(e\+?\d+)?$/)]) })).max(1),
  }),
})

const Failed = z.object({ status: z.literal('error'), error: z.string() })
const Numbers = z.object({ data: z.object({ resultType: z.enum(['matrix', 'vector', 'scalar']) }) })

export const loki: Ask<'loki'> = async (query, { fromAt, toAt }, most, ask) => {
  const lines = await ask({
    url: path(query.url, 'query_range', {
      query: query.query,
      start: nanoseconds(fromAt),
      end: nanoseconds(toAt),
      limit: String(most),
      direction: 'backward',
    }),
    body: null,
  })
  if (!lines.ok) return lines
  const read = Streams.safeParse(lines.json)
  if (!read.success) return { ok: false, why: notLines(lines.json) }
  const found = read.data.data.result.flatMap(({ stream, values }) => values.map((value) => lineOf(stream, value)))
  const left = read.data.warnings ?? []
  const why = left.length === 0 ? null : `answered in part: ${shown(left.join('; '), 200)}`
  if (found.length < most) return { ok: true, lines: found, total: null, why }
  const seconds = Math.max(1, Math.ceil((toAt - fromAt) / 1_000))
  const count = await ask({
    url: path(query.url, 'query', {
      // What ends a query may be a comment.
      query: `sum(count_over_time(${query.query}\n[${seconds}s]))`,
      time: nanoseconds(toAt),
    }),
    body: null,
  })
  const counted = count.ok ? Count.safeParse(count.json) : null
  // Without a count there are more of them all the same.
  const total = counted?.success ? Number(counted.data.data.result[0]?.value[1] ?? 0) : found.length + 1
  return { ok: true, lines: found, total, why }
}

const nanoseconds = (at: number) => `${Math.floor(at)}000000`

function path(base: string, name: string, parameters: Record<string, string>): URL {
  const url = new URL(base)
  url.pathname = `${url.pathname.replace(/\/$/, '')}/loki/api/v1/${name}`
  url.search = new URLSearchParams(parameters).toString()
  return url
}

function lineOf(stream: Record<string, string>, [at, text]: [string, string, ...unknown[]]): Found {
  const labels = Object.entries(stream).sort(([a], [b]) => (a < b ? -1 : 1))
  return { key: JSON.stringify([at, labels, text]), text, at: Number(at.slice(0, -6)) }
}

function notLines(json: unknown): string {
  const failed = Failed.safeParse(json)
  if (failed.success) return `answered with an error: ${shown(failed.data.error, 200)}`
  if (Numbers.safeParse(json).success)
    return 'answered with numbers: the query must give lines, such as {app="x"} |= "error", and they are counted here'
  return 'answered with JSON that is no answer of Loki'
}
