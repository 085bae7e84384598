import { join } from 'node:path'
import pg from 'pg'
import packageJson from '../package.json' with { type: 'json' }
import { type Bot, createBot } from './bot.ts'
import { httpCheck } from './checks/http.ts'
import { takeDataFolder } from './cli/pidfile.ts'
import { machine, realClock } from './clock.ts'
import { type Config, formatProblem } from './config.ts'
import type { Fact } from './domain/fact.ts'
import type { Rules } from './domain/rules.ts'
import type { Env } from './env.ts'
import { healthRoutes } from './intake/health.ts'
import { startIntake } from './intake/server.ts'
import type { Logger } from './log.ts'
import { slackCalls } from './slack/client.ts'
import { inc } from './slack/words.ts'
import { bringBack } from './store/desk.ts'
import { startEmbedded } from './store/embedded.ts'
import { factsOf, latestIncidents } from './store/incidents.ts'
import { activateRules } from './store/rules.ts'
import { openStore, type Store } from './store/store.ts'
import { postgresTimetable } from './timetable.ts'

export const VERSION = packageJson.version

/** A drain that takes longer is cut off: what is owed is in the store, and goes out after the next start. */
const DRAIN_MS = 8_000

export interface Launch {
  env: Pick<Env, 'data' | 'slackApiUrl' | 'host' | 'port'> & { slackBotToken: string; slackAppToken: string }
  rules: Rules
  log: Logger
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

/** One process of Watchbill on its embedded store: configuration → deps → bot. What fails half-way is taken down again. */
export async function launch({ env, rules: first, log, load }: Launch): Promise<Launched> {
  const undo: (() => Promise<unknown>)[] = []
  const takeDown = async () => {
    for (const step of undo.splice(0).reverse())
      await step().catch((error: unknown) => log.error({ err: error }, 'stopping failed'))
  }
  try {
    undo.push(await takeDataFolder(env.data))
    const server = await startEmbedded({ dataDir: env.data, log })
    undo.push(() => server.stop())
    const clock = realClock(await databaseTime(server.poolConfig), (jump) =>
      log.error(
        jump,
        `the clock of this machine jumped: it was ${jump.kind === 'set' ? 'set, and watch time goes on as before' : 'suspended, and watch time has caught up'}`,
      ),
    )
    const store = await openStore(server.poolConfig, clock.now(), VERSION, log)
    undo.push(() => store.close())
    const ahead = await bringBack(store.pool, clock.now())
    if (ahead > 0)
      log.error(
        { aheadMs: ahead },
        'the store was ahead of the clock: an earlier process lived by a wrong one; brought back to now',
      )
    let rules = first
    await activateRules(store.pool, rules, clock.now())
    const reload = async (): Promise<string[]> => {
      const next = await load()
      if ('problems' in next) {
        for (const problem of next.problems) log.error(formatProblem(problem))
        log.error('the configuration was not reloaded: the one before it stays')
        return next.problems.map(formatProblem)
      }
      await activateRules(store.pool, next.rules, clock.now())
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
      version: VERSION,
      reload,
      botToken: env.slackBotToken,
      appToken: env.slackAppToken,
      apiUrl: env.slackApiUrl,
      timetable: postgresTimetable({
        poolConfig: server.poolConfig,
        clock,
        log,
        processName: `watchbill-${store.process}`,
      }),
    })
    const intake = await startIntake({ host: env.host, port: env.port, routes: [healthRoutes(bot.notReady)] })
    undo.push(() => intake.close())
    undo.push(() => Promise.race([bot.close(), new Promise((done) => setTimeout(done, DRAIN_MS).unref())]))
    await bot.start()
    const address = intake.server.address()
    return {
      bot,
      port: typeof address === 'object' && address ? address.port : env.port,
      latestRecord: () => latestRecord(store),
      reload,
      close: takeDown,
    }
  } catch (error) {
    await takeDown()
    throw error
  }
}

/** The database's own clock, once: the anchor of watch time. */
async function databaseTime(config: pg.ClientConfig): Promise<number> {
  const client = new pg.Client(config)
  client.on('error', () => {})
  await client.connect()
  try {
    const { rows } = await client.query<{ at: string }>('select extract(epoch from clock_timestamp()) * 1000 as at')
    return Math.floor(Number(rows[0]?.at))
  } finally {
    await client.end()
  }
}

/** Where the demo and the tests keep what they need of the data folder. */
export const logFile = (dataDir: string) => join(dataDir, 'watchbill.log')
