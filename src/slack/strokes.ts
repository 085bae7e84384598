/**
 * Lettering for pictures that become PNG on our side: single strokes of our own, because a server may have no font at all. Of a box in which
 * capitals stand from 0 down to 14, small letters from 5, and what hangs below ends at 18. Each letter: its width, and its path. Pure.
 */
const S = 'M8.5 2C6.5-1 1-.5 1 3.5C1 8.5 9 5.5 9 10.5C9 15 2.5 15 .8 11.5'
const O = 'M5.5 0C0 0 0 14 5.5 14S11 0 5.5 0Z'
const P = 'M1 14V0H5C9.5 0 9.5 7.5 5 7.5H1'

type Glyph = readonly [width: number, path: string]

const GLYPHS: Readonly<Record<string, Glyph>> = {
  ' ': [3, ''],
  '!': [2, 'M1 0V9.5M1 13.7V14'],
  '"': [5, 'M1 0V4M4 0V4'],
  '#': [8.5, 'M3 1L1.5 13M7 1L5.5 13M.3 5H8.4M0 9H8'],
  $: [9.5, `${S}M4.8-2V16`],
  '%': [10, 'M8.8 0L1.2 14M2.5 0C.3 0 .3 5.5 2.5 5.5S4.7 0 2.5 0ZM7.5 8.5C5.3 8.5 5.3 14 7.5 14S9.7 8.5 7.5 8.5Z'],
  '&': [9.5, 'M9 14L2.6 4.5C.5 1 6.5-1.5 6.3 2.3C6.2 5 1 6 1 10.2C1 15.5 8 15 8.5 8.5'],
  "'": [2, 'M1 0V4'],
  '(': [3.5, 'M3.5-1C0 4 0 11 3.5 16'],
  ')': [3.5, 'M.5-1C4 4 4 11 .5 16'],
  '*': [7, 'M3.5 1V7M1 2.5L6 5.5M6 2.5L1 5.5'],
  '+': [10, 'M5 4.5V12.5M1 8.5H9'],
  ',': [2.4, 'M1.6 13V14L.6 16.4'],
  '-': [6, 'M.7 9H5.3'],
  '.': [2, 'M1 13.8V14'],
  '/': [5.5, 'M0 15.5L5.5-1'],
  0: [10, 'M5 0C1.5 0 1 3.5 1 7S1.5 14 5 14S9 10.5 9 7S8.5 0 5 0Z'],
  1: [10, 'M2 3L5.5 0V14'],
  2: [10, 'M1.2 3.6C1.2-1 8.8-1 8.8 3.8C8.8 6.8 5 9 1 14H9'],
  3: [10, 'M1.3 2.2C2.5-.8 8.6-.8 8.6 3.4C8.6 6 6.5 6.7 4 6.7C7 6.7 9 7.8 9 10.3C9 15 2 15 1 11.6'],
  4: [10, 'M7 14V0L.8 9.8H9.4'],
  5: [10, 'M8.4 0H2.2L1.5 6.2C4 4.4 9 4.8 9 9.3C9 14.5 2.5 15 1 11.8'],
  6: [10, 'M8 1C5-1 1 1.5 1 8.5C1 16 9 15.5 9 9.6C9 4.6 2.5 4.2 1 8.8'],
  7: [10, 'M1 0H9L4 14'],
  8: [10, 'M5 6.5C.6 6.5.8 0 5 0S9.4 6.5 5 6.5C-.3 6.5-.3 14 5 14S10.3 6.5 5 6.5Z'],
  9: [10, 'M2 13C5 15 9 12.5 9 5.5C9-2 1-1.5 1 4.4C1 9.4 7.5 9.8 9 5.2'],
  ':': [2, 'M1 6V6.2M1 13.5V13.7'],
  ';': [2.4, 'M1.6 6V6.2M1.6 13V14L.6 16.4'],
  '<': [9, 'M8 4L1 8.5L8 13'],
  '=': [10, 'M1 6.5H9M1 10.5H9'],
  '>': [9, 'M1 4L8 8.5L1 13'],
  '?': [8, 'M.8 3C1.3-1 7.5-1 7.5 3.2C7.5 6.5 4.2 6.3 4.2 9.8M4.2 13.7V14'],
  '@': [
    14,
    'M9.2 10.5C7.5 12.5 5 11.5 5 8.5S7.5 4.2 9.3 6.3M9.5 4.5V10C9.5 12.3 13 11.8 13 7C13-2 1-1.5 1 7.5S7.5 16.5 11 14.3',
  ],
  A: [9, 'M0 14L4.5 0L9 14M1.6 9H7.4'],
  B: [9, 'M1 0V14H5C9.5 14 9.5 7 5 7H1M5 7C8.5 7 8.5 0 4.8 0H1'],
  C: [9, 'M9 2.5C7-1 1-1 1 7S7 15 9 11.5'],
  D: [9.5, 'M1 0V14H4C11 14 11 0 4 0Z'],
  E: [8, 'M8 0H1V14H8M1 7H7'],
  F: [8, 'M8 0H1V14M1 7H7'],
  G: [9.5, 'M9 3C7-1 1-1.5 1 7S8 15.5 9 10V7.5H5.5'],
  H: [10, 'M1 0V14M9 0V14M1 7H9'],
  I: [2, 'M1 0V14'],
  J: [7, 'M6 0V10C6 15 1 15 .5 11'],
  K: [9, 'M1 0V14M8.5 0L1 8.5M3.8 5.5L9 14'],
  L: [8, 'M1 0V14H8'],
  M: [12, 'M1 14V0L6 9L11 0V14'],
  N: [10, 'M1 14V0L9 14V0'],
  O: [11, O],
  P: [9, P],
  Q: [11, `${O}M6.5 10.5L10 15`],
  R: [9, `${P}M5 7.5L9 14`],
  S: [9.5, S],
  T: [9, 'M0 0H9M4.5 0V14'],
  U: [10, 'M1 0V9.5C1 15.5 9 15.5 9 9.5V0'],
  V: [9, 'M0 0L4.5 14L9 0'],
  W: [13, 'M0 0L3 14L6.5 2L10 14L13 0'],
  X: [9, 'M0 0L9 14M9 0L0 14'],
  Y: [9, 'M0 0L4.5 7L9 0M4.5 7V14'],
  Z: [9, 'M.5 0H8.5L.5 14H8.5'],
  '[': [4, 'M4-1H1V16H4'],
  '\\': [5.5, 'M0-1L5.5 15.5'],
  ']': [4, 'M.5-1H3.5V16H.5'],
  '^': [9, 'M1 5L4.5 0L8 5'],
  _: [8, 'M0 16.5H8'],
  '`': [4, 'M1 0L3 2.5'],
  a: [8.4, 'M7.5 14V8C7.5 4 2 4 1 6.8M7.5 9.3C3 9 .8 9.8.8 11.7C.8 15 6.5 14.6 7.5 11.5'],
  b: [8.8, 'M1 0V14M1 8.5C3 3.5 8.5 4.5 8.5 9.5S3 15.5 1 11'],
  c: [8, 'M7.8 7C6 3.8 1 4.2 1 9.5S6 15.2 7.8 12'],
  d: [9, 'M8 0V14M8 8.5C6 3.5.5 4.5.5 9.5S6 15.5 8 11'],
  e: [8.6, 'M1 9.4H8C8 3.5 1 3.5 1 9.5S6.5 15.4 7.8 12'],
  f: [5.6, 'M6 .6C3.8-.6 2.6.6 2.6 3V14M.3 5H5.6'],
  g: [9, 'M8 5V14.5C8 19 2 18.8 1 16.3M8 8.3C6 3.5.5 4.5.5 9.3S6 15 8 10.8'],
  h: [8.6, 'M1 0V14M1 8.5C2.5 4 7.8 4 7.8 8.5V14'],
  i: [2, 'M1 5V14M1 1.2V1.4'],
  j: [3.2, 'M2.4 5V15.5C2.4 18 1 18.4-.2 18M2.4 1.2V1.4'],
  k: [8, 'M1 0V14M7.5 5L1 10.5M3.4 8.6L8 14'],
  l: [2, 'M1 0V14'],
  m: [13, 'M1 5V14M1 8C2.2 4.2 6.5 4.2 6.5 8V14M6.5 8C7.7 4.2 12 4.2 12 8V14'],
  n: [8.6, 'M1 5V14M1 8.5C2.5 4 7.8 4 7.8 8.5V14'],
  o: [9, 'M4.8 5C-.2 5-.2 14 4.8 14S9.8 5 4.8 5Z'],
  p: [8.8, 'M1 5V18M1 8.5C3 3.5 8.5 4.5 8.5 9.5S3 15.5 1 11'],
  q: [9, 'M8 5V18M8 8.5C6 3.5.5 4.5.5 9.5S6 15.5 8 11'],
  r: [5.6, 'M1 5V14M1 8.5C1.8 5.6 3.6 4.8 5.5 5.2'],
  s: [8, 'M7 6.5C5.5 4.4 1.2 4.6 1.2 7.2C1.2 10.2 7.5 8.8 7.5 11.7C7.5 14.8 2 14.8.8 12.3'],
  t: [5.8, 'M2.6 1.5V11.5C2.6 14 4.2 14.3 5.6 13.7M.3 5H5.4'],
  u: [8.8, 'M1 5V10.5C1 15 6.5 15 7.8 10.5M7.8 5V14'],
  v: [7.6, 'M0 5L3.8 14L7.6 5'],
  w: [11.2, 'M0 5L2.8 14L5.6 6L8.4 14L11.2 5'],
  x: [7.6, 'M.3 5L7.3 14M7.3 5L.3 14'],
  y: [8, 'M.3 5L4 14M7.8 5L3.6 15.5C2.9 17.6 1.8 18.2.3 17.9'],
  z: [7.6, 'M.7 5H7L.5 14H7.2'],
  '{': [5, 'M4.5-1C1.5-1 3.5 7.5.8 7.5C3.5 7.5 1.5 16 4.5 16'],
  '|': [2, 'M1-1V16'],
  '}': [5, 'M.5-1C3.5-1 1.5 7.5 4.2 7.5C1.5 7.5 3.5 16 .5 16'],
  '~': [9.5, 'M1 9.5C2.5 6 5 11.5 8.5 7.5'],
  '·': [2, 'M1 8.2V8.4'],
  '…': [10, 'M1 13.8V14M5 13.8V14M9 13.8V14'],
  '–': [9, 'M.5 9H8.5'],
}

