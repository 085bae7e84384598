import { X509Certificate } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Check } from '../deps.ts'
import type { Sample } from '../domain/detect/probe.ts'
import type { Probe, Rules } from '../domain/rules.ts'
import { messageOf } from '../errors.ts'
import type { Meet } from './look.ts'

/** More of them than the machine has cores for would only be in each other's way; each is some 20 MB. */
const MOST_THREADS = 8
const THREADS = Math.min(MOST_THREADS, availableParallelism())

/** What a thread may need; one that needs more ends alone, and not with everything else. MB. */
const LIMITS = { maxYoungGenerationSizeMb: 16, maxOldGenerationSizeMb: 256 }

/** A handshake takes milliseconds of a core: so many a second, and so many at once beyond that, are in nobody's way. */
const BEARABLE = { perS: 10, atOnce: 50 }

/** After one has failed everything is looked at without threads for so long. */
const REST_MS = 60_000

/** A thread that owes looks and has answered none for so long beyond the time limit of the first of them has stopped for good. */
const HUNG_MS = 30_000

/** What a thread is told: from whom it may look at what, or what to look at. */
export type Asked = Pick<Rules, 'allowPrivate'> | { id: number; probe: Probe; at: number }
/** What a thread tells: what came of a look, or what was met by the way; a certificate as DER. */
export type Told = { id: number; sample: Sample } | { certificate: Uint8Array } | { redirect: string }

interface Options {
  /** By whom everything is looked at that needs no thread. */
  here: Check
  elapsed: () => number
  met?: Meet
  threads?: number
  bearable?: typeof BEARABLE
}

export interface Threaded {
  check: Check
  close(): Promise<void>
}

/**
 * Looks that need a handshake are made in threads as soon as there are more of them than one event loop bears beside the pages: verifying a chain
 * is milliseconds in which nothing else is done. Everything else, and few of those, is looked at here. A look that a failing thread takes along
 * rejects, and is made again by whoever wanted it.
 */
export function inThreads({ here, elapsed, met, threads = THREADS, bearable = BEARABLE }: Options): Threaded {
  const all: Thread[] = []
  let closed = false
  let restsUntil = Number.NEGATIVE_INFINITY
  /** A leaky bucket: how many of them there are beyond what is bearable each second. */
  let level = 0
  let filledAt = elapsed()

  function areTooMany(): boolean {
    const now = elapsed()
    level = Math.max(0, level - ((now - filledAt) / 1_000) * bearable.perS) + 1
    filledAt = now
    return level > bearable.atOnce
  }

  function leastBusy(): Thread {
    while (all.length < threads) all.push(startThread({ elapsed, failed, ...(met && { met }) }))
    return all.reduce((least, each) => (each.owes() < least.owes() ? each : least))
  }

  function failed(thread: Thread): void {
    const index = all.indexOf(thread)
    if (index !== -1) all.splice(index, 1)
    if (!closed) restsUntil = elapsed() + REST_MS
  }

  return {
    check(probe, rules, at) {
      // Once there are threads, they are used: what they cost is spent.
      const elsewhere = needsHandshake(probe) && !closed && elapsed() >= restsUntil && (areTooMany() || all.length > 0)
      return elsewhere ? leastBusy().look(probe, rules, at) : here(probe, rules, at)
    },
    async close() {
      closed = true
      await Promise.all(all.map((each) => each.stop()))
    },
  }
}

const needsHandshake = (probe: Probe): boolean =>
  probe.kind === 'tls' ||
  (probe.kind === 'http' && probe.url.startsWith('https:')) ||
  (probe.kind === 'tcp' && probe.starttls !== null)

interface Thread {
  look(probe: Probe, rules: Pick<Rules, 'allowPrivate'>, at: number): Promise<Sample>
  /** Looks that it has not answered yet. */
  owes(): number
  stop(): Promise<unknown>
}

interface Waiting {
  askedAt: number
  timeoutMs: number
  done(sample: Sample): void
  failed(error: Error): void
}

interface ThreadOptions extends Pick<Options, 'elapsed' | 'met'> {
  failed(thread: Thread): void
}

function startThread({ elapsed, met, failed }: ThreadOptions): Thread {
  const worker = new Worker(new URL('./thread.ts', import.meta.url), { resourceLimits: LIMITS })
  // It keeps no process alive.
  worker.unref()
  const waiting = new Map<number, Waiting>()
  let ids = 0
  let answeredAt = elapsed()
  let allowed: readonly string[] | null = null

  const tell = (asked: Asked) => worker.postMessage(asked)

  function end(error: Error): void {
    failed(thread)
    for (const each of waiting.values()) each.failed(error)
    waiting.clear()
  }

  worker.on('message', (told: Told) => {
    if ('certificate' in told) met?.({ kind: 'certificate', certificate: new X509Certificate(told.certificate) })
    else if ('redirect' in told) met?.({ kind: 'redirect', host: told.redirect })
    else {
      answeredAt = elapsed()
      waiting.get(told.id)?.done(told.sample)
      waiting.delete(told.id)
    }
  })
  worker.on('error', (error) => end(new Error(messageOf(error), { cause: error })))
  worker.on('exit', () => end(new Error('the thread that looked has ended')))

  const thread: Thread = {
    look(probe, { allowPrivate }, at) {
      const [oldest] = waiting.values()
      // Thousands may wait there for their turns: as long as others are answered, theirs come.
      if (oldest && elapsed() - Math.max(answeredAt, oldest.askedAt) > oldest.timeoutMs + HUNG_MS) {
        end(new Error('the thread that looked does not answer'))
        void worker.terminate()
        return Promise.reject(new Error('the thread that was to look does not answer'))
      }
      // The same list as long as it is the same: what was found of an address by it is remembered there.
      if (allowPrivate !== allowed) tell({ allowPrivate: [...allowPrivate] })
      allowed = allowPrivate
      const id = ++ids
      return new Promise((done, failed) => {
        waiting.set(id, { askedAt: elapsed(), timeoutMs: probe.timeoutMs, done, failed })
        tell({ id, probe, at })
      })
    },
    owes: () => waiting.size,
    stop: () => worker.terminate(),
  }
  return thread
}
