import { readLogs } from '../src/store/logs.ts'
import { readMonitorsNamed } from '../src/store/monitors.ts'
import { readSilences } from '../src/store/silences.ts'
import type { JobDeps } from './tell.ts'

/** Looks whether what was silenced has reported since: a silence is not over before everything that it covered is seen to be watched. */
export function returns({ store, desk }: JobDeps) {
  return async (): Promise<void> => {
    const waiting = (await readSilences(store.pool)).filter(({ awaiting }) => awaiting.length > 0)
    if (waiting.length === 0) return
    const [probes, logs] = await Promise.all([
      readMonitorsNamed(
        store.pool,
        waiting.flatMap(({ awaiting }) => awaiting),
      ),
      readLogs(store.pool),
    ])
    const seenAt = (name: string) => probes.get(name)?.lastSlotAt ?? logs.get(name)?.state.lookedAt ?? 0
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
