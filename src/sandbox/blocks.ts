import { randomBytes } from 'node:crypto'
import type { KnownBlock } from '@slack/types'
import * as z from 'zod'

/** Where blocks are shown; an `alert` belongs into modals, a message holds 50 blocks, the others 100. */
export type Surface = 'message' | 'modal' | 'home'

const BLOCKS_PER_MESSAGE = 50
const BLOCKS_PER_VIEW = 100
const MARKDOWN_PER_MESSAGE = 12_000

const plain = (max: number) =>
  z.strictObject({ type: z.literal('plain_text'), text: z.string().min(1).max(max), emoji: z.boolean().optional() })
const mrkdwn = (max: number) =>
  z.strictObject({ type: z.literal('mrkdwn'), text: z.string().min(1).max(max), verbatim: z.boolean().optional() })
const words = (max: number) => z.discriminatedUnion('type', [plain(max), mrkdwn(max)])

const url = z
  .string()
  .max(3000)
  .refine((value) => /^(https?|slack|mailto|tel):/i.test(value), { error: 'must be a valid URL' })
const blockId = z.string().min(1).max(255).optional()
const actionId = z.string().min(1).max(255).optional()
const style = z.enum(['primary', 'danger']).optional()
const confirm = z
  .strictObject({
    title: plain(100).optional(),
    text: words(300),
    confirm: plain(30).optional(),
    deny: plain(30).optional(),
    style,
  })
  .optional()

const option = z.strictObject({
  text: words(75),
  value: z.string().min(1).max(75),
  description: words(75).optional(),
  url: url.optional(),
})
const plainOption = option.extend({ text: plain(75) })
const optionGroup = z.strictObject({ label: plain(75), options: z.array(plainOption).min(1).max(100) })

const interactive = { action_id: actionId, confirm }
const focus = { focus_on_load: z.boolean().optional() }
const placeholder = { placeholder: plain(150).optional() }
const several = { max_selected_items: z.int().min(1).optional() }
const staticOptions = {
  options: z.array(plainOption).min(1).max(100).optional(),
  option_groups: z.array(optionGroup).min(1).max(100).optional(),
}
const conversations = {
  default_to_current_conversation: z.boolean().optional(),
  filter: z.looseObject({}).optional(),
}
const dispatch = { dispatch_action_config: z.looseObject({}).optional() }
const oneOfOptions = (element: { options?: unknown; option_groups?: unknown }) =>
  (element.options === undefined) !== (element.option_groups === undefined)
const eitherOptions = { error: 'exactly one of `options` and `option_groups` must be given' }

const picture = z
  .strictObject({
    type: z.literal('image'),
    image_url: url.optional(),
    slack_file: z.looseObject({}).optional(),
    alt_text: z.string().min(1).max(2000),
  })
  .refine((image) => image.image_url !== undefined || image.slack_file !== undefined, {
    error: 'missing required field: image_url',
  })

const button = z.strictObject({
  type: z.literal('button'),
  text: plain(75),
  ...interactive,
  url: url.optional(),
  value: z.string().max(2000).optional(),
  style,
  accessibility_label: z.string().max(75).optional(),
})

