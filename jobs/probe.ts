import { ancestors } from '../src/domain/detect/depends.ts'
import {
  CONFIRM_MS,
  failure,
  isHonest,
  newProbe,
  type Observed,
  observe,
  type ProbeState,
  probeSignal,
  type Sample,
  unconfirmed,
} from '../src/domain/detect/probe.ts'
import type { Signal } from '../src/domain/event.ts'
import { HERE, type Probe, probesAt, type Rules } from '../src/domain/rules.ts'
import { messageOf } from '../src/errors.ts'
import type { Here } from '../src/here.ts'
import { createSamples } from '../src/samples.ts'
import { type Known, NO_SLOT, readMonitors, readMonitorsNamed, saveSample } from '../src/store/monitors.ts'
import { readDisabled } from '../src/store/silences.ts'
import { slotOf } from '../src/timetable/entries.ts'
import { type Shard, shardOf, shardsFor } from '../src/timetable/shards.ts'
import { createWheel } from '../src/timetable/wheel.ts'
import type { JobDeps } from './tell.ts'

/** So many states are read at once: more would hold up everything else. */
const READ = 100

/** What another process had begun by the end of its turn is left to it for so long. */
const LEFT_MS = 3_000

/** Successes whose time is tried for again at once. Where more are measured standing still there is too much to do, and that would add to it. */
const MOST_DOUBTED = 10

/** A wheel that is behind starts so many times as many probes as fall due, and never fewer than these a millisecond. */
const HEADROOM = 1.5
const LEAST_PER_MS = 0.5

export interface Probes {
  /** The shards of the configuration as it is. */
  shards(): Shard[]
  /** A turn of a shard: until it is over, its monitors are ours to look after. Does not wait for them, so that a slow target delays no other. */
  turn(shard: Shard): (slotAt: number, signal?: AbortSignal) => Promise<void>
  /** For how long the monitor that waits longest has been due; 0 when none waits. Watch time, ms. */
  lateMs(): number
}

/**
 * Looks after the monitors of the shards whose turn this process has. After a failure the next try follows at once, until the failure is
 * confirmed or refuted.
 */
