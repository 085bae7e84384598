import { sleep } from '../../src/clock.ts'
import { peopleOf } from '../support/chaos.ts'
import type { Scene } from './play.ts'
import { paged } from './witness.ts'

/** Clients that go on sending while a nemesis works. */

/** A service that failed: when that was taken, and when the last of its people knew. */
export interface Beat {
  service: string
  takenAt: number
  seenAt: number
}

export interface Load {
  beats: readonly Beat[]
  /** Lets everybody finish what they are at; throws when somebody was not paged in time. */
  stop(): Promise<readonly Beat[]>
}

/** Nobody is that slow: then it is lost. */
const LOST_MS = 60_000

/** Services that fail and recover, each in its own time: every beat is an incident, and two pages. */
export function beating(scene: Scene, services: readonly string[], pauseMs = 700): Load {
  const { world } = scene
  const stopped = new AbortController()
  const beats: Beat[] = []
  const failed: unknown[] = []

  async function beat(service: string, turn: number): Promise<void> {
    const key = `beat-${turn}`
    const invokedAt = Date.now()
    const taken = await world.alert(service, { key }, LOST_MS)
    const seenAt = await paged(scene, peopleOf(service), LOST_MS, { after: invokedAt })
    beats.push({ service, takenAt: taken.endedAt, seenAt })
    await world.alert(service, { key, status: 'resolved' }, LOST_MS)
  }

  const all = services.map(async (service, index) => {
    await sleep((index * pauseMs) / services.length)
    for (let turn = 1; !stopped.signal.aborted; turn++) {
      await beat(service, turn)
      await sleep(pauseMs, stopped.signal).catch(() => {})
    }
  })
  for (const each of all) each.catch((error: unknown) => failed.push(error))
  return {
    beats,
    async stop() {
      stopped.abort()
      await Promise.allSettled(all)
      if (failed.length > 0) throw failed[0]
      return beats
    },
  }
}

/** The same alerts again and again, so many a second, of services that fail all the time. Nobody waits for what is refused. */
export function noise({ world }: Scene, services: readonly string[], perSecond: number): { stop(): Promise<void> } {
  const stopped = new AbortController()
  const underWay = new Set<Promise<unknown>>()
  const loop = (async () => {
    for (let n = 0; !stopped.signal.aborted; n++) {
      const service = services[n % services.length] ?? ''
      const sent: Promise<unknown> = world
        .attempt(service, { key: `noise-${n % 3}` })
        .finally(() => underWay.delete(sent))
      underWay.add(sent)
      await sleep(1_000 / perSecond, stopped.signal).catch(() => {})
    }
  })()
  return {
    async stop() {
      stopped.abort()
      await loop
      await Promise.allSettled(underWay)
    },
  }
}

/** I3: from the acceptance of an alert to its pages. */
const P50_MS = 1_000
const P99_MS = 3_000

/** Throws when pages were slower than they may be, by and large and at worst. */
export function mustBePrompt({ most }: Scene, beats: readonly Beat[]): void {
  const took = beats.map(({ takenAt, seenAt }) => seenAt - takenAt).toSorted((a, b) => a - b)
  if (took.length === 0) throw new Error('nobody was paged at all')
  const at = (share: number) => took[Math.ceil(took.length * share) - 1] ?? 0
  if (at(0.5) > most(P50_MS) || at(0.99) > most(P99_MS))
    throw new Error(`from an alert to its pages: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms of ${took.length}`)
}
