import { DateTime } from 'luxon'
import type { Milestones } from './domain/milestones.ts'
import { type Hand, written } from './slack/strokes.ts'

/** What a picture of an incident shows: one axis of time, what it is measured by, and a lane for each monitor. */
export interface Picture {
  title: string
  zone: string
  milestones: Milestones
  lanes: ReadonlyMap<string, readonly { fromAt: number; toAt: number | null }[]>
  now: number
}

const INK = '#1b1b1f'
const FAINT = '#5f5f68'

const WIDTH = 1_120
const LEFT = 190
const RIGHT = 40
const LANE = 26
const TOP = 96
/** A storm has hundreds: the first to fail are what is looked for. */
const MOST_LANES = 24
/** Labels of two marks nearer than this, in pixels, stand one beneath the other. */
const LABEL_ROOM = 150
const LABEL_ROW = 15

const NAMES: { [M in keyof Milestones]: { label: string; colour: string } } = {
  startedAt: { label: 'first failure', colour: '#b3261e' },
  detectedAt: { label: 'detected', colour: '#c2410c' },
  pagedAt: { label: 'paged', colour: '#7c3aed' },
  ackedAt: { label: 'acknowledged', colour: '#1d4ed8' },
  mitigatedAt: { label: 'recovered', colour: '#0f766e' },
  resolvedAt: { label: 'resolved', colour: '#15803d' },
}

/** Steps of the axis, in minutes: the smallest that leaves room for its labels. */
const STEPS = [1 / 12, 1 / 6, 0.25, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440, 2_880, 10_080, 43_200]

const escapeXml = (text: string) =>
  text
    // What XML has no place for at all.
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')

const short = (text: string, most: number) => (text.length > most ? `${text.slice(0, most - 1)}…` : text)

/** How a line of text is put down. */
type Lettering = (text: string, hand: Hand) => string

/** For whoever has fonts: a browser. */
const typeset: Lettering = (text, { x, y, size, anchor, colour, bold }) =>
  `<text x="${x}" y="${y}" font-size="${size}"${anchor === 'start' ? '' : ` text-anchor="${anchor}"`}${bold ? ' font-weight="600"' : ''} fill="${colour}">${escapeXml(text)}</text>`

/**
 * The picture as SVG: no script, no font of its own, nothing fetched from anywhere.
 *
 * @param by as text for a browser, or in strokes where it becomes PNG
 */
