import { execFile, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { pino } from 'pino'
import { machine, realClock, sleep } from '../../src/clock.ts'
import { startEmbedded } from '../../src/store/embedded.ts'
import { shardsFor } from '../../src/timetable/shards.ts'
import { postgresTimetable, redisTimetable, type Timetable } from '../../src/timetable.ts'
import { dataFolder, eventually, postmasters, treeOf } from '../support/process.ts'
import { startRedis } from '../support/redis.ts'
import { startBlackbox } from './blackbox.ts'
import { makeChains } from './certificates.ts'
import { cpuMs, pss, rss } from './cost.ts'
import { type Result, result } from './result.ts'
import { lastCall, monitorOf, pageTo, personOf, type Rig, serviceOf, startRig } from './rig.ts'

const MONITORS = 10_000
/** Of them so many fail in the end, one of each service: what is counted is how soon their pages are out beside all the others. */
const FAILING = 20
/** The first probes of all of them, one after the other, are no part of the even course of things. */
const SETTLE_MS = 45_000
const MEASURED_MS = 60_000
const MB = 1024 * 1024
/** So many single probes are under way at once while their cost is measured. */
const AT_ONCE = 4
/** The cheapest of some rounds is what it costs: whatever else the machine does only adds. */
const ROUNDS = 4
/** How long the target of the latencies takes. */
const WAIT_MS = 20

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** What single probes cost and what they report, and what the queue costs for each. */
export const probes = async (): Promise<Result[]> => [...(await withTarget(alone)), ...(await queues())]

/** Ten thousand monitors through the whole bot. */
export const monitors = (): Promise<Result[]> =>
  withTarget(async (place) => {
    const { http, https } = place.target.ports
    return [
      ...(await whole('HTTP', 60, (name) => `http://${name}.bench.test:${http}`, place)),
      ...(await whole('HTTPS (RSA-2048)', 30, (name) => `https://${name}.bench.test:${https[1]}`, place)),
      ...(await whole('HTTPS (P-384)', 30, (name) => `https://${name}.bench.test:${https[0]}`, place)),
    ]
  })

/** Ten thousand series, each asked for its number once a minute, through the whole bot, and alerts meanwhile. */
export const series = (): Promise<Result[]> =>
  withTarget(async ({ target, env, node }) => {
    const rig = await startRig({
      services: FAILING,
      monitors: FAILING,
      everyS: 10,
      ...{ env, node },
      more: Array.from(
        { length: MONITORS },
        (_, n) =>
          `  series${n}: { service: ${serviceOf(n % FAILING)}, rate: { json: "http://series${n}.bench.test:${target.ports.http}/count/series${n}", at: /count }, every: 1m }`,
      ),
    })
    try {
      await rig.bot.ready(180_000)
      const { requests, late, perRequest, memory, rate } = await evenCourse(rig, target, 60)
      const pages = await pagesBeside(rig, 10)
      const section = `${MONITORS.toLocaleString('en')} series a minute`
      return [
        result(section, 'processor time per sample, all included', 'ms', [perRequest.bot + perRequest.store], {
          note: `${requests} samples, ${rate.toFixed(0)} of ${Math.round(MONITORS / 60)} a second`,
        }),
        result(section, 'memory, bot and embedded Postgres', 'MB', [memory]),
        result(section, 'how late they were asked', 'ms', late),
        result(section, 'last failing probe to DM accepted, beside them', 'ms', pages, {
          goal: { of: 'p99', value: 1_000 },
        }),
      ]
    } finally {
      await rig.close()
    }
  })

/** What the bot does in a minute, after it has settled. */
async function evenCourse(rig: Rig, target: Target, everyS: number) {
  const [postmaster = 0] = await postmasters(rig.dataDir)
  const server = () => treeOf(postmaster)
  const cpu = async () => ({ bot: await cpuMs([rig.bot.pid]), store: await cpuMs(await server()) })
  await sleep(SETTLE_MS)
  await target.came(0)
  const [from, fromAt] = [await cpu(), machine.elapsed()]
  await sleep(MEASURED_MS)
  const [to, seconds] = [await cpu(), (machine.elapsed() - fromAt) / 1_000]
  const { requests, late } = await target.came(everyS * 1_000)
  const shares = await Promise.all((await server()).map(async (pid) => (await pss(pid)) ?? (await rss(pid))))
  return {
    requests,
    late,
    rate: requests / seconds,
    perRequest: { bot: (to.bot - from.bot) / requests, store: (to.store - from.store) / requests },
    memory: ((await rss(rig.bot.pid)) + shares.reduce((sum, each) => sum + each, 0)) / MB,
  }
}

interface Place {
  target: Target
  /** Of a process that probes it. */
  env: Record<string, string>
  node: readonly string[]
  folder: string
  authorities: string
}

async function withTarget(measure: (place: Place) => Promise<Result[]>): Promise<Result[]> {
  const { dataDir, remove } = await dataFolder()
  const { p384, rsa, authorities } = makeChains(dataDir)
  const target = await startTarget([p384, rsa].map(({ key, cert }) => `${key},${cert}`))
  const env = { BENCH_DNS: target.ports.dns, NODE_EXTRA_CA_CERTS: authorities }
  try {
    return await measure({ target, env, node: ['--import', file('own-names.ts')], folder: dataDir, authorities })
  } finally {
    target.stop()
    await remove()
  }
}

interface Target {
  ports: { http: number; https: number[]; dns: string }
  /** What came since it was asked last; how late each monitor of an interval was. */
  came(everyMs: number): Promise<{ requests: number; late: number[] }>
  stop(): void
}

async function startTarget(chains: readonly string[]): Promise<Target> {
  const child = spawn(process.execPath, [file('target.ts'), ...chains], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => JSON.parse((await lines.next()).value ?? 'null')
  return {
    ports: await next(),
    came(everyMs) {
      child.stdin.write(`${everyMs}\n`)
      return next()
    },
    stop: () => void child.kill(),
  }
}

/** Single probes in a process of their own, beside blackbox_exporter where it is installed. */
async function alone({ target, env, node, folder, authorities }: Place): Promise<Result[]> {
  const [p384 = 0, rsa = 0] = target.ports.https
  const http = `http://NAME.bench.test:${target.ports.http}`
  const run = async (url: string, count: number, how: string) => {
    const args = [...node, file('prober.ts'), url.replace('NAME', 'm'), String(count), how]
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      env: { ...process.env, ...env },
      maxBuffer: 64 * MB,
    })
    const { cpuMs: cost, ms, failed } = JSON.parse(stdout) as { cpuMs: number; ms: number[]; failed: string[] }
    return { cost, ms, failed }
  }
  const blackbox = await startBlackbox(folder, authorities)
  try {
    const found: Result[] = []
    for (const [what, url, count, times] of [
      ['HTTP probe', `${http}/one`, 1_500, 6],
      ['HTTP probe of an address', `http://127.0.0.1:${target.ports.http}/one`, 1_500, 6],
      ['HTTPS probe, P-384 chain', `https://NAME.bench.test:${p384}/one`, 400, 1.8],
      ['HTTPS probe, RSA-2048 chain', `https://NAME.bench.test:${rsa}/one`, 400, 2],
    ] as const) {
      const ours: number[] = []
      const theirs: number[] = []
      for (let round = 0; round < ROUNDS; round++) {
        const { cost, failed } = await run(url, count, `${AT_ONCE}x`)
        if (failed.length > 0) throw new Error(`${failed.length} of ${count} probes failed: ${failed[0]}`)
        ours.push(cost)
        if (blackbox) theirs.push(await blackbox.cost(url.replace('NAME.bench.test', '127.0.0.1'), count, AT_ONCE))
      }
      const cost = Math.min(...ours)
      const anchor = blackbox ? Math.min(...theirs) : undefined
      const note =
        anchor === undefined
          ? 'blackbox_exporter is not installed (BLACKBOX_EXPORTER names it)'
          : `blackbox_exporter, without its DNS, ${anchor.toFixed(3)} ms: ${(anchor / cost).toFixed(1)}x`
      const goal = anchor === undefined ? {} : { goal: { of: 'max' as const, value: anchor / times } }
      found.push(result('probes', `processor time, fresh ${what}`, 'ms', [cost], { note, ...goal }))
    }
    const even = await run(`${http}/wait/${WAIT_MS}`, 5_000, '1000/s')
    const burst = await run(`https://NAME.bench.test:${p384}/wait/${WAIT_MS}`, 200, 'paced')
    const beyond = (ms: number[]) => ms.map((each) => each - WAIT_MS)
    const told = ({ failed }: { failed: string[] }) =>
      `with name, connection and handshake; the target takes ${WAIT_MS} ms${failed.length > 0 ? `; ${failed.length} failed: ${failed[0]}` : ''}`
    return [
      ...found,
      result('probes', 'reported latency beyond the target, 1,000/s', 'ms', beyond(even.ms), {
        note: told(even),
        goal: { of: 'p99', value: 3 },
      }),
      result('probes', 'the same, 200 HTTPS due at once', 'ms', beyond(burst.ms), {
        note: told(burst),
        goal: { of: 'p99', value: 15 },
      }),
    ]
  } finally {
    blackbox?.stop()
  }
}

