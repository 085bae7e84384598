/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/**
 * The only way this page makes elements. Text goes in as text nodes and attributes through setAttribute: there is no innerHTML here, so
 * what people and bots write can never become markup.
 */
export type Child = Node | string | null

type Attributes = Record<string, string | number | boolean | null>

const SVG = 'http://www.w3.org/2000/svg'

/** An element with attributes and children. `true` sets an empty attribute; `false` and null leave it out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag)
  assign(node, attributes)
  append(node, children)
  return node
}

function assign(node: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== null) node.setAttribute(name, value === true ? '' : String(value))
  }
}

export function append(node: Node, children: readonly Child[]): void {
  for (const child of children)
    if (child !== null) node.appendChild(typeof child === 'string' ? document.createTextNode(child) : child)
}

/** An element of a drawing. */
export function shape(tag: 'svg' | 'path' | 'rect' | 'polyline' | 'polygon', attributes: Attributes): SVGElement {
  const node = document.createElementNS(SVG, tag)
  assign(node, attributes)
  return node
}

/** A small picture drawn from one path in a box of 24 by 24. */
export function icon(path: string, label: string | null = null): SVGElement {
  const svg = shape('svg', {
    viewBox: '0 0 24 24',
    class: 'icon',
    'aria-hidden': label === null ? 'true' : null,
    'aria-label': label,
    role: label === null ? null : 'img',
  })
  svg.appendChild(shape('path', { d: path }))
  return svg
}

/** Adds a listener and gives the node back, so that it can be written in place. */
export function on<N extends HTMLElement, K extends keyof HTMLElementEventMap>(
  node: N,
  type: K,
  run: (event: HTMLElementEventMap[K]) => void,
): N {
  node.addEventListener(type, run)
  return node
}

/** One row of a list that is patched: the same key and signature keep the node that stands there. */
export interface Row {
  key: string
  signature: string
  make: () => HTMLElement
}

const shown = new WeakMap<HTMLElement, { key: string; signature: string }>()

/**
 * Makes `parent` show exactly `rows`, touching only what changed: focus, open menus and half-typed fields in the other rows stay. Where the
 * row with the focus is drawn anew, the focus goes to the control of the same `data-focus` in it, else to the row.
 */
export function patch(parent: HTMLElement, rows: readonly Row[]): void {
  const old = new Map<string, HTMLElement>()
  for (const child of parent.children) {
    const mark = child instanceof HTMLElement ? shown.get(child) : undefined
    if (mark && child instanceof HTMLElement) old.set(mark.key, child)
  }
  const keep = new Set<Element>()
  let cursor = parent.firstElementChild
  for (const row of rows) {
    const before = old.get(row.key)
    const node = before && shown.get(before)?.signature === row.signature ? before : make(row)
    keep.add(node)
    if (node === cursor) cursor = cursor.nextElementSibling
    else parent.insertBefore(node, cursor)
    if (before && before !== node) {
      if (cursor === before) cursor = before.nextElementSibling
      replaceFocus(before, node)
      before.remove()
    }
  }
  for (const child of [...parent.children]) if (!keep.has(child)) child.remove()
}

function make(row: Row): HTMLElement {
  const node = row.make()
  shown.set(node, { key: row.key, signature: row.signature })
  return node
}

function replaceFocus(before: HTMLElement, after: HTMLElement): void {
  const active = document.activeElement
  if (!(active instanceof HTMLElement) || !before.contains(active)) return
  const name = active.dataset.focus
  const same = [...after.querySelectorAll<HTMLElement>('[data-focus]')].find((node) => node.dataset.focus === name)
  const target = (name === undefined ? undefined : same) ?? after
  if (target === after) after.tabIndex = -1
  target.focus({ preventScroll: true })
}
