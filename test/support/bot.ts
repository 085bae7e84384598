import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type pg from 'pg'
import { pino } from 'pino'
import { appCommands, type Bot, createBot } from '../../src/bot.ts'
import { readApart } from '../../src/calendar/apart.ts'
import { fetchCalendar } from '../../src/checks/calendar.ts'
import { callOut } from '../../src/checks/call.ts'
import { checkTarget } from '../../src/checks/check.ts'
import { logFiles } from '../../src/checks/log-file.ts'
import { listLogs } from '../../src/checks/log-folder.ts'
import { askLog } from '../../src/checks/log-query.ts'
import { pingOutward } from '../../src/checks/outward.ts'
import { askPool } from '../../src/checks/pool.ts'
import { readRate } from '../../src/checks/rate.ts'
import { reach } from '../../src/checks/reach.ts'
import { readNames } from '../../src/checks/source.ts'
import { machine, sleep } from '../../src/clock.ts'
import { parseConfig } from '../../src/config.ts'
import type { Deps } from '../../src/deps.ts'
import type { Signal } from '../../src/domain/event.ts'
import type { Recorded } from '../../src/domain/fact.ts'
import type { Probe } from '../../src/domain/rules.ts'
import { allRoutes } from '../../src/intake/routes.ts'
import { startIntake } from '../../src/intake/server.ts'
import { slackRoutes } from '../../src/intake/slack.ts'
import type { Logger } from '../../src/log.ts'
import { createMet } from '../../src/met.ts'
import { createMetrics, type Metrics } from '../../src/metrics.ts'
import { carrier } from '../../src/notify/notify.ts'
import { drawPng } from '../../src/png.ts'
import type { Timing } from '../../src/sandbox/delivery.ts'
import { type LocalSlack, type SlackOptions, startWorkspace } from '../../src/sandbox/server.ts'
import type { Call, Message } from '../../src/sandbox/wire.ts'
import { slackCalls } from '../../src/slack/client.ts'
import { fileFetcher, fileUploader } from '../../src/slack/files.ts'
import { manifest } from '../../src/slack/manifest.ts'
import { undone } from '../../src/store/inbox.ts'
import { factsOf } from '../../src/store/incidents.ts'
import { owing } from '../../src/store/owed.ts'
import { activateRules } from '../../src/store/rules.ts'
import { openStore, type Store } from '../../src/store/store.ts'
import { clockTimetable } from '../../src/timetable.ts'
import { readyDatabase } from './ready.ts'
import { advance, type TestClock, testClock } from './test-clock.ts'

/** 2026-11-23 is a Monday; Zürich is at +01:00. Nora has the night until 08:00, dana the day from then. */
export const MONDAY_NIGHT = Date.parse('2026-11-23T03:00:00+01:00')

const PEOPLE = { nora: 'U0NORA', dana: 'U0DANA', sam: 'U0SAM', mia: 'U0MIA', erik: 'U0ERIK' } as const

/** Two shifts a day and a secondary; steps of five minutes, two rounds. `TARGET` is the probed server of the test. */
const CONFIG = `
company: Example Mail
zone: Europe/Zurich
network: { allow_private: ["127.0.0.0/8"] }
people:
  nora: { slack: U0NORA }
  dana: { slack: U0DANA }
  sam: { slack: U0SAM }
  mia: { slack: U0MIA }
  erik: { slack: U0ERIK }
schedules:
  primary:
    layers:
      - { name: days, priority: 1, people: [dana], rotation: { every: 1 week, start: "2026-01-05T08:00" }, hours: [{ from: "08:00", to: "20:00" }] }
      - { name: nights, people: [nora], rotation: { every: 1 week, start: "2026-01-05T20:00" }, hours: [{ from: "20:00", to: "08:00" }] }
  secondary:
    layers:
      - { name: all, people: [sam], rotation: { every: 1 week, start: "2026-01-05T08:00" } }
policies:
  mail:
    steps:
      - { page: [schedule/primary], wait: 5m }
      - { page: [schedule/secondary], wait: 5m }
    rounds: 2
    fallback: [mia]
services:
  webmail: { policy: mail, channel: C0OPS }
monitors:
  home: { service: webmail, probe: "TARGET", every: 30s, fail_after: 2, recover_after: 2, expect: { status: 200 } }
`

