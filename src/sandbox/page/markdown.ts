import { type Block, type Inline, parseInline, safeUrl } from './mrkdwn.ts'

/**
 * The `markdown` block: ordinary Markdown as far as a bot uses it (headings, lists, tables, fences, quotes, rules, inline styles), parsed
 * to the same tree as mrkdwn.
 */
export function parseMarkdown(source: string): Block[] {
  const lines = source.replaceAll('\r\n', '\n').split('\n')
  const blocks: Block[] = []
  let at = 0
  while (at < lines.length) {
    const taken = blockAt(lines, at)
    if (taken.block) blocks.push(taken.block)
    at = taken.next
  }
  return blocks
}

interface Taken {
  block: Block | null
  next: number
}

const FENCE = /^\s*```/
const HEADING = /^(#{1,6})\s+(.*?)\s*#*$/
const TASK = /^\[([ xX])\]\s+(.*)$/
const RULE = /^\s*([-*_])(?:\s*\1){2,}\s*$/
const ITEM = /^(\s*)(?:[-*+•]|(\d+)[.)])\s+(.*)$/
const QUOTE = /^\s*>\s?/
const TABLE_RULE = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/

function blockAt(lines: readonly string[], at: number): Taken {
  const line = lines[at] ?? ''
  if (line.trim() === '') return { block: null, next: at + 1 }
  if (FENCE.test(line)) return fenceAt(lines, at)
  const heading = HEADING.exec(line)
  if (heading) {
    const children = markdownInline(heading[2] ?? '')
    return { block: { kind: 'heading', level: heading[1]?.length ?? 1, children }, next: at + 1 }
  }
  if (RULE.test(line)) return { block: { kind: 'rule' }, next: at + 1 }
  if (ITEM.test(line)) return listAt(lines, at)
  if (QUOTE.test(line)) return quoteAt(lines, at)
  if (line.includes('|') && TABLE_RULE.test(lines[at + 1] ?? '')) return tableAt(lines, at)
  return paragraphAt(lines, at)
}

function fenceAt(lines: readonly string[], at: number): Taken {
  let end = at + 1
  while (end < lines.length && !FENCE.test(lines[end] ?? '')) end += 1
  return { block: { kind: 'pre', text: lines.slice(at + 1, end).join('\n') }, next: end + 1 }
}

function listAt(lines: readonly string[], at: number): Taken {
  const items: { indent: number; done: boolean | null; children: Inline[] }[] = []
  const ordered = ITEM.exec(lines[at] ?? '')?.[2] !== undefined
  let end = at
  for (; end < lines.length; end += 1) {
    const item = ITEM.exec(lines[end] ?? '')
    if (!item) break
    const indent = Math.floor((item[1]?.length ?? 0) / 2)
    const task = TASK.exec(item[3] ?? '')
    const done = task ? task[1] !== ' ' : null
    items.push({ indent, done, children: markdownInline(task?.[2] ?? item[3] ?? '') })
  }
  return { block: { kind: 'list', ordered, items }, next: end }
}

function quoteAt(lines: readonly string[], at: number): Taken {
  let end = at
  while (end < lines.length && QUOTE.test(lines[end] ?? '')) end += 1
  const text = lines.slice(at, end).map((line) => line.replace(QUOTE, ''))
  return { block: { kind: 'quote', children: markdownInline(text.join('\n')) }, next: end }
}

function tableAt(lines: readonly string[], at: number): Taken {
  let end = at + 2
  while (end < lines.length && (lines[end] ?? '').includes('|')) end += 1
  const cells = (line: string) =>
    line
      .replace(/^\s*\||\|\s*$/g, '')
      .split('|')
      .map((cell) => markdownInline(cell.trim()))
  return {
    block: { kind: 'table', head: cells(lines[at] ?? ''), rows: lines.slice(at + 2, end).map(cells) },
    next: end,
  }
}

function paragraphAt(lines: readonly string[], at: number): Taken {
  let end = at + 1
  while (end < lines.length) {
    const line = lines[end] ?? ''
    if (line.trim() === '' || FENCE.test(line) || HEADING.test(line) || ITEM.test(line) || QUOTE.test(line)) break
    end += 1
  }
  return { block: { kind: 'paragraph', children: markdownInline(lines.slice(at, end).join('\n')) }, next: end }
}

const PATTERN =
  /`([^`\n]+)`|!\[\]\(([@#][A-Z0-9]+)\)|\[([^\]\n]+)\]\(([^)\s]+)\)|(\*\*|__)(?=\S)(.+?)(?<=\S)\5|~~(?=\S)(.+?)(?<=\S)~~|(?<![\w*])([*_])(?=[^\s*_])(.+?)(?<=[^\s])\8(?!\w)/

/** Markdown's own inline signs; what lies between them goes through Slack's tokens, emoji and bare links, without mrkdwn's signs. */
function markdownInline(source: string): Inline[] {
  const match = PATTERN.exec(source)
  if (!match) return tokensOnly(source)
  const before = tokensOnly(source.slice(0, match.index))
  const after = markdownInline(source.slice(match.index + match[0].length))
  return [...before, ...styled(match), ...after]
}

function styled(match: RegExpExecArray): Inline[] {
  const [whole, code, mention, label, address, , strong, struck, , emphasis] = match
  if (code !== undefined) return [{ kind: 'code', text: code }]
  if (mention !== undefined) return [mentioned(mention)]
  if (label !== undefined && address !== undefined) {
    const url = safeUrl(address)
    return url ? [{ kind: 'link', url, children: markdownInline(label) }] : [{ kind: 'text', text: whole }]
  }
  if (strong !== undefined) return [{ kind: 'bold', children: markdownInline(strong) }]
  if (struck !== undefined) return [{ kind: 'strike', children: markdownInline(struck) }]
  return [{ kind: 'italic', children: markdownInline(emphasis ?? '') }]
}

/** As a canvas writes people and channels: `![](@U…)`, `![](#C…)`. */
function mentioned(mention: string): Inline {
  return { kind: mention.startsWith('@') ? 'user' : 'channel', id: mention.slice(1), label: null }
}

/** The signs themselves are text here; what stands between them may hold tokens. */
function tokensOnly(source: string): Inline[] {
  return source.split(/([*_~`]+)/).flatMap((part, index) => (index % 2 === 1 ? [text(part)] : parseInline(part)))
}

function text(value: string): Inline {
  return { kind: 'text', text: value }
}
