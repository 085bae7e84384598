import { z } from 'zod'
import type { ReadRate } from '../deps.ts'
import type { Reading } from '../domain/detect/rate-feed.ts'
import type { RateSource } from '../domain/rules.ts'
import { parsedJson } from '../json.ts'
import { refusedHost } from './address.ts'
import { at as pointedAt } from './answer.ts'
import { type Answered, ask } from './ask.ts'
import { inWords } from './look.ts'

/** One number has a few hundred bytes; documents with many counters some hundred kilobytes. */
const BODY_BYTES = 1024 * 1024

/**
 * Asks a source for its number. Whatever it answers is a reading, never a throw. What is said of a failure never repeats the answer: it may
 * hold secrets, and this goes to Slack.
 */
export const readRate: ReadRate = async ({ source, timeoutMs }, { allowPrivate }, at) => {
  const url = urlOf(source, at, timeoutMs)
  const why = refusedHost(url.hostname, allowPrivate)
  if (why !== null) return failed(why)
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    const headers = { accept: 'application/json', ...source.headers }
    const answer = await ask(url, { allowPrivate, signal, headers, most: BODY_BYTES })
    if (answer.cut) return failed(`${answer.line}, with more than ${BODY_BYTES / 1024 / 1024} MB`)
    return source.kind === 'prometheus' ? ofPrometheus(answer) : ofJson(answer, source.pointer)
  } catch (error) {
    return failed(signal.aborted ? `no answer within ${timeoutMs / 1_000} s` : inWords(error))
  }
}

type Asked = Extract<RateSource, { kind: 'prometheus' | 'json' }>

const failed = (saw: string): Reading => ({ kind: 'failed', saw })

/** The instant query of Prometheus' HTTP API, which VictoriaMetrics, Mimir and Thanos have too, below a path of their own. */
function urlOf(source: Asked, at: number, timeoutMs: number): URL {
  const url = new URL(source.url)
  if (source.kind === 'json') return url
  url.pathname = `${url.pathname.replace(/\/$/, '')}/api/v1/query`
  url.searchParams.set('query', source.query)
  url.searchParams.set('time', (at / 1_000).toFixed(3))
  url.searchParams.set('timeout', `${timeoutMs}ms`)
  return url
}

const Point = z.tuple([z.number(), z.string()])
const PrometheusAnswer = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('success'),
    /** Thanos says so of an answer in which a store is missing, VictoriaMetrics in a word of its own. */
    warnings: z.array(z.string()).nullish(),
    isPartial: z.boolean().optional(),
    data: z.discriminatedUnion('resultType', [
      z.object({ resultType: z.literal('vector'), result: z.array(z.object({ value: Point })) }),
      z.object({ resultType: z.literal('scalar'), result: Point }),
      z.object({ resultType: z.literal('matrix'), result: z.array(z.unknown()) }),
      z.object({ resultType: z.literal('string'), result: z.unknown() }),
    ]),
  }),
  z.object({ status: z.literal('error'), errorType: z.string() }),
])

/** What an API's own error is called: a word, and no text of a stranger. */
const word = (text: string) => (/^[a-z_]{1,40}$/.test(text) ? text : 'an error')

function ofPrometheus({ line, status, text }: Answered): Reading {
  const parsed = PrometheusAnswer.safeParse(parsedJson(text))
  if (!parsed.success)
    return failed(
      status === 200 ? `${line}, but no answer of a Prometheus API: does prometheus name its address?` : line,
    )
  const answer = parsed.data
  if (answer.status === 'error')
    return failed(
      answer.errorType === 'bad_data'
        ? `${line}: the query is not valid (bad_data)`
        : `${line}: the query failed (${word(answer.errorType)})`,
    )
  if (status !== 200) return failed(line)
  if (answer.isPartial || (answer.warnings ?? []).length > 0)
    return failed(
      'the answer is partial: some of what was asked for could not be read, so that the number may be too low',
    )
  const { resultType, result } = answer.data
  switch (resultType) {
    case 'scalar':
      return numeric(result[1])
    case 'vector': {
      const [first] = result
      if (!first) return { kind: 'absent', saw: 'the query has no result: nothing is counted there any more' }
      if (result.length > 1)
        return failed(`the query has ${result.length} results, and must have one: sum(…) makes one of them`)
      return numeric(first.value[1])
    }
    case 'matrix':
    case 'string':
      return failed(`the query's result is a ${resultType}, and must be a number: rate(…[1m]) or sum(…) makes one`)
    default:
      return resultType satisfies never
  }
}

function ofJson({ line, status, text }: Answered, pointer: string): Reading {
  if (status < 200 || status > 299) return failed(line)
  const found = parsedJson(text)
  if (found === undefined) return failed(`${line}, but no JSON`)
  const value = pointedAt(found, pointer)
  if (value === undefined) return failed(`there is no ${pointer === '' ? 'number' : pointer} in the JSON`)
  if (value === null) return { kind: 'absent', saw: `${pointer} in the JSON is null` }
  if (typeof value === 'number' || (typeof value === 'string' && value.trim() !== '')) return numeric(String(value))
  return failed(`${pointer === '' ? 'the JSON' : `${pointer} in the JSON`} is no number`)
}

function numeric(text: string): Reading {
  const value = Number(text.replace(/^\+Inf$/, 'Infinity').replace(/^-Inf$/, '-Infinity'))
  // Nothing divided by nothing: Prometheus' way of saying that there was nothing to count.
  if (text === 'NaN') return { kind: 'absent', saw: 'the answer is NaN: nothing is counted there' }
  if (Number.isNaN(value)) return failed('the answer is no number')
  if (!Number.isFinite(value)) return failed('the answer is an infinite number')
  return { kind: 'value', value }
}