/** What a turn of the queue costs, with its server, and what that is for each probe of ten thousand monitors a minute. */
async function queues(): Promise<Result[]> {
  const log = pino({ level: 'silent' })
  const shared = { clock: realClock(), log, processName: 'bench', claim: async () => true }
  const [shard] = shardsFor(MONITORS)
  const probesOfTurn = (MONITORS / 60) * ((shard?.turnMs ?? 0) / 1_000 / (shard?.of ?? 1))
  const cost = async (name: string, timetable: Timetable, server: () => Promise<number[]>) => {
    let turns = 0
    // Often, so that they outweigh what goes on anyway.
    for (let n = 0; n < 20; n++) timetable.every(`shard-${n}`, 1_000, async () => void turns++)
    await timetable.start()
    await sleep(4_000)
    const spent = async () => {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1_000 + (await cpuMs(await server()))
    }
    const from = { at: await spent(), turns }
    await sleep(15_000)
    const perTurn = ((await spent()) - from.at) / (turns - from.turns)
    await timetable.close()
    return result('probes', `queue on ${name}, per probe`, 'ms', [perTurn / probesOfTurn], {
      goal: { of: 'max', value: 0.02 },
      note: `${perTurn.toFixed(2)} ms a turn of ${Math.round(probesOfTurn)} probes`,
    })
  }
  const { dataDir, remove } = await dataFolder()
  const embedded = await startEmbedded({ dataDir, log })
  const redis = await startRedis()
  try {
    const [postmaster = 0] = await postmasters(dataDir)
    const { poolConfig } = embedded
    return [
      await cost('Postgres', postgresTimetable({ ...shared, poolConfig }), () => treeOf(postmaster)),
      await cost('Redis', redisTimetable({ ...shared, url: redis.url }), async () => [redis.pid()]),
    ]
  } finally {
    await redis.stop()
    await embedded.stop()
    await remove()
  }
}

