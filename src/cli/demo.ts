import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface, emitKeypressEvents } from 'node:readline'
import { pino } from 'pino'
import { appCommands } from '../bot.ts'
import { sleep } from '../clock.ts'
import { type Config, formatProblem, loadConfig, parseConfig } from '../config.ts'
import { DAY_MS, toWall } from '../domain/duty/time.ts'
import type { Rules } from '../domain/rules.ts'
import { messageOf } from '../errors.ts'
import { createLog } from '../log.ts'
import { type Launched, launch, logFile } from '../main.ts'
import { type Company, startCompany } from '../sandbox/company.ts'
import { type LocalSlack, startWorkspace } from '../sandbox/server.ts'
import { type Happened, play } from '../sandbox/story.ts'
import { manifest } from '../slack/manifest.ts'

interface Options {
  once?: boolean
  json?: boolean
  config?: string
  port: string
}

type Environment = Record<string, string | undefined>

const READY_MS = 30_000
/** With --once nobody is there to stop it. */
const ONCE_MS = 85_000

/** Their names in the workspace; the configuration knows them by their Slack ids. */
const NAMES: Record<string, string> = {
  nora: 'Nora Keller',
  dana: 'Dana Weiss',
  omar: 'Omar Haddad',
  erik: 'Erik Lund',
  sam: 'Sam Rossi',
  mia: 'Mia Berger',
}

/**
 * `watchbill demo`: a local Slack workspace in the browser, a simulated mail provider, the real bot between them, and an outage. With
 * `--config` one's own configuration in the local workspace instead, without a story.
 *
 * @returns the exit code: 0 the story happened (or somebody ended it), 1 it did not, 2 cannot run
 */
export async function demo(options: Options, environment: Environment): Promise<number> {
  const screen = screenOf(options)
  const stops: (() => Promise<unknown>)[] = []
  const ended = new AbortController()
  const end = () => ended.abort(new Error('ended'))
  process.once('SIGINT', end)
  process.once('SIGTERM', end)
  try {
    return await Promise.race([
      run(options, environment, screen, stops, ended.signal),
      new Promise<number>((resolve) => ended.signal.addEventListener('abort', () => resolve(0), { once: true })),
    ])
  } catch (error) {
    screen.problem(messageOf(error))
    return 2
  } finally {
    screen.done()
    for (const stop of stops.reverse()) await stop().catch((error: unknown) => screen.problem(messageOf(error)))
  }
}

async function run(
  options: Options,
  environment: Environment,
  screen: Screen,
  stops: (() => Promise<unknown>)[],
  signal: AbortSignal,
): Promise<number> {
  const company = await startCompany(Date.now)
  stops.push(() => company.close())
  const config = await configOf(options, environment, company)
  if ('problems' in config) {
    for (const problem of config.problems) screen.problem(formatProblem(problem))
    return 2
  }
  const { rules } = config
  const slack = await workspaceFor(rules, options, screen)
  if (slack === null) return 2
  stops.push(() => slack.close())
  const data = await mkdtemp(join(tmpdir(), 'watchbill-demo-'))
  stops.push(() => rm(data, { recursive: true, force: true }))
  screen.say(`Workspace: ${slack.url.replace(/\/?$/, '/')}`)
  screen.expect('the bot to start (a fresh database is made)', READY_MS)
  const log = createLog('info', [], pino.destination({ dest: logFile(data), sync: true }))
  const starting = launch({
    env: {
      data,
      databaseUrl: null,
      redisUrl: null,
      slackApiUrl: slack.apiUrl,
      host: '127.0.0.1',
      port: 0,
      publicUrl: null,
      slackBotToken: slack.botToken,
      slackAppToken: slack.appToken,
      slackSigningSecret: null,
      apiToken: environment.WATCHBILL_API_TOKEN ?? null,
    },
    rules,
    secrets: config.secrets,
    log,
    load: () => configOf(options, environment, company),
    signal,
  })
  // Also what is only half started is taken down, when somebody ends the demo this early.
  stops.push(async () => (await starting.catch(() => null))?.close())
  const bot = await starting
  await ready(bot)
  screen.say(`Watchbill runs, with a database of its own. Its log: ${logFile(data)}`)
  for (const what of rules.notWatchedYet) screen.say(`Not watched yet: ${what}`)
  if (options.config === undefined) {
    const told = await tellStory(options, company, slack, bot, screen)
    if (options.once) return told
  }
  await stayUp(company, slack, options, screen, signal)
  return 0
}

/** The demo's own configuration, or the one to try. */
async function configOf(options: Options, environment: Environment, company: Company): Promise<Config> {
  const env = { ...environment, COMPANY_PORT: new URL(company.url).port, FILES: company.folder, ...watches(Date.now()) }
  if (options.config !== undefined) return loadConfig(options.config, env)
  const text = await readFile(new URL('../sandbox/demo.yaml', import.meta.url), 'utf8')
  return parseConfig(text, 'demo.yaml', env)
}

/** The watch changes soon, as it did in 2018: close enough that the gate refuses, and that whoever comes is paged too. */
const CHANGE_IN_MS = 13 * 60_000

function watches(now: number): { DAY: string; NIGHT: string } {
  const clock = (at: number) => new Date(toWall(at, 'Europe/Zurich')).toISOString().slice(11, 16)
  return { DAY: clock(now + CHANGE_IN_MS), NIGHT: clock(now + CHANGE_IN_MS + DAY_MS / 2) }
}

