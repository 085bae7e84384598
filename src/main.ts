import { join } from 'node:path'
import type pg from 'pg'
import packageJson from '../package.json' with { type: 'json' }
import { type Bot, createBot } from './bot.ts'
import { readApart } from './calendar/apart.ts'
import { fetchCalendar } from './checks/calendar.ts'
import { callOut } from './checks/call.ts'
import { checkTarget } from './checks/check.ts'
import { logFiles } from './checks/log-file.ts'
import { listLogs } from './checks/log-folder.ts'
import { askLog } from './checks/log-query.ts'
import { pingOutward } from './checks/outward.ts'
import { askPool } from './checks/pool.ts'
import { readRate } from './checks/rate.ts'
import { reach } from './checks/reach.ts'
import { readNames } from './checks/source.ts'
import { inThreads } from './checks/threads.ts'
import { takeDataFolder } from './cli/pidfile.ts'
import { anchored, type Clock, type Machine, machine, realClock, sleep, standstills } from './clock.ts'
import { type Config, formatProblem, type Secrets } from './config.ts'
import type { Fact } from './domain/fact.ts'
import { type Rules, under } from './domain/rules.ts'
import type { Env } from './env.ts'
import { messageOf, UserError } from './errors.ts'
import { allRoutes, type Behind } from './intake/routes.ts'
import { startIntake } from './intake/server.ts'
import { slackRoutes } from './intake/slack.ts'
import type { Logger } from './log.ts'
import { createMet } from './met.ts'
import { createMetrics, type Metrics, type Readings } from './metrics.ts'
import { carrier } from './notify/notify.ts'
import { drawPng } from './png.ts'
import { keepSecretsOf } from './secrets.ts'
import { slackCalls } from './slack/client.ts'
import { fileFetcher, fileUploader } from './slack/files.ts'
import type { HearRequest } from './slack/http.ts'
import { inc } from './slack/words.ts'
import { backupFolder } from './store/backup-folder.ts'
import { bringBack } from './store/desk.ts'
import { startEmbedded } from './store/embedded.ts'
import { factsOf, latestIncidents } from './store/incidents.ts'
import { withAdoptions } from './store/marks.ts'
import { activateRules, introduceRules } from './store/rules.ts'
import { checkServer } from './store/server.ts'
import { claimSlot } from './store/slots.ts'
import { addressed, databaseTime, hopeless, openStore, type Store } from './store/store.ts'
import { postgresTimetable, redisTimetable } from './timetable.ts'

export const VERSION = packageJson.version

/** A drain that takes longer is cut off: what is owed is in the store, and goes out after the next start. */
const DRAIN_MS = 8_000

/** A store that is away at the start is asked again this often, and the log says so this often. */
const ASK_AGAIN_MS = 500
const SAY_AGAIN_MS = 30_000

export interface Launch {
  env: Omit<Env, 'config' | 'logLevel' | 'slackBotToken'> & { slackBotToken: string }
  rules: Rules
  secrets: Secrets
  log: Logger
  /** Calls the start off, however long it waits for the store. */
  signal: AbortSignal
  /** Reads the configuration again, for a reload. */
  load(): Promise<Config>
}

export interface Launched {
  bot: Bot
  /** The port of the HTTP server. */
  port: number
  /** The latest incident as it is on record: when what was decided. For the demo. */
  latestRecord(): Promise<IncidentRecord | null>
  /** Reads the configuration again and makes it the active one; else its problems, and the one before stays. */
  reload(): Promise<string[]>
  close(): Promise<void>
}

interface IncidentRecord {
  /** `INC-7` */
  incident: string
  detected: number | null
  acked: number | null
  channel: number | null
  resolved: number | null
}

async function latestRecord(store: Store): Promise<IncidentRecord | null> {
  const [latest] = await latestIncidents(store.pool, 1, null)
  if (!latest) return null
  const facts = await factsOf(store.pool, latest.id)
  const when = (type: Fact['type']) => facts.find((fact) => fact.type === type)?.at ?? null
  return {
    incident: inc(latest.id),
    detected: when('detected'),
    acked: when('acked'),
    channel: when('channel'),
    resolved: when('resolved'),
  }
}

