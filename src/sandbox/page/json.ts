/// <reference lib="dom" />
import { type Child, h, on } from './dom.ts'

/** More than a person reads in a panel; the rest is said to be there. Characters. */
const MOST_SHOWN = 20_000

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g

/** A value as JSON over several lines, its parts coloured, with a button that copies it. */
export function drawJson(title: string, value: unknown): HTMLElement {
  const text = JSON.stringify(value, null, 2)
  const copy = h('button', { type: 'button', class: 'copy' }, 'Copy')
  on(copy, 'click', () => {
    void navigator.clipboard.writeText(text).then(
      () => (copy.textContent = 'Copied'),
      () => (copy.textContent = 'Not allowed'),
    )
  })
  const more = text.length - MOST_SHOWN
  return h(
    'div',
    { class: 'json' },
    h('div', { class: 'json-head' }, h('p', { class: 'json-title' }, title), copy),
    h('pre', { tabindex: 0, 'aria-label': title }, ...coloured(text.slice(0, MOST_SHOWN))),
    more > 0 ? h('p', { class: 'hint' }, `… and ${more} more characters`) : null,
  )
}

function coloured(text: string): Child[] {
  const parts: Child[] = []
  let end = 0
  for (const match of text.matchAll(TOKEN)) {
    const [whole, string, colon] = match
    if (match.index > end) parts.push(text.slice(end, match.index))
    const kind = string === undefined ? 'literal' : colon === undefined ? 'string' : 'key'
    parts.push(h('span', { class: `json-${kind}` }, string ?? whole))
    if (colon !== undefined) parts.push(colon)
    end = match.index + whole.length
  }
  parts.push(text.slice(end))
  return parts
}
