/** What other systems say, as lines that people read. */

/** Text as people can read it: without what moves a cursor or has no sign. */
export const readable = (text: string) =>
  text
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(/\t/g, ' ')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: sequences that colour a terminal are what is looked for
    .replaceAll(/\u001b\[[0-9;?]{0,20}[A-Za-z]/g, '')
    .replaceAll(/[^\P{Cc}\n]/gu, '')
    .trim()

/** Cuts, never through a character. */
export const cut = (text: string, length: number) =>
  text.length <= length ? text : `${text.slice(0, length - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
