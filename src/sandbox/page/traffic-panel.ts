/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import type { Traffic } from '../wire.ts'
import { h, icon, on, patch } from './dom.ts'
import { ICONS } from './icons.ts'
import { remember, remembered } from './memory.ts'
import type { Scene } from './scene.ts'
import { createScroller } from './scroller.ts'
import {
  ALL,
  type Filter,
  filtered,
  messagesOf,
  numberOf,
  resumeAt,
  type TrafficKind,
  taken,
  troubleOf,
} from './traffic.ts'
import { trafficRow } from './traffic-row.ts'

/** The panel beside the messages that lists what goes between the bot and Slack. It listens only while it is open and can be seen. */
export interface TrafficPanel {
  toggle(): void
  /** Opens the panel if it was open when the page was left. */
  restore(): void
  /** Opens the panel at what made or changed a message. */
  about(ts: string): void
  /** Names changed, or another person looks. */
  draw(): void
  /** The workspace began anew, and its numbers with it. */
  forget(): void
}

const KINDS: { kind: TrafficKind | null; title: string }[] = [
  { kind: null, title: 'All' },
  { kind: 'calls', title: 'Calls' },
  { kind: 'slash_commands', title: 'Commands' },
  { kind: 'interactive', title: 'Clicks' },
  { kind: 'events_api', title: 'Events' },
]

/** Lines that come together are drawn together, milliseconds. */
const DRAW_MS = 40

interface Panel {
  scene: () => Scene
  lines: readonly Traffic[]
  filter: Filter
  unfolded: Set<number>
  /** The message of which the first line is unfolded as soon as it is there. */
  awaited: string | null
  /** Lines up to this number were cleared away by the person. */
  clearedTo: number
  source: EventSource | null
  frame: Frame
  planned: boolean
}

/** The panel's parts, made once. */
interface Frame {
  root: HTMLElement
  top: HTMLElement
  search: HTMLInputElement
  kinds: HTMLElement
  rows: HTMLElement
  none: HTMLElement
  scroller: ReturnType<typeof createScroller>
}

export function createTraffic(root: HTMLElement, scene: () => Scene, changed: () => void): TrafficPanel {
  const panel: Panel = {
    scene,
    lines: [],
    filter: ALL,
    unfolded: new Set(),
    awaited: null,
    clearedTo: 0,
    source: null,
    frame: frameOf(root),
    planned: false,
  }
  const { frame } = panel
  const show = (open: boolean) => {
    scene().ui.traffic = open
    root.hidden = !open
    document.body.classList.toggle('with-traffic', open)
    remember('traffic', open ? 'open' : 'closed')
    listen(panel)
    draw(panel)
    changed()
  }
  const filter = (change: Partial<Filter>) => {
    panel.filter = { ...panel.filter, ...change }
    draw(panel)
  }
  build(panel, filter, () => show(false))
  on(frame.search, 'input', () => filter({ words: frame.search.value }))
  document.addEventListener('visibilitychange', () => listen(panel))
  return {
    toggle: () => {
      const open = !scene().ui.traffic
      show(open)
      if (open) frame.search.focus()
    },
    restore: () => {
      if (remembered('traffic') === 'open') show(true)
    },
    about: (ts) => {
      frame.search.value = ''
      panel.filter = { ...ALL, about: ts }
      panel.awaited = ts
      show(true)
    },
    draw: () => plan(panel),
    forget: () => {
      panel.lines = []
      panel.clearedTo = 0
      panel.unfolded.clear()
      panel.source?.close()
      panel.source = null
      listen(panel)
    },
  }
}

function frameOf(root: HTMLElement): Frame {
  const search = h('input', {
    class: 'field',
    type: 'search',
    placeholder: 'Filter: method, text, error…',
    'aria-label': 'Filter the traffic',
    autocomplete: 'off',
    spellcheck: 'false',
  })
  const kinds = h('div', { class: 'traffic-kinds' })
  const rows = h('div', { class: 'rows' })
  const none = h('p', { class: 'traffic-none' })
  const pill = h('button', { type: 'button', class: 'pill', hidden: true })
  const list = h('div', { class: 'list', role: 'group', 'aria-label': 'Lines of traffic', tabindex: 0 }, rows, none)
  const words = (count: number) => (count === 1 ? '1 new line' : `${count} new lines`)
  const scroller = createScroller(list, rows, pill, words)
  on(rows, 'keydown', (event) => walk(event, rows))
  const top = h('div', { class: 'traffic-top' }, search, kinds)
  root.append(top, h('div', { class: 'list-wrap' }, list, pill))
  return { root, top, search, kinds, rows, none, scroller }
}

/** Up and down go from line to line. */
function walk(event: KeyboardEvent, rows: HTMLElement): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (step === undefined) return
  const lines = [...rows.querySelectorAll<HTMLElement>('.wire-line')]
  const at = document.activeElement instanceof HTMLElement ? lines.indexOf(document.activeElement) : -1
  const next = at < 0 ? undefined : lines[at + step]
  if (!next) return
  event.preventDefault()
  next.focus()
}