interface Options {
  /** The configuration, or a change of {@link CONFIG}. */
  config?: string | ((config: string) => string)
  at?: number
  log?: string
  /** False: the monitors are left alone, which makes hours pass fast; the test raises alerts itself. */
  probes?: boolean
  /** True: the monitors of logs are looked after each second, which makes hours pass slowly. */
  logs?: boolean
  /** True: rates are looked at each second. */
  rates?: boolean
  /** True: heartbeats are looked at each second. */
  heartbeats?: boolean
  /** True: locations are looked after every five seconds. */
  locations?: boolean
  /** True: what was silenced has to report anew, as it is looked for every five seconds. */
  returns?: boolean
  /** True: monitors that nobody looks after are looked for every quarter of a minute. */
  staleness?: boolean
  /** True: faults are injected every five minutes, which must come through. */
  drills?: boolean
  /** True: freeze periods of GitLab are looked after each minute. */
  freezes?: boolean
  /** True: what is being deployed is watched each half second, which makes hours pass slowly. */
  rollouts?: boolean
  /** True: the outward heartbeat is sent, and looked at every ten seconds. */
  outward?: boolean
  /** True: user groups and problems of the roster are looked after each minute, which makes hours pass slowly. */
  roster?: boolean
  /** Where a probe really goes: names of tests resolve nowhere. */
  reach?: (probe: Probe) => Probe
  /** PUBLIC_URL; unset when omitted. */
  publicUrl?: string
  /** The folder of the nightly backups; none when omitted. */
  backups?: string
  /** Slack's own times, where a test cannot wait for them. */
  timing?: Partial<Timing>
  /** How Slack's payloads come: over Socket Mode unless it says otherwise. With both, too, but requests are heard as well. */
  mode?: Mode
  /** More of the workspace than {@link PEOPLE} and one channel. */
  workspace?: Partial<Pick<SlackOptions, 'users' | 'channels' | 'manifest'>>
}

export type Mode = 'socket' | 'http' | 'both'

/** In HTTP mode requests are signed with it. */
export const SIGNING_SECRET = '8f742231b10e8888abcd99yyyzzz85a5'

/** What the routes over HTTP want as Authorization: Bearer. */
export const API_TOKEN = 'test-api-token-0123456789'

type Button = keyof typeof ACTIONS

/** The whole bot as a test drives it: the local Slack workspace, a hand-driven clock, the real store, a real target. */
export interface Driver {
  bot: Bot
  slack: LocalSlack
  /** Where the bot answers over HTTP. */
  url: string
  /** Where Slack's requests go in HTTP mode; empty without it. */
  slackUrl: string
  clock: TestClock
  store: Store
  target: { fail(status?: number): void; recover(): void; stop(): Promise<void> }
  /** The store as the bot sees it: away (every query fails), or slow. The network of its probes: down. */
  trouble: { storeDown: boolean; storeSlowMs: number; disk: string | null; networkDown: boolean }
  /** Another source says that something fails, or is well again. Does not wait for what comes of it. */
  report(what?: Partial<Signal>): Promise<void>
  /** Likewise, and all that follows has come to rest. */
  alert(what?: Partial<Signal>): Promise<void>
  recover(key?: string): Promise<void>
  /** Lets everything that is under way come to rest. */
  rest(): Promise<void>
  /** Passes time (`15m`, `30s`), from one thing that is due to the next, letting each come to rest. */
  advance(span: string): Promise<void>
  /** A person types a command in a channel (`ops`); what they then see, as text. */
  type(user: string, text: string, channel?: string): Promise<string>
  /** A person presses a button of their latest page, or of the latest message in their DM that has it; what they then see beside it, as text. */
  press(user: string, button: Button): Promise<string>
  /** A person presses a button of the latest message of a channel that has it. */
  pressIn(user: string, channel: string, button: Button): Promise<string>
  /** A person opens their Home, and all has come to rest; what it shows, as text. */
  openHome(user: string): Promise<string>
  /** What a person's Home shows, as text; empty before they opened it. */
  home(user: string): string
  /** A person presses the first such button of their Home; what they then see in their DM, as text. */
  pressHome(user: string, button: Button): Promise<string>
  /** All that a person's DM with the bot shows, one text a message. */
  dm(user: string): string[]
  /** The people who have been paged so far, in order. */
  paged(): string[]
  /** What a channel shows, one text a message; without a name the latest incident's. */
  channel(name?: string): string[]
  /** The name of the latest incident's channel. */
  room(): string
  /** The entries of the latest incident's channel, without their times. */
  timeline(): string[]
  /** What is on record of an incident. */
  facts(incident?: number): Promise<Recorded[]>
  /** Calls of a method of Slack's that took effect. */
  calls(method: string): Call[]
  /** Stops the bot and starts it again, after a while; on another database, where one is given, from then on. */
  restart(after?: string, onto?: pg.PoolConfig): Promise<void>
  close(): Promise<void>
}

