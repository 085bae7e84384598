import * as z from 'zod'

/** The parts of blocks: texts, options, buttons, menus, inputs; with the limits of Slack's reference, as `@slack/types` states them. */

export const plain = (max: number) =>
  z.strictObject({ type: z.literal('plain_text'), text: z.string().min(1).max(max), emoji: z.boolean().optional() })
const mrkdwn = (max: number) =>
  z.strictObject({ type: z.literal('mrkdwn'), text: z.string().min(1).max(max), verbatim: z.boolean().optional() })
export const words = (max: number) => z.discriminatedUnion('type', [plain(max), mrkdwn(max)])

export const url = z
  .string()
  .max(3000)
  .refine((value) => /^(https?|slack|mailto|tel):/i.test(value), { error: 'must be a valid URL' })
export const blockId = z.string().min(1).max(255).optional()
export const actionId = z.string().min(1).max(255).optional()
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

export const picture = z
  .strictObject({
    type: z.literal('image'),
    image_url: url.optional(),
    slack_file: z.looseObject({}).optional(),
    alt_text: z.string().min(1).max(2000),
  })
  .refine((image) => image.image_url !== undefined || image.slack_file !== undefined, {
    error: 'missing required field: image_url',
  })

export const button = z.strictObject({
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

export const inActions = z.discriminatedUnion('type', [button, overflow, workflowButton, richInput, ...menus])
export const inSection = z.discriminatedUnion('type', [button, overflow, workflowButton, picture, ...menus])
export const inInput = z.discriminatedUnion('type', [...inputs, richInput, ...menus])
export const inContext = z.discriminatedUnion('type', [plain(3000), mrkdwn(3000), picture])
