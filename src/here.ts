import type { Deps, Desk } from './deps.ts'
import { type Blindness, blinded, isBlind, regained, wordOf } from './domain/detect/blind.ts'
import type { Place } from './domain/detect/location.ts'
import type { Observed, Sample } from './domain/detect/probe.ts'
import { HERE, type Probe, probesAt, type Rules } from './domain/rules.ts'
import { isAlone, type Judge } from './judge.ts'
import { failingSince, openEyes } from './sight.ts'
import { changePlaces, hold, readPlaces } from './store/locations.ts'
import { readMonitors } from './store/monitors.ts'

export type Here = ReturnType<typeof createHere>

/** How long what was found holds for the next who asks. */
const FOUND_MS = 2_000

/** What is seen from here: whether it may be told at once, and whether anything is seen at all. */
export function createHere(deps: Deps & { desk: Desk }, judge: Judge, raise: () => Promise<void>) {
  const { clock, store } = deps
  let looked: { rules: Rules; probes: Probe[] } | null = null
  const eyes = openEyes({
    probes: () => {
      const rules = deps.rules()
      if (looked?.rules !== rules) looked = { rules, probes: probesAt(rules, HERE) }
      return looked.probes
    },
    look: (probe) => deps.check(probe, deps.rules(), clock.now()),
  })
  let remembered = false
  /** In the dark every monitor asks the same: what was found a moment ago holds for all. */
  let found: { at: number; dark: Promise<{ blindness: Blindness; contradicted: boolean }> } | null = null

  /** A process that has just begun has seen nobody answer: what was well before it began did. */
  async function remember(): Promise<void> {
    if (remembered) return
    const known = await readMonitors(store.pool)
    for (const probe of probesAt(deps.rules(), HERE))
      if (known.get(probe.name)?.state.status === 'up') eyes.remember(probe)
    remembered = true
  }

  /** That nothing is seen from here since a monitor began to fail, on record, and somebody told; null when it is the monitor alone. */
  async function dark({ state, transition }: Observed): Promise<Awaited<ReturnType<typeof darkness>> | null> {
    if (transition !== 'down' || state.recent.at(-1)?.mute !== true) return null
    await remember()
    const sinceAt = failingSince(state)
    if (found && clock.now() - found.at <= FOUND_MS && eyes.answeredAt() < sinceAt) return found.dark
    const said = await eyes.sees(sinceAt)
    return said.sees ? null : darkness(sinceAt, said.hosts)
  }

  /** Puts it on record, and has somebody told. */
  function darkness(sinceAt: number, hosts: number): Promise<{ blindness: Blindness; contradicted: boolean }> {
    const now = clock.now()
    const record = async () => {
      let blindness = blinded(null, { sinceAt, hosts }, now)
      await changeHere(now, (place) => {
        blindness = blinded(place.blindness, { sinceAt, hosts }, now)
        return { ...place, blindness }
      })
      await raise()
      const others = await judge.whoSees(await readPlaces(store.pool))
      return { blindness, contradicted: others.size > 0 }
    }
    if (found === null || now - found.at > FOUND_MS) found = { at: now, dark: record() }
    found.dark.catch(() => {
      found = null
    })
    return found.dark
  }

  async function changeHere(now: number, change: (place: Place) => Place): Promise<void> {
    await changePlaces(store.pool, now, (places) => ({
      places: [change(places.get(HERE) ?? unknownPlace(HERE, now))],
      gone: [],
      events: [],
    }))
  }

  return {
    saw: (monitor: Probe, sample: Sample) => eyes.saw(monitor, sample),
    /**
     * Whether what becomes of a monitor from here may be told as it is. What may not is judged together with what else is known, after it has
     * been stored: {@link judge}.
     */
    async decides(monitor: Probe, observed: Observed): Promise<boolean> {
      // That nothing is seen must be known before what is seen is counted.
      const found = await dark(observed)
      if (!isAlone(monitor)) return false
      if (found === null) return true
      const { blindness, contradicted } = found
      if (wordOf(observed.state, blindness, { contradicted, now: clock.now() }) === 'down') return true
      await hold(store.pool, monitor.name, clock.now())
      return false
    },
    judge: (monitor: Probe) => judge.judge([monitor.name]),
    /** Looks whether the dark is over. */
    async sweep(places: ReadonlyMap<string, Place>): Promise<void> {
      const blindness = places.get(HERE)?.blindness ?? null
      if (!isBlind(blindness)) return
      await remember()
      if (eyes.answeredAt() < blindness.darkAt) await eyes.lookAgain()
      const answeredAt = eyes.answeredAt()
      if (answeredAt < blindness.darkAt) return
      await changeHere(clock.now(), (place) => ({ ...place, blindness: regained(place.blindness, answeredAt) }))
    },
  }
}

export const unknownPlace = (name: string, now: number): Place => ({
  ...{ name, sinceAt: now, heardAt: null, version: null, blindness: null, alarm: null },
})
