import { DateTime } from 'luxon'
import { intervalOf } from '../domain/detect/rate-interval.ts'
import { type Rung, replay } from '../domain/detect/rate-replay.ts'
import { monthsBetween, rarity } from '../domain/detect/rate-score.ts'
import { ACCEPT_MS } from '../domain/detect/rate-series.ts'
import type { RateSample, RateSpec } from '../domain/detect/rate-state.ts'
import { DAY_MS, HOUR_MS, isZone, toWall } from '../domain/duty/time.ts'
import { messageOf } from '../errors.ts'
import { holidaysGiven } from './holidays-given.ts'
import { readSeries } from './series-file.ts'

interface Output {
  write(text: string): unknown
}

interface Options {
  series: string
  budget?: string
  zone?: string
  holidays?: string
  interval?: string
  json?: boolean
}

/** Shown side by side, so that a team sees what each costs. */
const BUDGETS = [0.5, 1, 3, 10]
const USUAL_BUDGET = 1
const MONTH_DAYS = 30

interface Tried {
  budget: number
  rung: Rung[]
  /** Alarms in 30 days. */
  aMonth: number
}

/**
 * `watchbill backtest`: what the rate detector would have made of a series, for several budgets of false alarms.
 *
 * @returns the exit code: 0 the whole file was read, 1 there are lines in it that could not be, 2 cannot answer
 */
export async function backtest(options: Options, io: { stdout: Output; stderr: Output }): Promise<number> {
  const fail = (sentence: string) => {
    io.stderr.write(`${sentence}\n`)
    return 2
  }
  const zone = options.zone ?? 'UTC'
  const budget = Number(options.budget ?? USUAL_BUDGET)
  const given = options.interval === undefined ? null : Number(options.interval)
  if (!isZone(zone)) return fail(`"${zone}" is no time zone: give an IANA name, such as Europe/Berlin.`)
  if (!(budget > 0 && budget <= 1_000))
    return fail(`--budget ${options.budget} is not a number of false alarms a month: give one above 0, such as 1.`)
  if (given !== null && !(given > 0)) return fail(`--interval ${options.interval} is not a number of seconds above 0.`)
  let file: Awaited<ReturnType<typeof readSeries>>
  try {
    file = await readSeries(options.series)
  } catch (error) {
    return fail(`${options.series} cannot be read: ${messageOf(error)}`)
  }
  const { samples, problems, bad } = file
  for (const problem of problems) io.stderr.write(`${problem}\n`)
  if (bad > problems.length) io.stderr.write(`and ${bad - problems.length} more lines\n`)
  if (samples.length < 2)
    return fail(`${options.series} holds ${samples.length} samples: give a CSV of time,value with a few days of them.`)
  const intervalMs = given === null ? intervalOf(samples.map(({ at }) => at)) : given * 1_000
  const days = ((samples.at(-1)?.at ?? 0) - (samples[0]?.at ?? 0) + intervalMs) / DAY_MS
  const span = { fromAt: samples[0]?.at ?? 0, toAt: samples.at(-1)?.at ?? 0, zone }
  const holidays = options.holidays === undefined ? new Set<number>() : await holidaysGiven(options.holidays, span)
  if ('wrong' in holidays) return fail(holidays.wrong)
  const budgets = [...new Set([...BUDGETS, budget])].toSorted((a, b) => a - b)
  const tried = budgets.map((each): Tried => {
    const { rung } = replay(samples, specOf(each, intervalMs, zone, holidays))
    return { budget: each, rung, aMonth: (rung.length * MONTH_DAYS) / days }
  })
  const about: About = {
    path: options.series,
    samples,
    intervalMs,
    zone,
    days,
    budget,
    holidays: inside(holidays, span),
  }
  io.stdout.write(options.json ? `${JSON.stringify(asJson(about, tried))}\n` : told(about, tried))
  return bad > 0 ? 1 : 0
}

interface About {
  path: string
  samples: RateSample[]
  intervalMs: number
  zone: string
  days: number
  budget: number
  /** How many of its days are spent like Sundays. */
  holidays: number
}

const inside = (
  holidays: ReadonlySet<number>,
  { fromAt, toAt, zone }: { fromAt: number; toAt: number; zone: string },
) => {
  const [first, last] = [fromAt, toAt].map((at) => Math.floor(toWall(at, zone) / DAY_MS))
  return [...holidays].filter((day) => day >= (first ?? 0) && day <= (last ?? 0)).length
}