/** Ten thousand monitors through the whole bot: its configuration, queue, store, and the embedded server. */
async function whole(
  kind: string,
  everyS: number,
  url: (name: string) => string,
  { target, env, node }: Place,
): Promise<Result[]> {
  const name = (n: number) => `monitor${n}`
  const rig = await startRig({
    services: FAILING,
    monitors: MONITORS,
    everyS,
    ...{ env, node, target: (n) => (n < FAILING ? undefined : `${url(name(n))}/${name(n)}`) },
  })
  try {
    await rig.bot.ready(180_000)
    const { late, perRequest, memory, rate } = await evenCourse(rig, target, everyS)
    const pages = await pagesBeside(rig, everyS)
    const section = `${MONITORS.toLocaleString('en')} ${kind} monitors at ${everyS} s`
    return [
      result(section, 'processor time per probe, all included', 'ms', [perRequest.bot + perRequest.store], {
        note: `bot ${perRequest.bot.toFixed(3)}, store ${perRequest.store.toFixed(3)}; ${rate.toFixed(0)} of ${MONITORS / everyS} probes/s`,
        ...(kind === 'HTTP' && { goal: { of: 'max', value: 0.27 } }),
      }),
      result(section, 'memory, bot and embedded Postgres', 'MB', [memory], {
        ...(kind === 'HTTP' && { goal: { of: 'max', value: 138 } }),
      }),
      result(section, 'how late probes came to the target', 'ms', late),
      result(section, 'last failing probe to DM accepted, beside them', 'ms', pages, {
        goal: { of: 'p99', value: 1_000 },
        ...(pages.length < FAILING && {
          note: `${FAILING - pages.length} of ${FAILING} did not come within two intervals`,
        }),
      }),
    ]
  } finally {
    await rig.close()
  }
}

/** From the failing answer of a target to Slack's yes to its page, of each that fails; a page that does not come in time is left out. */
async function pagesBeside({ targets, slack }: Rig, everyS: number): Promise<number[]> {
  const since = lastCall(slack)
  const failedAt = new Map<string, number>()
  const names = Array.from({ length: FAILING }, (_, n) => monitorOf(n))
  // The last answer that the decision needs is the first: one failure is enough there.
  targets.onFailure((name) => failedAt.has(name) || failedAt.set(name, Date.now()))
  targets.fail(names)
  const acceptedAt = (n: number) => pageTo(slack, personOf(n), since)?.answered_at ?? Number.NaN
  const accepted = () => names.map((_, n) => acceptedAt(n))
  const all = () => accepted().every((at) => !Number.isNaN(at))
  await eventually(all, 'every page', 2 * everyS * 1_000 + 30_000).catch(() => {})
  return accepted().flatMap((at, n) => {
    const ms = at - (failedAt.get(monitorOf(n)) ?? Number.NaN)
    return Number.isNaN(ms) ? [] : [ms]
  })
}
