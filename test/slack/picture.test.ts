import { describe, expect, test } from 'vitest'
import type { SlotSample } from '../../src/domain/detect/rate-signal.ts'
import { ratePicture } from '../../src/slack/picture.ts'
import { written } from '../../src/slack/strokes.ts'

const AT = Date.parse('2026-11-23T06:00:00Z')
const series = (...values: (number | null)[]): SlotSample[] =>
  values.map((value, n) => ({ at: AT + n * 60_000, value, low: 5, high: n === 0 ? null : 9 }))
const drawn = (...values: (number | null)[]) => ratePicture(series(...values), 'Europe/Zurich')
/** Strokes of what was seen. */
const lines = (svg: string) => [...svg.matchAll(/<path d="(M[^"]*)" fill="none" stroke="#1264a3"/g)].map(([, d]) => d)

test('what did not arrive is a gap in the line', () => {
  expect(lines(drawn(7, 8, 7, 6))).toHaveLength(1)
  expect(lines(drawn(7, 8, null, 6, 7))).toHaveLength(2)
  expect(drawn(7, 8, null)).not.toContain('<circle')
})

test.for([
  ['zeros', [0, 0, 0]],
  ['a flood', [1, 2, 9_876_543_210]],
  ['hardly anything', [0.0001, 0.0002, 0.0003]],
])('%s can be drawn', ([, values]) => {
  const svg = drawn(...(values as number[]))
  expect(svg).not.toMatch(/NaN|Infinity|undefined/)
  const [, ys = ''] = /M([^"]*)" fill="none" stroke="#1264a3"/.exec(svg) ?? []
  for (const point of ys.split('L')) {
    const y = Number(point.split(' ')[1])
    expect(y).toBeGreaterThanOrEqual(24)
    expect(y).toBeLessThanOrEqual(316)
  }
})

describe('letters in strokes', () => {
  const line = (text: string, anchor: 'start' | 'end' = 'start') =>
    written(text, { x: 100, y: 50, size: 14, anchor, colour: '#000' })
  const strokes = (text: string) => line(text).match(/<path /g)?.length ?? 0

  test('marks stand on their letters, what has no letters is one box, and nothing is markup', () => {
    expect(strokes('Gros')).toBe(4)
    expect(strokes('Größe')).toBe(strokes('Grosse') + 1)
    expect([strokes('日本語'), strokes('a b')]).toEqual([1, 2])
    expect(line('</g><script>&"')).not.toMatch(/script|&/)
  })

  test('they end where they are to end', () => {
    const [, x = ''] = /translate\(([\d.-]+) /.exec(line('INC-7', 'end')) ?? []
    expect(Number(x)).toBeLessThan(100 - 20)
    expect(line('INC-7')).toContain('translate(100 ')
  })
})
