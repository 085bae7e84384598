import type { ProbeState, Sample } from '../domain/detect/probe.ts'
import { type Silence, silenceOver } from '../domain/detect/silence.ts'
import type { Monitor, Probe } from '../domain/rules.ts'
import { code, cut, duration, plain, when } from './text.ts'
import type { Voice } from './words.ts'

/** What is said of monitors in answer to `/monitor`. Pure. */
export interface Standing {
  monitor: Monitor
  /** Null: nothing is known of it yet. */
  state: ProbeState | null
}

export type Status = ProbeState['status']

/** What needs somebody first. */
const ORDER: readonly Status[] = ['down', 'unknown', 'up']
const MARKS: Record<Status, string> = { down: ':red_circle:', unknown: ':white_circle:', up: ':large_green_circle:' }
const WORDS: Record<Status, string> = { down: 'Down', unknown: 'Not seen yet', up: 'Up' }

export const statusOf = ({ state }: Standing): Status => state?.status ?? 'unknown'

/** Of those that are well, and of each other state, so many are told in a line of their own. */
const IN_FULL = 40

export function monitorList(voice: Voice, all: readonly Standing[], silences: readonly Silence[]): string {
  if (all.length === 0) return 'Nothing is watched: the configuration has no monitors.'
  return ORDER.flatMap((status) => {
    const those = all.filter((each) => statusOf(each) === status)
    if (those.length === 0) return []
    const shown = those.slice(0, IN_FULL).map((each) => monitorLine(voice, each, silences))
    const more = those.length - shown.length
    return [`*${WORDS[status]} (${those.length})*`, ...shown, ...(more > 0 ? [`_and ${more} more_`] : [])]
  }).join('\n')
}

function monitorLine(voice: Voice, { monitor, state }: Standing, silences: readonly Silence[]): string {
  const status = state?.status ?? 'unknown'
  const last = state?.recent.at(-1)
  const since = state ? `, since ${when(state.sinceAt, voice.rules.zone, '{date_short_pretty} {time}')}` : ''
  const saw = status === 'down' && last ? `: ${plain(cut(last.saw, 150))}` : ''
  const silence = silenceOver(silences, { service: monitor.service, monitor: monitor.name }, voice.now)
  const mute = silence === null ? '' : ` :mute: silence ${silence.id} until ${when(silence.untilAt, voice.rules.zone)}`
  return `${MARKS[status]} ${code(monitor.name)} · ${monitor.service}${since}${saw}${mute}`
}

/** What it looks at; a query may hold a key, and stays out. */
function targetOf(probe: Probe): string {
  switch (probe.kind) {
    case 'http': {
      const { origin, pathname, search } = new URL(probe.url)
      return `${origin}${pathname}${search === '' ? '' : '?…'}`
    }
    case 'tls':
      return `certificate of ${probe.host}:${probe.port}`
    case 'dns':
      return `${probe.type} records of ${probe.host}`
    case 'tcp':
      return `port ${probe.port} of ${probe.host}`
    default:
      return probe satisfies never
  }
}

/** How long its samples took, in so many pieces of time; a failure shows as ×, a piece without any as a gap. */
const PIECES = 30
const BARS = '▁▂▃▄▅▆▇█'

function chart(samples: readonly Sample[], fromAt: number, toAt: number): string {
  const width = (toAt - fromAt) / PIECES
  const most = Math.max(1, ...samples.filter(({ ok }) => ok).map(({ ms }) => ms))
  return Array.from({ length: PIECES }, (_, n) => {
    const those = samples.filter(({ at }) => at >= fromAt + n * width && at < fromAt + (n + 1) * width)
    if (those.length === 0) return '·'
    if (those.some(({ ok }) => !ok)) return '×'
    const slowest = Math.max(...those.map(({ ms }) => ms))
    return BARS[Math.min(BARS.length - 1, Math.floor((slowest / most) * BARS.length))]
  }).join('')
}

interface Shown extends Standing {
  monitor: Probe
  samples: readonly Sample[]
  fromAt: number
}

/** One monitor with what it has seen. */
export function monitorDetail(voice: Voice, shown: Shown, silences: readonly Silence[]): string {
  const { monitor, state, samples, fromAt } = shown
  const well = samples.filter(({ ok }) => ok).length
  const times = samples
    .filter(({ ok }) => ok)
    .map(({ ms }) => ms)
    .sort((a, b) => a - b)
  const share = samples.length === 0 ? '' : `${well} of ${samples.length} well`
  const median = times[Math.floor(times.length / 2)]
  const slow =
    median === undefined
      ? ''
      : `, half of them within ${Math.round(median)} ms, the slowest ${Math.round(times.at(-1) ?? 0)} ms`
  const recent = (state?.recent ?? [])
    .toReversed()
    .map(
      ({ at, ok, saw, ms }) =>
        `${ok ? ':white_check_mark:' : ':x:'} ${when(at, voice.rules.zone, '{time_secs}')} ${plain(cut(saw, 200))}, ${Math.round(ms)} ms`,
    )
  return [
    monitorLine(voice, shown, silences),
    `Looks at ${plain(targetOf(monitor))} every ${duration(monitor.everyMs)}; down after ${monitor.failAfter} failures in a row, up after ${monitor.recoverAfter} successes. A failure is ${monitor.severity}.`,
    ...(samples.length > 0
      ? [`${code(chart(samples, fromAt, voice.now))} the last ${duration(voice.now - fromAt)}: ${share}${slow}`]
      : []),
    ...recent,
  ].join('\n')
}

/** What a look by hand saw; it counts for nothing. */
export function monitorTried(voice: Voice, monitor: Probe, { ok, saw, ms, at }: Sample): string {
  const mark = ok ? ':white_check_mark:' : ':x:'
  return `${mark} ${code(monitor.name)} at ${when(at, voice.rules.zone, '{time_secs}')}: ${plain(cut(saw, 500))}, after ${Math.round(ms)} ms. This look was beside the others: it pages nobody and changes nothing.`
}
