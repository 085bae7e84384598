import { type Place, signalsOf } from '../src/domain/detect/location.ts'
import { HERE, probesAt } from '../src/domain/rules.ts'
import { type Here, unknownPlace } from '../src/here.ts'
import { isAlone, type Judge } from '../src/judge.ts'
import { entriesOf, raiseAlarms } from '../src/location-alarm.ts'
import { changePlaces, type Moved, readPlaces, suspects } from '../src/store/locations.ts'
import { readMonitors } from '../src/store/monitors.ts'
import type { JobDeps } from './tell.ts'

/** Looks come every few seconds. When none came for longer than this, no location could be heard meanwhile. */
const DEAF_MS = 20_000

/** What this process heard itself is judged at once; what another had no time to is found by a look at all of them this often. */
const ALL_MS = 30_000

/** A look at the locations: which are silent or blind, and what those that are not make of the monitors together. */
export function locations(deps: JobDeps, here: Here, judge: Judge) {
  let lookedAt = Number.NEGATIVE_INFINITY
  return async (): Promise<void> => {
    await settle(deps)
    await here.sweep(await readPlaces(deps.store.pool))
    await raiseAlarms(deps)
    const now = deps.clock.now()
    const all = now - lookedAt >= ALL_MS
    if (all) lookedAt = now
    await judge.judge([...new Set([...(await suspects(deps.store.pool)), ...(all ? await downFromHere(deps) : [])])])
  }
}

/** Brings what is known of locations in line with the configuration, and says that they can be heard at this moment. */
async function settle(deps: JobDeps): Promise<void> {
  const { store, clock } = deps
  const rules = deps.rules()
  const names = new Set([HERE, ...Object.keys(rules.locations)])
  const known = await readPlaces(store.pool)
  // Without any other location there is nobody to hear.
  if (names.size === 1 && known.size === 1 && known.has(HERE)) return
  const now = clock.now()
  const { events } = await changePlaces(store.pool, now, (places) => {
    const heardAt = places.get(HERE)?.heardAt ?? null
    const deaf = heardAt === null || now - heardAt > DEAF_MS
    const moved: Moved & { places: Place[] } = { places: [], gone: [], events: [] }
    const gone = [...places.values()].filter(({ name }) => !names.has(name))
    for (const name of names) {
      const place = places.get(name) ?? unknownPlace(name, now)
      const heard = name === HERE ? { heardAt: now } : {}
      if (deaf || name === HERE || !places.has(name))
        moved.places.push({ ...place, ...heard, sinceAt: deaf ? now : place.sinceAt })
    }
    const events = gone.flatMap((place) =>
      place.alarm ? entriesOf(signalsOf(place, place.alarm, 'resolved', rules, now), now) : [],
    )
    return { ...moved, gone: gone.map(({ name }) => name), events }
  })
  if (events.length > 0) deps.desk.wake()
}

async function downFromHere({ store, rules }: JobDeps): Promise<string[]> {
  const together = probesAt(rules(), HERE).filter((monitor) => !isAlone(monitor))
  if (together.length === 0) return []
  const states = await readMonitors(store.pool)
  return together.filter(({ name }) => states.get(name)?.state.status === 'down').map(({ name }) => name)
}
