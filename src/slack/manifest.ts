import { EVENTS, METHODS, type Method } from './methods.ts'
import { SHORTCUTS } from './modals.ts'

/** A slash command as its own file describes it. */
export interface Described {
  name: string
  summary: string
  usage: readonly (readonly [form: string, does: string])[]
}

interface Options {
  commands: readonly Described[]
  /** Where Slack sends its requests in HTTP mode; null: Socket Mode. */
  url: string | null
}

/**
 * The app as Slack has to know it (manifest schema 2), made of what the program does: its commands, its events, and the scopes of the
 * methods that it calls. Whoever creates an app from it has nothing to tick.
 */
export function manifest({ commands, url }: Options) {
  const request = url === null ? {} : { request_url: url }
  const events = Object.keys(EVENTS)
  return {
    $schema: 'https://raw.githubusercontent.com/slackapi/manifest-schema/main/manifest.schema.json',
    _metadata: { major_version: 2 },
    display_information: {
      name: 'Watchbill',
      description: 'Pages whoever is on duty, escalates, and keeps the record of the incident',
      background_color: '#1d3557',
      long_description: ABOUT,
    },
    features: {
      app_home: {
        home_tab_enabled: calls('views.publish'),
        // Pages come as direct messages, and commands may be typed beside them.
        messages_tab_enabled: true,
        messages_tab_read_only_enabled: false,
      },
      bot_user: { display_name: 'watchbill', always_online: true },
      shortcuts: SHORTCUTS.map((each) => ({ ...each })),
      slash_commands: commands.map(({ name, summary, usage }) => ({
        command: name,
        ...(url === null ? {} : { url }),
        description: summary.charAt(0).toUpperCase() + summary.slice(1).replace(/\.$/, ''),
        usage_hint: usage.flatMap(([form]) => form || []).join(' | '),
        // People and channels come as ids: a name that is typed may be anybody's.
        should_escape: true,
      })),
    },
    oauth_config: { scopes: { bot: botScopes(commands) } },
    settings: {
      ...(events.length === 0 ? {} : { event_subscriptions: { ...request, bot_events: events } }),
      interactivity: { is_enabled: true, ...request, ...(url === null ? {} : { message_menu_options_url: url }) },
      org_deploy_enabled: false,
      socket_mode_enabled: url === null,
      token_rotation_enabled: false,
    },
  }
}

const ABOUT =
  'Watchbill watches your services and pages the person on duty by direct message. When nobody answers it escalates to the next. ' +
  "It opens the incident's channel, keeps its timeline, and closes it all when the service is well again. " +
  'Type /oncall to see who has the watch, /watchbill help for everything else.'

/** The scopes of the bot's token: of every method that it calls, every event that it hears, and of having commands at all. */
function botScopes(commands: readonly unknown[]): string[] {
  const scopes = [...Object.values(METHODS), ...Object.values(EVENTS)].flat()
  return [...new Set([...scopes, ...(commands.length > 0 ? ['commands'] : [])])].sort()
}

const calls = (method: string): method is Method => Object.hasOwn(METHODS, method)
