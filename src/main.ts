import { join } from 'node:path'
import pg from 'pg'
import packageJson from '../package.json' with { type: 'json' }
import { type Bot, createBot } from './bot.ts'
import { httpCheck } from './checks/http.ts'
import { takeDataFolder } from './cli/pidfile.ts'
import { machine, realClock } from './clock.ts'
import type { Fact } from './domain/fact.ts'
import type { Rules } from './domain/rules.ts'
import type { Env } from './env.ts'
import { startIntake } from './intake/server.ts'
import type { Logger } from './log.ts'
import { slackCalls } from './slack/client.ts'
import { inc } from './slack/words.ts'
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
}

export interface Launched {
  bot: Bot
  /** The port of the HTTP server. */
  port: number
  /** The latest incident as it is on record: when what was decided. For the demo. */
  latestRecord(): Promise<IncidentRecord | null>
  /** Makes another configuration the active one. */
  reload(rules: Rules): Promise<void>
  close(): Promise<void>
}

export interface IncidentRecord {
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
export async function launch({ env, rules: first, log }: Launch): Promise<Launched> {
  const undo: (() => Promise<unknown>)[] = []
  const takeDown = async () => {
    for (const step of undo.splice(0).reverse())
      await step().catch((error: unknown) => log.error({ err: error }, 'stopping failed'))
  }
  try {
    undo.push(await takeDataFolder(env.data))
    const server = await startEmbedded({ dataDir: env.data, log })
    undo.push(() => server.stop())
    const clock = realClock(await databaseTime(server.poolConfig))
    const store = await openStore(server.poolConfig, clock.now(), VERSION, log)
    undo.push(() => store.close())
    let rules = first
    await activateRules(store.pool, rules, clock.now())
    const bot = createBot({
      clock,
      machine,
      log,
      store,
      slack: slackCalls(env.slackBotToken, env.slackApiUrl, log),
      check: httpCheck(machine.elapsed),
      rules: () => rules,
      version: VERSION,
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
    const intake = await startIntake({ host: env.host, port: env.port, notReady: bot.notReady })
    undo.push(() => intake.close())
    undo.push(() => Promise.race([bot.close(), new Promise((done) => setTimeout(done, DRAIN_MS).unref())]))
    await bot.start()
    const address = intake.server.address()
    return {
      bot,
      port: typeof address === 'object' && address ? address.port : env.port,
      latestRecord: () => latestRecord(store),
      async reload(next) {
        await activateRules(store.pool, next, clock.now())
        rules = next
        bot.desk.wake()
      },
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