/** One process of Watchbill: configuration → deps → bot. What fails half-way, or is called off, is taken down again. */
export async function launch(options: Launch): Promise<Launched> {
  const { env, rules: first, log, load, signal } = options
  keepSecretsOf(Object.values(options.secrets))
  const undo: (() => Promise<unknown>)[] = []
  const takeDown = async () => {
    for (const step of undo.splice(0).reverse())
      await step().catch((error: unknown) => log.error({ err: error }, 'stopping failed'))
  }
  try {
    let waitsFor = 'starting'
    let behind: Behind | null = null
    let readings: () => Promise<Readings | null> = async () => null
    const metrics = createMetrics(VERSION, { ofProcess: true })
    // Slack sends again what comes before there is a bot to hear it.
    let hearSlack: HearRequest = async () => ({ status: 503 })
    const overHttp = env.slackSigningSecret === null ? [] : [slackRoutes((request) => hearSlack(request))]
    const front = allRoutes({
      behind: () => behind,
      waitsFor: () => waitsFor,
      scrape: async () => metrics.text(await readings()),
      contentType: metrics.contentType,
    })
    const { host, apiToken } = env
    const { answered } = metrics
    const intake = await startIntake({ host, port: env.port, apiToken, log, routes: [...front, ...overHttp], answered })
    undo.push(() => intake.close())
    const address = intake.server.address()
    const port = typeof address === 'object' && address ? address.port : env.port
    log.info({ port }, 'listening')

    const place = await database(options, undo)
    const { poolConfig, diskTrouble } = place
    const { clock, machine, store } = await patiently(() => open(place, log, metrics), {
      log,
      signal,
      // Whoever looks at this process learns what it waits for.
      waiting: () => {
        waitsFor = 'the store does not answer'
      },
    })
    undo.push(() => store.close())
    const introduced = await introduceRules(store, first, clock.now())
    if (introduced.stale)
      log.error(
        'the configuration of this process was replaced by another since, which the others follow: so does this one. To make this one active again: /watchbill reload',
      )
    let rules = await withAdoptions(store.pool, introduced.rules)
    let { secrets } = options
    const reload = async (): Promise<string[]> => {
      const next = await load()
      if ('problems' in next) {
        for (const problem of next.problems) log.error(formatProblem(problem))
        log.error('the configuration was not reloaded: the one before it stays')
        return next.problems.map(formatProblem)
      }
      // Before anything is said about it.
      keepSecretsOf(Object.values(next.secrets))
      await activateRules(store, next.rules, clock.now())
      secrets = next.secrets
      rules = await withAdoptions(store.pool, next.rules)
      bot.desk.wake()
      log.info('the configuration was reloaded')
      return []
    }
    const stood = standstills()
    undo.push(async () => stood.close())
    const met = createMet({ store, clock, log, rules: () => rules })
    const looks = inThreads({ here: checkTarget(machine.elapsed, stood, met), elapsed: machine.elapsed, met })
    undo.push(() => looks.close())
    const shared = {
      clock,
      log,
      processName: `watchbill-${store.process}`,
      claim: (name: string, slotAt: number) => claimSlot(store.pool, name, slotAt),
    }
    const bot: Bot = createBot({
      clock,
      machine,
      log,
      store,
      slack: slackCalls(env.slackBotToken, env.slackApiUrl, log),
      check: looks.check,
      logFiles: logFiles(),
      askLog,
      listLogs,
      fetchCalendar,
      readNames: readNames(machine.now),
      pingOutward,
      fetchFile: fileFetcher(env.slackBotToken, env.slackApiUrl),
      uploadFile: fileUploader(env.slackApiUrl),
      drawPng,
      callOut,
      secretOf: (name) => under(secrets, name) ?? null,
      askPool,
      carry: carrier(reach),
      readRate,
      readCalendar: readApart,
      rules: () => rules,
      follow(next) {
        rules = next
      },
      version: VERSION,
      publicUrl: env.publicUrl,
      metrics,
      backups: backupFolder(env.data),
      diskTrouble,
      reload,
      botToken: env.slackBotToken,
      appToken: env.slackAppToken,
      signingSecret: env.slackSigningSecret,
      apiUrl: env.slackApiUrl,
      timetable:
        env.redisUrl === null
          ? postgresTimetable({ poolConfig, ...shared })
          : redisTimetable({ url: env.redisUrl, ...shared }),
    })
    behind = bot.behind
    readings = bot.readings
    if (bot.hearSlack) hearSlack = bot.hearSlack
    undo.push(() => Promise.race([bot.close(), new Promise((done) => setTimeout(done, DRAIN_MS).unref())]))
    await bot.start()
    return { bot, port, latestRecord: () => latestRecord(store), reload, close: takeDown }
  } catch (error) {
    await takeDown()
    throw error
  }
}

