/// <reference lib="dom" />
import type { RichTextBlock, RichTextBlockElement, RichTextElement, TextObject } from '@slack/types'
import { fullTime, slackDate } from './dates.ts'
import { append, type Child, h, on } from './dom.ts'
import { emojiOf } from './emoji.ts'
import { type Block, type Inline, parseMrkdwn, safeUrl } from './mrkdwn.ts'
import type { Scene } from './scene.ts'
import { groupOf, latestNow, personOf } from './state.ts'

/** Draws the trees of `mrkdwn.ts` and Slack's `rich_text` as DOM. */
export function drawText(scene: Scene, source: string): DocumentFragment {
  return drawBlocks(scene, parseMrkdwn(source))
}

/** A Block Kit text object: mrkdwn, or plain text whose only sign is `:emoji:`. */
export function drawTextObject(scene: Scene, text: TextObject): DocumentFragment {
  return text.type === 'mrkdwn' ? drawText(scene, text.text) : fragment(plainChildren(text.text))
}

/** An emoji by its name without colons: the workspace's own, one of everybody's, else the name as it is written. */
export function drawShortcode(scene: Scene, name: string): Child {
  const own = scene.state.emoji[name]
  if (own !== undefined) return ownEmoji(name, own)
  const character = emojiOf(name)
  return character === null ? `:${name}:` : drawEmoji(name, character)
}

function ownEmoji(name: string, address: string): Child {
  const src = /^(https?:|data:image\/)/.test(address) ? address : null
  if (src === null) return `:${name}:`
  return h('img', { src, alt: `:${name}:`, title: `:${name}:`, class: 'emoji custom', referrerpolicy: 'no-referrer' })
}

