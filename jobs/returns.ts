import { canDrill } from '../src/domain/detect/drill.ts'
import { looks } from '../src/domain/detect/silence.ts'
import { under } from '../src/domain/rules.ts'
import { injected } from '../src/fault.ts'
import { readViews } from '../src/store/locations.ts'
import { readLogs } from '../src/store/logs.ts'
import { readMonitorsNamed } from '../src/store/monitors.ts'
import { latestSamples } from '../src/store/rates.ts'
import { readSilences } from '../src/store/silences.ts'
import type { JobDeps } from './tell.ts'

/** A fault that has not come through is injected anew this often. */
const AGAIN_MS = 30_000

/**
 * Looks whether what was silenced is back: a silence is not over before everything that it covered has looked, and a fault injected into
 * it has come through.
 */
export function returns({ store, desk, rules, clock }: JobDeps) {
  return async (): Promise<void> => {
    const waiting = (await readSilences(store.pool)).filter(({ awaiting }) => awaiting.length > 0)
    if (waiting.length === 0) return
    const names = waiting.flatMap(({ awaiting }) => awaiting)
    const [probes, logs, views, counted] = await Promise.all([
      readMonitorsNamed(store.pool, names),
      readLogs(store.pool),
      readViews(store.pool, names),
      latestSamples(store.pool, names),
    ])
    const seenAt = (name: string) =>
      Math.max(
        probes.get(name)?.lastSlotAt ?? logs.get(name)?.state.lookedAt ?? counted.get(name) ?? 0,
        ...views.filter(({ monitor }) => monitor === name).map(({ lastSlotAt }) => lastSlotAt),
      )
    const now = clock.now()
    for (const { id, awaiting, seen, endedAt } of waiting)
      for (const name of awaiting) {
        const monitor = under(rules().monitors, name)
        if (!monitor || (looks(monitor) && seenAt(name) <= (endedAt ?? Number.POSITIVE_INFINITY))) continue
        const key = `${id}/${name}`
        if (!seen.includes(name))
          await desk.submit({
            source: 'returns',
            key,
            event: { type: 'reported', silence: id, monitor: name, proof: 'sample' },
          })
        if (!canDrill(monitor)) continue
        const drill = { by: null, to: 'nobody', silence: id } as const
        const fault = await injected({ pool: store.pool, rules: rules() }, monitor, drill, now)
        // What does not see it is not back: its owner hears of that at the deadline.
        if (fault) await desk.submit({ source: 'returns', key: `${key}/${Math.floor(now / AGAIN_MS)}`, event: fault })
      }
  }
}
