import { pino } from 'pino'
import { type Bot, createBot } from '../../src/bot.ts'
import type { Check } from '../../src/deps.ts'
import type { Rules } from '../../src/domain/rules.ts'
import { createMetrics } from '../../src/metrics.ts'
import { activateRules } from '../../src/store/rules.ts'
import { clockTimetable } from '../../src/timetable.ts'
import type { Hooks } from './hooks.ts'
import { inside } from './host.ts'
import type { Instance } from './instance.ts'
import { SIGNING_SECRET, type Slack } from './slack.ts'
import { type DeskLock, type Lab, openStoreFor, portStore } from './store.ts'
import type { World } from './world.ts'

/** What the processes of one simulation share. */
export interface Surroundings {
  world: World
  lab: Lab
  lock: DeskLock
  slack: Slack
  rules: Rules
  /** Entries of the timetable that run; the others reach for what is no port here (files), or have nothing to do. */
  entries: ReadonlySet<string>
  check: Check
  hooks: Hooks
  /** Lost NOTIFYs: the sweep alone has to find what there is to do. */
  deaf: boolean
}

export interface Running {
  instance: Instance
  bot: Bot
  listeners: Set<() => void>
  /** A NOTIFY is on its way to it: another one would tell it nothing more. */
  told: boolean
}

/** NOTIFY takes about this long. */
const NOTICE_MS = 1

/** Starts the whole bot on a simulated machine, as `src/main.ts` does on a real one. */
export async function startBot(around: Surroundings, running: Running[], name: string): Promise<Running> {
  const { world, lab, slack, rules } = around
  const fetch = (url: string, body: string) => slack.respond(instance, url, body)
  const instance = world.instance(name, { fetch })
  const listeners = new Set<() => void>()
  const bot = await inside(instance.host, async () => {
    const opened = await openStoreFor(lab, instance)
    await activateRules(opened, rules, world.now())
    const { clock, machine } = instance
    const log = pino({ level: process.env['SIMULATION_LOG'] ?? 'silent' })
    const notify = () => {
      if (!around.deaf) for (const each of running) tell(world, each)
    }
    const store = portStore(opened, listeners, { ...around, instance, notify })
    const whole = clockTimetable({ clock, log })
    const check: Check = (monitor, active, at) =>
      world.call(instance, {
        port: 'check',
        what: monitor.name,
        perform: async () => ({ value: await around.check(monitor, active, at) }),
      })
    return createBot({
      clock,
      machine,
      log,
      store,
      slack: slack.callsOf(instance),
      check,
      readNames: async () => ({ outcome: 'failed', why: 'is not there' }),
      readRate: async () => ({ kind: 'failed', saw: 'is not there' }),
      pingOutward: async () => ({ ok: true }),
      fetchFile: async () => ({ ok: false, again: false, why: 'there are no files' }),
      uploadFile: async () => ({ ok: true }),
      drawPng: async (svg) => Buffer.from(svg),
      ...around.hooks.callsOf(instance),
      secretOf: (name) => `the secret of ${name}`,
      carry: async () => ({ ok: true, value: null }),
      logFiles: {
        read: async (_, follow) => ({ why: 'is not part of the simulation', lines: [], follow, behind: 0, lost: null }),
        append: async () => 'is not part of the simulation',
      },
      listLogs: async () => ({ ok: true, files: [] }),
      askLog: async () => ({ why: 'it is not part of the simulation', lines: [], more: 0 }),
      fetchCalendar: async () => ({ ok: false, why: 'is not part of the simulation' }),
      readCalendar: async () => ({ ok: false, why: 'is not part of the simulation' }),
      rules: () => rules,
      follow: () => {},
      diskTrouble: () => null,
      version: 'simulation',
      publicUrl: null,
      backups: '/nowhere',
      metrics: createMetrics('simulation'),
      reload: async () => [],
      timetable: {
        ...whole,
        every: (entry, ms, run) => (around.entries.has(entry) ? whole.every(entry, ms, run) : undefined),
      },
      botToken: 'xoxb-simulation',
      appToken: null,
      signingSecret: SIGNING_SECRET,
      apiUrl: 'https://slack.test/api/',
    })
  })
  const one: Running = { instance, bot, listeners, told: false }
  running.push(one)
  if (bot.hearSlack) slack.hearers.push({ instance, hear: bot.hearSlack })
  await inside(instance.host, () => bot.start())
  return one
}

function tell(world: World, running: Running): void {
  if (running.told) return
  running.told = true
  const { instance, listeners } = running
  const ring = () => {
    running.told = false
    for (const listener of listeners) inside(instance.host, listener)
  }
  world.alarm(world.now() + NOTICE_MS, ring, { of: instance })
}
