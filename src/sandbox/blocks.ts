import { randomBytes } from 'node:crypto'
import type { KnownBlock } from '@slack/types'
import * as z from 'zod'
import {
  actionId,
  blockId,
  button,
  inActions,
  inContext,
  inInput,
  inSection,
  picture,
  plain,
  url,
  words,
} from './block-elements.ts'

/** Where blocks are shown; an `alert` belongs into modals, a message holds 50 blocks, the others 100. */
export type Surface = 'message' | 'modal' | 'home'

const BLOCKS_PER_MESSAGE = 50
const BLOCKS_PER_VIEW = 100
const MARKDOWN_PER_MESSAGE = 12_000

const richText = z.strictObject({
  type: z.literal('rich_text'),
  block_id: blockId,
  elements: z.array(
    z.looseObject({
      type: z.enum(['rich_text_section', 'rich_text_list', 'rich_text_quote', 'rich_text_preformatted']),
      elements: z.array(z.looseObject({ type: z.string() })),
    }),
  ),
})
const cell = z.looseObject({ type: z.enum(['rich_text', 'raw_text', 'raw_number']) })
const taskCard = z.looseObject({
  type: z.literal('task_card'),
  block_id: blockId,
  task_id: z.string().min(1),
  title: z.string().min(1),
  status: z.enum(['pending', 'in_progress', 'complete', 'error']),
})
const card = z.strictObject({
  type: z.literal('card'),
  block_id: blockId,
  hero_image: picture.optional(),
  icon: picture.optional(),
  title: words(150).optional(),
  subtitle: words(150).optional(),
  body: words(200).optional(),
  actions: z.array(button).optional(),
})

const CHARTS_PER_MESSAGE = 2
const point = z.strictObject({ label: z.string().min(1).max(75), value: z.number() })
const seriesChart = {
  series: z
    .array(z.strictObject({ name: z.string().min(1).max(75), data: z.array(point).min(1) }))
    .min(1)
    .max(6),
  axis_config: z.strictObject({
    categories: z.array(z.string().min(1)).min(1),
    x_label: z.string().max(75).optional(),
    y_label: z.string().max(75).optional(),
  }),
}
/** Newer than `@slack/types`: from Slack's reference. */
const chart = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('pie'), segments: z.array(point).min(1) }),
  z
    .strictObject({ type: z.enum(['line', 'bar', 'area']), ...seriesChart })
    .refine(({ series, axis_config: { categories } }) => series.every(({ data }) => isSame(data, categories)), {
      error: 'the labels of each series must be the categories of the axis',
    }),
])

const isSame = (data: { label: string }[], categories: string[]): boolean =>
  data.map(({ label }) => label).join('\n') === categories.join('\n')