/** Where the state of record is: the database that is named, else the server of the data folder, which is started or adopted. */
async function database({ env, log }: Launch, undo: (() => Promise<unknown>)[]): Promise<Place> {
  if (env.databaseUrl !== null) {
    const poolConfig = addressed(env.databaseUrl)
    return {
      poolConfig,
      check: () => checkServer(poolConfig, { timetable: env.redisUrl === null }),
      lowDisk: () => false,
      diskTrouble: () => null,
    }
  }
  undo.push(await takeDataFolder(env.data))
  const server = await startEmbedded({ dataDir: env.data, log })
  undo.push(() => server.stop())
  const { poolConfig, lowDisk, diskTrouble } = server
  return { poolConfig, check: async () => {}, lowDisk, diskTrouble }
}

interface Place {
  poolConfig: pg.PoolConfig
  /** Throws, with what to do, when the store cannot be there. */
  check(): Promise<void>
  lowDisk(): boolean
  diskTrouble(): string | null
}

async function open(
  { poolConfig, check, lowDisk }: Place,
  log: Logger,
  metrics: Metrics,
): Promise<{ clock: Clock; machine: Machine; store: Store }> {
  await check()
  const at = await databaseTime(poolConfig)
  const clock = realClock(at, (jump) => {
    metrics.clockJumped(jump.kind)
    log.error(
      jump,
      `the clock of this machine jumped: it was ${jump.kind === 'set' ? 'set, and watch time goes on as before' : 'suspended, and watch time has caught up'}`,
    )
  })
  const store = await openStore(poolConfig, clock.now(), VERSION, log, lowDisk)
  const ahead = await bringBack(store, clock.now())
  if (ahead > 0)
    log.error(
      { aheadMs: ahead },
      'the store was ahead of the clock: an earlier process lived by a wrong one; brought back to now',
    )
  return { clock, machine: anchored(at), store }
}

/** Starts in any order: what is not there yet is asked again, unless no waiting will mend it. */
async function patiently<T>(
  attempt: () => Promise<T>,
  { log, signal, waiting }: { log: Logger; signal: AbortSignal; waiting(): void },
): Promise<T> {
  for (let toldAt = Number.NEGATIVE_INFINITY; ; ) {
    try {
      return await attempt()
    } catch (error) {
      const why = hopeless(error)
      if (why !== null) throw new UserError('store-refuses', why)
      if (error instanceof UserError) throw error
      waiting()
      if (machine.elapsed() - toldAt > SAY_AGAIN_MS) {
        log.error({ reason: messageOf(error) }, 'the store does not answer; it is asked again until it does')
        toldAt = machine.elapsed()
      }
      await sleep(ASK_AGAIN_MS, signal)
    }
  }
}

/** Where the demo and the tests keep what they need of the data folder. */
export const logFile = (dataDir: string) => join(dataDir, 'watchbill.log')