/** Text in which the workspace's own emoji may stand. */
function withOwnEmoji(scene: Scene, text: string): Child[] {
  if (!text.includes(':') || Object.keys(scene.state.emoji).length === 0) return [text]
  return text.split(/:([a-z0-9_+'-]+):/).map((part, index): Child => {
    if (index % 2 === 0) return part
    const own = scene.state.emoji[part]
    return own === undefined ? `:${part}:` : ownEmoji(part, own)
  })
}

/** Plain text with shortcodes and line ends. */
export function plainChildren(text: string): Child[] {
  return text.split(/(:[a-z0-9_+'-]+:|\n)/).flatMap((part, index): Child[] => {
    if (index % 2 === 0) return part === '' ? [] : [part]
    if (part === '\n') return [h('br')]
    const character = emojiOf(part.slice(1, -1))
    return [character === null ? part : drawEmoji(part.slice(1, -1), character)]
  })
}

function fragment(children: readonly Child[]): DocumentFragment {
  const node = document.createDocumentFragment()
  append(node, children)
  return node
}

export function drawBlocks(scene: Scene, blocks: readonly Block[]): DocumentFragment {
  return fragment(blocks.map((block) => drawBlock(scene, block)))
}

function drawBlock(scene: Scene, block: Block): HTMLElement {
  switch (block.kind) {
    case 'paragraph':
      return h('p', isJumbo(block.children) ? { class: 'jumbo' } : {}, ...drawInline(scene, block.children))
    case 'pre':
      return h('pre', { tabindex: 0 }, h('code', {}, block.text))
    case 'quote':
      return h('blockquote', {}, ...drawInline(scene, block.children))
    case 'heading':
      return h(
        'p',
        { class: `heading level-${Math.min(block.level, 3)}`, role: 'heading', 'aria-level': block.level + 2 },
        ...drawInline(scene, block.children),
      )
    case 'list':
      return drawList(scene, block.ordered, block.items)
    case 'rule':
      return h('hr')
    case 'table':
      return table(
        block.head.map((cell) => drawInline(scene, cell)),
        block.rows.map((row) => row.map((cell) => drawInline(scene, cell))),
      )
    default:
      return block satisfies never
  }
}

function isJumbo(children: readonly Inline[]): boolean {
  const solid = children.filter((node) => node.kind !== 'text' || node.text.trim() !== '')
  return solid.length > 0 && solid.length <= 3 && solid.every((node) => node.kind === 'emoji')
}

function drawList(
  scene: Scene,
  ordered: boolean,
  items: readonly { indent: number; done: boolean | null; children: Inline[] }[],
): HTMLElement {
  const list = h(ordered ? 'ol' : 'ul')
  for (const item of items) {
    const task = item.done === null ? '' : item.done ? 'task done' : 'task'
    const indent = item.indent > 0 ? `indent-${Math.min(item.indent, 3)}` : ''
    const said = item.done === null ? null : item.done ? 'Done: ' : 'Not done: '
    list.append(
      h(
        'li',
        { class: [task, indent].filter(Boolean).join(' ') || null },
        said === null ? null : h('span', { class: 'unseen' }, said),
        ...drawInline(scene, item.children),
      ),
    )
  }
  return list
}

/** A table that scrolls sideways by itself where it is too wide. */
export function table(
  head: readonly Child[][],
  rows: readonly Child[][][],
  caption: string | null = null,
): HTMLElement {
  return h(
    'div',
    { class: 'table-scroll', tabindex: 0, role: 'group', 'aria-label': caption ?? 'Table' },
    h(
      'table',
      {},
      caption === null ? null : h('caption', {}, caption),
      h('thead', {}, h('tr', {}, ...head.map((cell) => h('th', { scope: 'col' }, ...cell)))),
      h('tbody', {}, ...rows.map((row) => h('tr', {}, ...row.map((cell) => h('td', {}, ...cell))))),
    ),
  )
}

function drawInline(scene: Scene, nodes: readonly Inline[]): Child[] {
  return nodes.flatMap((node) => (node.kind === 'text' ? withOwnEmoji(scene, node.text) : [drawNode(scene, node)]))
}

function drawNode(scene: Scene, node: Inline): Child {
  switch (node.kind) {
    case 'text':
      return node.text
    case 'break':
      return h('br')
    case 'bold':
      return h('strong', {}, ...drawInline(scene, node.children))
    case 'italic':
      return h('em', {}, ...drawInline(scene, node.children))
    case 'strike':
      return h('s', {}, ...drawInline(scene, node.children))
    case 'code':
      return h('code', {}, node.text)
    case 'emoji':
      return drawEmoji(node.name, node.character)
    case 'link':
      return drawLink(node.url, drawInline(scene, node.children))
    case 'user':
      return drawUser(scene, node.id, node.label)
    case 'channel':
      return drawChannel(scene, node.id, node.label)
    case 'group':
      return drawGroup(scene, node.id, node.label)
    case 'broadcast':
      return h('span', { class: 'mention me' }, `@${node.range}`)
    case 'date':
      return drawDate(scene, node.seconds, node.format, node.url, node.fallback)
    default:
      return node satisfies never
  }
}

function atSign(name: string): string {
  return name.startsWith('@') ? name : `@${name}`
}

function drawEmoji(name: string, character: string): HTMLElement {
  return h(
    'span',
    { class: 'emoji', role: 'img', 'aria-label': name.replaceAll('_', ' '), title: `:${name}:` },
    character,
  )
}

/** A link that opens elsewhere; an address that is not one stays text. */
export function drawLink(url: string, children: readonly Child[]): HTMLElement {
  const href = safeUrl(url)
  return href === null
    ? h('span', {}, ...children)
    : h('a', { href, target: '_blank', rel: 'noopener noreferrer', class: 'link' }, ...children)
}

function drawUser(scene: Scene, id: string, label: string | null): HTMLElement {
  const person = personOf(scene.state, id)
  const name = person ? person.real_name || person.name : (label ?? id)
  const mark = id === scene.state.me.id ? 'mention me' : 'mention'
  if (!person) return h('span', { class: mark, title: id }, atSign(name))
  const button = h('button', { type: 'button', class: mark, title: `@${person.name}` }, atSign(name))
  return on(button, 'click', () => scene.acts.showCard(button, id))
}

function drawGroup(scene: Scene, id: string, label: string | null): HTMLElement {
  const group = groupOf(scene.state, id)
  if (!group) return h('span', { class: 'mention' }, atSign(label ?? 'group'))
  const mark = group.users.includes(scene.state.me.id) ? 'mention me' : 'mention'
  const button = h('button', { type: 'button', class: mark, title: group.name }, atSign(group.handle))
  return on(button, 'click', () => scene.acts.showCard(button, group))
}

function drawChannel(scene: Scene, id: string, label: string | null): HTMLElement {
  const channel = scene.state.channels.find((known) => known.id === id)
  const name = channel?.name ?? label ?? 'private channel'
  if (!channel) return h('span', { class: 'mention' }, `#${name}`)
  return on(h('button', { type: 'button', class: 'mention channel' }, `#${name}`), 'click', () => scene.acts.go(id))
}

function drawDate(scene: Scene, seconds: number, format: string, url: string | null, fallback: string): HTMLElement {
  const at = seconds * 1000
  const zone = scene.state.me.tz
  const text = slackDate(at, format, zone, latestNow(scene.state)) ?? fallback
  const time = h('time', { datetime: new Date(at).toISOString(), title: fullTime(at, zone), class: 'moment' }, text)
  return url === null ? time : drawLink(url, [time])
}

export function drawRichText(scene: Scene, block: RichTextBlock): DocumentFragment {
  return fragment(
    groupLists(block.elements).map((part) =>
      'list' in part ? nestedList(scene, part.list) : drawRichPart(scene, part),
    ),
  )
}

type ListRun = { list: Extract<RichTextBlockElement, { type: 'rich_text_list' }>[] }

/** Slack writes a nested list as neighbours of different indent; neighbours of one kind become one list. */
function groupLists(
  elements: readonly RichTextBlockElement[],
): (Exclude<RichTextBlockElement, { type: 'rich_text_list' }> | ListRun)[] {
  const parts: (Exclude<RichTextBlockElement, { type: 'rich_text_list' }> | ListRun)[] = []
  for (const element of elements) {
    const last = parts.at(-1)
    if (element.type !== 'rich_text_list') parts.push(element)
    else if (last && 'list' in last && last.list[0]?.style === element.style) last.list.push(element)
    else parts.push({ list: [element] })
  }
  return parts
}

function nestedList(scene: Scene, run: ListRun['list']): HTMLElement {
  const list = h(run[0]?.style === 'ordered' ? 'ol' : 'ul')
  for (const part of run) {
    const indent = Math.min(part.indent ?? 0, 3)
    for (const item of part.elements)
      list.append(h('li', indent > 0 ? { class: `indent-${indent}` } : {}, ...richInline(scene, item.elements)))
  }
  return list
}

function drawRichPart(scene: Scene, part: Exclude<RichTextBlockElement, { type: 'rich_text_list' }>): HTMLElement {
  switch (part.type) {
    case 'rich_text_section':
      return h('p', {}, ...richInline(scene, part.elements))
    case 'rich_text_quote':
      return h('blockquote', {}, ...richInline(scene, part.elements))
    case 'rich_text_preformatted':
      return h('pre', { tabindex: 0 }, h('code', {}, ...richInline(scene, part.elements)))
    default:
      return part satisfies never
  }
}

function richInline(scene: Scene, elements: readonly RichTextElement[]): Child[] {
  return elements.flatMap((element) => {
    const children = richElement(scene, element)
    const style = element.style ?? {}
    if (style.code) return [h('code', {}, ...children)]
    const struck = style.strike ? [h('s', {}, ...children)] : children
    const slanted = style.italic ? [h('em', {}, ...struck)] : struck
    return style.bold ? [h('strong', {}, ...slanted)] : slanted
  })
}

function richElement(scene: Scene, element: RichTextElement): Child[] {
  switch (element.type) {
    case 'text':
      return element.text.split('\n').flatMap((line, index): Child[] => {
        const drawn = withOwnEmoji(scene, line)
        return index === 0 ? drawn : [h('br'), ...drawn]
      })
    case 'link':
      return [drawLink(element.url, [element.text ?? element.url])]
    case 'emoji':
      return [emojiChild(scene, element.name, element.unicode)]
    case 'user':
      return [drawUser(scene, element.user_id, null)]
    case 'channel':
      return [drawChannel(scene, element.channel_id, null)]
    case 'usergroup':
      return [drawGroup(scene, element.usergroup_id, null)]
    case 'team':
      return [scene.state.team.name]
    case 'broadcast':
      return [h('span', { class: 'mention me' }, `@${element.range}`)]
    case 'date':
      return [drawDate(scene, element.timestamp, element.format, element.url ?? null, element.fallback ?? '')]
    case 'color':
      return [h('code', {}, element.value)]
    default:
      return [element satisfies never]
  }
}

function emojiChild(scene: Scene, name: string, unicode: string | undefined): Child {
  if (unicode === undefined || scene.state.emoji[name] !== undefined) return drawShortcode(scene, name)
  return drawEmoji(name, String.fromCodePoint(...unicode.split('-').map((part) => Number.parseInt(part, 16))))
}
