import type { View } from '../domain/detect/agreement.ts'
import { type Place, troubleOf } from '../domain/detect/location.ts'
import type { Point, Rollup, Sample } from '../domain/detect/probe.ts'
import type { Word } from '../domain/detect/rate-feedback.ts'
import { amount, type SlotSample } from '../domain/detect/rate-signal.ts'
import type { Shapes } from '../domain/detect/shapes.ts'
import { type Silence, silenceOver } from '../domain/detect/silence.ts'
import type { Standing } from '../domain/detect/standing.ts'
import { DAY_MS } from '../domain/duty/time.ts'
import type { Alert } from '../domain/incident.ts'
import { callOf } from '../domain/intake.ts'
import { HERE, type Monitor, type Probe, probesAt, type RateMonitor, type RateSource, under } from '../domain/rules.ts'
import { bar, bars, PIECES, rateChart } from './charts.ts'
import { logRules, logSource, shapesLine } from './logs.ts'
import { heededLine } from './rates.ts'
import { code, cut, duration, plain, when } from './text.ts'
import { person, type Voice } from './words.ts'

/** What is said of monitors in answer to `/monitor`. Pure. */
export type Status = Standing['status']

/** What needs somebody first; what is held back fails, and nobody is paged for it yet. */
const ORDER = ['down', 'held', 'unknown', 'up'] as const
type Shade = (typeof ORDER)[number]
const MARKS: Record<Shade, string> = {
  ...{ down: ':red_circle:', held: ':large_orange_circle:' },
  ...{ unknown: ':white_circle:', up: ':large_green_circle:' },
}
const WORDS: Record<Shade, string> = { down: 'Down', held: 'Held back', unknown: 'Not seen yet', up: 'Up' }
const shadeOf = ({ status, held }: Pick<Standing, 'status' | 'held'>): Shade => (held === null ? status : 'held')

/** Why nobody is paged for what fails, in a word or two. */
export const heldWord = ({ by }: NonNullable<Standing['held']>): string =>
  by === null ? 'held: blind' : `held: ${code(by)} is down`

/** Of those that are well, and of each other state, so many are told in a line of their own. */
const IN_FULL = 40

export function monitorList(voice: Voice, all: readonly Standing[], silences: readonly Silence[]): string {
  if (all.length === 0) return 'Nothing is watched: the configuration has no monitors.'
  return ORDER.flatMap((shade) => {
    const those = all.filter((each) => shadeOf(each) === shade)
    if (those.length === 0) return []
    const shown = those.slice(0, IN_FULL).map((each) => monitorLine(voice, each, silences))
    const more = those.length - shown.length
    return [`*${WORDS[shade]} (${those.length})*`, ...shown, ...(more > 0 ? [`_and ${more} more_`] : [])]
  }).join('\n')
}

function monitorLine(voice: Voice, standing: Standing, silences: readonly Silence[]): string {
  const { monitor, status, held, sinceAt, saw, learnsUntilAt } = standing
  const since = sinceAt === null ? '' : `, since ${when(sinceAt, voice.rules.zone, '{date_short_pretty} {time}')}`
  const why = status === 'down' && saw !== null ? `: ${plain(cut(saw, 150))}` : ''
  const learns =
    learnsUntilAt === null
      ? ''
      : `, learns until ${when(learnsUntilAt, voice.rules.zone, '{date_short_pretty} {time}')}`
  const silence = silenceOver(silences, { service: monitor.service, monitor: monitor.name }, voice.now)
  const how = silence?.mode === 'disable' ? ':no_entry_sign: *disabled*, as silence' : ':mute: silence'
  const mute = silence === null ? '' : ` ${how} ${silence.id} until ${when(silence.untilAt, voice.rules.zone)}`
  const adopted = under(voice.rules.adopted, monitor.name)
  const by = adopted === undefined ? '' : `, adopted by ${person(voice, adopted.by)}`
  const back = held === null ? '' : `, *${heldWord(held)}*`
  return `${MARKS[shadeOf(standing)]} ${code(monitor.name)} · ${monitor.service}${since}${by}${back}${why}${learns}${mute}`
}

