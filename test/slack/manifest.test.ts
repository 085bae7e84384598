import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { afterEach, describe, expect, test } from 'vitest'
import { appCommands } from '../../src/bot.ts'
import { manifest as cli } from '../../src/cli/manifest.ts'
import type { SlackCall } from '../../src/deps.ts'
import methodData from '../../src/sandbox/slack-methods.json' with { type: 'json' }
import type { Call } from '../../src/sandbox/wire.ts'
import { manifest } from '../../src/slack/manifest.ts'
import { EVENTS, METHODS } from '../../src/slack/methods.ts'
import { type Driver, startBot } from '../support/bot.ts'

const URL = 'https://watchbill.example.com/slack/events'
const schema = JSON.parse(
  readFileSync(new globalThis.URL('../vectors/manifest.schema.2.0.0.json', import.meta.url), 'utf8'),
)
// Slack's schema has a `regex` of its own and a `format` that Ajv alone does not check.
const valid = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(schema)

const overHttp = manifest({ commands: appCommands, url: URL })
const overSocket = manifest({ commands: appCommands, url: null })
const scopes = overSocket.oauth_config.scopes.bot

/** What Slack publishes of a method: the scopes of a bot's token, any one of which lets it in. */
const published = methodData.methods as Record<string, { scopes: { bot?: string[] } }>
const scopesOf = (method: string) => published[method]?.scopes.bot ?? []

describe('the manifest', () => {
  test.each([
    ['Socket Mode', overSocket],
    ['HTTP mode', overHttp],
  ])("of %s is one that Slack's schema takes", (_, made) => {
    expect(valid(made), JSON.stringify(valid.errors)).toBe(true)
    expect(valid({ ...made, settings: { ...made.settings, socket_mode: true } })).toBe(false)
  })

  test('has every slash command, with what it does, how it is typed, and names sent as ids', () => {
    const { slash_commands } = overSocket.features
    expect(slash_commands.map(({ command }) => command)).toEqual(appCommands.map(({ name }) => name))
    for (const each of slash_commands) {
      expect(each.should_escape).toBe(true)
      expect(each.description).toMatch(/^[A-Z].*[^.]$/)
      expect(each.usage_hint).toContain('help')
      expect(each).not.toHaveProperty('url')
    }
    expect(slash_commands.find(({ command }) => command === '/page')?.usage_hint).toBe(
      '@person TEXT | SCHEDULE TEXT | SERVICE TEXT | help',
    )
  })

  test('says where requests go in HTTP mode, and nowhere in Socket Mode', () => {
    expect(overSocket.settings).toMatchObject({ socket_mode_enabled: true, interactivity: { is_enabled: true } })
    expect(JSON.stringify(overSocket)).not.toContain('"request_url"')
    expect(overHttp.settings).toMatchObject({
      socket_mode_enabled: false,
      interactivity: { is_enabled: true, request_url: URL, message_menu_options_url: URL },
    })
    for (const { url } of overHttp.features.slash_commands as { url?: string }[]) expect(url).toBe(URL)
  })

  test("has a tab for messages, where pages come and commands may be typed, and the app's Home only if it is drawn", () => {
    expect(overSocket.features.app_home).toEqual({
      home_tab_enabled: Object.hasOwn(METHODS, 'views.publish'),
      messages_tab_enabled: true,
      messages_tab_read_only_enabled: false,
    })
  })
})

