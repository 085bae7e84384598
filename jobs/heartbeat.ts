import { type Beat, type Deaf, excused, expire, readopt, retire } from '../src/domain/detect/heartbeat.ts'
import { type Heartbeat, heartbeatsOf, type Rules } from '../src/domain/rules.ts'
import { eventsOf, introduce, keptOf } from '../src/pings.ts'
import {
  afterSilence,
  changeHeartbeats,
  type Decided,
  heard,
  type Kept,
  readHeartbeats,
} from '../src/store/heartbeats.ts'
import type { JobDeps } from './tell.ts'

/** Looks come every second. When none came for longer than this, pings could not be heard meanwhile: a stop, or a store that was away. */
const DEAF_MS = 5_000

/**
 * Beside each change of the configuration they are brought in line with it this often: for a moment another process may go by another one,
 * and what it retired must not stay so.
 */
const SETTLE_MS = 30_000

/**
 * A look at the heartbeats: what is missed by now is told to the desk. It reads what is due and nothing else, and it says that pings can
 * be heard, so that whoever looks after a silence knows how long that was (`excused` says what then is allowed).
 */
export function heartbeat(deps: JobDeps) {
  const { clock, log, store, desk } = deps
  /** The configuration that the store's heartbeats are in line with, and when that was looked at. */
  let settled: { rules: Rules | null; at: number } = { rules: null, at: 0 }

  async function look(): Promise<void> {
    const rules = deps.rules()
    const monitors = new Map(heartbeatsOf(rules).map((monitor) => [monitor.name, monitor]))
    const now = clock.now()
    if (settled.rules !== rules || (monitors.size > 0 && now - settled.at >= SETTLE_MS)) {
      await settle(rules, monitors, now)
      settled = { rules, at: now }
    }
    if (monitors.size === 0) return
    const { untilAt, due } = await heard(store.pool, now, DEAF_MS)
    const events: Decided['events'] = []
    const change = (
      kept: ReadonlyMap<string, Kept>,
      turn: (state: Kept['state'], monitor: Heartbeat) => Beat,
    ): Decided => {
      const decided = changed(kept, monitors, turn, { at: now, zone: rules.zone })
      events.push(...decided.events)
      return decided
    }
    if (untilAt !== null && now - untilAt > DEAF_MS) {
      log.warn({ deafMs: now - untilAt }, 'pings could not be heard: who is missed is given time to try again')
      await afterSilence(store.pool, now, DEAF_MS, (kept, deafAt) => {
        const deaf: Deaf = { fromAt: deafAt, toAt: now }
        return change(kept, (state, monitor) => expire(excused(state, deaf, monitor), now, monitor))
      })
    } else if (due.length > 0)
      await changeHeartbeats(store.pool, due, now, (kept) =>
        change(kept, (state, monitor) => expire(state, now, monitor)),
      )
    for (const { event } of events)
      if (event.type === 'signal') log.info({ monitor: event.monitor, reason: event.summary }, 'heartbeat')
    if (events.length > 0) desk.wake()
  }

  /** The configuration is another one: what is new is known from now on, what is gone is watched no more, and schedules may have moved. */
  async function settle(rules: Rules, monitors: ReadonlyMap<string, Heartbeat>, now: number): Promise<void> {
    await introduce(store, rules, now)
    const astray = (kept: ReadonlyMap<string, Kept>) =>
      [...kept.values()].flatMap((each) => inLine(each, monitors.get(each.name), now))
    const names = astray(await readHeartbeats(store.pool)).map(({ name }) => name)
    if (names.length > 0)
      await changeHeartbeats(store.pool, names, now, (kept) => ({ kept: astray(kept), events: [], pings: [] }))
  }

  return look
}

/** Those that a turn changes, with what has to be told of them. */
function changed(
  kept: ReadonlyMap<string, Kept>,
  monitors: ReadonlyMap<string, Heartbeat>,
  turn: (state: Kept['state'], monitor: Heartbeat) => Beat,
  { at, zone }: { at: number; zone: string },
): Decided {
  const decided: Decided = { kept: [], events: [], pings: [] }
  for (const before of kept.values()) {
    const monitor = monitors.get(before.name)
    if (!monitor) continue
    const { state, changes } = turn(before.state, monitor)
    if (state === before.state) continue
    const next = keptOf(monitor, state, before.rev + 1)
    decided.kept.push(next)
    decided.events.push(...eventsOf(monitor, next, changes, at, zone))
  }
  return decided
}

function inLine(kept: Kept, monitor: Heartbeat | undefined, now: number): Kept[] {
  const state = monitor ? readopt(kept.state) : retire(kept.state, now)
  const next = monitor ? keptOf(monitor, state, kept.rev + 1) : { ...kept, rev: kept.rev + 1, dueAt: null, state }
  return state === kept.state && next.dueAt === kept.dueAt ? [] : [next]
}