export async function startBot(options: Options = {}): Promise<Driver> {
  const database = await readyDatabase()
  const target = await startTarget()
  const clock = testClock(options.at ?? MONDAY_NIGHT)
  const text = typeof options.config === 'function' ? options.config(CONFIG) : (options.config ?? CONFIG)
  const config = parseConfig(text.replaceAll('TARGET', target.url), 'watchbill.yaml', {})
  if ('problems' in config) throw new Error(JSON.stringify(config.problems))
  const { rules, secrets } = config
  const slack = await startWorkspace({
    users: Object.entries(PEOPLE).map(([name, id]) => ({ id, name })),
    channels: [{ id: 'C0OPS', name: 'ops', bot: true }],
    // Installed as its own manifest says: whatever it calls without asking for the scope fails here too.
    manifest: manifest({ commands: appCommands, url: null }),
    clock,
    timing: options.timing ?? {},
    ...options.workspace,
  })
  const mode = options.mode ?? 'socket'
  const trouble: Driver['trouble'] = { storeDown: false, storeSlowMs: 0, disk: null, networkDown: false }
  const log = pino({ level: options.log ?? 'silent' })
  let place: pg.PoolConfig = database.config
  /** The configuration with what was adopted. */
  let followed = rules
  let running = await boot()

  async function boot() {
    const busy = { count: 0 }
    const store = counting(busy, trouble, await openStore(place, clock.now(), 'test', log))
    await activateRules(store, rules, clock.now())
    const calls = slackCalls(slack.botToken, slack.apiUrl, log)
    const files = logFiles()
    const check = checkTarget(machine.elapsed, undefined, createMet({ store, clock, log, rules: () => followed }))
    const deps: Deps = {
      clock,
      machine,
      log,
      store,
      slack: { ...calls, pages: counted(busy, calls.pages), rest: counted(busy, calls.rest) },
      check: counted(
        busy,
        network(trouble, (probe, ...more) => check(options.reach?.(probe) ?? probe, ...more)),
      ),
      readRate: counted(busy, readRate),
      logFiles: { read: counted(busy, files.read), append: counted(busy, files.append) },
      askLog: counted(busy, askLog),
      listLogs: counted(busy, listLogs),
      fetchCalendar: counted(busy, fetchCalendar),
      readNames: counted(busy, readNames(machine.now)),
      pingOutward: counted(busy, pingOutward),
      fetchFile: counted(busy, fileFetcher(slack.botToken, slack.apiUrl)),
      uploadFile: counted(busy, fileUploader(slack.apiUrl)),
      drawPng: counted(busy, drawPng),
      callOut: counted(busy, callOut),
      secretOf: (name) => secrets[name] ?? null,
      askPool: counted(busy, askPool),
      carry: counted(busy, carrier(reach)),
      readCalendar: counted(busy, readApart),
      rules: () => followed,
      version: 'test',
      publicUrl: options.publicUrl ?? null,
      metrics: createMetrics('test'),
      backups: options.backups ?? '/nowhere',
    }
    const whole = clockTimetable({ clock, log })
    const leftAlone = new Set([
      // A night's backup runs beside everything, uncounted; it has tests of its own.
      'backup',
      ...(options.probes === false ? ['probes'] : []),
      ...(options.logs ? [] : ['logs']),
      ...(options.rates ? [] : ['rates']),
      ...(options.heartbeats ? [] : ['heartbeats']),
      ...(options.returns ? [] : ['returns']),
      ...(options.staleness ? [] : ['staleness']),
      ...(options.drills ? [] : ['drills']),
      ...(options.locations ? [] : ['locations']),
      ...(options.outward ? [] : ['outward']),
      ...(options.rollouts ? [] : ['rollouts']),
      ...(options.freezes ? [] : ['freezes']),
      ...(options.roster ? [] : ['groups', 'roster-report', 'homes']),
    ])
    const timetable: typeof whole = {
      ...whole,
      every: (name, ms, run) => (leftAlone.has(name) ? undefined : whole.every(name, ms, run)),
    }
    const { botToken, apiUrl } = slack
    const appToken = mode === 'http' ? null : slack.appToken
    const signingSecret = mode === 'socket' ? null : SIGNING_SECRET
    const tokens = { botToken, appToken, signingSecret, apiUrl }
    const bot = createBot({
      ...deps,
      ...tokens,
      timetable,
      reload: async () => [],
      follow(next) {
        // The store keeps no order; the file has one.
        const { shadow: _, ...ours } = rules
        followed = {
          ...ours,
          monitors: next.monitors,
          adopted: next.adopted,
          ...(next.shadow && { shadow: next.shadow }),
        }
      },
      diskTrouble: () => trouble.disk,
    })
    const intake = await listen(bot, deps.metrics, log)
    if (mode === 'http') {
      const url = `${intake.url}/slack/events`
      slack.deliverTo({ signingSecret: SIGNING_SECRET, commands: url, interactions: url, events: url })
    }
    await bot.start()
    await until(() => bot.notReady() === null, 'the bot to be ready')
    return { bot, store, busy, intake }
  }

  const turn = () => new Promise((resolve) => setImmediate(resolve))
  const quiet = async () => {
    const { bot, store, busy } = running
    await turn()
    if (!bot.idle() || busy.count > 0) return false
    if ((await undone(store.pool)).length > 0 || (await owing(store.pool, clock.now()))) return false
    await turn()
    await turn()
    return bot.idle() && busy.count === 0
  }
  const rest = () => until(quiet, 'everything to come to rest')
  await rest()

  let reports = 0

  /** What the person sees beside the message: within the acknowledgement, or by the time all is at rest. */
  async function pressOn(user: string, message: Message, button: Button): Promise<string> {
    const before = new Set(slack.channel(message.channel, idOf(user)).messages.map((each) => each.ts))
    // The first, where a message has several.
    const block = message.blocks.find((each) => JSON.stringify(each).includes(`"${ACTIONS[button]}"`))
    const which = block?.block_id === undefined ? {} : { block_id: block.block_id }
    const seen = await slack.press(idOf(user), message.channel, message.ts, ACTIONS[button], which)
    await rest()
    const said = slack
      .channel(message.channel, idOf(user))
      .messages.filter((each) => each.ephemeral && !before.has(each.ts))
    return seen.warning ?? said.map(shown).join('\n')
  }

  const driver: Driver = {
    get bot() {
      return running.bot
    },
    get store() {
      return running.store
    },
    slack,
    get url() {
      return running.intake.url
    },
    get slackUrl() {
      return mode === 'socket' ? '' : `${running.intake.url}/slack/events`
    },
    clock,
    target,
    trouble,
    rest,
    async report(what = {}) {
      reports += 1
      const key = what.key ?? 'home'
      const event: Signal = {
        type: 'signal',
        service: 'webmail',
        key,
        status: 'firing',
        severity: 'critical',
        headline: `${key} is down`,
        summary: `${key} is down: 503 Service Unavailable`,
        evidence: [],
        monitor: null,
        seenAt: clock.now(),
        ...what,
      }
      await running.bot.desk.submit({ source: 'test', key: `${key}#${reports}`, event })
    },
    async alert(what) {
      await driver.report(what)
      await rest()
    },
    recover: (key = 'home') => driver.alert({ key, status: 'resolved', summary: `${key} is up: 200 OK` }),
    advance: (span) => advance(clock, clock.now() + milliseconds(span), rest),
    async type(user, typed, channel = 'ops') {
      const before = slack.journal().length
      const seen = await slack.command(user, channel, typed)
      await rest()
      const answers = slack
        .journal()
        .slice(before)
        .filter((call) => call.method === 'response_url' && call.done)
      const said = answers.map(({ args }) => shown(args as { text: string; blocks?: unknown[] }))
      return [...(seen.warning ? [seen.warning] : []), ...(said.length > 0 ? said : seen.saw.map(shown))].join('\n')
    },
    async press(user, button) {
      const action = ACTIONS[button]
      const page = slack
        .dm(idOf(user))
        .findLast((message) =>
          OF_PAGES.has(action)
            ? message.metadata?.event_type === 'watchbill_page'
            : JSON.stringify(message.blocks).includes(action),
        )
      if (!page) throw new Error(`${user} has no page, and nothing with a button ${button}`)
      return pressOn(user, page, button)
    },
    async pressIn(user, channel, button) {
      const { messages } = slack.channel(channel)
      const message = messages.findLast((each) => JSON.stringify(each.blocks).includes(ACTIONS[button]))
      if (!message) throw new Error(`nothing in ${channel} has a button ${button}`)
      return pressOn(user, message, button)
    },
    async openHome(user) {
      const heard = () =>
        slack.deliveries().filter(({ what, outcome }) => what === 'app_home_opened' && outcome === 'ok').length
      const before = heard()
      slack.openHome(idOf(user))
      await until(() => heard() > before, 'the event to be taken')
      await rest()
      return driver.home(user)
    },
    home: (user) => {
      const view = slack.workspace.views.get(slack.workspace.homes.get(idOf(user)) ?? '')
      return view ? shown({ text: '', blocks: view.blocks }) : ''
    },
    async pressHome(user, button) {
      const { workspace } = slack
      const view = workspace.views.get(workspace.homes.get(idOf(user)) ?? '')
      const block = view?.blocks.find((each) => JSON.stringify(each).includes(ACTIONS[button]))
      if (!view || !block) throw new Error(`the Home of ${user} has no button ${button}`)
      const before = new Set(slack.dm(idOf(user)).map(({ ts }) => ts))
      await slack.pressHome(idOf(user), ACTIONS[button], block.block_id ?? '')
      await rest()
      return slack
        .dm(idOf(user))
        .filter(({ ts }) => !before.has(ts))
        .map(shown)
        .join('\n')
    },
    dm: (user) => slack.dm(idOf(user)).map(shown),
    paged: () =>
      slack
        .journal()
        .filter(
          (call) =>
            call.method === 'chat.postMessage' && call.done && JSON.stringify(call.args).includes('watchbill_page'),
        )
        .map((call) => whose(metadataOf(call.args.metadata).event_payload.page_id)),
    channel: (name) => slack.channel(name ?? driver.room()).messages.map(shown),
    room() {
      const latest = [...slack.workspace.rooms.values()].findLast((room) => room.name.startsWith('inc-'))
      if (!latest) throw new Error('no incident has a channel')
      return latest.name
    },
    timeline: () =>
      driver.channel().flatMap((text) => /^<!date\^\d+\^\{time_secs\}[^>]*>\s+([\s\S]*)$/.exec(text)?.[1] ?? []),
    facts: (incident = 1) => factsOf(running.store.pool, incident),
    calls: (method) => slack.journal().filter((call) => call.method === method && call.done),
    async restart(after = '0s', onto = place) {
      await running.bot.close()
      await running.intake.close()
      await running.store.close()
      clock.advanceTo(clock.now() + milliseconds(after))
      place = onto
      running = await boot()
      await rest()
    },
    async close() {
      await running.bot.close()
      await running.intake.close()
      await running.store.close()
      await slack.close()
      await target.stop()
      await database.drop()
    },
  }
  return driver
}

