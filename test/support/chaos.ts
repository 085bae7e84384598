import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { sleep } from '../../src/clock.ts'
import { type LocalSlack, startWorkspace } from '../../src/sandbox/server.ts'
import { withCluster } from './copies.ts'
import { freePort } from './port.ts'
import { type BotProcess, dataFolder, eventually, spawnBot } from './process.ts'
import { startProxy, type Wire } from './proxy.ts'
import { type RedisServer, startRedis } from './redis.ts'
import { type Server, startServer } from './server.ts'
import { type SmallDisk, smallDisk } from './small-disk.ts'
import { startTargets, type Targets } from './targets.ts'

/**
 * A world for process chaos (reliability §4 L2): real processes of the bot, their real store and Redis, and the local Slack workspace as the
 * witness of what people saw. It only carries out what a nemesis asks for and keeps the history of what was asked; what ought to have come of
 * it is the checker's to say (`test/chaos/checker.ts`).
 */

/** Ready after a start; generous, since the machine is shared. */
const READY_MS = 60_000
/** An end of our patience with what is not urgent, no promise of the bot. */
const PATIENCE_MS = 45_000
/** A sender of alerts gives an attempt this long, and repeats it after this. */
const ATTEMPT_MS = 5_000
const AGAIN_MS = 100

const API_TOKEN = 'token-of-a-test'
const SIGNING_SECRET = '0123456789abcdef0123456789abcdef'
/** The last resort of every policy. */
export const LAST = 'zoe'
/** Where services announce their incidents. */
const OPS = 'C0OPS'

type Link = 'store' | 'redis'

export interface WorldOptions {
  /** Processes on one store: 1 when omitted, and with the embedded store. */
  bots?: number
  store?: 'embedded' | 'server'
  /** On the store, on a Redis of the world's own, or on one that is configured and not there. */
  timetable?: 'store' | 'redis' | 'nobody'
  /** How people's commands and clicks come: over Socket Mode, or as signed requests. */
  slack?: 'socket' | 'http'
  services?: number
  /** How long each step of escalation waits, as it is configured. */
  wait?: string
  /** Each service is probed every second, at two addresses. */
  probed?: boolean
  /** What reaches its server through a proxy, each process through one of its own. */
  wired?: readonly Link[]
  /** Options of Node, for every process. */
  node?: readonly string[]
  /** The data folder lies on a disk of 220 MB. */
  smallDisk?: boolean
  /** Nothing but the files is there: the nemesis starts servers and processes. */
  cold?: boolean
}

/** One attempt of a client: what it sent, when, and what it knows of it. */
export interface Attempt {
  service: string
  key: string
  status: 'firing' | 'resolved'
  invokedAt: number
  endedAt: number
  /** What was answered; null: nothing. Only a 2xx says that it is stored. */
  answered: number | null
  /** Rows of the in-tray. */
  ids: number[]
}

interface Alert {
  key?: string
  status?: 'firing' | 'resolved'
  severity?: 'critical' | 'error' | 'warning' | 'info'
  /** To one process alone. */
  bot?: number
  /** What makes repeats of it the same; a fresh one when omitted. */
  retryKey?: string
}

export interface World {
  readonly options: Readonly<WorldOptions>
  readonly services: readonly string[]
  readonly slack: LocalSlack
  readonly targets: Targets
  /** By their place; one that was started again has the place of the one before. */
  readonly bots: BotProcess[]
  /** Every process that ever was. */
  readonly spawned: readonly BotProcess[]
  /** Those that run and are not frozen by {@link World.freeze}. */
  awake(): BotProcess[]
  readonly dataDir: string
  disk(): SmallDisk
  /** The store's server; not with the embedded store. */
  server(): Server
  redis(): RedisServer
  wire(link: Link, bot: number): Wire
  history: Attempt[]
  /** Starts the process of this place (again); it is not ready yet. */
  boot(place?: number, more?: { env?: Record<string, string>; node?: readonly string[] }): BotProcess
  /** SIGSTOP and SIGCONT to one process. */
  freeze(place: number): void
  wake(place: number): void
  /** SIGKILL to the postmaster of the store, whichever it is; that of the embedded store is started again by the bot. */
  killStore(): Promise<void>
  /** Sends an alert until it is taken, each time to another process, and resolves then; rejects when it is not taken in time. */
  alert(service: string, alert?: Alert, patienceMs?: number): Promise<Attempt>
  /** One attempt, whatever comes of it. */
  attempt(service: string, alert?: Alert): Promise<Attempt>
  /** The services fail, by their probes if they have any, else by an alert. */
  fail(services: readonly string[]): Promise<void>
  /** All is well again: probes answer, and every alert that fires is resolved. */
  heal(): Promise<void>
  query<T extends pg.QueryResultRow>(sql: string): Promise<T[]>
  /** Waits until nothing is undecided, open or owed; what only waits for its turn to be shown again is none of these. */
  rest(patienceMs?: number): Promise<void>
  /** Ends every process as an operator does; throws when one does not end in order. */
  end(): Promise<void>
  /** Takes everything down, however it stands. */
  close(): Promise<void>
}

