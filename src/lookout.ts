import type { Deps } from './deps.ts'
import type { Sight } from './domain/deploy/sight.ts'
import { ledgers } from './domain/detect/coverage.ts'
import { type Rules, under } from './domain/rules.ts'
import { messageOf } from './errors.ts'
import { readKnown } from './store/coverage.ts'
import { readStandings } from './store/standings.ts'

/**
 * What the watch of a service sees at this moment, for the gate: it is asked for just before the decision, and goes with the question. Null
 * when it cannot be found out, which denies.
 */
export async function sightOf(
  { clock, store, askPool, log }: Pick<Deps, 'clock' | 'store' | 'askPool' | 'log'>,
  rules: Rules,
  service: string,
): Promise<Sight | null> {
  const known = under(rules.services, service)
  if (!known) return null
  const ours = Object.entries(rules.monitors).filter(([, monitor]) => monitor.service === service)
  try {
    const [standings, names, pool] = await Promise.all([
      readStandings(store.pool, { monitors: Object.fromEntries(ours) }),
      known.domains.length > 0 ? readKnown(store.pool) : null,
      known.pool === null ? null : askPool(known.pool, rules.allowPrivate),
    ])
    const at = clock.now()
    const of = { ...rules, services: { [service]: known } }
    return {
      at,
      monitors: standings.map(({ monitor, status, lastAt, learnsUntilAt }) => ({
        ...{ name: monitor.name, status, lastAt, learnsUntilAt },
      })),
      gaps: names === null ? [] : ledgers(of, names, at).flatMap(({ gaps }) => gaps.map(({ name }) => name)),
      pool: pool?.ok ? { up: pool.up, total: pool.total } : null,
    }
  } catch (error) {
    log.warn({ service, reason: messageOf(error) }, 'what the watch of a service sees could not be found out')
    return null
  }
}