/** Everybody of the configuration, and its channels, on the port that was asked for. */
async function workspaceFor(rules: Rules, options: Options, screen: Screen): Promise<LocalSlack | null> {
  const said = rules.shadow === undefined ? [] : [rules.shadow.channel]
  const channels = new Set([...Object.values(rules.services).flatMap(({ channel }) => channel ?? []), ...said])
  const start = (port: number) =>
    startWorkspace({
      port,
      team: rules.company,
      users: Object.values(rules.people).map(({ name, slack }) => ({
        id: slack,
        name,
        realName: NAMES[name] ?? name,
        tz: rules.zone,
      })),
      channels: [
        { id: 'C0GENERAL', name: 'general', bot: true, topic: 'Whatever concerns everybody' },
        ...[...channels].map((id, index) => ({
          id,
          name: index === 0 ? 'ops' : `ops-${index + 1}`,
          bot: true,
          topic: 'Alerts and incidents',
        })),
      ],
      manifest: manifest({ commands: appCommands, url: null }),
    })
  try {
    return await start(Number(options.port))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    if (options.once) return start(0)
    screen.problem(`Port ${options.port} is taken (another demo?). Choose another: npm run demo -- --port 4300`)
    return null
  }
}

async function ready(bot: Launched): Promise<void> {
  for (const endAt = Date.now() + READY_MS; bot.bot.notReady() !== null; await sleep(50))
    if (Date.now() > endAt) throw new Error(`Watchbill does not get ready: ${bot.bot.notReady()}`)
}

async function tellStory(
  options: Options,
  company: Company,
  slack: LocalSlack,
  bot: Launched,
  screen: Screen,
): Promise<number> {
  const signal = options.once ? AbortSignal.timeout(ONCE_MS) : undefined
  try {
    const { happened, incident } = await play({
      company,
      slack,
      pause: (ms) => sleep(ms, signal),
      record: () => bot.latestRecord(),
      tell: screen.tell,
      expect: screen.expect,
    })
    screen.result({ ok: true, incident, at: iso(happened) })
    return 0
  } catch (error) {
    screen.problem(`The story did not go as it should: ${messageOf(error)}`)
    screen.result({ ok: false, incident: null, at: {}, problem: messageOf(error) })
    return 1
  }
}

const iso = (happened: Happened) =>
  Object.fromEntries(
    Object.entries(happened).map(([what, at]: [string, number | null]) => [
      what,
      at === null ? null : new Date(at).toISOString(),
    ]),
  )

/** The workspace stays, and whoever sits here may break things. */
async function stayUp(
  company: Company,
  slack: LocalSlack,
  options: Options,
  screen: Screen,
  signal: AbortSignal,
): Promise<void> {
  screen.done()
  const keys = process.stdin.isTTY
  screen.say('')
  screen.say(`Now it is yours: open ${slack.url} and be whoever you like (the name at the top left).`)
  screen.say('  Type /oncall, /incident list, /page @mia please help, or /watchbill help in any channel.')
  if (options.config === undefined) {
    const post = (what: string) => `curl -X POST ${company.url}/${what}`
    screen.say(
      keys
        ? '  Press b to break all servers, r to repair them, q to end.'
        : `  Break all servers: ${post('break')}   Repair: ${post('repair')}`,
    )
  }
  if (!keys) screen.say('  Ctrl+C ends it.')
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
    if (!keys) return
    const lines = createInterface({ input: process.stdin })
    emitKeypressEvents(process.stdin, lines)
    process.stdin.setRawMode(true)
    process.stdin.on('keypress', (_, key: { name?: string; ctrl?: boolean }) => {
      if (key.name === 'q' || (key.ctrl && key.name === 'c')) resolve()
      if (options.config !== undefined || (key.name !== 'b' && key.name !== 'r')) return
      for (let server = 1; server <= company.servers; server++)
        key.name === 'b' ? company.break(server) : company.repair(server)
      screen.tell(key.name === 'b' ? 'All servers fail. Somebody will be paged.' : 'All servers serve again.')
    })
  })
  if (keys) process.stdin.setRawMode(false)
  process.stdin.pause()
}

interface Screen {
  say(line: string): void
  /** A line of the story, with the time since it began. */
  tell(line: string): void
  /** The progress line: what is being waited for. */
  expect(what: string, untilMs: number): void
  problem(line: string): void
  result(summary: object): void
  done(): void
}

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']

/** Words for people go to stdout, or to stderr when a machine reads stdout; a progress line is drawn where it can be wiped out again. */
function screenOf({ json }: Options): Screen {
  const out = json ? process.stderr : process.stdout
  const startedAt = performance.now()
  let progress: { what: string; endAt: number } | null = null
  let turn = 0
  const wipe = () => {
    if (out.isTTY) out.write('\r\u001b[2K')
  }
  const draw = () => {
    if (!progress || !out.isTTY) return
    const left = Math.max(0, Math.ceil((progress.endAt - performance.now()) / 1_000))
    wipe()
    out.write(`${SPINNER[turn++ % SPINNER.length]} waiting for ${progress.what} (at most ${left} s)`)
  }
  const timer = setInterval(draw, 120).unref()
  const line = (text: string, to: NodeJS.WriteStream = out) => {
    wipe()
    to.write(`${text}\n`)
    draw()
  }
  const clock = () => {
    const seconds = Math.floor((performance.now() - startedAt) / 1_000)
    return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`
  }
  return {
    say: (text) => line(text),
    tell: (text) => line(`${clock()}  ${text}`),
    expect(what, untilMs) {
      progress = { what, endAt: performance.now() + untilMs }
      draw()
    },
    problem: (text) => line(text, process.stderr),
    result(summary) {
      if (json) line(JSON.stringify(summary), process.stdout)
    },
    done() {
      progress = null
      wipe()
      clearInterval(timer)
    },
  }
}
