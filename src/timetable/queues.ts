import { createPostgresBackend, type Job, type PgPool, Queue, runMigrations, Worker } from 'bullmq'
import pg from 'pg'
import { sleep } from '../clock.ts'

/**
 * Of each connection to BullMQ's tables. A tick is an alarm clock, not a record: what a crash of the server takes back of the last
 * moments costs one tick more or less, so its commits need not wait for the disk, which the desk's do.
 */
const CONNECTION_OPTIONS = '-c search_path=bullmq -c synchronous_commit=off'
/** Two listening workers, the rest for statements. */
const POOL_SIZE = 6
/** Two queues, so that a slow job (a digest, a synchronisation) never holds up the probes' ticks. */
const LANES = ['fast', 'slow'] as const
/** Entries that come round less often than this are slow. */
const SLOW_FROM_MS = 60_001
/** Nobody reads BullMQ's event log; its default is 10,000 rows a queue. */
const KEPT_EVENTS = 100

type Lane = (typeof LANES)[number]

export interface Scheduled {
  name: string
  ms: number
  /** From 1 to ms - 1: BullMQ takes 0 for "from now on". */
  phase: number
}

/** One set of queues, workers and connections. It is never repaired: what is broken is closed and built anew. */
export interface Queues {
  /** Makes sure of an entry's scheduler and its next job. */
  schedule(entry: Scheduled): Promise<void>
  unschedule(entry: Scheduled): Promise<void>
  /** When an entry's scheduler falls due next by the machine's clock; null when it has none. */
  nextDue(entry: Scheduled): Promise<number | null>
  /** Begins to take jobs of so many entries at once that none waits for another, and a tick during a long run can be skipped. */
  begin(entries: Scheduled[]): void
  /** Waits for runs up to `patienceMs`, then cuts the connections. Never rejects. */
  close(patienceMs: number): Promise<void>
}

interface QueuesOptions {
  poolConfig: pg.PoolConfig
  processName: string
  /** A job was taken: of which entry, and for when it had been due by the machine's clock. Resolves when the run has ended. */
  onTick(name: string, dueAt: number): Promise<void>
  onError(error: Error): void
}

/**
 * Builds the queues once Postgres answers (a backend built earlier keeps its failure for ever), migrated, with the schedulers of
 * exactly these entries.
 */
export async function buildQueues(options: QueuesOptions, entries: Scheduled[]): Promise<Queues> {
  const { poolConfig, processName, onTick, onError } = options
  const pool = new pg.Pool({
    ...poolConfig,
    max: POOL_SIZE,
    options: CONNECTION_OPTIONS,
    keepAlive: true,
    connectionTimeoutMillis: 5_000,
    // A server that hangs must show as an error, or nothing would ever be built anew.
    query_timeout: 5_000,
    application_name: 'watchbill timetable',
  })
  pool.on('error', onError)
  // The pool hears only idle connections; a lent one that is cut between two statements must not end the process.
  pool.on('connect', (client) => client.on('error', () => {}))
  try {
    const client = await pool.connect()
    try {
      await runMigrations(client)
    } finally {
      client.release()
    }
  } catch (error) {
    await pool.end()
    throw error
  }

  // The types of `pg` and BullMQ's own sketch of them overload `on` differently, and only that.
  const connection = pool as unknown as PgPool
  const makeLane = (lane: Lane) => {
    const name = `watchbill-${lane}`
    const queue = new Queue(name, { connection, streams: { events: { maxLen: KEPT_EVENTS } } }, createPostgresBackend)
    const worker = new Worker(
      name,
      (job: Job) => onTick(job.repeatJobKey ?? '', Number(job.id?.slice(job.id.lastIndexOf(':') + 1))),
      {
        connection,
        name: processName,
        autorun: false,
        runRetryDelay: 500,
        // With nothing scheduled a worker asks this often; otherwise it sleeps until the next job.
        drainDelay: 60,
        stalledInterval: 10_000,
        removeOnComplete: { count: 0 },
        removeOnFail: { count: 0 },
      },
      createPostgresBackend,
    )
    queue.on('error', onError)
    worker.on('error', onError)
    return { lane, queue, worker }
  }
  const lanes = { fast: makeLane('fast'), slow: makeLane('slow') }
  const all = Object.values(lanes)
  const queueOf = (entry: Scheduled) => lanes[laneOf(entry)].queue

  const queues: Queues = {
    async schedule(entry) {
      await queueOf(entry).upsertJobScheduler(
        entry.name,
        { every: entry.ms, offset: entry.phase },
        { name: entry.name, data: {}, opts: { attempts: 1, removeOnComplete: true, removeOnFail: true } },
      )
    },
    async unschedule(entry) {
      await queueOf(entry).removeJobScheduler(entry.name)
    },
    async nextDue(entry) {
      return (await queueOf(entry).getJobScheduler(entry.name))?.next ?? null
    },
    begin(now) {
      for (const { lane, worker } of all) {
        worker.concurrency = now.filter((entry) => laneOf(entry) === lane).length + 1
        if (!worker.isRunning()) void worker.run().catch(onError)
      }
    },
    async close(patienceMs) {
      if (patienceMs > 0) await within(patienceMs, Promise.all(all.map(({ worker }) => worker.close())))
      // A forced close alone would leave the worker asleep until its next job: BullMQ wakes it only in the patient one.
      await within(1_000, Promise.all(all.map(({ worker }) => worker.getBackend().disconnectBlocking())))
      await within(
        1_000,
        Promise.all(all.flatMap(({ queue, worker }) => [worker.close(true), worker.disconnect(), queue.close()])),
      )
      await within(1_000, pool.end())
    },
  }

  try {
    await Promise.all(all.flatMap(({ queue, worker }) => [queue.waitUntilReady(), worker.waitUntilReady()]))
    for (const { lane, queue } of all) {
      const wanted = new Set(entries.filter((entry) => laneOf(entry) === lane).map(({ name }) => name))
      for (const { key } of await queue.getJobSchedulers()) if (!wanted.has(key)) await queue.removeJobScheduler(key)
    }
    for (const entry of entries) await queues.schedule(entry)
    queues.begin(entries)
    return queues
  } catch (error) {
    await queues.close(0)
    throw error
  }
}

function laneOf(entry: Scheduled): Lane {
  return entry.ms < SLOW_FROM_MS ? 'fast' : 'slow'
}

/** Waits for it, but not longer, and not for its success: what is being closed may be broken. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const over = new AbortController()
  await Promise.race([work.catch(() => {}).finally(() => over.abort()), sleep(ms, over.signal).catch(() => {})])
}
