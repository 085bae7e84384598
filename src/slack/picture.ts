import type { SlotSample } from '../domain/detect/rate-signal.ts'
import { written } from './strokes.ts'

/**
 * A chart as a picture, where Slack takes none as a block: what was seen as a line, over the band of what was expected. SVG text; pure.
 */

const [WIDTH, HEIGHT] = [960, 360]
/** Of the plot; the labels stand around it. */
const PLOT = { left: 76, right: WIDTH - 24, top: 24, bottom: HEIGHT - 44 }

const INK = '#1d1c1d'
const FAINT = '#8d8d92'
const GRID = '#e4e4e8'
const BAND = '#cfe3f7'
const SEEN = '#1264a3'
const ALARM = '#d1242f'

/** @param samples two at least, in order; the last is where the alarm began */
export function ratePicture(samples: readonly SlotSample[], zone: string): string {
  const [first, last] = [samples[0]?.at ?? 0, samples.at(-1)?.at ?? 0]
  const most = Math.max(...samples.flatMap(({ value, high }) => [value ?? 0, high ?? 0]))
  const ticks = valueTicks(most)
  const top = ticks.at(-1) ?? 1
  const x = (at: number) => round(PLOT.left + ((at - first) / Math.max(1, last - first)) * (PLOT.right - PLOT.left))
  const y = (value: number) => round(PLOT.bottom - (value / top) * (PLOT.bottom - PLOT.top))
  const grid = ticks.map((tick) => stroke(`M${PLOT.left} ${y(tick)}H${PLOT.right}`, GRID, 1))
  const values = ticks.map((tick) => label(short(tick), PLOT.left - 10, y(tick) - 6, 'end'))
  const times = timeTicks(first, last).map((at) => label(clock(at, zone), x(at), PLOT.bottom + 14, 'middle'))
  const end = samples.at(-1)
  const mark =
    end === undefined
      ? []
      : [
          stroke(`M${x(end.at)} ${PLOT.top}V${PLOT.bottom}`, ALARM, 1.5, '4 4'),
          ...(end.value === null ? [] : [`<circle cx="${x(end.at)}" cy="${y(end.value)}" r="6" fill="${ALARM}"/>`]),
        ]
  const body = [
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    ...grid,
    ...runs(samples, ({ low, high }) => low !== null && high !== null).map((run) => band(run, x, y)),
    ...runs(samples, ({ value }) => value !== null).map((run) =>
      stroke(path(run.map(({ at, value }) => [x(at), y(value ?? 0)])), SEEN, 2.5),
    ),
    ...mark,
    ...values,
    ...times,
  ]
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}">${body.join('')}</svg>`
}

const round = (value: number) => Math.round(value * 10) / 10

type At = (value: number) => number

/** Stretches of samples that all hold; what is not known is a gap, and no line across it. */
function runs(samples: readonly SlotSample[], holds: (sample: SlotSample) => boolean): SlotSample[][] {
  const all: SlotSample[][] = []
  let open: SlotSample[] | null = null
  for (const sample of samples) {
    if (!holds(sample)) open = null
    else if (open) open.push(sample)
    else {
      open = [sample]
      all.push(open)
    }
  }
  return all
}

const path = (points: readonly (readonly [x: number, y: number])[]) =>
  `M${points.map(([x, y]) => `${x} ${y}`).join('L')}`

function band(run: readonly SlotSample[], x: At, y: At): string {
  const above = run.map(({ at, high }) => [x(at), y(high ?? 0)] as const)
  const below = run.map(({ at, low }) => [x(at), y(low ?? 0)] as const)
  return `<path d="${path([...above, ...below.toReversed()])}Z" fill="${BAND}"/>`
}

const stroke = (d: string, colour: string, width: number, dashes?: string) =>
  `<path d="${d}" fill="none" stroke="${colour}" stroke-width="${width}" stroke-linejoin="round" stroke-linecap="round"${dashes === undefined ? '' : ` stroke-dasharray="${dashes}"`}/>`

/** At most six steps of 1, 2 or 5 times a power of ten, from nothing on. */
function valueTicks(most: number): number[] {
  const least = (most > 0 ? most : 1) / 5
  const power = 10 ** Math.floor(Math.log10(least))
  const step = [1, 2, 5, 10].map((times) => times * power).find((each) => each >= least) ?? power
  return Array.from({ length: Math.max(1, Math.ceil(most / step)) + 1 }, (_, n) => n * step)
}

const [MINUTE_MS, HOUR_MS] = [60_000, 3_600_000]
const STEPS = [MINUTE_MS, 5 * MINUTE_MS, 10 * MINUTE_MS, 30 * MINUTE_MS, HOUR_MS, 3 * HOUR_MS, 6 * HOUR_MS]

/** Round times (zones differ from one another by quarters of an hour). */
function timeTicks(first: number, last: number): number[] {
  const step = STEPS.find((each) => (last - first) / each <= 8) ?? 24 * HOUR_MS
  const from = Math.ceil(first / step) * step
  return Array.from({ length: Math.floor((last - from) / step) + 1 }, (_, n) => from + n * step)
}

const clock = (at: number, zone: string) =>
  new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit' }).format(at)

/** `1500` as `1.5k`. */
function short(value: number): string {
  const [unit, name] = value >= 1e9 ? [1e9, 'G'] : value >= 1e6 ? [1e6, 'M'] : value >= 1e4 ? [1e3, 'k'] : [1, '']
  return `${Number((value / unit).toPrecision(4))}${name}`
}

/** @param y where its capitals begin */
const label = (text: string, x: number, y: number, anchor: 'middle' | 'end') =>
  written(text, { x, y: y + LETTERS * 0.72, size: LETTERS, anchor, colour: anchor === 'end' ? INK : FAINT })

const LETTERS = 18