/** One schema per block type; limits are those of Slack's reference, as `@slack/types` states them. */
const SCHEMAS = {
  section: z
    .strictObject({
      type: z.literal('section'),
      block_id: blockId,
      text: words(3000).optional(),
      fields: z.array(words(2000)).min(1).max(10).optional(),
      accessory: inSection.optional(),
      expand: z.boolean().optional(),
    })
    .refine((section) => section.text !== undefined || section.fields !== undefined, {
      error: 'missing required field: text',
    }),
  header: z.strictObject({ type: z.literal('header'), block_id: blockId, text: plain(150) }),
  divider: z.strictObject({ type: z.literal('divider'), block_id: blockId }),
  context: z.strictObject({
    type: z.literal('context'),
    block_id: blockId,
    elements: z.array(inContext).min(1).max(10),
  }),
  actions: z.strictObject({
    type: z.literal('actions'),
    block_id: blockId,
    elements: z.array(inActions).min(1).max(25),
  }),
  image: z
    .strictObject({
      type: z.literal('image'),
      block_id: blockId,
      image_url: url.optional(),
      slack_file: z.looseObject({}).optional(),
      alt_text: z.string().min(1).max(2000),
      title: plain(2000).optional(),
    })
    .refine((image) => image.image_url !== undefined || image.slack_file !== undefined, {
      error: 'missing required field: image_url',
    }),
  input: z.strictObject({
    type: z.literal('input'),
    block_id: blockId,
    label: plain(2000),
    hint: plain(2000).optional(),
    optional: z.boolean().optional(),
    element: inInput,
    dispatch_action: z.boolean().optional(),
  }),
  markdown: z.strictObject({
    type: z.literal('markdown'),
    block_id: blockId,
    text: z.string().min(1).max(MARKDOWN_PER_MESSAGE),
  }),
  rich_text: richText,
  table: z.looseObject({
    type: z.literal('table'),
    block_id: blockId,
    rows: z.array(z.array(cell).max(20)).min(1).max(100),
  }),
  data_table: z.looseObject({
    type: z.literal('data_table'),
    block_id: blockId,
    caption: z.string().min(1),
    rows: z.array(z.array(cell)).min(1),
    page_size: z.int().min(1).max(100).optional(),
  }),
  card,
  data_visualization: z.strictObject({
    type: z.literal('data_visualization'),
    block_id: blockId,
    title: z.string().min(1).max(50),
    chart,
  }),
  carousel: z.strictObject({ type: z.literal('carousel'), block_id: blockId, elements: z.array(card).min(1).max(10) }),
  container: z.looseObject({
    type: z.literal('container'),
    block_id: blockId,
    title: plain(150).optional(),
    subtitle: words(150).optional(),
    child_blocks: z.array(z.looseObject({ type: z.string() })).max(10),
  }),
  context_actions: z.looseObject({
    type: z.literal('context_actions'),
    block_id: blockId,
    elements: z
      .array(z.looseObject({ type: z.enum(['feedback_buttons', 'icon_button']), action_id: actionId }))
      .min(1)
      .max(5),
  }),
  plan: z.looseObject({
    type: z.literal('plan'),
    block_id: blockId,
    title: z.string().min(1),
    tasks: z.array(taskCard).optional(),
  }),
  task_card: taskCard,
  alert: z.strictObject({
    type: z.literal('alert'),
    block_id: blockId,
    text: words(3000),
    level: z.enum(['default', 'info', 'warning', 'error', 'success']).optional(),
  }),
  video: z.looseObject({
    type: z.literal('video'),
    block_id: blockId,
    video_url: url,
    thumbnail_url: url,
    alt_text: z.string().min(1),
    title: plain(199),
  }),
} as const

const CHILDREN: ReadonlySet<string> = new Set(
  'actions context divider file header image input rich_text section table video'.split(' '),
)

const ONLY_IN: Partial<Record<string, Surface>> = { alert: 'modal' }

export interface Judged {
  /** What is wrong, in Slack's words with a JSON pointer: `must be less than 3001 characters [json-pointer:/blocks/0/text/text]`. */
  problems: string[]
}

/** Judges a list of blocks as Slack does. `at` is the pointer of the list. An empty `problems` means that Slack would take them. */
export function judgeBlocks(blocks: readonly unknown[], surface: Surface, at = '/blocks'): Judged {
  const most = surface === 'message' ? BLOCKS_PER_MESSAGE : BLOCKS_PER_VIEW
  const problems: string[] = []
  if (blocks.length > most) problems.push(`no more than ${most} items allowed [json-pointer:${at}]`)
  const ids = new Set<string>()
  for (const [index, block] of blocks.entries()) {
    problems.push(...judgeBlock(block, surface, `${at}/${index}`))
    const id = isRecord(block) ? block.block_id : undefined
    if (typeof id !== 'string') continue
    if (ids.has(id)) problems.push(`\`block_id\` "${id}" already exists [json-pointer:${at}/${index}/block_id]`)
    ids.add(id)
  }
  const charts = blocks.filter((block) => isRecord(block) && block.type === 'data_visualization')
  if (surface === 'message' && charts.length > CHARTS_PER_MESSAGE)
    problems.push(`no more than ${CHARTS_PER_MESSAGE} charts allowed [json-pointer:${at}]`)
  return { problems }
}