export function drawTimeline(
  { title, zone, milestones, lanes, now }: Picture,
  by: 'text' | 'strokes' = 'text',
): string {
  const letters = by === 'text' ? typeset : written
  const line = (text: string, x: number, y: number, more: Partial<Hand> = {}) =>
    letters(text, { x, y, size: 12, anchor: 'start', colour: FAINT, ...more })
  const marks = (Object.keys(NAMES) as (keyof Milestones)[]).flatMap((name) => {
    const at = milestones[name]
    return at === null ? [] : [{ at, ...NAMES[name] }]
  })
  const shown = [...lanes].slice(0, MOST_LANES)
  const endAt = milestones.resolvedAt ?? now
  const instants = [
    ...marks.map(({ at }) => at),
    endAt,
    ...shown.flatMap(([, spans]) => spans.map(({ fromAt }) => fromAt)),
  ]
  const [first, last] = [Math.min(...instants), Math.max(...instants)]
  // A moment before and after, so that nothing sticks to the edge.
  const pad = Math.max(1_000, (last - first) * 0.04)
  const [fromAt, toAt] = [first - pad, last + pad]
  const x = (at: number) => round(LEFT + ((at - fromAt) / (toAt - fromAt)) * (WIDTH - LEFT - RIGHT))
  const labels = placed(marks.map((mark) => ({ ...mark, x: x(mark.at) })))
  const rows = Math.max(1, ...labels.map(({ row }) => row + 1))
  const lanesTop = TOP + rows * LABEL_ROW
  const bottom = lanesTop + Math.max(1, shown.length) * LANE
  const height = bottom + 58
  const format = (at: number, pattern: string) => DateTime.fromMillis(at, { zone, locale: 'en-GB' }).toFormat(pattern)
  const more = lanes.size - shown.length
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" font-family="system-ui, 'Segoe UI', Helvetica, Arial, sans-serif">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    line(short(title, 100), 24, 34, { size: 18, bold: true, colour: INK }),
    line(`${format(first, 'cccc d LLLL yyyy')}, times of ${zone} (${format(first, "'UTC'ZZ")})`, 24, 56),
    ...ticks(fromAt, toAt, zone).flatMap((at) => [
      `<line x1="${x(at)}" y1="${lanesTop - 4}" x2="${x(at)}" y2="${bottom}" stroke="#e4e4ea"/>`,
      line(format(at, stepOf(toAt - fromAt) < 60_000 ? 'HH:mm:ss' : 'HH:mm'), x(at), bottom + 18, { anchor: 'middle' }),
    ]),
    ...shown.flatMap(([name, spans], index) => {
      const y = lanesTop + index * LANE
      return [
        `<line x1="24" y1="${y + LANE}" x2="${WIDTH - RIGHT}" y2="${y + LANE}" stroke="#f0f0f4"/>`,
        line(short(name, 24), LEFT - 12, y + 17, { anchor: 'end', colour: INK }),
        ...spans.map(
          (span) =>
            `<rect x="${x(span.fromAt)}" y="${y + 6}" width="${Math.max(3, round(x(span.toAt ?? endAt) - x(span.fromAt)))}" height="${LANE - 12}" rx="3" fill="${span.toAt === null ? '#b3261e' : '#e06c5f'}"/>`,
        ),
      ]
    }),
    ...(shown.length === 0 ? [line('No monitor saw anything: a person said so.', LEFT, lanesTop + 17)] : []),
    ...(more > 0 ? [line(`and ${more} more that failed`, 24, bottom + 40)] : []),
    ...labels.flatMap(({ at, label, colour, x: left, row, anchor }) => {
      const y = TOP - 8 + row * LABEL_ROW
      const dx = anchor === 'start' ? 5 : -5
      return [
        `<line x1="${left}" y1="${y - 9}" x2="${left}" y2="${bottom}" stroke="${colour}" stroke-width="1.5"/>`,
        line(`${label} ${format(at, 'HH:mm:ss')}`, left + dx, y, { anchor, colour, bold: true }),
      ]
    }),
    '</svg>',
  ].join('\n')
}

const round = (value: number) => Math.round(value * 10) / 10

/** Labels in rows, each beneath the one before that it would touch; at the right edge they stand left of their mark. */
function placed<T extends { x: number }>(marks: readonly T[]): (T & { row: number; anchor: 'start' | 'end' })[] {
  const ends: number[] = []
  return marks.map((mark) => {
    const anchor = mark.x + LABEL_ROOM > WIDTH ? ('end' as const) : ('start' as const)
    const [from, to] = anchor === 'start' ? [mark.x, mark.x + LABEL_ROOM] : [mark.x - LABEL_ROOM, mark.x]
    const free = ends.findIndex((end) => end <= from)
    const row = free < 0 ? ends.length : free
    ends[row] = to
    return { ...mark, row, anchor }
  })
}

const stepOf = (span: number) => (STEPS.find((minutes) => span / (minutes * 60_000) <= 10) ?? 43_200) * 60_000

/** Round instants of the zone: a step of an hour falls on the hour there. */
function ticks(fromAt: number, toAt: number, zone: string): number[] {
  const step = stepOf(toAt - fromAt)
  const midnight = DateTime.fromMillis(fromAt, { zone }).startOf('day').toMillis()
  const all: number[] = []
  for (let at = midnight + Math.ceil((fromAt - midnight) / step) * step; at <= toAt; at += step) all.push(at)
  return all
}
