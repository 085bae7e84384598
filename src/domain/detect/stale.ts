import type { Signal } from '../event.ts'
import type { Monitor } from '../rules.ts'

/** A monitor that is not looked after is an alert of its own, beside what it last said of its target. */
export const STALE_MARK = ': not watched'
const staleKey = (monitor: string) => `${monitor}${STALE_MARK}`

/** One look may be late, or lost; three in a row are not. */
const INTERVALS = 3
/** Never less: a store that restarts, or a process that another takes over from. */
const LEAST_MS = 60_000

/** After so long without a look nobody watches; null for what reports by itself and has a deadline of its own. */
export function staleAfterMs(monitor: Monitor): number | null {
  switch (monitor.kind) {
    case 'http':
    case 'tls':
    case 'dns':
    case 'tcp':
      return patienceMs(monitor)
    case 'rate':
      // What is pushed is judged a while after its slot, which is named by its beginning.
      return LEAST_MS + 2 * monitor.everyMs + patienceMs(monitor)
    case 'log':
      return monitor.asks === null ? LEAST_MS : patienceMs(monitor.asks)
    case 'heartbeat':
      return null
    default:
      return monitor satisfies never
  }
}

const patienceMs = ({ everyMs, timeoutMs }: { everyMs: number; timeoutMs: number }) =>
  Math.max(LEAST_MS, INTERVALS * everyMs + timeoutMs)

interface Seen {
  /** When each monitor was last looked after. */
  looks: ReadonlyMap<string, number>
  /** Since when it could have been: nobody is missed for a time in which Watchbill did not run. */
  sinceAt: number
  /** Of those that were switched off, when they were switched on again. */
  backAt?: ReadonlyMap<string, number>
}

/** The monitors that nobody looks after, with the instant from which that counts. */
export function stale(
  monitors: readonly Monitor[],
  { looks, sinceAt, backAt = new Map() }: Seen,
  now: number,
): { monitor: Monitor; fromAt: number; lastAt: number | null }[] {
  return monitors.flatMap((monitor) => {
    const afterMs = staleAfterMs(monitor)
    const lastAt = looks.get(monitor.name) ?? null
    const fromAt = Math.max(sinceAt, lastAt ?? 0, backAt.get(monitor.name) ?? 0)
    return afterMs !== null && now - fromAt > afterMs ? { monitor, fromAt, lastAt } : []
  })
}

/** What the desk hears of it. As grave as what the monitor would have said, had it looked. */
export function staleSignal(
  { name, service, severity }: Monitor,
  status: Signal['status'],
  details: string,
  at: number,
): Signal {
  const headline = status === 'firing' ? `${name} is not being watched` : `${name} is being watched again`
  return {
    ...{ type: 'signal', service, key: staleKey(name), monitor: name, severity, status },
    ...{ headline, summary: `${headline}: ${details}`, evidence: [], seenAt: at },
  }
}
