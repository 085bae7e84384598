import type { Deps, Desk } from './deps.ts'
import { audience, nextAlarm, type Place, signalsOf } from './domain/detect/location.ts'
import { silenceOver } from './domain/detect/silence.ts'
import { probesOf, type Rules } from './domain/rules.ts'
import type { Entry } from './store/inbox.ts'
import { changePlaces, readPlaces } from './store/locations.ts'
import { readSilences } from './store/silences.ts'

/** Raises the alarms of locations that are silent or blind, and ends those of locations that are well again: each once, whoever looks. */
export async function raiseAlarms(deps: Deps & { desk: Desk }): Promise<void> {
  const { store, clock, desk, log } = deps
  const rules = deps.rules()
  const now = clock.now()
  const places = [...(await readPlaces(store.pool)).values()].filter((place) => isUsed(place, rules))
  if (places.every((place) => nextAlarm(place, now).alarm === place.alarm)) return
  const silences = await readSilences(store.pool)
  const silenced = new Set(
    Object.keys(rules.services).filter((service) => silenceOver(silences, { service, monitor: null }, now) !== null),
  )
  const { events } = await changePlaces(store.pool, now, (all) => {
    const moved = { places: [] as Place[], gone: [], events: [] as Entry[] }
    for (const place of [...all.values()].filter((each) => isUsed(each, rules))) {
      const { alarm, begins, ends } = nextAlarm(place, now)
      if (alarm === place.alarm) continue
      const raised = alarm && begins ? { ...alarm, told: audience(place.name, rules, silenced) } : alarm
      moved.places.push({ ...place, alarm: raised })
      if (raised && begins) moved.events.push(...entriesOf(signalsOf(place, raised, 'firing', rules, now), now))
      if (place.alarm && ends)
        moved.events.push(...entriesOf(signalsOf(place, place.alarm, 'resolved', rules, now), now))
    }
    return moved
  })
  for (const { event } of events) if (event.type === 'signal') log.warn({ reason: event.summary }, 'location')
  if (events.length > 0) desk.wake()
}

const isUsed = ({ name }: Place, rules: Rules) => probesOf(rules).some(({ locations }) => locations.includes(name))

export const entriesOf = (signals: readonly Extract<Entry['event'], { type: 'signal' }>[], now: number): Entry[] =>
  signals.map((event) => ({ source: 'location', key: `${event.key}/${event.service}@${now}/${event.status}`, event }))
