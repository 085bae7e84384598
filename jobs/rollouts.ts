import { type Deploy, isWatched } from '../src/domain/deploy/deploy.ts'
import { type Look, regression } from '../src/domain/deploy/regression.ts'
import { probesOf, type Rules, under } from '../src/domain/rules.ts'
import { sightOf } from '../src/lookout.ts'
import { failingSince } from '../src/sight.ts'
import { awaitedDeploys, openDeploys } from '../src/store/deploys.ts'
import { readMonitorsNamed } from '../src/store/monitors.ts'
import { type PoolLook, readPoolLook, savePoolLook } from '../src/store/pool-looks.ts'
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
  let recheckedAt = Number.NEGATIVE_INFINITY

  async function look(deploy: Deploy, active: Rules): Promise<void> {
    const service = under(active.services, deploy.service)
    const when = service?.deploy?.haltWhen ?? null
    if (!service || when === null) return
    const ours = Object.entries(active.monitors).filter(([, monitor]) => monitor.service === deploy.service)
    const monitors = Object.fromEntries(ours)
    const read = readMonitorsNamed(
      store.pool,
      probesOf({ monitors }).map(({ name }) => name),
    )
    const [standings, probes, pool] = await Promise.all([
      readStandings(store.pool, { monitors }, read),
      read,
      service.pool === null ? null : lookAtPool(deploy, service.pool, active),
    ])
    const at = clock.now()
    const failing = [...probes].flatMap(([monitor, { state }]) => {
      const last = state.recent.slice(-FAILED_LOOKS)
      const bad = last.length === FAILED_LOOKS && last.every(({ ok }) => !ok)
      return bad ? [{ monitor, sinceAt: failingSince(state), saw: last.at(-1)?.saw ?? '' }] : []
    })
    const found = regression(deploy, when, { at, standings, failing, pool })
    if (!found) return
    const event = { type: 'deploy-regression' as const, deploy: deploy.id, ...found }
    await desk.submit({ source: 'rollouts', key: `regression/${deploy.id}/${deploy.sinceAt}`, event })
  }

  /** Each look may be another process's: since when it is so is in the store. */
  async function lookAtPool({ id, poolTotal }: Deploy, url: string, active: Rules): Promise<Look['pool']> {
    const [pool, before] = await Promise.all([deps.askPool(url, active.allowPrivate), readPoolLook(store.pool, id)])
    const at = clock.now()
    const isShort = pool.ok && pool.up < Math.max(pool.total, poolTotal ?? 0)
    // A pool that does not answer is as short as it was.
    const shortAt = pool.ok ? (isShort ? (before.shortAt ?? at) : null) : before.shortAt
    const unseenAt = pool.ok ? null : (before.unseenAt ?? at)
    const now: PoolLook = { shortAt, unseenAt }
    if (now.shortAt !== before.shortAt || now.unseenAt !== before.unseenAt) await savePoolLook(store.pool, id, now)
    return pool.ok ? { up: pool.up, total: pool.total, shortAt } : { since: unseenAt ?? at, why: pool.why }
  }

  async function recheck(active: Rules): Promise<void> {
    const awaited = (await awaitedDeploys(store.pool)).filter(
      // What the calendar alone keeps back need not be asked about before.
      ({ gate }) => gate.allow || gate.untilAt === null || gate.untilAt <= clock.now(),
    )
    for (const [service, deploys] of Map.groupBy(awaited, (each) => each.service)) {
      const sight = await sightOf(deps, active, service)
      for (const { id } of deploys) {
        const event = { type: 'deploy-recheck' as const, deploy: id, sight }
        await desk.submit({ source: 'rollouts', key: `recheck/${id}/${clock.now()}`, event })
      }
    }
  }

  return async (): Promise<void> => {
    const active = rules()
    // What takes harm back, or mends it, begins where harm has been done: nobody but a person halts it.
    const deploys = Object.values(active.services).some(({ deploy }) => deploy !== null)
      ? await openDeploys(store.pool)
      : []
    const watched = deploys.filter((each) => isWatched(each) && each.kind === 'deploy')
    await Promise.all(watched.map((deploy) => look(deploy, active)))
    if (clock.now() - recheckedAt < RECHECK_MS) return
    recheckedAt = clock.now()
    await recheck(active)
  }
}