/** People of a service: two are paged at first, then the third. */
export const peopleOf = (service: string, step: 1 | 2 = 1): string[] =>
  step === 1 ? [`${service}a`, `${service}b`] : [`${service}c`]
export const slackId = (person: string) => `U0${person.toUpperCase()}`
export const dmOf = (person: string) => `D0${person.toUpperCase()}`
/** The addresses at which a service is probed. */
export const pathsOf = (service: string) => [`${service}-x`, `${service}-y`]

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const { bots: count = 1, store = 'server', timetable = 'store', cold = false } = options
  const services = Array.from({ length: options.services ?? 4 }, (_, index) => `s${index + 1}`)
  const undo: (() => Promise<unknown>)[] = []
  let closed = false
  const close = async () => {
    closed = true
    worlds.delete(close)
    for (const step of undo.splice(0).reverse()) await step()
  }
  worlds.add(close)
  const kept = <T>(thing: T, end: (thing: T) => Promise<unknown>): T => {
    undo.push(() => end(thing))
    return thing
  }
  try {
    const disk = options.smallDisk ? await smallDisk() : null
    if (disk) undo.push(() => disk.remove())
    const folder = kept(await dataFolder(disk?.path), ({ remove }) => remove())
    if (store === 'embedded' && !cold) await withCluster(folder.dataDir)
    const targets = kept(await startTargets(), ({ stop }) => stop())
    const slack = kept(await startWorkspace(workspaceOf(services)), (each) => each.close())
    const server = store === 'server' ? kept(await startServer(), ({ drop }) => drop()) : null
    const redis = timetable === 'redis' ? kept(await startRedis(), ({ stop }) => stop()) : null
    if (cold) await Promise.all([server?.stop(), redis?.kill()])
    const nobody = timetable === 'nobody' ? await freePort() : 0
    const wires: Record<Link, Wire[]> = { store: [], redis: [] }
    const ends: Record<Link, number> = { store: server?.config.port ?? 0, redis: redis?.port ?? 0 }
    for (const link of options.wired ?? [])
      for (let place = 0; place < count; place++)
        wires[link].push(kept(await startProxy(() => ends[link]), (wire) => wire.close()))
    const config = join(folder.dataDir, 'watchbill.yaml')
    await writeFile(config, configuration(services, targets, options))

    const spawned: BotProcess[] = []
    const bots: BotProcess[] = []
    const frozen = new Set<BotProcess>()
    undo.push(async () => {
      for (const each of spawned) if (each.running()) each.signal('SIGKILL')
      await Promise.all(spawned.map(({ exited }) => exited))
    })
    const awake = () => bots.filter((each) => each.running() && !frozen.has(each))

    const portOf = (link: Link, place: number) => wires[link][place]?.port ?? ends[link]
    const addresses = (place: number): Record<string, string> => ({
      ...(server ? { DATABASE_URL: at(server.url, portOf('store', place)) } : {}),
      ...(redis ? { REDIS_URL: at(redis.url, portOf('redis', place)) } : {}),
      ...(nobody ? { REDIS_URL: `redis://127.0.0.1:${nobody}` } : {}),
    })
    const boot: World['boot'] = (place = 0, more = {}) => {
      if (closed) throw new Error('this world has been taken down')
      const bot = spawnBot({
        config,
        dataDir: store === 'embedded' ? folder.dataDir : join(folder.dataDir, String(place)),
        env: { ...tokensOf(slack, options), ...addresses(place), ...more.env },
        node: [...(options.node ?? []), ...(more.node ?? [])],
      })
      spawned.push(bot)
      bots[place] = bot
      return bot
    }
    if (options.slack === 'http') {
      const front = kept(await startProxy(frontOf(awake)), (each) => each.close())
      const url = `http://127.0.0.1:${front.port}/slack/events`
      slack.deliverTo({ signingSecret: SIGNING_SECRET, commands: url, interactions: url, events: url })
    }

    let turn = 0
    const firing = new Map<string, { service: string; key: string }>()
    const history: Attempt[] = []
    const world: World = {
      options,
      services,
      slack,
      targets,
      bots,
      spawned,
      awake,
      dataDir: folder.dataDir,
      disk: () => disk ?? missing('a small disk'),
      server: () => server ?? missing('a server of the store'),
      redis: () => redis ?? missing('a Redis'),
      wire: (link, bot) => wires[link][bot] ?? missing(`a proxy for its ${link}`),
      history,
      boot,
      freeze(place) {
        const bot = bots[place]
        if (!bot) return
        frozen.add(bot)
        bot.signal('SIGSTOP')
      },
      wake(place) {
        const bot = bots[place]
        if (!bot) return
        bot.signal('SIGCONT')
        frozen.delete(bot)
      },
      async killStore() {
        if (server) return server.kill()
        killQuietly(postmasterOf(folder.dataDir))
      },
      async attempt(service, { bot, key = 'down', status = 'firing', severity = 'critical', retryKey } = {}) {
        const up = bot === undefined ? awake() : bots.slice(bot, bot + 1)
        const to = up[turn++ % Math.max(1, up.length)]
        const invokedAt = Date.now()
        const body = { key, service, status, severity, summary: `${key} of ${service} is ${status}` }
        const headers = { authorization: `Bearer ${API_TOKEN}`, 'idempotency-key': retryKey ?? randomUUID() }
        const answer = to && (await bounded(to.post('/v1/alerts', body, headers)).catch(() => undefined))
        const ids = answer?.status === 202 ? (JSON.parse(answer.body) as { ids: number[] }).ids : []
        if (status === 'firing') firing.set(`${service} ${key}`, { service, key })
        const attempt = { service, key, status, invokedAt, endedAt: Date.now(), answered: answer?.status ?? null, ids }
        history.push(attempt)
        return attempt
      },
      async alert(service, alert = {}, patienceMs = PATIENCE_MS) {
        const until = Date.now() + patienceMs
        const retryKey = alert.retryKey ?? randomUUID()
        for (;;) {
          const attempt = await world.attempt(service, { ...alert, retryKey })
          if (attempt.answered === 202) return attempt
          if (attempt.answered !== null && attempt.answered < 500)
            throw new Error(`an alert of ${service} was refused with ${attempt.answered}`)
          if (Date.now() > until) throw new Error(`an alert of ${service} was not taken within ${patienceMs} ms`)
          await sleep(AGAIN_MS)
        }
      },
      async fail(which) {
        if (options.probed) targets.fail(which.flatMap(pathsOf))
        else await Promise.all(which.map((service) => world.alert(service)))
      },
      async heal() {
        targets.recover()
        const over = [...firing.values()]
        firing.clear()
        await inGroups(over, 20, ({ service, key }) => world.alert(service, { key, status: 'resolved' }))
      },
      query: (sql) => (server ? server.query(sql) : queryEmbedded(folder.dataDir, sql)),
      rest: (patienceMs = PATIENCE_MS) => rest(world, patienceMs),
      end: () => end(world),
      close,
    }
    if (cold) return world
    for (let place = 0; place < count; place++) boot(place)
    await Promise.all(bots.map((bot) => bot.ready(READY_MS)))
    return world
  } catch (error) {
    await close()
    throw error
  }
}

