import { readViews } from '../src/store/locations.ts'
import { readLogs } from '../src/store/logs.ts'
import { readMonitorsNamed } from '../src/store/monitors.ts'
import { readSilences } from '../src/store/silences.ts'
import type { JobDeps } from './tell.ts'

/** Looks whether what was silenced has reported since: a silence is not over before everything that it covered is seen to be watched. */
export function returns({ store, desk }: JobDeps) {
  return async (): Promise<void> => {
    const waiting = (await readSilences(store.pool)).filter(({ awaiting }) => awaiting.length > 0)
    if (waiting.length === 0) return
    const names = waiting.flatMap(({ awaiting }) => awaiting)
    const [probes, logs, views] = await Promise.all([
      readMonitorsNamed(store.pool, names),
      readLogs(store.pool),
      readViews(store.pool, names),
    ])
    const seenAt = (name: string) =>
      Math.max(
        probes.get(name)?.lastSlotAt ?? logs.get(name)?.state.lookedAt ?? 0,
        ...views.filter(({ monitor }) => monitor === name).map(({ lastSlotAt }) => lastSlotAt),
      )
    for (const { id, awaiting, endedAt } of waiting)
      for (const monitor of awaiting)
        if (seenAt(monitor) > (endedAt ?? Number.POSITIVE_INFINITY))
          await desk.submit({
            source: 'returns',
            key: `${id}/${monitor}`,
            event: { type: 'reported', silence: id, monitor },
          })
  }
}
