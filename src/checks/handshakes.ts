/** So many handshakes are under way at once. */
export const MOST = 128

/** A handshake counts for so long, ms: a target that never answers is in nobody's way. */
const COUNTS_MS = 1_000

/** In a turn of the event loop that takes so long, ms, there was enough to do; only so many of those are waited for. */
const LONG_MS = 50
const MOST_LONG = 5

export interface Handshakes {
  /** Null when one may begin at once; otherwise resolves when it may. To be asked before anything is opened. */
  turn(): Promise<void> | null
  /** One begins; what is returned is called at its end. */
  begin(): () => void
}

/**
 * Spreads handshakes: one begins in each turn of the event loop, so that what the others have got comes first, and no more than can be done. Begun all at
 * once they would all run into their time limits, each be blamed on its target, and be made again; and those that all have got their answers
 * hold up the event loop for so long that none of them can tell how long its target took.
 */
export function createHandshakes(elapsed: () => number): Handshakes {
  let underWay = 0
  /** One has begun in this turn of the event loop. */
  let begun = false
  let long = 0
  const waiting: (() => void)[] = []

  const free = () => !begun && underWay < MOST

  function next(): void {
    if (!free()) return
    const first = waiting.shift()
    if (first === undefined) return
    // Until it begins nobody else may, although it does so a little later.
    turnTaken()
    first()
  }

  function turnTaken(): void {
    begun = true
    const from = elapsed()
    setImmediate(() => {
      if (elapsed() - from >= LONG_MS && ++long <= MOST_LONG) return turnTaken()
      long = 0
      begun = false
      next()
    })
  }

  return {
    turn() {
      if (waiting.length > 0 || !free()) return new Promise((resolve) => waiting.push(resolve))
      turnTaken()
      return null
    },
    begin() {
      let counts = true
      const end = () => {
        if (!counts) return
        counts = false
        clearTimeout(timer)
        underWay--
        next()
      }
      const timer = setTimeout(end, COUNTS_MS)
      underWay++
      return end
    },
  }
}
