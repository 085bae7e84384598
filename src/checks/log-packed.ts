import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { createGunzip } from 'node:zlib'
import type { Place } from '../domain/detect/log-state.ts'
import { filesBeside } from './log-copy.ts'
import { type Bag, FINGERPRINT_BYTES, fingerprint, msOf, takeWhole } from './log-lines.ts'

/** Logs that were packed before they were read to their end: small ones are, by the time of the next look. */

const { O_NOCTTY, O_NONBLOCK, O_RDONLY } = constants

/** A larger one takes seconds to be packed, in which it is read, and seconds to be unpacked. */
const PACKED_BYTES = 16 * 1024 * 1024
const MOST_LOOKED_INTO = 4

/**
 * Takes what stands behind a place in the packed copy of its file.
 *
 * @returns whether all of that could be taken: such a copy is there, and its rest is not too large for one look
 */
export async function takePacked(place: Place, at: number, bag: Bag): Promise<boolean> {
  // Nothing else says whose copy it is.
  if (place.offset === 0) return false
  const isNamed = (name: string) => name.startsWith(basename(place.path)) && name.endsWith('.gz')
  const packed = (await filesBeside(place, isNamed))
    .filter(({ stats }) => stats.size <= PACKED_BYTES && msOf(stats.birthtimeNs) >= (place.writtenMs ?? 0))
    .toSorted((a, b) => Number(b.stats.birthtimeNs - a.stats.birthtimeNs))
  for (const { path } of packed.slice(0, MOST_LOOKED_INTO)) {
    const rest = await restOf(path, place, bag.bytes).catch(() => null)
    if (rest === null) continue
    takeWhole(rest.bytes, place, at, bag)
    return !rest.cut
  }
  return false
}

/** What stands behind the place, as far as there is room; null when other bytes stand before it. */
async function restOf(path: string, place: Place, room: number): Promise<{ bytes: Buffer; cut: boolean } | null> {
  await using handle = await open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
  const known = Math.min(place.offset, FINGERPRINT_BYTES)
  const start = place.offset - known
  const kept: Buffer[] = []
  let position = 0
  let length = 0
  const unpacked = handle.createReadStream({ autoClose: false }).pipe(createGunzip())
  for await (const chunk of unpacked as AsyncIterable<Buffer>) {
    const wanted = chunk.subarray(Math.max(0, start - position))
    position += chunk.length
    kept.push(wanted)
    length += wanted.length
    if (length > known + room) break
  }
  const bytes = Buffer.concat(kept)
  if (bytes.length < known || fingerprint(bytes.subarray(0, known)) !== place.fingerprint) return null
  return { bytes: bytes.subarray(known, known + room), cut: length > known + room }
}
