import { check, type Leeway } from './checker.ts'
import { type Plan, type Played, play } from './play.ts'
import { CONFIG, MINUTE, PEOPLE, type Scenario, type Scene, SECOND } from './scenarios.ts'
import type { Fault } from './slack.ts'
import type { Lab } from './store.ts'
import { generator, type Strike } from './world.ts'

/**
 * What no list of scenarios has: a day that follows from a number. Things fail and are well again, people do this and that, Slack has its
 * moods, processes die, freeze and are suspended, alone or two of them, and calls are performed in any order that could be.
 */
export interface Day {
  plan: Plan
  /** Faults of Slack's, for the leeway that they give. */
  faults: Fault[]
  /** Slack's history cannot be trusted: it is down, or behind. */
  blind: boolean
}

const LENGTH_MS = 14 * MINUTE

const SERVICES = { webmail: ['home', 'login'], shop: ['checkout'] } as const

/** At these calls things go wrong most interestingly. */
const METHODS = [
  'chat.postMessage',
  'chat.postMessage',
  'conversations.open',
  'conversations.create',
  'chat.update',
  'pins.add',
]
const MOODS = ['lost', 'unsent', 'http', 'limited', 'hang', 'hang-lost', 'slow', 'late'] as const

export function dayOf(seed: string): Day {
  const random = generator(seed)
  const int = (from: number, to: number) => from + Math.floor(random() * (to - from + 1))
  const pick = <T>(all: readonly T[]): T => all[int(0, all.length - 1)] as T
  const often = (chance: number) => random() < chance
  const acts = Array.from({ length: int(3, 8) }, () => ({
    at: int(1, LENGTH_MS / SECOND) * SECOND,
    what: random(),
    who: random(),
    n: random(),
  }))
  const startAt = Date.parse(
    pick(['2026-11-23T03:00:00+01:00', '2026-11-23T07:55:00+01:00', '2026-11-23T19:58:00+01:00']),
  )

  const faults = Array.from({ length: often(0.5) ? int(1, 3) : 0 }, (): Fault => {
    const kind = pick(MOODS)
    return { method: pick(METHODS), count: int(1, 3), kind, ms: int(200, 4_500) }
  })
  const blind = often(0.15)
  if (blind && often(0.5)) faults.push({ method: 'conversations.history', kind: 'http' })

  const bots = often(0.5) ? 2 : 1
  const strikes = Array.from({ length: pick([0, 1, 1, 1, 2, 3]) }, () => ({
    of: `bot-${int(1, bots + 1)}`,
    k: int(1, 500),
    strike: often(0.6)
      ? ({ kind: 'crash', effect: often(0.5) } as Strike)
      : ({ kind: 'freeze', effect: often(0.5), ms: pick([5, 15, 90]) * SECOND } as Strike),
  }))
  const pauses = new Map(Array.from({ length: 6 }, (_, n) => [`bot-${n + 1}`, pick([0, 1, 1, 1, 5, 40]) * SECOND]))
  const latency = often(0.5) ? int(1, 400) : 0
  const jumps = often(0.15) ? [{ at: int(1, LENGTH_MS / SECOND) * SECOND, ms: int(1, 180) * SECOND }] : []
  const deaf = often(0.2)
  const staleMs = blind && often(0.5) ? int(1, 30) * SECOND : 0

  const scenario: Scenario = {
    id: seed,
    name: `the day ${seed}`,
    config: CONFIG,
    startAt,
    ms: LENGTH_MS,
    paged: [],
    probes: false,
    rollouts: false,
    delicate: false,
    doubles: null,
    play(scene) {
      for (const { at, what, who, n } of acts) scene.after(at, () => act(scene, what, who, n))
    },
  }
  return {
    faults,
    blind,
    plan: {
      scenario,
      seed,
      bots,
      shuffled: often(0.8),
      strike: (of, k) => strikes.find((each) => each.of === of.name && each.k === k)?.strike ?? null,
      pauseMs: ({ name }) => pauses.get(name) ?? SECOND,
      trouble({ world, slack, around, troubles }) {
        slack.faults.push(...faults.map((fault) => ({ ...fault })))
        slack.staleMs = staleMs
        if (latency > 0) slack.latency = () => Math.floor(world.random() * latency)
        around.deaf = deaf
        for (const { at, ms } of jumps)
          world.alarm(startAt + at, () => {
            troubles.push({ from: world.now(), to: world.now() + ms })
            world.jump(ms)
          })
      },
    },
  }
}

/** One of the things that happen on a day. */
function act({ clients, slack }: Scene, what: number, who: number, n: number): void {
  const people = Object.keys(PEOPLE)
  const one = <T>(all: readonly T[], by: number): T => all[Math.floor(by * all.length)] as T
  const service = one(Object.keys(SERVICES) as (keyof typeof SERVICES)[], who)
  const key = one<string>(SERVICES[service], n)
  const user = one(people, who)
  const incident = `INC-${1 + Math.floor(n * 2)}`
  const times = n < 0.2 ? 3 : 1
  if (what < 0.4) clients.report({ service, key }, times)
  else if (what < 0.55) clients.report({ service, key, status: 'resolved', summary: `${key} is up` }, times)
  else if (what < 0.65) clients.press(user, 'incident_ack', { times })
  else if (what < 0.72) clients.type(user, `/incident ack ${incident}`, { times })
  else if (what < 0.8) clients.type(user, `/incident escalate ${incident}`)
  else if (what < 0.85) clients.press(user, 'incident_resolve', { times })
  else if (what < 0.9) clients.type(user, `/incident declare ${service} Something is odd`)
  else if (what < 0.95) clients.type(user, `/incident note ${incident} I have a look.`, { times })
  else {
    const found = [...slack.ws.users.values()].find(({ name }) => name === user)
    if (found) found.deleted = !found.deleted
  }
}

/** Calls that a page needs. */
const PAGING = new Set(['chat.postMessage', 'conversations.open', 'conversations.history'])

/** What Slack's moods may cost: that a page is late, and where its history cannot be read, that it is seen again. */
function leewayOf({ faults, blind }: Day, played: Played): Leeway {
  const struck = played.trace.filter((each) => each.struck !== null)
  const slow = faults.some(({ kind }) => kind === 'slow' || kind === 'hang-lost' || kind === 'late')
  const ofPages = faults.some(({ method }) => PAGING.has(method))
  return {
    lateMs: ofPages ? 2 * MINUTE : 2 * SECOND,
    doubles(key) {
      const inside = struck.filter(
        (each) => each.struck?.startsWith('freeze') && each.what === `chat.postMessage ${key}`,
      ).length
      const unseen = blind || (slow && struck.length > 0)
      return inside + (unseen ? faults.length + struck.length : 0)
    },
  }
}

export async function playDay(lab: Lab, day: Day): Promise<{ played: Played; violations: string[] }> {
  const played = await play(lab, day.plan)
  return { played, violations: check(played, leewayOf(day, played)) }
}