export function probes(deps: JobDeps, here: Here): Probes {
  const { clock, log, store } = deps
  const running = new Set<string>()
  /** What something that fails depends on: whether that fails too is asked at once, and not at its next interval. */
  const hurried = new Set<string>()
  /** What each was last seen to be, here or as the store had it. The store has the last word: {@link follow}. */
  const known = new Map<string, Known>()
  /** Until when each is ours. */
  const ours = new Map<string, number>()
  /** Those that do not look for now, as of the latest turn. */
  let disabled: ReadonlySet<string> = new Set()
  const samples = createSamples(deps)
  /** What another process had begun: whether it ended it is asked first. */
  const unsure = new Set<string>()
  /** Those that are looked at again, because this process stood still. */
  let doubted = 0
  let until: AbortSignal | null = null
  let configured = configure(deps.rules())
  const wheel = createWheel({ clock, due, perMs: () => configured.perMs })

  function config(): Configured {
    const rules = deps.rules()
    if (configured.rules === rules) return configured
    configured = configure(rules)
    for (const name of ours.keys()) if (!configured.monitors.has(name)) ours.delete(name)
    for (const name of known.keys()) if (!configured.monitors.has(name)) known.delete(name)
    return configured
  }

  /** An alarm clock, not a decision: what is due is asked again. */
  function due(name: string): void {
    const monitor = config().monitors.get(name)
    const now = clock.now()
    if (!monitor || running.has(name) || now >= (ours.get(name) ?? 0)) return
    if (disabled.has(name)) {
      plan(monitor, slotOf(name, monitor.everyMs, now) + monitor.everyMs)
      return
    }
    const slotAt = dueSlot(monitor, known.get(name), now) ?? (hurried.has(name) ? now : null)
    hurried.delete(name)
    if (slotAt === null) {
      plan(monitor)
      return
    }
    running.add(name)
    void (unsure.delete(name) ? read([name]).then(() => 0) : watch(monitor, slotAt))
      .catch((error: unknown) => {
        log.error({ monitor: name, reason: messageOf(error) }, 'a check could not be recorded')
        return clock.now() + CONFIRM_MS
      })
      .then((notBefore) => {
        running.delete(name)
        plan(monitor, notBefore)
      })
  }

  function plan(monitor: Probe, notBefore = 0): void {
    const { name, everyMs } = monitor
    const now = clock.now()
    const next = dueSlot(monitor, known.get(name), now) ?? slotOf(name, everyMs, now) + everyMs
    const at = Math.max(next, notBefore)
    if (at < (ours.get(name) ?? 0)) wheel.set(name, at)
  }

  /** Resolves when there is a result, with when the next may begin. */
  async function watch(monitor: Probe, slotAt: number): Promise<number> {
    for (let at = slotAt; ; ) {
      const sample = await honestly(monitor)
      const seen = await follow(monitor, at, sample)
      if (seen === null) return 0
      const { state, transition, reason } = seen
      if (transition) {
        log.info({ monitor: monitor.name, transition, reason, saw: sample.saw }, 'monitor')
        deps.desk.wake()
      }
      if (!unconfirmed(state)) return 0
      hurry(ancestors(deps.rules(), monitor.name))
      await clock.sleepUntil(clock.now() + CONFIRM_MS)
      at = Math.max(clock.now(), at + 1)
    }
  }

  /** Those that are ours: of others nobody knows here. */
  function hurry(names: readonly string[]): void {
    const now = clock.now()
    for (const name of names)
      if (now < (ours.get(name) ?? 0) && !running.has(name)) {
        hurried.add(name)
        wheel.set(name, now)
      }
  }

  /** Of what it depends on, what fails at this moment. */
  function suspected({ name }: Probe): Pick<Signal, 'suspects'> {
    const suspects = ancestors(deps.rules(), name).filter((each) => (known.get(each)?.state.failures ?? 0) > 0)
    return suspects.length > 0 ? { suspects } : {}
  }

  /** What we saw while we stood still ourselves is not what the target did: it is looked at again. */
  async function honestly(monitor: Probe): Promise<Sample> {
    for (let doubts = 0; ; doubts++) {
      const sample = await deps.check(monitor, deps.rules(), clock.now()).finally(() => {
        if (doubts > 0) doubted -= 1
      })
      if (isHonest(sample, doubts) || (sample.ok && doubted >= MOST_DOUBTED)) {
        here.saw(monitor, sample)
        return sample
      }
      const { stoodMs, saw } = sample
      log.warn({ monitor: monitor.name, stoodMs, saw }, 'this process stood still during a check, which is made again')
      doubted += 1
      await clock.sleepUntil(clock.now() + CONFIRM_MS)
    }
  }

  /** What a sample says after all that was seen before it, here or in another process; null when another has had its slot. */
  async function follow(monitor: Probe, at: number, sample: Sample): Promise<Observed | null> {
    const { name } = monitor
    let before = known.get(name)
    let after = before?.lastSlotAt ?? NO_SLOT
    for (;;) {
      const observed = observe(before?.state ?? newProbe(at), sample, monitor)
      if (await saved(monitor, { monitor: name, slotAt: at, after, sample, state: observed.state }, observed)) {
        known.set(name, { lastSlotAt: at, state: observed.state })
        return observed
      }
      const found = (await readMonitors(store.pool, name)).get(name)
      if (found && found.lastSlotAt >= at) {
        known.set(name, found)
        return null
      }
      // What another process saw since comes first. What we know and the store does not was not kept there, and is true all the same.
      before = found ? newer(before, found) : before
      after = found?.lastSlotAt ?? NO_SLOT
    }
  }

  async function saved(
    monitor: Probe,
    observation: Parameters<typeof samples.add>[0],
    observed: Observed,
  ): Promise<boolean> {
    const { state, transition } = observed
    if (!transition) return samples.add(observation, unconfirmed(state))
    // What others have to agree on, or what nobody can be sure of, is judged by more than this look.
    const decided = await here.decides(monitor, observed)
    const event = {
      source: 'monitor',
      key: `${monitor.name}@${observation.slotAt}`,
      event: { ...signal(monitor, transition, state), ...suspected(monitor) },
    }
    const ours = await saveSample(store, { ...observation, event: decided ? event : null, now: clock.now() })
    if (ours && !decided) await here.judge(monitor)
    return ours
  }

  /** What the store has of them. */
  async function read(names: readonly string[]): Promise<void> {
    for (let from = 0; from < names.length; from += READ) {
      const found = await readMonitorsNamed(store.pool, names.slice(from, from + READ))
      for (const [name, each] of found) known.set(name, newer(known.get(name), each))
    }
  }

  return {
    shards: () => config().shards,
    turn: (shard) => async (slotAt, signal) => {
      ending(signal)
      disabled = await readDisabled(store.pool, clock.now())
      const those = membersOf(config(), shard)
      // Of those that were another's until now, that one may know more.
      const theirs = those.filter(({ name }) => (ours.get(name) ?? 0) < slotAt)
      await read(theirs.map(({ name }) => name))
      for (const monitor of those) {
        const { name, everyMs } = monitor
        const until = ours.get(name)
        ours.set(name, Math.max(slotAt + shard.turnMs, until ?? 0))
        if (running.has(name)) continue
        // What another had begun by the end of its turn it ends; at our first turn there may be nobody else.
        const begun = until !== undefined && until < slotAt && slotOf(name, everyMs, clock.now()) < slotAt
        if (begun) unsure.add(name)
        plan(monitor, begun ? slotAt + LEFT_MS : 0)
      }
    },
    lateMs: wheel.lateMs,
  }

  /** With the timetable all that waits here ends. */
  function ending(signal: AbortSignal | undefined): void {
    if (signal === undefined || signal === until) return
    until = signal
    signal.addEventListener(
      'abort',
      () => {
        wheel.stop()
        samples.flush()
      },
      { once: true },
    )
  }
}

