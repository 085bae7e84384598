import { parseConfig } from '../../src/config.ts'
import type { Rules } from '../../src/domain/rules.ts'
import { type Books, readBooks } from './books.ts'
import { type Running, type Surroundings, startBot } from './bot.ts'
import { type Clients, createClients, type Wish } from './clients.ts'
import { createHooks, type Hooks } from './hooks.ts'
import type { Instance } from './instance.ts'
import { MINUTE, PEOPLE, type Scenario, SECOND, seen } from './scenarios.ts'
import { createSlack, type Said, type Slack } from './slack.ts'
import { cutOff, type Lab } from './store.ts'
import { createWorld, generator, type Strike, type Traced, type World } from './world.ts'

export interface Plan {
  scenario: Scenario
  /** Everything that is left to chance follows from it. */
  seed: string
  /** Processes at the start. */
  bots?: number
  shuffled?: boolean
  strike?(of: Instance, k: number, world: World): Strike | null
  /** How long after its death a process is started again. */
  pauseMs?(of: Instance): number
  /** More that goes wrong. */
  trouble?(scene: { world: World; slack: Slack; around: Surroundings; troubles: Played['troubles'] }): void
  /** Looks at the whole state after every call. */
  watched?: boolean
}

export interface Played {
  plan: Plan
  rules: Rules
  /** Of the first process. */
  calls: number
  /** With `watched`: what the world was like before and after each call of the first process. From equal states the same follows. */
  states: { k: number; when: 'before' | 'after'; state: string }[]
  said: Said[]
  slack: Slack
  hooks: Hooks
  wishes: readonly Wish[]
  trace: readonly Traced[]
  books: Books
  /** From when to when some process was dead or frozen. */
  troubles: { from: number; to: number }[]
  endedAt: number
}

const rulesByConfig = new Map<string, Rules>()

function rulesOf(config: string): Rules {
  const known = rulesByConfig.get(config)
  if (known) return known
  const parsed = parseConfig(config, 'watchbill.yaml', {})
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems))
  rulesByConfig.set(config, parsed.rules)
  return parsed.rules
}

/** A claim of the out-tray holds for so long. */
const LEASE_MS = 10_000

/** What has not come to rest this long after its end never will. */
const REST_MS = 15 * MINUTE

/** Plays a scenario from its beginning until everything has come to rest. */
export async function play(lab: Lab, plan: Plan): Promise<Played> {
  const { scenario, seed } = plan
  const states: Played['states'] = []
  const troubles: Played['troubles'] = []
  const running: Running[] = []
  let born = 0
  let calls = 0
  await lab.reset()

  const world = createWorld({
    startAt: scenario.startAt,
    random: generator(seed),
    shuffled: plan.shuffled ?? false,
    strike: (of, k) => plan.strike?.(of, k, world) ?? null,
    crashed(of) {
      const at = world.now() + (plan.pauseMs?.(of) ?? SECOND)
      troubles.push({ from: world.now(), to: at })
      world.alarm(at, start)
    },
    frozen(of, ms) {
      // Another process takes over what this one had claimed as soon as its lease is over.
      const alone = !running.some(({ instance }) => instance.state === 'up')
      troubles.push({ from: world.now(), to: world.now() + (alone ? ms : LEASE_MS) })
      cutOff({ world, lab, lock: around.lock }, of)
    },
    async watch(of, k, when) {
      if (of.name !== 'bot-1') return
      calls = k
      if (plan.watched) states.push({ k, when, state: await state() })
    },
    due: () => lab.due(world.now()),
    blocked: lab.blocked,
    disconnected: () => lab.disconnected(running.reduce((open, { instance }) => open + instance.sockets.size, 0)),
  })
  const rules = rulesOf(scenario.config)
  const slack = createSlack(world, PEOPLE)
  const clients: Clients = createClients(world, slack, running)
  const hooks = createHooks(world, clients.progress)
  const target = { ok: true }
  const around: Surroundings = {
    world,
    lab,
    lock: { holder: null },
    slack,
    rules,
    entries: new Set(['people', ...(scenario.probes ? ['probes'] : []), ...(scenario.rollouts ? ['rollouts'] : [])]),
    check: async (_monitor, _rules, at) => seen(target.ok, at),
    hooks,
    deaf: false,
  }
  const start = async () => {
    born += 1
    await startBot(around, running, `bot-${born}`)
  }

  async function state(): Promise<string> {
    return JSON.stringify([
      world.now(),
      await lab.digest(),
      slack.ws.changes,
      slack.underWay,
      hooks.heard.length,
      clients.wishes,
    ])
  }

  try {
    for (let n = 0; n < (plan.bots ?? 1); n++) await start()
    const after = (ms: number, act: () => void) => {
      world.alarm(scenario.startAt + ms, act)
    }
    scenario.play({ world, slack, clients, target, hooks, after })
    plan.trouble?.({ world, slack, around, troubles })
    await world.run(scenario.startAt + scenario.ms)
    const giveUpAt = world.now() + REST_MS
    const unheard = () => clients.wishes.some(({ takenAt }) => takenAt === null)
    while (world.now() < giveUpAt && (world.busy() || unheard() || (await unrest(lab))))
      await world.run(world.now() + SECOND)
    const books = await readBooks(lab)
    return {
      plan,
      rules,
      calls,
      states,
      said: slack.said,
      slack,
      hooks,
      wishes: clients.wishes,
      trace: world.trace,
      books,
      troubles,
      endedAt: world.now(),
    }
  } finally {
    for (const { instance } of running) if (instance.state !== 'dead') await world.kill(instance)
  }
}

async function unrest(lab: Lab): Promise<boolean> {
  const [row] = await lab.query(
    `select exists (select from owed where state in ('open', 'unknown'))
       or exists (select from inbox where done_at is null) as unrest`,
  )
  return row?.unrest === true
}