const ACTIONS = {
  Acknowledge: 'incident_ack',
  'Acknowledge all': 'incident_ack_all',
  Escalate: 'incident_escalate',
  Resolve: 'incident_resolve',
  'I have the watch': 'watch_confirm',
  Take: 'incident_accept',
  'Take over': 'incident_take',
  'Hand over': 'incident_hand_over',
  Leave: 'incident_leave',
  Keep: 'incident_keep',
  Approve: 'disable_approve',
  'Approve drop': 'drop_approve',
  'False alarm': 'rate_false',
  Real: 'rate_real',
} as const

/** Buttons of pages; the others may be on other messages of a DM. */
const OF_PAGES = new Set<string>(['incident_ack', 'incident_ack_all', 'incident_escalate', 'incident_resolve'])

/** Whom a page woke, by its key; of pages about a watch with what they are, as `relief-overdue dana`. */
function whose(key: string): string {
  const [, of, person = '?', kind, about] = key.split('/')
  return of === 'watch' ? `${kind} ${about}` : of === 'bundle' ? of : person
}

/** Metadata as the client sent it: as JSON in a form, or as it is. */
const metadataOf = (sent: unknown) =>
  (typeof sent === 'string' ? JSON.parse(sent) : sent) as { event_payload: { page_id: string } }

