import {
  CONFIRM_MS,
  newProbe,
  type Observed,
  observe,
  type ProbeState,
  type Sample,
  unconfirmed,
} from '../src/domain/detect/probe.ts'
import type { Signal } from '../src/domain/event.ts'
import { type Probe, probesOf } from '../src/domain/rules.ts'
import { messageOf } from '../src/errors.ts'
import { type Known, NO_SLOT, readMonitors, saveSample } from '../src/store/monitors.ts'
import { slotOf } from '../src/timetable/entries.ts'
import type { JobDeps } from './tell.ts'

/** The store is asked what other processes have seen this often; in between each process knows its own results. */
const REREAD_MS = 30_000

/**
 * A tick of the probes: starts the checks whose slot is due, and does not wait for them, so that a slow target delays no other. After a
 * failure the next try follows at once, until the failure is confirmed or refuted.
 */
export function probe(deps: JobDeps) {
  const running = new Set<string>()
  let known = new Map<string, Known>()
  let readAt = Number.NEGATIVE_INFINITY

  async function watch(monitor: Probe, slotAt: number): Promise<void> {
    for (let at = slotAt; ; ) {
      const sample = await deps.check(monitor, deps.rules(), deps.clock.now())
      const seen = await follow(monitor, at, sample)
      if (seen === null) return
      const { state, transition, reason } = seen
      if (transition) {
        deps.log.info({ monitor: monitor.name, transition, reason, saw: sample.saw }, 'monitor')
        deps.desk.wake()
      }
      if (!unconfirmed(state)) return
      await deps.clock.sleepUntil(deps.clock.now() + CONFIRM_MS)
      at = Math.max(deps.clock.now(), at + 1)
    }
  }

  /** What a sample says after all that was seen before it, here or in another process; null when another has had its slot. */
  async function follow(monitor: Probe, at: number, sample: Sample): Promise<Observed | null> {
    let before = known.get(monitor.name)
    let after = before?.lastSlotAt ?? NO_SLOT
    for (;;) {
      const observed = observe(before?.state ?? newProbe(at), sample, monitor)
      const { state, transition } = observed
      const event = transition && {
        source: 'monitor',
        key: `${monitor.name}@${at}`,
        event: signal(monitor, transition, state),
      }
      const now = deps.clock.now()
      if (await saveSample(deps.store, { monitor: monitor.name, slotAt: at, after, sample, state, event, now })) {
        known.set(monitor.name, { lastSlotAt: at, state })
        return observed
      }
      const found = (await readMonitors(deps.store.pool, monitor.name)).get(monitor.name)
      if (found && found.lastSlotAt >= at) {
        known.set(monitor.name, found)
        return null
      }
      // What another process saw since comes first. What we know and the store does not was not kept there, and is true all the same.
      before = found ? newer(before, found) : before
      after = found?.lastSlotAt ?? NO_SLOT
    }
  }

  return async (): Promise<void> => {
    const now = deps.clock.now()
    if (now - readAt > REREAD_MS || readAt > now) {
      known = new Map(
        [...(await readMonitors(deps.store.pool))].map(([name, read]) => [name, newer(known.get(name), read)]),
      )
      readAt = now
    }
    for (const monitor of probesOf(deps.rules())) {
      const slotAt = dueSlot(monitor, known.get(monitor.name), now)
      if (running.has(monitor.name) || slotAt === null) continue
      running.add(monitor.name)
      watch(monitor, slotAt)
        .catch((error: unknown) =>
          deps.log.error({ monitor: monitor.name, reason: messageOf(error) }, 'a check could not be recorded'),
        )
        .finally(() => running.delete(monitor.name))
    }
  }
}

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

function signal(monitor: Probe, transition: 'down' | 'up', state: ProbeState): Signal {
  const last = state.recent.at(-1)
  const headline = `${monitor.name} is ${transition === 'down' ? 'down' : 'up again'}`
  const failures = state.recent.filter((sample) => !sample.ok).slice(-state.failures)
  return {
    type: 'signal',
    service: monitor.service,
    key: monitor.name,
    monitor: monitor.name,
    severity: monitor.severity,
    status: transition === 'down' ? 'firing' : 'resolved',
    headline,
    summary: `${headline}: ${last?.saw ?? ''}`,
    evidence:
      transition === 'down'
        ? failures.map(({ at, saw, ms }) => ({ at, saw: `${saw}, after ${Math.round(ms)} ms` }))
        : [],
    seenAt: last?.at ?? state.sinceAt,
  }
}
