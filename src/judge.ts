import type { Deps, Desk } from './deps.ts'
import { agreed, type Seen, signalOf, type View, viewOf } from './domain/detect/agreement.ts'
import { isBlind, wordOf } from './domain/detect/blind.ts'
import { isMissing, type Place } from './domain/detect/location.ts'
import type { ProbeState, Sample } from './domain/detect/probe.ts'
import { HERE, isProbe, type Probe, probesAt, under } from './domain/rules.ts'
import {
  firingMonitors,
  pronounce,
  readPlaces,
  readVerdicts,
  readViews,
  type Told,
  type ViewState,
} from './store/locations.ts'
import { readMonitors, readMonitorsNamed } from './store/monitors.ts'

export type Judge = ReturnType<typeof createJudge>

/** How things stand everywhere, at one moment. */
interface Situation {
  now: number
  places: ReadonlyMap<string, Place>
  views: ReadonlyMap<string, readonly ViewState[]>
  here: ReadonlyMap<string, ProbeState>
  contradicted: (location: string) => boolean
}

/** What is held back is looked at again so often, once something is seen again and its own turn is far away. */
const LOOK_AGAIN_MS = 60_000

/** What was held before it was on record, and never was: its process died in between. */
const UNRECORDED_MS = 60_000

/**
 * Says what all locations of a monitor together mean, and what was held back while nothing was seen. It looks at how things stand, not at
 * what has happened: a look that is missed is made up for by the next.
 */
