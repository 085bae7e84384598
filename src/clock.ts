/**
 * Watch time: the instants that decide who is paged and when. It is a parameter of every decision and every query; SQL never says
 * now(). Machine time (leases, I/O limits, durations) is something else: {@link Machine}. Only this file touches the system clock.
 */
export interface Clock {
  /** The current instant, UTC milliseconds. Never goes backwards. */
  now(): number
  /** Resolves once `now() >= at`; rejects with the signal's reason when it is aborted first. */
  sleepUntil(at: number, signal?: AbortSignal): Promise<void>
}

/** Machine time, for leases, limits of I/O and durations. Milliseconds. */
export interface Machine {
  /** Wall time of the machines, comparable between processes (anchored to the database where there are several). */
  now(): number
  /** Monotonic, for durations only. */
  elapsed(): number
}

/** setTimeout fires at once above 2^31-1 ms; long sleeps are taken in pieces. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/**
 * The real clock: anchored once (to the database's clock where one is given), monotonic from there. A jump of the machine's wall clock
 * does not move it.
 *
 * @param anchorAt the instant that is now, UTC milliseconds; the machine's own when omitted
 */
export function realClock(anchorAt: number = Date.now()): Clock {
  const origin = anchorAt - performance.now()
  const now = () => Math.floor(origin + performance.now())
  return {
    now,
    async sleepUntil(at, signal) {
      while (now() < at) await sleep(Math.min(at - now(), LONGEST_TIMER_MS), signal)
    },
  }
}

export const machine: Machine = { now: () => Date.now(), elapsed: () => performance.now() }

/** Waits `ms` milliseconds of machine time; rejects with the signal's reason when it is aborted first. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }, ms)
    const abort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', abort, { once: true })
  })
}
