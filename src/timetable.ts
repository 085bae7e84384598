import type pg from 'pg'
import type { Logger } from 'pino'
import { type Clock, sleep } from './clock.ts'
import { complaints } from './complaints.ts'
import { type Claim, type EntryHealth, entries, phaseOf, slotOf } from './timetable/entries.ts'
import { postgresBackend } from './timetable/postgres.ts'
import type { Backend } from './timetable/queues.ts'
import { redisBackend } from './timetable/redis.ts'
import { superviseQueues } from './timetable/supervisor.ts'
import { sweep } from './timetable/sweep.ts'

/** How long `close` waits for what runs. */
const CLOSE_MS = 3_000

/**
 * What is done every so often: probe shards, digests, synchronisations. A timetable only wakes; nothing that pages anybody depends on
 * it. Slots of an entry begin at multiples of `ms` shifted by a phase of its name's own.
 */
export interface Timetable {
  /**
   * Calls `run` once per slot, with the slot's beginning: in one process only, where several share the store, and never while this
   * process's last call of it still runs. A slot that was missed is skipped. What `run` throws is logged.
   *
   * @param name stable, unique, without ":"; a second process with the same name takes turns
   * @param ms whole milliseconds, from 10
   * @param run its signal is aborted when the timetable is closed: whatever waits within a slot ends then
   */
  every(name: string, ms: number, run: (slotAt: number, signal: AbortSignal) => Promise<void>): void
  /** Takes an entry out again; what of it runs goes on. */
  never(name: string): void
  /** Begins. Does not wait for a queue that is down. */
  start(): Promise<void>
  health(): TimetableHealth
  /** Ends within seconds; a run that takes longer goes on without us. */
  close(): Promise<void>
}

interface TimetableHealth {
  /** Ticks may be expected, by a queue or by the clock. */
  ready: boolean
  /** The queue that shares the slots out, and since when it does not (watch time): the clock does meanwhile. Null: by the clock alone. */
  queue: { name: Backend['name']; downSince: number | null } | null
  entries: EntryHealth[]
}

interface ClockTimetableOptions {
  clock: Clock
  log: Logger
  /** Of the store: {@link Claim}. Without one, every slot is this process's own. */
  claim?: Claim
}

interface SharedTimetableOptions extends Required<ClockTimetableOptions> {
  /** Of this process, as its workers are called. */
  processName: string
}

/** A timetable on the clock alone: for tests, for the demo's clock, and for a bot without any queue. */
export function clockTimetable({ clock, log, claim = async () => true }: ClockTimetableOptions): Timetable {
  return timetable({ clock, log, claim, processName: '' }, null)
}

/** A timetable on BullMQ in Postgres. */
export function postgresTimetable(options: SharedTimetableOptions & { poolConfig: pg.PoolConfig }): Timetable {
  return timetable(options, postgresBackend(options.poolConfig))
}

/** A timetable on BullMQ in Redis, one server or behind Sentinels; for `url`, see {@link parseRedisUrl}. */
export function redisTimetable(options: SharedTimetableOptions & { url: string }): Timetable {
  return timetable(options, redisBackend(options.url))
}

/**
 * Two wake every entry, and neither is trusted: the queue, which shares slots out to the processes and is often away, and our own clock,
 * which runs what the queue left. Whoever wakes claims the slot first, so that it is run once.
 *
 * BullMQ goes by the machine's clock and slots by ours. While the two agree to within a slot, the job's due time names the slot, alike in
 * every process; otherwise (a jump of the machine's clock, a late job) it is the slot of our present.
 */
function timetable({ clock, log, claim, processName }: SharedTimetableOptions, backend: Backend | null): Timetable {
  const complain = complaints(log)
  const closing = new AbortController()
  const following = new Map<string, AbortController>()
  const table = entries({ clock, log, claim, complain, signal: closing.signal })
  let started = false
  const queue =
    backend &&
    superviseQueues({
      backend,
      processName,
      clock,
      log,
      complain,
      onTick,
      scheduled: () => table.all().map(({ name, ms }) => ({ name, ms, phase: phaseOf(name, ms) })),
    })

  async function onTick(name: string, dueAt: number): Promise<void> {
    const entry = table.get(name)
    if (entry === undefined) return
    const early = dueAt - clock.now()
    try {
      if (early > 0 && early < entry.ms) await clock.sleepUntil(dueAt, closing.signal)
    } catch {
      return
    }
    const agreed = Math.abs(clock.now() - dueAt) < entry.ms
    await table.tick(entry, slotOf(name, entry.ms, agreed ? dueAt : clock.now()))
  }

  function follow(name: string): void {
    const entry = table.get(name)
    if (entry === undefined) return
    const leaving = new AbortController()
    following.set(name, leaving)
    void sweep(entry, {
      clock,
      table,
      queueRuns: () => queue?.downSince() === null,
      onMissed: () => queue?.missed(name),
      signal: AbortSignal.any([closing.signal, leaving.signal]),
    })
  }

  return {
    every(name, ms, run) {
      table.add(name, ms, run)
      queue?.more(name)
      if (started) follow(name)
    },
    never(name) {
      table.remove(name)
      following.get(name)?.abort()
      following.delete(name)
      queue?.fewer()
    },
    async start() {
      if (started) return
      started = true
      for (const { name } of table.all()) follow(name)
      queue?.start()
    },
    health: () => ({
      ready: started && !closing.signal.aborted,
      queue: backend && queue && { name: backend.name, downSince: queue.downSince() },
      entries: table.health(),
    }),
    async close() {
      closing.abort()
      await Promise.all([queue?.close(), atMost(CLOSE_MS, table.idle())])
    },
  }
}

async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  const over = new AbortController()
  await Promise.race([work.finally(() => over.abort()), sleep(ms, over.signal).catch(() => {})])
}
