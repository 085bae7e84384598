import { DateTime } from 'luxon'
import { DAY_MS, HOUR_MS } from '../duty/time.ts'
import type { Signal } from '../event.ts'
import type { Evidence } from '../incident.ts'
import type { RateMonitor } from '../rules.ts'
import { once } from './rate-score.ts'
import type { Reading, Why } from './rate-state.ts'

/** What a monitor of a rate says of its alarms, in words for people. */

/** A sample as an alarm shows it. */
export interface Shown {
  at: number
  value: number | null
  /** Where 99 in 100 samples lie; null: not known then. */
  expected: Reading['expected']
}

/** What was counted in a slot (null: nothing arrived), and between what it was expected to lie (null: not known). */
export interface SlotSample {
  at: number
  value: number | null
  low: number | null
  high: number | null
}

/** What an alarm stands on. */
export interface Grounds {
  /** How long one would wait for as much by chance; null: somebody has written a limit down. */
  months: number | null
  /** For how long it has been so, as far as that can be told. */
  lastsMs: number
  /** Of the people behind the counts. */
  zone: string
  /** A whole week has been seen: what is expected is of this very hour of the week. */
  familiar: boolean
  /** Which is spent like a Sunday. */
  holiday: boolean
}

/** `1,234`, `12.5`, `0.004`: as many digits as tell it apart. */
export function amount(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 2 : 3
  return value.toLocaleString('en-US', { maximumFractionDigits: digits })
}

const usual = ({ low, high }: NonNullable<Shown['expected']>) => `${amount(low)} to ${amount(high)}`

const saw = ({ value, expected }: Shown): string => {
  const seen = value === null ? 'nothing arrived' : amount(value)
  return expected === null ? seen : `${seen}, expected ${usual(expected)}`
}

/** What is wrong, without the number of the moment. */
export const WRONG: Record<Why, string> = {
  silence: 'gone silent',
  stuck: 'stuck at one number',
  nodata: 'no numbers arrive',
  floor: 'below its floor',
  ceiling: 'above its ceiling',
  plunge: 'dropped',
  fall: 'dropped',
  sink: 'dropped',
  burst: 'risen',
  rise: 'risen',
  surge: 'risen',
}

/** What is wrong, in as few words as a page has room for. */
function headlineOf({ name, floor, ceiling }: RateMonitor, why: Why, last: Shown): string {
  const now = last.value === null ? 'nothing' : amount(last.value)
  switch (why) {
    case 'silence':
      return `${name} has gone silent`
    case 'stuck':
      return `${name} is stuck at ${now}`
    case 'nodata':
      return `${name}: no numbers arrive any more`
    case 'floor':
      return `${name} is at ${now}, below its floor of ${amount(floor ?? 0)}`
    case 'ceiling':
      return `${name} is at ${now}, above its ceiling of ${amount(ceiling ?? 0)}`
    case 'plunge':
    case 'fall':
    case 'sink':
      return `${name} has dropped to ${now}`
    case 'burst':
    case 'rise':
    case 'surge':
      return `${name} has risen to ${now}`
    default:
      return why satisfies never
  }
}

/** Beside the headline: what was expected, for how long it has not been so, and how unusual that is. */
function explained(why: Why, last: Shown, grounds: Grounds): string {
  const { months } = grounds
  const said = why === 'nodata' ? ['the source answers, and has nothing to count'] : comparison(why, last, grounds)
  const seldom = months === null ? '' : ` (by chance ${once(months)})`
  return `${said.length > 0 ? said.join('; ') : 'that is unusual for it'}${seldom}`
}

function comparison(why: Exclude<Why, 'nodata'>, { at, expected }: Shown, grounds: Grounds): string[] {
  const range = `usually ${expected === null ? '' : usual(expected)} ${hourOf(at, grounds)}`
  // Each of many samples may lie where samples lie, and all of them to one side.
  const about = `usually about ${amount(expected?.mid ?? 0)} ${hourOf(at, grounds)}`
  const lasts = grounds.lastsMs > 0 ? ` for ${lasting(grounds.lastsMs)}` : ''
  switch (why) {
    case 'floor':
    case 'ceiling':
      return ['a limit of the configuration', ...(expected === null ? [] : [range])]
    case 'fall':
    case 'sink':
      return expected === null ? [] : [`${about}, and below that${lasts}`]
    case 'rise':
    case 'surge':
      return expected === null ? [] : [`${about}, and above that${lasts}`]
    case 'silence':
    case 'stuck':
      return [...(lasts === '' ? [] : [`so${lasts}`]), ...(expected === null ? [] : [range])]
    case 'plunge':
    case 'burst':
      return expected === null ? [] : [range]
    default:
      return why satisfies never
  }
}

/** `on Mondays at 08:10`, once the week is known. */
const hourOf = (at: number, { zone, familiar, holiday }: Grounds) =>
  holiday
    ? 'at this time of a holiday'
    : familiar
      ? DateTime.fromMillis(at, { zone, locale: 'en' }).toFormat("'on' cccc's at' HH:mm")
      : 'at this time'

/** `45 s`, `25 min`, `3.5 h`, `2 days` */
function lasting(ms: number): string {
  if (ms < 60_000) return `${Math.round(ms / 1_000)} s`
  if (ms < 2 * HOUR_MS) return `${Math.round(ms / 60_000)} min`
  return ms < 2 * DAY_MS ? `${Number((ms / HOUR_MS).toFixed(1))} h` : `${Math.round(ms / DAY_MS)} days`
}

/** What the desk hears when an alarm of the rate begins or ends. */
export function rateSignal(
  monitor: RateMonitor,
  { alarm, recent }: { alarm: { why: Why; grounds: Grounds } | null; recent: readonly Shown[] },
  at: number,
): Signal {
  const { name, service, severity } = monitor
  const last = recent.at(-1) ?? { at, value: null, expected: null }
  const said = { type: 'signal' as const, service, key: name, monitor: name, severity, seenAt: at }
  if (alarm === null) {
    const headline = `${name} is as usual again`
    return { ...said, status: 'resolved', headline, summary: `${headline}: ${saw(last)}`, evidence: [] }
  }
  const headline = headlineOf(monitor, alarm.why, last)
  const summary = `${headline}: ${explained(alarm.why, last, alarm.grounds)}`
  return { ...said, status: 'firing', headline, summary, evidence: recent.map(evidenceOf) }
}

const evidenceOf = (shown: Shown): Evidence => ({ at: shown.at, saw: saw(shown) })

/** That a source cannot be read is an alarm of its own: of the rate nothing is known meanwhile. */
export function sourceSignal(monitor: RateMonitor, to: 'down' | 'up', why: string, at: number): Signal {
  const { name, service, severity } = monitor
  const headline = to === 'down' ? `${name}: its source cannot be read` : `${name}: its source can be read again`
  const more = to === 'down' ? `${why}; nobody watches the rate meanwhile` : 'the rate is watched again'
  return {
    ...{ type: 'signal', service, key: `${name} (source)`, monitor: name, severity, seenAt: at },
    status: to === 'down' ? 'firing' : 'resolved',
    headline,
    summary: `${headline}: ${more}`,
    evidence: [],
  }
}
