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
import { type Child, h, ICONS, icon } from './dom.ts'
import { drawElement, type Element, type Slot } from './elements.ts'
import { parseMarkdown } from './markdown.ts'
import { drawLink, drawRichText, drawTextObject, drawBlocks as drawTree, plainChildren, table } from './rich.ts'
import { type Place, placeKey, type Scene } from './scene.ts'

/** Receives, by `block_id`, how the value of an input is read; only modals collect. */
export type Collect = (block_id: string, read: () => string | string[]) => void

interface Surface {
  scene: Scene
  place: Place
  collect: Collect | null
}

/** Draws Block Kit. A block that this page does not know is named, never dropped in silence. */
export function drawKit(
  scene: Scene,
  place: Place,
  blocks: readonly KnownBlock[],
  collect: Collect | null = null,
): HTMLElement {
  return h('div', { class: 'kit' }, ...blocks.map((block) => drawBlock({ scene, place, collect }, block)))
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
      return drawImage(block)
    case 'markdown':
      return h('div', { class: 'block text' }, drawTree(scene, parseMarkdown(block.text)))
    case 'rich_text':
      return h('div', { class: 'block text' }, drawRichText(scene, block))
    case 'input':
      return drawInput(surface, block)
    case 'table':
      return h('div', { class: 'block' }, drawTable(scene, block.rows, null))
    case 'data_table':
      return h('div', { class: 'block' }, drawTable(scene, block.rows, block.caption))
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
      return h('div', { class: 'block text' }, h('p', {}, drawLink(block.video_url, [block.title.text])))
    case 'file':
      return unsupported(block.type)
    default:
      return unsupported((block satisfies never as { type: string }).type)
  }
}

function unsupported(type: string): HTMLElement {
  return h('p', { class: 'block unsupported' }, `This page does not draw blocks of type “${type}”.`)
}

function slotOf(surface: Surface, block_id: string | undefined): Slot {
  return { scene: surface.scene, place: surface.place, block_id: block_id ?? null, field: null, dispatch: true }
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
    ? picture(accessory, 'thumb')
    : drawElement(slotOf(surface, block.block_id), accessory)
}

function drawContext(surface: Surface, block: ContextBlock): HTMLElement {
  const parts = block.elements.map((element) =>
    element.type === 'image'
      ? picture(element, 'mini')
      : h('span', { class: 'text' }, drawTextObject(surface.scene, element)),
  )
  return h('div', { class: 'block context' }, ...parts)
}

/** Only addresses of the web are loaded; a picture that fails leaves its description. */
function picture(image: ImageElement | ImageBlock, style: string): HTMLElement {
  const src = 'image_url' in image && /^(https?:|data:image\/)/.test(image.image_url) ? image.image_url : null
  if (src === null) return h('span', { class: `missing ${style}` }, image.alt_text)
  const node = h('img', { src, alt: image.alt_text, class: style, loading: 'lazy', referrerpolicy: 'no-referrer' })
  node.addEventListener('error', () => node.replaceWith(h('span', { class: `missing ${style}` }, image.alt_text)))
  return node
}

function drawImage(block: ImageBlock): HTMLElement {
  return h(
    'figure',
    { class: 'block image' },
    block.title ? h('figcaption', {}, ...plainChildren(block.title.text)) : null,
    picture(block, 'wide'),
  )
}

function drawInput(surface: Surface, block: InputBlock): HTMLElement {
  const block_id = block.block_id ?? ''
  const id = `field-${placeKey(surface.place)}-${block_id}`.replace(/[^\w-]/g, '_')
  const { collect } = surface
  const slot: Slot = {
    ...slotOf(surface, block.block_id),
    field: collect && { id, reads: (read) => collect(block_id, read) },
    dispatch: block.dispatch_action ?? false,
  }
  return h(
    'div',
    { class: 'block input', 'data-block': block_id },
    h('label', { for: id }, block.label.text, block.optional ? h('span', { class: 'optional' }, ' (optional)') : null),
    drawElement(slot, block.element satisfies Element),
    block.hint ? h('p', { class: 'hint' }, ...plainChildren(block.hint.text)) : null,
    h('p', { class: 'field-error', role: 'alert' }),
  )
}

type Cell = RichTextBlock | RawTextElement | RawNumberElement

function drawTable(scene: Scene, rows: readonly (readonly Cell[])[], caption: string | null): HTMLElement {
  const cell = (value: Cell): Child[] => [value.type === 'rich_text' ? drawRichText(scene, value) : value.text]
  const [head, ...rest] = rows
  return table(
    (head ?? []).map(cell),
    rest.map((row) => row.map(cell)),
    caption,
  )
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
    block.hero_image ? picture(block.hero_image, 'wide') : null,
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
