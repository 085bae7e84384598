import type { SlotSample } from '../domain/detect/rate-signal.ts'
import { cut } from './text.ts'

/** Charts: Slack's own block where it is taken, and a line of bars in the text, which is taken everywhere. Pure. */

/** So many points tell a day as well as more would. */
const POINTS = 48
/** A line of bars has so many. */
export const PIECES = 30
const BARS = '▁▂▃▄▅▆▇█'

/** The bar of a value beside the highest of its line. */
export const bar = (value: number, most: number) =>
  BARS[Math.min(BARS.length - 1, Math.floor((value / most) * BARS.length))]

interface Stretch {
  fromAt: number
  untilAt: number
}

interface Piece {
  at: number
  /** What was counted: the mean, or what was furthest from what was expected; null: nothing arrived. */
  value: number | null
  low: number | null
  high: number | null
}

/** The samples of a stretch by equal pieces of it; a piece of which nothing is known is left out. */
function pieces(samples: readonly SlotSample[], { fromAt, untilAt }: Stretch, count: number): (Piece | null)[] {
  const width = (untilAt - fromAt) / count
  const groups = Map.groupBy(samples, ({ at }) => Math.floor((at - fromAt) / width))
  return Array.from({ length: count }, (_, n) => {
    const those = groups.get(n)
    if (!those) return null
    const of = (key: 'value' | 'low' | 'high') => mean(those.flatMap((each) => each[key] ?? []))
    return { at: fromAt + n * width, value: oddest(those) ?? of('value'), low: of('low'), high: of('high') }
  })
}

/** Of the samples that were not as expected the one that was furthest off, which a mean would hide; null when all were. */
function oddest(samples: readonly SlotSample[]): number | null {
  const off = samples.flatMap(({ value, low, high }) => {
    if (value === null || low === null || high === null || (value >= low && value <= high)) return []
    return { value, by: Math.max(low - value, value - high) }
  })
  return off.reduce<(typeof off)[number] | null>((a, b) => (a && a.by >= b.by ? a : b), null)?.value ?? null
}

const mean = (values: readonly number[]) =>
  values.length === 0 ? null : values.reduce((sum, each) => sum + each, 0) / values.length

/** A line of bars: `·` where nothing is known, `×` where nothing arrived. */
export function bars(samples: readonly SlotSample[], stretch: Stretch): string {
  const all = pieces(samples, stretch, PIECES)
  const most = Math.max(...all.map((piece) => piece?.value ?? 0), Number.MIN_VALUE)
  return all
    .map((piece) => {
      if (piece === null) return '·'
      if (piece.value === null) return '×'
      return bar(piece.value, most)
    })
    .join('')
}

/** Slack's chart of what was counted, between the lines of what was expected; null when there is too little to draw. */
export function rateChart(
  title: string,
  samples: readonly SlotSample[],
  stretch: Stretch,
  zone: string,
): Record<string, unknown> | null {
  const drawn = pieces(samples, stretch, POINTS).filter((piece) => piece !== null)
  if (drawn.length < 2) return null
  const labels = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit' })
  const categories = unlike(drawn.map(({ at }) => labels.format(at)))
  const line = (name: string, value: (piece: Piece) => number | null) => ({
    name,
    data: drawn.map((piece, n) => ({ label: categories[n], value: rounded(value(piece) ?? 0) })),
  })
  // What was expected is drawn only where it is known all along: a line that falls to nothing would look like an expectation of nothing.
  const isKnown = drawn.every(({ low, high }) => low !== null && high !== null)
  const expected = isKnown
    ? [line('expected at least', ({ low }) => low), line('expected at most', ({ high }) => high)]
    : []
  return {
    type: 'data_visualization',
    title: cut(title, 50),
    chart: { type: 'line', series: [line('seen', ({ value }) => value), ...expected], axis_config: { categories } },
  }
}

const rounded = (value: number) => Number(value.toPrecision(4))

/** Slack knows points by their labels: the same minute of two days needs two. */
function unlike(labels: readonly string[]): string[] {
  const met = new Map<string, number>()
  return labels.map((label) => {
    const before = met.get(label) ?? 0
    met.set(label, before + 1)
    return before === 0 ? label : `${label} (${before + 1})`
  })
}

const isChart = (block: unknown) =>
  typeof block === 'object' && block !== null && 'type' in block && block.type === 'data_visualization'

/** Without its charts, which not every workspace takes yet; null when there are none. */
export function withoutCharts<T>(blocks: readonly T[] | undefined): T[] | null {
  return blocks?.some(isChart) ? blocks.filter((block) => !isChart(block)) : null
}
