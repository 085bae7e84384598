import type { Clock } from '../../src/clock.ts'

export interface TestClock extends Clock {
  /** Moves watch time to `at` and wakes whoever slept until then, in order of time. A driver jumps from sleeper to sleeper. */
  advanceTo(at: number): void
  /** When the next sleeper wakes, or null when nobody sleeps. */
  nextSleeper(): number | null
  readonly sleepers: number
}

interface Sleeper {
  at: number
  wake(): void
}

/** Watch time driven by hand. Nothing passes by itself. */
export function testClock(startAt: number): TestClock {
  let now = startAt
  /** By time; those of the same time in the order they lay down. */
  const sleepers: Sleeper[] = []
  const remove = (sleeper: Sleeper) => {
    const index = sleepers.indexOf(sleeper)
    if (index >= 0) sleepers.splice(index, 1)
  }
  return {
    now: () => now,
    sleepUntil(at, signal) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        if (at <= now) return resolve()
        const abort = () => {
          remove(sleeper)
          reject(signal?.reason)
        }
        const sleeper: Sleeper = {
          at,
          wake() {
            signal?.removeEventListener('abort', abort)
            resolve()
          },
        }
        signal?.addEventListener('abort', abort, { once: true })
        const behind = sleepers.findIndex((other) => other.at > at)
        sleepers.splice(behind < 0 ? sleepers.length : behind, 0, sleeper)
      })
    },
    advanceTo(at) {
      if (at < now) throw new Error(`watch time never goes backwards: ${at} is before ${now}`)
      now = at
      for (let first = sleepers[0]; first !== undefined && first.at <= now; first = sleepers[0]) {
        sleepers.shift()
        first.wake()
      }
    },
    nextSleeper: () => sleepers[0]?.at ?? null,
    get sleepers() {
      return sleepers.length
    },
  }
}

/** Jumps from sleeper to sleeper up to `at`, letting what each one set off come to rest before the next. */
export async function advance(clock: TestClock, at: number, rest: () => Promise<void> = nextTurn): Promise<void> {
  await rest()
  for (let next = clock.nextSleeper(); next !== null && next <= at; next = clock.nextSleeper()) {
    clock.advanceTo(next)
    await rest()
  }
  clock.advanceTo(at)
  await rest()
}

/** Enough where nothing but promises is waited for. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
