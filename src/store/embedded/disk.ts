import { randomBytes } from 'node:crypto'
import { open, stat, statfs, truncate } from 'node:fs/promises'
import { setInterval } from 'node:timers'
import type { Logger } from 'pino'
import { machine } from '../../clock.ts'
import { messageOf } from '../../errors.ts'

const MB = 1_000_000

/** A file that only takes up room. On a full disk PostgreSQL panics and cannot start again; this much is enough for it to, and for thousands of alerts. */
export const BALLAST_BYTES = 32 * MB

/** Samples are by far the most of what is written. Below this they are no longer kept: the rest is for what somebody must be told of. */
const LOW_BYTES = 64 * MB

/** The server writes its log in segments of 4 MB and needs the next before this one is full. Below this the ballast is given up. */
const VERY_LOW_BYTES = 16 * MB

/** At a few hundred rows a second, a second takes well below a megabyte. */
const LOOK_MS = 1_000

/** A start has better things to do with the disk, and who is here for a moment only leaves the ballast to the bot. */
const TAKE_AFTER_MS = 3_000

/** A server that was refused room (by a quota, perhaps, that no figure shows) is left alone for so long. */
const REFUSED_MS = 5_000
const REFUSED = /No space left on device|Disk quota exceeded/

export interface DiskGuard {
  /** Room is short: what can be done without is not written. */
  low(): boolean
  /** What is the matter, and what to do; null when nothing is. */
  trouble(): string | null
  close(): Promise<void>
}

interface Guarded {
  folder: string
  ballast: string
  /** The server's log: it says when it is refused room. */
  logFile: string
  log: Logger
}

/** Watches the room that the store has left. The first look is over when this resolves. */
export async function guardDisk({ folder, ballast, logFile, log }: Guarded): Promise<DiskGuard> {
  const startedAt = machine.elapsed()
  const refusals = refusalsIn(logFile)
  await refusals()
  let free = Number.POSITIVE_INFINITY
  let refusedAt = Number.NEGATIVE_INFINITY
  let isLow = false
  let looking: Promise<void> | undefined

  async function look(): Promise<void> {
    const { bavail, bsize } = await statfs(folder)
    free = bavail * bsize
    const now = machine.elapsed()
    if (await refusals()) refusedAt = now
    const refused = now - refusedAt < REFUSED_MS
    // Asked of the disk each time: another process may have given it up, or been ended while it took it.
    const held = await allocated(ballast)
    if (held > 0 && (free < VERY_LOW_BYTES || refusedAt === now)) await giveUp()
    const was = isLow
    isLow = free < LOW_BYTES || refused
    if (isLow && !was)
      log.error(
        { folder, freeMb: Math.floor(free / MB) },
        'the disk of the store is almost full: what checks saw is kept no more unless it changes something, pages go on; make room',
      )
    if (was && !isLow) log.info({ folder, freeMb: Math.floor(free / MB) }, 'the disk of the store has room again')
    const settled = !refused && now - startedAt > TAKE_AFTER_MS
    if (held < BALLAST_BYTES && settled && free > LOW_BYTES + BALLAST_BYTES) await take()
  }

  async function giveUp(): Promise<void> {
    await truncate(ballast)
    log.error(
      { ballast, freedMb: BALLAST_BYTES / MB },
      'the disk of the store is full: the ballast was given up, so that pages go on for a while; make room now',
    )
  }

  async function take(): Promise<void> {
    try {
      await fill(ballast)
    } catch (error) {
      await truncate(ballast).catch(() => {})
      refusedAt = machine.elapsed()
      log.warn({ ballast, reason: messageOf(error) }, 'the ballast could not be taken; it is tried again')
    }
  }

  const lookOnce = () => {
    looking ??= look()
      .catch((error: unknown) => log.debug({ folder, reason: messageOf(error) }, 'the disk could not be looked at'))
      .finally(() => {
        looking = undefined
      })
    return looking
  }
  await lookOnce()
  const timer = setInterval(() => void lookOnce(), LOOK_MS).unref()
  return {
    low: () => isLow,
    trouble: () =>
      isLow ? `the disk of ${folder} is almost full (${Math.floor(free / MB)} MB left): make room there` : null,
    async close() {
      clearInterval(timer)
      await looking
    },
  }
}

/** What it really takes up: a sparse file would hold no room. */
export async function allocated(path: string): Promise<number> {
  return ((await stat(path).catch(() => null))?.blocks ?? 0) * 512
}

async function fill(path: string): Promise<void> {
  const file = await open(path, 'w', 0o600)
  try {
    // Noise, since a file system that compresses would make nothing of zeros.
    const noise = randomBytes(MB)
    for (let written = 0; written < BALLAST_BYTES; written += MB) await file.write(noise)
    await file.datasync()
  } finally {
    await file.close()
  }
}

/** Whether the server wrote, since it was asked last, that it was refused room. */
function refusalsIn(logFile: string): () => Promise<boolean> {
  let read = Number.NaN
  return async () => {
    const size = (await stat(logFile).catch(() => null))?.size ?? 0
    // What was there before we came is past. A log that is shorter than it was has been begun anew.
    const from = Number.isNaN(read) ? size : Math.min(read, size)
    read = size
    return size > from && REFUSED.test(await textOf(logFile, from, size))
  }
}

async function textOf(path: string, from: number, to: number): Promise<string> {
  const file = await open(path, 'r')
  try {
    // A server that is refused everything says so many times a second: the last of it will do.
    const length = Math.min(to - from, 64 * 1024)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, to - length)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}
