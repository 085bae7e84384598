/**
 * Reading back what the bot says: its sentences are written once, as mrkdwn, and read in other places as plain text or as Markdown. Foreign
 * text in them was escaped when they were made, so that whatever marks them is ours.
 */
export interface Dialect {
  /** Text as it was before anything was escaped. */
  text(raw: string): string
  strong(inside: string): string
  emphasis(inside: string): string
  code(raw: string): string
  /** A person, by Slack id. */
  person(slackId: string): string
  /** An instant, UTC ms. */
  instant(at: number): string
  link(url: string, label: string): string
}

/** Code, what stands in angle brackets, bold, italic; marks that are escaped have a space of no width behind them. */
const TOKEN =
  /`(?!\u200b)([^`\n]+)`(?!\u200b)|<([^<>\n]+)>|(?<![\p{L}\p{N}*])\*(?![\s\u200b*])((?:[^*\n]|\*\u200b)+?)\*(?![\p{L}\p{N}\u200b*])|(?<![\p{L}\p{N}_])_(?![\s\u200b_])((?:[^_\n]|_\u200b)+?)_(?![\p{L}\p{N}\u200b_])/gu

/** A sentence of the bot, in another dialect. */
export function translate(mrkdwn: string, dialect: Dialect): string {
  let read = ''
  let from = 0
  for (const found of mrkdwn.matchAll(TOKEN)) {
    const [whole, code, bracket, strong, emphasis] = found
    read += dialect.text(raw(mrkdwn.slice(from, found.index)))
    if (code !== undefined) read += dialect.code(raw(code))
    else if (bracket !== undefined) read += bracketed(bracket, dialect)
    else if (strong !== undefined) read += dialect.strong(translate(strong, dialect))
    else read += dialect.emphasis(translate(emphasis ?? '', dialect))
    from = found.index + whole.length
  }
  return read + dialect.text(raw(mrkdwn.slice(from)))
}

function bracketed(inside: string, dialect: Dialect): string {
  const [what = '', label = ''] = inside.split('|', 2)
  const [, seconds] = /^!date\^(\d+)\^/.exec(what) ?? []
  if (seconds !== undefined) return dialect.instant(Number(seconds) * 1_000)
  if (what.startsWith('@')) return dialect.person(what.slice(1))
  if (what.startsWith('#')) return dialect.text(`#${raw(label || what.slice(1))}`)
  if (what.startsWith('!')) return dialect.text(`@${what.slice(1)}`)
  return dialect.link(raw(what), raw(label || what))
}

/** Without what made foreign text harmless: of no use where it is escaped in another way. */
const raw = (text: string) =>
  text
    .replaceAll(/([*_~`])\u200b/g, '$1')
    .replaceAll(/@\u200b(?=channel\b|here\b|everyone\b)/gi, '@')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
