/// <reference lib="dom" />
import type {
  ContextBlock,
  ImageBlock,
  ImageElement,
  InputBlock,
  KnownBlock,
  RawNumberElement,
  RawTextElement,
  RichTextBlock,
  SectionBlock,
  TaskCardBlock,
} from '@slack/types'
import { fileAddress } from './api.ts'
import { type ChartBlock, drawChart } from './chart.ts'
import { drawDataTable } from './data-table.ts'
import { type Child, h, icon } from './dom.ts'
import { drawElement } from './elements.ts'
import type { Choice } from './held.ts'
import { ICONS } from './icons.ts'
import { parseMarkdown } from './markdown.ts'
import { drawLink, drawRichText, drawTextObject, drawBlocks as drawTree, plainChildren, table } from './rich.ts'
import { type Place, placeKey, type Scene } from './scene.ts'
import type { Element, Reader, Slot } from './slot.ts'

/** What a view has beside its blocks: what its inputs hold, and who reads them when it is submitted. */
export interface Inputs {
  /** What the element of this key holds already, or null for what its block says. */
  held(key: string): readonly Choice[] | null
  /** Receives, by `block_id`, how the value of an input is read; only modals collect. */
  collect: ((block_id: string, reader: Reader) => void) | null
}

const NO_INPUTS: Inputs = { held: () => null, collect: null }

interface Surface {
  scene: Scene
  place: Place
  inputs: Inputs
}

/** Draws Block Kit. A block that this page does not know is named, never dropped in silence. */
export function drawKit(
  scene: Scene,
  place: Place,
  blocks: readonly KnownBlock[],
  inputs: Inputs = NO_INPUTS,
): HTMLElement {
  return h('div', { class: 'kit' }, ...blocks.map((block) => drawBlock({ scene, place, inputs }, block)))
}

function drawBlock(surface: Surface, block: KnownBlock): HTMLElement {
  const { scene } = surface
  switch (block.type) {
    case 'header':
      return h('h3', { class: 'block header' }, ...plainChildren(block.text.text))
    case 'section':
      return drawSection(surface, block)
    case 'context':
      return drawContext(surface, block)
    case 'actions':
    case 'context_actions':
      return h(
        'div',
        { class: 'block actions' },
        ...block.elements.map((element) => drawElement(slotOf(surface, block.block_id), element)),
      )
    case 'divider':
      return h('hr', { class: 'block divider' })
    case 'image':
      return drawImage(scene, block)
    case 'markdown':
      return h('div', { class: 'block text' }, drawTree(scene, parseMarkdown(block.text)))
    case 'rich_text':
      return h('div', { class: 'block text' }, drawRichText(scene, block))
    case 'input':
      return drawInput(surface, block)
    case 'table':
      return h('div', { class: 'block' }, drawTable(scene, block))
    case 'data_table':
      return drawDataTable(scene, block)
    case 'alert':
      return h('div', { class: `block alert ${block.level ?? 'default'} text` }, drawTextObject(scene, block.text))
    case 'container':
      return drawContainer(surface, block)
    case 'card':
      return drawCard(surface, block)
    case 'carousel':
      return h('div', { class: 'block carousel' }, ...block.elements.map((card) => drawCard(surface, card)))
    case 'plan':
      return h(
        'div',
        { class: 'block plan' },
        h('p', { class: 'plan-title' }, block.title),
        ...(block.tasks ?? []).map((task) => (isTask(task) ? drawTask(scene, task) : null)),
      )
    case 'task_card':
      return h('div', { class: 'block plan' }, drawTask(scene, block))
    case 'video':
      return drawVideo(scene, block)
    case 'file':
      return unsupported(block.type)
    default:
      return drawNewer(block satisfies never)
  }
}

/** What `@slack/types` does not know yet. */
function drawNewer(block: { type: string }): HTMLElement {
  return block.type === 'data_visualization' ? drawChart(block as ChartBlock) : unsupported(block.type)
}

