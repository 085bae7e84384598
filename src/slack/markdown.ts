import { DateTime } from 'luxon'
import { personOfSlack, type Rules } from '../domain/rules.ts'
import { type Dialect, translate } from './spans.ts'

/** What the bot says, outside of messages: as plain text, and as Markdown for canvases, files and other systems. Pure. */
export interface Around {
  rules: Pick<Rules, 'people' | 'zone'>
  /** What is of another day than this instant is told with its day. */
  at: number
}

/**
 * Foreign text within a line of Markdown (CommonMark, GitHub's and a canvas of Slack's): whatever would format, link, mention or be HTML is
 * escaped, and it stays one line.
 */
export const escapeMarkdown = (text: string) =>
  text
    .replaceAll(/[\n\r\u2028\u2029\v\f\t]+/g, ' ')
    .replaceAll(/[\\`*[\]<>|~&$]/g, '\\$&')
    // Within a word it marks nothing, and names are full of it.
    .replaceAll(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\_')
    .replaceAll(/:(?=\/\/)/g, '\\:')
    .replaceAll(/\b(www|ftp)\./gi, '$1\\.')
    .replaceAll(/@(?=[\p{L}\p{N}])/gu, '@\u200b')

/** A line that begins no heading, list, quote or code, whatever somebody wrote at its beginning. */
const begun = (line: string) =>
  line.trimStart().replace(/^(?:[#=+-]|\d+(?=[.)]))/, (mark) => (/\d/.test(mark) ? `${mark}\\` : `\\${mark}`))

/** Foreign text as code: its own backticks would end it. */
export const markdownCode = (text: string) => `\`${text.replaceAll('`', 'ʼ').replaceAll(/\s+/g, ' ')}\``

const instant = ({ rules, at }: Around, of: number) => {
  const time = DateTime.fromMillis(of, { zone: rules.zone, locale: 'en-GB' })
  const other = DateTime.fromMillis(at, { zone: rules.zone })
  // `hasSame` takes longer than all else in a sentence, and a timeline has thousands.
  const isToday = time.year === other.year && time.ordinal === other.ordinal
  return time.toFormat(isToday ? 'HH:mm' : 'd LLL yyyy HH:mm')
}

const nameOf = ({ rules }: Around, slackId: string) => personOfSlack(rules, slackId)?.name ?? slackId

const inPlain = (around: Around): Dialect => ({
  text: (raw) => raw,
  strong: (inside) => inside,
  emphasis: (inside) => inside,
  code: (raw) => raw,
  person: (id) => nameOf(around, id),
  instant: (of) => instant(around, of),
  link: (_, label) => label,
})

const inMarkdown = (around: Around): Dialect => ({
  text: escapeMarkdown,
  strong: (inside) => `**${inside}**`,
  emphasis: (inside) => `_${inside}_`,
  code: markdownCode,
  person: (id) => escapeMarkdown(nameOf(around, id)),
  instant: (of) => instant(around, of),
  link: (_, label) => escapeMarkdown(label),
})

/** The mark in front of a sentence says what its kind says; a warning inside of it stays one. */
const unmarked = (mrkdwn: string) => mrkdwn.replaceAll(/(?<=^|\n):[a-z_]+: /g, '').replaceAll(':warning:', '⚠')

/** Lines that quote what was seen are told apart from the sentence. */
const unquoted = (mrkdwn: string) =>
  mrkdwn
    .split('\n')
    .filter((line) => !line.startsWith('>'))
    .join('\n')

/** A sentence of the bot as plain text. */
export const asText = (mrkdwn: string, around: Around) => translate(unmarked(unquoted(mrkdwn)), inPlain(around))

/** A sentence of the bot as Markdown; further lines of it are lines of their own, without a blank one between. */
export const asMarkdown = (mrkdwn: string, around: Around) =>
  unmarked(unquoted(mrkdwn))
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => begun(translate(line, inMarkdown(around))))
    .join('\n')
