import type { Logger } from 'pino'
import { type Clock, machine, sleep } from '../clock.ts'
import { type Complain, reasonOf } from '../complaints.ts'
import { type Backend, buildQueues, type Queues, type Scheduled } from './queues.ts'
import { standing } from './standing.ts'

/** How long `close` waits for what runs. */
const CLOSE_MS = 3_000
/** How often the queues are looked after. */
const UPKEEP_MS = 1_000
/** Schedulers are made sure of this often; a store that was emptied or replaced gets them back. */
const RESCHEDULE_MS = 60_000
/** An entry so much later than its slot is looked into... */
const LATE_MS = 5_000
/** ...and after so long everything is built anew. */
const SILENT_MS = 30_000
/** So many errors with no tick and no successful upkeep between them, and everything is built anew. */
const FAILURES = 3
/** Between two builds: what breaks again at once is not hammered at, and what is there again is found soon. */
const REBUILD_MS = 500
const LONGEST_REBUILD_MS = 1_500
/** Queues that lived so long had been sound. */
const SOUND_MS = 10_000

interface SupervisorOptions {
  backend: Backend
  processName: string
  clock: Clock
  log: Logger
  complain: Complain
  /** What is to be scheduled, at this moment. */
  scheduled(): Scheduled[]
  /** An entry fell due at an instant of the machine's clock. Resolves when its run has ended. */
  onTick(name: string, dueAt: number): Promise<void>
}

export interface Supervisor {
  start(): void
  /** Another entry is to be scheduled. */
  more(name: string): void
  /** An entry is to be scheduled no more. */
  fewer(): void
  /** The queue let a slot of an entry pass: it is looked into. */
  missed(name: string): void
  /** Since when the queue wakes nobody, watch time; null when it does its part. */
  downSince(): number | null
  /** Ends within seconds. */
  close(): Promise<void>
}

/**
 * BullMQ's failures are many and quiet, so its queues are watched: what errs three times or is silent for 30 s is thrown away and built
 * anew, and schedulers are made sure of again and again.
 */
export function superviseQueues(options: SupervisorOptions): Supervisor {
  const { backend, processName, clock, log, complain, scheduled } = options
  const closing = new AbortController()
  const queue = standing(backend.name, clock, log)
  /** When each entry was last known to be ticking by the queue, here or in another process; by `machine.elapsed`. */
  const aliveAt = new Map<string, number>()
  const missed = new Set<string>()
  let failures = 0
  let supervision: Promise<void> | undefined
  /** Of the queues that there are now: aborted when they have failed. */
  let broken = new AbortController()
  /** Cuts the pause of the upkeep short. */
  let nudge = new AbortController()

  function onError(error: unknown): void {
    if (closing.signal.aborted || broken.signal.aborted) return
    complain('the queue of the timetable complains', error)
    failures++
    if (failures >= FAILURES) broken.abort(error)
  }

  async function onTick(name: string, dueAt: number): Promise<void> {
    if (closing.signal.aborted) return
    alive(name)
    failures = 0
    if (!broken.signal.aborted) queue.up()
    await options.onTick(name, dueAt)
  }

  function alive(name: string): void {
    aliveAt.set(name, machine.elapsed())
    missed.delete(name)
  }

  async function supervise(): Promise<void> {
    let pause = REBUILD_MS / 2
    while (!closing.signal.aborted) {
      const builtAt = machine.elapsed()
      failures = 0
      broken = new AbortController()
      const over = AbortSignal.any([broken.signal, closing.signal])
      const building = buildQueues({ backend, processName, onTick, onError }, scheduled())
      let queues: Queues | undefined
      try {
        queues = await Promise.race([building, rejected(over)])
        for (const { name } of scheduled()) alive(name)
        await Promise.race([lookAfter(queues, over), rejected(over)])
      } catch (error) {
        if (!over.aborted) onError(error)
        if (!closing.signal.aborted) queue.down(reasonOf(error))
        broken.abort(error)
      }
      if (queues) await queues.close(closing.signal.aborted ? CLOSE_MS : 0)
      // Nobody waits for a server that does not answer; what it gives us yet is let go.
      else void building.then((late) => late.close(0)).catch(() => {})
      if (closing.signal.aborted) return
      pause = machine.elapsed() - builtAt > SOUND_MS ? REBUILD_MS : Math.min(pause * 2, LONGEST_REBUILD_MS)
      await sleep(pause, closing.signal).catch(() => {})
    }
  }

  /** Until it is over; throws when the queues are to be built anew. */
  async function lookAfter(queues: Queues, over: AbortSignal): Promise<void> {
    let scheduledAt = machine.elapsed()
    let known = scheduled()
    over.addEventListener('abort', () => nudge.abort(), { once: true })
    while (!over.aborted) {
      nudge = new AbortController()
      await sleep(UPKEEP_MS, nudge.signal).catch(() => {})
      if (over.aborted) return
      const now = machine.elapsed()
      const sound = failures === 0
      // An error may have swallowed the next job of a scheduler, so it is not left at that until the minute is over.
      const wanted = scheduled()
      const changed = wanted.map(({ name }) => name).join() !== known.map(({ name }) => name).join()
      if (!sound || changed || now - scheduledAt >= RESCHEDULE_MS) {
        for (const entry of wanted) await queues.schedule(entry)
        for (const entry of known) if (!wanted.some(({ name }) => name === entry.name)) await queues.unschedule(entry)
        if (changed) queues.begin(wanted)
        known = wanted
        scheduledAt = now
        failures = 0
      }
      const silent = await silentEntry(queues)
      if (over.aborted) return
      if (silent !== null) queue.down(`${silent} does not tick`)
      else if (sound) queue.up()
    }
  }

  /** The name of an entry that nothing was heard of for too long, and whose scheduler was not as it should be. */
  async function silentEntry(queues: Queues): Promise<string | null> {
    let silent: string | null = null
    for (const entry of scheduled()) {
      const now = machine.elapsed()
      const lateMs = now - (aliveAt.get(entry.name) ?? now) - entry.ms
      if (lateMs >= SILENT_MS) throw new Error(`${entry.name} has not ticked for ${SILENT_MS / 1_000} s`)
      if ((lateMs >= LATE_MS || missed.has(entry.name)) && !(await lookInto(queues, entry))) silent = entry.name
    }
    return silent
  }

  /**
   * Nothing was heard of an entry: another process had its ticks, or its scheduler is not what it should be.
   *
   * @returns whether it was in order; if not, it is now
   */
  async function lookInto(queues: Queues, entry: Scheduled): Promise<boolean> {
    const dueAt = await queues.nextDue(entry)
    const dueIn = dueAt === null ? null : dueAt - machine.now()
    if (dueIn !== null && dueIn > -LATE_MS && dueIn <= 2 * entry.ms + LATE_MS) {
      alive(entry.name)
      return true
    }
    // The machine's clock was set back: BullMQ would wait until it has caught up.
    if (dueIn !== null && dueIn > 0) await queues.unschedule(entry)
    await queues.schedule(entry)
    return false
  }

  return {
    start() {
      supervision ??= supervise()
    },
    more(name) {
      alive(name)
      nudge.abort()
    },
    fewer: () => nudge.abort(),
    missed(name) {
      if (queue.downSince() !== null) return
      missed.add(name)
      nudge.abort()
    },
    downSince: queue.downSince,
    async close() {
      closing.abort()
      await supervision
    },
  }
}

function rejected(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
