import { z } from 'zod'
import type { RateMonitor } from '../domain/rules.ts'
import { duration, leaf, listOf, mustBe, ok, oneOf, text, trueOrFalse } from './leaf.ts'
import type { readMonitors } from './monitors.ts'
import { type Context, reference } from './names.ts'
import { pattern } from './pattern.ts'
import { jsonPointer, requestHeaders } from './probes.ts'
import type { Report } from './relations.ts'
import { url } from './targets.ts'

/** What a monitor of a rate says about it. */

const DIRECTIONS = ['dip', 'flatline', 'spike'] as const

/** False alarms that are put up with, a month. Fewer find less; with more nobody looks any more. */
const [LEAST_BUDGET, MOST_BUDGET, DEFAULT_BUDGET] = [0.1, 100, 1]

const LONGEST_QUERY = 5_000

const between = (least: number, most: number) => {
  const what = most === Infinity ? `a number of at least ${least}` : `a number between ${least} and ${most}`
  return leaf(what, (value) =>
    typeof value === 'number' && value >= least && value <= most && Number.isFinite(value) ? ok(value) : mustBe(what),
  )
}

/** Where the numbers come from. */
function sourceShape(context: Context) {
  return z
    .strictObject({
      prometheus: url(context.network).optional(),
      query: text('a PromQL query', LONGEST_QUERY).optional(),
      json: url(context.network).optional(),
      at: jsonPointer.optional(),
      push: trueOrFalse.optional(),
      log: reference('monitors', context, 'counts the lines of').optional(),
      match: pattern.optional(),
      headers: requestHeaders.optional(),
      counter: trueOrFalse.optional(),
    })
    .superRefine((source, refinement) => {
      const refuse = (message: string, ...path: string[]) => refinement.addIssue({ code: 'custom', path, message })
      const { prometheus, json, push, log } = source
      const kinds = [prometheus !== undefined, json !== undefined, push === true, log !== undefined]
      if (kinds.filter(Boolean).length !== 1)
        return refuse('needs exactly one of prometheus (with query), json (with at), log (a monitor), or push: true')
      if (source.match !== undefined && log === undefined) refuse('is only looked for in the lines of a log', 'match')
      if ((prometheus === undefined) !== (source.query === undefined))
        return prometheus === undefined
          ? refuse('is only asked of prometheus', 'query')
          : refuse('needs a query beside prometheus, for example sum(rate(http_requests_total[1m]))')
      if ((json === undefined) !== (source.at === undefined))
        return json === undefined
          ? refuse('is only looked for in json', 'at')
          : refuse('needs at beside json: where the number stands, for example /requests/total')
      const isAsked = prometheus !== undefined || json !== undefined
      if (!isAsked && source.headers !== undefined) refuse('are never sent: nobody is asked', 'headers')
      if (!isAsked && source.counter === true)
        refuse('is for numbers that are asked for and only grow; what is pushed or read is counted by us', 'counter')
    })
}

export const rateKeys = (context: Context) => ({
  every: duration('1s', '1d').default(60_000),
  timeout: duration('100ms', '30s').optional(),
  rate: sourceShape(context),
  detect: listOf(oneOf(...DIRECTIONS), DIRECTIONS.length).optional(),
  floor: between(0, Infinity).optional(),
  ceiling: between(0, Infinity).optional(),
  false_alarms_a_month: between(LEAST_BUDGET, MOST_BUDGET).optional(),
})

interface RateShape {
  every: number
  timeout?: number | undefined
  rate: z.infer<ReturnType<typeof sourceShape>>
  detect?: (typeof DIRECTIONS)[number][] | undefined
  floor?: number | undefined
  ceiling?: number | undefined
  false_alarms_a_month?: number | undefined
}

export function rateSense({ floor, ceiling }: RateShape, context: z.RefinementCtx): void {
  if (floor === undefined || ceiling === undefined || floor < ceiling) return
  const message = `is {it}, not more than floor (${floor}): no rate could ever be well`
  context.addIssue({ code: 'custom', path: ['ceiling'], message })
}

const DEFAULT_TIMEOUT_MS = 5_000

export const toRate = (shape: RateShape): Omit<RateMonitor, 'name' | 'service' | 'severity'> => ({
  kind: 'rate',
  everyMs: shape.every,
  timeoutMs: shape.timeout ?? Math.min(DEFAULT_TIMEOUT_MS, shape.every),
  source: toSource(shape.rate),
  detect: shape.detect ? [...new Set(shape.detect)] : [...DIRECTIONS],
  floor: shape.floor ?? null,
  ceiling: shape.ceiling ?? null,
  falseAlarms: shape.false_alarms_a_month ?? DEFAULT_BUDGET,
})

function toSource({
  prometheus,
  query,
  json,
  at,
  log,
  match,
  headers,
  counter,
}: RateShape['rate']): RateMonitor['source'] {
  const asked = { headers: headers ?? {}, counter: counter ?? false }
  if (prometheus !== undefined) return { kind: 'prometheus', url: prometheus, query: query ?? '', ...asked }
  if (json !== undefined) return { kind: 'json', url: json, pointer: at ?? '', ...asked }
  if (log !== undefined) return { kind: 'log', log, match: match ?? null }
  return { kind: 'push' }
}

/** Lines are counted of what reads lines. */
export function ofLogs(monitors: ReturnType<typeof readMonitors>, report: Report): void {
  for (const [name, { kind, shape }] of monitors) {
    const log = kind === 'rate' ? shape.rate.log : undefined
    const found = log === undefined ? undefined : monitors.get(log)
    if (found !== undefined && found.kind !== 'log')
      report(['monitors', name, 'rate', 'log'], `counts the lines of {name}, which reads no log`, true)
  }
}