const specOf = (budget: number, intervalMs: number, zone: string, holidays: ReadonlySet<number>): RateSpec => ({
  intervalMs,
  zone,
  holidays,
  floor: null,
  ceiling: null,
  budget,
  acceptMs: ACCEPT_MS,
})

function asJson({ samples, intervalMs, days, holidays }: About, tried: readonly Tried[]) {
  return {
    samples: samples.length,
    intervalSeconds: intervalMs / 1_000,
    days: Number(days.toFixed(2)),
    holidays,
    budgets: tried.map(({ budget, rung, aMonth }) => ({
      budget,
      alarms: rung.length,
      aMonth: Number(aMonth.toFixed(2)),
      rung: rung.map(({ from, until, direction, why, seen, expected, score }) => ({
        from: new Date(from).toISOString(),
        until: until === null ? null : new Date(until).toISOString(),
        direction,
        why,
        seen,
        expected,
        score: Number(score.toFixed(4)),
      })),
    })),
  }
}

function told(about: About, tried: readonly Tried[]): string {
  const { samples, zone, budget } = about
  const clock = (at: number) => DateTime.fromMillis(at, { zone, locale: 'en' }).toFormat('d LLL yyyy HH:mm')
  const chosen = tried.find((each) => each.budget === budget)?.rung ?? []
  const lines = [
    `${about.path}: ${samples.length} samples, one every ${span(about.intervalMs)}, ${clock(samples[0]?.at ?? 0)} to ${clock(samples.at(-1)?.at ?? 0)} (${zone})${about.holidays > 0 ? `, ${about.holidays} ${about.holidays === 1 ? 'holiday' : 'holidays'} among its days` : ''}`,
    '',
    ...table([
      ['budget a month', 'would have rung', 'a month', 'up', 'down', 'flat', 'no data'],
      ...tried.map(({ budget: each, rung, aMonth }) => [
        `${each}${each === budget ? ' *' : ''}`,
        String(rung.length),
        aMonth.toFixed(1),
        ...(['up', 'down', 'flat', 'nodata'] as const).map((direction) =>
          String(rung.filter((one) => one.direction === direction).length),
        ),
      ]),
    ]),
    '',
  ]
  const learned =
    about.days < 8 ? ' It has not seen a whole week: of what it takes for unusual, some is a weekend.' : ''
  if (chosen.length === 0)
    return `${[...lines, `With a budget of ${budget} a month nothing would have rung.${learned}`].join('\n')}\n`
  const rows = chosen.map(({ from, until, direction, why, seen, expected, score }) => [
    clock(from),
    until === null ? 'still ringing' : span(until - from),
    WORDS[direction],
    WHY[why],
    seen === null ? 'nothing' : number(seen),
    expected === null ? '' : `${number(expected.low)} to ${number(expected.high)}`,
    rarity(monthsBetween(score)),
  ])
  return `${[
    ...lines,
    `With a budget of ${budget} (*) there would have rung:${learned}`,
    '',
    ...table([['from', 'for', 'what', 'because of', 'seen', 'expected', 'to be expected once in'], ...rows]),
  ].join('\n')}\n`
}

const WORDS: Record<Rung['direction'], string> = { up: 'up', down: 'down', flat: 'flat', nodata: 'no data' }

const WHY: Record<Rung['why'], string> = {
  burst: 'one sample',
  plunge: 'one sample',
  rise: 'many samples, each somewhat high',
  fall: 'many samples, each somewhat low',
  surge: 'some samples, each far too high',
  sink: 'some samples, each far too low',
  silence: 'zeros in a row',
  stuck: 'the same value again and again',
  nodata: 'samples that did not come',
  floor: 'the floor',
  ceiling: 'the ceiling',
}

const number = (value: number) =>
  value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(value < 1 ? 2 : 3)))

function span(ms: number): string {
  if (ms < 60_000) return `${ms / 1_000} s`
  if (ms < HOUR_MS) return `${Math.round(ms / 60_000)} min`
  return ms < 3 * DAY_MS ? `${Number((ms / HOUR_MS).toFixed(1))} h` : `${Math.round(ms / DAY_MS)} days`
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map(
    (row) =>
      `  ${row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd()}`,
  )
}
