import { DateTime } from 'luxon'
import type { Signal } from '../event.ts'
import { type Evidence, graver } from '../incident.ts'
import { callOf, type Hears, SOURCE_WORDS } from '../intake.ts'
import type { Heartbeat, Severity } from '../rules.ts'
import { type Change, expectedAt, type HeartbeatState } from './heartbeat.ts'

interface Told {
  monitor: Heartbeat
  /** After the change. */
  state: HeartbeatState
  change: Change
  /** When that was seen, watch time. */
  at: number
  /** For times of day. */
  zone: string
}

/** What the desk hears of a change: with what was seen, so that whoever is woken knows why. */
export function signalOf(told: Told): Signal {
  const { monitor, change, at } = told
  const { headline, summary } = wordsOf(told)
  const isPace = change.what === 'too-often' || change.what === 'spaced'
  const firing = change.what === 'down' || change.what === 'too-often'
  return {
    type: 'signal',
    service: monitor.service,
    // An alert of its own: what runs too often may be missed later all the same.
    key: isPace ? `${monitor.name}/too-often` : monitor.name,
    monitor: monitor.name,
    severity: isPace ? milder(monitor.severity) : monitor.severity,
    status: firing ? 'firing' : 'resolved',
    headline,
    summary,
    evidence: firing ? evidence(told) : [],
    seenAt: at,
    // What still comes of the service must not vanish in the incident that says that something may not come.
    ...(monitor.hears && { apart: true as const }),
  }
}

/** Two runs at a time are a thing to look at in the morning: the channel is told, and nobody is woken. */
const milder = (severity: Severity): Severity => (graver(severity, 'warning') === 'warning' ? severity : 'warning')

function wordsOf(told: Told): { headline: string; summary: string } {
  const { monitor, change } = told
  const { name } = monitor
  const say = (headline: string, details: string) => ({ headline, summary: `${headline}: ${details}` })
  switch (change.what) {
    case 'up':
      return monitor.hears
        ? say(`${name} calls again`, `${callOf(monitor.hears)} has come`)
        : say(`${name} is well again`, 'it has reported success')
    case 'spaced':
      return say(`${name} runs at its pace again`, `${span(monitor.minEveryMs ?? 0)} or more lie between two runs`)
    case 'too-often':
      return say(
        `${name} runs too often`,
        `two runs within ${span(change.gapMs)}, which should be ${span(monitor.minEveryMs ?? 0)} apart at least`,
      )
    case 'down':
      return downWords(told, change.why)
    default:
      return change satisfies never
  }
}

function downWords(told: Told, why: NonNullable<HeartbeatState['why']>): { headline: string; summary: string } {
  const { monitor, state, at } = told
  const { name, hears } = monitor
  const last = state.recent.at(-1)
  if (hears) return silentWords(told, hears, why)
  switch (why) {
    case 'failed': {
      const exit = last?.exit ?? null
      const ran = last?.ranMs == null ? '' : ` after ${span(last.ranMs)}`
      return {
        headline: `${name} failed`,
        summary: `${name} failed${exit === null ? '' : ` with exit status ${exit}`}${ran}`,
      }
    }
    case 'overran': {
      const startAt = Math.min(at, ...state.runs.map((run) => run.startAt))
      const limit = span(monitor.maxRunMs ?? 0)
      const summary = `${name} runs too long: started ${clock(told, startAt)}, ${span(at - startAt)} ago, and has not ended; it may take ${limit}${excuse(told)}`
      return { headline: `${name} runs too long`, summary }
    }
    case 'missed': {
      const seen =
        state.lastSuccessAt === null
          ? `never pinged since ${clock(told, state.createdAt)}, ${span(at - state.createdAt)} ago`
          : `last ping ${span(at - state.lastSuccessAt)} ago`
      const headline = state.lastSuccessAt === null ? `${name} was never seen` : `${name} did not report`
      return {
        headline,
        summary: `${name}: ${seen}, expected ${rhythm(told)} (+${span(monitor.graceMs)} grace)${excuse(told)}`,
      }
    }
    default:
      return why satisfies never
  }
}

/** What is missed of a source, and what it means: its silence looks like health. */
function silentWords(told: Told, hears: Hears, why: NonNullable<HeartbeatState['why']>) {
  const { monitor, state, at } = told
  const { name, service } = monitor
  const lost = `Alerts of ${service} that come this way may not arrive`
  if (why === 'failed')
    return {
      headline: `${name} has stopped`,
      summary: `${name}: ${SOURCE_WORDS[hears.source]} says that the alert which always fires has ended, so whatever makes it does not run, or no longer reaches ${SOURCE_WORDS[hears.source]}. ${lost}`,
    }
  const call = callOf(hears)
  const seen =
    state.lastSuccessAt === null
      ? `${call} has not come once in ${span(at - state.createdAt)}`
      : `${call} has not come for ${span(at - state.lastSuccessAt)}`
  return {
    headline: state.lastSuccessAt === null ? `${name} has never called` : `${name} has not called`,
    summary: `${name}: ${seen}, expected ${rhythm(told)} (+${span(monitor.graceMs)} grace). ${lost}${excuse(told)}`,
  }
}

function rhythm(told: Told): string {
  const { rhythm: kept } = told.monitor
  if (kept.kind === 'every') return `every ${span(kept.everyMs)}`
  return `by cron "${kept.cron}" ${clock(told, expectedAt(told.state, told.monitor))}`
}

/** That a ping may have come while we could not hear it. */
function excuse(told: Told): string {
  const { excuse: given } = told.state
  if (given === null) return ''
  return `. Watchbill itself heard nothing for ${span(given.backAt - given.deafAt)} until ${clock(told, given.backAt)}: a ping may have been lost`
}

function evidence({ monitor, state, change }: Told): Evidence[] {
  // What it said last is in the sentence.
  if (monitor.hears) return []
  const last = state.recent.findLast(({ kind }) => kind !== 'log')
  const said: Evidence[] = state.lines.map((line) => ({ at: null, saw: line }))
  if (last === undefined || change.what === 'too-often') return said
  const ran = last.ranMs === null ? '' : ` after ${span(last.ranMs)}`
  const saw = { success: `success${ran}`, start: 'started', fail: `failed${ran}`, log: '' }[last.kind]
  const exit = last.exit === null ? '' : ` (exit status ${last.exit})`
  return [{ at: last.at, saw: `last ping: ${saw}${exit}` }, ...said]
}

const clock = ({ zone }: Told, at: number) =>
  `at ${DateTime.fromMillis(at, { zone, locale: 'en' }).toFormat('HH:mm ccc d LLL')}`

const UNITS = [
  { ms: 86_400_000, name: 'd' },
  { ms: 3_600_000, name: 'h' },
  { ms: 60_000, name: 'min' },
  { ms: 1_000, name: 's' },
] as const

/** `26 h`, `1 h 30 min`, `45 s`: days from three on, and no more than two units. */
function span(ms: number): string {
  const first = UNITS.findIndex((unit) => ms >= unit.ms * (unit.name === 'd' ? 3 : 1))
  const [unit, next] = [UNITS[first], UNITS[first + 1]]
  if (unit === undefined) return `${Math.max(0, Math.round(ms))} ms`
  const whole = Math.floor(ms / unit.ms)
  const rest = next === undefined ? 0 : Math.floor((ms % unit.ms) / next.ms)
  return `${whole} ${unit.name}${next !== undefined && rest > 0 ? ` ${rest} ${next.name}` : ''}`
}