export function createJudge(deps: Deps & { desk: Desk }) {
  const { clock, log, store, desk } = deps
  const lookedAt = new Map<string, number>()

  /** Of some monitors; one that several processes judge at once is judged by the first. */
  async function judge(names: readonly string[]): Promise<void> {
    if (names.length === 0) return
    const [around, told, firing] = await Promise.all([
      situation(names),
      readVerdicts(store.pool, names),
      firingMonitors(store.pool, names),
    ])
    for (const name of names) {
      const monitor = under(deps.rules().monitors, name)
      const before = told.get(name)
      const probe = monitor && isProbe(monitor) ? monitor : null
      if (!probe) await forget(before)
      else if (isAlone(probe)) {
        if (before) await judgeAlone(probe, before, around)
      } else await judgeTogether(probe, before, firing.has(name), around)
    }
  }

  async function situation(names: readonly string[]): Promise<Situation> {
    const { pool } = store
    const [places, views] = await Promise.all([readPlaces(pool), readViews(pool, names)])
    const states = await readMonitorsNamed(pool, names)
    const here = new Map([...states].map(([name, { state }]) => [name, state]))
    const now = clock.now()
    const sees = [...places.values()].some(({ blindness }) => isBlind(blindness))
      ? await whoSees(places, now)
      : new Set<string>()
    return {
      now,
      places,
      views: Map.groupBy(views, ({ monitor }) => monitor),
      here,
      contradicted: (location) => [...sees].some((other) => other !== location),
    }
  }

  /** Locations that can be heard, see, and find most of what they look at well. */
  async function whoSees(places: ReadonlyMap<string, Place>, now: number): Promise<Set<string>> {
    const [views, here] = await Promise.all([readViews(store.pool), readMonitors(store.pool)])
    const rules = deps.rules()
    const well = [...places.values()].filter((place) => {
      if (isMissing(place, now) || isBlind(place.blindness)) return false
      const probes = probesAt(rules, place.name)
      const of = new Map(
        views.filter(({ location }) => location === place.name).map((view) => [view.monitor, view.state]),
      )
      const up = probes.filter(
        ({ name }) => (place.name === HERE ? here.get(name)?.state : of.get(name))?.status === 'up',
      )
      return up.length * 2 > probes.length
    })
    return new Set(well.map(({ name }) => name))
  }

  const seenFrom = (location: string, monitor: Probe, around: Situation): Seen => {
    const place = around.places.get(location)
    const view = around.views.get(monitor.name)?.find((each) => each.location === location)
    return {
      location,
      state: (location === HERE ? around.here.get(monitor.name) : view?.state) ?? null,
      silent: place !== undefined && isMissing(place, around.now) && place.heardAt !== null,
      blindness: place?.blindness ?? null,
      contradicted: around.contradicted(location),
    }
  }

  const viewsOf = (monitor: Probe, around: Situation): View[] =>
    monitor.locations.map((location) => viewOf(seenFrom(location, monitor, around), monitor, around.now))

  async function judgeTogether(
    monitor: Probe,
    before: Told | undefined,
    firing: boolean,
    around: Situation,
  ): Promise<void> {
    const verdict = agreed(viewsOf(monitor, around), monitor.agree)
    const { status } = verdict
    // What was said of it before several locations had to agree, its alert knows.
    const told = before === undefined ? (firing ? 'down' : 'up') : before.status === 'down' ? 'down' : 'up'
    if (status === null || status === told) return
    await say(monitor, before, status, { ...verdict, status }, around.now)
  }

  /** It is looked at from here alone, and something was held back; or it was looked at from elsewhere too before the configuration changed. */
  async function judgeAlone(monitor: Probe, before: Told, around: Situation): Promise<void> {
    const { now } = around
    const { state, blindness, contradicted } = seenFrom(HERE, monitor, around)
    if (before.status === 'up') return forget(before)
    if (before.status === 'down') {
      if (state?.status === 'up') await say(monitor, before, null, { ...alone(state, 'up'), status: 'up' }, now)
      else if (state?.status === 'down') await forget(before)
      return
    }
    if (state?.status !== 'down') {
      if (now - before.at >= UNRECORDED_MS || (state && state.sinceAt > before.at)) await forget(before)
      return
    }
    const fresh = await freshOf(monitor, state, blindness?.regainedAt ?? null, now)
    const word = wordOf(fresh, blindness, { contradicted, now })
    if (word === 'down') await say(monitor, before, null, { ...alone(fresh, 'down'), status: 'down' }, now)
  }

  const alone = (state: ProbeState, word: 'up' | 'down') => ({
    views: [{ location: HERE, word, why: null, state }],
    needed: 1,
  })

  /** Its state with a look that was made since anything is seen again, where its own turn has not come yet. */
  async function freshOf(monitor: Probe, state: ProbeState, sinceAt: number | null, now: number): Promise<ProbeState> {
    const last = state.recent.at(-1)
    if (sinceAt === null || !last || last.at >= sinceAt) return state
    if (now - (lookedAt.get(monitor.name) ?? Number.NEGATIVE_INFINITY) < LOOK_AGAIN_MS) return state
    lookedAt.set(monitor.name, now)
    const look: Sample = await deps.check(monitor, deps.rules(), clock.now())
    return { ...state, recent: [...state.recent, look] }
  }

  async function say(
    monitor: Probe,
    before: Told | undefined,
    status: Told['status'] | null,
    verdict: Parameters<typeof signalOf>[1],
    now: number,
  ): Promise<void> {
    const event = signalOf(monitor, verdict, now)
    const after = before?.seq ?? 0
    const key = `${monitor.name}@${now}#${after}`
    const entry = { source: 'agreement', key, event }
    if (!(await pronounce(store.pool, { monitor: monitor.name, after, status, event: entry, now }))) return
    log.info({ monitor: monitor.name, transition: verdict.status, reason: event.summary }, 'monitor')
    desk.wake()
  }

  async function forget(before: Told | undefined): Promise<void> {
    if (!before) return
    const { monitor, seq: after } = before
    lookedAt.delete(monitor)
    await pronounce(store.pool, { monitor, after, status: null, event: null, now: clock.now() })
  }

  return {
    judge,
    /** Each location's view of a monitor, as it counts at this moment. */
    async views(monitor: Probe): Promise<View[]> {
      return viewsOf(monitor, await situation([monitor.name]))
    },
    whoSees: async (places: ReadonlyMap<string, Place>) => whoSees(places, clock.now()),
  }
}

/** Whether nobody but us looks at it: what we see is what it is. */
export const isAlone = ({ locations }: Pick<Probe, 'locations'>) => locations.length === 1 && locations[0] === HERE
