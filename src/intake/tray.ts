import type { Event } from '../domain/event.ts'

/** An event as it comes in over HTTP; source and key name it, so that a repeat collapses. */
export interface Arrival {
  source: string
  key: string
  event: Event
}

/** For whatever comes in: alerts, unless it says otherwise. */
interface Tray<T, R> {
  /** Stores them, all or none; resolves with what came of each (its id) once they are committed. Rejects when the store does not take them. */
  add(arrivals: readonly T[]): Promise<R[]>
  /** Since when what comes in cannot be stored, and when that was tried last; null when the last attempt did it. Watch time. */
  refusing(): Refusal | null
}

export type Refusal = { since: number; last: number }

/** Of several trays the refusal that is the latest news. */
export const lastRefusal = (trays: readonly Pick<Tray<never, unknown>, 'refusing'>[]): Refusal | null =>
  trays.reduce<Refusal | null>((latest, tray) => {
    const refusal = tray.refusing()
    return refusal !== null && (latest === null || refusal.last > latest.last) ? refusal : latest
  }, null)

interface Options<T, R> {
  /** One statement, or one transaction. */
  insert(arrivals: readonly T[]): Promise<R[]>
  /** Whether it was what came in that the store refused, not the store that failed. */
  isTheirs(error: unknown): boolean
  now(): number
  /** How many are stored at once, and how many may wait: where each of them is large, fewer. */
  group?: number
  most?: number
}

/** Rows of one statement: as many as the desk takes at once. */
export const GROUP = 500

/** A sender that waits longer has hung up, or will send it again anyway. */
const PATIENCE_MS = 4_000

/** What is more than this waits for a store that is away, and its senders are told so at once. */
const MOST_WAITING = 20_000

interface Waiting<T, R> {
  arrivals: readonly T[]
  /** Gone: its sender was told that it is not stored, before its turn came. */
  state: 'waiting' | 'storing' | 'gone'
  done(results: R[]): void
  failed(reason: unknown): void
}

/**
 * Requests that arrive together are stored by one statement: while one is on its way the others gather. One that comes alone waits for
 * nothing.
 */
export function createTray<T = Arrival, R = number>(options: Options<T, R>): Tray<T, R> {
  const { insert, isTheirs, now, group: most = GROUP, most: mostWaiting = MOST_WAITING } = options
  const queue: Waiting<T, R>[] = []
  let rows = 0
  let storing = false
  let refusing: Refusal | null = null

  async function store(): Promise<void> {
    storing = true
    while (queue.length > 0) {
      const group = nextGroup()
      if (group.length > 0) await storeGroup(group)
    }
    storing = false
  }

  function nextGroup(): Waiting<T, R>[] {
    let size = 0
    let end = 0
    for (const { arrivals, state } of queue) {
      const more = state === 'gone' ? 0 : arrivals.length
      // One request may be as large as a group, and is never split.
      if (size > 0 && size + more > most) break
      size += more
      end++
    }
    rows -= size
    const group = queue.splice(0, end).filter(({ state }) => state !== 'gone')
    for (const each of group) each.state = 'storing'
    return group
  }

  async function storeGroup(group: Waiting<T, R>[]): Promise<void> {
    try {
      const ids = await insert(group.flatMap(({ arrivals }) => arrivals))
      refusing = null
      for (const { arrivals, done } of group) done(ids.splice(0, arrivals.length))
    } catch (error) {
      // What one of them has in it must not be in the way of the others.
      const theirs = isTheirs(error)
      if (theirs && group.length > 1) for (const each of group) await storeGroup([each])
      else {
        if (!theirs) refuse()
        for (const { failed } of group) failed(error)
      }
    }
  }

  function refuse(): void {
    refusing = { since: refusing?.since ?? now(), last: now() }
  }

  return {
    add(arrivals) {
      if (rows + arrivals.length > mostWaiting) return Promise.reject(new Error('too much is waiting for the store'))
      return new Promise((resolve, reject) => {
        const patience = setTimeout(() => {
          refuse()
          if (waiting.state === 'waiting') {
            waiting.state = 'gone'
            rows -= arrivals.length
          }
          reject(new Error(`the store has not answered within ${PATIENCE_MS} ms`))
        }, PATIENCE_MS)
        const settle =
          <V>(settled: (value: V) => void) =>
          (value: V) => {
            clearTimeout(patience)
            settled(value)
          }
        const waiting: Waiting<T, R> = { arrivals, state: 'waiting', done: settle(resolve), failed: settle(reject) }
        queue.push(waiting)
        rows += arrivals.length
        if (!storing) store().catch(reject)
      })
    },
    refusing: () => refusing,
  }
}