/** Of whatever has no strokes here, one after the other: that something stands there. */
const BOX: Glyph = [9, 'M1 2H8V14H1Z']
const GAP = 3
const CAPITALS = 14

/** Letters that are written like others. */
const ALIKE: Readonly<Record<string, string>> = {
  ...{ ß: 'ss', æ: 'ae', Æ: 'AE', œ: 'oe', Œ: 'OE', ø: 'o', Ø: 'O', ł: 'l', Ł: 'L', đ: 'd', Đ: 'D', ı: 'i' },
  ...{ '“': '"', '”': '"', '„': '"', '‘': "'", '’': "'", '—': '–', '−': '-', '×': 'x', '\u00a0': ' ', '\u202f': ' ' },
}

/** Marks of letters, with their middle at 0, above a small one. */
const MARKS: Readonly<Record<string, string>> = {
  '\u0300': 'M-2 .5L1 2.8',
  '\u0301': 'M2 .5L-1 2.8',
  '\u0302': 'M-2.2 2.8L0 .4L2.2 2.8',
  '\u0303': 'M-3 2.5C-1.5-.5 1.5 3.5 3 .8',
  '\u0308': 'M-2 1.4V1.6M2 1.4V1.6',
  '\u030a': 'M0 0C-2 0-2 2.8 0 2.8S2 0 0 0Z',
  '\u030c': 'M-2.2.4L0 2.8L2.2.4',
  '\u0327': 'M0 14V15.5C2 16 1.5 18-.8 17.6',
}
/** What stands above a capital stands higher. */
const RAISED = -4.5

