/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { type Child, h, icon, on } from './dom.ts'

/** Panels that float over the page beside what opened them: menus, cards, lists. One is open at a time. */

type Side = 'start' | 'end'

interface Floating {
  anchor: HTMLElement
  panel: HTMLElement
  side: Side
}

/** Pixels between a panel and what it belongs to, and the window's edge. */
const GAP = 6
const EDGE = 8

let open: Floating | null = null

/** Opens a panel beside `from` until a click elsewhere, Escape, or a second call for the same element. */
export function float(from: HTMLElement, make: () => HTMLElement, side: Side = 'end'): void {
  // What is opened from within a panel takes the panel's place.
  const within = open?.panel.contains(from) ? open : null
  const again = within === null && open?.anchor === from
  const anchor = within?.anchor ?? from
  closeFloat(again)
  if (again) return
  const panel = make()
  panel.classList.add('float')
  open = { anchor, panel, side }
  // A modal makes the rest of the page inert, so what belongs to a modal must stand in it.
  ;(anchor.closest('dialog') ?? document.body).append(panel)
  anchor.setAttribute('aria-expanded', 'true')
  place()
  on(panel, 'keydown', (event) => key(event, panel))
  on(panel, 'click', (event) => {
    if (event.target instanceof Element && event.target.closest('[data-close]')) closeFloat(false)
  })
  document.addEventListener('pointerdown', outside, true)
  addEventListener('scroll', moved, true)
  addEventListener('resize', place)
  const first = panel.querySelector<HTMLElement>('[data-first], [aria-checked="true"]')
  ;(first ?? panel.querySelector<HTMLElement>('input, a[href], button:not([disabled])'))?.focus({ preventScroll: true })
}

/** @param focus gives the focus back to what opened the panel */
export function closeFloat(focus: boolean): void {
  if (!open) return
  adopt(open)
  const { anchor, panel } = open
  open = null
  panel.remove()
  anchor.setAttribute('aria-expanded', 'false')
  document.removeEventListener('pointerdown', outside, true)
  removeEventListener('scroll', moved, true)
  removeEventListener('resize', place)
  if (focus) anchor.focus({ preventScroll: true })
}

/** Makes `button` open the panel. */
export function popover<N extends HTMLElement>(button: N, make: () => HTMLElement, side: Side = 'end'): N {
  button.setAttribute('aria-haspopup', 'true')
  button.setAttribute('aria-expanded', 'false')
  return on<HTMLElement, 'click'>(button, 'click', () => float(button, make, side)) as N
}

/** Where the row of what opened the panel was drawn anew, the same control of the new row takes its place. */
function adopt(floating: Floating): void {
  const { anchor } = floating
  const name = anchor.dataset['focus']
  if (anchor.isConnected || name === undefined) return
  const message = anchor.closest<HTMLElement>('[data-ts]')?.dataset['ts']
  const within = message === undefined ? '' : `[data-ts="${CSS.escape(message)}"] `
  const same = document.querySelector<HTMLElement>(`${within}[data-focus="${CSS.escape(name)}"]`)
  if (!same) return
  floating.anchor = same
  same.setAttribute('aria-expanded', 'true')
}

function outside({ target }: Event): void {
  if (!open || !(target instanceof Element)) return
  adopt(open)
  // The list of a select floats by itself, also where the select is in the panel.
  if (open.panel.contains(target) || open.anchor.contains(target) || target.closest('.select-list')) return
  closeFloat(false)
}

function moved({ target }: Event): void {
  if (!open || (target instanceof Node && open.panel.contains(target))) return
  adopt(open)
  if (open.anchor.isConnected) place()
  else closeFloat(false)
}

function place(): void {
  if (open) beside(open.anchor, open.panel, open.side)
}

/** Puts a fixed panel below `anchor` where there is room, else above; never beyond the window, nor taller than `most` pixels. */
export function beside(anchor: HTMLElement, panel: HTMLElement, side: Side, most = Number.POSITIVE_INFINITY): void {
  panel.style.maxHeight = ''
  const at = anchor.getBoundingClientRect()
  const size = panel.getBoundingClientRect()
  const below = innerHeight - at.bottom - GAP - EDGE
  const above = at.top - GAP - EDGE
  const wanted = Math.min(size.height, most)
  const up = wanted > below && above > below
  const height = Math.max(0, Math.min(wanted, up ? above : below))
  const left = side === 'start' ? at.left : at.right - size.width
  panel.style.maxHeight = `${height}px`
  panel.style.top = `${up ? at.top - GAP - height : at.bottom + GAP}px`
  panel.style.left = `${Math.max(EDGE, Math.min(left, innerWidth - size.width - EDGE))}px`
}

function key(event: KeyboardEvent, panel: HTMLElement): void {
  if (event.defaultPrevented) return
  if (event.key === 'Escape' || (event.key === 'Tab' && panel.getAttribute('role') === 'menu')) {
    event.preventDefault()
    event.stopPropagation()
    closeFloat(true)
    return
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (step === undefined || event.target instanceof HTMLTextAreaElement) return
  event.preventDefault()
  const stops = [...panel.querySelectorAll<HTMLElement>('a[href], button:not([disabled]), input')]
  const at = document.activeElement instanceof HTMLElement ? stops.indexOf(document.activeElement) : -1
  stops[(at + step + stops.length) % stops.length]?.focus()
}

export interface MenuItem {
  label: string
  icon?: string
  /** A second, quieter line. */
  detail?: string
  danger?: boolean
  /** The focus goes where this leads, not back to the button. */
  run(): void
}

/** A list of things to do, in groups. */
export function menu(label: string, groups: readonly { title?: string; items: readonly MenuItem[] }[]): HTMLElement {
  const shown = groups.filter(({ items }) => items.length > 0)
  return h(
    'div',
    { class: 'menu', role: 'menu', 'aria-label': label },
    ...shown.map(({ title, items }) =>
      h(
        'div',
        { class: 'menu-group', role: 'group', 'aria-label': title ?? null },
        title === undefined ? null : h('p', { class: 'menu-title', 'aria-hidden': 'true' }, title),
        ...items.map(entry),
      ),
    ),
  )
}

function entry(item: MenuItem): HTMLElement {
  const picture: Child = item.icon === undefined ? null : icon(item.icon)
  const words = h(
    'span',
    { class: 'menu-name' },
    h('span', {}, item.label),
    item.detail === undefined || item.detail === '' ? null : h('small', {}, item.detail),
  )
  const button = h(
    'button',
    { type: 'button', class: item.danger ? 'menu-item danger' : 'menu-item', role: 'menuitem' },
    picture,
    words,
  )
  return on(button, 'click', () => {
    closeFloat(true)
    item.run()
  })
}
