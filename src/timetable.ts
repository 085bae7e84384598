import type pg from 'pg'
import type { Logger } from 'pino'
import { type Clock, machine, sleep } from './clock.ts'
import { messageOf } from './errors.ts'
import { type EntryHealth, entries, phaseOf, slotOf } from './timetable/entries.ts'
import { buildQueues, type Queues, type Scheduled } from './timetable/queues.ts'

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
const REBUILD_MS = 500
const LONGEST_REBUILD_MS = 2_000
/** Queues that lived so long had been sound. */
const SOUND_MS = 10_000
/** The same complaint is logged once in this time. */
const SAME_COMPLAINT_MS = 10_000
/** Different complaints remembered. */
const COMPLAINTS = 100

/**
 * What is done every so often: probe shards, digests, synchronisations. A timetable only wakes; nothing that pages anybody depends on
 * it. Slots of an entry begin at multiples of `ms` shifted by a phase of its name's own.
 */
export interface Timetable {
  /**
   * Calls `run` once per slot, with the slot's beginning: by one process only, where several share the store, and never while this
   * process's last call of it still runs. A slot that was missed is skipped. What `run` throws is logged.
   *
   * @param name stable, unique, without ":"; a second process with the same name takes turns
   * @param ms whole milliseconds, from 10
   */
  every(name: string, ms: number, run: (slotAt: number) => Promise<void>): void
  /** Begins. Does not wait for a store that is down: see `health().ready`. */
  start(): Promise<void>
  health(): TimetableHealth
  /** Ends within seconds; a run that takes longer goes on without us. */
  close(): Promise<void>
}

interface TimetableHealth {
  /** Ticks may be expected. */
  ready: boolean
  entries: EntryHealth[]
}

/** A timetable on the clock alone: for tests, for the demo's clock, and for a bot without any queue. */
export function clockTimetable({ clock, log }: { clock: Clock; log: Logger }): Timetable {
  const table = entries(clock, log)
  const closing = new AbortController()
  let started = false

  async function follow(name: string): Promise<void> {
    const entry = table.get(name)
    if (entry === undefined) return
    try {
      while (!closing.signal.aborted) {
        await clock.sleepUntil(slotOf(name, entry.ms, clock.now()) + entry.ms, closing.signal)
        await table.tick(entry, slotOf(name, entry.ms, clock.now()))
      }
    } catch (error) {
      if (!closing.signal.aborted) throw error
    }
  }

  return {
    every(name, ms, run) {
      table.add(name, ms, run)
      if (started) void follow(name)
    },
    async start() {
      started = true
      for (const { name } of table.all()) void follow(name)
    },
    health: () => ({ ready: started && !closing.signal.aborted, entries: table.health() }),
    async close() {
      closing.abort()
      await atMost(CLOSE_MS, table.idle())
    },
  }
}

interface PostgresTimetableOptions {
  poolConfig: pg.PoolConfig
  clock: Clock
  log: Logger
  /** Of this process, as its workers are called. */
  processName: string
}

/**
 * A timetable on BullMQ's job schedulers in Postgres, so that several processes share it. BullMQ's failures are many and quiet, so it is
 * watched: what errs three times or is silent for 30 s is thrown away and built anew, and schedulers are made sure of again and again.
 *
 * BullMQ goes by the machine's clock and slots by ours. While the two agree to within a slot, the job's due time names the slot, alike in
 * every process; otherwise (a jump of the machine's clock, a late job) it is the slot of our present.
 */