const idOf = (user: string) => PEOPLE[user as keyof typeof PEOPLE] ?? user

/** A message as a person reads it: the texts of its blocks, buttons in brackets. */
function shown(message: { text: string; blocks?: unknown[] }): string {
  const texts: string[] = []
  const walk = (node: unknown, key = ''): void => {
    if (typeof node === 'string' && key === 'text') texts.push(node)
    else if (Array.isArray(node)) for (const each of node) walk(each)
    else if (node && typeof node === 'object') {
      const record = node as Record<string, unknown>
      if (record.type === 'button') texts.push(`[${(record.text as { text: string }).text}]`)
      else for (const [name, value] of Object.entries(record)) walk(value, name)
    }
  }
  walk(message.blocks ?? [])
  return texts.length > 0 ? texts.join('\n') : message.text
}

const UNITS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }
function milliseconds(span: string): number {
  const [, count, unit] = /^(\d+)(ms|s|m|h)$/.exec(span) ?? []
  return Number(count) * (UNITS[unit ?? ''] ?? Number.NaN)
}

export async function until(true_: () => boolean | Promise<boolean>, what: string, ms = 15_000): Promise<void> {
  const endAt = Date.now() + ms
  while (!(await true_())) {
    if (Date.now() > endAt) throw new Error(`waited ${ms} ms in vain for ${what}`)
    await sleep(2)
  }
}

