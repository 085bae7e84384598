import { type BackendFactory, type IQueueBackend, type Job, Queue, Worker } from 'bullmq'
import { sleep } from '../clock.ts'

/** Two queues, so that a slow job (a digest, a synchronisation) never holds up the probes' ticks. */
const LANES = ['fast', 'slow'] as const
/** Entries that come round less often than this are slow. */
const SLOW_FROM_MS = 60_001
/** Nobody reads BullMQ's event log; its default is 10,000 a queue. */
const KEPT_EVENTS = 100
/** A server that hangs must show as an error, or nothing would ever be built anew. */
const ANSWER_MS = 5_000
const CLOSE_MS = 1_000

type Lane = (typeof LANES)[number]

/** Where the queues are: a store that BullMQ can use. */
export interface Backend {
  name: 'Redis' | 'Postgres'
  /** Connects, and rejects unless the server answers: what BullMQ builds before that may stay broken for ever. */
  connect(onError: (error: Error) => void): Promise<Connection>
}

interface Connection {
  /** What BullMQ makes of it, for every queue and worker: each backend has a type of its own for it. */
  connection: unknown
  factory: BackendFactory<IQueueBackend, unknown>
  /** With nothing scheduled a worker asks this often, in seconds; otherwise it sleeps until the next job. */
  drainDelay: number
  /** Never rejects, never waits for an answer. */
  close(): Promise<void>
}

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
  backend: Backend
  processName: string
  /** A job was taken: of which entry, and for when it had been due by the machine's clock. Resolves when the run has ended. */
  onTick(name: string, dueAt: number): Promise<void>
  onError(error: Error): void
}

/** Builds the queues once their server answers, with the schedulers of exactly these entries. */
export async function buildQueues(options: QueuesOptions, entries: Scheduled[]): Promise<Queues> {
  let closed = false
  // What is being thrown away complains to the end, and nobody needs to hear it.
  const onError = (error: Error) => {
    if (!closed) options.onError(error)
  }
  const server = await options.backend.connect(onError)
  const lanes = { fast: makeLane('fast', server, options, onError), slow: makeLane('slow', server, options, onError) }
  const all = Object.values(lanes)
  const queueOf = (entry: Scheduled) => lanes[laneOf(entry)].queue

  const queues: Queues = {
    async schedule(entry) {
      await answered(
        queueOf(entry).upsertJobScheduler(
          entry.name,
          { every: entry.ms, offset: entry.phase },
          { name: entry.name, data: {}, opts: { attempts: 1, removeOnComplete: true, removeOnFail: true } },
        ),
      )
    },
    async unschedule(entry) {
      await answered(queueOf(entry).removeJobScheduler(entry.name))
    },
    async nextDue(entry) {
      return (await answered(queueOf(entry).getJobScheduler(entry.name)))?.next ?? null
    },
    begin(now) {
      for (const { lane, worker } of all) {
        worker.concurrency = now.filter((entry) => laneOf(entry) === lane).length + 1
        if (!worker.isRunning()) void worker.run().catch(onError)
      }
    },
    async close(patienceMs) {
      closed = true
      // First the worker is told that it is over, or it would go on trying, ten thousand times a second. Without patience it still sleeps
      // until its next job then: BullMQ wakes it only in the patient close.
      const ended = Promise.all(all.map(({ worker }) => worker.close(patienceMs === 0)))
      await within(patienceMs, ended)
      await within(CLOSE_MS, Promise.all(all.map(({ worker }) => worker.getBackend().disconnectBlocking())))
      await within(CLOSE_MS, Promise.all(all.map(({ queue }) => queue.close())))
      if (patienceMs === 0) await within(CLOSE_MS, ended)
      await within(CLOSE_MS, server.close())
    },
  }

  try {
    await answered(Promise.all(all.flatMap(({ queue, worker }) => [queue.waitUntilReady(), worker.waitUntilReady()])))
    for (const { lane, queue } of all) {
      const wanted = new Set(entries.filter((entry) => laneOf(entry) === lane).map(({ name }) => name))
      for (const { key } of await answered(queue.getJobSchedulers()))
        if (!wanted.has(key)) await answered(queue.removeJobScheduler(key))
    }
    for (const entry of entries) await queues.schedule(entry)
    queues.begin(entries)
    return queues
  } catch (error) {
    await queues.close(0)
    throw error
  }
}

function makeLane(
  lane: Lane,
  { connection, factory, drainDelay }: Connection,
  { processName, onTick }: QueuesOptions,
  onError: (error: Error) => void,
) {
  const name = `watchbill-${lane}`
  const queue = new Queue(name, { connection, streams: { events: { maxLen: KEPT_EVENTS } } }, factory)
  const worker = new Worker(
    name,
    (job: Job) => onTick(job.repeatJobKey ?? '', Number(job.id?.slice(job.id.lastIndexOf(':') + 1))),
    {
      connection,
      name: processName,
      autorun: false,
      runRetryDelay: 500,
      drainDelay,
      stalledInterval: 10_000,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    },
    factory,
  )
  queue.on('error', onError)
  worker.on('error', onError)
  return { lane, queue, worker }
}

function laneOf(entry: Scheduled): Lane {
  return entry.ms < SLOW_FROM_MS ? 'fast' : 'slow'
}

/** Waits for an answer of the server, but not for ever. */
export async function answered<T>(asked: Promise<T>): Promise<T> {
  const over = new AbortController()
  try {
    return await Promise.race([
      asked,
      sleep(ANSWER_MS, over.signal).then(() => {
        throw new Error(`the queue gave no answer within ${ANSWER_MS / 1_000} s`)
      }),
    ])
  } finally {
    over.abort()
  }
}

/** Waits for it, but not longer, and not for its success: what is being closed may be broken. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const over = new AbortController()
  await Promise.race([work.catch(() => {}).finally(() => over.abort()), sleep(ms, over.signal).catch(() => {})])
}
