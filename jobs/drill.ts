import { canDrill } from '../src/domain/detect/drill.ts'
import { disabledOf } from '../src/domain/detect/silence.ts'
import type { Recorded } from '../src/domain/fact.ts'
import { allInShadow } from '../src/domain/shadow.ts'
import { injected } from '../src/fault.ts'
import type { Claimed, Handler, Sent } from '../src/outbox.ts'
import { remove } from '../src/slack/api.ts'
import { drillProof } from '../src/slack/drill.ts'
import { lastDrillAt, lastDrillPage } from '../src/store/drills.ts'
import { readFact } from '../src/store/incidents.ts'
import { readSilences } from '../src/store/silences.ts'
import { dmOf, type JobDeps, keyed, tell, voice } from './tell.ts'

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
    const drill = { by: null, to: 'nobody', silence: null } as const
    const event = await injected({ pool: store.pool, rules: rules() }, monitor, drill, slotAt)
    if (!event) throw new Error(`${monitor.name} does not see a fault that is injected into it`)
    injectedAt = clock.now()
    await desk.submit({ source: 'drill', key: `${monitor.name}@${slotAt}`, event })
    // An entry that fails each time is told like one that stands still.
    if (lost) throw new Error('the fault that was injected before this one has not come through')
  }
}

/**
 * An injected fault comes out at the other end: what it was to prove is proven. Where somebody takes the pages of drills, they are sent as any
 * page is, and the one before is taken away: Slack is part of the proof, and nobody has to clean up.
 */
export function drill(deps: JobDeps): Handler {
  const { store, desk } = deps
  return async (claim) => {
    if (claim.about.kind !== 'drill') throw new Error(`${claim.key} is no drill`)
    const fact = await readFact(store.pool, claim.about.fact)
    if (fact?.type !== 'drilled') throw new Error(`${claim.key} is about no drill on record`)
    const before = await lastDrillPage(store.pool)
    const sent = await sendPage(deps, claim, fact)
    if (sent.outcome !== 'done') return sent
    const { silence, monitor } = fact
    if (silence !== null && monitor !== null) {
      const event = { type: 'reported', silence, monitor, proof: 'fault' } as const
      await desk.submit({ source: 'returns', key: `${silence}/${monitor}/fault`, event })
    }
    if (before !== null && sent.result !== undefined) await remove(deps.slack.rest, before)
    return sent
  }
}

async function sendPage(deps: JobDeps, claim: Claimed, fact: Recorded & { type: 'drilled' }): Promise<Sent> {
  const to = deps.rules().outwardHeartbeat?.drillTo ?? null
  // In shadow mode nobody's DM is part of the proof.
  if (to === null || ('person' in to && allInShadow(deps.rules()))) return { outcome: 'done' }
  const call = deps.slack.pages
  const where = 'channel' in to ? to : await dmOf(call, deps, to.person)
  if (!('channel' in where)) return where
  const message = { ...drillProof(await voice(deps), fact), metadata: keyed(claim) }
  return tell(deps, claim, { call, channel: where.channel, message, sinceAt: fact.at })
}