/** The menus and pickers that a section, an actions block and an input block all take. */
const menus = [
  z
    .strictObject({
      type: z.literal('static_select'),
      ...interactive,
      ...focus,
      ...placeholder,
      ...staticOptions,
      initial_option: plainOption.optional(),
    })
    .refine(oneOfOptions, eitherOptions),
  z
    .strictObject({
      type: z.literal('multi_static_select'),
      ...interactive,
      ...focus,
      ...placeholder,
      ...several,
      ...staticOptions,
      initial_options: z.array(plainOption).optional(),
    })
    .refine(oneOfOptions, eitherOptions),
  z.strictObject({
    type: z.literal('external_select'),
    ...interactive,
    ...focus,
    ...placeholder,
    min_query_length: z.int().min(0).optional(),
    initial_option: plainOption.optional(),
  }),
  z.strictObject({
    type: z.literal('multi_external_select'),
    ...interactive,
    ...focus,
    ...placeholder,
    ...several,
    min_query_length: z.int().min(0).optional(),
    initial_options: z.array(plainOption).optional(),
  }),
  z.strictObject({
    type: z.literal('users_select'),
    ...interactive,
    ...focus,
    ...placeholder,
    initial_user: z.string().optional(),
  }),
  z.strictObject({
    type: z.literal('multi_users_select'),
    ...interactive,
    ...focus,
    ...placeholder,
    ...several,
    initial_users: z.array(z.string()).optional(),
  }),
  z.strictObject({
    type: z.literal('conversations_select'),
    ...interactive,
    ...focus,
    ...placeholder,
    ...conversations,
    initial_conversation: z.string().optional(),
    response_url_enabled: z.boolean().optional(),
  }),
  z.strictObject({
    type: z.literal('multi_conversations_select'),
    ...interactive,
    ...focus,
    ...placeholder,
    ...several,
    ...conversations,
    initial_conversations: z.array(z.string()).optional(),
  }),
  z.strictObject({
    type: z.literal('channels_select'),
    ...interactive,
    ...focus,
    ...placeholder,
    initial_channel: z.string().optional(),
    response_url_enabled: z.boolean().optional(),
  }),
  z.strictObject({
    type: z.literal('multi_channels_select'),
    ...interactive,
    ...focus,
    ...placeholder,
    ...several,
    initial_channels: z.array(z.string()).optional(),
  }),
  z.strictObject({
    type: z.literal('datepicker'),
    ...interactive,
    ...focus,
    ...placeholder,
    initial_date: z
      .string()
      .regex(/^\d{4}-\d{2}-\d{2}$/)
      .optional(),
  }),
  z.strictObject({
    type: z.literal('timepicker'),
    ...interactive,
    ...focus,
    ...placeholder,
    initial_time: z
      .string()
      .regex(/^\d{2}:\d{2}$/)
      .optional(),
    timezone: z.string().optional(),
  }),
  z.strictObject({
    type: z.literal('datetimepicker'),
    ...interactive,
    ...focus,
    initial_date_time: z.int().optional(),
  }),
  z.strictObject({
    type: z.literal('checkboxes'),
    ...interactive,
    ...focus,
    options: z.array(option).min(1).max(10),
    initial_options: z.array(option).optional(),
  }),
  z.strictObject({
    type: z.literal('radio_buttons'),
    ...interactive,
    ...focus,
    options: z.array(option).min(1).max(10),
    initial_option: option.optional(),
  }),
] as const

const overflow = z.strictObject({
  type: z.literal('overflow'),
  ...interactive,
  options: z.array(plainOption).min(1).max(5),
})

const workflowButton = z.looseObject({ type: z.literal('workflow_button'), text: plain(75), action_id: actionId })
const richInput = z.strictObject({
  type: z.literal('rich_text_input'),
  action_id: actionId,
  ...focus,
  ...placeholder,
  ...dispatch,
  initial_value: z.looseObject({}).optional(),
  min_lines: z.int().min(1).max(100).optional(),
  max_lines: z.int().min(1).max(100).optional(),
})

const inputs = [
  z.strictObject({
    type: z.literal('plain_text_input'),
    action_id: actionId,
    ...focus,
    ...placeholder,
    ...dispatch,
    initial_value: z.string().max(3000).optional(),
    multiline: z.boolean().optional(),
    min_length: z.int().min(0).max(3000).optional(),
    max_length: z.int().min(1).max(3000).optional(),
  }),
  z.strictObject({
    type: z.literal('number_input'),
    action_id: actionId,
    ...focus,
    ...placeholder,
    ...dispatch,
    is_decimal_allowed: z.boolean(),
    initial_value: z.string().optional(),
    min_value: z.string().optional(),
    max_value: z.string().optional(),
  }),
  z.strictObject({
    type: z.literal('email_text_input'),
    action_id: actionId,
    ...focus,
    ...placeholder,
    ...dispatch,
    initial_value: z.string().optional(),
  }),
  z.strictObject({
    type: z.literal('url_text_input'),
    action_id: actionId,
    ...focus,
    ...placeholder,
    ...dispatch,
    initial_value: z.string().optional(),
  }),
  z.looseObject({ type: z.literal('file_input'), action_id: actionId }),
] as const

const inActions = z.discriminatedUnion('type', [button, overflow, workflowButton, richInput, ...menus])
const inSection = z.discriminatedUnion('type', [button, overflow, workflowButton, picture, ...menus])
const inInput = z.discriminatedUnion('type', [...inputs, richInput, ...menus])
const inContext = z.discriminatedUnion('type', [plain(3000), mrkdwn(3000), picture])

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
