/// <reference lib="dom" />
import { h, shape } from './dom.ts'

/** Charts of Block Kit (`data_visualization`), which are newer than `@slack/types`. */

interface Point {
  label: string
  value: number
}

export interface ChartBlock {
  type: 'data_visualization'
  title: string
  chart:
    | { type: 'pie'; segments: Point[] }
    | {
        type: 'line' | 'bar' | 'area'
        series: { name: string; data: Point[] }[]
        axis_config: { categories: string[]; x_label?: string; y_label?: string }
      }
}

const WIDTH = 640
const HEIGHT = 180
/** Categories that are written beneath the axis: more would run into each other. */
const LABELS = 7

const number = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2, notation: 'compact' })

export function drawChart({ title, chart }: ChartBlock): HTMLElement {
  const body = chart.type === 'pie' ? drawPie(chart.segments) : drawSeries(chart)
  return h('figure', { class: 'block chart' }, h('figcaption', {}, title), ...body)
}

/** As a list with bars: what share each has is told as well as by slices. */
function drawPie(segments: readonly Point[]): HTMLElement[] {
  const whole = segments.reduce((sum, { value }) => sum + value, 0) || 1
  return segments.map(({ label, value }, n) =>
    h(
      'div',
      { class: `chart-row series-${n % 6}` },
      h('span', {}, label),
      h('meter', { max: whole, value, title: number.format(value) }),
    ),
  )
}

type Series = Exclude<ChartBlock['chart'], { type: 'pie' }>

function drawSeries({ type, series, axis_config: { categories, x_label, y_label } }: Series): HTMLElement[] {
  const values = series.flatMap(({ data }) => data.map(({ value }) => value))
  const most = Math.max(...values, 0) || 1
  const least = Math.min(...values, 0)
  const width = WIDTH / Math.max(1, type === 'bar' ? categories.length : categories.length - 1)
  const y = (value: number) => HEIGHT - ((value - least) / (most - least)) * HEIGHT
  const picture = shape('svg', {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: 'none',
    role: 'img',
    'aria-label': series.map(({ name }) => name).join(', '),
  })
  series.forEach(({ data }, n) => {
    const classes = `series-${n % 6}`
    if (type === 'bar') {
      const each = (width * 0.8) / series.length
      data.forEach(({ value }, index) => {
        const top = Math.min(y(value), y(0))
        const height = Math.abs(y(value) - y(0))
        picture.append(shape('rect', { class: classes, x: index * width + n * each, y: top, width: each, height }))
      })
      return
    }
    const points = data.map(({ value }, index) => `${index * width},${y(value)}`)
    if (type === 'area')
      picture.append(
        shape('polygon', { class: `area ${classes}`, points: [`0,${y(0)}`, ...points, `${WIDTH},${y(0)}`].join(' ') }),
      )
    picture.append(shape('polyline', { class: classes, points: points.join(' ') }))
  })
  const step = Math.max(1, Math.ceil(categories.length / LABELS))
  const axis = h(
    'div',
    { class: 'chart-axis' },
    ...categories.filter((_, index) => index % step === 0).map((label) => h('span', {}, label)),
  )
  const scale = h(
    'div',
    { class: 'chart-scale' },
    h('span', {}, number.format(most)),
    h('span', {}, number.format(least)),
  )
  const legend = h(
    'div',
    { class: 'chart-legend' },
    ...series.map(({ name }, n) => h('span', { class: `series-${n % 6}` }, name)),
    ...[y_label, x_label].flatMap((label) => (label === undefined ? [] : [h('span', { class: 'chart-label' }, label)])),
  )
  return [h('div', { class: 'chart-plot' }, scale, picture), axis, legend]
}