function judgeBlock(block: unknown, surface: Surface, at: string): string[] {
  if (!isRecord(block)) return [`must provide an object [json-pointer:${at}]`]
  const { type } = block
  if (type === undefined) return [`missing required field: type [json-pointer:${at}]`]
  if (typeof type !== 'string' || !isKnown(type)) return [`unsupported type: ${String(type)} [json-pointer:${at}/type]`]
  const only = ONLY_IN[type]
  if (only !== undefined && only !== surface) return [`unsupported type: ${type} [json-pointer:${at}/type]`]

  const result = SCHEMAS[type].safeParse(block)
  const problems = result.success ? [] : result.error.issues.map((issue) => inSlacksWords(issue, block, at))
  if (type === 'container' && Array.isArray(block.child_blocks)) {
    for (const [index, child] of block.child_blocks.entries()) {
      const pointer = `${at}/child_blocks/${index}`
      if (isRecord(child) && !CHILDREN.has(String(child.type)))
        problems.push(`unsupported type: ${String(child.type)} [json-pointer:${pointer}/type]`)
      else problems.push(...judgeBlock(child, surface, pointer))
    }
  }
  const actions = new Set<string>()
  for (const { action_id: id } of elementsOf(block)) {
    if (id === undefined) continue
    if (actions.has(id)) problems.push(`\`action_id\` "${id}" already exists in this block [json-pointer:${at}]`)
    actions.add(id)
  }
  return problems
}

const isKnown = (type: string): type is keyof typeof SCHEMAS => Object.hasOwn(SCHEMAS, type)

const MOST_TEXT_IN_BLOCKS = 13_200

/**
 * Whether Slack would answer `msg_blocks_too_long`: it does so at roughly 13,200 characters of text in all blocks together, and at
 * 12,000 in markdown blocks (slackapi/bolt-js#2509; the exact sum is not published).
 */
export function isTooLong(blocks: readonly unknown[]): boolean {
  const markdown = blocks.filter(isRecord).filter((block) => block.type === 'markdown')
  return textLength(markdown) > MARKDOWN_PER_MESSAGE || textLength(blocks) > MOST_TEXT_IN_BLOCKS
}

function textLength(value: unknown): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + textLength(item), 0)
  if (!isRecord(value)) return 0
  return Object.entries(value).reduce(
    (sum, [key, item]) => sum + (key === 'text' && typeof item === 'string' ? item.length : textLength(item)),
    0,
  )
}

/** An element that a person can use, with the block it is in. */
export interface Usable {
  type: string
  action_id?: string
  block_id: string
  element: Record<string, unknown>
}

/** Every element with an `action_id` of these blocks, containers and cards included. */
export function usables(blocks: readonly unknown[]): Usable[] {
  return blocks.filter(isRecord).flatMap((block) => {
    const block_id = typeof block.block_id === 'string' ? block.block_id : ''
    const own = elementsOf(block).map((element) => ({ ...element, block_id }))
    const nested = [block.child_blocks, block.type === 'carousel' ? block.elements : undefined]
    return [...own, ...nested.filter(Array.isArray).flatMap((children: unknown[]) => usables(children))]
  })
}

function elementsOf(
  block: Record<string, unknown>,
): { type: string; action_id?: string; element: Record<string, unknown> }[] {
  const lists = [block.type === 'carousel' ? [] : block.elements, block.actions, [block.accessory], [block.element]]
  return lists
    .filter(Array.isArray)
    .flat()
    .filter(isRecord)
    .filter((element) => typeof element.action_id === 'string' && typeof element.type === 'string')
    .map((element) => ({ type: String(element.type), action_id: String(element.action_id), element }))
}

/** A copy in which every block has a `block_id` and every usable element an `action_id`, made up where they were left out, as Slack does. */
export function withIds(blocks: readonly unknown[]): KnownBlock[] {
  const copy = structuredClone(blocks) as Record<string, unknown>[]
  for (const block of copy) fillIds(block)
  return copy as unknown as KnownBlock[]
}

