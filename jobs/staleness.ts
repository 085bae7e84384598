import type { Place } from '../src/domain/detect/location.ts'
import { disabledOf } from '../src/domain/detect/silence.ts'
import { STALE_MARK, stale, staleSignal } from '../src/domain/detect/stale.ts'
import { HERE, type Monitor, type Rules } from '../src/domain/rules.ts'
import { duration } from '../src/slack/text.ts'
import { submit } from '../src/store/inbox.ts'
import { readPlaces } from '../src/store/locations.ts'
import { awakeSince, firingWith, lastLooks } from '../src/store/looks.ts'
import { readSilences } from '../src/store/silences.ts'
import type { JobDeps } from './tell.ts'

export const STALENESS_MS = 15_000

/** Looks come every quarter of a minute, whichever process makes them. After more, nobody was there who could have looked. */
const GAP_MS = 4 * STALENESS_MS

/**
 * Looks whether monitors are looked after at all: a check that hangs, samples that the store refuses, a process that has left some out. A
 * monitor that says nothing is not well, and in 2018 nobody had noticed one.
 */
export function staleness({ store, desk, clock, rules, log }: JobDeps) {
  /** The configuration that is followed, and since when: nobody can have looked by its intervals before. */
  let followed: { rules: Rules; sinceAt: number } | null = null

  return async (): Promise<void> => {
    const now = clock.now()
    const active = rules()
    if (followed?.rules !== active) followed = { rules: active, sinceAt: now }
    const [silences, looks, awakeAt, known] = await Promise.all([
      readSilences(store.pool),
      lastLooks(store.pool),
      awakeSince(store.pool, now, GAP_MS),
      firingWith(store.pool, STALE_MARK),
    ])
    // On a disk that is almost full, samples are not kept; that is told of by itself.
    if (store.lowDisk()) return
    const sinceAt = Math.max(awakeAt, followed.sinceAt)
    const off = disabledOf(silences, now)
    const heard = heardOf(await readPlaces(store.pool), now)
    const watching = Object.values(active.monitors).filter(
      (monitor) => !off.has(monitor.name) && isOurs(monitor, heard),
    )
    const backAt = new Map(
      silences.flatMap(({ mode, target, endedAt }) =>
        mode === 'disable' ? [[target.name, endedAt ?? 0] as const] : [],
      ),
    )
    const missing = stale(watching, { looks, sinceAt, backAt }, now)
    const firing = missing
      .filter(({ monitor: { name } }) => !known.has(name))
      .map(({ monitor, fromAt, lastAt }) => {
        const last = lastAt === null ? 'it never was' : `the last look was ${duration(now - lastAt)} ago`
        return { monitor, status: 'firing' as const, fromAt, why: `${last}, and the next is long due` }
      })
    const still = new Set(missing.map(({ monitor }) => monitor.name))
    const back = Object.values(active.monitors)
      .filter(({ name }) => known.has(name) && !still.has(name) && (looks.get(name) ?? 0) > sinceAt)
      .map((monitor) => {
        const fromAt = looks.get(monitor.name) ?? now
        return { monitor, status: 'resolved' as const, fromAt, why: `there was a look ${duration(now - fromAt)} ago` }
      })
    const events = [...firing, ...back].map(({ monitor, status, fromAt, why }) => ({
      source: 'staleness',
      key: `${monitor.name}@${fromAt}/${status}`,
      event: staleSignal(monitor, status, why, now),
    }))
    if (events.length === 0) return
    await submit(store.pool, events, now)
    if (firing.length > 0)
      log.error(
        { monitors: firing.slice(0, 10).map(({ monitor }) => monitor.name), count: firing.length },
        'monitors are not being watched',
      )
    desk.wake()
  }
}

/** A prober says every few seconds that it lives; one that has not for so long may be about to be missed. */
const HEARD_MS = 30_000

const heardOf = (places: ReadonlyMap<string, Place>, now: number): ReadonlySet<string> =>
  new Set([...places.values()].flatMap(({ name, heardAt }) => (now - (heardAt ?? 0) < HEARD_MS ? name : [])))

/** Whether it is missed here: that all locations which look at it are silent is told of them, once, and not of each monitor. */
const isOurs = (monitor: Monitor, heard: ReadonlySet<string>): boolean =>
  !('locations' in monitor) || monitor.locations.some((location) => location === HERE || heard.has(location))
