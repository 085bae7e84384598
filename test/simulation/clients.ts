import type { DeployProgress, Outcome, Signal } from '../../src/domain/event.ts'
import type { Running } from './bot.ts'
import { inside } from './host.ts'
import type { Slack } from './slack.ts'
import type { World } from './world.ts'

/** What somebody outside wanted, and what they were told of it: they know nothing else. */
export interface Wish {
  what: string
  /** Of what is told without a person: its source and its key at the in-tray. */
  key: string | null
  at: number
  /** When it was said to be taken; null while nobody has said so. */
  takenAt: number | null
  tries: number
}

export interface Clients {
  readonly wishes: Wish[]
  /** A monitoring system reports, and repeats the same report until it is taken. */
  report(what: Partial<Signal>, times?: number): void
  /** CI says how a rollout comes along, and says it again until it is taken. */
  progress(deploy: number, what: DeployProgress['what']): void
  /** A person types a command, or presses a button of their page, and does it again when Slack says that it failed. */
  type(user: string, line: string, options?: Gesture): void
  press(user: string, action: string, options?: Gesture): void
}

interface Gesture {
  /** Delivered so many times. */
  times?: number
  /** What the person sees when it was done all the same. */
  shows?(): boolean
}

/** A sender waits so long for an answer, and so long before the next try. */
const PATIENCE_MS = 1_000
const AGAIN_MS = 1_000

/** A person looks again after so long. */
const LOOK_MS = 4_000

export function createClients(world: World, slack: Slack, running: readonly Running[]): Clients {
  const wishes: Wish[] = []
  let reports = 0

  function wish(what: string, key: string | null): Wish {
    const one = { what, key, at: world.now(), takenAt: null, tries: 0 }
    wishes.push(one)
    return one
  }

  function submit(one: Wish, event: Signal | DeployProgress): void {
    const able = running.filter(({ instance }) => instance.state !== 'dead')
    const chosen = able[one.tries++ % able.length]
    if (!chosen || one.takenAt !== null) {
      if (!chosen) world.alarm(world.now() + AGAIN_MS, () => submit(one, event))
      return
    }
    const taken = (_: Outcome) => {
      one.takenAt ??= world.now()
      hurry()
    }
    const [source = '', ...key] = one.key?.split('/') ?? []
    const entry = { source, key: key.join('/'), event }
    inside(chosen.instance.host, () => chosen.bot.desk.submit(entry)).then(taken, () => {})
    const hurry = world.alarm(world.now() + PATIENCE_MS, () => {
      if (one.takenAt === null) submit(one, event)
    })
  }

  async function insist(one: Wish, act: () => Promise<string | null>, shows: () => boolean): Promise<void> {
    one.tries += 1
    const failed = await act()
    if (failed === null) {
      one.takenAt = world.now()
      return
    }
    world.alarm(world.now() + LOOK_MS, () => {
      if (shows()) one.takenAt = world.now()
      else insist(one, act, shows).catch(rethrow)
    })
  }

  const never = () => false
  return {
    wishes,
    report(what, times = 1) {
      reports += 1
      const key = what.key ?? 'home'
      const event: Signal = {
        type: 'signal',
        service: 'webmail',
        key,
        status: 'firing',
        severity: 'critical',
        headline: `${key} is down`,
        summary: `${key} is down: 503 Service Unavailable`,
        evidence: [],
        monitor: null,
        seenAt: world.now(),
        ...what,
      }
      const name = `${key}#${reports}`
      for (let n = 0; n < times; n++) submit(wish(`${event.status} ${key}`, `alerts/${name}`), event)
    },
    progress(deploy, what) {
      const event = { type: 'deploy-progress' as const, deploy, what, text: null }
      submit(wish(`${what} of deploy ${deploy}`, `ci/progress/${deploy}/${what}`), event)
    },
    type(user, line, { times = 1, shows = never } = {}) {
      insist(wish(`${user}: ${line}`, null), () => slack.type(user, line, times), shows).catch(rethrow)
    },
    press(user, action, { times = 1, shows = never } = {}) {
      insist(wish(`${user} presses ${action}`, null), () => slack.press(user, action, times), shows).catch(rethrow)
    },
  }
}

/** A defect of the simulation itself: shown as what it is. */
function rethrow(error: unknown): never {
  throw error
}
