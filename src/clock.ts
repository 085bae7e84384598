import { uptime } from 'node:os'

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
  /** Wall time of the machine at the start of the process, counted on from there: leases do not end because somebody sets the clock. */
  now(): number
  /** Monotonic, for durations only. */
  elapsed(): number
}

/** Sleeps are taken in pieces, so that a machine that was suspended notices within this that its sleep is over. */
const LONGEST_SLEEP_MS = 5_000

/** How often the machine's clocks are compared. */
const LOOK_MS = 1_000

/** Less is drift, which is slewed away a little at each look; more is a jump. */
const JUMP_MS = 2_000
const SLEW_MS = 5

/** What the machine offers, in milliseconds. */
export interface Sources {
  /** Wall time, which anybody may set. */
  wall(): number
  /** Stands still while the machine is suspended. */
  monotonic(): number
  /** Goes on while the machine is suspended; may be coarse. */
  uptime(): number
}

const SYSTEM: Sources = {
  wall: () => Date.now(),
  monotonic: () => performance.now(),
  uptime: () => uptime() * 1_000,
}

/** What a clock tells of the machine's: it was suspended (and watch time has caught up), or its wall clock was set (and was not followed). */
export type Jump = { kind: 'suspended' | 'set'; ms: number }

/**
 * The real clock: anchored once (to the database's clock where one is given) and monotonic from there. Somebody who sets the machine's wall
 * clock makes nobody's escalation early or late; a suspended machine catches up.
 *
 * @param anchorAt the instant that is now, UTC milliseconds
 */
export function realClock(
  anchorAt: number = Date.now(),
  onJump: (jump: Jump) => void = () => {},
  sources: Sources = SYSTEM,
): Clock {
  const wallOffset = anchorAt - sources.wall()
  let origin = anchorAt - sources.monotonic()
  let suspended = sources.uptime() - sources.monotonic()
  let lookedAt = sources.monotonic()
  let told = 0
  let latest = anchorAt

  function look(): void {
    lookedAt = sources.monotonic()
    const asleep = sources.uptime() - lookedAt - suspended
    if (asleep > JUMP_MS) {
      suspended += asleep
      origin += asleep
      onJump({ kind: 'suspended', ms: asleep })
    }
    const drift = sources.wall() + wallOffset - (origin + lookedAt)
    if (Math.abs(drift) <= JUMP_MS) {
      origin += Math.max(-SLEW_MS, Math.min(SLEW_MS, drift))
      told = 0
    } else if (Math.abs(drift - told) > JUMP_MS) {
      told = drift
      onJump({ kind: 'set', ms: drift })
    }
  }

  const now = () => {
    if (sources.monotonic() - lookedAt >= LOOK_MS) look()
    latest = Math.max(latest, Math.floor(origin + sources.monotonic()))
    return latest
  }
  return {
    now,
    async sleepUntil(at, signal) {
      signal?.throwIfAborted()
      for (let ms = at - now(); ms > 0; ms = at - now()) await sleep(Math.min(ms, LONGEST_SLEEP_MS), signal)
    },
  }
}

export const machine: Machine = {
  now: () => Math.floor(performance.timeOrigin + performance.now()),
  elapsed: () => performance.now(),
}

/**
 * Machine time that agrees with that of other machines, since leases of one are read by another: their clocks may differ, the database's
 * is one.
 *
 * @param at what the database's clock says now, UTC ms
 */
export function anchored(at: number): Machine {
  const start = machine.elapsed()
  return { now: () => Math.floor(at + machine.elapsed() - start), elapsed: machine.elapsed }
}

/** How often a process shows to itself that it runs. */
const BEAT_MS = 25

/** Who did not run for so long cannot say how long others took. */
const STILL_MS = 250

/** Standstills that are over, kept for whoever began before them. */
const KEPT_MS = 10 * 60_000

/** Notices when this process stood still: its event loop was blocked, it was stopped, or the machine was suspended. */
export interface Standstills {
  /** From now on. */
  mark(): Mark
  /** The longest standstill since a mark, the present one included; 0 when none was long enough to matter. Milliseconds. */
  since(mark: Mark): number
  close(): void
}

interface Mark {
  at: number
  asleep: number
}

export function standstills(sources: Pick<Sources, 'monotonic' | 'uptime'> = SYSTEM): Standstills {
  const { monotonic } = sources
  const asleep = () => sources.uptime() - monotonic()
  let beatAt = monotonic()
  // Asked for with each beat, and not by each that begins: the question costs more than the rest.
  let asleepMs = asleep()
  let over: { at: number; ms: number }[] = []
  const lateMs = () => monotonic() - beatAt - BEAT_MS
  const beat = setInterval(() => {
    const [at, ms] = [monotonic(), lateMs()]
    if (ms >= STILL_MS) over = [...over.filter((each) => each.at > at - KEPT_MS), { at, ms }]
    beatAt = at
    asleepMs = asleep()
  }, BEAT_MS).unref()
  return {
    mark: () => ({ at: monotonic(), asleep: asleepMs }),
    since(mark) {
      // What became due during it may be told of it before our own beat is.
      const stood = Math.max(lateMs(), ...over.filter(({ at }) => at > mark.at).map(({ ms }) => ms))
      const slept = asleep() - mark.asleep
      return Math.round(Math.max(stood >= STILL_MS ? stood : 0, slept > JUMP_MS ? slept : 0))
    },
    close: () => clearInterval(beat),
  }
}

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

/** Keeps what is repeated to a share of the time, however long it takes. */
export interface Rests {
  /** Does it; when it succeeds, a rest begins. */
  after<T>(work: () => Promise<T>): Promise<T>
  /** How long the rest still is; 0 or less when there is none. Milliseconds. */
  leftMs(): number
}

/**
 * @param times how many times as long as the work took its rest is
 * @param longestMs no rest is longer
 */
export function rests({ elapsed }: Pick<Machine, 'elapsed'>, times: number, longestMs: number): Rests {
  let until = Number.NEGATIVE_INFINITY
  return {
    async after(work) {
      const from = elapsed()
      const result = await work()
      const end = elapsed()
      until = end + Math.min(times * (end - from), longestMs)
      return result
    },
    leftMs: () => until - elapsed(),
  }
}