function unsupported(type: string): HTMLElement {
  return h('p', { class: 'block unsupported' }, `This page does not draw blocks of type “${type}”.`)
}

function slotOf(surface: Surface, block_id: string | undefined): Slot {
  const { scene, place, inputs } = surface
  return { scene, place, block_id: block_id ?? null, field: null, dispatch: true, held: inputs.held }
}

function drawSection(surface: Surface, block: SectionBlock): HTMLElement {
  const { scene } = surface
  const body = h('div', { class: 'section-body' })
  if (block.text) body.append(h('div', { class: 'text' }, drawTextObject(scene, block.text)))
  if (block.fields)
    body.append(
      h(
        'div',
        { class: 'fields' },
        ...block.fields.map((field) => h('div', { class: 'text' }, drawTextObject(scene, field))),
      ),
    )
  return h(
    'div',
    { class: 'block section' },
    body,
    block.accessory ? h('div', { class: 'accessory' }, drawAccessory(surface, block)) : null,
  )
}

function drawAccessory(surface: Surface, block: SectionBlock): Child {
  const accessory = block.accessory
  if (!accessory) return null
  return accessory.type === 'image'
    ? picture(surface.scene, accessory, 'thumb')
    : drawElement(slotOf(surface, block.block_id), accessory)
}

function drawContext(surface: Surface, block: ContextBlock): HTMLElement {
  const parts = block.elements.map((element) =>
    element.type === 'image'
      ? picture(surface.scene, element, 'mini')
      : h('span', { class: 'text' }, drawTextObject(surface.scene, element)),
  )
  return h('div', { class: 'block context' }, ...parts)
}

/** Only addresses of the web and files of the workspace are loaded; a picture that fails leaves its description. */
function picture(scene: Scene, image: ImageElement | ImageBlock, style: string): HTMLElement {
  const src = addressOf(scene, image)
  if (src === null) return h('span', { class: `missing ${style}` }, image.alt_text)
  const node = h('img', { src, alt: image.alt_text, class: style, loading: 'lazy', referrerpolicy: 'no-referrer' })
  node.addEventListener('error', () => node.replaceWith(h('span', { class: `missing ${style}` }, image.alt_text)))
  return node
}

function addressOf(scene: Scene, image: ImageElement | ImageBlock): string | null {
  if ('image_url' in image && typeof image.image_url === 'string')
    return /^(https?:|data:image\/)/.test(image.image_url) ? image.image_url : null
  const file = 'slack_file' in image ? image.slack_file : null
  const id = file && 'id' in file ? file.id : undefined
  return id === undefined ? null : fileAddress(scene.state.me.id, id)
}

function drawImage(scene: Scene, block: ImageBlock): HTMLElement {
  return h(
    'figure',
    { class: 'block image' },
    block.title ? h('figcaption', {}, ...plainChildren(block.title.text)) : null,
    picture(scene, block, 'wide'),
  )
}

/** A video is not played here: its picture and its title lead to it. */
function drawVideo(scene: Scene, block: Extract<KnownBlock, { type: 'video' }>): HTMLElement {
  const from = [block.provider_name, block.author_name].filter(Boolean).join(' · ')
  const shown = picture(scene, { type: 'image', image_url: block.thumbnail_url, alt_text: block.alt_text }, 'wide')
  return h(
    'div',
    { class: 'block card' },
    h('p', { class: 'card-title' }, drawLink(block.title_url ?? block.video_url, [block.title.text])),
    from === '' ? null : h('p', { class: 'subtitle' }, from),
    block.description ? h('p', {}, block.description.text) : null,
    shown,
  )
}

