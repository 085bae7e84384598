import { emojiOf } from './emoji.ts'

/**
 * Slack's mrkdwn, parsed to a tree. Pure: no DOM here, `rich.ts` draws the tree. Foreign text can only ever become a `text` node or the
 * label of one of the known tokens, so nothing in it is markup to the browser.
 */
export type Inline =
  | { kind: 'text'; text: string }
  | { kind: 'break' }
  | { kind: 'bold' | 'italic' | 'strike'; children: Inline[] }
  | { kind: 'code'; text: string }
  | { kind: 'emoji'; name: string; character: string }
  | { kind: 'link'; url: string; children: Inline[] }
  | { kind: 'user'; id: string; label: string | null }
  | { kind: 'channel'; id: string; label: string | null }
  | { kind: 'group'; id: string; label: string | null }
  | { kind: 'broadcast'; range: 'here' | 'channel' | 'everyone' }
  | { kind: 'date'; seconds: number; format: string; url: string | null; fallback: string }

export type Block =
  | { kind: 'paragraph'; children: Inline[] }
  | { kind: 'pre'; text: string }
  | { kind: 'quote'; children: Inline[] }
  | { kind: 'heading'; level: number; children: Inline[] }
  /** `done` is null for a line that is no task. */
  | { kind: 'list'; ordered: boolean; items: { indent: number; done: boolean | null; children: Inline[] }[] }
  | { kind: 'rule' }
  | { kind: 'table'; head: Inline[][]; rows: Inline[][][] }

/** Undoes Slack's three escapes. `&amp;` last, so that `&amp;lt;` stays `&lt;`. */
function unescaped(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
}

/** The address as a link may carry it, or null: only schemes that cannot run code here. */
export function safeUrl(url: string): string | null {
  return /^(https?:\/\/|mailto:|tel:)\S+$/i.test(url) ? url : null
}

/** Parses a whole text: fenced code, quotes, paragraphs. */
export function parseMrkdwn(source: string): Block[] {
  const blocks: Block[] = []
  for (const [index, part] of source.split('```').entries()) {
    const closed = index % 2 === 1 && source.split('```').length > index + 1
    if (closed) {
      const text = unescaped(plainTokens(part)).replace(/^\n|\n$/g, '')
      if (text !== '') blocks.push({ kind: 'pre', text })
    } else {
      blocks.push(...paragraphs(index % 2 === 1 ? `\`\`\`${part}` : part))
    }
  }
  return blocks
}

/** Inside code Slack still writes links as `<url|label>`; people expect to read what was typed. */
function plainTokens(text: string): string {
  return text.replace(
    /<((?:https?:\/\/|mailto:)[^|>\s]+)(?:\|([^>]*))?>/g,
    (_, url: string, label?: string) => label ?? url,
  )
}

const QUOTE = /^(?:&gt;|>)(?!(?:&gt;|>){2})\s?/
const QUOTE_REST = /^(?:&gt;|>){3}\s?/

function paragraphs(text: string): Block[] {
  const blocks: Block[] = []
  let plain: string[] = []
  let quoted: string[] = []
  const close = () => {
    const joined = plain.join('\n').replace(/^\n+|\n+$/g, '')
    if (joined.trim() !== '') blocks.push({ kind: 'paragraph', children: parseInline(joined) })
    if (quoted.length > 0) blocks.push({ kind: 'quote', children: parseInline(quoted.join('\n')) })
    plain = []
    quoted = []
  }
  const lines = text.split('\n')
  for (const [at, line] of lines.entries()) {
    if (QUOTE_REST.test(line)) {
      close()
      quoted = [line.replace(QUOTE_REST, ''), ...lines.slice(at + 1)]
      break
    }
    if (QUOTE.test(line)) {
      if (plain.length > 0) close()
      quoted.push(line.replace(QUOTE, ''))
    } else {
      if (quoted.length > 0) close()
      plain.push(line)
    }
  }
  close()
  return blocks
}

const STYLES = { '*': 'bold', _: 'italic', '~': 'strike' } as const

function styleOf(char: string): 'bold' | 'italic' | 'strike' | null {
  return char === '*' || char === '_' || char === '~' ? STYLES[char] : null
}

