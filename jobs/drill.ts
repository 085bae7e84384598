import { canDrill, faultOf } from '../src/domain/detect/drill.ts'
import { disabledOf } from '../src/domain/detect/silence.ts'
import type { Handler } from '../src/outbox.ts'
import { lastDrillAt } from '../src/store/drills.ts'
import { readFact } from '../src/store/incidents.ts'
import { readSilences } from '../src/store/silences.ts'
import type { JobDeps } from './tell.ts'

export const DRILLS_MS = 5 * 60_000

/**
 * Every five minutes a fault is injected that pages nobody, by each monitor in turn: it is decided, owed and claimed like any other. While
 * none comes out at the other end, nobody outside hears that all is well, and everybody on duty hears that it is not.
 */
export function drills({ store, desk, rules, clock }: JobDeps) {
  /** When the latest was injected by this process. */
  let injectedAt: number | null = null

  return async (slotAt: number): Promise<void> => {
    const last = injectedAt === null ? null : await lastDrillAt(store.pool)
    const lost = injectedAt !== null && (last ?? 0) < injectedAt
    const off = disabledOf(await readSilences(store.pool), slotAt)
    const able = Object.values(rules().monitors).filter((each) => canDrill(each) && !off.has(each.name))
    const monitor = able[Math.floor(slotAt / DRILLS_MS) % able.length]
    if (!monitor) return
    const event = faultOf(monitor, { by: null, to: 'nobody', silence: null }, slotAt)
    injectedAt = clock.now()
    await desk.submit({ source: 'drill', key: `${monitor.name}@${slotAt}`, event })
    // An entry that fails each time is told like one that stands still.
    if (lost) throw new Error('the fault that was injected before this one has not come through')
  }
}

/** An injected fault has come out at the other end: what it was to prove is proven. */
export function drill({ store, desk }: JobDeps): Handler {
  return async (claim) => {
    if (claim.about.kind !== 'drill') throw new Error(`${claim.key} is no drill`)
    const fact = await readFact(store.pool, claim.about.fact)
    if (fact?.type !== 'drilled') throw new Error(`${claim.key} is about no drill on record`)
    const { silence, monitor } = fact
    if (silence !== null && monitor !== null) {
      const event = { type: 'reported', silence, monitor, proof: 'fault' } as const
      await desk.submit({ source: 'returns', key: `${silence}/${monitor}/fault`, event })
    }
    return { outcome: 'done' }
  }
}
