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

/** A small picture drawn from one path in a box of 24 by 24. */
export function icon(path: string, label: string | null = null): SVGElement {
  const svg = document.createElementNS(SVG, 'svg')
  assign(svg, {
    viewBox: '0 0 24 24',
    class: 'icon',
    'aria-hidden': label === null ? 'true' : null,
    'aria-label': label,
  })
  if (label !== null) svg.setAttribute('role', 'img')
  const shape = document.createElementNS(SVG, 'path')
  shape.setAttribute('d', path)
  svg.appendChild(shape)
  return svg
}

export const ICONS = {
  bell: 'M12 3a6 6 0 0 0-6 6v4l-2 3v1h16v-1l-2-3V9a6 6 0 0 0-6-6Zm-2.5 16a2.5 2.5 0 0 0 5 0',
  hash: 'M9.5 4 8 20M16 4l-1.5 16M4.5 9h16M3.5 15h16',
  lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  pin: 'M9 3h6l-1 6 4 4v2H6v-2l4-4-1-6Zm3 12v6',
  people:
    'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Zm-6.5 9c0-3.6 2.9-6 6.5-6s6.5 2.4 6.5 6M16 4.3a3.5 3.5 0 0 1 0 6.4M18 14.6c2.2.9 3.5 2.8 3.5 5.4',
  menu: 'M4 7h16M4 12h16M4 17h16',
  close: 'M6 6l12 12M18 6 6 18',
  send: 'M4 12 3 4l18 8-18 8 1-8Zm0 0h8',
  eye: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12ZM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z',
  chevron: 'm7 10 5 5 5-5',
  down: 'M12 5v14m-6-6 6 6 6-6',
  reply: 'M4 5h16v11h-9l-5 4v-4H4z',
  smile: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm-4-7c.8 1.5 2.2 2.4 4 2.4s3.2-.9 4-2.4M9 9.5v.5M15 9.5v.5',
  warning: 'M12 4 2.8 20h18.4L12 4Zm0 6v5m0 2.4v.1',
  link: 'M10 14a4 4 0 0 0 5.7 0l3-3a4 4 0 0 0-5.7-5.7l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3a4 4 0 0 0 5.7 5.7l1-1',
} as const

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

/** Opens `panel` beside `button` until a click elsewhere, Escape, or a second press. */
export function popover(button: HTMLElement, panel: () => HTMLElement): void {
  let open: HTMLElement | null = null
  const close = (focus: boolean) => {
    open?.remove()
    open = null
    button.setAttribute('aria-expanded', 'false')
    document.removeEventListener('pointerdown', outside, true)
    if (focus) button.focus()
  }
  const outside = (event: Event) => {
    if (event.target instanceof Node && !open?.contains(event.target) && !button.contains(event.target)) close(false)
  }
  button.setAttribute('aria-expanded', 'false')
  button.setAttribute('aria-haspopup', 'true')
  on(button, 'click', () => {
    if (open) return close(true)
    open = panel()
    on(open, 'keydown', (event) => {
      if (event.key === 'Escape') {
        event.stopPropagation()
        close(true)
      } else {
        arrows(event, open)
      }
    })
    on(open, 'click', (event) => {
      if (event.target instanceof Element && event.target.closest('[data-close]')) close(false)
    })
    button.after(open)
    button.setAttribute('aria-expanded', 'true')
    document.addEventListener('pointerdown', outside, true)
    open.querySelector<HTMLElement>('[aria-checked="true"], a, button')?.focus()
  })
}

function arrows(event: KeyboardEvent, panel: HTMLElement | null): void {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
  if (step === 0 || !panel) return
  event.preventDefault()
  const stops = [...panel.querySelectorAll<HTMLElement>('a, button')]
  const at = document.activeElement instanceof HTMLElement ? stops.indexOf(document.activeElement) : -1
  stops[(at + step + stops.length) % stops.length]?.focus()
}
