/** A log line as the words that its shape is made of: what differs from line to line by its nature is taken out before. */

/** Of a longer line the beginning says what it is. */
const LONGEST_LINE = 1_000
const MOST_WORDS = 40
const LONGEST_WORD = 40

const MONTH = 'Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec'

/** Each takes a time that grows with the text alone; of those that begin at one place the first counts. */
const ID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/
const IP4 = /(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?(?![\w.])/
const IP6 = /(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])/
const TIMES = [
  // 2026-11-23T07:00:00.123Z, 2026/11/23 07:00:00
  /\b\d{4}[-/]\d\d[-/]\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?(?:[.,]\d{1,9})?(?: ?Z\b| ?[+-]\d\d:?\d\d\b)?/,
  // 23/Nov/2026:07:00:00 +0100
  new RegExp(`\\b\\d{1,2}[/ -](?:${MONTH})[/ -]\\d{4}(?:[: ]\\d\\d:\\d\\d:\\d\\d)?(?: [+-]\\d{4}\\b)?`),
  // Mon Nov 23 07:00:00 2026
  new RegExp(
    `\\b(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?(?:${MONTH}) {1,2}\\d{1,2}(?: \\d\\d:\\d\\d:\\d\\d)?(?:[.,]\\d{1,9})?(?: \\d{4}\\b)?`,
  ),
  /\b\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d{1,9})?\b/,
]
/** Hexadecimal ones may have no letter in them by chance: they are numbers like others. */
const NUMBERS = [/\b0x[0-9a-f]+\b/, /\b(?=[a-f]{0,40}\d)[0-9a-f]{8,}\b/, /[+-]?\d+(?:[.,]\d+)*/]

const SIGNS = ['<id>', '<ip>', '<time>', '<ip>', '<num>']
const MASKED = new RegExp(
  [[ID], [IP4], TIMES, [IP6], NUMBERS].map((each) => `(${each.map(({ source }) => source).join('|')})`).join('|'),
  'gi',
)

function mask(text: string): string {
  return text.replaceAll(
    MASKED,
    (_, ...groups: (string | undefined)[]) => SIGNS[groups.findIndex((each) => each !== undefined)] ?? '',
  )
}

/** Signs that stand between words, in JSON and `key=value` too. */
const BETWEEN = /[\s=,:;"'`{}[\]()|]+/

/** The words of a line, one at least. They are text that every store takes. */
export function wordsOf(line: string): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: sequences that colour a terminal are what is looked for
  const plain = line.slice(0, LONGEST_LINE).replaceAll(/\u001b\[[0-9;?]{0,20}[A-Za-z]/g, ' ')
  const clean = plain.replaceAll(/\p{Cc}/gu, ' ').toWellFormed()
  const words = mask(clean)
    .split(BETWEEN)
    .filter((word) => word !== '')
  if (words.length === 0) return ['<nothing>']
  return words.slice(0, MOST_WORDS).map((word) => word.slice(0, LONGEST_WORD).toWellFormed())
}
