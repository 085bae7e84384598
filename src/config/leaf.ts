import { z } from 'zod'
import { didYouMean } from './suggest.ts'

/**
 * A leaf of the configuration: a value, and the sentence that is said when it is none. In sentences `{it}` stands for the value as the
 * operator wrote it; they continue what comes before them, as in `monitor "home": every` + ` must be …`.
 */
export type Read<T> = { ok: T } | { wrong: string; whole?: boolean }

/**
 * @param what what is expected, in words that fit behind `must be`
 * @param read never sees undefined or null; `whole` in its answer makes the sentence speak of the thing around, not of the key
 */
export function leaf<T>(what: string, read: (value: unknown) => Read<T>) {
  return z.unknown().transform((value, context): T => {
    const result: Read<T> = value === undefined ? missing(what) : value === null ? empty(what) : read(value)
    if ('ok' in result) return result.ok
    context.addIssue({ code: 'custom', message: result.wrong, params: { whole: result.whole === true } })
    return z.NEVER
  })
}

const missing = (what: string) => ({ wrong: `is missing: it must be ${what}` })
const empty = (what: string) => ({ wrong: `is empty: it must be ${what}` })

export const ok = <T>(value: T): Read<T> => ({ ok: value })
export const mustBe = (what: string): Read<never> => ({ wrong: `must be ${what}, not {it}` })

/** Text on one line. The value is never repeated, because it may be a secret. */
export function text(what = 'text', longest = 500) {
  return leaf(what, (value) => {
    if (typeof value !== 'string') return { wrong: 'must be text: put it in quotes' }
    if (value.trim() === '') return { wrong: `is empty: it must be ${what}` }
    if (value.length > longest) return { wrong: `must have at most ${longest} characters, not ${value.length}` }
    return ok(value)
  })
}

export function matching(pattern: RegExp, what: string) {
  return leaf(what, (value) => (typeof value === 'string' && pattern.test(value) ? ok(value) : mustBe(what)))
}

export function integer(least: number, most: number) {
  const what = `a whole number between ${least} and ${most}`
  return leaf(what, (value) =>
    Number.isInteger(value) && Number(value) >= least && Number(value) <= most ? ok(Number(value)) : mustBe(what),
  )
}

export const trueOrFalse = leaf('true or false', (value) =>
  typeof value === 'boolean' ? ok(value) : mustBe('true or false'),
)

export function oneOf<const T extends string>(...values: readonly T[]) {
  const what = values.length === 1 ? `the word ${values[0]}` : `one of ${values.join(', ')}`
  return leaf(what, (value) => {
    const found = values.find((one) => one === value)
    if (found !== undefined) return ok(found)
    return { wrong: `must be ${what}, not {it}${typeof value === 'string' ? didYouMean(value, values) : ''}` }
  })
}

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/** `<int>` and ms, s, m, h, d or w. Milliseconds, or null when it is none. */
export function parseDuration(value: unknown): number | null {
  const match = typeof value === 'string' ? /^(\d{1,9})(ms|s|m|h|d|w)$/.exec(value) : null
  return match ? Number(match[1]) * UNITS[match[2] as keyof typeof UNITS] : null
}

/** A duration within bounds, both written as durations. */
export function duration(least: string, most: string) {
  const what = `a duration between ${least} and ${most}`
  const [leastMs, mostMs] = [parseDuration(least) ?? 0, parseDuration(most) ?? 0]
  return leaf(what, (value) => {
    if (typeof value === 'number' || (typeof value === 'string' && /^\d+$/.test(value))) {
      return { wrong: `is {it} without a unit: write a whole number and ms, s, m, h, d or w, for example 30s` }
    }
    const ms = parseDuration(value)
    if (ms === null) return mustBe('a whole number and ms, s, m, h, d or w, for example 30s')
    return ms >= leastMs && ms <= mostMs ? ok(ms) : mustBe(`between ${least} and ${most}`)
  })
}

/** A duration in the largest unit that fits, for sentences. */
export function formatDuration(ms: number): string {
  for (const unit of ['w', 'd', 'h', 'm', 's'] as const) {
    if (ms > 0 && ms % UNITS[unit] === 0) return `${ms / UNITS[unit]}${unit}`
  }
  return `${ms}ms`
}

/** A list of one element to `most`. */
export function listOf<T extends z.ZodType>(element: T, most: number) {
  return z.array(element).min(1).max(most)
}
