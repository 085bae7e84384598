import { readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { sleep } from '../../src/clock.ts'
import { startWorkspace } from '../../src/sandbox/server.ts'
import type { Call } from '../../src/sandbox/wire.ts'
import { type BotProcess, dataFolder, eventually, postmasters, spawnBot } from './process.ts'
import { startTargets, type Targets } from './targets.ts'

/**
 * Process chaos (reliability F01, F02, F07, F10, F28): the real process, its real store, the local Slack workspace as the only witness. In
 * each round services fail, something is killed at a seeded moment, and everybody who is owed a page must get it. What the rounds do
 * follows from the seed alone; how the processes interleave with it does not, so a failing seed is played several times.
 */

/** A page that was owed when something died is out this long after the bot is ready again. */
const PAGE_MS = 5_000
/** Words of an end, and all that is not a page: no promise of the bot, only an end of our patience. */
const PATIENCE_MS = 20_000
/** Ready again after a restart, or after the store alone was killed; generous, since the machine is shared. */
const READY_MS = 15_000
/** More than one postmaster for this long is not a loser on its way out. */
const SAMPLE_MS = 150
const SAMPLES = 4

const SERVICES = {
  mail: ['ada', 'bart'],
  web: ['cleo', 'dan'],
  api: ['eve', 'finn'],
  dns: ['gil', 'hana'],
} as const
type Service = keyof typeof SERVICES
const NAMES = Object.keys(SERVICES) as Service[]
const slackId = (person: string) => `U0${person.toUpperCase()}`
const dmOf = (person: string) => `D0${person.toUpperCase()}`
const pathsOf = (service: Service) => [`${service}-a`, `${service}-b`]

function configuration(targets: Targets): string {
  const people = [...Object.values(SERVICES).flat(), 'zoe']
  return [
    'company: Example Mail',
    'zone: Europe/Zurich',
    'network: { allow_private: ["127.0.0.0/8"] }',
    'people:',
    ...people.map((person) => `  ${person}: { slack: ${slackId(person)} }`),
    'policies:',
    ...NAMES.map(
      (name) => `  ${name}: { steps: [{ page: [${SERVICES[name].join(', ')}], wait: 5m }], fallback: [zoe] }`,
    ),
    'services:',
    ...NAMES.map((name) => `  ${name}: { policy: ${name}, channel: C0OPS }`),
    'monitors:',
    ...NAMES.flatMap((name) =>
      pathsOf(name).map(
        (path) =>
          `  ${path}: { service: ${name}, probe: "${targets.url(path)}", every: 1s, fail_after: ${name === 'dns' ? 2 : 1}, recover_after: 1 }`,
      ),
    ),
    '',
  ].join('\n')
}

interface Plan {
  services: Service[]
  /** Who dies. The store alone: the bot goes on; the bot alone: its store is an orphan, to be adopted. */
  victim: 'bot' | 'both' | 'store'
  /** A failing answer left the target; a DM is being opened (saved, not sent); a page arrives at Slack; its answer left (sent, not recorded). */
  moment: 'probe' | 'open' | 'page' | 'answer'
  afterMs: number
  /** Whose page is watched for the moment, and struck by the fault. */
  person: string
  fault: null | { kind: 'lost_reply' | 'hang' } | { kind: 'slow'; ms: number }
  /** What Slack says afterwards when it is asked whether the page arrived. */
  history: 'readable' | 'forbidden' | 'down'
  pauseMs: number
  /** Another kill, this long after the targets are well again. */
  atRecovery: null | { afterMs: number; victim: 'bot' | 'both' }
}

function planOf(seed: number, round: number): Plan {
  const random = mulberry32(seed * 1_000_003 + round)
  const int = (from: number, to: number) => from + Math.floor(random() * (to - from + 1))
  const pick = <const T>(things: readonly [T, ...T[]]): T => things[int(0, things.length - 1)] ?? things[0]
  const services = NAMES.filter(() => random() < 0.7)
  if (services.length === 0) services.push('mail')
  const owed = services.flatMap((name) => [...SERVICES[name]])
  const victim = pick(['bot', 'bot', 'bot', 'both', 'both', 'store'])
  const moment = pick(['probe', 'probe', 'open', 'page', 'page', 'answer'])
  // A bot that lives on waits for a hanging call as long as its own limit says: nothing to do with the kill.
  const faults =
    victim === 'store'
      ? (['none', 'lost_reply', 'lost_reply', 'slow'] as const)
      : (['none', 'lost_reply', 'lost_reply', 'slow', 'hang'] as const)
  const kind = moment === 'page' ? pick(faults) : 'none'
  return {
    services,
    victim,
    moment,
    afterMs: moment === 'probe' ? int(0, random() < 0.5 ? 60 : 400) : int(0, random() < 0.7 ? 4 : 40),
    person: owed[int(0, owed.length - 1)] ?? 'ada',
    fault: kind === 'none' ? null : kind === 'slow' ? { kind, ms: int(50, 1_500) } : { kind },
    history: random() < 0.8 ? 'readable' : pick(['forbidden', 'down']),
    pauseMs: int(0, 1_000),
    atRecovery: random() < 0.3 ? { afterMs: int(0, 2_500), victim: pick(['bot', 'both']) } : null,
  }
}

interface Played {
  plan: Plan
  /** From the kill, or the spawn of the next process, to its /readyz 200. */
  readyMs: number
  /** From that 200 to the last owed page at Slack; null when all were out before the kill. */
  lastPageMs: number | null
  duplicates: { pages: number; others: number }
}

export interface Chaos {
  /** Plays one round; throws, with all that is needed to play it again, when something was lost. */
  play(round: number): Promise<Played>
  /** Ends the bot as an operator does; throws when anything stays behind. */
  end(): Promise<void>
  /** Takes everything down, however it stands. */
  close(): Promise<void>
}

export async function startChaos(seed: number): Promise<Chaos> {
  const { dataDir, remove } = await dataFolder()
  const targets = await startTargets()
  const slack = await startWorkspace({
    users: [...Object.values(SERVICES).flat(), 'zoe'].map((name) => ({ id: slackId(name), name })),
    channels: [{ id: 'C0OPS', name: 'ops' }],
    commands: ['/oncall', '/page', '/incident', '/watchbill'],
  })
  const config = join(dataDir, 'watchbill.yaml')
  await writeFile(config, configuration(targets))
  const witness = watchPostmasters(dataDir)
  const spawned: BotProcess[] = []
  const boot = () => {
    const env = { SLACK_API_URL: slack.apiUrl, SLACK_BOT_TOKEN: slack.botToken, SLACK_APP_TOKEN: slack.appToken }
    const bot = spawnBot({ config, dataDir, env })
    spawned.push(bot)
    return bot
  }
  let bot = boot()
  await bot.ready(30_000)
  await settled(dataDir)

  function strike(victim: Plan['victim']): void {
    if (victim !== 'bot') killQuietly(postmasterOf(dataDir))
    if (victim !== 'store') bot.signal('SIGKILL')
  }

  /** Makes the bot run and be ready again; when it was. */
  async function recoverFrom(victim: Plan['victim'], pauseMs: number): Promise<{ readyAt: number; readyMs: number }> {
    const from = Date.now()
    if (victim === 'store') {
      // It shows within milliseconds that the store is gone; until then the old answer stands.
      await eventually(async () => (await bot.get('/readyz')).status !== 200, 'the loss to show', 2_000).catch(() => {})
      const readyAt = await bot.ready(READY_MS)
      return { readyAt, readyMs: readyAt - from }
    }
    await bot.exited
    await sleep(pauseMs)
    bot = boot()
    const readyAt = await bot.ready(READY_MS)
    return { readyAt, readyMs: readyAt - bot.spawnedAt }
  }

  async function round(plan: Plan): Promise<Played> {
    const { services, victim, person } = plan
    const since = slack.journal().at(-1)?.n ?? 0
    const calls = () => slack.journal().filter((call) => call.n > since)
    const owed = services.flatMap((name) => [...SERVICES[name]])
    const out = () =>
      new Set(
        calls()
          .filter((call) => call.done)
          .flatMap((call) => pageOf(call)?.person ?? []),
      )

    if (plan.fault) slack.fault({ method: 'chat.postMessage', channel: dmOf(person), count: 1, ...plan.fault })
    const moment = momentOf(plan, targets, calls)
    targets.fail(services.flatMap(pathsOf))
    await moment
    await sleep(plan.afterMs)
    strike(victim)
    slack.resetFaults()
    if (plan.history !== 'readable')
      slack.fault(
        plan.history === 'down'
          ? { kind: 'http', method: 'conversations.history', status: 503 }
          : { kind: 'error', method: 'conversations.history', error: 'missing_scope' },
      )
    const { readyAt, readyMs } = await recoverFrom(victim, plan.pauseMs)
    const missing = () => owed.filter((each) => !out().has(each))
    await eventually(() => missing().length === 0, '', readyAt + PAGE_MS - Date.now()).catch(() => {
      throw new Error(`not paged ${PAGE_MS} ms after the bot was ready: ${missing().join(', ')}`)
    })
    const arrivals = owed.map((each) =>
      Math.min(...calls().flatMap((call) => (call.done && pageOf(call)?.person === each ? [call.arrived_at] : []))),
    )
    const last = Math.max(...arrivals)

    targets.recover()
    if (plan.atRecovery) {
      await sleep(plan.atRecovery.afterMs)
      strike(plan.atRecovery.victim)
      await recoverFrom(plan.atRecovery.victim, plan.pauseMs)
    }
    const uninformed = () => owed.filter((each) => !calls().some((call) => call.done && toldOf(call) === each))
    // Where Slack could not be asked, nobody knows the thread of a page whose answer was lost.
    const allTold = () => plan.history !== 'readable' || uninformed().length === 0
    await eventually(allTold, '', PATIENCE_MS).catch(() => {
      throw new Error(`nobody told that it is over: ${uninformed().join(', ')}`)
    })
    await settled(dataDir)
    slack.resetFaults()

    return { plan, readyMs, lastPageMs: last > readyAt ? last - readyAt : null, duplicates: check(plan, calls()) }
  }

  return {
    async play(number) {
      const plan = planOf(seed, number)
      try {
        const played = await round(plan)
        witness.check()
        return played
      } catch (error) {
        const logFile = join(tmpdir(), `watchbill-chaos-${seed}-${number}.log`)
        await writeFile(
          logFile,
          spawned.map((each) => `process ${each.pid}\n${each.stdout()}${each.stderr()}`).join('\n'),
        )
        const reason = error instanceof Error ? error.message : String(error)
        throw new Error(
          `${reason}\nplay it again with CHAOS_SEED=${seed} (round ${number}): ${JSON.stringify(plan)}\nwhat the bots logged: ${logFile}\n${bot.stderr().slice(-2_000)}`,
          { cause: error },
        )
      }
    },
    async end() {
      bot.signal('SIGTERM')
      const from = Date.now()
      const { code, signal } = await bot.exited
      if (code !== 0)
        throw new Error(`SIGTERM ended the bot with code ${code} and signal ${signal}: ${bot.stdout().slice(-2_000)}`)
      if (Date.now() - from > 10_000) throw new Error(`the bot took ${Date.now() - from} ms to end`)
      witness.check()
      const left = [...(await postmasters(dataDir)), ...spawned.filter((each) => each.running()).map(({ pid }) => pid)]
      if (left.length > 0) throw new Error(`left behind: ${left.join(', ')}`)
    },
    async close() {
      witness.stop()
      for (const each of spawned) if (each.running()) each.signal('SIGKILL')
      await Promise.all(spawned.map(({ exited }) => exited))
      await slack.close()
      await targets.stop()
      await remove()
    },
  }
}

/** Resolves at the moment that the plan waits for. */
function momentOf({ moment, person }: Plan, targets: Targets, calls: () => readonly Call[]): Promise<void> {
  if (moment === 'probe')
    return new Promise((resolve) =>
      targets.onFailure(() => {
        targets.onFailure(null)
        resolve()
      }),
    )
  const page = (call: Call) => pageOf(call)?.person === person
  const is = {
    // A process that knows the DM already does not open it: then the page itself is the next best.
    open: (call: Call) => page(call) || (call.method === 'conversations.open' && call.args.users === slackId(person)),
    page,
    answer: (call: Call) => page(call) && call.answered_at !== null,
  }[moment]
  return eventually(() => calls().some(is), `the moment (${moment}) to come`, 10_000, 1)
}

/** What everybody saw, held against what was allowed; how much of it was double. */
function check({ services, fault, history }: Plan, calls: readonly Call[]): Played['duplicates'] {
  const visible = calls.filter((call) => call.done && call.method === 'chat.postMessage')
  const pages = counted(visible.flatMap((call) => pageOf(call)?.key ?? []))
  const others = counted(visible.flatMap((call) => keyOf(call) ?? []))
  // Where Slack could be asked, nothing is double; where not, a page rings twice rather than never.
  const most = history === 'readable' ? 1 : 2
  for (const [key, count] of [...pages, ...others])
    if (count > most)
      throw new Error(`${key} is visible ${count} times (fault ${fault?.kind ?? 'none'}, history ${history})`)
  const incidents = new Set([...pages.keys()].map((key) => key.split('/')[1]))
  if (incidents.size !== services.length)
    throw new Error(
      `${services.length} services failed and ${incidents.size} incidents paged: ${[...pages.keys()].join(', ')}`,
    )
  if (pages.size !== services.length * 2) throw new Error(`unexpected pages: ${[...pages.keys()].join(', ')}`)
  const extra = (counts: Map<string, number>) => [...counts.values()].reduce((sum, count) => sum + count - 1, 0)
  return { pages: extra(pages), others: extra(others) }
}

function counted(keys: string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  return counts
}

function payloadOf(call: Call): Record<string, unknown> {
  const { metadata } = call.args as { metadata?: { event_payload?: Record<string, unknown> } }
  return metadata?.event_payload ?? {}
}

function pageOf(call: Call): { key: string; person: string } | null {
  const { page_id: key } = payloadOf(call)
  return call.method === 'chat.postMessage' && typeof key === 'string' ? { key, person: key.split('/')[2] ?? '' } : null
}

const keyOf = (call: Call): string | null => {
  const { key } = payloadOf(call)
  return typeof key === 'string' ? key : null
}

/** Who is told, in the thread of their page, that it is over. */
const toldOf = (call: Call): string | null => {
  const [kind, , , person] = keyOf(call)?.split('/') ?? []
  return kind === 'told' ? (person ?? null) : null
}

/** Waits until nothing is owed, and makes sure that no page was voided instead of sent and no incident is left open. */
async function settled(dataDir: string): Promise<void> {
  let seen: unknown = 'nothing'
  await eventually(
    async () => {
      const rows = await query(
        dataDir,
        `select (select count(*)::int from owed where state in ('open', 'unknown')) as owed,
                (select count(*)::int from inbox where done_at is null) as undone,
                (select count(*)::int from incidents where state <> 'resolved') as open,
                (select count(*)::int from owed where kind = 'page' and (state = 'void' or coalesce(result ->> 'gaveUp', 'not needed') not like 'not needed%')) as lost`,
      ).catch((error: unknown) => [{ error: String(error) }])
      seen = rows[0]
      return JSON.stringify(seen) === '{"owed":0,"undone":0,"open":0,"lost":0}'
    },
    '',
    PATIENCE_MS,
    50,
  ).catch(() => {
    throw new Error(`it does not come to rest: ${JSON.stringify(seen)}`)
  })
}

/** Looks into the data folder's own server. */
async function query(dataDir: string, sql: string): Promise<Record<string, unknown>[]> {
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
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

function postmasterOf(dataDir: string): number {
  return Number.parseInt(readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8'), 10)
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It was gone before we came.
  }
}

/** Looks all the time: never two servers for one folder, but for the moment that a loser needs to go. */
function watchPostmasters(dataDir: string): { check(): void; stop(): void } {
  let twoInARow = 0
  let broken: string | null = null
  let looking = false
  const timer = setInterval(async () => {
    if (looking) return
    looking = true
    const found = await postmasters(dataDir).catch(() => [])
    looking = false
    twoInARow = found.length > 1 ? twoInARow + 1 : 0
    if (twoInARow >= SAMPLES) broken ??= `several postmasters for ${dataDir}: ${found.join(', ')}`
  }, SAMPLE_MS)
  return {
    check() {
      if (broken !== null) throw new Error(broken)
    },
    stop: () => clearInterval(timer),
  }
}

/** One line about a whole run. */
export function summary(seed: number, played: readonly Played[]): string {
  const max = (values: number[]) => (values.length === 0 ? 0 : Math.max(...values))
  const kinds = [...counted(played.map(({ plan }) => `${plan.victim}@${plan.moment}`))].map(
    ([kind, n]) => `${kind} ${n}`,
  )
  const sum = (of: (duplicates: Played['duplicates']) => number) =>
    played.reduce((total, { duplicates }) => total + of(duplicates), 0)
  return [
    `seed ${seed}: ${played.length} rounds, 0 lost`,
    `pages ${played.reduce((total, { plan }) => total + plan.services.length * 2, 0)}`,
    `double ${sum(({ pages }) => pages)}, other messages double ${sum(({ others }) => others)}`,
    `ready after at most ${max(played.map(({ readyMs }) => readyMs))} ms`,
    `last owed page at most ${max(played.flatMap(({ lastPageMs }) => lastPageMs ?? []))} ms after that`,
    kinds.toSorted((a, b) => a.localeCompare(b)).join(', '),
  ].join('; ')
}

/** The seed of a run: CHAOS_SEED, or the one given. */
export const seedOf = (otherwise: number) => Number(process.env.CHAOS_SEED || otherwise)
export const roundsOf = (otherwise: number) => Number(process.env.CHAOS_ROUNDS || otherwise)

function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
