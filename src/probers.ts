import { hash } from 'node:crypto'
import type { z } from 'zod'
import type { Deps, Desk } from './deps.ts'
import { blinded, isBlind, regained } from './domain/detect/blind.ts'
import type { Place } from './domain/detect/location.ts'
import { newProbe, observe } from './domain/detect/probe.ts'
import type { Pull, Report, Result, SightReport, Work } from './domain/detect/report.ts'
import { type Probe, probesAt, type Rules } from './domain/rules.ts'
import { UserError } from './errors.ts'
import { unknownPlace } from './here.ts'
import { createJudge } from './judge.ts'
import { raiseAlarms } from './location-alarm.ts'
import { takeReport, type ViewState } from './store/locations.ts'
import { readDisabled } from './store/silences.ts'

/** A prober goes by our clock: what is further ahead than this was not seen yet. */
const AHEAD_MS = 60_000

/** What remote locations are given to do, and what becomes of what they saw. */
export function createProbers(deps: Deps & { desk: Desk }) {
  const { clock, store } = deps
  const judge = createJudge(deps)
  const works = new Map<string, { rules: Rules; disabled: string; rev: string; probes: Probe[] }>()

  async function workOf(location: string): Promise<{ rev: string; probes: Probe[] }> {
    const rules = deps.rules()
    // What is disabled is looked at from nowhere.
    const off = await readDisabled(store.pool, clock.now())
    const disabled = JSON.stringify([...off].sort())
    const known = works.get(location)
    if (known?.rules === rules && known.disabled === disabled) return known
    const probes = probesAt(rules, location).filter(({ name }) => !off.has(name))
    const made = { rules, disabled, rev: hash('sha256', JSON.stringify(probes)), probes }
    works.set(location, made)
    return made
  }

  /** That it was heard, and what it says of its sight, comes before what it saw. */
  async function hear(
    location: string,
    said: SightReport & { version?: string },
    results: readonly Result[],
    fold: (views: ReadonlyMap<string, ViewState>) => ViewState[],
  ): Promise<void> {
    const now = clock.now()
    let found = false
    await takeReport(store.pool, location, results, (known, views) => {
      const place = known ?? unknownPlace(location, now)
      const { blindness } = place
      found = said.blind !== null && !isBlind(blindness)
      const sight = said.blind ? blinded(blindness, said.blind, now) : regained(blindness, said.answeredAt ?? now)
      const heard: Place = { ...place, heardAt: now, version: said.version ?? place.version, blindness: sight }
      return { place: heard, views: fold(views) }
    })
    if (found) await raiseAlarms(deps)
  }

  return {
    async work(location: string, pull: Pull): Promise<z.infer<typeof Work>> {
      await hear(location, pull, [], () => [])
      const { rev, probes } = await workOf(location)
      return { rev, now: clock.now(), ...(rev !== pull.rev && { probes }) }
    },
    async take(location: string, report: Report): Promise<number> {
      const now = clock.now()
      if (report.results.some(({ slotAt, sample }) => Math.max(slotAt, sample.at) > now + AHEAD_MS))
        throw new UserError('ahead', 'What was seen there is ahead of our clock.')
      const probes = new Map((await workOf(location)).probes.map((probe) => [probe.name, probe]))
      // Of what the configuration has no more, or has elsewhere now, nothing is kept.
      const results = report.results.filter(({ monitor }) => probes.has(monitor))
      const changed = new Set<string>()
      await hear(location, report, results, (views) =>
        [...Map.groupBy(results, ({ monitor }) => monitor)].flatMap(([name, those]) => {
          const probe = probes.get(name)
          const before = views.get(name)
          const after = probe ? folded(location, probe, before, those) : null
          if (after === null) return []
          if (after.state.status !== before?.state.status) changed.add(name)
          return [after]
        }),
      )
      await judge.judge([...changed])
      return results.length
    },
  }
}

/** What a location makes of a monitor after all of it; null when it brought nothing new. In the order of the slots, whatever way they came. */
function folded(
  location: string,
  probe: Probe,
  before: ViewState | undefined,
  results: readonly Result[],
): ViewState | null {
  const fresh = results.filter(({ slotAt }) => slotAt > (before?.lastSlotAt ?? -1)).sort((a, b) => a.slotAt - b.slotAt)
  const [first] = fresh
  const last = fresh.at(-1)
  if (!first || !last) return null
  const state = fresh.reduce(
    (so, { sample }) => observe(so, sample, probe).state,
    before?.state ?? newProbe(first.slotAt),
  )
  return { location, monitor: probe.name, lastSlotAt: last.slotAt, state }
}
