/// <reference lib="dom" />
import type { DataTableBlock } from '@slack/types'
import { type Child, h, icon, on } from './dom.ts'
import { ICONS } from './icons.ts'
import { drawRichText } from './rich.ts'
import type { Scene } from './scene.ts'

/** Slack's own number of rows on a page. */
const SLACKS_PAGE_SIZE = 5

type Row = DataTableBlock['rows'][number]
type Cell = Row[number]

interface Shown {
  page: number
  /** The column that orders the rows, and which way; null as the app sent them. */
  order: { column: number; descending: boolean } | null
}

/** A table with pages whose columns order it. */
export function drawDataTable(scene: Scene, block: DataTableBlock): HTMLElement {
  const root = h('div', { class: 'block data-table' })
  const show = (shown: Shown) => root.replaceChildren(...parts({ scene, block, shown, show }))
  show({ page: 0, order: null })
  return root
}

interface Drawing {
  scene: Scene
  block: DataTableBlock
  shown: Shown
  show(next: Shown): void
}

function parts(drawing: Drawing): HTMLElement[] {
  const { block, shown } = drawing
  const size = block.page_size ?? SLACKS_PAGE_SIZE
  const [head = [], ...rest] = block.rows
  const page = ordered(rest, shown.order).slice(shown.page * size, (shown.page + 1) * size)
  const headings = head.map((cell, column) => heading(drawing, cell, column))
  const table = h(
    'table',
    {},
    h('caption', {}, block.caption),
    h('thead', {}, h('tr', {}, ...headings)),
    h('tbody', {}, ...page.map((row) => drawRow(drawing, row))),
  )
  const scroll = h('div', { class: 'table-scroll', tabindex: 0, role: 'group', 'aria-label': block.caption }, table)
  const pages = Math.ceil(rest.length / size)
  return pages < 2 ? [scroll] : [scroll, pager(drawing, pages, rest.length)]
}

function drawRow({ scene, block }: Drawing, row: Row): HTMLElement {
  const nameColumn = block.row_header_column_index ?? 0
  const cells = row.map((cell, column) =>
    column === nameColumn
      ? h('th', { scope: 'row' }, ...drawCell(scene, cell))
      : h('td', { class: cell.type === 'raw_number' ? 'number' : null }, ...drawCell(scene, cell)),
  )
  return h('tr', {}, ...cells)
}

/** A heading that orders the rows by its column: up, down, as they came. */
function heading({ scene, block, shown, show }: Drawing, cell: Cell, column: number): HTMLElement {
  const mine = shown.order?.column === column ? shown.order : null
  const sort = mine === null ? 'none' : mine.descending ? 'descending' : 'ascending'
  const button = h(
    'button',
    { type: 'button', class: `sort ${sort}` },
    ...drawCell(scene, cell),
    mine === null ? null : icon(ICONS.down),
  )
  on(button, 'click', () => {
    const next = mine === null ? { column, descending: false } : mine.descending ? null : { column, descending: true }
    show({ page: 0, order: next })
  })
  const numbers = block.rows[1]?.[column]?.type === 'raw_number'
  return h('th', { scope: 'col', 'aria-sort': sort, class: numbers ? 'number' : null }, button)
}

function pager({ shown, show }: Drawing, pages: number, count: number): HTMLElement {
  const step = (label: string, page: number) => {
    const button = h('button', { type: 'button', class: 'button small', disabled: page < 0 || page >= pages }, label)
    return on(button, 'click', () => show({ ...shown, page }))
  }
  return h(
    'div',
    { class: 'pager' },
    step('Back', shown.page - 1),
    h('span', { role: 'status' }, `Page ${shown.page + 1} of ${pages} · ${count} rows`),
    step('Next', shown.page + 1),
  )
}

function ordered(rows: readonly Row[], order: Shown['order']): Row[] {
  if (order === null) return [...rows]
  const { column, descending } = order
  const sorted = [...rows].sort((a, b) => compare(a[column], b[column]))
  return descending ? sorted.reverse() : sorted
}

function compare(a: Cell | undefined, b: Cell | undefined): number {
  if (a?.type === 'raw_number' && b?.type === 'raw_number') return a.value - b.value
  return textOf(a).localeCompare(textOf(b), 'en', { numeric: true })
}

function textOf(cell: Cell | undefined): string {
  if (!cell) return ''
  return cell.type === 'rich_text' ? JSON.stringify(cell.elements) : cell.text
}

function drawCell(scene: Scene, cell: Cell): Child[] {
  return [cell.type === 'rich_text' ? drawRichText(scene, cell) : cell.text]
}
