import { type Deploy, isWatched } from '../src/domain/deploy/deploy.ts'
import { type Look, regression } from '../src/domain/deploy/regression.ts'
import { probesOf, type Rules, under } from '../src/domain/rules.ts'
import { sightOf } from '../src/lookout.ts'
import { failingSince } from '../src/sight.ts'
import { awaitedDeploys, openDeploys } from '../src/store/deploys.ts'
import { readMonitorsNamed } from '../src/store/monitors.ts'
import { readStandings } from '../src/store/standings.ts'
import type { JobDeps } from './tell.ts'

export const ROLLOUTS_MS = 500

/** What waits for the gate is looked at this often. */
const RECHECK_MS = 15_000

/** One failed look may be an accident; the next follows within a second. */
const FAILED_LOOKS = 2

/** Watches closely what rolls, and says what does harm; and looks again at what was denied and is waited for. */
export function rollouts(deps: JobDeps) {
  const { store, clock, desk, rules } = deps
  /** Since when pools have not answered, by deploy. */
  const unseen = new Map<number, number>()
  let recheckedAt = Number.NEGATIVE_INFINITY

  async function look(deploy: Deploy, active: Rules): Promise<void> {
    const service = under(active.services, deploy.service)
    const when = service?.deploy?.haltWhen ?? null
    if (!service || when === null) return
    const ours = Object.entries(active.monitors).filter(([, monitor]) => monitor.service === deploy.service)
    const monitors = Object.fromEntries(ours)
    const [standings, probes, pool] = await Promise.all([
      readStandings(store.pool, { monitors }),
      readMonitorsNamed(
        store.pool,
        probesOf({ monitors }).map(({ name }) => name),
      ),
      service.pool === null ? null : deps.askPool(service.pool, active.allowPrivate),
    ])
    const at = clock.now()
    if (pool?.ok !== false) unseen.delete(deploy.id)
    else if (!unseen.has(deploy.id)) unseen.set(deploy.id, at)
    const failing = [...probes].flatMap(([monitor, { state }]) => {
      const last = state.recent.slice(-FAILED_LOOKS)
      const bad = last.length === FAILED_LOOKS && last.every(({ ok }) => !ok)
      return bad ? [{ monitor, sinceAt: failingSince(state), saw: last.at(-1)?.saw ?? '' }] : []
    })
    const seen: Look = {
      ...{ at, standings, failing },
      pool:
        pool === null || pool.ok
          ? pool && { up: pool.up, total: pool.total }
          : { since: unseen.get(deploy.id) ?? at, why: pool.why },
    }
    const found = regression(deploy, when, seen)
    if (!found) return
    const event = { type: 'deploy-regression' as const, deploy: deploy.id, ...found }
    await desk.submit({ source: 'rollouts', key: `regression/${deploy.id}/${deploy.sinceAt}`, event })
  }

  async function recheck(active: Rules): Promise<void> {
    for (const { id, service, gate } of await awaitedDeploys(store.pool)) {
      // What the calendar alone keeps back need not be asked about before.
      if (!gate.allow && gate.untilAt !== null && gate.untilAt > clock.now()) continue
      const sight = await sightOf(deps, active, service)
      const event = { type: 'deploy-recheck' as const, deploy: id, sight }
      await desk.submit({ source: 'rollouts', key: `recheck/${id}/${clock.now()}`, event })
    }
  }

  return async (): Promise<void> => {
    const active = rules()
    // What takes harm back, or mends it, begins where harm has been done: nobody but a person halts it.
    const watched = (await openDeploys(store.pool)).filter((each) => isWatched(each) && each.kind === 'deploy')
    await Promise.all(watched.map((deploy) => look(deploy, active)))
    if (clock.now() - recheckedAt < RECHECK_MS) return
    recheckedAt = clock.now()
    await recheck(active)
  }
}