const NEEDS_ACTION_ID =
  /^(button|overflow|checkboxes|radio_buttons|workflow_button|icon_button|feedback_buttons|.*(_select|picker|_input))$/

function fillIds(block: Record<string, unknown>): void {
  block.block_id ??= randomBytes(4).toString('base64url').slice(0, 5)
  const carousel = block.type === 'carousel'
  for (const child of [block.child_blocks, carousel ? block.elements : []].filter(Array.isArray).flat())
    if (isRecord(child)) fillIds(child)
  const elements = [carousel ? [] : block.elements, block.actions, [block.accessory], [block.element]]
  for (const element of elements.filter(Array.isArray).flat()) {
    if (isRecord(element) && NEEDS_ACTION_ID.test(String(element.type)))
      element.action_id ??= randomBytes(4).toString('base64url').slice(0, 5)
  }
}

const viewSchema = z
  .strictObject({
    type: z.enum(['modal', 'home']),
    title: plain(24).optional(),
    blocks: z.array(z.unknown()),
    close: plain(24).optional(),
    submit: plain(24).optional(),
    private_metadata: z.string().max(3000).optional(),
    callback_id: z.string().max(255).optional(),
    clear_on_close: z.boolean().optional(),
    notify_on_close: z.boolean().optional(),
    external_id: z.string().max(255).optional(),
    submit_disabled: z.boolean().optional(),
  })
  .refine((view) => view.type === 'home' || view.title !== undefined, { error: 'missing required field: title' })

export type ViewInput = z.infer<typeof viewSchema>

/** Judges a modal or a Home view; the parsed view when Slack would take it. */
export function judgeView(input: unknown, type: 'modal' | 'home'): { view: ViewInput } | Judged {
  const result = viewSchema.safeParse(input)
  if (!result.success) return { problems: result.error.issues.map((issue) => inSlacksWords(issue, input, '/view')) }
  const view = result.data
  if (view.type !== type) return { problems: [`must be a ${type} view [json-pointer:/view/type]`] }
  const { problems } = judgeBlocks(view.blocks, type, '/view/blocks')
  const asks = view.blocks.some((block) => isRecord(block) && block.type === 'input')
  if (type === 'modal' && asks && view.submit === undefined)
    problems.push('missing required field: submit [json-pointer:/view]')
  return problems.length > 0 ? { problems } : { view }
}

type Issue = z.core.$ZodIssue

/** zod's complaint in the words that Slack uses, with the JSON pointer that Slack would name. */
function inSlacksWords(issue: Issue, root: unknown, at: string): string {
  const pointer = [at, ...issue.path.map(String)].join('/')
  const parent = [at, ...issue.path.slice(0, -1).map(String)].join('/')
  const here = (sentence: string) => `${sentence} [json-pointer:${pointer}]`
  const absent = issue.path.length > 0 && valueAt(root, issue.path) === undefined
  if (absent && issue.code !== 'custom')
    return `missing required field: ${String(issue.path.at(-1))} [json-pointer:${parent}]`
  switch (issue.code) {
    case 'too_big':
      return here(
        issue.origin === 'string'
          ? `must be less than ${Number(issue.maximum) + 1} characters`
          : issue.origin === 'array'
            ? `no more than ${issue.maximum} items allowed`
            : `must be no more than ${issue.maximum}`,
      )
    case 'too_small':
      return here(
        issue.origin === 'string'
          ? `must be more than ${Number(issue.minimum) - 1} characters`
          : issue.origin === 'array'
            ? `no fewer than ${issue.minimum} items required`
            : `must be no less than ${issue.minimum}`,
      )
    case 'unrecognized_keys':
      return here(`invalid additional property: ${issue.keys.join(', ')}`)
    case 'invalid_union':
      return here(`unsupported type: ${String(valueAt(root, issue.path))}`)
    case 'invalid_type':
      return here(`must provide ${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`)
    case 'invalid_value':
      return here(`must be one of: ${issue.values.map(String).join(', ')}`)
    default:
      return here(issue.message)
  }
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (value !== null && typeof value === 'object' ? Reflect.get(value, key) : undefined),
    root,
  )
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