describe('watchbill manifest', () => {
  async function run(options: Parameters<typeof cli>[0], env: Record<string, string> = {}) {
    const written = { stdout: '', stderr: '' }
    const to = (name: keyof typeof written) => ({ write: (text: string) => (written[name] += text) })
    const code = await cli(options, { env, stdout: to('stdout'), stderr: to('stderr') })
    return { code, ...written, made: code === 0 ? JSON.parse(written.stdout) : null }
  }

  test('prints Socket Mode unless it is told otherwise, and what to do next beside it', async () => {
    for (const options of [{}, { socket: true }, { socket: true, url: 'https://x.example' }]) {
      const { code, made, stderr } = await run(options)
      expect(code).toBe(0)
      expect(made).toEqual(overSocket)
      expect(stderr).toContain('SLACK_APP_TOKEN')
    }
  })

  test.each([
    [{ http: true }, { PUBLIC_URL: 'https://watchbill.example.com' }],
    [{ http: true, url: 'https://watchbill.example.com/' }, { PUBLIC_URL: 'https://other.example' }],
    [{ url: 'https://watchbill.example.com' }, {}],
  ])('%j with %j prints HTTP mode', async (options, env) => {
    const { code, made, stderr } = await run(options, env as Record<string, string>)
    expect(code).toBe(0)
    expect(made).toEqual(overHttp)
    expect(stderr).toContain('SLACK_SIGNING_SECRET')
  })

  test('a public URL may have a path', async () => {
    const { made } = await run({ url: 'https://example.com/watchbill/' })
    expect(made.settings.interactivity.request_url).toBe('https://example.com/watchbill/slack/events')
  })

  test('with --json on one line, and nothing else', async () => {
    const { stdout, stderr, made } = await run({ json: true })
    expect(stdout.trim().split('\n')).toHaveLength(1)
    expect(made).toEqual(overSocket)
    expect(stderr).toBe('')
  })

  test.each<[Parameters<typeof cli>[0], RegExp]>([
    [{ http: true }, /set PUBLIC_URL or give --url/],
    [{ socket: true, http: true }, /leave one out/],
    [{ url: 'watchbill.example.com' }, /--url must be an https URL/],
    [{ url: 'ftp://watchbill.example.com' }, /must be an https URL/],
    [{ url: 'https://ada:secret@watchbill.example.com' }, /must be an https URL/],
    [{ url: 'https://watchbill.example.com/?a=b' }, /must be an https URL/],
  ])('%j is refused with a sentence, and exit code 2', async (options, sentence) => {
    const { code, stdout, stderr } = await run(options)
    expect(code).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toMatch(sentence)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })
})

describe('the scopes', () => {
  let bot: Driver | null = null
  afterEach(() => bot?.close())

  test('of each method are among those that Slack names for it', () => {
    for (const [method, asked] of Object.entries(METHODS)) {
      expect(published, method).toHaveProperty([method])
      for (const scope of asked) expect(scopesOf(method), method).toContain(scope)
      if (scopesOf(method).length > 0) expect(asked.length, method).toBeGreaterThan(0)
    }
  })

  test('no method can be called that is not listed with its scopes', () => {
    const call = (async () => ({ ok: true, value: {} })) as SlackCall
    // @ts-expect-error: not listed
    const unlisted = () => call('chat.scheduleMessage', {})
    expect(unlisted).toBeTypeOf('function')
    expect(Object.keys(METHODS)).not.toContain('chat.scheduleMessage')
  })

  test('are enough for all that the bot does, and each of them is needed for some of it', async () => {
    bot = await wholeJob()
    const { slack } = bot
    const calls = slack.journal()
    expect(calls.filter(({ outcome }) => outcome === 'missing_scope')).toEqual([])
    const made = new Set(calls.map(({ method }) => method))
    expect(Object.keys(METHODS).filter((method) => !made.has(method))).toEqual([])
    const heard = new Set(
      slack.deliveries().flatMap(({ kind, what }) => (kind === 'events_api' ? (what.split(' ')[0] ?? []) : [])),
    )
    expect(heard).toEqual(new Set(Object.keys(EVENTS).map((name) => name.replace(/^message\..*/, 'message'))))
    expect(new Set(bot.paged())).toEqual(new Set(['nora', 'sam']))

    // Commands come to an app that has them: no call needs their scope.
    // Nor those of events, which Slack does not send without them.
    const ofEvents = Object.values(EVENTS).flat() as string[]
    for (const scope of scopes.filter((each) => each !== 'commands' && !ofEvents.includes(each))) {
      slack.workspace.scopes.delete(scope)
      const needed = await firstAsync(distinct(calls), async ({ method, args }) => {
        if (!scopesOf(method).includes(scope)) return false
        return (await callAgain(slack.apiUrl, slack.botToken, method, args)) === 'missing_scope'
      })
      expect(needed, `nothing needs ${scope}`).toBe(true)
      slack.workspace.scopes.add(scope)
    }
  })

  /** On duty but for a minute: a user group is made, disabled and enabled again. */
  const DOOR = `  door:
    slack_group: door
    layers:
      - { name: all, people: [erik], rotation: { every: 1 week, start: "2026-01-05T08:00" }, hours: [{ from: "03:02", to: "03:01" }] }
`

  /** A rate that has been counted, so that its page has a chart; Slack takes none. */
  async function dropOf(bot: Driver, key: string): Promise<void> {
    const now = bot.clock.now()
    const samples = Array.from({ length: 9 }, (_, n) => `('${key}', ${now - n * 60_000}, ${n * 100}, 700, 900)`)
    await bot.store.pool.query(`insert into rate_samples (monitor, slot_at, value, low, high) values ${samples.join()}`)
    const refused = { kind: 'error', error: 'invalid_blocks', method: 'chat.postMessage', count: 1 } as const
    bot.slack.fault({ ...refused, channel: 'nora' })
    await bot.alert({ service: 'imap', key, monitor: key })
  }

  /** An outage that needs every method: replies are lost, a channel is private, an address for answers is gone, charts are refused. */
  async function wholeJob(): Promise<Driver> {
    const started = await startBot({
      probes: false,
      roster: true,
      drills: true,
      config: (config) =>
        `${config}\noutward_heartbeat: { url: "http://127.0.0.1:9/x", every: 1d, drill_to: mia }\n`
          .replace('services:\n', 'services:\n  imap: { policy: mail, channel: C0QUIET }\n')
          .replace('monitors:\n', 'monitors:\n  logins: { service: imap, rate: { push: true }, every: 1m }\n')
          .replace('schedules:\n', `schedules:\n${DOOR}`)
          .replace('webmail: {', 'webmail: { links: { Runbook: "https://wiki.example.com/webmail" },')
          .concat('\nincidents: { archive_after: 1h }\n'),
      workspace: {
        manifest: overSocket,
        channels: [
          { id: 'C0OPS', name: 'ops' },
          { id: 'C0QUIET', name: 'quiet', private: true, bot: true },
        ],
      },
    })
    const lost = (method: string, channel?: string) =>
      started.slack.fault({ kind: 'lost_reply', method, count: 1, ...(channel ? { channel } : {}) })
    for (const channel of ['nora', 'ops', 'quiet', 'inc-20261123-1-home-is-down']) lost('chat.postMessage', channel)
    lost('conversations.create')
    lost('conversations.canvases.create')
    await started.openHome('nora')
    await started.alert()
    await started.advance('30s')
    await dropOf(started, 'logins')
    await started.advance('2m')
    started.slack.fault({ kind: 'http', method: 'response_url', status: 404, count: 1 })
    await started.type('erik', '/oncall')
    await started.press('nora', 'Escalate')
    await started.press('sam', 'Acknowledge')
    await marking(started)
    lost('conversations.create')
    await started.type('sam', '/incident private webmail somebody reads our mail')
    lost('chat.postMessage', 'nora')
    await started.pressIn('sam', 'ops', 'Resolve')
    // Two drills: the page of the second takes the place of the first.
    await started.advance('10m')
    started.clock.advanceTo(started.clock.now() + 2 * 3_600_000)
    await started.rest()
    // Its channel lies in the archive by now.
    await started.type('sam', '/incident resolve INC-4')
    await started.type('sam', '/incident reopen INC-1')
    return started
  }
})

