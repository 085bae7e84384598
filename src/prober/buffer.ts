import { MOST_RESULTS, type Result } from '../domain/detect/report.ts'

/** What a location saw and nobody has taken yet. */
export interface Seen extends Result {
  /** The monitor went down or came up with it. */
  turn: boolean
}

/** A day of a hundred monitors, or what is most worth knowing of it: some tens of megabytes. */
const MOST = 100_000

/** So much room is made at once: most results find some. */
const ROOM = 0.1

/**
 * Results that wait for their server, oldest first. When there are too many, the oldest successes go first, then the oldest failures, and
 * what a monitor went down or came up with last of all.
 */
export function createBuffer(most = MOST) {
  let waiting: Seen[] = []
  let dropped = 0

  function makeRoom(): void {
    const room = Math.max(1, Math.floor(most * ROOM))
    const worth = ({ turn, sample }: Seen) => (turn ? 2 : sample.ok ? 0 : 1)
    const least = waiting
      .map((seen, index) => ({ worth: worth(seen), index }))
      .sort((a, b) => a.worth - b.worth || a.index - b.index)
    const gone = new Set(least.slice(0, room).map(({ index }) => index))
    waiting = waiting.filter((_, index) => !gone.has(index))
    dropped += gone.size
  }

  return {
    add(seen: Seen): void {
      if (waiting.length >= most) makeRoom()
      waiting.push(seen)
    },
    /** The oldest, as many as one report takes. */
    next: (): Seen[] => waiting.slice(0, MOST_RESULTS),
    /** They are with the server, or nobody will ever take them. */
    done(those: readonly Seen[]): void {
      const gone = new Set(those)
      waiting = waiting.filter((seen) => !gone.has(seen))
    },
    size: () => waiting.length,
    dropped: () => dropped,
  }
}
