import { appCommands } from '../bot.ts'
import { manifest as manifestOf } from '../slack/manifest.ts'

interface Output {
  write(text: string): unknown
}

interface Options {
  socket?: boolean
  http?: boolean
  url?: string
  json?: boolean
}

/** Where the HTTP server takes Slack's requests. */
const PATH = '/slack/events'

/**
 * `watchbill manifest`: the app's manifest for Slack, as JSON, made of what this version does. Socket Mode unless HTTP mode is asked for.
 *
 * @returns the exit code: 0 fine, 2 cannot say
 */
export async function manifest(
  options: Options,
  io: { env: Record<string, string | undefined>; stdout: Output; stderr: Output },
): Promise<number> {
  const fail = (sentence: string) => {
    io.stderr.write(`${sentence}\n`)
    return 2
  }
  if (options.socket && options.http)
    return fail('--socket and --http are two ways, and an app has one of them: leave one out.')
  const overHttp = options.http === true || (options.url !== undefined && options.socket !== true)
  const given = options.url ?? (io.env.PUBLIC_URL?.trim() || undefined)
  if (overHttp && given === undefined)
    return fail(
      'In HTTP mode Slack needs an address to send to: set PUBLIC_URL or give --url, the https URL under which people reach Watchbill.',
    )
  const url = overHttp && given !== undefined ? endpoint(given) : null
  if (overHttp && url === null)
    return fail(
      `${options.url === undefined ? 'PUBLIC_URL' : '--url'} must be an https URL, like https://watchbill.example.com`,
    )

  const app = manifestOf({ commands: appCommands, url })
  io.stdout.write(`${options.json ? JSON.stringify(app) : JSON.stringify(app, null, 2)}\n`)
  if (!options.json) io.stderr.write(`${overHttp ? NEXT_HTTP : NEXT_SOCKET}\n`)
  return 0
}

/** The address of the endpoint below a public URL (which may have a path); null when it is none that Slack takes. */
function endpoint(publicUrl: string): string | null {
  if (!URL.canParse(publicUrl)) return null
  const { protocol, origin, pathname, search, hash, username, password } = new URL(publicUrl)
  if (!['http:', 'https:'].includes(protocol) || search || hash || username || password) return null
  return `${origin}${pathname.replace(/\/+$/, '')}${PATH}`
}

const CREATE =
  'Create the app from this at https://api.slack.com/apps (From a manifest), and install it: that gives SLACK_BOT_TOKEN.'
const NEXT_SOCKET = `${CREATE} SLACK_APP_TOKEN is an app-level token with connections:write, from its Basic Information.`
const NEXT_HTTP = `${CREATE} SLACK_SIGNING_SECRET is on its Basic Information. Watchbill must run under that address when Slack verifies it.`
