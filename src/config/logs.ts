import { resolve } from 'node:path'
import { z } from 'zod'
import type { LogMonitor } from '../domain/rules.ts'
import {
  duration,
  integer,
  leaf,
  listOf,
  mustBe,
  ok,
  oneOf,
  parseDuration,
  type Read,
  text,
  trueOrFalse,
} from './leaf.ts'
import { queryKeys, querySense, toQuery } from './log-query.ts'
import type { Context } from './names.ts'
import { pattern } from './pattern.ts'

/** What a monitor of a log says about it. */

/** Each is looked for in every line. */
const MOST_PATTERNS = 20
/** More lines than this in a window are a rate, which has monitors of its own; and the instant of each is remembered. */
const MOST_COUNTED = 1_000

const DEFAULT_WITHIN_MS = 5 * 60_000
const DEFAULT_QUIET_MS = 15 * 60_000
const DEFAULT_CANARY_MS = 5 * 60_000

const match = z.strictObject({
  pattern: pattern.optional(),
  within: duration('1s', '1d').optional(),
  count: integer(1, MOST_COUNTED).optional(),
})

const CANARY = 'a duration such as 5m, the word external, or { external: 10m }'
const canary = leaf(CANARY, (value): Read<{ by: 'external' | null; everyMs: number }> => {
  if (value === 'external') return ok({ by: 'external', everyMs: DEFAULT_CANARY_MS })
  const external = typeof value === 'object' && value !== null && 'external' in value && Object.keys(value).length === 1
  const everyMs = parseDuration(external ? value.external : value)
  if (everyMs === null) return mustBe(CANARY)
  const [least, most] = [LEAST_CANARY_MS, MOST_CANARY_MS]
  if (everyMs < least || everyMs > most) return mustBe('between 1s and 1d')
  return ok({ by: external ? 'external' : null, everyMs })
})
const LEAST_CANARY_MS = 1_000
const MOST_CANARY_MS = 86_400_000

const NO_EFFECT = 'has no effect: expect: empty makes an alarm of every line'

/** Where its lines come from. */
const SOURCES = ['file', 'push', 'loki', 'elasticsearch'] as const

const DEFAULT_LEARN_MS = 86_400_000
const LEARN = 'true, or how long shapes are learned, such as 1d'
const newShapes = leaf(LEARN, (value): Read<number | null> => {
  if (typeof value === 'boolean') return ok(value ? DEFAULT_LEARN_MS : null)
  const learnMs = parseDuration(value)
  if (learnMs === null) return mustBe(LEARN)
  return learnMs >= 60_000 && learnMs <= 30 * 86_400_000 ? ok(learnMs) : mustBe('between 1m and 30d')
})

export const logShape = (context: Context) =>
  z
    .strictObject({
      file: text('the path of a file', 1_000).optional(),
      push: trueOrFalse.optional(),
      ...queryKeys(context),
      expect: oneOf('empty').optional(),
      match: z.preprocess(
        (value) => (Array.isArray(value) || value === undefined ? value : [value]),
        listOf(match, MOST_PATTERNS).optional(),
      ),
      ignore: listOf(pattern, MOST_PATTERNS).optional(),
      new_shapes: newShapes.optional(),
      quiet: duration('1s', '7d').optional(),
      canary: canary.optional(),
    })
    .superRefine((log, refinement) => {
      const refuse = (message: string, ...path: (string | number)[]) =>
        refinement.addIssue({ code: 'custom', path, message })
      const sources = SOURCES.filter((key) => log[key] !== undefined && log[key] !== false)
      if (sources.length !== 1)
        refuse('needs exactly one of file, loki, elasticsearch, and push: true for lines that are sent to Watchbill')
      else querySense(log, refuse)
      if (log.expect !== undefined && log.match !== undefined) refuse(NO_EFFECT, 'match')
      const isLearned = typeof log.new_shapes === 'number'
      if (log.expect !== undefined && isLearned) refuse(NO_EFFECT, 'new_shapes')
      if (log.expect === undefined && log.match === undefined && log.canary === undefined && !isLearned)
        refuse('needs expect: empty, match, new_shapes or canary: without one nothing in the log would ever page')
      const isAsked = log.loki !== undefined || log.elasticsearch !== undefined
      for (const [index, each] of (log.match ?? []).entries())
        if (each.pattern === undefined && !isAsked)
          refuse('is missing: it must be a regular expression', 'match', index, 'pattern')
    })
type LogShape = z.infer<ReturnType<typeof logShape>>

/** @param folder where a relative path begins */
export function toLog(log: LogShape, folder: string): Omit<LogMonitor, 'name' | 'service' | 'severity'> {
  const file = log.file === undefined ? null : resolve(folder, log.file)
  return {
    kind: 'log',
    file,
    asks: toQuery(log),
    expectEmpty: log.expect === 'empty',
    match: (log.match ?? []).map(({ pattern, within, count }) => ({
      pattern: pattern ?? null,
      withinMs: within ?? DEFAULT_WITHIN_MS,
      count: count ?? 1,
    })),
    ignore: log.ignore ?? [],
    newShapes: typeof log.new_shapes === 'number' ? { learnMs: log.new_shapes } : null,
    // Into what is pushed to us, or asked for, only others can write.
    canary: log.canary
      ? { by: log.canary.by ?? (file === null ? 'external' : 'own'), everyMs: log.canary.everyMs }
      : null,
    quietMs: log.quiet ?? DEFAULT_QUIET_MS,
  }
}
