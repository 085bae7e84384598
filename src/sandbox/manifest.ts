import * as z from 'zod'
import type { StepKind } from './wire.ts'

/** An app's manifest: what Slack would find wrong with it, and what a workspace that installs the app makes of it. */

const scopeList = z.array(z.string().max(50)).max(255)
const webAddress = z
  .string()
  .regex(/^https?:\/\//)
  .max(3_500)
const parameter = z.looseObject({
  type: z.string(),
  name: z.string().optional(),
  title: z.string().optional(),
  description: z.string().optional(),
  is_required: z.boolean().optional(),
})
const parameters = z.union([
  z.strictObject({ properties: z.record(z.string(), parameter), required: z.array(z.string()).optional() }),
  z.array(parameter).max(20),
])
const step = z.looseObject({
  callback_id: z.string().optional(),
  title: z.string(),
  description: z.string(),
  input_parameters: parameters,
  output_parameters: parameters,
})

/** The parts that this workspace looks at, as strictly as Slack's published schema; the others it takes as they are. */
const manifestSchema = z.strictObject({
  $schema: z.string().optional(),
  _metadata: z.looseObject({}).optional(),
  app_directory: z.unknown().optional(),
  display_information: z.strictObject({
    name: z.string().min(1).max(35),
    description: z.string().min(1).max(140).optional(),
    background_color: z
      .string()
      .regex(/^#[0-9a-fA-F]{3}([0-9a-fA-F]{3})?$/)
      .optional(),
    long_description: z.string().min(175).max(4_000).optional(),
  }),
  features: z
    .strictObject({
      app_home: z
        .strictObject({
          home_tab_enabled: z.boolean().optional(),
          messages_tab_enabled: z.boolean().optional(),
          messages_tab_read_only_enabled: z.boolean().optional(),
        })
        .optional(),
      bot_user: z
        .strictObject({ display_name: z.string().min(1).max(80), always_online: z.boolean().optional() })
        .optional(),
      functions: z
        .array(step.extend({ callback_id: z.string() }))
        .max(50)
        .optional(),
      shortcuts: z
        .array(
          z.strictObject({
            name: z.string().min(1).max(24),
            type: z.enum(['message', 'global']),
            callback_id: z.string().min(1).max(255),
            description: z.string().min(1).max(150),
          }),
        )
        .min(1)
        .max(10)
        .optional(),
      slash_commands: z
        .array(
          z.strictObject({
            command: z.string().regex(/^\//).min(2).max(32),
            url: webAddress.optional(),
            description: z.string().min(1).max(2_000),
            usage_hint: z.string().min(1).max(1_000).optional(),
            should_escape: z.boolean().optional(),
          }),
        )
        .min(1)
        .max(50)
        .optional(),
      workflow_steps: z.unknown().optional(),
      unfurl_domains: z
        .array(
          z
            .string()
            .regex(/^(?![.-])([-a-z0-9.])+([a-z0-9])$/)
            .max(255),
        )
        .min(1)
        .max(5)
        .optional(),
      assistant_view: z.unknown().optional(),
      agent_view: z.unknown().optional(),
    })
    .optional(),
  oauth_config: z
    .strictObject({
      redirect_urls: z.array(z.string()).optional(),
      scopes: z
        .strictObject({
          user: scopeList.optional(),
          bot: scopeList.optional(),
          user_optional: scopeList.optional(),
          bot_optional: scopeList.optional(),
        })
        .optional(),
      token_management_enabled: z.boolean().optional(),
      pkce_enabled: z.boolean().optional(),
    })
    .optional(),
  settings: z
    .looseObject({
      event_subscriptions: z
        .strictObject({
          request_url: webAddress.optional(),
          user_events: z.array(z.string().max(50)).max(100).optional(),
          bot_events: z.array(z.string().max(50)).max(100).optional(),
          metadata_subscriptions: z
            .array(z.strictObject({ app_id: z.string(), event_type: z.string().max(50) }))
            .min(1)
            .max(20)
            .optional(),
        })
        .optional(),
      interactivity: z
        .strictObject({
          is_enabled: z.boolean(),
          request_url: webAddress.optional(),
          message_menu_options_url: webAddress.optional(),
        })
        .optional(),
      socket_mode_enabled: z.boolean().optional(),
      org_deploy_enabled: z.boolean().optional(),
      token_rotation_enabled: z.boolean().optional(),
    })
    .optional(),
  functions: z.record(z.string(), step).optional(),
  workflows: z.unknown().optional(),
  datastores: z.unknown().optional(),
  outgoing_domains: z.unknown().optional(),
  types: z.unknown().optional(),
  external_auth_providers: z.unknown().optional(),
  mcp_servers: z.unknown().optional(),
})

type Manifest = z.infer<typeof manifestSchema>

/** What Slack would answer to apps.manifest.validate; nothing when it would take it. */
export function judgeManifest(value: unknown): { message: string; pointer: string }[] {
  const parsed = manifestSchema.safeParse(value)
  if (!parsed.success)
    return parsed.error.issues.map(({ message, path }) => ({ message, pointer: `/${path.map(String).join('/')}` }))
  return twice(parsed.data)
}

function twice({ features }: Manifest): { message: string; pointer: string }[] {
  const lists = {
    slash_commands: features?.slash_commands?.map(({ command }) => command) ?? [],
    shortcuts: features?.shortcuts?.map(({ callback_id }) => callback_id) ?? [],
  }
  return Object.entries(lists).flatMap(([name, values]) =>
    values.flatMap((value, index) =>
      values.indexOf(value) < index
        ? [{ message: `${value} is there twice`, pointer: `/features/${name}/${index}` }]
        : [],
    ),
  )
}

/** What a workspace knows of an app that is installed with this manifest. Throws on one that Slack would not take. */
export function installed(value: unknown) {
  const [problem] = judgeManifest(value)
  if (problem) throw new Error(`Slack would not take this manifest: ${problem.pointer}: ${problem.message}`)
  const manifest = manifestSchema.parse(value)
  const { features, oauth_config, settings } = manifest
  const scopes = [...(oauth_config?.scopes?.bot ?? []), ...(oauth_config?.scopes?.bot_optional ?? [])]
  return {
    botName: features?.bot_user?.display_name ?? manifest.display_information.name,
    scopes,
    commands: features?.slash_commands?.map(({ command }) => command) ?? [],
    shortcuts: features?.shortcuts ?? [],
    events: settings?.event_subscriptions?.bot_events ?? [],
    unfurlDomains: features?.unfurl_domains ?? [],
    steps: [
      ...(features?.functions ?? []).map((each) => stepOf(each.callback_id, each)),
      ...Object.entries(manifest.functions ?? {}).map(([id, each]) => stepOf(id, each)),
    ],
  }
}

function stepOf(callback_id: string, { title, description, ...given }: z.infer<typeof step>): StepKind {
  return {
    callback_id,
    title,
    description,
    inputs: listed(given.input_parameters).map(({ name, title, type, required }) => ({ name, title, type, required })),
    outputs: listed(given.output_parameters).map(({ name, title, type }) => ({ name, title, type })),
  }
}

function listed(given: z.infer<typeof parameters>) {
  const all = Array.isArray(given)
    ? given.map((each) => ({ ...each, name: each.name ?? '', required: each.is_required ?? false }))
    : Object.entries(given.properties).map(([name, each]) => ({
        ...each,
        name,
        required: given.required?.includes(name) ?? false,
      }))
  return all.map(({ name, title, type, required }) => ({ name, title: title ?? name, type, required }))
}
