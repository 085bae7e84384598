import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type LocalSlack, startWorkspace } from '../../src/sandbox/server.ts'
import type { Call } from '../../src/sandbox/wire.ts'
import { type BotProcess, dataFolder, spawnBot } from '../support/process.ts'
import { startRedis } from '../support/redis.ts'
import { startTargets, type Targets } from '../support/targets.ts'

/** The parts of a measurement: the real bot as a process of its own, its store, the local Slack workspace and the targets in this one. */
export interface Rig {
  slack: LocalSlack
  targets: Targets
  dataDir: string
  bot: BotProcess
  /** Another process on the same data folder. */
  boot(): BotProcess
  /** `POST /v1/alerts`, one connection per call that is under way; when it was answered. */
  alert(alerts: readonly Alert[]): Promise<number>
  close(): Promise<void>
}

interface RigOptions {
  /** One service and one person each. */
  services: number
  monitors: number
  everyS: number
  /** Where the timetable is: on the store itself, or on a Redis of its own. */
  queue?: Queue
  /** What each monitor looks at, when it is not one of the targets in this process. */
  target?: (n: number) => string | undefined
  /** More monitors, as lines of the configuration beneath `monitors`. */
  more?: readonly string[]
  /** More of the environment of the bot, and options of its Node. */
  env?: Record<string, string>
  node?: readonly string[]
}

export type Queue = 'postgres' | 'redis'

/** Of `POST /v1/alerts`. */
const API_TOKEN = 'a-token-of-the-benchmark'

export interface Alert {
  key: string
  service: string
  status: 'firing' | 'resolved'
  severity: 'critical'
  summary: string
}

export const personOf = (n: number) => `person${n}`
export const serviceOf = (n: number) => `service${n}`
export const monitorOf = (n: number) => `monitor${n}`
const slackId = (n: number) => `U0P${n}`

export async function startRig(options: RigOptions): Promise<Rig> {
  const { dataDir, remove } = await dataFolder()
  const targets = await startTargets()
  const redis = options.queue === 'redis' ? await startRedis() : null
  const count = <T>(n: number, of: (n: number) => T) => Array.from({ length: n }, (_, index) => of(index))
  const slack = await startWorkspace({
    users: count(options.services, (n) => ({ id: slackId(n), name: personOf(n) })),
    channels: [{ id: 'C0OPS', name: 'ops' }],
    commands: ['/oncall', '/page', '/incident', '/watchbill'],
  })
  const config = join(dataDir, 'watchbill.yaml')
  const lines = [
    'company: Example Mail',
    'zone: Europe/Zurich',
    'network: { allow_private: ["127.0.0.0/8"] }',
    'people:',
    ...count(options.services, (n) => `  ${personOf(n)}: { slack: ${slackId(n)} }`),
    'schedules:',
    `  primary: { layers: [{ name: all, people: [${count(Math.min(options.services, 8), personOf).join(', ')}], rotation: { every: 1 week, start: "2026-01-05T08:00" } }] }`,
    'policies:',
    ...count(
      options.services,
      (n) => `  ${serviceOf(n)}: { steps: [{ page: [${personOf(n)}], wait: 30m }], fallback: [${personOf(0)}] }`,
    ),
    'services:',
    ...count(options.services, (n) => `  ${serviceOf(n)}: { policy: ${serviceOf(n)}, channel: C0OPS }`),
    'monitors:',
    ...count(
      options.monitors,
      (n) =>
        `  ${monitorOf(n)}: { service: ${serviceOf(n % options.services)}, probe: "${options.target?.(n) ?? targets.url(monitorOf(n))}", every: ${options.everyS}s, fail_after: 1, recover_after: 1 }`,
    ),
    ...(options.more ?? []),
  ]
  await writeFile(config, `${lines.join('\n')}\n`)
  const all: BotProcess[] = []
  const rig: Rig = {
    slack,
    targets,
    dataDir,
    boot() {
      rig.bot = spawnBot({
        config,
        dataDir,
        node: options.node ?? [],
        env: {
          ...options.env,
          SLACK_API_URL: slack.apiUrl,
          SLACK_BOT_TOKEN: slack.botToken,
          SLACK_APP_TOKEN: slack.appToken,
          WATCHBILL_API_TOKEN: API_TOKEN,
          ...(redis ? { REDIS_URL: redis.url } : {}),
        },
      })
      all.push(rig.bot)
      return rig.bot
    },
    bot: undefined as unknown as BotProcess,
    async alert(alerts) {
      const response = await fetch(`http://127.0.0.1:${await rig.bot.port()}/v1/alerts`, {
        method: 'POST',
        headers: { authorization: `Bearer ${API_TOKEN}`, 'content-type': 'application/json' },
        body: JSON.stringify(alerts.length === 1 ? alerts[0] : alerts),
        signal: AbortSignal.timeout(30_000),
      })
      if (!response.ok) throw new Error(`POST /v1/alerts answered ${response.status}: ${await response.text()}`)
      await response.arrayBuffer()
      return Date.now()
    },
    async close() {
      for (const bot of all) if (bot.running()) bot.signal('SIGTERM')
      await Promise.all(all.map(({ exited }) => exited))
      await slack.close()
      await targets.stop()
      await redis?.stop()
      await remove()
    },
  }
  rig.boot()
  return rig
}

/** The page of this person among the calls after `since`, once it has arrived. */
export function pageTo(slack: LocalSlack, person: string, since: number): Call | undefined {
  const journal = slack.journal()
  for (let index = journal.length - 1; index >= 0; index--) {
    const call = journal[index]
    if (!call || call.n <= since) return undefined
    const { metadata } = call.args as { metadata?: { event_payload?: { page_id?: string } } }
    if (metadata?.event_payload?.page_id?.split('/')[2] === person) return call
  }
  return undefined
}

export const lastCall = (slack: LocalSlack) => slack.journal().at(-1)?.n ?? 0