/** Somebody speaks to the bot in a channel, opens a form, and marks messages in each way there is; one has a file. */
async function marking({ slack, rest, room, type }: Driver): Promise<void> {
  const act = async (name: string, body: object) => {
    await fetch(`${slack.url}_control/${name}`, {
      method: 'POST',
      body: JSON.stringify({ user: 'sam', ...body }),
      headers: { 'content-type': 'application/json' },
    })
    await new Promise((done) => setTimeout(done, 50))
    await rest()
  }
  const channel = room()
  await type('sam', '/incident declare')
  await act('upload', { channel, name: 'disk.txt', content: 'full', text: 'look' })
  const { ts } = slack.channel(channel).messages.at(-1) ?? { ts: '' }
  for (const _ of ['on', 'off']) await act('react', { channel, ts, name: 'pushpin' })
  for (const _ of ['on', 'off']) await act('pin', { channel, ts })
  await act('message-action', { channel, ts, callback_id: 'timeline_add' })
  slack.say('sam', channel, `<@${slack.workspace.app.botUser}> roles`)
  await rest()
}

/** One call of each method and channel, or kind of channel. */
function distinct(calls: readonly Call[]): Call[] {
  const seen = new Map(
    calls.map((call) => [`${call.method} ${String(call.args.channel ?? call.args.types ?? '')}`, call]),
  )
  return [...seen.values()].filter(({ method }) => method !== 'response_url')
}

async function firstAsync<T>(all: readonly T[], holds: (each: T) => Promise<boolean>): Promise<boolean> {
  for (const each of all) if (await holds(each)) return true
  return false
}

/** The same call over again; Slack's error, or `ok`. */
async function callAgain(apiUrl: string, token: string, method: string, args: object): Promise<string> {
  const response = await fetch(`${apiUrl}${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json; charset=utf-8', authorization: `Bearer ${token}` },
    body: JSON.stringify(args),
  })
  const answered = (await response.json()) as { ok: boolean; error?: string }
  return answered.error ?? 'ok'
}