const EMOJI_CODE = /:([a-z0-9_+'-]+):(?::skin-tone-[2-6]:)?/y
const BARE_URL = /https?:\/\/[^\s<>|"'`]*[^\s<>|"'`.,;:!?)\]}*_~]/y

/** Parses one run of text without fences and quotes. */
export function parseInline(source: string): Inline[] {
  const nodes: Inline[] = []
  let text = ''
  const flush = () => {
    if (text !== '') nodes.push({ kind: 'text', text: unescaped(text) })
    text = ''
  }
  const push = (node: Inline, end: number) => {
    flush()
    nodes.push(node)
    return end
  }
  let at = 0
  while (at < source.length) {
    const found = tokenAt(source, at)
    if (found) {
      at = push(found.node, found.end)
    } else {
      text += source.charAt(at)
      at += 1
    }
  }
  flush()
  return nodes
}

interface Found {
  node: Inline
  end: number
}

function tokenAt(source: string, at: number): Found | null {
  const char = source.charAt(at)
  switch (char) {
    case '\n':
      return { node: { kind: 'break' }, end: at + 1 }
    case '<':
      return angleAt(source, at)
    case '`':
      return codeAt(source, at)
    case ':':
      return emojiAt(source, at)
    case 'h':
      return urlAt(source, at)
    default:
      return styleOf(char) ? styledAt(source, at) : null
  }
}

function angleAt(source: string, at: number): Found | null {
  const end = source.indexOf('>', at)
  if (end < 0) return null
  const node = angleToken(source.slice(at + 1, end))
  return node && { node, end: end + 1 }
}

/** What stands between `<` and `>`. Anything that is not one of Slack's tokens is null, and stays text. */
function angleToken(body: string): Inline | null {
  const bar = body.indexOf('|')
  const head = bar < 0 ? body : body.slice(0, bar)
  const label = bar < 0 ? null : unescaped(body.slice(bar + 1))
  const id = head.slice(1)
  if (head.startsWith('@') && /^[UWB][A-Z0-9]+$/.test(id)) return { kind: 'user', id, label }
  if (head.startsWith('#') && /^[CGD][A-Z0-9]+$/.test(id))
    return { kind: 'channel', id, label: label === '' ? null : label }
  if (head.startsWith('!')) return special(id, label)
  const url = safeUrl(unescaped(head))
  if (!url) return null
  return { kind: 'link', url, children: [{ kind: 'text', text: label ?? url.replace(/^mailto:/, '') }] }
}

function special(body: string, label: string | null): Inline | null {
  if (body === 'here' || body === 'channel' || body === 'everyone') return { kind: 'broadcast', range: body }
  if (body.startsWith('subteam^')) return { kind: 'group', id: body.slice('subteam^'.length), label }
  const date = /^date\^(-?\d+)\^([^^]*)(?:\^(\S+))?$/.exec(body)
  if (!date?.[1] || date[2] === undefined) return null
  const url = date[3] === undefined ? null : safeUrl(unescaped(date[3]))
  return { kind: 'date', seconds: Number(date[1]), format: unescaped(date[2]), url, fallback: label ?? '' }
}

function codeAt(source: string, at: number): Found | null {
  const end = source.indexOf('`', at + 1)
  if (end <= at + 1) return null
  const body = source.slice(at + 1, end)
  return body.includes('\n') ? null : { node: { kind: 'code', text: unescaped(plainTokens(body)) }, end: end + 1 }
}

function emojiAt(source: string, at: number): Found | null {
  EMOJI_CODE.lastIndex = at
  const match = EMOJI_CODE.exec(source)
  const character = match?.[1] === undefined ? null : emojiOf(match[1])
  if (!match?.[1] || character === null) return null
  return { node: { kind: 'emoji', name: match[1], character }, end: EMOJI_CODE.lastIndex }
}

function urlAt(source: string, at: number): Found | null {
  if (isWord(source.charAt(at - 1))) return null
  BARE_URL.lastIndex = at
  const match = BARE_URL.exec(source)
  const url = match && safeUrl(unescaped(match[0]))
  return url ? { node: { kind: 'link', url, children: [{ kind: 'text', text: url }] }, end: BARE_URL.lastIndex } : null
}

/** `*bold*` opens at a word's edge before a non-space and closes after one, on the same line; code and tokens inside hide the sign. */
function styledAt(source: string, at: number): Found | null {
  const sign = source.charAt(at)
  const kind = styleOf(sign)
  const before = source.charAt(at - 1)
  const after = source.charAt(at + 1)
  if (!kind || isWord(before) || before === sign || after === sign || /^\s?$/.test(after)) return null
  for (let end = at + 1; end < source.length; end += 1) {
    const char = source.charAt(end)
    if (char === '\n') return null
    if (char === '`' || char === '<') {
      const inner = tokenAt(source, end)
      if (inner) end = inner.end - 1
    } else if (char === sign && end > at + 1 && !/\s/.test(source.charAt(end - 1)) && !isWord(source.charAt(end + 1))) {
      return { node: { kind, children: parseInline(source.slice(at + 1, end)) }, end: end + 1 }
    }
  }
  return null
}

function isWord(char: string): boolean {
  return /^[\p{L}\p{N}]$/u.test(char)
}