/** The head of the panel, and what its buttons do. */
function build(panel: Panel, filter: (change: Partial<Filter>) => void, close: () => void): void {
  const { frame } = panel
  const clear = h(
    'button',
    { type: 'button', class: 'tool', title: 'Clear the list', 'aria-label': 'Clear the list' },
    icon(ICONS.bin),
  )
  const cross = h(
    'button',
    { type: 'button', class: 'tool', title: 'Close (Ctrl + .)', 'aria-label': 'Close the traffic' },
    icon(ICONS.close),
  )
  on(clear, 'click', () => {
    panel.clearedTo = Math.max(0, ...panel.lines.map(numberOf))
    panel.lines = []
    panel.unfolded.clear()
    filter({ about: null })
  })
  frame.top.prepend(
    h('h2', {}, icon(ICONS.traffic), 'Traffic'),
    h('div', { class: 'traffic-tools' }, clear, on(cross, 'click', close)),
  )
  // On a phone the panel lies over the messages, so who wants to see one leaves it.
  const covers = matchMedia('(max-width: 760px)')
  on(frame.root, 'click', (event) => {
    if (covers.matches && event.target instanceof Element && event.target.closest('[data-leave]')) close()
  })
  on(frame.root, 'keydown', (event) => {
    if (event.key === 'Escape') close()
  })
  on(frame.kinds, 'click', (event) => {
    const button = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-filter]') : null
    const name = button?.dataset['filter']
    if (name === 'trouble') filter({ trouble: !panel.filter.trouble })
    else if (name === 'about') filter({ about: null })
    else if (name !== undefined) filter({ kind: KINDS.find(({ title }) => title === name)?.kind ?? null })
  })
}

function listen(panel: Panel): void {
  const wanted = panel.scene().ui.traffic && !document.hidden
  if (wanted === (panel.source !== null)) return
  panel.source?.close()
  panel.source = null
  if (!wanted) return
  const since = Math.max(panel.clearedTo, resumeAt(panel.lines))
  const source = new EventSource(`/_control/traffic?since=${since}`)
  panel.source = source
  source.onmessage = (event) => {
    const line: Traffic = JSON.parse(String(event.data))
    if (numberOf(line) <= panel.clearedTo) return
    panel.lines = taken(panel.lines, line)
    plan(panel)
  }
}

function plan(panel: Panel): void {
  if (panel.planned || !panel.scene().ui.traffic) return
  panel.planned = true
  setTimeout(() => {
    panel.planned = false
    draw(panel)
  }, DRAW_MS)
}

/** Who asks about a message wants to see what made it, also when the panel was closed and its lines are still to come. */
function unfoldAwaited(panel: Panel): void {
  const { awaited, lines } = panel
  const first = awaited === null ? undefined : lines.find((line) => messagesOf(line).includes(awaited))
  if (!first) return
  panel.unfolded.add(numberOf(first))
  panel.awaited = null
}

function draw(panel: Panel): void {
  const { frame, filter, unfolded } = panel
  const scene = panel.scene()
  if (!scene.ui.traffic) return
  unfoldAwaited(panel)
  patch(frame.kinds, [
    {
      key: 'kinds',
      signature: JSON.stringify([filter, panel.lines.filter((line) => troubleOf(line) !== null).length]),
      make: () => drawKinds(panel),
    },
  ])
  const lines = filtered(panel.lines, filter)
  const rows = lines.map((line) => {
    const n = numberOf(line)
    return trafficRow(scene, line, unfolded.has(n), () => {
      if (!unfolded.delete(n)) unfolded.add(n)
      draw(panel)
      if (unfolded.has(n)) show(frame, n)
    })
  })
  frame.none.hidden = lines.length > 0
  frame.none.textContent =
    panel.lines.length > 0
      ? 'Nothing of what went through is like that.'
      : 'Nothing yet. Whatever the bot asks of Slack and Slack tells the bot will be listed here.'
  frame.scroller.draw(
    JSON.stringify(filter),
    lines.map((line) => String(numberOf(line))),
    () => patch(frame.rows, rows),
  )
}

/** Scrolls as far as it takes to see the line that was unfolded, and as much of its details as there is room for. */
function show({ rows }: Frame, n: number): void {
  const row = rows.querySelector(`[data-ts="${n}"]`)
  const room = rows.parentElement?.clientHeight ?? 0
  row?.scrollIntoView({ block: row.clientHeight > room ? 'start' : 'nearest' })
}

function drawKinds({ filter, lines }: Panel): HTMLElement {
  const problems = lines.filter((line) => troubleOf(line) !== null).length
  const button = (name: string, label: string, pressed: boolean, style: string) =>
    h(
      'button',
      {
        type: 'button',
        class: style,
        'aria-pressed': pressed ? 'true' : 'false',
        'data-filter': name,
        'data-focus': `filter ${name}`,
      },
      label,
    )
  return h(
    'div',
    { class: 'traffic-filter' },
    h(
      'div',
      { class: 'segments', role: 'group', 'aria-label': 'Kind' },
      ...KINDS.map(({ kind, title }) => button(title, title, filter.kind === kind, '')),
    ),
    button('trouble', problems === 0 ? 'Problems' : `Problems ${problems}`, filter.trouble, 'problems'),
    filter.about === null
      ? null
      : h(
          'button',
          {
            type: 'button',
            class: 'about-chip',
            'data-filter': 'about',
            'data-focus': 'filter about',
            'aria-label': 'Only one message is asked about. Show everything',
          },
          h('span', {}, 'About one message'),
          icon(ICONS.close),
        ),
  )
}