const worlds = new Set<() => Promise<void>>()

/** Whatever is still there of any world, also of one whose test was given up: no process may outlive the tests. */
export async function takeDownAll(): Promise<void> {
  await Promise.all([...worlds].map((close) => close()))
}

function missing(what: string): never {
  throw new Error(`this world has not ${what}`)
}

const workspaceOf = (services: readonly string[]) => ({
  users: [...services.flatMap((each) => [...peopleOf(each), ...peopleOf(each, 2)]), LAST].map((name) => ({
    id: slackId(name),
    name,
  })),
  channels: [{ id: OPS, name: 'ops' }],
  commands: ['/oncall', '/page', '/incident', '/watchbill'],
})

const tokensOf = (slack: LocalSlack, { slack: mode }: WorldOptions): Record<string, string> => ({
  SLACK_API_URL: slack.apiUrl,
  SLACK_BOT_TOKEN: slack.botToken,
  WATCHBILL_API_TOKEN: API_TOKEN,
  ...(mode === 'http' ? { SLACK_SIGNING_SECRET: SIGNING_SECRET } : { SLACK_APP_TOKEN: slack.appToken }),
})

function configuration(services: readonly string[], targets: Targets, { wait = '5m', probed }: WorldOptions): string {
  const people = services.flatMap((each) => [...peopleOf(each), ...peopleOf(each, 2)])
  const steps = (service: string) =>
    ([1, 2] as const).map((step) => `{ page: [${peopleOf(service, step).join(', ')}], wait: ${wait} }`).join(', ')
  const probes = (service: string) =>
    pathsOf(service).map(
      (path, index) =>
        `  ${path}: { service: ${service}, probe: "${targets.url(path)}", every: 1s, fail_after: ${index + 1}, recover_after: 1 }`,
    )
  return [
    'company: Example Mail',
    'zone: Europe/Zurich',
    'network: { allow_private: ["127.0.0.0/8"] }',
    'people:',
    ...[...people, LAST].map((person) => `  ${person}: { slack: ${slackId(person)} }`),
    'policies:',
    ...services.map((each) => `  ${each}: { steps: [${steps(each)}], fallback: [${LAST}] }`),
    'services:',
    ...services.map((each) => `  ${each}: { policy: ${each}, channel: ${OPS} }`),
    ...(probed ? ['monitors:', ...services.flatMap(probes)] : []),
    '',
  ].join('\n')
}