export function postgresTimetable({ poolConfig, clock, log, processName }: PostgresTimetableOptions): Timetable {
  const table = entries(clock, log)
  const complain = complaints(log)
  const closing = new AbortController()
  const scheduled = (): Scheduled[] => table.all().map(({ name, ms }) => ({ name, ms, phase: phaseOf(name, ms) }))
  /** When each entry was last known to be ticking, here or in another process; by `machine.elapsed`. */
  const aliveAt = new Map<string, number>()
  let queues: Queues | undefined
  let failures = 0
  let supervision: Promise<void> | undefined
  /** Cuts the pause of the upkeep short. */
  let nudge = new AbortController()

  function onError(error: unknown): void {
    if (closing.signal.aborted) return
    complain(error)
    failures++
    if (failures >= FAILURES) nudge.abort()
  }

  async function onTick(name: string, dueAt: number): Promise<void> {
    const entry = table.get(name)
    if (entry === undefined || closing.signal.aborted) return
    failures = 0
    aliveAt.set(name, machine.elapsed())
    const early = dueAt - clock.now()
    try {
      if (early > 0 && early < entry.ms) await clock.sleepUntil(dueAt, closing.signal)
    } catch {
      return
    }
    const agreed = Math.abs(clock.now() - dueAt) < entry.ms
    await table.tick(entry, slotOf(name, entry.ms, agreed ? dueAt : clock.now()))
  }

  async function supervise(): Promise<void> {
    let pause = REBUILD_MS / 2
    while (!closing.signal.aborted) {
      const builtAt = machine.elapsed()
      try {
        failures = 0
        const built = await buildQueues({ poolConfig, processName, onTick, onError }, scheduled())
        queues = built
        for (const { name } of table.all()) aliveAt.set(name, machine.elapsed())
        await lookAfter(built)
      } catch (error) {
        if (!closing.signal.aborted) complain(error)
      }
      const broken = queues
      queues = undefined
      await broken?.close(closing.signal.aborted ? CLOSE_MS : 0)
      // What breaks again at once is not hammered at.
      pause = machine.elapsed() - builtAt > SOUND_MS ? REBUILD_MS : Math.min(pause * 2, LONGEST_REBUILD_MS)
      await sleep(pause, closing.signal).catch(() => {})
    }
  }

  /** Returns, or throws, when the queues are to be built anew. */
  async function lookAfter(built: Queues): Promise<void> {
    let scheduledAt = machine.elapsed()
    let known = table.all().length
    while (!closing.signal.aborted) {
      nudge = new AbortController()
      await sleep(UPKEEP_MS, AbortSignal.any([nudge.signal, closing.signal])).catch(() => {})
      if (closing.signal.aborted) return
      if (failures >= FAILURES) {
        log.warn({ failures }, 'the queues of the timetable failed and are built anew')
        return
      }
      const now = machine.elapsed()
      // An error may have swallowed the next job of a scheduler, so it is not left at that until the minute is over.
      if (failures > 0 || table.all().length !== known || now - scheduledAt >= RESCHEDULE_MS) {
        for (const entry of scheduled()) await built.schedule(entry)
        if (table.all().length !== known) built.begin(scheduled())
        known = table.all().length
        scheduledAt = now
        failures = 0
      }
      for (const entry of scheduled()) {
        const lateMs = now - (aliveAt.get(entry.name) ?? now) - entry.ms
        if (lateMs < LATE_MS) continue
        if (lateMs >= SILENT_MS) {
          log.warn({ job: entry.name, lateMs: Math.round(lateMs) }, 'the timetable fell silent and is built anew')
          return
        }
        await lookInto(built, entry)
      }
    }
  }

  /** Nothing was heard of an entry: another process had its ticks, or its scheduler is not what it should be. */
  async function lookInto(built: Queues, entry: Scheduled): Promise<void> {
    const dueIn = await built.nextDue(entry).then((at) => (at === null ? null : at - machine.now()))
    if (dueIn !== null && dueIn > -LATE_MS && dueIn <= 2 * entry.ms + LATE_MS) {
      aliveAt.set(entry.name, machine.elapsed())
      return
    }
    // The machine's clock was set back: BullMQ would wait until it has caught up.
    if (dueIn !== null && dueIn > 0) await built.unschedule(entry)
    await built.schedule(entry)
  }

  return {
    every(name, ms, run) {
      table.add(name, ms, run)
      aliveAt.set(name, machine.elapsed())
      nudge.abort()
    },
    async start() {
      supervision ??= supervise()
    },
    health: () => ({ ready: queues !== undefined, entries: table.health() }),
    async close() {
      closing.abort()
      await supervision
      await atMost(CLOSE_MS, table.idle())
    },
  }
}

/** An outage makes thousands of errors a second; a reader needs each cause once. */
function complaints(log: Logger): (error: unknown) => void {
  const told = new Map<string, { at: number; unsaid: number }>()
  return (error) => {
    const reason =
      messageOf(error) || (error instanceof AggregateError && messageOf(error.errors[0])) || 'no reason given'
    // Two messages that differ in a number are one cause.
    const cause = reason.replace(/\d+/g, '#').slice(0, 200)
    const last = told.get(cause)
    const at = machine.elapsed()
    if (last !== undefined && at - last.at < SAME_COMPLAINT_MS) {
      last.unsaid++
      return
    }
    if (told.size >= COMPLAINTS) told.clear()
    told.set(cause, { at, unsaid: 0 })
    log.warn({ reason, alike: last?.unsaid ?? 0 }, 'the queues of the timetable complain')
  }
}

async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  const over = new AbortController()
  await Promise.race([work.finally(() => over.abort()), sleep(ms, over.signal).catch(() => {})])
}