/** What being held back means, where there is room for it. */
function heldLine({ held }: Standing): string[] {
  if (held === null) return []
  return [
    held.by === null
      ? 'It fails from here, and so does everything else: nobody is paged for it for two minutes at most, and at once if a fresh look fails when something is seen again.'
      : `It depends on ${code(held.by)}, which is down and seen to: it pages when that is well again and it is not, or after half an hour.`,
  ]
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
function chart(samples: readonly Point[], fromAt: number, toAt: number): string {
  const width = (toAt - fromAt) / PIECES
  const most = Math.max(1, ...samples.filter(({ ok }) => ok).map(({ ms }) => ms))
  return Array.from({ length: PIECES }, (_, n) => {
    const those = samples.filter(({ at }) => at >= fromAt + n * width && at < fromAt + (n + 1) * width)
    if (those.length === 0) return '·'
    if (those.some(({ ok }) => !ok)) return '×'
    const slowest = Math.max(...those.map(({ ms }) => ms))
    return bar(slowest, most)
  }).join('')
}

interface Shown {
  probe: Probe
  standing: Standing
  recent: readonly Sample[]
  samples: readonly Point[]
  fromAt: number
  /** Of the last day, as far as it has been gathered. */
  day: readonly Rollup[]
  /** What each location sees, as it counts now; null: it is looked at from here alone. */
  together: readonly View[] | null
}

/** One monitor with what it has seen. */
export function monitorDetail(voice: Voice, shown: Shown, silences: readonly Silence[]): string {
  const { probe: monitor, standing, samples, fromAt, together } = shown
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
  const recent = [...shown.recent]
    .toReversed()
    .map(
      ({ at, ok, saw, ms }) =>
        `${ok ? ':white_check_mark:' : ':x:'} ${when(at, voice.rules.zone, '{time_secs}')} ${plain(cut(saw, 200))}, ${Math.round(ms)} ms`,
    )
  return [
    monitorLine(voice, standing, silences),
    ...heldLine(standing),
    `Looks at ${plain(targetOf(monitor))} every ${duration(monitor.everyMs)}; down after ${monitor.failAfter} failures in a row, up after ${monitor.recoverAfter} successes. A failure is ${monitor.severity}.`,
    ...(together === null
      ? []
      : [
          `Down when ${monitor.agree} of ${monitor.locations.length} locations agree.`,
          ...together.map((view) => viewLine(voice, view)),
        ]),
    ...(samples.length > 0
      ? [`${code(chart(samples, fromAt, voice.now))} the last ${duration(voice.now - fromAt)}: ${share}${slow}`]
      : []),
    ...dayOf(shown.day, voice.now),
    ...recent,
  ].join('\n')
}

function dayOf(day: readonly Rollup[], now: number): string[] {
  if (day.length === 0) return []
  const sum = (of: (each: Rollup) => number) => day.reduce((total, each) => total + of(each), 0)
  const count = sum((each) => each.count)
  const well = count - sum(({ failed }) => failed)
  const points = day.map(({ fromAt, failed, maxMs }) => ({ at: fromAt, ok: failed === 0, ms: maxMs ?? 0 }))
  const mean = sum(({ count: all, failed, avgMs }) => (all - failed) * (avgMs ?? 0)) / well
  const slow =
    well > 0
      ? `, ${Math.round(mean)} ms on average, the slowest ${Math.round(Math.max(...points.map(({ ms }) => ms)))} ms`
      : ''
  return [`${code(chart(points, now - DAY_MS, now))} the last ${duration(DAY_MS)}: ${well} of ${count} well${slow}`]
}

/** Why the word of a location does not count. */
const NOT_COUNTED = {
  silent: 'silent: it does not count',
  blind: 'sees nothing at all: it does not count',
  unseen: 'has not said anything yet',
  late: 'has not said anything for a while: it does not count',
} satisfies Record<NonNullable<View['why']>, string>

function viewLine(voice: Voice, { location, word, why, state }: View): string {
  const last = state?.recent.at(-1)
  const saw = last ? `: ${plain(cut(last.saw, 150))}, ${when(last.at, voice.rules.zone, '{time_secs}')}` : ''
  return `${MARKS[word ?? 'unknown']} ${code(location)} ${why === null ? (word ?? '') : NOT_COUNTED[why]}${saw}`
}

/** Each place from which something is looked at, in `/watchbill status`. */
export function placeLines(voice: Voice, places: readonly Place[]): string[] {
  return places.flatMap((place) => {
    const { name, heardAt, version, blindness } = place
    const monitors = probesAt(voice.rules, name).length
    const trouble = troubleOf(place, voice.now)
    // Of here there is nothing to say as long as it sees.
    if (name === HERE && trouble === null) return []
    const heard =
      name === HERE ? '' : heardAt === null ? ', never heard' : `, last heard ${duration(voice.now - heardAt)} ago`
    const how =
      trouble === 'silent'
        ? 'is silent'
        : trouble === 'blind'
          ? 'sees nothing'
          : heardAt === null
            ? 'is awaited'
            : 'is heard'
    const since = trouble === 'blind' && blindness ? ` since ${when(blindness.sinceAt, voice.rules.zone)}` : ''
    const mark = trouble !== null ? ':no_entry:' : heardAt === null ? ':hourglass_flowing_sand:' : ':white_check_mark:'
    const of = `${monitors} monitor${monitors === 1 ? '' : 's'}${version === null ? '' : `, version ${plain(cut(version, 40))}`}`
    return [`${mark} Location ${code(name)} ${how}${since}${heard} (${of})`]
  })
}

/** One that does not go and look: a log, or what reports by itself; `shapes`: what is known of the lines of a log. */
export function watchedDetail(
  voice: Voice,
  standing: Standing,
  silences: readonly Silence[],
  shapes: Shapes | null,
): string {
  const { monitor, lastAt } = standing
  const last =
    lastAt === null
      ? 'never'
      : `${when(lastAt, voice.rules.zone, '{date_short_pretty} {time}')}, ${duration(voice.now - lastAt)} ago`
  return [
    monitorLine(voice, standing, silences),
    `${howOf(monitor)}. A failure is ${monitor.severity}.`,
    ...(shapes === null ? [] : [shapesLine(voice, shapes)]),
    `Last heard of: ${last}.`,
  ].join('\n')
}

function howOf(monitor: Monitor): string {
  if (monitor.kind === 'log') return `${logSource(monitor)}. ${logRules(monitor)}`
  if (monitor.kind === 'rate') return howRated(monitor)
  if (monitor.kind !== 'heartbeat') return `Looks at ${plain(targetOf(monitor))}`
  const { rhythm, graceMs, hears } = monitor
  const often =
    rhythm.kind === 'every' ? `every ${duration(rhythm.everyMs)}` : `by ${code(rhythm.cron)} (${rhythm.zone})`
  if (hears) return `Waits for ${plain(callOf(hears))} ${often}, and misses it ${duration(graceMs)} later`
  return `Is to be pinged ${often}, and is missed ${duration(graceMs)} later`
}

/** Addresses and queries may hold a key, and stay out. */
function howRated({ source, everyMs, floor, ceiling, falseAlarms, detect }: RateMonitor): string {
  const often = `every ${duration(everyMs)}`
  const limits = [
    ...(floor === null ? [] : [`its floor is ${amount(floor)}`]),
    ...(ceiling === null ? [] : [`its ceiling ${amount(ceiling)}`]),
  ]
  const budget = `at most ${amount(falseAlarms)} false alarm${falseAlarms === 1 ? '' : 's'} a month`
  return `${FROM[source.kind](source as never)} ${often}; watched for ${detect.join(', ')} with ${budget}${limits.length > 0 ? `; ${limits.join(', ')}` : ''}`
}

const FROM: { [K in RateSource['kind']]: (source: Extract<RateSource, { kind: K }>) => string } = {
  prometheus: ({ url }) => `Asks Prometheus at ${plain(new URL(url).host)}`,
  json: ({ url, pointer }) => `Reads ${plain(pointer === '' ? 'the number' : pointer)} at ${plain(new URL(url).host)}`,
  push: () => 'Adds up what is pushed to it',
  log: ({ log, match }) =>
    `Counts the lines of ${code(log)}${match === null ? '' : ` that match ${code(cut(match, 80))}`}`,
}

/** A rate, with its last day against what was expected. */
export function rateDetail(
  voice: Voice,
  standing: Standing & { monitor: RateMonitor },
  rated: {
    samples: readonly SlotSample[]
    fromAt: number
    learning: boolean
    /** What rings; null: nothing does. */
    alarm: Alert | null
    words: readonly Word[]
  },
  silences: readonly Silence[],
): { text: string; more: unknown[] } {
  const { monitor } = standing
  const { samples, fromAt, learning, alarm, words } = rated
  const heeded = heededLine(monitor, words, voice.now)
  // What is young is drawn in full.
  const stretch = { fromAt: Math.max(fromAt, samples[0]?.at ?? fromAt), untilAt: voice.now }
  const span = `the last ${duration(voice.now - stretch.fromAt)}`
  const last = samples.at(-1)
  const range =
    last === undefined || last.low === null || last.high === null
      ? ''
      : `, expected ${amount(last.low)} to ${amount(last.high)}`
  const now =
    last === undefined
      ? 'No sample yet.'
      : `Last sample at ${when(last.at, voice.rules.zone, '{time_secs}')}: ${last.value === null ? 'nothing arrived' : amount(last.value)}${range}.`
  const text = [
    monitorLine(voice, standing, silences),
    `${howOf(monitor)}. An alarm is ${monitor.severity}.`,
    ...(learning
      ? [
          ':hourglass_flowing_sand: Still learning what is usual: less than a day has been seen. Silence, its limits and gross changes page all the same.',
        ]
      : []),
    ...(samples.length > 0 ? [`${code(bars(samples, stretch))} ${span}`] : []),
    now,
    ...(alarm === null
      ? []
      : [`Rings since ${when(alarm.firstAt, voice.rules.zone, '{time_secs}')}: ${plain(alarm.summary)}.`]),
    ...(heeded === null ? [] : [heeded]),
  ].join('\n')
  const drawn = rateChart(`${monitor.name}, ${span}`, samples, stretch, voice.rules.zone)
  return { text, more: drawn === null ? [] : [drawn] }
}

/** What a look by hand saw; it counts for nothing. */
export function monitorTried(voice: Voice, monitor: Probe, { ok, saw, ms, at }: Sample): string {
  const mark = ok ? ':white_check_mark:' : ':x:'
  return `${mark} ${code(monitor.name)} at ${when(at, voice.rules.zone, '{time_secs}')}: ${plain(cut(saw, 500))}, after ${Math.round(ms)} ms. This look was beside the others: it pages nobody and changes nothing.`
}
