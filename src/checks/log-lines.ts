import { hash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import type { Line, Place } from '../domain/detect/log-state.ts'

/** What one look takes at most; the rest is for the next. Its lines are matched in one go, and nothing else happens meanwhile. */
const LOOK_BYTES = 256 * 1024
const LOOK_LINES = 10_000

/** Of a longer line only the beginning is taken. */
const LINE_BYTES = 64 * 1024

/** A line without its end is taken as it is after so long: a program that died in the middle of one never ends it. Watch time. */
const WAIT_MS = 5_000

/** Bytes before the place that must be the same. */
export const FINGERPRINT_BYTES = 256

/** What one look may still take, and what it has taken. */
export interface Bag {
  lines: Line[]
  bytes: number
}

export const fingerprint = (bytes: Uint8Array) => hash('sha256', bytes, 'hex')

/** A stamp of a file system in milliseconds; two of them are compared, never one with a clock. */
export const msOf = (ns: bigint) => Number(ns) / 1_000_000

export const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d

export interface Read {
  place: Place
  behind: number
}

export const freshBag = (): Bag => ({ lines: [], bytes: LOOK_BYTES })

/** Takes what was appended since; null when other bytes stand before the place than did. */
export async function readOn(handle: FileHandle, place: Place, at: number, bag: Bag): Promise<Read | null> {
  const stats = await handle.stat({ bigint: true })
  const size = Number(stats.size)
  const known = Math.min(place.offset, FINGERPRINT_BYTES)
  const start = place.offset - known
  if (size < place.offset) return null
  const bytes = await bytesAt(handle, start, Math.min(size - start, known + bag.bytes))
  if (bytes.length < known || fingerprint(bytes.subarray(0, known)) !== place.fingerprint) return null
  const fresh = bytes.subarray(known)
  bag.bytes -= fresh.length
  const isWhole = start + bytes.length >= size
  const { taken, waitsSinceAt, rest } = takeLines(fresh, place, isWhole, at, bag)
  const end = known + taken
  const print = fingerprint(bytes.subarray(Math.max(0, end - FINGERPRINT_BYTES), end))
  const offset = place.offset + taken
  const next = { ...place, offset, fingerprint: print, writtenMs: msOf(stats.mtimeNs), waitsSinceAt, rest }
  const waits = isWhole && waitsSinceAt !== null
  return { place: next, behind: waits ? 0 : Math.max(0, size - offset) }
}

/** So many bytes, or as many as there are: a file may shrink while it is read. */
export async function bytesAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}

interface Taken {
  /** Bytes. */
  taken: number
  waitsSinceAt: number | null
  rest: Place['rest']
}

function takeLines(bytes: Buffer, place: Place, isWhole: boolean, at: number, bag: Bag): Taken {
  let { rest } = place
  let taken = 0
  while (taken < bytes.length && bag.lines.length < LOOK_LINES) {
    const end = bytes.indexOf(NEWLINE, taken)
    if (end < 0) break
    keep(bytes.subarray(taken, end), rest, bag)
    rest = null
    taken = end + 1
  }
  const open = bytes.subarray(taken)
  if (open.length === 0 || open.includes(NEWLINE)) return { taken, waitsSinceAt: null, rest }
  if (open.length > LINE_BYTES || rest === 'drop') {
    keep(open, rest, bag)
    return { taken: bytes.length, waitsSinceAt: null, rest: 'drop' }
  }
  const waitsSinceAt = (taken === 0 ? place.waitsSinceAt : null) ?? at
  if (!isWhole || at - waitsSinceAt < WAIT_MS) return { taken, waitsSinceAt: isWhole ? waitsSinceAt : null, rest }
  keep(open, rest, bag)
  return { taken: bytes.length, waitsSinceAt: null, rest: 'own' }
}

/** Takes all of what is the end of a file that nobody writes any more. */
export function takeWhole(bytes: Buffer, place: Place, at: number, bag: Bag): void {
  const { taken, rest } = takeLines(bytes, place, false, at, bag)
  bag.bytes -= bytes.length
  if (taken < bytes.length) keep(bytes.subarray(taken), rest, bag)
}

/** Whatever the bytes are, they are a line: what is no UTF-8 shows as signs for that. */
function keep(bytes: Buffer, rest: Place['rest'], bag: Bag): void {
  const bare = bytes.at(-1) === CARRIAGE_RETURN ? bytes.subarray(0, -1) : bytes
  if (rest === 'drop' || (rest === 'own' && bare.length === 0)) return
  bag.lines.push({ text: bare.toString('utf8', 0, LINE_BYTES), cut: bare.length > LINE_BYTES, at: null })
}
