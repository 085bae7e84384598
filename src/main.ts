import { join } from 'node:path'
import type pg from 'pg'
import packageJson from '../package.json' with { type: 'json' }
import { type Bot, createBot } from './bot.ts'
import { httpCheck } from './checks/http.ts'
import { takeDataFolder } from './cli/pidfile.ts'
import { type Clock, machine, realClock, sleep } from './clock.ts'
import { type Config, formatProblem } from './config.ts'
import type { Fact } from './domain/fact.ts'
import type { Rules } from './domain/rules.ts'
import type { Env } from './env.ts'
import { messageOf, UserError } from './errors.ts'
import { healthRoutes } from './intake/health.ts'
import { startIntake } from './intake/server.ts'
import type { Logger } from './log.ts'
import { slackCalls } from './slack/client.ts'
import { inc } from './slack/words.ts'
import { bringBack } from './store/desk.ts'
import { startEmbedded } from './store/embedded.ts'
import { factsOf, latestIncidents } from './store/incidents.ts'
import { activateRules, introduceRules } from './store/rules.ts'
import { addressed, databaseTime, hopeless, openStore, type Store } from './store/store.ts'
import { postgresTimetable } from './timetable.ts'

export const VERSION = packageJson.version

/** A drain that takes longer is cut off: what is owed is in the store, and goes out after the next start. */
const DRAIN_MS = 8_000

/** A store that is away at the start is asked again this often, and the log says so this often. */
const ASK_AGAIN_MS = 500
const SAY_AGAIN_MS = 30_000

export interface Launch {
  env: Pick<Env, 'data' | 'databaseUrl' | 'slackApiUrl' | 'host' | 'port'> & {
    slackBotToken: string
    slackAppToken: string
  }
  rules: Rules
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
  const [latest] = await latestIncidents(store.pool, 1)
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
  const undo: (() => Promise<unknown>)[] = []
  const takeDown = async () => {
    for (const step of undo.splice(0).reverse())
      await step().catch((error: unknown) => log.error({ err: error }, 'stopping failed'))
  }
  try {
    let notReady = () => 'starting' as string | null
    const intake = await startIntake({ host: env.host, port: env.port, routes: [healthRoutes(() => notReady())] })
    undo.push(() => intake.close())
    const address = intake.server.address()
    const port = typeof address === 'object' && address ? address.port : env.port
    log.info({ port }, 'listening')

    const poolConfig = await database(options, undo)
    const { clock, store } = await patiently(() => open(poolConfig, log), {
      log,
      signal,
      // Whoever looks at this process learns what it waits for.
      waiting: () => {
        notReady = () => 'the store does not answer'
      },
    })
    undo.push(() => store.close())
    const introduced = await introduceRules(store, first, clock.now())
    if (introduced.stale)
      log.error(
        'the configuration of this process was replaced by another since, which the others follow: so does this one. To make this one active again: /watchbill reload',
      )
    let { rules } = introduced
    const reload = async (): Promise<string[]> => {
      const next = await load()
      if ('problems' in next) {
        for (const problem of next.problems) log.error(formatProblem(problem))
        log.error('the configuration was not reloaded: the one before it stays')
        return next.problems.map(formatProblem)
      }
      await activateRules(store, next.rules, clock.now())
      rules = next.rules
      bot.desk.wake()
      log.info('the configuration was reloaded')
      return []
    }
    const bot: Bot = createBot({
      clock,
      machine,
      log,
      store,
      slack: slackCalls(env.slackBotToken, env.slackApiUrl, log),
      check: httpCheck(machine.elapsed),
      rules: () => rules,
      follow(next) {
        rules = next
      },
      version: VERSION,
      reload,
      botToken: env.slackBotToken,
      appToken: env.slackAppToken,
      apiUrl: env.slackApiUrl,
      timetable: postgresTimetable({
        poolConfig,
        clock,
        log,
        processName: `watchbill-${store.process}`,
      }),
    })
    notReady = bot.notReady
    undo.push(() => Promise.race([bot.close(), new Promise((done) => setTimeout(done, DRAIN_MS).unref())]))
    await bot.start()
    return { bot, port, latestRecord: () => latestRecord(store), reload, close: takeDown }
  } catch (error) {
    await takeDown()
    throw error
  }
}

/** Where the state of record is: the database that is named, else the server of the data folder, which is started or adopted. */
async function database({ env, log }: Launch, undo: (() => Promise<unknown>)[]): Promise<pg.PoolConfig> {
  if (env.databaseUrl !== null) return addressed(env.databaseUrl)
  undo.push(await takeDataFolder(env.data))
  const server = await startEmbedded({ dataDir: env.data, log })
  undo.push(() => server.stop())
  return server.poolConfig
}

async function open(poolConfig: pg.PoolConfig, log: Logger): Promise<{ clock: Clock; store: Store }> {
  const clock = realClock(await databaseTime(poolConfig), (jump) =>
    log.error(
      jump,
      `the clock of this machine jumped: it was ${jump.kind === 'set' ? 'set, and watch time goes on as before' : 'suspended, and watch time has caught up'}`,
    ),
  )
  const store = await openStore(poolConfig, clock.now(), VERSION, log)
  const ahead = await bringBack(store, clock.now())
  if (ahead > 0)
    log.error(
      { aheadMs: ahead },
      'the store was ahead of the clock: an earlier process lived by a wrong one; brought back to now',
    )
  return { clock, store }
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