/** The same address, on another port. */
function at(url: string, port: number): string {
  const address = new URL(url)
  address.port = String(port)
  return address.href
}

/** As a load balancer does: each connection goes to another of those that are up. */
function frontOf(awake: () => BotProcess[]): () => number | null {
  let turn = 0
  return () => {
    const ports = awake().flatMap((bot) => bot.knownPort() ?? [])
    return ports[turn++ % ports.length] ?? null
  }
}

async function bounded<T>(work: Promise<T>): Promise<T> {
  const limit = new AbortController()
  try {
    return await Promise.race([
      work,
      sleep(ATTEMPT_MS, limit.signal).then(() => {
        throw new Error('no answer')
      }),
    ])
  } finally {
    limit.abort()
  }
}

async function inGroups<T>(things: readonly T[], size: number, run: (thing: T) => Promise<unknown>) {
  for (let from = 0; from < things.length; from += size) await Promise.all(things.slice(from, from + size).map(run))
}

/** A page that was shown again after 30 s, and a summary, are shown for completeness: nobody waits for them. */
const RESTLESS = `
  select (select count(*)::int from owed where state in ('open', 'unknown') and not (lazy and shown > 0)) as owed,
         (select count(*)::int from inbox where done_at is null) as undone,
         (select count(*)::int from incidents where state <> 'resolved') as open`

async function rest(world: World, patienceMs: number): Promise<void> {
  let seen: unknown = 'nothing'
  await eventually(
    async () => {
      const [row] = await world.query(RESTLESS).catch((error: unknown) => [{ error: String(error) }])
      seen = row
      return JSON.stringify(row) === '{"owed":0,"undone":0,"open":0}'
    },
    '',
    patienceMs,
    50,
  ).catch(async () => {
    const owed = await world.query(`select key, state, due_at from owed where state in ('open', 'unknown') limit 20`)
    throw new Error(`it does not come to rest: ${JSON.stringify(seen)} ${JSON.stringify(owed)}`)
  })
}

async function end({ bots }: World): Promise<void> {
  const from = Date.now()
  for (const bot of bots) bot.signal('SIGTERM')
  for (const bot of bots) {
    const { code, signal } = await bot.exited
    if (code !== 0)
      throw new Error(`SIGTERM ended a bot with code ${code} and signal ${signal}: ${bot.stdout().slice(-2_000)}`)
  }
  if (Date.now() - from > 10_000) throw new Error(`the bots took ${Date.now() - from} ms to end`)
}

/** Looks into the data folder's own server. */
async function queryEmbedded<T extends pg.QueryResultRow>(dataDir: string, sql: string): Promise<T[]> {
  const cluster = join(dataDir, 'postgres')
  const [pidFile, password] = await Promise.all(
    ['postmaster.pid', 'watchbill.password'].map((name) => readFile(join(cluster, name), 'utf8')),
  )
  const client = new pg.Client({
    host: pidFile?.split('\n')[4]?.trim() ?? '',
    port: 5432,
    user: 'watchbill',
    database: 'postgres',
    password: password?.trim() ?? '',
    connectionTimeoutMillis: 2_000,
    query_timeout: 5_000,
  })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query<T>(sql)).rows
  } finally {
    await client.end()
  }
}

export function postmasterOf(dataDir: string): number {
  return Number.parseInt(readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8'), 10)
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It was gone before we came.
  }
}