/** Counts what is under way on a port, so that the driver knows when it may pass time. */
function counted<A extends unknown[], R>(busy: { count: number }, call: (...args: A) => Promise<R>) {
  return async (...args: A): Promise<R> => {
    busy.count++
    try {
      return await call(...args)
    } finally {
      // What follows from the result begins before the count is down.
      setImmediate(() => busy.count--)
    }
  }
}

/** Looks at targets through a network that may be down: nothing comes back then. */
const network =
  (trouble: Driver['trouble'], check: Deps['check']): Deps['check'] =>
  async (monitor, rules, at) =>
    trouble.networkDown
      ? { at, ok: false, saw: 'no connection within 5 s', ms: 5_000, mute: true }
      : check(monitor, rules, at)

function counting(busy: { count: number }, trouble: Driver['trouble'], store: Store): Store {
  const connect = store.pool.connect.bind(store.pool) as (...callback: unknown[]) => Promise<pg.PoolClient>
  const take = store.deskPool.connect.bind(store.deskPool) as () => Promise<pg.PoolClient>
  const through = async () => {
    if (trouble.storeSlowMs > 0) await sleep(trouble.storeSlowMs)
    if (trouble.storeDown) throw new Error('Connection terminated unexpectedly')
  }
  const lent = async () => {
    busy.count++
    const client = await connect().catch((error: unknown) => {
      busy.count--
      throw error
    })
    const release = client.release
    client.release = (error) => {
      client.release = release
      setImmediate(() => busy.count--)
      client.release(error)
    }
    return client
  }
  for (const pool of [store.pool, store.samplePool, store.auditPool]) {
    const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<unknown>
    pool.query = counted(busy, async (...args: unknown[]) => {
      await through()
      return query(...args)
    }) as never
  }
  store.deskPool.connect = (async () => {
    await through()
    return take()
  }) as never
  // pool.query() asks for a connection with a callback: it is counted already.
  store.pool.connect = ((callback?: unknown) => (callback ? connect(callback) : lent())) as never
  return store
}

/** The bot's own HTTP server, as `main.ts` has it. */
async function listen(bot: Bot, metrics: Metrics, log: Logger): Promise<{ url: string; close(): Promise<unknown> }> {
  const routes = allRoutes({
    behind: () => bot.behind,
    waitsFor: () => '',
    scrape: async () => metrics.text(await bot.readings()),
    contentType: metrics.contentType,
  })
  if (bot.hearSlack) routes.push(slackRoutes(bot.hearSlack))
  const { answered } = metrics
  const server = await startIntake({ host: '127.0.0.1', port: 0, apiToken: API_TOKEN, log, routes, answered })
  const { port } = server.server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() }
}

async function startTarget(): Promise<Driver['target'] & { url: string }> {
  let status = 200
  const server: Server = createServer((_, response) => {
    response.statusCode = status
    response.end('ok')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    fail: (code = 503) => {
      status = code
    },
    recover: () => {
      status = 200
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
