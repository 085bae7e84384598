import { faultOf, planted } from './domain/detect/drill.ts'
import { RateState } from './domain/detect/rate-state.ts'
import type { Signal } from './domain/event.ts'
import type { Monitor, Rules } from './domain/rules.ts'
import { readLogs } from './store/logs.ts'
import { readRate } from './store/rates.ts'
import type { AtHand } from './store/store.ts'

/**
 * A fault injected into a monitor as it is at this moment: seen by a copy of what it has learned, of which nothing is kept.
 *
 * @returns what the desk is to hear of it; null when the monitor did not see it
 */
export async function injected(
  { pool, rules }: Pick<AtHand, 'pool'> & { rules: Pick<Rules, 'zone'> },
  monitor: Monitor,
  drill: Parameters<typeof faultOf>[1],
  at: number,
): Promise<Signal | null> {
  const learned = { rate: null, shapes: null, ...(await learnedBy(pool, monitor)), zone: rules.zone }
  const saw = planted(monitor, learned, at)
  return saw === null ? null : faultOf(monitor, drill, saw, at)
}

async function learnedBy(pool: AtHand['pool'], { kind, name }: Monitor) {
  if (kind === 'log') return { shapes: (await readLogs(pool, [name])).get(name)?.state.shapes ?? null }
  if (kind !== 'rate') return {}
  const rate = RateState.safeParse((await readRate(pool, name))?.learned)
  return rate.success ? { rate: rate.data } : {}
}