function drawInput(surface: Surface, block: InputBlock): HTMLElement {
  const block_id = block.block_id ?? ''
  const id = `field-${placeKey(surface.place)}-${block_id}`.replace(/[^\w-]/g, '_')
  const { collect } = surface.inputs
  const slot: Slot = {
    ...slotOf(surface, block.block_id),
    field: collect && { id, reads: (reader) => collect(block_id, reader) },
    dispatch: block.dispatch_action ?? false,
  }
  return h(
    'div',
    { class: 'block input', 'data-block': block_id },
    h(
      'label',
      { for: id, id: `${id}-label` },
      block.label.text,
      block.optional ? h('span', { class: 'optional' }, ' (optional)') : null,
    ),
    drawElement(slot, block.element satisfies Element),
    h('p', { class: 'hint', id: `${id}-hint` }, ...(block.hint ? plainChildren(block.hint.text) : [])),
    h('p', { class: 'field-error', id: `${id}-error`, role: 'alert' }),
  )
}

type Cell = RichTextBlock | RawTextElement | RawNumberElement

function drawTable(scene: Scene, block: Extract<KnownBlock, { type: 'table' }>): HTMLElement {
  const cell = (value: Cell): Child[] => [value.type === 'rich_text' ? drawRichText(scene, value) : value.text]
  const [head, ...rest] = block.rows
  const drawn = table(
    (head ?? []).map(cell),
    rest.map((row) => row.map(cell)),
  )
  const columns = block.column_settings ?? []
  for (const row of drawn.querySelectorAll('tr'))
    columns.forEach((column, index) => {
      row.children[index]?.classList.add(column.align ?? 'left', column.is_wrapped ? 'wrapped' : 'unwrapped')
    })
  return drawn
}

function drawContainer(surface: Surface, block: Extract<KnownBlock, { type: 'container' }>): HTMLElement {
  const title: Child = block.rich_text_title
    ? drawRichText(surface.scene, block.rich_text_title)
    : h('span', {}, ...plainChildren(block.title?.text ?? 'Details'))
  const subtitle: Child = block.subtitle
    ? h('span', { class: 'subtitle text' }, drawTextObject(surface.scene, block.subtitle))
    : null
  const children = block.child_blocks.map((child) => drawBlock(surface, child))
  if (!block.is_collapsible)
    return h('div', { class: 'block container' }, h('div', { class: 'container-title' }, title, subtitle), ...children)
  return h(
    'details',
    { class: 'block container', open: !block.default_collapsed },
    h('summary', { class: 'container-title' }, icon(ICONS.chevron), title, subtitle),
    ...children,
  )
}

function drawCard(surface: Surface, block: Extract<KnownBlock, { type: 'card' }>): HTMLElement {
  const { scene } = surface
  const line = (text: typeof block.title, style: string): Child =>
    text ? h('div', { class: `text ${style}` }, drawTextObject(scene, text)) : null
  const actions = (block.actions ?? []).map((button) => drawElement(slotOf(surface, block.block_id), button))
  return h(
    'div',
    { class: 'block card' },
    block.hero_image ? picture(scene, block.hero_image, 'wide') : null,
    line(block.title, 'card-title'),
    line(block.subtitle, 'subtitle'),
    line(block.body, ''),
    actions.length > 0 ? h('div', { class: 'actions' }, ...actions) : null,
  )
}

function isTask(task: TaskCardBlock | Record<string, unknown>): task is TaskCardBlock {
  return task.type === 'task_card'
}

const TASK_SIGNS = { pending: '○', in_progress: '◐', complete: '✓', error: '✕' } as const

function drawTask(scene: Scene, task: TaskCardBlock): HTMLElement {
  return h(
    'div',
    { class: `task ${task.status}` },
    h(
      'span',
      { class: 'task-sign', role: 'img', 'aria-label': task.status.replace('_', ' ') },
      TASK_SIGNS[task.status],
    ),
    h(
      'div',
      { class: 'text' },
      h('p', { class: 'task-title' }, task.title),
      task.details ? drawRichText(scene, task.details) : null,
      task.output ? drawRichText(scene, task.output) : null,
      task.sources && task.sources.length > 0
        ? h('p', {}, ...task.sources.flatMap((source): Child[] => [drawLink(source.url, [source.text]), ' ']))
        : null,
    ),
  )
}