/** Letters with their marks; what cannot be written at all is one box, however long it is. */
function glyphsOf(text: string): Written[] {
  const plain = [...text].map((letter) => ALIKE[letter] ?? letter).join('')
  const all: Written[] = []
  for (const letter of plain.normalize('NFD')) {
    const before = all.at(-1)
    if (/[\p{M}\u200b]/u.test(letter)) {
      if (before && Object.hasOwn(MARKS, letter)) before.marks.push(letter)
      continue
    }
    const glyph = (Object.hasOwn(GLYPHS, letter) ? GLYPHS[letter] : undefined) ?? BOX
    if (glyph !== BOX || before?.glyph !== BOX) all.push({ letter, glyph, marks: [] })
  }
  return all
}

interface Written {
  letter: string
  glyph: Glyph
  marks: string[]
}

/** Its strokes, from where it begins. */
function strokesOf({ letter, glyph: [width, path], marks }: Written, left: number): string {
  const raised = /\p{Lu}/u.test(letter) ? RAISED : 0
  const drawn = marks.map((mark) => {
    const y = mark === '\u0327' ? 0 : raised
    return `<path transform="translate(${round(left + width / 2)} ${y})" d="${MARKS[mark]}"/>`
  })
  return [path === '' ? '' : `<path transform="translate(${round(left)})" d="${path}"/>`, ...drawn].join('')
}

export interface Hand {
  /** Where it begins, ends or has its middle, by the anchor. */
  x: number
  /** The line on which it stands. */
  y: number
  /** Of a letter, as fonts count it, in pixels. */
  size: number
  anchor: 'start' | 'middle' | 'end'
  colour: string
  bold?: boolean
}

/** Capitals are so much of a font's size. */
const RISE = 0.72

/** A line of text as SVG, of strokes alone. */
export function written(text: string, { x, y, size, anchor, colour, bold = false }: Hand): string {
  const glyphs = glyphsOf(text)
  const scale = (size * RISE) / CAPITALS
  const width = scale * Math.max(0, glyphs.reduce((sum, { glyph: [each] }) => sum + each + GAP, 0) - GAP)
  const from = anchor === 'start' ? x : anchor === 'end' ? x - width : x - width / 2
  let left = 0
  const paths = glyphs.map((each) => {
    const drawn = strokesOf(each, left)
    left += each.glyph[0] + GAP
    return drawn
  })
  const stroke = round(((bold ? BOLD : THIN) * size) / SIZE / scale)
  return `<g transform="translate(${round(from)} ${round(y - CAPITALS * scale)}) scale(${round(scale, 1_000)})" fill="none" stroke="${colour}" stroke-width="${stroke}" stroke-linecap="round" stroke-linejoin="round">${paths.join('')}</g>`
}

/** Strokes of letters of this size are so thick, in pixels. */
const [SIZE, THIN, BOLD] = [12, 1, 1.5]

const round = (value: number, to = 10) => Math.round(value * to) / to
