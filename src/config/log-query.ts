import type { z } from 'zod'
import type { LogQuery } from '../domain/rules.ts'
import { duration, formatDuration, matching, text } from './leaf.ts'
import type { Context } from './names.ts'
import { lowerCase, requestHeaders } from './probes.ts'
import { url } from './targets.ts'

/** What a monitor of a log says about where its lines are asked for. */

/** It goes into an address, and those have a length. */
const LONGEST_QUERY = 2_000
const DEFAULT_EVERY_MS = 30_000
const DEFAULT_TIMEOUT_MS = 10_000
const DEFAULT_LATE_MS = 60_000

const fieldName = matching(/^[\w@][\w@.-]{0,200}$/, 'the name of a field')

export const queryKeys = (context: Context) => ({
  loki: url(context.network).optional(),
  elasticsearch: url(context.network).optional(),
  query: text('a query', LONGEST_QUERY).optional(),
  index: matching(/^[a-z0-9.*][a-z0-9_.*,:+-]{0,250}$/, 'the name of an index, or a pattern such as logs-*').optional(),
  time: fieldName.optional(),
  field: fieldName.optional(),
  headers: requestHeaders.optional(),
  every: duration('5s', '10m').optional(),
  timeout: duration('100ms', '30s').optional(),
  late: duration('1s', '1h').optional(),
})
type Shape = { [K in keyof ReturnType<typeof queryKeys>]?: z.output<ReturnType<typeof queryKeys>[K]> }

/** Keys that each kind of source has. */
const LOKI = ['query', 'headers', 'every', 'timeout', 'late'] as const
const ELASTICSEARCH = [...LOKI, 'index', 'time', 'field'] as const

/** Keys that are each well, and make no sense together. */
export function querySense(shape: Shape, refuse: (message: string, ...path: string[]) => void): void {
  const known: readonly string[] = shape.elasticsearch ? ELASTICSEARCH : shape.loki ? LOKI : []
  for (const key of ELASTICSEARCH) {
    if (shape[key] === undefined || known.includes(key)) continue
    refuse(`has no effect: it belongs to ${LOKI.some((each) => each === key) ? 'loki or ' : ''}elasticsearch`, key)
  }
  for (const key of ['loki', 'elasticsearch'] as const) {
    const address = shape[key]
    if (address === undefined) continue
    if (shape.query === undefined) refuse(`needs a query: what it is asked for`, key)
    const { search, hash } = new URL(address)
    if (search !== '' || hash !== '') refuse('must be the address of the server, without ? and #', key)
  }
  if (shape.elasticsearch !== undefined && shape.index === undefined) refuse('needs an index', 'elasticsearch')
  const every = shape.every ?? DEFAULT_EVERY_MS
  if (shape.timeout !== undefined && shape.timeout > every)
    refuse(`must be at most every (${formatDuration(every)}), not {it}: questions would overlap`, 'timeout')
}

/** Null where nobody is asked. */
export function toQuery(shape: Shape): LogQuery | null {
  const address = shape.loki ?? shape.elasticsearch
  if (address === undefined) return null
  const everyMs = shape.every ?? DEFAULT_EVERY_MS
  const asked = {
    url: address,
    query: shape.query ?? '',
    headers: lowerCase(shape.headers),
    everyMs,
    timeoutMs: shape.timeout ?? Math.min(DEFAULT_TIMEOUT_MS, everyMs),
    lateMs: shape.late ?? DEFAULT_LATE_MS,
  }
  if (shape.loki !== undefined) return { ...asked, kind: 'loki' }
  return {
    ...asked,
    kind: 'elasticsearch',
    index: shape.index ?? '',
    time: shape.time ?? '@timestamp',
    field: shape.field ?? 'message',
  }
}