interface Configured {
  rules: Rules
  monitors: ReadonlyMap<string, Probe>
  shards: Shard[]
  /** The monitors of each shard. */
  members: Probe[][]
  /** How many a wheel that is behind starts a millisecond. */
  perMs: number
}

function configure(rules: Rules): Configured {
  const all = probesAt(rules, HERE)
  const shards = shardsFor(all.length)
  const members: Probe[][] = shards.map(() => [])
  for (const monitor of all) members[shardOf(monitor.name, shards.length)]?.push(monitor)
  const due = all.reduce((sum, { everyMs }) => sum + 1 / everyMs, 0)
  return {
    rules,
    monitors: new Map(all.map((monitor) => [monitor.name, monitor])),
    shards,
    members,
    perMs: Math.max(LEAST_PER_MS, HEADROOM * due),
  }
}

/** Those of a shard; also of one that the configuration has no more, whose turn is not over. */
const membersOf = ({ monitors, shards, members }: Configured, { index, of }: Shard): Probe[] =>
  of === shards.length
    ? (members[index] ?? [])
    : [...monitors.values()].filter(({ name }) => shardOf(name, of) === index)

/**
 * The slot that is due, null when none is. A failure whose confirmation was cut off (a crash, a moment without the store) is confirmed at
 * once, not at the next interval.
 */
function dueSlot({ name, everyMs }: Probe, last: Known | undefined, now: number): number | null {
  const slotAt = slotOf(name, everyMs, now)
  if (!last || last.lastSlotAt < slotAt) return slotAt
  return unconfirmed(last.state) && now - last.lastSlotAt >= CONFIRM_MS ? now : null
}

const newer = (ours: Known | undefined, read: Known): Known => (ours && ours.lastSlotAt > read.lastSlotAt ? ours : read)

function signal(monitor: Probe, transition: 'down' | 'up', { recent, failures, sinceAt }: ProbeState): Signal {
  const last = recent.at(-1)
  return probeSignal(monitor, {
    status: transition,
    says: last?.saw ?? '',
    failed: recent
      .filter((sample) => !sample.ok)
      .slice(-failures)
      .map((sample) => failure(sample)),
    seenAt: last?.at ?? sinceAt,
  })
}
