import type { Clock } from '../clock.ts'

/** Between two steps of a wheel that is behind: whatever else is to be done comes in between. */
export const STEP_MS = 2

/** After a step that came late (an event loop full of handshakes) so much of what it missed is made up at once. */
export const MADE_UP_MS = 20

export interface Wheel {
  /** Calls `due` at an instant (watch time), or as soon after it as its turn comes; what was set for this key before does not count any more. */
  set(key: string, at: number): void
  /** For how long the first of those that wait has been due; 0 when it is not. Watch time, ms. */
  lateMs(): number
  /** Nobody is called any more. */
  stop(): void
}

interface WheelOptions {
  clock: Clock
  due(key: string): void
  /** How many are started a millisecond at most: what falls due at once is spread. */
  perMs(): number
}

/**
 * Wakes many at their instants by one timer: a binary heap by time. What falls due at once (a start, a machine that was suspended) is
 * started at a pace, the longest overdue first: two hundred handshakes in one turn of the event loop would each be blamed on its target.
 */
export function createWheel({ clock, due, perMs }: WheelOptions): Wheel {
  const heap: Item[] = []
  /** What counts of the heap: the others were set anew. */
  const set = new Map<string, number>()
  let sooner = new AbortController()
  let sleepsUntil = Number.NEGATIVE_INFINITY
  let turning = false
  let stopped = false

  async function turn(): Promise<void> {
    // Whoever sets many at once has them all set before the first is started.
    await null
    let left = 0
    for (let missedMs = STEP_MS; ; ) {
      left = Math.min(left + missedMs * perMs(), Math.max(1, MADE_UP_MS * perMs()))
      while (left >= 1 && isDue(heap[0])) left -= startFirst() ? 1 : 0
      if (!isDue(heap[0])) left = 0
      const [first] = heap
      if (first === undefined) break
      const from = clock.now()
      sleepsUntil = Math.max(first.at, from + STEP_MS)
      await clock.sleepUntil(sleepsUntil, sooner.signal).catch(() => {
        sooner = new AbortController()
      })
      const now = clock.now()
      missedMs = Math.min(now - from, STEP_MS + Math.max(0, now - sleepsUntil))
    }
    turning = false
  }

  const isDue = (item: Item | undefined) => item !== undefined && item.at <= clock.now()

  function startFirst(): boolean {
    const item = pop(heap)
    if (item === undefined || set.get(item.key) !== item.at) return false
    set.delete(item.key)
    due(item.key)
    return true
  }

  return {
    set(key, at) {
      if (stopped || set.get(key) === at) return
      set.set(key, at)
      push(heap, { key, at })
      if (turning) {
        if (at < sleepsUntil - STEP_MS) sooner.abort()
        return
      }
      turning = true
      void turn()
    },
    lateMs: () => Math.max(0, clock.now() - (heap[0]?.at ?? Number.POSITIVE_INFINITY)),
    stop() {
      stopped = true
      heap.length = 0
      set.clear()
      sooner.abort()
    },
  }
}

interface Item {
  key: string
  at: number
}

function push(heap: Item[], item: Item): void {
  let at = heap.length
  for (;;) {
    const parent = (at - 1) >> 1
    const above = heap[parent]
    if (above === undefined || above.at <= item.at) break
    heap[at] = above
    at = parent
  }
  heap[at] = item
}

function pop(heap: Item[]): Item | undefined {
  const [first] = heap
  const last = heap.pop()
  if (first === undefined || last === undefined || heap.length === 0) return first
  let at = 0
  for (;;) {
    const left = heap[2 * at + 1]
    const right = heap[2 * at + 2]
    const [child, index] = right && left && right.at < left.at ? [right, 2 * at + 2] : [left, 2 * at + 1]
    if (child === undefined || child.at >= last.at) break
    heap[at] = child
    at = index
  }
  heap[at] = last
  return first
}
